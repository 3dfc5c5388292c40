//! `Table`: a partition as Python holds it, made of pandas' objects and turned into them.

use std::sync::Arc;

use arrow::array::ArrayRef;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};
use raskt_core::{ForeignDecode, Opaque, Sealed, Value};
use raskt_frame::table::RUNTIME;
use raskt_frame::{Field, Index, Kind, Label, PandasType, Schema, Table, TableRuntime};

use super::columns::{Keep, given, taken};
use super::labels::{from_label, to_label};
use crate::errors;
use crate::pickle::{Flat, flat, unflat};

/// A partition of a frame, in Arrow.
#[pyclass(frozen, module = "raskt._raskt", name = "Table")]
pub struct PyTable {
    table: Table,
}

impl PyTable {
    /// `table` for Python.
    pub fn new(table: Table) -> Self {
        Self { table }
    }
}

#[pymethods]
impl PyTable {
    /// The object of pandas'.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_pandas(py, &self.table)
    }

    /// The number of rows.
    #[getter]
    fn n_rows(&self) -> usize {
        self.table.n_rows()
    }

    /// Bytes in memory that it keeps alive.
    #[getter]
    fn nbytes(&self) -> u64 {
        let mut bytes = 0;
        self.table.visit_owners(&mut |_, n| bytes += n);
        bytes
    }

    fn __len__(&self) -> usize {
        self.table.n_rows()
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.table)
    }

    fn __reduce_ex__<'py>(slf: &Bound<'py, Self>, protocol: i32) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let payload = slf.get().table.encode().map_err(|error| errors::to_py(py, error))?;
        let (header, mut buffers) = flat(py, &payload)?;
        if protocol < 5 {
            // Only since protocol 5 is there a way for memory to stay out of the pickle.
            let bytes = payload.buffers.iter().map(|buffer| crate::object::bytes(py, buffer.as_slice()));
            buffers = bytes.map(|bytes| bytes.map(Bound::into_any)).collect::<PyResult<_>>()?;
        }
        let rebuild = py.import("raskt._raskt")?.getattr("table_rebuilt")?;
        Ok((rebuild, ((header, buffers),)).into_pyobject(py)?.into_any())
    }
}

/// What [`PyTable`]'s `__reduce_ex__` took apart.
#[pyfunction]
fn table_rebuilt(py: Python<'_>, payload: Flat<'_>) -> PyResult<PyTable> {
    let sealed = Sealed::new(RUNTIME.into(), unflat(payload)?, 0);
    let value = TableRuntime.decode(sealed).map_err(|error| errors::to_py(py, error))?;
    let table = Table::of(&value).map_err(|error| errors::to_py(py, error))?;
    Ok(PyTable { table: table.clone() })
}

/// The table that `object` of Python's is.
pub fn as_table(object: &Bound<'_, PyAny>) -> Option<Value> {
    object.cast_exact::<PyTable>().ok().map(|table| table.get().table.clone().into())
}

/// The table that `value` is or holds sealed; `None` for any other value.
///
/// # Errors
/// As decoding it.
pub fn table_of(value: &dyn Opaque) -> raskt_core::Result<Option<Table>> {
    if let Some(table) = value.as_any().downcast_ref::<Table>() {
        return Ok(Some(table.clone()));
    }
    match value.as_any().downcast_ref::<Sealed>() {
        Some(sealed) if value.runtime() == RUNTIME => {
            let value = TableRuntime.decode(sealed.clone())?;
            Table::of(&value).cloned().map(Some)
        }
        _ => Ok(None),
    }
}

/// What was found of an object of pandas'.
struct Found {
    schema: Schema,
    /// None where only pandas can work on the column.
    columns: Vec<Option<ArrayRef>>,
    levels: Levels,
    n_rows: usize,
}

/// The index of an object of pandas'.
enum Levels {
    Range { start: i64, step: i64 },
    Columns(Vec<Option<ArrayRef>>),
}

