//! Whole runs: every driver equals a recursive evaluator, graphs grow, failures stop or are collected.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use raskt_core::{Error, ErrorKind, Value};
use raskt_exec::worker::{Drive, Probe, drive};
use raskt_exec::{BodyRegistry, Call, ErrorPolicy, Outcome, Pool, Run, RunOptions};
use raskt_graph::{Body, Keys, Subgraph, TableBuilder, TaskTable};
use raskt_store::SpillFolder;

/// 1 more than the sum of the inputs.
fn tally(call: &mut Call<'_>) -> raskt_core::Result<Outcome> {
    let total: i64 =
        call.inputs.iter().map(|v| if let Value::Int(n) = v { *n } else { 0 }).fold(1, i64::wrapping_add);
    Ok(Value::Int(total).into())
}

/// A megabyte, filled with the low byte of 1 + the sum of the inputs' first bytes.
fn bulk(call: &mut Call<'_>) -> raskt_core::Result<Outcome> {
    let sum = call
        .inputs
        .iter()
        .map(|v| if let Value::Bytes(b) = v { b.as_slice()[77] } else { 0 })
        .fold(1, u8::wrapping_add);
    Ok(Outcome::Value(raskt_core::Buffer::from(vec![sum; 1 << 20]).into()))
}

/// Grows into a chain of as many tallies as the input says, on top of the input.
fn grow(call: &mut Call<'_>) -> raskt_core::Result<Outcome> {
    let Value::Int(n) = call.inputs[0] else { return Err(ErrorKind::Cancelled.into()) };
    let mut table = TableBuilder::default();
    let input = table.body(Body::Input(0));
    let tally = table.body(Body::native("tally"));
    let mut last = table.push(input, &[])?;
    for _ in 0..n.max(1) {
        last = table.push(tally, &[last])?;
    }
    let graph = Subgraph::new(table.finish(Keys::Indexed("grown".into()), vec![last])?)?;
    Ok(Outcome::Expand(Box::new(graph)))
}

fn registry() -> Arc<BodyRegistry> {
    let mut registry = BodyRegistry::default();
    registry.add_kernel("tally", Arc::new(tally)).unwrap();
    registry.add_kernel("bulk", Arc::new(bulk)).unwrap();
    registry.add_kernel("grow", Arc::new(grow)).unwrap();
    let fail = |_: &mut Call<'_>| Err(Error::new(ErrorKind::InvalidValue("on purpose".into())));
    registry.add_kernel("fail", Arc::new(fail)).unwrap();
    let panic = |_: &mut Call<'_>| -> raskt_core::Result<Outcome> { panic!("boom {}", 7) };
    registry.add_kernel("panic", Arc::new(panic)).unwrap();
    let left = AtomicU32::new(2);
    let flaky = move |_: &mut Call<'_>| match left
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
    {
        Ok(_) => Err(Error::new(ErrorKind::InvalidValue("not yet".into()))),
        Err(_) => Ok(Outcome::Value(Value::Int(42))),
    };
    registry.add_kernel("flaky", Arc::new(flaky)).unwrap();
    Arc::new(registry)
}

fn table(rows: &[(&str, &[u32])], outputs: &[u32]) -> Arc<TaskTable> {
    let mut table = TableBuilder::default();
    for (name, inputs) in rows {
        table.push_own(Body::native(name), inputs).unwrap();
    }
    Arc::new(table.finish(Keys::Indexed("t".into()), outputs.to_vec()).unwrap())
}

fn run_sync(table: Arc<TaskTable>, options: RunOptions) -> raskt_core::Result<Vec<Value>> {
    let run = Run::new(table, registry(), RunOptions { n_workers: 1, batch_max: 8, ..options })?;
    let mut probe = Probe::default();
    while drive(&run, 0, &mut probe) != Drive::Over {}
    run.results()
}

fn run_pool(table: Arc<TaskTable>, options: RunOptions) -> raskt_core::Result<Vec<Value>> {
    let registry = registry();
    let pool = Pool::new(3, &registry).unwrap();
    let options = RunOptions { n_workers: 3, batch_max: 8, order_later_from: 0, ..options };
    let run = Arc::new(Run::new(table, registry, options)?);
    if !run.run_inline() {
        pool.start(&run);
    }
    while !run.wait(None) {}
    run.results()
}

fn oracle(rows: &[Vec<u32>]) -> Vec<i64> {
    let mut values: Vec<i64> = Vec::new();
    for row in rows {
        let total = row.iter().map(|&i| values[i as usize]).fold(1, i64::wrapping_add);
        values.push(total);
    }
    values
}

fn dag() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(any::<u32>(), 0..4), 1..120).prop_map(|mut rows| {
        for (at, row) in rows.iter_mut().enumerate() {
            if at == 0 {
                row.clear();
            }
            row.iter_mut().for_each(|input| *input %= at.max(1) as u32);
        }
        rows
    })
}

