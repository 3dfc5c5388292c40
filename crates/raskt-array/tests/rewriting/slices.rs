//! Slices on their way to sources: what is left of expressions, and that what others need stays whole.

use raskt_array::blockwise::{blockwise, transpose};
use raskt_array::concatenate::{concatenate, stack};
use raskt_array::creation::{from_array, full};
use raskt_array::parameters::{CHUNKS, DTYPE, KWARGS, chunks_param, integers};
use raskt_array::reductions::reduce;
use raskt_array::slicing::{Index, slice};
use raskt_array::ufuncs::ufunc;
use raskt_array::{Builder, rechunk, reshape};
use raskt_core::{DType, NdArray, Param, Token};
use raskt_expr::Expr;

use crate::simplified::{grid, left, one, pair};

/// Random numbers: a source of which windows are made.
fn random(builder: &Builder<'_>, seed: i64) -> Expr {
    let kwargs = [
        ("distribution", Param::Str("uniform".into())),
        ("key", integers([seed, 1])),
        ("size", integers([4, 6])),
        ("params", Param::List([Param::Float(0.0), Param::Float(1.0)].into())),
        (DTYPE, Param::Str("float64".into())),
    ];
    let parameters = [
        (KWARGS, Param::map(kwargs)),
        (DTYPE, Param::Str("float64".into())),
        (CHUNKS, chunks_param(&grid(&[(4, 2), (6, 4)]))),
    ];
    builder.make("random", &[], Param::map(parameters)).unwrap()
}

fn memory(builder: &Builder<'_>) -> Expr {
    let values: Vec<f64> = (0..24).map(f64::from).collect();
    from_array(builder, NdArray::from_f64(&[4, 6], &values).unwrap(), Token(7), &grid(&[(4, 2), (6, 4)]))
        .unwrap()
}

fn row(start: i64, stop: i64) -> Index {
    Index::Range { start: Some(start), stop: Some(stop), step: None }
}

fn cut(builder: &Builder<'_>, expr: &Expr, index: &[Index]) -> Expr {
    slice(builder, expr, index).unwrap()
}

#[test]
fn a_slice_of_a_slice_is_one_view() {
    let found = one(|b| {
        let x = ufunc(b, "sqrt", &[random(b, 0)]).unwrap();
        let rows = cut(b, &rechunk::to(b, &x, &grid(&[(4, 4), (6, 6)])).unwrap(), &[Index::New, row(1, 4)]);
        let points = cut(b, &rows, &[Index::Point(0), Index::Point(2), row(2, 5)]);
        reduce(b, "sum", &points, None, false).unwrap()
    });
    assert_eq!(found.0, "random slice sqrt sum");
    // Two slices of a source that makes windows need not be one first.
    let found = one(|b| {
        let x = concatenate(b, &[memory(b), random(b, 0)], 0).unwrap();
        let apply = Param::map([("function", Param::Str("numpy.sort".into()))]);
        let kept = Param::map([
            ("function", apply.get("function").unwrap().clone()),
            ("inputs", Param::List([integers([0, 1])].into())),
            ("output", integers([0, 1])),
            (DTYPE, Param::Str("float64".into())),
        ]);
        let sorted = blockwise(b, &[x], &kept).unwrap();
        cut(b, &cut(b, &sorted, &[row(1, 7)]), &[row(2, 4)])
    });
    assert_eq!(found, pair("from_array random concatenate blockwise slice", "slice-slice"));
}

#[test]
fn a_slice_passes_a_transposition() {
    let found = one(|b| cut(b, &transpose(b, &random(b, 0), None).unwrap(), &[row(1, 3)]));
    assert_eq!(found, pair("random transpose", "slice-transpose slice-source"));
    let found = one(|b| {
        let x = transpose(b, &memory(b), None).unwrap();
        cut(b, &x, &[Index::Point(1), Index::New, row(0, 1)])
    });
    assert_eq!(found.0, "from_array");
}

