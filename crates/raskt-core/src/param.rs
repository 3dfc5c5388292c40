//! Parameters of bodies: small trees of plain data with one canonical encoding.

use std::sync::Arc;

use crate::Value;

/// A parameter, or a tree of them.
///
/// Equality is typed: `Int(1)`, `Float(1.0)` and `Bool(true)` differ, and so do `0.0` and `-0.0`.
#[derive(Clone, Debug, Default)]
pub enum Param {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A sequence.
    List(Arc<[Param]>),
    /// Named parameters, in the order of their names.
    Map(Arc<[(Arc<str>, Param)]>),
    /// A value: an array constant, a foreign object.
    Value(Value),
}

impl Param {
    /// Named parameters, sorted by name.
    ///
    /// ```
    /// use raskt_core::Param;
    /// let p = Param::map([("b", Param::Int(2)), ("a", Param::Int(1))]);
    /// assert_eq!(p.get("b").and_then(Param::as_int), Some(2));
    /// ```
    #[must_use]
    pub fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Param)>) -> Self {
        let mut entries: Vec<(Arc<str>, Param)> =
            entries.into_iter().map(|(name, param)| (Arc::from(name), param)).collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self::Map(entries.into())
    }

    /// The entry `name` of a map.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Param> {
        match self {
            Self::Map(entries) => {
                entries.binary_search_by(|(key, _)| (**key).cmp(name)).ok().map(|at| &entries[at].1)
            }
            _ => None,
        }
    }

    /// The integer, if this is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number as a float, if this is an integer or a float.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Param]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}
