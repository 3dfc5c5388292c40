//! Counts by value and by bin.

use raskt_core::{DType, NdArray, Param, Result};
use raskt_exec::{Call, Outcome};

use super::locate::{Side, place_of};
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, array_of, elements, invalid, wrong_dtype};

/// Weights, cast, where they are given.
fn weights(call: &Call<'_>, at: usize, n: usize) -> Result<Option<Vec<f64>>> {
    let Some(value) = call.inputs.get(at) else { return Ok(None) };
    let weights = cast(&*memory::array(value)?, &DType::Float64)?;
    let weights = elements::<f64>(&weights).into_owned();
    if weights.len() == n {
        Ok(Some(weights))
    } else {
        Err(invalid("weights should have the same shape as a."))
    }
}

fn counted(
    places: impl Iterator<Item = Option<usize>>,
    n: usize,
    weights: Option<&[f64]>,
) -> Result<NdArray> {
    match weights {
        None => {
            let mut counts = vec![0_i64; n];
            places.flatten().for_each(|place| counts[place] += 1);
            array_of(DType::Int64, &[n as u64], &counts)
        }
        Some(weights) => {
            let mut sums = vec![0.0; n];
            for (place, weight) in places.zip(weights) {
                if let Some(place) = place {
                    sums[place] += weight;
                }
            }
            array_of(DType::Float64, &[n as u64], &sums)
        }
    }
}

/// The body `array.bincount`: `{"minlength", "length"}`; inputs: integers, none negative, and perhaps weights. As many
/// counts as the largest asks for, and at least `minlength`; exactly `length` where that is given.
pub(crate) fn bincount(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to count"))?)?;
    if matches!(array.dtype(), DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128) {
        return Err(wrong_dtype("integers", array.dtype()));
    }
    let values = cast(&array, &DType::Int64)?;
    let values = elements::<i64>(&values);
    if values.iter().any(|&value| value < 0) {
        return Err(invalid("'list' argument must have no negative elements"));
    }
    let number = |name: &str| call.shared.get(name).and_then(Param::as_int);
    let reach = values.iter().max().map_or(0, |most| most + 1).max(number("minlength").unwrap_or(0));
    let n = memory::n_elements(&[number("length").unwrap_or(reach) as u64])?;
    let weights = weights(call, 1, values.len())?;
    let places = values.iter().map(|&value| Some(value as usize).filter(|&place| place < n));
    counted(places, n, weights.as_deref()).map(|array| Outcome::Value(array.into()))
}

/// The body `array.histogram`: inputs: values, the bins' edges in order, and perhaps weights: how many values (or what
/// weight) lie in each bin. The last bin holds its upper edge too.
pub(crate) fn histogram(call: &mut Call<'_>) -> Result<Outcome> {
    let [values, edges, ..] = &*call.inputs else { return Err(invalid("values and edges")) };
    let values = cast(&*memory::array(values)?, &DType::Float64)?;
    let edges = cast(&*memory::array(edges)?, &DType::Float64)?;
    let (values, edges) = (elements::<f64>(&values), elements::<f64>(&edges));
    let weights = weights(call, 2, values.len())?;
    let n = edges.len().saturating_sub(1);
    let (Some(&first), Some(&last)) = (edges.first(), edges.last()) else {
        return Err(invalid("a histogram without edges"));
    };
    let place = |&value: &f64| match value {
        value if value == last && n > 0 => Some(n - 1),
        value if value >= first && value < last => Some(place_of(&edges, value, Side::Right) - 1),
        _ => None,
    };
    counted(values.iter().map(place), n, weights.as_deref()).map(|array| Outcome::Value(array.into()))
}
