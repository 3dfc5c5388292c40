//! What rules make of expressions, as `explain` shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use raskt_array::blockwise::transpose;
use raskt_array::creation::from_array;
use raskt_array::fusion::FUSE;
use raskt_array::reductions::reduce;
use raskt_array::slicing::{Index, slice};
use raskt_array::ufuncs::{scalar, ufunc};
use raskt_array::{Builder, COLLECTION, NativeTokens, planner};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, NdArray, Param, Token};
use raskt_expr::{Expr, NoLibrary, Planner};

fn source(builder: &Builder<'_>) -> Expr {
    let values: Vec<f64> = (0..24).map(f64::from).collect();
    let chunks =
        Chunks::new([AxisChunks::uniform(4, 2).unwrap(), AxisChunks::uniform(6, 4).unwrap()]).unwrap();
    from_array(builder, NdArray::from_f64(&[4, 6], &values).unwrap(), Token(7), &chunks).unwrap()
}

fn checked(make: impl FnOnce(&Builder<'_>) -> Expr) -> (Planner, Expr) {
    let planner = planner(Arc::new(NoLibrary)).unwrap();
    let expr = make(&Builder::new(planner.context(), &NativeTokens));
    (planner, expr)
}

fn explained(make: impl FnOnce(&Builder<'_>) -> Expr) -> String {
    let (planner, expr) = checked(make);
    planner.explain(&[expr]).unwrap()
}

fn row(start: i64, stop: i64) -> Index {
    Index::Range { start: Some(start), stop: Some(stop), step: None }
}

#[test]
fn a_slice_reaches_the_source_through_element_wise_work() {
    let text = explained(|builder| {
        let x = source(builder);
        let one = scalar(builder, Param::Float(1.0), &DType::Float64, true).unwrap();
        let y = ufunc(builder, "add", &[x, one]).unwrap();
        slice(builder, &y, &[row(1, 3), Index::Point(2)]).unwrap()
    });
    assert!(text.contains("1 × slice-elementwise"), "{text}");
    assert!(text.contains("1 × view-source"), "{text}");
    let layers = text.split("layers").nth(1).unwrap();
    assert!(!layers.contains("slice-"), "{text}");
}

#[test]
fn a_transposed_source_is_a_view_and_two_transpositions_are_none() {
    let twice = explained(|builder| {
        let x = source(builder);
        transpose(builder, &transpose(builder, &x, None).unwrap(), None).unwrap()
    });
    assert!(!twice.split("layers").nth(1).unwrap().contains("transpose"), "{twice}");
    let once = explained(|builder| transpose(builder, &source(builder), None).unwrap());
    assert!(once.contains("1 × view-source"), "{once}");
}

#[test]
fn a_chain_and_the_reduction_behind_it_are_one_program() {
    let text = explained(|builder| {
        let x = source(builder);
        let sum = ufunc(builder, "add", &[x.clone(), x]).unwrap();
        let root = ufunc(builder, "sqrt", &[sum]).unwrap();
        reduce(builder, "sum", &root, None, false).unwrap()
    });
    let fused = text.split_once("fused").unwrap().1;
    assert!(fused.contains("folded") && !fused.contains("= add"), "{text}");
}

#[test]
fn what_two_need_is_computed_once() {
    let (planner, [total, most]) = {
        let planner = planner(Arc::new(NoLibrary)).unwrap();
        let builder = Builder::new(planner.context(), &NativeTokens);
        let x = source(&builder);
        let y = ufunc(&builder, "sqrt", &[x]).unwrap();
        let roots = ["sum", "max"].map(|name| reduce(&builder, name, &y, None, false).unwrap());
        (planner.clone(), roots)
    };
    let text = planner.explain(&[total, most]).unwrap();
    let fused = text.split_once("fused").unwrap().1;
    assert_eq!(fused.matches("= fused(").count(), 1, "{text}");
    assert_eq!(fused.matches("= folded(").count(), 2, "{text}");
}

#[test]
fn planning_does_not_depend_on_the_number_of_chunks() {
    let (planner, expr) = checked(|builder| {
        let axis = AxisChunks::uniform(100_000, 100).unwrap();
        let chunks = Chunks::new([axis.clone(), axis]).unwrap();
        let x = raskt_array::creation::full(builder, Param::Float(1.0), &DType::Float64, &chunks).unwrap();
        let y = transpose(builder, &x, None).unwrap();
        reduce(builder, "sum", &ufunc(builder, "add", &[x, y]).unwrap(), None, false).unwrap()
    });
    assert_eq!(planner.plan(&[expr]).unwrap().roots[0].keys().len(), 1);
}

#[test]
fn what_several_steps_of_one_chain_need_is_a_part_of_it() {
    let text = explained(|builder| {
        let root = ufunc(builder, "sqrt", &[ufunc(builder, "exp", &[source(builder)]).unwrap()]).unwrap();
        let zero = scalar(builder, Param::Int(0), &DType::Int64, true).unwrap();
        let kept = ufunc(builder, "maximum", &[root.clone(), zero]).unwrap();
        reduce(builder, "sum", &ufunc(builder, "multiply", &[kept, root]).unwrap(), None, false).unwrap()
    });
    let fused = text.split_once("\nfused").unwrap().1.split("layers").next().unwrap();
    assert_eq!((fused.matches("= fused(").count(), fused.matches("= folded(").count()), (0, 1), "{text}");
    assert_eq!((fused.matches("\"exp\"").count(), fused.matches("\"sqrt\"").count()), (1, 1), "{text}");
}

#[test]
fn numbers_and_arrays_that_come_again_do_not_cut_a_chain() {
    let text = explained(|builder| {
        let x = source(builder);
        (0..60).fold(x.clone(), |sum, at| {
            let number = scalar(builder, Param::Float(f64::from(at) + 0.5), &DType::Float64, true).unwrap();
            let scaled = ufunc(builder, "multiply", &[x.clone(), number]).unwrap();
            ufunc(builder, "add", &[sum, scaled]).unwrap()
        })
    });
    let fused = text.split_once("\nfused").unwrap().1.split("layers").next().unwrap();
    assert_eq!(fused.matches("= fused(").count(), 1, "{text}");
}

#[test]
fn chains_of_many_arrays_are_cut() {
    let text = explained(|builder| {
        let values: Vec<f64> = (0..24).map(f64::from).collect();
        let chunks = Chunks::new([AxisChunks::uniform(24, 4).unwrap()]).unwrap();
        let array = |at: u128| {
            let array = NdArray::from_f64(&[24], &values).unwrap();
            from_array(builder, array, Token(at), &chunks).unwrap()
        };
        (1..40).fold(array(0), |sum, at| ufunc(builder, "add", &[sum, array(at)]).unwrap())
    });
    let fused = text.split_once("\nfused").unwrap().1.split("layers").next().unwrap();
    assert_eq!(fused.matches("= fused(").count(), 2, "{text}");
}

/// `sqrt(x + 1)[1:3, 2]`, of which `note` is said where `x + 1` is made.
fn noted(builder: &Builder<'_>, note: Param) -> Expr {
    let said = Builder::new(builder.context, &NativeTokens).annotated(note);
    let one = scalar(builder, Param::Float(1.0), &DType::Float64, true).unwrap();
    let sum = ufunc(&said, "add", &[source(builder), one]).unwrap();
    let root = ufunc(builder, "sqrt", &[sum]).unwrap();
    slice(builder, &root, &[row(1, 3), Index::Point(2)]).unwrap()
}

#[test]
fn what_is_annotated_is_neither_rewritten_nor_fused_with_what_is_not() {
    let plain = explained(|builder| noted(builder, Param::Null));
    assert!(plain.contains("2 × slice-elementwise"), "{plain}");
    assert_eq!(plain.matches("= fused").count(), 1, "{plain}");
    let said = explained(|builder| noted(builder, Param::map([("retries", Param::Int(1))])));
    assert!(said.contains("1 × slice-elementwise"), "{said}");
    assert!(!said.contains("view-source"), "{said}");
    assert_eq!(said.matches("= fused").count(), 2, "{said}");
    assert!(said.contains("{retries: 1}"), "{said}");
}

#[test]
fn rules_and_fusion_are_left_out_by_name() {
    let (planner, expr) = checked(|builder| noted(builder, Param::Null));
    let some = planner.without(&["view-source", "fuse"]);
    let text = some.explain(std::slice::from_ref(&expr)).unwrap();
    assert!(text.contains("slice-elementwise") && !text.contains("view-source"), "{text}");
    assert!(!text.contains("= fused"), "{text}");
    let all = planner.steps(COLLECTION);
    let text = planner.without(&all).explain(&[expr]).unwrap();
    assert!(!text.contains("simplified by") && !text.contains("= fused"), "{text}");
    assert_eq!(all.last(), Some(&FUSE));
}
