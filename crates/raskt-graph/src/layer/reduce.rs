//! Reduction by a tree: blocks are reduced one by one, then by the handful until one is left along each axis.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Name, Param, Result};

use super::formula::integers;
use super::grid::{for_each_index, invalid};
use super::operand::Kind;
use super::{Formula, Grid, Input, Operand, Origin, Place, Returns};
use crate::body::Body;

/// An axis that is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReducedAxis {
    /// The operand's axis.
    pub axis: u8,
    /// How many neighbours along the axis are combined by one task, at least 2.
    pub split_every: u32,
}

/// What becomes of reduced axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReducedAxes {
    /// They go.
    Dropped,
    /// They stay, with one block each.
    Kept,
}

/// How a task that combines several blocks gets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbours {
    /// One input each, in C order.
    Spread,
    /// One input each, in C order; and how many there are along each of the operand's axes, as own parameters.
    Counted,
    /// One input, the list of them in C order: for functions of a library, which take lists.
    Gathered,
}

/// What a [`TreeReduce`] layer is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeReduceParts {
    /// What is reduced.
    pub operand: Operand,
    /// Its grid.
    pub grid: Grid,
    /// The axes to reduce, in ascending order.
    pub axes: Vec<ReducedAxis>,
    /// Whether they remain.
    pub kept: ReducedAxes,
    /// What is done to each block first; nothing where they are reduced already.
    pub chunk: Option<Body>,
    /// What each block's first task gets of its own.
    pub parameters: Formula,
    /// What combines some partial results to one.
    pub combine: Body,
    /// What makes the result of the last partial results.
    pub aggregate: Body,
    /// How combining tasks get what they combine.
    pub neighbours: Neighbours,
    /// What the last task returns.
    pub returns: Returns,
}

/// Sums, means, arg-reductions, group-by aggregations.
///
/// ```
/// use raskt_graph::Body;
/// use raskt_graph::layer::*;
/// let sum = Body::native("array.sum");
/// let layer = Layer::from(TreeReduce::new(TreeReduceParts {
///     operand: Operand::new("x"),
///     grid: Grid::new(&[100])?,
///     axes: vec![ReducedAxis { axis: 0, split_every: 8 }],
///     kept: ReducedAxes::Dropped,
///     chunk: Some(sum.clone()),
///     parameters: Formula::default(),
///     combine: sum.clone(),
///     aggregate: sum,
///     neighbours: Neighbours::Spread,
///     returns: Returns::One,
/// })?);
/// // 100 chunks, 13 and 2 partial sums, 1 result.
/// let counts: Vec<u32> = (0..layer.n_stages()).map(|s| layer.stage_grid(s).n_blocks()).collect();
/// assert_eq!(counts, [100, 13, 2, 1]);
/// assert_eq!(layer.grid().n_axes(), 0);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TreeReduce {
    parts: TreeReduceParts,
    /// What each stage reads and makes: the operand's grid, then one a stage, reduced axes kept.
    grids: Vec<Grid>,
    /// How others see the result.
    grid: Grid,
    /// How many neighbours are combined along each axis.
    split_every: Vec<u32>,
}

/// What the tasks of a stage do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// The first step, block by block.
    Chunk,
    /// Lists of neighbours.
    Gather,
    /// What such a list gives.
    CombineList,
    /// What neighbours give.
    Combine,
}

impl Work {
    /// Whether each block is made of the one with its number.
    fn is_one_to_one(self) -> bool {
        matches!(self, Self::Chunk | Self::CombineList)
    }
}

impl TreeReduce {
    /// The layer made of `parts`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for axes that are not there or out of order,
    /// and where fewer than 2 blocks are to be combined at once.
    pub fn new(parts: TreeReduceParts) -> Result<Self> {
        let source = &parts.grid;
        let mut split_every = vec![1; source.n_axes()];
        if !parts.axes.is_sorted_by(|a, b| a.axis < b.axis) {
            return Err(invalid("the axes of a reduction are not in ascending order"));
        }
        for reduced in &parts.axes {
            let axis = usize::from(reduced.axis);
            match split_every.get_mut(axis) {
                Some(split) if reduced.split_every >= 2 => *split = reduced.split_every,
                Some(_) => return Err(invalid("a reduction combines at least 2 blocks at once")),
                None => return Err(invalid(format!("axis {axis} of a grid of {source} cannot be reduced"))),
            }
        }
        if source.n_blocks() == 0 {
            return Err(invalid("a reduction of no blocks"));
        }
        parts.parameters.check(source)?;
        let mut grids = vec![source.clone()];
        if parts.chunk.is_some() {
            grids.push(source.clone());
        }
        loop {
            let counts = grids[grids.len() - 1].counts();
            let fewer: Vec<u32> =
                counts.iter().zip(&split_every).map(|(n, split)| n.div_ceil(*split)).collect();
            grids.push(Grid::new(&fewer)?);
            if parts.neighbours == Neighbours::Gathered {
                grids.push(Grid::new(&fewer)?);
            }
            if parts.axes.iter().all(|reduced| fewer[usize::from(reduced.axis)] == 1) {
                break;
            }
        }
        let is_reduced = |axis: usize| parts.axes.iter().any(|reduced| usize::from(reduced.axis) == axis);
        let stays = |axis: &usize| parts.kept == ReducedAxes::Kept || !is_reduced(*axis);
        let last = &grids[grids.len() - 1];
        let counts: Vec<u32> = (0..source.n_axes()).filter(stays).map(|axis| last.counts()[axis]).collect();
        let grid = Grid::new(&counts)?;
        Ok(Self { parts, grids, grid, split_every })
    }

    /// What the layer is made of.
    #[must_use]
    pub fn parts(&self) -> &TreeReduceParts {
        &self.parts
    }

