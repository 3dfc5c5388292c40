//! `astype`: numbers among themselves, and numbers and texts.
//!
//! What pandas casts only after a look at the values (floats to nullable integers, for one) is left to pandas.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, StringViewArray, StringViewBuilder,
};
use arrow::compute;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float64Type, Int64Type};
use raskt_core::{DType, ErrorKind, Param, Result};

use super::arguments::{Method, rows};
use super::column::Planned;
use super::promote::{Flavour, is_float, is_integer, number, promoted};
use crate::PandasType;
use crate::table::failed;

/// How values become others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// They stay.
    Same,
    /// Whole numbers or truth values become numbers; those that do not fit wrap.
    Wrapped,
    /// Numbers become floats, NaN for missing ones; or wider numbers of the same kind.
    Widened,
    /// Floats become whole numbers, towards zero.
    Truncated,
    /// Whether they are not zero.
    Truth,
    /// Numbers or truth values, written as Python writes them.
    Written,
    /// Texts are read as Python reads them.
    Read,
}

/// The kernel of `astype(dtype)`.
pub(super) fn plan(method: &Method<'_>) -> Option<Planned> {
    let from = method.on.dtype()?.clone();
    let [dtype, errors, copy] = method.bind(["dtype", "errors", "copy"])?;
    let is_plain = errors.is_default(&Param::Str("raise".into()))
        && (copy.is_default(&Param::Null)
            || copy.literal().is_some_and(|copy| matches!(copy, Param::Bool(_))));
    if !is_plain {
        return None;
    }
    let to = asked(dtype.literal()?)?;
    let way = way(&from, &to)?;
    let kept = to.storage()?;
    let target = to.clone();
    Some(Planned::new(to, move |columns| {
        let array = rows(columns)?;
        match way {
            Way::Same => Ok(Arc::clone(array)),
            Way::Wrapped => wrapped(array, &kept),
            Way::Widened => widened(array, &from, &target, &kept),
            Way::Truncated => truncated(array, &kept),
            Way::Truth => Ok(Arc::new(truths(array)?)),
            Way::Written => written(array, &from),
            Way::Read => read(array, &kept),
        }
    }))
}

/// The dtype that users name.
fn asked(dtype: &Param) -> Option<PandasType> {
    match dtype.as_str() {
        Some("int") => Some(PandasType::Plain(DType::Int64)),
        Some("float") => Some(PandasType::Plain(DType::Float64)),
        _ => PandasType::from_param(dtype).ok(),
    }
}

fn way(from: &PandasType, to: &PandasType) -> Option<Way> {
    use PandasType::{NullableText, Plain, Text};
    match (from, to) {
        (from, to) if from == to => return Some(Way::Same),
        (Text, NullableText) | (NullableText, Text) => return Some(Way::Same),
        (Text, Plain(DType::Int64 | DType::Float64)) => return Some(Way::Read),
        // Truth values and floats of 32 bits are written otherwise where they are masked.
        (Plain(of), Text) if *of == DType::Bool || *of == DType::Float64 || is_integer(of) => {
            return Some(Way::Written);
        }
        _ => {}
    }
    let ((a, from), (b, to)) = (number(from)?, number(to)?);
    let is_wider = promoted(&a, &b).as_ref() == Some(&b);
    match (from, to) {
        (Flavour::Plain, Flavour::Plain) => Some(match (&a, &b) {
            (_, DType::Bool) => Way::Truth,
            (a, b) if is_float(b) || is_float(a) == is_float(b) => match is_float(b) {
                true => Way::Widened,
                false => Way::Wrapped,
            },
            // Negative floats have no number without a sign, which pandas checks.
            (_, DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64) => {
                return None;
            }
            _ => Way::Truncated,
        }),
        // pandas checks that every value fits.
        (_, Flavour::Masked) if is_wider && (a == DType::Bool) == (b == DType::Bool) => Some(Way::Widened),
        (Flavour::Masked, Flavour::Plain) if is_float(&b) && a != DType::Bool => Some(Way::Widened),
        _ => None,
    }
}

