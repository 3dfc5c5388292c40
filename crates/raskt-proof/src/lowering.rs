//! The collection's expressions as layers.

use raskt_core::chunk::Chunks;
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::{Context, Expr, Lower, Lowered, layer_name};
use raskt_graph::layer::{
    Along, Blockwise, BlockwiseParts, Contraction, Formula, Grid, Indexed, Layer, Neighbours, Operand,
    ReducedAxes, ReducedAxis, Returns, Source, TreeReduce, TreeReduceParts,
};
use raskt_graph::{Body, Graph};

use crate::arrays::{FILL, SHAPE};

/// How many partial sums are added at once.
const SPLIT_EVERY: u32 = 4;

/// Sources, block by block, and trees.
pub(crate) struct ProofLowering;

impl Lower for ProofLowering {
    fn lower(
        &self,
        expr: &Expr,
        operands: &[Lowered],
        context: &Context<'_>,
        graph: &mut Graph,
    ) -> Result<Lowered> {
        let counts = context.meta(expr)?.chunks().map(Chunks::grid).unwrap_or_default();
        let grid = Grid::new(&counts)?;
        let metas = context.operand_metas(expr)?;
        let body = |parameters: Param| context.operations.of(expr)?.body(context.way, &metas, parameters);
        let layer = match (expr.operation().as_str(), operands) {
            ("full", []) => full(expr, grid.clone(), body)?,
            ("add", [_, _]) => add(operands, &grid, body(Param::Null)?)?,
            ("taken", [operand]) => taken(operand)?,
            ("sum", [operand]) => sum(operand, body(Param::Null)?)?,
            _ => return Err(ErrorKind::UnknownBody(expr.operation().to_string()).into()),
        };
        let name = layer_name(expr);
        graph.insert(name.clone(), layer)?;
        Ok(Lowered { name, grid })
    }
}

fn full(expr: &Expr, grid: Grid, body: impl FnOnce(Param) -> Result<Body>) -> Result<Layer> {
    // What the function of NumPy is called with, too.
    let parameter = |name| expr.parameters().get(name).cloned().unwrap_or_default();
    let body = body(Param::map([(FILL, parameter(FILL)), (SHAPE, parameter(SHAPE))]))?;
    Ok(Source::new(body, grid, Formula::default(), Returns::One)?.into())
}

fn add(operands: &[Lowered], grid: &Grid, body: Body) -> Result<Layer> {
    // A sum has no axes, so that its only block goes with every other one.
    let indexed = |operand: &Lowered| {
        let letters: Vec<u16> = (0..operand.grid.n_axes().fit::<u16>()).collect();
        Indexed::new(operand.name.clone(), &letters)
    };
    let parts = BlockwiseParts {
        counts: (0..).zip(grid.counts().iter().copied()).collect(),
        output: (0..grid.n_axes().fit::<u16>()).collect(),
        operands: operands.iter().map(indexed).collect(),
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

/// The only block of the operand, as it is.
fn taken(operand: &Lowered) -> Result<Layer> {
    let indexed = Indexed {
        operand: Operand::new(operand.name.clone()),
        axes: vec![Along::Single; operand.grid.n_axes()],
        contraction: Contraction::Spread,
    };
    Ok(Blockwise::new(BlockwiseParts { operands: vec![indexed], ..BlockwiseParts::of(Body::Alias) })?.into())
}

fn sum(operand: &Lowered, body: Body) -> Result<Layer> {
    let axes = 0..operand.grid.n_axes().fit::<u8>();
    let parts = TreeReduceParts {
        operand: Operand::new(operand.name.clone()),
        grid: operand.grid.clone(),
        axes: axes.map(|axis| ReducedAxis { axis, split_every: SPLIT_EVERY }).collect(),
        kept: ReducedAxes::Dropped,
        chunk: Some(body.clone()),
        parameters: Formula::default(),
        combine: body.clone(),
        aggregate: body,
        neighbours: Neighbours::Gathered,
        returns: Returns::One,
    };
    Ok(TreeReduce::new(parts)?.into())
}
