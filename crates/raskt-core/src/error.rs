//! What can go wrong, as data: a kind to match on, the key and function it happened in, and the
//! foreign exception (a Python one, say) that a higher floor gives back to its user whole.

use std::fmt;
use std::sync::Arc;

use crate::{Key, Opaque};

/// The result of anything in Raskt that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong; higher floors map each to one exception class.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Tasks need one another in a circle; the path, first key again at the end.
    Cycle(Vec<String>),
    /// A task needs a key that no task makes; who needed it, where known, from the requested key inwards.
    MissingKey {
        /// The key that nothing makes.
        key: String,
        /// The keys that led to it, a requested one first.
        path: Vec<String>,
    },
    /// One key, two definitions.
    KeyClash(String),
    /// A graph, an index or a parameter that breaks a stated rule.
    InvalidGraph(String),
    /// A name that no registry knows.
    UnknownBody(String),
    /// A value of the wrong type for what was asked.
    WrongType {
        /// What was needed.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// Two shapes that do not fit each other.
    ShapeMismatch {
        /// The left shape.
        left: Vec<u64>,
        /// The right shape.
        right: Vec<u64>,
    },
    /// A place that an axis does not have.
    OutOfBounds {
        /// The place.
        index: i64,
        /// The axis.
        axis: usize,
        /// How many elements the axis has.
        size: u64,
    },
    /// A value out of its range.
    InvalidValue(String),
    /// The name of a column that a frame does not have, with those that it has.
    UnknownColumn(String),
    /// Keys of a merge that repeat on a side where they were said not to.
    RepeatedKeys(String),
    /// Text that is none of its format, such as a line of CSV with too many fields.
    Unparsable {
        /// The file, the place and what is wrong there.
        what: String,
        /// Whether there is nothing at all in it.
        is_empty: bool,
    },
    /// A floating-point error that its user wants raised; which kind, in which operation.
    FloatingPoint(String),
    /// Bytes that do not decode.
    Corrupt(String),
    /// A user's file whose bytes are not what its format says.
    Damaged {
        /// The file.
        file: String,
        /// The first of the bytes.
        offset: u64,
        /// What is wrong with them.
        what: String,
    },
    /// A value that has no encoding (an object that cannot be pickled, say).
    NotEncodable(String),
    /// The operating system said no; which path, and what it said.
    Io {
        /// The file or folder.
        path: String,
        /// The operating system's words.
        reason: String,
    },
    /// The operating system gave no process, thread or shared memory, or not the file that a user named.
    System {
        /// What was asked for.
        what: String,
        /// The operating system's words.
        reason: String,
    },
    /// The disk that values spill to is full.
    DiskFull {
        /// The folder.
        path: String,
        /// The bytes that did not fit.
        needed_bytes: u64,
    },
    /// The system has no memory for what a task wanted.
    OutOfMemory {
        /// The bytes that it wanted at once.
        needed_bytes: u64,
    },
    /// A task's code raised; the foreign exception is in [`Error::foreign`].
    Raised,
    /// A task's code panicked; its words.
    Panicked(String),
    /// A child process ended while it ran a task.
    WorkerDied {
        /// Its process id.
        pid: u32,
        /// How it ended: an exit code or a signal.
        status: String,
    },
    /// The computation was cancelled before the task ran.
    Cancelled,
    /// Something that is not there yet, with the alternative.
    NotImplemented(String),
    /// Several tasks failed, and all errors were asked for.
    Many(Vec<Error>),
}

/// An error: its kind, and the task it belongs to where there is one.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    key: Option<Key>,
    function: Option<Arc<str>>,
    foreign: Option<Arc<dyn Opaque>>,
}