    fn work(&self, stage: usize) -> Work {
        match (stage.checked_sub(usize::from(self.parts.chunk.is_some())), self.parts.neighbours) {
            (None, _) => Work::Chunk,
            (Some(stage), Neighbours::Gathered) if stage % 2 == 0 => Work::Gather,
            (Some(_), Neighbours::Gathered) => Work::CombineList,
            (Some(_), Neighbours::Spread | Neighbours::Counted) => Work::Combine,
        }
    }

    /// The blocks of the stage before that a block combines, along each axis.
    fn neighbours(&self, place: Place) -> Vec<std::ops::Range<u32>> {
        let (read, made) = (&self.grids[usize::from(place.stage)], &self.grids[usize::from(place.stage) + 1]);
        let index = made.block(place.block);
        let range = |axis: usize| {
            let (at, split) = (index[axis], self.split_every[axis]);
            at * split..((u64::from(at) + 1) * u64::from(split)).min(read.counts()[axis].into()).fit::<u32>()
        };
        (0..index.len()).map(range).collect()
    }
}

impl Kind for TreeReduce {
    fn n_stages(&self) -> usize {
        self.grids.len() - 1
    }

    fn stage_grid(&self, stage: usize) -> &Grid {
        &self.grids[stage + 1]
    }

    fn grid(&self) -> &Grid {
        &self.grid
    }

    fn stage_name(&self, stage: usize) -> String {
        match self.work(stage) {
            Work::Chunk => "chunk".to_owned(),
            Work::Gather => format!("gather-{stage}"),
            Work::CombineList | Work::Combine => format!("combine-{stage}"),
        }
    }

    fn returns(&self, stage: usize) -> Returns {
        if stage + 1 == self.n_stages() { self.parts.returns } else { Returns::One }
    }

    fn n_operands(&self) -> usize {
        1
    }

    fn operand(&self, _: usize) -> (&Name, Option<&Grid>) {
        (&self.parts.operand.name, Some(&self.parts.grid))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        let stage = usize::from(place.stage);
        let input = |block: u32| match stage.checked_sub(1) {
            None => Input::operand(0, block, self.parts.operand.output),
            Some(before) => Input::stage(before, block, 0),
        };
        if self.work(stage).is_one_to_one() {
            return out.push(input(place.block));
        }
        let read = &self.grids[stage];
        for_each_index(&self.neighbours(place), |index| out.extend(read.number(index).map(input)));
    }

    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        let stage = match from {
            Origin::Operand(_) => 0,
            Origin::Stage(before) => before + 1,
        };
        if self.work(stage.into()).is_one_to_one() {
            return out.push(Place { stage, block });
        }
        let (read, made) = (&self.grids[usize::from(stage)], &self.grids[usize::from(stage) + 1]);
        let mut index = read.block(block);
        index.iter_mut().zip(&self.split_every).for_each(|(at, split)| *at /= split);
        out.extend(made.number(&index).map(|block| Place { stage, block }));
    }

    fn body(&self, place: Place) -> &Body {
        let stage = usize::from(place.stage);
        match (self.work(stage), &self.parts.chunk) {
            (Work::Chunk, Some(chunk)) => chunk,
            (Work::Gather, _) => &Body::Gather,
            _ if stage + 1 == self.n_stages() => &self.parts.aggregate,
            _ => &self.parts.combine,
        }
    }

    fn parameters(&self, place: Place) -> Param {
        let stage = usize::from(place.stage);
        match (self.work(stage), self.parts.neighbours) {
            (Work::Chunk, _) => self.parts.parameters.at(&self.parts.grid, place.block),
            (_, Neighbours::Spread | Neighbours::Gathered) => Param::Null,
            (_, Neighbours::Counted) => {
                integers(self.neighbours(place).iter().map(|range| range.len().clamped::<i64>()))
            }
        }
    }
}

const SPREAD: u8 = 0;
const COUNTED: u8 = 1;
const GATHERED: u8 = 2;

impl Encode for TreeReduce {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        let parts = &self.parts;
        (&parts.operand, &parts.grid).encode(out)?;
        out.varint(parts.axes.len() as u64);
        parts.axes.iter().try_for_each(|reduced| (reduced.axis, reduced.split_every).encode(out))?;
        (parts.kept == ReducedAxes::Kept, &parts.chunk, &parts.parameters).encode(out)?;
        let neighbours = match parts.neighbours {
            Neighbours::Spread => SPREAD,
            Neighbours::Counted => COUNTED,
            Neighbours::Gathered => GATHERED,
        };
        (&parts.combine, &parts.aggregate, neighbours, parts.returns).encode(out)
    }
}

impl Decode for TreeReduce {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (operand, grid) = Decode::decode(input)?;
        let axes = Vec::<(u8, u32)>::decode(input)?;
        let axes = axes.into_iter().map(|(axis, split_every)| ReducedAxis { axis, split_every }).collect();
        let (kept, chunk, parameters) = Decode::decode(input)?;
        let kept = if kept { ReducedAxes::Kept } else { ReducedAxes::Dropped };
        let (combine, aggregate) = Decode::decode(input)?;
        let neighbours = match input.byte()? {
            SPREAD => Neighbours::Spread,
            COUNTED => Neighbours::Counted,
            GATHERED => Neighbours::Gathered,
            tag => return Err(input.unknown_tag("way to combine", tag)),
        };
        let returns = Decode::decode(input)?;
        let parts = TreeReduceParts {
            operand,
            grid,
            axes,
            kept,
            chunk,
            parameters,
            combine,
            aggregate,
            neighbours,
            returns,
        };
        Self::new(parts).map_err(|error| input.corrupt(&error.to_string()))
    }
}
