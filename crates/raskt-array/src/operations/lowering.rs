//! Expressions into layers, by the table.

use raskt_core::{ErrorKind, Key, Result};
use raskt_expr::{Context, Expr, Lower, Lowered, layer_name};
use raskt_graph::Graph;
use rustc_hash::FxHashMap;

use super::row::{Job, LowerFn, Row};

/// Looks the operation up and has it lowered.
pub(super) struct ArrayLowering {
    rows: FxHashMap<&'static str, LowerFn>,
}

impl ArrayLowering {
    pub(super) fn new(rows: &[Row]) -> Self {
        Self { rows: rows.iter().map(|row| (row.name, row.lower)).collect() }
    }
}

impl Lower for ArrayLowering {
    fn lower(
        &self,
        expr: &Expr,
        operands: &[Lowered],
        context: &Context<'_>,
        graph: &mut Graph,
    ) -> Result<Lowered> {
        let lower = self.rows.get(expr.operation().as_str());
        let lower = lower.ok_or_else(|| ErrorKind::UnknownBody(expr.operation().to_string()))?;
        let layer = lower(&mut Job { expr, operands, context, graph })?;
        let (name, grid) = (layer_name(expr), layer.grid().clone());
        graph.insert(name.clone(), layer)?;
        Ok(Lowered { name, grid })
    }

    fn block(&self, expr: &Expr, operands: &[Lowered]) -> Result<Option<Key>> {
        crate::results::block_of(expr, operands)
    }

    fn excesses(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<String>> {
        crate::rechunk::excesses(context, roots)
    }
}