fn dag_table(rows: &[Vec<u32>], outputs: &[u32]) -> Arc<TaskTable> {
    let rows: Vec<(&str, &[u32])> = rows.iter().map(|row| ("tally", row.as_slice())).collect();
    table(&rows, outputs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_driver_equals_a_recursive_evaluator(rows in dag(), picks in prop::collection::vec(any::<u32>(), 1..5)) {
        let outputs: Vec<u32> = picks.iter().map(|pick| pick % rows.len() as u32).collect();
        let values = oracle(&rows);
        let expected: Vec<Value> = outputs.iter().map(|&o| Value::Int(values[o as usize])).collect();
        let table = dag_table(&rows, &outputs);
        prop_assert_eq!(run_sync(Arc::clone(&table), RunOptions::default()).unwrap(), expected.clone());
        let small = RunOptions { values_are_small: true, ..RunOptions::default() };
        prop_assert_eq!(run_sync(Arc::clone(&table), small.clone()).unwrap(), expected.clone());
        prop_assert_eq!(run_pool(Arc::clone(&table), small).unwrap(), expected.clone());
        prop_assert_eq!(run_pool(table, RunOptions::default()).unwrap(), expected);
    }
}

#[test]
fn a_graph_grows_while_it_runs_and_so_do_the_graphs_it_grew() {
    let rows: &[(&str, &[u32])] =
        &[("tally", &[]), ("tally", &[0, 0]), ("grow", &[1]), ("grow", &[2]), ("tally", &[3, 1])];
    // 1, 3, 3 + 3 = 6, 6 + 6 = 12, 1 + 12 + 3
    let expected = vec![Value::Int(16), Value::Int(6)];
    assert_eq!(run_sync(table(rows, &[4, 2]), RunOptions::default()).unwrap(), expected);
    assert_eq!(run_pool(table(rows, &[4, 2]), RunOptions::default()).unwrap(), expected);
}

#[test]
fn the_first_error_stops_the_run_and_names_its_task() {
    for run in [run_sync, run_pool] {
        let error =
            run(table(&[("tally", &[]), ("fail", &[0]), ("tally", &[1])], &[2]), RunOptions::default())
                .unwrap_err();
        assert_eq!(error.to_string(), "on purpose (task ('t', 1), function fail)");
    }
}

#[test]
fn a_panic_is_an_error_of_its_task() {
    let error = run_pool(table(&[("panic", &[])], &[0]), RunOptions::default()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Panicked("boom 7".into()));
}

#[test]
fn all_errors_are_collected_and_what_does_not_need_them_still_runs() {
    let options = || RunOptions { errors: ErrorPolicy::All, ..RunOptions::default() };
    let rows: &[(&str, &[u32])] = &[("fail", &[]), ("tally", &[0]), ("fail", &[]), ("tally", &[])];
    let error = run_pool(table(rows, &[1, 2, 3]), options()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Many(errors) if errors.len() == 2));
}

#[test]
fn a_failed_task_is_tried_again_as_often_as_allowed() {
    let rows: &[(&str, &[u32])] = &[("flaky", &[])];
    let options = |retries| RunOptions { retries, ..RunOptions::default() };
    assert!(run_sync(table(rows, &[0]), options(1)).is_err());
    assert_eq!(run_sync(table(rows, &[0]), options(2)).unwrap(), [Value::Int(42)]);
}

#[test]
fn unknown_bodies_are_reported_before_anything_runs() {
    let error = Run::new(table(&[("nowhere", &[])], &[0]), registry(), RunOptions::default()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::UnknownBody("nowhere".into()));
}

#[test]
fn values_beyond_the_budget_go_to_disk_and_come_back() {
    let folder = std::env::temp_dir();
    let n = 40u32;
    let mut rows: Vec<(&str, Vec<u32>)> = (0..n).map(|_| ("bulk", vec![])).collect();
    rows.push(("bulk", (0..n).collect()));
    for i in 0..n {
        rows.push(("bulk", vec![i, n]));
    }
    let rows: Vec<(&str, &[u32])> = rows.iter().map(|(name, row)| (*name, row.as_slice())).collect();
    for threads in [1, 3] {
        let registry = registry();
        let outputs: Vec<u32> = (n + 1..2 * n + 1).collect();
        let options = RunOptions {
            n_workers: threads,
            batch_max: 8,
            memory_limit_bytes: Some(10 << 20),
            spill: Some(SpillFolder::create(&folder).unwrap()),
            ..RunOptions::default()
        };
        let pool = Pool::new(threads, &registry).unwrap();
        let run = Arc::new(Run::new(table(&rows, &outputs), registry, options).unwrap());
        pool.start(&run);
        while !run.wait(None) {}
        let (_, _, on_disk) = run.memory();
        assert!(on_disk > 0);
        for value in run.results().unwrap() {
            let Value::Bytes(bytes) = value else { panic!("bytes were put") };
            assert_eq!(bytes.as_slice()[12345], 1 + 1 + (1 + n as u8));
        }
    }
}

