//! Who else needs what a slice is of, or a rechunk or a product: these are not moved into work that is done anyway.

use crate::operations::COLLECTION;
use raskt_core::{Result, Token};
use raskt_expr::{Context, Expr, Rewritten, Sharing, operations};
use rustc_hash::{FxHashMap, FxHashSet};

/// Slices move into what is needed for nothing but slices, which together take no more than there is.
pub(crate) struct ArraySharing;

impl Sharing for ArraySharing {
    fn shared(&self, roots: &[Expr], context: &Context<'_>) -> Result<FxHashSet<Token>> {
        shared(context, roots)
    }

    /// What two slices share may be found to be needed by nobody else only once both have moved.
    fn may_loosen(&self, before: &Rewritten) -> bool {
        before.counts.iter().any(|(rule, _)| rule.starts_with("slice-"))
            && operations(&before.roots).into_iter().any(is_slice)
    }
}

fn is_slice(expr: &Expr) -> bool {
    expr.operation().as_str() == "slice" && expr.collection().as_str() == COLLECTION
}

/// Who needs an expression.
#[derive(Default)]
struct Needs {
    n_users: u32,
    /// Whether somebody needs all of it.
    whole: bool,
    /// How many elements slices and rechunks take of it.
    n_taken: u64,
}

/// The expressions of which several need all, or of which slices and rechunks take something more often than once.
fn shared(context: &Context<'_>, roots: &[Expr]) -> Result<FxHashSet<Token>> {
    let sorted = operations(roots);
    let mut needs: FxHashMap<Token, Needs> = FxHashMap::default();
    for root in roots {
        let needs = needs.entry(root.token()).or_default();
        needs.n_users += 1;
        needs.whole = true;
    }
    for expr in &sorted {
        for (at, operand) in expr.operands().iter().enumerate() {
            if !operand.is_operation() || expr.operands()[..at].contains(operand) {
                continue;
            }
            let needs = needs.entry(operand.token()).or_default();
            needs.n_users += 1;
            let takes = matches!(expr.operation().as_str(), "slice" | "rechunk");
            let n_taken = if takes { context.meta(expr)?.n_elements() } else { None };
            match n_taken {
                Some(n) => needs.n_taken = needs.n_taken.saturating_add(n),
                None => needs.whole = true,
            }
        }
    }
    let mut shared = FxHashSet::default();
    for expr in sorted {
        let Some(needs) = needs.get(&expr.token()).filter(|needs| needs.n_users > 1) else { continue };
        let n = context.meta(expr)?.n_elements();
        if needs.whole || n.is_none_or(|n| needs.n_taken > n) {
            shared.insert(expr.token());
        }
    }
    Ok(shared)
}
