//! Elements moved around the ends of axes.

use raskt_core::{Fit, Param};
use raskt_expr::Expr;

use super::table::lone;
use crate::builder::Builder;
use crate::concatenate::concatenate;
use crate::deferred::{PromisedAxis, later};
use crate::error::{ArrayError, Built};
use crate::parameters::{AXIS, integers_of};
use crate::reshape::reshape;
use crate::slicing::{Index, slice};

/// `{"shift", "axis"}`: how far along which axes, lists of one length; without axes, through the flat array.
pub(super) fn by_name(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operand = lone(operands)?;
    let own = builder.chunks(operand)?;
    let shifts = integers_of(parameters, "shift").unwrap_or_default();
    let Ok(shape) = own.known_shape() else {
        let axes = PromisedAxis::all_of(builder, operand)?;
        return later(builder, name, operands, parameters, axes, &builder.dtype(operand)?);
    };
    let Some(axes) = integers_of(parameters, AXIS) else {
        let flat = reshape(builder, operand, &[shape.iter().product()])?;
        let rolled = along(builder, &flat, 0, shifts.iter().fold(0, |sum, by| sum + i128::from(*by)))?;
        return reshape(builder, &rolled, &shape);
    };
    if shifts.len() != axes.len() {
        return Err(ArrayError::value("'shift' and 'axis' should be scalars or 1D sequences of one length"));
    }
    let mut made = operand.clone();
    for (by, axis) in shifts.into_iter().zip(axes) {
        made = along(builder, &made, Builder::axis(axis, shape.len())?, by.into())?;
    }
    Ok(made)
}

/// `expr`, of known length along `axis`, moved along it.
fn along(builder: &Builder<'_>, expr: &Expr, axis: usize, by: i128) -> Built<Expr> {
    let chunks = builder.chunks(expr)?;
    let length = chunks.axes()[axis].length().unwrap_or(0);
    if length == 0 || by.rem_euclid(length.into()) == 0 {
        return Ok(expr.clone());
    }
    let at = (i128::from(length) - by.rem_euclid(length.into())).clamped::<i64>();
    let part = |range: Index| {
        let mut index = vec![Index::from(..); axis];
        index.push(range);
        slice(builder, expr, &index)
    };
    concatenate(builder, &[part(Index::from(at..))?, part(Index::from(..at))?], axis.clamped())
}
