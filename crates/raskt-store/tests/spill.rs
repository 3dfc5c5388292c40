//! What spilling and reading back promise, one claim a test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

mod support;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use raskt_core::opaque::NoForeign;
use raskt_core::{Buffer, DType, ErrorKind, NdArray, Value};
use raskt_store::{Fetch, IN_USE, Limits, Readable, SpillFolder, Spilled, Store};
use support::MemoryDevice;

const KIB: u64 = 1024;

fn store(budget_bytes: u64, device: &MemoryDevice) -> Store {
    let folder = SpillFolder::with_device(Path::new("/memory"), device.clone());
    Store::new(8, Limits { budget_bytes, spill_min_bytes: 64 }, Some(folder))
}

fn kib(fill: u8) -> Value {
    Buffer::from(vec![fill; 1024]).into()
}

/// A device that is full while the flag is set, and counts writes.
fn fillable() -> (MemoryDevice, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (full, n_writes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (flag, count) = (Arc::clone(&full), Arc::clone(&n_writes));
    let mut device = MemoryDevice::new();
    device.fault = Arc::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        flag.load(Ordering::Relaxed).then_some(io::ErrorKind::StorageFull)
    });
    (device, full, n_writes)
}

fn spill(store: &mut Store, slot: u32) -> Spilled {
    let job = store.next_spill(&mut |other| if other == slot { 9 } else { IN_USE }).unwrap();
    assert_eq!(job.slot(), slot);
    let outcome = job.run();
    store.spilled(slot, outcome)
}

fn load(store: &mut Store, slot: u32) -> raskt_core::Result<Value> {
    let Fetch::Load(job) = store.fetch(slot) else { panic!("slot {slot} should be on disk") };
    let outcome = job.run(&NoForeign);
    store.loaded(slot, outcome)
}

#[test]
fn values_of_every_kind_come_back_equal() {
    let base = NdArray::from_f64(&[8, 16], &(0..128).map(f64::from).collect::<Vec<_>>()).unwrap();
    let transposed = NdArray::strided(DType::Float64, &[16, 8], &[8, 128], 0, base.buffer().clone()).unwrap();
    let text = Value::from("æøå".repeat(100).as_str());
    let list = Value::from(vec![Value::Int(1), text.clone(), kib(3), Value::Unit]);
    let device = MemoryDevice::new();
    for value in [base.into(), transposed.into(), text, list, kib(1)] {
        let mut store = store(0, &device);
        store.put(0, value.clone());
        let before = store.memory_bytes();
        assert!(matches!(spill(&mut store, 0), Spilled::Freed(freed) if freed == value));
        assert_eq!(store.memory_bytes(), 0);
        assert_eq!(load(&mut store, 0).unwrap(), value);
        assert!(store.memory_bytes() > before / 2, "it is accounted again");
        store.sanity_check();
    }
}

#[test]
fn a_value_fetched_while_it_is_written_stays_and_spills_free_of_charge_later() {
    let (device, full, n_writes) = fillable();
    let mut store = store(KIB, &device);
    store.put(0, kib(1));
    store.reserve(KIB);
    let job = store.next_spill(&mut |_| 1).unwrap();
    assert_eq!(store.excess_bytes(), 0, "what is being written is as good as gone");
    assert!(matches!(store.fetch(0), Fetch::Ready(_)));
    assert_eq!(store.excess_bytes(), KIB, "now it is known to stay");
    assert!(matches!(store.spilled(0, job.run()), Spilled::Kept));
    assert_eq!(store.memory_bytes(), KIB);
    assert!(store.spilled_bytes() > KIB);
    full.store(true, Ordering::Relaxed);
    let before = n_writes.load(Ordering::Relaxed);
    assert!(matches!(spill(&mut store, 0), Spilled::Freed(_)));
    assert_eq!(n_writes.load(Ordering::Relaxed), before, "the file is there already");
    assert_eq!(store.memory_bytes(), 0);
    assert_eq!(load(&mut store, 0).unwrap(), kib(1));
    store.sanity_check();
}

