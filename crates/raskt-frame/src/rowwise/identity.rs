//! Which rows an expression has: operations that keep them are told by what they are made of.

use raskt_core::{Param, Result, Token};
use raskt_expr::Expr;

use super::bins::BINS;
use super::method::METHOD;
use super::select::{ASSIGN, COLUMN, COLUMNS, FILTER, RELABEL};
use crate::arguments::get;
use crate::calls::{CALL, CLEARS, KEEPS};
use crate::operations::COLLECTION;
use crate::windows::{FILL, RANK, ROLLING, RUNNING, SHIFT, WITHIN_GROUPS};

/// Operations that have a row of the result for each row.
const KEPT: [&str; 12] =
    [METHOD, COLUMN, COLUMNS, ASSIGN, RELABEL, BINS, FILL, RANK, ROLLING, RUNNING, SHIFT, WITHIN_GROUPS];

fn is(expr: &Expr, operations: &[&str]) -> bool {
    expr.collection().as_str() == COLLECTION && operations.contains(&expr.operation().as_str())
}

/// Whether `expr` is a function of partitions of which a parameter says so.
fn is_call(expr: &Expr, parameter: &str, value: bool) -> bool {
    is(expr, &[CALL]) && get(expr.parameters(), parameter) == &Param::Bool(value)
}

/// What stands for the rows of `expr`: expressions of equal tokens have the same rows under the same index, partition by
/// partition.
///
/// # Errors
/// None in practice.
pub fn rows_of(expr: &Expr) -> Result<Token> {
    let mut expr = expr;
    let mut filters = Vec::new();
    loop {
        match expr.operands() {
            [operand, ..] if is(expr, &KEPT) => expr = operand,
            [operand, ..] if is_call(expr, KEEPS, true) => expr = operand,
            [operand, mask] if is(expr, &[FILTER]) => {
                filters.push(mask.token());
                expr = operand;
            }
            _ => break,
        }
    }
    filters
        .into_iter()
        .rev()
        .try_fold(expr.token(), |rows, mask| Token::of(&(rows.to_string(), mask.to_string())))
}

/// What stands for the partitions of `expr`: in those of expressions with equal tokens are rows of the same partitions of one
/// source.
#[must_use]
pub fn cut(expr: &Expr) -> Token {
    let mut expr = expr;
    while let [operand, ..] = expr.operands()
        && (is(expr, &KEPT) || is(expr, &[FILTER]) || is_call(expr, CLEARS, false))
    {
        expr = operand;
    }
    expr.token()
}
