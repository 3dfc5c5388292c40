//! The keys of the configuration: one list, in `schema.json`, from which validation, defaults and the documentation
//! come.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::map::{Map, normalised};
use crate::value::Value;
use crate::yaml::{YamlLimits, parse_yaml};

/// One word that a key accepts, and other words for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The word.
    pub name: String,
    /// Other words for it.
    pub aliases: Vec<String>,
}

/// What values a key accepts, beside null.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number of at least `min`.
    Int {
        /// The least.
        min: i128,
    },
    /// A size: `64 KiB`, or a number of bytes.
    Bytes,
    /// A limit of memory: a size, a fraction of the memory granted, or none.
    Memory,
    /// A duration of at least `min_seconds`: `5 min`, or a number of seconds.
    Duration {
        /// The least.
        min_seconds: f64,
    },
    /// A path of the file system.
    Path,
    /// One of some words.
    Choice {
        /// The words.
        choices: Vec<Choice>,
    },
    /// A list of words, each of which is one of some.
    Words {
        /// Those that there are.
        words: Vec<String>,
    },
    /// Only an object of Python.
    Object,
}

impl Kind {
    /// The word for it in `schema.json`.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Int { .. } => "int",
            Kind::Bytes => "bytes",
            Kind::Memory => "memory",
            Kind::Duration { .. } => "duration",
            Kind::Path => "path",
            Kind::Choice { .. } => "choice",
            Kind::Words { .. } => "words",
            Kind::Object => "object",
        }
    }
}

/// One key of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The dotted name, with hyphens.
    pub key: String,
    /// What it accepts.
    pub kind: Kind,
    /// Whether it accepts null.
    pub nullable: bool,
    /// Which objects it accepts when it is set from Python, in words.
    pub objects: Option<String>,
    /// The value if nothing else says.
    pub default: Value,
    /// What a bare number counts.
    pub unit: Option<String>,
    /// What it is for.
    pub description: String,
    /// A value that it could have.
    pub example: Value,
}

impl Entry {
    /// The environment variable that sets it.
    ///
    /// ```
    /// let entry = raskt_config::schema().entry("local.batch_max");
    /// assert_eq!(entry.map(|e| e.variable()).as_deref(), Some("RASKT_LOCAL__BATCH_MAX"));
    /// ```
    pub fn variable(&self) -> String {
        format!("RASKT_{}", self.key.replace('.', "__").replace('-', "_").to_uppercase())
    }
}

/// All keys.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    entries: Vec<Entry>,
    /// Every proper prefix of a key: `local`, `optimization.fuse`.
    sections: HashSet<String>,
    renamed: Vec<(String, String)>,
}

/// The schema that Raskt is built with.
pub fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    // That the text is well-formed is a fact of the build, which a test holds.
    SCHEMA.get_or_init(|| Schema::parse(include_str!("schema.json")).unwrap_or_default())
}

impl Schema {
    /// The keys in the order of the documentation.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a key, whether it is spelled with hyphens or underscores.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        let key = normalised(key);
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Whether keys stand below this name.
    pub fn is_section(&self, name: &str) -> bool {
        self.sections.contains(&normalised(name))
    }

    /// Whether a dotted name is below one of Raskt's own sections.
    pub fn owns(&self, key: &str) -> bool {
        key.split_once('.').is_some_and(|(first, _)| self.is_section(first))
    }

    /// Old names of keys, each with the name to use.
    pub fn renamed(&self) -> &[(String, String)] {
        &self.renamed
    }

    /// All defaults as a nested mapping.
    pub fn defaults(&self) -> Map {
        let mut map = Map::default();
        for entry in &self.entries {
            map.set_path(&entry.key, entry.default.clone());
        }
        map
    }

