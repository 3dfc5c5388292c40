//! From expressions to layers: simplify, fuse, lower.

use raskt_core::Result;
use raskt_expr::{Bounds, Expr, Plan, Planner, Way, explain};
use raskt_graph::explain::Explanation;

use crate::fusion::fuse;
use crate::operations::COLLECTION;
use crate::rechunk::excesses;
pub use crate::sharing::simplify;

/// Most tasks of a graph that is expanded for people to read.
const N_TASKS_MAX: u64 = 10_000;

/// The layers of `roots`, simplified and fused.
///
/// # Errors
/// What rules, operations and lowerings return.
pub fn plan(planner: &Planner, roots: &[Expr]) -> Result<Plan> {
    Ok(plan_within(planner, roots, Bounds::default())?.0)
}

/// The same for a computation that may take so much, and what it cannot keep to: a sentence for each excess.
///
/// # Errors
/// As [`plan`].
pub fn plan_within(planner: &Planner, roots: &[Expr], bounds: Bounds) -> Result<(Plan, Vec<String>)> {
    let simplified = simplify(planner, roots)?;
    let fused = fused(planner, &simplified.roots)?;
    Ok((planner.lower_within(&fused, bounds)?, excesses(&planner.context(), &fused, bounds)?))
}

/// The name of fusion, by which [`Planner::without`] leaves it out.
pub const FUSE: &str = "fuse";

/// What a planner can leave out: the names of all rules, and [`FUSE`].
#[must_use]
pub fn steps(planner: &Planner) -> Vec<&'static str> {
    planner.rule_names(COLLECTION).chain([FUSE]).collect()
}

/// Fusion is of native kernels: the library's functions are called one by one.
fn fused(planner: &Planner, roots: &[Expr]) -> Result<Vec<Expr>> {
    match planner.way {
        Way::Native | Way::Preferred if !planner.leaves_out(FUSE) => fuse(&planner.context(), roots),
        Way::Native | Way::Preferred | Way::Library => Ok(roots.to_vec()),
    }
}

/// What becomes of `roots`, as text: the expressions, the rules that fired, what is left, what is fused, the layers, and what the
/// tasks run (in graphs of up to 10,000).
///
/// # Errors
/// As [`plan`].
pub fn explain(planner: &Planner, roots: &[Expr]) -> Result<String> {
    explain_within(planner, roots, Bounds::default())
}

/// The same for a computation that may take so much.
///
/// # Errors
/// As [`plan`].
pub fn explain_within(planner: &Planner, roots: &[Expr], bounds: Bounds) -> Result<String> {
    let rewritten = simplify(planner, roots)?;
    let fused = fused(planner, &rewritten.roots)?;
    let mut text = Explanation::default();
    let mut section = |title: &str, body: &str| {
        text.note(title);
        let lines: Vec<String> = body.lines().map(|line| format!("  {line}")).collect();
        text.note(&lines.join("\n"));
    };
    section("expressions", &explain::expressions(roots));
    if !rewritten.counts.is_empty() {
        section("simplified by", &explain::rules(&rewritten));
        section("simplified", &explain::expressions(&rewritten.roots));
    }
    if fused != rewritten.roots {
        section("fused", &explain::expressions(&fused));
    }
    let mut plan = planner.lower_within(&fused, bounds)?;
    text.layers(&plan.graph, |name| plan.n_bytes.get(name).copied());
    if plan.graph.layers().iter().map(|(_, layer)| layer.n_tasks_max()).sum::<u64>() <= N_TASKS_MAX {
        for root in &plan.roots {
            plan.graph.request_all(root.name.clone())?;
        }
        text.tasks("expanded", &plan.graph.expand()?);
    }
    Ok(text.to_string())
}
