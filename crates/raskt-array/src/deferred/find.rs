//! Deferred operations among expressions, and what takes their place.

use raskt_core::{Result, Token};
use raskt_expr::{Expr, post_order};
use rustc_hash::{FxHashMap, FxHashSet};

use super::table::DEFERRED;
use crate::operations::COLLECTION;

fn is_deferred(expr: &Expr) -> bool {
    expr.operation().as_str() == DEFERRED && expr.collection().as_str() == COLLECTION
}

/// The deferred operations in `roots` whose operands have none, in the order in which they were met.
#[must_use]
pub fn innermost(roots: &[Expr]) -> Vec<Expr> {
    let (mut found, mut tainted) = (Vec::new(), FxHashSet::default());
    for expr in post_order(roots) {
        let is_below = expr.operands().iter().any(|operand| tainted.contains(&operand.token()));
        if is_deferred(expr) && !is_below {
            found.push(expr.clone());
        }
        if is_below || is_deferred(expr) {
            tainted.insert(expr.token());
        }
    }
    found
}

/// `roots` with other expressions in the place of some.
///
/// # Errors
/// As making the expressions above them anew.
pub fn replaced(roots: &[Expr], places: &[(Expr, Expr)]) -> Result<Vec<Expr>> {
    let mut made: FxHashMap<Token, Expr> =
        places.iter().map(|(before, after)| (before.token(), after.clone())).collect();
    for expr in post_order(roots) {
        if made.contains_key(&expr.token()) || !expr.operands().iter().any(|o| made.contains_key(&o.token()))
        {
            continue;
        }
        let stand_in = |operand: &Expr| made.get(&operand.token()).unwrap_or(operand).clone();
        let fresh = expr.with_operands(expr.operands().iter().map(stand_in).collect())?;
        made.insert(expr.token(), fresh);
    }
    Ok(roots.iter().map(|root| made.get(&root.token()).unwrap_or(root).clone()).collect())
}
