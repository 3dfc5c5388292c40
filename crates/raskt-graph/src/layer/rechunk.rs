//! The same elements in other blocks.

use std::ops::Range;

use raskt_core::chunk::AxisChunks;
use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Name, Param, Result};

use super::formula::integers;
use super::grid::{for_each_index, invalid};
use super::operand::Kind;
use super::{Grid, Input, Operand, Origin, Place, Returns};
use crate::body::Body;

/// One axis, cut in two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisRechunk {
    from: AxisChunks,
    to: AxisChunks,
}

/// The blocks of one cutting that a block of the other one overlaps, and the elements it shares with each.
struct Overlap {
    blocks: Range<u32>,
    elements: Range<u64>,
}

impl AxisRechunk {
    /// The axis cut as `from`, to be cut as `to`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) where lengths differ or are not known.
    pub fn new(from: AxisChunks, to: AxisChunks) -> Result<Self> {
        match (from.length(), to.length()) {
            (Some(a), Some(b)) if a == b => Ok(Self { from, to }),
            _ => Err(invalid(format!("chunks of {from} cannot become chunks of {to}"))),
        }
    }

    /// The old blocks that make up new block `made`: as few as can be, but at least one.
    fn sources(&self, made: u32) -> Overlap {
        let elements = self.to.chunk(made).and_then(|chunk| chunk.range()).unwrap_or_default();
        let last_element = self.from.length().unwrap_or(0).saturating_sub(1);
        // An empty block asks the block where it would lie.
        let at = |element: u64| self.from.locate(element.min(last_element)).map_or(0, |(block, _)| block);
        let first = at(elements.start);
        let last = if elements.is_empty() { first } else { at(elements.end - 1) };
        Overlap { blocks: first..last + 1, elements }
    }

    /// The new blocks that old block `read` is a source of.
    fn users(&self, read: u32) -> Range<u32> {
        // Ranges of sources move forward only.
        let bound = |is_before: &dyn Fn(Overlap) -> bool| {
            let (mut low, mut high) = (0, self.to.n_blocks());
            while low < high {
                let middle = low + (high - low) / 2;
                if is_before(self.sources(middle)) { low = middle + 1 } else { high = middle }
            }
            low
        };
        let start = bound(&|sources| sources.blocks.end <= read);
        start..bound(&|sources| sources.blocks.start <= read).max(start)
    }

    /// The most new blocks that one old block is a source of; `None` where it would take long to tell.
    fn n_users_max(&self) -> Option<u32> {
        const N_COUNTED_MAX: u32 = 1 << 24;
        // The block at the end of the last range, and how many ranges it is in.
        let (mut last, mut n, mut most) = (0, 0, 1);
        for made in 0..Some(self.to.n_blocks()).filter(|&n| n <= N_COUNTED_MAX)? {
            let blocks = self.sources(made).blocks;
            n = if blocks.start == last { n + 1 } else { 1 };
            most = most.max(n);
            if blocks.end - 1 != last {
                (last, n) = (blocks.end - 1, if blocks.len() > 1 { 1 } else { n });
            }
        }
        Some(most)
    }

    /// What new block `made` takes of old block `read`: its places in the old one.
    fn region(&self, read: u32, made: u32) -> Range<u64> {
        let old = self.from.chunk(read).and_then(|chunk| chunk.range()).unwrap_or_default();
        let new = self.to.chunk(made).and_then(|chunk| chunk.range()).unwrap_or_default();
        let start = new.start.clamp(old.start, old.end);
        start - old.start..new.end.clamp(start, old.end) - old.start
    }

    fn is_same(&self, made: u32) -> bool {
        let Overlap { blocks, elements } = self.sources(made);
        blocks.len() == 1 && self.from.chunk(blocks.start).and_then(|chunk| chunk.range()) == Some(elements)
    }
}

