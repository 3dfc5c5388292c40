//! Work that is not done: constants, identities, blocks that need not be moved, products in the cheapest order.

use raskt_array::blockwise::{blockwise, transpose};
use raskt_array::concatenate::concatenate;
use raskt_array::creation::{from_array, full};
use raskt_array::parameters::{CHUNKS, DTYPE, chunks_param, integers};
use raskt_array::reductions::reduce;
use raskt_array::slicing::{Index, slice};
use raskt_array::ufuncs::{scalar, ufunc};
use raskt_array::{Builder, rechunk};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, NdArray, Param, Token};
use raskt_expr::Expr;

use crate::simplified::{grid, left, one, pair};

fn constant(builder: &Builder<'_>, value: f64) -> Expr {
    full(builder, Param::Float(value), &DType::Float64, &grid(&[(4, 2), (6, 4)])).unwrap()
}

fn number(builder: &Builder<'_>, value: f64) -> Expr {
    scalar(builder, Param::Float(value), &DType::Float64, true).unwrap()
}

/// Numbers in memory.
fn matrix(builder: &Builder<'_>, rows: u64, columns: u64) -> Expr {
    let values: Vec<f64> = (0..rows * columns).map(|at| at as f64).collect();
    let array = NdArray::from_f64(&[rows, columns], &values).unwrap();
    let token = Token(u128::from(rows * 1000 + columns));
    from_array(builder, array, token, &grid(&[(rows, 2), (columns, 2)])).unwrap()
}

/// Blocks that come from elsewhere, and can be had in no others.
fn elsewhere(builder: &Builder<'_>) -> Expr {
    let x = matrix(builder, 4, 6);
    concatenate(builder, &[x.clone(), transpose(builder, &matrix(builder, 6, 4), None).unwrap()], 0).unwrap()
}

#[test]
fn work_on_constants_is_a_constant() {
    let found = one(|b| ufunc(b, "add", &[constant(b, 1.0), number(b, 2.0)]).unwrap());
    assert_eq!(found, pair("full", "constant-elementwise"));
    let found = one(|b| {
        let root = ufunc(b, "sqrt", &[constant(b, 4.0)]).unwrap();
        rechunk::to(b, &transpose(b, &root, None).unwrap(), &grid(&[(6, 6), (4, 4)])).unwrap()
    });
    assert_eq!(found, pair("full", "constant-elementwise constant-moved"));
    let found = one(|b| concatenate(b, &[constant(b, 1.0), constant(b, 1.0)], 1).unwrap());
    assert_eq!(found, pair("full", "constant-moved"));
    // Zeros of either sign are two values.
    let found = one(|b| concatenate(b, &[constant(b, 0.0), constant(b, -0.0)], 1).unwrap());
    assert_eq!(found.1, "");
}

#[test]
fn a_constant_beside_an_array_is_a_number() {
    let found = one(|b| ufunc(b, "add", &[matrix(b, 4, 6), constant(b, 1.0)]).unwrap());
    assert_eq!(found.0, "from_array scalar add");
    assert!(found.1.contains("constant-elementwise"), "{found:?}");
    // One that stretches the other says the shape.
    let found = one(|b| {
        let line = slice(b, &matrix(b, 4, 6), &[Index::Point(0)]).unwrap();
        ufunc(b, "multiply", &[line, constant(b, 2.0)]).unwrap()
    });
    assert_eq!(found.0, "from_array full multiply");
}

#[test]
fn reductions_of_constants_are_folded_where_they_are_exact() {
    let reduced = |name: &'static str, value: f64| {
        one(move |b| reduce(b, name, &constant(b, value), Some(&[1]), true).unwrap())
    };
    for name in ["sum", "mean", "max", "any", "argmin"] {
        assert_eq!(reduced(name, 3.0), pair("full", "constant-reduction"), "{name}");
    }
    for (name, value) in [("sum", 0.1), ("mean", 0.1), ("var", 1.0), ("prod", 2.0), ("nanmax", 1.0)] {
        assert_eq!(reduced(name, value).1, "", "{name}");
    }
}

#[test]
fn only_what_keeps_every_bit_is_left_out() {
    let with = |name: &'static str, value: f64| {
        one(move |b| ufunc(b, name, &[elsewhere(b), number(b, value)]).unwrap()).1.contains("identity")
    };
    assert!(with("multiply", 1.0) && with("divide", 1.0) && with("subtract", 0.0));
    assert!(!with("add", 0.0) && !with("subtract", -0.0) && !with("multiply", -1.0) && !with("power", 1.0));
    let twice = |name: &'static str| {
        one(move |b| ufunc(b, name, &[ufunc(b, name, &[elsewhere(b)]).unwrap()]).unwrap())
            .1
            .contains("identity")
    };
    assert!(twice("negative") && !twice("sqrt") && !twice("reciprocal"));
    let cast = |b: &Builder<'_>, expr: &Expr, name: &str| {
        b.make("astype", &[expr], Param::map([(DTYPE, Param::Str(name.into()))])).unwrap()
    };
    let through = |first: &'static str, then: &'static str, last: &'static str| {
        one(move |b| cast(b, &cast(b, &cast(b, &elsewhere(b), first), then), last))
            .0
            .matches("astype")
            .count()
    };
    assert_eq!(through("int32", "float64", "int32"), 1);
    assert_eq!(through("int8", "int32", "float32"), 2);
    // A rounded number is another one, and an integer that does not fit is too.
    assert_eq!((through("int64", "float64", "int64"), through("float64", "float32", "float64")), (3, 2));
}

