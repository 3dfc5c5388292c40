//! Whole runs on child processes, without Python.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use raskt_core::{ErrorKind, Param, Value};
use raskt_exec::{ErrorPolicy, Run, RunOptions};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};
use raskt_local::process::{ChildCommand, PoolOptions, ProcessPool};
use raskt_store::SpillFolder;

#[path = "../test_child/kernels.rs"]
mod kernels;

fn command() -> ChildCommand {
    ChildCommand {
        program: std::env::var_os("CARGO_BIN_EXE_raskt-local-test-child").unwrap(),
        args: vec![],
        env: vec![],
    }
}

fn pool(n_children: usize) -> ProcessPool {
    ProcessPool::new(PoolOptions::new(n_children, command()), &kernels::registry()).unwrap()
}

fn start(pool: &ProcessPool, table: Arc<TaskTable>, options: RunOptions) -> Arc<Run> {
    let options = RunOptions { n_workers: pool.options().n_children, ..options };
    let run = Arc::new(Run::new(table, Arc::clone(pool.registry()), options).unwrap());
    pool.start(&run);
    run
}

fn compute(pool: &ProcessPool, table: Arc<TaskTable>, options: RunOptions) -> raskt_core::Result<Vec<Value>> {
    let run = start(pool, table, options);
    while !run.wait(None) {}
    run.results()
}

/// A table of native tasks: kernel, own parameter, inputs.
fn table(rows: &[(&str, Param, Vec<u32>)], outputs: &[u32]) -> Arc<TaskTable> {
    let mut table = TableBuilder::default();
    for (name, own, inputs) in rows {
        let body = table.body(Body::native(name));
        table.push_with(body, own.clone(), inputs).unwrap();
    }
    Arc::new(table.finish(Keys::Indexed("t".into()), outputs.to_vec()).unwrap())
}

fn row(name: &'static str, inputs: &[u32]) -> (&'static str, Param, Vec<u32>) {
    (name, Param::Null, inputs.to_vec())
}

