//! Programs and reductions over any strides, in any split, against plain loops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use proptest::prelude::*;
use raskt_array::kernels::{FoldKind, FoldSpec, Op, Program, ProgramBuilder, Scalar, Stage, call, run_body};
use raskt_array::types::Ufunc;
use raskt_core::{DType, NdArray, Param, Value};
use raskt_exec::{Call, CancelToken, TaskCtx};

/// Runs a body as an executor does: with exclusive inputs, on several threads.
fn execute(name: &str, shared: &Param, inputs: &mut [Value], exclusive: u64, n_threads: usize) -> Value {
    let cancel = CancelToken::default();
    let ctx = TaskCtx { cancel: &cancel, n_threads, worker: 0, float_errors: None };
    let mut call = Call { shared, own: &Param::Null, inputs, exclusive, ctx: &ctx };
    run_body(name, &mut call).unwrap()
}

fn array_of(value: Value) -> NdArray {
    match value {
        Value::Array(array) => (*array).clone(),
        other => panic!("{other:?}"),
    }
}

/// `(x * 2 + y) ** 2`.
fn chain() -> Program {
    let mut chain = ProgramBuilder::new(vec![DType::Float64; 2]);
    let two = chain.constant(Scalar::float(DType::Float64, 2.0));
    let twice = chain.ufunc(Ufunc::Multiply, &[chain.input(0), two]).unwrap();
    let sum = chain.ufunc(Ufunc::Add, &[twice, chain.input(1)]).unwrap();
    chain.ufunc(Ufunc::Power, &[sum, two]).unwrap();
    chain.finish()
}

fn formula(x: f64, y: f64) -> f64 {
    let z = x * 2.0 + y;
    z * z
}

/// A view of fresh numbers: axes in another order, some of them reversed, every second element.
fn view(shape: &[u64], order: &[usize], reversed: &[bool], step: u64, seed: u64) -> NdArray {
    let mut strides = vec![0_i64; shape.len()];
    let mut size = 8;
    for &axis in order {
        strides[axis] = size as i64 * step as i64;
        size *= shape[axis].max(1) * step;
    }
    let n = (size / 8 + 1) as usize;
    let numbers: Vec<f64> = (0..n).map(|at| ((at as u64 * 7 + seed) % 23) as f64 - 11.0).collect();
    let buffer = NdArray::from_f64(&[n as u64], &numbers).unwrap().buffer().clone();
    let mut offset = 0;
    for axis in 0..shape.len() {
        if reversed[axis] && shape[axis] > 0 {
            offset += strides[axis] * (shape[axis] as i64 - 1);
            strides[axis] = -strides[axis];
        }
    }
    NdArray::strided(DType::Float64, shape, &strides, offset as usize, buffer).unwrap()
}

