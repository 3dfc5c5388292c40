//! A value of the configuration: what YAML, a Python literal and JSON have in common.

use std::fmt;

use crate::map::Map;
use crate::write::to_json;

/// A configuration value, before anything is known of the key that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null` in YAML, `None` in Python.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Str(String),
    /// A sequence; tuples of Python literals become lists too.
    List(Vec<Value>),
    /// A mapping with string keys.
    Map(Map),
}

impl Value {
    /// The mapping, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::List(_) => None,
        }
    }

    /// The mapping, if it is one, to be changed.
    pub(crate) fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Value::Map(map) => Some(map),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::List(_) => None,
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Map(_) => None,
        }
    }

    /// How many values it holds, itself included.
    pub(crate) fn n_nodes(&self) -> usize {
        match self {
            Value::List(items) => 1 + items.iter().map(Value::n_nodes).sum::<usize>(),
            Value::Map(map) => 1 + map.iter().map(|(_, value)| value.n_nodes()).sum::<usize>(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => 1,
        }
    }

    /// How deep it is nested; a scalar is 0 deep.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Value::List(items) => 1 + items.iter().map(Value::depth).max().unwrap_or(0),
            Value::Map(map) => 1 + map.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => 0,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Str(text.to_owned())
    }
}

/// As a message shows it: text in single quotes, everything else as JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Str(text) => write!(f, "'{text}'"),
            other => f.write_str(&to_json(other)),
        }
    }
}
