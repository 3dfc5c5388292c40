//! Frames of files, as Python asks for them: footers and first lines are read here, and say what the frames are.

use std::io::Read;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use raskt_core::{ErrorKind, Fit, Result};
use raskt_frame::io::Stamp;
use raskt_frame::io::csv::{CsvFormat, Inferred, ReadCsv, infer_csv};
use raskt_frame::io::parquet::{ParquetFile, ParquetIndex, ReadParquet};
use raskt_frame::source::{read_csv, read_parquet};
use raskt_frame::{Field, Kind, Label, PandasType, Schema};

use super::expression::FrameExpr;
use super::labels::to_label;
use super::lines::byte;
use crate::errors;

/// Row groups of a file come together in one partition up to so many bytes.
const PART_BYTES: u64 = 128 << 20;
/// So much of the beginning of a file says what its columns are.
const SAMPLE_BYTES: u64 = 256 << 10;

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
/// what pandas stored, False for numbered rows, or a list of columns.
#[pyfunction]
#[pyo3(signature = (paths, columns=None, index=None))]
fn frame_read_parquet(
    py: Python<'_>,
    paths: Vec<String>,
    columns: Option<&Bound<'_, PyList>>,
    index: Option<&Bound<'_, PyAny>>,
) -> PyResult<FrameExpr> {
    let columns: Option<Arc<[Label]>> = labels(columns)?.map(Into::into);
    let index = match index {
        None => ParquetIndex::Stored,
        Some(list) => match list.cast::<PyList>() {
            Ok(list) => ParquetIndex::Columns(labels(Some(list))?.unwrap_or_default().into()),
            Err(_) => ParquetIndex::Numbered,
        },
    };
    let made = py.detach(|| parquet(&paths, columns, &index));
    made.map(FrameExpr::of).map_err(|error| failed(py, error))
}

fn parquet(
    paths: &[String],
    columns: Option<Arc<[Label]>>,
    index: &ParquetIndex,
) -> Result<raskt_expr::Expr> {
    let (mut parts, mut lengths) = (Vec::new(), Vec::new());
    let mut schema: Option<Arc<Schema>> = None;
    for path in paths {
        let file = ParquetFile::open(path.as_str(), index, None)?;
        let own = Arc::new(file.projected(columns.as_deref())?);
        let known = Arc::clone(schema.get_or_insert_with(|| Arc::clone(&own)));
        if *known != *own {
            return Err(ErrorKind::InvalidValue(differs(path, &known, &own)).into());
        }
        let part = |row_groups: Option<Arc<[usize]>>| ReadParquet {
            columns: columns.clone(),
            index: index.clone(),
            row_groups,
            schema: Some(Arc::clone(&known)),
            stamp: Some(file.stamp()),
            ..ReadParquet::new(path.as_str())
        };
        let groups = file.row_groups(columns.as_deref())?;
        if groups.iter().map(|group| group.n_bytes).sum::<u64>() <= PART_BYTES {
            parts.push(part(None));
            lengths.push(file.n_rows());
            continue;
        }
        let mut taken: Vec<usize> = Vec::new();
        let (mut n_rows, mut n_bytes) = (0, 0);
        for (at, group) in groups.iter().enumerate() {
            taken.push(group.number);
            n_rows += group.n_rows;
            n_bytes += group.n_bytes;
            if n_bytes >= PART_BYTES || at + 1 == groups.len() {
                parts.push(part(Some(std::mem::take(&mut taken).into())));
                lengths.push(std::mem::take(&mut n_rows));
                n_bytes = 0;
            }
        }
    }
    let missing = || ErrorKind::InvalidValue("no file to read".to_owned());
    read_parquet(&parts, &*schema.ok_or_else(missing)?, Some(&lengths))
}

/// Which column of the file is other than those before.
fn differs(path: &str, known: &Schema, own: &Schema) -> String {
    let other = known.columns.iter().find(|field| !own.columns.contains(field));
    match other {
        Some(field) => match own.columns.iter().find(|own| own.label == field.label) {
            Some(own) => {
                format!(
                    "{path}: column {} is {}, and {} in the files before",
                    field.label, own.dtype, field.dtype
                )
            }
            None => format!("{path}: column {} is not there, as it is in the files before", field.label),
        },
        None => format!("{path}: other columns or another index than in the files before"),
    }
}

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

