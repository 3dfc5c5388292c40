//! The worker, step by step.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_graph::{Body, Keys, TableBuilder};

use crate::*;

/// A worker whose indices are checked after each event.
struct Bench {
    worker: Worker,
    now: Time,
}

impl Bench {
    fn new(options: WorkerOptions) -> Self {
        let resources = vec![("GPU".into(), 1)];
        let info = WorkerInfo { name: "w".into(), host: "h".into(), n_threads: 2, resources };
        Self { worker: Worker::new(&info, options), now: Time(0) }
    }

    fn handle(&mut self, event: WorkerEvent) -> Vec<WorkerAction> {
        let mut actions = Vec::new();
        self.now = self.now.after(Duration::from_millis(1));
        self.worker.handle(event, self.now, &mut actions);
        self.worker.sanity_check();
        actions
    }

    fn hear(&mut self, message: ToWorker) -> Vec<WorkerAction> {
        self.handle(WorkerEvent::Scheduler(message))
    }

    fn end(&mut self, attempt: Attempt, n_bytes: u64) -> Vec<WorkerAction> {
        self.handle(WorkerEvent::Ended { attempt, outcome: Ok(n_bytes), duration: Duration::from_millis(1) })
    }
}

fn value(task: u32) -> TaskRef {
    TaskRef { task: TaskId(task), generation: 0 }
}

fn attempt(task: u32) -> Attempt {
    Attempt { of: value(task), epoch: 0 }
}

fn input(task: u32, holders: &[u32]) -> InputAt {
    InputAt {
        value: value(task),
        n_bytes: 100,
        holders: holders.iter().map(|&holder| WorkerId(holder)).collect(),
    }
}

fn compute(task: u32, inputs: &[InputAt], resources: &[(&str, u64)]) -> ToWorker {
    let mut table = TableBuilder::default();
    table.push_own(Body::native("work"), &[]).unwrap();
    let table = Arc::new(table.finish(Keys::Indexed("x".into()), Vec::new()).unwrap());
    ToWorker::Compute(Box::new(Compute {
        attempt: attempt(task),
        priority: Priority::new(0, 0, task),
        work: Work { table, row: 0 },
        inputs: inputs.to_vec(),
        resources: resources.iter().map(|&(name, n)| (name.into(), n)).collect(),
    }))
}

fn runs(actions: &[WorkerAction]) -> Vec<u32> {
    let run = |action: &WorkerAction| match action {
        WorkerAction::Run { attempt, .. } => Some(attempt.of.task.0),
        _ => None,
    };
    actions.iter().filter_map(run).collect()
}

fn fetches(actions: &[WorkerAction]) -> Vec<(u64, u32, usize)> {
    let fetch = |action: &WorkerAction| match action {
        WorkerAction::Fetch { request, from, values } => Some((*request, from.0, values.len())),
        _ => None,
    };
    actions.iter().filter_map(fetch).collect()
}

#[test]
fn inputs_of_one_worker_are_fetched_together_and_then_the_task_runs() {
    let mut bench = Bench::new(WorkerOptions::default());
    // The first is asked for at once; what comes meanwhile goes into the next request.
    assert_eq!(fetches(&bench.hear(compute(9, &[input(0, &[5])], &[]))), [(0, 5, 1)]);
    assert_eq!(fetches(&bench.hear(compute(10, &[input(1, &[5]), input(2, &[5])], &[]))), []);
    let values = vec![(value(0), 100)];
    let arrived = bench.handle(WorkerEvent::Arrived { request: 0, values, denied: Vec::new() });
    assert_eq!((runs(&arrived), fetches(&arrived)), (vec![9], vec![(1, 5, 2)]));
    let values = vec![(value(1), 100), (value(2), 100)];
    let arrived = bench.handle(WorkerEvent::Arrived { request: 1, values, denied: Vec::new() });
    assert_eq!(runs(&arrived), [10]);
}

#[test]
fn a_value_that_is_denied_everywhere_is_reported_and_awaited() {
    let mut bench = Bench::new(WorkerOptions::default());
    bench.hear(compute(9, &[input(0, &[5, 6])], &[]));
    let denied = vec![value(0)];
    let other = bench.handle(WorkerEvent::Arrived { request: 0, values: Vec::new(), denied: denied.clone() });
    assert_eq!(fetches(&other), [(1, 6, 1)]);
    let missing = bench.handle(WorkerEvent::Arrived { request: 1, values: Vec::new(), denied });
    assert!(matches!(&missing[..], [WorkerAction::Tell(FromWorker::Missing { denied, .. })]
        if *denied == [WorkerId(5), WorkerId(6)]));
    assert_eq!(fetches(&bench.hear(ToWorker::Located(input(0, &[7])))), [(2, 7, 1)]);
}

