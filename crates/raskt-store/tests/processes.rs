//! Folders of processes that are killed, forked, or end without dropping anything.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

use raskt_core::Buffer;
use raskt_store::{Disk, Limits, Readable, SpillDevice, SpillFolder, Spilled, Store, remove_all_scratch};

const PARENT: &str = "RASKT_TEST_SPILL_PARENT";
const HOW: &str = "RASKT_TEST_SPILL_HOW";

/// A store with one value on disk.
fn spilled(parent: &Path) -> (Arc<SpillFolder>, Store) {
    let folder = SpillFolder::create(parent).unwrap();
    let limits = Limits { budget_bytes: 0, ..Limits::default() };
    let mut store = Store::new(1, limits, Some(Arc::clone(&folder)));
    store.put(0, Buffer::zeroed(1 << 16).unwrap().into());
    let job = store.next_spill(&mut |_| 1).unwrap();
    assert!(matches!(store.spilled(0, job.run()), Spilled::Freed(_)));
    (folder, store)
}

fn n_entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// The part of the child: this very program, run for this test alone.
#[test]
fn child() {
    let Some(parent) = std::env::var_os(PARENT) else { return };
    let held = spilled(Path::new(&parent));
    match std::env::var(HOW).unwrap().as_str() {
        "wait" => {
            println!("\nspilled");
            std::thread::sleep(std::time::Duration::from_secs(600));
        }
        _ => remove_all_scratch(),
    }
    std::mem::forget(held);
}

fn start(parent: &Path, how: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(PARENT, parent)
        .env(HOW, how)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_process_leaves_a_folder_that_is_swept_once_it_is_dead_and_not_before() {
    let parent = tempfile::tempdir().unwrap();
    let mut child = start(parent.path(), "wait");
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map(Result::unwrap).any(|line| line == "spilled"));
    assert_eq!(SpillFolder::sweep(parent.path()).unwrap(), 0);
    assert_eq!(n_entries(parent.path()), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(n_entries(parent.path()), 1);
    assert_eq!(SpillFolder::sweep(parent.path()).unwrap(), 1);
    assert_eq!(n_entries(parent.path()), 0);
}

#[test]
fn a_process_that_drops_nothing_leaves_nothing_if_it_asks_for_that_at_its_end() {
    let parent = tempfile::tempdir().unwrap();
    assert!(start(parent.path(), "end").wait().unwrap().success());
    assert_eq!(n_entries(parent.path()), 0);
}

/// Whether `part` holds in a forked child.
#[cfg(target_env = "gnu")]
fn holds_in_fork(part: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs code of this test only, waits for no lock that another thread of the test
    // program may hold (glibc keeps `malloc` usable), and ends by `_exit`.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let holds = part();
        // SAFETY: ends the child at once, which is what is wanted.
        unsafe { libc::_exit(i32::from(!holds)) }
    }
    let mut status = -1;
    // SAFETY: waits for the child made above; `status` outlives the call.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status == 0
}

#[test]
#[cfg(target_env = "gnu")]
fn a_forked_child_that_drops_everything_takes_nothing_away() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, mut store) = spilled(parent.path());
    let path = folder.path().unwrap();
    let mut held = Some((Arc::clone(&folder), spilled(parent.path()).1));
    assert!(holds_in_fork(|| {
        drop(store.release(0));
        drop(store.take_dead_files());
        drop(held.take());
        remove_all_scratch();
        true
    }));
    assert_eq!(n_entries(&path), 2, "the lock and the value are still there");
    assert_eq!(n_entries(parent.path()), 2);
}

#[test]
#[cfg(target_env = "gnu")]
fn a_forked_child_spills_to_a_folder_of_its_own() {
    for forgets in [true, false] {
        let parent = tempfile::tempdir().unwrap();
        let (folder, mut store) = spilled(parent.path());
        let path = folder.path().unwrap();
        assert!(holds_in_fork(|| {
            if forgets {
                folder.forget_after_fork();
            }
            drop(store.release(0));
            store.put(0, Buffer::zeroed(1 << 16).unwrap().into());
            let outcome = store.next_spill(&mut |_| 1).map(raskt_store::SpillJob::run);
            let own = folder.path().is_some_and(|own| own != path && own.is_dir());
            remove_all_scratch();
            own && matches!(outcome, Some(Ok(_)))
        }));
        assert_eq!(n_entries(parent.path()), 1, "the child took its own along");
        assert_eq!(n_entries(&path), 2, "the lock and the value are still there");
    }
}

/// A disk on which making a folder takes as long as the test wants it to.
struct Slow(Arc<Barrier>);

impl SpillDevice for Slow {
    fn needs_folder(&self) -> bool {
        self.0.wait();
        self.0.wait();
        true
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Write>> {
        Disk.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Readable>, u64)> {
        Disk.open(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }
}

#[test]
#[cfg(target_env = "gnu")]
fn a_forked_child_ends_although_a_thread_that_it_lacks_was_making_a_folder() {
    let parent = tempfile::tempdir().unwrap();
    let making = Arc::new(Barrier::new(2));
    let folder = SpillFolder::with_device(parent.path(), Slow(Arc::clone(&making)));
    let limits = Limits { budget_bytes: 0, ..Limits::default() };
    let mut store = Store::new(1, limits, Some(folder));
    store.put(0, Buffer::zeroed(1 << 16).unwrap().into());
    let job = store.next_spill(&mut |_| 1).unwrap();
    let spilling = std::thread::spawn(move || job.run());
    making.wait();
    assert!(holds_in_fork(|| {
        remove_all_scratch();
        true
    }));
    making.wait();
    assert!(matches!(store.spilled(0, spilling.join().unwrap()), Spilled::Freed(_)));
    // Removing the folder asks for the device's kind as well.
    let removing = std::thread::spawn(move || drop(store));
    making.wait();
    making.wait();
    removing.join().unwrap();
    assert_eq!(n_entries(parent.path()), 0);
}

#[test]
fn sweeping_without_pause_never_takes_a_folder_that_lives() {
    let parent = tempfile::tempdir().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    // Another sweeper may have taken what was listed.
                    let _ = SpillFolder::sweep(parent.path());
                }
            });
        }
        let outcome = std::panic::catch_unwind(|| {
            for _ in 0..300 {
                let (folder, _store) = spilled(parent.path());
                std::thread::yield_now();
                assert_eq!(n_entries(&folder.path().unwrap()), 2, "the lock and the value");
            }
        });
        done.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
    assert_eq!(n_entries(parent.path()), 0);
}
