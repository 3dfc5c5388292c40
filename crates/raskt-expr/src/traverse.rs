//! Walking through expressions, which may be deep: without recursion.

use rustc_hash::FxHashSet;

use crate::expr::Expr;

/// Every expression that `roots` are made of, each once, operands before what uses them, in the order of roots and
/// operands.
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

/// [`post_order`] of the expressions for which `enter` says so; those below others are not looked at.
pub(crate) fn post_order_where(roots: &[Expr], enter: impl Fn(&Expr) -> bool) -> Vec<&Expr> {
    let mut seen = FxHashSet::default();
    let mut sorted = Vec::new();
    let mut path: Vec<(&Expr, usize)> = Vec::new();
    for root in roots {
        if enter(root) && seen.insert(root.token()) {
            path.push((root, 0));
        }
        while let Some((expr, next)) = path.last_mut() {
            match expr.operands().get(*next) {
                Some(operand) => {
                    *next += 1;
                    if enter(operand) && seen.insert(operand.token()) {
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
