//! The k largest or smallest elements along an axis, of a block or of several blocks' results.

use raskt_core::allocation::{self, collected};
use raskt_core::{DType, NdArray, Result, Shape, Value};
use raskt_exec::{Call, Outcome};

use crate::kernels::element::{Element, with_ordered};
use crate::kernels::memory::{self, array_of, elements, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::kernels::relocate::concatenate_arrays;
use crate::kernels::shapes::normalize_axis;

/// The body `array.topk`: shared `{"k", "axis", "indices": bool, "final": bool}`. `k` largest elements, largest
/// first, or `-k` smallest, smallest first; fewer where there are fewer. With `"indices"` it gives `[values, places]`
/// (the own parameter `{"ranges": [[start, stop], ..]}` says where the block lies), or the places alone
/// once final. Several inputs are partial results along the axis.
pub(crate) fn topk(call: &mut Call<'_>) -> Result<Outcome> {
    let k = parameters::int(call.shared, "k")?;
    let with_places = parameters::is_set(call.shared, "indices");
    let is_final = parameters::is_set(call.shared, "final");
    let (values, places) = gathered(call, with_places)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, values.shape().len())?;
    let (values, places) = with_ordered!(values.dtype(), T => select::<T>(&values, &places, axis, k)?,
        else return Err(wrong_dtype("a native dtype", values.dtype())));
    Ok(Outcome::Value(match (with_places, is_final) {
        (true, true) => places.into(),
        (true, false) => Value::from(vec![values.into(), places.into()]),
        (false, _) => values.into(),
    }))
}

/// All candidates, and their places.
fn gathered(call: &Call<'_>, with_places: bool) -> Result<(NdArray, NdArray)> {
    let axis = parameters::int(call.shared, "axis")?;
    let mut parts: Vec<(NdArray, NdArray)> = Vec::new();
    for input in call.inputs.iter() {
        parts.push(match input {
            Value::List(items) if with_places && items.len() == 2 => {
                (memory::array(&items[0])?.into_owned(), memory::array(&items[1])?.into_owned())
            }
            lone => {
                let values = memory::array(lone)?.into_owned();
                let at = normalize_axis(axis, values.shape().len())?;
                let places = numbered(values.shape(), at, parameters::first_place(call.own, at)?)?;
                (values, places)
            }
        });
    }
    let first = parts.first().ok_or_else(|| invalid("the largest elements of nothing"))?;
    let axis = normalize_axis(axis, first.0.shape().len())?;
    if parts.len() == 1 {
        return Ok(parts.remove(0));
    }
    let (values, places): (Vec<NdArray>, Vec<NdArray>) = parts.into_iter().unzip();
    Ok((concatenate_arrays(&values, axis)?, concatenate_arrays(&places, axis)?))
}

/// Each element's place along an axis.
fn numbered(shape: &[u64], axis: usize, offset: i64) -> Result<NdArray> {
    let inner = shape[axis + 1..].iter().product::<u64>().max(1);
    let n = memory::n_elements(shape)? as u64;
    let place = |at: u64| offset + (at / inner % shape[axis].max(1)) as i64;
    let places: Vec<i64> = collected((0..n as usize).map(|at| place(at as u64)))?;
    array_of(DType::Int64, shape, &places)
}

fn select<T: Element>(values: &NdArray, places: &NdArray, axis: usize, k: i64) -> Result<(NdArray, NdArray)> {
    let shape = values.shape();
    let n = shape[axis] as usize;
    let kept = (k.unsigned_abs() as usize).min(n);
    let outer = shape[..axis].iter().product::<u64>() as usize;
    let inner = shape[axis + 1..].iter().product::<u64>() as usize;
    let (source, sources_places) = (elements::<T>(values)?, elements::<i64>(places)?);
    let mut top = allocation::filled(T::default(), outer * kept * inner)?;
    let mut top_places = allocation::zeros::<i64>(top.len())?;
    let mut order: Vec<usize> = allocation::room_for(n)?;
    for out in 0..outer {
        for col in 0..inner {
            let at = |row: usize| (out * n + row) * inner + col;
            let before = |&a: &usize, &b: &usize| {
                let (x, y) =
                    if k < 0 { (source[at(a)], source[at(b)]) } else { (source[at(b)], source[at(a)]) };
                let by_value = y.sorts_before(x).cmp(&x.sorts_before(y));
                by_value.then(sources_places[at(a)].cmp(&sources_places[at(b)]))
            };
            order.clear();
            order.extend(0..n);
            if kept > 0 && kept < n {
                order.select_nth_unstable_by(kept - 1, before);
            }
            order.truncate(kept);
            order.sort_unstable_by(before);
            for (row, &found) in order.iter().enumerate() {
                let to = (out * kept + row) * inner + col;
                (top[to], top_places[to]) = (source[at(found)], sources_places[at(found)]);
            }
        }
    }
    let mut shape: Shape = shape.into();
    shape[axis] = kept as u64;
    Ok((array_of(values.dtype().clone(), &shape, &top)?, array_of(DType::Int64, &shape, &top_places)?))
}
