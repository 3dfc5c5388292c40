//! `raskt config set`: one value, into the user's file.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use raskt_config::{
    Config, ConfigError, ConfigWarning, Origin, PathRole, Value, YamlError, YamlLimits, edited_yaml,
    parse_literal, parse_yaml, schema, to_json, to_json_lines,
};

use crate::{Failure, Surroundings};

/// The file that is written where no file of the user's has the key.
const FILE: &str = "raskt.yaml";

/// Why a value was not written.
#[derive(Debug)]
pub(crate) enum SetError {
    NoFolder,
    Section { key: String },
    Comments { path: PathBuf },
    Malformed { path: PathBuf, error: YamlError },
    Io { path: PathBuf, error: io::Error },
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetError::NoFolder => f.write_str(
                "no folder of the user is known: set XDG_CONFIG_HOME, or HOME, to an absolute path",
            ),
            SetError::Section { key } => write!(f, "'{key}' is a section: set one of the keys below it"),
            SetError::Comments { path } => write!(
                f,
                "{} cannot be changed without losing its comments: change it with an editor",
                path.display()
            ),
            SetError::Malformed { path, error: YamlError { line, column, reason } } => {
                write!(f, "configuration file {}:{line}:{column}: {reason}", path.display())
            }
            SetError::Io { path, error } => write!(f, "{} cannot be written: {error}", path.display()),
        }
    }
}

/// Checks the value, writes it, and says where; what overrides the file there is a warning.
pub(crate) fn set(key: &str, value: &str, around: &mut Surroundings<'_>) -> Result<(), Failure> {
    let origin = Origin::Call { function: "raskt config set".to_owned() };
    let (leaves, warnings) = Config::settled(key, parse_literal(value), origin)?;
    for warning in &warnings {
        match warning {
            ConfigWarning::UnknownKey { key, nearest, .. } => {
                let (key, nearest) = (key.clone(), nearest.clone());
                return Err(ConfigError::UnknownKey { key, nearest }.into());
            }
            // A warning that cannot be written does not stop the command.
            other => drop(writeln!(around.err, "warning: {other}")),
        }
    }
    let user = around.sources.paths.iter().find(|searched| searched.role == PathRole::User);
    let user = user.ok_or(SetError::NoFolder)?.clone();
    for (key, value) in &leaves {
        if schema().is_section(key) {
            return Err(SetError::Section { key: key.clone() }.into());
        }
        let path = file_of(key, &user)?;
        write(&path, key, value)?;
        writeln!(around.out, "{key}: {} in {}", to_json(value), path.display())?;
        let in_force = Config::load(&around.sources)?.origin(key);
        match in_force {
            Some(Origin::File { path: found, .. }) if *found == path => {}
            Some(other) => drop(writeln!(around.err, "warning: what is in force is from {other}")),
            None => {}
        }
    }
    Ok(())
}

fn failed(path: &Path) -> impl Fn(io::Error) -> SetError + '_ {
    move |error| SetError::Io { path: path.to_owned(), error }
}

fn read(path: &Path) -> Result<String, SetError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(failed(path)),
    }
}

/// The file of the user's that has the key, the last one in force; [`FILE`] where none has.
fn file_of(key: &str, user: &raskt_config::SearchPath) -> Result<PathBuf, SetError> {
    let files = match user.files() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(failed(&user.path))?,
    };
    for path in files.into_iter().rev() {
        let malformed = |error| SetError::Malformed { path: path.clone(), error };
        let (values, lines) = parse_yaml(&read(&path)?, YamlLimits::default()).map_err(malformed)?;
        if values.get_path(key).is_some() || lines.contains_key(&key.replace('_', "-")) {
            return Ok(path);
        }
    }
    Ok(user.path.join(FILE))
}

/// Puts the value into the file, whole or not at all.
fn write(path: &Path, key: &str, value: &Value) -> Result<(), SetError> {
    let malformed = |error| SetError::Malformed { path: path.to_owned(), error };
    let text = read(path)?;
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let changed = if is_json {
        let (mut values, _) = parse_yaml(&text, YamlLimits::default()).map_err(malformed)?;
        values.set_path(key, value.clone());
        to_json_lines(&Value::Map(values))
    } else {
        let edited = edited_yaml(&text, key, value).map_err(malformed)?;
        edited.ok_or_else(|| SetError::Comments { path: path.to_owned() })?
    };
    replace(path, &changed).map_err(failed(path))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link to a file that lies elsewhere stays a link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = path.with_extension(format!("part-{}", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&part)?;
        if let Ok(old) = fs::metadata(&path) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, &path)
    })();
    if written.is_err() {
        // What went wrong is told; that the part stays is no more.
        let _ = fs::remove_file(&part);
    }
    written
}
