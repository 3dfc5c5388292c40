//! And, or, exclusive or, not, of truth values. With `NA`, the logic is Kleene's.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::kernels::boolean;
use arrow::datatypes::DataType;
use raskt_core::{DType, ErrorKind, Result};

use super::column::{Column, Planned, Side, Type, mask};
use super::promote::meeting;
use crate::table::failed;

/// The kernel of an operator.
pub(super) fn plan(name: &str, left: &Type<'_>, right: &Type<'_>) -> Option<Planned> {
    let run: fn(&BooleanArray, &BooleanArray) -> std::result::Result<BooleanArray, arrow::error::ArrowError> =
        match name {
            "and" | "rand" => boolean::and_kleene,
            "or" | "ror" => boolean::or_kleene,
            "xor" | "rxor" => |a, b| {
                let differ = a.values() ^ b.values();
                Ok(BooleanArray::new(differ, arrow::buffer::NullBuffer::union(a.nulls(), b.nulls())))
            },
            _ => return None,
        };
    let (met, flavour) = meeting(*left, *right)?;
    if met != DType::Bool {
        return None;
    }
    Some(Planned::new(flavour.of(DType::Bool), move |columns| {
        let [left, right] = columns else { return Err(wrong()) };
        let sides = (left.side(&DataType::Boolean)?, right.side(&DataType::Boolean)?);
        let n_rows = if sides.0.is_scalar { sides.1.array.len() } else { sides.0.array.len() };
        let (left, right) = (spread(&sides.0, n_rows)?, spread(&sides.1, n_rows)?);
        Ok(Arc::new(run(&left, &right).map_err(failed)?))
    }))
}

/// The kernel of `~x`, and of `-x`, which is the same to pandas for truth values.
pub(super) fn plan_unary(name: &str, operand: &Type<'_>) -> Option<Planned> {
    let dtype = operand.dtype()?;
    let (of, _) = super::promote::number(dtype)?;
    if !matches!(name, "invert" | "neg") || of != DType::Bool {
        return None;
    }
    Some(Planned::new(dtype.clone(), |columns| {
        let [Column::Rows(array)] = columns else { return Err(wrong()) };
        Ok(Arc::new(boolean::not(mask(array)?).map_err(failed)?))
    }))
}

fn wrong() -> raskt_core::Error {
    ErrorKind::InvalidGraph("a kernel of truth values got other operands".to_owned()).into()
}

/// A value a row.
fn spread(side: &Side, n_rows: usize) -> Result<BooleanArray> {
    let array: &ArrayRef = &side.array;
    let values = mask(array)?;
    Ok(match side.is_scalar {
        false => values.clone(),
        true if values.is_null(0) => BooleanArray::from(vec![None; n_rows]),
        true => BooleanArray::from(vec![values.value(0); n_rows]),
    })
}