#[test]
fn a_worker_that_cannot_be_reached_is_left_alone_and_then_given_up() {
    let mut bench = Bench::new(WorkerOptions { n_tries_max: 2, ..WorkerOptions::default() });
    bench.hear(compute(9, &[input(0, &[5])], &[]));
    assert_eq!(fetches(&bench.handle(WorkerEvent::Unreachable { request: 0 })), []);
    bench.now = bench.now.after(Duration::from_secs(1));
    assert_eq!(fetches(&bench.handle(WorkerEvent::Tick)), [(1, 5, 1)]);
    let missing = bench.handle(WorkerEvent::Unreachable { request: 1 });
    assert!(matches!(&missing[..], [WorkerAction::Tell(FromWorker::Missing { unreachable, .. })]
        if *unreachable == [WorkerId(5)]));
}

#[test]
fn tasks_run_within_threads_and_resources_in_the_order_of_priorities() {
    let mut bench = Bench::new(WorkerOptions::default());
    assert_eq!(runs(&bench.hear(compute(1, &[], &[("GPU", 1)]))), [1]);
    assert_eq!(runs(&bench.hear(compute(2, &[], &[("GPU", 1)]))), []);
    assert_eq!(runs(&bench.hear(compute(4, &[], &[]))), [4], "it takes no GPU");
    assert_eq!(runs(&bench.hear(compute(3, &[], &[]))), [], "both threads are busy");
    assert_eq!(runs(&bench.end(attempt(4), 1)), [3]);
    assert_eq!(runs(&bench.end(attempt(1), 1)), [2]);
}

#[test]
fn what_has_begun_is_not_given_back_and_what_is_withdrawn_is_not_kept() {
    let mut bench = Bench::new(WorkerOptions::default());
    for task in 1..4 {
        bench.hear(compute(task, &[], &[]));
    }
    assert!(bench.hear(ToWorker::Return(attempt(1))).is_empty());
    assert!(matches!(
        &bench.hear(ToWorker::Return(attempt(3)))[..],
        [WorkerAction::Tell(FromWorker::Returned(_))]
    ));
    bench.hear(ToWorker::Withdraw(attempt(1)));
    assert!(matches!(&bench.end(attempt(1), 1)[..], [WorkerAction::Discard(_)]));
    bench.end(attempt(2), 1);
    assert!(bench.worker.holds(value(2)));
    // The report and the withdrawal have crossed.
    bench.hear(ToWorker::Withdraw(attempt(2)));
    assert_eq!(bench.worker.n_held(), 0);
}

#[test]
fn past_the_target_the_least_recently_used_value_goes_to_disk_and_comes_back_when_it_is_needed() {
    let mut bench = Bench::new(WorkerOptions { memory_bytes: 1000, ..WorkerOptions::default() });
    for task in 1..3 {
        bench.hear(compute(task, &[], &[]));
        let ended = bench.end(attempt(task), 400);
        let spills =
            ended.iter().filter(|action| matches!(action, WorkerAction::Spill(of) if *of == value(1)));
        assert_eq!(spills.count(), (task - 1) as usize);
    }
    bench.handle(WorkerEvent::Spilled { value: value(1), n_bytes: 400 });
    let served = bench.handle(WorkerEvent::Asked { asker: 1, values: vec![value(1), value(8)] });
    assert!(
        matches!(&served[..], [WorkerAction::Serve { held, denied, .. }]
        if (held.len(), denied.len()) == (1, 1)),
        "what is on disk is served"
    );
    let restored = bench.hear(compute(5, &[input(1, &[0])], &[]));
    // The other one makes room for it.
    assert!(matches!(&restored[..], [WorkerAction::Spill(gone), WorkerAction::Restore(back)]
        if (*gone, *back) == (value(2), value(1))));
    assert_eq!(runs(&bench.handle(WorkerEvent::Restored(value(1)))), [5]);
}

#[test]
fn a_task_waits_until_there_is_room_for_what_its_function_made_before() {
    let mut bench = Bench::new(WorkerOptions { memory_bytes: 1_000_000, ..WorkerOptions::default() });
    bench.hear(compute(1, &[], &[]));
    bench.handle(WorkerEvent::Measured { process_bytes: 300_000 });
    bench.end(attempt(1), 300_000);
    // The process takes 600,000 now: another 300,000 are too much beside the first value, which leaves.
    let sent = bench.hear(compute(2, &[], &[]));
    assert!(matches!(&sent[..], [WorkerAction::Spill(of)] if *of == value(1)), "{sent:?}");
    assert_eq!(runs(&bench.handle(WorkerEvent::Spilled { value: value(1), n_bytes: 300_000 })), [2]);
    // There is a thread for a third, and no room beside the second.
    let third = bench.hear(compute(3, &[], &[]));
    assert_eq!(runs(&third), []);
    bench.handle(WorkerEvent::Measured { process_bytes: 300_000 });
    assert_eq!(runs(&bench.end(attempt(2), 300_000)), []);
    assert_eq!(runs(&bench.handle(WorkerEvent::Spilled { value: value(2), n_bytes: 300_000 })), [3]);
}

