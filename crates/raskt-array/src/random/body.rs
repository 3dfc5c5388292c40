//! The body that draws a block of random numbers.

use std::sync::Arc;

use raskt_core::{Buffer, DType, NdArray, Param, Result, Shape, allocation};
use raskt_exec::{Call, Outcome};

use super::discrete::Table;
use super::distribution::{Distribution, Visit};
use super::stream::{N_WORDS, Need, Source, for_each_source, for_each_word, for_each_words};
use super::{continuous, discrete, ziggurat};
use crate::kernels::create::Place;
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, elements, invalid};
use crate::kernels::shapes::{broadcast_shapes, broadcast_steps};
use crate::kernels::simd::{Map1, vectorized_widely};
use crate::kernels::{Scalar, parameters, threads};

/// Makes what no thread may be at making when the process is forked.
pub(crate) fn prepare() {
    ziggurat::prepare();
    discrete::prepare();
}

/// A run of elements that follow each other in the whole array and in the block.
struct Run<'a, T> {
    place: u64,
    at: usize,
    out: &'a mut [T],
}

/// The body `array.random`: shared `{"distribution", "key": [k0, k1], "dtype", "size", "params"}`; own: where the block
/// lies, `{"offsets", "shape"}` or `{"ranges"}`. `size` is the whole array's shape. `params` are numbers, or null for
/// those that come as inputs, in order, broadcast to the block. Beside NumPy's distributions: `"integers"` (`params`
/// `[low, high]`, high left out), `"raw"` words, and with one axis more than `size` `"multinomial"`
/// (`params` `[n, [p, ..]]`) and `"dirichlet"` (`params` `[[alpha, ..]]`).
pub(crate) fn random(call: &mut Call<'_>) -> Result<Outcome> {
    let place = Place::of(call)?;
    let size = parameters::sizes(parameters::entry(call.shared, "size")?)?;
    let key = match *parameters::integers(parameters::entry(call.shared, "key")?)? {
        [a, b] => [a as u64, b as u64],
        _ => return Err(invalid("a key has two words")),
    };
    let dtype = parameters::dtype(call.shared, "dtype")?;
    let params = call.shared.get("params").and_then(Param::as_list).unwrap_or(&[]);
    let draw = Draw { key, size, place, call };
    let array = match parameters::text(call.shared, "distribution")? {
        "integers" => draw.integers(params, &dtype)?,
        "raw" => draw.words(|_, word| word, DType::UInt64)?,
        "multinomial" => draw.multinomial(params)?,
        "dirichlet" => draw.dirichlet(params)?,
        name => {
            let distribution = Distribution::parse(name);
            draw.numbers(distribution.ok_or_else(|| invalid(format!("no distribution {name:?}")))?, params)?
        }
    };
    cast(&array, &dtype).map(|array| Outcome::Value(array.into()))
}

struct Draw<'a, 'b> {
    key: [u64; 2],
    size: Shape,
    place: Place,
    call: &'a Call<'b>,
}

impl Draw<'_, '_> {
    /// Fills an array by runs, on several threads where that is allowed.
    fn fill<T: bytemuck::Pod + Send>(
        &self,
        dtype: DType,
        width: usize,
        fill: impl Fn(&mut Run<'_, T>) -> Result<()> + Sync,
    ) -> Result<NdArray> {
        let (whole, offsets) = (&self.place.shape, &self.place.offsets);
        // Several numbers drawn together lie along an axis of their own, behind those of `size`.
        let has_core = whole.len() == self.size.len() + 1 && whole.last() == Some(&(width as u64));
        let shape = &whole[..whole.len() - usize::from(has_core)];
        if self.size.len() != shape.len() {
            return Err(invalid(format!("a block of {whole:?} elements of an array of {:?}", self.size)));
        }
        let n = memory::n_elements(shape)?;
        let line = shape.last().map_or(1, |&n| n as usize);
        let mut buffer = Buffer::recycled(n * width * size_of::<T>())?;
        let out: &mut [T] = match buffer.as_mut_slice() {
            Some(bytes) => bytemuck::cast_slice_mut(bytes),
            None => return Err(invalid("a buffer that cannot be written")),
        };
        let runs = out.chunks_exact_mut((line * width).max(1)).enumerate().map(|(number, out)| {
            let (mut rest, mut place, mut step) = (number as u64, 0_u64, 1_u64);
            for axis in (0..shape.len()).rev() {
                let index = match axis + 1 == shape.len() {
                    true => 0,
                    false => {
                        let index = rest % shape[axis];
                        rest /= shape[axis];
                        index
                    }
                };
                place = place.wrapping_add(step.wrapping_mul(offsets[axis] as u64 + index));
                step = step.wrapping_mul(self.size[axis]);
            }
            Run { place, at: number * line, out }
        });
        // An array without elements has no lines either, whatever its shape.
        let mut runs: Vec<Run<'_, T>> = allocation::collected(runs.take(if n > 0 { usize::MAX } else { 0 }))?;
        let n_threads = threads::worthwhile(self.call.ctx, n);
        let each = runs.len().div_ceil(n_threads).max(1);
        threads::each(runs.chunks_mut(each).collect(), |part| {
            part.iter_mut().try_for_each(|run| {
                self.call.ctx.cancel.check()?;
                fill(run)
            })
        })?;
        let core = (has_core || width != 1).then_some(width as u64);
        let shape: Shape = shape.iter().copied().chain(core).collect();
        NdArray::contiguous(dtype, &shape, buffer)
    }

    /// One number an element, from its first word alone.
    fn words<T: bytemuck::Pod + Send>(
        &self,
        number: impl Fn(u64, u64) -> T + Sync,
        dtype: DType,
    ) -> Result<NdArray> {
        self.fill(dtype, 1, |run: &mut Run<'_, T>| {
            let (place, out) = (run.place, &mut *run.out);
            for_each_word(self.key, place, out.len(), |at, word| out[at] = number(place + at as u64, word));
            Ok(())
        })
    }