fn oracle(rows: &[Vec<u32>]) -> Vec<i64> {
    let mut values: Vec<i64> = Vec::new();
    for row in rows {
        values.push(row.iter().map(|&i| values[i as usize]).fold(1, i64::wrapping_add));
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

#[test]
fn random_graphs_equal_a_recursive_evaluator() {
    let pool = pool(2);
    let config = ProptestConfig::with_cases(64);
    let strategy = (dag(), prop::collection::vec(any::<u32>(), 1..5));
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&strategy, |(rows, picks)| {
        let outputs: Vec<u32> = picks.iter().map(|pick| pick % rows.len() as u32).collect();
        let values = oracle(&rows);
        let expected: Vec<Value> = outputs.iter().map(|&o| Value::Int(values[o as usize])).collect();
        let rows: Vec<_> = rows.iter().map(|inputs| ("tally", Param::Null, inputs.clone())).collect();
        prop_assert_eq!(compute(&pool, table(&rows, &outputs), RunOptions::default()).unwrap(), expected);
        Ok(())
    });
    outcome.unwrap();
    assert!(pool.pids().len() <= 2);
}

#[test]
fn a_hundred_thousand_tasks_run_and_their_values_arrive() {
    let n = 100_000u32;
    let mut rows = vec![row("tally", &[])];
    rows.extend((1..n).map(|i| ("tally", Param::Null, vec![(i - 1) / 2])));
    let pool = pool(2);
    let begun = Instant::now();
    let outputs: Vec<u32> = (0..n).collect();
    let values = compute(&pool, table(&rows, &outputs), RunOptions::default()).unwrap();
    eprintln!("{:.2} µs a task", begun.elapsed().as_secs_f64() * 1e6 / f64::from(n));
    for (at, value) in values.into_iter().enumerate() {
        assert_eq!(value, Value::Int(i64::from((at as u32 + 1).ilog2()) + 1));
    }
}

#[test]
fn a_graph_grows_in_a_child_and_runs_in_others() {
    let rows = [
        row("tally", &[]),
        row("tally", &[0, 0]),
        row("grow", &[1]),
        row("grow", &[2]),
        row("tally", &[3, 1]),
    ];
    let values = compute(&pool(2), table(&rows, &[4, 2]), RunOptions::default()).unwrap();
    assert_eq!(values, [Value::Int(16), Value::Int(6)]);
}

#[test]
fn large_arrays_go_from_child_to_child() {
    let mut rows = vec![("bulk", Param::Int(3 << 20), vec![])];
    rows.extend((0..20).map(|i| ("bulk", Param::Int((100_000 << (i % 6)) + 7), vec![i])));
    rows.push(("bulk", Param::Int(10), (0..20).collect()));
    let outputs: Vec<u32> = (0..22).collect();
    let pool = pool(2);
    for _ in 0..3 {
        let values = compute(&pool, table(&rows, &outputs), RunOptions::default()).unwrap();
        for (at, value) in values.iter().enumerate() {
            let Value::Array(array) = value else { panic!("an array was made") };
            let expected = if at == 21 { 1 + (1..=20).sum::<u32>() as u8 } else { at as u8 + 1 };
            assert!(array.buffer().as_slice().iter().all(|&byte| byte == expected), "{at}");
        }
    }
}

#[test]
fn values_beyond_the_budget_go_to_disk_and_come_back() {
    let n = 40u32;
    let mut rows: Vec<_> = (0..n).map(|_| row("bulk", &[])).collect();
    rows.push(("bulk", Param::Null, (0..n).collect()));
    rows.extend((0..n).map(|i| ("bulk", Param::Null, vec![i, n])));
    let outputs: Vec<u32> = (n + 1..2 * n + 1).collect();
    let options = RunOptions {
        memory_limit_bytes: Some(10 << 20),
        spill: Some(SpillFolder::create(&std::env::temp_dir()).unwrap()),
        ..RunOptions::default()
    };
    let pool = pool(2);
    let run = start(&pool, table(&rows, &outputs), options);
    while !run.wait(None) {}
    assert!(run.memory().2 > 0);
    for value in run.results().unwrap() {
        let Value::Array(array) = value else { panic!("an array was made") };
        assert_eq!(array.buffer().as_slice()[12345], 1 + 1 + (1 + n as u8));
    }
}

#[test]
fn errors_and_panics_name_their_tasks_and_all_are_collected_on_request() {
    let pool = pool(2);
    let rows = [row("tally", &[]), row("fail", &[0]), row("panic", &[]), row("tally", &[1])];
    let error = compute(&pool, table(&rows[..2], &[1]), RunOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "on purpose (task ('t', 1), function fail)");
    let options = RunOptions { errors: ErrorPolicy::All, ..RunOptions::default() };
    let error = compute(&pool, table(&rows, &[3, 2]), options).unwrap_err();
    let ErrorKind::Many(mut errors) = error.kind().clone() else { panic!("all were asked for: {error}") };
    errors.sort_by_key(ToString::to_string);
    assert_eq!(errors[0].kind(), &ErrorKind::Panicked("boom".into()));
    assert_eq!(errors[1].kind(), &ErrorKind::InvalidValue("on purpose".into()));
}

fn dying(name: &str, times: i64) -> (Param, std::path::PathBuf) {
    let file = std::env::temp_dir().join(format!("raskt-local-{name}-{}", std::process::id()));
    drop(std::fs::remove_file(&file));
    (Param::map([("file", Param::Str(file.to_string_lossy().into())), ("times", Param::Int(times))]), file)
}

#[test]
fn a_task_whose_child_dies_is_tried_again_once() {
    let (own, file) = dying("once", 1);
    let mut rows: Vec<_> = (0..50).map(|_| row("tally", &[])).collect();
    rows.push(("die", own, vec![]));
    rows.push(("tally", Param::Null, (0..51).collect()));
    let values = compute(&pool(2), table(&rows, &[51]), RunOptions::default()).unwrap();
    assert_eq!(values, [Value::Int(52)]);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn a_task_whose_child_dies_twice_is_blamed_and_nobody_else_is() {
    let (own, file) = dying("twice", 9);
    let mut rows: Vec<_> = (0..50).map(|_| row("tally", &[])).collect();
    rows.push(("die", own, vec![]));
    let outputs: Vec<u32> = (0..51).collect();
    let options = RunOptions { errors: ErrorPolicy::All, ..RunOptions::default() };
    let error = compute(&pool(2), table(&rows, &outputs), options).unwrap_err();
    let ErrorKind::WorkerDied { status, pid } = error.kind() else { panic!("{error}") };
    assert_eq!(status, "exit code 3");
    assert!(*pid > 0);
    assert!(error.to_string().ends_with("(task ('t', 50), function die)"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap().len(), 2);
    std::fs::remove_file(file).unwrap();
}

#[test]
fn children_that_are_killed_from_outside_are_replaced() {
    let pool = pool(2);
    let rows: Vec<_> = (0..40).map(|_| ("sleep", Param::Int(10), vec![])).collect();
    let outputs: Vec<u32> = (0..40).collect();
    let run = start(&pool, table(&rows, &outputs), RunOptions::default());
    while run.n_done() < 4 {
        std::thread::sleep(Duration::from_millis(1));
    }
    for pid in pool.pids() {
        let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
    while !run.wait(None) {}
    assert_eq!(run.results().unwrap().len(), 40);
}

#[test]
fn a_cancelled_run_leaves_no_child_busy() {
    let pool = pool(2);
    for name in ["patient", "sleep"] {
        let rows: Vec<_> = (0..8).map(|_| (name, Param::Int(60_000), vec![])).collect();
        let run = start(&pool, table(&rows, &[0, 7]), RunOptions::default());
        while run.running().len() < 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        run.cancel();
        let begun = Instant::now();
        while !run.running().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "children are still busy");
            std::thread::sleep(Duration::from_millis(1));
        }
        let values = compute(&pool, table(&[row("tally", &[])], &[0]), RunOptions::default()).unwrap();
        assert_eq!(values, [Value::Int(1)]);
    }
}

#[test]
fn what_waits_behind_a_long_task_is_given_to_another_child() {
    // Short tasks first, so that children are sent several at once.
    let pool = pool(2);
    let warm: Vec<_> = (0..2000).map(|_| row("tally", &[])).collect();
    let outputs: Vec<u32> = (0..2000).collect();
    compute(&pool, table(&warm, &outputs), RunOptions::default()).unwrap();
    let mut rows = vec![("sleep", Param::Int(1500), vec![])];
    rows.extend((0..400).map(|_| ("sleep", Param::Int(0), vec![])));
    let run = start(&pool, table(&rows, &(0..401).collect::<Vec<_>>()), RunOptions::default());
    let begun = Instant::now();
    while run.n_done() < 400 {
        std::thread::sleep(Duration::from_millis(1));
        assert!(begun.elapsed() < Duration::from_millis(1400), "{} done behind the long one", run.n_done());
    }
    while !run.wait(None) {}
}

#[test]
fn a_child_is_replaced_after_as_many_tasks_as_told() {
    let options = PoolOptions { recycle_after_tasks: Some(10), ..PoolOptions::new(1, command()) };
    let pool = ProcessPool::new(options, &kernels::registry()).unwrap();
    let rows: Vec<_> = (0..35).map(|_| row("pid", &[])).collect();
    let values = compute(&pool, table(&rows, &(0..35).collect::<Vec<_>>()), RunOptions::default()).unwrap();
    let mut pids: Vec<i64> = values.iter().map(|v| if let Value::Int(pid) = v { *pid } else { 0 }).collect();
    pids.sort_unstable();
    let most = pids.chunk_by(|a, b| a == b).map(<[i64]>::len).max();
    pids.dedup();
    assert_eq!((pids.len(), most), (4, Some(10)));
}

#[test]
fn idle_children_end_and_come_back_when_needed() {
    let options =
        PoolOptions { idle_timeout: Some(Duration::from_millis(20)), ..PoolOptions::new(1, command()) };
    let pool = ProcessPool::new(options, &kernels::registry()).unwrap();
    let table = table(&[row("pid", &[])], &[0]);
    let first = compute(&pool, Arc::clone(&table), RunOptions::default()).unwrap();
    let begun = Instant::now();
    while !pool.pids().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_ne!(compute(&pool, table, RunOptions::default()).unwrap(), first);
}

#[test]
fn a_program_that_is_no_child_is_an_error_with_its_exit_code() {
    for (program, words) in [("/bin/false", "exit code 1"), ("/nowhere/at/all", "could not be started")] {
        let command = ChildCommand { program: program.into(), args: vec![], env: vec![] };
        let pool = ProcessPool::new(PoolOptions::new(1, command), &kernels::registry()).unwrap();
        let error = compute(&pool, table(&[row("pid", &[])], &[0]), RunOptions::default()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_that_writes_to_the_connection_is_ended_and_its_task_is_blamed() {
    let pool = pool(2);
    for words in ["x", "hello, parent", "\u{0}\u{0}\u{0}", "\u{8}\u{ff}\u{ff}\u{ff}\u{f}"] {
        let babble = [("babble", Param::Str(words.into()), vec![])];
        let error = compute(&pool, table(&babble, &[0]), RunOptions::default()).unwrap_err();
        let ErrorKind::WorkerDied { status, .. } = error.kind() else { panic!("{error}") };
        assert!(status.contains("bytes that are no message"), "{status}");
        assert!(!status.contains("out of memory"), "{status}");
    }
    let values = compute(&pool, table(&[row("tally", &[])], &[0]), RunOptions::default()).unwrap();
    assert_eq!(values, [Value::Int(1)]);
}

#[test]
#[cfg(target_os = "linux")]
fn forged_frames_of_a_child_end_its_task_and_never_hang_the_parent() {
    let pool = pool(2);
    let mut n_refused = 0;
    for seed in 0..120 {
        let rows = [("forge", Param::Int(seed), vec![]), row("tally", &[]), row("tally", &[0, 1])];
        let run = start(&pool, table(&rows, &[2]), RunOptions::default());
        let begun = Instant::now();
        while !run.wait(Some(Duration::from_millis(100))) {
            assert!(begun.elapsed() < Duration::from_secs(60), "seed {seed}: the parent waits");
        }
        n_refused += usize::from(run.results().is_err());
    }
    assert!(n_refused > 20, "only {n_refused} of 120 were refused: they did not arrive");
    let values = compute(&pool, table(&[row("tally", &[])], &[0]), RunOptions::default()).unwrap();
    assert_eq!(values, [Value::Int(1)]);
}

#[test]
fn a_child_that_says_nothing_is_ended_and_nobody_asks_for_memory() {
    let command = ChildCommand { program: "/bin/sleep".into(), args: vec!["60".into()], env: vec![] };
    let options = PoolOptions { start_timeout: Duration::from_millis(50), ..PoolOptions::new(1, command) };
    let pool = ProcessPool::new(options, &kernels::registry()).unwrap();
    let error = compute(&pool, table(&[row("pid", &[])], &[0]), RunOptions::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("it was not ready and was ended: nothing heard for 50ms"), "{text}");
}

#[test]
fn dropping_the_pool_ends_its_children_whatever_they_do() {
    let pool = pool(2);
    let rows: Vec<_> = (0..4).map(|_| ("sleep", Param::Int(60_000), vec![])).collect();
    let run = start(&pool, table(&rows, &[0]), RunOptions::default());
    while pool.pids().len() < 2 || run.running().len() < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let pids = pool.pids();
    drop(pool);
    assert!(run.is_over());
    for pid in pids {
        let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
        assert!(rustix::process::test_kill_process(pid).is_err(), "{pid:?} is still there");
    }
}

#[test]
fn runs_of_several_threads_share_a_pool() {
    let pool = pool(2);
    std::thread::scope(|scope| {
        for n in 1..6u32 {
            let pool = &pool;
            scope.spawn(move || {
                let row = |i: u32| ("tally", Param::Null, Vec::from_iter(i.checked_sub(1)));
                let rows: Vec<_> = (0..200 * n).map(row).collect();
                let last = 200 * n - 1;
                let values = compute(pool, table(&rows, &[last]), RunOptions::default()).unwrap();
                assert_eq!(values, [Value::Int(i64::from(last) + 1)]);
            });
        }
    });
}
