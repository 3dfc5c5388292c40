//! The configuration: layers laid over each other, asked by key, with typed answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{ConfigError, ConfigWarning};
use crate::layer::{Layer, read_layers};
use crate::map::Map;
use crate::memory::memory_granted_bytes;
use crate::nearest::nearest;
use crate::origin::Origin;
use crate::schema::{Entry, schema};
use crate::setting::{MemoryLimit, Setting};
use crate::sources::{Sources, expand_path};
use crate::value::Value;

/// A loaded configuration: the schema's defaults, what files and variables say, and what was set since.
#[derive(Clone, Debug)]
pub struct Config {
    /// In rising priority; the first is the defaults, the last what was set by calls.
    layers: Vec<Layer>,
    values: Map,
    warnings: Vec<ConfigWarning>,
    env: BTreeMap<String, String>,
}

/// One place that sets a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The value there.
    pub value: Value,
    /// The place.
    pub origin: Origin,
}

/// Known keys, dotted and as they are spelled, with values.
pub type Leaves = Vec<(String, Value)>;

impl Config {
    /// Read all sources.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] for a file that is no YAML that is accepted, and [`ConfigError::Rejected`] for a
    /// value that its key does not accept. Files that cannot be read and unknown keys are [warnings](Self::warnings).
    pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
        let mut warnings = Vec::new();
        let mut layers = vec![Layer::new(schema().defaults(), Origin::Default)];
        layers.extend(read_layers(sources, &mut warnings)?);
        layers.push(Layer::new(Map::default(), Origin::Call { function: "Config::set".to_owned() }));
        Ok(Config { values: merged(&layers), layers, warnings, env: sources.env.clone() })
    }

    /// What the sources say, without defaults.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn collect(sources: &Sources) -> Result<(Map, Vec<ConfigWarning>), ConfigError> {
        let mut warnings = Vec::new();
        let layers = read_layers(sources, &mut warnings)?;
        Ok((merged(&layers), warnings))
    }

    /// All values, nested.
    pub fn values(&self) -> &Map {
        &self.values
    }

    /// What is probably a mistake.
    pub fn warnings(&self) -> &[ConfigWarning] {
        &self.warnings
    }

    /// The value under a dotted key, as it was written; a section's name gives the mapping below it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get_path(key)
    }

    /// Set a key over everything that the sources say.
    ///
    /// ```
    /// use raskt_config::{Config, Sources, Value};
    ///
    /// let mut config = Config::load(&Sources::none())?;
    /// config.set("local.retries", Value::Int(2))?;
    /// assert_eq!(config.int("local.retries")?, Some(2));
    /// assert!(config.set("local.retries", Value::from("often")).is_err());
    /// # Ok::<(), raskt_config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Rejected`] if the key does not accept the value, [`ConfigError::TooDeep`] if it has too many parts;
    /// nothing is changed then.
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), ConfigError> {
        let origin = Origin::Call { function: "Config::set".to_owned() };
        let (layer, warnings) = settled(key, value, origin.clone())?;
        self.warnings.extend(warnings);
        for (path, value) in layer.values.leaves() {
            if let Some(last) = self.layers.last_mut() {
                last.set(&path, value.clone(), origin.clone());
            }
        }
        self.values.merge(layer.values);
        Ok(())
    }

    /// Every place that sets a key, in rising priority: the last is in force.
    pub fn find(&self, key: &str) -> Vec<Found> {
        let found = |layer: &Layer| {
            let value = layer.values.get_path(key)?.clone();
            Some(Found { value, origin: layer.origin(key) })
        };
        self.layers.iter().filter_map(found).collect()
    }

    /// Where the value in force came from.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.find(key).pop().map(|found| found.origin)
    }

    /// The error for a key that is not there, with the known key that was probably meant.
    pub fn unknown_key(&self, key: &str) -> ConfigError {
        let leaves = self.values.leaves();
        let meant = nearest(key, leaves.iter().map(|(path, _)| path.as_str())).map(str::to_owned);
        ConfigError::UnknownKey { key: key.to_owned(), nearest: meant }
    }

    /// Whether a value may be set under a dotted key; what is doubtful about that is returned.
    ///
    /// ```
    /// use raskt_config::{Config, Origin, Value};
    ///
    /// assert!(Config::check("local.retries", Value::Int(2), Origin::Default)?.is_empty());
    /// assert!(Config::check("local.retries", Value::Int(-2), Origin::Default).is_err());
    /// assert_eq!(Config::check("local.retires", Value::Int(2), Origin::Default)?.len(), 1);
    /// # Ok::<(), raskt_config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Rejected`] if the key does not accept the value, [`ConfigError::TooDeep`] if it has too many parts.
    pub fn check(key: &str, value: Value, origin: Origin) -> Result<Vec<ConfigWarning>, ConfigError> {
        // The common case, and the fast one.
        if schema().entry(key).is_some_and(|entry| entry.setting(&value).is_some()) {
            return Ok(Vec::new());
        }
        settled(key, value, origin).map(|(_, warnings)| warnings)
    }

    /// What setting a dotted key sets: the known keys, as they are spelled, with their values, several where a section is
    /// given a mapping; and what is doubtful about it.
    ///
    /// ```
    /// use raskt_config::{Config, Origin, Value};
    ///
    /// let (leaves, warnings) = Config::settled("local.batch_max", Value::Int(2), Origin::Default)?;
    /// assert_eq!(leaves, [("local.batch-max".to_owned(), Value::Int(2))]);
    /// assert!(warnings.is_empty());
    /// # Ok::<(), raskt_config::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn settled(
        key: &str,
        value: Value,
        origin: Origin,
    ) -> Result<(Leaves, Vec<ConfigWarning>), ConfigError> {
        let (layer, warnings) = settled(key, value, origin)?;
        let leaves = layer.values.leaves().into_iter().map(|(path, value)| (path, value.clone()));
        Ok((leaves.collect(), warnings))
    }

    /// The value of a known key in the form that its kind gives it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownKey`] if the schema does not have it.
    pub fn setting(&self, key: &str) -> Result<Setting, ConfigError> {
        let entry = schema().entry(key).ok_or_else(|| self.unknown_key(key))?;
        let value = self.get(key).unwrap_or(&entry.default);
        entry.setting(value).ok_or_else(|| ConfigError::Rejected {
            key: entry.key.clone(),
            value: value.to_string(),
            origin: self.origin(key).unwrap_or(Origin::Default),
            accepted: entry.accepted(),
        })
    }

    fn typed<T>(
        &self,
        key: &str,
        wanted: &'static str,
        read: impl Fn(Setting) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let setting = self.setting(key)?;
        if setting == Setting::Null {
            return Ok(None);
        }
        let kind = schema().entry(key).map_or("unknown", |entry: &Entry| entry.kind.name());
        let other = ConfigError::OtherKind { key: key.to_owned(), wanted, kind };
        read(setting).map(Some).ok_or(other)
    }

    /// A flag.
    ///
    /// # Errors
    ///
    /// As [`setting`](Self::setting), and [`ConfigError::OtherKind`] if the key is no flag.
    pub fn flag(&self, key: &str) -> Result<bool, ConfigError> {
        let flag = self.typed(key, "bool", |setting| match setting {
            Setting::Bool(flag) => Some(flag),
            _ => None,
        })?;
        Ok(flag.unwrap_or(false))
    }

    /// A whole number, or nothing for null.
    ///
    /// # Errors
    ///
    /// As [`setting`](Self::setting), and [`ConfigError::OtherKind`] if the key is no number.
    pub fn int(&self, key: &str) -> Result<Option<i64>, ConfigError> {
        self.typed(key, "int", |setting| match setting {
            Setting::Int(number) => i64::try_from(number).ok(),
            _ => None,
        })
    }

    /// A size in bytes, or nothing for null. A limit of memory that is a fraction is taken of
    /// [`memory_granted_bytes`]; no limit is nothing.
    ///
    /// # Errors
    ///
    /// As [`setting`](Self::setting), and [`ConfigError::OtherKind`] if the key is no size.
    pub fn bytes(&self, key: &str) -> Result<Option<u64>, ConfigError> {
        let limit = self.typed(key, "bytes", |setting| match setting {
            Setting::Bytes(bytes) => Some(MemoryLimit::Bytes(bytes)),
            Setting::Memory(limit) => Some(limit),
            _ => None,
        })?;
        Ok(limit.and_then(|limit| limit.bytes_of(memory_granted_bytes())))
    }

    /// A duration, or nothing for null.
    ///
    /// # Errors
    ///
    /// As [`setting`](Self::setting), and [`ConfigError::OtherKind`] if the key is no duration.
    pub fn duration(&self, key: &str) -> Result<Option<Duration>, ConfigError> {
        self.typed(key, "duration", |setting| match setting {
            Setting::Duration(duration) => Some(duration),
            _ => None,
        })
    }

    /// A path with `~` and variables expanded, or nothing for null.
    ///
    /// # Errors
    ///
    /// As [`setting`](Self::setting), and [`ConfigError::OtherKind`] if the key is no path.
    pub fn path(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        self.typed(key, "path", |setting| match setting {
            Setting::Path(path) => Some(expand_path(&path, &self.env)),
            _ => None,
        })
    }

    /// One of the key's words (the word itself if an alias was written), or nothing for null.
    ///
    /// # Errors
    ///
    /// As [`setting`](Self::setting), and [`ConfigError::OtherKind`] if the key is no choice.
    pub fn choice(&self, key: &str) -> Result<Option<String>, ConfigError> {
        self.typed(key, "choice", |setting| match setting {
            Setting::Choice(word) => Some(word),
            _ => None,
        })
    }
}

/// A layer of one key, checked.
fn settled(key: &str, value: Value, origin: Origin) -> Result<(Layer, Vec<ConfigWarning>), ConfigError> {
    ConfigError::if_too_deep(key, &origin)?;
    let mut layer = Layer::new(Map::default(), origin.clone());
    let mut warnings = Vec::new();
    layer.set(key, value, origin);
    layer.settle(&mut warnings)?;
    Ok((layer, warnings))
}

fn merged(layers: &[Layer]) -> Map {
    let mut values = Map::default();
    for layer in layers {
        values.merge(layer.values.clone());
    }
    values
}
