//! What rules know of the columns of expressions.

use raskt_core::Result;
use raskt_expr::{Context, Expr};

use crate::operations::COLLECTION;
use crate::{FrameMeta, Schema};

/// What is known of the columns of an expression; `None` where it is no frame.
pub(super) fn schema<'e>(expr: &'e Expr, context: &Context<'_>) -> Result<Option<&'e Schema>> {
    if expr.collection().as_str() != COLLECTION {
        return Ok(None);
    }
    let meta = context.meta(expr)?;
    Ok(meta.own::<FrameMeta>().map(|own| &own.schema))
}
