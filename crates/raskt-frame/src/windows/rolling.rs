//! Windows over so many rows, or over spans of time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use raskt_core::{DType, Error, ErrorKind, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::folds::{Bounds, Function, folded};
use super::layer::{Carried, Rows, beside, met};
use super::table::{FIRST_ROWS, LAST_ROWS, ROWS_WITHIN, mapped_meta};
use crate::arguments::{get, text};
use crate::kernels::{is_missing, number};
use crate::operations::{Job, Row};
use crate::table::failed;
use crate::{Field, FrameMeta, Label, PandasType, Table};

/// A function of the window of each row, as pandas' `rolling` has it: `name` is `sum`, `mean`, `var`, `std`, `min`, `max` or
/// `count`. `window` is a number of rows; or, where `is_span` says so, of units of the index, or of the column `on`.
/// `min_periods`, `center`, `closed` and `ddof` are those of pandas; windows over time are not centered, and end with their row.
pub const ROLLING: &str = "rolling";

pub(super) fn row() -> Row {
    Row {
        name: ROLLING,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |_, _| true,
        kernel: Some(kernel),
        library: None,
        lower: lowered,
    }
}

/// What parameters say.
struct Windows {
    /// `None` for a count.
    function: Option<Function>,
    window: i64,
    is_span: bool,
    min_periods: u64,
    is_centered: bool,
    /// Whether the row before the window, or at the very beginning of its span, belongs to it; and the last row.
    closed: (bool, bool),
    on: Option<Label>,
}

impl Windows {
    fn of(parameters: &Param) -> Result<Self> {
        let wrong = |what: &str| Error::new(ErrorKind::InvalidGraph(format!("windows with {what}")));
        let int = |name: &str| get(parameters, name).as_int().ok_or_else(|| wrong(name));
        let is = |name: &str| get(parameters, name) == &Param::Bool(true);
        let name = text(parameters, "name")?;
        let ddof = get(parameters, "ddof").as_int().unwrap_or(1);
        let function = match name {
            "count" => None,
            "sum" => Some(Function::Sum),
            "mean" => Some(Function::Mean),
            "var" => Some(Function::Variance { ddof, is_root: false }),
            "std" => Some(Function::Variance { ddof, is_root: true }),
            "min" => Some(Function::Min),
            "max" => Some(Function::Max),
            other => return Err(wrong(other)),
        };
        let closed = match get(parameters, "closed").as_str() {
            None | Some("right") => (false, true),
            Some("both") => (true, true),
            Some("left") => (true, false),
            Some("neither") => (false, false),
            Some(other) => return Err(wrong(other)),
        };
        let on = match get(parameters, "on") {
            Param::Null => None,
            label => Some(Label::try_from(label)?),
        };
        let min_periods = u64::try_from(int("min_periods")?).map_err(|_| wrong("min_periods"))?;
        Ok(Self {
            function,
            window: int("window")?,
            is_span: is("is_span"),
            min_periods,
            is_centered: is("center"),
            closed,
            on,
        })
    }

    /// How many rows behind each its window has.
    fn n_behind(&self) -> i64 {
        if self.is_centered || self.window == 0 { (self.window - 1).div_euclid(2) } else { 0 }
    }

    /// Where windows over rows begin and end.
    fn of_rows(&self) -> Bounds {
        let behind = self.n_behind();
        let begin = behind + 1 - self.window - i64::from(self.closed.0);
        Bounds::Rows { begin, end: behind + i64::from(self.closed.1) }
    }
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let windows = Windows::of(parameters)?;
    if windows.is_span {
        let missing = || ErrorKind::InvalidGraph("windows of nothing".to_owned());
        let schema = &FrameMeta::of(operands.first().ok_or_else(missing)?)?.schema;
        let times = match &windows.on {
            None => schema.index.first(),
            Some(label) => Some(&schema.columns[schema.position(label)?]),
        };
        let is_time = |field: &Field| {
            let dtype = &field.dtype;
            matches!(
                dtype,
                PandasType::Zoned(..) | PandasType::Plain(DType::Datetime(_) | DType::Timedelta(_))
            )
        };
        let is_known = times.is_some_and(is_time) && schema.index.len() == 1;
        if !is_known || windows.is_centered || !windows.closed.1 {
            let what = "native windows over such spans of time: pandas has them";
            return Err(ErrorKind::NotImplemented(what.to_owned()).into());
        }
    }
    mapped_meta(operands, |field| result(&windows, field))
}

fn result(windows: &Windows, field: &Field) -> Option<PandasType> {
    if windows.on.as_ref() == Some(&field.label) {
        return Some(field.dtype.clone());
    }
    number(&field.dtype).map(|_| PandasType::Plain(DType::Float64))
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let windows = Windows::of(parameters)?;
    let rows = |name: &str, n: i64| {
        (n > 0).then(|| Body::Native { name: name.into(), parameters: Param::map([("n", Param::Int(n))]) })
    };
    let carried = match windows.is_span {
        true => Carried {
            before: Some(Body::Native { name: ROWS_WITHIN.into(), parameters: parameters.clone() }),
            behind: None,
        },
        false => {
            Carried { before: rows(LAST_ROWS, windows.window), behind: rows(FIRST_ROWS, windows.n_behind()) }
        }
    };
    beside(job, carried)
}

