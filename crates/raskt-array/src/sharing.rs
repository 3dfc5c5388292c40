//! Who else needs what a slice is of, or a rechunk or a product: these are not moved into work that is done anyway.

use raskt_core::{Result, Token};
use raskt_expr::{Context, Expr, Planner, Rewritten, post_order};
use rustc_hash::{FxHashMap, FxHashSet};

/// What two slices share may be found to be needed by nobody else only once both have moved: most rounds of that.
const N_ROUNDS_MAX: usize = 8;

/// The roots, simplified. Slices move into what is needed for nothing but slices, which together take no more than
/// there is.
///
/// # Errors
/// What rules return.
pub fn simplify(planner: &Planner, roots: &[Expr]) -> Result<Rewritten> {
    let mut all = planner.simplify_sharing(roots, shared(&planner.context(), roots)?)?;
    for _ in 1..N_ROUNDS_MAX {
        if !all.counts.iter().any(|(rule, _)| rule.starts_with("slice-")) {
            break;
        }
        let shared = shared(&planner.context(), &all.roots)?;
        if !all.roots.iter().any(has_slice) {
            break;
        }
        let next = planner.simplify_sharing(&all.roots, shared)?;
        let is_done = next.roots == all.roots;
        add(&mut all, next);
        if is_done {
            break;
        }
    }
    Ok(all)
}

fn has_slice(root: &Expr) -> bool {
    post_order(std::slice::from_ref(root)).iter().any(|expr| is_slice(expr))
}

fn add(all: &mut Rewritten, next: Rewritten) {
    all.roots = next.roots;
    all.firings.extend(next.firings);
    for (rule, n) in next.counts {
        match all.counts.iter_mut().find(|(name, _)| *name == rule) {
            Some((_, count)) => *count += n,
            None => all.counts.push((rule, n)),
        }
    }
}

fn is_slice(expr: &Expr) -> bool {
    expr.operation().as_str() == "slice"
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
    let sorted = post_order(roots);
    let mut needs: FxHashMap<Token, Needs> = FxHashMap::default();
    for root in roots {
        let needs = needs.entry(root.token()).or_default();
        needs.n_users += 1;
        needs.whole = true;
    }
    for expr in &sorted {
        for (at, operand) in expr.operands().iter().enumerate() {
            if expr.operands()[..at].contains(operand) {
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
