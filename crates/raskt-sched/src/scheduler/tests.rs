//! The scheduler, step by step.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Key};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};

use crate::*;

mod growth;

/// A scheduler whose indices are checked after each event.
struct Bench {
    scheduler: Scheduler,
    actions: Vec<Action>,
    now: Time,
}

impl Bench {
    fn new(n_workers: u32) -> Self {
        Self::with_options(n_workers, Options::default())
    }

    fn with_options(n_workers: u32, options: Options) -> Self {
        let mut bench = Self { scheduler: Scheduler::new(options), actions: Vec::new(), now: Time(0) };
        for worker in 0..n_workers {
            bench.join(&format!("w{worker}"), &[]);
        }
        bench.scheduler.client_joins().unwrap();
        bench
    }

    fn join(&mut self, name: &str, resources: &[(&str, u64)]) -> WorkerId {
        let resources = resources.iter().map(|&(name, n)| (name.into(), n)).collect();
        let info = WorkerInfo { name: name.into(), host: "host".into(), n_threads: 1, resources };
        let worker = self.scheduler.worker_joins(info, self.now, &mut self.actions).unwrap();
        self.scheduler.sanity_check();
        worker
    }

    fn handle(&mut self, event: Event) -> Vec<Action> {
        self.now = self.now.after(Duration::from_millis(1));
        self.scheduler.handle(event, self.now, &mut self.actions);
        self.scheduler.sanity_check();
        std::mem::take(&mut self.actions)
    }

    fn client(&mut self, message: FromClient) -> Vec<Action> {
        self.handle(Event::Client(ClientId(0), message))
    }

    fn submit(&mut self, table: TaskTable) -> Vec<Compute> {
        computes(&self.client(FromClient::Submit(Box::new(Submission::new("g", Arc::new(table))))))
    }

    fn worker(&mut self, worker: u32, message: FromWorker) -> Vec<Action> {
        self.handle(Event::Worker(WorkerId(worker), message))
    }

    fn finish(&mut self, worker: u32, attempt: Attempt) -> Vec<Action> {
        let duration = Duration::from_millis(100);
        self.worker(worker, FromWorker::Finished { attempt, n_bytes: 1000, duration })
    }

    /// As [`Bench::finish`], wherever the task is: what other workers say of it changes nothing.
    fn finish_at_its_worker(&mut self, attempt: Attempt) -> Vec<Action> {
        let workers: Vec<WorkerId> = self.scheduler.workers.ids().collect();
        workers.into_iter().flat_map(|worker| self.finish(worker.0, attempt)).collect()
    }

    fn lose(&mut self, worker: u32) -> Vec<Action> {
        self.handle(Event::WorkerLost { worker: WorkerId(worker), how: "exit 9".into(), running: Vec::new() })
    }

    fn release(&mut self, keys: &[Key]) -> Vec<Action> {
        self.client(FromClient::Release(keys.to_vec()))
    }
}

/// Tasks `name` 0, 1, …, each with inputs among those before it.
fn table(name: &str, tasks: &[&[u32]], outputs: &[u32]) -> TaskTable {
    let mut table = TableBuilder::default();
    let body = table.body(Body::native("work"));
    for inputs in tasks {
        table.push(body, inputs).unwrap();
    }
    table.finish(Keys::Indexed(name.into()), outputs.to_vec()).unwrap()
}

fn key(name: &str, task: u32) -> Key {
    Key::block(name, &[task])
}

fn computes(actions: &[Action]) -> Vec<Compute> {
    let compute = |action: &Action| match action {
        Action::ToWorker(_, ToWorker::Compute(compute)) => Some((**compute).clone()),
        _ => None,
    };
    actions.iter().filter_map(compute).collect()
}

fn worker_of(actions: &[Action], attempt: Attempt) -> Option<u32> {
    actions.iter().find_map(|action| match action {
        Action::ToWorker(worker, ToWorker::Compute(compute)) if compute.attempt == attempt => Some(worker.0),
        _ => None,
    })
}

fn ready(actions: &[Action]) -> Vec<Key> {
    let ready = |action: &Action| match action {
        Action::ToClient(_, ToClient::Ready { key, .. }) => Some(key.clone()),
        _ => None,
    };
    actions.iter().filter_map(ready).collect()
}

fn failure(actions: &[Action]) -> Option<String> {
    actions.iter().find_map(|action| match action {
        Action::ToClient(_, ToClient::Failed(_, failure)) => Some(failure.to_string()),
        _ => None,
    })
}

