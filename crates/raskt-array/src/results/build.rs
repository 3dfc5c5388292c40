//! Values of arrays as expressions.

use raskt_core::Param;
use raskt_expr::{AS_WRITTEN, Expr};

use super::table::{BLOCK, NUMBER};
use crate::builder::Builder;
use crate::error::Built;

/// How an array is planned of which something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Planning {
    /// By rules and passes.
    #[default]
    Simplified,
    /// As it was written.
    AsWritten,
}

/// All of `array`, as one array of the library.
///
/// # Errors
/// None in practice.
pub fn assemble(builder: &Builder<'_>, array: &Expr, planning: Planning) -> Built<Expr> {
    taken(builder, "assemble", array, planning, None)
}

/// The list of the blocks of `array`, in C order.
///
/// # Errors
/// None in practice.
pub fn blocks(builder: &Builder<'_>, array: &Expr, planning: Planning) -> Built<Expr> {
    taken(builder, "blocks", array, planning, None)
}

/// Block `number` of `array`, in C order.
///
/// # Errors
/// [`InvalidValue`](raskt_core::ErrorKind::InvalidValue) for a block that is not there.
pub fn block(builder: &Builder<'_>, array: &Expr, number: u32, planning: Planning) -> Built<Expr> {
    let n_blocks = builder.chunks(array)?.n_blocks();
    if u64::from(number) >= n_blocks {
        return Err(crate::ArrayError::value(format!("block {number} of {n_blocks} blocks")));
    }
    taken(builder, BLOCK, array, planning, Some(number))
}

fn taken(
    builder: &Builder<'_>,
    operation: &str,
    array: &Expr,
    planning: Planning,
    number: Option<u32>,
) -> Built<Expr> {
    let number = number.map(|number| (NUMBER, Param::Int(number.into())));
    let as_written = (planning == Planning::AsWritten).then_some((AS_WRITTEN, Param::Bool(true)));
    builder.make(operation, &[array], Param::map(number.into_iter().chain(as_written)))
}