    /// The parameters of a distribution: numbers, or arrays that are as large as the block.
    fn arguments(&self, params: &[Param]) -> Result<Vec<Argument>> {
        let mut inputs = self.call.inputs.iter();
        let argument = |param: &Param| match param {
            Param::Null => {
                let input = inputs.next().ok_or_else(|| invalid("a parameter is missing"))?;
                let array = memory::array(input)?;
                let shape = &self.place.shape;
                if broadcast_shapes([array.shape(), shape])? != *shape {
                    let (left, right) = (shape.to_vec(), array.shape().to_vec());
                    return Err(raskt_core::ErrorKind::ShapeMismatch { left, right }.into());
                }
                let strides = broadcast_steps(&array, shape);
                let (dtype, buffer) = (array.dtype().clone(), array.buffer().clone());
                let whole = NdArray::strided(dtype, shape, &strides, array.offset(), buffer)?;
                Ok(Argument::Each(cast(&whole, &DType::Float64)?))
            }
            number => number_of(number).map(Argument::Same),
        };
        params.iter().map(argument).collect()
    }

    fn numbers(&self, distribution: Distribution, params: &[Param]) -> Result<NdArray> {
        let arguments = self.arguments(params)?;
        if arguments.len() != distribution.parameters().len() {
            return Err(invalid(format!("{} has other parameters", distribution.name())));
        }
        for (at, argument) in arguments.iter().enumerate() {
            argument.all(|value| distribution.check(at, value))?;
        }
        let same: Option<Vec<f64>> = arguments.iter().map(Argument::same).collect();
        match &same {
            Some(same) => distribution.check_together(same)?,
            None => {
                let mut values = vec![0.0; arguments.len()];
                for at in 0..memory::n_elements(&self.place.shape)? {
                    arguments_at(&arguments, at, &mut values);
                    distribution.check_together(&values)?;
                }
            }
        }
        match (distribution, same.as_deref()) {
            (Distribution::StandardNormal, _) => return self.normals(None),
            (Distribution::Normal, Some(&[loc, scale])) => return self.normals(Some((loc, scale))),
            _ => {}
        }
        if let Some(table) = same.as_deref().and_then(|same| distribution.table(same)) {
            return self.words(|_, word| table.draw(word), DType::Int64);
        }
        match distribution.is_integer() {
            true => distribution.visit(Drawn { draw: self, arguments: &arguments, number: whole }),
            false => distribution.visit(Drawn { draw: self, arguments: &arguments, number: |x: f64| x }),
        }
    }

