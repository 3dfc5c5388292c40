//! Missing values: which they are, and others in their place.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute;
use arrow::compute::kernels::boolean;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::DataType;
use raskt_core::{DType, ErrorKind, Param, Result};

use super::arguments::{Method, rows};
use super::choose::holds;
use super::column::{Column, Planned, Type};
use super::compare::truths;
use crate::PandasType;
use crate::table::failed;

/// Which values of a column of `dtype` are missing.
///
/// # Errors
/// What Arrow's kernel returns.
pub fn is_missing(array: &ArrayRef, dtype: &PandasType) -> Result<BooleanArray> {
    let nan = |is_nan: &dyn Fn(usize) -> bool| {
        BooleanArray::new(BooleanBuffer::collect_bool(array.len(), is_nan), None)
    };
    Ok(match (array.data_type(), dtype.misses_by_nan()) {
        (DataType::Float64, true) => {
            let values = array.as_primitive::<arrow::datatypes::Float64Type>().values();
            nan(&|row| values[row].is_nan())
        }
        (DataType::Float32, true) => {
            let values = array.as_primitive::<arrow::datatypes::Float32Type>().values();
            nan(&|row| values[row].is_nan())
        }
        _ => compute::is_null(array).map_err(failed)?,
    })
}

/// The kernels of `isna` and `notna`.
pub(super) fn plan(name: &str, operand: &Type<'_>) -> Option<Planned> {
    let is_wanted = match name {
        "isna" | "isnull" => true,
        "notna" | "notnull" => false,
        _ => return None,
    };
    let dtype = operand.dtype()?.clone();
    dtype.storage()?;
    Some(Planned::new(PandasType::Plain(DType::Bool), move |columns| {
        let [Column::Rows(array)] = columns else { return Err(wrong()) };
        let missing = is_missing(array, &dtype)?;
        Ok(match is_wanted {
            true => Arc::new(missing),
            false => truths(!missing.values()),
        })
    }))
}

/// The kernel of `fillna(value)` with values that the column's dtype has. A column that misses none stays, whatever the value.
pub(super) fn plan_filled(method: &Method<'_>) -> Option<Planned> {
    let dtype = method.on.dtype()?.clone();
    let [value] = method.bind(["value"])?;
    let kept = dtype.storage()?;
    let filler = value.kind()?;
    if !dtype.can_miss() {
        let is_value =
            !matches!(filler, Type::Literal(Param::Null | Param::List(_) | Param::Map(_) | Param::Value(_)));
        return is_value.then(|| Planned::new(dtype, |columns| rows(columns).cloned()));
    }
    let fits = match filler {
        Type::Literal(value) => holds(&dtype, value),
        Type::Column(of) | Type::Scalar(of) => *of == dtype,
    };
    let filler = value.given().filter(|_| fits)?;
    Some(Planned::new(dtype.clone(), move |columns| {
        let array = rows(columns)?;
        let is_there = boolean::not(&is_missing(array, &dtype)?).map_err(failed)?;
        if is_there.true_count() == array.len() {
            return Ok(Arc::clone(array));
        }
        let filler = filler.of(columns)?.side(&kept)?;
        let filled = match filler.is_scalar {
            true => zip(&is_there, array, &arrow::array::Scalar::new(filler.array)),
            false => zip(&is_there, array, &filler.array),
        };
        filled.map_err(failed)
    }))
}

fn wrong() -> raskt_core::Error {
    ErrorKind::InvalidGraph("a kernel of missing values got other operands".to_owned()).into()
}