fn view_strategy() -> impl Strategy<Value = (NdArray, NdArray)> {
    let shape = prop::collection::vec(prop_oneof![0_u64..4, 30_u64..70], 3);
    let order = Just(vec![0_usize, 1, 2]).prop_shuffle();
    (shape, order.clone(), order, prop::collection::vec(any::<bool>(), 3), 1_u64..3).prop_map(
        |(shape, order_x, order_y, reversed, step)| {
            let x = view(&shape, &order_x, &reversed, step, 3);
            (x, view(&shape, &order_y, &[false; 3], 1, 5))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn chains_over_any_strides_are_element_by_element((x, y) in view_strategy(), n_threads in 1_usize..4) {
        let expected: Vec<f64> =
            x.to_f64().unwrap().iter().zip(y.to_f64().unwrap()).map(|(&x, y)| formula(x, y)).collect();
        let mut inputs = [x.clone().into(), y.clone().into()];
        let found = array_of(execute("array.elementwise", &chain().to_param(), &mut inputs, 0, n_threads));
        prop_assert_eq!(found.to_f64().unwrap(), expected.clone());
        // The memory of inputs that nobody else needs becomes the result's where it fits.
        let own = NdArray::from_f64(x.shape(), &x.to_f64().unwrap()).unwrap();
        let owner = own.buffer().owner_id();
        let mut inputs = [own.into(), y.into()];
        let found = array_of(execute("array.elementwise", &chain().to_param(), &mut inputs, 0b01, n_threads));
        prop_assert_eq!(found.to_f64().unwrap(), expected);
        if found.is_c_contiguous() && found.n_elements() > 1 {
            prop_assert_eq!(found.buffer().owner_id(), owner);
        }
    }

    #[test]
    fn sums_over_any_axes_in_any_split((x, y) in view_strategy(), mask in 0_u32..8, n_threads in 1_usize..4) {
        let axes: Vec<u32> = (0..3).filter(|axis| mask >> axis & 1 == 1).collect();
        let shape = x.shape().to_vec();
        let elements: Vec<f64> =
            x.to_f64().unwrap().iter().zip(y.to_f64().unwrap()).map(|(&x, y)| formula(x, y)).collect();
        let kept: Vec<usize> = (0..3).filter(|&axis| mask >> axis & 1 == 0).collect();
        let n_out = kept.iter().map(|&axis| shape[axis]).product::<u64>() as usize;
        let (mut sums, mut squares, mut lists) = (vec![0.0; n_out], vec![0.0; n_out], vec![Vec::new(); n_out]);
        for (number, &element) in elements.iter().enumerate() {
            let index = [number as u64 / (shape[1] * shape[2]), number as u64 / shape[2] % shape[1], number as u64 % shape[2]];
            let at = kept.iter().fold(0, |at, &axis| at * shape[axis] + index[axis]) as usize;
            sums[at] += element;
            squares[at] += element * element;
            lists[at].push(element);
        }
        let run = |kind: &str| {
            let fold = FoldSpec { axes: Some(axes.clone()), ..FoldSpec::new(FoldKind::parse(kind).unwrap()) };
            let program = chain().folded(fold).unwrap();
            let mut inputs = [x.clone().into(), y.clone().into()];
            array_of(execute("array.elementwise", &program.to_param(), &mut inputs, 0, n_threads))
        };
        prop_assert_eq!(run("sum").to_f64().unwrap(), sums);
        if elements.is_empty() {
            return Ok(());
        }
        let variances = run("var").to_f64().unwrap();
        for (found, list) in variances.iter().zip(&lists) {
            let mean = list.iter().sum::<f64>() / list.len() as f64;
            let expected = list.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / list.len() as f64;
            prop_assert!((found - expected).abs() <= 1e-11 * expected.max(1.0), "{} {}", found, expected);
        }
        let largest: Vec<f64> =
            lists.iter().map(|list| list.iter().copied().fold(f64::NEG_INFINITY, f64::max)).collect();
        prop_assert_eq!(run("max").to_f64().unwrap(), largest.clone());
        let first: Vec<i64> = lists.iter().zip(&largest)
            .map(|(list, most)| list.iter().position(|value| value == most).unwrap() as i64).collect();
        let found = run("argmax");
        let places: Vec<i64> = found.to_contiguous().unwrap().contiguous_bytes().unwrap().chunks_exact(8)
            .map(|word| i64::from_le_bytes(word.try_into().unwrap())).collect();
        prop_assert_eq!(places, first);
    }

    #[test]
    fn partial_results_merge_to_the_whole(
        numbers in prop::collection::vec(prop_oneof![1 => Just(f64::NAN), 6 => (-5_i32..6).prop_map(f64::from)], 2..60),
        cut in 1_usize..59, kind in prop::sample::select(FoldKind::all().collect::<Vec<_>>()),
    ) {
        let cut = cut.min(numbers.len() - 1);
        let spec = FoldSpec { axes: Some(vec![0]), ..FoldSpec::new(kind) };
        let program = |spec: FoldSpec| ProgramBuilder::new(vec![DType::Float64]).finish().folded(spec).unwrap();
        let array = |part: &[f64]| NdArray::from_f64(&[part.len() as u64], part).unwrap();
        let whole = call("array.elementwise", &program(spec.clone()).to_param(), vec![array(&numbers).into()]);
        let partial = |part: &[f64], offset: usize| {
            let folded = program(FoldSpec { stage: Stage::Partial, ..spec.clone() }).to_param();
            let Param::Map(entries) = folded else { panic!("a map") };
            let int = |n: usize| Param::List([Param::Int(n as i64)].into());
            let own = Param::map([("offsets", int(offset)), ("shape", int(numbers.len()))]);
            let entries = entries.iter().map(|(name, value)| (&**name, value.clone())).chain([("own", own)]);
            call("array.elementwise", &Param::map(entries.collect::<Vec<_>>()), vec![array(part).into()]).unwrap()
        };
        let parts = vec![partial(&numbers[..cut], 0), partial(&numbers[cut..], cut)];
        let Param::Map(entries) = spec.to_param() else { panic!("a map") };
        let from = ("from", Param::Str("float64".into()));
        let entries = entries.iter().map(|(name, value)| (&**name, value.clone())).chain([from]);
        let merged = call("array.aggregate", &Param::map(entries.collect::<Vec<_>>()), parts);
        match (whole, merged) {
            (Ok(whole), Ok(merged)) => {
                let (whole, merged) = (array_of(whole), array_of(merged));
                prop_assert_eq!(whole.dtype(), merged.dtype());
                match (whole.to_f64(), merged.to_f64()) {
                    (Ok(a), Ok(b)) => prop_assert!(
                        a[0].to_bits() == b[0].to_bits() || (a[0] - b[0]).abs() <= 1e-12 * a[0].abs().max(1.0)
                            || (a[0].is_nan() && b[0].is_nan()), "{:?} {:?}", a, b),
                    _ => prop_assert_eq!(whole, merged),
                }
            }
            (whole, merged) => prop_assert_eq!(whole.is_err(), merged.is_err()),
        }
    }
}

#[test]
fn cumulative_sums_go_on_from_block_to_block() {
    let whole = NdArray::from_f64(&[2, 5], &(0..10).map(f64::from).collect::<Vec<_>>()).unwrap();
    let shared = Param::map([("kind", Param::Str("sum".into())), ("axis", Param::Int(1))]);
    let expected = array_of(call("array.cumulate", &shared, vec![whole.clone().into()]).unwrap());
    assert_eq!(expected.to_f64().unwrap(), [0.0, 1.0, 3.0, 6.0, 10.0, 5.0, 11.0, 18.0, 26.0, 35.0]);
    let cut = |start: i64, n: i64| {
        let range = Param::List([start, n, 1].map(Param::Int).into());
        let own = Param::map([("own", Param::List([Param::Null, range].into()))]);
        call("array.slice", &own, vec![whole.clone().into()]).unwrap()
    };
    let first = call("array.cumulate", &shared, vec![cut(0, 2)]).unwrap();
    let carry = call("array.carried", &shared, vec![first]).unwrap();
    assert_eq!(array_of(carry).to_f64().unwrap(), [1.0, 11.0]);
    // What comes before each element, from which the rest of a cut axis follows.
    let before = call("array.preceding", &shared, vec![whole.clone().into()]).unwrap();
    let before = array_of(before).to_f64().unwrap();
    assert_eq!(before, [0.0, 0.0, 1.0, 3.0, 6.0, 0.0, 5.0, 11.0, 18.0, 26.0]);
}

#[test]
fn sums_keep_what_rounding_would_lose() {
    let numbers: Vec<f64> = (0..3_000_000).map(|at| if at % 2 == 0 { 0.1 } else { 1e8 }).collect();
    let exact = 1_500_000.0 * 0.1 + 1_500_000.0 * 1e8;
    let sum = FoldSpec::new(FoldKind::parse("sum").unwrap());
    let program = ProgramBuilder::new(vec![DType::Float64]).finish().folded(sum).unwrap();
    let array = NdArray::from_f64(&[3_000_000], &numbers).unwrap();
    let found = array_of(call("array.elementwise", &program.to_param(), vec![array.into()]).unwrap());
    assert!((found.to_f64().unwrap()[0] / exact - 1.0).abs() < 4.0 * f64::EPSILON);
}

#[test]
fn a_cancelled_task_stops() {
    let cancel = CancelToken::default();
    cancel.cancel();
    let ctx = TaskCtx { cancel: &cancel, n_threads: 1, worker: 0, float_errors: None };
    let x: Value = NdArray::from_f64(&[4], &[1.0; 4]).unwrap().into();
    let (shared, mut inputs) = (chain().to_param(), [x.clone(), x]);
    let mut call = Call { shared: &shared, own: &Param::Null, inputs: &mut inputs, exclusive: 0, ctx: &ctx };
    assert_eq!(
        run_body("array.elementwise", &mut call).unwrap_err().kind(),
        &raskt_core::ErrorKind::Cancelled
    );
}

#[test]
fn programs_survive_their_encoding_and_share_equal_steps() {
    let mut chain = ProgramBuilder::new(vec![DType::Int32]);
    let a = chain.push(Op::Cast(DType::Float64), &[chain.input(0)]).unwrap();
    let b = chain.push(Op::Cast(DType::Float64), &[chain.input(0)]).unwrap();
    assert_eq!(a, b);
    chain.ufunc(Ufunc::Exp, &[a]).unwrap();
    let program = chain.finish();
    assert_eq!(program.steps().len(), 2);
    assert_eq!(program.to_string(), "exp(float64(x0))");
    assert_eq!(Program::from_param(&program.to_param()).unwrap(), program);
    assert!(Program::from_param(&Param::Null).is_err());
}

#[test]
fn extrema_of_nothing_are_errors_and_sums_are_not() {
    let empty: Value = NdArray::from_f64(&[0, 2], &[]).unwrap().into();
    let run = |kind: &str| {
        let fold = FoldSpec { axes: Some(vec![0]), ..FoldSpec::new(FoldKind::parse(kind).unwrap()) };
        let program = ProgramBuilder::new(vec![DType::Float64]).finish().folded(fold).unwrap();
        call("array.elementwise", &program.to_param(), vec![empty.clone()])
    };
    assert_eq!(array_of(run("sum").unwrap()).to_f64().unwrap(), [0.0, 0.0]);
    assert!(array_of(run("mean").unwrap()).to_f64().unwrap()[0].is_nan());
    assert!(run("max").unwrap_err().to_string().contains("no identity"));
    assert!(run("argmin").unwrap_err().to_string().contains("empty sequence"));
}
