//! This collection, arrays, and calls that somebody wrote, in one plan: none knows of the others.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use raskt_array::reductions::reduce;
use raskt_array::{Builder, NativeTokens, creation};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, NdArray, Param, Result, Sealed, Token, Value};
use raskt_exec::lane::Surroundings;
use raskt_exec::worker::{Drive, Probe, drive};
use raskt_exec::{BodyRegistry, Call, ForeignRuntime, Kernel, Lane, Outcome, Run, RunOptions};
use raskt_expr::{CallNode, Expr, Mark, NoLibrary, Pending, Planner, Way, free};
use raskt_graph::{Foreign, Shipment};
use raskt_proof::to_f64;

/// A call of a function of numbers.
struct Doubling {
    operands: Vec<Expr>,
    n_calls: Arc<AtomicUsize>,
    mark: Mark,
}

impl fmt::Debug for Doubling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("doubling")
    }
}

impl Foreign for Doubling {
    fn runtime(&self) -> &'static str {
        "numbers"
    }

    fn label(&self) -> Arc<str> {
        "doubling".into()
    }

    fn family(&self) -> u64 {
        0
    }

    fn ship(&self) -> Result<Shipment> {
        Err(ErrorKind::NotEncodable("a function of this process".into()).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl CallNode for Doubling {
    fn operands(&self) -> &[Expr] {
        &self.operands
    }

    fn token(&self) -> Token {
        Token(std::ptr::from_ref(self).addr() as u128)
    }

    fn is_named(&self) -> bool {
        false
    }

    fn is_alias(&self) -> bool {
        false
    }

    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn release(self: Arc<Self>, pending: &mut Pending) {
        if let Some(mut call) = Arc::into_inner(self) {
            pending.extend(call.operands.drain(..));
        }
    }
}

impl Drop for Doubling {
    fn drop(&mut self) {
        free(self.operands.drain(..));
    }
}

/// What runs the calls.
struct Numbers;

impl Lane for Numbers {
    fn thread(&self, main: &mut dyn FnMut()) {
        main();
    }

    fn enter(&self, _: Option<&Surroundings>, work: &mut dyn FnMut()) {
        work();
    }

    fn pause(&self) {}
}

impl raskt_core::ForeignDecode for Numbers {
    fn decode(&self, _: Sealed) -> Result<Value> {
        Err(ErrorKind::Cancelled.into())
    }
}

impl ForeignRuntime for Numbers {
    fn name(&self) -> &'static str {
        "numbers"
    }

    fn run(&self, body: &dyn Foreign, call: &mut Call<'_>) -> Result<Outcome> {
        let doubling = body.as_any().downcast_ref::<Doubling>().unwrap();
        doubling.n_calls.fetch_add(1, Ordering::Relaxed);
        let total: f64 = call.inputs.iter().map(|value| to_f64(value).unwrap()).sum();
        Ok(Outcome::Value(NdArray::from_f64(&[], &[2.0 * total])?.into()))
    }

    fn receive(&self, _: &Shipment) -> Result<Arc<dyn Foreign>> {
        Err(ErrorKind::Cancelled.into())
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        Err(ErrorKind::UnknownBody(path.to_owned()).into())
    }
}

fn planner() -> Planner {
    let mut planner = raskt_array::planner(Arc::new(NoLibrary)).unwrap();
    raskt_proof::add_to(&mut planner).unwrap();
    planner.way = Way::Native;
    planner
}

fn values(planner: &Planner, roots: &[Expr]) -> Vec<f64> {
    let mut registry = BodyRegistry::default();
    raskt_array::bodies::register(&mut registry).unwrap();
    raskt_proof::register(&mut registry).unwrap();
    registry.add_runtime(Arc::new(Numbers));
    let table = planner.plan(roots).unwrap().table().unwrap();
    let run = Arc::new(Run::new(table, Arc::new(registry), RunOptions::default()).unwrap());
    let mut probe = Probe::default();
    while drive(&run, 0, &mut probe) != Drive::Over {}
    run.results().unwrap().iter().map(|value| to_f64(value).unwrap()).collect()
}

/// The sum of 0, 1, ..., 9 in blocks of 4, as an array's.
fn sum_of_arange(planner: &Planner) -> Expr {
    let builder = Builder::new(planner.context(), &NativeTokens);
    let chunks = Chunks::new([AxisChunks::uniform(10, 4).unwrap()]).unwrap();
    let ones = creation::full(&builder, Param::Float(1.5), &DType::Float64, &chunks).unwrap();
    reduce(&builder, "sum", &ones, None, false).unwrap()
}

#[test]
fn two_collections_and_calls_are_one_graph_and_what_they_share_runs_once() {
    let planner = planner();
    let n_calls = Arc::new(AtomicUsize::new(0));
    let doubling = |operands: &[&Expr]| {
        let operands = operands.iter().map(|&operand| operand.clone()).collect();
        let call = Doubling { operands, n_calls: Arc::clone(&n_calls), mark: Mark::default() };
        Expr::of_call(Arc::new(call))
    };
    let fifteen = sum_of_arange(&planner);
    let thirty = doubling(&[&fifteen]);
    // 3 blocks of 2 elements, each 1 + 30.
    let ones = raskt_proof::full(1.0, 3, 2).unwrap();
    let raised = raskt_proof::add(&ones, &raskt_proof::taken(&thirty).unwrap()).unwrap();
    let total = raskt_proof::sum(&raised).unwrap();
    let last = doubling(&[&total, &thirty, &fifteen]);
    assert_eq!(values(&planner, &[last, total, thirty, fifteen]), [462.0, 186.0, 30.0, 15.0]);
    assert_eq!(n_calls.load(Ordering::Relaxed), 2, "what is shared is called once");
}

#[test]
fn the_text_of_a_plan_names_the_parts_of_all() {
    let planner = planner();
    let operands = vec![sum_of_arange(&planner)];
    let call = Doubling { operands, n_calls: Arc::default(), mark: Mark::default() };
    let taken = raskt_proof::taken(&Expr::of_call(Arc::new(call))).unwrap();
    let text = planner.explain(&[raskt_proof::sum(&taken).unwrap()]).unwrap();
    for part in ["= full", "= call doubling(%", "= taken(%", "calls", "proof.sum"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}
