//! Frames of files, and files of frames.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Param, Result};
use raskt_expr::Expr;
use raskt_frame::Label;
use raskt_frame::io::csv::CsvFormat;
use raskt_frame::io::parquet::WriteParquet;
use raskt_frame::sink::WRITE_PARQUET;
use raskt_frame::source::{CsvFiles, ParquetFiles, csv_files, parquet_files};

use super::expression::{Frame, make, n_partitions_of, run};
use crate::executor::{Executor, Options};

/// How CSV files are read.
///
/// ```
/// use raskt::frame::{CsvOptions, Frame};
/// let options = CsvOptions { delimiter: b';', block_bytes: Some(1 << 20), ..CsvOptions::default() };
/// assert!(Frame::read_csv_with("none.csv", &options).columns().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct CsvOptions {
    /// What stands between fields.
    pub delimiter: u8,
    /// The names of all columns, where files have no header.
    pub names: Option<Vec<String>>,
    /// Columns that are read as points in time.
    pub times: Vec<String>,
    /// The bytes of a partition; `None` for a partition a file.
    pub block_bytes: Option<u64>,
}

impl Default for CsvOptions {
    /// Commas, a header, partitions of 64 MiB.
    fn default() -> Self {
        Self { delimiter: b',', names: None, times: Vec::new(), block_bytes: Some(64 << 20) }
    }
}

/// How Parquet files are read.
#[derive(Clone, Copy, Debug)]
pub struct ParquetOptions {
    /// Row groups of a file come together in one partition up to so many bytes.
    pub part_bytes: u64,
}

impl Default for ParquetOptions {
    /// Partitions of up to 128 MiB.
    fn default() -> Self {
        Self { part_bytes: ParquetFiles::default().part_bytes }
    }
}

impl Frame {
    /// The rows of all CSV files that match `pattern` (a path, or one with `*`, `?` or `**`), in the order of their names. The
    /// first lines of each file are read at once, and say what the columns are.
    pub fn read_csv(pattern: impl AsRef<Path>) -> Self {
        Self::read_csv_with(pattern, &CsvOptions::default())
    }

    /// As [`Frame::read_csv`], with options.
    pub fn read_csv_with(pattern: impl AsRef<Path>, options: &CsvOptions) -> Self {
        let labels = |names: &[String]| names.iter().map(|name| Label::from(name.as_str())).collect();
        let plan = CsvFiles {
            format: CsvFormat { delimiter: options.delimiter, ..CsvFormat::default() },
            names: options.names.as_deref().map(labels),
            times: labels(&options.times),
            block_bytes: options.block_bytes,
            ..CsvFiles::default()
        };
        Self::made(|| csv_files(&matching(pattern.as_ref())?, &plan))
    }

    /// The rows of all Parquet files that match `pattern`, or that lie in the folder `pattern`. Footers are read at once.
    pub fn read_parquet(pattern: impl AsRef<Path>) -> Self {
        Self::read_parquet_with(pattern, ParquetOptions::default())
    }

    /// As [`Frame::read_parquet`], with options.
    pub fn read_parquet_with(pattern: impl AsRef<Path>, options: ParquetOptions) -> Self {
        let plan = ParquetFiles { part_bytes: options.part_bytes, ..ParquetFiles::default() };
        let pattern = pattern.as_ref();
        Self::made(|| {
            let paths = match pattern.is_dir() {
                true => matching(&pattern.join("*.parquet"))?,
                false => matching(pattern)?,
            };
            parquet_files(&paths, &vec![Vec::new(); paths.len()], &plan)
        })
    }

    /// Writes a Parquet file a partition into the new folder `folder`, on a thread a core. The folder appears when all of them
    /// are complete. Returns the number of rows.
    ///
    /// ```
    /// use raskt::frame::Frame;
    /// let folder = std::env::temp_dir().join(format!("raskt-frame-write-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("x.csv"), "x\n1\n2\n")?;
    /// let written = folder.join("x.parquet");
    /// assert_eq!(Frame::read_csv(folder.join("x.csv")).write_parquet(&written)?, 2);
    /// assert_eq!(Frame::read_parquet(&written).compute()?.integers("x")?, [1, 2]);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where something is at `folder`; as [`Frame::compute`]; [`ErrorKind::System`].
    pub fn write_parquet(&self, folder: impl AsRef<Path>) -> Result<u64> {
        self.write_parquet_on(folder, &Executor::new(Options::default())?)
    }

    /// As [`Frame::write_parquet`], on threads that are there.
    ///
    /// # Errors
    /// As [`Frame::write_parquet`].
    pub fn write_parquet_on(&self, folder: impl AsRef<Path>, executor: &Executor) -> Result<u64> {
        let folder = folder.as_ref();
        if folder.exists() {
            let what = format!("{}: there is something already; write to a new folder", folder.display());
            return Err(ErrorKind::InvalidValue(what).into());
        }
        let unfinished = Unfinished::beside(folder)?;
        let n_rows = written(self.expr()?, &unfinished.0, executor)?;
        std::fs::rename(&unfinished.0, folder).map_err(|error| system(folder, &error))?;
        Ok(n_rows)
    }
}

/// A folder that is removed unless it was renamed.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(folder: &Path) -> Result<Self> {
        let missing = || ErrorKind::InvalidValue(format!("{}: no name of a folder", folder.display()));
        let mut name = folder.file_name().ok_or_else(missing)?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let unfinished = folder.with_file_name(name);
        std::fs::create_dir_all(&unfinished).map_err(|error| system(&unfinished, &error))?;
        Ok(Self(unfinished))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the rename there is nothing of that name.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn written(expr: &Expr, folder: &Path, executor: &Executor) -> Result<u64> {
    let n = n_partitions_of(expr)?;
    let digits = n.saturating_sub(1).to_string().len();
    let part = |at: u64| {
        let path = folder.join(format!("part.{at:0digits$}.parquet"));
        Ok(Param::map([("path", Param::Str(text(&path)?.into()))]))
    };
    let parts: Arc<[Param]> = (0..n).map(part).collect::<Result<_>>()?;
    let shared = WriteParquet::new("").to_param();
    let sink = make(
        WRITE_PARQUET,
        std::slice::from_ref(expr),
        Param::map([("shared", shared), ("parts", Param::List(parts))]),
    )?;
    let counts = run(&sink, executor)?;
    let total = |table: &raskt_frame::Table| super::batch::integers(&table.columns()[0]);
    let counts: Vec<Vec<i64>> = counts.iter().map(total).collect::<Result<_>>()?;
    Ok(counts.into_iter().flatten().map(i64::unsigned_abs).sum())
}

fn system(path: &Path, error: &std::io::Error) -> Error {
    ErrorKind::System { what: path.display().to_string(), reason: error.to_string() }.into()
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| ErrorKind::InvalidValue(format!("{}: the path is not UTF-8", path.display())).into())
}

fn matching(pattern: &Path) -> Result<Vec<String>> {
    let invalid = |reason: String| ErrorKind::InvalidValue(format!("{}: {reason}", pattern.display()));
    let mut paths = Vec::new();
    for path in glob::glob(text(pattern)?).map_err(|error| invalid(error.to_string()))? {
        let path = path.map_err(|error| system(error.path(), error.error()))?;
        if path.is_file() {
            paths.push(text(&path)?.to_owned());
        }
    }
    match paths.is_empty() {
        true => Err(invalid("no file matches".to_owned()).into()),
        false => Ok(paths),
    }
}
