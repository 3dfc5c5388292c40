//! The collection's table: three operations with two ways for each, and one that takes what others made.

use std::sync::Arc;

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
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
    add_to(&mut planner)?;
    Ok(planner)
}

/// Adds the collection to `planner`: all that the planning of other collections, and of calls, has to know of it.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where it is there already.
pub fn add_to(planner: &mut Planner) -> Result<()> {
    let rows: [(&str, usize, Rule); 4] =
        [("full", 0, full_meta), ("add", 2, add_meta), ("sum", 1, sum_meta), ("taken", 1, sum_meta)];
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
    planner.add_lowering(COLLECTION, ProofLowering)
}

fn of_chunks(axes: Option<AxisChunks>) -> Result<Meta> {
    Ok(Meta::of_chunks("array", DType::Float64, Chunks::new(axes)?))
}

fn full_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    let number = |name| parameters.get(name).and_then(Param::as_int).unwrap_or(0).clamped::<u64>();
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
