//! The rows of what is made of other operations: how it is asked for.

use raskt_core::{ErrorKind, Param};
use raskt_expr::{Arity, Expr};

use super::{choose, roll, sort};
use crate::error::Built;
use crate::operations::{BuildFn, Row};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let of_blocks = crate::blockwise::rows().into_iter().find(|row| row.name == "blockwise");
    let row = |(name, build): (&'static str, BuildFn)| {
        of_blocks.map(|row| Row { name, arity: Arity::Exactly(1), build, ..row })
    };
    let all: [(&'static str, BuildFn); 5] = [
        ("sort", sort::by_name),
        ("roll", roll::by_name),
        ("repeat", choose::repeat),
        ("diagonal", choose::diagonal),
        ("argwhere", choose::argwhere),
    ];
    all.into_iter().filter_map(row).collect()
}

/// The only operand.
pub(super) fn lone(operands: &[Expr]) -> Built<&Expr> {
    match operands {
        [operand] => Ok(operand),
        _ => {
            Err(ErrorKind::InvalidValue(format!("{} arrays, where one was expected", operands.len())).into())
        }
    }
}

/// The axis that the parameters name.
pub(super) fn axis_of(parameters: &Param, n_axes: usize) -> Built<usize> {
    let axis = parameters.get(crate::parameters::AXIS).and_then(Param::as_int);
    let axis = axis.ok_or_else(|| ErrorKind::InvalidValue("an axis is missing".into()))?;
    crate::builder::Builder::axis(axis, n_axes)
}
