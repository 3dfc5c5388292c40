//! Kernels that move elements, against plain index arithmetic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use proptest::prelude::*;
use raskt_array::kernels::call;
use raskt_core::{DType, NdArray, Param, Value};

fn ints(items: &[i64]) -> Param {
    Param::List(items.iter().map(|&n| Param::Int(n)).collect())
}

fn numbered(shape: &[u64]) -> NdArray {
    let n = shape.iter().product::<u64>() as usize;
    NdArray::from_f64(shape, &(0..n).map(|at| at as f64).collect::<Vec<_>>()).unwrap()
}

fn run(name: &str, parameters: Param, inputs: Vec<Value>) -> NdArray {
    match call(name, &parameters, inputs).unwrap() {
        Value::Array(array) => (*array).clone(),
        other => panic!("{other:?}"),
    }
}

/// The element of a numbered array at an index.
fn at(shape: &[u64], index: &[u64]) -> f64 {
    index.iter().zip(shape).fold(0, |number, (i, n)| number * n + i) as f64
}

fn indices(shape: &[u64]) -> Vec<Vec<u64>> {
    shape.iter().fold(vec![vec![]], |all, &n| {
        all.iter().flat_map(|prefix| (0..n).map(move |i| [prefix.as_slice(), &[i]].concat())).collect()
    })
}

proptest! {
    #[test]
    fn blocks_that_are_cut_and_joined_are_whole_again(
        rows in prop::collection::vec(0_u64..40, 1..4), cols in prop::collection::vec(0_u64..40, 1..4),
    ) {
        let (n_rows, n_cols) = (rows.iter().sum::<u64>(), cols.iter().sum::<u64>());
        let whole = numbered(&[n_rows, n_cols]);
        let regions = |sizes: &[u64]| {
            let mut start = 0;
            Param::List(sizes.iter().map(|&n| {
                start += n as i64;
                ints(&[start - n as i64, start])
            }).collect())
        };
        let own = Param::List([regions(&rows), regions(&cols)].into());
        let pieces = call("array.cut", &Param::map([("own", own)]), vec![whole.clone().into()]).unwrap();
        let Value::List(pieces) = pieces else { panic!("a list") };
        let counts = ints(&[rows.len() as i64, cols.len() as i64]);
        let joined = run("array.join", Param::map([("own", counts)]), pieces.to_vec());
        prop_assert_eq!(joined, whole);
    }

    #[test]
    fn slices_take_what_they_say(shape in prop::collection::vec(1_u64..9, 2..4), step in -3_i64..4, start in 0_u64..9) {
        prop_assume!(step != 0 && start < shape[0]);
        let reach = if step > 0 { shape[0] - 1 - start } else { start };
        let n = reach / step.unsigned_abs() + 1;
        let mut cuts = vec![ints(&[start as i64, n as i64, step]), Param::Int(0), Param::Str("new".into())];
        cuts.extend((2..shape.len()).map(|_| Param::Null));
        let own = Param::map([("own", Param::List(cuts.into()))]);
        let found = run("array.slice", own, vec![numbered(&shape).into()]);
        let mut made = vec![n, 1];
        made.extend(&shape[2..]);
        prop_assert_eq!(found.shape(), made.as_slice());
        let expected: Vec<f64> = indices(&made).into_iter().map(|index| {
            let row = start as i64 + step * index[0] as i64;
            at(&shape, &[&[row as u64, 0], &index[2..]].concat())
        }).collect();
        prop_assert_eq!(found.to_f64().unwrap(), expected);
    }

    #[test]
    fn transposed_arrays_are_laid_out_in_their_own_order(shape in prop::collection::vec(0_u64..70, 3)) {
        let whole = numbered(&shape);
        let view = run("array.transpose", Param::map([("axes", ints(&[2, 0, 1]))]), vec![whole.into()]);
        let ranges = Param::List(view.shape().iter().map(|&n| ints(&[0, n as i64])).collect());
        let own = Param::map([("own", Param::map([("ranges", ranges)]))]);
        let found = run("array.reshape", own, vec![view.clone().into()]);
        prop_assert!(found.is_c_contiguous());
        prop_assert_eq!(found.to_f64().unwrap(), view.to_f64().unwrap());
    }

    #[test]
    fn picks_and_masks_agree(flags in prop::collection::vec(any::<bool>(), 1..20)) {
        let n = flags.len() as u64;
        let array = numbered(&[3, n]);
        let places: Vec<i64> = flags.iter().enumerate().filter(|(_, f)| **f).map(|(at, _)| at as i64).collect();
        let bytes: Vec<u8> = flags.iter().map(|&f| f.into()).collect();
        let mask = NdArray::contiguous(DType::Bool, &[n], bytes.into()).unwrap();
        let axis = Param::map([("axis", Param::Int(1))]);
        let by_mask = run("array.compress", axis, vec![array.clone().into(), mask.into()]);
        let cuts = Param::List([Param::Null, Param::map([("picks", ints(&places))])].into());
        let by_picks = run("array.slice", Param::map([("own", cuts)]), vec![array.into()]);
        prop_assert_eq!(by_mask, by_picks);
    }
}

