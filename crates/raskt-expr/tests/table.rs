//! The table of expressions, in a process of its own: nobody else fills it.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use raskt_core::Param;
use raskt_expr::{Draft, Expr, interner};

fn make(i: i64) -> Expr {
    Draft { parameters: Param::Int(i), ..Draft::new("forget", "x") }.finish().unwrap()
}

#[test]
fn the_table_forgets_what_nobody_holds_without_being_asked() {
    let kept: Vec<Expr> = (0..1000).map(make).collect();
    for i in 0..200_000 {
        drop(make(i));
    }
    // Each of 64 parts holds at most twice what is alive in it, or 64.
    assert!(interner::n_entries() <= 64 * 64 + 2 * 1000, "{}", interner::n_entries());
    assert!(kept.iter().all(|expr| interner::find(expr.token()).as_ref() == Some(expr)));
    assert_eq!(interner::sweep(), 1000);
    drop(kept);
    assert_eq!(interner::sweep(), 0);
}
