//! Block by block: each task needs the blocks of its operands that its own index selects.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Name, Param, Result};

use super::grid::{for_each_index, invalid};
use super::operand::Kind;
use super::{Formula, Grid, Input, Operand, Origin, Place, Returns};
use crate::body::Body;

/// An axis of the index space, shared by all operands that name it.
pub type Letter = u16;

/// Which block of an operand belongs to an index, along one of the operand's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// The block at the index of that letter.
    Letter(Letter),
    /// The only block that there is, whatever the index: broadcasting.
    Single,
}

/// How a task gets the blocks of an operand that differ only in letters that the output lacks.
#[derive(Clone, Debug, PartialEq)]
pub enum Contraction {
    /// Each is an input, in C order.
    Spread,
    /// One input, the flat list of them in C order; tasks that need the same list share it.
    Gather,
    /// One input, made of them by this body, whose tasks get `{"axes": [..], "counts": [..]}`: the
    /// operand's axes to join along, and how many blocks there are along each. Shared, like lists.
    Join(Body),
}

/// An operand of a [`Blockwise`] layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Indexed {
    /// The layer that is read.
    pub operand: Operand,
    /// What selects the block, for each of the operand's axes.
    pub axes: Vec<Along>,
    /// What to do about letters that the output lacks; of no effect where there are none.
    pub contraction: Contraction,
}

impl Indexed {
    /// The only output of layer `name`, with these letters.
    #[must_use]
    pub fn new(name: impl Into<Name>, letters: &[Letter]) -> Self {
        let axes = letters.iter().map(|&letter| Along::Letter(letter)).collect();
        Self { operand: Operand::new(name), axes, contraction: Contraction::Spread }
    }

    /// The same, contracted in another way.
    #[must_use]
    pub fn contracted(mut self, contraction: Contraction) -> Self {
        self.contraction = contraction;
        self
    }

    /// Whether a stage of its own collects the blocks.
    fn is_staged(&self, output: &[Letter]) -> bool {
        !matches!(self.contraction, Contraction::Spread) && self.letters().any(|l| !output.contains(&l))
    }

    fn letters(&self) -> impl Iterator<Item = Letter> + '_ {
        self.axes.iter().filter_map(|along| match along {
            Along::Letter(letter) => Some(*letter),
            Along::Single => None,
        })
    }
}

/// Element-wise operations, contractions, `map_blocks`, broadcasting, outer products, transposition.
///
/// ```
/// use raskt_graph::Body;
/// use raskt_graph::layer::{Blockwise, BlockwiseParts, Indexed, Layer};
/// // out[i, j] = f(x[i, j], y[j, i])
/// let layer = Layer::from(Blockwise::new(BlockwiseParts {
///     counts: vec![(0, 2), (1, 3)],
///     output: vec![0, 1],
///     operands: vec![Indexed::new("x", &[0, 1]), Indexed::new("y", &[1, 0])],
///     ..BlockwiseParts::of(Body::native("array.add"))
/// })?);
/// assert_eq!(layer.grid().counts(), [2, 3]);
/// let keys: Vec<String> = layer.needs(&[1, 2])?.iter().map(ToString::to_string).collect();
/// assert_eq!(keys, ["('x', 1, 2)", "('y', 2, 1)"]);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Blockwise {
    parts: BlockwiseParts,
    /// Inner stages first, one an operand that is gathered or joined.
    stages: Vec<Stage>,
    grids: Vec<Grid>,
    readings: Vec<Reading>,
}

/// What a [`Blockwise`] layer is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockwiseParts {
    /// What each task runs.
    pub body: Body,
    /// What each task gets of its own, by the output's index.
    pub parameters: Formula,
    /// What each task returns.
    pub returns: Returns,
    /// The number of blocks along each letter, letters in ascending order.
    pub counts: Vec<(Letter, u32)>,
    /// The letters of the output, one an axis.
    pub output: Vec<Letter>,
    /// What the tasks read.
    pub operands: Vec<Indexed>,
}

impl BlockwiseParts {
    /// A single task that runs `body` on nothing: what is to be filled in.
    #[must_use]
    pub fn of(body: Body) -> Self {
        Self {
            body,
            parameters: Formula::default(),
            returns: Returns::One,
            counts: Vec::new(),
            output: Vec::new(),
            operands: Vec::new(),
        }
    }

