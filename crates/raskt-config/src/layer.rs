//! What one source says: a file's, or the environment's, share of the configuration, checked against the schema.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{ConfigError, ConfigWarning};
use crate::literal::parse_literal;
use crate::map::{Map, normalised};
use crate::nearest::nearest;
use crate::origin::Origin;
use crate::schema::{Schema, schema};
use crate::sources::{PathRole, SearchPath, Sources};
use crate::value::Value;
use crate::yaml::{YamlError, YamlLimits, parse_yaml};

/// Variables that say where to look, and are no keys.
const CONTROL_VARIABLES: [&str; 2] = ["RASKT_CONFIG", "RASKT_ROOT_CONFIG"];

/// Names shorter than this are too alike for a guess that a misspelling stands outside of Raskt's own sections.
const GUESSED_LETTERS_MIN: usize = 5;

/// Values of one source, and where in it each stands.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) values: Map,
    origin: Origin,
    /// By normalised dotted path.
    origins: HashMap<String, Origin>,
}

impl Layer {
    pub(crate) fn new(values: Map, origin: Origin) -> Layer {
        Layer { values, origin, origins: HashMap::new() }
    }

    /// Where the value of a key, or of what it is nested in, stands.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        let key = normalised(key);
        let mut prefix = key.as_str();
        loop {
            if let Some(origin) = self.origins.get(prefix) {
                return origin.clone();
            }
            match prefix.rsplit_once('.') {
                Some((shorter, _)) => prefix = shorter,
                None => return self.origin.clone(),
            }
        }
    }

    pub(crate) fn set(&mut self, key: &str, value: Value, origin: Origin) {
        self.values.set_path(key, value);
        self.origins.insert(normalised(key), origin);
    }

    /// Bring keys into the form that the schema knows, and check the values of those that it knows.
    pub(crate) fn settle(&mut self, warnings: &mut Vec<ConfigWarning>) -> Result<(), ConfigError> {
        let schema = schema();
        self.values.nest_dotted(|name| schema.entry(name).is_some());
        self.rename(schema, warnings);
        self.settle_sections(schema)?;
        for entry in schema.entries() {
            let Some(value) = self.values.get_path(&entry.key) else { continue };
            if entry.setting(value).is_none() {
                return Err(self.rejected(&entry.key, entry.accepted()));
            }
            self.values.respell(&entry.key);
        }
        warnings.extend(self.values.leaves().iter().filter_map(|(path, _)| unknown(path, self.origin(path))));
        Ok(())
    }

    fn rename(&mut self, schema: &Schema, warnings: &mut Vec<ConfigWarning>) {
        for (old, new) in schema.renamed() {
            let Some(value) = self.values.remove_path(old) else { continue };
            let origin = self.origin(old);
            warnings.push(ConfigWarning::Renamed {
                key: old.clone(),
                origin: origin.clone(),
                renamed: new.clone(),
            });
            if self.values.get_path(new).is_none() {
                self.set(new, value, origin);
            }
        }
    }

    /// A section with nothing below it (`local:` with all lines commented out) says nothing; it must not wipe out
    /// what lower layers say.
    fn settle_sections(&mut self, schema: &Schema) -> Result<(), ConfigError> {
        for entry in schema.entries() {
            for (at, _) in entry.key.match_indices('.') {
                let section = &entry.key[..at];
                match self.values.get_path(section) {
                    None | Some(Value::Map(_)) => {}
                    Some(Value::Null) => {
                        self.values.remove_path(section);
                    }
                    Some(_) => {
                        return Err(
                            self.rejected(section, format!("a mapping of keys such as '{}'", entry.key))
                        );
                    }
                }
            }
        }
        Ok(())
    }

    fn rejected(&self, key: &str, accepted: String) -> ConfigError {
        let value = self.values.get_path(key).unwrap_or(&Value::Null).to_string();
        ConfigError::Rejected { key: key.to_owned(), value, origin: self.origin(key), accepted }
    }
}

