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

/// The body `array.transpose`: `{"axes": [..], "copy": bool}`: a view with the axes in that order (reversed where it
/// says nothing), or a copy in C order.
pub(crate) fn transpose(call: &mut Call<'_>) -> Result<Outcome> {
    let array = input(call)?;
    let n_axes = array.shape().len();
    let axes = match call.shared.get("axes") {
        None | Some(Param::Null) => (0..n_axes).rev().collect(),
        Some(axes) => {
            let axes = parameters::integers(axes)?;
            axes.into_iter().map(|axis| normalize_axis(axis, n_axes)).collect::<Result<Vec<_>>>()?
        }
    };
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted.iter().copied().ne(0..n_axes) {
        return Err(invalid("axes don't match array"));
    }
    let shape: Shape = axes.iter().map(|&axis| array.shape()[axis]).collect();
    let strides: Strides = axes.iter().map(|&axis| array.strides()[axis]).collect();
    let view =
        NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())?;
    done(if parameters::is_set(call.shared, "copy") { dense_copy(&view)? } else { view })
}

/// The body `array.copy`: the array in C order, with memory of its own.
pub(crate) fn copy(call: &mut Call<'_>) -> Result<Outcome> {
    done(dense_copy(&input(call)?)?)
}

/// The body `array.expand`: `{"axis"}`: a new axis of length 1 before that one (`stack` gives its blocks theirs so);
/// or `{"axes": [..]}`, several, counted in the result.
pub(crate) fn expand(call: &mut Call<'_>) -> Result<Outcome> {
    let array = input(call)?;
    let mut axes = match call.shared.get("axes") {
        Some(axes) => parameters::integers(axes)?,
        None => vec![parameters::int(call.shared, "axis")?],
    };
    let n_axes = array.shape().len() + axes.len();
    for axis in &mut axes {
        *axis = normalize_axis(*axis, n_axes)? as i64;
    }
    axes.sort_unstable();
    let (mut shape, mut strides) = (Shape::from(array.shape()), Strides::from(array.strides()));
    for axis in axes {
        let at = (axis as usize).min(shape.len());
        shape.insert(at, 1);
        strides.insert(at, 0);
    }
    done(NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())?)
}

/// The body `array.broadcast`: a view of `"shape"` (own before shared).
pub(crate) fn broadcast(call: &mut Call<'_>) -> Result<Outcome> {
    let shape = parameters::sizes(parameters::own_or_shared(call.own, call.shared, "shape")?)?;
    let array = input(call)?;
    if broadcast_shapes([array.shape(), &shape])? != shape {
        return Err(ErrorKind::ShapeMismatch { left: array.shape().to_vec(), right: shape.to_vec() }.into());
    }
    let strides = broadcast_steps(&array, &shape);
    done(NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())?)
}

/// The body `array.reshape`: the same elements in C order as `"shape"` (own before shared); one size may be -1.
/// `{"order": "F"}` takes and lays them out in Fortran's order.
pub(crate) fn reshape(call: &mut Call<'_>) -> Result<Outcome> {
    let sizes = parameters::integers(parameters::own_or_shared(call.own, call.shared, "shape")?)?;
    let is_fortran = call.shared.get("order").and_then(Param::as_str) == Some("F");
    let array = input(call)?;
    let shape = sized(&sizes, array.n_elements() as u64)?;
    if is_fortran {
        let turned = dense_copy(&reversed(&array)?)?;
        let reversed_shape: Shape = shape.iter().rev().copied().collect();
        let laid = NdArray::contiguous(array.dtype().clone(), &reversed_shape, turned.buffer().clone())?;
        return done(reversed(&laid)?);
    }
    let dense = if array.is_c_contiguous() { array.to_contiguous() } else { dense_copy(&array)? };
    done(NdArray::contiguous(array.dtype().clone(), &shape, dense.buffer().clone())?)
}

fn reversed(array: &NdArray) -> Result<NdArray> {
    let shape: Shape = array.shape().iter().rev().copied().collect();
    let strides: Strides = array.strides().iter().rev().copied().collect();
    NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())
}

/// The shape with its -1 filled in.
fn sized(sizes: &[i64], n: u64) -> Result<Shape> {
    let known: u64 = sizes.iter().filter(|&&size| size >= 0).map(|&size| size as u64).product();
    let wrong = || invalid(format!("cannot reshape array of size {n} into shape {sizes:?}"));
    let fill = |&size: &i64| match u64::try_from(size) {
        Ok(size) => Ok(size),
        Err(_) if size == -1 && known > 0 && n.is_multiple_of(known) => Ok(n / known),
        Err(_) => Err(wrong()),
    };
    let shape = sizes.iter().map(fill).collect::<Result<Shape>>()?;
    if memory::n_elements(&shape)? as u64 == n { Ok(shape) } else { Err(wrong()) }
}
