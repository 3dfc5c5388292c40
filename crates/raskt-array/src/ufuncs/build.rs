//! Element-wise expressions: operands in common chunks, and the dtype of the result.

use raskt_core::{DType, ErrorKind, Param, Result, Value};
use raskt_expr::{Expr, Held, Meta};

use crate::block_functions::is_integer;
use crate::broadcast::unify;
use crate::builder::Builder;
use crate::deferred;
use crate::error::{ArrayError, Built};
use crate::kernels::elementwise::cast;
use crate::parameters::{DTYPE, KWARGS, dtype_of, dtype_param, get, text, with};
use crate::types::{Operand, Ufunc, Weak, integer_fits};

/// `name(*operands)`, for a name of [`UFUNCS`](super::UFUNCS).
///
/// # Errors
/// Shapes that do not broadcast; dtypes for which there is no such function.
pub fn ufunc(builder: &Builder<'_>, name: &str, operands: &[Expr]) -> Built<Expr> {
    ufunc_by_name(builder, name, operands, &Param::Null)
}

/// As [`ufunc`], with `dtype` and `kwargs` among the parameters.
pub(super) fn ufunc_by_name(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operands = match unify(builder, operands) {
        Err(ArrayError::Unmatched { .. }) => {
            return deferred::elementwise(builder, ufunc_by_name, name, operands, parameters);
        }
        unified => unified?.0,
    };
    let operands = narrow_complex(builder, name, operands)?;
    let dtype = match parameters.get(DTYPE) {
        Some(Param::Str(_)) => dtype_of(parameters),
        _ => {
            check_integers(builder, name, &operands)?;
            result_dtype(builder, name, &operands, &get(parameters, KWARGS))?
        }
    };
    let parameters = with(parameters, [(DTYPE, dtype_param(&dtype))]);
    builder.make(name, &operands.iter().collect::<Vec<_>>(), parameters)
}