/// The same, without Python.
struct CsvPlan {
    format: CsvFormat,
    names: Option<Vec<Label>>,
    columns: Option<Vec<Label>>,
    dtypes: Vec<(Label, PandasType)>,
    times: Vec<Label>,
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
    let plan = CsvPlan {
        format,
        names: labels(options.names.as_ref())?,
        columns: labels(options.columns.as_ref())?,
        dtypes,
        times: labels(Some(&options.times))?.unwrap_or_default(),
        block_bytes: options.block_bytes,
    };
    let made = py.detach(|| csv(&paths, &plan));
    made.map(FrameExpr::of).map_err(|error| failed(py, error))
}

fn csv(paths: &[String], plan: &CsvPlan) -> Result<raskt_expr::Expr> {
    let mut blocks = Vec::new();
    let mut found: Option<(Arc<[Label]>, Arc<Schema>)> = None;
    for path in paths {
        let (inferred, stamp) = sampled(path, plan)?;
        let names: Arc<[Label]> = inferred.columns.iter().map(|field| field.label.clone()).collect();
        let (known, schema) = match &found {
            Some(known) => known.clone(),
            None => {
                let schema = Arc::new(csv_schema(&inferred.columns, plan)?);
                found.insert((Arc::clone(&names), schema)).clone()
            }
        };
        if *known != *names {
            let what = format!("{path}: the columns are {names:?}, and {known:?} in the files before");
            return Err(ErrorKind::InvalidValue(what).into());
        }
        let block = |begin: u64, end: Option<u64>, is_first: bool| ReadCsv {
            path: path.as_str().into(),
            format: plan.format.clone(),
            names: Arc::clone(&names),
            schema: Arc::clone(&schema),
            begin,
            end,
            is_first,
            stamp: Some(stamp),
        };
        let mut begin = inferred.begin;
        let size = plan.block_bytes.unwrap_or(u64::MAX).max(1);
        loop {
            let end = begin.saturating_add(size);
            let is_first = begin == inferred.begin;
            if end >= stamp.n_bytes {
                blocks.push(block(begin, None, is_first));
                break;
            }
            blocks.push(block(begin, Some(end), is_first));
            begin = end;
        }
    }
    let missing = || ErrorKind::InvalidValue("no file to read".to_owned());
    read_csv(&blocks, &found.ok_or_else(missing)?.1)
}

/// What the first lines of a file say, and by what to see that it has not changed.
fn sampled(path: &str, plan: &CsvPlan) -> Result<(Inferred, Stamp)> {
    let io = |error: std::io::Error| {
        raskt_core::Error::new(ErrorKind::System { what: path.to_owned(), reason: error.to_string() })
    };
    let file = std::fs::File::open(path).map_err(io)?;
    let stamp = Stamp::of_file(&file, path)?;
    let mut sample = Vec::with_capacity(stamp.n_bytes.min(SAMPLE_BYTES).fit::<usize>());
    file.take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(io)?;
    let is_whole = sample.len() as u64 == stamp.n_bytes;
    let inferred = infer_csv(&sample, is_whole, &plan.format, plan.names.as_deref(), &plan.times)?;
    Ok((inferred, stamp))
}

/// The columns that are read, with the dtypes that were asked for.
fn csv_schema(fields: &[Field], plan: &CsvPlan) -> Result<Schema> {
    let whole = Schema::new(Kind::Frame, fields.iter().cloned());
    let mut fields: Vec<Field> = match &plan.columns {
        None => fields.to_vec(),
        Some(wanted) => {
            let mut places = wanted.iter().map(|label| whole.position(label)).collect::<Result<Vec<_>>>()?;
            places.sort_unstable();
            places.into_iter().map(|at| whole.columns[at].clone()).collect()
        }
    };
    for (label, dtype) in &plan.dtypes {
        whole.position(label)?;
        for field in fields.iter_mut().filter(|field| field.label == *label) {
            field.dtype = dtype.clone();
        }
    }
    Ok(Schema::new(Kind::Frame, fields))
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(frame_read_parquet, module)?)?;
    module.add_function(wrap_pyfunction!(frame_read_csv, module)?)
}
