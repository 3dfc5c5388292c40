//! A slice without elements needs nothing.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Rule};

use crate::builder::{Builder, NativeTokens, chunks};
use crate::creation::full;

/// `x[3:3]`.
pub(super) struct SliceNothing;

impl Rule for SliceNothing {
    fn name(&self) -> &'static str {
        "slice-nothing"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if expr.operation().as_str() != "slice" || *expr.annotations() != Param::Null {
            return Ok(None);
        }
        let meta = context.meta(expr)?;
        let is_native = meta.dtype().item_bytes().is_some();
        if meta.n_elements() != Some(0) || !is_native || expr.operands()[0].operation().as_str() == "full" {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        Ok(Some(full(&builder, Param::Int(0), meta.dtype(), &chunks(meta)?)?))
    }
}
