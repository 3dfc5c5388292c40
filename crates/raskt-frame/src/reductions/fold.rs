//! Kernels of reductions: the state of a column, the state of several states, the result of a state.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, PrimitiveArray, StringViewArray,
    downcast_integer_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute;
use arrow::datatypes::{
    ArrowNumericType, ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int64Type, UInt64Type,
};
use raskt_core::{DType, ErrorKind, Fit, Result};

use super::result::Reduction;
use crate::PandasType;
use crate::kernels::{is_missing, mask};
use crate::table::failed;

/// What is remembered of a column: some values, each in a row for every partial result.
#[derive(Clone, Debug)]
pub(super) struct State(pub Vec<(PandasType, ArrayRef)>);

impl Reduction {
    /// How many values the state of a column has.
    pub(super) fn n_parts(self) -> usize {
        match self {
            Self::Mean => 2,
            Self::Variance { .. } => 3,
            Self::Sum
            | Self::Product
            | Self::Count
            | Self::Size
            | Self::Min
            | Self::Max
            | Self::Any
            | Self::All => 1,
        }
    }
}

fn float(value: f64) -> (PandasType, ArrayRef) {
    (PandasType::Masked(DType::Float64), Arc::new(Float64Array::from(vec![value])))
}

fn integer(value: i64) -> (PandasType, ArrayRef) {
    (PandasType::Plain(DType::Int64), Arc::new(Int64Array::from(vec![value])))
}

fn truth(value: bool) -> (PandasType, ArrayRef) {
    (PandasType::Plain(DType::Bool), Arc::new(BooleanArray::from(vec![value])))
}

impl State {
    /// A number of rows.
    pub fn count(n: usize) -> Self {
        Self(vec![integer(n.fit::<i64>())])
    }

    fn array(&self, at: usize) -> Result<&ArrayRef> {
        self.0.get(at).map(|(_, array)| array).ok_or_else(|| broken("too few values"))
    }

    fn floats(&self, at: usize) -> Result<&Float64Array> {
        self.array(at)?.as_primitive_opt::<Float64Type>().ok_or_else(|| broken("no floats"))
    }

    fn integers(&self, at: usize) -> Result<&Int64Array> {
        self.array(at)?.as_primitive_opt::<Int64Type>().ok_or_else(|| broken("no integers"))
    }

    /// The sum of the integers of that number.
    fn total(&self, at: usize) -> Result<i64> {
        Ok(compute::sum(self.integers(at)?).unwrap_or(0))
    }
}

fn broken(what: &str) -> raskt_core::Error {
    ErrorKind::Corrupt(format!("a partial result of a reduction: {what}")).into()
}

fn unplanned() -> raskt_core::Error {
    ErrorKind::NotImplemented("a native reduction of such a column".to_owned()).into()
}

/// The state of a column of `dtype`.
pub(super) fn of_column(reduction: Reduction, array: &ArrayRef, dtype: &PandasType) -> Result<State> {
    let part = match reduction {
        Reduction::Size => return Ok(State::count(array.len())),
        Reduction::Count => return Ok(State::count(array.len() - is_missing(array, dtype)?.true_count())),
        Reduction::Sum | Reduction::Product => {
            let result = reduction.dtype(dtype).ok_or_else(unplanned)?;
            let storage = result.storage().ok_or_else(unplanned)?;
            total(reduction, array, dtype, &storage).map(|total| (result, total))?
        }
        Reduction::Min | Reduction::Max => {
            let kept = match dtype {
                PandasType::Plain(plain) if !matches!(plain, DType::Datetime(_) | DType::Timedelta(_)) => {
                    PandasType::Masked(plain.clone())
                }
                other => other.clone(),
            };
            (kept, extreme(array, reduction == Reduction::Min)?)
        }
        Reduction::Mean => {
            let values = floats(array, dtype)?;
            return Ok(State(vec![float(sum(&values)), integer(n_there(&values))]));
        }
        Reduction::Variance { .. } => {
            let values = floats(array, dtype)?;
            let n = n_there(&values);
            let mean = if n == 0 { 0.0 } else { sum(&values) / n as f64 };
            let squares: Float64Array = values.unary(|value| (value - mean) * (value - mean));
            return Ok(State(vec![integer(n), float(mean), float(sum(&squares))]));
        }
        Reduction::Any | Reduction::All => truth(quantified(reduction, &truths(array, dtype)?)),
    };
    Ok(State(vec![part]))
}

