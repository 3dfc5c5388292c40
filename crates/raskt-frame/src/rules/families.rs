//! Which expressions have rows of one source: those that are made of it row by row.

use raskt_core::{DType, Param, Result};
use raskt_expr::{Context, Expr};
use rustc_hash::FxHashMap;

use crate::arguments::get;
use crate::operations::{COLLECTION, row_of};
use crate::rowwise::{ASSIGN, COLUMN, COLUMNS, FILTER, METHOD, RELABEL};
use crate::rules::schema::schema;
use crate::{Kind, PandasType, Schema};

/// The sources of expressions.
pub(in crate::rules) struct Families {
    sources: FxHashMap<Expr, Expr>,
}

impl Families {
    /// Finds the source of each of `sorted`, operands before what uses them: the expression itself, where it is more than work
    /// row by row on operands of one source.
    pub fn of(sorted: &[Expr], context: &Context<'_>) -> Result<Self> {
        let mut families = Self { sources: FxHashMap::default() };
        for expr in sorted {
            let source = match families.source_below(expr, context)? {
                Some(source) => source.clone(),
                None => expr.clone(),
            };
            families.sources.insert(expr.clone(), source);
        }
        Ok(families)
    }

    /// Whose rows the expression has, perhaps fewer of them.
    pub fn source<'a>(&'a self, expr: &'a Expr) -> &'a Expr {
        self.sources.get(expr).unwrap_or(expr)
    }

    /// Whether the expression is work row by row on operands of one source.
    pub fn is_by_rows(&self, expr: &Expr) -> bool {
        self.source(expr) != expr
    }

    fn source_below(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<&Expr>> {
        if expr.collection().as_str() != COLLECTION || !is_by_rows(expr, context)? {
            return Ok(None);
        }
        let Some(source) = expr.operands().first().and_then(|first| self.sources.get(first)) else {
            return Ok(None);
        };
        for other in &expr.operands()[1..] {
            if !is_scalar(other, context)? && self.sources.get(other) != Some(source) {
                return Ok(None);
            }
        }
        Ok(Some(source))
    }
}

/// Whether an expression is one value for all rows.
pub(in crate::rules) fn is_scalar(expr: &Expr, context: &Context<'_>) -> Result<bool> {
    Ok(schema(expr, context)?.is_none_or(|schema| schema.kind == Kind::Scalar))
}

/// Whether each row of the result follows from the same row of the operands alone, dtypes included.
fn is_by_rows(expr: &Expr, context: &Context<'_>) -> Result<bool> {
    if get(expr.parameters(), "aligned") == &Param::Bool(false) {
        return Ok(false);
    }
    match expr.operation().as_str() {
        COLUMN | COLUMNS | RELABEL | FILTER | ASSIGN => Ok(true),
        METHOD => {
            let operands = context.operand_metas(expr)?;
            Ok((row_of(expr)?.accepts)(&operands, expr.parameters()) && !is_by_values(expr, context)?)
        }
        _ => Ok(false),
    }
}

/// Whether the dtypes or categories that come out depend on which values are there: whole numbers are floats where some are
/// missing.
fn is_by_values(expr: &Expr, context: &Context<'_>) -> Result<bool> {
    let Some(result) = schema(expr, context)? else { return Ok(true) };
    let mut can_miss = false;
    for operand in expr.operands() {
        let has = |schema: &Schema| schema.columns.iter().any(|field| field.dtype.can_miss());
        can_miss |= schema(operand, context)?.is_none_or(has);
    }
    let is_one = |dtype: &PandasType| match dtype {
        PandasType::Category { .. } => true,
        PandasType::Plain(DType::Bool) => false,
        dtype => can_miss && !dtype.can_miss(),
    };
    Ok(result.columns.iter().any(|field| is_one(&field.dtype)))
}
