//! Plans of rechunks: whatever the two chunkings, the elements stay, and no block in between is larger than allowed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use proptest::prelude::*;
use raskt_array::concatenate::concatenate;
use raskt_array::creation::from_array;
use raskt_array::rechunk::{Rules, Travel, plan};
use raskt_array::{Builder, COLLECTION, NativeTokens, bodies, planner, rechunk};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{NdArray, Param, Token, Value};
use raskt_exec::{BodyRegistry, Run, RunOptions, parking::Parking, worker};
use raskt_expr::{Bounds, NoLibrary};

fn uniform(length: u64, size: u64) -> AxisChunks {
    AxisChunks::uniform(length, size).unwrap()
}

fn chunks(axes: impl IntoIterator<Item = AxisChunks>) -> Chunks {
    Chunks::new(axes).unwrap()
}

/// The elements of all blocks of `x` in the new chunks, in C order of blocks.
fn moved(
    shape: &[u64],
    from: &Chunks,
    to: &Chunks,
    more: &Param,
    bounds: Bounds,
) -> Vec<(Vec<u64>, Vec<f64>)> {
    let planner = planner(Arc::new(NoLibrary)).unwrap();
    let builder = Builder::new(planner.context(), &NativeTokens);
    let n: u64 = shape.iter().product();
    let values: Vec<f64> = (0..n).map(|at| at as f64).collect();
    let x = from_array(&builder, NdArray::from_f64(shape, &values).unwrap(), Token(1), from).unwrap();
    let entries = [("chunks", raskt_array::parameters::chunks_param(to))];
    let row = raskt_array::operations::rows().into_iter().find(|row| row.name == "rechunk").unwrap();
    let parameters = raskt_array::parameters::with(more, entries);
    let y = (row.build)(&builder, "rechunk", &[x], &parameters).unwrap();
    // As it stands: simplified, the source would be made in the new blocks.
    let plan = planner.without(&planner.steps(COLLECTION)).plan_within(&[y], bounds).unwrap();
    let mut registry = BodyRegistry::default();
    bodies::register(&mut registry).unwrap();
    let run = Run::new(plan.table().unwrap(), Arc::new(registry), RunOptions::default()).unwrap();
    worker::serve(&run, 0, &Parking::default());
    let block = |value: Value| match value {
        Value::Array(array) => (array.shape().to_vec(), array.to_f64().unwrap()),
        other => panic!("{other:?} is no block"),
    };
    run.results().unwrap().into_iter().map(block).collect()
}

/// What the blocks of an array of ascending numbers hold.
fn expected(shape: &[u64], to: &Chunks) -> Vec<(Vec<u64>, Vec<f64>)> {
    let block = |index: raskt_core::Block| {
        let ranges = to.block_ranges(&index).unwrap();
        let sizes: Vec<u64> = ranges.iter().map(|range| range.end - range.start).collect();
        let n: u64 = sizes.iter().product();
        let value = |number: u64| {
            let (mut rest, mut at, mut step) = (number, 0, 1);
            for axis in (0..shape.len()).rev() {
                at += (ranges[axis].start + rest % sizes[axis]) * step;
                rest /= sizes[axis];
                step *= shape[axis];
            }
            at as f64
        };
        (sizes.clone(), (0..n).map(value).collect())
    };
    to.blocks().map(block).collect()
}

fn any_axis(length: u64) -> impl Strategy<Value = AxisChunks> {
    prop::collection::vec(0..=length, 0..5).prop_map(move |mut ends| {
        ends.push(length);
        ends.sort_unstable();
        let starts: Vec<u64> = [0].into_iter().chain(ends.iter().copied()).collect();
        AxisChunks::from_sizes(ends.iter().zip(starts).map(|(end, start)| end - start).collect::<Vec<_>>())
            .unwrap()
    })
}

