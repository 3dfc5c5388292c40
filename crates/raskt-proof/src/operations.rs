//! The collection's table: three operations, two ways for each.

use std::sync::Arc;

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Param, Result};
use raskt_expr::operation::NativeKernel;
use raskt_expr::{Arity, Library, Meta, MetaRule, Operation, Planner};

use crate::arrays::{N_CHUNKS, SHAPE};
use crate::lowering::ProofLowering;

/// The collection's name.
pub(crate) const COLLECTION: &str = "proof";

type Rule = fn(&[Meta], &Param) -> Result<Meta>;

/// A planner that knows this collection.
///
/// # Errors
/// None in practice: names are added once.
pub fn planner(library: Arc<dyn Library>) -> Result<Planner> {
    let mut planner = Planner::new(library);
    let rows: [(&str, usize, Rule); 3] = [("full", 0, full_meta), ("add", 2, add_meta), ("sum", 1, sum_meta)];
    for (name, arity, meta) in rows {
        let is_float = |operands: &[Meta]| operands.iter().all(|meta| *meta.dtype() == DType::Float64);
        let kernel = NativeKernel { name: (&*format!("{COLLECTION}.{name}")).into(), accepts: is_float };
        let operation = Operation {
            name: name.into(),
            arity: Arity::Exactly(arity),
            meta: MetaRule::Native(meta),
            kernel: Some(kernel),
            library: Some((&*format!("numpy.{name}")).into()),
        };
        planner.operations.add(COLLECTION, operation)?;
    }
    planner.add_lowering(COLLECTION, ProofLowering)?;
    Ok(planner)
}

fn of_chunks(axes: Option<AxisChunks>) -> Result<Meta> {
    Ok(Meta::of_chunks("array", DType::Float64, Chunks::new(axes)?))
}

fn full_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    let number = |name| parameters.get(name).and_then(Param::as_int).unwrap_or(0) as u64;
    of_chunks(Some(AxisChunks::from_runs([(Some(number(SHAPE)), number(N_CHUNKS))])?))
}

fn add_meta(operands: &[Meta], _: &Param) -> Result<Meta> {
    match operands {
        [a, b] if b.n_axes() == Some(0) || a.chunks() == b.chunks() => Ok(a.clone()),
        _ => Err(ErrorKind::InvalidValue("arrays in different blocks".to_owned()).into()),
    }
}

fn sum_meta(_: &[Meta], _: &Param) -> Result<Meta> {
    of_chunks(None)
}