    fn count(&self, letter: Letter) -> Result<u32> {
        let at = self.counts.binary_search_by_key(&letter, |(letter, _)| *letter);
        at.map(|at| self.counts[at].1)
            .map_err(|_| invalid(format!("a blockwise layer has no count for letter {letter}")))
    }
}

/// A stage that collects an operand's blocks for all tasks that need the same ones.
#[derive(Clone, Debug, PartialEq)]
struct Stage {
    operand: usize,
    body: Body,
    parameters: Param,
    reading: Reading,
    grid: Grid,
}

/// How the blocks of one grid follow from the index in another.
#[derive(Clone, Debug, PartialEq)]
struct Reading {
    /// What each axis of the reader's index adds to the number of the block read.
    steps: Vec<u32>,
    /// Letters that the reader lacks: how many blocks, and what each adds.
    bound: Vec<(u32, u32)>,
    /// For each axis of the grid that is read: the reader's axis it follows, if any, or the bound letter.
    axes: Vec<Follows>,
}

/// What an axis that is read follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follows {
    Reader(usize),
    Bound(usize),
    Nothing,
}

impl Reading {
    /// How a reader with the letters `reader` reads blocks with the axes `axes`.
    fn new(axes: &[Along], grid: &Grid, reader: &[Letter]) -> Self {
        let mut bound_letters: Vec<Letter> = Vec::new();
        let mut reading = Self { steps: vec![0; reader.len()], bound: Vec::new(), axes: Vec::new() };
        for ((along, step), &count) in axes.iter().zip(grid.steps()).zip(grid.counts()) {
            let follows = match along {
                Along::Single => Follows::Nothing,
                Along::Letter(letter) => match reader.iter().position(|l| l == letter) {
                    Some(axis) => {
                        let sum = &mut reading.steps[axis];
                        *sum = sum.saturating_add(step);
                        Follows::Reader(axis)
                    }
                    None => Follows::Bound(match bound_letters.iter().position(|l| l == letter) {
                        Some(at) => {
                            let sum = &mut reading.bound[at].1;
                            *sum = sum.saturating_add(step);
                            at
                        }
                        None => {
                            bound_letters.push(*letter);
                            reading.bound.push((count, step));
                            bound_letters.len() - 1
                        }
                    }),
                },
            };
            reading.axes.push(follows);
        }
        reading
    }

    /// The number of the first block that the reader at `index` reads; of no meaning if it reads none.
    fn base(&self, index: &[u32]) -> u32 {
        index.iter().zip(&self.steps).fold(0, |sum, (i, step)| sum.wrapping_add(i.wrapping_mul(*step)))
    }

    /// Calls `visit` with the number of every block that the reader at `index` reads.
    fn visit(&self, index: &[u32], mut visit: impl FnMut(u32)) {
        let base = self.base(index);
        if self.bound.is_empty() {
            return visit(base);
        }
        let ranges: Vec<_> = self.bound.iter().map(|&(count, _)| 0..count).collect();
        for_each_index(&ranges, |bound| {
            visit(base + bound.iter().zip(&self.bound).map(|(i, (_, step))| i * step).sum::<u32>());
        });
    }

    /// Calls `visit` with the index of every reader of the block at `read`; `reader` is the readers' grid.
    fn readers(&self, read: &[u32], reader: &Grid, mut visit: impl FnMut(&[u32])) {
        let mut ranges: Vec<_> = reader.counts().iter().map(|&n| 0..n).collect();
        let mut bound: Vec<Option<u32>> = vec![None; self.bound.len()];
        for (follows, &at) in self.axes.iter().zip(read) {
            match follows {
                Follows::Nothing => {}
                Follows::Reader(axis) => {
                    let range = &mut ranges[*axis];
                    *range = at.max(range.start)..(at + 1).min(range.end);
                }
                // A letter that is there twice reads the diagonal only.
                Follows::Bound(letter) => match bound[*letter].replace(at) {
                    Some(other) if other != at => return,
                    _ => {}
                },
            }
        }
        for_each_index(&ranges, |index| visit(index));
    }
}

