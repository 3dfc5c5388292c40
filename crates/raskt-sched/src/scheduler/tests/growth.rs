//! Tasks that become graphs, step by step.

use super::*;

/// A graph of two tasks: the first needs input 1 of the task that becomes it, the second, its output, the first and input 0.
fn grown(name: &str) -> Arc<TaskTable> {
    let mut table = TableBuilder::default();
    let body = table.body(Body::native("work"));
    let inputs: Vec<u32> = (0..2).map(|at| table.push_own(Body::Input(at), &[]).unwrap()).collect();
    let first = table.push(body, &[inputs[1]]).unwrap();
    // Nobody needs this one.
    table.push(body, &[]).unwrap();
    let last = table.push(body, &[first, inputs[0]]).unwrap();
    Arc::new(table.finish(Keys::Indexed(name.into()), vec![last]).unwrap())
}

/// Finishes two inputs of a task that needs them, and sees the task off to its worker.
fn with_two_inputs(bench: &mut Bench) -> (Vec<Compute>, Attempt) {
    let roots = bench.submit(table("x", &[&[], &[], &[0, 1], &[2]], &[3]));
    bench.finish(0, roots[0].attempt);
    let third = computes(&bench.finish(0, roots[1].attempt)).remove(0).attempt;
    (roots, third)
}

fn expand(bench: &mut Bench, attempt: Attempt, table: &Arc<TaskTable>) -> Vec<Action> {
    let (table, duration) = (Arc::clone(table), Duration::from_millis(1));
    bench.worker(0, FromWorker::Expanded { attempt, table, duration })
}

