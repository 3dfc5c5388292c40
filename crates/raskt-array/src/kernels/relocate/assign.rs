//! Assignment: a new array with some elements replaced, in the memory of the old one where nobody else needs it.

use raskt_core::{Buffer, DType, NdArray, Param, Result, Shape, Strides, Value};
use raskt_exec::{Call, Outcome};

use super::join::dense_copy;
use super::slice::{Cut, view};
use super::take::{copy_broadcast, take_axis};
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, invalid};
use crate::kernels::parameters;
use crate::kernels::shapes::{broadcast_shapes, broadcast_steps};

/// A C-ordered array with writable memory of its own, made of the call's first input.
fn own_target(call: &mut Call<'_>) -> Result<(DType, Shape, Buffer)> {
    let value = call.inputs.first_mut().ok_or_else(|| invalid("nothing to assign to"))?;
    let array = memory::array(value)?.into_owned();
    if call.exclusive & 1 == 1 {
        *value = Value::Unit;
    }
    let (dtype, shape) = (array.dtype().clone(), array.shape().into());
    let len = array.n_elements() * array.item_bytes();
    let buffer = match array.is_c_contiguous() {
        true => array.buffer().slice(if len == 0 { 0 } else { array.offset() }, len),
        false => dense_copy(&array)?.buffer().clone(),
    };
    drop(array);
    Ok((dtype, shape, buffer.private()?))
}

fn writable(buffer: &mut Buffer) -> Result<&mut [u8]> {
    buffer.as_mut_slice().ok_or_else(|| invalid("memory that cannot be written"))
}

/// What an index takes of one axis of a block: where in the block, and which of all that it takes.
enum Taken {
    /// So many from the first on, `step` apart; numbered from `from` on.
    Range { first: i64, n: i64, step: i64, from: i64 },
    /// These places, with these numbers.
    Picks { places: Vec<i64>, numbers: Vec<i64> },
}

impl Taken {
    /// What `item`, `[first, n, step]` or `{"picks": [..]}` in the whole, takes of the block `start..stop`.
    fn of(item: &Param, (start, stop): (i64, i64)) -> Result<Self> {
        if let Some(picks) = item.get("picks") {
            let all = parameters::integers(picks)?;
            let inside = all.iter().enumerate().filter(|(_, at)| (start..stop).contains(*at));
            let (numbers, places) = inside.map(|(number, at)| (number as i64, at - start)).unzip();
            return Ok(Self::Picks { places, numbers });
        }
        let [first, n, step] = *parameters::integers(item)? else {
            return Err(invalid(format!("{item:?} does not say what an axis gets")));
        };
        // The first number whose place is in the block, and the first behind it.
        let (from, to) = match step {
            step if step > 0 => {
                let reach = |place: i64| (place - first + step - 1).div_euclid(step);
                (reach(start), reach(stop))
            }
            step if step < 0 => {
                let reach = |place: i64| (first - place).div_euclid(-step) + 1;
                (reach(stop), reach(start))
            }
            _ => return Err(invalid("slice step cannot be zero")),
        };
        let (from, to) = (from.clamp(0, n), to.clamp(0, n));
        Ok(Self::Range { first: first + from * step - start, n: (to - from).max(0), step, from })
    }

    fn n(&self) -> i64 {
        match self {
            Self::Range { n, .. } => *n,
            Self::Picks { places, .. } => places.len() as i64,
        }
    }

    fn cut(&self) -> Cut {
        match self {
            Self::Range { first, n, step, .. } => {
                Cut::Range { start: first.unsigned_abs(), n: n.unsigned_abs(), step: *step }
            }
            Self::Picks { places, .. } => Cut::Picks(places.clone()),
        }
    }
}

