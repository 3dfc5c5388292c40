//! Chunks against plain lists of sizes, and what people write for `chunks=` against what Dask makes of it.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use raskt_core::chunk::{AxisChunks, AxisSpec, ChunkRequest, ChunkSpec, Chunks};
use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_core::{Block, Result};

fn axis(sizes: &[u64]) -> AxisChunks {
    AxisChunks::from_sizes(sizes.iter().copied()).unwrap()
}

fn sizes(axis: &AxisChunks) -> Vec<u64> {
    axis.sizes().map(Option::unwrap).collect()
}

/// A few sizes, often repeated, so that runs form.
fn some_sizes() -> impl Strategy<Value = Vec<u64>> {
    vec((0u64..5, 1usize..4), 1..8)
        .prop_map(|runs| runs.into_iter().flat_map(|(size, n)| std::iter::repeat_n(size, n)).collect())
}

proptest! {
    #[test]
    fn an_axis_is_the_list_of_its_sizes(given in some_sizes()) {
        let axis = axis(&given);
        prop_assert_eq!(sizes(&axis), given.clone());
        prop_assert_eq!(axis.n_blocks() as usize, given.len());
        prop_assert_eq!(axis.length(), Some(given.iter().sum()));
        prop_assert_eq!(axis.size_max(), given.iter().max().copied());
        let mut offset = 0;
        for (block, &size) in given.iter().enumerate() {
            let chunk = axis.chunk(block as u32).unwrap();
            prop_assert_eq!(chunk.range(), Some(offset..offset + size));
            prop_assert_eq!(axis.chunks().nth(block), Some(chunk));
            for index in 0..size {
                prop_assert_eq!(axis.locate(offset + index).unwrap(), (block as u32, index));
            }
            offset += size;
        }
        prop_assert_eq!(axis.chunk(given.len() as u32), None);
        prop_assert!(axis.locate(offset).is_err());
    }

    #[test]
    fn axes_of_equal_sizes_are_equal_and_come_back(given in some_sizes(), hidden in vec(any::<bool>(), 8)) {
        let runs: Vec<_> = given.iter().zip(hidden.iter().cycle()).map(|(&n, &hide)| ((!hide).then_some(n), 1)).collect();
        let one = AxisChunks::from_runs(runs.clone()).unwrap();
        let other = AxisChunks::from_runs(one.runs().collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.sizes().collect::<Vec<_>>(), runs.iter().map(|run| run.0).collect::<Vec<_>>());
        let chunks = Chunks::new([one, other]).unwrap();
        let bytes = encode_canonical(&chunks).unwrap();
        prop_assert_eq!(decode_canonical::<Chunks>(&bytes, &Limits::default()).unwrap(), chunks);
    }

    #[test]
    fn every_element_lies_in_the_block_that_locate_names(a in some_sizes(), b in some_sizes()) {
        let chunks = Chunks::new([axis(&a), axis(&b)]).unwrap();
        let blocks: Vec<Block> = chunks.blocks().collect();
        prop_assert_eq!(blocks.len() as u64, chunks.n_blocks());
        prop_assert!(blocks.is_sorted_by(|a, b| a < b));
        for (at, block) in blocks.iter().enumerate() {
            prop_assert_eq!(chunks.ordinal(block).unwrap(), at as u64);
            prop_assert_eq!(chunks.blocks().nth(at), Some(block.clone()));
            let ranges = chunks.block_ranges(block).unwrap();
            for (i, row) in ranges[0].clone().enumerate() {
                for (j, column) in ranges[1].clone().enumerate() {
                    let (found, place) = chunks.locate(&[row, column]).unwrap();
                    prop_assert_eq!((&found, place.as_slice()), (block, &[i as u64, j as u64][..]));
                }
            }
        }
    }

    #[test]
    fn automatic_blocks_stay_within_the_limit_and_grow_up_to_it(
        shape in vec(1u64..200, 1..4), item_bytes in 1u64..17, limit_bytes in 1u64..5000,
    ) {
        let shape: Vec<_> = shape.into_iter().map(Some).collect();
        let array = ChunkRequest { shape: &shape, item_bytes: Some(item_bytes), limit_bytes, previous: None };
        let chunks = ChunkSpec::All(AxisSpec::Auto).normalize(&array).unwrap();
        prop_assert_eq!(chunks.shape().to_vec(), shape.clone());
        let block = chunks.block_shape_max().unwrap();
        let bytes = block.iter().product::<u64>() * item_bytes;
        prop_assert!(bytes <= limit_bytes || block.iter().all(|&size| size == 1), "{bytes}");
        let whole = block.iter().zip(&shape).all(|(&size, &length)| Some(size) == length);
        let one_longer: u64 = block.iter().zip(&shape).map(|(&n, &all)| n + u64::from(Some(n) != all)).product();
        prop_assert!(whole || one_longer * item_bytes > limit_bytes, "{block:?}");
    }

    #[test]
    fn automatic_chunks_join_or_cut_the_previous_ones(
        a in some_sizes(), b in some_sizes(), limit_bytes in 1u64..300,
    ) {
        let previous = Chunks::new([axis(&a), axis(&b)]).unwrap();
        let shape = previous.shape();
        let array =
            ChunkRequest { shape: &shape, item_bytes: Some(1), limit_bytes, previous: Some(&previous) };
        let chunks = ChunkSpec::All(AxisSpec::Auto).normalize(&array).unwrap();
        prop_assert_eq!(chunks.shape(), shape.clone());
        prop_assert!(chunks.block_shape_max().unwrap().iter().product::<u64>() <= limit_bytes);
        for (new, old) in chunks.axes().iter().zip(previous.axes()) {
            let edges: Vec<u64> = old.chunks().map(|chunk| chunk.range().unwrap().end).chain([0]).collect();
            for range in new.chunks().map(|chunk| chunk.range().unwrap()) {
                let joins = edges.contains(&range.start) && edges.contains(&range.end);
                let cuts = !edges.iter().any(|edge| range.start < *edge && *edge < range.end);
                prop_assert!(joins || cuts, "{range:?} of {old}");
            }
        }
    }
}

