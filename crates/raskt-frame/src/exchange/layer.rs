//! The layer of a shuffle.

use std::sync::Arc;

use raskt_core::{Name, Param, Result, Value};
use raskt_expr::Lowered;
use raskt_graph::Body;
use raskt_graph::layer::{Formula, Layer, Operand, Shuffle};

use super::bodies::{RECEIVE, SEND};
use super::place::Place;
use crate::Schema;
use crate::operations::Job;
use crate::partition::HashPartition;

/// So many bytes of the pieces of a shuffle stay in memory where nothing bounds the computation.
const MEMORY_BYTES: u64 = 256 << 20;

/// To which partition each row goes.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// That of its keys.
    Hash(&'a HashPartition),
    /// The tasks that are read return lists of so many tables: one for each partition.
    Made(u32),
}

/// A shuffle that an operation needs.
pub(crate) struct Shuffled<'a> {
    /// To which partition each row goes.
    pub by: By<'a>,
    /// The partitions that are shuffled, all tables, or lists of them.
    pub operand: &'a Lowered,
    /// Kind, columns and index of them.
    pub schema: &'a Schema,
    /// Whether the index is needed; else rows are numbered anew, and it is not sent.
    pub keeps_index: bool,
}

/// The layer that shuffles. Its place is among the parameters of the sending tasks.
///
/// # Errors
/// [`ErrorKind::Io`](raskt_core::ErrorKind::Io) where the folder for files is none.
pub(crate) fn shuffled(job: &Job<'_, '_>, shuffled: &Shuffled<'_>) -> Result<Layer> {
    let bounds = job.context.bounds;
    let memory_bytes = bounds.memory_bytes.map_or(MEMORY_BYTES, |bytes| bytes / 4);
    let parent = job.context.library.scratch_parent()?;
    let place = Place::new(parent.as_deref(), memory_bytes, bounds.n_workers)?;
    let schema = match shuffled.keeps_index {
        true => shuffled.schema.clone(),
        false => Schema::new(shuffled.schema.kind, shuffled.schema.columns.iter().cloned()),
    };
    let (by, n_made) = match shuffled.by {
        By::Hash(by) => (by.to_param(), raskt_core::Fit::fit::<u32>(by.n_pieces)),
        By::Made(n) => (Param::Int(n.into()), n),
    };
    let send = Body::Native {
        name: SEND.into(),
        parameters: Param::map([
            ("by", by),
            ("keeps_index", Param::Bool(shuffled.keeps_index)),
            ("place", Param::Value(Value::Opaque(Arc::new(place)))),
        ]),
    };
    let receive =
        Body::Native { name: RECEIVE.into(), parameters: Param::map([("schema", schema.to_param())]) };
    let operand = Operand::new(shuffled.operand.name.clone());
    let n_read = shuffled.operand.grid.n_blocks();
    Ok(Shuffle::new(operand, n_read, n_made, send, Formula::default(), receive)?.into())
}

/// What the layer of a shuffle for operand `at` of an operation is called.
pub(crate) fn name(job: &Job<'_, '_>, at: usize) -> Name {
    Name::new(&format!("shuffled-{at}-{}", job.expr.token()))
}
