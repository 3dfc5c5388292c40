//! Random layers of every kind, and one sample of each by name.

use std::any::Any;
use std::sync::Arc;

use proptest::prelude::*;
use raskt_core::chunk::AxisChunks;
use raskt_core::{Function, Key, Param, Payload, Result};
use raskt_graph::layer::{
    Along, AxisCut, AxisRechunk, Blockwise, BlockwiseParts, Boundary, Concatenate, Contraction, Formula,
    Grid, Indexed, Joint, Layer, Margin, Neighbours, Operand, Overlap, Raw, Rechunk, ReducedAxes,
    ReducedAxis, Returns, Shuffle, Slice, Source, Transport, TreeReduce, TreeReduceParts,
};
use raskt_graph::{Body, Foreign, Keys, Shipment, TableBuilder};

pub fn grid(counts: &[u32]) -> Grid {
    Grid::new(counts).unwrap()
}

pub fn native(name: &str) -> Body {
    Body::native(name)
}

pub fn source(counts: &[u32], returns: Returns) -> Layer {
    Source::new(native("make"), grid(counts), Formula::Number, returns).unwrap().into()
}

/// A user's function of a runtime made up for tests.
#[derive(Debug)]
pub struct Call {
    pub function: u64,
    pub argument: u8,
}

impl Foreign for Call {
    fn runtime(&self) -> &str {
        "tests"
    }

    fn label(&self) -> Arc<str> {
        format!("f{}", self.function).into()
    }

    fn key(&self) -> Option<Key> {
        (self.argument > 100).then(|| Key::named(&*format!("call-{}", self.argument)))
    }

    fn family(&self) -> u64 {
        self.function
    }

