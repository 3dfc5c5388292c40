//! Arguments of operations: operands by their numbers, and literals.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result};

/// What the parameter of an argument says that stands for an operand.
const OPERAND: &str = "operand";
/// What the parameter of an argument says that stands for a dictionary which only Python can read.
pub const DICT: &str = "dict";

/// An argument.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// The operand of that number.
    Operand(usize),
    /// A value.
    Literal(&'a Param),
}

impl<'a> Argument<'a> {
    /// What `param` says.
    #[must_use]
    pub fn of(param: &'a Param) -> Self {
        match param.get(OPERAND).and_then(Param::as_int).and_then(|at| usize::try_from(at).ok()) {
            Some(at) => Self::Operand(at),
            None => Self::Literal(param),
        }
    }

    /// The parameter that stands for the operand `at`.
    #[must_use]
    pub fn operand(at: usize) -> Param {
        Param::map([(OPERAND, Param::Int(i64::try_from(at).unwrap_or(i64::MAX)))])
    }
}

/// The list `name` of `parameters`; none where it is not there.
#[must_use]
pub fn list<'a>(parameters: &'a Param, name: &str) -> &'a [Param] {
    parameters.get(name).and_then(Param::as_list).unwrap_or(&[])
}

/// The text `name` of `parameters`.
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] where there is none.
pub fn text<'a>(parameters: &'a Param, name: &str) -> Result<&'a str> {
    let missing = || ErrorKind::InvalidGraph(format!("an operation without its {name}")).into();
    parameters.get(name).and_then(Param::as_str).ok_or_else(missing)
}

/// The parameter `name`, or null.
#[must_use]
pub fn get<'a>(parameters: &'a Param, name: &str) -> &'a Param {
    parameters.get(name).unwrap_or(&Param::Null)
}

/// `parameters` with other or further entries.
#[must_use]
pub fn with<'a>(parameters: &'a Param, entries: impl IntoIterator<Item = (&'a str, Param)>) -> Param {
    let own: &[(Arc<str>, Param)] = match parameters {
        Param::Map(own) => own,
        _ => &[],
    };
    let mut all: Vec<(&str, Param)> = own.iter().map(|(name, value)| (&**name, value.clone())).collect();
    all.extend(entries);
    Param::map(all)
}
