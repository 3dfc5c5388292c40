//! Numbers with fewer digits.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use raskt_core::DType;

use super::arguments::{Method, rows};
use super::column::Planned;
use super::promote::{is_float, number};

/// Up to which power of ten floats have it exactly.
const DIGITS_MAX: i32 = 22;

/// The kernel of `round(decimals)`: NumPy's way, which scales, takes the nearest even integer, and scales back.
pub(super) fn plan(method: &Method<'_>) -> Option<Planned> {
    let dtype = method.on.dtype()?.clone();
    let (of, _) = number(&dtype)?;
    let [decimals] = method.bind(["decimals"])?;
    let digits = match decimals.literal() {
        Some(value) => i32::try_from(value.as_int()?).ok()?,
        None => decimals.is_default(&raskt_core::Param::Int(0)).then_some(0)?,
    };
    if !is_float(&of) {
        return (digits >= 0 || of == DType::Bool)
            .then(|| Planned::new(dtype, |columns| rows(columns).cloned()));
    }
    if !(-DIGITS_MAX..=DIGITS_MAX).contains(&digits) {
        return None;
    }
    Some(Planned::new(dtype, move |columns| {
        let array = rows(columns)?;
        Ok(match array.data_type() {
            DataType::Float32 => {
                let scale = 10_f32.powi(digits.abs());
                let values = array.as_primitive::<Float32Type>();
                Arc::new(values.unary::<_, Float32Type>(|value| match digits {
                    0 => value.round_ties_even(),
                    1.. => (value * scale).round_ties_even() / scale,
                    _ => (value / scale).round_ties_even() * scale,
                }))
            }
            _ => {
                let scale = 10_f64.powi(digits.abs());
                let values = array.as_primitive::<Float64Type>();
                Arc::new(values.unary::<_, Float64Type>(|value| match digits {
                    0 => value.round_ties_even(),
                    1.. => (value * scale).round_ties_even() / scale,
                    _ => (value / scale).round_ties_even() * scale,
                }))
            }
        })
    }))
}