#[test]
fn a_slice_of_axes_that_a_reduction_keeps_comes_first() {
    let sum = |b: &Builder<'_>, keepdims| reduce(b, "sum", &random(b, 0), Some(&[1]), keepdims).unwrap();
    let found = one(|b| cut(b, &sum(b, false), &[row(1, 2)]));
    assert_eq!(found, pair("random sum", "slice-reduction slice-source"));
    let found = one(|b| cut(b, &sum(b, true), &[Index::Point(1), Index::Point(0)]));
    assert_eq!(found, pair("random slice sum slice", "slice-reduction slice-source"));
    // What is reduced cannot be cut.
    let found = one(|b| cut(b, &sum(b, true), &[row(0, 4), Index::Point(0)]));
    assert_eq!(found, pair("random sum slice", ""));
}

#[test]
fn joined_arrays_that_a_slice_does_not_touch_are_dropped() {
    let joined = |b: &Builder<'_>| concatenate(b, &[random(b, 0), random(b, 1), random(b, 2)], 0).unwrap();
    let found = one(|b| cut(b, &joined(b), &[row(5, 7)]));
    assert_eq!(found, pair("random", "slice-joined slice-source"));
    let back = Index::Range { start: Some(6), stop: Some(2), step: Some(-1) };
    let found = one(|b| cut(b, &joined(b), &[back]));
    assert_eq!(found.0, "random slice random concatenate");
    let stacked = |b: &Builder<'_>| stack(b, &[random(b, 0), random(b, 1), random(b, 2)], 1).unwrap();
    let found = one(|b| cut(b, &stacked(b), &[row(0, 4), Index::Point(2)]));
    assert_eq!(found, pair("random", "slice-joined"));
    let found = one(|b| cut(b, &stacked(b), &[Index::Point(1), row(0, 2)]));
    assert_eq!(found.0, "random slice random slice stack");
}

#[test]
fn a_slice_passes_a_rechunk() {
    let recut = |b: &Builder<'_>| {
        let both = concatenate(b, &[random(b, 0), random(b, 1)], 0).unwrap();
        rechunk::to(b, &both, &grid(&[(8, 8), (6, 6)])).unwrap()
    };
    let found = one(|b| cut(b, &recut(b), &[row(2, 4)]));
    assert!(found.0 == "random" && found.1.starts_with("slice-rechunk slice-joined"), "{found:?}");
    let found = one(|b| cut(b, &recut(b), &[row(2, 6)]));
    assert_eq!(found.0, "random random concatenate rechunk");
}

#[test]
fn a_slice_passes_what_is_stretched() {
    let found = one(|b| {
        let line = cut(b, &random(b, 0), &[row(1, 2)]);
        let parameters = Param::map([(CHUNKS, chunks_param(&grid(&[(3, 1), (5, 5), (6, 4)])))]);
        let rows = rechunk::rows();
        assert!(!rows.is_empty());
        let wide = b.make("broadcast_to", &[&line], parameters).unwrap();
        cut(b, &wide, &[Index::Point(2), row(1, 3), row(1, 3)])
    });
    assert_eq!(found.0, "random broadcast_to");
}

#[test]
fn a_slice_passes_a_reshape_along_axes_that_stay() {
    let found = one(|b| cut(b, &reshape::reshape(b, &random(b, 0), &[4, 2, 3]).unwrap(), &[row(1, 2)]));
    assert_eq!(found, pair("random reshape", "rechunk-source slice-reshape slice-source"));
    let found = one(|b| {
        cut(b, &reshape::reshape(b, &random(b, 0), &[4, 1, 6]).unwrap(), &[row(0, 4), Index::Point(0)])
    });
    assert_eq!(found.0, "random");
    let found = one(|b| cut(b, &reshape::reshape(b, &random(b, 0), &[24]).unwrap(), &[row(0, 6)]));
    assert!(found.0.ends_with("reshape slice") && !found.1.contains("slice"), "{found:?}");
}

