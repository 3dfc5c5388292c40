//! Graphs as messages: golden bytes, functions that travel once, and bytes that nobody vouches for.
//!
//! After a change that is meant, raise `GRAPH_VERSION` and run
//! `cargo test -p raskt-graph --test layers -- --ignored rewrite_golden_graph`.

#[path = "../../../raskt-core/tests/hostile/mutation.rs"]
mod mutation;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use mutation::{Random, mutate};
use raskt_core::encode::{Decode, Decoder, Encode, Encoder, Limits};
use raskt_core::{
    ErrorKind, Function, KeepSealed, Key, Opaque, OwnerId, Param, Payload, Result, Sealed, Value,
};
use raskt_graph::graph::{GRAPH_MAGIC, GRAPH_VERSION};
use raskt_graph::layer::{Formula, Layer, Raw, Returns, Source};
use raskt_graph::plan::{PlanOptions, plan, planned_tasks};
use raskt_graph::{Body, Graph, Keys, TableBuilder};

use crate::encoding::{hex, samples, unhex};
use crate::strategies::{call, grid};

/// A user's function as a parameter, alive.
#[derive(Debug)]
struct Live(&'static [u8]);

impl Opaque for Live {
    fn runtime(&self) -> &str {
        "tests"
    }

    fn size_bytes(&self) -> u64 {
        1000
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    fn encode(&self) -> Result<Payload> {
        Ok(Payload { header: self.0.to_vec(), buffers: Vec::new() })
    }

    fn function(&self) -> Result<Option<Function>> {
        self.encode().map(|payload| Some(Function::new(payload)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A layer that calls a user's function of blocks.
fn calls(function: &'static [u8]) -> Layer {
    let parameters = Param::map([("function", Param::Value(Value::Opaque(Arc::new(Live(function)))))]);
    let body = Body::Library { path: "raskt.array._chunk.call".into(), parameters };
    Source::new(body, grid(&[3]), Formula::Number, Returns::One).unwrap().into()
}

fn sample() -> Graph {
    let mut graph = Graph::default();
    for (name, layer) in samples() {
        graph.insert(name, layer).unwrap();
    }
    graph.insert("called", calls(b"a function")).unwrap();
    graph.insert("called-again", calls(b"a function")).unwrap();
    let user =
        Param::map([("priority", Param::Int(-3)), ("workers", Param::List([Param::Str("a".into())].into()))]);
    graph.annotations_mut().note_layer("source".into(), user.clone());
    graph.annotations_mut().note_layer("called".into(), user);
    let resources = Param::map([("resources", Param::map([("GPU", Param::Float(0.5))]))]);
    graph.annotations_mut().note_task(Key::block("raw", &[1]), resources);
    graph.request([Key::block("source", &[0]), Key::block("called", &[2]), Key::block("source", &[0])]);
    graph
}

fn encode(graph: &Graph) -> Vec<u8> {
    let mut out = Encoder::in_stream();
    graph.encode(&mut out).unwrap();
    out.into_bytes()
}

fn decode(bytes: &[u8]) -> Result<Graph> {
    let mut input = Decoder::of_payload(bytes, Vec::new(), &KeepSealed, &Limits::default())?;
    let graph = Graph::decode(&mut input)?;
    input.finish()?;
    Ok(graph)
}

fn path() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/golden/graph.hex")
}

fn count(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).filter(|window| *window == what).count()
}

#[test]
fn the_bytes_of_a_graph_are_those_of_the_golden_file() {
    let file = std::fs::read_to_string(path()).unwrap();
    let bytes = encode(&sample());
    assert_eq!(format!("{}\n", hex(&bytes)), file, "see the head of message.rs");
    assert_eq!(bytes[1..6], [&GRAPH_MAGIC[..], &[GRAPH_VERSION]].concat());
    let found = decode(&unhex(file.trim())).unwrap();
    assert_eq!(found.outputs(), sample().outputs());
    assert_eq!(found.annotations(), sample().annotations());
    assert_eq!(hex(&encode(&found)), file.trim());
}

#[test]
#[ignore = "writes the golden file"]
fn rewrite_golden_graph() {
    std::fs::write(path(), format!("{}\n", hex(&encode(&sample())))).unwrap();
}

#[test]
fn a_function_travels_once_a_graph_whatever_names_it() {
    let mut graph = Graph::default();
    for name in ["a", "b", "c"] {
        graph.insert(name, calls(b"shared by layers")).unwrap();
    }
    graph.insert("d", calls(b"of one layer")).unwrap();
    let mut table = TableBuilder::default();
    for argument in 0..100 {
        table.push_own(call(7, argument), &[]).unwrap();
    }
    let table = Arc::new(table.finish(Keys::Indexed("t".into()), vec![99]).unwrap());
    graph.insert("t", Raw::new(Arc::clone(&table), Vec::new()).unwrap().into()).unwrap();
    graph.insert("u", Raw::new(table, Vec::new()).unwrap().into()).unwrap();
    let bytes = encode(&graph);
    assert_eq!(count(&bytes, b"shared by layers"), 1);
    assert_eq!(count(&bytes, b"of one layer"), 1);
    assert_eq!(count(&bytes, &[6, 7, 7, 7]), 1);
    // Whoever knows no runtime carries them on as they are.
    assert_eq!(encode(&decode(&bytes).unwrap()), bytes);
}

#[test]
fn a_function_is_known_by_its_content_and_stays_what_it_was_where_nothing_can_open_it() {
    let mut graph = Graph::default();
    graph.insert("a", calls(b"a function")).unwrap();
    let found = decode(&encode(&graph)).unwrap();
    let task = found.layers()[0].1.task(&[0]).unwrap();
    let Body::Library { parameters, .. } = task.body else { panic!() };
    let Some(Param::Value(Value::Opaque(object))) = parameters.get("function") else { panic!() };
    let sealed: &Sealed = object.as_any().downcast_ref().unwrap();
    let live = Live(b"a function").function().unwrap().unwrap();
    assert_eq!(sealed.function().unwrap().as_ref(), Some(&live));
    assert_eq!((sealed.size_bytes(), sealed.opened_bytes()), (10, 1000));
}

#[test]
fn a_message_that_only_names_its_functions_is_read_where_they_are() {
    struct Known(Vec<Function>);
    impl raskt_core::encode::Functions for Known {
        fn find(&self, id: &raskt_core::FunctionId) -> Option<Function> {
            self.0.iter().find(|function| function.id() == id).cloned()
        }
    }
    let mut out = Encoder::in_stream().with_functions_beside();
    sample().encode(&mut out).unwrap();
    let functions = out.take_functions();
    let bytes = out.into_bytes();
    assert_eq!((functions.len(), count(&bytes, b"a function")), (3, 0));
    let read = |known: &Known| {
        let input = Decoder::of_payload(&bytes, Vec::new(), &KeepSealed, &Limits::default())?;
        Graph::decode(&mut input.with_functions_beside(known))
    };
    assert_eq!(encode(&read(&Known(functions)).unwrap()), encode(&sample()));
    assert!(read(&Known(Vec::new())).unwrap_err().to_string().contains("never sent"));
}

#[test]
fn another_version_and_other_bytes_are_refused_by_name() {
    let bytes = encode(&sample());
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        decode(&bytes).unwrap_err().to_string()
    };
    assert!(with(1, b'X').contains("no graph"));
    assert!(with(5, 9).contains("graph version 9, where 1 is known"));
    assert!(with(0, 9).contains("encoding version 9"));
}

#[test]
fn planning_without_a_runtime_gives_the_tasks_in_order_with_their_annotations() {
    let mut table = TableBuilder::default();
    let first = table.push_own(call(1, 104), &[]).unwrap();
    let second = table.push_own(call(2, 105), &[first]).unwrap();
    let noted = table.push_own(call(2, 106), &[second]).unwrap();
    table.push_own(call(3, 107), &[]).unwrap();
    let keys = ["call-104", "call-105", "call-106", "call-107"].map(Key::named);
    let table = table.finish(Keys::Listed(keys.into()), vec![noted]).unwrap();
    let mut graph = Graph::default();
    graph.insert("t", Raw::new(table.into(), Vec::new()).unwrap().into()).unwrap();
    graph.annotations_mut().note_task(Key::named("call-106"), Param::map([("retries", Param::Int(2))]));
    graph.request([Key::block("t", &[0])]);
    let sent = decode(&encode(&graph)).unwrap();
    let planned = plan(&sent, &PlanOptions { fuse_width: 4, ..PlanOptions::default() }).unwrap();
    let back = decode(&encode(&planned)).unwrap();
    let tasks = planned_tasks(&back).unwrap();
    // What nobody needs is gone, the first two calls are one task, and what was said of the last keeps it apart.
    assert_eq!(tasks.n_tasks(), 2);
    assert!(matches!(tasks.body(0), Body::Fused(_)));
    assert_eq!(tasks.key(1), Key::named("call-106"));
    assert_eq!(back.annotations().get(&tasks.key(1), "retries"), Some(&Param::Int(2)));
}

#[test]
fn more_tasks_than_are_allowed_are_refused() {
    let mut graph = Graph::default();
    graph.insert("called", calls(b"a function")).unwrap();
    graph.request_all("called").unwrap();
    let options = |n_tasks_max| PlanOptions { n_tasks_max, ..PlanOptions::default() };
    assert!(plan(&graph, &options(3)).is_ok());
    assert!(matches!(plan(&graph, &options(2)).unwrap_err().kind(), ErrorKind::InvalidGraph(_)));
}

/// What a planner does with a graph, where that is not much.
fn digest(bytes: &[u8]) -> Result<()> {
    let graph = decode(bytes)?;
    assert_eq!(encode(&graph).len(), bytes.len(), "what was read is not what was written");
    let is_small = |layer: &Layer| layer.n_tasks_max() < 1_000 && layer.operands().len() < 100;
    if graph.layers().iter().all(|(_, layer)| is_small(layer)) {
        let planned = plan(&graph, &PlanOptions { n_tasks_max: 1_000, fuse_width: 3 });
        planned.map(|planned| drop(encode(&planned)))?;
    }
    Ok(())
}

/// Fixed seeds, so that a failure repeats; the message names the seed.
#[test]
fn forged_graphs_are_errors_or_graphs_and_never_a_panic() {
    let mut small = Graph::default();
    small.insert("called", calls(b"f")).unwrap();
    small.insert("source", samples().pop().unwrap().1).unwrap();
    small.request([Key::block("called", &[0])]);
    let whole = [encode(&sample()), encode(&small)];
    let mut n_planned = 0;
    for seed in 0..100_000 {
        let mut random = Random(seed);
        let mut bytes = whole[random.below(2)].clone();
        mutate(&mut bytes, &mut random);
        let outcome = catch_unwind(AssertUnwindSafe(|| digest(&bytes)));
        match outcome {
            Ok(outcome) => n_planned += usize::from(outcome.is_ok()),
            Err(_) => panic!("a panic; seed {seed}"),
        }
    }
    assert!(n_planned > 1000, "mutations that are all refused at the door test nothing: {n_planned}");
}