/// How the elements travel.
#[derive(Clone, Debug, PartialEq)]
pub enum Transport {
    /// Each new block's task needs the whole old blocks that it overlaps. It gets `[[[start, stop], ..], ..]`, for
    /// each axis what to take of each old block along it; the old blocks come in C order.
    Whole,
    /// This body cuts each old block once into the list of pieces for the new blocks, in C order, and gets the same
    /// list of regions. What joins the pieces gets their number along each axis.
    Pieces(Body),
}

/// `rechunk`, `repartition`: blocks whose boundaries move, known on both sides.
///
/// ```
/// use raskt_core::chunk::AxisChunks;
/// use raskt_graph::Body;
/// use raskt_graph::layer::{AxisRechunk, Layer, Operand, Rechunk, Transport};
/// let rows = AxisRechunk::new(AxisChunks::uniform(100, 10)?, AxisChunks::uniform(100, 25)?)?;
/// let join = Body::native("array.join");
/// let layer = Layer::from(Rechunk::new(Operand::new("x"), vec![rows], join, Transport::Whole)?);
/// assert_eq!(layer.needs(&[1])?.len(), 3);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rechunk {
    operand: Operand,
    axes: Vec<AxisRechunk>,
    join: Body,
    transport: Transport,
    read: Grid,
    grid: Grid,
    /// The most pieces that an old block falls into.
    n_pieces_max: u16,
}

impl Rechunk {
    /// The blocks of `operand`, cut anew along `axes`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for too many blocks or pieces.
    pub fn new(operand: Operand, axes: Vec<AxisRechunk>, join: Body, transport: Transport) -> Result<Self> {
        let read = Grid::new(&axes.iter().map(|axis| axis.from.n_blocks()).collect::<Vec<_>>())?;
        let grid = Grid::new(&axes.iter().map(|axis| axis.to.n_blocks()).collect::<Vec<_>>())?;
        let n_pieces_max = match &transport {
            Transport::Whole => 1,
            Transport::Pieces(_) => {
                let n = axes.iter().try_fold(1_u32, |n, axis| n.checked_mul(axis.n_users_max()?));
                let n = n.and_then(|n| u16::try_from(n).ok());
                n.ok_or_else(|| invalid("a block would be cut into more than 65,535 pieces"))?
            }
        };
        Ok(Self { operand, axes, join, transport, read, grid, n_pieces_max })
    }

    fn is_cut(&self, stage: usize) -> bool {
        stage == 0 && matches!(self.transport, Transport::Pieces(_))
    }

    /// The index ranges of the old blocks that new block `made` needs.
    fn sources(&self, made: u32) -> Vec<Range<u32>> {
        let index = self.grid.block(made);
        self.axes.iter().zip(index).map(|(axis, made)| axis.sources(made).blocks).collect()
    }

    /// The index ranges of the new blocks that need old block `read`.
    fn users(&self, read: u32) -> Vec<Range<u32>> {
        let index = self.read.block(read);
        self.axes.iter().zip(index).map(|(axis, read)| axis.users(read)).collect()
    }

    /// Which piece of old block `read` is for the new block at `made`.
    fn piece(&self, read: &[u32], made: &[u32]) -> u16 {
        let along = self.axes.iter().zip(read.iter().zip(made));
        along.fold(0, |piece, (axis, (&read, &made))| {
            let users = axis.users(read);
            piece * users.len().fit::<u16>() + (made - users.start).fit::<u16>()
        })
    }
}

/// `[[[start, stop], ..], ..]` of the blocks in `ranges`.
fn regions(ranges: &[Range<u32>], region: impl Fn(usize, u32) -> Range<u64>) -> Param {
    let axis = |(axis, range): (usize, &Range<u32>)| {
        let interval = |block| {
            let region = region(axis, block);
            integers([region.start.clamped::<i64>(), region.end.clamped::<i64>()])
        };
        Param::List(range.clone().map(interval).collect())
    };
    Param::List(ranges.iter().enumerate().map(axis).collect())
}