#[test]
fn views_of_one_buffer_are_spilled_in_a_row_and_the_last_frees_it() {
    let mut store = store(KIB, &MemoryDevice::new());
    let shared = Buffer::from(vec![5; 4096]);
    store.put(0, shared.slice(0, 100).into());
    store.put(1, kib(1));
    store.put(2, shared.slice(100, 100).into());
    drop(shared);
    assert_eq!(store.memory_bytes(), 5 * KIB);
    let mut next_need = |slot: u32| u64::from(10 - slot);
    let first = store.next_spill(&mut next_need).unwrap();
    assert_eq!(first.slot(), 1, "the buffer is needed for slot 2 already, before slot 1");
    let jobs = [store.next_spill(&mut next_need).unwrap(), store.next_spill(&mut next_need).unwrap()];
    assert_eq!(store.excess_bytes(), 0, "all is under way");
    assert!(store.next_spill(&mut next_need).is_none());
    let slots = jobs.each_ref().map(raskt_store::SpillJob::slot);
    let mut memory = Vec::new();
    for job in jobs {
        let slot = job.slot();
        assert!(matches!(store.spilled(slot, job.run()), Spilled::Freed(_)));
        memory.push(store.memory_bytes());
        store.sanity_check();
    }
    assert_eq!(slots.iter().sum::<u32>(), 2);
    assert_eq!(memory, [5 * KIB, KIB]);
}

#[test]
fn a_group_once_begun_is_finished_before_a_value_of_equal_rank() {
    let mut store = store(0, &MemoryDevice::new());
    let shared = Buffer::from(vec![5; 4096]);
    store.put(0, shared.slice(0, 100).into());
    store.put(1, kib(1));
    store.put(2, shared.slice(100, 100).into());
    let order: Vec<u32> =
        (0..3).map(|_| store.next_spill(&mut |_| u64::MAX).unwrap()).map(|job| job.slot()).collect();
    assert_eq!(order, [0, 2, 1]);
}

#[test]
fn a_view_that_cannot_be_written_keeps_its_sharers_in_memory() {
    let (mut device, broken) = (MemoryDevice::new(), Arc::new(AtomicBool::new(true)));
    let flag = Arc::clone(&broken);
    device.fault = Arc::new(move || flag.load(Ordering::Relaxed).then_some(io::ErrorKind::PermissionDenied));
    let mut store = store(0, &device);
    let shared = Buffer::from(vec![5; 4096]);
    store.put(0, shared.slice(0, 100).into());
    assert!(matches!(spill(&mut store, 0), Spilled::Failed(_)));
    broken.store(false, Ordering::Relaxed);
    store.put(1, shared.slice(100, 100).into());
    store.put(2, kib(1));
    assert_eq!(store.next_spill(&mut |slot| u64::from(3 - slot)).unwrap().slot(), 2);
    assert!(store.next_spill(&mut |slot| u64::from(3 - slot)).is_none());
    drop(store.release(0));
    assert!(matches!(store.fetch(1), Fetch::Ready(_)));
    assert_eq!(store.next_spill(&mut |_| 1).unwrap().slot(), 1, "alone, it is worth while again");
}

#[test]
fn a_view_in_use_keeps_its_sharers_in_memory_and_another_value_goes() {
    let mut store = store(KIB, &MemoryDevice::new());
    let shared = Buffer::from(vec![5; 4096]);
    store.put(0, shared.slice(0, 100).into());
    store.put(1, shared.slice(100, 100).into());
    store.put(2, kib(1));
    let mut next_need = |slot: u32| [IN_USE, 9, 3][slot as usize];
    assert_eq!(store.next_spill(&mut next_need).unwrap().slot(), 2);
    assert!(store.next_spill(&mut next_need).is_none());
    assert!(store.next_spill(&mut |slot| [4, 9, 3][slot as usize]).is_some(), "until it is used no more");
}

#[test]
fn a_file_written_for_a_released_value_is_handed_out_for_removal() {
    let device = MemoryDevice::new();
    let mut store = store(0, &device);
    store.put(0, kib(1));
    let job = store.next_spill(&mut |_| 1).unwrap();
    assert_eq!(store.release(0), Some(kib(1)));
    store.put(0, kib(2));
    assert!(store.next_spill(&mut |_| 1).is_none(), "one job at a time on a slot");
    let report = store.spilled(0, job.run());
    assert!(matches!(report, Spilled::Obsolete(Some(_))));
    drop(report);
    assert_eq!(device.n_files(), 0);
    assert!(matches!(store.fetch(0), Fetch::Ready(value) if value == kib(2)));
    assert!(matches!(spill(&mut store, 0), Spilled::Freed(_)), "afterwards the slot is like any other");
}

