//! Which kernel is taken for a function of pandas.

use raskt_core::Param;

use super::{Planned, Type, arithmetic, compare, logic, missing};

/// What the function `name` of pandas returns for `operands` of those types, the column that it is called on first; `None`
/// where only pandas knows.
#[must_use]
pub fn plan(name: &str, operands: &[Type<'_>], kwargs: &Param) -> Option<Planned> {
    let has_keywords = !matches!(kwargs, Param::Null) && *kwargs != Param::map([]);
    let bare = name.strip_prefix("__").and_then(|name| name.strip_suffix("__")).unwrap_or(name);
    match operands {
        _ if has_keywords => None,
        [operand] => missing::plan(bare, operand)
            .or_else(|| logic::plan_unary(bare, operand))
            .or_else(|| arithmetic::plan_unary(bare, operand)),
        [left, right] => arithmetic::plan(bare, left, right)
            .or_else(|| compare::plan(bare, left, right))
            .or_else(|| logic::plan(bare, left, right))
            .or_else(|| missing::plan_filled(bare, left, right)),
        _ => None,
    }
}
