//! Inline runs: native tasks on little data, and the brief one that ends the graph, on the calling thread.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use raskt_core::{Buffer, ErrorKind, ForeignDecode, Result, Sealed, Value};
use raskt_exec::{
    BodyRegistry, Call, ForeignRuntime, Kernel, Lane, LaneId, Outcome, Run, RunOptions, Surroundings,
};
use raskt_graph::{Body, Foreign, Keys, Shipment, TableBuilder};

/// A runtime with one library function, which adds up bytes.
struct Island {
    is_brief: bool,
}

#[derive(Clone, Copy)]
struct Count {
    is_brief: bool,
}

impl Kernel for Count {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        let n = call.inputs.iter().map(|value| if let Value::Bytes(bytes) = value { bytes.len() } else { 0 });
        Ok(Value::Int(n.sum::<usize>() as i64).into())
    }

    fn lane(&self) -> LaneId {
        LaneId(1)
    }

    fn is_brief(&self) -> bool {
        self.is_brief
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
        work();
    }

    fn pause(&self) {}
}

impl ForeignRuntime for Island {
    fn name(&self) -> &'static str {
        "island"
    }

    fn run(&self, _: &dyn Foreign, _: &mut Call<'_>) -> Result<Outcome> {
        Err(ErrorKind::UnknownBody("a function".into()).into())
    }

    fn receive(&self, _: &Shipment) -> Result<Arc<dyn Foreign>> {
        Err(ErrorKind::Corrupt("nothing of this runtime travels".into()).into())
    }

    fn library(&self, _: &str) -> Result<Arc<dyn Kernel>> {
        Ok(Arc::new(Count { is_brief: self.is_brief }))
    }
}

/// A native task that makes `n` bytes, then the island's that counts them: what the inline run alone did of that.
fn done_inline(n: usize, is_brief: bool) -> (bool, usize) {
    let mut registry = BodyRegistry::default();
    let copy = |call: &mut Call<'_>| Ok(Outcome::Value(call.inputs[0].clone()));
    registry.add_kernel("copy", Arc::new(copy)).unwrap();
    registry.add_runtime(Arc::new(Island { is_brief }));
    let mut table = TableBuilder::default();
    let bytes = Buffer::from(vec![1; n]).into();
    let source = table.push_own(Body::Value(bytes), &[]).unwrap();
    let copy = table.push_own(Body::native("copy"), &[source]).unwrap();
    let count = table.push_own(Body::library("island.count"), &[copy]).unwrap();
    let table = table.finish(Keys::Indexed("t".into()), vec![count]).unwrap();
    let run = Run::new(Arc::new(table), Arc::new(registry), RunOptions::default()).unwrap();
    let is_over = run.run_inline();
    if is_over {
        assert_eq!(run.results().unwrap(), [Value::Int(n as i64)]);
    }
    (is_over, run.n_done())
}

/// Whether one of a hundred attempts succeeds: an inline run ends after half a millisecond, wherever it is by then, and on
/// a busy machine or under a sanitizer that can be before the first task.
fn once(attempt: impl Fn() -> bool) -> bool {
    (0..100).any(|_| attempt())
}

#[test]
fn a_small_graph_that_ends_with_a_brief_task_is_done_inline() {
    assert!(once(|| done_inline(100, true) == (true, 3)));
}

#[test]
fn what_may_take_long_in_another_lane_is_left_to_the_pool() {
    assert!(once(|| done_inline(100, false) == (false, 2)));
}

#[test]
fn what_reads_much_is_left_to_the_pool() {
    assert_eq!(done_inline(2 << 20, true), (false, 1));
}
