//! What a value means under its key: the typed form of what the schema accepts.

use std::time::Duration;

use raskt_core::Fit;

use crate::schema::{Choice, Entry, Kind};
use crate::units::{parse_bytes, parse_timedelta};
use crate::value::Value;

/// A value of a known key, read as the key's kind demands.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// Null, where the key accepts it.
    Null,
    /// A flag.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A size in bytes.
    Bytes(u64),
    /// A limit of memory.
    Memory(MemoryLimit),
    /// A duration.
    Duration(Duration),
    /// A path as it was written: `~` and variables are not expanded.
    Path(String),
    /// One of the key's words; an alias is replaced by what it stands for.
    Choice(String),
    /// Some of the key's words.
    Words(Vec<String>),
}

/// A limit of memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MemoryLimit {
    /// So many bytes.
    Bytes(u64),
    /// A fraction, above 0 and at most 1, of the memory granted.
    Fraction(f64),
    /// None.
    Unlimited,
}

impl MemoryLimit {
    /// The limit in bytes, of so many bytes granted; none if there is no limit.
    ///
    /// ```
    /// use raskt_config::MemoryLimit;
    ///
    /// assert_eq!(MemoryLimit::Fraction(0.5).bytes_of(1000), Some(500));
    /// assert_eq!(MemoryLimit::Unlimited.bytes_of(1000), None);
    /// ```
    pub fn bytes_of(self, granted_bytes: u64) -> Option<u64> {
        match self {
            MemoryLimit::Bytes(bytes) => Some(bytes),
            MemoryLimit::Fraction(fraction) => Some((granted_bytes as f64 * fraction).clamped::<u64>()),
            MemoryLimit::Unlimited => None,
        }
    }
}

impl Entry {
    /// The meaning of a value under this key, or nothing if it is not accepted; [`Entry::accepted`] says what is.
    ///
    /// ```
    /// use raskt_config::{MemoryLimit, Setting, Value, schema};
    ///
    /// let entry = schema().entry("local.memory-limit").ok_or("no such key")?;
    /// assert_eq!(entry.setting(&Value::from("70%")), Some(Setting::Memory(MemoryLimit::Fraction(0.7))));
    /// assert_eq!(entry.setting(&Value::from("12 potatoes")), None);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn setting(&self, value: &Value) -> Option<Setting> {
        if *value == Value::Null {
            return match (&self.kind, self.nullable) {
                (Kind::Memory, true) => Some(Setting::Memory(MemoryLimit::Unlimited)),
                (_, nullable) => nullable.then_some(Setting::Null),
            };
        }
        match &self.kind {
            Kind::Bool => match value {
                Value::Bool(flag) => Some(Setting::Bool(*flag)),
                Value::Int(number @ (0 | 1)) => Some(Setting::Bool(*number == 1)),
                _ => None,
            },
            Kind::Int { min } => match value {
                Value::Int(number) if number >= min && i64::try_from(*number).is_ok() => {
                    Some(Setting::Int(*number))
                }
                _ => None,
            },
            Kind::Bytes => size(value).map(Setting::Bytes),
            Kind::Memory => memory(value, self.nullable).map(Setting::Memory),
            Kind::Duration { min_seconds } => {
                duration(value).filter(|d| d.as_secs_f64() >= *min_seconds).map(Setting::Duration)
            }
            Kind::Path => {
                value.as_str().filter(|path| !path.is_empty()).map(|path| Setting::Path(path.to_owned()))
            }
            Kind::Choice { choices } => choice(value.as_str()?, choices).map(Setting::Choice),
            Kind::Words { words } => several(value, words).map(Setting::Words),
            Kind::Object => None,
        }
    }

    /// The forms that this key accepts, in words.
    pub fn accepted(&self) -> String {
        let mut forms = match &self.kind {
            Kind::Bool => vec!["true or false".to_owned()],
            Kind::Int { min } => vec![format!("a whole number of at least {min}")],
            Kind::Bytes => vec!["a size such as '64 KiB'".to_owned(), "a number of bytes".to_owned()],
            Kind::Memory => vec![
                "a size such as '1GiB'".to_owned(),
                "a number of bytes".to_owned(),
                "a fraction of the memory granted such as 0.7 or '70%'".to_owned(),
                "'none'".to_owned(),
            ],
            Kind::Duration { min_seconds } => {
                let least =
                    if *min_seconds > 0.0 { format!(", at least {min_seconds}") } else { String::new() };
                vec!["a duration such as '30s' or '5 min'".to_owned(), format!("a number of seconds{least}")]
            }
            Kind::Path => vec!["a path".to_owned()],
            Kind::Choice { choices } => choices.iter().map(in_words).collect(),
            Kind::Words { words } => {
                vec![format!("a list (or a text with commas) of '{}'", words.join("', '"))]
            }
            Kind::Object => Vec::new(),
        };
        if let Some(objects) = &self.objects {
            forms.push(format!("from Python {objects}"));
        }
        if self.nullable && self.kind != Kind::Memory {
            forms.push("null".to_owned());
        }
        match forms.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{}, or {last}", rest.join(", ")),
            _ => forms.concat(),
        }
    }
}