impl Blockwise {
    /// The layer made of `parts`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) where a letter has no count, an
    /// output letter is there twice, or there are too many blocks or operands.
    pub fn new(parts: BlockwiseParts) -> Result<Self> {
        if !parts.counts.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(invalid("the letters of a blockwise layer are not in ascending order"));
        }
        if parts.output.iter().enumerate().any(|(at, letter)| parts.output[..at].contains(letter)) {
            return Err(invalid("a blockwise layer has a letter twice in its output"));
        }
        if parts.operands.iter().filter(|o| o.is_staged(&parts.output)).count() >= usize::from(u16::MAX) {
            return Err(invalid("a blockwise layer joins the blocks of more than 65,535 operands"));
        }
        let grid_of = |letters: &[Letter]| {
            Grid::new(&letters.iter().map(|&letter| parts.count(letter)).collect::<Result<Vec<_>>>()?)
        };
        let grid = grid_of(&parts.output)?;
        parts.parameters.check(&grid)?;
        let (mut stages, mut grids, mut readings) = (Vec::new(), Vec::new(), Vec::new());
        for (at, operand) in parts.operands.iter().enumerate() {
            let counts = operand.axes.iter().map(|along| match along {
                Along::Letter(letter) => parts.count(*letter),
                Along::Single => Ok(1),
            });
            let read = Grid::new(&counts.collect::<Result<Vec<_>>>()?)?;
            readings.push(if operand.is_staged(&parts.output) {
                let mut free: Vec<Letter> = Vec::new();
                let kept = operand.letters().filter(|letter| parts.output.contains(letter));
                kept.for_each(|letter| {
                    if !free.contains(&letter) {
                        free.push(letter)
                    }
                });
                stages.push(Stage::new(at, operand, &read, &free, grid_of(&free)?));
                let axes: Vec<_> = free.iter().map(|&letter| Along::Letter(letter)).collect();
                Reading::new(&axes, &stages[stages.len() - 1].grid, &parts.output)
            } else {
                Reading::new(&operand.axes, &read, &parts.output)
            });
            grids.push(read);
        }
        grids.push(grid);
        Ok(Self { parts, stages, grids, readings })
    }

    /// What the layer is made of.
    #[must_use]
    pub fn parts(&self) -> &BlockwiseParts {
        &self.parts
    }

    fn stage_of(&self, operand: usize) -> Option<usize> {
        self.stages.iter().position(|stage| stage.operand == operand)
    }
}

impl Stage {
    fn new(at: usize, operand: &Indexed, read: &Grid, free: &[Letter], grid: Grid) -> Self {
        let reading = Reading::new(&operand.axes, read, free);
        let (body, parameters) = match &operand.contraction {
            Contraction::Join(body) => {
                let bound = |axis: &usize| matches!(reading.axes[*axis], Follows::Bound(_));
                let axes: Vec<usize> = (0..read.n_axes()).filter(bound).collect();
                let int = |n: i64| Param::Int(n);
                let counts = axes.iter().map(|&axis| int(read.counts()[axis].into())).collect();
                let axes = axes.iter().map(|&axis| int(axis.clamped::<i64>())).collect();
                let parameters = Param::map([("axes", Param::List(axes)), ("counts", Param::List(counts))]);
                (body.clone(), parameters)
            }
            Contraction::Gather | Contraction::Spread => (Body::Gather, Param::Null),
        };
        Self { operand: at, body, parameters, reading, grid }
    }
}

impl Kind for Blockwise {
    fn n_stages(&self) -> usize {
        self.stages.len() + 1
    }

    fn stage_grid(&self, stage: usize) -> &Grid {
        match self.stages.get(stage) {
            Some(stage) => &stage.grid,
            None => &self.grids[self.grids.len() - 1],
        }
    }

    fn stage_name(&self, stage: usize) -> String {
        format!("joined-{}", self.stages[stage].operand)
    }

    fn returns(&self, stage: usize) -> Returns {
        if stage < self.stages.len() { Returns::One } else { self.parts.returns }
    }

    fn n_operands(&self) -> usize {
        self.parts.operands.len()
    }

