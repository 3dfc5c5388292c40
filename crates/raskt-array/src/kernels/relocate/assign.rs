//! Assignment: a new array with some elements replaced, in the memory of the old one where nobody else needs it.

use raskt_core::{Buffer, DType, NdArray, Param, Result, Value};
use raskt_exec::{Call, Outcome};

use super::join::dense_copy;
use super::slice::{Cut, cuts, view};
use super::take::copy_broadcast;
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, elements, invalid, wrong_dtype};
use crate::kernels::shapes::{broadcast_shapes, broadcast_steps};

/// A C-ordered array with writable memory of its own, made of the call's first input.
fn own_target(call: &mut Call<'_>) -> Result<(DType, raskt_core::Shape, Buffer)> {
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
    Ok((dtype, shape, buffer.private()))
}

fn writable(buffer: &mut Buffer) -> Result<&mut [u8]> {
    buffer.as_mut_slice().ok_or_else(|| invalid("memory that cannot be written"))
}

/// The body `array.assign`: inputs: an array and values. Own parameters: a list of cuts, as `array.slice` takes them
/// (`{"cuts": [..]}` in the shared ones where there are none); values are cast and broadcast to what they select.
pub(crate) fn assign(call: &mut Call<'_>) -> Result<Outcome> {
    let told = if *call.own == Param::Null { call.shared } else { call.own };
    let cuts = cuts(told.get("cuts").unwrap_or(told))?;
    let values = memory::array(call.inputs.get(1).ok_or_else(|| invalid("nothing to assign"))?)?.into_owned();
    let (dtype, shape, mut buffer) = own_target(call)?;
    let values = cast(&values, &dtype)?;
    // The region, as offsets and steps within the target's bytes.
    let target = NdArray::contiguous(dtype.clone(), &shape, Buffer::zeroed(buffer.len()))?;
    let (region, picks) = view(&target, &cuts)?;
    match picks.as_slice() {
        [] => copy_broadcast(
            &values,
            region.shape(),
            writable(&mut buffer)?,
            region.offset(),
            region.strides(),
        )?,
        [(axis, places)] => assign_picks(&values, &region, *axis, places, writable(&mut buffer)?)?,
        _ => return Err(invalid("an assignment picks elements along one axis only")),
    }
    Ok(Outcome::Value(NdArray::contiguous(dtype, &shape, buffer)?.into()))
}

/// Assigns to the elements at `places` along one axis of a region, one after the other.
fn assign_picks(
    values: &NdArray,
    region: &NdArray,
    axis: usize,
    places: &[i64],
    out: &mut [u8],
) -> Result<()> {
    let n = region.shape()[axis] as i64;
    let mut shape = region.shape().to_vec();
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
        let start = region.offset() as i64 + place * region.strides()[axis];
        copy_broadcast(&line, line.shape(), out, start as usize, region.strides())?;
    }
    Ok(())
}

/// The body `array.assign_where`: inputs: an array, a mask and values; all are broadcast to the array's shape, and
/// where the mask is true the values replace its elements. Values with one axis and as many elements as the mask has
/// true ones are laid out over them (`{"in_order": true}`), as `x[mask] = values` does.
pub(crate) fn assign_where(call: &mut Call<'_>) -> Result<Outcome> {
    let [_, mask, values] = &*call.inputs else { return Err(invalid("an array, a mask and values")) };
    let (mask, values) = (memory::array(mask)?.into_owned(), memory::array(values)?.into_owned());
    if *mask.dtype() != DType::Bool {
        return Err(wrong_dtype("a mask of dtype bool", mask.dtype()));
    }
    let in_order = crate::kernels::parameters::is_set(call.shared, "in_order");
    let (dtype, shape, mut buffer) = own_target(call)?;
    let values = cast(&values, &dtype)?;
    let item = values.item_bytes();
    let spread = |array: &NdArray| -> Result<NdArray> {
        if broadcast_shapes([array.shape(), &shape])? != shape {
            let (left, right) = (shape.to_vec(), array.shape().to_vec());
            return Err(raskt_core::ErrorKind::ShapeMismatch { left, right }.into());
        }
        let strides = broadcast_steps(array, &shape);
        let buffer = array.buffer().clone();
        Ok(NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), buffer)?.to_contiguous())
    };
    let mask = spread(&mask)?;
    let flags = elements::<u8>(&mask);
    let laid_out = if in_order { values.to_contiguous() } else { spread(&values)? };
    let source = laid_out.contiguous_bytes().unwrap_or(&[]);
    if in_order {
        let n_true = flags.iter().filter(|&&flag| flag != 0).count();
        if laid_out.n_elements() != n_true {
            let n = laid_out.n_elements();
            let what = format!(
                "cannot assign {n} input values to the {n_true} output values where the mask is true"
            );
            return Err(invalid(what));
        }
    }
    let out = writable(&mut buffer)?;
    for (next, at) in (0..flags.len()).filter(|&at| flags[at] != 0).enumerate() {
        let from = if in_order { next } else { at };
        out[at * item..(at + 1) * item].copy_from_slice(&source[from * item..(from + 1) * item]);
    }
    Ok(Outcome::Value(NdArray::contiguous(dtype, &shape, buffer)?.into()))
}
