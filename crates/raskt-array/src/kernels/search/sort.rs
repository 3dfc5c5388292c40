//! Sorting along one axis.

use raskt_core::{DType, NdArray, Result};
use raskt_exec::{Call, Outcome};

use super::lines::{by_value, map_lines};
use crate::kernels::element::{Element, with_ordered};
use crate::kernels::memory::{self, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::kernels::shapes::normalize_axis;

/// The body `array.sort`: `{"axis", "indices": bool}`: the elements in order along the axis, NaN last; or their places
/// in that order, equal ones as they came.
pub(crate) fn sort(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to sort"))?)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let wants_places = parameters::is_set(call.shared, "indices");
    let sorted = with_ordered!(array.dtype(), T => sorted::<T>(&array, axis, wants_places, call)?,
        else return Err(wrong_dtype("a native dtype", array.dtype())));
    Ok(Outcome::Value(sorted.into()))
}

fn sorted<T: Element>(array: &NdArray, axis: usize, wants_places: bool, call: &Call<'_>) -> Result<NdArray> {
    let n = array.shape()[axis] as usize;
    if wants_places {
        return map_lines::<T, i64>(array, axis, (DType::Int64, n), |line, out| {
            call.ctx.cancel.check()?;
            out.iter_mut().enumerate().for_each(|(at, place)| *place = at as i64);
            out.sort_by(|&a, &b| by_value(&line[a as usize], &line[b as usize]));
            Ok(())
        });
    }
    map_lines::<T, T>(array, axis, (array.dtype().clone(), n), |line, out| {
        call.ctx.cancel.check()?;
        line.sort_unstable_by(by_value);
        out.copy_from_slice(line);
        Ok(())
    })
}
