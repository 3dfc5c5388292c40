//! Writing values as YAML and as JSON, so that reading gives the same values back.

use std::fmt::Write;

use crate::map::Map;
use crate::scalar::resolve;
use crate::value::Value;

/// A mapping as YAML in block form. Reading it with [`parse_yaml`](crate::parse_yaml) gives an equal mapping.
///
/// ```
/// use raskt_config::{Map, Value, to_yaml};
///
/// let mut map = Map::default();
/// map.set_path("local.errors", Value::from("all"));
/// assert_eq!(to_yaml(&map), "local:\n  errors: all\n");
/// ```
pub fn to_yaml(map: &Map) -> String {
    let mut text = String::new();
    yaml_map(map, 0, &mut text);
    text
}

fn yaml_map(map: &Map, indent: usize, text: &mut String) {
    for (name, value) in map.iter() {
        text.push_str(&"  ".repeat(indent));
        text.push_str(&yaml_word(name));
        text.push(':');
        match value {
            Value::Map(inner) if !inner.is_empty() => {
                text.push('\n');
                yaml_map(inner, indent + 1, text);
            }
            value => {
                text.push(' ');
                yaml_flow(value, text);
                text.push('\n');
            }
        }
    }
}

fn yaml_flow(value: &Value, text: &mut String) {
    match value {
        Value::Float(number) if number.is_nan() => text.push_str(".nan"),
        Value::Float(number) if number.is_infinite() => {
            text.push_str(if *number > 0.0 { ".inf" } else { "-.inf" });
        }
        Value::Str(word) => text.push_str(&yaml_word(word)),
        Value::List(items) => {
            sequence(text, ['[', ']'], items.iter(), yaml_flow);
        }
        Value::Map(map) => sequence(text, ['{', '}'], map.iter(), |(name, value), text| {
            text.push_str(&yaml_word(name));
            text.push_str(": ");
            yaml_flow(value, text);
        }),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => text.push_str(&to_json(value)),
    }
}

/// A value as YAML on one line.
pub(crate) fn yaml_value(value: &Value) -> String {
    let mut text = String::new();
    yaml_flow(value, &mut text);
    text
}

/// A text as a plain scalar where that reads back as the same text, quoted otherwise.
fn yaml_word(word: &str) -> String {
    let harmless =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '%' | '+' | ' ');
    let plain = word.chars().all(harmless)
        && word.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_'))
        // A dash behind a space would begin an entry.
        && !word.ends_with(' ')
        && !word.contains(" -")
        && resolve(word) == Value::from(word);
    if plain { word.to_owned() } else { json_text(word) }
}

/// A value as JSON on one line. Numbers that JSON does not have (not-a-number, infinities) are `null`.
///
/// ```
/// use raskt_config::{Value, to_json};
///
/// assert_eq!(to_json(&Value::List(vec![Value::Int(1), Value::from("a\"b")])), r#"[1, "a\"b"]"#);
/// ```
pub fn to_json(value: &Value) -> String {
    let mut text = String::new();
    json(value, &mut text);
    text
}

fn json(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Float(number) if number.is_finite() => text.push_str(&format!("{number:?}")),
        Value::Float(_) => text.push_str("null"),
        Value::Str(word) => text.push_str(&json_text(word)),
        Value::List(items) => sequence(text, ['[', ']'], items.iter(), json),
        Value::Map(map) => sequence(text, ['{', '}'], map.iter(), |(name, value), text| {
            text.push_str(&json_text(name));
            text.push_str(": ");
            json(value, text);
        }),
    }
}

/// A value as JSON, with a line for each thing that a list or a mapping holds.
///
/// ```
/// use raskt_config::{Map, Value, to_json_lines};
///
/// let mut map = Map::default();
/// map.set_path("local.errors", Value::from("all"));
/// assert_eq!(to_json_lines(&Value::Map(map)), "{\n  \"local\": {\n    \"errors\": \"all\"\n  }\n}\n");
/// ```
pub fn to_json_lines(value: &Value) -> String {
    let mut text = String::new();
    json_lines(value, 0, &mut text);
    text.push('\n');
    text
}

fn json_lines(value: &Value, indent: usize, text: &mut String) {
    let line = |position: usize, text: &mut String| {
        text.push_str(if position == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(indent + 1));
    };
    match value {
        Value::List(items) if items.iter().any(|item| matches!(item, Value::List(_) | Value::Map(_))) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                line(position, text);
                json_lines(item, indent + 1, text);
            }
        }
        Value::Map(map) if !map.is_empty() => {
            text.push('{');
            for (position, (name, item)) in map.iter().enumerate() {
                line(position, text);
                text.push_str(&json_text(name));
                text.push_str(": ");
                json_lines(item, indent + 1, text);
            }
        }
        flat => return json(flat, text),
    }
    text.push('\n');
    text.push_str(&"  ".repeat(indent));
    text.push(if value.as_map().is_some() { '}' } else { ']' });
}

fn sequence<T>(
    text: &mut String,
    [open, close]: [char; 2],
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(T, &mut String),
) {
    text.push(open);
    for (position, item) in items.enumerate() {
        if position > 0 {
            text.push_str(", ");
        }
        write(item, text);
    }
    text.push(close);
}

fn json_text(word: &str) -> String {
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            // Beyond control characters: what YAML takes for a line break or a byte-order mark is escaped too.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{:04x}", c as u32);
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yaml::{YamlLimits, parse_yaml};

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|n| Value::Int(n.into())),
            any::<f64>().prop_filter("nan is unequal to itself", |x| !x.is_nan()).prop_map(Value::Float),
            "\\PC{0,12}".prop_map(Value::Str),
            "[-~ #:\\[\\]{}'\"&*!|>%@0-9a-e.\n\t\\\\]{0,8}".prop_map(Value::Str),
            Just(Value::from("true")),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map("[a-z0-9 #:~-]{0,6}", inner, 0..4).prop_map(|pairs| {
                    let mut map = Map::default();
                    for (name, value) in pairs {
                        map.insert(&name, value);
                    }
                    Value::Map(map)
                }),
            ]
        })
    }

    #[test]
    fn a_dash_behind_a_space_is_quoted_in_a_list() {
        let mut map = Map::default();
        map.insert("key", Value::List(vec![Value::from("0 -"), Value::from("a-b")]));
        assert_eq!(to_yaml(&map), "key: [\"0 -\", a-b]\n");
    }

    proptest! {
        #[test]
        fn what_is_written_as_yaml_is_read_back(value in values()) {
            let mut map = Map::default();
            map.insert("key", value);
            let text = to_yaml(&map);
            prop_assert_eq!(parse_yaml(&text, YamlLimits::default()).map(|read| read.0), Ok(map), "{}", text);
        }

        #[test]
        fn json_is_yaml(value in values()) {
            let finite = !to_json(&value).contains("null");
            prop_assume!(finite);
            let text = format!("{{\"key\": {}}}", to_json(&value));
            let read = parse_yaml(&text, YamlLimits::default()).map(|read| read.0);
            prop_assert_eq!(read.ok().and_then(|map| map.get("key").cloned()), Some(value.clone()), "{}", text);
            let text = format!("{{\"key\": {}}}", to_json_lines(&value));
            let read = parse_yaml(&text, YamlLimits::default()).map(|read| read.0);
            prop_assert_eq!(read.ok().and_then(|map| map.get("key").cloned()), Some(value), "{}", text);
        }
    }
}
