//! Tasks that run, fail, are withdrawn; the ends of a worker.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{ErrorKind, Value};
use raskt_net::transport::Address;
use raskt_net::wire::{TellWorker, WorkerSays};
use raskt_net::worker::{Departure, WorkerDaemon, current_work};
use raskt_sched::{FromWorker, ToWorker, WorkerId};

use crate::script::{
    PATIENCE, attempt, compute, get, handshake, held, joined, options, peer, registry, runtime, value,
};

#[test]
fn tasks_run_and_their_values_are_there_for_others() {
    let runtime = runtime();
    let (daemon, mut scheduler) = joined(&runtime, 3, |options| options);
    assert_eq!((scheduler.role.info.name.as_str(), scheduler.role.info.n_threads), ("w3", 1));
    assert_eq!(&scheduler.role.address, daemon.address());
    runtime.block_on(async {
        assert_eq!(scheduler.run(0, "one", &[]).await, 0);
        assert_eq!(scheduler.run(1, "block", &[]).await, 1 << 20);
        scheduler.run(2, "add", &[held(0, &[3]), held(1, &[3]), held(0, &[3])]).await;
        let mut end = peer(daemon.address(), WorkerId(3), "secret").await.unwrap();
        let (values, denied) = get(&mut end, &[2, 9, 1]).await;
        assert_eq!(values[0], (value(2), Ok(Value::Int((1 << 20) + 2))));
        let Ok(Value::Bytes(block)) = &values[1].1 else { panic!("{values:?}") };
        assert!(block.len() == 1 << 20 && block.as_slice().iter().all(|&byte| byte == 7));
        assert_eq!(denied, [value(9)]);
        scheduler.tell(ToWorker::Free(vec![value(2)])).await;
        // Freed before the next task runs, which comes behind it.
        scheduler.run(4, "one", &[]).await;
        assert_eq!(get(&mut end, &[2]).await.1, [value(2)]);
    });
    assert!(current_work().is_none());
}

#[test]
fn many_short_tasks_run_each_once() {
    let runtime = runtime();
    let (_daemon, mut scheduler) = joined(&runtime, 0, |mut options| {
        options.n_threads = 3;
        options
    });
    runtime.block_on(async {
        for task in 0..500 {
            scheduler.tell(compute(task, "one", &[])).await;
        }
        let mut done = Vec::new();
        while done.len() < 500 {
            match scheduler.hear().await {
                WorkerSays::Say(FromWorker::Finished { attempt, .. }) => done.push(attempt.of.task.0),
                other => panic!("{other:?}"),
            }
        }
        done.sort_unstable();
        assert!(done.iter().copied().eq(0..500));
    });
}

#[test]
fn a_task_that_secedes_leaves_its_thread_to_another_and_waits_for_one_to_rejoin() {
    let runtime = runtime();
    let (_daemon, mut scheduler) = joined(&runtime, 0, |options| options);
    runtime.block_on(async {
        scheduler.tell(compute(0, "awaits", &[])).await;
        scheduler.tell(compute(1, "tells", &[])).await;
        let mut heard = Vec::new();
        while heard.len() < 4 {
            heard.push(match scheduler.hear().await {
                WorkerSays::Say(FromWorker::Seceded(of)) => ("seceded", of),
                WorkerSays::Say(FromWorker::Rejoined(of)) => ("rejoined", of),
                WorkerSays::Say(FromWorker::Finished { attempt, .. }) => ("finished", attempt),
                other => panic!("{other:?}"),
            });
        }
        let (first, second) = (attempt(0), attempt(1));
        let story = [("seceded", first), ("finished", second), ("rejoined", first), ("finished", first)];
        assert_eq!(heard, story);
    });
}

