//! The largest clusters: `make soak`. Ten million tasks on 100,000 workers by the scheduler alone, then 10,000 workers with faults
//! in the simulator. Prints how long each takes, and how much memory.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use raskt_core::{Key, Result};
use raskt_graph::{Body, Keys, TableBuilder};
use raskt_sched::{
    Action, Event, FromClient, FromWorker, Options, Scheduler, Submission, Time, ToWorker, WorkerInfo,
};
use raskt_sim::{Scenario, run};

const N_WORKERS: usize = 100_000;
const N_CHAINS: u32 = 100_000;
const N_STEPS: u32 = 100;
/// After so long something is left that nobody needs.
const FORGOTTEN_MAX: Duration = Duration::from_secs(600);

/// A step of all chains, as a slice of the graph: each task needs two of the step before.
fn slice(step: u32) -> Result<Submission> {
    let mut table = TableBuilder::default();
    let body = table.body(Body::native("step"));
    let n_inputs = if step == 0 { 0 } else { N_CHAINS };
    for input in 0..n_inputs {
        table.push_own(Body::Input(input), &[])?;
    }
    let rows = (0..N_CHAINS).map(|at| match step {
        0 => table.push(body, &[]),
        _ => table.push(body, &[at, (at + 1) % N_CHAINS]),
    });
    let rows = rows.collect::<Result<Vec<u32>>>()?;
    let is_last = step + 1 == N_STEPS;
    let outputs = if is_last { rows.clone() } else { Vec::new() };
    let table = table.finish(Keys::Indexed(format!("step-{step}").as_str().into()), outputs)?;
    let mut submission = Submission::new("chains", Arc::new(table));
    if step > 0 {
        let before = if step == 1 { 0 } else { N_CHAINS };
        let name = format!("step-{}", step - 1);
        submission.inputs = (0..N_CHAINS).map(|at| Key::block(name.as_str(), &[at + before])).collect();
    }
    submission.held = if is_last { Vec::new() } else { rows };
    submission.is_last = is_last;
    Ok(submission)
}

/// The most memory that this process has had.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |kib| kib.trim().to_owned())
}

/// Handles an event: how long that took.
fn handle(scheduler: &mut Scheduler, event: Event, now: Time, actions: &mut Vec<Action>) -> Duration {
    let begin = Instant::now();
    scheduler.handle(event, now, actions);
    begin.elapsed()
}

fn with_workers(actions: &mut Vec<Action>) -> Result<Scheduler> {
    let mut scheduler = Scheduler::new(Options::default());
    for worker in 0..N_WORKERS {
        let name = format!("w{worker}");
        let (name, host) = (name.as_str().into(), name.as_str().into());
        let info = WorkerInfo { name, host, n_threads: 4, resources: Vec::new() };
        scheduler.worker_joins(info, Time(0), actions)?;
    }
    Ok(scheduler)
}

/// The scheduler alone: every task runs where it is sent.
fn schedule() -> std::result::Result<(), Box<dyn Error>> {
    let (mut actions, mut now) = (Vec::new(), Time(0));
    let (mut slowest_slice, mut slowest) = (Duration::ZERO, Duration::ZERO);
    let mut scheduler = with_workers(&mut actions)?;
    let client = scheduler.client_joins()?;
    let begin = Instant::now();
    for step in 0..N_STEPS {
        let submit = FromClient::Submit(Box::new(slice(step)?));
        let time = handle(&mut scheduler, Event::Client(client, submit), now, &mut actions);
        slowest_slice = slowest_slice.max(time);
    }
    println!(
        "{} tasks submitted in {:.1} s, of which {} bytes each; memory of the process so far: {}",
        N_CHAINS * N_STEPS,
        begin.elapsed().as_secs_f64(),
        scheduler.counts().n_bytes / scheduler.counts().n_tasks,
        peak()
    );
    let begin = Instant::now();
    let (mut sent, mut n_done) = (VecDeque::new(), 0_u32);
    loop {
        for action in actions.drain(..) {
            if let Action::ToWorker(worker, ToWorker::Compute(compute)) = action {
                sent.push_back((worker, compute.attempt));
            }
        }
        let Some((worker, attempt)) = sent.pop_front() else { break };
        now = now.after(Duration::from_nanos(100));
        let started = Event::Worker(worker, FromWorker::Started(attempt));
        slowest = slowest.max(handle(&mut scheduler, started, now, &mut actions));
        let finished = FromWorker::Finished { attempt, n_bytes: 1000, duration: Duration::from_millis(10) };
        let finished = Event::Worker(worker, finished);
        slowest = slowest.max(handle(&mut scheduler, finished, now, &mut actions));
        n_done += 1;
    }
    let mut forgotten = handle(&mut scheduler, Event::ClientLost(client), now, &mut actions);
    // Each event forgets some.
    while scheduler.counts().n_tasks > 0 && forgotten < FORGOTTEN_MAX {
        forgotten +=
            handle(&mut scheduler, Event::Client(client, FromClient::Release(Vec::new())), now, &mut actions);
    }
    let seconds = begin.elapsed().as_secs_f64();
    if (n_done, scheduler.counts().n_tasks) != (N_CHAINS * N_STEPS, 0) {
        return Err(format!("{n_done} tasks ran, and {} are left", scheduler.counts().n_tasks).into());
    }
    println!(
        "{n_done} tasks on {N_WORKERS} workers: {seconds:.1} s, {:.2} µs a task; the slowest event {slowest:.1?}, \
         the slowest slice of {N_CHAINS} tasks {slowest_slice:.1?}, all forgotten in {forgotten:.1?}; \
         memory of the process at most {}",
        seconds * 1e6 / f64::from(n_done),
        peak()
    );
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    schedule()?;
    for seed in 0..3 {
        let begin = Instant::now();
        let report = run(&Scenario::large(seed, 10_000))?;
        println!(
            "seed {seed}: 10000 workers, {} tasks run, {} values, {} failures, {} cancelled, in {:.1} s of virtual and \
             {:.1} s of real time ({} steps); memory of the process at most {}",
            report.n_tasks_run,
            report.n_values,
            report.n_failures,
            report.n_cancelled,
            report.makespan.as_secs_f64(),
            begin.elapsed().as_secs_f64(),
            report.n_steps,
            peak()
        );
    }
    Ok(())
}
