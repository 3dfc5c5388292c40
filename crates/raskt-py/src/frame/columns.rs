//! Columns and index levels between pandas and Arrow. What pandas' arrays are made of, `raskt._tables` knows; here
//! it becomes Arrow and back.
//!
//! A column is `(label, dtype, parts)` there. The parts are `(values, missing)` for dtypes of one width (`missing` is None but
//! for masked dtypes), objects with `__arrow_c_array__` for text and `ArrowDtype`, an array of text objects for text, `(is
//! ordered, codes, column of the categories)` for categories, and None for what only pandas can work on.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringViewArray, new_empty_array};
use arrow::datatypes::{DataType, Int32Type};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};
use raskt_core::{DType, NdArray};
use raskt_frame::table::{Parts, column, parts};
use raskt_frame::{Field, PandasType};

use super::capsule::{ArrowColumn, cast, imported, joined};
use super::labels::{from_label, to_label};
use crate::own::{is_immutable, n_threads, own_array};
use crate::{array, errors};

/// What becomes of memory that somebody else may write to later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is copied, unless nobody can write to it.
    Snapshot,
    /// It is looked at where it is.
    View,
}

/// A column without its name: its dtype, and its elements where Arrow can hold them.
type Column = (PandasType, Option<ArrayRef>);

/// A column of `raskt._tables`, in Arrow; no array where only pandas can work on it.
///
/// # Errors
/// `TypeError` for a name that is none without Python; what looking at the parts raises.
pub fn taken(described: &Bound<'_, PyAny>, keep: Keep) -> PyResult<(Field, Option<ArrayRef>)> {
    let (label, dtype, parts): (Bound<'_, PyAny>, String, Bound<'_, PyAny>) = described.extract()?;
    let (dtype, array) = elements(&dtype, &parts, keep)?;
    Ok((Field { label: to_label(&label)?, dtype }, array))
}

/// Boundaries of divisions, an index of pandas', in Arrow.
///
/// # Errors
/// `TypeError` for an index of several levels, or of a dtype that Arrow does not have.
pub fn boundaries_taken(index: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let helper = index.py().import(intern!(index.py(), "raskt._tables"))?;
    let column = helper.call_method1(intern!(index.py(), "column"), (index,))?;
    let (field, array) = taken(&column, Keep::Snapshot)?;
    array.ok_or_else(|| {
        PyTypeError::new_err(format!("divisions of dtype {}: pandas alone has it", field.dtype))
    })
}

/// The boundaries of divisions of the index level `field` as an index of pandas'.
///
/// # Errors
/// As [`given`].
pub fn boundaries_given<'py>(
    py: Python<'py>,
    field: &Field,
    array: &ArrayRef,
) -> PyResult<Bound<'py, PyAny>> {
    let level = PyList::new(py, [given(py, field, Some(array))?])?;
    let helper = py.import(intern!(py, "raskt._tables"))?;
    let none = PyList::empty(py);
    helper.call_method1(intern!(py, "put_together"), ("index", &none, &none, level, array.len(), false))
}

fn elements(dtype: &str, parts: &Bound<'_, PyAny>, keep: Keep) -> PyResult<Column> {
    match dtype {
        "category" => return categories(parts, keep),
        "arrow" => return arrow(parts),
        _ => {}
    }
    let dtype = PandasType::parse(dtype).unwrap_or_else(|| PandasType::Other(dtype.into()));
    let array = match &dtype {
        _ if parts.is_none() || dtype.storage().is_none() => None,
        PandasType::Text | PandasType::NullableText => Some(texts(parts)?),
        fixed => fixed_width(fixed, parts, keep)?,
    };
    Ok((dtype, array))
}

/// Numbers, truth values and times; `None` where NumPy has them otherwise than kernels do: in another byte order, say.
fn fixed_width(dtype: &PandasType, found: &Bound<'_, PyAny>, keep: Keep) -> PyResult<Option<ArrayRef>> {
    let py = found.py();
    let (values, missing): (Bound<'_, PyAny>, Bound<'_, PyAny>) = found.extract()?;
    let Some(values) = kept(&values, keep)? else { return Ok(None) };
    let missing = if missing.is_none() { None } else { kept(&missing, Keep::View)? };
    column(&Parts { values, missing }, dtype).map(Some).map_err(|error| errors::to_py(py, error))
}

