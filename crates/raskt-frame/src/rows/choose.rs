//! A choice of partitions, in any order.

use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Arity, Lowered, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{AxisCut, Layer, Operand, Part, Region, Slice};

use super::table::{IN_ONE, operand};
use crate::arguments::list;
use crate::operations::{Job, Row};
use crate::rowwise::are_native;
use crate::{Divisions, FrameMeta, library};

/// The partitions of those numbers, in that order; the parameter `numbers`.
pub const CHOOSE: &str = "choose";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: CHOOSE,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: are_native,
        kernel: None,
        // Each partition is the one that it is: no task runs it.
        library: Some(library::WHOLE),
        lower: lowered,
    }]
}

fn numbers(parameters: &Param, n_partitions: u64) -> Result<Vec<u32>> {
    let number = |param: &Param| {
        let number = param.as_int().and_then(|number| u32::try_from(number).ok());
        number.filter(|&number| u64::from(number) < n_partitions).ok_or_else(|| {
            let what = format!("partition {param:?} of a frame that has {n_partitions}, numbered from 0");
            raskt_core::Error::new(ErrorKind::InvalidValue(what))
        })
    };
    let numbers = list(parameters, "numbers").iter().map(number).collect::<Result<Vec<_>>>()?;
    match numbers.is_empty() {
        true => Err(ErrorKind::InvalidValue("a choice of no partition".to_owned()).into()),
        false => Ok(numbers),
    }
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (of, own) = operand(operands)?;
    let numbers = numbers(parameters, FrameMeta::n_partitions(of))?;
    let lengths = FrameMeta::lengths(of);
    let divisions = own.divisions.as_ref().filter(|_| numbers.is_sorted_by(|one, next| one < next));
    let divisions = divisions.map(|divisions| bounds(divisions, &numbers)).transpose()?;
    let own = FrameMeta { schema: own.schema.clone(), divisions: divisions.map(Into::into) };
    own.into_meta_of(numbers.iter().map(|&number| lengths.get(number as usize).copied().flatten()))
}

/// Where the partitions of those ascending numbers begin, and where the last of them ends.
pub(super) fn bounds(divisions: &Divisions, numbers: &[u32]) -> Result<Divisions> {
    let end = numbers.last().map(|last| last + 1);
    let places: Vec<u32> = numbers.iter().copied().chain(end).collect();
    divisions.at(&places)
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let of = job.operand(0)?;
    let numbers = numbers(job.expr.parameters(), of.grid.n_blocks().into())?;
    chosen(&of, &numbers)
}

/// The layer of some partitions of another one. It has no task.
pub(super) fn chosen(of: &Lowered, numbers: &[u32]) -> Result<Layer> {
    let part = |&number: &u32| Part { block: number, region: Region::Whole };
    let cut = AxisCut::parts(of.grid.n_blocks(), numbers.iter().map(part).collect())?;
    Ok(Slice::new(Operand::new(of.name.clone()), Body::native(IN_ONE), vec![cut])?.into())
}
