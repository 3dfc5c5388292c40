//! The protocol of fetch, spill, load and release under every schedule that `shuttle` can think of: threads
//! share a store behind a mutex, and run their jobs outside of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

mod support;

use std::io;
use std::path::Path;
use std::sync::Arc as StdArc;

use raskt_core::opaque::NoForeign;
use raskt_core::{Buffer, Value};
use raskt_store::{Fetch, IN_USE, Limits, SpillFolder, Spilled, Store};
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::{Arc, Condvar, Mutex};
use shuttle::thread;
use support::MemoryDevice;

const N_SLOTS: u32 = 4;
const N_CONSUMERS: u32 = 3;
const VALUE_BYTES: usize = 100;

struct World {
    store: Store,
    /// Consumers of each slot that have not had it yet.
    n_waiting: [u32; N_SLOTS as usize],
    n_using: [u32; N_SLOTS as usize],
    cancelled: bool,
}

type Shared = Arc<(Mutex<World>, Condvar)>;

fn world(device: &MemoryDevice) -> Shared {
    let limits = Limits { budget_bytes: 150, spill_min_bytes: 1 };
    let folder = SpillFolder::with_device(Path::new("/memory"), device.clone());
    let world = World {
        store: Store::new(N_SLOTS as usize, limits, Some(folder)),
        n_waiting: [N_CONSUMERS; N_SLOTS as usize],
        n_using: [0; N_SLOTS as usize],
        cancelled: false,
    };
    Arc::new((Mutex::new(world), Condvar::new()))
}

/// Slots 0 and 1 are views of one buffer.
fn values() -> Vec<Value> {
    let shared = Buffer::from(vec![9; VALUE_BYTES]);
    let mut all = vec![shared.slice(0, 50).into(), shared.slice(50, 50).into()];
    all.extend((2..N_SLOTS as u8).map(|fill| Buffer::from(vec![fill; VALUE_BYTES]).into()));
    all
}

fn produce(shared: &Shared, slots: Vec<(u32, Value)>) {
    for (slot, value) in slots {
        drop(shared.0.lock().unwrap().store.put(slot, value));
        shared.1.notify_all();
        spill(shared);
    }
}

fn spill(shared: &Shared) {
    loop {
        let job = {
            let mut guard = shared.0.lock().unwrap();
            let world = &mut *guard;
            let (waiting, using) = (&world.n_waiting, &world.n_using);
            let mut next_need = |slot: u32| match using[slot as usize] {
                0 => u64::from(N_CONSUMERS + 1 - waiting[slot as usize]),
                _ => IN_USE,
            };
            if world.store.excess_bytes() == 0 { None } else { world.store.next_spill(&mut next_need) }
        };
        let Some(job) = job else { return };
        let slot = job.slot();
        let outcome = job.run();
        let report = shared.0.lock().unwrap().store.spilled(slot, outcome);
        if matches!(report, Spilled::Failed(_) | Spilled::FailedAgain) {
            return;
        }
    }
}

/// The value of a slot, whatever it takes; `None` after a cancellation.
fn get(shared: &Shared, slot: u32) -> Option<Value> {
    let mut guard = shared.0.lock().unwrap();
    loop {
        if guard.cancelled {
            return None;
        }
        match guard.store.fetch(slot) {
            Fetch::Ready(value) => {
                guard.n_using[slot as usize] += 1;
                return Some(value);
            }
            Fetch::Load(job) => {
                drop(guard);
                let outcome = job.run(&NoForeign);
                guard = shared.0.lock().unwrap();
                let outcome = guard.store.loaded(slot, outcome);
                guard.n_using[slot as usize] += 1;
                shared.1.notify_all();
                return Some(outcome.unwrap());
            }
            Fetch::Busy | Fetch::Empty => guard = shared.1.wait(guard).unwrap(),
        }
    }
}

fn consume(shared: &Shared, expected: &[Value], first: u32) {
    for slot in (0..N_SLOTS).map(|n| (n + first) % N_SLOTS) {
        let Some(value) = get(shared, slot) else { return };
        assert_eq!(value, expected[slot as usize]);
        thread::yield_now();
        drop(value);
        let released = {
            let mut world = shared.0.lock().unwrap();
            world.n_using[slot as usize] -= 1;
            world.n_waiting[slot as usize] -= 1;
            let last = world.n_waiting[slot as usize] == 0 && !world.cancelled;
            last.then(|| world.store.release(slot)).flatten()
        };
        drop(released);
        spill(shared);
    }
}

fn run(device: &MemoryDevice, cancel: bool) {
    let shared = world(device);
    let expected = values();
    let mut threads = Vec::new();
    let all: Vec<_> = (0..N_SLOTS).zip(expected.clone()).collect();
    for part in [all[..2].to_vec(), all[2..].to_vec()] {
        let shared = shared.clone();
        threads.push(thread::spawn(move || produce(&shared, part)));
    }
    for consumer in 0..N_CONSUMERS {
        let (shared, expected) = (shared.clone(), expected.clone());
        threads.push(thread::spawn(move || consume(&shared, &expected, consumer)));
    }
    if cancel {
        let shared = shared.clone();
        threads.push(thread::spawn(move || {
            let mut world = shared.0.lock().unwrap();
            world.cancelled = true;
            let released: Vec<_> = (0..N_SLOTS).map(|slot| world.store.release(slot)).collect();
            drop(world);
            shared.1.notify_all();
            drop(released);
        }));
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut world = shared.0.lock().unwrap();
    // A producer may put a value after the cancellation.
    (0..N_SLOTS).for_each(|slot| drop(world.store.release(slot)));
    world.store.sanity_check();
    assert_eq!((world.store.memory_bytes(), world.store.spilled_bytes()), (0, 0));
    drop(world.store.take_dead_files());
    assert_eq!(device.n_files(), 0, "no file is left");
}

fn device(fail_one_in: u32) -> MemoryDevice {
    let mut device = MemoryDevice::new();
    device.pause = thread::yield_now;
    if fail_one_in > 0 {
        device.fault =
            StdArc::new(move || thread_rng().gen_ratio(1, fail_one_in).then_some(io::ErrorKind::StorageFull));
    }
    device
}

#[test]
fn no_value_is_lost_and_nothing_is_left_under_random_schedules() {
    shuttle::check_random(|| run(&device(0), false), 1500);
}

#[test]
fn no_value_is_lost_under_adversarial_schedules() {
    shuttle::check_pct(|| run(&device(0), false), 1500, 4);
}

#[test]
fn a_disk_that_fills_up_now_and_then_loses_nothing() {
    shuttle::check_random(|| run(&device(10), false), 1500);
}

#[test]
fn a_cancellation_amid_jobs_leaves_nothing() {
    shuttle::check_random(|| run(&device(0), true), 1500);
    shuttle::check_pct(|| run(&device(10), true), 1500, 4);
}
