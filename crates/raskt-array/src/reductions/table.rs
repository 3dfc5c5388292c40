//! The rows of reductions, and what is known of their results.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, Param, Result};
use raskt_expr::{Arity, Expr, Meta};

use crate::builder::{array_meta, chunks};
use crate::operations::{LowerFn, Row};
use crate::parameters::{AXIS, axis_number, dtype_of, flag, integers_of};

use super::{build, lower};

/// The reductions that are NumPy functions.
pub const REDUCTIONS: &[&str] = &[
    "all",
    "any",
    "argmax",
    "argmin",
    "max",
    "mean",
    "min",
    "nanargmax",
    "nanargmin",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "prod",
    "std",
    "sum",
    "var",
];

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |name, lower: LowerFn| Row {
        name,
        arity: Arity::Exactly(1),
        meta: reduction_meta,
        lower,
        kernel: None,
        library: None,
        build: build::by_name,
    };
    let mut rows: Vec<Row> = REDUCTIONS.iter().map(|&name| row(name, lower::named)).collect();
    rows.push(Row { build: build::custom, ..row("reduction", lower::custom) });
    rows
}

/// Whether an expression is a reduction by NumPy's name.
#[must_use]
pub fn is_reduction(expr: &Expr) -> bool {
    REDUCTIONS.binary_search(&expr.operation().as_str()).is_ok()
}

/// The axes that are reduced; builders have put them in order.
pub(crate) fn axes_of(parameters: &Param) -> Vec<usize> {
    let axes = integers_of(parameters, AXIS).unwrap_or_default();
    axes.into_iter().map(axis_number).collect()
}

pub(crate) fn reduction_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (own, reduced) = (chunks(&operands[0])?, axes_of(parameters));
    let keepdims = flag(parameters, "keepdims");
    let size = parameters.get("output_size").and_then(Param::as_int);
    let mut axes = Vec::with_capacity(own.n_axes());
    for (at, axis) in own.axes().iter().enumerate() {
        match (reduced.contains(&at), keepdims) {
            (false, _) => axes.push(axis.clone()),
            (true, true) => axes.push(match size {
                Some(-1) => AxisChunks::unknown(1)?,
                size => AxisChunks::from_sizes([size.unwrap_or(1).clamped::<u64>()])?,
            }),
            (true, false) => {}
        }
    }
    Ok(array_meta(dtype_of(parameters), Chunks::new(axes)?))
}
