//! Loops, casts and reductions against results that NumPy wrote (`golden/generate_values.py`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::collections::BTreeMap;

use raskt_array::kernels::{FoldKind, FoldSpec, Op, ProgramBuilder, call};
use raskt_array::types::Ufunc;
use raskt_core::{Buffer, DType, NdArray, Value};

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn operands() -> BTreeMap<&'static str, Vec<u8>> {
    let lines = include_str!("golden/operands.txt").lines();
    lines.map(|line| line.split_once(' ').unwrap()).map(|(dtype, hex)| (dtype, unhex(hex))).collect()
}

fn array(dtype: &DType, shape: &[u64], bytes: &[u8]) -> NdArray {
    NdArray::contiguous(dtype.clone(), shape, Buffer::from(bytes)).unwrap()
}

/// What NumPy computes in another way than a correctly rounded library would: how far apart results may be.
fn units_allowed(name: &str, dtype: &DType) -> f64 {
    let is_complex = matches!(dtype, DType::Complex64 | DType::Complex128);
    match name {
        _ if !matches!(dtype, DType::Float32 | DType::Float64) && !is_complex => 0.0,
        name if name.starts_with("cast:") => 0.0,
        "fold:sum" | "fold:prod" | "fold:nansum" | "fold:nanprod" => 8.0,
        name if name.starts_with("fold:") && !name.ends_with("min") && !name.ends_with("max") => 8.0,
        "absolute" => 2.0,
        "add" | "subtract" | "sqrt" | "square" | "negative" | "floor" | "maximum" | "minimum" => {
            if is_complex { 2.0 } else { 0.0 }
        }
        "multiply" | "divide" | "reciprocal" if is_complex => 4.0,
        "floor_divide" | "remainder" | "fmod" | "copysign" | "nextafter" | "rint" | "trunc" | "ceil"
        | "sign" | "divide" | "multiply" | "fmax" | "fmin" | "heaviside" | "spacing" | "fabs"
        | "reciprocal" => 0.0,
        _ => 4.0,
    }
}

fn parts(dtype: &DType, bytes: &[u8]) -> Option<Vec<f64>> {
    Some(match dtype {
        DType::Float32 | DType::Complex64 => {
            bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect()
        }
        DType::Float64 | DType::Complex128 => {
            bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
        }
        _ => return None,
    })
}

/// The first place where two results differ by more than `units` of the last place; NaN equal one another.
fn difference(dtype: &DType, found: &[u8], expected: &[u8], units: f64) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} bytes, not {}", found.len(), expected.len()));
    }
    let (Some(a), Some(b)) = (parts(dtype, found), parts(dtype, expected)) else {
        let at = (0..found.len()).find(|&at| found[at] != expected[at])?;
        let item = dtype.item_bytes().unwrap();
        let range = at / item * item..at / item * item + item;
        return Some(format!("at {}: {:?}, not {:?}", at / item, &found[range.clone()], &expected[range]));
    };
    let epsilon = if matches!(dtype, DType::Float32 | DType::Complex64) {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    };
    let is_off = |&at: &usize| {
        let (x, y) = (a[at], b[at]);
        let is_same = (x.is_nan() && y.is_nan()) || (x == y && x.is_sign_negative() == y.is_sign_negative());
        let is_near = (x - y).abs() <= units * epsilon * y.abs().max(f64::MIN_POSITIVE / epsilon);
        !is_same && !is_near
    };
    let at = (0..a.len()).find(is_off)?;
    Some(format!("at {at}: {:?}, not {:?}", a[at], b[at]))
}

/// What the native kernel gives; `None` where there is none.
fn computed(name: &str, dtypes: &[DType], arrays: Vec<NdArray>) -> Option<Result<(DType, Vec<u8>), String>> {
    let mut builder = ProgramBuilder::new(dtypes.to_vec());
    let inputs: Vec<_> = (0..dtypes.len() as u16).map(|at| builder.input(at)).collect();
    let program = if let Some(kind) = name.strip_prefix("fold:") {
        let kind = FoldKind::parse(kind)?;
        kind.output(&dtypes[0])?;
        builder.finish().folded(FoldSpec { axes: Some(vec![0]), ..FoldSpec::new(kind) }).unwrap()
    } else {
        match Op::parse(name)? {
            Op::Ufunc(ufunc) => builder.ufunc(ufunc, &inputs).ok()?,
            op => builder.push(op, &inputs).ok()?,
        };
        builder.finish()
    };
    let inputs = arrays.into_iter().map(Value::from).collect();
    match call("array.elementwise", &program.to_param(), inputs) {
        Ok(Value::Array(out)) => {
            let dense = out.to_contiguous().unwrap();
            Some(Ok((out.dtype().clone(), dense.contiguous_bytes().unwrap().to_vec())))
        }
        Ok(other) => Some(Err(format!("{other:?}"))),
        Err(error) => Some(Err(error.to_string())),
    }
}