fn in_words(choice: &Choice) -> String {
    match choice.aliases.as_slice() {
        [] => format!("'{}'", choice.name),
        aliases => format!("'{}' (also '{}')", choice.name, aliases.join("', '")),
    }
}

fn choice(word: &str, choices: &[Choice]) -> Option<String> {
    let word = word.to_ascii_lowercase().replace('_', "-");
    let named = |choice: &&Choice| choice.name == word || choice.aliases.contains(&word);
    choices.iter().find(named).map(|choice| choice.name.clone())
}

fn several(value: &Value, words: &[String]) -> Option<Vec<String>> {
    let known = |word: &str| {
        let word = word.trim().to_ascii_lowercase().replace('_', "-");
        words.contains(&word).then_some(word)
    };
    match value {
        Value::Str(text) if text.trim().is_empty() => Some(Vec::new()),
        Value::Str(text) => text.split(',').map(known).collect(),
        Value::List(items) => items.iter().map(|item| known(item.as_str()?)).collect(),
        _ => None,
    }
}

fn size(value: &Value) -> Option<u64> {
    match value {
        Value::Int(bytes) => u64::try_from(*bytes).ok(),
        Value::Float(bytes) if (0.0..18_446_744_073_709_551_616.0).contains(bytes) => {
            Some((*bytes).clamped::<u64>())
        }
        Value::Str(text) => parse_bytes(text).ok(),
        _ => None,
    }
}

/// Numbers with a point up to 1 are fractions; whole numbers are bytes, so that 1 is one byte and 1.0 is all there is.
/// Zero is neither: who means "no limit" writes none.
fn memory(value: &Value, nullable: bool) -> Option<MemoryLimit> {
    match value {
        Value::Float(number) if *number <= 1.0 => fraction(*number),
        Value::Str(text) => {
            let text = text.trim();
            if nullable && text.eq_ignore_ascii_case("none") {
                return Some(MemoryLimit::Unlimited);
            }
            if let Some(percent) = text.strip_suffix('%') {
                return fraction(percent.trim().parse::<f64>().ok()? / 100.0);
            }
            match text.parse::<f64>() {
                Ok(number) if text.contains('.') && number <= 1.0 => fraction(number),
                _ => bytes(value),
            }
        }
        _ => bytes(value),
    }
}

fn bytes(value: &Value) -> Option<MemoryLimit> {
    size(value).filter(|bytes| *bytes > 0).map(MemoryLimit::Bytes)
}

fn fraction(number: f64) -> Option<MemoryLimit> {
    (number > 0.0 && number <= 1.0).then_some(MemoryLimit::Fraction(number))
}

fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Int(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        Value::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        Value::Str(text) => parse_timedelta(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::schema;

    fn setting(key: &str, value: Value) -> Option<Setting> {
        schema().entry(key).unwrap().setting(&value)
    }

    #[test]
    fn a_limit_of_memory_is_bytes_a_fraction_or_none() {
        use MemoryLimit::{Bytes, Fraction, Unlimited};
        let cases = [
            (Value::from("1GiB"), Some(Bytes(1 << 30))),
            (Value::Int(1), Some(Bytes(1))),
            (Value::Float(2e9), Some(Bytes(2_000_000_000))),
            (Value::from("2000000"), Some(Bytes(2_000_000))),
            (Value::Float(0.7), Some(Fraction(0.7))),
            (Value::Float(1.0), Some(Fraction(1.0))),
            (Value::from("0.7"), Some(Fraction(0.7))),
            (Value::from("70%"), Some(Fraction(0.7))),
            (Value::from(" 12.5 %"), Some(Fraction(0.125))),
            (Value::from("none"), Some(Unlimited)),
            (Value::from("None"), Some(Unlimited)),
            (Value::Null, Some(Unlimited)),
            (Value::Int(0), None),
            (Value::Int(-1), None),
            (Value::from("0"), None),
            (Value::Float(0.0), None),
            (Value::Float(f64::NAN), None),
            (Value::from("0%"), None),
            (Value::from("120%"), None),
            (Value::from("12 potatoes"), None),
            (Value::from(""), None),
            (Value::Bool(true), None),
            (Value::List(vec![]), None),
        ];
        for (value, expected) in cases {
            let found = setting("local.memory-limit", value.clone());
            assert_eq!(found, expected.map(Setting::Memory), "{value}");
        }
    }

    #[test]
    fn words_and_their_aliases_are_one_choice() {
        for word in ["sync", "synchronous", "single-threaded", "single_threaded", "SYNC"] {
            assert_eq!(
                setting("scheduler", Value::from(word)),
                Some(Setting::Choice("sync".into())),
                "{word}"
            );
        }
        assert_eq!(setting("scheduler", Value::Null), Some(Setting::Null));
        assert_eq!(setting("scheduler", Value::from("thread")), None);
        assert_eq!(setting("local.errors", Value::Null), None);
    }

    #[test]
    fn a_list_of_words_may_be_text_with_commas() {
        let words =
            |words: &[&str]| Some(Setting::Words(words.iter().map(|&word| word.to_owned()).collect()));
        let list = Value::List(vec![Value::from("identity"), Value::from("slice_source")]);
        let cases = [
            (list, words(&["identity", "slice-source"])),
            (Value::from("identity, FUSE"), words(&["identity", "fuse"])),
            (Value::List(vec![]), words(&[])),
            (Value::from(""), words(&[])),
            (Value::from("identity,"), None),
            (Value::List(vec![Value::Int(1)]), None),
            (Value::from("identities"), None),
            (Value::Bool(false), None),
        ];
        for (value, expected) in cases {
            assert_eq!(setting("array.optimizer.disabled", value.clone()), expected, "{value}");
        }
    }

    #[test]
    fn numbers_flags_durations_and_paths_are_bounded() {
        assert_eq!(setting("num-workers", Value::Int(2)), Some(Setting::Int(2)));
        for value in
            [Value::Int(0), Value::Int(1 << 70), Value::Bool(true), Value::from("2"), Value::Float(2.0)]
        {
            assert_eq!(setting("num-workers", value.clone()), None, "{value}");
        }
        assert_eq!(setting("local.spill", Value::Int(0)), Some(Setting::Bool(false)));
        assert_eq!(setting("local.spill", Value::from("yes")), None);
        let half = Some(Setting::Duration(Duration::from_millis(500)));
        assert_eq!(setting("diagnostics.progress-interval", Value::Float(0.5)), half);
        assert_eq!(setting("diagnostics.progress-interval", Value::Int(0)), None);
        assert_eq!(setting("diagnostics.progress-interval", Value::Float(f64::INFINITY)), None);
        assert_eq!(setting("processes.idle-timeout", Value::Int(0)), Some(Setting::Duration(Duration::ZERO)));
        assert_eq!(setting("local.spill-directory", Value::from("")), None);
        assert_eq!(setting("pool", Value::from("threads")), None);
    }

    #[test]
    fn accepted_forms_are_told_in_words() {
        let accepted = |key| schema().entry(key).unwrap().accepted();
        assert_eq!(accepted("local.errors"), "'first', or 'all'");
        assert_eq!(accepted("local.spill"), "true or false");
        assert_eq!(accepted("num-workers"), "a whole number of at least 1, or null");
        assert_eq!(
            accepted("processes.start-timeout"),
            "a duration such as '30s' or '5 min', or a number of seconds, at least 0.001"
        );
        assert_eq!(
            accepted("scheduler"),
            "'threads' (also 'threading'), 'processes' (also 'multiprocessing'), 'sync' (also 'synchronous', \
             'single-threaded'), 'ray', 'dask', from Python an executor of concurrent.futures, an engine of \
             raskt.engines or a function like raskt.get, or null"
        );
    }
}