    /// Standard normal numbers, or others of this location and scale.
    fn normals(&self, other: Option<(f64, f64)>) -> Result<NdArray> {
        let layers = &*ziggurat::LAYERS;
        self.fill(DType::Float64, 1, |run: &mut Run<'_, f64>| {
            let (place, out) = (run.place, &mut *run.out);
            for_each_words(self.key, place, out.len(), |at, words| {
                let out = &mut out[at..at + words.len()];
                ziggurat::normals(layers, self.key, place.wrapping_add(at as u64), words, out);
                if let Some((loc, scale)) = other {
                    out.iter_mut().for_each(|number| *number = loc + scale * *number);
                }
            });
            Ok(())
        })
    }

    /// Whole numbers from `low` up to `high`, which is left out, exactly, whatever their dtype.
    fn integers(&self, params: &[Param], dtype: &DType) -> Result<NdArray> {
        let whole = if *dtype == DType::UInt64 { DType::UInt64 } else { DType::Int64 };
        let [low, high] = params else { return Err(invalid("integers have a lowest and a highest")) };
        if let (Some(low), Some(high)) = (integer(low), integer(high)) {
            if low >= high {
                return Err(invalid("low >= high"));
            }
            // All 2^64 numbers are a range of 0.
            let bounds = (low as u64, (high - low) as u64);
            return self.fill(whole, 1, |run: &mut Run<'_, u64>| {
                let (place, out) = (run.place, &mut *run.out);
                for_each_words(self.key, place, out.len(), |at, words| {
                    let at_place = (self.key, place.wrapping_add(at as u64));
                    discrete::bounded(at_place, words, bounds, &mut out[at..at + words.len()]);
                });
                Ok(())
            });
        }
        let mut inputs = self.call.inputs.iter();
        let mut bound = |param: &Param| -> Result<std::result::Result<Vec<i64>, i128>> {
            match integer(param) {
                Some(number) => Ok(Err(number)),
                None => {
                    let input = inputs.next().ok_or_else(|| invalid("a bound is missing"))?;
                    let array = memory::array(input)?;
                    let strides = broadcast_steps(&array, &self.place.shape);
                    let (kind, buffer) = (array.dtype().clone(), array.buffer().clone());
                    let spread = NdArray::strided(kind, &self.place.shape, &strides, array.offset(), buffer)?;
                    let spread = cast(&spread, &DType::Int64)?;
                    Ok(Ok(allocation::copied(&elements::<i64>(&spread)?)?))
                }
            }
        };
        let (low, high) = (bound(low)?, bound(high)?);
        let at = |bound: &std::result::Result<Vec<i64>, i128>, at: usize| match bound {
            Ok(values) => i128::from(values[at]),
            Err(number) => *number,
        };
        self.bounded(whole, |place| (at(&low, place), at(&high, place)))
    }

    fn bounded(&self, dtype: DType, bounds: impl Fn(usize) -> (i128, i128) + Sync) -> Result<NdArray> {
        self.fill(dtype, 1, |run: &mut Run<'_, u64>| {
            let (place, start, out) = (run.place, run.at, &mut *run.out);
            let mut is_empty = false;
            for_each_word(self.key, place, out.len(), |at, word| {
                let (low, high) = bounds(start + at);
                is_empty |= low >= high;
                // All 2^64 numbers are a range of 0.
                let range = (high - low) as u64;
                let above = discrete::below(&mut Source::new(self.key, place + at as u64, word), range);
                out[at] = (low as u64).wrapping_add(above);
            });
            if is_empty { Err(invalid("low >= high")) } else { Ok(()) }
        })
    }

    fn multinomial(&self, params: &[Param]) -> Result<NdArray> {
        let [n, weights] = params else { return Err(invalid("multinomial has a count and probabilities")) };
        let (n, weights) = (number_of(n)?, numbers_of(weights)?);
        if weights.iter().any(|weight| !(0.0..=1.0).contains(weight))
            || weights.iter().sum::<f64>() > 1.0 + 1e-12
        {
            return Err(invalid("pvals < 0, pvals > 1 or pvals contains NaNs"));
        }
        // How likely each is, among those that are left when it is its turn.
        let mut rest = 1.0;
        let mut shares: Vec<f64> = Vec::with_capacity(weights.len());
        for weight in &weights {
            shares.push(if rest > 0.0 { (weight / rest).clamp(0.0, 1.0) } else { 0.0 });
            rest -= weight;
        }
        shares.pop();
        let tables = self.tables(n, &shares);
        self.fill(DType::Int64, weights.len(), |run: &mut Run<'_, i64>| {
            let width = weights.len().max(1);
            let rows = run.out.len() / width;
            for_each_source((self.key, Need::More), run.place, rows, |at, source| {
                let counts = &mut run.out[at * width..(at + 1) * width];
                let mut left = n;
                for (number, (count, &share)) in counts.iter_mut().zip(&shares).enumerate() {
                    let table = tables.get(number).and_then(|tables| tables.get(left as usize)?.as_ref());
                    *count = match table {
                        Some(table) => table.draw(source.word()),
                        None => discrete::binomial(left, share)(source) as i64,
                    };
                    left -= *count as f64;
                }
                counts[width - 1] = left as i64;
            });
            Ok(())
        })
    }

    /// Tables for counts up to `n` of each share, where there are not too many for what is to be drawn.
    fn tables(&self, n: f64, shares: &[f64]) -> Vec<Vec<Option<Table>>> {
        const N_TABLES_MAX: f64 = 500.0;
        let n_rows: u64 = self.place.shape.iter().product();
        let n_tables = (n + 1.0) * shares.len() as f64;
        if n_tables > N_TABLES_MAX || n_tables * 20.0 > n_rows as f64 {
            return Vec::new();
        }
        let counts = || (0..=n as u64).map(|left| left as f64);
        shares
            .iter()
            .map(|&share| counts().map(|left| discrete::binomial_table(left, share)).collect())
            .collect()
    }

    fn dirichlet(&self, params: &[Param]) -> Result<NdArray> {
        let [alphas] = params else { return Err(invalid("dirichlet has concentrations")) };
        let alphas = numbers_of(alphas)?;
        if alphas.iter().any(|&alpha| alpha.is_nan() || alpha < 0.0) {
            return Err(invalid("alpha < 0"));
        }
        let gammas: Vec<_> = alphas.iter().map(|&alpha| continuous::gamma(alpha)).collect();
        self.fill(DType::Float64, alphas.len(), |run: &mut Run<'_, f64>| {
            let width = gammas.len().max(1);
            let n_rows = run.out.len() / width;
            for_each_source((self.key, Need::More), run.place, n_rows, |at, source| {
                let shares = &mut run.out[at * width..(at + 1) * width];
                shares.iter_mut().zip(&gammas).for_each(|(share, gamma)| *share = gamma(source));
                let total: f64 = shares.iter().sum();
                shares.iter_mut().for_each(|share| *share /= total);
            });
            Ok(())
        })
    }
}

