//! The first and the last rows.

use raskt_core::{ErrorKind, Fit, Name, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Lowered, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::choose::{bounds, chosen};
use super::table::{inputs, joined, number, operand};
use crate::operations::{Job, KernelFn, MetaFn, Row, grid, kernel_name};
use crate::reductions::tree;
use crate::rowwise::are_native;
use crate::{FrameMeta, library};

/// The first `n` rows of the first `npartitions` partitions, of all where that is -1; as one partition.
pub const HEAD: &str = "head";
/// The last `n` rows of the last `npartitions` partitions, of all where that is -1; as one partition.
pub const TAIL: &str = "tail";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    let row = |name, meta: MetaFn, kernel: KernelFn| Row {
        name,
        arity: Arity::Exactly(1),
        meta,
        accepts: are_native,
        kernel: Some(kernel),
        library: Some(library::JOINED),
        lower: lowered,
    };
    vec![
        row(HEAD, |operands, parameters| meta(HEAD, operands, parameters).map(Some), head),
        row(TAIL, |operands, parameters| meta(TAIL, operands, parameters).map(Some), tail),
    ]
}

/// The partitions from which rows are taken.
fn numbers(name: &str, parameters: &Param, n_partitions: u32) -> Result<Vec<u32>> {
    let wanted = parameters.get("npartitions").and_then(Param::as_int).unwrap_or(1);
    let wanted = match wanted {
        -1 => n_partitions,
        _ => u32::try_from(wanted).ok().filter(|n| (1..=n_partitions).contains(n)).ok_or_else(|| {
            let what = format!(
                "{name} of npartitions={wanted} of {n_partitions}: it is 1 to {n_partitions}, or -1 for all"
            );
            raskt_core::Error::new(ErrorKind::InvalidValue(what))
        })?,
    };
    Ok(match name {
        HEAD => (0..wanted).collect(),
        _ => (n_partitions - wanted..n_partitions).collect(),
    })
}

fn meta(name: &str, operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (of, own) = operand(operands)?;
    let n = number(parameters, "n")? as u64;
    let numbers = numbers(name, parameters, FrameMeta::n_partitions(of).fit::<u32>())?;
    let lengths = FrameMeta::lengths(of);
    let length = numbers.iter().map(|&at| lengths.get(at as usize).copied().flatten()).sum::<Option<u64>>();
    let divisions = own.divisions.as_ref().map(|divisions| {
        let all = bounds(divisions, &numbers)?;
        all.at(&[0, numbers.len().fit::<u32>()])
    });
    let own = FrameMeta { schema: own.schema.clone(), divisions: divisions.transpose()?.map(Into::into) };
    own.into_meta_of([length.map(|length| length.min(n))])
}

/// The partitions are chosen, and reduced to the rows that are wanted by a tree.
fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (name, parameters) = (job.row.name, job.expr.parameters().clone());
    let of = job.operand(0)?;
    let numbers = numbers(name, &parameters, of.grid.n_blocks())?;
    let body = match job.is_native()? {
        true => Body::Native { name: kernel_name(name), parameters },
        false => joined(name, vec![parameters.get("n").cloned().unwrap_or_default()], Param::Null),
    };
    let of = match numbers.len().fit::<u32>() {
        n if n == of.grid.n_blocks() => of,
        n => {
            let layer = chosen(&of, &numbers)?;
            let inner = Name::new(&format!("{name}-of-{}", job.expr.token()));
            job.graph.insert(inner.clone(), layer)?;
            Lowered { name: inner, grid: grid(n)? }
        }
    };
    tree(of, [body.clone(), body.clone(), body])
}

fn head(call: &mut Call<'_>) -> Result<Value> {
    let n = number(call.shared, "n")?;
    Ok(inputs(call)?.slice(0, n).into())
}

fn tail(call: &mut Call<'_>) -> Result<Value> {
    let n = number(call.shared, "n")?;
    let table = inputs(call)?;
    Ok(table.slice(table.n_rows().saturating_sub(n), n).into())
}