/// Plain integers take the dtype of what they meet, and have to fit.
fn check_integers(builder: &Builder<'_>, name: &str, operands: &[Expr]) -> Built<()> {
    let value = |expr: &Expr| match (expr.operation().as_str(), expr.parameters().get("value")) {
        ("scalar", Some(Param::Int(value))) => Some(*value),
        _ => None,
    };
    if operands.len() < 2 || !operands.iter().any(|expr| value(expr).is_some()) {
        return Ok(());
    }
    let Some(ufunc) = Ufunc::parse(name).filter(|ufunc| !LENIENT.contains(ufunc)) else { return Ok(()) };
    let metas = operands.iter().map(|expr| builder.meta(expr)).collect::<Result<Vec<_>>>()?;
    let Some(found) = ufunc.resolve(&metas.iter().map(|meta| promoted(meta)).collect::<Vec<_>>()) else {
        return Ok(());
    };
    for ((expr, meta), dtype) in operands.iter().zip(metas).zip(found.inputs) {
        match value(expr).filter(|_| meta.container().as_str() == "weak" && is_integer(&dtype)) {
            Some(value) if !integer_fits(value.into(), &dtype) => {
                return Err(ArrayError::Overflow { value, dtype });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Python's complex numbers are held as `complex128`: they take the dtype of what they meet, so that a library which sees
/// no more than the array does not widen its result.
fn narrow_complex(builder: &Builder<'_>, name: &str, operands: Vec<Expr>) -> Built<Vec<Expr>> {
    let is_weak = |meta: &Meta| meta.container().as_str() == "weak" && *meta.dtype() == DType::Complex128;
    let metas = operands.iter().map(|expr| builder.meta(expr).cloned()).collect::<Result<Vec<_>>>()?;
    if !metas.iter().any(is_weak) {
        return Ok(operands);
    }
    let (ufunc, n_before) = match name {
        "where" => (Some(Ufunc::Maximum), 1),
        name => (Ufunc::parse(name), 0),
    };
    let chosen: Vec<Operand> = metas.iter().skip(n_before).map(promoted).collect();
    let Some(found) = ufunc.and_then(|ufunc| ufunc.resolve(&chosen)) else { return Ok(operands) };
    let inputs = std::iter::repeat_n(DType::Unknown, n_before).chain(found.inputs);
    let narrowed = operands.into_iter().zip(&metas).zip(inputs).map(|((expr, meta), dtype)| {
        match expr.parameters().get("value").and_then(Held::value_of) {
            Some(Value::Array(array)) if is_weak(meta) && dtype == DType::Complex64 => {
                scalar(builder, Param::Value(Value::from(cast(array, &dtype)?)), &dtype, false)
            }
            _ => Ok(expr),
        }
    });
    narrowed.collect()
}

/// What compares with any integer, or asks only whether it is zero.
const LENIENT: [Ufunc; 9] = [
    Ufunc::Equal,
    Ufunc::NotEqual,
    Ufunc::Less,
    Ufunc::LessEqual,
    Ufunc::Greater,
    Ufunc::GreaterEqual,
    Ufunc::LogicalAnd,
    Ufunc::LogicalOr,
    Ufunc::LogicalXor,
];

/// The dtype that NumPy's rules give.
fn result_dtype(builder: &Builder<'_>, name: &str, operands: &[Expr], kwargs: &Param) -> Result<DType> {
    let metas = operands.iter().map(|expr| builder.meta(expr).cloned()).collect::<Result<Vec<_>>>()?;
    // A choice between two has the dtype that the larger of both has.
    let (ufunc, chosen) = match name {
        "where" => (Some(Ufunc::Maximum), metas.get(1..).unwrap_or_default()),
        name => (Ufunc::parse(name), metas.as_slice()),
    };
    let native = ufunc.filter(|_| *kwargs == Param::Null);
    let native = native.and_then(|ufunc| ufunc.resolve(&chosen.iter().map(promoted).collect::<Vec<_>>()));
    match native {
        Some(found) => Ok(found.output),
        None => library_dtype(builder, &format!("numpy.{name}"), &metas, kwargs),
    }
}

/// An operand as promotion sees it.
pub(crate) fn promoted(meta: &Meta) -> Operand {
    match (meta.container().as_str(), meta.dtype()) {
        ("weak", DType::Int64) => Weak::Int.into(),
        ("weak", DType::Float64) => Weak::Float.into(),
        ("weak", DType::Complex128) => Weak::Complex.into(),
        (_, dtype) => dtype.clone().into(),
    }
}

/// The dtype that the library's function returns for such operands; not known where theirs is not.
fn library_dtype(builder: &Builder<'_>, path: &str, metas: &[Meta], kwargs: &Param) -> Result<DType> {
    if metas.iter().any(|meta| *meta.dtype() == DType::Unknown) {
        return Ok(DType::Unknown);
    }
    Ok(builder.context.library.meta(path, metas, kwargs)?.dtype().clone())
}

/// The library function `function` (a path, or a function of the user's), element by element, with keyword arguments.
///
/// # Errors
/// As [`ufunc`].
pub fn apply(builder: &Builder<'_>, function: Param, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let parameters = with(parameters, [("function", function)]);
    apply_by_name(builder, "apply", operands, &parameters)
}

pub(super) fn apply_by_name(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operands = match unify(builder, operands) {
        Err(ArrayError::Unmatched { .. }) => {
            return deferred::elementwise(builder, apply_by_name, name, operands, parameters);
        }
        unified => unified?.0,
    };
    let metas = operands.iter().map(|expr| builder.meta(expr).cloned()).collect::<Result<Vec<_>>>()?;
    let dtype = match (parameters.get(DTYPE), parameters.get("function")) {
        (Some(Param::Str(_)), _) => dtype_of(parameters),
        (_, Some(Param::Str(path))) => library_dtype(builder, path, &metas, &get(parameters, KWARGS))?,
        (_, Some(Param::Value(value))) => {
            let found = builder.context.library.meta_of_call(value, &metas, &get(parameters, KWARGS))?;
            found.map_or(DType::Unknown, |meta| meta.dtype().clone())
        }
        _ => return Err(ErrorKind::InvalidValue("nothing to apply".into()).into()),
    };
    let parameters = with(parameters, [(DTYPE, dtype_param(&dtype))]);
    builder.make(name, &operands.iter().collect::<Vec<_>>(), parameters)
}

/// The same elements as another dtype.
pub(super) fn astype(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let [operand] = operands else {
        return Err(ErrorKind::InvalidValue("astype takes one array".into()).into());
    };
    if builder.dtype(operand)? == dtype_of(parameters) && text(parameters, DTYPE) != "unknown" {
        return Ok(operand.clone());
    }
    builder.make(name, &[operand], parameters.clone())
}

/// A number as an operand: of a dtype of its own, or `weak`, as Python's numbers are.
///
/// # Errors
/// None in practice.
pub fn scalar(builder: &Builder<'_>, value: Param, dtype: &DType, weak: bool) -> Built<Expr> {
    let parameters = Param::map([("value", value), ("weak", Param::Bool(weak)), (DTYPE, dtype_param(dtype))]);
    builder.make("scalar", &[], parameters)
}

pub(super) fn scalar_by_name(
    builder: &Builder<'_>,
    name: &str,
    _: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    builder.make(name, &[], parameters.clone())
}