/// The body `array.assign`: `{"index", "axes", "value"}`; inputs: a block, and the values unless `value` has them. The
/// index has for each axis `[first, n, step]` or `{"picks": [..]}`, places in the whole; the values have the axes `axes`
/// of what it takes, or the last of them, those of length 1 stretched. The own parameter
/// `{"info": {"out": [[start, stop], ..]}}` says where the block lies.
pub(crate) fn assign(call: &mut Call<'_>) -> Result<Outcome> {
    let index = parameters::entry(call.shared, "index")?.as_list().unwrap_or(&[]);
    let block = parameters::intervals(parameters::entry(parameters::entry(call.own, "info")?, "out")?)?;
    let taken = index.iter().zip(&block).map(|(item, &block)| Taken::of(item, block));
    let taken = taken.collect::<Result<Vec<_>>>()?;
    if taken.iter().any(|taken| taken.n() == 0) {
        let block = call.inputs.first_mut().ok_or_else(|| invalid("nothing to assign to"))?;
        return Ok(Outcome::Value(std::mem::take(block)));
    }
    let values = match call.inputs.get(1) {
        Some(value) => memory::array(value)?.into_owned(),
        None => parameters::array(call.shared, "value")?.into_owned(),
    };
    let axes = parameters::integers(parameters::entry(call.shared, "axes")?)?;
    let (dtype, shape, mut buffer) = own_target(call)?;
    let values = laid_out(&cast(&values, &dtype)?, &taken, &axes)?;
    let target = NdArray::contiguous(dtype.clone(), &shape, buffer)?;
    let (found, picks) = view(&target, &taken.iter().map(Taken::cut).collect::<Vec<_>>())?;
    let region =
        Region { shape: found.shape().into(), strides: found.strides().into(), offset: found.offset() };
    // Nobody else looks at what is written.
    buffer = target.buffer().clone();
    drop((target, found));
    let out = writable(&mut buffer)?;
    match picks.as_slice() {
        [] => copy_broadcast(&values, &region.shape, out, region.offset, &region.strides)?,
        [(axis, places)] => assign_picks(&values, &region, *axis, places, out)?,
        _ => return Err(invalid("an assignment picks elements along one axis only")),
    }
    Ok(Outcome::Value(NdArray::contiguous(dtype, &shape, buffer)?.into()))
}

/// The values that a block gets, with as many axes as it has.
fn laid_out(values: &NdArray, taken: &[Taken], axes: &[i64]) -> Result<NdArray> {
    let n_lacking = axes.len().checked_sub(values.shape().len());
    let own = &axes[n_lacking.ok_or_else(|| invalid("values with more axes than what they are for"))?..];
    let mut part = values.clone();
    for (at, &axis) in own.iter().enumerate() {
        let taken = taken.get(axis as usize).ok_or_else(|| invalid(format!("no axis {axis}")))?;
        part = match taken {
            _ if part.shape()[at] == 1 => part,
            Taken::Range { n, from, .. } => {
                let mut cuts = vec![Cut::All; part.shape().len()];
                cuts[at] = Cut::Range { start: from.unsigned_abs(), n: n.unsigned_abs(), step: 1 };
                view(&part, &cuts)?.0
            }
            Taken::Picks { numbers, .. } => take_axis(&part, numbers, at)?,
        };
    }
    let (mut shape, mut strides) = (vec![1; taken.len()], vec![0; taken.len()]);
    for ((&axis, &size), &step) in own.iter().zip(part.shape()).zip(part.strides()) {
        (shape[axis as usize], strides[axis as usize]) = (size, step);
    }
    NdArray::strided(part.dtype().clone(), &shape, &strides, part.offset(), part.buffer().clone())
}

/// Part of a block: its offset and steps within the block's bytes.
struct Region {
    shape: Shape,
    strides: Strides,
    offset: usize,
}

/// Assigns to the elements at `places` along one axis of a region, one after the other.
fn assign_picks(
    values: &NdArray,
    region: &Region,
    axis: usize,
    places: &[i64],
    out: &mut [u8],
) -> Result<()> {
    let n = region.shape[axis] as i64;
    let mut shape = region.shape.to_vec();
    shape[axis] = places.len() as u64;
    if broadcast_shapes([values.shape(), &shape])?[..] != shape[..] {
        let (left, right) = (shape, values.shape().to_vec());
        return Err(raskt_core::ErrorKind::ShapeMismatch { left, right }.into());
    }
    let strides = broadcast_steps(values, &shape);
    let spread =
        NdArray::strided(values.dtype().clone(), &shape, &strides, values.offset(), values.buffer().clone())?;
    for (at, &place) in places.iter().enumerate() {
        let place = if place < 0 { place + n } else { place };
        if !(0..n).contains(&place) {
            return Err(invalid(format!("index {place} is out of bounds for axis {axis} with size {n}")));
        }
        let mut pick = vec![Cut::All; shape.len()];
        pick[axis] = Cut::Range { start: at as u64, n: 1, step: 1 };
        let (line, _) = view(&spread, &pick)?;
        let start = region.offset as i64 + place * region.strides[axis];
        copy_broadcast(&line, line.shape(), out, start as usize, &region.strides)?;
    }
    Ok(())
}
