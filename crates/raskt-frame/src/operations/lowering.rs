//! Expressions into layers, by the table.

use raskt_core::{ErrorKind, Result};
use raskt_expr::{Context, Expr, Lower, Lowered, layer_name};
use raskt_graph::Graph;
use rustc_hash::FxHashMap;

use super::planner::COLLECTION;
use super::row::{Job, Row, is_native};

/// Looks the operation up and has it lowered.
pub(super) struct FrameLowering {
    rows: FxHashMap<&'static str, Row>,
}

impl FrameLowering {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.name, row)).collect() }
    }

    fn row(&self, expr: &Expr) -> Result<&Row> {
        let unknown = || ErrorKind::UnknownBody(format!("{COLLECTION}.{}", expr.operation())).into();
        self.rows.get(expr.operation().as_str()).ok_or_else(unknown)
    }

    /// Whether the partitions of `expr` are tables, and no objects of pandas.
    fn makes_tables(&self, expr: &Expr, context: &Context<'_>) -> Result<bool> {
        if expr.collection().as_str() != COLLECTION {
            return Ok(false);
        }
        is_native(self.row(expr)?, expr, context)
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
        let row = self.row(expr)?;
        let makes_tables = |operand: &Expr| self.makes_tables(operand, context);
        let layer =
            (row.lower)(&mut Job { expr, operands, context, graph, row, makes_tables: &makes_tables })?;
        let (name, grid) = (layer_name(expr), layer.grid().clone());
        graph.insert(name.clone(), layer)?;
        Ok(Lowered { name, grid })
    }
}
