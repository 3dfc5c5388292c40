//! New arrays from numbers alone: blocks of `full`, `arange`, `linspace`, `eye`, `indices`.

use raskt_core::{DType, NdArray, Param, Result, Shape, allocation};
use raskt_exec::{Call, Outcome};

use super::elementwise::cast;
use super::memory::{self, array_of, invalid, wrong_dtype};
use super::simd::{Loop, vectorized};
use super::{Scalar, parameters, threads};

/// The block's shape, and where its first element lies in the whole: own parameters `{"shape", "offsets"}`, or
/// `{"ranges": [[start, stop], ..]}`.
pub(crate) struct Place {
    pub shape: Shape,
    pub offsets: Vec<i64>,
}

impl Place {
    pub fn of(call: &Call<'_>) -> Result<Self> {
        if let Some(ranges) = call.own.get("ranges") {
            let ranges = ranges.as_list().ok_or_else(|| invalid("ranges are pairs"))?;
            let ranges = ranges.iter().map(parameters::sizes).collect::<Result<Vec<_>>>()?;
            let pair = |range: &Shape| match **range {
                [start, stop] if start <= stop => Ok((start, stop)),
                _ => Err(invalid(format!("{range:?} is not [start, stop]"))),
            };
            let pairs = ranges.iter().map(pair).collect::<Result<Vec<_>>>()?;
            let shape = pairs.iter().map(|(start, stop)| stop - start).collect();
            return Ok(Self { shape, offsets: pairs.iter().map(|(start, _)| *start as i64).collect() });
        }
        let shape = parameters::sizes(parameters::own_or_shared(call.own, call.shared, "shape")?)?;
        let offsets = match parameters::own_or_shared(call.own, call.shared, "offsets") {
            Ok(offsets) => parameters::integers(offsets)?,
            Err(_) => vec![0; shape.len()],
        };
        match offsets.len() == shape.len() {
            true => Ok(Self { shape, offsets }),
            false => Err(invalid(format!("a block of {shape:?} elements is not at {offsets:?}"))),
        }
    }

    /// The first element's place and the number of elements of a block with one axis.
    fn line(&self) -> Result<(i64, u64)> {
        match (&*self.shape, self.offsets.as_slice()) {
            ([n], [first]) => Ok((*first, *n)),
            _ => Err(invalid(format!("a block of one axis, not of {:?}", self.shape))),
        }
    }
}

fn done(array: NdArray) -> Result<Outcome> {
    Ok(Outcome::Value(array.into()))
}

/// The body `array.full`: shared `{"fill": [dtype, bits]}` as [`Scalar::to_param`] writes it. With `{"view": true}` one
/// element stands for all: an array of steps 0.
pub(crate) fn full(call: &mut Call<'_>) -> Result<Outcome> {
    let shape = Place::of(call)?.shape;
    let fill = Scalar::from_param(parameters::entry(call.shared, "fill")?)?;
    let dtype = fill.dtype().clone();
    memory::n_elements(&shape)?;
    if parameters::is_set(call.shared, "view") {
        let strides = vec![0; shape.len()];
        return done(NdArray::strided(dtype, &shape, &strides, 0, fill.to_array()?.buffer().clone())?);
    }
    // Memory that was used before is written sooner than new memory is got.
    done(memory::build_whole(dtype, &shape, |out| {
        let item = fill.bytes().len();
        super::element::with_item!(item, T => {
            let element = bytemuck::pod_read_unaligned::<T>(fill.bytes());
            bytemuck::cast_slice_mut::<u8, T>(out).fill(element);
        }, else ());
        Ok(())
    })?)
}

/// Numbers of a line that are computed from the place of the first of them, and their own within the run.
struct Ramp<'a, T, F> {
    out: &'a mut [T],
    number: F,
}

impl<T, F: Fn(i32) -> T> Loop for Ramp<'_, T, F> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for (at, out) in (0..).zip(self.out) {
            *out = (self.number)(at);
        }
    }
}

