//! Places in sorted arrays, and membership.

use raskt_core::{DType, NdArray, Result, allocation};
use raskt_exec::{Call, Outcome};

use super::lines::sort_line;
use crate::kernels::element::{Boolean, Element, with_ordered};
use crate::kernels::elementwise::cast;
use crate::kernels::memory::{self, array_of, elements, invalid, wrong_dtype};
use crate::kernels::parameters;
use crate::types::promote_types;

/// Which of several equal places is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Before equal elements.
    Left,
    /// Behind equal elements.
    Right,
}

/// How many of the sorted elements lie before `value`.
pub(super) fn place_of<T: Element>(sorted: &[T], value: T, side: Side) -> usize {
    match side {
        Side::Left => sorted.partition_point(|&element| element.sorts_before(value)),
        Side::Right => sorted.partition_point(|&element| !value.sorts_before(element)),
    }
}

/// Two arrays, cast to their common dtype.
pub(super) fn alike(a: &NdArray, b: &NdArray) -> Result<(NdArray, NdArray)> {
    let common = promote_types(a.dtype(), b.dtype());
    let common = common.ok_or_else(|| wrong_dtype("dtypes with a common one", b.dtype()))?;
    Ok((cast(a, &common)?, cast(b, &common)?))
}

/// The two inputs, cast so.
fn pair(call: &Call<'_>) -> Result<(NdArray, NdArray)> {
    let [a, b] = &*call.inputs else { return Err(invalid("two arrays")) };
    alike(&*memory::array(a)?, &*memory::array(b)?)
}

/// How many elements of `sorted` lie before each of `values`.
fn places(sorted: &NdArray, values: &NdArray, side: Side) -> Result<Vec<i64>> {
    with_ordered!(sorted.dtype(), T => {
        let sorted = elements::<T>(sorted)?;
        let (first, last) = (sorted.first().copied(), sorted.last().copied());
        // A block of a longer array has all of most values on one side of it.
        let place = |&value: &T| match (first, last) {
            (Some(first), _) if value.sorts_before(first) => 0,
            (_, Some(last)) if last.sorts_before(value) => sorted.len() as i64,
            _ => place_of(&sorted, value, side) as i64,
        };
        allocation::collected(elements::<T>(values)?.iter().map(place))
    }, else Err(wrong_dtype("a native dtype", sorted.dtype())))
}

/// The body `array.searchsorted`: `{"side": "left" | "right"}`; inputs: a sorted block and values. The places are
/// behind an axis for the block's number: those in an array that is cut into blocks are the sums of those in its blocks.
pub(crate) fn searchsorted(call: &mut Call<'_>) -> Result<Outcome> {
    let side = match parameters::text(call.shared, "side")? {
        "left" => Side::Left,
        "right" => Side::Right,
        other => return Err(invalid(format!("search side must be 'left' or 'right' (got '{other}')"))),
    };
    let (sorted, values) = pair(call)?;
    let shape = [&[1], values.shape()].concat();
    let places = places(&sorted, &values, side)?;
    Ok(Outcome::Value(array_of(DType::Int64, &shape, &places)?.into()))
}

/// The body `array.inverse`: inputs: values, and the sorted ones that they are among: the place of each.
pub(crate) fn inverse(call: &mut Call<'_>) -> Result<Outcome> {
    let (values, sorted) = pair(call)?;
    let places = places(&sorted, &values, Side::Left)?;
    Ok(Outcome::Value(array_of(DType::Int64, values.shape(), &places)?.into()))
}

/// The body `array.digitize`: `{"right": bool, "bins"}`, the bins going up or down; input: values.
pub(crate) fn digitize(call: &mut Call<'_>) -> Result<Outcome> {
    let is_right = parameters::is_set(call.shared, "right");
    let values = memory::array(call.inputs.first().ok_or_else(|| invalid("an array is missing"))?)?;
    let (values, bins) = alike(&values, &*parameters::array(call.shared, "bins")?)?;
    let places = with_ordered!(bins.dtype(), T => {
        digits::<T>(&elements::<T>(&values)?, &elements::<T>(&bins)?, is_right)?
    }, else return Err(wrong_dtype("a native dtype", bins.dtype())));
    Ok(Outcome::Value(array_of(DType::Int64, values.shape(), &places)?.into()))
}