impl Error {
    /// An error of `kind`.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, key: None, function: None, foreign: None }))
    }

    /// A task's code raised `exception`.
    #[must_use]
    pub fn raised(exception: Arc<dyn Opaque>) -> Self {
        let mut error = Self::new(ErrorKind::Raised);
        error.0.foreign = Some(exception);
        error
    }

    /// The same error, carrying a foreign exception too.
    #[must_use]
    pub fn with_foreign(mut self, exception: Arc<dyn Opaque>) -> Self {
        self.0.foreign = Some(exception);
        self
    }

    /// The same error, said to belong to the task `key` that runs `function`; an inner task that is
    /// already named stays named.
    #[must_use]
    pub fn in_task(mut self, key: Key, function: impl Into<Arc<str>>) -> Self {
        if self.0.key.is_none() {
            self.0.key = Some(key);
            self.0.function = Some(function.into());
        }
        self
    }

    /// The error that these parts belong to, as its encoding lists them.
    pub(crate) fn from_parts(
        kind: ErrorKind,
        key: Option<Key>,
        function: Option<Arc<str>>,
        foreign: Option<Arc<dyn Opaque>>,
    ) -> Self {
        Self(Box::new(Inner { kind, key, function, foreign }))
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The task's key.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.0.key.as_ref()
    }

    /// The task's function.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.0.function.as_deref()
    }

    /// The exception that foreign code raised.
    #[must_use]
    pub fn foreign(&self) -> Option<&Arc<dyn Opaque>> {
        self.0.foreign.as_ref()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind == other.0.kind && self.0.key == other.0.key
    }
}

impl Eq for Error {}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("key", &self.0.key).finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)?;
        if let (ErrorKind::Raised, Some(foreign)) = (&self.0.kind, &self.0.foreign) {
            write!(f, ": {foreign:?}")?;
        }
        match (&self.0.key, &self.0.function) {
            (Some(key), Some(function)) => write!(f, " (task {key}, function {function})"),
            (Some(key), None) => write!(f, " (task {key})"),
            (None, _) => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle(path) => write!(f, "the graph has a cycle: {}", path.join(" -> ")),
            Self::MissingKey { key, path } if path.is_empty() => write!(f, "no task makes the key {key}"),
            Self::MissingKey { key, path } => {
                write!(f, "no task makes the key {key}, needed by {}", path.join(" -> "))
            }
            Self::KeyClash(key) => write!(f, "the key {key} has two different definitions"),
            Self::OutOfBounds { index, axis, size } => {
                write!(f, "index {index} is out of bounds for axis {axis} with size {size}")
            }
            Self::InvalidGraph(what)
            | Self::InvalidValue(what)
            | Self::UnknownColumn(what)
            | Self::RepeatedKeys(what)
            | Self::Unparsable { what, .. } => f.write_str(what),
            Self::UnknownBody(name) => write!(f, "no registry knows a body called {name}"),
            Self::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::ShapeMismatch { left, right } => {
                write!(f, "shapes {left:?} and {right:?} do not fit each other")
            }
            Self::Corrupt(what) => write!(f, "corrupt bytes: {what}"),
            Self::Damaged { file, offset, what } => write!(f, "{file}: damaged at byte {offset}: {what}"),
            Self::NotEncodable(what) => write!(f, "cannot be encoded: {what}"),
            Self::Io { path, reason } => write!(f, "{path}: {reason}"),
            Self::System { what, reason } => write!(f, "{what}: {reason}"),
            Self::DiskFull { path, needed_bytes } => write!(
                f,
                "no space left to spill {needed_bytes} bytes in {path}; free some space, raise the memory limit, \
                 or point local.spill-directory at a larger disk"
            ),
            Self::OutOfMemory { needed_bytes } => {
                write!(f, "unable to allocate {needed_bytes} bytes; smaller chunks need less at once")
            }
            Self::Raised => f.write_str("a task raised"),
            Self::Panicked(message) => write!(f, "a task panicked: {message}"),
            Self::WorkerDied { pid, status } => {
                write!(f, "the child process {pid} that ran the task ended with {status}")
            }
            Self::Cancelled => f.write_str("the computation was cancelled"),
            Self::NotImplemented(what) | Self::FloatingPoint(what) => f.write_str(what),
            Self::Many(errors) => {
                write!(f, "{} tasks failed", errors.len())?;
                errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_so_results_stay_small() {
        assert_eq!(std::mem::size_of::<Error>(), std::mem::size_of::<usize>());
    }

    #[test]
    fn the_innermost_task_keeps_the_blame() {
        let error = Error::new(ErrorKind::Cancelled)
            .in_task(Key::named("inner"), "f")
            .in_task(Key::named("outer"), "g");
        assert_eq!(error.key(), Some(&Key::named("inner")));
        assert_eq!(error.to_string(), "the computation was cancelled (task inner, function f)");
    }
}
