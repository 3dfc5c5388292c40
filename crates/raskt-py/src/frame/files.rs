//! Frames of files, as Python asks for them: footers and first lines are read here, and say what the frames are.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_frame::io::csv::{CsvFormat, Inferred, ReadCsv, first_line, infer_csv};
use raskt_frame::io::parquet::{ParquetFile, ParquetIndex, PathColumn, ReadParquet, RowGroup};
use raskt_frame::io::{Filters, Literal, Stamp};
use raskt_frame::source::{read_csv, read_parquet};
use raskt_frame::{Field, Kind, Label, PandasType, Schema};

use super::expression::FrameExpr;
use super::labels::to_label;
use super::lines::byte;
use crate::array::to_param;
use crate::errors;

/// Row groups of a file come together in one partition up to so many bytes.
const PART_BYTES: u64 = 128 << 20;
/// So much of the beginning of a file says what its columns are.
const SAMPLE_BYTES: u64 = 256 << 10;
/// So much of its middle and end says whether they are wider.
const LATER_BYTES: u64 = 64 << 10;

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
#[pyo3(signature = (paths, columns=None, index=None, filters=None, keys=Vec::new(), part_bytes=PART_BYTES, groups_max=None))]
#[allow(clippy::too_many_arguments, reason = "the keywords of Python's function")]
fn frame_read_parquet(
    py: Python<'_>,
    paths: Vec<String>,
    columns: Option<&Bound<'_, PyList>>,
    index: Option<&Bound<'_, PyAny>>,
    filters: Option<&Bound<'_, PyAny>>,
    keys: Vec<PathKeys<'_>>,
    part_bytes: u64,
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
    let plan = ParquetPlan { columns, index, filters, part_bytes, groups_max };
    let made = py.detach(|| parquet(&paths, &path_keys, &plan));
    made.map(FrameExpr::of).map_err(|error| failed(py, error))
}

/// A column of paths: its label, all values, and for each path which of them it has.
type PathKeys<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Vec<Option<usize>>);

/// What of a call of `read_parquet` is the same for all files.
struct ParquetPlan {
    columns: Option<Arc<[Label]>>,
    index: ParquetIndex,
    filters: Filters,
    part_bytes: u64,
    groups_max: Option<usize>,
}

fn parquet(paths: &[String], keys: &[Vec<PathColumn>], plan: &ParquetPlan) -> Result<raskt_expr::Expr> {
    let ParquetPlan { columns, index, filters, .. } = plan;
    let (mut parts, mut lengths) = (Vec::new(), Vec::new());
    let mut schema: Option<Arc<Schema>> = None;
    for (at, (path, keys)) in paths.iter().zip(keys).enumerate() {
        let file = ParquetFile::open(path.as_str(), index, None)?;
        // What the file has itself, its path need not say.
        let is_other = |key: &&PathColumn| file.schema().position(&key.label).is_err();
        let keys: Arc<[PathColumn]> = keys.iter().filter(is_other).cloned().collect();
        let own = Arc::new(file.projected(columns.as_deref(), &keys)?);
        let known = Arc::clone(schema.get_or_insert_with(|| Arc::clone(&own)));
        if *known != *own {
            return Err(ErrorKind::InvalidValue(differs(path, &known, &own)).into());
        }
        let part = |row_groups: Option<Arc<[usize]>>| ReadParquet {
            columns: columns.clone(),
            index: index.clone(),
            row_groups,
            filters: filters.clone(),
            keys: Arc::clone(&keys),
            schema: Some(Arc::clone(&known)),
            stamp: Some(file.stamp()),
            ..ReadParquet::new(path.as_str())
        };
        let in_file = columns.as_ref().map(|labels| {
            let is_key = |label: &Label| keys.iter().any(|key| key.label == *label);
            labels.iter().filter(|label| !is_key(label)).cloned().collect::<Vec<_>>()
        });
        let surviving = file.surviving_groups(filters)?;
        let groups = file.row_groups(in_file.as_deref())?;
        let n_groups = groups.len();
        let groups: Vec<_> = groups.into_iter().filter(|group| surviving.contains(&group.number)).collect();
        let is_small = groups.iter().map(|group| group.n_bytes).sum::<u64>() <= plan.part_bytes;
        if groups.len() == n_groups && is_small && plan.groups_max.is_none() {
            parts.push(part(None));
            lengths.push(file.n_rows());
            continue;
        }
        let is_last = at + 1 == paths.len();
        if is_last && parts.is_empty() && groups.is_empty() {
            // No file has a row that may pass: the frame is there, without rows.
            parts.push(part(Some([].into())));
            lengths.push(0);
        }
        for (taken, n_rows) in cut(&groups, plan) {
            parts.push(part(Some(taken.into())));
            lengths.push(n_rows);
        }
    }
    let missing = || ErrorKind::InvalidValue("no file to read".to_owned());
    read_parquet(
        &parts,
        &*schema.ok_or_else(missing)?,
        plan.filters.0.is_empty().then_some(lengths.as_slice()),
    )
}

