//! Quantiles along one axis that lies in one block.

use raskt_core::{DType, NdArray, Param, Result, Shape, Strides};
use raskt_exec::{Call, Outcome};

use super::lines::{by_value, map_lines};
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
}

impl Method {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "linear" => Self::Linear,
            "lower" => Self::Lower,
            "higher" => Self::Higher,
            "midpoint" => Self::Midpoint,
            "nearest" => Self::Nearest,
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
            Self::Linear => between(number(low), number(low + 1.0), place - low),
        }
    }
}

/// As NumPy's `_lerp`: from the nearer end.
fn between(a: f64, b: f64, t: f64) -> f64 {
    let distance = b - a;
    let found = if t >= 0.5 { b - distance * (1.0 - t) } else { a + distance * t };
    if a == b { a } else { found }
}

/// The body `array.quantile`: `{"q": [..], "axis", "method", "skip_nan": bool, "keepdims": bool}`: quantiles (from 0 to
/// 1) of real numbers along the axis, one a first axis of the result, as `float64`, or `float32` of `float32`.
pub(crate) fn quantile(call: &mut Call<'_>) -> Result<Outcome> {
    let array = memory::array(call.inputs.first().ok_or_else(|| invalid("quantiles of nothing"))?)?;
    let q = parameters::entry(call.shared, "q")?.as_list().unwrap_or(&[]);
    let q: Vec<f64> = q.iter().map(|q| q.as_float().unwrap_or(f64::NAN)).collect();
    if q.iter().any(|q| !(0.0..=1.0).contains(q)) {
        return Err(invalid("Quantiles must be in the range [0, 1]"));
    }
    let method = call.shared.get("method").and_then(Param::as_str).unwrap_or("linear");
    let method = Method::parse(method)?;
    let axis = normalize_axis(parameters::int(call.shared, "axis")?, array.shape().len())?;
    let output = match array.dtype() {
        DType::Float32 => DType::Float32,
        DType::Complex64 | DType::Complex128 | DType::Datetime(_) | DType::Timedelta(_) => {
            return Err(wrong_dtype("real numbers", array.dtype()));
        }
        _ => DType::Float64,
    };
    let numbers = cast(&array, &DType::Float64)?;
    let skip = parameters::is_set(call.shared, "skip_nan");
    let found = map_lines::<f64, f64>(&numbers, axis, (DType::Float64, q.len()), |line, out| {
        call.ctx.cancel.check()?;
        let has_nan = line.iter().any(|value| value.is_nan());
        if skip {
            line.retain(|value| !value.is_nan());
        }
        if line.is_empty() || (has_nan && !skip) {
            out.fill(f64::NAN);
            return Ok(());
        }
        line.sort_unstable_by(by_value);
        out.iter_mut().zip(&q).for_each(|(out, &q)| *out = method.of(line, q));
        Ok(())
    })?;
    let keeps = parameters::is_set(call.shared, "keepdims");
    let moved = first_axis(&cast(&found, &output)?, axis, keeps)?;
    Ok(Outcome::Value(moved.into()))
}

/// The array with `axis` in front; another of length 1 in its place where axes are kept.
fn first_axis(array: &NdArray, axis: usize, keeps: bool) -> Result<NdArray> {
    let (mut shape, mut strides) = (Shape::from(array.shape()), Strides::from(array.strides()));
    let (n, step) = (shape.remove(axis), strides.remove(axis));
    if keeps {
        shape.insert(axis, 1);
        strides.insert(axis, 0);
    }
    shape.insert(0, n);
    strides.insert(0, step);
    NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())
}