#[test]
fn values_that_are_needed_later_make_room_for_those_that_are_needed_first() {
    let mut bench = Bench::new(WorkerOptions { memory_bytes: 1000, ..WorkerOptions::default() });
    let large = |task: u32| InputAt { n_bytes: 400, ..input(task, &[5]) };
    // Values 1 and 2 fill the worker for tasks that wait for something else, too.
    for task in [1, 2] {
        bench.hear(compute(20 + task, &[large(task), input(9, &[])], &[]));
    }
    for request in 0..2 {
        let values = vec![(value(1 + request), 400)];
        bench.handle(WorkerEvent::Arrived { request: request.into(), values, denied: Vec::new() });
    }
    // What goes first needs value 3: the one that is needed last leaves, and no other.
    let first = bench.hear(compute(3, &[large(4)], &[]));
    let spilled = |action: &WorkerAction| match action {
        WorkerAction::Spill(of) => Some(*of),
        _ => None,
    };
    assert_eq!(first.iter().filter_map(spilled).collect::<Vec<_>>(), [value(2)]);
    assert_eq!(fetches(&bench.handle(WorkerEvent::Spilled { value: value(2), n_bytes: 400 })), [(2, 5, 1)]);
    let values = vec![(value(4), 400)];
    let arrived = bench.handle(WorkerEvent::Arrived { request: 2, values, denied: Vec::new() });
    assert_eq!(runs(&arrived), [3]);
}

#[test]
fn a_worker_whose_disk_is_full_pauses_and_goes_on_one_task_at_a_time() {
    let mut bench = Bench::new(WorkerOptions { memory_bytes: 1000, ..WorkerOptions::default() });
    bench.hear(compute(1, &[], &[]));
    let ended = bench.end(attempt(1), 900);
    let is_paused = |action: &WorkerAction| {
        matches!(action, WorkerAction::Tell(FromWorker::Heartbeat { pressure: Pressure::Paused }))
    };
    assert!(ended.iter().any(is_paused));
    bench.hear(compute(2, &[], &[]));
    assert_eq!(runs(&bench.handle(WorkerEvent::NotSpilled(value(1)))), [2]);
    assert_eq!(runs(&bench.hear(compute(3, &[], &[]))), []);
    assert_eq!(runs(&bench.end(attempt(2), 1)), [3]);
}

#[test]
fn a_disk_that_was_full_is_tried_again() {
    let disk_retry_delay = Duration::from_millis(3);
    let options = WorkerOptions { memory_bytes: 1000, disk_retry_delay, ..WorkerOptions::default() };
    let mut bench = Bench::new(options);
    bench.hear(compute(1, &[], &[]));
    let spills = |actions: &[WorkerAction]| {
        actions.iter().filter(|action| matches!(action, WorkerAction::Spill(_))).count()
    };
    assert_eq!(spills(&bench.end(attempt(1), 900)), 1);
    assert_eq!(spills(&bench.handle(WorkerEvent::NotSpilled(value(1)))), 0);
    let ticks: Vec<usize> = (0..4).map(|_| spills(&bench.handle(WorkerEvent::Tick))).collect();
    assert_eq!(ticks, [0, 0, 1, 0]);
    bench.handle(WorkerEvent::Spilled { value: value(1), n_bytes: 900 });
    assert!(bench.worker.holds(value(1)));
}

#[test]
fn a_worker_that_nothing_would_relieve_gets_tasks_again_after_a_while() {
    let mut bench = Bench::new(WorkerOptions { memory_bytes: 1000, ..WorkerOptions::default() });
    let pressures = |actions: &[WorkerAction]| -> Vec<Pressure> {
        let told = actions.iter().filter_map(|action| match action {
            WorkerAction::Tell(FromWorker::Heartbeat { pressure }) => Some(*pressure),
            _ => None,
        });
        told.collect()
    };
    // Memory that no value takes, and that a task may free.
    let paused = bench.handle(WorkerEvent::Measured { process_bytes: 900 });
    assert_eq!(pressures(&paused), [Pressure::Paused]);
    assert_eq!(pressures(&bench.handle(WorkerEvent::Tick)), [Pressure::Paused]);
    bench.now = bench.now.after(Duration::from_secs(1));
    assert_eq!(pressures(&bench.handle(WorkerEvent::Measured { process_bytes: 900 })), [Pressure::High]);
    let begun = bench.hear(compute(1, &[], &[]));
    assert_eq!((runs(&begun), pressures(&begun)), (vec![1], vec![Pressure::Paused]));
    assert_eq!(pressures(&bench.handle(WorkerEvent::Tick)), [Pressure::Paused]);
    let ended = bench.end(attempt(1), 1);
    assert_eq!(pressures(&ended), []);
    assert_eq!(pressures(&bench.handle(WorkerEvent::Measured { process_bytes: 100 })), [Pressure::Low]);
}

