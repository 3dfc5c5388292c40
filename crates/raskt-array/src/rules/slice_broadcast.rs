//! A slice of a stretched array is a stretched slice.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::{Sliced, same_blocks};
use crate::blockwise::broadcast_to;
use crate::builder::{Builder, NativeTokens, chunks};
use crate::parameters::{CHUNKS, chunks_param};
use crate::slicing::cut;

use super::slice_elementwise::cuts_of_operand;

/// `broadcast_to(x, shape)[index]`.
pub(super) struct SliceBroadcast;

impl Rule for SliceBroadcast {
    fn name(&self) -> &'static str {
        "slice-broadcast"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let is_stretched = |work: &Expr| work.operation().as_str() == "broadcast_to";
        let Some(slice) = Sliced::of(expr, context, is_stretched)?.filter(Sliced::is_part) else {
            return Ok(None);
        };
        let source = &slice.work.operands()[0];
        let (own, whole) = (chunks(context.meta(source)?)?.shape(), slice.chunks.shape());
        if whole.contains(&None) {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let taken = cut(&builder, source, &cuts_of_operand(&slice.cuts, &whole, &own))?;
        let wanted = chunks(context.meta(expr)?)?;
        let parameters = Param::map([(CHUNKS, chunks_param(&wanted))]);
        let made = broadcast_to(&builder, "broadcast_to", &[taken], &parameters)?;
        same_blocks(context, expr, made)
    }
}
