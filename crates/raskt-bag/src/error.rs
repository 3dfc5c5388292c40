//! What can go wrong.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::fallback::Fallback;

/// An error of a bag.
#[derive(Debug)]
pub enum BagError {
    /// A file cannot be opened, read or decompressed.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line cannot be read.
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line in the part of the file, from 1.
        line: u64,
        /// Where it begins in the (decompressed) file.
        offset: u64,
        /// Why.
        why: Fallback,
    },
}

impl BagError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), error }
    }
}

impl fmt::Display for BagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{} cannot be read: {error}", path.display()),
            Self::Line { path, line, offset, why } => {
                write!(f, "{}, line {line}, at byte {offset}: {why}", path.display())
            }
        }
    }
}

impl std::error::Error for BagError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Line { why, .. } => Some(why),
        }
    }
}