#[test]
fn a_value_counts_as_what_comes_back_of_it_once_it_has_been_on_disk() {
    let mut bench = Bench::new(WorkerOptions { memory_bytes: 1000, ..WorkerOptions::default() });
    bench.hear(compute(1, &[], &[]));
    let ended = bench.end(attempt(1), 700);
    assert!(ended.iter().any(|action| matches!(action, WorkerAction::Spill(of) if *of == value(1))));
    bench.handle(WorkerEvent::Spilled { value: value(1), n_bytes: 10 });
    // Two that would not have had room beside it.
    bench.hear(compute(2, &[], &[]));
    bench.end(attempt(2), 500);
    let restored = |action: &WorkerAction| matches!(action, WorkerAction::Restore(of) if *of == value(1));
    let sent = bench.hear(compute(3, &[input(1, &[]), input(2, &[])], &[]));
    assert!(sent.iter().any(restored), "{sent:?}");
    assert_eq!(runs(&bench.handle(WorkerEvent::Restored(value(1)))), [3]);
}

#[test]
fn a_task_that_becomes_a_graph_is_told_with_the_graph_unless_it_was_withdrawn() {
    let mut bench = Bench::new(WorkerOptions::default());
    let mut table = TableBuilder::default();
    let input = table.push_own(Body::Input(0), &[]).unwrap();
    let output = table.push_own(Body::native("work"), &[input, input]).unwrap();
    let table = Arc::new(table.finish(Keys::Indexed("sub".into()), vec![output]).unwrap());
    let duration = Duration::from_millis(3);
    for task in 1..3 {
        bench.hear(compute(task, &[], &[]));
    }
    bench.hear(ToWorker::Withdraw(attempt(2)));
    let expanded =
        |task| WorkerEvent::Expanded { attempt: attempt(task), table: Arc::clone(&table), duration };
    assert!(bench.handle(expanded(2)).is_empty());
    let told = bench.handle(expanded(1));
    let [WorkerAction::Tell(message @ FromWorker::Expanded { .. })] = &told[..] else { panic!("{told:?}") };
    let bytes = encode_canonical(message).unwrap();
    let decoded: FromWorker = decode_canonical(&bytes, &Limits::default()).unwrap();
    assert_eq!(format!("{decoded:?}"), format!("{message:?}"));
    assert!(bench.handle(expanded(1)).is_empty(), "it runs no more");
}

#[test]
fn a_task_that_has_seceded_takes_no_thread_until_it_rejoins() {
    let mut bench = Bench::new(WorkerOptions::default());
    let begun: Vec<u32> = (0..4).flat_map(|task| runs(&bench.hear(compute(task, &[], &[])))).collect();
    assert_eq!(begun, [0, 1]);
    assert_eq!(runs(&bench.handle(WorkerEvent::Seceded(attempt(0)))), [2]);
    assert!(bench.handle(WorkerEvent::Seceded(attempt(0))).is_empty());
    assert!(bench.handle(WorkerEvent::Rejoining(attempt(0))).is_empty());
    let ended = bench.end(attempt(1), 10);
    assert!(ended.iter().any(|action| matches!(action, WorkerAction::Resume(of) if *of == attempt(0))));
    assert_eq!((runs(&ended), bench.worker.n_seceded()), (vec![], 0));
    // One that ends before it rejoins frees no thread.
    assert_eq!(runs(&bench.handle(WorkerEvent::Seceded(attempt(2)))), [3]);
    bench.hear(compute(4, &[], &[]));
    assert_eq!(runs(&bench.end(attempt(2), 10)), []);
    assert_eq!(runs(&bench.end(attempt(0), 10)), [4]);
}

#[test]
fn a_task_that_wants_to_be_tried_again_goes_back() {
    let mut bench = Bench::new(WorkerOptions::default());
    bench.hear(compute(0, &[], &[]));
    let given_back = bench.handle(WorkerEvent::GivenBack(attempt(0)));
    assert!(matches!(&given_back[..], [WorkerAction::Tell(FromWorker::Returned(of))] if *of == attempt(0)));
}
