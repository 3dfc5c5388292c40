//! Which values are among some, or between two.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute;
use arrow::compute::kernels::boolean;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use raskt_core::{DType, ErrorKind, Param, Result};
use rustc_hash::FxHashSet;

use super::arguments::{Method, rows};
use super::column::{Planned, mask};
use super::compare;
use super::promote::{Flavour, is_float, number};
use crate::PandasType;
use crate::table::failed;

/// Up to which integers floats have all of them.
const EXACT_MAX: i64 = 1 << 53;

/// The values that are looked for.
enum Wanted {
    Integers(FxHashSet<i64>),
    /// By their bits, with one zero; NaN is there or not.
    Floats(FxHashSet<u64>, bool),
    /// The missing text is there or not.
    Texts(FxHashSet<Arc<str>>, bool),
}

/// The kernel of `isin(values)`.
pub(super) fn plan_in(method: &Method<'_>) -> Option<Planned> {
    let dtype = method.on.dtype()?;
    let [values] = method.bind(["values"])?;
    let values = values.literal()?.as_list()?;
    let (wanted, flavour) = match dtype {
        PandasType::Text | PandasType::NullableText => (texts(values)?, Flavour::Plain),
        _ => {
            let (of, flavour) = number(dtype)?;
            (numbers(&of, values)?, flavour)
        }
    };
    Some(Planned::new(flavour.of(DType::Bool), move |columns| {
        let is_there = found(rows(columns)?, &wanted)?;
        Ok(Arc::new(BooleanArray::new(is_there, None)))
    }))
}

fn texts(values: &[Param]) -> Option<Wanted> {
    let mut texts = FxHashSet::default();
    let mut has_missing = false;
    for value in values {
        match value {
            Param::Str(text) => drop(texts.insert(Arc::clone(text))),
            Param::Null => has_missing = true,
            Param::Float(value) if value.is_nan() => has_missing = true,
            _ => return None,
        }
    }
    Some(Wanted::Texts(texts, has_missing))
}

/// The numbers that a column of `dtype` can have; those beyond what floats have exactly are pandas' to compare.
fn numbers(dtype: &DType, values: &[Param]) -> Option<Wanted> {
    let has_floats = values.iter().any(|value| matches!(value, Param::Float(_)));
    let is_float_column = is_float(dtype);
    let is_exact = |value: i64| (-EXACT_MAX..=EXACT_MAX).contains(&value);
    let (mut integers, mut floats, mut has_nan) = (FxHashSet::default(), FxHashSet::default(), false);
    for value in values {
        let integer = match value {
            Param::Bool(value) => i64::from(*value),
            Param::Int(value) => *value,
            Param::Float(value) if value.is_nan() => {
                has_nan = true;
                continue;
            }
            Param::Float(value) if is_float_column => {
                floats.insert(bits(*value));
                continue;
            }
            Param::Float(value) if value.abs() >= EXACT_MAX as f64 => return None,
            Param::Float(value) if value.fract() != 0.0 => continue,
            #[allow(clippy::cast_possible_truncation, reason = "a whole number below 2**53")]
            Param::Float(value) => *value as i64,
            _ => return None,
        };
        if (is_float_column || has_floats || *dtype == DType::UInt64) && !is_exact(integer) {
            return None;
        }
        if *dtype == DType::UInt64 && integer < 0 {
            return None;
        }
        integers.insert(integer);
        floats.insert(bits(integer as f64));
    }
    Some(if is_float_column { Wanted::Floats(floats, has_nan) } else { Wanted::Integers(integers) })
}

fn bits(value: f64) -> u64 {
    if value == 0.0 { 0 } else { value.to_bits() }
}

fn found(array: &ArrayRef, wanted: &Wanted) -> Result<BooleanBuffer> {
    let n_rows = array.len();
    let found = match wanted {
        Wanted::Integers(wanted) => {
            // A number that `i64` does not have becomes null, and is not among the wanted ones.
            let wide = compute::cast(array, &DataType::Int64).map_err(failed)?;
            let values = wide.as_primitive::<Int64Type>();
            let found = BooleanBuffer::collect_bool(n_rows, |row| wanted.contains(&values.values()[row]));
            return Ok(there(found, &wide));
        }
        Wanted::Floats(wanted, has_nan) => {
            let wide = compute::cast(array, &DataType::Float64).map_err(failed)?;
            let values = wide.as_primitive::<Float64Type>().values();
            BooleanBuffer::collect_bool(n_rows, |row| match values[row] {
                value if value.is_nan() => *has_nan,
                value => wanted.contains(&bits(value)),
            })
        }
        Wanted::Texts(wanted, has_missing) => {
            let texts = array.as_string_view();
            return Ok(BooleanBuffer::collect_bool(n_rows, |row| match texts.is_null(row) {
                true => *has_missing,
                false => wanted.contains(texts.value(row)),
            }));
        }
    };
    Ok(there(found, array))
}

/// Those of `found` that are not missing.
fn there(found: BooleanBuffer, array: &ArrayRef) -> BooleanBuffer {
    match array.nulls() {
        Some(nulls) => &found & nulls.inner(),
        None => found,
    }
}

/// The kernel of `between(left, right, inclusive)`.
pub(super) fn plan_between(method: &Method<'_>) -> Option<Planned> {
    let [left, right, inclusive] = method.bind(["left", "right", "inclusive"])?;
    let (above, below) = match inclusive.text_or("both")? {
        "both" => ("ge", "le"),
        "left" => ("ge", "lt"),
        "right" => ("gt", "le"),
        "neither" => ("gt", "lt"),
        _ => return None,
    };
    let above = compare::plan(above, &method.on, &left.kind()?)?;
    let below = compare::plan(below, &method.on, &right.kind()?)?;
    let (left, right) = (left.given()?, right.given()?);
    if above.dtype != below.dtype {
        return None;
    }
    Some(Planned::new(above.dtype.clone(), move |columns| {
        let own = columns
            .first()
            .ok_or_else(|| ErrorKind::InvalidGraph("a kernel without its column".to_owned()))?;
        let of =
            |planned: &Planned, bound| Ok::<_, raskt_core::Error>(planned.values(&[own.clone(), bound])?.1);
        let above = of(&above, left.of(columns)?.into_owned())?;
        let below = of(&below, right.of(columns)?.into_owned())?;
        Ok(Arc::new(boolean::and_kleene(mask(&above)?, mask(&below)?).map_err(failed)?))
    }))
}