#[test]
fn a_million_equal_chunks_cost_what_one_costs() {
    let axis = AxisChunks::uniform(5_000_000_000, 5000).unwrap();
    assert_eq!((axis.n_blocks(), axis.runs().len()), (1_000_000, 1));
    assert!(encode_canonical(&axis).unwrap().len() < 12);
    let joined =
        normalize(&ChunkSpec::All(AxisSpec::Auto), &[Some(5_000_000_000)], 12_000, Some(&[axis])).unwrap();
    assert_eq!(joined.to_string(), "((10000 × 500000))");
}

#[test]
fn unknown_sizes_hide_only_what_lies_behind_them() {
    let axis = AxisChunks::from_runs([(Some(3), 2), (None, 2), (Some(4), 1)]).unwrap();
    assert_eq!(axis.to_string(), "3 × 2, ? × 2, 4");
    assert_eq!((axis.length(), axis.size_max(), axis.n_blocks()), (None, None, 5));
    assert_eq!(axis.locate(5).unwrap(), (1, 2));
    assert_eq!(axis.chunk(2).unwrap().offset, Some(6));
    assert_eq!(axis.chunk(3).unwrap().offset, None);
    assert_eq!(axis.chunk(4).unwrap().size, Some(4));
    let error = axis.locate(6).unwrap_err();
    assert_eq!(error.to_string(), "where index 6 is, is not known of an axis cut into 3 × 2, ? × 2, 4");
    let error = Chunks::new([axis]).unwrap().known_shape().unwrap_err();
    assert_eq!(error.to_string(), "axis 0 has chunks of unknown size: 3 × 2, ? × 2, 4");
}

#[test]
fn sums_past_64_bits_are_refused() {
    assert!(AxisChunks::from_sizes([u64::MAX, 1]).is_err());
    assert!(AxisChunks::uniform(u64::MAX, 1).is_err());
    assert!(AxisChunks::from_sizes([]).is_err());
    let long = AxisChunks::uniform(u64::from(u32::MAX), 1).unwrap();
    assert_eq!(long.n_blocks(), u32::MAX);
    assert!(Chunks::new([long.clone(), long.clone()]).is_ok());
    assert!(Chunks::new([long.clone(), long.clone(), long]).is_err());
}

#[test]
fn a_number_is_one_block_without_an_index() {
    let chunks = Chunks::new([]).unwrap();
    assert_eq!(chunks.blocks().collect::<Vec<_>>(), [Block::new()]);
    assert_eq!(chunks.locate(&[]).unwrap().0, Block::new());
    assert_eq!(chunks.to_string(), "()");
}