    /// Read `schema.json`: JSON is YAML.
    fn parse(text: &str) -> Result<Schema, String> {
        let (document, _) = parse_yaml(text, YamlLimits::default()).map_err(|error| error.to_string())?;
        let mut schema = Schema::default();
        let Some(Value::List(keys)) = document.get("keys") else { return Err("no list of keys".to_owned()) };
        for key in keys {
            let fields = key.as_map().ok_or("a key is no mapping")?;
            schema.entries.push(entry(fields).ok_or_else(|| format!("malformed: {key}"))?);
        }
        for entry in &schema.entries {
            let dots = entry.key.match_indices('.');
            schema.sections.extend(dots.map(|(at, _)| entry.key[..at].to_owned()));
        }
        for (old, new) in document.get("renamed").and_then(Value::as_map).ok_or("no renamed keys")?.iter() {
            schema.renamed.push((old.to_owned(), new.as_str().ok_or("a new name is no text")?.to_owned()));
        }
        Ok(schema)
    }
}

fn entry(fields: &Map) -> Option<Entry> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Entry {
        key: text("key")?,
        kind: kind(&text("type")?, fields)?,
        nullable: fields.get("nullable") == Some(&Value::Bool(true)),
        objects: text("objects"),
        default: fields.get("default")?.clone(),
        unit: text("unit"),
        description: text("description")?,
        example: fields.get("example")?.clone(),
    })
}

fn kind(name: &str, fields: &Map) -> Option<Kind> {
    Some(match name {
        "bool" => Kind::Bool,
        "int" => match fields.get("min")? {
            Value::Int(min) => Kind::Int { min: *min },
            _ => return None,
        },
        "bytes" => Kind::Bytes,
        "memory" => Kind::Memory,
        "duration" => match fields.get("min")? {
            Value::Int(min) => Kind::Duration { min_seconds: *min as f64 },
            Value::Float(min) => Kind::Duration { min_seconds: *min },
            _ => return None,
        },
        "path" => Kind::Path,
        "choice" => Kind::Choice { choices: choices(fields.get("choices")?.as_map()?)? },
        "words" => match fields.get("words")? {
            Value::List(words) => Kind::Words {
                words: words.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>()?,
            },
            _ => return None,
        },
        "object" => Kind::Object,
        _ => return None,
    })
}

fn choices(names: &Map) -> Option<Vec<Choice>> {
    let choice = |(name, aliases): (&str, &Value)| match aliases {
        Value::List(aliases) => Some(Choice {
            name: name.to_owned(),
            aliases: aliases.iter().map(|alias| alias.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        }),
        _ => None,
    };
    names.iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_well_formed_and_its_defaults_and_examples_are_accepted() {
        let schema = Schema::parse(include_str!("schema.json")).unwrap();
        assert!(schema.entries.len() >= 20);
        for entry in &schema.entries {
            assert!(entry.setting(&entry.default).is_some(), "default of {}", entry.key);
            assert!(entry.setting(&entry.example).is_some(), "example of {}", entry.key);
            assert!(!schema.is_section(&entry.key), "{} is a key and a section", entry.key);
            assert_eq!(entry.key, normalised(&entry.key).to_lowercase());
            assert!(entry.description.ends_with('.'), "{}", entry.key);
        }
        let keys: HashSet<_> = schema.entries.iter().map(|entry| &entry.key).collect();
        assert_eq!(keys.len(), schema.entries.len(), "a key stands twice");
        for (old, new) in &schema.renamed {
            assert!(schema.entry(old).is_none() && schema.entry(new).is_some(), "{old}");
        }
    }

    #[test]
    fn sections_and_ownership_follow_from_the_keys() {
        assert!(schema().is_section("optimization.fuse") && schema().is_section("local"));
        assert!(!schema().is_section("scheduler") && !schema().is_section("mine"));
        assert!(
            schema().owns("local.anything.below") && !schema().owns("local") && !schema().owns("mine.local")
        );
    }

    #[test]
    fn a_malformed_schema_is_refused() {
        for text in ["", "keys: [1]", "keys: [{key: a}]", "keys: []", "keys: []\nrenamed: {a: 1}"] {
            assert!(Schema::parse(text).is_err(), "{text}");
        }
    }
}
