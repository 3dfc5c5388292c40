//! Values of frames as expressions.

use raskt_core::{Param, Result};
use raskt_expr::{AS_WRITTEN, Draft, Expr};

use super::table::{NUMBER, PARTITION, PARTITIONS, WHOLE};
use crate::operations::COLLECTION;

/// How a frame is planned of which something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Planning {
    /// By rules and passes.
    #[default]
    Simplified,
    /// As it was written.
    AsWritten,
}

/// All of `frame` as one object: its partitions one after another.
///
/// # Errors
/// None in practice.
pub fn whole(frame: &Expr, planning: Planning) -> Result<Expr> {
    taken(WHOLE, frame, planning, None)
}

/// The list of the partitions of `frame`.
///
/// # Errors
/// None in practice.
pub fn partitions(frame: &Expr, planning: Planning) -> Result<Expr> {
    taken(PARTITIONS, frame, planning, None)
}

/// Partition `number` of `frame`; one that is not there is found out when it is lowered.
///
/// # Errors
/// None in practice.
pub fn partition(frame: &Expr, number: u32, planning: Planning) -> Result<Expr> {
    taken(PARTITION, frame, planning, Some(number))
}

fn taken(operation: &str, frame: &Expr, planning: Planning, number: Option<u32>) -> Result<Expr> {
    let number = number.map(|number| (NUMBER, Param::Int(number.into())));
    let as_written = (planning == Planning::AsWritten).then_some((AS_WRITTEN, Param::Bool(true)));
    let parameters = Param::map(number.into_iter().chain(as_written));
    Draft { operands: vec![frame.clone()], parameters, ..Draft::new(COLLECTION, operation) }.finish()
}
