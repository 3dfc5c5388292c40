//! Expressions of bags as layers.

use std::sync::Arc;

use raskt_core::{ErrorKind, Key, Name, Param, Result};
use raskt_expr::{Context, Expr, Lower, Lowered, layer_name};
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Formula, Indexed, Layer, Neighbours, Operand, Raw, ReducedAxes, ReducedAxis,
    Returns, TreeReduce, TreeReduceParts,
};
use raskt_graph::{Graph, Keys, TableBuilder};

use super::build::{FUNCTIONS, INPUTS, IS_BAG, NAME, NUMBER, SPLIT_EVERY, n_partitions};
use super::table::{Functions, PARTITION, REDUCED, SOURCE, STEPS};

/// Sources are tables, since each of their tasks has something of its own; whatever is done to partitions has a pattern.
pub(super) struct BagLowering {
    pub(super) functions: Arc<dyn Functions>,
}

impl Lower for BagLowering {
    fn lower(
        &self,
        expr: &Expr,
        operands: &[Lowered],
        _: &Context<'_>,
        graph: &mut Graph,
    ) -> Result<Lowered> {
        let name = free_name(expr, graph);
        let layer = match (expr.operation().as_str(), operands) {
            (SOURCE, []) => self.source(expr, &name)?,
            (STEPS, [operand]) => self.steps(expr, operand)?,
            (REDUCED, [operand]) => self.reduced(expr, operand)?,
            _ => return Err(ErrorKind::UnknownBody(format!("{expr:?}")).into()),
        };
        let grid = layer.grid().clone();
        graph.insert(name.clone(), layer)?;
        Ok(Lowered { name, grid })
    }

    fn block(&self, expr: &Expr, operands: &[Lowered]) -> Result<Option<Key>> {
        let (PARTITION, [lowered]) = (expr.operation().as_str(), operands) else { return Ok(None) };
        let number = expr.parameters().get(NUMBER).and_then(Param::as_int);
        match number.and_then(|n| u32::try_from(n).ok()).filter(|&n| n < lowered.grid.n_blocks()) {
            Some(number) => Ok(Some(Key::block(lowered.name.clone(), &lowered.grid.block(number)))),
            None => Err(damaged(expr)),
        }
    }
}

impl BagLowering {
    fn source(&self, expr: &Expr, name: &Name) -> Result<Layer> {
        let inputs = expr.parameters().get(INPUTS).ok_or_else(|| damaged(expr))?;
        let bodies = self.functions.sources(functions(expr)?, inputs, expr.annotations())?;
        let mut table = TableBuilder::with_capacity(bodies.len(), 0);
        let rows = bodies.into_iter().map(|body| table.push_own(body, &[])).collect::<Result<Vec<_>>>()?;
        let table = table.finish(Keys::Indexed(name.clone()), rows)?;
        Ok(Raw::new(Arc::new(table), Vec::new())?.into())
    }

    fn steps(&self, expr: &Expr, operand: &Lowered) -> Result<Layer> {
        let parts = BlockwiseParts {
            counts: vec![(0, n_partitions(expr)?)],
            output: vec![0],
            operands: vec![Indexed::new(operand.name.clone(), &[0])],
            ..BlockwiseParts::of(self.functions.chain(functions(expr)?, expr.annotations())?)
        };
        Ok(Blockwise::new(parts)?.into())
    }

    fn reduced(&self, expr: &Expr, operand: &Lowered) -> Result<Layer> {
        let [combine, last] = functions(expr)? else { return Err(damaged(expr)) };
        let split_every = expr.parameters().get(SPLIT_EVERY).and_then(Param::as_int);
        let split_every = split_every.and_then(|n| u32::try_from(n).ok()).ok_or_else(|| damaged(expr))?;
        let is_bag = expr.parameters().get(IS_BAG) == Some(&Param::Bool(true));
        let parts = TreeReduceParts {
            operand: Operand::new(operand.name.clone()),
            grid: operand.grid.clone(),
            axes: vec![ReducedAxis { axis: 0, split_every }],
            kept: if is_bag { ReducedAxes::Kept } else { ReducedAxes::Dropped },
            chunk: None,
            parameters: Formula::default(),
            combine: self.functions.of_list(combine, expr.annotations())?,
            aggregate: self.functions.of_list(last, expr.annotations())?,
            neighbours: Neighbours::Spread,
            returns: Returns::One,
        };
        Ok(TreeReduce::new(parts)?.into())
    }
}

/// What the layer of `expr` is called: as the bag, unless one with other annotations is.
fn free_name(expr: &Expr, graph: &Graph) -> Name {
    let own = expr.parameters().get(NAME).and_then(Param::as_str).map(Name::new);
    own.filter(|name| graph.layer(name).is_none()).unwrap_or_else(|| layer_name(expr))
}

fn functions(expr: &Expr) -> Result<&[Param]> {
    match expr.parameters().get(FUNCTIONS) {
        Some(Param::List(functions)) => Ok(functions),
        _ => Err(damaged(expr)),
    }
}

fn damaged(expr: &Expr) -> raskt_core::Error {
    ErrorKind::InvalidGraph(format!("{expr:?} of {:?} is no operation of bags", expr.parameters())).into()
}