/// Draws one number an element, as a distribution does it, and makes `T` of it.
struct Drawn<'a, 'b, 'c, N> {
    draw: &'a Draw<'b, 'c>,
    arguments: &'a [Argument],
    number: N,
}

impl<T, N> Drawn<'_, '_, '_, N>
where
    T: Drawable,
    N: Fn(f64) -> T + Copy + Sync,
{
    /// The parameters, where they are the same for all elements.
    fn same(&self) -> Option<Vec<f64>> {
        self.arguments.iter().map(Argument::same).collect()
    }

    fn filled(&self, fill: impl Fn(&mut Run<'_, T>) + Sync) -> Result<NdArray> {
        self.draw.fill(T::DTYPE, 1, |run: &mut Run<'_, T>| {
            fill(run);
            Ok(())
        })
    }
}

/// What numbers are drawn as.
trait Drawable: bytemuck::Pod + Send {
    const DTYPE: DType;
}

impl Drawable for f64 {
    const DTYPE: DType = DType::Float64;
}

impl Drawable for i64 {
    const DTYPE: DType = DType::Int64;
}

impl<T, N> Visit for Drawn<'_, '_, '_, N>
where
    T: Drawable,
    N: Fn(f64) -> T + Copy + Sync,
{
    type Out = Result<NdArray>;

    fn words<F: Fn(u64) -> f64 + Copy>(self, of: impl Fn(&[f64]) -> F + Sync) -> Self::Out {
        let (key, number, same) = (self.draw.key, self.number, self.same());
        self.filled(|run| {
            let (place, start, out) = (run.place, run.at, &mut *run.out);
            let Some(same) = &same else {
                let mut values = vec![0.0; self.arguments.len()];
                return for_each_word(key, place, out.len(), |at, word| {
                    arguments_at(self.arguments, start + at, &mut values);
                    out[at] = number(of(&values)(word));
                });
            };
            let draw = of(same);
            for_each_words(key, place, out.len(), |at, words| {
                let dst = &mut out[at..at + words.len()];
                vectorized_widely(Map1 { dst, a: words, f: |word| number(draw(word)) });
            });
        })
    }

    fn steps<F, G>(self, of: impl Fn(&[f64]) -> (F, G) + Sync) -> Self::Out
    where
        F: Fn(u64) -> f64 + Copy,
        G: Fn(f64) -> f64 + Copy,
    {
        let (key, number, same) = (self.draw.key, self.number, self.same());
        self.filled(|run| {
            let (place, start, out) = (run.place, run.at, &mut *run.out);
            let Some(same) = &same else {
                let mut values = vec![0.0; self.arguments.len()];
                return for_each_word(key, place, out.len(), |at, word| {
                    arguments_at(self.arguments, start + at, &mut values);
                    let (first, then) = of(&values);
                    out[at] = number(then(first(word)));
                });
            };
            let (first, then) = of(same);
            let mut between = [0.0; N_WORDS];
            for_each_words(key, place, out.len(), |at, words| {
                let (between, dst) = (&mut between[..words.len()], &mut out[at..at + words.len()]);
                vectorized_widely(Map1 { dst: &mut *between, a: words, f: first });
                vectorized_widely(Map1 { dst, a: between, f: |x| number(then(x)) });
            });
        })
    }

    fn sources<F: Fn(&mut Source) -> f64>(self, need: Need, of: impl Fn(&[f64]) -> F + Sync) -> Self::Out {
        let (key, number, same) = (self.draw.key, self.number, self.same());
        self.filled(|run| {
            let (place, start, out) = (run.place, run.at, &mut *run.out);
            let Some(same) = &same else {
                let mut values = vec![0.0; self.arguments.len()];
                return for_each_source((key, need), place, out.len(), |at, source| {
                    arguments_at(self.arguments, start + at, &mut values);
                    out[at] = number(of(&values)(source));
                });
            };
            let draw = of(same);
            for_each_source((key, need), place, out.len(), |at, source| out[at] = number(draw(source)));
        })
    }
}

