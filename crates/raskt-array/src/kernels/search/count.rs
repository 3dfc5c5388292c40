//! Counts by value and by bin.

use std::borrow::Cow;

use num_complex::Complex;
use raskt_core::{DType, NdArray, Result, allocation};
use raskt_exec::{Call, Outcome};

use super::locate::{Side, alike, place_of};
use crate::kernels::element::{Element, with_ordered};
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, array_of, elements, invalid, wrong_dtype};
use crate::kernels::parameters;

fn counted(
    places: impl Iterator<Item = Option<usize>>,
    n: usize,
    weights: Option<&[f64]>,
) -> Result<NdArray> {
    match weights {
        None => {
            let mut counts = allocation::zeros::<i64>(n)?;
            places.flatten().for_each(|place| counts[place] += 1);
            array_of(DType::Int64, &[n as u64], &counts)
        }
        Some(weights) => {
            let mut sums = allocation::zeros::<f64>(n)?;
            for (place, weight) in places.zip(weights) {
                if let Some(place) = place {
                    sums[place] += weight;
                }
            }
            array_of(DType::Float64, &[n as u64], &sums)
        }
    }
}

/// The body `array.bincount`: `{"minlength"}`; input: integers, none negative, or complex numbers: those, and their
/// weights. As many counts as the largest asks for, and at least `minlength`.
pub(crate) fn bincount(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to count"))?)?;
    let is_weighted = *array.dtype() == DType::Complex128;
    if matches!(array.dtype(), DType::Float32 | DType::Float64 | DType::Complex64) {
        return Err(wrong_dtype("integers", array.dtype()));
    }
    let weights: Option<Vec<f64>> = match is_weighted {
        true => Some(allocation::collected(elements::<Complex<f64>>(&array)?.iter().map(|pair| pair.im))?),
        false => None,
    };
    let values = cast(&array, &DType::Int64)?;
    let values = elements::<i64>(&values)?;
    if values.iter().any(|&value| value < 0) {
        return Err(invalid("'list' argument must have no negative elements"));
    }
    let most = values.iter().max().map_or(0, |most| most.saturating_add(1));
    let n = memory::n_elements(&[most.max(parameters::int(call.shared, "minlength")?).unsigned_abs()])?;
    let places = values.iter().map(|&value| Some(value as usize));
    counted(places, n, weights.as_deref()).map(|array| Outcome::Value(array.into()))
}

/// The body `array.padded_sum`: the sum of vectors of one dtype, `int64` or `float64`; what is missing at the end of
/// the shorter ones is 0.
pub(crate) fn padded_sum(call: &mut Call<'_>) -> Result<Outcome> {
    let parts = call.inputs.iter().map(memory::array).collect::<Result<Vec<_>>>()?;
    let n = parts.iter().map(|part| part.n_elements()).max().unwrap_or(0);
    let dtype = parts.first().ok_or_else(|| invalid("the sum of nothing"))?.dtype().clone();
    let sum = match dtype {
        DType::Int64 => array_of(dtype, &[n as u64], &summed(&parts, n, i64::wrapping_add)?)?,
        DType::Float64 => array_of(dtype, &[n as u64], &summed(&parts, n, |a: f64, b| a + b)?)?,
        _ => return Err(wrong_dtype("int64 or float64", &dtype)),
    };
    Ok(Outcome::Value(sum.into()))
}

fn summed<T: bytemuck::Pod>(parts: &[Cow<'_, NdArray>], n: usize, add: fn(T, T) -> T) -> Result<Vec<T>> {
    let mut sum = allocation::zeros::<T>(n)?;
    for part in parts {
        sum.iter_mut().zip(elements::<T>(part)?.iter()).for_each(|(sum, &value)| *sum = add(*sum, value));
    }
    Ok(sum)
}

/// The body `array.histogram`: `{"edges"}`, the ends of bins in order; input: values. How many lie in each bin, behind
/// an axis for the block's number. The last bin holds its upper edge too.
pub(crate) fn histogram(call: &mut Call<'_>) -> Result<Outcome> {
    let values = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to count"))?)?;
    let (values, edges) = alike(&values, &*parameters::array(call.shared, "edges")?)?;
    let counts = with_ordered!(values.dtype(), T => {
        in_bins::<T>(&elements::<T>(&values)?, &elements::<T>(&edges)?)?
    }, else return Err(wrong_dtype("a native dtype", values.dtype())));
    let shape = [1, counts.n_elements() as u64];
    let made = NdArray::contiguous(DType::Int64, &shape, counts.buffer().clone())?;
    Ok(Outcome::Value(made.into()))
}

fn in_bins<T: Element>(values: &[T], edges: &[T]) -> Result<NdArray> {
    let n = edges.len().saturating_sub(1);
    let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else {
        return Err(invalid("a histogram without edges"));
    };
    let place = |&value: &T| match value {
        value if value.sorts_before(first) || last.sorts_before(value) || n == 0 => None,
        value if value.sorts_before(last) => Some(place_of(edges, value, Side::Right) - 1),
        _ => Some(n - 1),
    };
    counted(values.iter().map(place), n, None)
}
