//! Values that go to disk and come back.

use std::path::{Path, PathBuf};

use raskt_core::Value;
use raskt_net::wire::WorkerSays;
use raskt_sched::{FromWorker, ToWorker, WorkerId};

use crate::script::{Joined, compute, get, held, joined, peer, runtime, value};

/// Files with values, wherever they are below a folder.
fn files(parent: &Path) -> Vec<PathBuf> {
    let entries =
        |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let all = entries(parent).flat_map(|folder| entries(&folder).collect::<Vec<_>>());
    all.filter(|path| path.extension().is_some_and(|end| end == "value")).collect()
}

/// Waits until something is so.
async fn eventually(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::script::PATIENCE, waiting).await.expect("it never was so");
}

/// Waits until there are files of so many values.
async fn on_disk(parent: &Path, n: usize) -> Vec<PathBuf> {
    eventually(|| files(parent).len() == n).await;
    files(parent)
}

fn small(parent: &Path) -> impl FnOnce(raskt_net::worker::WorkerOptions) -> raskt_net::worker::WorkerOptions {
    let parent = parent.to_owned();
    move |mut options| {
        // Two blocks fit, and the third does not.
        options.machine.memory_bytes = 4_200_000;
        options.spill_parent = Some(parent);
        options
    }
}

async fn blocks(scheduler: &mut Joined, n: u32) {
    for task in 0..n {
        scheduler.run(task, "block", &[]).await;
    }
}

#[test]
fn values_past_the_target_go_to_disk_and_come_back_when_they_are_needed() {
    let (runtime, parent) = (runtime(), tempfile::tempdir().unwrap());
    let (daemon, mut scheduler) = joined(&runtime, 1, small(parent.path()));
    runtime.block_on(async {
        blocks(&mut scheduler, 4).await;
        on_disk(parent.path(), 2).await;
        let mut end = peer(daemon.address(), WorkerId(1), "secret").await.unwrap();
        // Who asks gets it from disk.
        for (of, found) in get(&mut end, &[0, 3]).await.0 {
            assert!(matches!(&found, Ok(Value::Bytes(block)) if block.len() == 1 << 20), "{of}: {found:?}");
        }
        scheduler.run(10, "add", &[held(0, &[1]), held(1, &[1])]).await;
        assert_eq!(get(&mut end, &[10]).await.0[0].1, Ok(Value::Int(2 << 20)));
        scheduler.tell(ToWorker::Free((0..4).map(value).collect())).await;
        on_disk(parent.path(), 0).await;
        blocks(&mut scheduler, 0).await;
    });
    drop(daemon);
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0, "the folder is still there");
}

#[test]
fn a_value_without_an_encoded_form_stays_and_others_go() {
    let (runtime, parent) = (runtime(), tempfile::tempdir().unwrap());
    let (_daemon, mut scheduler) = joined(&runtime, 1, small(parent.path()));
    runtime.block_on(async {
        scheduler.run(20, "lock", &[]).await;
        blocks(&mut scheduler, 4).await;
        on_disk(parent.path(), 2).await;
        scheduler.run(10, "add", &[held(20, &[1]), held(0, &[1])]).await;
    });
}

#[test]
fn a_value_whose_file_is_gone_is_reported_as_not_here() {
    let (runtime, parent) = (runtime(), tempfile::tempdir().unwrap());
    let (daemon, mut scheduler) = joined(&runtime, 1, small(parent.path()));
    runtime.block_on(async {
        blocks(&mut scheduler, 3).await;
        // A file is there before it is whole, and the value in memory until then.
        eventually(|| daemon.look().spilled_bytes > 0).await;
        for file in on_disk(parent.path(), 1).await {
            std::fs::write(file, b"damaged").unwrap();
        }
        scheduler.tell(compute(10, "add", &[held(0, &[1])])).await;
        match scheduler.hear().await {
            WorkerSays::Say(FromWorker::Missing { value: of, denied, unreachable }) => {
                assert_eq!((of, denied, unreachable), (value(0), vec![WorkerId(1)], vec![]));
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn without_a_folder_everything_stays_in_memory() {
    let runtime = runtime();
    let (_daemon, mut scheduler) = joined(&runtime, 1, |mut options| {
        options.machine.memory_bytes = 4_200_000;
        options
    });
    runtime.block_on(async {
        blocks(&mut scheduler, 4).await;
        let inputs: Vec<_> = (0..4).map(|task| held(task, &[1])).collect();
        scheduler.run(10, "add", &inputs).await;
    });
}