/// Elements of a run: their numbers within it are converted side by side.
const RUN: usize = 1 << 14;

/// A block with one axis, written by `fill` run by run: with the place of a run's first element, and its elements.
fn line<T: bytemuck::Pod + Send>(
    call: &Call<'_>,
    dtype: DType,
    fill: impl Fn(i64, &mut [T]) + Sync,
) -> Result<NdArray> {
    let (first, n) = Place::of(call)?.line()?;
    memory::build_whole(dtype, &[n], |out| {
        let out: &mut [T] = bytemuck::cast_slice_mut(out);
        let len = out.len().div_ceil(threads::worthwhile(call.ctx, out.len())).next_multiple_of(RUN).max(RUN);
        let parts = out.chunks_mut(len).zip((first..).step_by(len));
        threads::each(parts.collect(), |(out, first)| {
            for (out, first) in out.chunks_mut(RUN).zip((first..).step_by(RUN)) {
                call.ctx.cancel.check()?;
                fill(first, out);
            }
            Ok(())
        })
        .map(drop)
    })
}

/// The body `array.arange`: shared `{"start", "step", "dtype"}`: numbers `start + step * place`.
///
/// Integers are exact. Floats are computed from their place in the whole, as NumPy does from the first two.
pub(crate) fn arange(call: &mut Call<'_>) -> Result<Outcome> {
    let dtype = parameters::dtype(call.shared, "dtype")?;
    let (start, step) = (parameters::entry(call.shared, "start")?, parameters::entry(call.shared, "step")?);
    let whole = match (start.as_int(), step.as_int()) {
        (Some(start), Some(step)) if !is_inexact(&dtype) => line::<i64>(call, DType::Int64, |first, out| {
            let start = start.wrapping_add(step.wrapping_mul(first));
            vectorized(Ramp { out, number: |at| start.wrapping_add(step.wrapping_mul(i64::from(at))) });
        })?,
        _ => {
            let number =
                |param: &Param| param.as_float().ok_or_else(|| invalid("arange of what is no number"));
            let (start, step) = (number(start)?, number(step)?);
            // NumPy fills by the difference of the first two elements, as the dtype holds them.
            let step = if dtype == DType::Float32 {
                f64::from((start + step) as f32 - start as f32)
            } else {
                (start + step) - start
            };
            line::<f64>(call, DType::Float64, |first, out| {
                let first = first as f64;
                vectorized(Ramp { out, number: |at| start + (first + f64::from(at)) * step });
            })?
        }
    };
    done(cast(&whole, &dtype)?)
}

fn is_inexact(dtype: &DType) -> bool {
    matches!(dtype, DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128)
}

/// The body `array.linspace`: shared `{"start", "stop", "num", "endpoint": bool, "dtype"}`.
pub(crate) fn linspace(call: &mut Call<'_>) -> Result<Outcome> {
    let dtype = parameters::dtype(call.shared, "dtype")?;
    let (start, stop) = (parameters::float(call.shared, "start")?, parameters::float(call.shared, "stop")?);
    let num = parameters::int(call.shared, "num")?;
    let has_endpoint = parameters::is_set(call.shared, "endpoint");
    let n_steps = if has_endpoint { num - 1 } else { num };
    let (span, n, step) = (stop - start, n_steps as f64, (stop - start) / n_steps as f64);
    let whole = line::<f64>(call, DType::Float64, |first, out| {
        let place = |at: i32| first as f64 + f64::from(at);
        let end = usize::try_from(n_steps - first)
            .ok()
            .filter(|&end| has_endpoint && n_steps > 0 && end < out.len());
        if n_steps <= 0 {
            vectorized(Ramp { out: &mut *out, number: |at| start + place(at) * span });
        } else if step == 0.0 {
            // The difference is too small to be divided.
            vectorized(Ramp { out: &mut *out, number: |at| place(at) / n * span + start });
        } else {
            vectorized(Ramp { out: &mut *out, number: |at| place(at) * step + start });
        }
        if let Some(end) = end {
            out[end] = stop;
        }
        if !is_inexact(&dtype) {
            out.iter_mut().for_each(|number| *number = number.floor());
        }
    })?;
    done(cast(&whole, &dtype)?)
}

