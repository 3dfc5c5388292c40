//! What layers say about tasks: places, inputs, operands.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Name, Param, Result};

use super::Grid;
use crate::body::Body;

/// A task of a layer: which of the layer's stages, and which block of that stage's grid.
///
/// Most layers have one stage. Those that work in several steps (a tree reduction, a shuffle) have inner
/// stages first; the blocks of the last stage are the layer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The stage, from 0.
    pub stage: u16,
    /// The block's number in the stage's grid.
    pub block: u32,
}

/// Where a task's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A block of another layer, which is this layer's operand with that number.
    Operand(u32),
    /// A block of one of this layer's inner stages.
    Stage(u16),
}

/// One input of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Input {
    /// Which grid the block is of.
    pub from: Origin,
    /// The block's number in that grid.
    pub block: u32,
    /// Which output of the block's task.
    pub output: u16,
}

impl Input {
    pub(crate) fn operand(operand: usize, block: u32, output: u16) -> Self {
        Self { from: Origin::Operand(operand.fit::<u32>()), block, output }
    }

    pub(crate) fn stage(stage: usize, block: u32, output: u16) -> Self {
        Self { from: Origin::Stage(stage.fit::<u16>()), block, output }
    }
}

/// Another layer that a layer reads, and which output of its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The other layer's name.
    pub name: Name,
    /// Which output; 0 for the first or only one.
    pub output: u16,
}

impl Operand {
    /// The only output of the layer `name`.
    #[must_use]
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), output: 0 }
    }
}

impl Encode for Operand {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.name.encode(out)?;
        self.output.encode(out)
    }
}

impl Decode for Operand {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self { name: Name::decode(input)?, output: u16::decode(input)? })
    }
}

/// What the tasks of a stage return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// A value.
    One,
    /// A list of so many values, each with a key of its own.
    List(u16),
}

impl Returns {
    /// How many outputs a task has.
    #[must_use]
    pub fn n_outputs(self) -> u16 {
        match self {
            Self::One => 1,
            Self::List(n) => n,
        }
    }
}

impl Encode for Returns {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::One => None,
            Self::List(n) => Some(*n),
        }
        .encode(out)
    }
}

impl Decode for Returns {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(Option::decode(input)?.map_or(Self::One, Self::List))
    }
}

/// What a task runs.
#[derive(Clone, Debug)]
pub struct Task {
    /// The body, which all tasks of the stage share (those of a raw table apart).
    pub body: Body,
    /// The task's own parameters.
    pub parameters: Param,
}

/// The questions that every kind of layer answers, each in time proportional to the answer.
///
/// Numbers of stages, blocks and operands come from the layer itself; others are a caller's mistake and may
/// give any answer.
pub(crate) trait Kind {
    /// The number of stages.
    fn n_stages(&self) -> usize {
        1
    }

    /// The grid of a stage.
    fn stage_grid(&self, stage: usize) -> &Grid;

    /// The grid under which others know the layer's blocks: that of the last stage, unless axes are dropped.
    fn grid(&self) -> &Grid {
        self.stage_grid(self.n_stages() - 1)
    }

    /// What an inner stage is called, after the layer's name.
    fn stage_name(&self, _stage: usize) -> String {
        String::new()
    }

    /// What a stage's tasks return.
    fn returns(&self, _stage: usize) -> Returns {
        Returns::One
    }

    /// The number of operands.
    fn n_operands(&self) -> usize;

    /// The name of an operand, and its grid as this layer expects it.
    fn operand(&self, operand: usize) -> (&Name, Option<&Grid>);

    /// Appends the inputs of a task, in the order of its arguments.
    fn inputs(&self, place: Place, out: &mut Vec<Input>);

    /// Appends the tasks that need a block of an operand or of an inner stage.
    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>);

    /// Whether any block may be but another name for an input.
    fn has_aliases(&self) -> bool {
        false
    }

    /// The input of which a block is but another name: no task is needed.
    fn alias(&self, _place: Place) -> Option<Input> {
        None
    }

    /// What the tasks of a stage run.
    fn body(&self, place: Place) -> &Body;

    /// A task's own parameters.
    fn parameters(&self, place: Place) -> Param;
}