#[test]
fn a_released_file_goes_with_the_next_job() {
    let device = MemoryDevice::new();
    let mut store = store(0, &device);
    store.put(0, kib(1));
    store.put(1, kib(2));
    assert!(matches!(spill(&mut store, 0), Spilled::Freed(_)));
    assert_eq!(store.release(0), None);
    assert_eq!((store.spilled_bytes(), device.n_files()), (0, 1));
    assert!(matches!(spill(&mut store, 1), Spilled::Freed(_)));
    assert_eq!(device.n_files(), 1, "that of slot 1");
}

#[test]
fn a_full_disk_is_said_once_and_spilling_resumes_when_a_file_has_gone() {
    let (device, full, _) = fillable();
    let mut store = store(0, &device);
    (0..3).for_each(|slot| drop(store.put(slot, kib(slot as u8))));
    assert!(matches!(spill(&mut store, 0), Spilled::Freed(_)));
    full.store(true, Ordering::Relaxed);
    let jobs = [store.next_spill(&mut |_| 1).unwrap(), store.next_spill(&mut |_| 1).unwrap()];
    let [first, second] = jobs.map(|job| (job.slot(), job.run()));
    let Spilled::Failed(error) = store.spilled(first.0, first.1) else { panic!("it is full") };
    let ErrorKind::DiskFull { path, needed_bytes } = error.kind() else { panic!("{error}") };
    assert!(path.starts_with("/memory") && *needed_bytes > KIB);
    assert!(matches!(store.spilled(second.0, second.1), Spilled::FailedAgain));
    assert_eq!((store.memory_bytes(), device.n_files()), (2 * KIB, 1), "half a file is no file");
    assert!(store.next_spill(&mut |_| 1).is_none());
    full.store(false, Ordering::Relaxed);
    assert_eq!(load(&mut store, 0).unwrap(), kib(0));
    drop(store.release(0));
    assert!(matches!(spill(&mut store, 2), Spilled::Freed(_)));
    store.sanity_check();
}

/// The kernel's own word for a full disk.
#[test]
#[cfg(target_os = "linux")]
fn no_space_left_on_device_is_disk_full() {
    struct Full;
    impl raskt_store::SpillDevice for Full {
        fn create(&self, _: &Path) -> io::Result<Box<dyn io::Write>> {
            Ok(Box::new(fs::OpenOptions::new().write(true).open("/dev/full")?))
        }
        fn open(&self, _: &Path) -> io::Result<(Box<dyn Readable>, u64)> {
            Err(io::ErrorKind::NotFound.into())
        }
        fn remove(&self, _: &Path) -> io::Result<()> {
            Ok(())
        }
    }
    let parent = tempfile::tempdir().unwrap();
    let limits = Limits { budget_bytes: 0, spill_min_bytes: 64 };
    let mut store = Store::new(1, limits, Some(SpillFolder::with_device(parent.path(), Full)));
    store.put(0, Buffer::zeroed(1 << 20).unwrap().into());
    let Spilled::Failed(error) = spill(&mut store, 0) else { panic!("/dev/full takes nothing") };
    assert!(matches!(error.kind(), ErrorKind::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains(parent.path().to_str().unwrap()));
}

#[test]
fn a_value_whose_write_failed_otherwise_is_not_tried_again() {
    let mut device = MemoryDevice::new();
    device.fault = Arc::new(|| Some(io::ErrorKind::PermissionDenied));
    let mut store = store(0, &device);
    store.put(0, kib(1));
    assert!(matches!(spill(&mut store, 0), Spilled::Failed(error)
        if matches!(error.kind(), ErrorKind::Io { path, .. } if path.starts_with("/memory"))));
    assert!(store.next_spill(&mut |_| 1).is_none());
    assert!(matches!(store.fetch(0), Fetch::Ready(value) if value == kib(1)));
    assert!(store.next_spill(&mut |_| 1).is_none(), "a fetch changes nothing about that");
    drop(store.release(0));
    store.put(0, kib(2));
    assert!(store.next_spill(&mut |_| 1).is_some(), "another value may have more luck");
}

#[test]
fn a_damaged_file_is_an_error_that_names_it_and_is_tried_again() {
    let device = MemoryDevice::new();
    let mut store = store(0, &device);
    store.put(0, kib(1));
    assert!(matches!(spill(&mut store, 0), Spilled::Freed(_)));
    let path = device.files.lock().unwrap().keys().next().unwrap().clone();
    let whole = device.files.lock().unwrap()[&path].clone();
    device.files.lock().unwrap().get_mut(&path).unwrap()[500] ^= 1;
    let error = load(&mut store, 0).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Corrupt(what) if what.contains(path.to_str().unwrap())));
    store.sanity_check();
    device.files.lock().unwrap().insert(path, whole);
    assert_eq!(load(&mut store, 0).unwrap(), kib(1));
}

