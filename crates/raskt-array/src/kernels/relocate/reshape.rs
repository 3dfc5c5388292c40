//! Other shapes and orders of the same elements.

use raskt_core::{ErrorKind, NdArray, Param, Result, Shape, Strides, Value};
use raskt_exec::{Call, Outcome};

use super::join::dense_copy;
use crate::kernels::memory::{self, invalid};
use crate::kernels::parameters;
use crate::kernels::shapes::{broadcast_shapes, broadcast_steps, normalize_axis};

fn input(call: &mut Call<'_>) -> Result<NdArray> {
    let value = call.inputs.first_mut().ok_or_else(|| invalid("an array is missing"))?;
    let array = memory::array(value)?.into_owned();
    *value = Value::Unit;
    Ok(array)
}

fn done(array: NdArray) -> Result<Outcome> {
    Ok(Outcome::Value(array.into()))
}

/// The body `array.transpose`: `{"axes": [..]}`: a view with the axes in that order.
pub(crate) fn transpose(call: &mut Call<'_>) -> Result<Outcome> {
    let array = input(call)?;
    let n_axes = array.shape().len();
    let axes = parameters::integers(parameters::entry(call.shared, "axes")?)?;
    let axes = axes.into_iter().map(|axis| normalize_axis(axis, n_axes)).collect::<Result<Vec<_>>>()?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted.iter().copied().ne(0..n_axes) {
        return Err(invalid("axes don't match array"));
    }
    let shape: Shape = axes.iter().map(|&axis| array.shape()[axis]).collect();
    let strides: Strides = axes.iter().map(|&axis| array.strides()[axis]).collect();
    let view =
        NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())?;
    done(view)
}

/// The body `array.broadcast`: a view of the shape that the own parameter `{"ranges": [[start, stop], ..]}` says.
pub(crate) fn broadcast(call: &mut Call<'_>) -> Result<Outcome> {
    let ranges = parameters::intervals(parameters::entry(call.own, "ranges")?)?;
    let shape: Shape = ranges.iter().map(|(start, stop)| (stop - start) as u64).collect();
    let array = input(call)?;
    if broadcast_shapes([array.shape(), &shape])? != shape {
        return Err(ErrorKind::ShapeMismatch { left: array.shape().to_vec(), right: shape.to_vec() }.into());
    }
    let strides = broadcast_steps(&array, &shape);
    done(NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())?)
}

/// The body `array.reshape`: the same elements in C order, in the shape that the own parameter
/// `{"ranges": [[start, stop], ..]}` says; one of them may be null, for what is left.
pub(crate) fn reshape(call: &mut Call<'_>) -> Result<Outcome> {
    let ranges = parameters::entry(call.own, "ranges")?.as_list().unwrap_or(&[]);
    let size = |range: &Param| match range {
        Param::Null => Ok(-1),
        range => parameters::interval(range).map(|(start, stop)| stop - start),
    };
    let sizes = ranges.iter().map(size).collect::<Result<Vec<_>>>()?;
    let array = input(call)?;
    let shape = sized(&sizes, array.n_elements() as u64)?;
    let dense = if array.is_c_contiguous() { array.to_contiguous()? } else { dense_copy(&array)? };
    done(NdArray::contiguous(array.dtype().clone(), &shape, dense.buffer().clone())?)
}

/// The shape with its -1 filled in.
fn sized(sizes: &[i64], n: u64) -> Result<Shape> {
    let wrong = || invalid(format!("cannot reshape array of size {n} into shape {sizes:?}"));
    let said = sizes.iter().filter_map(|&size| u64::try_from(size).ok());
    let known = said.into_iter().try_fold(1_u64, u64::checked_mul).ok_or_else(wrong)?;
    let fill = |&size: &i64| match u64::try_from(size) {
        Ok(size) => Ok(size),
        Err(_) if size == -1 && known > 0 && n.is_multiple_of(known) => Ok(n / known),
        Err(_) => Err(wrong()),
    };
    let shape = sizes.iter().map(fill).collect::<Result<Shape>>()?;
    if memory::n_elements(&shape)? as u64 == n { Ok(shape) } else { Err(wrong()) }
}
