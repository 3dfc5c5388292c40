//! A source starts only while the budget holds: sources are held back while memory is short, and tasks that give some
//! back go first. Stepped by the test, without threads; then on a pool.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use raskt_core::{Buffer, Value};
use raskt_exec::run::Work;
use raskt_exec::{BodyRegistry, Budget, Call, Job, NATIVE, Outcome, Pool, Report, Run, RunOptions};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};

const BULK_BYTES: usize = 1 << 20;
const N_BULKS: u32 = 32;
/// How many of them the budget has room for.
const N_ROOM: usize = 4;

fn table(rows: &[(&str, Vec<u32>)], outputs: Vec<u32>) -> Arc<TaskTable> {
    let mut table = TableBuilder::default();
    // One body for all tasks of a name: what one returned is expected of the others.
    let mut bodies = BTreeMap::new();
    for (name, inputs) in rows {
        let body = *bodies.entry(name).or_insert_with(|| table.body(Body::native(name)));
        table.push(body, inputs).unwrap();
    }
    Arc::new(table.finish(Keys::Indexed("t".into()), outputs).unwrap())
}

/// Task 0 is `late`. Each of the `bulk`s, which need nothing, is needed by a `drain` that needs 0 as well.
fn bulks_behind_a_late_task() -> Arc<TaskTable> {
    let mut rows = vec![("late", vec![])];
    rows.extend((0..N_BULKS).map(|_| ("bulk", vec![])));
    rows.extend((1..=N_BULKS).map(|bulk| ("drain", vec![0, bulk])));
    table(&rows, (N_BULKS + 1..=2 * N_BULKS).collect())
}

fn registry(
    late: impl Fn() + Send + Sync + 'static,
    bulk: impl Fn() + Send + Sync + 'static,
) -> Arc<BodyRegistry> {
    let mut registry = BodyRegistry::default();
    let late = move |_: &mut Call<'_>| {
        late();
        Ok(Outcome::Value(Value::Int(1)))
    };
    let bulk = move |_: &mut Call<'_>| {
        bulk();
        Ok(Outcome::Value(Buffer::from(vec![7; BULK_BYTES]).into()))
    };
    let drain = |call: &mut Call<'_>| match &call.inputs[1] {
        Value::Bytes(bytes) => Ok(Outcome::Value(Value::Int(i64::from(bytes.as_slice()[9])))),
        other => panic!("bytes were put, not {other:?}"),
    };
    registry.add_kernel("late", Arc::new(late)).unwrap();
    registry.add_kernel("bulk", Arc::new(bulk)).unwrap();
    registry.add_kernel("drain", Arc::new(drain)).unwrap();
    Arc::new(registry)
}

fn options(n_workers: usize) -> RunOptions {
    let budget = (N_ROOM * BULK_BYTES + BULK_BYTES / 2) as u64;
    RunOptions { n_workers, memory_limit_bytes: Some(budget), ..RunOptions::default() }
}

/// A run whose worker is the test: it decides when a job is done.
struct Stepped {
    run: Run,
    jobs: VecDeque<Job>,
    n_bulks: usize,
}

impl Stepped {
    fn new() -> Self {
        let run = Run::new(bulks_behind_a_late_task(), registry(|| (), || ()), options(1)).unwrap();
        Self { run, jobs: VecDeque::new(), n_bulks: 0 }
    }

    /// Takes one more job; whether there was one.
    fn take(&mut self, reports: &mut Vec<Report>) -> bool {
        match self.run.exchange(NATIVE, 1, reports, &mut self.jobs, &mut Vec::new()) {
            Work::Spill(_) => panic!("there is no disk"),
            Work::Jobs | Work::Nothing => {}
        }
        let (memory, peak, _) = self.run.memory();
        assert!(peak <= options(1).memory_limit_bytes.unwrap(), "{memory} bytes, {peak} at the most");
        !self.jobs.is_empty()
    }

    fn run_all(&mut self) -> Vec<Report> {
        let is_bulk = |job: &Job| (1..=N_BULKS).contains(&job.task);
        self.n_bulks += self.jobs.iter().filter(|job| is_bulk(job)).count();
        std::mem::take(&mut self.jobs).into_iter().map(|job| self.run.execute(job, 0, 1)).collect()
    }
}