    fn ship(&self) -> Result<Shipment> {
        let payload = Payload { header: vec![self.function as u8; 3], buffers: vec![vec![7; 2].into()] };
        let call = Payload { header: vec![self.argument], buffers: Vec::new() };
        Ok(Shipment { function: Some(Function::new(payload)), call })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub fn call(function: u64, argument: u8) -> Body {
    Body::Foreign(Arc::new(Call { function, argument }))
}

fn any_chunks() -> impl Strategy<Value = AxisChunks> {
    prop::collection::vec(0_u64..6, 1..6).prop_map(|sizes| AxisChunks::from_sizes(sizes).unwrap())
}

/// Another way to cut as many elements.
fn cut_anew(chunks: AxisChunks) -> impl Strategy<Value = (AxisChunks, AxisChunks)> {
    let length = chunks.length().unwrap();
    prop::collection::vec(0..=length, 0..6).prop_map(move |mut bounds| {
        bounds.extend([0, length]);
        bounds.sort_unstable();
        let sizes = bounds.windows(2).map(|pair| pair[1] - pair[0]);
        (chunks.clone(), AxisChunks::from_sizes(sizes).unwrap())
    })
}

pub fn any_rechunk() -> impl Strategy<Value = (Vec<(AxisChunks, AxisChunks)>, Layer)> {
    let axes = prop::collection::vec(any_chunks().prop_flat_map(cut_anew), 1..4);
    (axes, any::<bool>()).prop_map(|(axes, pieces)| {
        let cuts = axes.iter().map(|(from, to)| AxisRechunk::new(from.clone(), to.clone()).unwrap());
        let transport = if pieces { Transport::Pieces(native("cut")) } else { Transport::Whole };
        let layer = Rechunk::new(Operand::new("x"), cuts.collect(), native("join"), transport).unwrap();
        (axes, layer.into())
    })
}

fn any_blockwise() -> impl Strategy<Value = Layer> {
    let counts = prop::collection::vec(1_u32..4, 1..4);
    counts
        .prop_flat_map(|counts| {
            let n = counts.len() as u16;
            let letters = Just((0..n).collect::<Vec<_>>()).prop_shuffle();
            let axes = prop::collection::vec(
                prop_oneof![3 => (0..n).prop_map(Along::Letter), 1 => Just(Along::Single)],
                0..4,
            );
            let contraction = prop_oneof![
                Just(Contraction::Spread),
                Just(Contraction::Gather),
                Just(Contraction::Join(Body::native("join"))),
            ];
            let operand = (axes, contraction).prop_map(|(axes, contraction)| Indexed {
                operand: Operand::new("x"),
                axes,
                contraction,
            });
            (Just(counts), letters, 0..=n as usize, prop::collection::vec(operand, 1..4), any::<bool>())
        })
        .prop_map(|(counts, mut output, kept, operands, list)| {
            output.truncate(kept);
            let parts = BlockwiseParts {
                counts: (0..).zip(counts).collect(),
                output,
                operands,
                parameters: Formula::Indices,
                returns: if list { Returns::List(2) } else { Returns::One },
                ..BlockwiseParts::of(native("f"))
            };
            Blockwise::new(parts).unwrap().into()
        })
}

fn any_reduction() -> impl Strategy<Value = Layer> {
    let axis = (1_u32..12, prop::option::of(2_u32..5));
    (prop::collection::vec(axis, 1..4), any::<[bool; 2]>(), 0_usize..3).prop_map(
        |(axes, [kept, chunk], neighbours)| {
            let counts: Vec<u32> = axes.iter().map(|(n, _)| *n).collect();
            let reduced = (0..)
                .zip(&axes)
                .filter_map(|(axis, (_, split))| Some(ReducedAxis { axis, split_every: (*split)? }));
            let parts = TreeReduceParts {
                operand: Operand::new("x"),
                grid: grid(&counts),
                axes: reduced.collect(),
                kept: if kept { ReducedAxes::Kept } else { ReducedAxes::Dropped },
                chunk: chunk.then(|| native("chunk")),
                parameters: Formula::Number,
                combine: native("combine"),
                aggregate: native("aggregate"),
                neighbours: [Neighbours::Spread, Neighbours::Counted, Neighbours::Gathered][neighbours],
                returns: Returns::One,
            };
            TreeReduce::new(parts).unwrap().into()
        },
    )
}

fn any_slice() -> impl Strategy<Value = Layer> {
    let cut = any_chunks().prop_flat_map(|chunks| {
        let length = chunks.length().unwrap();
        let at = 0..length.max(1);
        (Just(chunks), 0..5, at.clone(), prop::collection::vec(at, 0..6)).prop_map(
            |(chunks, kind, at, picks)| {
                let length = chunks.length().unwrap();
                match kind {
                    0 => AxisCut::range(&chunks, at.min(length), length.saturating_sub(at), 1).unwrap().0,
                    1 if length > 0 => AxisCut::range(&chunks, at, at / 2 + 1, -2).unwrap().0,
                    2 if length > 0 => AxisCut::picks(&chunks, &picks).unwrap().0,
                    3 if length > 0 => AxisCut::point(&chunks, at).unwrap(),
                    4 => AxisCut::New,
                    _ => AxisCut::All(chunks.n_blocks()),
                }
            },
        )
    });
    prop::collection::vec(cut, 1..4)
        .prop_map(|cuts| Slice::new(Operand::new("x"), native("slice"), cuts).unwrap().into())
}

fn any_concatenate() -> impl Strategy<Value = Layer> {
    (prop::collection::vec(1_u32..4, 1..3), prop::collection::vec(0_u32..3, 1..5), 0_u8..3, any::<bool>())
        .prop_map(|(counts, lengths, axis, stack)| {
            let axis = axis % (counts.len() as u8 + u8::from(stack));
            let operand = |length: &u32| {
                let mut counts = counts.clone();
                if !stack {
                    counts[usize::from(axis)] = *length;
                }
                (Operand::new("x"), grid(&counts))
            };
            let joint = if stack { Joint::Stack(axis, native("expand")) } else { Joint::Along(axis) };
            Concatenate::new(joint, lengths.iter().map(operand).collect()).unwrap().into()
        })
}

fn any_overlap() -> impl Strategy<Value = Layer> {
    let margin = (1_u32..5, 0_u32..2, 0_u32..2, any::<bool>());
    prop::collection::vec(margin, 1..4).prop_map(|axes| {
        let counts: Vec<u32> = axes.iter().map(|axis| axis.0).collect();
        let margin = |&(_, before, after, periodic): &(u32, u32, u32, bool)| Margin {
            before,
            after,
            boundary: if periodic { Boundary::Periodic } else { Boundary::Reflect },
        };
        let margins = axes.iter().map(margin).collect();
        Overlap::new(Operand::new("x"), grid(&counts), margins, native("stencil")).unwrap().into()
    })
}

fn any_shuffle() -> impl Strategy<Value = Layer> {
    (1_u32..5, 1_u32..5).prop_map(|(n_read, n_made)| {
        let (split, merge) = (native("split"), native("merge"));
        Shuffle::new(Operand::new("x"), n_read, n_made, split, Formula::Number, merge).unwrap().into()
    })
}

fn any_source() -> impl Strategy<Value = Layer> {
    (prop::collection::vec(0_u32..4, 0..4), any::<bool>())
        .prop_map(|(counts, list)| source(&counts, if list { Returns::List(3) } else { Returns::One }))
}

/// Tables whose rows read any rows before them, in a shuffled numbering; some rows stand for blocks of others.
fn any_raw() -> impl Strategy<Value = Layer> {
    let rows =
        prop::collection::vec((0_u32..3, prop::collection::vec(any::<prop::sample::Index>(), 0..4)), 1..12);
    rows.prop_flat_map(|rows| {
        let n = rows.len() as u32;
        let outputs = prop::collection::vec(0..n, 1..4);
        (Just(rows), Just((0..n).collect::<Vec<_>>()).prop_shuffle(), outputs)
    })
    .prop_map(|(rows, numbers, outputs)| {
        // Row `numbers[i]` is the i-th to be computed.
        let mut places = vec![0; rows.len()];
        (0..).zip(&numbers).for_each(|(at, &number)| places[number as usize] = at);
        let mut table = TableBuilder::default();
        for &at in &places {
            let (kind, inputs): &(u32, Vec<prop::sample::Index>) = &rows[at];
            let before = |index: &prop::sample::Index| numbers[index.index(at)];
            let inputs: Vec<u32> = if at == 0 { Vec::new() } else { inputs.iter().map(before).collect() };
            let body = match kind {
                0 => Body::Input(at as u32 % 3),
                1 => native("f"),
                _ => call(u64::from(*kind), at as u8),
            };
            let inputs = if *kind == 0 { &[][..] } else { &inputs };
            let body = table.body(body);
            table.push_with(body, Param::Int(at as i64), inputs).unwrap();
        }
        let keys = Keys::Indexed("row".into());
        let externals = (0..3).map(|block| Key::block("x", &[block])).collect();
        Raw::new(table.finish(keys, outputs).unwrap().into(), externals).unwrap().into()
    })
}

/// Any layer; what it reads is called `x`.
pub fn any_layer() -> impl Strategy<Value = Layer> {
    prop_oneof![
        any_blockwise(),
        any_reduction(),
        any_slice(),
        any_rechunk().prop_map(|(_, layer)| layer),
        any_concatenate(),
        any_overlap(),
        any_shuffle(),
        any_source(),
        any_raw(),
    ]
}

/// Layers that read one grid, with that grid.
pub fn any_layer_of_one_grid() -> impl Strategy<Value = (Grid, Layer)> {
    let of_one = |layer: Layer| {
        let grids: Vec<_> = layer.operands().map(|(_, grid)| grid.cloned()).collect();
        let first = grids.first()?.clone().unwrap_or_else(|| grid(&[3]));
        let same = grids.iter().all(|other| other.as_ref().is_none_or(|other| *other == first));
        same.then_some((first, layer))
    };
    any_layer().prop_filter_map("operands of several grids", of_one)
}
