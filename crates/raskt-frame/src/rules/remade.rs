//! Expressions made anew from the sources up.

use raskt_core::Result;
use raskt_expr::{Context, Expr};
use rustc_hash::FxHashMap;

use crate::PandasType;
use crate::operations::COLLECTION;
use crate::rules::schema::schema;

/// What takes the places of `roots`, where `make` says what takes the place of each of `sorted`, operands before what uses them,
/// on such operands.
pub(super) fn remade(
    sorted: &[Expr],
    roots: &[Expr],
    context: &Context<'_>,
    make: impl Fn(&Expr, Vec<Expr>) -> Result<Expr>,
) -> Result<Vec<Expr>> {
    let mut made: FxHashMap<Expr, Expr> = FxHashMap::default();
    for expr in sorted {
        let operands = expr.operands().iter().map(|operand| made.get(operand).unwrap_or(operand).clone());
        let fresh = make(expr, operands.collect())?;
        if fresh != *expr {
            context.meta(&fresh)?;
            made.insert(expr.clone(), fresh);
        }
    }
    Ok(roots.iter().map(|root| made.get(root).unwrap_or(root).clone()).collect())
}

/// Whether `expr` is that operation of frames.
pub(super) fn is(expr: &Expr, operation: &str) -> bool {
    expr.collection().as_str() == COLLECTION && expr.operation().as_str() == operation
}

/// Whether a column or a level of the index is of categories: which there are depends on all rows.
pub(super) fn has_categories(expr: &Expr, context: &Context<'_>) -> Result<bool> {
    let is_category = |dtype: &PandasType| matches!(dtype, PandasType::Category { .. });
    Ok(schema(expr, context)?.is_some_and(|schema| {
        schema.columns.iter().chain(&*schema.index).any(|field| is_category(&field.dtype))
    }))
}