impl Kind for Rechunk {
    fn n_stages(&self) -> usize {
        match self.transport {
            Transport::Whole => 1,
            Transport::Pieces(_) => 2,
        }
    }

    fn stage_grid(&self, stage: usize) -> &Grid {
        if self.is_cut(stage) { &self.read } else { &self.grid }
    }

    fn stage_name(&self, _: usize) -> String {
        "pieces".to_owned()
    }

    fn returns(&self, stage: usize) -> Returns {
        if self.is_cut(stage) { Returns::List(self.n_pieces_max) } else { Returns::One }
    }

    fn n_operands(&self) -> usize {
        1
    }

    fn operand(&self, _: usize) -> (&Name, Option<&Grid>) {
        (&self.operand.name, Some(&self.read))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        if self.is_cut(place.stage.into()) {
            return out.push(Input::operand(0, place.block, self.operand.output));
        }
        let made = self.grid.block(place.block);
        for_each_index(&self.sources(place.block), |read| {
            let Some(block) = self.read.number(read) else { return };
            out.push(match self.transport {
                Transport::Whole => Input::operand(0, block, self.operand.output),
                Transport::Pieces(_) => Input::stage(0, block, self.piece(read, &made)),
            });
        });
    }

    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        if from == Origin::Operand(0) && self.is_cut(0) {
            return out.push(Place { stage: 0, block });
        }
        let stage = (self.n_stages() - 1).fit::<u16>();
        for_each_index(&self.users(block), |made| {
            out.extend(self.grid.number(made).map(|block| Place { stage, block }));
        });
    }

    fn has_aliases(&self) -> bool {
        true
    }

    fn alias(&self, place: Place) -> Option<Input> {
        if self.is_cut(place.stage.into()) {
            return None;
        }
        let index = self.grid.block(place.block);
        let same = self.axes.iter().zip(&index).all(|(axis, &made)| axis.is_same(made));
        let read: Vec<u32> = self.sources(place.block).iter().map(|range| range.start).collect();
        let block = self.read.number(&read).filter(|_| same)?;
        Some(Input::operand(0, block, self.operand.output))
    }

    fn body(&self, place: Place) -> &Body {
        match &self.transport {
            Transport::Pieces(cut) if place.stage == 0 => cut,
            _ => &self.join,
        }
    }

    fn parameters(&self, place: Place) -> Param {
        if self.is_cut(place.stage.into()) {
            let read = self.read.block(place.block);
            return regions(&self.users(place.block), |axis, made| self.axes[axis].region(read[axis], made));
        }
        let sources = self.sources(place.block);
        match self.transport {
            Transport::Whole => {
                let made = self.grid.block(place.block);
                regions(&sources, |axis, read| self.axes[axis].region(read, made[axis]))
            }
            Transport::Pieces(_) => integers(sources.iter().map(|range| range.len().clamped::<i64>())),
        }
    }
}

impl Encode for Rechunk {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.operand.encode(out)?;
        out.varint(self.axes.len() as u64);
        self.axes.iter().try_for_each(|axis| (&axis.from, &axis.to).encode(out))?;
        let pieces = match &self.transport {
            Transport::Whole => None,
            Transport::Pieces(body) => Some(body),
        };
        (&self.join, pieces).encode(out)
    }
}

impl Decode for Rechunk {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let operand = Operand::decode(input)?;
        let axes = Vec::<(AxisChunks, AxisChunks)>::decode(input)?;
        let (join, pieces) = <(Body, Option<Body>)>::decode(input)?;
        let transport = pieces.map_or(Transport::Whole, Transport::Pieces);
        let axes: Result<Vec<_>> = axes.into_iter().map(|(from, to)| AxisRechunk::new(from, to)).collect();
        let built = axes.and_then(|axes| Self::new(operand, axes, join, transport));
        built.map_err(|error| input.corrupt(&error.to_string()))
    }
}