/// The warning that a key deserves: it stands below a section of Raskt's and is not known, or is a near miss of a
/// known key.
fn unknown(key: &str, origin: Origin) -> Option<ConfigWarning> {
    let schema = schema();
    if schema.entry(key).is_some() || schema.is_section(key) {
        return None;
    }
    let owned = schema.owns(key);
    if !owned && key.len() < GUESSED_LETTERS_MIN {
        return None;
    }
    let meant = nearest(key, schema.entries().iter().map(|entry| entry.key.as_str())).map(str::to_owned);
    (owned || meant.is_some()).then(|| ConfigWarning::UnknownKey {
        key: key.to_owned(),
        origin,
        nearest: meant,
    })
}

/// The layers that the sources hold, in rising priority.
pub(crate) fn read_layers(
    sources: &Sources,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Vec<Layer>, ConfigError> {
    let mut layers = Vec::new();
    for searched in &sources.paths {
        for path in files(searched, warnings) {
            match read_file(&path) {
                Ok(text) => layers.push(file_layer(&path, &text)?),
                Err(error) => warnings.push(ConfigWarning::Unreadable { path, reason: error.to_string() }),
            }
        }
    }
    layers.push(environment_layer(&sources.env)?);
    for layer in &mut layers {
        layer.settle(warnings)?;
    }
    Ok(layers)
}

/// The files at a path; that one cannot be looked at is a warning.
fn files(searched: &SearchPath, warnings: &mut Vec<ConfigWarning>) -> Vec<PathBuf> {
    let path = &searched.path;
    match searched.files() {
        Ok(files) => files,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            if searched.role == PathRole::Explicit {
                warnings.push(ConfigWarning::Missing { path: path.clone() });
            }
            Vec::new()
        }
        Err(error) => {
            warnings.push(ConfigWarning::Unreadable { path: path.clone(), reason: error.to_string() });
            Vec::new()
        }
    }
}

impl SearchPath {
    /// The files that are read here: the path itself, or those of the folder that it is in the order of their names.
    ///
    /// # Errors
    ///
    /// What the system says where the path cannot be looked at, or is not there.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        match fs::metadata(&self.path)?.is_dir() {
            true => folder(&self.path),
            false => Ok(vec![self.path.clone()]),
        }
    }
}

fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for file in fs::read_dir(path)? {
        let file = file?.path();
        let extension = file.extension().map(|extension| extension.to_ascii_lowercase());
        let known = extension
            .is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "json");
        if known && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// A file's text, of which no more is read than the parser takes.
fn read_file(path: &Path) -> io::Result<String> {
    let bytes_max = YamlLimits::default().bytes_max as u64;
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    // A cut may fall within a character; then the text is too long anyway, and the parser says so.
    if bytes.len() as u64 > bytes_max {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

fn file_layer(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let malformed = |error: YamlError| ConfigError::Malformed { path: path.to_owned(), error };
    let (values, lines) = parse_yaml(text, YamlLimits::default()).map_err(malformed)?;
    let path = Arc::new(path.to_owned());
    let origins = lines.into_iter().map(|(key, line)| {
        let origin = Origin::File { path: Arc::clone(&path), line: Some(line) };
        (key, origin)
    });
    let origins = origins.collect();
    Ok(Layer { values, origin: Origin::File { path, line: None }, origins })
}

/// `RASKT_A__B_C=value` is the key `a.b_c`. A variable that is set to nothing counts as not set.
fn environment_layer(env: &BTreeMap<String, String>) -> Result<Layer, ConfigError> {
    let mut layer = Layer::new(Map::default(), Origin::Variable { name: "RASKT_*".to_owned() });
    for (name, value) in env {
        let Some(rest) = name.strip_prefix("RASKT_") else { continue };
        let key = rest.to_lowercase().replace("__", ".");
        let malformed = key.split('.').any(str::is_empty);
        if malformed || value.trim().is_empty() || CONTROL_VARIABLES.contains(&name.as_str()) {
            continue;
        }
        let origin = Origin::Variable { name: name.clone() };
        ConfigError::if_too_deep(&key, &origin)?;
        layer.set(&key, parse_literal(value), origin);
    }
    Ok(layer)
}
