//! Graphs as messages: what a client sends, what a planner that knows no runtime reads, and what it sends on.
//!
//! The body of a message (see [`raskt_core::encode`]) is
//!
//! | part | form |
//! |---|---|
//! | magic | `RKGR` |
//! | version | [`GRAPH_VERSION`], one byte |
//! | layers | each its name, its own version and kind, its parts; operands may come later |
//! | annotations | the notes; which layers and which tasks each is on |
//! | wanted keys | in the order of asking |
//!
//! Users' functions stand in the table of functions of the message: each is written where it is first named, and the n-th of
//! them is number n wherever it is named again. What a function is known by is not written: who reads it computes the hash.

use raskt_core::Result;
use raskt_core::encode::{Decode, Decoder, Encode, Encoder};

use super::layered::Graph;
use crate::layer::Layer;
use raskt_core::Name;

/// What every graph begins with, after the version of the encoding.
pub const GRAPH_MAGIC: [u8; 4] = *b"RKGR";
/// The version of graphs that this release writes, and the only one it reads.
pub const GRAPH_VERSION: u8 = 1;

impl Encode for Graph {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.raw(&GRAPH_MAGIC);
        out.byte(GRAPH_VERSION);
        (self.layers(), self.annotations(), self.outputs()).encode(out)
    }
}

impl Decode for Graph {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        if input.array::<4>()? != GRAPH_MAGIC {
            return Err(input.corrupt("bytes that are no graph"));
        }
        match input.byte()? {
            GRAPH_VERSION => {}
            found => {
                let what = format!("graph version {found}, where {GRAPH_VERSION} is known");
                return Err(input.corrupt(&what));
            }
        }
        let mut graph = Self::default();
        for _ in 0..input.length()? {
            let (name, layer) = <(Name, Layer)>::decode(input)?;
            if graph.layer(&name).is_some() {
                return Err(input.corrupt(&format!("layer {name} is there twice")));
            }
            graph.insert(name, layer)?;
        }
        *graph.annotations_mut() = Decode::decode(input)?;
        graph.request(Vec::decode(input)?);
        Ok(graph)
    }
}
