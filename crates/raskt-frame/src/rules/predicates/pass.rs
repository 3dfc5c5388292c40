//! The pass: which rows are needed is asked from the results down, and said to the readers.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Pass, operations};
use rustc_hash::FxHashMap;

use super::comparisons::filters;
use super::lifted::Lifted;
use super::rows::Rows;
use crate::rows::CONCAT;
use crate::rowwise::FILTER;
use crate::rules::families::{Families, is_scalar};
use crate::rules::remade::{has_categories, is, remade};
use crate::rules::schema::schema;
use crate::source::{READ_PARQUET, with_filters};

/// The name of the pass, by which it is left out.
pub const PREDICATES: &str = "predicates";

/// Has readers of Parquet leave out row groups and pages of which statistics say that every user filters all of their rows out.
/// The filters stay: what is read has rows that pass none of them.
pub(in crate::rules) struct Predicates;

impl Pass for Predicates {
    fn name(&self) -> &'static str {
        PREDICATES
    }

    fn title(&self) -> &'static str {
        "with the rows that are used"
    }

    fn apply(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<Expr>> {
        let sorted: Vec<Expr> = operations(roots).into_iter().cloned().collect();
        let has = |operation: &str| sorted.iter().any(|expr| is(expr, operation));
        if !has(FILTER) || !has(READ_PARQUET) {
            return Ok(roots.to_vec());
        }
        let families = Families::of(&sorted, context)?;
        let needs = asked(&sorted, roots, &families, context)?;
        remade(&sorted, roots, context, |expr, operands| match needs.get(expr) {
            Some(Rows::Some(any)) if is(expr, READ_PARQUET) => filtered(expr, any, context),
            // Of what is filtered above, the number of rows is another one.
            Some(Rows::Some(_)) => expr.with_operands(operands),
            Some(Rows::All) | None => expr.with_equal_operands(operands),
        })
    }
}

/// Which rows of each expression are needed by all of its users.
fn asked(
    sorted: &[Expr],
    roots: &[Expr],
    families: &Families,
    context: &Context<'_>,
) -> Result<FxHashMap<Expr, Rows>> {
    let mut lifted = Lifted::new(families, context);
    let mut needs: FxHashMap<Expr, Rows> = roots.iter().map(|root| (root.clone(), Rows::All)).collect();
    for expr in sorted.iter().rev() {
        let mut need = needs.get(expr).cloned().unwrap_or(Rows::All);
        // Each of its rows is one of an operand.
        let is_concat = is(expr, CONCAT);
        if !is_concat && !families.is_by_rows(expr) {
            need = Rows::All;
        } else if is(expr, FILTER)
            && let Some(condition) = lifted.of(&expr.operands()[1])?
        {
            need = need.at(&condition);
        }
        for operand in expr.operands() {
            let need = match &need {
                _ if is_scalar(operand, context)? => Rows::All,
                Rows::Some(any) if is_concat => below(any, expr, operand, &mut lifted)?,
                need => need.clone(),
            };
            match needs.get_mut(operand) {
                Some(known) => known.add(need),
                None => drop(needs.insert(operand.clone(), need)),
            }
        }
    }
    Ok(needs)
}

/// The rows of an operand of `concat` that are needed where those of `any` are needed of all.
fn below(any: &[Vec<Expr>], concat: &Expr, operand: &Expr, lifted: &mut Lifted<'_>) -> Result<Rows> {
    let mut alternatives = Vec::with_capacity(any.len());
    for all in any {
        let mut known = Vec::with_capacity(all.len());
        for condition in all {
            known.extend(lifted.of_operand(condition, concat, operand)?);
        }
        if known.is_empty() {
            return Ok(Rows::All);
        }
        alternatives.push(known);
    }
    Ok(Rows::Some(alternatives))
}

/// The reader `expr` without the row groups and pages in which no row is needed.
fn filtered(expr: &Expr, any: &[Vec<Expr>], context: &Context<'_>) -> Result<Expr> {
    let known = schema(expr, context)?.and_then(|schema| filters(any, expr, schema));
    match known {
        Some(filters) if !has_categories(expr, context)? => with_filters(expr, &filters),
        _ => Ok(expr.clone()),
    }
}