fn digits<T: Element>(values: &[T], bins: &[T], is_right: bool) -> Result<Vec<i64>> {
    let is_up = bins.windows(2).all(|pair| !pair[1].sorts_before(pair[0]));
    let is_down = bins.windows(2).all(|pair| !pair[0].sorts_before(pair[1]));
    if !is_up && !is_down {
        return Err(invalid("bins must be monotonically increasing or decreasing"));
    }
    let side = if is_right { Side::Left } else { Side::Right };
    if is_up {
        return allocation::collected(values.iter().map(|&value| place_of(bins, value, side) as i64));
    }
    let reversed: Vec<T> = allocation::collected(bins.iter().rev().copied())?;
    allocation::collected(values.iter().map(|&value| (bins.len() - place_of(&reversed, value, side)) as i64))
}

/// Whether each value is among the wanted ones, which NaN is not.
fn members<T: Element>(values: &[T], wanted: &[T], is_inverted: bool) -> Result<Vec<Boolean>> {
    let mut wanted = allocation::copied(wanted)?;
    wanted.retain(|value| !value.is_nan());
    if let Some(table) = Table::of(&wanted, values.len())? {
        return allocation::collected(
            values.iter().map(|value| Boolean::from(table.has(value) != is_inverted)),
        );
    }
    sort_line(&mut wanted);
    wanted.dedup();
    let is_in = |&value: &T| {
        let at = wanted.partition_point(|&other| other.sorts_before(value));
        !value.is_nan() && wanted.get(at).is_some_and(|&other| other == value)
    };
    allocation::collected(values.iter().map(|value| Boolean::from(is_in(value) != is_inverted)))
}

/// The least of some integers, and how far the largest is from it; `None` for none, and for elements of other kinds.
pub(super) fn span_of<T: Element>(values: &[T]) -> Option<(i64, usize)> {
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for value in values {
        let value = value.as_integer()?;
        (low, high) = (low.min(value), high.max(value));
    }
    usize::try_from(high.checked_sub(low)?).ok().map(|span| (low, span))
}

/// Integers that lie close together, as a table of all between the least and the largest.
struct Table {
    low: i64,
    is_there: Vec<bool>,
}

impl Table {
    /// The table of `wanted`, unless it would be larger than is worth making to look up `n` values.
    fn of<T: Element>(wanted: &[T], n: usize) -> Result<Option<Self>> {
        let Some((low, span)) = span_of(wanted).filter(|&(_, span)| span <= 4 * (n + wanted.len())) else {
            return Ok(None);
        };
        let mut is_there = allocation::filled(false, span + 1)?;
        for value in wanted.iter().filter_map(|value| value.as_integer()) {
            is_there[(value - low) as usize] = true;
        }
        Ok(Some(Self { low, is_there }))
    }

    fn has<T: Element>(&self, value: &T) -> bool {
        let at = value.as_integer().and_then(|value| usize::try_from(value.checked_sub(self.low)?).ok());
        at.is_some_and(|at| self.is_there.get(at) == Some(&true))
    }
}

/// The body `array.isin`: `{"invert": bool}`; inputs: values, and those that are looked for. NaN is in nothing.
pub(crate) fn isin(call: &mut Call<'_>) -> Result<Outcome> {
    let is_inverted = parameters::is_set(call.shared, "invert");
    let (values, wanted) = pair(call)?;
    let found = with_ordered!(values.dtype(), T => {
        members::<T>(&elements::<T>(&values)?, &elements::<T>(&wanted)?, is_inverted)?
    }, else return Err(wrong_dtype("a native dtype", values.dtype())));
    Ok(Outcome::Value(array_of(DType::Bool, values.shape(), &found)?.into()))
}
