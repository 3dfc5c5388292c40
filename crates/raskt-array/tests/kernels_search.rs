//! Sorting, searching and counting.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use proptest::prelude::*;
use raskt_array::kernels::{call, table};
use raskt_core::{DType, NdArray, Param, Value};

fn floats(items: &[f64]) -> Value {
    NdArray::from_f64(&[items.len() as u64], items).unwrap().into()
}

fn array_of(value: &Value) -> NdArray {
    match value {
        Value::Array(array) => (**array).clone(),
        other => panic!("{other:?}"),
    }
}

fn longs(value: &Value) -> Vec<i64> {
    let array = array_of(value).to_contiguous().unwrap();
    assert_eq!(*array.dtype(), DType::Int64);
    array
        .contiguous_bytes()
        .unwrap()
        .chunks_exact(8)
        .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn bits(items: &[f64]) -> Vec<u64> {
    items.iter().map(|x| x.to_bits()).collect()
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(f64::NAN), 8 => (-4_i32..5).prop_map(f64::from)]
}

proptest! {
    #[test]
    fn sorted_elements_are_in_order_and_sorted_halves_merge(items in prop::collection::vec(number(), 0..40)) {
        let axis = Param::map([("axis", Param::Int(0))]);
        let sorted = array_of(&call("array.sort", &axis, vec![floats(&items)]).unwrap()).to_f64().unwrap();
        let mut expected = items.clone();
        expected.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)));
        prop_assert_eq!(bits(&sorted), bits(&expected));
        // Sorted halves merge to the same.
        let (first, second) = items.split_at(items.len() / 2);
        let half = |items: &[f64]| call("array.sort", &axis, vec![floats(items)]).unwrap();
        let merged = |name: &str| {
            let told = Param::map([("axis", Param::Int(0)), ("half", Param::Str(name.into()))]);
            array_of(&call("array.merge", &told, vec![half(first), half(second)]).unwrap()).to_f64().unwrap()
        };
        prop_assert_eq!(bits(&[merged("lower"), merged("upper")].concat()), bits(&expected));
    }

    #[test]
    fn distinct_values_of_blocks_merge(items in prop::collection::vec(number(), 1..40), cut in 0_usize..40) {
        let cut = cut.min(items.len());
        let block = |part: &[f64], offset: usize| {
            let own = {
                let range = Param::List([offset, offset + part.len()].map(|at| Param::Int(at as i64)).into());
                Param::map([("own", Param::map([("ranges", Param::List([range].into()))]))])
            };
            call("array.unique", &own, vec![floats(part)]).unwrap()
        };
        let merged = call("array.unique", &Param::Null, vec![block(&items[..cut], 0), block(&items[cut..], cut)]);
        prop_assert_eq!(merged.unwrap(), block(&items, 0));
        let Value::List(found) = block(&items, 0) else { panic!("a list") };
        let values = array_of(&found[0]).to_f64().unwrap();
        for ((value, first), n) in values.iter().zip(longs(&found[1])).zip(longs(&found[2])) {
            let same = |x: &f64| x == value || (x.is_nan() && value.is_nan());
            prop_assert_eq!(items.iter().position(same), Some(first as usize));
            prop_assert_eq!(items.iter().filter(|x| same(x)).count() as i64, n);
        }
    }

    #[test]
    fn places_in_sorted_arrays_count_smaller_elements(mut items in prop::collection::vec(-4_i32..5, 0..30), value in -5_i32..6) {
        items.sort_unstable();
        let sorted: Vec<f64> = items.iter().copied().map(f64::from).collect();
        for (side, expected) in [
            ("left", items.iter().filter(|&&x| x < value).count()),
            ("right", items.iter().filter(|&&x| x <= value).count()),
        ] {
            let side = Param::map([("side", Param::Str(side.into()))]);
            let found = call("array.searchsorted", &side, vec![floats(&sorted), floats(&[value.into()])]).unwrap();
            prop_assert_eq!(longs(&found), [expected as i64]);
        }
    }

    #[test]
    fn largest_elements_of_blocks_are_those_of_the_whole(
        items in prop::collection::vec(-9_i32..10, 1..40), cut in 0_usize..40, k in -5_i64..6,
    ) {
        let items: Vec<f64> = items.into_iter().map(f64::from).collect();
        let cut = cut.min(items.len());
        let top = |inputs: Vec<Value>| {
            call("array.topk", &Param::map([("k", Param::Int(k)), ("axis", Param::Int(0))]), inputs).unwrap()
        };
        let parts = vec![top(vec![floats(&items[..cut])]), top(vec![floats(&items[cut..])])];
        let found = array_of(&top(parts)).to_f64().unwrap();
        let mut expected = items.clone();
        expected.sort_by(|a, b| if k < 0 { a.total_cmp(b) } else { b.total_cmp(a) });
        expected.truncate(k.unsigned_abs() as usize);
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn histograms_count_the_upper_edge_in_the_last_bin() {
    let values = floats(&[0.0, 1.0, 1.5, 2.0, 3.0, -0.1, 3.1, f64::NAN]);
    let edges = Param::map([("edges", Param::Value(floats(&[0.0, 1.0, 2.0, 3.0])))]);
    let found = call("array.histogram", &edges, vec![values]).unwrap();
    assert_eq!(longs(&found), [1, 2, 2]);
}

#[test]
fn bins_may_go_down() {
    let bins = Param::map([("bins", Param::Value(floats(&[3.0, 2.0, 1.0])))]);
    let found = call("array.digitize", &bins, vec![floats(&[0.5, 1.0, 2.5, 3.0])]).unwrap();
    // numpy.digitize([0.5, 1, 2.5, 3], [3, 2, 1])
    assert_eq!(longs(&found), [3, 2, 1, 0]);
}

#[test]
fn quantiles_interpolate_from_the_nearer_end() {
    let q = Param::List([0.0, 0.25, 0.5, 1.0].map(Param::Float).into());
    let axes = Param::List([Param::Int(0)].into());
    let shared = Param::map([("q", q), ("axes", axes), ("method", Param::Str("linear".into()))]);
    let found = call("array.quantile", &shared, vec![floats(&[4.0, 1.0, 3.0, 2.0])]).unwrap();
    assert_eq!(array_of(&found).to_f64().unwrap(), [1.0, 1.75, 2.5, 4.0]);
}

#[test]
fn the_table_lists_every_operation_once() {
    let mut names: Vec<&str> = table().iter().map(|row| row.operation.as_str()).collect();
    let n = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), n);
    let row = |name: &str| table().iter().find(|row| row.operation == name).unwrap();
    assert!(row("sin").library.contains(&DType::Complex128));
    assert!(row("add").native.len() >= 13);
    assert!(!row("bitwise_and").native.contains(&DType::Float64));
}
