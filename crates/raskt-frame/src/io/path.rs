//! Files by their paths: errors that name them, and whether they are still what they were.

use std::fs::{File, Metadata};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use raskt_core::{Error, ErrorKind, Fit, Param, Result};

/// Length and time of the last change of a file, by which a reader sees that it is not the file that was planned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The length.
    pub n_bytes: u64,
    /// Nanoseconds since 1970.
    pub changed_ns: i64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let changed_ns = since.map_or(0, |since| since.as_nanos().clamped::<i64>());
        Self { n_bytes: metadata.len(), changed_ns }
    }

    /// The stamp of an open file.
    ///
    /// # Errors
    /// [`ErrorKind::System`], which names `path`.
    pub fn of_file(file: &File, path: &str) -> Result<Self> {
        file.metadata().map(|metadata| Self::of(&metadata)).map_err(|error| io_error(path, &error))
    }

    /// The stamp as a parameter.
    #[must_use]
    pub fn to_param(self) -> Param {
        Param::List([Param::Int(self.n_bytes.clamped::<i64>()), Param::Int(self.changed_ns)].into())
    }

    /// The stamp of a parameter that [`Stamp::to_param`] wrote; `None` for anything else.
    #[must_use]
    pub fn from_param(param: &Param) -> Option<Self> {
        match param.as_list()? {
            [Param::Int(n_bytes), Param::Int(changed_ns)] => {
                Some(Self { n_bytes: u64::try_from(*n_bytes).ok()?, changed_ns: *changed_ns })
            }
            _ => None,
        }
    }
}

/// The file at `path`, opened, with its stamp.
///
/// # Errors
/// [`ErrorKind::System`]; [`ErrorKind::InvalidValue`] if it is not the one that `expected` was taken of.
pub(crate) fn open(path: &Arc<str>, expected: Option<Stamp>) -> Result<(File, Stamp)> {
    let file = File::open(&**path).map_err(|error| io_error(path, &error))?;
    let metadata = file.metadata().map_err(|error| io_error(path, &error))?;
    if metadata.is_dir() {
        return Err(ErrorKind::System { what: path.to_string(), reason: "is a directory".to_owned() }.into());
    }
    let stamp = Stamp::of(&metadata);
    match expected {
        Some(expected) if expected != stamp => {
            let what = format!(
                "{path} has changed since the frame was made: it had {} bytes and has {}; read it anew",
                expected.n_bytes, stamp.n_bytes
            );
            Err(ErrorKind::InvalidValue(what).into())
        }
        _ => Ok((file, stamp)),
    }
}

/// What the operating system said of `path`.
pub(crate) fn io_error(path: &str, error: &std::io::Error) -> Error {
    ErrorKind::System { what: path.to_owned(), reason: error.to_string() }.into()
}

/// The file at `path` is not what it should be.
pub(crate) fn damaged(path: &str, what: impl std::fmt::Display) -> Error {
    ErrorKind::InvalidValue(format!("{path}: {what}")).into()
}
