//! The keys of expanded tasks, made only when somebody asks.

use std::fmt;
use std::sync::Arc;

use raskt_core::{Fit, Key, Name};

use super::block_set::BlockSet;
use crate::layer::{Layer, Place};

/// What the tasks of an expanded graph are called: about a bit a task.
pub struct LayerKeys {
    /// In the order of their first tasks.
    segments: Vec<Segment>,
}

/// Consecutive tasks of one stage.
pub(super) struct Segment {
    /// The number of the first one.
    pub(super) base: u32,
    pub(super) name: Name,
    pub(super) layer: Arc<Layer>,
    pub(super) stage: u16,
    /// Which blocks, or which outputs of which blocks, became tasks.
    pub(super) set: BlockSet,
    pub(super) rows: Rows,
}

/// What the tasks of a segment make.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    /// Each its block.
    Blocks,
    /// Each the list of its block's outputs, which is called otherwise than the first of them.
    Lists,
    /// Each one of so many outputs of a block.
    Outputs(u16),
}

impl LayerKeys {
    pub(super) fn new(segments: Vec<Segment>) -> Self {
        Self { segments }
    }

    /// What task `task` is called; `None` behind the last.
    #[must_use]
    pub fn key(&self, task: u32) -> Option<Key> {
        let at = self.segments.partition_point(|segment| segment.base <= task).checked_sub(1)?;
        let segment = &self.segments[at];
        let number = segment.set.nth(task - segment.base)?;
        let n_outputs = match segment.rows {
            Rows::Blocks | Rows::Lists => 1,
            Rows::Outputs(n_outputs) => u32::from(n_outputs),
        };
        let place = Place { stage: segment.stage, block: number / n_outputs };
        let mut key = segment.layer.key(&segment.name, place, (number % n_outputs).fit::<u16>());
        if let Rows::Lists = segment.rows {
            key.name = Name::new(&format!("{}-outputs", key.name));
        }
        Some(key)
    }
}

impl fmt::Debug for LayerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayerKeys({} segments)", self.segments.len())
    }
}