fn quantified(reduction: Reduction, truths: &BooleanArray) -> bool {
    match reduction {
        Reduction::Any => compute::bool_or(truths).unwrap_or(false),
        _ => compute::bool_and(truths).unwrap_or(true),
    }
}

/// The state of all rows of `state`.
pub(super) fn of_states(reduction: Reduction, state: &State) -> Result<State> {
    let same =
        |array: ArrayRef| Ok(State(vec![(state.0.first().ok_or_else(|| broken("empty"))?.0.clone(), array)]));
    match reduction {
        Reduction::Size | Reduction::Count => Ok(State(vec![integer(state.total(0)?)])),
        Reduction::Sum | Reduction::Product => {
            let (dtype, array) = state.0.first().ok_or_else(|| broken("empty"))?;
            let storage = array.data_type().clone();
            // A partial sum that is NaN or infinite stays that.
            let dtype = match dtype {
                PandasType::Plain(plain) => PandasType::Masked(plain.clone()),
                other => other.clone(),
            };
            same(total(reduction, array, &dtype, &storage)?)
        }
        Reduction::Min | Reduction::Max => same(extreme(state.array(0)?, reduction == Reduction::Min)?),
        Reduction::Mean => Ok(State(vec![float(sum(state.floats(0)?)), integer(state.total(1)?)])),
        Reduction::Variance { .. } => moments(state),
        Reduction::Any | Reduction::All => {
            Ok(State(vec![truth(quantified(reduction, mask(state.array(0)?)?))]))
        }
    }
}

/// Counts, means and squared deviations of several samples as those of all of them (Chan, Golub and LeVeque, 1979).
fn moments(state: &State) -> Result<State> {
    let (counts, means, squares) = (state.integers(0)?, state.floats(1)?, state.floats(2)?);
    let (mut n, mut mean, mut square) = (0, 0.0, 0.0);
    for row in 0..counts.len() {
        let (other, delta) = (counts.value(row), means.value(row) - mean);
        if other == 0 {
            continue;
        }
        let share = other as f64 / (n + other) as f64;
        square += squares.value(row) + delta * delta * n as f64 * share;
        mean += delta * share;
        n += other;
    }
    Ok(State(vec![integer(n), float(mean), float(square)]))
}

/// What a state of one row comes to: an array of one value, missing where nothing was there.
pub(super) fn result(reduction: Reduction, state: &State) -> Result<ArrayRef> {
    let floats = |value: Option<f64>| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
    let first =
        |array: &ArrayRef| if array.is_empty() { Err(broken("no row")) } else { Ok(array.slice(0, 1)) };
    Ok(match reduction {
        Reduction::Mean => {
            let n = state.total(1)?;
            floats((n > 0).then(|| state.floats(0).map(|sums| sums.value(0) / n as f64)).transpose()?)
        }
        Reduction::Variance { ddof, is_root } => {
            let n = state.total(0)? as f64 - ddof;
            let variance =
                (n > 0.0).then(|| state.floats(2).map(|squares| squares.value(0) / n)).transpose()?;
            floats(variance.map(|variance| if is_root { variance.sqrt() } else { variance }))
        }
        Reduction::Sum
        | Reduction::Product
        | Reduction::Count
        | Reduction::Size
        | Reduction::Min
        | Reduction::Max
        | Reduction::Any
        | Reduction::All => first(state.array(0)?)?,
    })
}

/// The values of a column as floats; null where they are missing.
fn floats(array: &ArrayRef, dtype: &PandasType) -> Result<Float64Array> {
    let cast = compute::cast(array, &DataType::Float64).map_err(failed)?;
    let values = cast.as_primitive::<Float64Type>();
    if !dtype.misses_by_nan() {
        return Ok(values.clone());
    }
    let is_there = BooleanBuffer::collect_bool(values.len(), |row| !values.value(row).is_nan());
    Ok(match is_there.count_set_bits() == values.len() {
        true => values.clone(),
        false => Float64Array::new(values.values().clone(), Some(is_there.into())),
    })
}

fn n_there(values: &Float64Array) -> i64 {
    (values.len() - values.null_count()).fit::<i64>()
}

/// Values added at once by each of the accumulators.
const LANES: usize = 8;
/// Values whose sum is a number of its own, so that rounding errors grow with the logarithm of their count.
const BLOCK: usize = 1 << 10;

/// The sum of the values that are there.
fn sum(values: &Float64Array) -> f64 {
    match values.null_count() {
        0 => pairwise(values.values()),
        _ => pairwise(&values.iter().flatten().collect::<Vec<f64>>()),
    }
}

