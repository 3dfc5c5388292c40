//! Folders of processes that are killed, forked, or end without dropping anything.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use raskt_core::Buffer;
use raskt_store::{Limits, SpillFolder, Spilled, Store, remove_all_live_folders};

const PARENT: &str = "RASKT_TEST_SPILL_PARENT";
const HOW: &str = "RASKT_TEST_SPILL_HOW";

/// A store with one value on disk.
fn spilled(parent: &Path) -> (Arc<SpillFolder>, Store) {
    let folder = SpillFolder::create(parent).unwrap();
    let limits = Limits { budget_bytes: 0, ..Limits::default() };
    let mut store = Store::new(1, limits, Some(Arc::clone(&folder)));
    store.put(0, Buffer::zeroed(1 << 20).into());
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
        _ => remove_all_live_folders(),
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

#[test]
#[cfg(target_env = "gnu")]
fn a_forked_child_takes_nothing_away_and_spills_to_a_folder_of_its_own() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, mut store) = spilled(parent.path());
    let path = folder.path().unwrap();
    // SAFETY: the child runs code of this test only, takes no lock that another thread of the test program
    // may hold (glibc keeps `malloc` usable), and ends by `_exit`.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        folder.forget_after_fork();
        drop(store.release(0));
        store.put(0, Buffer::zeroed(1 << 20).into());
        let outcome = store.next_spill(&mut |_| 1).map(raskt_store::SpillJob::run);
        let own = folder.path().is_some_and(|own| own != path) && matches!(outcome, Some(Ok(_)));
        remove_all_live_folders();
        drop((outcome, store, folder));
        // SAFETY: ends the child at once, which is what is wanted.
        unsafe { libc::_exit(if own { 0 } else { 1 }) }
    }
    let mut status = 0;
    // SAFETY: waits for the child made above; `status` outlives the call.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0, "the child spilled to another folder");
    assert_eq!(n_entries(parent.path()), 1, "and took it along");
    assert_eq!(n_entries(&path), 2, "the lock and the value are still there");
}
