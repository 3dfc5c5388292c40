//! What rules leave of expressions.

use std::sync::Arc;

use raskt_array::{Builder, NativeTokens, planner};
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_expr::{Expr, NoLibrary, post_order};

/// Chunks of one size along each axis: (length, size).
pub fn grid(sizes: &[(u64, u64)]) -> Chunks {
    Chunks::new(sizes.iter().map(|&(length, size)| AxisChunks::uniform(length, size).unwrap())).unwrap()
}

/// The operations that are left, operands first, and the rules that fired.
pub fn left(make: impl FnOnce(&Builder<'_>) -> Vec<Expr>) -> (String, String) {
    let planner = planner(Arc::new(NoLibrary)).unwrap();
    let roots = make(&Builder::new(planner.context(), &NativeTokens));
    let found = planner.simplify(&roots).unwrap();
    for (before, after) in roots.iter().zip(&found.roots) {
        let context = planner.context();
        assert_eq!(context.meta(before).unwrap(), context.meta(after).unwrap());
    }
    let names: Vec<&str> = post_order(&found.roots).iter().map(|expr| expr.operation().as_str()).collect();
    let rules: Vec<&str> = found.counts.iter().map(|(rule, _)| *rule).collect();
    (names.join(" "), rules.join(" "))
}

/// The same of one expression.
pub fn one(make: impl FnOnce(&Builder<'_>) -> Expr) -> (String, String) {
    left(|builder| vec![make(builder)])
}

/// What [`left`] finds.
pub fn pair(left: &str, rules: &str) -> (String, String) {
    (left.to_owned(), rules.to_owned())
}