fn pairwise(values: &[f64]) -> f64 {
    if values.len() <= BLOCK {
        let mut lanes = [0.0; LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
        }
        return lanes.iter().sum::<f64>() + rest.iter().sum::<f64>();
    }
    let (left, right) = values.split_at((values.len() / 2).next_multiple_of(LANES));
    pairwise(left) + pairwise(right)
}

/// The sum or the product of a column, as an array of one value of `storage`.
fn total(reduction: Reduction, array: &ArrayRef, dtype: &PandasType, storage: &DataType) -> Result<ArrayRef> {
    let is_sum = reduction == Reduction::Sum;
    if matches!(storage, DataType::Float64 | DataType::Float32) {
        let values = floats(array, dtype)?;
        let total = if is_sum { sum(&values) } else { values.iter().flatten().product() };
        return compute::cast(&Float64Array::from(vec![total]), storage).map_err(failed);
    }
    let whole = match storage {
        DataType::UInt64 => DataType::UInt64,
        _ => DataType::Int64,
    };
    let values = compute::cast(array, &whole).map_err(failed)?;
    let total: ArrayRef = match whole {
        DataType::UInt64 => {
            let values = values.as_primitive::<UInt64Type>();
            let product = || values.iter().flatten().fold(1, u64::wrapping_mul);
            one::<UInt64Type>(Some(if is_sum { compute::sum(values).unwrap_or(0) } else { product() }))
        }
        _ => {
            let values = values.as_primitive::<Int64Type>();
            let product = || values.iter().flatten().fold(1, i64::wrapping_mul);
            one::<Int64Type>(Some(if is_sum { compute::sum(values).unwrap_or(0) } else { product() }))
        }
    };
    compute::cast(&total, storage).map_err(failed)
}

fn one<T: ArrowPrimitiveType>(value: Option<T::Native>) -> ArrayRef {
    Arc::new([value].into_iter().collect::<PrimitiveArray<T>>())
}

/// The least or the greatest of the values that are there, as an array of one value; null where none is.
fn extreme(array: &ArrayRef, is_min: bool) -> Result<ArrayRef> {
    fn of_floats<T: ArrowPrimitiveType>(
        array: &ArrayRef,
        better: impl Fn(T::Native, T::Native) -> bool,
    ) -> ArrayRef
    where
        T::Native: PartialEq,
    {
        let values = array.as_primitive::<T>().iter().flatten();
        // Only NaN differs from itself.
        #[allow(clippy::eq_op)]
        let there = values.filter(|value| value == value);
        one::<T>(there.reduce(|best, value| if better(value, best) { value } else { best }))
    }
    fn of_integers<T: ArrowNumericType>(values: &PrimitiveArray<T>, is_min: bool) -> ArrayRef {
        one::<T>(if is_min { compute::min(values) } else { compute::max(values) })
    }
    let values = array.as_ref();
    Ok(match values.data_type() {
        DataType::Float64 if is_min => of_floats::<Float64Type>(array, |a, b| a < b),
        DataType::Float64 => of_floats::<Float64Type>(array, |a, b| a > b),
        DataType::Float32 if is_min => of_floats::<Float32Type>(array, |a, b| a < b),
        DataType::Float32 => of_floats::<Float32Type>(array, |a, b| a > b),
        DataType::Boolean => {
            let truths = mask(array)?;
            let found = if is_min { compute::bool_and(truths) } else { compute::bool_or(truths) };
            Arc::new(BooleanArray::from(vec![found]))
        }
        DataType::Utf8View => {
            let texts = array.as_string_view();
            let found =
                if is_min { compute::min_string_view(texts) } else { compute::max_string_view(texts) };
            Arc::new(StringViewArray::from(vec![found]))
        }
        time @ (DataType::Timestamp(..) | DataType::Duration(_)) => {
            let numbers = compute::cast(array, &DataType::Int64).map_err(failed)?;
            compute::cast(&extreme(&numbers, is_min)?, time).map_err(failed)?
        }
        _ => downcast_integer_array!(
            values => of_integers(values, is_min),
            _ => return Err(unplanned())
        ),
    })
}

/// Which of the values that are there are not zero.
fn truths(array: &ArrayRef, dtype: &PandasType) -> Result<BooleanArray> {
    match array.data_type() {
        DataType::Boolean => Ok(mask(array)?.clone()),
        _ => {
            let values = floats(array, dtype)?;
            let bits = BooleanBuffer::collect_bool(values.len(), |row| values.value(row) != 0.0);
            Ok(BooleanArray::new(bits, values.nulls().cloned()))
        }
    }
}
