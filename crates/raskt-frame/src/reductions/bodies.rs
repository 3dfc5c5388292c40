//! The bodies of a reduction's tree. A partial result is a table of one row: a few values of each column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::compute;
use raskt_core::{DType, ErrorKind, Fit, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};

use super::fold::{State, of_column, of_states, result};
use super::result::Reduction;
use crate::arguments::{get, list, text};
use crate::operations::KernelFn;
use crate::table::failed;
use crate::{Field, Index, Kind, Label, PandasType, Schema, Table, table};

pub(super) const CHUNK: &str = "frame.reduce_chunk";
pub(super) const COMBINE: &str = "frame.reduce_combine";
pub(super) const AGGREGATE: &str = "frame.reduce_aggregate";
/// The parameter with the schema of the result.
pub(super) const SCHEMA: &str = "schema";
/// The parameter with the names of a frame's columns.
pub(super) const LABELS: &str = "labels";

/// Adds the bodies to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    let bodies: [(&str, KernelFn); 3] = [(CHUNK, chunk), (COMBINE, combine), (AGGREGATE, aggregate)];
    for (name, body) in bodies {
        registry.add_kernel(name, Arc::new(move |call: &mut Call<'_>| body(call).map(Outcome::Value)))?;
    }
    Ok(())
}

/// What makes the partial result of a partition, by its registered name.
pub(crate) fn chunk_body() -> (&'static str, KernelFn) {
    (CHUNK, chunk)
}

fn reduction(call: &Call<'_>) -> Result<Reduction> {
    let name = text(call.shared, "name")?;
    let unknown = || ErrorKind::NotImplemented(format!("a native reduction {name}")).into();
    Reduction::parse(name, get(call.shared, "kwargs")).ok_or_else(unknown)
}

fn no_input() -> raskt_core::Error {
    ErrorKind::InvalidGraph("a reduction of nothing".to_owned()).into()
}

/// The partial result of a partition.
fn chunk(call: &mut Call<'_>) -> Result<Value> {
    let reduction = reduction(call)?;
    let table = Table::of(call.inputs.first().ok_or_else(no_input)?)?;
    if reduction == Reduction::Size {
        return Ok(partial(vec![State::count(table.n_rows())])?.into());
    }
    let mut states = Vec::with_capacity(table.columns().len());
    for (field, array) in table.schema().columns.iter().zip(table.columns()) {
        call.ctx.cancel.check()?;
        states.push(of_column(reduction, array, &field.dtype)?);
    }
    Ok(partial(states)?.into())
}

/// A table of one row with those states.
fn partial(states: Vec<State>) -> Result<Table> {
    let parts = states.into_iter().flat_map(|state| state.0);
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (at, (dtype, array)) in parts.enumerate() {
        fields.push(Field::new(at.fit::<i64>(), dtype));
        arrays.push(array);
    }
    Table::over_range(Schema::new(Kind::Frame, fields), arrays, 1)
}

/// The state of each column, a row for every partial result.
fn states(call: &Call<'_>, reduction: Reduction) -> Result<Vec<State>> {
    let tables = call.inputs.iter().map(|value| Table::of(value).cloned()).collect::<Result<Vec<_>>>()?;
    let all = table::concat(&tables)?;
    let parts =
        all.schema().columns.iter().map(|field| field.dtype.clone()).zip(all.columns().iter().cloned());
    let parts: Vec<(PandasType, ArrayRef)> = parts.collect();
    let of_one = |parts: &[(PandasType, ArrayRef)]| of_states(reduction, &State(parts.to_vec()));
    parts.chunks(reduction.n_parts()).map(of_one).collect()
}

fn combine(call: &mut Call<'_>) -> Result<Value> {
    let reduction = reduction(call)?;
    Ok(partial(states(call, reduction)?)?.into())
}

fn aggregate(call: &mut Call<'_>) -> Result<Value> {
    let reduction = reduction(call)?;
    let states = states(call, reduction)?;
    let schema = Schema::from_param(get(call.shared, SCHEMA))?;
    let storage = schema.columns.first().ok_or_else(no_input)?.storage()?;
    let mut results = Vec::with_capacity(states.len());
    for state in &states {
        results.push(compute::cast(&result(reduction, state)?, &storage).map_err(failed)?);
    }
    let results: Vec<&dyn Array> = results.iter().map(AsRef::as_ref).collect();
    let column = match results.is_empty() {
        true => arrow::array::new_empty_array(&storage),
        false => compute::concat(&results).map_err(failed)?,
    };
    let (schema, column) = missing_as_float(schema, column)?;
    let n_rows = column.len();
    let index = match schema.kind {
        Kind::Series => {
            let labels = list(call.shared, LABELS).iter().map(Label::try_from).collect::<Result<Vec<_>>>()?;
            let names: StringViewArray = labels.iter().map(Label::as_str).collect();
            Index::Levels([Arc::new(names) as ArrayRef].into())
        }
        _ => Index::Range { start: 0, step: 1 },
    };
    Ok(Table::new(schema, vec![column], index, n_rows)?.into())
}

/// What nothing is left of is NaN, also where the dtype of the values has none.
fn missing_as_float(schema: Schema, column: ArrayRef) -> Result<(Schema, ArrayRef)> {
    let [field] = &*schema.columns else { return Ok((schema, column)) };
    if column.null_count() == 0 || field.dtype.can_miss() {
        return Ok((schema, column));
    }
    let float = Field::new(field.label.clone(), PandasType::Plain(DType::Float64));
    let floats = compute::cast(&column, &float.storage()?).map_err(failed)?;
    Ok((schema.with_columns(schema.kind, [float]), floats))
}
