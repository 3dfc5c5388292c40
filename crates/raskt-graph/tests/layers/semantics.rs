//! What tasks are told, taken literally: each block is put together by hand and compared with the whole.

use std::collections::BTreeMap;

use proptest::prelude::*;
use raskt_core::Param;
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_graph::layer::{Layer, Origin, Place};

use crate::strategies::any_rechunk;

/// The elements of a block, by their indices in the whole array, in C order.
type Elements = Vec<Vec<u64>>;

fn product(ranges: &[std::ops::Range<u64>]) -> Elements {
    ranges.iter().fold(vec![Vec::new()], |all, range| {
        let longer =
            |prefix: &Vec<u64>| range.clone().map(|at| [&prefix[..], &[at]].concat()).collect::<Vec<_>>();
        all.iter().flat_map(longer).collect()
    })
}

fn chunks(axes: impl Iterator<Item = AxisChunks>) -> Chunks {
    Chunks::new(axes).unwrap()
}

fn ints(list: &Param) -> Vec<u64> {
    list.as_list().unwrap().iter().map(|item| item.as_int().unwrap() as u64).collect()
}

/// The regions of one item of `[[[start, stop], ..], ..]` for each axis, all combinations in C order.
fn regions(told: &Param) -> Vec<Vec<(u64, u64)>> {
    told.as_list().unwrap().iter().fold(vec![Vec::new()], |all, axis| {
        let intervals: Vec<(u64, u64)> =
            axis.as_list().unwrap().iter().map(|pair| (ints(pair)[0], ints(pair)[1])).collect();
        let longer = |prefix: &Vec<(u64, u64)>| {
            intervals.iter().map(|&pair| [&prefix[..], &[pair]].concat()).collect::<Vec<_>>()
        };
        all.iter().flat_map(longer).collect()
    })
}

/// The part of the block at `read` that lies in `region`.
fn cut(from: &Chunks, read: &[u32], region: &[(u64, u64)]) -> Elements {
    let block = from.block_ranges(read).unwrap();
    let part = block.iter().zip(region).map(|(range, (start, stop))| {
        assert!(range.start + stop <= range.end, "region {region:?} of {block:?}");
        range.start + start..range.start + stop
    });
    product(&part.collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rechunked_blocks_have_their_elements((axes, layer) in any_rechunk()) {
        let from = chunks(axes.iter().map(|(from, _)| from.clone()));
        let to = chunks(axes.iter().map(|(_, to)| to.clone()));
        let pieces = layer.n_stages() == 2;
        let mut cut_blocks: BTreeMap<u32, Vec<Elements>> = BTreeMap::new();
        if pieces {
            for block in 0..layer.stage_grid(0).n_blocks() {
                let told = layer.task_at(Place { stage: 0, block }).parameters;
                let read = layer.stage_grid(0).block(block);
                cut_blocks.insert(block, regions(&told).iter().map(|region| cut(&from, &read, region)).collect());
            }
        }
        for number in 0..layer.grid().n_blocks() {
            let place = layer.place(number);
            let mut inputs = Vec::new();
            layer.inputs(place, &mut inputs);
            let told = layer.task_at(place).parameters;
            let mut elements: Elements = Vec::new();
            if pieces {
                let counts = ints(&told);
                prop_assert_eq!(counts.iter().product::<u64>(), inputs.len() as u64);
                for input in &inputs {
                    elements.extend(cut_blocks[&input.block][usize::from(input.output)].clone());
                }
            } else {
                let regions = regions(&told);
                prop_assert_eq!(regions.len(), inputs.len());
                let read = layer.operands().next().unwrap().1.unwrap().clone();
                for (input, region) in inputs.iter().zip(regions) {
                    elements.extend(cut(&from, &read.block(input.block), &region));
                }
            }
            elements.sort_unstable();
            let whole = product(&to.block_ranges(&layer.grid().block(number)).unwrap());
            prop_assert_eq!(&elements, &whole);
            if let Some(input) = layer.alias(place) {
                prop_assert_eq!(input.from, Origin::Operand(0));
                let read = layer.operands().next().unwrap().1.unwrap().block(input.block);
                prop_assert_eq!(product(&from.block_ranges(&read).unwrap()), whole);
            }
        }
    }
}

#[test]
fn neighbours_are_named_by_where_they_lie() {
    use raskt_graph::layer::{Boundary, Margin, Operand, Overlap};
    let margins = vec![
        Margin { before: 1, after: 1, boundary: Boundary::Constant(Param::Float(0.5)) },
        Margin { before: 0, after: 2, boundary: Boundary::Periodic },
    ];
    let grid = crate::strategies::grid(&[2, 3]);
    let layer: Layer =
        Overlap::new(Operand::new("x"), grid, margins, crate::strategies::native("f")).unwrap().into();
    let keys: Vec<String> = layer.needs(&[0, 2]).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["('x', 0, 2)", "('x', 0, 0)", "('x', 1, 2)", "('x', 1, 0)"]);
    let told = layer.task(&[0, 2]).unwrap().parameters;
    let pair = |a, b| Param::List([Param::Int(a), Param::Int(b)].into());
    let expected = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1)];
    assert_eq!(told.get("neighbours"), Some(&Param::List(expected.into())));
    let constant = Param::map([("constant", Param::Float(0.5))]);
    let first = told.get("margins").and_then(|margins| margins.as_list()?[0].as_list()?.get(2).cloned());
    assert_eq!(first, Some(constant));
}

#[test]
fn a_slice_names_its_block_and_its_cuts_axis_by_axis() {
    use raskt_graph::layer::{AxisCut, Operand, Slice};
    let (rows, columns) = (AxisChunks::uniform(100, 10).unwrap(), AxisChunks::uniform(6, 2).unwrap());
    let range = AxisCut::range(&rows, 95, 10, -10).unwrap().0;
    let picks = AxisCut::picks(&columns, &[5, 4, 0]).unwrap().0;
    let cuts = vec![AxisCut::point(&rows, 37).unwrap(), AxisCut::New, range, picks, AxisCut::All(4)];
    let layer: Layer = Slice::new(Operand::new("x"), crate::strategies::native("f"), cuts).unwrap().into();
    // The first axis is gone, a new one is there, the others have 10, 2 and 4 blocks.
    assert_eq!(layer.grid().counts(), [1, 10, 2, 4]);
    assert_eq!(layer.needs(&[0, 2, 0, 3]).unwrap()[0].to_string(), "('x', 3, 7, 2, 3)");
    let ints = |items: &[i64]| Param::List(items.iter().map(|&item| Param::Int(item)).collect());
    let told = [
        Param::Int(7),
        Param::Str("new".into()),
        ints(&[5, 1, -10]),
        Param::map([("picks", ints(&[1, 0]))]),
        Param::Null,
    ];
    assert_eq!(layer.task(&[0, 2, 0, 3]).unwrap().parameters, Param::List(told.into()));
}
