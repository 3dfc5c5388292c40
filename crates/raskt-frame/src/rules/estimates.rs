//! About how many rows expressions have. Nothing but the choice between ways to the same rows may follow from it.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr};
use rustc_hash::FxHashMap;

use super::families::Families;
use super::remade::is;
use crate::FrameMeta;
use crate::groupby::GROUPBY;
use crate::join::MERGE;
use crate::operations::COLLECTION;
use crate::rows::{CONCAT, HEAD};
use crate::rowwise::FILTER;

/// One row in so many is taken to pass a filter.
const N_FILTERED: f64 = 3.0;

/// About how many rows there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub n_rows: f64,
    /// How many there would be without any filter.
    pub n_unfiltered: f64,
}

/// The estimates of expressions; where nothing is known there is none.
pub(super) fn estimates(sorted: &[Expr], context: &Context<'_>) -> Result<FxHashMap<Expr, Estimate>> {
    let families = Families::of(sorted, context)?;
    let mut found: FxHashMap<Expr, Estimate> = FxHashMap::default();
    for expr in sorted.iter().filter(|expr| expr.collection().as_str() == COLLECTION) {
        let known: Option<u64> = FrameMeta::lengths(context.meta(expr)?).into_iter().sum();
        #[allow(clippy::cast_precision_loss, reason = "about so many")]
        let known = known.map(|n| n as f64).map(|n_rows| Estimate { n_rows, n_unfiltered: n_rows });
        let operands: Option<Vec<Estimate>> =
            expr.operands().iter().map(|operand| found.get(operand).copied()).collect();
        let Some(estimate) = known.or_else(|| operands.and_then(|of| estimate(expr, &of, &families))) else {
            continue;
        };
        found.insert(expr.clone(), estimate);
    }
    Ok(found)
}

fn estimate(expr: &Expr, operands: &[Estimate], families: &Families) -> Option<Estimate> {
    let first = *operands.first()?;
    if is(expr, FILTER) {
        return Some(Estimate { n_rows: first.n_rows / N_FILTERED, ..first });
    }
    if is(expr, MERGE) {
        return Some(merged(first, *operands.get(1)?));
    }
    if is(expr, CONCAT) {
        return operands.iter().copied().reduce(|one, other| Estimate {
            n_rows: one.n_rows + other.n_rows,
            n_unfiltered: one.n_unfiltered + other.n_unfiltered,
        });
    }
    if is(expr, HEAD) {
        let n = expr.parameters().get("n").and_then(Param::as_int).and_then(|n| u32::try_from(n).ok())?;
        return Some(Estimate { n_rows: first.n_rows.min(n.into()), ..first });
    }
    (is(expr, GROUPBY) || families.is_by_rows(expr)).then_some(first)
}

/// Each row of the side that has more is taken to have one match on the other, if that is not filtered out.
fn merged(left: Estimate, right: Estimate) -> Estimate {
    let (few, many) = if left.n_unfiltered <= right.n_unfiltered { (left, right) } else { (right, left) };
    let share = if few.n_unfiltered > 0.0 { few.n_rows / few.n_unfiltered } else { 1.0 };
    Estimate { n_rows: many.n_rows * share, n_unfiltered: many.n_unfiltered }
}
