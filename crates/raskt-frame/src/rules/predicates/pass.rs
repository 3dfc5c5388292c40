//! The pass: which rows are needed is asked from the results down, and said to the readers.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Pass, operations};
use rustc_hash::FxHashMap;

use super::comparisons::filters;
use super::families::{Families, is_scalar};
use super::lifted::Lifted;
use super::rows::Rows;
use crate::PandasType;
use crate::operations::COLLECTION;
use crate::rowwise::FILTER;
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
        let mut made: FxHashMap<Expr, Expr> = FxHashMap::default();
        for expr in &sorted {
            let need = needs.get(expr).unwrap_or(&Rows::All);
            let operands: Vec<Expr> =
                expr.operands().iter().map(|operand| made.get(operand).unwrap_or(operand).clone()).collect();
            let fresh = match need {
                Rows::Some(any) if is(expr, READ_PARQUET) => filtered(expr, any, context)?,
                // Of what is filtered above, the number of rows is another one.
                Rows::Some(_) => expr.with_operands(operands)?,
                Rows::All => expr.with_equal_operands(operands)?,
            };
            if fresh != *expr {
                context.meta(&fresh)?;
                made.insert(expr.clone(), fresh);
            }
        }
        Ok(roots.iter().map(|root| made.get(root).unwrap_or(root).clone()).collect())
    }
}

fn is(expr: &Expr, operation: &str) -> bool {
    expr.collection().as_str() == COLLECTION && expr.operation().as_str() == operation
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
        if !families.is_by_rows(expr) {
            need = Rows::All;
        } else if is(expr, FILTER)
            && let Some(condition) = lifted.of(&expr.operands()[1])?
        {
            need = need.at(&condition);
        }
        for operand in expr.operands() {
            let need = if is_scalar(operand, context)? { Rows::All } else { need.clone() };
            match needs.get_mut(operand) {
                Some(known) => known.add(need),
                None => drop(needs.insert(operand.clone(), need)),
            }
        }
    }
    Ok(needs)
}

/// The reader `expr` without the row groups and pages in which no row is needed. Which categories a column has depends on
/// all of its rows.
fn filtered(expr: &Expr, any: &[Vec<Expr>], context: &Context<'_>) -> Result<Expr> {
    let Some(schema) = schema(expr, context)? else { return Ok(expr.clone()) };
    let is_category = |dtype: &PandasType| matches!(dtype, PandasType::Category { .. });
    if schema.columns.iter().chain(&*schema.index).any(|field| is_category(&field.dtype)) {
        return Ok(expr.clone());
    }
    match filters(any, expr, schema) {
        Some(filters) => with_filters(expr, &filters),
        None => Ok(expr.clone()),
    }
}
