//! What is recorded of runs: numbers of tasks are exact, whatever their pace; failures, spilling and waiting are told of.
#![cfg(not(feature = "shuttle"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use raskt_core::{Buffer, Error, ErrorKind, Value};
use raskt_exec::events::{Event, EventKind, Lane, Reader, lanes, running};
use raskt_exec::{BodyRegistry, Call, Kernel, Outcome, Pool, Run, RunOptions};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};
use raskt_store::SpillFolder;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn registry(kernels: Vec<(&str, Arc<dyn Kernel>)>) -> Result<Arc<BodyRegistry>> {
    let mut registry = BodyRegistry::default();
    for (name, kernel) in kernels {
        registry.add_kernel(name, kernel)?;
    }
    Ok(Arc::new(registry))
}

fn quick(_: &mut Call<'_>) -> raskt_core::Result<Outcome> {
    Ok(Value::Int(1).into())
}

fn slow(_: &mut Call<'_>) -> raskt_core::Result<Outcome> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_micros(200) {}
    Ok(Outcome::Value(Buffer::from(vec![7; 1000]).into()))
}

fn fail(_: &mut Call<'_>) -> raskt_core::Result<Outcome> {
    Err(Error::new(ErrorKind::InvalidValue("on purpose".into())))
}

fn bulk(_: &mut Call<'_>) -> raskt_core::Result<Outcome> {
    Ok(Outcome::Value(Buffer::from(vec![7; 1 << 20]).into()))
}

/// A table of tasks without inputs, `n` of each body by turns, and one that needs them all.
fn table(bodies: &[&str], n: usize, last: &str) -> Result<Arc<TaskTable>> {
    let mut table = TableBuilder::default();
    let bodies: Vec<_> = bodies.iter().map(|name| table.body(Body::native(name))).collect();
    let last = table.body(Body::native(last));
    let mut tasks = Vec::new();
    for _ in 0..n {
        for &body in &bodies {
            tasks.push(table.push(body, &[])?);
        }
    }
    let end = table.push(last, &tasks)?;
    Ok(Arc::new(table.finish(Keys::Indexed("of-events".into()), vec![end])?))
}

/// Runs on a pool; what was recorded of it.
fn record(
    table: &Arc<TaskTable>,
    registry: &Arc<BodyRegistry>,
    options: RunOptions,
) -> Result<(Arc<Run>, Vec<Event>)> {
    let pool = Pool::new(options.n_workers, registry)?;
    let mut reader = Reader::from_now();
    let run = Arc::new(Run::new(Arc::clone(table), Arc::clone(registry), options)?);
    pool.start(&run);
    while !run.wait(None) {}
    // Workers write the last record after they report: joined, they have.
    drop(pool);
    let mut events = Vec::new();
    assert_eq!(reader.read(&mut events), 0, "nothing is overwritten");
    events.retain(|event| event.record.run == run.gauge().run());
    Ok((run, events))
}

fn count(events: &[Event], kind: EventKind) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for event in events.iter().filter(|event| event.record.kind == kind) {
        *found.entry(event.record.name.name().to_string()).or_default() += event.record.n_tasks;
    }
    found
}

#[test]
fn every_task_is_counted_by_name_however_short() -> Result<()> {
    let kernels: Vec<(&str, Arc<dyn Kernel>)> =
        vec![("events.a", Arc::new(quick)), ("events.b", Arc::new(quick)), ("events.c", Arc::new(quick))];
    let table = table(&["events.a", "events.b"], 20_000, "events.c")?;
    let options = RunOptions { n_workers: 2, ..RunOptions::default() };
    let (run, events) = record(&table, &registry(kernels)?, options)?;
    let expected = [("events.a", 20_000), ("events.b", 20_000), ("events.c", 1)];
    let expected: BTreeMap<String, u32> = expected.map(|(name, n)| (name.to_owned(), n)).into();
    assert_eq!(count(&events, EventKind::Finished), expected);
    let planned = run.gauge().n_by_name().unwrap();
    let planned: BTreeMap<String, u32> =
        planned.into_iter().map(|(name, n)| (name.name().to_string(), n as u32)).collect();
    assert_eq!(planned, expected);
    let state = run.gauge().state();
    assert_eq!((state.n_tasks, state.n_done, state.n_running), (40_001, 40_001, 0));
    assert!(state.ended.is_some_and(|(at, is_complete)| at >= run.gauge().started_ns() && is_complete));
    Ok(())
}

