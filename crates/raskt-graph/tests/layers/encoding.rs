//! Layers as bytes: golden ones, back and forth, and from strangers.
//!
//! After a change that is meant, raise `LAYER_VERSION` and run
//! `cargo test -p raskt-graph --test layers -- --ignored rewrite_golden_file`.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use raskt_core::chunk::AxisChunks;
use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_core::{ErrorKind, Key, Param};
use raskt_graph::fuse::{Argument, Program, Step};
use raskt_graph::layer::{
    Along, AxisCut, AxisRechunk, Blockwise, BlockwiseParts, Boundary, Concatenate, Contraction, Formula,
    Indexed, Joint, Layer, Margin, Neighbours, Operand, Overlap, Raw, Rechunk, ReducedAxes, ReducedAxis,
    Returns, Shipped, Shuffle, Slice, Source, Transport, TreeReduce, TreeReduceParts,
};
use raskt_graph::{Body, Graph, Keys, TableBuilder};

use crate::strategies::{any_layer, call, grid, native};

fn blockwise() -> Layer {
    let parts = BlockwiseParts {
        body: Body::Native { name: "array.matmul".into(), parameters: Param::Int(3) },
        parameters: Formula::map([
            ("number", Formula::Number),
            ("place", Formula::Interval { axis: 0, chunks: AxisChunks::uniform(10, 5).unwrap() }),
            ("line", Formula::Line { axis: 1, start: -5, step: 7 }),
        ]),
        returns: Returns::List(2),
        counts: vec![(0, 2), (1, 3), (2, 4)],
        output: vec![0, 2],
        operands: vec![
            Indexed::new("x", &[0, 1]).contracted(Contraction::Gather),
            Indexed {
                operand: Operand { name: "y".into(), output: 1 },
                axes: vec![Along::Letter(1), Along::Single, Along::Letter(2)],
                contraction: Contraction::Join(Body::library("numpy.concatenate")),
            },
        ],
    };
    Blockwise::new(parts).unwrap().into()
}

fn tree_reduce() -> Layer {
    let parts = TreeReduceParts {
        operand: Operand::new("x"),
        grid: grid(&[9, 4]),
        axes: vec![ReducedAxis { axis: 0, split_every: 4 }, ReducedAxis { axis: 1, split_every: 2 }],
        kept: ReducedAxes::Kept,
        chunk: Some(native("chunk")),
        parameters: Formula::Index(1),
        combine: native("combine"),
        aggregate: native("aggregate"),
        neighbours: Neighbours::Counted,
        returns: Returns::One,
    };
    TreeReduce::new(parts).unwrap().into()
}

fn raw() -> Layer {
    let steps = vec![
        Step { body: call(2, 5), parameters: Param::Null, arguments: vec![Argument::Outer(0)] },
        Step { body: native("g"), parameters: Param::Bool(true), arguments: vec![Argument::Step(0)] },
    ];
    let bodies = [
        Body::Value(7.into()),
        Body::Input(0),
        call(1, 4),
        call(1, 104),
        Body::Gather,
        Body::Select(1),
        Body::Alias,
        Body::Fused(Arc::new(Program::new(steps).unwrap())),
    ];
    let mut table = TableBuilder::default();
    let inputs: [&[u32]; 8] = [&[], &[], &[0, 1], &[2], &[0, 2, 3], &[4], &[5], &[6]];
    for (body, inputs) in bodies.into_iter().zip(inputs) {
        let body = table.body(body);
        table.push_with(body, Param::Int(inputs.len() as i64), inputs).unwrap();
    }
    let keys = (0..8).map(|row| Key::block("row", &[row])).collect();
    let table = table.finish(Keys::Listed(keys), vec![7, 3]).unwrap();
    Raw::new(table.into(), vec![Key::block("x", &[2]).with_output(1)]).unwrap().into()
}

pub fn samples() -> Vec<(&'static str, Layer)> {
    let chunks = AxisChunks::uniform(100, 30).unwrap();
    let cuts = vec![
        AxisCut::range(&chunks, 95, 10, -9).unwrap().0,
        AxisCut::picks(&chunks, &[3, 4, 99, 0]).unwrap().0,
        AxisCut::point(&chunks, 31).unwrap(),
        AxisCut::New,
        AxisCut::All(5),
    ];
    let axes = vec![AxisRechunk::new(chunks, AxisChunks::from_sizes([1, 99]).unwrap()).unwrap()];
    let margins = vec![
        Margin { before: 1, after: 2, boundary: Boundary::Periodic },
        Margin { before: 0, after: 1, boundary: Boundary::Constant(Param::Float(-0.0)) },
    ];
    let parts = vec![(Operand::new("x"), grid(&[2, 3])), (Operand::new("y"), grid(&[2, 3]))];
    let names = ["a", "b"].map(|name| Param::Str(name.into())).into();
    let source = Formula::List([Formula::Indices, Formula::Along { axis: 0, items: names }].into());
    let (split, merge) = (native("split"), native("merge"));
    let x = || Operand::new("x");
    vec![
        ("blockwise", blockwise()),
        ("tree_reduce", tree_reduce()),
        ("slice", Slice::new(x(), native("slice"), cuts).unwrap().into()),
        ("rechunk", Rechunk::new(x(), axes.clone(), native("join"), Transport::Whole).unwrap().into()),
        (
            "rechunk_pieces",
            Rechunk::new(x(), axes, native("join"), Transport::Pieces(native("cut"))).unwrap().into(),
        ),
        ("concatenate", Concatenate::new(Joint::Along(1), parts.clone()).unwrap().into()),
        ("stack", Concatenate::new(Joint::Stack(2, native("expand")), parts).unwrap().into()),
        ("overlap", Overlap::new(x(), grid(&[3, 4]), margins, native("stencil")).unwrap().into()),
        ("shuffle", Shuffle::new(x(), 3, 4, split, Formula::Number, merge).unwrap().into()),
        ("source", Source::new(native("read"), grid(&[2]), source, Returns::One).unwrap().into()),
        ("raw", raw()),
    ]
}

