//! Which kernel is taken for a function of pandas.

use raskt_core::Param;

use super::arguments::Method;
use super::{
    Planned, Type, arithmetic, cast, choose, compare, dates, logic, membership, missing, round, text,
};

/// What the function `name` of pandas returns for `operands` of those types, the column that it is called on first; `None`
/// where only pandas knows. Functions of accessors are called `dt.year` or `str.len`.
#[must_use]
pub fn plan(name: &str, operands: &[Type<'_>], kwargs: &Param) -> Option<Planned> {
    let bare = name.strip_prefix("__").and_then(|name| name.strip_suffix("__")).unwrap_or(name);
    if let Some((accessor, name)) = bare.split_once('.') {
        let method = Method::new(name, operands, kwargs)?;
        return match accessor {
            "dt" => dates::plan(&method),
            "str" => text::plan(&method),
            _ => None,
        };
    }
    plan_operator(bare, operands, kwargs).or_else(|| plan_method(&Method::new(bare, operands, kwargs)?))
}

fn plan_operator(name: &str, operands: &[Type<'_>], kwargs: &Param) -> Option<Planned> {
    let has_keywords = !matches!(kwargs, Param::Null) && *kwargs != Param::map([]);
    match operands {
        _ if has_keywords => None,
        [operand] => missing::plan(name, operand)
            .or_else(|| logic::plan_unary(name, operand))
            .or_else(|| arithmetic::plan_unary(name, operand)),
        [left, right] => arithmetic::plan(name, left, right)
            .or_else(|| compare::plan(name, left, right))
            .or_else(|| logic::plan(name, left, right)),
        _ => None,
    }
}

fn plan_method(method: &Method<'_>) -> Option<Planned> {
    match method.name {
        "astype" => cast::plan(method),
        "isin" => membership::plan_in(method),
        "between" => membership::plan_between(method),
        "where" | "mask" => choose::plan(method),
        "clip" => choose::plan_clip(method),
        "round" => round::plan(method),
        "fillna" => missing::plan_filled(method),
        _ => None,
    }
}
