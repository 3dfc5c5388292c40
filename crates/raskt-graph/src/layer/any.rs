//! A layer of any kind.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Block, Fit, Key, Name, Param, Result};
use rustc_hash::FxHashSet;

use super::grid::invalid;
use super::operand::Kind;
use super::{
    Blockwise, Concatenate, Grid, Input, Origin, Overlap, Place, Raw, Rechunk, Returns, Shuffle, Slice,
    Source, Task, TreeReduce,
};
use crate::body::Body;

/// A collection's tasks as data: which blocks there are, what each needs and what each runs, answered for any
/// block on its own, without a list of them.
///
/// The vocabulary is closed: whoever lowers a collection writes in these words, and whoever plans, ships or runs
/// a graph knows them all.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Block by block.
    Blockwise(Box<Blockwise>),
    /// Some neighbours at a time, until one is left.
    TreeReduce(Box<TreeReduce>),
    /// Regions of single blocks.
    Slice(Box<Slice>),
    /// Boundaries moved.
    Rechunk(Box<Rechunk>),
    /// Side by side.
    Concatenate(Box<Concatenate>),
    /// With margins of neighbours.
    Overlap(Box<Overlap>),
    /// All to all.
    Shuffle(Box<Shuffle>),
    /// From nothing.
    Source(Box<Source>),
    /// Spelt out.
    Raw(Box<Raw>),
}

macro_rules! kinds {
    ($($kind:ident = $tag:literal $word:literal,)*) => {
        impl Layer {
            pub(crate) fn kind(&self) -> &dyn Kind {
                match self { $(Self::$kind(layer) => layer.as_ref(),)* }
            }

            /// The kind's name, as `explain()` has it.
            #[must_use]
            pub fn word(&self) -> &'static str {
                match self { $(Self::$kind(_) => $word,)* }
            }
        }

        $(impl std::convert::From<$kind> for Layer {
            fn from(layer: $kind) -> Self {
                Self::$kind(Box::new(layer))
            }
        })*

        impl Encode for Layer {
            fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
                out.byte(LAYER_VERSION);
                match self { $(Self::$kind(layer) => {
                    out.byte($tag);
                    layer.encode(out)
                })* }
            }
        }

        impl Decode for Layer {
            fn decode(input: &mut Decoder<'_>) -> Result<Self> {
                match input.byte()? {
                    LAYER_VERSION => {}
                    found => {
                        let what = format!("layer version {found}, where {LAYER_VERSION} is known");
                        return Err(input.corrupt(&what));
                    }
                }
                match input.byte()? {
                    $($tag => $kind::decode(input).map(Self::from),)*
                    tag => Err(input.unknown_tag("layer", tag)),
                }
            }
        }
    };
}

/// The version of the vocabulary that this release writes, and the only one it reads.
pub const LAYER_VERSION: u8 = 3;

kinds! {
    Blockwise = 0x90 "blockwise",
    TreeReduce = 0x91 "tree-reduce",
    Slice = 0x92 "slice",
    Rechunk = 0x93 "rechunk",
    Concatenate = 0x94 "concatenate",
    Overlap = 0x95 "overlap",
    Shuffle = 0x96 "shuffle",
    Source = 0x97 "source",
    Raw = 0x98 "raw",
}