fn path() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/golden/layer.hex")
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn golden() -> String {
    let line =
        |(name, layer): (&str, Layer)| format!("{name}: {}\n", hex(&encode_canonical(&layer).unwrap()));
    samples().into_iter().map(line).collect()
}

fn decode(bytes: &[u8]) -> raskt_core::Result<Layer> {
    decode_canonical(bytes, &Limits::default())
}

#[test]
fn the_bytes_of_every_kind_of_layer_are_those_of_the_golden_file() {
    let file = std::fs::read_to_string(path()).unwrap();
    assert_eq!(golden(), file, "see the head of encoding.rs");
    for (line, (name, sample)) in file.lines().zip(samples()) {
        let (_, bytes) = line.split_once(": ").unwrap();
        let found = decode(&unhex(bytes)).unwrap();
        assert_eq!(found, sample, "{name}");
        assert_eq!(hex(&encode_canonical(&found).unwrap()), bytes, "{name}");
    }
}

#[test]
#[ignore = "writes the golden file"]
fn rewrite_golden_file() {
    std::fs::write(path(), golden()).unwrap();
}

#[test]
fn a_function_travels_once_and_is_carried_on_unpacked() {
    let mut table = TableBuilder::default();
    for argument in 0..100 {
        table.push_own(call(3, argument), &[]).unwrap();
    }
    let table = table.finish(Keys::Indexed("t".into()), vec![99]).unwrap();
    let layer: Layer = Raw::new(table.into(), Vec::new()).unwrap().into();
    let bytes = encode_canonical(&layer).unwrap();
    let function = [3_u8, 3, 3];
    assert_eq!(bytes.windows(3).filter(|window| *window == function).count(), 1);
    let Layer::Raw(raw) = decode(&bytes).unwrap() else { panic!() };
    let Body::Foreign(body) = raw.table().body(42) else { panic!() };
    assert_eq!((body.runtime(), &*body.label()), ("tests", "f3"));
    let shipped: &Shipped = body.as_any().downcast_ref().unwrap();
    assert_eq!(shipped.shipment().call.header, [42]);
    assert_eq!(encode_canonical(&Layer::Raw(raw.clone())).unwrap(), bytes);
}

#[test]
fn a_graph_survives_the_journey() {
    let mut graph = Graph::default();
    for (name, layer) in samples() {
        graph.insert(name, layer).unwrap();
    }
    graph.request([Key::block("raw", &[0])]);
    let bytes = encode_canonical(&graph).unwrap();
    let found: Graph = decode_canonical(&bytes, &Limits::default()).unwrap();
    assert_eq!((found.layers(), found.outputs()), (graph.layers(), graph.outputs()));
    assert_eq!(encode_canonical(&found).unwrap(), bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn layers_come_back_as_they_were(layer in any_layer()) {
        let bytes = encode_canonical(&layer).unwrap();
        let found = decode(&bytes).unwrap();
        prop_assert_eq!(&found, &layer);
        prop_assert_eq!(encode_canonical(&found).unwrap(), bytes);
    }

    #[test]
    fn broken_bytes_are_an_error_or_another_layer_that_answers(
        sample in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4), 1..4),
    ) {
        let all = samples();
        let mut bytes = encode_canonical(&sample.get(&all).1).unwrap();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len().max(1)).max(1);
            match kind {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at.min(bytes.len()), byte),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        match decode(&bytes) {
            Ok(layer) => {
                let mut inputs = Vec::new();
                for number in [0, layer.grid().n_blocks().saturating_sub(1)] {
                    if number < layer.grid().n_blocks() && layer.n_tasks_max() < 1_000 {
                        layer.inputs(layer.place(number), &mut inputs);
                        let _ = layer.task_at(layer.place(number));
                    }
                }
            }
            Err(error) => prop_assert!(
                matches!(error.kind(), ErrorKind::Corrupt(_) | ErrorKind::UnknownBody(_)), "{}", error
            ),
        }
    }
}