/// The numbers of the row groups of each partition, and its rows.
fn cut(groups: &[RowGroup], plan: &ParquetPlan) -> Vec<(Vec<usize>, u64)> {
    let mut parts = Vec::new();
    let mut taken: Vec<usize> = Vec::new();
    let (mut n_rows, mut n_bytes) = (0, 0);
    for (at, group) in groups.iter().enumerate() {
        taken.push(group.number);
        n_rows += group.n_rows;
        n_bytes += group.n_bytes;
        let is_full = n_bytes >= plan.part_bytes || plan.groups_max.is_some_and(|max| taken.len() >= max);
        if is_full || at + 1 == groups.len() {
            parts.push((std::mem::take(&mut taken), std::mem::take(&mut n_rows)));
            n_bytes = 0;
        }
    }
    parts
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
    let samples = paths.iter().map(|path| sampled(path, plan)).collect::<Result<Vec<_>>>()?;
    let missing = || ErrorKind::InvalidValue("no file to read".to_owned());
    let mut whole = samples.first().ok_or_else(missing)?.0.clone();
    let names: Arc<[Label]> = whole.columns.iter().map(|field| field.label.clone()).collect();
    for (path, (inferred, _)) in paths.iter().zip(&samples).skip(1) {
        let own: Vec<&Label> = inferred.columns.iter().map(|field| &field.label).collect();
        if !own.iter().copied().eq(names.iter()) {
            let what = format!("{path}: the columns are {own:?}, and {names:?} in the files before");
            return Err(ErrorKind::InvalidValue(what).into());
        }
        whole.widen(inferred);
    }
    let schema = Arc::new(csv_schema(&whole.columns, plan)?);
    let mut blocks = Vec::new();
    for (path, (inferred, stamp)) in paths.iter().zip(samples) {
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
    read_csv(&blocks, &schema)
}

/// What some lines of a file say, and by what to see that it has not changed.
fn sampled(path: &str, plan: &CsvPlan) -> Result<(Inferred, Stamp)> {
    let io = |error: std::io::Error| {
        raskt_core::Error::new(ErrorKind::System { what: path.to_owned(), reason: error.to_string() })
    };
    let mut file = std::fs::File::open(path).map_err(io)?;
    let stamp = Stamp::of_file(&file, path)?;
    let mut sample = Vec::with_capacity(stamp.n_bytes.min(SAMPLE_BYTES).fit::<usize>());
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(io)?;
    let is_whole = sample.len() as u64 == stamp.n_bytes;
    let mut inferred = infer_csv(&sample, is_whole, &plan.format, plan.names.as_deref(), &plan.times)?;
    let names: Vec<Label> = inferred.columns.iter().map(|field| field.label.clone()).collect();
    for begin in [stamp.n_bytes / 2, stamp.n_bytes.saturating_sub(LATER_BYTES)] {
        if begin < SAMPLE_BYTES {
            continue;
        }
        sample.clear();
        file.seek(SeekFrom::Start(begin)).map_err(io)?;
        file.by_ref().take(LATER_BYTES).read_to_end(&mut sample).map_err(io)?;
        let Some(line) = first_line(&sample, names.len(), &plan.format) else { continue };
        // Lines that are none, since they begin within quotes, are for the tasks to tell.
        let is_end = begin + sample.len() as u64 == stamp.n_bytes;
        let later = infer_csv(&sample[line..], is_end, &plan.format, Some(&names), &plan.times);
        if let Ok(later) = later {
            inferred.widen(&later);
        }
    }
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