#[test]
fn places_outside_say_where() {
    let chunks = Chunks::new([axis(&[2, 2]), axis(&[3])]).unwrap();
    assert_eq!(
        chunks.locate(&[0, 3]).unwrap_err().to_string(),
        "axis 1: index 3 is outside of an axis cut into 3"
    );
    let error = chunks.block_shape(&[2, 0]).unwrap_err();
    assert_eq!(error.to_string(), "block [2, 0] is outside of a grid of [2, 1]");
}

fn normalize(
    spec: &ChunkSpec,
    shape: &[Option<u64>],
    limit_bytes: u64,
    previous: Option<&[AxisChunks]>,
) -> Result<Chunks> {
    let previous = previous.map(|axes| Chunks::new(axes.iter().cloned()).unwrap());
    spec.normalize(&ChunkRequest { shape, item_bytes: Some(1), limit_bytes, previous: previous.as_ref() })
}

use AxisSpec::{Auto, Keep, Size, Sizes, Whole};
use ChunkSpec::{All, Axes};

fn known(sizes: &[u64]) -> AxisSpec {
    Sizes(sizes.iter().copied().map(Some).collect())
}

#[test]
fn what_dask_accepts_comes_to_the_same_chunks() {
    let (s, none) = (Some, None);
    // What dask.array.core.normalize_chunks of Dask 2026 returns for the same, dtype uint8.
    let cases: Vec<(ChunkSpec, Vec<Option<u64>>, u64, &str)> = vec![
        (All(Size(3)), vec![s(10)], 0, "((3 × 3, 1))"),
        (Axes(vec![Size(3), Size(3)]), vec![s(6)], 0, "((3 × 2))"),
        (All(Size(20)), vec![s(10)], 0, "((10))"),
        (All(Size(0)), vec![s(0)], 0, "((0))"),
        (Axes(vec![Size(3)]), vec![s(0)], 0, "((0))"),
        (Axes(vec![]), vec![s(0), s(0)], 0, "((0), (0))"),
        (ChunkSpec::Some(vec![(0, Size(2))]), vec![s(4), s(5)], 0, "((2 × 2), (5))"),
        (Axes(vec![Whole, Keep]), vec![s(4), s(5)], 0, "((4), (5))"),
        (Axes(vec![known(&[3, 0, 4])]), vec![s(7)], 0, "((3, 0, 4))"),
        (Axes(vec![Sizes(vec![none, none])]), vec![s(7)], 0, "((? × 2))"),
        (Axes(vec![known(&[3, 4])]), vec![none], 0, "((3, 4))"),
        (All(Auto), vec![s(5), s(100), s(100)], 1000, "((5), (14 × 7, 2), (14 × 7, 2))"),
        (Axes(vec![Auto, Size(10)]), vec![s(100), s(100)], 1000, "((100), (10 × 10))"),
        (All(Auto), vec![s(10_000), s(10_000)], 16 << 20, "((4096 × 2, 1808), (4096 × 2, 1808))"),
        (Axes(vec![Auto, Size(1000)]), vec![s(100), s(1000)], 10, "((1 × 100), (1000))"),
        (Axes(vec![Auto, known(&[3, 7])]), vec![s(10), s(10)], 35, "((5 × 2), (3, 7))"),
    ];
    for (spec, shape, limit, expected) in cases {
        let found = normalize(&spec, &shape, limit, None).unwrap();
        assert_eq!(found.to_string(), expected, "{spec:?} {shape:?}");
    }
}

#[test]
fn previous_chunks_are_joined_and_cut_as_dask_does_it() {
    let tens = axis(&[10; 10]);
    let cases = [
        (vec![tens.clone()], 30, "((30 × 3, 10))"),
        (vec![tens.clone()], 35, "((30 × 3, 10))"),
        (vec![tens.clone()], 5, "((5 × 20))"),
        (vec![axis(&[10, 10]), axis(&[1; 20])], 100, "((20), (5 × 4))"),
        (vec![axis(&[10, 10]), axis(&[1; 20])], 20, "((10 × 2), (1 × 20))"),
        (vec![tens.clone(), axis(&[5, 5])], 1_000_000, "((100), (10))"),
        (vec![tens, axis(&[100])], 2500, "((20 × 5), (100))"),
    ];
    for (previous, limit, expected) in cases {
        let shape: Vec<_> = previous.iter().map(AxisChunks::length).collect();
        let found = normalize(&All(Auto), &shape, limit, Some(&previous)).unwrap();
        assert_eq!(found.to_string(), expected, "{previous:?} {limit}");
    }
}

