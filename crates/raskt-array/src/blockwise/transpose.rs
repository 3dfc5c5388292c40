//! Axes in another order.

use raskt_core::{ErrorKind, Fit, Param};
use raskt_expr::Expr;

use crate::builder::Builder;
use crate::error::{ArrayError, Built};
use crate::parameters::{AXIS, integers, integers_of};

/// `expr` with its axes in the order `axes`; reversed where none is given.
///
/// # Errors
/// [`ArrayError::Axis`]; axes that are not each there once.
pub fn transpose(builder: &Builder<'_>, expr: &Expr, axes: Option<&[i64]>) -> Built<Expr> {
    let n_axes = builder.n_axes(expr)?;
    let axes = match axes {
        None => (0..n_axes).rev().collect::<Vec<_>>(),
        Some(axes) if axes.len() != n_axes => return Err(ArrayError::value("axes don't match array")),
        Some(axes) => axes.iter().map(|&axis| Builder::axis(axis, n_axes)).collect::<Built<Vec<_>>>()?,
    };
    if (0..n_axes).any(|axis| !axes.contains(&axis)) {
        return Err(ArrayError::value("repeated axis in transpose"));
    }
    if axes.iter().copied().eq(0..n_axes) {
        return Ok(expr.clone());
    }
    let parameters = Param::map([(AXIS, integers(axes.into_iter().map(|axis| axis.clamped::<i64>())))]);
    builder.make("transpose", &[expr], parameters)
}

pub(super) fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    match operands {
        [operand] => transpose(builder, operand, integers_of(parameters, AXIS).as_deref()),
        _ => Err(ErrorKind::InvalidValue("transpose takes one array".into()).into()),
    }
}
