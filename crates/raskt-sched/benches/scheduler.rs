//! The scheduler alone: the time of a task over its whole life, and its memory. `cargo bench -p raskt-sched`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use raskt_core::{Key, Result};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};
use raskt_sched::{
    Action, Event, FromClient, FromWorker, Options, Scheduler, Submission, Time, ToWorker, WorkerInfo,
};

/// Tasks that reduce pairs to one, above so many without inputs.
fn tree(n_roots: u32) -> Result<TaskTable> {
    let mut table = TableBuilder::default();
    let (load, add) = (table.body(Body::native("load")), table.body(Body::native("add")));
    let mut level = (0..n_roots).map(|_| table.push(load, &[])).collect::<Result<Vec<u32>>>()?;
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| table.push(add, pair)).collect::<Result<_>>()?;
    }
    table.finish(Keys::Indexed("tree".into()), level)
}

/// Tasks that each need the one before and one of another chain.
fn chains(n_chains: u32, length: u32) -> Result<TaskTable> {
    let mut table = TableBuilder::default();
    let step = table.body(Body::native("step"));
    let mut level = (0..n_chains).map(|_| table.push(step, &[])).collect::<Result<Vec<u32>>>()?;
    for _ in 1..length {
        let next = |at: usize| [level[at], level[(at + 1) % level.len()]];
        level = (0..level.len()).map(|at| table.push(step, &next(at))).collect::<Result<_>>()?;
    }
    table.finish(Keys::Indexed("chains".into()), level)
}

fn play(name: &str, table: TaskTable, n_workers: usize) -> Result<()> {
    let n_tasks = table.n_tasks();
    let outputs: Vec<Key> = table.outputs().iter().map(|&row| table.key(row)).collect();
    let mut scheduler = Scheduler::new(Options::default());
    let (mut actions, mut now) = (Vec::new(), Time(0));
    for worker in 0..n_workers {
        let name = format!("w{worker}");
        let info = WorkerInfo {
            name: name.as_str().into(),
            host: name.as_str().into(),
            n_threads: 4,
            resources: Vec::new(),
        };
        scheduler.worker_joins(info, now, &mut actions)?;
    }
    let client = scheduler.client_joins()?;
    let submission = Box::new(Submission::new(name, Arc::new(table)));
    let begin = Instant::now();
    scheduler.handle(Event::Client(client, FromClient::Submit(submission)), now, &mut actions);
    let submitted = begin.elapsed();
    let mut bytes_peak = scheduler.counts().n_bytes;
    let (mut sent, mut n_done) = (VecDeque::new(), 0);
    loop {
        for action in actions.drain(..) {
            if let Action::ToWorker(worker, ToWorker::Compute(compute)) = action {
                sent.push_back((worker, compute.attempt));
            }
        }
        let Some((worker, attempt)) = sent.pop_front() else { break };
        now = now.after(Duration::from_nanos(100));
        scheduler.handle(Event::Worker(worker, FromWorker::Started(attempt)), now, &mut actions);
        let finished = FromWorker::Finished { attempt, n_bytes: 1000, duration: Duration::from_millis(10) };
        scheduler.handle(Event::Worker(worker, finished), now, &mut actions);
        n_done += 1;
        if n_done % 1000 == 0 {
            bytes_peak = bytes_peak.max(scheduler.counts().n_bytes);
        }
    }
    scheduler.handle(Event::Client(client, FromClient::Release(outputs)), now, &mut actions);
    // Each event forgets some; there are fewer of these than tasks.
    for _ in 0..n_tasks {
        if scheduler.counts().n_tasks == 0 {
            break;
        }
        scheduler.handle(Event::Client(client, FromClient::Release(Vec::new())), now, &mut actions);
    }
    let elapsed = begin.elapsed();
    assert_eq!(
        (n_done, scheduler.counts().n_tasks),
        (n_tasks, 0),
        "every task has run, once, and is forgotten"
    );
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / n_tasks as f64;
    println!(
        "{name:>8}: {n_tasks:>8} tasks, {n_workers:>6} workers: {:.2} µs a task, {:.2} of them to submit; {} bytes a task",
        micros(elapsed),
        micros(submitted),
        bytes_peak / n_tasks,
    );
    Ok(())
}

fn main() -> Result<()> {
    for n_workers in [10, 1000, 100_000] {
        play("tree", tree(1 << 18)?, n_workers)?;
        play("chains", chains(4096, 100)?, n_workers)?;
    }
    Ok(())
}