#[test]
fn a_task_that_asks_to_be_tried_again_is_given_back() {
    let runtime = runtime();
    let (_daemon, mut scheduler) = joined(&runtime, 0, |options| options);
    runtime.block_on(async {
        scheduler.tell(compute(0, "again", &[])).await;
        match scheduler.hear().await {
            WorkerSays::Say(FromWorker::Returned(of)) => assert_eq!(of, attempt(0)),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn what_goes_wrong_in_a_task_is_told_with_its_key() {
    let runtime = runtime();
    let (_daemon, mut scheduler) = joined(&runtime, 0, |options| options);
    runtime.block_on(async {
        for (task, kernel, words) in
            [(0, "raises", "no such thing"), (1, "panics", "a bug"), (2, "nowhere", "nowhere")]
        {
            scheduler.tell(compute(task, kernel, &[])).await;
            match scheduler.hear().await {
                WorkerSays::Say(FromWorker::Failed { attempt: of, error }) => {
                    assert_eq!(of, attempt(task));
                    assert_eq!(error.key().unwrap().to_string(), format!("('x', {task})"));
                    assert!(error.to_string().contains(words), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
        scheduler.run(3, "one", &[]).await;
    });
}

#[test]
fn a_task_that_is_withdrawn_while_it_runs_is_stopped_and_not_spoken_of() {
    let runtime = runtime();
    let (_daemon, mut scheduler) = joined(&runtime, 0, |options| options);
    runtime.block_on(async {
        scheduler.tell(compute(0, "waits", &[])).await;
        scheduler.tell(compute(1, "one", &[])).await;
        scheduler.tell(ToWorker::Withdraw(attempt(0))).await;
        match scheduler.hear().await {
            WorkerSays::Say(FromWorker::Finished { attempt: of, .. }) => assert_eq!(of, attempt(1)),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_task_that_gives_a_graph_becomes_it() {
    let runtime = runtime();
    let (_daemon, mut scheduler) = joined(&runtime, 0, |options| options);
    runtime.block_on(async {
        scheduler.run(0, "one", &[]).await;
        scheduler.tell(compute(1, "grows", &[held(0, &[0])])).await;
        match scheduler.hear().await {
            WorkerSays::Say(FromWorker::Expanded { attempt: of, table, .. }) => {
                assert_eq!((of, table.n_tasks()), (attempt(1), 3));
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_worker_ends_when_it_is_told_to_and_says_how() {
    let runtime = runtime();
    let (daemon, mut scheduler) = joined(&runtime, 0, |options| options);
    assert!(daemon.wait(Some(Duration::ZERO)).is_none());
    daemon.retire();
    runtime.block_on(async {
        assert!(matches!(scheduler.hear().await, WorkerSays::Retire));
        scheduler.tell(ToWorker::Dismiss).await;
    });
    assert!(matches!(daemon.wait(Some(PATIENCE)), Some(Departure::Dismissed)));
    assert_eq!(daemon.settle(), 0);

    let (daemon, mut scheduler) = joined(&runtime, 0, |options| options);
    runtime.block_on(async {
        // What it runs is told to stop.
        scheduler.tell(compute(0, "waits", &[])).await;
        scheduler.end.say(&TellWorker::Stop).await;
    });
    assert!(matches!(daemon.wait(Some(PATIENCE)), Some(Departure::Stopped)));
    assert_eq!(daemon.settle(), 0);

    let (daemon, scheduler) = joined(&runtime, 0, |options| options);
    let address = scheduler.end.peer().clone();
    drop(scheduler);
    let Some(Departure::Lost(error)) = daemon.wait(Some(PATIENCE)) else { panic!("not lost") };
    assert!(error.to_string().contains("closed the connection"), "{error} ({address})");

    let (daemon, _scheduler) = joined(&runtime, 0, |options| options);
    daemon.stop();
    assert!(matches!(daemon.wait(Some(PATIENCE)), Some(Departure::Ended)));
}

#[test]
fn a_worker_that_may_not_join_says_why() {
    let runtime = runtime();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    drop(listener);
    let mut nowhere = options(address.clone(), "w");
    nowhere.connect_timeout = Duration::from_millis(50);
    let error = WorkerDaemon::start(runtime.handle(), registry(), nowhere).unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");

    let (daemon, _scheduler) = joined(&runtime, 0, |options| options);
    // A worker is no scheduler.
    let lost = options(daemon.address().clone(), "w");
    let error = WorkerDaemon::start(runtime.handle(), registry(), lost).unwrap_err();
    assert!(error.to_string().contains("this is a worker"), "{error}");
    let mut stranger = options(daemon.address().clone(), "w");
    stranger.handshake = handshake("guess");
    let error = WorkerDaemon::start(runtime.handle(), Arc::clone(&registry()), stranger).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::System { .. }));
    assert!(error.to_string().contains("token"), "{error}");
}
