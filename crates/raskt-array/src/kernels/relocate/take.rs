//! Elements picked by their places, or by a mask.

use raskt_core::{DType, ErrorKind, NdArray, Param, Result, Shape, allocation};
use raskt_exec::{Call, Outcome};

use super::join::{copy_into, dense_copy};
use crate::kernels::element::with_item;
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, array_of, elements, invalid, wrong_dtype};
use crate::kernels::nest::Order;
use crate::kernels::parameters;
use crate::kernels::shapes::normalize_axis;

/// The elements at `places` along an axis; places before the first count from the end.
pub(super) fn take_axis(array: &NdArray, places: &[i64], axis: usize) -> Result<NdArray> {
    let size = array.shape()[axis];
    let n = i64::try_from(size).unwrap_or(i64::MAX);
    let place = |&place: &i64| match place {
        at if (0..n).contains(&at) => Ok(at as usize),
        at if (-n..0).contains(&at) => Ok((at + n) as usize),
        index => Err(ErrorKind::OutOfBounds { index, axis, size }.into()),
    };
    let places = places.iter().map(place).collect::<Result<Vec<usize>>>()?;
    let dense = dense_copy_if_needed(array)?;
    let bytes = dense.contiguous_bytes().unwrap_or(&[]);
    let item = dense.item_bytes();
    let outer = dense.shape()[..axis].iter().product::<u64>() as usize;
    let line = dense.shape()[axis + 1..].iter().product::<u64>() as usize * item;
    let mut shape: Shape = dense.shape().into();
    shape[axis] = places.len() as u64;
    memory::build(dense.dtype().clone(), &shape, |out| {
        if line == item {
            with_item!(item, T => take_items::<T>(bytes, out, &places, outer, size as usize), else ());
            return Ok(());
        }
        let mut lines = out.chunks_exact_mut(line.max(1));
        for block in 0..outer {
            for &place in &places {
                let at = (block * size as usize + place) * line;
                if let Some(out) = lines.next() {
                    out.copy_from_slice(&bytes[at..at + line]);
                }
            }
        }
        Ok(())
    })
}

fn take_items<T: bytemuck::Pod>(bytes: &[u8], out: &mut [u8], places: &[usize], outer: usize, size: usize) {
    let item = size_of::<T>();
    let slots = bytemuck::cast_slice_mut::<u8, T>(out);
    for (block, line) in slots.chunks_exact_mut(places.len().max(1)).take(outer).enumerate() {
        let source = &bytes[block * size * item..(block + 1) * size * item];
        for (slot, &place) in line.iter_mut().zip(places) {
            *slot = bytemuck::pod_read_unaligned(&source[place * item..(place + 1) * item]);
        }
    }
}

fn dense_copy_if_needed(array: &NdArray) -> Result<NdArray> {
    if array.is_c_contiguous() { array.to_contiguous() } else { dense_copy(array) }
}

/// The places in a whole array of `size` elements that an index array names.
fn places(index: &NdArray, axis: usize, size: i64) -> Result<Vec<i64>> {
    if matches!(index.dtype(), DType::Bool | DType::Float32 | DType::Float64) {
        return Err(wrong_dtype("integers", index.dtype()));
    }
    let given = cast(index, &DType::Int64)?;
    let place = |&place: &i64| match place {
        at if (0..size).contains(&at) => Ok(at),
        at if (-size..0).contains(&at) => Ok(at + size),
        index => Err(ErrorKind::OutOfBounds { index, axis, size: size.unsigned_abs() }.into()),
    };
    elements::<i64>(&given)?.iter().map(place).collect()
}

/// The body `array.take`: `{"axis", "size"}`; inputs: a block, and places along that axis of the whole, which has
/// `size` elements. Gives what the places take of the block, and zeros for those of other blocks, behind a new axis of
/// length 1 for the block's number.
pub(crate) fn take(call: &mut Call<'_>) -> Result<Outcome> {
    let [array, index] = &*call.inputs else { return Err(invalid("an array and an index array")) };
    let (array, index) = (memory::array(array)?, memory::array(index)?);
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let found = places(&index, axis, parameters::int(call.shared, "size")?)?;
    let operands = parameters::entry(parameters::entry(call.own, "info")?, "operands")?.as_list();
    let block = operands.and_then(<[Param]>::first).and_then(Param::as_list).and_then(|axes| axes.get(axis));
    let (start, stop) =
        parameters::interval(block.ok_or_else(|| invalid("where a block lies is not known"))?)?;
    let mut shape: Shape = array.shape().into();
    shape[axis] = found.len() as u64;
    let inside = |at: &i64| (start..stop).contains(at);
    let here = found.iter().map(|at| if inside(at) { at - start } else { 0 });
    let here: Vec<i64> = allocation::collected(here)?;
    let mut taken = match stop - start {
        0 => NdArray::contiguous(array.dtype().clone(), &shape, memory::zeros(array.dtype(), &shape)?)?,
        _ => take_axis(&array, &here, axis)?,
    };
    if !found.iter().all(inside) {
        taken = blanked(taken, axis, &allocation::collected(found.iter().map(inside))?)?;
    }
    shape.insert(axis, 1);
    let out = NdArray::contiguous(taken.dtype().clone(), &shape, taken.buffer().clone())?;
    Ok(Outcome::Value(out.into()))
}