#[test]
fn one_thread_reads_and_the_others_wait() {
    let mut store = store(0, &MemoryDevice::new());
    store.put(0, kib(1));
    assert!(matches!(spill(&mut store, 0), Spilled::Freed(_)));
    let Fetch::Load(job) = store.fetch(0) else { panic!("it is on disk") };
    assert!(store.memory_bytes() > KIB, "what is being read takes memory");
    assert!(matches!(store.fetch(0), Fetch::Busy));
    assert_eq!(store.loaded(0, job.run(&NoForeign)).unwrap(), kib(1));
    assert!(matches!(store.fetch(0), Fetch::Ready(_)));
    assert_eq!(store.memory_bytes(), KIB);
    assert!(store.peak_bytes() > KIB);
}

#[test]
fn what_is_handed_over_is_on_the_books_until_it_is_released() {
    let mut store = store(0, &MemoryDevice::new());
    store.put(0, kib(1));
    assert_eq!(store.hand_over(0), Some(kib(1)));
    assert_eq!(store.memory_bytes(), KIB);
    assert_eq!((store.peek(0), store.hand_over(0)), (None, None));
    assert!(store.next_spill(&mut |_| 1).is_none(), "it cannot be written: it is not there");
    store.take_back(0, kib(1));
    assert_eq!(store.peek(0), Some(kib(1)));
    store.hand_over(0);
    store.release(0);
    assert_eq!(store.memory_bytes(), 0);
    store.sanity_check();
}

#[test]
fn a_look_at_what_is_in_memory_obliges_nobody_to_read() {
    let mut store = store(0, &MemoryDevice::new());
    assert_eq!(store.peek(0), None);
    store.put(0, kib(1));
    assert_eq!(store.peek(0), Some(kib(1)));
    assert!(matches!(spill(&mut store, 0), Spilled::Freed(_)));
    assert_eq!(store.peek(0), None);
    assert_eq!(load(&mut store, 0).unwrap(), kib(1), "it is not busy");
}

#[test]
fn small_values_and_stores_without_a_budget_never_spill() {
    let device = MemoryDevice::new();
    let mut bounded = store(0, &device);
    bounded.put(0, Value::Int(1));
    bounded.put(1, Value::from("short"));
    bounded.put(2, Buffer::zeroed(63).unwrap().into());
    assert!(bounded.next_spill(&mut |_| 1).is_none());
    let mut unbounded = store(u64::MAX, &device);
    unbounded.put(0, kib(1));
    assert!(unbounded.next_spill(&mut |_| 1).is_none());
    assert_eq!((unbounded.excess_bytes(), unbounded.memory_bytes()), (0, KIB));
}

#[test]
fn stores_and_jobs_may_cross_threads() {
    fn crosses<T: Send>() {}
    crosses::<Store>();
    crosses::<raskt_store::SpillJob>();
    crosses::<raskt_store::LoadJob>();
    crosses::<Spilled>();
}

#[test]
fn trimming_is_due_after_64_mib_were_evicted() {
    let mut store = store(0, &MemoryDevice::new());
    for slot in 0..4 {
        store.put(slot, Buffer::zeroed(16 << 20).unwrap().into());
        assert!(!store.trim_due());
        assert!(matches!(spill(&mut store, slot), Spilled::Freed(_)));
    }
    assert!(store.trim_due());
    assert!(!store.trim_due());
}