#[test]
fn a_slice_of_a_product_multiplies_slices() {
    let found = one(|b| {
        let (x, y) = (random(b, 0), transpose(b, &random(b, 1), None).unwrap());
        let letters = [integers([0, 1]), integers([1, 2])];
        let parameters = Param::map([
            ("function", Param::Str("raskt.array._chunk.matmul_blocks".into())),
            ("inputs", Param::List(letters.into())),
            ("output", integers([0, 2])),
            ("align", Param::Bool(true)),
            (DTYPE, Param::Str("float64".into())),
        ]);
        cut(b, &blockwise(b, &[x, y], &parameters).unwrap(), &[row(0, 1), Index::Point(2)])
    });
    assert_eq!(found.0, "random random transpose blockwise slice");
    assert_eq!(found.1, "slice-blockwise slice-source slice-transpose");
}

#[test]
fn a_slice_of_running_sums_passes_along_other_axes_only() {
    let scan = |b: &Builder<'_>| {
        let kwargs = Param::map([("axis", Param::Int(0)), ("kind", Param::Str("cumsum".into()))]);
        let parameters = Param::map([
            ("function", Param::Str("raskt.array._chunk.scan_block".into())),
            ("inputs", Param::List([integers([0, 1])].into())),
            ("output", integers([0, 1])),
            (KWARGS, kwargs),
            (DTYPE, Param::Str("float64".into())),
        ]);
        blockwise(b, &[random(b, 0)], &parameters).unwrap()
    };
    let found = one(|b| cut(b, &scan(b), &[row(0, 4), row(2, 3)]));
    assert_eq!(found, pair("random blockwise", "slice-blockwise slice-source"));
    assert_eq!(one(|b| cut(b, &scan(b), &[row(1, 2)])).1, "");
}

#[test]
fn a_slice_of_one_value_or_of_nothing_is_made() {
    let ones =
        |b: &Builder<'_>| full(b, Param::Float(1.0), &DType::Float64, &grid(&[(4, 2), (6, 4)])).unwrap();
    assert_eq!(one(|b| cut(b, &ones(b), &[Index::New, Index::Point(2)])), pair("full", "slice-source"));
    assert_eq!(one(|b| cut(b, &random(b, 0), &[row(2, 2)])), pair("full", "slice-nothing"));
}

#[test]
fn a_step_that_reaches_over_most_of_a_source_makes_no_window() {
    let step = |start, stop| Index::Range { start: Some(start), stop: Some(stop), step: Some(2) };
    assert_eq!(one(|b| cut(b, &random(b, 0), &[row(0, 4), step(0, 6)])).1, "slice-source");
    assert_eq!(one(|b| cut(b, &random(b, 0), &[step(0, 4), step(0, 6)])).1, "slice-source");
    let whole = Index::Range { start: None, stop: None, step: Some(-1) };
    assert_eq!(one(|b| cut(b, &random(b, 0), &[whole])).1, "");
}

#[test]
fn what_others_need_whole_is_sliced_where_it_is() {
    let root = |b: &Builder<'_>| ufunc(b, "sqrt", &[random(b, 0)]).unwrap();
    let (kept, rules) = left(|b| vec![root(b), cut(b, &root(b), &[row(0, 1)])]);
    assert_eq!((kept.as_str(), rules.as_str()), ("random sqrt slice", ""));
    // Slices that overlap would have the same computed twice; others do not.
    let (kept, rules) = left(|b| vec![cut(b, &root(b), &[row(0, 3)]), cut(b, &root(b), &[row(1, 4)])]);
    assert_eq!((kept.as_str(), rules.as_str()), ("random sqrt slice slice", ""));
    let (kept, _) = left(|b| vec![cut(b, &root(b), &[row(0, 2)]), cut(b, &root(b), &[row(2, 4)])]);
    assert_eq!(kept, "random sqrt random sqrt");
}

#[test]
fn two_ways_to_one_slice_leave_it_the_only_need() {
    let found = one(|b| {
        let x = ufunc(b, "sqrt", &[random(b, 0)]).unwrap();
        let y = ufunc(b, "add", &[ufunc(b, "exp", std::slice::from_ref(&x)).unwrap(), x]).unwrap();
        cut(b, &y, &[row(0, 1)])
    });
    assert_eq!(found, pair("random sqrt exp add", "slice-elementwise slice-source"));
}