fn found(object: &Bound<'_, PyAny>, keep: Keep) -> PyResult<Found> {
    let py = object.py();
    let helper = py.import(intern!(py, "raskt._tables"))?;
    let apart = helper.call_method1(intern!(py, "taken_apart"), (object,))?;
    let (kind, columns, names, index, n_rows): (
        String,
        Bound<'_, PyList>,
        Bound<'_, PyList>,
        Bound<'_, PyAny>,
        usize,
    ) = apart.extract()?;
    let kind =
        Kind::parse(&kind).ok_or_else(|| PyValueError::new_err(format!("{kind} is no kind of table")))?;
    let (fields, columns) = all(&columns, keep)?;
    let names = names.iter().map(|name| to_label(&name)).collect::<PyResult<Arc<[Label]>>>()?;
    let (index, levels) = match index.cast::<PyList>() {
        Ok(levels) => {
            let (fields, arrays) = all(levels, keep)?;
            (fields, Levels::Columns(arrays))
        }
        Err(_) => {
            let (name, start, step): (Bound<'_, PyAny>, i64, i64) = index.extract()?;
            let field = Field { label: to_label(&name)?, dtype: PandasType::Plain(raskt_core::DType::Int64) };
            (vec![field], Levels::Range { start, step })
        }
    };
    let schema = Schema { kind, columns: fields.into(), columns_names: names, index: index.into() };
    Ok(Found { schema, columns, levels, n_rows })
}

fn all(columns: &Bound<'_, PyList>, keep: Keep) -> PyResult<(Vec<Field>, Vec<Option<ArrayRef>>)> {
    columns
        .iter()
        .map(|column| taken(&column, keep))
        .collect::<PyResult<Vec<_>>>()
        .map(|all| all.into_iter().unzip())
}

impl Found {
    /// The table, where Arrow can hold all of it.
    fn into_table(self) -> raskt_core::Result<Option<Table>> {
        let Some(columns) = self.columns.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
        let index = match self.levels {
            Levels::Range { start, step } => Index::Range { start, step },
            Levels::Columns(levels) => match levels.into_iter().collect::<Option<Vec<_>>>() {
                Some(levels) => Index::Levels(levels.into()),
                None => return Ok(None),
            },
        };
        Table::new(self.schema, columns, index, self.n_rows).map(Some)
    }
}

/// A frame, series or index of pandas' as a table; None where Arrow cannot hold all of it. With `snapshot`, what the caller
/// writes to it later is not seen. `kind` says what it is, where that is not what pandas says: `scalar`.
#[pyfunction]
#[pyo3(signature = (object, snapshot=true, kind=None))]
fn table_from_pandas(
    object: &Bound<'_, PyAny>,
    snapshot: bool,
    kind: Option<&str>,
) -> PyResult<Option<PyTable>> {
    let keep = if snapshot { Keep::Snapshot } else { Keep::View };
    let mut found = found(object, keep)?;
    if let Some(kind) = kind {
        let unknown = || PyValueError::new_err(format!("{kind} is no kind of table"));
        found.schema.kind = Kind::parse(kind).ok_or_else(unknown)?;
    }
    let table = found.into_table().map_err(|error| errors::to_py(object.py(), error))?;
    Ok(table.map(|table| PyTable { table }))
}

/// The object of pandas' that `table` is. Numbers are not copied, and cannot be written where they are.
///
/// # Errors
/// What building it raises.
pub fn to_pandas<'py>(py: Python<'py>, table: &Table) -> PyResult<Bound<'py, PyAny>> {
    let schema = table.schema();
    let columns = schema.columns.iter().zip(table.columns());
    let columns =
        columns.map(|(field, array)| given(py, field, Some(array))).collect::<PyResult<Vec<_>>>()?;
    built(py, schema, &columns, &index_of(py, schema, table.index())?, table.n_rows(), false)
}

/// The rows of an index for `raskt._tables`.
///
/// # Errors
/// As [`to_pandas`].
pub fn index_of<'py>(py: Python<'py>, schema: &Schema, index: &Index) -> PyResult<Bound<'py, PyAny>> {
    Ok(match index {
        Index::Range { start, step } => {
            (from_label(py, &schema.index[0].label)?, *start, *step).into_pyobject(py)?.into_any()
        }
        Index::Levels(levels) => {
            let levels = schema.index.iter().zip(&**levels);
            let levels = levels.map(|(field, array)| given(py, field, Some(array)));
            PyList::new(py, levels.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
    })
}

/// An object of pandas' of that kind, columns and index, without rows; of a scalar, some value of its dtype.
///
/// # Errors
/// As [`to_pandas`].
pub fn prototype<'py>(py: Python<'py>, schema: &Schema) -> PyResult<Bound<'py, PyAny>> {
    let empty = |fields: &[Field]| -> PyResult<Vec<Bound<'py, PyTuple>>> {
        fields.iter().map(|field| given(py, field, None)).collect()
    };
    let index = PyList::new(py, empty(&schema.index)?)?.into_any();
    built(py, schema, &empty(&schema.columns)?, &index, 0, true)
}

/// Kind, columns and index of an object of pandas'; any other object is a scalar.
///
/// # Errors
/// `TypeError` for names that are none without Python.
pub fn schema_of(object: &Bound<'_, PyAny>) -> PyResult<Schema> {
    Ok(found(object, Keep::View)?.schema)
}

/// A partition as a value: a table, or the object of pandas' itself where Arrow cannot hold all of it.
///
/// # Errors
/// As [`schema_of`].
pub fn object_value(object: &Bound<'_, PyAny>, keep: Keep) -> PyResult<Value> {
    let py = object.py();
    if let Ok(table) = object.cast_exact::<PyTable>() {
        return Ok(table.get().table.clone().into());
    }
    match found(object, keep)?.into_table().map_err(|error| errors::to_py(py, error))? {
        Some(table) => Ok(table.into()),
        None if keep == Keep::Snapshot => Ok(crate::object::carry(object.call_method0(intern!(py, "copy"))?)),
        None => Ok(crate::object::carry(object.clone())),
    }
}

/// What [`super::columns`] has as columns, as an object of pandas'. `is_own` says that nobody else has their memory.
///
/// # Errors
/// What building it raises.
pub fn built<'py>(
    py: Python<'py>,
    schema: &Schema,
    columns: &[Bound<'py, PyTuple>],
    index: &Bound<'py, PyAny>,
    n_rows: usize,
    is_own: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let helper = py.import(intern!(py, "raskt._tables"))?;
    let names = schema.columns_names.iter().map(|name| from_label(py, name)).collect::<PyResult<Vec<_>>>()?;
    let kind = PyString::new(py, schema.kind.name());
    let columns = PyList::new(py, columns)?;
    helper.call_method1(
        intern!(py, "put_together"),
        (kind, columns, PyList::new(py, names)?, index, n_rows, is_own),
    )
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTable>()?;
    module.add_class::<super::capsule::ArrowColumn>()?;
    module.add_function(wrap_pyfunction!(table_rebuilt, module)?)?;
    module.add_function(wrap_pyfunction!(table_from_pandas, module)?)
}