#[test]
fn where_dask_goes_over_the_limit_or_across_chunks_we_do_not() {
    let auto = |sizes: &[u64], limit| {
        let previous = axis(sizes);
        normalize(&All(Auto), &[previous.length()], limit, Some(&[previous])).unwrap().to_string()
    };
    // Dask: 6, 4, 10.
    assert_eq!(auto(&[1, 2, 3, 4, 10], 8), "((6, 4, 5 × 2))");
    // Dask: 4 × 25, of which every other one needs two of the old chunks.
    assert_eq!(auto(&[10, 10], 4), "((4, 3 × 2, 4, 3 × 2))");
    // Dask: 9 and 1 on each axis, because 1000 ** (1 / 3) is a hair below 10.
    assert_eq!(normalize(&All(Auto), &[Some(10); 3], 1000, None).unwrap().to_string(), "((10), (10), (10))");
    // Dask divides by zero.
    assert_eq!(normalize(&All(Auto), &[Some(0), Some(20)], 10, None).unwrap().to_string(), "((0), (10 × 2))");
    // Dask refuses -1 on an axis of unknown length, and ignores negative axes in a dictionary.
    assert_eq!(normalize(&All(Whole), &[None], 0, None).unwrap().to_string(), "((?))");
    let last = ChunkSpec::Some(vec![(-1, Size(2))]);
    assert_eq!(normalize(&last, &[Some(4), Some(5)], 0, None).unwrap().to_string(), "((4), (2 × 2, 1))");
}

#[test]
fn long_axes_that_cannot_be_cut_evenly_stay_a_few_runs() {
    let previous = AxisChunks::uniform(1_000_003 * 1_000_000, 1_000_003).unwrap();
    let length = previous.length();
    let chunks = normalize(&All(Auto), &[length], 700_000, Some(&[previous])).unwrap();
    assert!(chunks.axes()[0].runs().len() < 4);
    assert_eq!(chunks.axes()[0].length(), length);
}

#[test]
fn keep_means_the_previous_chunks() {
    let previous = [axis(&[1, 4]), axis(&[2, 3])];
    let spec = ChunkSpec::Some(vec![(1, Whole)]);
    let found = normalize(&spec, &[Some(5), Some(5)], 0, Some(&previous)).unwrap();
    assert_eq!(found.to_string(), "((1, 4), (5))");
}

#[test]
fn chunks_that_do_not_fit_are_named_with_their_axis() {
    let two = [Some(10), Some(7)];
    let cases: Vec<(ChunkSpec, &[Option<u64>], &str)> = vec![
        (Axes(vec![Size(5); 3]), &two, "chunks for 3 axes, where the array has 2"),
        (Axes(vec![]), &two, "chunks for 0 axes, where the array has 2"),
        (
            Axes(vec![Whole, known(&[3, 3])]),
            &two,
            "axis 1: the chunks 3 × 2 add up to 6, where the axis has length 7",
        ),
        (All(Size(0)), &two, "axis 0: an axis of length 10 cannot be cut into chunks of 0"),
        (
            Axes(vec![Whole, known(&[])]),
            &two,
            "axis 1: an axis has at least one chunk (of size 0 if it has no elements)",
        ),
        (ChunkSpec::Some(vec![(2, Whole)]), &two, "chunks for axis 2, where the array has 2 axes"),
        (ChunkSpec::Some(vec![(1, Whole), (-1, Whole)]), &two, "chunks for axis 1 given twice"),
        (
            All(Size(3)),
            &[None],
            "axis 0: an axis of unknown length cannot be cut into chunks of 3; compute its chunk sizes first",
        ),
        (
            Axes(vec![Auto, Whole]),
            &[Some(3), None],
            "axis 1: automatic chunks need all other sizes, and these are unknown",
        ),
    ];
    for (spec, shape, message) in cases {
        assert_eq!(normalize(&spec, shape, 100, None).unwrap_err().to_string(), message, "{spec:?}");
    }
    let array = ChunkRequest { shape: &two, item_bytes: None, limit_bytes: 100, previous: None };
    let error = All(Auto).normalize(&array).unwrap_err();
    assert_eq!(error.to_string(), "automatic chunks need a dtype of known size; give sizes instead");
    let error = normalize(&All(Keep), &two, 0, Some(&[axis(&[10]), axis(&[6])])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the previous chunks ((10), (6)) are not those of an array of shape (10, 7)"
    );
}
