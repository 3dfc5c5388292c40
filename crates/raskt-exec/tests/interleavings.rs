//! The pool and runs under thousands of schedules that `shuttle` draws: every run ends, nobody sleeps through a
//! call, values are right. A schedule that fails is printed, and `shuttle::replay` runs it again:
//!
//!     cargo test -p raskt-exec --features shuttle --test interleavings

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::{Arc, OnceLock, Weak};

use raskt_core::{Buffer, Error, ErrorKind, ForeignDecode, Key, Result, Sealed, Value};
use raskt_exec::events::{EventKind, NameId, Record, Ring};
use raskt_exec::parking::Parking;
use raskt_exec::sync::{Condvar, Mutex, wait_for};
use raskt_exec::{
    BodyRegistry, Call, ErrorPolicy, ForeignRuntime, Kernel, Lane, Outcome, Pool, Run, RunOptions,
    Surroundings, worker,
};
use raskt_graph::{Body, Foreign, Keys, Shipment, Subgraph, TableBuilder, TaskTable};
use raskt_store::SpillFolder;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

const N_SCHEDULES: usize = 2000;

/// A runtime. In the one called `one`, like in Python's, one thread may be at a time; in `free`, any number.
struct Island {
    name: &'static str,
    door: Option<Mutex<()>>,
    meet: Arc<dyn Kernel>,
}

/// A function of an island: 1 more than the sum of the inputs, or a meeting.
#[derive(Debug)]
struct Islander {
    runtime: &'static str,
    meets: bool,
}

impl Foreign for Islander {
    fn runtime(&self) -> &str {
        self.runtime
    }

    fn label(&self) -> Arc<str> {
        "islander".into()
    }

    fn key(&self) -> Option<Key> {
        None
    }

    fn family(&self) -> u64 {
        0
    }

    fn ship(&self) -> Result<Shipment> {
        Err(ErrorKind::NotEncodable("an islander".into()).into())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl ForeignDecode for Island {
    fn decode(&self, _: Sealed) -> Result<Value> {
        Err(ErrorKind::Corrupt("nothing of this runtime travels".into()).into())
    }
}

impl Lane for Island {
    fn thread(&self, main: &mut dyn FnMut()) {
        main();
    }

    fn enter(&self, _: Option<&Surroundings>, work: &mut dyn FnMut()) {
        let _inside = self.door.as_ref().map(Mutex::lock);
        work();
    }

    fn pause(&self) {}
}

impl ForeignRuntime for Island {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&self, body: &dyn Foreign, call: &mut Call<'_>) -> Result<Outcome> {
        let islander = body.as_any().downcast_ref::<Islander>().unwrap();
        if islander.meets { self.meet.run(call) } else { tally(call) }
    }

    fn receive(&self, _: &Shipment) -> Result<Arc<dyn Foreign>> {
        Err(ErrorKind::Corrupt("nothing of this runtime travels".into()).into())
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        Err(ErrorKind::UnknownBody(path.into()).into())
    }
}

/// A body that ends when another task has come to it too.
fn meeting() -> Arc<dyn Kernel> {
    let meeting = (Mutex::new(0_u64), Condvar::new());
    Arc::new(move |_: &mut Call<'_>| {
        let (n_came, bell) = &meeting;
        let mut n = n_came.lock();
        *n += 1;
        let n_enough = n.next_multiple_of(2);
        bell.notify_all();
        while *n < n_enough {
            wait_for(bell, &mut n, None);
        }
        Ok(Value::Int(1).into())
    })
}

fn sum(call: &Call<'_>) -> i64 {
    let number = |value: &Value| match value {
        Value::Int(n) => *n,
        Value::Bytes(bytes) => i64::from(bytes.as_slice()[0]),
        _ => 0,
    };
    call.inputs.iter().map(number).sum()
}

fn tally(call: &mut Call<'_>) -> Result<Outcome> {
    thread::yield_now();
    Ok(Value::Int(1 + sum(call)).into())
}

/// A hundred bytes that say the same.
fn bulk(call: &mut Call<'_>) -> Result<Outcome> {
    Ok(Outcome::Value(Buffer::from(vec![1 + sum(call) as u8; 100 << 10]).into()))
}

/// A chain of two tallies on the input.
fn grow(_: &mut Call<'_>) -> Result<Outcome> {
    let mut table = TableBuilder::default();
    let (input, tally) = (table.body(Body::Input(0)), table.body(Body::native("tally")));
    let first = table.push(input, &[])?;
    let second = table.push(tally, &[first])?;
    let third = table.push(tally, &[second])?;
    Ok(Outcome::Expand(Box::new(Subgraph::new(table.finish(Keys::Indexed("grown".into()), vec![third])?)?)))
}

