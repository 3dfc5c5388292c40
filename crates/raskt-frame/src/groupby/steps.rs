//! The three steps of a group-by.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array};
use arrow::compute;
use arrow::datatypes::DataType;
use raskt_core::{DType, ErrorKind, Result};

use super::parameters::{GroupBy, is_integer};
use super::plan::Plan;
use super::state;
use crate::keys::Groups;
use crate::sort::{Direction, order};
use crate::table::{concat, failed};
use crate::{Field, Index, Kind, PandasType, Schema, Table, table};

/// The states of the groups of all `tables`.
///
/// # Errors
/// As [`concat`]; [`ErrorKind::InvalidValue`] for columns that are not there; [`ErrorKind::NotImplemented`] for dtypes that
/// pandas works on.
pub fn partial(tables: &[Table], parameters: &GroupBy) -> Result<Table> {
    let plan = Plan::new(parameters)?;
    let table = concat(tables)?;
    let keys = parameters.keys.iter().map(|key| key.of(&table)).collect::<Result<Vec<_>>>()?;
    let groups = grouped(&keys, table.n_rows())?;
    let mut columns = taken(&keys, &groups)?;
    let mut fields: Vec<Field> = keys.into_iter().map(|(_, field)| field).collect();
    for (number, array) in (0_i64..).zip(state::states(&table, &plan, &groups)?) {
        fields.push(Field::new(number, state_type(array.data_type())));
        columns.push(array);
    }
    let states = Table::over_range(Schema::new(Kind::Frame, fields), columns, groups.len())?;
    match parameters.dropna && groups.missing.contains(&true) {
        true => states.filter(&groups.missing.iter().map(|missing| Some(!missing)).collect::<BooleanArray>()),
        false => Ok(states),
    }
}

/// The states of the groups of several tables of states, earlier partitions first.
///
/// # Errors
/// As [`concat`]; [`ErrorKind::InvalidValue`] for tables that [`partial`] did not make.
pub fn combine(tables: &[Table], parameters: &GroupBy) -> Result<Table> {
    if let [table] = tables {
        return Ok(table.clone());
    }
    let table = concat(tables)?;
    let n_keys = parameters.keys.len();
    let keys = key_columns(&table, n_keys)?;
    let groups = grouped(&keys, table.n_rows())?;
    let mut columns = taken(&keys, &groups)?;
    let plan = Plan::new(parameters)?;
    columns.extend(state::merged_states(&table.columns()[n_keys..], &plan, &groups)?.ok_or_else(no_states)?);
    Table::over_range(Arc::clone(table.schema()), columns, groups.len())
}

/// The results of the states of all groups: a row for each group, the keys as the index; in the order of the keys, or of
/// the groups' first rows.
///
/// # Errors
/// As [`combine`]; [`ErrorKind::NotImplemented`] for keys without an order here, where they are sorted.
pub fn finalise(tables: &[Table], parameters: &GroupBy) -> Result<Table> {
    let states = combine(tables, parameters)?;
    let n_keys = parameters.keys.len();
    let keys = key_columns(&states, n_keys)?;
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut fields = Vec::new();
    let plan = Plan::new(parameters)?;
    for (aggregate, at) in parameters.aggregates.iter().zip(&plan.columns_of) {
        let result = state::result(&states.columns()[n_keys..], at, aggregate)?;
        let (dtype, result) = fitted(aggregate.dtype()?, result)?;
        columns.push(result);
        fields.push(Field { label: aggregate.label.clone(), dtype });
    }
    let levels: Arc<[ArrayRef]> = keys.iter().map(|(array, _)| Arc::clone(array)).collect();
    let index = keys.iter().map(|(_, field)| field.clone());
    let schema = Schema::new(Kind::Frame, fields).with_index(index);
    let table = Table::new(schema, columns, Index::Levels(levels), states.n_rows())?;
    if !parameters.sort {
        return Ok(table);
    }
    let way = Direction { is_ascending: true, missing_first: false };
    let by: Vec<_> = keys.into_iter().map(|(array, field)| (array, field.dtype, way)).collect();
    table.take(&order(&by, table.n_rows(), None)?)
}

/// The result as `dtype`, or as what pandas has where values say otherwise: integers of which some are missing, or are floats
/// in some partition, are floats; sums too large for their dtype have 64 bits.
fn fitted(dtype: PandasType, result: ArrayRef) -> Result<(PandasType, ArrayRef)> {
    let as_type = |dtype: PandasType| {
        let storage = dtype.storage().ok_or_else(no_states)?;
        let array = compute::cast(&result, &storage).map_err(failed)?;
        Ok((dtype, array))
    };
    let (plain, is_masked) = match &dtype {
        PandasType::Plain(plain) => (plain, false),
        PandasType::Masked(plain) => (plain, true),
        _ => return as_type(dtype),
    };
    let flavour = |plain| if is_masked { PandasType::Masked(plain) } else { PandasType::Plain(plain) };
    if !is_integer(plain) {
        return as_type(dtype);
    }
    if result.data_type().is_floating() || (result.null_count() > 0 && !is_masked) {
        return as_type(flavour(DType::Float64));
    }
    let wide = if result.data_type().is_signed_integer() { DType::Int64 } else { DType::UInt64 };
    let (dtype, fit) = as_type(dtype)?;
    match fit.null_count() == result.null_count() {
        true => Ok((dtype, fit)),
        false => as_type(flavour(wide)),
    }
}

/// The dtype of a column of states. Numbers of several partitions may be promoted.
fn state_type(storage: &DataType) -> PandasType {
    let number = storage.is_numeric().then(|| PandasType::parse(&storage.to_string())).flatten();
    number.unwrap_or_else(|| PandasType::Arrow(storage.clone()))
}

fn grouped(keys: &[(ArrayRef, Field)], n_rows: usize) -> Result<Groups> {
    let columns: Vec<_> =
        keys.iter().map(|(array, field)| (Arc::clone(array), field.dtype.clone())).collect();
    Groups::of(&columns, n_rows)
}

/// The keys of the groups.
fn taken(keys: &[(ArrayRef, Field)], groups: &Groups) -> Result<Vec<ArrayRef>> {
    let rows = UInt32Array::from(groups.firsts.clone());
    keys.iter().map(|(array, _)| table::taken(array, &rows).map_err(failed)).collect()
}

fn key_columns(table: &Table, n_keys: usize) -> Result<Vec<(ArrayRef, Field)>> {
    let arrays = table.columns().get(..n_keys).ok_or_else(no_states)?;
    Ok(arrays.iter().cloned().zip(table.schema().columns.iter().cloned()).collect())
}

fn no_states() -> raskt_core::Error {
    ErrorKind::InvalidValue("a table that is no state of this group-by".to_owned()).into()
}
