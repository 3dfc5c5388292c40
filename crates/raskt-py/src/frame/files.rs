//! Frames of files, as Python asks for them: footers and first lines are read here, and say what the frames are.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use raskt_core::{ErrorKind, Param, Result};
use raskt_frame::io::csv::CsvFormat;
use raskt_frame::io::parquet::{ParquetIndex, PathColumn};
use raskt_frame::io::{Filters, Literal};
use raskt_frame::source::{CsvFiles, ParquetFiles, csv_files, parquet_files};
use raskt_frame::{Label, PandasType};

use super::expression::FrameExpr;
use super::labels::to_label;
use super::lines::byte;
use crate::array::to_param;
use crate::errors;

/// An error of planning: a file that is none of its kind is a `ValueError`.
fn failed(py: Python<'_>, error: raskt_core::Error) -> PyErr {
    match error.kind() {
        ErrorKind::Corrupt(what) => pyo3::exceptions::PyValueError::new_err(what.clone()),
        _ => errors::to_py(py, error),
    }
}

fn labels(list: Option<&Bound<'_, PyList>>) -> PyResult<Option<Vec<Label>>> {
    list.map(|list| list.iter().map(|label| to_label(&label)).collect()).transpose()
}

/// A frame of Parquet files, a partition for each of them, or for some of its row groups where it is large. `index`: None for
/// what pandas stored, False for numbered rows, or a list of columns. `filters`: comparisons as parameters, by which row groups
/// are left out. `keys`: the columns of paths, each by its label, all its values, and which of them each path has.
#[pyfunction]
#[pyo3(signature = (paths, columns=None, index=None, filters=None, keys=Vec::new(), part_bytes=None, groups_max=None))]
#[allow(clippy::too_many_arguments, reason = "the keywords of Python's function")]
fn frame_read_parquet(
    py: Python<'_>,
    paths: Vec<String>,
    columns: Option<&Bound<'_, PyList>>,
    index: Option<&Bound<'_, PyAny>>,
    filters: Option<&Bound<'_, PyAny>>,
    keys: Vec<PathKeys<'_>>,
    part_bytes: Option<u64>,
    groups_max: Option<usize>,
) -> PyResult<FrameExpr> {
    let filters = filters.map_or(Ok(Param::Null), to_param)?;
    let filters = Filters::from_param(&filters).map_err(|error| failed(py, error))?;
    let mut path_keys: Vec<Vec<PathColumn>> = vec![Vec::new(); paths.len()];
    for (label, values, codes) in keys {
        let list = |values: &Bound<'_, PyAny>| -> PyResult<Arc<[Literal]>> {
            let values = to_param(values)?;
            let items = values.as_list().unwrap_or_default().iter().map(Literal::from_param);
            items.collect::<Result<_>>().map_err(|error| failed(py, error))
        };
        let (label, values) = (to_label(&label)?, list(&values)?);
        for (columns, value) in path_keys.iter_mut().zip(codes) {
            columns.push(PathColumn { label: label.clone(), values: Arc::clone(&values), value });
        }
    }
    let columns: Option<Arc<[Label]>> = labels(columns)?.map(Into::into);
    let index = match index {
        None => ParquetIndex::Stored,
        Some(list) => match list.cast::<PyList>() {
            Ok(list) => ParquetIndex::Columns(labels(Some(list))?.unwrap_or_default().into()),
            Err(_) => ParquetIndex::Numbered,
        },
    };
    let usual = ParquetFiles::default();
    let part_bytes = part_bytes.unwrap_or(usual.part_bytes);
    let plan = ParquetFiles { columns, index, filters, part_bytes, groups_max };
    let made = py.detach(|| parquet_files(&paths, &path_keys, &plan));
    made.map(FrameExpr::of).map_err(|error| failed(py, error))
}

/// A column of paths: its label, all values, and for each path which of them it has.
type PathKeys<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Vec<Option<usize>>);

/// What of pandas' keywords the native reader of CSV knows.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct CsvOptions<'py> {
    separator: String,
    quote: Option<String>,
    comment: Option<String>,
    names: Option<Bound<'py, PyList>>,
    columns: Option<Bound<'py, PyList>>,
    dtypes: Bound<'py, PyDict>,
    times: Bound<'py, PyList>,
    missing: Option<Vec<String>>,
    skips_blank_lines: bool,
    block_bytes: Option<u64>,
}

/// A frame of CSV files, a partition for each block of them.
#[pyfunction]
fn frame_read_csv(py: Python<'_>, paths: Vec<String>, options: CsvOptions<'_>) -> PyResult<FrameExpr> {
    let mut format = CsvFormat {
        delimiter: byte(&options.separator)?,
        quote: options.quote.as_ref().map(byte).transpose()?,
        comment: options.comment.as_ref().map(byte).transpose()?,
        skips_blank_lines: options.skips_blank_lines,
        ..CsvFormat::default()
    };
    if let Some(missing) = options.missing {
        format.missing = missing.into_iter().map(Arc::from).collect();
    }
    let mut dtypes = Vec::new();
    for (label, dtype) in options.dtypes.iter() {
        let name: String = dtype.extract()?;
        let unknown = || pyo3::exceptions::PyTypeError::new_err(format!("dtype {name:?} in a native reader"));
        dtypes.push((to_label(&label)?, PandasType::parse(&name).ok_or_else(unknown)?));
    }
    let plan = CsvFiles {
        format,
        names: labels(options.names.as_ref())?,
        columns: labels(options.columns.as_ref())?,
        dtypes,
        times: labels(Some(&options.times))?.unwrap_or_default(),
        block_bytes: options.block_bytes,
    };
    let made = py.detach(|| csv_files(&paths, &plan));
    made.map(FrameExpr::of).map_err(|error| failed(py, error))
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(frame_read_parquet, module)?)?;
    module.add_function(wrap_pyfunction!(frame_read_csv, module)?)
}
