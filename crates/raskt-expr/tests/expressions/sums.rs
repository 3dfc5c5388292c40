//! A small collection for tests: arrays of one axis that can be filled, added, negated and summed.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Param, Result};
use raskt_expr::operation::NativeKernel;
use raskt_expr::{
    Arity, Context, Draft, Expr, Library, Lower, Lowered, Meta, MetaRule, Operation, Operations, Planner,
    Rule, layer_name,
};
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Formula, Grid, Indexed, Neighbours, Operand, ReducedAxes, ReducedAxis,
    Returns, Source, TreeReduce, TreeReduceParts,
};
use raskt_graph::{Body, Graph};

pub const SUMS: &str = "sums";

fn draft(operation: &str, operands: &[&Expr]) -> Draft {
    Draft {
        operands: operands.iter().map(|&operand| operand.clone()).collect(),
        ..Draft::new(SUMS, operation)
    }
}

pub fn full(fill: f64, length: u64, chunk: u64) -> Expr {
    let parameters = Param::map([
        ("fill", Param::Float(fill)),
        ("length", Param::Int(length as i64)),
        ("chunk", Param::Int(chunk as i64)),
    ]);
    Draft { parameters, ..draft("full", &[]) }.finish().unwrap()
}

pub fn add(a: &Expr, b: &Expr) -> Expr {
    draft("add", &[a, b]).finish().unwrap()
}

pub fn neg(x: &Expr) -> Expr {
    draft("neg", &[x]).finish().unwrap()
}

pub fn cbrt(x: &Expr) -> Expr {
    draft("cbrt", &[x]).finish().unwrap()
}

pub fn sum(x: &Expr) -> Expr {
    draft("sum", &[x]).finish().unwrap()
}

fn full_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    let int = |name| parameters.get(name).and_then(Param::as_int).unwrap_or(0) as u64;
    let chunks = Chunks::new([AxisChunks::uniform(int("length"), int("chunk"))?])?;
    Ok(Meta::of_chunks("array", DType::Float64, chunks))
}

fn same_meta(operands: &[Meta], _: &Param) -> Result<Meta> {
    match operands {
        [a, b] if a.shape() != b.shape() => {
            let lengths =
                |meta: &Meta| meta.shape().unwrap_or_default().iter().map(|n| n.unwrap_or(0)).collect();
            Err(ErrorKind::ShapeMismatch { left: lengths(a), right: lengths(b) }.into())
        }
        _ => Ok(operands[0].clone()),
    }
}

fn sum_meta(operands: &[Meta], _: &Param) -> Result<Meta> {
    Ok(Meta::of_chunks("array", operands[0].dtype().clone(), Chunks::new([])?))
}

pub fn operations() -> Operations {
    let mut operations = Operations::default();
    let rows: [(&str, usize, MetaRule, bool, Option<&str>); 5] = [
        ("full", 0, MetaRule::Native(full_meta), true, Some("numpy.full")),
        ("add", 2, MetaRule::Native(same_meta), true, Some("numpy.add")),
        ("neg", 1, MetaRule::Native(same_meta), true, Some("numpy.negative")),
        ("cbrt", 1, MetaRule::Library, false, Some("numpy.cbrt")),
        ("sum", 1, MetaRule::Native(sum_meta), true, Some("numpy.sum")),
    ];
    for (name, arity, meta, native, library) in rows {
        let kernel = native.then(|| NativeKernel {
            name: format!("sums.{name}").as_str().into(),
            accepts: |operands| operands.iter().all(|meta| *meta.dtype() == DType::Float64),
        });
        let row = Operation {
            name: name.into(),
            arity: Arity::Exactly(arity),
            meta,
            kernel,
            library: library.map(Into::into),
        };
        operations.add(SUMS, row).unwrap();
    }
    operations
}

/// Knows `numpy.cbrt`, which makes floats of anything.
pub struct FakeLibrary;