#[test]
fn a_task_that_takes_long_has_a_record_of_its_own_with_its_times_and_bytes() -> Result<()> {
    let kernels: Vec<(&str, Arc<dyn Kernel>)> =
        vec![("events.slow", Arc::new(slow)), ("events.end", Arc::new(quick))];
    let table = table(&["events.slow"], 20, "events.end")?;
    let (run, events) =
        record(&table, &registry(kernels)?, RunOptions { n_workers: 2, ..RunOptions::default() })?;
    let slow: Vec<_> = events.iter().filter(|event| &*event.record.name.name() == "events.slow").collect();
    assert_eq!(slow.len(), 20);
    let mut tasks: Vec<u32> = slow.iter().map(|event| event.record.task).collect();
    tasks.sort_unstable();
    assert_eq!(tasks, (0..20).collect::<Vec<_>>());
    for event in &slow {
        assert!(event.record.duration_ns >= 200_000 && event.record.bytes >= 1000);
        assert!(event.record.start_ns >= run.gauge().started_ns());
        assert!(matches!(event.lane, Lane::Thread(_)) && !event.record.is_elsewhere);
        assert_eq!(run.gauge().key(event.record.task), Some(format!("('of-events', {})", event.record.task)));
    }
    // On one thread, one after the other.
    for lane in lanes() {
        let mut spans: Vec<_> =
            slow.iter().filter(|event| event.lane == lane.lane).map(|e| e.record).collect();
        spans.sort_by_key(|record| record.start_ns);
        assert!(spans.windows(2).all(|two| two[0].start_ns + two[0].duration_ns <= two[1].start_ns));
    }
    Ok(())
}

#[test]
fn a_failure_is_told_apart() -> Result<()> {
    let kernels: Vec<(&str, Arc<dyn Kernel>)> =
        vec![("events.ok", Arc::new(quick)), ("events.fail", Arc::new(fail))];
    let table = table(&["events.ok"], 100, "events.fail")?;
    let (run, events) = record(&table, &registry(kernels)?, RunOptions::default())?;
    assert_eq!(count(&events, EventKind::Failed), [("events.fail".to_owned(), 1)].into());
    assert_eq!(count(&events, EventKind::Finished), [("events.ok".to_owned(), 100)].into());
    assert!(run.gauge().state().ended.is_some_and(|(_, is_complete)| !is_complete));
    Ok(())
}

#[test]
fn values_that_go_to_disk_and_come_back_are_told_of_with_their_bytes() -> Result<()> {
    let kernels: Vec<(&str, Arc<dyn Kernel>)> =
        vec![("events.bulk", Arc::new(bulk)), ("events.all", Arc::new(quick))];
    let table = table(&["events.bulk"], 12, "events.all")?;
    let options = RunOptions {
        memory_limit_bytes: Some(4 << 20),
        spill: Some(SpillFolder::create(&std::env::temp_dir())?),
        ..RunOptions::default()
    };
    let (_, events) = record(&table, &registry(kernels)?, options)?;
    let bytes = |kind| events.iter().filter(|e| e.record.kind == kind).map(|e| e.record.bytes).sum::<u64>();
    // 12 MiB are needed at once, and 4 may be there.
    assert!(bytes(EventKind::Spilled) >= 8 << 20, "{}", bytes(EventKind::Spilled));
    assert!(bytes(EventKind::ReadBack) >= 8 << 20, "{}", bytes(EventKind::ReadBack));
    Ok(())
}

#[test]
fn what_runs_is_seen_while_it_runs() -> Result<()> {
    let (say, said) = mpsc::channel::<()>();
    let said = Mutex::new(said);
    let wait = move |_: &mut Call<'_>| {
        // Ends when the test has seen it, or is over.
        let _ = said.lock().unwrap().recv();
        Ok(Value::Int(1).into())
    };
    let kernels: Vec<(&str, Arc<dyn Kernel>)> =
        vec![("events.quick", Arc::new(quick)), ("events.wait", Arc::new(wait))];
    let (registry, table) = (registry(kernels)?, table(&["events.quick"], 1000, "events.wait")?);
    let pool = Pool::new(2, &registry)?;
    let run = Arc::new(Run::new(table, registry, RunOptions { n_workers: 2, ..RunOptions::default() })?);
    pool.start(&run);
    let of_run = || running().into_iter().filter(|found| found.run == run.gauge().run()).collect::<Vec<_>>();
    let found = loop {
        let found = of_run();
        if found.iter().any(|found| &*found.name.name() == "events.wait") {
            break found;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].task, run.gauge().state().n_done), (1000, 1000));
    assert!(found[0].since_ns >= run.gauge().started_ns());
    say.send(())?;
    while !run.wait(None) {}
    drop(pool);
    assert_eq!(of_run(), []);
    Ok(())
}

#[test]
fn a_run_that_nobody_has_any_more_is_over() -> Result<()> {
    let registry = registry(vec![("events.never", Arc::new(quick))])?;
    let run = Run::new(table(&["events.never"], 3, "events.never")?, registry, RunOptions::default())?;
    let gauge = Arc::clone(run.gauge());
    assert_eq!(gauge.state().ended, None);
    drop(run);
    assert!(gauge.state().ended.is_some_and(|(_, is_complete)| !is_complete));
    assert_eq!(gauge.n_by_name(), None);
    Ok(())
}