#[test]
fn margins_come_from_neighbours_and_boundaries() {
    let text = |text: &str| Param::Str(text.into());
    let margins = Param::List(
        [
            Param::List([Param::Int(1), Param::Int(2), text("reflect")].into()),
            Param::List([Param::Int(1), Param::Int(1), Param::map([("constant", Param::Int(-1))])].into()),
        ]
        .into(),
    );
    let neighbours = Param::List([ints(&[0, -1]), ints(&[0, 0])].into());
    let own = Param::map([("own", Param::map([("margins", margins), ("neighbours", neighbours)]))]);
    let (left, centre) = (NdArray::from_f64(&[2, 1], &[8.0, 9.0]).unwrap(), numbered(&[2, 2]));
    let found = run("array.extend", own, vec![left.into(), centre.into()]);
    // Rows 0 | 0 1 | 1 0; columns: the neighbour's, 0, 1, a constant. The rows outside mirror the block itself,
    // whose neighbour to the left has no margin of its own there.
    assert_eq!(found.shape(), [5, 4]);
    let rows: Vec<Vec<f64>> = found.to_f64().unwrap().chunks(4).map(<[f64]>::to_vec).collect();
    assert_eq!(rows[1], [8.0, 0.0, 1.0, -1.0]);
    assert_eq!(rows[0], rows[1]);
    assert_eq!(rows[3], [9.0, 2.0, 3.0, -1.0]);
    assert_eq!(rows[4], rows[1]);
}

#[test]
fn assignments_broadcast_and_leave_the_old_array_alone() {
    let target = numbered(&[3, 4]);
    let index = Param::List([ints(&[2, 2, -2]), ints(&[1, 2, 1])].into());
    let values = NdArray::from_f64(&[2, 1], &[-1.0, -2.0]).unwrap();
    let out = Param::List([ints(&[0, 3]), ints(&[0, 4])].into());
    let own = Param::map([("info", Param::map([("out", out)]))]);
    let told = Param::map([("index", index), ("axes", ints(&[0, 1])), ("own", own)]);
    let found = run("array.assign", told, vec![target.clone().into(), values.into()]);
    let expected = [0.0, -2.0, -2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, -1.0, -1.0, 11.0];
    assert_eq!(found.to_f64().unwrap(), expected);
    assert_eq!(target, numbered(&[3, 4]));
}

#[test]
fn products_of_matrices_match_the_plain_sum() {
    let (a, b) = (numbered(&[2, 5, 7]), numbered(&[7, 3]));
    let found = run("array.matmul", Param::Null, vec![a.into(), b.into()]);
    assert_eq!(found.shape(), [2, 5, 3]);
    let expected: Vec<f64> = indices(&[2, 5, 3])
        .iter()
        .map(|index| {
            (0..7).map(|k| at(&[2, 5, 7], &[index[0], index[1], k]) * at(&[7, 3], &[k, index[2]])).sum()
        })
        .collect();
    assert_eq!(found.to_f64().unwrap(), expected);
    let axes = Param::map([("axes", Param::List([ints(&[0]), ints(&[1])].into()))]);
    let dot = run("array.tensordot", axes, vec![numbered(&[3, 2]).into(), numbered(&[4, 3]).into()]);
    let expected: Vec<f64> = indices(&[2, 4])
        .iter()
        .map(|index| (0..3).map(|k| at(&[3, 2], &[k, index[0]]) * at(&[4, 3], &[index[1], k])).sum())
        .collect();
    assert_eq!(dot.to_f64().unwrap(), expected);
}
