//! Graphs that tasks grow into, on their way from a child to the parent.

use raskt_core::encode::{EncodeOptions, Limits, decode_payload, encode_payload};
use raskt_core::{ForeignDecode, Payload, Result};
use raskt_graph::{Subgraph, TaskTable};

/// `table` as a payload.
///
/// # Errors
/// Where a body or a parameter has no encoding.
pub fn pack(table: &TaskTable, options: &EncodeOptions) -> Result<Payload> {
    encode_payload(table, options)
}

/// The graph that a child packed. Users' functions in it stay packed: they go to whichever child runs them.
///
/// # Errors
/// [`raskt_core::ErrorKind::Corrupt`] for what does not decode, [`raskt_core::ErrorKind::InvalidGraph`] for what
/// is no graph.
pub fn unpack(payload: Payload, decoder: &dyn ForeignDecode) -> Result<Subgraph> {
    Subgraph::new(decode_payload(payload, decoder, &Limits::default())?)
}
