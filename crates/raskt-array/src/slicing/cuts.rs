//! Cuts: an index with everything about it settled, as expressions keep it.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_graph::layer::{AxisCut, Part, Region};

/// What is done to one axis, or to none ([`Cut::New`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    All,
    /// The element is taken; the axis goes.
    Point(u64),
    /// `n` elements from `start`, `step` apart.
    Range {
        /// The first element.
        start: u64,
        /// How many.
        n: u64,
        /// From one to the next; not 0.
        step: i64,
    },
    /// The elements at these places.
    Picks(Vec<u64>),
    /// Whole blocks, by their numbers.
    Blocks(Vec<u32>),
    /// An axis of length 1 is put in.
    New,
}

/// The parameter of an expression that has these cuts.
#[must_use]
pub fn cuts_param(cuts: &[Cut]) -> Param {
    let cut = |cut: &Cut| match cut {
        Cut::All => Param::Null,
        Cut::Point(at) => Param::Int((*at).clamped::<i64>()),
        Cut::Range { start, n, step } => {
            crate::parameters::integers([(*start).clamped::<i64>(), (*n).clamped::<i64>(), *step])
        }
        Cut::Picks(picks) => {
            Param::Bytes(picks.iter().flat_map(|pick| pick.to_le_bytes()).collect::<Vec<u8>>().into())
        }
        Cut::Blocks(blocks) => {
            let blocks = crate::parameters::integers(blocks.iter().map(|&block| i64::from(block)));
            Param::map([("blocks", blocks)])
        }
        Cut::New => Param::Str("new".into()),
    };
    Param::map([("cuts", Param::List(cuts.iter().map(cut).collect()))])
}

/// The cuts of an expression.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for a parameter that is none.
pub fn cuts_of(parameters: &Param) -> Result<Vec<Cut>> {
    let wrong = || ErrorKind::InvalidValue(format!("{parameters:?} are no cuts"));
    let place = |at: i64| u64::try_from(at).map_err(|_| wrong());
    let cut = |param: &Param| match param {
        Param::Null => Ok(Cut::All),
        Param::Int(at) => Ok(Cut::Point(place(*at)?)),
        Param::Str(_) => Ok(Cut::New),
        map @ Param::Map(_) => {
            let blocks = crate::parameters::integers_of(map, "blocks").ok_or_else(wrong)?;
            Ok(Cut::Blocks(
                blocks
                    .into_iter()
                    .map(|block| u32::try_from(block).map_err(|_| wrong()))
                    .collect::<Result<_, _>>()?,
            ))
        }
        Param::Bytes(bytes) => {
            let pick = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).unwrap_or_default();
            Ok(Cut::Picks(bytes.chunks_exact(8).map(pick).collect()))
        }
        Param::List(items) => match **items {
            [Param::Int(start), Param::Int(n), Param::Int(step)] => {
                Ok(Cut::Range { start: place(start)?, n: place(n)?, step })
            }
            _ => Err(wrong().into()),
        },
        _ => Err(wrong().into()),
    };
    parameters.get("cuts").and_then(Param::as_list).ok_or_else(wrong)?.iter().map(cut).collect()
}

impl Cut {
    /// The same cut of an axis cut into `axis`, as [`Cut::All`] where it takes everything as it is.
    #[must_use]
    pub(crate) fn plain(self, axis: &AxisChunks) -> Self {
        let is_all = match &self {
            Self::Range { start: 0, n, step: 1 } => axis.length() == Some(*n),
            Self::Blocks(blocks) => blocks.iter().copied().eq(0..axis.n_blocks()),
            _ => false,
        };
        if is_all { Self::All } else { self }
    }

    /// Whether no more is taken than there is along an axis cut into `axis`.
    #[must_use]
    pub(crate) fn is_part(&self, axis: &AxisChunks) -> bool {
        match self {
            Self::All | Self::Point(_) | Self::Range { .. } => true,
            Self::Picks(picks) => axis.length().is_none_or(|length| picks.len() as u64 <= length),
            Self::Blocks(blocks) => blocks.len() <= axis.n_blocks() as usize,
            Self::New => false,
        }
    }
}

/// How what `cuts` take of an array cut into `chunks` is cut.
pub(crate) fn chunks_left(chunks: &Chunks, cuts: &[Cut]) -> Result<Chunks> {
    Chunks::new(resolve(chunks, cuts)?.into_iter().filter_map(|(_, made)| made))
}

/// For each cut what the layer does, and how what remains is cut into chunks.
pub(super) fn resolve(chunks: &Chunks, cuts: &[Cut]) -> Result<Vec<(AxisCut, Option<AxisChunks>)>> {
    let mut axes = chunks.axes().iter();
    let mut resolved = Vec::with_capacity(cuts.len());
    for cut in cuts {
        if *cut == Cut::New {
            resolved.push((AxisCut::New, Some(AxisChunks::uniform(1, 1)?)));
            continue;
        }
        let axis = axes.next().ok_or_else(|| {
            ErrorKind::InvalidValue(format!("{} cuts for {} axes", cuts.len(), chunks.n_axes()))
        })?;
        resolved.push(match cut {
            Cut::All | Cut::New => (AxisCut::All(axis.n_blocks()), Some(axis.clone())),
            Cut::Point(at) => (AxisCut::point(axis, *at)?, None),
            Cut::Range { start, n, step } => {
                let (cut, made) = AxisCut::range(axis, *start, *n, *step)?;
                (cut, Some(made))
            }
            Cut::Blocks(blocks) => {
                let part = |&block: &u32| Part { block, region: Region::Whole };
                let cut = AxisCut::parts(axis.n_blocks(), blocks.iter().map(part).collect())?;
                let sizes = blocks.iter().map(|&block| (axis.chunk(block).and_then(|chunk| chunk.size), 1));
                (cut, Some(AxisChunks::from_runs(sizes)?))
            }
            Cut::Picks(picks) => {
                let (cut, made) = AxisCut::picks(axis, picks)?;
                (cut, Some(made))
            }
        });
    }
    Ok(resolved)
}