impl Library for FakeLibrary {
    fn meta(&self, path: &str, operands: &[Meta], _: &Param) -> Result<Meta> {
        match path {
            "numpy.cbrt" => Ok(operands[0].clone().with_dtype(DType::Float64)),
            _ => Err(ErrorKind::UnknownBody(path.to_owned()).into()),
        }
    }
}

/// --x is x.
pub struct DoubleNegation;

impl Rule for DoubleNegation {
    fn name(&self) -> &'static str {
        "double-negation"
    }

    fn apply(&self, expr: &Expr, _: &Context<'_>) -> Result<Option<Expr>> {
        let inner = expr.operands().first().filter(|_| expr.operation().as_str() == "neg");
        let inner = inner.filter(|inner| inner.operation().as_str() == "neg");
        Ok(inner.map(|inner| inner.operands()[0].clone()))
    }
}

/// sum(a + b) is sum(a) + sum(b).
pub struct SplitSums;

impl Rule for SplitSums {
    fn name(&self) -> &'static str {
        "split-sums"
    }

    fn apply(&self, expr: &Expr, _: &Context<'_>) -> Result<Option<Expr>> {
        match (expr.operation().as_str(), expr.operands()) {
            ("sum", [inner]) if inner.operation().as_str() == "add" => {
                Ok(Some(add(&sum(&inner.operands()[0]), &sum(&inner.operands()[1]))))
            }
            _ => Ok(None),
        }
    }
}

/// Sources, block by block, and trees.
pub struct SumsLowering;

impl Lower for SumsLowering {
    fn lower(
        &self,
        expr: &Expr,
        operands: &[Lowered],
        context: &Context<'_>,
        graph: &mut Graph,
    ) -> Result<Lowered> {
        let name = layer_name(expr);
        let meta = context.meta(expr)?;
        let counts = meta.chunks().map(Chunks::grid).unwrap_or_default();
        let grid = Grid::new(&counts)?;
        let metas = context.operand_metas(expr)?;
        let body = |parameters| -> Result<Body> {
            context.operations.of(expr)?.body(context.way, &metas, parameters)
        };
        let layer = match expr.operation().as_str() {
            "full" => {
                let chunks = meta.chunks().unwrap().axes()[0].clone();
                let place = Formula::Interval { axis: 0, chunks };
                Source::new(body(expr.parameters().clone())?, grid.clone(), place, Returns::One)?.into()
            }
            "sum" => {
                let axes = 0..operands[0].grid.n_axes() as u8;
                TreeReduce::new(TreeReduceParts {
                    operand: Operand::new(operands[0].name.clone()),
                    grid: operands[0].grid.clone(),
                    axes: axes.map(|axis| ReducedAxis { axis, split_every: 4 }).collect(),
                    kept: ReducedAxes::Dropped,
                    chunk: Some(body(Param::Null)?),
                    parameters: Formula::default(),
                    combine: body(Param::Null)?,
                    aggregate: body(Param::Null)?,
                    neighbours: Neighbours::Spread,
                    returns: Returns::One,
                })?
                .into()
            }
            _ => {
                let letters: Vec<u16> = (0..grid.n_axes() as u16).collect();
                let indexed = |operand: &Lowered| Indexed::new(operand.name.clone(), &letters);
                Blockwise::new(BlockwiseParts {
                    counts: (0..).zip(counts).collect(),
                    output: letters.clone(),
                    operands: operands.iter().map(indexed).collect(),
                    ..BlockwiseParts::of(body(expr.parameters().clone())?)
                })?
                .into()
            }
        };
        graph.insert(name.clone(), layer)?;
        Ok(Lowered { name, grid })
    }
}

pub fn planner() -> Planner {
    let mut planner = Planner::new(std::sync::Arc::new(FakeLibrary));
    planner.operations = operations();
    planner.add_rule(SUMS, DoubleNegation);
    planner.add_rule(SUMS, SplitSums);
    planner.add_lowering(SUMS, SumsLowering).unwrap();
    planner
}