    fn operand(&self, operand: usize) -> (&Name, Option<&Grid>) {
        (&self.parts.operands[operand].operand.name, Some(&self.grids[operand]))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        let index = self.stage_grid(place.stage.into()).block(place.block);
        if let Some(stage) = self.stages.get(usize::from(place.stage)) {
            let output = self.parts.operands[stage.operand].operand.output;
            stage.reading.visit(&index, |block| out.push(Input::operand(stage.operand, block, output)));
            return;
        }
        let mut n_stages = 0;
        for (at, (operand, reading)) in self.parts.operands.iter().zip(&self.readings).enumerate() {
            if self.stages.get(n_stages).is_some_and(|stage| stage.operand == at) {
                out.push(Input::stage(n_stages, reading.base(&index), 0));
                n_stages += 1;
            } else {
                reading.visit(&index, |block| out.push(Input::operand(at, block, operand.operand.output)));
            }
        }
    }

    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        let last = self.stages.len();
        let (stage, reading, read) = match from {
            Origin::Stage(stage) => {
                let stage = &self.stages[usize::from(stage)];
                (last, &self.readings[stage.operand], &stage.grid)
            }
            Origin::Operand(operand) => {
                let operand = operand as usize;
                match self.stage_of(operand) {
                    Some(at) => (at, &self.stages[at].reading, &self.grids[operand]),
                    None => (last, &self.readings[operand], &self.grids[operand]),
                }
            }
        };
        let grid = self.stage_grid(stage);
        reading.readers(&read.block(block), grid, |index| {
            out.extend(grid.number(index).map(|block| Place { stage: stage.fit::<u16>(), block }));
        });
    }

    fn has_aliases(&self) -> bool {
        matches!(self.parts.body, Body::Alias) && self.stages.is_empty() && self.parts.operands.len() == 1
    }

    fn alias(&self, place: Place) -> Option<Input> {
        let mut inputs = Vec::with_capacity(1);
        self.inputs(place, &mut inputs);
        inputs.first().copied().filter(|_| self.has_aliases() && inputs.len() == 1)
    }

    fn body(&self, place: Place) -> &Body {
        self.stages.get(usize::from(place.stage)).map_or(&self.parts.body, |stage| &stage.body)
    }

    fn parameters(&self, place: Place) -> Param {
        match self.stages.get(usize::from(place.stage)) {
            Some(stage) => stage.parameters.clone(),
            None => self.parts.parameters.at(&self.grids[self.grids.len() - 1], place.block),
        }
    }
}

const SINGLE: u8 = 0;
const LETTER: u8 = 1;

impl Encode for Along {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Single => {
                out.byte(SINGLE);
                Ok(())
            }
            Self::Letter(letter) => {
                out.byte(LETTER);
                letter.encode(out)
            }
        }
    }
}

impl Decode for Along {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            SINGLE => Ok(Self::Single),
            LETTER => Letter::decode(input).map(Self::Letter),
            tag => Err(input.unknown_tag("axis of an operand", tag)),
        }
    }
}

const SPREAD: u8 = 0;
const GATHER: u8 = 1;
const JOIN: u8 = 2;

impl Encode for Contraction {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Spread => out.byte(SPREAD),
            Self::Gather => out.byte(GATHER),
            Self::Join(body) => {
                out.byte(JOIN);
                return body.encode(out);
            }
        }
        Ok(())
    }
}

impl Decode for Contraction {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            SPREAD => Ok(Self::Spread),
            GATHER => Ok(Self::Gather),
            JOIN => Body::decode(input).map(Self::Join),
            tag => Err(input.unknown_tag("contraction", tag)),
        }
    }
}

impl Encode for Indexed {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (&self.operand, &self.axes, &self.contraction).encode(out)
    }
}

impl Decode for Indexed {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (operand, axes, contraction) = Decode::decode(input)?;
        Ok(Self { operand, axes, contraction })
    }
}

impl Encode for Blockwise {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        let BlockwiseParts { body, parameters, returns, counts, output, operands } = &self.parts;
        (body, parameters, returns).encode(out)?;
        (counts, output, operands).encode(out)
    }
}

impl Decode for Blockwise {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (body, parameters, returns) = Decode::decode(input)?;
        let (counts, output, operands) = Decode::decode(input)?;
        let parts = BlockwiseParts { body, parameters, returns, counts, output, operands };
        Self::new(parts).map_err(|error| input.corrupt(&error.to_string()))
    }
}
