//! Walking through expressions, which may be deep: without recursion.

use raskt_core::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::expr::Expr;

/// Every expression that `roots` are made of, operations and calls, each once, operands before what uses them, in the
/// order of roots and operands.
///
/// ```
/// use raskt_expr::{Draft, post_order};
/// let x = Draft::new("array", "x").finish()?;
/// let y = Draft { operands: vec![x.clone(), x.clone()], ..Draft::new("array", "y") }.finish()?;
/// assert_eq!(post_order(&[y.clone(), x.clone()]), [&x, &y]);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[must_use]
pub fn post_order(roots: &[Expr]) -> Vec<&Expr> {
    post_order_where(roots, |_| true)
}

/// [`post_order`] of the operations that are reached without going through a call: what can be planned together without
/// knowing what a call does.
#[must_use]
pub fn operations(roots: &[Expr]) -> Vec<&Expr> {
    post_order_where(roots, Expr::is_operation)
}

/// The calls that the operations `roots` need without another call between them, each once.
#[must_use]
pub fn calls_below(roots: &[Expr]) -> Vec<&Expr> {
    let mut seen = FxHashSet::default();
    let operands = operations(roots).into_iter().flat_map(Expr::operands);
    operands.filter(|operand| !operand.is_operation() && seen.insert(operand.address())).collect()
}

/// The operations `roots` with other expressions in the place of some that are reached without going through a call.
///
/// # Errors
/// As making the expressions above them anew.
pub fn replaced(roots: &[Expr], places: &FxHashMap<Expr, Expr>) -> Result<Vec<Expr>> {
    let mut made = places.clone();
    for expr in operations(roots) {
        if made.contains_key(expr) || !expr.operands().iter().any(|operand| made.contains_key(operand)) {
            continue;
        }
        let stand_in = |operand: &Expr| made.get(operand).unwrap_or(operand).clone();
        let fresh = expr.with_operands(expr.operands().iter().map(stand_in).collect())?;
        made.insert(expr.clone(), fresh);
    }
    Ok(roots.iter().map(|root| made.get(root).unwrap_or(root).clone()).collect())
}

/// [`post_order`] of the expressions for which `enter` says so; those below others are not looked at.
pub(crate) fn post_order_where(roots: &[Expr], enter: impl Fn(&Expr) -> bool) -> Vec<&Expr> {
    let mut seen = FxHashSet::default();
    let mut sorted = Vec::new();
    let mut path: Vec<(&Expr, usize)> = Vec::new();
    for root in roots {
        if enter(root) && seen.insert(root.address()) {
            path.push((root, 0));
        }
        while let Some((expr, next)) = path.last_mut() {
            match expr.operands().get(*next) {
                Some(operand) => {
                    *next += 1;
                    if enter(operand) && seen.insert(operand.address()) {
                        path.push((operand, 0));
                    }
                }
                None => {
                    sorted.push(*expr);
                    path.pop();
                }
            }
        }
    }
    sorted
}
