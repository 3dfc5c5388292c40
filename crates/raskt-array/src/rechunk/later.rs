//! Rechunks of arrays whose sizes are not known, or were not when they were asked for: what is asked for is kept axis by axis.

use std::sync::Arc;

use raskt_core::chunk::{AxisChunks, AxisSpec, ChunkRequest, ChunkSpec, Chunks};
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::Expr;

use super::build::planned;
use super::plan::BLOCK_BYTES;
use crate::builder::Builder;
use crate::deferred::{PromisedAxis, later};
use crate::error::{ArrayError, Built};
use crate::parameters::{get, with, without};

/// The parameter that says what is asked for along each axis: null for what there is, `"auto"`, -1 for one chunk, the size of
/// chunks, a list of sizes with null for those that are not known, or `{"blocks": n}` for so many chunks.
pub const SPECS: &str = "specs";
/// The parameters with the bytes of an element, where they are known, and those that automatic chunks do not exceed.
const ITEM_BYTES: &str = "item_bytes";
const AUTO_BYTES: &str = "auto_bytes";
/// The key of a number of chunks.
const BLOCKS: &str = "blocks";

/// So many chunks along an axis, whatever its length.
pub(crate) fn blocks_spec(n_blocks: u32) -> Param {
    Param::map([(BLOCKS, Param::Int(n_blocks.into()))])
}

/// `n` sizes that add up to a length and differ by one at most.
pub(crate) fn balanced(length: u64, n: u32) -> Result<AxisChunks> {
    let n = u64::from(n).max(1);
    let (size, n_larger) = (length / n, length % n);
    let runs = [(Some(size + 1), n_larger), (Some(size), n - n_larger)];
    AxisChunks::from_runs(runs.into_iter().filter(|(_, n)| *n > 0))
}

/// What is asked for along an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Spec(AxisSpec),
    Blocks(u32),
}

impl Asked {
    fn of(param: &Param) -> Result<Self> {
        let wrong = || ErrorKind::InvalidValue(format!("{param:?} says no chunks"));
        Ok(Self::Spec(match param {
            Param::Null => AxisSpec::Keep,
            Param::Str(text) if &**text == "auto" => AxisSpec::Auto,
            Param::Int(-1) => AxisSpec::Whole,
            Param::Int(size) => AxisSpec::Size(u64::try_from(*size).map_err(|_| wrong())?),
            Param::List(sizes) => {
                let size = |size: &Param| match size {
                    Param::Null => Ok(None),
                    Param::Int(size) => u64::try_from(*size).map(Some).map_err(|_| wrong()),
                    _ => Err(wrong()),
                };
                AxisSpec::Sizes(sizes.iter().map(size).collect::<std::result::Result<_, _>>()?)
            }
            map => {
                let n = map.get(BLOCKS).and_then(Param::as_int).and_then(|n| u32::try_from(n).ok());
                return n.map(Self::Blocks).ok_or_else(|| wrong().into());
            }
        }))
    }

    /// Whether an axis of unknown length stays as it is: automatic chunks are those that there are.
    fn stays(&self, own: &AxisChunks) -> bool {
        match self {
            Self::Spec(AxisSpec::Keep | AxisSpec::Auto) => true,
            Self::Spec(AxisSpec::Whole) => own.n_blocks() == 1,
            Self::Spec(AxisSpec::Sizes(sizes)) => {
                sizes.contains(&None) && sizes.len() == own.n_blocks() as usize
            }
            Self::Spec(AxisSpec::Size(_)) => false,
            Self::Blocks(n) => *n == own.n_blocks(),
        }
    }

    /// The chunks that it comes to on an axis of known length.
    fn cut(&self, axis: usize, own: &AxisChunks, length: u64) -> Built<AxisChunks> {
        match self {
            Self::Spec(AxisSpec::Keep | AxisSpec::Auto) => Ok(own.clone()),
            Self::Spec(AxisSpec::Whole) => Ok(AxisChunks::from_sizes([length])?),
            Self::Spec(AxisSpec::Size(size)) => Ok(AxisChunks::uniform(length, (*size).max(1))?),
            Self::Spec(AxisSpec::Sizes(sizes)) => {
                let sizes: Vec<u64> = sizes.iter().map(|size| size.unwrap_or(0)).collect();
                let total: u64 = sizes.iter().sum();
                if total != length {
                    let sizes = crate::promise::tuple(&sizes.into_iter().map(Some).collect::<Vec<_>>());
                    return Err(ArrayError::value(format!(
                        "axis {axis}: chunks {sizes} add up to {total}, where the axis has length {length}"
                    )));
                }
                Ok(AxisChunks::from_sizes(sizes)?)
            }
            Self::Blocks(n) if *n == own.n_blocks() => Ok(own.clone()),
            Self::Blocks(n) => Ok(balanced(length, *n)?),
        }
    }

    /// What can be promised of an axis whose length is not known.
    fn promised(&self, axis: usize, own: &PromisedAxis) -> Built<PromisedAxis> {
        let later = "call compute_chunk_sizes() first";
        match self {
            _ if self.stays(&own.chunks) => Ok(own.clone()),
            Self::Blocks(n) => Ok(PromisedAxis::unknown(*n, own.length_max)?),
            Self::Spec(AxisSpec::Size(size)) => {
                let Some(bound) = own.length_max else {
                    return Err(ArrayError::value(format!(
                        "axis {axis} has an unknown length without a bound, so that the number of chunks of \
                         {size} cannot be told: {later}, or give -1 or the sizes of all chunks"
                    )));
                };
                if *size == 0 {
                    return Err(ArrayError::value(format!("axis {axis} cannot be cut into chunks of 0")));
                }
                let n_blocks = bound.div_ceil(*size).max(1).clamped::<u32>();
                Ok(PromisedAxis::unknown(n_blocks, own.length_max)?)
            }
            Self::Spec(AxisSpec::Sizes(sizes)) if sizes.contains(&None) => {
                let (n, asked) = (own.chunks.n_blocks(), sizes.len());
                Err(ArrayError::value(format!(
                    "axis {axis} has {n} chunks of unknown size, and {asked} were asked for: {later}"
                )))
            }
            Self::Spec(AxisSpec::Sizes(sizes)) => {
                Ok(PromisedAxis::known(AxisChunks::from_sizes(sizes.iter().flatten().copied())?))
            }
            Self::Spec(_) => Ok(PromisedAxis::unknown(1, own.length_max)?),
        }
    }
}