/// The body `array.overlay`: arrays of one shape of which each element is zero in all but one: that one, whatever its
/// bits are. With `{"axis"}` that axis, of length 1, goes.
pub(crate) fn overlay(call: &mut Call<'_>) -> Result<Outcome> {
    let parts = call.inputs.iter().map(memory::array).collect::<Result<Vec<_>>>()?;
    let first = parts.first().ok_or_else(|| invalid("nothing to lay over each other"))?;
    let (dtype, mut shape) = (first.dtype().clone(), Shape::from(first.shape()));
    if parts.iter().any(|part| part.shape() != &shape[..] || *part.dtype() != dtype) {
        return Err(invalid("arrays of several shapes or dtypes"));
    }
    let whole = memory::build(dtype.clone(), &shape, |out| {
        for part in &parts {
            let dense = part.to_contiguous()?;
            let bytes = dense.contiguous_bytes().unwrap_or(&[]);
            out.iter_mut().zip(bytes).for_each(|(out, byte)| *out |= byte);
        }
        Ok(())
    })?;
    if let Some(axis) = call.shared.get("axis").and_then(Param::as_int) {
        shape.remove(normalize_axis(axis, shape.len())?);
    }
    Ok(Outcome::Value(NdArray::contiguous(dtype, &shape, whole.buffer().clone())?.into()))
}

/// An array in C order with zeros along `axis` where nothing is kept.
fn blanked(array: NdArray, axis: usize, kept: &[bool]) -> Result<NdArray> {
    let (dtype, shape) = (array.dtype().clone(), Shape::from(array.shape()));
    let line = shape[axis + 1..].iter().product::<u64>() as usize * array.item_bytes();
    let mut buffer = array.buffer().clone();
    drop(array);
    let bytes = buffer.as_mut_slice().ok_or_else(|| invalid("memory that cannot be written"))?;
    let lines = bytes.chunks_exact_mut(line.max(1)).zip(kept.iter().cycle());
    lines.filter(|(_, kept)| !**kept).for_each(|(line, _)| line.fill(0));
    NdArray::contiguous(dtype, &shape, buffer)
}

/// The body `array.compress`: inputs: an array and a mask. Without `{"axis"}` the mask has the array's first axes,
/// which become one: `x[mask]`. With it the mask is along that axis.
pub(crate) fn compress(call: &mut Call<'_>) -> Result<Outcome> {
    let [array, mask] = &*call.inputs else { return Err(invalid("an array and a mask")) };
    let (array, mask) = (memory::array(array)?, memory::array(mask)?);
    if *mask.dtype() != DType::Bool {
        return Err(wrong_dtype("a mask of dtype bool", mask.dtype()));
    }
    let chosen = |mask: &NdArray| -> Result<Vec<i64>> {
        let flags = elements::<u8>(mask)?;
        let mut places = allocation::room_for(flags.iter().filter(|flag| **flag != 0).count())?;
        places.extend(flags.iter().enumerate().filter(|(_, flag)| **flag != 0).map(|(at, _)| at as i64));
        Ok(places)
    };
    let mismatch = || ErrorKind::ShapeMismatch { left: array.shape().to_vec(), right: mask.shape().to_vec() };
    let out = match call.shared.get("axis").and_then(Param::as_int) {
        Some(axis) => {
            let axis = normalize_axis(axis, array.shape().len())?;
            if mask.shape() != &array.shape()[axis..=axis] {
                return Err(mismatch().into());
            }
            take_axis(&array, &chosen(&mask)?, axis)?
        }
        None => {
            let n_axes = mask.shape().len();
            if array.shape().get(..n_axes) != Some(mask.shape()) {
                return Err(mismatch().into());
            }
            let dense = dense_copy_if_needed(&array)?;
            let mut shape: Shape = smallvec::smallvec![mask.n_elements() as u64];
            shape.extend_from_slice(&array.shape()[n_axes..]);
            let flat = NdArray::contiguous(array.dtype().clone(), &shape, dense.buffer().clone())?;
            take_axis(&flat, &chosen(&mask)?, 0)?
        }
    };
    Ok(Outcome::Value(out.into()))
}