/// The times of rows, in units of their dtype.
fn times(table: &Table, on: Option<&Label>) -> Result<Int64Array> {
    let column = match on {
        None => Arc::clone(&table.levels()[0]),
        Some(label) => Arc::clone(&table.columns()[table.schema().position(label)?]),
    };
    if column.null_count() > 0 {
        let what = if on.is_some() { "column" } else { "index" };
        return Err(ErrorKind::InvalidValue(format!("{what} values must not have NaT")).into());
    }
    let units = compute::cast(&column, &DataType::Int64).map_err(failed)?;
    Ok(units.as_primitive::<Int64Type>().clone())
}

/// The rows that are not farther from the last one than a window is long.
pub(super) fn rows_within(call: &mut Call<'_>) -> Result<Value> {
    let windows = Windows::of(call.shared)?;
    let rows = met(call.inputs, false)?;
    let times = times(&rows, windows.on.as_ref())?;
    let Some(&last) = times.values().last() else { return Ok(rows.into()) };
    let is_far = |time: &&i64| last.abs_diff(**time) > windows.window.unsigned_abs();
    let n_far = times.values().iter().take_while(is_far).count();
    Ok(rows.slice(n_far, rows.n_rows() - n_far).into())
}

/// Where the windows of all rows begin, by their times, which ascend or descend.
fn spans(windows: &Windows, times: &[i64]) -> Result<Bounds> {
    let ascends = times.is_sorted();
    if !ascends && !times.iter().rev().is_sorted() {
        let what = match &windows.on {
            None => "index must be monotonic".to_owned(),
            Some(label) => format!("{label} must be monotonic"),
        };
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let window = windows.window.unsigned_abs();
    let mut begin = 0;
    let begins = times.iter().enumerate().map(|(row, &time)| {
        let is_out = |other: i64| match windows.closed.0 {
            true => time.abs_diff(other) > window,
            false => time.abs_diff(other) >= window,
        };
        while begin < row && is_out(times[begin]) {
            begin += 1;
        }
        begin
    });
    Ok(Bounds::Spans(begins.collect()))
}

fn kernel(call: &mut Call<'_>) -> Result<Value> {
    let windows = Windows::of(call.shared)?;
    let rows = Rows::of(call)?;
    let bounds = match windows.is_span {
        false => windows.of_rows(),
        true => {
            let mut all = Vec::new();
            for table in rows.tables() {
                all.extend_from_slice(times(table, windows.on.as_ref())?.values());
            }
            spans(&windows, &all)?
        }
    };
    let part = rows.part;
    let wanted = rows.n_before()..rows.n_before() + part.n_rows();
    let mut fields = Vec::with_capacity(part.columns().len());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(part.columns().len());
    for (at, field) in part.schema().columns.iter().enumerate() {
        if windows.on.as_ref() == Some(&field.label) {
            fields.push(field.clone());
            columns.push(Arc::clone(&part.columns()[at]));
            continue;
        }
        let mut values = Vec::with_capacity(rows.tables().map(Table::n_rows).sum());
        for table in rows.tables() {
            extend(&mut values, table, at, windows.function.is_none())?;
        }
        let function = windows.function.unwrap_or(Function::Sum);
        let found = folded(&values, &bounds, wanted.clone(), function, windows.min_periods);
        fields.push(Field::new(field.label.clone(), PandasType::Plain(DType::Float64)));
        columns.push(Arc::new(Float64Array::from(found)));
    }
    let schema = part.schema().with_columns(part.schema().kind, fields);
    Ok(part.with_columns(schema, columns)?.into())
}

/// Adds the numbers of a column: NaN for those that are missing or infinite, as in pandas; 1 for each that is there, and else
/// 0, where they are counted.
fn extend(values: &mut Vec<f64>, table: &Table, at: usize, is_count: bool) -> Result<()> {
    let (column, field) = (&table.columns()[at], &table.schema().columns[at]);
    if is_count {
        let missing = is_missing(column, &field.dtype)?;
        values.extend((0..column.len()).map(|row| f64::from(!missing.value(row))));
        return Ok(());
    }
    let floats = compute::cast(column, &DataType::Float64).map_err(failed)?;
    let floats = floats.as_primitive::<Float64Type>();
    let finite = |value: f64| if value.is_finite() { value } else { f64::NAN };
    match floats.null_count() {
        0 => values.extend(floats.values().iter().map(|value| finite(*value))),
        _ => values.extend(floats.iter().map(|value| value.map_or(f64::NAN, finite))),
    }
    Ok(())
}