type Home = Arc<OnceLock<(Weak<Pool>, Arc<BodyRegistry>)>>;

/// Everything that a schedule needs: a pool, and bodies of which one computes a graph of its own on that pool.
fn pool(n_threads: usize) -> (Arc<Pool>, Arc<BodyRegistry>) {
    let home = Home::default();
    let mut registry = BodyRegistry::default();
    let meet = meeting();
    registry.add_kernel("meet", Arc::clone(&meet)).unwrap();
    let door = Some(Mutex::new(()));
    registry.add_runtime(Arc::new(Island { name: "one", door, meet: Arc::clone(&meet) }));
    registry.add_runtime(Arc::new(Island { name: "free", door: None, meet }));
    registry.add_kernel("tally", Arc::new(tally)).unwrap();
    registry.add_kernel("bulk", Arc::new(bulk)).unwrap();
    registry.add_kernel("grow", Arc::new(grow)).unwrap();
    let fail = |_: &mut Call<'_>| Err(Error::new(ErrorKind::InvalidValue("on purpose".into())));
    registry.add_kernel("fail", Arc::new(fail)).unwrap();
    let flaky = |call: &mut Call<'_>| match thread_rng().gen_ratio(1, 3) {
        true => Err(Error::new(ErrorKind::InvalidValue("try again".into()))),
        false => tally(call),
    };
    registry.add_kernel("flaky", Arc::new(flaky)).unwrap();
    let of_nested = Arc::clone(&home);
    let nested = move |call: &mut Call<'_>| {
        let (pool, registry) = of_nested.get().unwrap();
        let rows: &[(&str, &[u32])] = &[("tally", &[]), ("tally", &[]), ("tally", &[0, 1])];
        let run = Arc::new(Run::new(table(rows, &[2]), Arc::clone(registry), options(2))?);
        pool.upgrade().unwrap().nest().unwrap().run(&run);
        let Value::Int(inner) = run.results()?[0] else { panic!("a tally is a number") };
        Ok(Value::Int(inner + sum(call)).into())
    };
    registry.add_kernel("nested", Arc::new(nested)).unwrap();
    let registry = Arc::new(registry);
    let pool = Arc::new(Pool::new(n_threads, &registry).unwrap());
    let _ = home.set((Arc::downgrade(&pool), Arc::clone(&registry)));
    (pool, registry)
}

fn options(n_workers: usize) -> RunOptions {
    // Tasks get their ranks while others run.
    RunOptions { n_workers, batch_max: 4, order_later_from: 0, ..RunOptions::default() }
}

/// A table. `foreign` is a body of the island that one thread may be in; `foreign meet` one of the other.
fn table(rows: &[(&str, &[u32])], outputs: &[u32]) -> Arc<TaskTable> {
    let mut table = TableBuilder::default();
    for (name, inputs) in rows {
        let islander = |runtime, meets| Body::Foreign(Arc::new(Islander { runtime, meets }));
        let body = match *name {
            "foreign" => islander("one", false),
            "foreign meet" => islander("free", true),
            name => Body::native(name),
        };
        table.push_own(body, inputs).unwrap();
    }
    Arc::new(table.finish(Keys::Indexed("t".into()), outputs.to_vec()).unwrap())
}

fn start(pool: &Pool, registry: &Arc<BodyRegistry>, table: Arc<TaskTable>, options: RunOptions) -> Arc<Run> {
    let run = Arc::new(Run::new(table, Arc::clone(registry), options).unwrap());
    pool.start(&run);
    run
}

/// A random graph of up to eight tallies in both lanes, and the values of all of them.
fn random_graph() -> (Arc<TaskTable>, Vec<Value>) {
    let mut random = thread_rng();
    let mut rows: Vec<(&str, Vec<u32>)> = Vec::new();
    let mut values: Vec<i64> = Vec::new();
    for at in 0..random.gen_range(1..9u32) {
        let n_inputs = random.gen_range(0..3.min(at + 1));
        let inputs: Vec<u32> = (0..n_inputs).map(|_| random.gen_range(0..at)).collect();
        let total: i64 = inputs.iter().map(|&input| values[input as usize]).sum();
        let (name, more) = [("tally", 1), ("foreign", 1), ("grow", 2)][random.gen_range(0..3)];
        match inputs.first() {
            Some(&first) if name == "grow" => {
                values.push(values[first as usize] + more);
                rows.push((name, vec![first]));
            }
            _ => {
                values.push(total + 1);
                rows.push((if name == "grow" { "tally" } else { name }, inputs));
            }
        }
    }
    let outputs: Vec<u32> = (0..rows.len() as u32).collect();
    let rows: Vec<(&str, &[u32])> = rows.iter().map(|(name, inputs)| (*name, inputs.as_slice())).collect();
    (table(&rows, &outputs), values.into_iter().map(Value::Int).collect())
}

