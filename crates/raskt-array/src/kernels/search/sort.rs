//! Sorting along one axis, and merging what has been sorted.

use raskt_core::Result;
use raskt_exec::{Call, Outcome};

use super::lines::{by_value, map_lines, sort_line};
use crate::kernels::element::with_ordered;
use crate::kernels::memory::{self, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::kernels::relocate::concatenate_arrays;
use crate::kernels::shapes::normalize_axis;

/// The body `array.sort`: `{"axis"}`: the elements in order along the axis, NaN last.
pub(crate) fn sort(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to sort"))?)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let n = array.shape()[axis] as usize;
    let sorted = with_ordered!(array.dtype(), T => {
        map_lines::<T, T>(&array, axis, (array.dtype().clone(), n), |line, out| {
            call.ctx.cancel.check()?;
            sort_line(line);
            out.copy_from_slice(line);
            Ok(())
        })?
    }, else return Err(wrong_dtype("a native dtype", array.dtype())));
    Ok(Outcome::Value(sorted.into()))
}

/// The body `array.merge`: `{"axis", "half": "lower" | "upper"}`; inputs: two blocks whose elements are in order along the
/// axis: those that the first (or the second) gets once both together are in order.
pub(crate) fn merge(call: &mut Call<'_>) -> Result<Outcome> {
    let [a, b] = &*call.inputs else { return Err(invalid("two blocks")) };
    let (a, b) = (memory::array(a)?.into_owned(), memory::array(b)?.into_owned());
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, a.shape().len())?;
    let is_upper = parameters::text(call.shared, "half")? == "upper";
    let n = if is_upper { b.shape()[axis] } else { a.shape()[axis] } as usize;
    let whole = concatenate_arrays(&[a, b], axis)?;
    let merged = with_ordered!(whole.dtype(), T => {
        map_lines::<T, T>(&whole, axis, (whole.dtype().clone(), n), |line, out| {
            call.ctx.cancel.check()?;
            // The two runs that are there already make this a merge.
            line.sort_by(by_value);
            let start = if is_upper { line.len() - n } else { 0 };
            out.copy_from_slice(&line[start..start + n]);
            Ok(())
        })?
    }, else return Err(wrong_dtype("a native dtype", whole.dtype())));
    Ok(Outcome::Value(merged.into()))
}
