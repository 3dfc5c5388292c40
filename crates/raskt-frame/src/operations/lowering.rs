//! Expressions into layers, by the table.

use raskt_core::{Key, Result};
use raskt_expr::{Context, Expr, Lower, Lowered, layer_name};
use raskt_graph::Graph;

use super::planner::{COLLECTION, row_of};
use super::row::{Job, is_native};

/// Looks the operation up and has it lowered.
pub(super) struct FrameLowering;

impl FrameLowering {
    /// Whether the partitions of `expr` are tables, and no objects of pandas.
    fn makes_tables(expr: &Expr, context: &Context<'_>) -> Result<bool> {
        if expr.collection().as_str() != COLLECTION {
            return Ok(false);
        }
        is_native(row_of(expr)?, expr, context)
    }
}

impl Lower for FrameLowering {
    fn lower(
        &self,
        expr: &Expr,
        operands: &[Lowered],
        context: &Context<'_>,
        graph: &mut Graph,
    ) -> Result<Lowered> {
        let row = row_of(expr)?;
        let makes_tables = |operand: &Expr| Self::makes_tables(operand, context);
        let layer =
            (row.lower)(&mut Job { expr, operands, context, graph, row, makes_tables: &makes_tables })?;
        let (name, grid) = (layer_name(expr), layer.grid().clone());
        graph.insert(name.clone(), layer)?;
        Ok(Lowered { name, grid })
    }

    fn block(&self, expr: &Expr, operands: &[Lowered]) -> Result<Option<Key>> {
        crate::results::partition_of(expr, operands)
    }
}