/// Whole numbers as others, of which they have the lowest bits, as in C.
fn wrapped(array: &ArrayRef, kept: &DataType) -> Result<ArrayRef> {
    if let DataType::Boolean = array.data_type() {
        return compute::cast(array, kept).map_err(failed);
    }
    let source = array.as_ref();
    arrow::array::downcast_integer_array!(
        source => wrapped_numbers(source, kept),
        _ => Err(ErrorKind::WrongType { expected: "whole numbers", found: source.data_type().to_string() }.into())
    )
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "wrapping is what is asked for")]
fn wrapped_numbers<T: ArrowPrimitiveType>(values: &PrimitiveArray<T>, kept: &DataType) -> Result<ArrayRef>
where
    T::Native: bits::Whole,
{
    use arrow::datatypes::{Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
    use bits::Whole;
    Ok(match kept {
        DataType::Int8 => Arc::new(values.unary::<_, Int8Type>(|value| value.bits() as i8)),
        DataType::Int16 => Arc::new(values.unary::<_, Int16Type>(|value| value.bits() as i16)),
        DataType::Int32 => Arc::new(values.unary::<_, Int32Type>(|value| value.bits() as i32)),
        DataType::Int64 => Arc::new(values.unary::<_, Int64Type>(Whole::bits)),
        DataType::UInt8 => Arc::new(values.unary::<_, UInt8Type>(|value| value.bits() as u8)),
        DataType::UInt16 => Arc::new(values.unary::<_, UInt16Type>(|value| value.bits() as u16)),
        DataType::UInt32 => Arc::new(values.unary::<_, UInt32Type>(|value| value.bits() as u32)),
        DataType::UInt64 => Arc::new(values.unary::<_, UInt64Type>(|value| value.bits() as u64)),
        other => {
            return Err(ErrorKind::WrongType { expected: "whole numbers", found: other.to_string() }.into());
        }
    })
}

/// Whole numbers as 64 bits, those with a sign extended.
mod bits {
    pub trait Whole: Copy {
        fn bits(self) -> i64;
    }
    macro_rules! whole {
        ($($kind:ty)*) => {
            $(impl Whole for $kind {
                #[allow(clippy::cast_possible_wrap, clippy::cast_lossless, reason = "the bits are asked for")]
                fn bits(self) -> i64 {
                    self as i64
                }
            })*
        };
    }
    whole!(i8 i16 i32 i64 u8 u16 u32 u64);
}

fn widened(array: &ArrayRef, from: &PandasType, to: &PandasType, kept: &DataType) -> Result<ArrayRef> {
    let cast = compute::cast(array, kept).map_err(failed)?;
    // NaN becomes `NA` in a nullable column.
    if !from.misses_by_nan() || to.misses_by_nan() {
        return Ok(cast);
    }
    let missing = super::is_missing(array, from)?;
    match missing.true_count() {
        0 => Ok(cast),
        _ => compute::nullif(&cast, &missing).map_err(failed),
    }
}

fn truncated(array: &ArrayRef, kept: &DataType) -> Result<ArrayRef> {
    let wide = compute::cast(array, &DataType::Float64).map_err(failed)?;
    let values = wide.as_primitive::<Float64Type>();
    if values.values().iter().any(|value| !value.is_finite()) || values.null_count() > 0 {
        let what = "Cannot convert non-finite values (NA or inf) to integer: fillna first".to_owned();
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let whole = values.unary::<_, Float64Type>(f64::trunc);
    let options = compute::CastOptions { safe: false, ..compute::CastOptions::default() };
    compute::cast_with_options(&whole, kept, &options).map_err(failed)
}

fn truths(array: &ArrayRef) -> Result<BooleanArray> {
    let wide = match array.data_type() {
        DataType::Int64 | DataType::Float64 => Arc::clone(array),
        DataType::Float32 => compute::cast(array, &DataType::Float64).map_err(failed)?,
        _ => wrapped(array, &DataType::Int64)?,
    };
    Ok(match wide.data_type() {
        DataType::Float64 => {
            BooleanArray::from_unary(wide.as_primitive::<Float64Type>(), |value| value != 0.0)
        }
        _ => BooleanArray::from_unary(wide.as_primitive::<Int64Type>(), |value| value != 0),
    })
}

fn written(array: &ArrayRef, from: &PandasType) -> Result<ArrayRef> {
    let texts: StringViewArray = match array.data_type() {
        DataType::Boolean => {
            let word = |value: bool| if value { "True" } else { "False" };
            array.as_boolean().iter().map(|value| value.map(word)).collect()
        }
        DataType::Float64 => {
            let mut texts = StringViewBuilder::with_capacity(array.len());
            for value in array.as_primitive::<Float64Type>().values() {
                match value.is_nan() {
                    true => texts.append_null(),
                    false => texts.append_value(python_float(*value)),
                }
            }
            texts.finish()
        }
        data if data.is_integer() => {
            let texts = compute::cast(array, &DataType::Utf8View).map_err(failed)?;
            texts.as_string_view().clone()
        }
        _ => return Err(ErrorKind::NotImplemented(format!("{from} as text in a native kernel")).into()),
    };
    Ok(Arc::new(texts))
}

/// A float as Python's `repr` writes it: the fewest digits that are that float, with an exponent below 1e-4 and from 1e16 on.
fn python_float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    let magnitude = value.abs();
    if value == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return if value.fract() == 0.0 { format!("{value:.1}") } else { format!("{value}") };
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

fn read(array: &ArrayRef, kept: &DataType) -> Result<ArrayRef> {
    let texts = array.as_string_view();
    match kept {
        DataType::Int64 => {
            if texts.null_count() > 0 {
                let what = "cannot convert float NaN to integer: fillna first".to_owned();
                return Err(ErrorKind::InvalidValue(what).into());
            }
            let value = |text: &str| {
                let wrong = || format!("invalid literal for int() with base 10: '{text}'");
                let digits = number_of(text).ok_or_else(wrong)?;
                digits.parse::<i64>().map_err(|error| match error.kind() {
                    std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                        format!("{text} is too large for int64")
                    }
                    _ => wrong(),
                })
            };
            let values = texts.iter().flatten().map(value).collect::<std::result::Result<Vec<_>, _>>();
            Ok(Arc::new(PrimitiveArray::<Int64Type>::from(values.map_err(ErrorKind::InvalidValue)?)))
        }
        _ => {
            let value = |text: Option<&str>| {
                let Some(text) = text else { return Ok(f64::NAN) };
                let number = number_of(text).and_then(|text| text.parse::<f64>().ok());
                number.ok_or_else(|| format!("could not convert string to float: '{text}'"))
            };
            let values = texts.iter().map(value).collect::<std::result::Result<Vec<_>, _>>();
            Ok(Arc::new(PrimitiveArray::<Float64Type>::from(values.map_err(ErrorKind::InvalidValue)?)))
        }
    }
}

/// The text without white space around it, and without underscores.
fn number_of(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    without_underscores(text.trim_matches(super::text::is_space))
}

/// The number without the underscores that Python allows between digits; `None` where one is anywhere else.
fn without_underscores(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('_') {
        return Some(text.into());
    }
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let is_between = |at: usize| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1));
    let is_right = (0..bytes.len()).all(|at| bytes[at] != b'_' || is_between(at));
    is_right.then(|| text.replace('_', "").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let all = [
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-5, "1e-05"),
            (1e-4, "0.0001"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (100.0, "100.0"),
            (-0.1, "-0.1"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in all {
            assert_eq!(python_float(value), text);
        }
    }

    #[test]
    fn underscores_stand_between_digits() {
        assert_eq!(without_underscores("1_000").as_deref(), Some("1000"));
        for wrong in ["_1", "1_", "1__0", "-_1"] {
            assert_eq!(without_underscores(wrong), None, "{wrong}");
        }
    }
}
