//! Quantiles along one axis that lies in one block.

use raskt_core::{DType, NdArray, Result, Shape, Strides};
use raskt_exec::{Call, Outcome};

use super::lines::{by_number, map_lines};
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::kernels::shapes::normalize_axis;

/// NumPy's ways to choose between two neighbours that it computes natively here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Linear,
    Lower,
    Higher,
    Midpoint,
    Nearest,
    /// The mean of the two in the middle.
    Median,
}

impl Method {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "linear" => Self::Linear,
            "lower" => Self::Lower,
            "higher" => Self::Higher,
            "midpoint" => Self::Midpoint,
            "nearest" => Self::Nearest,
            "median" => Self::Median,
            other => return Err(invalid(format!("method {other:?} is not supported natively"))),
        })
    }

    /// The quantile `q` of sorted numbers.
    fn of(self, sorted: &[f64], q: f64) -> f64 {
        let place = q * (sorted.len() - 1) as f64;
        let (low, high) = (place.floor(), place.ceil());
        let number = |place: f64| sorted[(place as usize).min(sorted.len() - 1)];
        match self {
            Self::Lower => number(low),
            Self::Higher => number(high),
            Self::Nearest => number(place.round_ties_even()),
            Self::Midpoint if low == high => number(low),
            Self::Midpoint => between(number(low), number(high), 0.5),
            Self::Median if low == high => number(low),
            Self::Median => (number(low) + number(high)) / 2.0,
            Self::Linear => between(number(low), number(low + 1.0), place - low),
        }
    }
}

/// Puts the two numbers on either side of the quantile `q` where they are once all are sorted.
fn select_around(line: &mut [f64], q: f64) {
    let low = ((q * (line.len() - 1) as f64) as usize).min(line.len() - 1);
    let (_, _, above) = line.select_nth_unstable_by(low, by_number);
    if let Some(least) = (0..above.len()).min_by(|&a, &b| by_number(&above[a], &above[b])) {
        above.swap(0, least);
    }
}

/// As NumPy's `_lerp`: from the nearer end.
fn between(a: f64, b: f64, t: f64) -> f64 {
    let distance = b - a;
    let found = if t >= 0.5 { b - distance * (1.0 - t) } else { a + distance * t };
    if a == b { a } else { found }
}

/// The body `array.quantile`: `{"q": [..] or one, "axes", "method", "skip_nan": bool, "keepdims": bool}`: quantiles (from 0
/// to 1) of real numbers along axes, as `float64`; for a list of them along a first axis of the result.
pub(crate) fn quantile(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("quantiles of nothing"))?)?;
    if matches!(
        array.dtype(),
        DType::Complex64 | DType::Complex128 | DType::Datetime(_) | DType::Timedelta(_)
    ) {
        return Err(wrong_dtype("real numbers", array.dtype()));
    }
    let asked = parameters::entry(call.shared, "q")?;
    let q = asked.as_list().unwrap_or(std::slice::from_ref(asked));
    let q: Vec<f64> = q.iter().map(|q| q.as_float().unwrap_or(f64::NAN)).collect();
    if q.iter().any(|q| !(0.0..=1.0).contains(q)) {
        return Err(invalid("Quantiles must be in the range [0, 1]"));
    }
    let method = Method::parse(parameters::text(call.shared, "method")?)?;
    let n_axes = array.shape().len();
    let axes = parameters::integers(parameters::entry(call.shared, "axes")?)?;
    let axes = axes.into_iter().map(|axis| normalize_axis(axis, n_axes)).collect::<Result<Vec<_>>>()?;
    let skip = parameters::is_set(call.shared, "skip_nan");
    let lines = rows_of(&cast(&array, &DType::Float64)?, &axes)?;
    let last = lines.shape().len() - 1;
    let found = map_lines::<f64, f64>(&lines, last, (DType::Float64, q.len()), |line, out| {
        call.ctx.cancel.check()?;
        let has_nan = line.iter().any(|value| value.is_nan());
        if skip {
            line.retain(|value| !value.is_nan());
        }
        if line.is_empty() || (has_nan && !skip) {
            out.fill(f64::NAN);
            return Ok(());
        }
        match *q {
            // Selecting takes less than sorting.
            [lone] => select_around(line, lone),
            _ => line.sort_unstable_by(by_number),
        }
        out.iter_mut().zip(&q).for_each(|(out, &q)| *out = method.of(line, q));
        Ok(())
    })?;
    let kept = if parameters::is_set(call.shared, "keepdims") { axes } else { Vec::new() };
    Ok(Outcome::Value(first_axis(&found, &kept, asked.as_list().is_some())?.into()))
}

/// The array with the elements of `axes` as its last axis.
fn rows_of(array: &NdArray, axes: &[usize]) -> Result<NdArray> {
    let left = (0..array.shape().len()).filter(|axis| !axes.contains(axis));
    let order: Vec<usize> = left.chain(axes.iter().copied()).collect();
    let moved: Shape = order.iter().map(|&axis| array.shape()[axis]).collect();
    let strides: Strides = order.iter().map(|&axis| array.strides()[axis]).collect();
    let view =
        NdArray::strided(array.dtype().clone(), &moved, &strides, array.offset(), array.buffer().clone())?;
    let (left, along) = moved.split_at(moved.len() - axes.len());
    let shape = [left, &[along.iter().product()]].concat();
    NdArray::contiguous(array.dtype().clone(), &shape, view.to_contiguous()?.buffer().clone())
}

/// The array with its last axis in front, or, where there is but one quantile, without it; and axes of length 1 where
/// reduced ones stay.
fn first_axis(array: &NdArray, kept: &[usize], is_list: bool) -> Result<NdArray> {
    let (mut shape, mut strides) = (Shape::from(array.shape()), Strides::from(array.strides()));
    let lead = shape.pop().zip(strides.pop());
    let mut kept = kept.to_vec();
    kept.sort_unstable();
    for axis in kept {
        shape.insert(axis, 1);
        strides.insert(axis, 0);
    }
    if let Some((n, step)) = lead.filter(|_| is_list) {
        shape.insert(0, n);
        strides.insert(0, step);
    }
    NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())
}