#[test]
fn a_source_starts_only_while_the_budget_holds() {
    let mut stepped = Stepped::new();
    assert!(stepped.take(&mut Vec::new()));
    let late = stepped.jobs.pop_front().unwrap();
    assert_eq!(late.task, 0);
    let mut reports = Vec::new();
    while stepped.take(&mut reports) {
        reports = stepped.run_all();
    }
    assert_eq!(
        stepped.n_bulks, N_ROOM,
        "more have no room, and nothing frees any before the late task is done"
    );
    reports = vec![stepped.run.execute(late, 0, 1)];
    let mut kinds = Vec::new();
    while stepped.take(&mut reports) {
        kinds.push(stepped.jobs[0].inputs.is_empty());
        reports = stepped.run_all();
    }
    assert_eq!(kinds[..N_ROOM], [false; N_ROOM], "what is held is drained before another source starts");
    assert_eq!(stepped.run.results().unwrap(), vec![Value::Int(7); N_BULKS as usize]);
}

#[test]
fn a_source_that_never_fits_starts_when_nothing_else_could_happen() {
    let registry = registry(|| (), || ());
    let table = table(&[("bulk", vec![]), ("bulk", vec![]), ("bulk", vec![])], vec![0, 1, 2]);
    let options = RunOptions { memory_limit_bytes: Some(1000), ..RunOptions::default() };
    let run = Run::new(table, registry, options).unwrap();
    let (mut jobs, mut reports) = (VecDeque::new(), Vec::new());
    for n_done in 0..3 {
        assert!(matches!(run.exchange(NATIVE, 1, &mut reports, &mut jobs, &mut Vec::new()), Work::Jobs));
        if n_done > 0 {
            let step = run.exchange(NATIVE, 8, &mut Vec::new(), &mut VecDeque::new(), &mut Vec::new());
            assert!(matches!(step, Work::Nothing), "not beside another");
        }
        reports.extend(jobs.drain(..).map(|job| run.execute(job, 0, 1)));
    }
    let _ = run.exchange(NATIVE, 8, &mut reports, &mut jobs, &mut Vec::new());
    assert_eq!(run.results().unwrap().len(), 3);
}

#[test]
fn the_threads_of_a_pool_hold_sources_back() {
    let n_started = Arc::new(AtomicUsize::new(0));
    let (of_late, of_bulk) = (Arc::clone(&n_started), Arc::clone(&n_started));
    let late = move || {
        while of_late.load(Ordering::Acquire) < N_ROOM {
            thread::yield_now();
        }
        // Time for the others to start what they should not.
        thread::sleep(Duration::from_millis(50));
        assert!(of_late.load(Ordering::Acquire) <= N_ROOM + 2, "a source started without room");
    };
    let bulk = move || {
        of_bulk.fetch_add(1, Ordering::AcqRel);
    };
    let registry = registry(late, bulk);
    let pool = Pool::new(3, &registry).unwrap();
    let run = Arc::new(Run::new(bulks_behind_a_late_task(), registry, options(3)).unwrap());
    pool.start(&run);
    while !run.wait(None) {}
    assert_eq!(run.results().unwrap(), vec![Value::Int(7); N_BULKS as usize]);
    let (_, peak, _) = run.memory();
    // Two may start before the first has shown how large they are.
    assert!(peak <= ((N_ROOM + 2) * BULK_BYTES) as u64, "{peak} bytes");
}

#[test]
fn two_runs_that_share_a_budget_both_end_and_neither_takes_it_all() {
    let budget = Arc::new(Budget::default());
    let registry = registry(|| (), || ());
    let open = |n_workers| {
        let options = RunOptions { budget: Some(Arc::clone(&budget)), ..options(n_workers) };
        Run::new(bulks_behind_a_late_task(), Arc::clone(&registry), options).unwrap()
    };
    // The first takes all the room there is, and does not go on before the second has ended.
    let mut first = Stepped { run: open(1), jobs: VecDeque::new(), n_bulks: 0 };
    assert!(first.take(&mut Vec::new()));
    let late = first.jobs.pop_front().unwrap();
    let mut reports = Vec::new();
    while first.take(&mut reports) {
        reports = first.run_all();
    }
    assert_eq!(first.n_bulks, N_ROOM);
    assert!(budget.used_bytes() >= (N_ROOM * BULK_BYTES) as u64);
    let pool = Pool::new(2, &registry).unwrap();
    let second = Arc::new(open(2));
    pool.start(&second);
    while !second.wait(None) {}
    assert_eq!(second.results().unwrap(), vec![Value::Int(7); N_BULKS as usize]);
    drop((pool, second));
    reports = vec![first.run.execute(late, 0, 1)];
    while first.take(&mut reports) {
        reports = first.run_all();
    }
    assert_eq!(first.run.results().unwrap(), vec![Value::Int(7); N_BULKS as usize]);
}
