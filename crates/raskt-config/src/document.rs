//! The documentation of the configuration, made from the schema: `docs/configuration.md`, and the schema as data.

use crate::map::Map;
use crate::schema::{Entry, Kind, Schema, schema};
use crate::value::Value;
use crate::write::to_yaml;

/// The page on configuration: how it works, then every key.
pub fn markdown() -> String {
    let schema = schema();
    let mut page = String::from(include_str!("preamble.md"));
    page.push_str("\n## Keys\n\n| key | default |\n|---|---|\n");
    for entry in schema.entries() {
        page.push_str(&format!("| [`{}`](#{}) | `{}` |\n", entry.key, anchor(&entry.key), default(entry)));
    }
    for entry in schema.entries() {
        page.push_str(&section(entry));
    }
    page.push_str(&renamed(schema));
    page
}

/// The anchor of a heading: what Sphinx (through GitHub's rule) makes of the key.
fn anchor(key: &str) -> String {
    key.replace('.', "")
}

fn default(entry: &Entry) -> String {
    entry.default.as_str().map_or_else(|| entry.default.to_string(), str::to_owned)
}

fn section(entry: &Entry) -> String {
    let mut lines = vec![format!("takes {}", entry.accepted())];
    if let (Kind::Int { .. }, Some(unit)) = (&entry.kind, &entry.unit) {
        lines.push(format!("counts {unit}"));
    }
    lines.push(format!("default `{}`", default(entry)));
    let mut example = Map::default();
    if entry.kind != Kind::Object {
        lines.push(format!("environment variable `{}`", entry.variable()));
        example.set_path(&entry.key, entry.example.clone());
    }
    let mut text =
        format!("\n### `{}`\n\n{}\n\n", entry.key, entry.description.replace('$', "\\$").replace('~', "\\~"));
    text.extend(lines.iter().map(|line| format!("- {line}\n")));
    if !example.is_empty() {
        text.push_str(&format!("\n```yaml\n{}```\n", to_yaml(&example)));
    }
    text
}

fn renamed(schema: &Schema) -> String {
    let mut text =
        String::from("\n## Former names\n\nThese still work, with a warning.\n\n| name | use |\n|---|---|\n");
    for (old, new) in schema.renamed() {
        text.push_str(&format!("| `{old}` | [`{new}`](#{}) |\n", anchor(new)));
    }
    text
}

/// The schema as data: a list with one mapping a key.
pub fn schema_value() -> Value {
    Value::List(schema().entries().iter().map(|entry| Value::Map(entry_map(entry))).collect())
}

fn entry_map(entry: &Entry) -> Map {
    let mut map = Map::default();
    let text = |text: &str| Value::from(text);
    map.insert("key", text(&entry.key));
    map.insert("type", text(entry.kind.name()));
    map.insert("nullable", Value::Bool(entry.nullable));
    map.insert("default", entry.default.clone());
    match &entry.kind {
        Kind::Int { min } => map.insert("min", Value::Int(*min)),
        Kind::Duration { min_seconds } => map.insert("min", Value::Float(*min_seconds)),
        Kind::Choice { choices } => {
            map.insert("choices", Value::List(choices.iter().map(|choice| text(&choice.name)).collect()))
        }
        Kind::Words { words } => {
            map.insert("choices", Value::List(words.iter().map(|word| text(word)).collect()))
        }
        Kind::Bool | Kind::Bytes | Kind::Memory | Kind::Path | Kind::Object => None,
    };
    map.insert("unit", entry.unit.as_deref().map_or(Value::Null, text));
    map.insert("objects", entry.objects.as_deref().map_or(Value::Null, text));
    map.insert("accepted", text(&entry.accepted()));
    map.insert("variable", text(&entry.variable()));
    map.insert("description", text(&entry.description));
    map.insert("example", entry.example.clone());
    map
}