#[test]
fn a_value_that_was_wanted_is_freed_when_it_is_released() {
    let mut bench = Bench::new(1);
    let first = bench.submit(table("x", &[&[], &[0]], &[1])).remove(0);
    let second = computes(&bench.finish(0, first.attempt)).remove(0);
    assert_eq!(second.inputs[0].value, first.attempt.of);
    let done = bench.finish(0, second.attempt);
    assert_eq!(ready(&done), [key("x", 1)]);
    // Nobody needs the first one any more, and the second one only the client.
    assert!(done.iter().any(|action| matches!(action, Action::ToWorker(_, ToWorker::Free(values)) if *values == [first.attempt.of])));
    assert_eq!(bench.scheduler.counts().n_tasks, 2);
    bench.release(&[key("x", 1)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn what_is_said_twice_or_late_changes_nothing() {
    let mut bench = Bench::new(1);
    let attempt = bench.submit(table("x", &[&[]], &[0])).remove(0).attempt;
    bench.finish(0, attempt);
    assert!(bench.finish(0, attempt).is_empty());
    bench.release(&[key("x", 0)]);
    let again = bench.submit(table("y", &[&[]], &[0])).remove(0).attempt;
    assert_eq!((again.of.task, again.of.generation), (attempt.of.task, 1));
    assert!(bench.finish(0, attempt).is_empty());
    assert!(bench.worker(7, FromWorker::Started(again)).is_empty());
    assert_eq!(ready(&bench.finish(0, again)), [key("y", 0)]);
}

#[test]
fn a_lost_value_is_computed_again_with_what_was_released_of_its_inputs() {
    let mut bench = Bench::new(1);
    let first = bench.submit(table("x", &[&[], &[0]], &[1])).remove(0).attempt;
    let second = computes(&bench.finish(0, first)).remove(0).attempt;
    bench.finish(0, second);
    let lost = bench.lose(0);
    assert!(matches!(&lost[..], [Action::ToClient(_, ToClient::Lost(lost))] if *lost == key("x", 1)));
    bench.join("other", &[]);
    let joined = std::mem::take(&mut bench.actions);
    let again = computes(&joined).remove(0).attempt;
    assert_eq!((again.of, again.epoch), (first.of, 1));
    let second = computes(&bench.finish(1, again)).remove(0).attempt;
    assert_eq!(ready(&bench.finish(1, second)), [key("x", 1)]);
}

#[test]
fn only_tasks_that_ran_are_blamed_for_the_end_of_a_worker() {
    let mut bench = Bench::with_options(1, Options { allowed_failures: 1, ..Options::default() });
    let sent = bench.submit(table("x", &[&[], &[]], &[0, 1]));
    assert_eq!(sent.len(), 2, "one runs, one waits there");
    bench.worker(0, FromWorker::Started(sent[0].attempt));
    assert_eq!(failure(&bench.lose(0)), None);
    bench.join("second", &[]);
    let again = computes(&std::mem::take(&mut bench.actions));
    bench.worker(1, FromWorker::Started(again[0].attempt));
    let story = failure(&bench.lose(1)).unwrap();
    assert_eq!(story, "task ('x', 0) was running on 2 workers when they ended: w0 (exit 9), second (exit 9)");
    bench.join("third", &[]);
    let again = computes(&std::mem::take(&mut bench.actions));
    assert_eq!(again.len(), 1);
    assert_eq!(ready(&bench.finish(2, again[0].attempt)), [key("x", 1)]);
}

#[test]
fn an_error_reaches_all_that_needs_the_task_and_a_retry_begins_there() {
    let mut bench = Bench::new(1);
    let first = bench.submit(table("x", &[&[], &[0], &[1]], &[2])).remove(0).attempt;
    let error = Error::new(ErrorKind::Panicked("boom".into()));
    let failed = bench.worker(0, FromWorker::Failed { attempt: first, error });
    assert_eq!(failure(&failed).unwrap(), "task ('x', 0) failed on worker w0: a task panicked: boom");
    let again = computes(&bench.client(FromClient::Retry(vec![key("x", 2)]))).remove(0).attempt;
    assert_eq!((again.of, again.epoch), (first.of, 1));
    bench.release(&[key("x", 2)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn a_task_that_raised_is_tried_as_often_as_its_client_says() {
    let mut bench = Bench::new(1);
    let mut submission = Submission::new("g", Arc::new(table("x", &[&[]], &[0])));
    submission.retries = 1;
    let first = computes(&bench.client(FromClient::Submit(Box::new(submission)))).remove(0).attempt;
    let error = Error::new(ErrorKind::Cancelled);
    let again = computes(&bench.worker(0, FromWorker::Failed { attempt: first, error: error.clone() }));
    let failed = bench.worker(0, FromWorker::Failed { attempt: again[0].attempt, error });
    assert!(failure(&failed).is_some());
}

#[test]
fn a_task_goes_where_its_inputs_are() {
    let mut bench = Bench::new(3);
    let roots = bench.submit(table("x", &[&[], &[], &[], &[0], &[1], &[2]], &[3, 4, 5]));
    assert_eq!(roots.len(), 3);
    for (worker, root) in [2, 1, 0].into_iter().zip(&roots) {
        let next = bench.finish(worker, root.attempt);
        let next_attempt = computes(&next)[0].attempt;
        assert_eq!(worker_of(&next, next_attempt), Some(worker));
    }
}

#[test]
fn an_idle_worker_gets_what_waits_at_a_busy_one_if_that_has_not_begun() {
    let mut bench = Bench::new(1);
    let sent = bench.submit(table("x", &[&[], &[]], &[0, 1]));
    bench.worker(0, FromWorker::Started(sent[0].attempt));
    bench.join("idle", &[]);
    let asked = std::mem::take(&mut bench.actions);
    assert!(
        matches!(&asked[..], [Action::ToWorker(WorkerId(0), ToWorker::Return(attempt))] if *attempt == sent[1].attempt)
    );
    let moved = bench.worker(0, FromWorker::Returned(sent[1].attempt));
    assert_eq!(worker_of(&moved, Attempt { epoch: 1, ..sent[1].attempt }), Some(1));
}

#[test]
fn conditions_are_met_or_waited_for() {
    let mut bench = Bench::new(2);
    let mut submission = Submission::new("g", Arc::new(table("x", &[&[], &[]], &[0, 1])));
    submission.demands = vec![Demand { resources: vec![("GPU".into(), 1)], ..Demand::default() }];
    submission.demand_of = vec![(0, 0), (1, 0)];
    assert!(bench.client(FromClient::Submit(Box::new(submission))).is_empty());
    let gpu = bench.join("gpu", &[("GPU", 1)]);
    let sent = std::mem::take(&mut bench.actions);
    let first = computes(&sent).remove(0).attempt;
    assert_eq!((computes(&sent).len(), worker_of(&sent, first)), (1, Some(gpu.0)), "one GPU, one task");
    let next = bench.finish(gpu.0, first);
    assert_eq!(computes(&next).len(), 1);
}

#[test]
fn clients_are_served_in_turn() {
    let mut bench = Bench::new(1);
    let tasks: Vec<&[u32]> = vec![&[]; 10];
    let outputs: Vec<u32> = (0..10).collect();
    let mut sent = bench.submit(table("early", &tasks, &outputs));
    let late = bench.scheduler.client_joins().unwrap();
    let submission = Submission::new("g", Arc::new(table("late", &tasks, &outputs)));
    bench.handle(Event::Client(late, FromClient::Submit(Box::new(submission))));
    let mut order = Vec::new();
    while let Some(next) = sent.first().cloned() {
        sent.remove(0);
        order.push(next.work.table.key(next.work.row).name.to_string());
        sent.extend(computes(&bench.finish(0, next.attempt)));
    }
    assert_eq!(order.len(), 20);
    let n_late = order[..10].iter().filter(|name| *name == "late").count();
    assert!((3..=6).contains(&n_late), "{order:?}");
}

#[test]
fn a_retiring_worker_gives_away_what_only_it_holds() {
    let mut bench = Bench::new(2);
    let first = bench.submit(table("x", &[&[]], &[0])).remove(0).attempt;
    // Only one of them has it.
    bench.finish(0, first);
    bench.finish(1, first);
    let holder = bench.scheduler.who_has(&key("x", 0))[0];
    let other = WorkerId(1 - holder.0);
    let asked = bench.handle(Event::Retire(holder));
    assert!(matches!(&asked[..], [Action::ToWorker(to, ToWorker::Acquire(_))] if *to == other), "{asked:?}");
    bench.worker(other.0, FromWorker::Acquired { values: vec![(first.of, 1000)], duration: None });
    let dismissed = bench.handle(Event::Tick);
    assert!(matches!(&dismissed[..], [Action::ToWorker(to, ToWorker::Dismiss)] if *to == holder));
    assert_eq!(bench.scheduler.who_has(&key("x", 0)), [other]);
}

#[test]
fn scattered_data_is_lost_with_its_worker_and_said_to_be() {
    let mut bench = Bench::new(2);
    let reserved = bench.client(FromClient::Reserve(Key::named("data")));
    let [Action::ToClient(_, ToClient::Reserved(_, value))] = reserved[..] else { panic!("{reserved:?}") };
    let holders = vec![WorkerId(1)];
    let there = bench.client(FromClient::Scattered { value, n_bytes: 10, holders });
    assert_eq!(ready(&there), [Key::named("data")]);
    let story = failure(&bench.lose(1)).unwrap();
    assert!(story.contains("was scattered"), "{story}");
}

#[test]
fn what_a_cancelled_client_wanted_is_withdrawn() {
    let mut bench = Bench::new(1);
    let first = bench.submit(table("x", &[&[], &[0]], &[1])).remove(0).attempt;
    let cancelled = bench.client(FromClient::Cancel(vec![key("x", 0)]));
    assert!(cancelled.iter().any(|action| matches!(action, Action::ToClient(_, ToClient::Cancelled(_)))));
    assert!(
        cancelled
            .iter()
            .any(|action| matches!(action, Action::ToWorker(_, ToWorker::Withdraw(a)) if *a == first))
    );
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn slices_of_a_graph_keep_what_later_ones_need() {
    let mut bench = Bench::new(1);
    let mut slice = Submission::new("g", Arc::new(table("x", &[&[]], &[])));
    (slice.held, slice.is_last) = (vec![0], false);
    let first = computes(&bench.client(FromClient::Submit(Box::new(slice)))).remove(0).attempt;
    bench.finish(0, first);
    assert_eq!(bench.scheduler.who_has(&key("x", 0)), [WorkerId(0)]);
    let mut builder = TableBuilder::default();
    let input = builder.push_own(Body::Input(0), &[]).unwrap();
    let task = builder.push_own(Body::native("work"), &[input]).unwrap();
    let mut slice =
        Submission::new("g", Arc::new(builder.finish(Keys::Indexed("y".into()), vec![task]).unwrap()));
    slice.inputs = vec![key("x", 0)];
    let second = computes(&bench.client(FromClient::Submit(Box::new(slice)))).remove(0);
    assert_eq!(second.inputs[0].value, first.of);
    assert_eq!(ready(&bench.finish(0, second.attempt)), [key("y", 1)]);
    assert_eq!(bench.scheduler.who_has(&key("x", 0)), []);
}

#[test]
fn a_graph_with_a_mistake_changes_nothing() {
    let mut bench = Bench::new(1);
    let mut builder = TableBuilder::default();
    let body = builder.body(Body::native("work"));
    builder.push(body, &[]).unwrap();
    let input = builder.push_own(Body::Input(0), &[]).unwrap();
    let mut slice =
        Submission::new("g", Arc::new(builder.finish(Keys::Indexed("y".into()), vec![input]).unwrap()));
    slice.inputs = vec![key("nothing", 0)];
    let rejected = bench.client(FromClient::Submit(Box::new(slice)));
    assert!(matches!(&rejected[..], [Action::ToClient(_, ToClient::Rejected { error, .. })]
        if matches!(error.kind(), ErrorKind::MissingKey { .. })));
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn a_silent_worker_is_lost() {
    let mut bench = Bench::new(1);
    bench.now = Time(0).after(Duration::from_secs(400));
    let closed = bench.handle(Event::Tick);
    assert!(matches!(&closed[..], [Action::Close(WorkerId(0))]));
    assert_eq!(bench.scheduler.counts().n_workers, 0);
}

/// The tasks of [`table`], each finished where it was sent.
fn finish_all(bench: &mut Bench, sent: Vec<Action>) {
    let mut actions = sent;
    while let Some(at) =
        actions.iter().position(|action| matches!(action, Action::ToWorker(_, ToWorker::Compute(_))))
    {
        if let Action::ToWorker(worker, ToWorker::Compute(compute)) = actions.remove(at) {
            actions.extend(bench.finish(worker.0, compute.attempt));
        }
    }
}

fn submission(table: TaskTable) -> FromClient {
    FromClient::Submit(Box::new(Submission::new("g", Arc::new(table))))
}

#[test]
fn workers_retire_by_name_and_by_host_and_give_nothing_to_each_other() {
    let mut bench = Bench::new(0);
    bench.join("a", &[]);
    bench.join("b", &[]);
    let sent = bench.client(submission(table("x", &[&[], &[]], &[0, 1])));
    finish_all(&mut bench, sent);
    let other = bench.join("c", &[]);
    let asked = bench.client(FromClient::Retire(vec!["a".into(), "b".into(), "nobody".into()]));
    let to = |action: &Action| match action {
        Action::ToWorker(worker, ToWorker::Acquire(_)) => Some(*worker),
        _ => None,
    };
    assert_eq!(asked.iter().filter_map(to).collect::<Vec<_>>(), [other, other]);
}

#[test]
fn after_a_restart_nothing_is_left_and_clients_know() {
    let mut bench = Bench::new(2);
    let other = bench.scheduler.client_joins().unwrap();
    let data = Key::named("data");
    let reserved = bench.client(FromClient::Reserve(data.clone()));
    let [Action::ToClient(_, ToClient::Reserved(_, value))] = reserved[..] else { panic!("{reserved:?}") };
    bench.client(FromClient::Scattered { value, n_bytes: 10, holders: vec![WorkerId(0)] });
    let sent = bench.client(submission(table("x", &[&[], &[0], &[]], &[1, 2])));
    let first = computes(&sent).remove(0).attempt;
    bench.finish(worker_of(&sent, first).unwrap(), first);
    bench.handle(Event::Client(other, FromClient::Want(vec![key("x", 1)])));
    let told = bench.client(FromClient::Restart);
    let cancelled = |of: ClientId| {
        let is_told =
            |action: &&Action| matches!(action, Action::ToClient(to, ToClient::Cancelled(_)) if *to == of);
        told.iter().filter(is_told).count()
    };
    assert_eq!((cancelled(ClientId(0)), cancelled(other)), (3, 1));
    assert!(told.iter().any(|action| matches!(action, Action::ToWorker(_, ToWorker::Withdraw(_)))));
    let freed = |action: &Action| match action {
        Action::ToWorker(_, ToWorker::Free(values)) => values.len(),
        _ => 0,
    };
    assert_eq!(told.iter().map(freed).sum::<usize>(), 2);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn values_move_from_a_fuller_worker_to_an_emptier_one() {
    let mut bench = Bench::new(1);
    let sent = bench.client(submission(table("x", &[&[], &[], &[], &[]], &[0, 1, 2, 3])));
    finish_all(&mut bench, sent);
    let to = bench.join("empty", &[]);
    let moved = bench.client(FromClient::Rebalance { keys: Vec::new(), workers: Vec::new() });
    let values: Vec<TaskRef> = moved
        .iter()
        .filter_map(|action| match action {
            Action::ToWorker(at, ToWorker::Acquire(inputs)) if *at == to => Some(inputs[0].value),
            _ => None,
        })
        .collect();
    assert_eq!(values.len(), 2, "half of four values of one size");
    let values = values.into_iter().map(|value| (value, 1000)).collect();
    let freed = bench.worker(to.0, FromWorker::Acquired { values, duration: None });
    assert!(
        matches!(&freed[..], [Action::ToWorker(WorkerId(0), ToWorker::Free(values))] if values.len() == 2)
    );
    let held = |worker| bench.scheduler.worker(worker).unwrap().held_bytes;
    assert_eq!((held(WorkerId(0)), held(to)), (2000, 2000));
    assert!(bench.client(FromClient::Rebalance { keys: Vec::new(), workers: Vec::new() }).is_empty());
}

#[test]
fn copies_are_made_at_the_workers_that_are_named() {
    let mut bench = Bench::new(4);
    let sent = bench.client(submission(table("x", &[&[]], &[0])));
    finish_all(&mut bench, sent);
    let workers = vec!["w2".into(), "w3".into()];
    let asked = bench.client(FromClient::ReplicateAmong { keys: vec![key("x", 0)], n: 9, workers });
    let mut at: Vec<u32> = asked
        .iter()
        .filter_map(|action| match action {
            Action::ToWorker(at, ToWorker::Acquire(_)) => Some(at.0),
            _ => None,
        })
        .collect();
    at.sort_unstable();
    assert_eq!(
        at,
        [2, 3]
            .into_iter()
            .filter(|&at| bench.scheduler.who_has(&key("x", 0)) != [WorkerId(at)])
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_one_client_cancels_for_all_no_client_gets() {
    let mut bench = Bench::new(1);
    bench.client(submission(table("x", &[&[], &[0]], &[1])));
    let other = bench.scheduler.client_joins().unwrap();
    bench.handle(Event::Client(other, FromClient::Want(vec![key("x", 1)])));
    bench.client(FromClient::Cancel(vec![key("x", 0)]));
    assert_eq!(bench.scheduler.counts().n_tasks, 2, "the other client wants it");
    let told = bench.client(FromClient::CancelForAll(vec![key("x", 0)]));
    assert!(
        told.iter()
            .any(|action| matches!(action, Action::ToClient(to, ToClient::Cancelled(_)) if *to == other))
    );
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn of_workers_that_are_named_the_first_one_is_taken_where_both_are_free() {
    let mut bench = Bench::new(3);
    let mut submission = Submission::new("g", Arc::new(table("x", &[&[], &[]], &[0, 1])));
    submission.demands = vec![Demand { workers: vec!["w2".into(), "w0".into()], ..Demand::default() }];
    submission.demand_of = vec![(0, 0), (1, 0)];
    let sent = bench.client(FromClient::Submit(Box::new(submission)));
    let at: Vec<_> = computes(&sent).iter().map(|compute| worker_of(&sent, compute.attempt)).collect();
    assert_eq!(at, [Some(2), Some(0)]);
}

#[test]
fn tasks_are_told_with_their_states_and_inputs_where_they_are_few() {
    let mut bench = Bench::new(1);
    let sent = bench.submit(table("x", &[&[], &[0, 0], &[1]], &[2]));
    assert_eq!(bench.scheduler.all_tasks(2), None);
    let told = |bench: &Bench| {
        let tasks = bench.scheduler.all_tasks(3).unwrap().into_iter();
        tasks.map(|task| (task.key, task.state, task.is_running, task.inputs)).collect::<Vec<_>>()
    };
    let waiting = [
        (key("x", 1), TaskState::Waiting, false, vec![0]),
        (key("x", 2), TaskState::Waiting, false, vec![1]),
    ];
    let first = |state, is_running| vec![(key("x", 0), state, is_running, vec![])];
    assert_eq!(told(&bench), [first(TaskState::Processing, false), waiting.to_vec()].concat());
    bench.worker(0, FromWorker::Started(sent[0].attempt));
    assert_eq!(told(&bench), [first(TaskState::Processing, true), waiting.to_vec()].concat());
    bench.finish(0, sent[0].attempt);
    assert_eq!(told(&bench)[0], first(TaskState::InMemory, false)[0]);
    assert_eq!(told(&bench)[1].1, TaskState::Processing);
}

#[test]
fn it_is_explained_why_a_task_does_not_run() {
    let mut bench = Bench::new(1);
    let mut submission = Submission::new("g", Arc::new(table("x", &[&[], &[0], &[]], &[1, 2])));
    submission.retries = 2;
    submission.demands =
        vec![Demand { resources: vec![("GPU".into(), 2 * RESOURCE_UNIT)], ..Demand::default() }];
    submission.demand_of = vec![(0, 0)];
    let sent = computes(&bench.client(FromClient::Submit(Box::new(submission)))).remove(0).attempt;
    bench.join("small", &[("GPU", RESOURCE_UNIT / 4)]);
    let explain = |bench: &Bench, task| bench.scheduler.explain(&key("x", task)).to_string();
    assert_eq!(
        explain(&bench, 1),
        "('x', 1) waits for 1 of its 1 input: ('x', 0) is queued. If it raises, it is tried again, at most 2 times. \
         Wanted by client 0. First of all, ('x', 0) has its inputs, and has waited for a worker for 0.0 s, as number 1 \
         of 1 in the queue of tasks that need a worker with GPU=2. None of 2 workers satisfies that: w0 has GPU=0 \
         instead of 2; small has GPU=0.25 instead of 2. If it raises, it is tried again, at most 2 times. Needed by ('x', 1)."
    );
    let unmet = bench.scheduler.unmet_demands();
    assert_eq!((unmet.len(), unmet[0].1, unmet[0].2.misfits.len()), (1, 1, 2));
    let words = explain(&bench, 2);
    assert!(
        words.starts_with("('x', 2) was sent to worker w0 0.0 s ago, and has not begun: 0 of 1 thread"),
        "{words}"
    );
    bench.worker(0, FromWorker::Started(sent));
    bench.now = bench.now.after(Duration::from_secs(3));
    bench.handle(Event::Tick);
    assert!(explain(&bench, 2).starts_with("('x', 2) has run on worker w0 for 3.0 s."));
    let snapshot = bench.scheduler.worker(WorkerId(0)).unwrap();
    assert_eq!(
        (snapshot.running.len(), snapshot.running[0].0.clone(), snapshot.sent.len()),
        (1, key("x", 2), 0)
    );
    bench.finish(0, sent);
    assert!(explain(&bench, 2).starts_with("('x', 2) is in memory: 1000 bytes on w0."));
    let snapshot = bench.scheduler.worker(WorkerId(0)).unwrap();
    assert_eq!((snapshot.n_values, snapshot.held_bytes, snapshot.heard), (1, 1000, bench.now));
    assert_eq!(bench.scheduler.has_what(WorkerId(0)), [key("x", 2)]);
    let big = bench.join("big", &[("GPU", 2 * RESOURCE_UNIT)]);
    assert_eq!(bench.scheduler.processing(big), [key("x", 0)]);
    assert!(bench.scheduler.unmet_demands().is_empty());
    let counts = bench.scheduler.state_counts();
    assert_eq!((counts.n_processing, counts.n_waiting, counts.n_in_memory), (1, 1, 1));
    assert!(bench.scheduler.busy_us() > 0);
    assert_eq!(bench.scheduler.workers_named(&"host".into()).len(), 3);
}

#[test]
fn very_many_tasks_are_forgotten_with_one_event_after_the_other() {
    let mut bench = Bench::with_options(1, Options { unneeded_max: 10, ..Options::default() });
    let tasks: Vec<&[u32]> = vec![&[]; 100];
    let outputs: Vec<u32> = (0..100).collect();
    bench.submit(table("x", &tasks, &outputs));
    let keys: Vec<Key> = outputs.iter().map(|&at| key("x", at)).collect();
    bench.release(&keys);
    assert_eq!(bench.scheduler.counts().n_tasks, 90);
    // One is wanted again before its turn has come, and stays.
    bench.client(FromClient::Want(vec![key("x", 0)]));
    for _ in 0..10 {
        bench.handle(Event::Tick);
    }
    assert_eq!(bench.scheduler.counts().n_tasks, 1);
    assert_eq!(bench.scheduler.state(&key("x", 0)), Some(TaskState::Processing));
}

#[test]
fn a_worker_gets_a_task_more_for_each_that_has_seceded() {
    let mut bench = Bench::new(1);
    let inputs: Vec<&[u32]> = vec![&[]; 50];
    let sent = bench.submit(table("x", &inputs, &(0..50).collect::<Vec<_>>()));
    let first = sent[0].attempt;
    assert!(computes(&bench.worker(0, FromWorker::Started(first))).is_empty());
    assert_eq!(computes(&bench.worker(0, FromWorker::Seceded(first))).len(), 1);
    assert!(computes(&bench.worker(0, FromWorker::Seceded(first))).is_empty());
    // It counts again, and leaves as many as there were.
    bench.worker(0, FromWorker::Rejoined(first));
    bench.worker(0, FromWorker::Seceded(first));
    assert!(computes(&bench.finish(0, first)).is_empty());
}

fn exchanged(bench: &mut Bench, worker: u32, attempt: Attempt, has_sent: bool) {
    let (n_pieces, n_bytes, waited) = (0, 0, Duration::ZERO);
    let has_received = !has_sent;
    let message = FromWorker::Exchanged { attempt, has_sent, has_received, n_pieces, n_bytes, waited };
    assert!(bench.worker(worker, message).is_empty());
}

/// An exchange of three tasks that send and two that receive, up to where the two have been sent to workers.
struct Exchanged {
    bench: Bench,
    /// With the worker of each.
    sent: Vec<(u32, Attempt)>,
    all: (u32, Attempt),
    received: Vec<(u32, Attempt)>,
}

impl Exchanged {
    fn new() -> Self {
        let mut bench = Bench::new(3);
        let graph = table("x", &[&[], &[], &[], &[0, 1, 2], &[3], &[3]], &[4, 5]);
        let submission = Submission::new("g", Arc::new(graph));
        let mut sent = placed(&bench.client(FromClient::Submit(Box::new(submission))));
        sent.sort_unstable_by_key(|&(worker, _)| worker);
        assert_eq!(sent.iter().map(|&(worker, _)| worker).collect::<Vec<_>>(), [0, 1, 2]);
        let mut told = Vec::new();
        for &(worker, attempt) in &sent {
            exchanged(&mut bench, worker, attempt, true);
            told = bench.finish(worker, attempt);
        }
        let all = placed(&told)[0];
        let received = placed(&bench.finish(all.0, all.1));
        assert_eq!(received.len(), 2);
        Self { bench, sent, all, received }
    }
}

/// The attempts that were sent to workers.
fn placed(actions: &[Action]) -> Vec<(u32, Attempt)> {
    let attempts = computes(actions).into_iter().map(|compute| compute.attempt);
    attempts.filter_map(|attempt| Some((worker_of(actions, attempt)?, attempt))).collect()
}

fn freed(actions: &[Action]) -> Vec<TaskRef> {
    let free = |action: &Action| match action {
        Action::ToWorker(_, ToWorker::Free(values)) => values.clone(),
        _ => Vec::new(),
    };
    actions.iter().flat_map(free).collect()
}

#[test]
fn what_was_sent_stays_until_all_is_received() {
    let Exchanged { mut bench, sent, all, received } = Exchanged::new();
    let mut gone = Vec::new();
    for (worker, attempt) in received {
        assert_eq!(gone, []);
        exchanged(&mut bench, worker, attempt, false);
        gone = freed(&bench.finish(worker, attempt));
    }
    gone.sort_unstable_by_key(|value| value.task);
    let mut expected: Vec<TaskRef> = sent.iter().chain([&all]).map(|&(_, attempt)| attempt.of).collect();
    expected.sort_unstable_by_key(|value| value.task);
    assert_eq!(gone, expected);
}

#[test]
fn pieces_that_are_lost_are_sent_again_and_no_others() {
    let Exchanged { mut bench, sent, all, received } = Exchanged::new();
    let lost = (0..3).find(|worker| received.iter().all(|(at, _)| at != worker)).unwrap();
    // Copies of what the task returned name what is gone.
    let copied = sent[lost as usize].1.of;
    let copy = FromWorker::Acquired { values: vec![(copied, 8)], duration: None };
    let holder = received[0].0;
    bench.worker(holder, copy);
    bench.worker(holder, FromWorker::Started(received[0].1));
    let told = bench.lose(lost);
    // One that receives already waits for pieces that do not come, or will.
    for (_, attempt) in &received {
        let is_withdrawn =
            |action: &Action| matches!(action, Action::ToWorker(_, ToWorker::Withdraw(of)) if of == attempt);
        assert!(told.iter().any(is_withdrawn), "{told:?}");
    }
    assert!(freed(&told).contains(&copied) && freed(&told).contains(&all.1.of));
    let again = placed(&told);
    assert_eq!(again.iter().map(|(_, attempt)| attempt.of).collect::<Vec<_>>(), [copied]);
    exchanged(&mut bench, again[0].0, again[0].1, true);
    let gathered = placed(&bench.finish(again[0].0, again[0].1));
    assert_eq!(gathered.iter().map(|(_, attempt)| attempt.of).collect::<Vec<_>>(), [all.1.of]);
    let receiving = placed(&bench.finish(gathered[0].0, gathered[0].1));
    assert_eq!(receiving.len(), 2);
    for (worker, attempt) in receiving {
        exchanged(&mut bench, worker, attempt, false);
        bench.finish(worker, attempt);
    }
    bench.release(&[key("x", 4), key("x", 5)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn a_worker_that_says_that_its_pieces_are_damaged_has_them_sent_again() {
    let Exchanged { mut bench, sent, .. } = Exchanged::new();
    let (worker, damaged) = sent[1];
    let missing =
        FromWorker::Missing { value: damaged.of, denied: vec![WorkerId(worker)], unreachable: Vec::new() };
    let again = placed(&bench.worker(worker, missing));
    assert_eq!(again.iter().map(|(_, attempt)| attempt.of).collect::<Vec<_>>(), [damaged.of]);
}

#[test]
fn a_worker_with_pieces_leaves_when_they_have_been_received() {
    let Exchanged { mut bench, received, .. } = Exchanged::new();
    let leaving = (0..3).find(|worker| received.iter().all(|(at, _)| at != worker)).unwrap();
    let is_dismissed = |actions: &[Action]| {
        actions.iter().any(|action| matches!(action, Action::ToWorker(_, ToWorker::Dismiss)))
    };
    assert!(!is_dismissed(&bench.handle(Event::Retire(WorkerId(leaving)))));
    assert!(!is_dismissed(&bench.handle(Event::Tick)));
    for (worker, attempt) in received {
        exchanged(&mut bench, worker, attempt, false);
        bench.finish(worker, attempt);
    }
    assert!(is_dismissed(&bench.handle(Event::Tick)));
}
