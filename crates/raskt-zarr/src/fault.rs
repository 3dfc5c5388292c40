//! What is wrong with a chunk, before it is known which file it is in.

use std::io;
use std::path::Path;

use raskt_core::{Error, ErrorKind};

/// A chunk that cannot be read or written.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The operating system said no.
    Io(io::Error),
    /// The bytes are not what the metadata says; where they begin, counted from the start of the file.
    Damaged {
        /// What is wrong with them.
        what: String,
        /// The first of them.
        offset: u64,
    },
    /// An error of the engine's: no memory, cancelled.
    Engine(Error),
}

impl Fault {
    /// Bytes from `offset` on that are not what they must be.
    pub(crate) fn damaged(offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into(), offset }
    }

    /// The error, of the file `path`.
    pub(crate) fn of(self, path: &Path) -> Error {
        let file = path.display().to_string();
        match self {
            Self::Io(error) => ErrorKind::System { what: file, reason: error.to_string() }.into(),
            Self::Damaged { what, offset } => ErrorKind::Damaged { file, offset, what }.into(),
            Self::Engine(error) => error,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

pub(crate) type Tried<T> = std::result::Result<T, Fault>;
