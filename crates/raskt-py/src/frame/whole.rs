//! All partitions of a frame as one object of pandas', in memory of its own: columns of numbers are copied once.

use arrow::array::ArrayRef;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use raskt_core::{Result, Value};
use raskt_exec::{Call, Kernel, LaneId, Outcome};
use raskt_frame::table::concat;
use raskt_frame::{Field, Kind, PandasType, Table};

use super::columns::given;
use super::table::{PyTable, built, index_of, table_of};
use crate::errors;
use crate::runtime::LANE;

/// Puts partitions together.
pub struct Whole;

impl Kernel for Whole {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        Python::attach(|py| {
            let whole = put_together(py, call.inputs).map_err(|error| errors::raised(py, error))?;
            Ok(Outcome::Value(crate::object::to_value(whole)))
        })
    }

    fn lane(&self) -> LaneId {
        LANE
    }
}

/// Lists partitions as Python's objects, tables as [`PyTable`].
pub struct Gathered;

impl Kernel for Gathered {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        Python::attach(|py| {
            let listed = listed(py, call.inputs).map_err(|error| errors::raised(py, error))?;
            Ok(Outcome::Value(crate::object::carry(listed.into_any())))
        })
    }

    fn lane(&self) -> LaneId {
        LANE
    }
}

/// The list of partitions, as [`Gathered`] makes it.
///
/// # Errors
/// Where memory runs out.
pub fn listed<'py>(py: Python<'py>, partitions: &[Value]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for value in partitions {
        let table = match value {
            Value::Opaque(object) => table_of(object.as_ref()).map_err(|error| errors::to_py(py, error))?,
            _ => None,
        };
        match table {
            Some(table) => list.append(Bound::new(py, PyTable::new(table))?)?,
            None => list.append(crate::object::to_object(py, value)?)?,
        }
    }
    Ok(list)
}

fn put_together<'py>(py: Python<'py>, partitions: &[Value]) -> PyResult<Bound<'py, PyAny>> {
    let tables = partitions.iter().map(|value| match value {
        Value::Opaque(object) => table_of(object.as_ref()),
        _ => Ok(None),
    });
    let tables = tables.collect::<Result<Option<Vec<Table>>>>().map_err(|error| errors::to_py(py, error))?;
    match tables {
        Some(tables) if tables.windows(2).all(|pair| pair[0].schema() == pair[1].schema()) => {
            of_tables(py, &tables)
        }
        _ => {
            let objects: PyResult<Vec<_>> =
                partitions.iter().map(|value| crate::object::to_object(py, value)).collect();
            let whole =
                py.import(intern!(py, "raskt.dataframe._partition"))?.getattr(intern!(py, "whole"))?;
            whole.call1(PyTuple::new(py, objects?)?)
        }
    }
}

fn of_tables<'py>(py: Python<'py>, tables: &[Table]) -> PyResult<Bound<'py, PyAny>> {
    let failed = |error| errors::to_py(py, error);
    let Some(first) = tables.first() else { return Ok(py.None().into_bound(py)) };
    let schema = first.schema();
    let bare = schema.with_columns(Kind::Index, []);
    let indices = tables.iter().map(|table| table.with_columns(bare.clone(), Vec::new()));
    let indices = indices.collect::<Result<Vec<_>>>().map_err(failed)?;
    let index = py.detach(|| concat(&indices)).map_err(failed)?;
    let mut columns = Vec::with_capacity(schema.columns.len());
    for (at, field) in schema.columns.iter().enumerate() {
        let arrays: Vec<&ArrayRef> = tables.iter().map(|table| &table.columns()[at]).collect();
        columns.push(column(py, field, &arrays)?);
    }
    built(py, schema, &columns, &index_of(py, schema, index.index())?, index.n_rows(), true)
}

/// A column for `raskt._tables` in memory of its own.
fn column<'py>(py: Python<'py>, field: &Field, arrays: &[&ArrayRef]) -> PyResult<Bound<'py, PyTuple>> {
    if !matches!(field.dtype, PandasType::Text | PandasType::NullableText | PandasType::Arrow(_)) {
        let parts = arrays.iter().map(|array| given(py, field, Some(array)));
        let parts = PyList::new(py, parts.collect::<PyResult<Vec<_>>>()?)?;
        let helper = py.import(intern!(py, "raskt._tables"))?;
        return Ok(helper.call_method1(intern!(py, "joined"), (parts,))?.cast_into::<PyTuple>()?);
    }
    let arrays: Vec<&dyn arrow::array::Array> = arrays.iter().map(|array| &***array).collect();
    let array = py.detach(|| arrow::compute::concat(&arrays));
    let array = array.map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
    given(py, field, Some(&array))
}