/// The memory of `object`, or a copy of it.
fn kept(object: &Bound<'_, PyAny>, keep: Keep) -> PyResult<Option<NdArray>> {
    let Some(native) = array::from_numpy(object)? else { return Ok(None) };
    match keep {
        Keep::Snapshot if !is_immutable(object) => own_array(object.py(), &native, n_threads()).map(Some),
        _ => Ok(Some(native)),
    }
}

/// Arrays of Arrow's that follow one another.
fn chunks(found: &Bound<'_, PyAny>) -> PyResult<Vec<ArrayRef>> {
    found.try_iter()?.map(|chunk| imported(&chunk?)).collect()
}

fn texts(found: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    if found.hasattr(intern!(found.py(), "dtype"))? {
        return text_objects(found);
    }
    let views =
        chunks(found)?.iter().map(|chunk| cast(chunk, &DataType::Utf8View)).collect::<PyResult<Vec<_>>>()?;
    Ok(joined(&views)?.unwrap_or_else(|| new_empty_array(&DataType::Utf8View)))
}

/// An array of `str` objects; anything else among them is missing.
fn text_objects(objects: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let mut texts = Vec::with_capacity(objects.len()?);
    for object in objects.try_iter()? {
        let object = object?;
        let text = object.cast::<PyString>().ok().map(|text| text.to_cow().map(std::borrow::Cow::into_owned));
        texts.push(text.transpose()?);
    }
    Ok(Arc::new(StringViewArray::from(texts)))
}

/// A column of `ArrowDtype`; only pandas works on one whose type has no name that can be read back.
fn arrow(found: &Bound<'_, PyAny>) -> PyResult<Column> {
    let (name, has_more, arrays): (String, bool, Bound<'_, PyAny>) = found.extract()?;
    let other = |name: String| Ok((PandasType::Other(name.into()), None));
    if has_more {
        return other(name);
    }
    let Some(array) = joined(&chunks(&arrays)?)? else { return other(name) };
    let storage = array.data_type().clone();
    match storage.to_string().parse::<DataType>() {
        Ok(read) if read == storage => Ok((PandasType::Arrow(storage), Some(array))),
        _ => other(name),
    }
}

fn categories(found: &Bound<'_, PyAny>, keep: Keep) -> PyResult<Column> {
    let (is_ordered, codes, values): (bool, Bound<'_, PyAny>, Bound<'_, PyAny>) = found.extract()?;
    let (_, dtype, parts): (Bound<'_, PyAny>, String, Bound<'_, PyAny>) = values.extract()?;
    let (of, values) = elements(&dtype, &parts, keep)?;
    let dtype = PandasType::Category { of: Arc::new(of), is_ordered };
    let Some(values) = values else { return Ok((dtype, None)) };
    let Some(codes) = kept(&codes, Keep::View)? else { return Ok((dtype, None)) };
    let plain = PandasType::Plain(codes.dtype().clone());
    let codes = column(&Parts { values: codes, missing: None }, &plain);
    let codes = cast(&codes.map_err(|error| errors::to_py(found.py(), error))?, &DataType::Int32)?;
    let keys = codes.as_primitive::<Int32Type>();
    let is_there = keys.iter().map(|key| key.is_some_and(|key| key >= 0));
    let nulls = arrow::buffer::NullBuffer::from(is_there.collect::<Vec<_>>());
    let keys = arrow::array::Int32Array::new(keys.values().clone(), Some(nulls));
    let dictionary = DictionaryArray::try_new(keys, values).map_err(failed)?;
    Ok((dtype, Some(Arc::new(dictionary))))
}

fn failed(error: arrow::error::ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The column `array` of `field`, for `raskt._tables`. Without an array, a column of no rows.
///
/// # Errors
/// `TypeError` for a dtype that Python does not have; where memory runs out.
pub fn given<'py>(py: Python<'py>, field: &Field, array: Option<&ArrayRef>) -> PyResult<Bound<'py, PyTuple>> {
    let empty = match (array, field.dtype.storage()) {
        (None, Some(storage)) => Some(new_empty_array(&storage)),
        _ => None,
    };
    let (name, parts) = match array.or(empty.as_ref()) {
        Some(array) => given_elements(py, &field.dtype, array)?,
        None => (field.dtype.to_string(), empty_category(py, &field.dtype)?),
    };
    let label = from_label(py, &field.label)?;
    PyTuple::new(py, [label, name.into_pyobject(py)?.into_any(), parts])
}