#[test]
fn one_task_may_need_thousands() {
    let n = 3000;
    let mut rows: Vec<Vec<u32>> = (0..n).map(|_| vec![]).collect();
    rows.push((0..n).collect());
    let table = dag_table(&rows, &[n]);
    assert_eq!(run_pool(table, RunOptions::default()).unwrap(), [Value::Int(i64::from(n) + 1)]);
}

#[test]
fn a_cancelled_run_is_over_at_once() {
    let registry = registry();
    let run =
        Run::new(table(&[("tally", &[]), ("tally", &[0])], &[1]), registry, RunOptions::default()).unwrap();
    run.cancel();
    assert!(run.is_over());
    assert_eq!(run.results().unwrap_err().kind(), &ErrorKind::Cancelled);
}

#[test]
fn a_graph_without_tasks_is_over_before_it_starts() {
    assert_eq!(run_pool(table(&[], &[]), RunOptions::default()).unwrap(), []);
}

#[test]
fn graph_is_run_while_it_is_ordered() {
    let inputs = raskt_graph::shapes::random(720_000, 4, 3).unwrap();
    let rows: Vec<Vec<u32>> = inputs.rows().map(<[u32]>::to_vec).collect();
    let mut builder = TableBuilder::default();
    let body = builder.body(Body::native("tally"));
    for row in &rows {
        builder.push(body, row).unwrap();
    }
    let last: Vec<u32> = (rows.len() as u32 - 1000..rows.len() as u32).collect();
    let table = Arc::new(builder.finish(Keys::Indexed("t".into()), last.clone()).unwrap());
    let expected = oracle(&rows);
    let expected: Vec<Value> = last.iter().map(|&task| Value::Int(expected[task as usize])).collect();
    assert_eq!(run_sync(Arc::clone(&table), RunOptions::default()).unwrap(), expected);
    assert_eq!(run_pool(table, RunOptions::default()).unwrap(), expected);
}

#[test]
fn run_that_is_cancelled_before_it_is_ordered_is_over() {
    let options = RunOptions { order_later_from: 0, ..RunOptions::default() };
    let run = Run::new(table(&[("tally", &[]), ("tally", &[0])], &[1]), registry(), options).unwrap();
    run.cancel();
    assert!(run.order(), "nobody had done it");
    assert!(!run.order());
    assert_eq!(drive(&run, 0, &mut Probe::default()), Drive::Over);
    assert!(matches!(run.results().unwrap_err().kind(), ErrorKind::Cancelled));
}

/// A kernel that waits until it is let go, and whether it was begun.
fn gate() -> (Arc<BodyRegistry>, Arc<AtomicU32>, std::sync::mpsc::Sender<()>) {
    let (open, closed) = std::sync::mpsc::channel::<()>();
    let closed = std::sync::Mutex::new(closed);
    let n_begun = Arc::new(AtomicU32::new(0));
    let begun = Arc::clone(&n_begun);
    let mut registry = BodyRegistry::default();
    let wait = move |_: &mut Call<'_>| {
        begun.fetch_add(1, Ordering::SeqCst);
        // Ends when the test lets go of the other end.
        let _ = closed.lock().unwrap().recv();
        Ok(Value::Int(1).into())
    };
    registry.add_kernel("wait", Arc::new(wait)).unwrap();
    (Arc::new(registry), n_begun, open)
}

#[test]
fn a_pool_that_is_left_waits_for_no_function_that_holds_its_threads() {
    let (registry, n_begun, open) = gate();
    let pool = Pool::new(2, &registry).unwrap();
    let options = RunOptions { n_workers: 2, ..RunOptions::default() };
    let run = Arc::new(Run::new(table(&[("wait", &[])], &[0]), registry, options).unwrap());
    pool.start(&run);
    while n_begun.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    run.cancel();
    assert!(run.is_running());
    pool.note_held();
    assert!(pool.is_held());
    pool.leave();
    while pool.n_alive() > 1 {
        std::thread::yield_now();
    }
    // Would wait for ever.
    drop(pool);
    drop(open);
    while run.is_running() {
        std::thread::yield_now();
    }
}

#[test]
fn a_worker_that_leaves_a_cancelled_run_runs_nothing_any_more() {
    let registry = registry();
    let pool = Pool::new(2, &registry).unwrap();
    for _ in 0..200 {
        let rows: &[(&str, &[u32])] =
            &[("bulk", &[]), ("bulk", &[]), ("fail", &[]), ("bulk", &[]), ("bulk", &[])];
        let options = RunOptions { n_workers: 2, ..RunOptions::default() };
        let run = Run::new(table(rows, &[0, 1, 2, 3, 4]), Arc::clone(&registry), options).unwrap();
        let run = Arc::new(run);
        pool.start(&run);
        while !run.wait(None) {}
        assert!(run.results().is_err());
        let begun = std::time::Instant::now();
        while run.is_running() {
            assert!(begun.elapsed().as_secs() < 30, "{:?} is called running, and ended", run.running());
            std::thread::yield_now();
        }
    }
}
