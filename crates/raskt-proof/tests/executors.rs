//! One plan, both ways, every executor that Rust has, with and without room for it.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use raskt_core::{Error, ErrorKind, ForeignDecode, Opaque, OwnerId, Param, Payload, Result, Sealed, Value};
use raskt_exec::lane::Surroundings;
use raskt_exec::worker::{Drive, Probe, drive};
use raskt_exec::{BodyRegistry, Call, ForeignRuntime, Kernel, Lane, LaneId, Outcome, Pool, Run, RunOptions};
use raskt_expr::Way;
use raskt_graph::{Foreign, Shipment, TaskTable};
use raskt_proof::{expected_sum, plan_sum, to_f64};
use raskt_store::SpillFolder;

/// An array of a library that is not Raskt's.
#[derive(Debug)]
struct Strange(Vec<f64>);

impl Opaque for Strange {
    fn runtime(&self) -> &str {
        "strange"
    }

    fn size_bytes(&self) -> u64 {
        self.0.len() as u64 * 8
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    fn encode(&self) -> Result<Payload> {
        ENCODED.fetch_add(1, Ordering::Relaxed);
        let bytes: Vec<u8> = self.0.iter().flat_map(|value| value.to_le_bytes()).collect();
        Ok(Payload { header: Vec::new(), buffers: vec![bytes.into()] })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// How many strange arrays have been encoded, in all tests.
static ENCODED: AtomicUsize = AtomicUsize::new(0);

/// A library runtime made of Rust: the paths of NumPy, arrays of its own, a lane that one thread is in at a time.
#[derive(Default)]
struct FakeNumPy {
    lane: std::sync::Mutex<()>,
}

impl Lane for FakeNumPy {
    fn thread(&self, main: &mut dyn FnMut()) {
        main();
    }

    fn enter(&self, _: Option<&Surroundings>, work: &mut dyn FnMut()) {
        let _inside = self.lane.lock().unwrap();
        INSIDE.set(true);
        work();
        INSIDE.set(false);
    }

    fn pause(&self) {}
}

thread_local! {
    /// Whether this thread is in the lane.
    static INSIDE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl ForeignDecode for FakeNumPy {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        let payload = sealed.payload();
        let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().unwrap());
        let values = payload.buffers[0].as_slice().chunks_exact(8).map(number).collect();
        Ok(Value::Opaque(Arc::new(Strange(values))))
    }
}

impl ForeignRuntime for FakeNumPy {
    fn name(&self) -> &'static str {
        "strange"
    }

    fn run(&self, _: &dyn Foreign, _: &mut Call<'_>) -> Result<Outcome> {
        Err(ErrorKind::Cancelled.into())
    }

    fn receive(&self, _: &Shipment) -> Result<Arc<dyn Foreign>> {
        Err(ErrorKind::Cancelled.into())
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        let function: fn(&Param, &[Value]) -> Vec<f64> = match path {
            "numpy.full" => |parameters, _| {
                let length = parameters.get("shape").and_then(Param::as_int).unwrap();
                vec![parameters.get("fill_value").and_then(Param::as_float).unwrap(); length as usize]
            },
            "numpy.add" => |_, inputs| match (strange(&inputs[0]), strange(&inputs[1])) {
                (a, [lone]) => a.iter().map(|x| x + lone).collect(),
                (a, b) => a.iter().zip(b).map(|(x, y)| x + y).collect(),
            },
            "numpy.sum" => |_, inputs| match inputs {
                [Value::List(items)] => vec![items.iter().flat_map(strange).sum()],
                [lone] => vec![strange(lone).iter().sum()],
                more => panic!("sum of {} arguments", more.len()),
            },
            _ => return Err(Error::new(ErrorKind::UnknownBody(path.to_owned()))),
        };
        Ok(Arc::new(Function(function)))
    }
}

fn strange(value: &Value) -> &[f64] {
    match value {
        Value::Opaque(object) => &object.as_any().downcast_ref::<Strange>().unwrap().0,
        other => panic!("{other:?} is not strange"),
    }
}

struct Function(fn(&Param, &[Value]) -> Vec<f64>);

impl Kernel for Function {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        assert!(INSIDE.get(), "outside of its lane");
        Ok(Outcome::Value(Value::Opaque(Arc::new(Strange((self.0)(call.shared, call.inputs))))))
    }

    fn lane(&self) -> LaneId {
        LaneId(1)
    }
}

