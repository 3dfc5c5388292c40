//! Names of columns and index levels. pandas allows any hashable object; these are the ones that need no Python.

use std::fmt;
use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result};

/// The name of a column or of an index level. Equality is typed: `1`, `1.0`, `True` and `"1"` are four names.
///
/// ```
/// use raskt_frame::Label;
/// let label = Label::from("x");
/// assert_eq!(Label::try_from(&label.to_param())?, label);
/// assert_eq!(label.to_string(), "'x'");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// No name.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float, by its bits.
    Float(u64),
    /// Text.
    Str(Arc<str>),
    /// One name a level: the label of a column under several levels.
    Tuple(Arc<[Label]>),
}

/// What marks a tuple among parameters, where lists are lists of labels.
const TUPLE: &str = "tuple";

impl Label {
    /// The label as a parameter of an operation.
    #[must_use]
    pub fn to_param(&self) -> Param {
        match self {
            Self::None => Param::Null,
            Self::Bool(value) => Param::Bool(*value),
            Self::Int(value) => Param::Int(*value),
            Self::Float(bits) => Param::Float(f64::from_bits(*bits)),
            Self::Str(text) => Param::Str(Arc::clone(text)),
            Self::Tuple(items) => {
                Param::map([(TUPLE, Param::List(items.iter().map(Self::to_param).collect()))])
            }
        }
    }

    /// The text, where the label is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<i64> for Label {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl TryFrom<&Param> for Label {
    type Error = raskt_core::Error;

    /// # Errors
    /// [`ErrorKind::WrongType`] for parameters that are no label.
    fn try_from(param: &Param) -> Result<Self> {
        Ok(match param {
            Param::Null => Self::None,
            Param::Bool(value) => Self::Bool(*value),
            Param::Int(value) => Self::Int(*value),
            Param::Float(value) => Self::Float(value.to_bits()),
            Param::Str(text) => Self::Str(Arc::clone(text)),
            other => match other.get(TUPLE).and_then(Param::as_list) {
                Some(items) => Self::Tuple(items.iter().map(Self::try_from).collect::<Result<_>>()?),
                None => {
                    let found = format!("{other:?}");
                    return Err(ErrorKind::WrongType { expected: "the name of a column", found }.into());
                }
            },
        })
    }
}

impl fmt::Display for Label {
    /// As Python writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(bits) => write!(f, "{:?}", f64::from_bits(*bits)),
            Self::Str(text) => write!(f, "'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            Self::Tuple(items) => {
                f.write_str("(")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(if items.len() == 1 { ",)" } else { ")" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_back_from_parameters_with_their_types() {
        let labels = [
            Label::None,
            Label::Bool(true),
            Label::Int(1),
            Label::Float(1.0_f64.to_bits()),
            Label::from("1"),
            Label::Tuple([Label::from("a"), Label::Int(2)].into()),
        ];
        for label in &labels {
            assert_eq!(Label::try_from(&label.to_param()).unwrap(), *label);
            assert_eq!(labels.iter().filter(|other| *other == label).count(), 1);
        }
        assert!(Label::try_from(&Param::List([Param::Int(1)].into())).is_err());
    }

    #[test]
    fn labels_are_written_as_python_writes_them() {
        assert_eq!(Label::from("it's").to_string(), r"'it\'s'");
        assert_eq!(Label::Tuple([Label::Int(1)].into()).to_string(), "(1,)");
        assert_eq!(Label::Tuple([Label::Int(1), Label::from("b")].into()).to_string(), "(1, 'b')");
        assert_eq!(Label::Float(1.0_f64.to_bits()).to_string(), "1.0");
    }
}