#[test]
fn a_task_that_becomes_a_graph_has_the_value_of_its_output() {
    let mut bench = Bench::new(1);
    let (roots, third) = with_two_inputs(&mut bench);
    let first = computes(&expand(&mut bench, third, &grown("sub"))).remove(0);
    assert!(expand(&mut bench, third, &grown("sub")).is_empty(), "what is said twice changes nothing");
    assert_eq!((first.work.row, first.inputs[0].value), (2, roots[1].attempt.of));
    let inner = Key::block("('x', 2)/0/sub", &[2]);
    assert_eq!(bench.scheduler.state(&inner), Some(TaskState::Processing));
    let output = computes(&bench.finish(0, first.attempt)).remove(0);
    assert_eq!((output.attempt.of, output.work.row), (third.of, 4));
    let inputs: Vec<TaskRef> = output.inputs.iter().map(|input| input.value).collect();
    assert_eq!(inputs, [first.attempt.of, roots[0].attempt.of]);
    let last = computes(&bench.finish(0, output.attempt)).remove(0);
    assert_eq!(ready(&bench.finish(0, last.attempt)), [key("x", 3)]);
    // The same graph again: the task is known, and nobody asks what it was.
    let again = bench.client(submission(table("x", &[&[], &[], &[0, 1], &[2]], &[3])));
    assert_eq!(ready(&again), [key("x", 3)]);
    bench.release(&[key("x", 3), key("x", 3)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn a_task_that_became_a_graph_is_computed_again_from_its_parts_and_may_become_another() {
    let mut bench = Bench::new(1);
    let (_, third) = with_two_inputs(&mut bench);
    let first = computes(&expand(&mut bench, third, &grown("sub"))).remove(0);
    let output = computes(&bench.finish(0, first.attempt)).remove(0);
    // The output becomes a graph in turn, with the inputs that it has now.
    let inner = computes(&expand(&mut bench, output.attempt, &grown("sub"))).remove(0);
    let output = computes(&bench.finish(0, inner.attempt)).remove(0);
    assert_eq!(output.attempt.of, third.of);
    bench.finish(0, output.attempt);
    bench.lose(0);
    bench.join("again", &[]);
    let sent = std::mem::take(&mut bench.actions);
    let mut n_runs = 0;
    let mut actions = sent;
    while let Some(next) = computes(&actions).first().cloned() {
        n_runs += 1;
        actions.retain(|action| !matches!(action, Action::ToWorker(_, ToWorker::Compute(compute)) if compute.attempt == next.attempt));
        actions.extend(bench.finish(1, next.attempt));
    }
    assert_eq!(
        (n_runs, ready(&actions)),
        (6, vec![key("x", 3)]),
        "two roots, two inner tasks, the output, the last"
    );
}

#[test]
fn a_graph_that_a_task_cannot_become_is_its_error_and_a_part_that_fails_fails_it() {
    let mut bench = Bench::new(1);
    let (_, third) = with_two_inputs(&mut bench);
    let mut builder = TableBuilder::default();
    let input = builder.push_own(Body::Input(2), &[]).unwrap();
    let task = builder.push_own(Body::native("work"), &[input]).unwrap();
    let wrong = Arc::new(builder.finish(Keys::Indexed("sub".into()), vec![task]).unwrap());
    let story = failure(&expand(&mut bench, third, &wrong)).unwrap();
    assert!(story.contains("names input 2 of a task that has 2"), "{story}");
    let again = computes(&bench.client(FromClient::Retry(vec![key("x", 3)])));
    let mut roots = again.into_iter().map(|compute| compute.attempt);
    bench.finish(0, roots.next().unwrap());
    let third = computes(&bench.finish(0, roots.next().unwrap())).remove(0).attempt;
    let first = computes(&expand(&mut bench, third, &grown("sub"))).remove(0).attempt;
    let error = Error::new(ErrorKind::InvalidValue("no".into()));
    let story = failure(&bench.worker(0, FromWorker::Failed { attempt: first, error })).unwrap();
    assert!(story.contains("('('x', 2)/1/sub', 2) failed"), "{story}");
    bench.release(&[key("x", 3)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

/// The graph of a masked selection, say: roots `x` 0 and 1; 2, which tells the size of root 0; 3, which becomes a list when it
/// knows 2 and keeps the roots for it; and takers of items 0, 1, … of that list.
fn with_list(n_takers: u32) -> TableBuilder {
    let mut table = TableBuilder::default();
    let work = table.body(Body::native("work"));
    let roots = [0, 1].map(|_| table.push(work, &[]).unwrap());
    let size = table.push(work, &[roots[0]]).unwrap();
    let body = Body::Growing { body: Arc::new(Body::native("plan")), n_loaded: 1 };
    let list = table.push_own(body, &[size, roots[0], roots[1]]).unwrap();
    for at in 0..n_takers {
        table.push_own(Body::Select(at), &[list]).unwrap();
    }
    table
}

fn finished(table: TableBuilder, outputs: &[u32]) -> TaskTable {
    table.finish(Keys::Indexed("x".into()), outputs.to_vec()).unwrap()
}

/// What task 3 of [`with_list`] becomes: a list of two items, of which the first needs both roots and the second the last one.
fn list_of_two() -> Arc<TaskTable> {
    let mut table = TableBuilder::default();
    let work = table.body(Body::native("work"));
    let roots = [1, 2].map(|at| table.push_own(Body::Input(at), &[]).unwrap());
    let first = table.push(work, &roots).unwrap();
    let second = table.push(work, &[roots[1]]).unwrap();
    let list = table.push_own(Body::Gather, &[first, second]).unwrap();
    Arc::new(table.finish(Keys::Indexed("list".into()), vec![list]).unwrap())
}

/// Finishes what the list waits for: the roots, the attempt at the list, and where that is.
fn until_list(bench: &mut Bench, sent: Vec<Compute>) -> (Vec<TaskRef>, Compute, u32) {
    let roots: Vec<Attempt> = sent.iter().map(|compute| compute.attempt).collect();
    let size = computes(&bench.finish_at_its_worker(roots[0])).remove(0);
    let mut actions = bench.finish_at_its_worker(roots[1]);
    assert!(computes(&actions).is_empty(), "the size is not known yet");
    actions = bench.finish_at_its_worker(size.attempt);
    let list = computes(&actions).remove(0);
    let at = worker_of(&actions, list.attempt).unwrap();
    let given: Vec<TaskRef> = list.inputs.iter().map(|input| input.value).collect();
    assert_eq!(given, [size.attempt.of], "what is kept is not loaded");
    let freed = |action: &Action| matches!(action, Action::ToWorker(_, ToWorker::Free(values)) if values.iter().any(|value| roots.iter().any(|root| root.of == *value)));
    assert!(!actions.iter().any(freed), "what is kept is not freed");
    (roots.iter().map(|root| root.of).collect(), list, at)
}

fn expand_at(bench: &mut Bench, worker: u32, attempt: Attempt) -> Vec<Action> {
    let duration = Duration::from_millis(1);
    bench.worker(worker, FromWorker::Expanded { attempt, table: list_of_two(), duration })
}

fn reference(bench: &Bench, key: &Key) -> TaskRef {
    let tasks = &bench.scheduler.tasks;
    tasks.reference(tasks.find(key).unwrap())
}

fn values_of(compute: &Compute) -> Vec<TaskRef> {
    compute.inputs.iter().map(|input| input.value).collect()
}

#[test]
fn who_takes_one_item_of_a_list_becomes_that_item_and_the_list_is_not_made() {
    let mut bench = Bench::new(2);
    let sent = bench.submit(finished(with_list(2), &[4, 5]));
    let (roots, list, at) = until_list(&mut bench, sent);
    let takers: Vec<TaskRef> = [4, 5].map(|task| reference(&bench, &key("x", task))).to_vec();
    let items = computes(&expand_at(&mut bench, at, list.attempt));
    let found: Vec<TaskRef> = items.iter().map(|item| item.attempt.of).collect();
    assert_eq!((found, values_of(&items[0]), values_of(&items[1])), (takers, roots.clone(), vec![roots[1]]));
    assert_eq!(bench.scheduler.state(&key("x", 3)), None, "nobody needs the list");
    let mut done = bench.finish_at_its_worker(items[0].attempt);
    done.extend(bench.finish_at_its_worker(items[1].attempt));
    assert_eq!(ready(&done), [key("x", 4), key("x", 5)]);
    // What they were made of is kept no longer than they may be lost.
    assert_eq!(bench.scheduler.counts().n_tasks, 4);
    bench.release(&[key("x", 4), key("x", 5)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn items_that_nobody_takes_are_not_computed_and_a_list_that_is_wanted_as_a_whole_is_made() {
    let mut bench = Bench::new(2);
    let sent = bench.submit(finished(with_list(1), &[4]));
    let (_, list, at) = until_list(&mut bench, sent);
    let items = computes(&expand_at(&mut bench, at, list.attempt));
    assert_eq!(items.len(), 1);
    assert_eq!(bench.scheduler.counts().n_tasks, 3);
    bench.release(&[key("x", 4)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);

    let sent = bench.submit(finished(with_list(1), &[3, 4]));
    let (_, list, at) = until_list(&mut bench, sent);
    let items = computes(&expand_at(&mut bench, at, list.attempt));
    assert_eq!(items.len(), 2);
    bench.finish_at_its_worker(items[0].attempt);
    let whole = computes(&bench.finish_at_its_worker(items[1].attempt)).remove(0);
    let mut found = values_of(&whole);
    found.sort_unstable();
    let mut expected = vec![items[0].attempt.of, items[1].attempt.of];
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(ready(&bench.finish_at_its_worker(whole.attempt)), [key("x", 3)]);
    bench.release(&[key("x", 3), key("x", 4)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn slices_that_come_when_a_list_is_there_take_its_items_and_the_list_is_not_made() {
    let mut bench = Bench::new(2);
    let mut first = Submission::new("g", Arc::new(finished(with_list(1), &[4])));
    (first.held, first.is_last) = (vec![3], false);
    let sent = computes(&bench.client(FromClient::Submit(Box::new(first))));
    let (roots, list, at) = until_list(&mut bench, sent);
    let items = computes(&expand_at(&mut bench, at, list.attempt));
    assert_eq!(items.len(), 1, "the other one waits for whom takes it");
    assert_eq!(bench.scheduler.state(&key("x", 3)), Some(TaskState::Released));

    let mut table = TableBuilder::default();
    let list = table.push_own(Body::Input(0), &[]).unwrap();
    let taker = table.push_own(Body::Select(1), &[list]).unwrap();
    // Of one item there is one task: who comes later has it from the list.
    let other = table.push_own(Body::Select(1), &[list]).unwrap();
    let keys = [key("x", 3), key("y", 1), key("y", 2)];
    let table = table.finish(Keys::Listed(keys.into()), vec![taker, other]).unwrap();
    let last = Submission { inputs: vec![key("x", 3)], ..Submission::new("g", Arc::new(table)) };
    let second = computes(&bench.client(FromClient::Submit(Box::new(last)))).remove(0);
    assert_eq!(values_of(&second), [roots[1]]);
    assert_eq!(second.attempt.of, reference(&bench, &key("y", 1)));
    assert_eq!(bench.scheduler.state(&key("x", 3)), Some(TaskState::Waiting));
    bench.release(&[key("y", 2)]);
    assert_eq!(bench.scheduler.state(&key("x", 3)), None, "no slice follows");
    bench.finish_at_its_worker(items[0].attempt);
    assert_eq!(ready(&bench.finish_at_its_worker(second.attempt)), [key("y", 1)]);
    bench.release(&[key("x", 4), key("y", 1)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}

#[test]
fn what_is_kept_and_lost_is_computed_again_before_the_list_and_after_it() {
    let mut bench = Bench::new(2);
    let sent = bench.submit(finished(with_list(2), &[4, 5]));
    let (_, list, at) = until_list(&mut bench, sent);
    // Before the task has begun, it waits for the root that was kept.
    let root = computes(&bench.lose(1 - at)).remove(0);
    assert_eq!(bench.scheduler.state(&key("x", 3)), Some(TaskState::Waiting));
    let again = computes(&bench.finish_at_its_worker(root.attempt)).remove(0);
    assert_eq!((again.attempt.of, again.inputs.len()), (list.attempt.of, 1));
    bench.worker(at, FromWorker::Started(again.attempt));
    bench.join("w2", &[]);
    bench.worker(
        at,
        FromWorker::Missing { value: root.attempt.of, denied: vec![WorkerId(at)], unreachable: Vec::new() },
    );
    // It runs, and does not need the root itself; its items do.
    assert_eq!(bench.scheduler.state(&key("x", 3)), Some(TaskState::Processing));
    assert!(computes(&expand_at(&mut bench, at, again.attempt)).is_empty());
    assert_eq!(bench.scheduler.state(&key("x", 4)), Some(TaskState::Waiting));
    bench.release(&[key("x", 4), key("x", 5)]);
    assert_eq!(bench.scheduler.counts().n_tasks, 0);
}
