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
    /// Named parameters, sorted by name; of two with one name, the later.
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
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
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

impl PartialEq for Param {
    /// Typed and exact: floats by their bits, foreign objects by identity.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Value(a), Self::Value(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Param {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_typed() {
        assert_ne!(Param::Int(1), Param::Float(1.0));
        assert_ne!(Param::Float(0.0), Param::Float(-0.0));
        assert_eq!(Param::Float(f64::NAN), Param::Float(f64::NAN));
        assert_ne!(Param::Int(1), Param::Value(Value::Int(1)));
    }

    #[test]
    fn the_later_of_two_parameters_with_one_name_counts() {
        let map = Param::map([("a", Param::Int(1)), ("b", Param::Null), ("a", Param::Int(2))]);
        assert_eq!(map, Param::map([("b", Param::Null), ("a", Param::Int(2))]));
        assert_eq!(map.get("a"), Some(&Param::Int(2)));
    }
}
