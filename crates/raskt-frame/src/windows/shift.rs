//! Rows at other places: shifts, and differences from them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, UInt32Array};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type};
use raskt_core::{DType, ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::layer::{Carried, Rows, beside, met};
use super::table::{FIRST_ROWS, LAST_ROWS, cast_to, mapped_meta};
use crate::arguments::{get, text};
use crate::operations::{Job, Row};
use crate::rows::number;
use crate::table::{failed, taken};
use crate::{Field, PandasType};

/// The rows so many places (`periods`) before each, or behind it where that is negative; `name` is `shift`, or `diff` for the
/// differences from them.
pub const SHIFT: &str = "shift";

pub(super) fn row() -> Row {
    Row {
        name: SHIFT,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |_, _| true,
        kernel: Some(kernel),
        library: None,
        lower: lowered,
    }
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let is_diff = text(parameters, "name")? == "diff";
    mapped_meta(operands, |field| result(&field.dtype, is_diff))
}

/// What becomes of a dtype, where values are missing at one end.
pub(super) fn result(dtype: &PandasType, is_diff: bool) -> Option<PandasType> {
    let float = PandasType::Plain(DType::Float64);
    match (dtype, is_diff) {
        (PandasType::Plain(DType::Int32 | DType::Int64 | DType::Float64), _) => Some(float),
        (PandasType::Plain(DType::Float32), _) => Some(dtype.clone()),
        (PandasType::Arrow(_), _) | (_, true) => None,
        (dtype, false) => (dtype.can_miss() && dtype.storage().is_some()).then(|| dtype.clone()),
    }
}

fn periods(parameters: &Param) -> Result<i64> {
    let missing = || ErrorKind::InvalidGraph("a shift without its periods".to_owned()).into();
    get(parameters, "periods").as_int().ok_or_else(missing)
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let n = periods(job.expr.parameters())?;
    let ends = |name: &str| {
        let parameters = Param::map([("n", Param::Int(n.saturating_abs()))]);
        Some(Body::Native { name: name.into(), parameters })
    };
    let carried = match n {
        0 => Carried::default(),
        1.. => Carried { before: ends(LAST_ROWS), behind: None },
        _ => Carried { before: None, behind: ends(FIRST_ROWS) },
    };
    beside(job, carried)
}

/// The last rows, so many.
pub(super) fn last_rows(call: &mut Call<'_>) -> Result<Value> {
    let (n, table) = (number(call.shared, "n")?, met(call.inputs, false)?);
    Ok(table.slice(table.n_rows().saturating_sub(n), n).into())
}

/// The first rows, so many.
pub(super) fn first_rows(call: &mut Call<'_>) -> Result<Value> {
    let (n, table) = (number(call.shared, "n")?, met(call.inputs, true)?);
    Ok(table.slice(0, n).into())
}

fn kernel(call: &mut Call<'_>) -> Result<Value> {
    let (n, is_diff) = (periods(call.shared)?, text(call.shared, "name")? == "diff");
    let rows = Rows::of(call)?;
    let (all, part) = (rows.whole()?, rows.part);
    let fields: Vec<Field> = part.schema().columns.to_vec();
    let mut columns = Vec::with_capacity(fields.len());
    let mut schema = Vec::with_capacity(fields.len());
    for (at, field) in fields.into_iter().enumerate() {
        let missing = || ErrorKind::InvalidGraph(format!("a shift of {}", field.dtype));
        let dtype = result(&field.dtype, is_diff).ok_or_else(missing)?;
        let from = cast_to(&all.columns()[at], &dtype)?;
        let moved = moved(&from, rows.n_before(), part.n_rows(), n)?;
        columns.push(match is_diff {
            true => difference(&from.slice(rows.n_before(), part.n_rows()), &moved)?,
            false => moved,
        });
        schema.push(Field::new(field.label, dtype));
    }
    let schema = part.schema().with_columns(part.schema().kind, schema);
    Ok(part.with_columns(schema, columns)?.into())
}

/// The `n_rows` values that are `n` places before those from `begin` on, null where there are none.
fn moved(array: &ArrayRef, begin: usize, n_rows: usize, n: i64) -> Result<ArrayRef> {
    let begin = begin.clamped::<i64>().saturating_sub(n);
    let end = begin.saturating_add(n_rows.clamped::<i64>());
    let length = array.len().clamped::<i64>();
    if begin >= 0 && end <= length {
        return Ok(array.slice(begin.fit::<usize>(), n_rows));
    }
    // Places, so that of a dictionary the values stay as they are.
    let place = |row: i64| (0..length).contains(&row).then(|| row.fit::<u32>());
    let places: UInt32Array = (begin..end).map(place).collect();
    taken(array, &places).map_err(failed)
}

/// The floats of now without those of then: NaN where one is missing.
pub(super) fn difference(now: &ArrayRef, then: &ArrayRef) -> Result<ArrayRef> {
    fn of<T: ArrowPrimitiveType>(now: &ArrayRef, then: &ArrayRef, nan: T::Native) -> ArrayRef
    where
        T::Native: std::ops::Sub<Output = T::Native>,
    {
        let (now, then) = (now.as_primitive::<T>(), then.as_primitive::<T>());
        let value = |(now, then): (Option<T::Native>, Option<T::Native>)| match (now, then) {
            (Some(now), Some(then)) => now - then,
            _ => nan,
        };
        Arc::new(PrimitiveArray::<T>::from_iter_values(now.iter().zip(then.iter()).map(value)))
    }
    match now.data_type() {
        DataType::Float64 => Ok(of::<Float64Type>(now, then, f64::NAN)),
        DataType::Float32 => Ok(of::<Float32Type>(now, then, f32::NAN)),
        other => Err(ErrorKind::InvalidGraph(format!("differences of {other}")).into()),
    }
}