fn any_pair() -> impl Strategy<Value = (Vec<u64>, Chunks, Chunks)> {
    prop::collection::vec(1_u64..12, 1..4).prop_flat_map(|shape| {
        let axes = |shape: &[u64]| shape.iter().map(|&length| any_axis(length)).collect::<Vec<_>>();
        (Just(shape.clone()), axes(&shape), axes(&shape))
            .prop_map(|(shape, from, to)| (shape, chunks(from), chunks(to)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn elements_stay_whatever_the_chunks_and_the_way((shape, from, to) in any_pair(), way in 0_usize..4) {
        let more = match way {
            0 => Param::Null,
            1 => Param::map([("method", Param::Str("p2p".into()))]),
            // Steps between wherever there is more than one pair for a block.
            2 => Param::map([("threshold", Param::Float(1.0)), ("limit", Param::Int(64))]),
            _ => Param::map([("method", Param::Str("tasks".into()))]),
        };
        let bounds = Bounds { memory_bytes: Some(1 << 12), n_workers: 2 };
        prop_assert_eq!(moved(&shape, &from, &to, &more, bounds), expected(&shape, &to));
    }

    #[test]
    fn no_step_makes_a_larger_block_than_it_may(
        lengths in prop::collection::vec(1_u64..5000, 1..4),
        sizes in prop::collection::vec((1_u64..300, 1_u64..300), 3),
        limit in 64_u64..1_000_000,
        threshold in prop::option::of(1.0_f64..8.0),
        memory in prop::option::of(1_u64 << 10..1 << 24),
    ) {
        let cut = |of: fn(&(u64, u64)) -> u64| {
            chunks(lengths.iter().zip(&sizes).map(|(&length, pair)| uniform(length, of(pair))))
        };
        let (from, to) = (cut(|pair| pair.0), cut(|pair| pair.1));
        let bounds = Bounds { memory_bytes: memory, n_workers: 2 };
        let rules = Rules { block_bytes: limit, threshold, bounds, ..Rules::of(8) };
        let block = |chunks: &Chunks| 8 * chunks.block_shape_max().unwrap().iter().product::<u64>();
        let most = limit.max(block(&from)).max(block(&to));
        let steps = plan(&from, &to, &rules).unwrap();
        prop_assert_eq!(&steps.last().unwrap().chunks, &to);
        prop_assert!(steps.iter().all(|step| block(&step.chunks) <= most));
        prop_assert!(steps.iter().all(|step| step.chunks.shape() == from.shape()));
    }
}

/// Rows to columns of a square array of `n` blocks either way.
fn rows_and_columns(n: u64) -> (Chunks, Chunks) {
    let length = n * 1024;
    let (one, whole) = (uniform(length, 1024), uniform(length, length));
    (chunks([one.clone(), whole.clone()]), chunks([whole, one]))
}

#[test]
fn what_fits_into_memory_goes_straight_from_whole_blocks() {
    let (rows, columns) = rows_and_columns(10);
    let steps = plan(&rows, &columns, &Rules::of(8)).unwrap();
    assert_eq!(steps.iter().map(|step| step.travel).collect::<Vec<_>>(), [Travel::Whole]);
}

#[test]
fn what_does_not_fit_travels_in_pieces_and_a_task_holds_a_block_twice() {
    let (rows, columns) = rows_and_columns(40);
    let bounds = Bounds { memory_bytes: Some(2 << 30), n_workers: 2 };
    let steps = plan(&rows, &columns, &Rules { bounds, ..Rules::of(8) }).unwrap();
    assert_eq!(steps.iter().map(|step| step.travel).collect::<Vec<_>>(), [Travel::Pieces]);
    assert_eq!(steps[0].task_bytes, 2 * 8 * 1024 * 40 * 1024);
}

#[test]
fn pieces_too_small_to_be_spilled_are_avoided_where_memory_is_short() {
    let n = 128;
    let (one, whole) = (uniform(n * 64, 64), uniform(n * 64, n * 64));
    let (rows, columns) = (chunks([one.clone(), whole.clone()]), chunks([whole, one]));
    let bounds = |bytes| Bounds { memory_bytes: Some(bytes), n_workers: 2 };
    let steps = |bytes| plan(&rows, &columns, &Rules { bounds: bounds(bytes), ..Rules::of(8) }).unwrap();
    assert_eq!(steps(2 << 30).len(), 1);
    let found = steps(128 << 20);
    let room = (128 << 20) / 2;
    assert!(found.len() > 1 && found.iter().all(|step| step.task_bytes <= room), "{found:?}");
}

#[test]
fn many_small_blocks_go_by_a_chunking_between() {
    let length = 10_000;
    let (rows, columns) = (
        chunks([uniform(length, 10), uniform(length, length)]),
        chunks([uniform(length, length), uniform(length, 1)]),
    );
    let steps = plan(&rows, &columns, &Rules::of(8)).unwrap();
    assert!(steps.len() > 1);
    let pairs = |from: &Chunks, to: &Chunks| -> u64 {
        let axis = |(from, to): (&AxisChunks, &AxisChunks)| u64::from(from.n_blocks().max(to.n_blocks()));
        from.axes().iter().zip(to.axes()).map(axis).product()
    };
    let mut before = rows.clone();
    let mut n_pairs = 0;
    for step in &steps {
        n_pairs += pairs(&before, &step.chunks);
        before = step.chunks.clone();
    }
    assert!(20 * n_pairs < pairs(&rows, &columns), "{n_pairs} pairs");
}

#[test]
fn a_block_that_memory_cannot_hold_is_said() {
    let planner = planner(Arc::new(NoLibrary)).unwrap();
    let builder = Builder::new(planner.context(), &NativeTokens);
    let values = vec![0.0; 1 << 13];
    let rows = chunks([uniform(64, 1), uniform(128, 128)]);
    // A source alone would be made in the new blocks.
    let halves = [2, 3].map(|token| {
        let half = NdArray::from_f64(&[64, 128], &values).unwrap();
        from_array(&builder, half, Token(token), &rows).unwrap()
    });
    let x = concatenate(&builder, &halves, 0).unwrap();
    let y = rechunk::to(&builder, &x, &chunks([uniform(128, 128), uniform(128, 128)])).unwrap();
    let bounds = |bytes| Bounds { memory_bytes: Some(bytes), n_workers: 1 };
    let excesses = |bytes| planner.plan_within(std::slice::from_ref(&y), bounds(bytes)).unwrap().excesses;
    assert!(excesses(1 << 20).is_empty());
    let found = excesses(1 << 16);
    assert!(found.len() == 1 && found[0].contains("more than the memory limit"), "{found:?}");
}