/// The parts of a column of categories that Arrow cannot hold; None for any other dtype.
fn empty_category<'py>(py: Python<'py>, dtype: &PandasType) -> PyResult<Bound<'py, PyAny>> {
    let PandasType::Category { of, is_ordered } = dtype else { return Ok(py.None().into_bound(py)) };
    let codes = Arc::new(arrow::array::Int32Array::from(Vec::<i32>::new())) as ArrayRef;
    let codes = numpy_of(py, &codes, &PandasType::Plain(DType::Int32))?.0;
    let values = given(py, &Field { label: raskt_frame::Label::None, dtype: (**of).clone() }, None)?;
    Ok((*is_ordered, codes, values).into_pyobject(py)?.into_any())
}

fn given_elements<'py>(
    py: Python<'py>,
    dtype: &PandasType,
    array: &ArrayRef,
) -> PyResult<(String, Bound<'py, PyAny>)> {
    let parts = match dtype {
        PandasType::Text | PandasType::NullableText => given_texts(py, array)?,
        PandasType::Arrow(_) => {
            let column = Bound::new(py, ArrowColumn::new(Arc::clone(array)))?;
            return Ok(("arrow".to_owned(), column.into_any()));
        }
        PandasType::Category { of, is_ordered } => {
            let dictionary = array.as_dictionary_opt::<Int32Type>();
            let dictionary = dictionary.ok_or_else(|| PyTypeError::new_err("categories that are none"))?;
            let codes: ArrayRef = Arc::new(
                dictionary.keys().iter().map(|key| key.unwrap_or(-1)).collect::<arrow::array::Int32Array>(),
            );
            let codes = numpy_of(py, &codes, &PandasType::Plain(DType::Int32))?.0;
            let field = Field { label: raskt_frame::Label::None, dtype: (**of).clone() };
            let values = given(py, &field, Some(dictionary.values()))?;
            (*is_ordered, codes, values).into_pyobject(py)?.into_any()
        }
        fixed => numpy_of(py, array, fixed)?.into_pyobject(py)?.into_any(),
    };
    Ok((dtype.to_string(), parts))
}

/// The elements and, for masked dtypes, where they are missing.
fn numpy_of<'py>(
    py: Python<'py>,
    array: &ArrayRef,
    dtype: &PandasType,
) -> PyResult<(Bound<'py, PyAny>, Option<Bound<'py, PyAny>>)> {
    let Parts { values, missing } = parts(array, dtype).map_err(|error| errors::to_py(py, error))?;
    let values = array::to_numpy(py, &Arc::new(values))?;
    // The mask was made here, and is nobody else's.
    let missing = missing.map(|missing| array::to_own_numpy(py, missing)).transpose()?;
    Ok((values, missing))
}

/// Text as an array of Arrow's where pandas keeps it in those, else as objects.
fn given_texts<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    let helper = py.import(intern!(py, "raskt._tables"))?;
    if helper.call_method0(intern!(py, "has_pyarrow"))?.is_truthy()? {
        let large = cast(array, &DataType::LargeUtf8)?;
        return Ok(Bound::new(py, ArrowColumn::new(large))?.into_any());
    }
    let texts = array.as_string_view().iter().map(|text| match text {
        Some(text) => crate::object::text(py, text).map(Bound::into_any),
        None => Ok(py.None().into_bound(py)),
    });
    Ok(PyList::new(py, texts.collect::<PyResult<Vec<_>>>()?)?.into_any())
}