impl Layer {
    /// The grid of the blocks by which other layers know this one.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        self.kind().grid()
    }

    /// The number of stages; the blocks of the last are the layer's.
    #[must_use]
    pub fn n_stages(&self) -> usize {
        self.kind().n_stages()
    }

    /// The grid of a stage.
    #[must_use]
    pub fn stage_grid(&self, stage: usize) -> &Grid {
        self.kind().stage_grid(stage)
    }

    /// What the tasks of the last stage return.
    #[must_use]
    pub fn returns(&self) -> Returns {
        self.kind().returns(self.n_stages() - 1)
    }

    /// The names of the layers that are read, and their grids as this layer expects them, where it does.
    pub fn operands(&self) -> impl ExactSizeIterator<Item = (&Name, Option<&Grid>)> {
        let kind = self.kind();
        (0..kind.n_operands()).map(move |operand| kind.operand(operand))
    }

    /// The task of block `number` of the grid.
    #[must_use]
    pub fn place(&self, number: u32) -> Place {
        let block = match self {
            Self::Raw(raw) => raw.table().outputs().get(number as usize).copied().unwrap_or_default(),
            _ => number,
        };
        Place { stage: (self.n_stages() - 1).fit::<u16>(), block }
    }

    /// Appends the inputs of a task, in the order of its arguments.
    pub fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        self.kind().inputs(place, out);
    }

    /// Appends the tasks that need a block of an operand or of an inner stage; for a [`Layer::Raw`] layer, whose
    /// operands are single blocks, whatever the number of the operand's block.
    pub fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        self.kind().consumers(from, block, out);
    }

    /// The input of which a block is but another name, so that no task is needed.
    #[must_use]
    pub fn alias(&self, place: Place) -> Option<Input> {
        self.kind().alias(place)
    }

    /// What a task runs.
    #[must_use]
    pub fn task_at(&self, place: Place) -> Task {
        Task { body: self.kind().body(place).clone(), parameters: self.kind().parameters(place) }
    }

    /// What the task of the block at `index` runs.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for a block outside of the grid.
    pub fn task(&self, index: &[u32]) -> Result<Task> {
        Ok(self.task_at(self.place_at(index)?))
    }

    /// The blocks of other layers that the block at `index` needs, straight or by way of inner stages, each once.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for a block outside of the grid.
    pub fn needs(&self, index: &[u32]) -> Result<Vec<Key>> {
        let mut todo = vec![self.place_at(index)?];
        let (mut seen, mut met) = (FxHashSet::default(), FxHashSet::default());
        let (mut keys, mut inputs) = (Vec::new(), Vec::new());
        while let Some(place) = todo.pop() {
            inputs.clear();
            self.inputs(place, &mut inputs);
            // The last goes on the stack first, so that blocks are met in the order of arguments.
            for input in inputs.iter().rev() {
                if let Origin::Stage(stage) = input.from {
                    let place = Place { stage, block: input.block };
                    if seen.insert(place) {
                        todo.push(place);
                    }
                }
            }
            for input in &inputs {
                if let (Origin::Operand(operand), true) = (input.from, met.insert(*input)) {
                    keys.push(self.operand_key(operand as usize, input.block, input.output));
                }
            }
        }
        Ok(keys)
    }

    /// The key of a block of an operand.
    pub(crate) fn operand_key(&self, operand: usize, block: u32, output: u16) -> Key {
        if let Self::Raw(raw) = self {
            return raw.externals()[operand].clone();
        }
        let (name, grid) = self.kind().operand(operand);
        let block = grid.map_or_else(Block::new, |grid| grid.block(block));
        Key { name: name.clone(), block, output }
    }

    /// The key of a task's output; `name` is the layer's.
    pub(crate) fn key(&self, name: &Name, place: Place, output: u16) -> Key {
        let (kind, stage) = (self.kind(), usize::from(place.stage));
        match self {
            Self::Raw(raw) => raw.table().key(place.block),
            _ if stage + 1 == kind.n_stages() => {
                Key { name: name.clone(), block: kind.grid().block(place.block), output }
            }
            _ => {
                let name = Name::new(&format!("{name}-{}", kind.stage_name(stage)));
                Key { name, block: kind.stage_grid(stage).block(place.block), output }
            }
        }
    }

    fn place_at(&self, index: &[u32]) -> Result<Place> {
        let number = self.grid().number(index);
        let number =
            number.ok_or_else(|| invalid(format!("block {index:?} of a grid of {}", self.grid())))?;
        Ok(self.place(number))
    }

    /// The number of tasks, were all blocks needed; aliases are none.
    #[must_use]
    pub fn n_tasks_max(&self) -> u64 {
        (0..self.n_stages()).map(|stage| u64::from(self.stage_grid(stage).n_blocks())).sum()
    }

    /// A task's own parameters.
    pub(crate) fn parameters(&self, place: Place) -> Param {
        self.kind().parameters(place)
    }

    /// The body of a task.
    pub(crate) fn body(&self, place: Place) -> &Body {
        self.kind().body(place)
    }
}
