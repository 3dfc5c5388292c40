//! Blocks with margins: of their neighbours, or made up.

use raskt_core::{NdArray, Param, Result, Shape};
use raskt_exec::{Call, Outcome};

use super::join::copy_into;
use super::slice::{Cut, view};
use super::take::copy_broadcast;
use crate::kernels::Scalar;
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, invalid};
use crate::kernels::nest::Order;
use crate::kernels::parameters;

/// A stretch of the result along one axis.
#[derive(Clone, Debug)]
enum Stretch {
    /// Elements of the block at that offset: the first, how many, how far apart.
    Of { neighbour: i64, start: u64, n: u64, step: i64 },
    /// So many copies of one element of the block itself.
    Repeated { at: u64, n: u64 },
    /// So many constants, the number of which is given.
    Constant { n: u64, number: usize },
}

impl Stretch {
    fn len(&self) -> u64 {
        match self {
            Self::Of { n, .. } | Self::Repeated { n, .. } | Self::Constant { n, .. } => *n,
        }
    }
}

/// The body `array.extend`: a block with margins of its neighbours, own parameters as
/// [`raskt_graph::layer::Overlap`] gives them. What lies outside of the array is mirrored with its edge
/// (`"reflect"`), the edge repeated (`"nearest"`), a constant, or nothing (`"open"`).
pub(crate) fn extend(call: &mut Call<'_>) -> Result<Outcome> {
    let margins = parameters::entry(call.own, "margins")?.as_list().unwrap_or(&[]);
    let neighbours = parameters::entry(call.own, "neighbours")?.as_list().unwrap_or(&[]);
    let neighbours = neighbours.iter().map(parameters::integers).collect::<Result<Vec<_>>>()?;
    let blocks =
        call.inputs.iter().map(|value| Ok(memory::array(value)?.into_owned())).collect::<Result<Vec<_>>>()?;
    let find =
        |offsets: &[i64]| neighbours.iter().position(|found| found == offsets).and_then(|at| blocks.get(at));
    let centre =
        find(&vec![0; margins.len()]).ok_or_else(|| invalid("a block is not among its neighbours"))?;
    let mut constants = Vec::new();
    let mut axes = Vec::new();
    for (axis, margin) in margins.iter().enumerate() {
        let [before, after, boundary] = margin.as_list().unwrap_or(&[]) else {
            return Err(invalid(format!("{margin:?} is no margin")));
        };
        let width = |param: &Param| param.as_int().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let size = centre.shape()[axis];
        let mut stretches = Vec::new();
        for (side, n) in [(-1_i64, width(before)), (1, width(after))] {
            if side == 1 {
                stretches.push(Stretch::Of { neighbour: 0, start: 0, n: size, step: 1 });
            }
            let mut offsets = vec![0; margins.len()];
            offsets[axis] = side;
            let found = find(&offsets);
            if n == 0 {
                continue;
            }
            stretches.extend(match found {
                Some(block) if side == -1 => Some(Stretch::Of {
                    neighbour: -1,
                    start: block.shape()[axis]
                        .checked_sub(n)
                        .ok_or_else(|| too_wide(n, block.shape()[axis]))?,
                    n,
                    step: 1,
                }),
                Some(_) => Some(Stretch::Of { neighbour: 1, start: 0, n, step: 1 }),
                None => outside(boundary, side, n, size, &mut constants, centre)?,
            });
        }
        axes.push(stretches);
    }
    assemble(centre, &axes, &constants, &|offsets| find(offsets)).map(|array| Outcome::Value(array.into()))
}

fn too_wide(n: u64, size: u64) -> raskt_core::Error {
    invalid(format!("a margin of {n} is wider than a block of {size}"))
}

fn outside(
    boundary: &Param,
    side: i64,
    n: u64,
    size: u64,
    constants: &mut Vec<NdArray>,
    centre: &NdArray,
) -> Result<Option<Stretch>> {
    if let Some(value) = boundary.get("constant") {
        constants.push(constant(value, centre)?);
        return Ok(Some(Stretch::Constant { n, number: constants.len() - 1 }));
    }
    if size == 0 {
        return Err(too_wide(n, 0));
    }
    Ok(match boundary.as_str() {
        Some("open") => None,
        Some("nearest") => Some(Stretch::Repeated { at: if side < 0 { 0 } else { size - 1 }, n }),
        Some("reflect" | "periodic") if n > size => return Err(too_wide(n, size)),
        Some("reflect") => {
            let start = if side < 0 { n - 1 } else { size - 1 };
            Some(Stretch::Of { neighbour: 0, start, n, step: -1 })
        }
        _ => return Err(invalid(format!("{boundary:?} is no boundary"))),
    })
}

/// A constant as an element of the block's dtype.
fn constant(value: &Param, like: &NdArray) -> Result<NdArray> {
    let dtype = like.dtype().clone();
    match value {
        Param::Bool(flag) => Scalar::int(dtype, i128::from(*flag)).to_array(),
        Param::Int(number) => Scalar::int(dtype, i128::from(*number)).to_array(),
        Param::Float(number) => Scalar::float(dtype, *number).to_array(),
        Param::Value(value) => cast(&*memory::array(value)?, &dtype),
        other => cast(&Scalar::from_param(other)?.to_array()?, &dtype),
    }
}

fn assemble<'a>(
    centre: &'a NdArray,
    axes: &[Vec<Stretch>],
    constants: &[NdArray],
    find: &dyn Fn(&[i64]) -> Option<&'a NdArray>,
) -> Result<NdArray> {
    let shape: Shape = axes.iter().map(|stretches| stretches.iter().map(Stretch::len).sum::<u64>()).collect();
    let steps = Order::plain(shape.len()).dense_steps(&shape, centre.item_bytes() as i64);
    let n_regions: usize = axes.iter().map(Vec::len).product();
    memory::build(centre.dtype().clone(), &shape, |out| {
        for number in 0..n_regions {
            let mut rest = number;
            let mut at = 0;
            let mut region: Shape = shape.clone();
            let (mut offsets, mut cuts) = (vec![0; axes.len()], vec![Cut::All; axes.len()]);
            let mut fill = None;
            for axis in (0..axes.len()).rev() {
                let index = rest % axes[axis].len();
                rest /= axes[axis].len();
                let before: u64 = axes[axis][..index].iter().map(Stretch::len).sum();
                at += before as usize * steps[axis] as usize;
                region[axis] = axes[axis][index].len();
                match &axes[axis][index] {
                    Stretch::Of { neighbour, start, n, step } => {
                        offsets[axis] = *neighbour;
                        cuts[axis] = Cut::Range { start: *start, n: *n, step: *step };
                    }
                    Stretch::Repeated { at, .. } => cuts[axis] = Cut::Range { start: *at, n: 1, step: 1 },
                    // Of several constants at a corner, that of the last axis.
                    Stretch::Constant { number, .. } => fill = fill.or(Some(*number)),
                }
            }
            if region.contains(&0) {
                continue;
            }
            if let Some(number) = fill {
                copy_broadcast(&constants[number], &region, out, at, &steps)?;
                continue;
            }
            let block = find(&offsets).ok_or_else(|| invalid("a neighbour is missing"))?;
            let (part, _) = view(block, &cuts)?;
            if part.shape() == &region[..] {
                copy_into(&part, out, at, &steps)?;
            } else {
                copy_broadcast(&part, &region, out, at, &steps)?;
            }
        }
        Ok(())
    })
}