fn registry() -> Arc<BodyRegistry> {
    let mut registry = BodyRegistry::default();
    raskt_proof::register(&mut registry).unwrap();
    assert_eq!(registry.add_runtime(Arc::new(FakeNumPy::default())), LaneId(1));
    Arc::new(registry)
}

#[derive(Clone, Copy, Debug)]
enum Executor {
    /// The calling thread.
    Sync,
    /// So many threads.
    Pool(usize),
}

/// The result, the bytes that values took in memory at the most, and whether any were spilled.
fn execute(table: Arc<TaskTable>, executor: Executor, limit: Option<u64>) -> (Value, u64, bool) {
    let folder = tempfile::tempdir().unwrap();
    let spill = SpillFolder::create(folder.path()).unwrap();
    let n_workers = if let Executor::Pool(n) = executor { n } else { 1 };
    let options = RunOptions {
        n_workers,
        memory_limit_bytes: limit,
        spill: Some(Arc::clone(&spill)),
        batch_max: 8,
        ..RunOptions::default()
    };
    let registry = registry();
    let run = Arc::new(Run::new(table, Arc::clone(&registry), options).unwrap());
    match executor {
        Executor::Sync => {
            let mut probe = Probe::default();
            while drive(&run, 0, &mut probe) != Drive::Over {}
        }
        Executor::Pool(n_threads) => {
            let pool = Pool::new(n_threads, &registry).unwrap();
            pool.start(&run);
            while !run.wait(None) {}
        }
    }
    let (_, peak, _) = run.memory();
    let spilled = spill.path().is_some_and(|path| path.exists());
    let mut results = run.results().unwrap();
    assert_eq!(results.len(), 1);
    (results.swap_remove(0), peak, spilled)
}

fn number(value: &Value) -> f64 {
    to_f64(value).unwrap_or_else(|| match strange(value) {
        [number] => *number,
        more => panic!("{} numbers", more.len()),
    })
}

const EXECUTORS: [Executor; 3] = [Executor::Sync, Executor::Pool(1), Executor::Pool(3)];

#[test]
fn every_executor_gets_both_ways_right_with_room_for_all() {
    for way in [Way::Native, Way::Library] {
        for executor in EXECUTORS {
            let (value, _, spilled) = execute(plan_sum(37, 100, way).unwrap(), executor, None);
            assert!(!spilled);
            assert_eq!(number(&value), expected_sum(37, 100), "{way:?} {executor:?}");
        }
    }
}

#[test]
fn every_executor_gets_both_ways_right_when_values_have_to_be_spilled() {
    // 64 blocks of 256 KiB, in 2 MiB.
    let (n_chunks, chunk_len) = (64, 32 << 10);
    for way in [Way::Native, Way::Library] {
        for executor in EXECUTORS {
            let encoded = ENCODED.load(Ordering::Relaxed);
            let (value, peak, spilled) =
                execute(plan_sum(n_chunks, chunk_len, way).unwrap(), executor, Some(2 << 20));
            assert_eq!(number(&value), expected_sum(n_chunks, chunk_len), "{way:?} {executor:?}");
            assert!(spilled, "{way:?} {executor:?}");
            assert!(peak < 8 << 20, "{way:?} {executor:?}: {peak} bytes at the most");
            if way == Way::Library {
                assert!(ENCODED.load(Ordering::Relaxed) > encoded + 30);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn sums_of_any_shape_are_those_of_a_plain_loop(
        n_chunks in 1_u32..80, chunk_len in 0_u64..300, library in any::<bool>(), pool in any::<bool>(),
        limit in prop::option::of(1_u64..100_000),
    ) {
        let way = if library { Way::Library } else { Way::Native };
        let executor = if pool { Executor::Pool(2) } else { Executor::Sync };
        let (value, _, _) = execute(plan_sum(n_chunks, chunk_len, way).unwrap(), executor, limit);
        prop_assert_eq!(number(&value), expected_sum(n_chunks, chunk_len));
    }
}

#[test]
fn the_plan_knows_neither_the_registry_nor_the_runtime() {
    let labels = |way| {
        let table = plan_sum(3, 10, way).unwrap();
        let mut labels: Vec<String> = table.bodies().iter().map(|body| body.label().to_string()).collect();
        labels.sort();
        labels.dedup();
        labels.join(" ")
    };
    assert_eq!(labels(Way::Native), "list proof.add proof.full proof.sum");
    assert_eq!(labels(Way::Library), "list numpy.add numpy.full numpy.sum");
}

#[test]
fn a_plan_for_no_chunks_is_an_error() {
    assert!(plan_sum(0, 10, Way::Native).is_err());
}