/// The body `array.repeat`: `{"repeats", "axis"}`: each element along the axis so many times.
pub(crate) fn repeat(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to repeat"))?)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let repeats = usize::try_from(parameters::int(call.shared, "repeats")?)
        .map_err(|_| invalid("repeats may not contain negative values."))?;
    let mut places: Vec<i64> =
        allocation::room_for(memory::n_elements(&[array.shape()[axis], repeats as u64])?)?;
    places.extend((0..array.shape()[axis] as i64).flat_map(|at| std::iter::repeat_n(at, repeats)));
    take_axis(&array, &places, axis).map(|array| Outcome::Value(array.into()))
}

/// The body `array.true_places`: the places of the elements that count as true, one row each, in C order: NumPy's
/// `argwhere`. The own parameter `{"info": {"operands": [[[start, stop], ..]]}}` says where the block lies.
pub(crate) fn true_places(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?;
    let mask = cast(&array, &DType::Bool)?;
    let operands = parameters::entry(parameters::entry(call.own, "info")?, "operands")?.as_list();
    let block =
        operands.and_then(<[Param]>::first).ok_or_else(|| invalid("where a block lies is not known"))?;
    // Along an axis of one block nothing is said.
    let start = |range: &Param| {
        if *range == Param::Null { Ok(0) } else { parameters::interval(range).map(|at| at.0) }
    };
    let starts = block.as_list().unwrap_or(&[]).iter().map(start).collect::<Result<Vec<_>>>()?;
    let flags = elements::<u8>(&mask)?;
    let steps = Order::plain(mask.shape().len()).dense_steps(mask.shape(), 1);
    let n_true = flags.iter().filter(|flag| **flag != 0).count();
    let (mut rows, mut n) = (allocation::room_for(n_true.saturating_mul(steps.len()))?, 0);
    for at in (0..flags.len()).filter(|&at| flags[at] != 0) {
        n += 1;
        for ((&step, &size), start) in steps.iter().zip(mask.shape()).zip(&starts) {
            rows.push(at as i64 / step.max(1) % size.max(1) as i64 + start);
        }
    }
    array_of(DType::Int64, &[n, steps.len() as u64], &rows).map(|array| Outcome::Value(array.into()))
}

/// The body `array.points`: `{"places": [[..], ..]}`: the elements at places along each of the first axes, which
/// become one axis: NumPy's index with several lists.
pub(crate) fn points(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?;
    let lists = parameters::entry(call.shared, "places")?.as_list().unwrap_or(&[]);
    let lists = lists.iter().map(parameters::integers).collect::<Result<Vec<_>>>()?;
    let (sizes, rest) =
        array.shape().split_at_checked(lists.len()).ok_or_else(|| invalid("more lists than axes"))?;
    let n = lists.first().map_or(0, Vec::len);
    let mut flat = allocation::zeros(n)?;
    for (list, &size) in lists.iter().zip(sizes) {
        let inside = list.len() == n && list.iter().all(|&at| (0..size as i64).contains(&at));
        if !inside {
            return Err(invalid(format!("places outside of an axis of {size}")));
        }
        flat.iter_mut().zip(list).for_each(|(flat, &at)| *flat = *flat * size as i64 + at);
    }
    let mut shape: Shape = smallvec::smallvec![sizes.iter().product()];
    shape.extend_from_slice(rest);
    let dense = dense_copy_if_needed(&array)?;
    let lines = NdArray::contiguous(array.dtype().clone(), &shape, dense.buffer().clone())?;
    take_axis(&lines, &flat, 0).map(|array| Outcome::Value(array.into()))
}

/// Copies `array`, broadcast to the region's shape, into it.
pub(super) fn copy_broadcast(
    array: &NdArray,
    shape: &[u64],
    out: &mut [u8],
    at: usize,
    steps: &[i64],
) -> Result<()> {
    let fitting = crate::kernels::shapes::broadcast_shapes([array.shape(), shape])?;
    if fitting[..] != *shape {
        return Err(ErrorKind::ShapeMismatch { left: shape.to_vec(), right: array.shape().to_vec() }.into());
    }
    let strides = crate::kernels::shapes::broadcast_steps(array, shape);
    let view =
        NdArray::strided(array.dtype().clone(), shape, &strides, array.offset(), array.buffer().clone())?;
    copy_into(&view, out, at, steps)
}