/// Results that NumPy takes from the compiler or the processor, where another is as right.
fn is_left_open(name: &str, dtypes: &[DType]) -> bool {
    let has_bool = dtypes[0] == DType::Bool;
    let is_time = |dtype: &DType| matches!(dtype, DType::Datetime(_) | DType::Timedelta(_));
    // Division of integers by zero within `reciprocal` has no defined result; NumPy's masks of all-NaN complexes
    // and of truth values are Python code of its own.
    (name == "reciprocal"
        && Ufunc::Reciprocal.resolve(&[dtypes[0].clone().into()]).is_some_and(|l| {
            l.output == dtypes[0]
                && dtypes[0].item_bytes() != Some(16)
                && !matches!(dtypes[0], DType::Float32 | DType::Float64 | DType::Complex64)
        }))
        || (name.starts_with("fold:nan") && (has_bool || is_time(&dtypes[0])))
}

#[test]
fn loops_casts_and_reductions_give_what_numpy_gives() {
    let operands = operands();
    let (mut wrong, mut n_native) = (Vec::new(), 0);
    for line in include_str!("golden/values.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (name, names, made, hex) =
            (words[0], &words[1..words.len() - 2], words[words.len() - 2], words[words.len() - 1]);
        let dtypes: Vec<DType> = names.iter().map(|name| DType::parse(name).unwrap()).collect();
        if is_left_open(name, &dtypes) {
            continue;
        }
        let n = |at: usize| (operands[names[at]].len() / dtypes[at].item_bytes().unwrap()) as u64;
        let arrays: Vec<NdArray> = (0..dtypes.len())
            .map(|at| {
                let mut bytes = operands[names[at]].clone();
                if name == "power" && at == 1 && names.iter().all(|name| name.starts_with("int")) {
                    bytes = small_exponents(&dtypes[1], &bytes);
                }
                if name.starts_with("fold:") {
                    let column = array(&dtypes[at], &[n(at)], &bytes);
                    let (steps, buffer) = ([column.strides()[0], 0], column.buffer().clone());
                    return NdArray::strided(dtypes[at].clone(), &[n(at), 3], &steps, 0, buffer).unwrap();
                }
                let shape: &[u64] = match (dtypes.len(), at) {
                    (1, _) => &[n(at)],
                    (_, 0) => &[n(at), 1],
                    _ => &[1, n(at)],
                };
                array(&dtypes[at], shape, &bytes)
            })
            .collect();
        let Some(found) = computed(name, &dtypes, arrays) else { continue };
        n_native += 1;
        let problem = match found {
            Err(error) => Some(error),
            Ok((dtype, _)) if dtype.to_string() != made => Some(format!("{dtype}, not {made}")),
            Ok((dtype, mut bytes)) => {
                let mut expected = unhex(hex);
                if name.starts_with("cast:") {
                    forget_out_of_range(&dtypes[0], &operands[names[0]], &dtype, [&mut bytes, &mut expected]);
                }
                difference(&dtype, &bytes, &expected, units_allowed(name, &dtype))
            }
        };
        wrong.extend(problem.map(|problem| format!("{name} {}: {problem}", names.join(", "))));
    }
    assert!(wrong.is_empty(), "{} of {n_native} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(n_native > 900, "only {n_native} loops are native");
}

/// A float that no integer of the dtype stands for becomes one that processors and compilers disagree about.
fn forget_out_of_range(from: &DType, source: &[u8], to: &DType, results: [&mut Vec<u8>; 2]) {
    let Some(numbers) = parts(from, source).filter(|_| parts(to, &[]).is_none() && *to != DType::Bool) else {
        return;
    };
    let parts_each = if matches!(from, DType::Complex64 | DType::Complex128) { 2 } else { 1 };
    let item = to.item_bytes().unwrap();
    for bytes in results {
        for (slot, number) in bytes.chunks_exact_mut(item).zip(numbers.chunks_exact(parts_each)) {
            if number[0].is_nan() || !raskt_array::types::integer_fits(number[0].trunc() as i128, to) {
                slot.fill(0);
            }
        }
    }
}

/// `abs(values) % 8`, as the table's exponents are.
fn small_exponents(dtype: &DType, bytes: &[u8]) -> Vec<u8> {
    let item = dtype.item_bytes().unwrap();
    let exponent = |bytes: &[u8]| {
        let mut wide = [if bytes[item - 1] & 0x80 == 0 { 0 } else { 0xff }; 8];
        wide[..item].copy_from_slice(bytes);
        let value = i64::from_le_bytes(wide);
        let lowest = i64::MIN >> (64 - 8 * item as u32);
        // The lowest number is its own magnitude, and a multiple of 8.
        let exponent = if value == lowest { 0 } else { value.abs() % 8 };
        exponent.to_le_bytes()[..item].to_vec()
    };
    bytes.chunks_exact(item).flat_map(exponent).collect()
}
