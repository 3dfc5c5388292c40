//! The arguments of a method of pandas, by the names that its signature gives them.

use std::borrow::Cow;

use raskt_core::{ErrorKind, Param, Result};

use super::{Column, Type};

/// A call of a method on a column.
pub(super) struct Method<'a> {
    /// The name, without an accessor.
    pub name: &'a str,
    /// The column.
    pub on: Type<'a>,
    positional: &'a [Type<'a>],
    keywords: &'a [(std::sync::Arc<str>, Param)],
}

/// What a parameter of the signature is given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound<'a> {
    /// Nothing: the default.
    Default,
    /// The operand of that number; the column itself is 0.
    Operand(usize, Type<'a>),
    /// The value of a keyword.
    Keyword(&'a Param),
}

impl<'a> Method<'a> {
    /// `None` for keywords that are operands: kernels get them by position.
    pub fn new(name: &'a str, operands: &'a [Type<'a>], keywords: &'a Param) -> Option<Self> {
        let (on, positional) = operands.split_first()?;
        let keywords = match keywords {
            Param::Null => &[],
            Param::Map(entries) => &entries[..],
            _ => return None,
        };
        let is_operand = |(_, value): &(_, Param)| {
            matches!(crate::arguments::Argument::of(value), crate::arguments::Argument::Operand(_))
        };
        let method = Self { name, on: *on, positional, keywords };
        (!keywords.iter().any(is_operand)).then_some(method)
    }

    /// What each of `parameters` is given; `None` for too many arguments, and keywords that are not among them.
    pub fn bind<const N: usize>(&self, parameters: [&str; N]) -> Option<[Bound<'a>; N]> {
        let mut bound = [Bound::Default; N];
        for (at, argument) in self.positional.iter().enumerate() {
            *bound.get_mut(at)? = match argument {
                Type::Literal(value) => Bound::Keyword(value),
                operand => Bound::Operand(at + 1, *operand),
            };
        }
        for (keyword, value) in self.keywords {
            let at = parameters.iter().position(|parameter| *parameter == &**keyword)?;
            match &mut bound[at] {
                place @ Bound::Default => *place = Bound::Keyword(value),
                _ => return None,
            }
        }
        Some(bound)
    }
}

impl<'a> Bound<'a> {
    /// Its type; `None` for the default.
    pub fn kind(self) -> Option<Type<'a>> {
        match self {
            Self::Default => None,
            Self::Operand(_, kind) => Some(kind),
            Self::Keyword(value) => Some(Type::Literal(value)),
        }
    }

    /// The value of Python's that is given.
    pub fn literal(self) -> Option<&'a Param> {
        match self {
            Self::Keyword(value) => Some(value),
            Self::Default | Self::Operand(..) => None,
        }
    }

    /// Whether it is the default, or `value`, which means the same.
    pub fn is_default(self, value: &Param) -> bool {
        match self {
            Self::Default => true,
            Self::Keyword(given) => given == value,
            Self::Operand(..) => false,
        }
    }

    /// The text that is given, or `default`; `None` for anything else.
    pub fn text_or(self, default: &'a str) -> Option<&'a str> {
        match self {
            Self::Default => Some(default),
            Self::Keyword(value) => value.as_str(),
            Self::Operand(..) => None,
        }
    }

    /// Where a kernel finds it among its columns.
    pub fn given(self) -> Option<Given> {
        match self {
            Self::Default => None,
            Self::Operand(at, _) => Some(Given::Column(at)),
            Self::Keyword(value) => Some(Given::Literal(value.clone())),
        }
    }
}

/// An argument as a planned kernel keeps it.
pub(super) enum Given {
    /// The operand of that number.
    Column(usize),
    /// A value of Python's.
    Literal(Param),
}

impl Given {
    /// The argument among those of this run.
    pub fn of<'a>(&self, columns: &'a [Column]) -> Result<Cow<'a, Column>> {
        let missing = || ErrorKind::InvalidGraph("a kernel without its argument".to_owned()).into();
        match self {
            Self::Column(at) => columns.get(*at).map(Cow::Borrowed).ok_or_else(missing),
            Self::Literal(value) => Ok(Cow::Owned(Column::Literal(value.clone()))),
        }
    }
}

/// The values of the column that a kernel is run on.
pub(super) fn rows(columns: &[Column]) -> Result<&arrow::array::ArrayRef> {
    let missing =
        || raskt_core::Error::new(ErrorKind::InvalidGraph("a kernel without its column".to_owned()));
    columns.first().ok_or_else(missing)?.rows()
}