/// The body `array.eye`: shared `{"k", "dtype"}`: ones on the `k`-th diagonal of the whole.
pub(crate) fn eye(call: &mut Call<'_>) -> Result<Outcome> {
    let place = Place::of(call)?;
    let dtype = parameters::dtype(call.shared, "dtype")?;
    let k = parameters::int(call.shared, "k")?;
    let ([rows, cols], [row, col]) = (&*place.shape, place.offsets.as_slice()) else {
        return Err(invalid("an identity has two axes"));
    };
    let one = Scalar::int(dtype.clone(), 1);
    let item = one.bytes().len();
    done(memory::build(dtype, &place.shape, |out| {
        for r in 0..*rows as i64 {
            let c = (row + r - col).saturating_add(k);
            if (0..*cols as i64).contains(&c) {
                let at = (r as usize * *cols as usize + c as usize) * item;
                out[at..at + item].copy_from_slice(one.bytes());
            }
        }
        Ok(())
    })?)
}

/// The body `array.tri`: shared `{"k", "dtype"}`: ones on and below the `k`-th diagonal of the whole.
pub(crate) fn tri(call: &mut Call<'_>) -> Result<Outcome> {
    let place = Place::of(call)?;
    let dtype = parameters::dtype(call.shared, "dtype")?;
    let k = parameters::int(call.shared, "k")?;
    let ([_, cols], [row, col]) = (&*place.shape, place.offsets.as_slice()) else {
        return Err(invalid("a triangle has two axes"));
    };
    let one = Scalar::int(dtype.clone(), 1);
    let line = *cols as usize * one.bytes().len();
    done(memory::build(dtype, &place.shape, |out| {
        for (r, slots) in out.chunks_exact_mut(line.max(1)).enumerate() {
            let n = (row + r as i64 + 1 - col).saturating_add(k).clamp(0, *cols as i64) as usize;
            memory::fill(&mut slots[..n * one.bytes().len()], one.bytes());
        }
        Ok(())
    })?)
}

/// The body `array.indices`: shared `{"dtype"}`: along the first axis the axes of a grid, and for each of them the
/// place of every element along it.
pub(crate) fn indices(call: &mut Call<'_>) -> Result<Outcome> {
    let place = Place::of(call)?;
    let dtype = parameters::dtype(call.shared, "dtype")?;
    let item = dtype.item_bytes().ok_or_else(|| wrong_dtype("a native dtype", &dtype))?;
    let (n_grids, grid) = place.shape.split_first().ok_or_else(|| invalid("a grid without axes"))?;
    let n_elements = memory::n_elements(grid)?;
    done(memory::build(dtype.clone(), &place.shape, |out| {
        for (number, out) in out.chunks_exact_mut((n_elements * item).max(1)).enumerate() {
            let axis = place.offsets[0] as usize + number;
            let size = *grid.get(axis).ok_or_else(|| invalid(format!("{n_grids} grids of {grid:?}")))?;
            let first = place.offsets[axis + 1];
            let values: Vec<i64> = allocation::collected((0..size as usize).map(|at| first + at as i64))?;
            let line = cast(&array_of(DType::Int64, &[size], &values)?, &dtype)?;
            let line = line.to_contiguous()?;
            let inner = grid[axis + 1..].iter().product::<u64>() as usize * item;
            let places = line.contiguous_bytes().unwrap_or(&[]).chunks_exact(item).cycle();
            out.chunks_exact_mut(inner.max(1)).zip(places).for_each(|(out, place)| memory::fill(out, place));
        }
        Ok(())
    })?)
}