/// `expr` cut as `specs` say along each axis; what cannot be said yet is done once sizes are known.
pub(super) fn by_specs(
    builder: &Builder<'_>,
    expr: &Expr,
    specs: &Arc<[Param]>,
    parameters: &Param,
) -> Built<Expr> {
    let own = builder.chunks(expr)?;
    if specs.len() != own.n_axes() {
        let (found, n_axes) = (specs.len(), own.n_axes());
        return Err(ArrayError::value(format!("chunks for {found} axes, where the array has {n_axes}")));
    }
    let asked = specs.iter().map(Asked::of).collect::<Result<Vec<_>>>()?;
    let more = without(parameters, &[SPECS, ITEM_BYTES, AUTO_BYTES]);
    if let Ok(lengths) = own.known_shape() {
        let axes = (0..).zip(&asked).zip(own.axes().iter().zip(&lengths));
        let axes = axes.map(|((at, asked), (own, &length))| asked.cut(at, own, length));
        return planned(builder, expr, &Chunks::new(axes.collect::<Built<Vec<_>>>()?)?, &more);
    }
    let mut promised = PromisedAxis::all_of(builder, expr)?;
    let mut is_later = false;
    for (at, (asked, axis)) in asked.iter().zip(&mut promised).enumerate() {
        if axis.chunks.length().is_none() {
            is_later |= !asked.stays(&axis.chunks);
            *axis = asked.promised(at, axis)?;
        }
    }
    let cut = others(&own, &asked, &promised, parameters)?;
    for (at, axis) in cut {
        promised[at] = PromisedAxis::known(axis);
    }
    if !is_later {
        return planned(builder, expr, &Chunks::new(promised.into_iter().map(|axis| axis.chunks))?, &more);
    }
    let settled = specs.iter().zip(own.axes()).zip(&promised).map(|((spec, own), promised)| {
        match (own.length(), spec) {
            (Some(_), _) => sizes_spec(&promised.chunks),
            (None, Param::Str(_)) => Param::Null,
            (None, spec) => spec.clone(),
        }
    });
    let parameters = with(&more, [(SPECS, Param::List(settled.collect()))]);
    later(builder, "rechunk", std::slice::from_ref(expr), &parameters, promised, &builder.dtype(expr)?)
}

fn sizes_spec(axis: &AxisChunks) -> Param {
    Param::List(
        axis.sizes().map(|size| size.map_or(Param::Null, |size| Param::Int(size.clamped::<i64>()))).collect(),
    )
}

/// The chunks of axes of known length, where some are asked for: automatic ones are sized for the longest that the axes of
/// unknown length can be.
fn others(
    own: &Chunks,
    asked: &[Asked],
    promised: &[PromisedAxis],
    parameters: &Param,
) -> Built<Vec<(usize, AxisChunks)>> {
    let is_known = |at: usize| own.axes()[at].length().is_some();
    let is_asked = |at: usize| asked[at] != Asked::Spec(AxisSpec::Keep);
    let known: Vec<usize> = (0..own.n_axes()).filter(|&at| is_known(at)).collect();
    if !known.iter().any(|&at| is_asked(at)) {
        return Ok(Vec::new());
    }
    let is_automatic = known.iter().any(|&at| asked[at] == Asked::Spec(AxisSpec::Auto));
    let (mut shape, mut specs, mut previous) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (asked, axis)) in asked.iter().zip(own.axes()).enumerate() {
        let (length, spec, before) = match (axis.length(), asked) {
            (Some(length), Asked::Spec(spec)) => (length, spec.clone(), axis.clone()),
            (Some(length), Asked::Blocks(n)) => {
                (length, AxisSpec::Sizes(balanced(length, *n)?.sizes().collect()), axis.clone())
            }
            (None, _) => {
                let Some(length) = promised[at].length_max.or((!is_automatic).then_some(1)) else {
                    return Err(ArrayError::value(format!(
                        "axis {at}: automatic chunks need all other sizes, and these are unknown: call \
                         compute_chunk_sizes() first"
                    )));
                };
                let cut = balanced(length, promised[at].chunks.n_blocks())?;
                (length, AxisSpec::Sizes(cut.sizes().collect()), cut)
            }
        };
        shape.push(Some(length));
        specs.push(spec);
        previous.push(before);
    }
    let bytes = |name: &str| get(parameters, name).as_int().and_then(|bytes| u64::try_from(bytes).ok());
    let previous = Chunks::new(previous)?;
    let request = ChunkRequest {
        shape: &shape,
        item_bytes: bytes(ITEM_BYTES),
        limit_bytes: bytes(AUTO_BYTES).unwrap_or(BLOCK_BYTES),
        previous: Some(&previous),
    };
    let cut = ChunkSpec::Axes(specs).normalize(&request)?;
    Ok(known.into_iter().map(|at| (at, cut.axes()[at].clone())).collect())
}
