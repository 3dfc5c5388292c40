//! What can be wrong with a configuration: errors stop, warnings are collected.

use std::fmt;
use std::path::PathBuf;

use crate::map::KEY_PARTS_MAX;
use crate::origin::Origin;
use crate::yaml::YamlError;

/// Why a configuration, or a value of it, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A known key has a value of a form that it does not accept.
    Rejected {
        /// The key.
        key: String,
        /// The value, as a message shows it.
        value: String,
        /// Where the value came from.
        origin: Origin,
        /// The forms that the key accepts.
        accepted: String,
    },
    /// A file is no YAML that is accepted.
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: YamlError,
    },
    /// There is no such key.
    UnknownKey {
        /// The key.
        key: String,
        /// The known key that was probably meant.
        nearest: Option<String>,
    },
    /// The key has more parts than any has: nested as deep, it could not be walked.
    TooDeep {
        /// How the key begins.
        beginning: String,
        /// How many parts it has.
        n_parts: usize,
        /// Where it came from.
        origin: Origin,
    },
    /// The key is known, and has values of another kind.
    OtherKind {
        /// The key.
        key: String,
        /// The kind that was asked for.
        wanted: &'static str,
        /// The kind that it has.
        kind: &'static str,
    },
}

/// How many letters of a key a message shows that is too deep.
const BEGINNING_LETTERS: usize = 40;

impl ConfigError {
    /// Refuses a dotted key of more than [`KEY_PARTS_MAX`] parts.
    pub(crate) fn if_too_deep(key: &str, origin: &Origin) -> Result<(), ConfigError> {
        let n_parts = key.split('.').count();
        if n_parts <= KEY_PARTS_MAX {
            return Ok(());
        }
        let beginning = |text: &str| text.chars().take(BEGINNING_LETTERS).collect::<String>();
        let origin = match origin {
            Origin::Variable { name } => Origin::Variable { name: format!("{}…", beginning(name)) },
            Origin::Default | Origin::File { .. } | Origin::Call { .. } => origin.clone(),
        };
        Err(ConfigError::TooDeep { beginning: beginning(key), n_parts, origin })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Rejected { key, value, origin, accepted } => {
                write!(f, "configuration key '{key}' cannot be {value} (from {origin}): it takes {accepted}")
            }
            ConfigError::Malformed { path, error } => {
                let YamlError { line, column, reason } = error;
                write!(f, "configuration file {}:{line}:{column}: {reason}", path.display())
            }
            ConfigError::UnknownKey { key, nearest } => {
                write!(f, "no configuration key '{key}'")?;
                nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; is '{nearest}' meant?"))
            }
            ConfigError::TooDeep { beginning, n_parts, origin } => write!(
                f,
                "configuration key '{beginning}…' has {n_parts} parts (from {origin}): at most {KEY_PARTS_MAX} are taken"
            ),
            ConfigError::OtherKind { key, wanted, kind } => {
                write!(f, "configuration key '{key}' is {kind}, not {wanted}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// What is probably a mistake, and does not keep anything from working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigWarning {
    /// A key that is not known stands where Raskt's own keys stand, or nearly has the name of one.
    UnknownKey {
        /// The key.
        key: String,
        /// Where it came from.
        origin: Origin,
        /// The known key that was probably meant.
        nearest: Option<String>,
    },
    /// A key has another name now; its value is used under that.
    Renamed {
        /// The old name.
        key: String,
        /// Where it came from.
        origin: Origin,
        /// The name to use.
        renamed: String,
    },
    /// A file or folder is there and cannot be read; it is left out.
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// `RASKT_CONFIG` names something that does not exist.
    Missing {
        /// What it names.
        path: PathBuf,
    },
}

impl ConfigWarning {
    /// The key that it is about, if it is about one.
    pub fn key(&self) -> Option<&str> {
        match self {
            ConfigWarning::UnknownKey { key, .. } | ConfigWarning::Renamed { key, .. } => Some(key),
            ConfigWarning::Unreadable { .. } | ConfigWarning::Missing { .. } => None,
        }
    }
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigWarning::UnknownKey { key, origin, nearest } => {
                write!(f, "unknown configuration key '{key}' (from {origin})")?;
                nearest.as_ref().map_or(Ok(()), |nearest| write!(f, "; is '{nearest}' meant?"))
            }
            ConfigWarning::Renamed { key, origin, renamed } => {
                write!(f, "configuration key '{key}' (from {origin}) is now called '{renamed}'")
            }
            ConfigWarning::Unreadable { path, reason } => {
                write!(f, "configuration in {} cannot be read and is left out: {reason}", path.display())
            }
            ConfigWarning::Missing { path } => {
                write!(f, "RASKT_CONFIG names {}, which does not exist", path.display())
            }
        }
    }
}