/// Under random schedules, and under those that put threads off at the worst moments.
fn check(schedule: impl Fn() + Send + Sync + 'static + Clone) {
    shuttle::check_random(schedule.clone(), N_SCHEDULES);
    shuttle::check_pct(schedule, N_SCHEDULES, 3);
}

#[test]
fn two_runs_at_once_end_with_the_right_values() {
    check(|| {
        let (pool, registry) = pool(2);
        let clients: Vec<_> = (0..2)
            .map(|_| {
                let (pool, registry) = (Arc::clone(&pool), Arc::clone(&registry));
                thread::spawn(move || {
                    let (table, expected) = random_graph();
                    let run = start(&pool, &registry, table, options(2));
                    while !run.wait(None) {}
                    assert_eq!(run.results().unwrap(), expected);
                    assert_eq!(run.n_done(), run.n_tasks());
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
    });
}

#[test]
fn three_workers_that_steal_from_each_other_run_every_task_once() {
    check(|| {
        let (pool, registry) = pool(3);
        let rows: Vec<(&str, &[u32])> = [("tally", &[] as &[u32]); 14].to_vec();
        let outputs: Vec<u32> = (0..14).collect();
        let run = start(&pool, &registry, table(&rows, &outputs), options(3));
        while !run.wait(None) {}
        assert_eq!(run.results().unwrap(), vec![Value::Int(1); 14]);
    });
}

#[test]
fn no_worker_sleeps_while_a_task_could_start() {
    check(|| {
        let (pool, registry) = pool(2);
        for name in ["meet", "foreign meet"] {
            let rows: Vec<(&str, &[u32])> = [(name, &[] as &[u32]); 12].to_vec();
            let outputs: Vec<u32> = (0..12).collect();
            let run = start(&pool, &registry, table(&rows, &outputs), options(2));
            while !run.wait(None) {}
            assert_eq!(run.results().unwrap(), vec![Value::Int(1); 12]);
        }
    });
}

#[test]
fn runs_inside_tasks_end_even_when_every_worker_is_in_one() {
    check(|| {
        let (pool, registry) = pool(2);
        let rows: &[(&str, &[u32])] =
            &[("nested", &[]), ("nested", &[]), ("nested", &[]), ("foreign", &[0, 1, 2])];
        let run = start(&pool, &registry, table(rows, &[3]), options(2));
        while !run.wait(None) {}
        assert_eq!(run.results().unwrap(), [Value::Int(10)]);
    });
}

#[test]
fn a_cancellation_at_any_moment_ends_the_run() {
    check(|| {
        let (pool, registry) = pool(2);
        let (table, expected) = random_graph();
        let run = start(&pool, &registry, table, options(2));
        let canceller = {
            let run = Arc::clone(&run);
            thread::spawn(move || run.cancel())
        };
        while !run.wait(None) {}
        canceller.join().unwrap();
        match run.results() {
            Ok(values) => assert_eq!(values, expected),
            Err(error) => assert_eq!(error.kind(), &ErrorKind::Cancelled),
        }
    });
}

#[test]
fn the_first_error_ends_the_run_and_all_errors_are_found_when_asked_for() {
    check(|| {
        let (pool, registry) = pool(2);
        let rows: &[(&str, &[u32])] =
            &[("fail", &[]), ("tally", &[0]), ("foreign", &[]), ("fail", &[2]), ("grow", &[2])];
        for errors in [ErrorPolicy::First, ErrorPolicy::All] {
            let run = start(&pool, &registry, table(rows, &[1, 3, 4]), RunOptions { errors, ..options(2) });
            while !run.wait(None) {}
            let error = run.results().unwrap_err();
            match errors {
                ErrorPolicy::First => assert_eq!(error.kind(), &ErrorKind::InvalidValue("on purpose".into())),
                ErrorPolicy::All => assert!(matches!(error.kind(), ErrorKind::Many(all) if all.len() == 2)),
            }
        }
    });
}

#[test]
fn failed_tasks_are_tried_again_beside_others() {
    check(|| {
        let (pool, registry) = pool(2);
        let rows: &[(&str, &[u32])] = &[("flaky", &[]), ("flaky", &[0]), ("tally", &[]), ("flaky", &[1, 2])];
        let run = start(&pool, &registry, table(rows, &[3]), RunOptions { retries: 1000, ..options(2) });
        while !run.wait(None) {}
        assert_eq!(run.results().unwrap(), [Value::Int(4)]);
    });
}

#[test]
fn values_go_to_disk_and_come_back_amid_tasks() {
    let folder = SpillFolder::create(&std::env::temp_dir()).unwrap();
    shuttle::check_random(
        move || {
            let (pool, registry) = pool(2);
            let rows: &[(&str, &[u32])] = &[
                ("bulk", &[]),
                ("bulk", &[]),
                ("bulk", &[0]),
                ("bulk", &[1]),
                ("bulk", &[2, 3]),
                ("tally", &[0, 4]),
                ("foreign", &[1, 4]),
            ];
            let options = RunOptions {
                memory_limit_bytes: Some(250 << 10),
                spill: Some(Arc::clone(&folder)),
                ..options(2)
            };
            let run = start(&pool, &registry, table(rows, &[5, 6, 2, 3]), options);
            while !run.wait(None) {}
            let values = run.results().unwrap();
            assert_eq!(values[..2], [Value::Int(7), Value::Int(7)]);
            for value in &values[2..] {
                let Value::Bytes(bytes) = value else { panic!("bytes were put") };
                assert_eq!(bytes.as_slice()[77], 2);
            }
        },
        N_SCHEDULES / 2,
    );
}

#[test]
fn sources_that_are_held_back_for_memory_start_in_the_end() {
    check(|| {
        let (pool, registry) = pool(3);
        let mut rows: Vec<(&str, Vec<u32>)> = vec![("foreign", vec![])];
        rows.extend((0..6).map(|_| ("bulk", vec![])));
        rows.extend((1..7).map(|source| (["tally", "foreign"][source as usize % 2], vec![0, source])));
        let rows: Vec<(&str, &[u32])> = rows.iter().map(|(name, row)| (*name, row.as_slice())).collect();
        let outputs: Vec<u32> = (7..13).collect();
        let options = RunOptions { memory_limit_bytes: Some(250 << 10), ..options(3) };
        let run = start(&pool, &registry, table(&rows, &outputs), options);
        while !run.wait(None) {}
        assert_eq!(run.results().unwrap(), vec![Value::Int(3); 6]);
    });
}

#[test]
fn a_pool_that_is_dropped_amid_a_run_leaves_nobody_waiting() {
    check(|| {
        let (pool, registry) = pool(2);
        let (table, expected) = random_graph();
        let run = start(&pool, &registry, table, options(2));
        let client = {
            let run = Arc::clone(&run);
            thread::spawn(move || {
                while !run.wait(None) {}
                run.results()
            })
        };
        drop(pool);
        match client.join().unwrap() {
            Ok(values) => assert_eq!(values, expected),
            Err(error) => assert_eq!(error.kind(), &ErrorKind::Cancelled),
        }
    });
}

#[test]
fn threads_of_somebody_else_serve_a_run_to_its_end() {
    check(|| {
        let (_pool, registry) = pool(1);
        let (table, expected) = random_graph();
        let run = Arc::new(Run::new(table, registry, options(3)).unwrap());
        let parking = Arc::new(Parking::default());
        run.set_waker(Arc::clone(&parking) as _);
        let servants: Vec<_> = (0..3)
            .map(|servant| {
                let (run, parking) = (Arc::clone(&run), Arc::clone(&parking));
                thread::spawn(move || worker::serve(&run, servant, &parking))
            })
            .collect();
        servants.into_iter().for_each(|servant| servant.join().unwrap());
        assert_eq!(run.results().unwrap(), expected);
    });
}

#[test]
fn a_reader_of_events_sees_whole_records_and_counts_those_it_missed() {
    let name = NameId::of("interleaved");
    let record = move |number: u64| Record {
        kind: EventKind::Finished,
        is_elsewhere: false,
        worker: number as u16,
        start_ns: number,
        duration_ns: number,
        name,
        n_tasks: number as u32,
        bytes: number,
        run: number as u32,
        task: number as u32,
    };
    let schedule = move || {
        const N: u64 = 8;
        let ring = Arc::new(Ring::new(3));
        let writer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || (0..N).for_each(|number| ring.push(&record(number))))
        };
        let (mut at, mut n_seen) = (0, 0);
        while at < N {
            let mut found = Vec::new();
            let (next, n_missed) = ring.read(at, &mut found);
            let first = next - found.len() as u64;
            assert_eq!(n_missed, first - at);
            for (number, found) in (first..next).zip(&found) {
                assert_eq!(*found, record(number), "a torn record");
            }
            n_seen += n_missed + found.len() as u64;
            at = next;
            thread::yield_now();
        }
        assert_eq!(n_seen, N);
        writer.join().unwrap();
    };
    shuttle::check_random(schedule, N_SCHEDULES);
}