/// A parameter of a distribution.
enum Argument {
    Same(f64),
    Each(NdArray),
}

impl Argument {
    fn same(&self) -> Option<f64> {
        match self {
            Self::Same(value) => Some(*value),
            Self::Each(_) => None,
        }
    }

    fn at(&self, at: usize) -> f64 {
        match self {
            Self::Same(value) => *value,
            Self::Each(array) => {
                let bytes = array.contiguous_bytes().and_then(|bytes| bytes.get(at * 8..at * 8 + 8));
                bytes.map_or(f64::NAN, bytemuck::pod_read_unaligned)
            }
        }
    }

    fn all(&self, check: impl Fn(f64) -> Result<()>) -> Result<()> {
        match self {
            Self::Same(value) => check(*value),
            Self::Each(array) => elements::<f64>(array)?.iter().try_for_each(|&value| check(value)),
        }
    }
}

/// The whole number `x`, which is not negative, or the largest: in two halves, since most processors convert no integers of
/// 64 bits side by side.
#[inline(always)]
fn whole(x: f64) -> i64 {
    const TWO_32: f64 = 4_294_967_296.0;
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    let upper = (x / TWO_32).floor();
    let half = |half: f64| (half + TWO_52).to_bits().wrapping_sub(TWO_52.to_bits()) as i64;
    let found = (half(upper) << 32).wrapping_add(half(x - upper * TWO_32));
    if x < i64::MAX as f64 { found } else { i64::MAX }
}

/// Writes the parameters of the element at `at` of the block to `values`.
fn arguments_at(arguments: &[Argument], at: usize, values: &mut [f64]) {
    values.iter_mut().zip(arguments).for_each(|(value, argument)| *value = argument.at(at));
}

fn integer(param: &Param) -> Option<i128> {
    match param {
        Param::Int(number) => Some((*number).into()),
        Param::Str(text) => text.parse().ok(),
        _ => None,
    }
}

fn number_of(param: &Param) -> Result<f64> {
    if let Some(number) = param.as_float() {
        return Ok(number);
    }
    let scalar = Scalar::from_param(param)?.to_array()?;
    Ok(elements::<f64>(&cast(&scalar, &DType::Float64)?)?[0])
}

fn numbers_of(param: &Param) -> Result<Vec<f64>> {
    match param {
        Param::List(items) => items.iter().map(number_of).collect(),
        Param::Value(value) => {
            let array: Arc<NdArray> = Arc::new(memory::array(value)?.into_owned());
            allocation::copied(&elements::<f64>(&cast(&array, &DType::Float64)?)?)
        }
        other => Err(invalid(format!("{other:?} is not a list of numbers"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_what_they_were_as_floats() {
        for x in [0.0, 1.0, 4_294_967_295.0, 4_294_967_296.0, 1e15, 9_007_199_254_740_993.0, 9.2e18, 1e19] {
            assert_eq!(whole(x), x as i64, "{x}");
        }
    }
}