#[test]
fn sources_are_made_in_the_blocks_that_are_asked_for() {
    let wanted = grid(&[(4, 4), (6, 6)]);
    let found = one(|b| rechunk::to(b, &matrix(b, 4, 6), &wanted).unwrap());
    assert_eq!(found, pair("from_array", "rechunk-source"));
    let found = one(|b| {
        let scaled = ufunc(b, "multiply", &[matrix(b, 4, 6), number(b, 2.0)]).unwrap();
        rechunk::to(
            b,
            &ufunc(b, "add", &[scaled, slice(b, &matrix(b, 4, 6), &[Index::Point(0)]).unwrap()]).unwrap(),
            &wanted,
        )
        .unwrap()
    });
    assert_eq!(found.0, "from_array scalar multiply from_array add");
    let found = one(|b| rechunk::to(b, &elsewhere(b), &grid(&[(8, 8), (6, 6)])).unwrap());
    assert!(found.0.ends_with("concatenate rechunk"), "{found:?}");
}

#[test]
fn work_that_others_need_is_rechunked_as_it_is() {
    let found = left(|b| {
        let root = ufunc(b, "sqrt", &[matrix(b, 4, 6)]).unwrap();
        vec![root.clone(), rechunk::to(b, &root, &grid(&[(4, 4), (6, 6)])).unwrap()]
    });
    assert_eq!(found, pair("from_array sqrt rechunk", ""));
}

#[test]
fn reductions_need_no_transposition_no_joined_blocks_and_no_other_reduction() {
    let found = one(|b| {
        let turned = transpose(b, &elsewhere(b), None).unwrap();
        reduce(b, "sum", &turned, Some(&[0]), false).unwrap()
    });
    assert!(found.0.ends_with("concatenate sum") && found.1.contains("reduce-transpose"), "{found:?}");
    let found = one(|b| {
        let turned = transpose(b, &elsewhere(b), None).unwrap();
        reduce(b, "argmax", &turned, None, false).unwrap()
    });
    assert!(found.0.ends_with("transpose argmax"), "{found:?}");
    let recut = |sizes: [(u64, u64); 2], axis: i64| {
        one(move |b| {
            let recut = rechunk::to(b, &elsewhere(b), &grid(&sizes)).unwrap();
            reduce(b, "sum", &recut, Some(&[axis]), false).unwrap()
        })
    };
    assert!(recut([(8, 2), (6, 6)], 1).0.ends_with("concatenate sum"));
    // The blocks of the result are others; and more blocks were asked for.
    assert!(recut([(8, 2), (6, 6)], 0).0.ends_with("rechunk sum"));
    assert!(recut([(8, 2), (6, 1)], 1).0.ends_with("rechunk sum"));
    let twice = |name: &'static str| {
        one(move |b| {
            let rows = reduce(b, name, &elsewhere(b), Some(&[1]), false).unwrap();
            reduce(b, name, &rows, Some(&[0]), false).unwrap()
        })
    };
    assert!(twice("max").0.ends_with("concatenate max"));
    assert!(twice("sum").0.ends_with("sum sum"));
}

fn product(b: &Builder<'_>, left: &Expr, right: &Expr) -> Expr {
    let parameters = Param::map([
        ("function", Param::Str("raskt.array._chunk.matmul_blocks".into())),
        ("inputs", Param::List([integers([0, 1]), integers([1, 2])].into())),
        ("output", integers([0, 2])),
        ("align", Param::Bool(true)),
        (DTYPE, Param::Str("float64".into())),
    ]);
    blockwise(b, &[left.clone(), right.clone()], &parameters).unwrap()
}

#[test]
fn products_are_multiplied_in_the_cheapest_order() {
    let chain = |b: &Builder<'_>, shapes: &[(u64, u64)]| {
        let mut factors = shapes.iter().map(|&(rows, columns)| matrix(b, rows, columns));
        let first = factors.next().unwrap();
        factors.fold(first, |left, right| product(b, &left, &right))
    };
    let found = one(|b| chain(b, &[(8, 2), (2, 8), (8, 1)]));
    assert_eq!(found, pair("from_array from_array from_array blockwise blockwise", "product-order"));
    let found = one(|b| chain(b, &[(1, 8), (8, 2), (2, 8)]));
    assert_eq!(found.1, "", "from left to right is best already");
    let found = left(|b| {
        let square = chain(b, &[(8, 2), (2, 8)]);
        vec![square.clone(), product(b, &square, &matrix(b, 8, 1))]
    });
    assert_eq!(found.1, "", "what somebody else needs is there anyway");
}

#[test]
fn a_million_blocks_take_no_longer_than_one() {
    let found = one(|b| {
        let axis = AxisChunks::uniform(100_000, 100).unwrap();
        let chunks = Chunks::new([axis.clone(), axis]).unwrap();
        let parameters = Param::map([
            (CHUNKS, chunks_param(&chunks)),
            (DTYPE, Param::Str("float64".into())),
            ("kwargs", Param::map([("k", Param::Int(0)), (DTYPE, Param::Str("float64".into()))])),
        ]);
        let x = b.make("eye", &[], parameters).unwrap();
        let sum = ufunc(b, "add", &[x.clone(), transpose(b, &x, None).unwrap()]).unwrap();
        let some = Index::Range { start: Some(1), stop: None, step: None };
        reduce(b, "sum", &slice(b, &sum, &[some.clone(), some]).unwrap(), None, false).unwrap()
    });
    assert_eq!(found.0, "eye transpose add sum");
}
