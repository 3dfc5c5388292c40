//! Who owns the inputs of a task: values that nobody else needs are handed over to bodies that ask for that.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use raskt_core::{Buffer, Result, Value};
use raskt_exec::worker::{Drive, Probe, drive};
use raskt_exec::{BodyRegistry, Call, Kernel, Outcome, Run, RunOptions};
use raskt_graph::{Body, Keys, TableBuilder};

/// Says whether its first input could be written, and whether it may.
struct Own;

impl Kernel for Own {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        let may = call.exclusive & 1 == 1;
        let Value::Bytes(bytes) = &mut call.inputs[0] else { panic!("bytes are what it is given") };
        let can = bytes.as_mut_slice().is_some();
        Ok(Value::from(vec![Value::from(may), Value::from(can)]).into())
    }

    fn owns_inputs(&self) -> bool {
        true
    }
}

/// Says how many of its inputs could be written.
struct OwnAll;

impl Kernel for OwnAll {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        let can = |value: &mut Value| {
            let Value::Bytes(bytes) = value else { panic!("bytes are what it is given") };
            bytes.as_mut_slice().is_some()
        };
        let n = call.inputs.iter_mut().map(can).filter(|&can| can).count();
        Ok(Value::Int(n.try_into().unwrap()).into())
    }

    fn owns_inputs(&self) -> bool {
        true
    }
}

/// A graph of one source and `n_readers` of it: whether each may, and can, write what it reads.
fn readers(n_readers: usize, is_wanted: bool, retries: u32) -> Vec<(bool, bool)> {
    let mut registry = BodyRegistry::default();
    let make = |_: &mut Call<'_>| Ok(Outcome::Value(Buffer::zeroed(2 << 20).unwrap().into()));
    registry.add_kernel("make", Arc::new(make)).unwrap();
    registry.add_kernel("own", Arc::new(Own)).unwrap();
    let mut table = TableBuilder::default();
    let source = table.push_own(Body::native("make"), &[]).unwrap();
    let mut outputs: Vec<_> =
        (0..n_readers).map(|_| table.push_own(Body::native("own"), &[source]).unwrap()).collect();
    if is_wanted {
        outputs.push(source);
    }
    let table = table.finish(Keys::Indexed("task".into()), outputs).unwrap();
    let options = RunOptions { n_workers: 1, retries, ..RunOptions::default() };
    let run = Run::new(Arc::new(table), Arc::new(registry), options).unwrap();
    // The calling thread takes the readers, finds that they read much, and gives them back.
    assert!(!run.run_inline());
    let mut probe = Probe::default();
    while drive(&run, 0, &mut probe) != Drive::Over {}
    let truth = |value: &Value| *value == Value::Bool(true);
    let found = run.results().unwrap();
    let pairs = found.iter().filter_map(|value| match value {
        Value::List(pair) => Some((truth(&pair[0]), truth(&pair[1]))),
        _ => None,
    });
    pairs.collect()
}

#[test]
fn the_only_reader_owns_what_it_reads() {
    assert_eq!(readers(1, false, 0), [(true, true)]);
}

#[test]
fn one_of_several_readers_owns_nothing_whichever_is_last() {
    assert_eq!(readers(2, false, 0), [(false, false); 2]);
    assert_eq!(readers(1, true, 0), [(false, false)]);
}

#[test]
fn what_a_task_may_have_to_read_again_is_not_handed_over() {
    assert_eq!(readers(1, false, 1), [(true, false)]);
}

#[test]
fn a_reader_of_many_values_owns_all_that_nobody_else_reads() {
    let mut registry = BodyRegistry::default();
    let make = |_: &mut Call<'_>| Ok(Outcome::Value(Buffer::zeroed(64 << 10).unwrap().into()));
    registry.add_kernel("make", Arc::new(make)).unwrap();
    registry.add_kernel("own_all", Arc::new(OwnAll)).unwrap();
    let mut table = TableBuilder::default();
    let sources: Vec<_> = (0..200).map(|_| table.push_own(Body::native("make"), &[]).unwrap()).collect();
    let whole = table.push_own(Body::native("own_all"), &sources).unwrap();
    let part = table.push_own(Body::native("own_all"), &sources[..30]).unwrap();
    let table = table.finish(Keys::Indexed("task".into()), vec![whole, part]).unwrap();
    let options = RunOptions { n_workers: 1, ..RunOptions::default() };
    let run = Run::new(Arc::new(table), Arc::new(registry), options).unwrap();
    let mut probe = Probe::default();
    while drive(&run, 0, &mut probe) != Drive::Over {}
    assert_eq!(run.results().unwrap(), [Value::Int(170), Value::Int(0)]);
}
