//! Deferred operations among expressions.

use raskt_expr::{Expr, operations};
use rustc_hash::FxHashSet;

use super::table::DEFERRED;
use crate::operations::COLLECTION;

/// Whether `expr` is an operation that waits for sizes.
#[must_use]
pub fn is_deferred(expr: &Expr) -> bool {
    expr.operation().as_str() == DEFERRED && expr.collection().as_str() == COLLECTION
}

/// The deferred operations in `roots`, this side of all calls, whose operands have none, in the order in which they were met.
#[must_use]
pub fn innermost(roots: &[Expr]) -> Vec<Expr> {
    let (mut found, mut tainted) = (Vec::new(), FxHashSet::default());
    for expr in operations(roots) {
        let is_below = expr.operands().iter().any(|operand| tainted.contains(operand));
        if is_deferred(expr) && !is_below {
            found.push(expr.clone());
        }
        if is_below || is_deferred(expr) {
            tainted.insert(expr);
        }
    }
    found
}
