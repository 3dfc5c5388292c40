//! Quantiles along one axis that lies in one block.

use raskt_core::{DType, NdArray, Result, Shape, Strides};
use raskt_exec::{Call, Outcome};

use super::ranks::at_places;
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, elements, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::kernels::shapes::normalize_axis;
use crate::kernels::threads;

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

    /// The quantile `q` of `n` numbers, of which `number` tells the one at a place once they are in order: below the
    /// place `q (n - 1)`, or the next one.
    fn of(self, n: usize, q: f64, number: impl Fn(usize) -> f64) -> f64 {
        let place = q * (n - 1) as f64;
        let (low, high) = (place.floor(), place.ceil());
        let number = |place: f64| number((place as usize).min(n - 1));
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

/// What is asked of every line.
struct Asked {
    q: Vec<f64>,
    method: Method,
    skips_nan: bool,
}

impl Asked {
    /// The quantiles of a line.
    fn of(&self, line: &[f64], out: &mut [f64], n_threads: usize, scratch: &mut Scratch) -> Result<()> {
        let n_nan = line.iter().map(|number| usize::from(number.is_nan())).sum::<usize>();
        if n_nan == line.len() || (n_nan > 0 && !self.skips_nan) {
            out.fill(f64::NAN);
            return Ok(());
        }
        let Scratch { numbers, others, places } = scratch;
        let line = if n_nan > 0 {
            numbers.clear();
            numbers.extend(line.iter().filter(|number| !number.is_nan()));
            numbers.as_slice()
        } else {
            line
        };
        let last = line.len() - 1;
        places.clear();
        for q in &self.q {
            let low = ((q * last as f64) as usize).min(last);
            places.extend([low, (low + 1).min(last)]);
        }
        places.sort_unstable();
        places.dedup();
        let found = at_places(line, places, n_threads, others)?;
        let number = |place: usize| places.binary_search(&place).map_or(f64::NAN, |at| found[at]);
        out.iter_mut().zip(&self.q).for_each(|(out, &q)| *out = self.method.of(line.len(), q, number));
        Ok(())
    }
}

/// Memory that lines use one after the other.
#[derive(Default)]
struct Scratch {
    numbers: Vec<f64>,
    others: Vec<f64>,
    places: Vec<usize>,
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
    let lines = rows_of(&cast(&array, &DType::Float64)?, &axes)?;
    let found =
        of_rows(&lines, &Asked { q, method, skips_nan: parameters::is_set(call.shared, "skip_nan") }, call)?;
    let kept = if parameters::is_set(call.shared, "keepdims") { axes } else { Vec::new() };
    Ok(Outcome::Value(first_axis(&found, &kept, asked.as_list().is_some())?.into()))
}

/// The quantiles of every line along the last axis, in their place; rows on several threads, or a long line.
fn of_rows(lines: &NdArray, asked: &Asked, call: &Call<'_>) -> Result<NdArray> {
    let (n, n_asked) = (lines.shape().last().map_or(0, |&n| n as usize), asked.q.len());
    let mut shape: Shape = lines.shape().into();
    shape.pop();
    let n_lines = memory::n_elements(&shape)?;
    shape.push(n_asked as u64);
    let source = elements::<f64>(lines)?;
    let n_threads = threads::worthwhile(call.ctx, source.len());
    let n_together = n_lines.div_ceil(n_threads).max(1);
    let n_threads_of_line = if n_lines == 1 { n_threads } else { 1 };
    memory::build_whole(DType::Float64, &shape, |out| {
        let out: &mut [f64] = bytemuck::cast_slice_mut(out);
        if n == 0 {
            out.fill(f64::NAN);
            return Ok(());
        }
        let parts = out.chunks_mut((n_together * n_asked).max(1)).zip(source.chunks(n_together * n));
        threads::each(parts.collect(), |(out, lines)| {
            let mut scratch = Scratch::default();
            for (out, line) in out.chunks_exact_mut(n_asked.max(1)).zip(lines.chunks_exact(n)) {
                call.ctx.cancel.check()?;
                asked.of(line, out, n_threads_of_line, &mut scratch)?;
            }
            Ok(())
        })
        .map(drop)
    })
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
