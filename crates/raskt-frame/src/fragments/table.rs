//! The rows of fragments, and of partial results that they make. Only [`super::Fragments`] makes such expressions.

use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{Along, Blockwise, BlockwiseParts, Contraction, Formula, Indexed, Layer, Operand};

use super::body::FRAGMENT;
use crate::arguments::{get, list};
use crate::operations::{Job, Row};
use crate::{FrameMeta, Schema};

/// A program of several steps. The parameters are `program`, `reads` (for each reader the parts, one a partition),
/// `partitions` (their number), and `schema`: that of the result, null for partial results.
pub(super) const OPERATION: &str = "fragment";
/// Partial results of each partition, put together in a tree; the parameters are `bodies` (that combine some, and that make
/// the result of the last), `parameters` of both, and `schema`.
pub(super) const COMBINED: &str = "combined";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = Row {
        name: OPERATION,
        arity: Arity::AtLeast(0),
        meta: |_, parameters| fragment_meta(parameters).map(Some),
        accepts: |_, _| true,
        kernel: None,
        library: None,
        lower: fragment,
    };
    let combined_meta = |_: &[Meta], parameters: &Param| {
        let schema = Schema::from_param(get(parameters, "schema"))?;
        FrameMeta::from(schema).into_meta(1).map(Some)
    };
    let arity = Arity::Exactly(1);
    vec![row, Row { name: COMBINED, arity, meta: combined_meta, lower: combined, ..row }]
}

fn n_partitions(parameters: &Param) -> Result<u32> {
    let n = get(parameters, "partitions").as_int().and_then(|n| u32::try_from(n).ok());
    n.ok_or_else(|| ErrorKind::InvalidGraph("a fragment of no number of partitions".to_owned()).into())
}

fn fragment_meta(parameters: &Param) -> Result<Meta> {
    let n_partitions = n_partitions(parameters)?;
    let schema = match get(parameters, "schema") {
        Param::Null => Schema::new(crate::Kind::Frame, []),
        schema => Schema::from_param(schema)?,
    };
    FrameMeta::from(schema).into_meta(n_partitions)
}

/// A task a partition, which has of its own the parts that it reads.
fn fragment(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let n_partitions = n_partitions(parameters)?;
    let body = Body::Native { name: FRAGMENT.into(), parameters: get(parameters, "program").clone() };
    let along = |parts: &Param| Formula::Along { axis: 0, items: parts.as_list().unwrap_or(&[]).into() };
    let reads = list(parameters, "reads");
    let own = match reads {
        [] => Formula::default(),
        reads => Formula::List(reads.iter().map(along).collect()),
    };
    let operands = job.all_operands()?.into_iter().map(|operand| {
        let along = match operand.grid.n_blocks() {
            1 if n_partitions != 1 => Along::Single,
            _ => Along::Letter(0),
        };
        Indexed {
            axes: vec![along; operand.grid.n_axes()],
            operand: Operand::new(operand.name),
            contraction: Contraction::Spread,
        }
    });
    let parts = BlockwiseParts {
        counts: vec![(0, n_partitions)],
        output: vec![0],
        operands: operands.collect(),
        parameters: own,
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

fn combined(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let names = list(parameters, "bodies");
    let body = |at: usize| {
        let missing = || ErrorKind::InvalidGraph(format!("{:?} lacks a body", job.expr));
        let name = names.get(at).and_then(Param::as_str).ok_or_else(missing)?;
        Ok::<_, raskt_core::Error>(Body::Native {
            name: name.into(),
            parameters: get(parameters, "parameters").clone(),
        })
    };
    let (combine, aggregate) = (body(0)?, body(1)?);
    let of = job.operand(0)?;
    crate::reductions::tree_over(of, None, [combine, aggregate])
}

/// The parameters of a fragment.
pub(super) fn parameters(
    program: Vec<Param>,
    reads: Vec<Param>,
    n_partitions: u64,
    schema: Option<&Schema>,
) -> [(&'static str, Param); 4] {
    [
        ("program", Param::List(program.into())),
        ("reads", Param::List(reads.into())),
        ("partitions", Param::Int(n_partitions.clamped::<i64>())),
        ("schema", schema.map_or(Param::Null, Schema::to_param)),
    ]
}
