//! Rows behind the first ones that somebody wants are not read.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Pass, operations};
use rustc_hash::FxHashMap;

use super::families::{Families, is_scalar};
use super::remade::{has_categories, is, remade};
use crate::rows::HEAD;
use crate::rowwise::FILTER;
use crate::source::{READ_PARQUET, with_limit};

/// The name of the pass, by which it is left out.
pub const LIMIT: &str = "limit";

/// Has readers of Parquet read the first rows of each partition, where all users take but these.
pub(super) struct Limit;

/// How many of the first rows of each partition are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum First {
    Some(u64),
    All,
}

impl Pass for Limit {
    fn name(&self) -> &'static str {
        LIMIT
    }

    fn title(&self) -> &'static str {
        "with the first rows"
    }

    fn apply(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<Expr>> {
        let sorted: Vec<Expr> = operations(roots).into_iter().cloned().collect();
        let has = |operation: &str| sorted.iter().any(|expr| is(expr, operation));
        if !has(HEAD) || !has(READ_PARQUET) {
            return Ok(roots.to_vec());
        }
        let needs = asked(&sorted, roots, context)?;
        remade(&sorted, roots, context, |expr, operands| match needs.get(expr) {
            Some(First::Some(n)) if is(expr, READ_PARQUET) && !has_categories(expr, context)? => {
                with_limit(expr, *n)
            }
            Some(First::Some(_)) => expr.with_operands(operands),
            Some(First::All) | None => expr.with_equal_operands(operands),
        })
    }
}

fn asked(sorted: &[Expr], roots: &[Expr], context: &Context<'_>) -> Result<FxHashMap<Expr, First>> {
    let families = Families::of(sorted, context)?;
    let mut needs: FxHashMap<Expr, First> = roots.iter().map(|root| (root.clone(), First::All)).collect();
    for expr in sorted.iter().rev() {
        let n = expr.parameters().get("n").and_then(Param::as_int).and_then(|n| u64::try_from(n).ok());
        let need = match n {
            Some(n) if is(expr, HEAD) => First::Some(n),
            _ if families.is_by_rows(expr) && !is(expr, FILTER) => {
                needs.get(expr).copied().unwrap_or(First::All)
            }
            _ => First::All,
        };
        for operand in expr.operands() {
            let need = if is_scalar(operand, context)? { First::All } else { need };
            let known = needs.entry(operand.clone()).or_insert(need);
            *known = (*known).max(need);
        }
    }
    Ok(needs)
}
