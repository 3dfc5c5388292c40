//! Elements picked by their places, or by a mask.

use raskt_core::{DType, ErrorKind, NdArray, Param, Result, Shape};
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
        at => Err(invalid(format!("index {at} is out of bounds for axis {axis} with size {size}"))),
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
    if array.is_c_contiguous() { Ok(array.to_contiguous()) } else { dense_copy(array) }
}

/// The integers of an index array.
pub(super) fn places(value: &NdArray) -> Result<Vec<i64>> {
    match value.dtype() {
        DType::Bool | DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128 => {
            Err(wrong_dtype("integers", value.dtype()))
        }
        _ => Ok(elements::<i64>(&cast(value, &DType::Int64)?).into_owned()),
    }
}

/// The body `array.take`: `{"axis", "offset"}`; inputs: an array, and places along that axis of any shape, whose
/// axes take its place. The own parameter `"offset"` is the place of the block's first element.
pub(crate) fn take(call: &mut Call<'_>) -> Result<Outcome> {
    let [array, index] = &*call.inputs else { return Err(invalid("an array and an index array")) };
    let (array, index) = (memory::array(array)?, memory::array(index)?);
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let offset = call.own.get("offset").and_then(Param::as_int).unwrap_or(0);
    let found: Vec<i64> = places(&index)?.into_iter().map(|at| at - offset).collect();
    let taken = take_axis(&array, &found, axis)?;
    let shape: Shape = [&array.shape()[..axis], index.shape(), &array.shape()[axis + 1..]].concat().into();
    let out = NdArray::contiguous(array.dtype().clone(), &shape, taken.buffer().clone())?;
    Ok(Outcome::Value(out.into()))
}

/// The body `array.compress`: inputs: an array and a mask. Without `{"axis"}` the mask has the array's first axes,
/// which become one: `x[mask]`. With it the mask is along that axis.
pub(crate) fn compress(call: &mut Call<'_>) -> Result<Outcome> {
    let [array, mask] = &*call.inputs else { return Err(invalid("an array and a mask")) };
    let (array, mask) = (memory::array(array)?, memory::array(mask)?);
    if *mask.dtype() != DType::Bool {
        return Err(wrong_dtype("a mask of dtype bool", mask.dtype()));
    }
    let chosen = |mask: &NdArray| -> Vec<i64> {
        let flags = elements::<u8>(mask);
        flags.iter().enumerate().filter(|(_, flag)| **flag != 0).map(|(at, _)| at as i64).collect()
    };
    let mismatch = || ErrorKind::ShapeMismatch { left: array.shape().to_vec(), right: mask.shape().to_vec() };
    let out = match call.shared.get("axis").and_then(Param::as_int) {
        Some(axis) => {
            let axis = normalize_axis(axis, array.shape().len())?;
            if mask.shape() != &array.shape()[axis..=axis] {
                return Err(mismatch().into());
            }
            take_axis(&array, &chosen(&mask), axis)?
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
            take_axis(&flat, &chosen(&mask), 0)?
        }
    };
    Ok(Outcome::Value(out.into()))
}

/// The body `array.repeat`: `{"repeats", "axis"}`: each element along the axis so many times; `repeats` is one number,
/// or a list of one an element (own before shared).
pub(crate) fn repeat(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to repeat"))?)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let n = array.shape()[axis] as i64;
    let counts = match parameters::own_or_shared(call.own, call.shared, "repeats")? {
        Param::Int(count) => vec![*count; n as usize],
        list => parameters::integers(list)?,
    };
    if counts.len() as i64 != n || counts.iter().any(|&count| count < 0) {
        return Err(invalid("repeats may not contain negative values, and are one an element"));
    }
    let places: Vec<i64> = counts
        .iter()
        .enumerate()
        .flat_map(|(at, &count)| std::iter::repeat_n(at as i64, count as usize))
        .collect();
    take_axis(&array, &places, axis).map(|array| Outcome::Value(array.into()))
}

/// The body `array.true_places`: the places of a mask's true elements, one row each, in C order: `argwhere`. The own
/// parameter `"offsets"` says where the block lies.
pub(crate) fn true_places(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?;
    let mask = cast(&array, &DType::Bool)?;
    let offsets = call.own.get("offsets").map(parameters::integers).transpose()?.unwrap_or_default();
    let flags = elements::<u8>(&mask);
    let steps = Order::plain(mask.shape().len()).dense_steps(mask.shape(), 1);
    let (mut rows, mut n) = (Vec::new(), 0);
    for at in (0..flags.len()).filter(|&at| flags[at] != 0) {
        n += 1;
        for (axis, (&step, &size)) in steps.iter().zip(mask.shape()).enumerate() {
            let place = at as i64 / step.max(1) % size.max(1) as i64;
            rows.push(place + offsets.get(axis).copied().unwrap_or(0));
        }
    }
    array_of(DType::Int64, &[n, steps.len() as u64], &rows).map(|array| Outcome::Value(array.into()))
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
