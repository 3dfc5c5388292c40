//! Where a value came from.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a configuration value came from, as messages and `raskt config find` tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The schema's default.
    Default,
    /// A file, and the line in it if it is known.
    File {
        /// The file.
        path: Arc<PathBuf>,
        /// The line, from 1.
        line: Option<usize>,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// A call, such as `config.set`.
    Call {
        /// What was called.
        function: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("the default"),
            Origin::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Origin::File { path, line: None } => write!(f, "{}", path.display()),
            Origin::Variable { name } => write!(f, "the environment variable {name}"),
            Origin::Call { function } => f.write_str(function),
        }
    }
}
