//! Frames of CSV files: first lines are read here, and say what the frame is; files are cut into blocks of bytes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, Result};
use raskt_expr::Expr;

use super::read_csv;
use crate::io::csv::{CsvFormat, Inferred, ReadCsv, first_line, infer_csv};
use crate::io::{Stamp, io_error};
use crate::{Field, Kind, Label, PandasType, Schema};

/// So much of the beginning of a file says what its columns are.
const SAMPLE_BYTES: u64 = 256 << 10;
/// So much of its middle and end says whether they are wider.
const LATER_BYTES: u64 = 64 << 10;

/// How CSV files are read as one frame.
#[derive(Clone, Debug, Default)]
pub struct CsvFiles {
    /// How the text is written.
    pub format: CsvFormat,
    /// The names of all columns, where the files have no header.
    pub names: Option<Vec<Label>>,
    /// The columns that are read; `None` for all.
    pub columns: Option<Vec<Label>>,
    /// Dtypes that are not to be inferred.
    pub dtypes: Vec<(Label, PandasType)>,
    /// Columns that are read as points in time.
    pub times: Vec<Label>,
    /// The bytes of a partition; `None` for a partition a file.
    pub block_bytes: Option<u64>,
}

/// A frame of the files at `paths`, a partition for each block of them.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for no file, and for files of other columns than those before; [`ErrorKind::Corrupt`] for what
/// is no CSV; what reading a file's first lines fails with.
pub fn csv_files(paths: &[String], plan: &CsvFiles) -> Result<Expr> {
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
fn sampled(path: &str, plan: &CsvFiles) -> Result<(Inferred, Stamp)> {
    let io = |error: std::io::Error| io_error(path, &error);
    let mut file = File::open(path).map_err(io)?;
    let stamp = Stamp::of_file(&file, path)?;
    let mut sample = Vec::with_capacity(stamp.n_bytes.min(SAMPLE_BYTES).fit::<usize>());
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(io)?;
    let is_whole = sample.len() as u64 == stamp.n_bytes;
    let mut inferred = infer_csv(&sample, is_whole, &plan.format, plan.names.as_deref(), &plan.times)
        .map_err(|error| of_file(path, error))?;
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

/// The error with the file that it is of.
fn of_file(path: &str, error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unparsable { what, is_empty } => {
            ErrorKind::Unparsable { what: format!("{path}: {what}"), is_empty: *is_empty }.into()
        }
        _ => error,
    }
}

/// The columns that are read, with the dtypes that were asked for.
fn csv_schema(fields: &[Field], plan: &CsvFiles) -> Result<Schema> {
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
