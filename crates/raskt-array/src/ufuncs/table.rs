//! Which functions work element by element.

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Expr, Meta};

use super::{build, lower};
use crate::broadcast::common_chunks;
use crate::builder::{array_meta, chunks};
use crate::operations::Row;
use crate::parameters::dtype_of;

/// NumPy's ufuncs of one result, and functions that work like them: name, and how many operands they take.
pub const UFUNCS: &[(&str, usize)] = &[
    ("absolute", 1),
    ("add", 2),
    ("angle", 1),
    ("arccos", 1),
    ("arccosh", 1),
    ("arcsin", 1),
    ("arcsinh", 1),
    ("arctan", 1),
    ("arctan2", 2),
    ("arctanh", 1),
    ("bitwise_and", 2),
    ("bitwise_count", 1),
    ("bitwise_or", 2),
    ("bitwise_xor", 2),
    ("cbrt", 1),
    ("ceil", 1),
    ("clip", 3),
    ("conjugate", 1),
    ("copysign", 2),
    ("cos", 1),
    ("cosh", 1),
    ("deg2rad", 1),
    ("degrees", 1),
    ("divide", 2),
    ("equal", 2),
    ("exp", 1),
    ("exp2", 1),
    ("expm1", 1),
    ("fabs", 1),
    ("float_power", 2),
    ("floor", 1),
    ("floor_divide", 2),
    ("fmax", 2),
    ("fmin", 2),
    ("fmod", 2),
    ("gcd", 2),
    ("greater", 2),
    ("greater_equal", 2),
    ("heaviside", 2),
    ("hypot", 2),
    ("imag", 1),
    ("invert", 1),
    ("isfinite", 1),
    ("isinf", 1),
    ("isnan", 1),
    ("isnat", 1),
    ("lcm", 2),
    ("ldexp", 2),
    ("left_shift", 2),
    ("less", 2),
    ("less_equal", 2),
    ("log", 1),
    ("log10", 1),
    ("log1p", 1),
    ("log2", 1),
    ("logaddexp", 2),
    ("logaddexp2", 2),
    ("logical_and", 2),
    ("logical_not", 1),
    ("logical_or", 2),
    ("logical_xor", 2),
    ("maximum", 2),
    ("minimum", 2),
    ("multiply", 2),
    ("negative", 1),
    ("nextafter", 2),
    ("not_equal", 2),
    ("positive", 1),
    ("power", 2),
    ("rad2deg", 1),
    ("radians", 1),
    ("real", 1),
    ("reciprocal", 1),
    ("remainder", 2),
    ("right_shift", 2),
    ("rint", 1),
    ("sign", 1),
    ("signbit", 1),
    ("sin", 1),
    ("sinh", 1),
    ("spacing", 1),
    ("sqrt", 1),
    ("square", 1),
    ("subtract", 2),
    ("tan", 1),
    ("tanh", 1),
    ("trunc", 1),
    ("where", 3),
];

/// The paths of [`UFUNCS`], in their order: a row keeps the path for good.
static PATHS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    let path = |(name, _): &(&'static str, usize)| match *name {
        // NumPy's own takes masks off.
        "where" => "raskt.array._chunk.where_block",
        name => &*Box::leak(format!("numpy.{name}").into_boxed_str()),
    };
    UFUNCS.iter().map(path).collect()
});

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let ufunc = |(&(name, arity), path): (&(&'static str, usize), &&'static str)| Row {
        name,
        arity: Arity::Exactly(arity),
        meta: elementwise_meta,
        lower: lower::elementwise,
        kernel: None,
        library: Some(path),
        build: build::ufunc_by_name,
    };
    let mut rows: Vec<Row> = UFUNCS.iter().zip(PATHS.iter()).map(ufunc).collect();
    rows.push(Row {
        name: "astype",
        arity: Arity::Exactly(1),
        meta: elementwise_meta,
        lower: lower::elementwise,
        kernel: None,
        library: Some("raskt.array._chunk.astype"),
        build: build::astype,
    });
    rows.push(Row {
        name: "apply",
        arity: Arity::AtLeast(0),
        meta: elementwise_meta,
        lower: lower::apply,
        kernel: None,
        library: None,
        build: build::apply_by_name,
    });
    rows.push(Row {
        name: "scalar",
        arity: Arity::Exactly(0),
        meta: scalar_meta,
        lower: lower::scalar,
        kernel: None,
        library: None,
        build: build::scalar_by_name,
    });
    rows
}

/// Whether an expression works element by element, and every element of the result depends only on the elements at its
/// place.
#[must_use]
pub fn is_elementwise(expr: &Expr) -> bool {
    let name = expr.operation().as_str();
    matches!(name, "astype" | "apply") || UFUNCS.binary_search_by_key(&name, |(name, _)| *name).is_ok()
}

/// The operands' chunks fit each other already; the dtype is in the parameters.
fn elementwise_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let all = operands.iter().map(chunks).collect::<Result<Vec<_>>>()?;
    Ok(array_meta(dtype_of(parameters), common_chunks(&all)?))
}

/// A number has no axes. One without a dtype of its own bends to that of what it meets.
fn scalar_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    let chunks = raskt_core::chunk::Chunks::new([])?;
    let container = if crate::parameters::flag(parameters, "weak") { "weak" } else { "array" };
    Ok(Meta::of_chunks(container, dtype_of(parameters), chunks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ufuncs_are_sorted_by_name() {
        assert!(UFUNCS.is_sorted_by_key(|(name, _)| *name));
    }
}
