//! Fields made into columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, PrimitiveArray, PrimitiveBuilder, StringViewBuilder, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow::datatypes::{Float32Type, Float64Type, Int64Type, UInt64Type};
use raskt_core::{DType, ErrorKind, Result, TimeUnit};

use super::CsvFormat;
use crate::kernels::time;
use crate::{Field, PandasType};

/// A field is not of its column's dtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit;

/// A column that grows field by field.
pub(super) enum Column {
    /// Integers; a missing one is a misfit unless the dtype is masked.
    Int(PrimitiveBuilder<Int64Type>, PandasType),
    Unsigned(PrimitiveBuilder<UInt64Type>, PandasType),
    /// Floats, of which NaN is missing; nulls if the dtype is masked.
    Float(Vec<f64>),
    MaskedFloat(PrimitiveBuilder<Float64Type>),
    Single(PrimitiveBuilder<Float32Type>),
    Bool(BooleanBuilder, bool),
    Text(Box<StringViewBuilder>),
    /// Units since 1970.
    Time(PrimitiveBuilder<Int64Type>, TimeUnit),
}

impl Column {
    /// An empty column for some `n_rows` rows.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] for dtypes that only pandas reads.
    pub fn new(field: &Field, n_rows: usize) -> Result<Self> {
        let dtype = &field.dtype;
        let is_masked = matches!(dtype, PandasType::Masked(_));
        Ok(match dtype {
            PandasType::Plain(plain) | PandasType::Masked(plain) => match plain {
                DType::Int8
                | DType::Int16
                | DType::Int32
                | DType::Int64
                | DType::UInt8
                | DType::UInt16
                | DType::UInt32 => Self::Int(PrimitiveBuilder::with_capacity(n_rows), dtype.clone()),
                DType::UInt64 => Self::Unsigned(PrimitiveBuilder::with_capacity(n_rows), dtype.clone()),
                DType::Float64 if is_masked => Self::MaskedFloat(PrimitiveBuilder::with_capacity(n_rows)),
                DType::Float64 => Self::Float(Vec::with_capacity(n_rows)),
                DType::Float32 => Self::Single(PrimitiveBuilder::with_capacity(n_rows)),
                DType::Bool => Self::Bool(BooleanBuilder::with_capacity(n_rows), is_masked),
                DType::Datetime(unit) => Self::Time(PrimitiveBuilder::with_capacity(n_rows), *unit),
                _ => return Err(unreadable(field)),
            },
            PandasType::Text | PandasType::NullableText => {
                Self::Text(Box::new(StringViewBuilder::with_capacity(n_rows)))
            }
            _ => return Err(unreadable(field)),
        })
    }

    /// Adds a field; the empty one, and those that the format says, are missing.
    #[inline]
    pub fn push(&mut self, text: &[u8], format: &CsvFormat) -> Result<(), Misfit> {
        match self {
            Self::Int(values, dtype) => match integer(text) {
                Some(value) => values.append_value(value),
                None if format.is_missing(text) && dtype.can_miss() => values.append_null(),
                None => return Err(Misfit),
            },
            Self::Unsigned(values, dtype) => match lexical_core::parse::<u64>(trimmed(text)) {
                Ok(value) => values.append_value(value),
                Err(_) if format.is_missing(text) && dtype.can_miss() => values.append_null(),
                Err(_) => return Err(Misfit),
            },
            Self::Float(values) => values.push(match float(text) {
                Some(value) => value,
                None if format.is_missing(text) => f64::NAN,
                None => return Err(Misfit),
            }),
            Self::MaskedFloat(values) => match float(text) {
                Some(value) => values.append_value(value),
                None if format.is_missing(text) => values.append_null(),
                None => return Err(Misfit),
            },
            Self::Single(values) => match lexical_core::parse::<f32>(trimmed(text)) {
                Ok(value) => values.append_value(value),
                Err(_) if format.is_missing(text) => values.append_null(),
                Err(_) => return Err(Misfit),
            },
            Self::Bool(values, is_masked) => match truth(text) {
                Some(value) => values.append_value(value),
                None if *is_masked && format.is_missing(text) => values.append_null(),
                None => return Err(Misfit),
            },
            Self::Text(values) => match format.is_missing(text) {
                true => values.append_null(),
                false => values.append_value(std::str::from_utf8(text).map_err(|_| Misfit)?),
            },
            Self::Time(values, unit) => match time(text, *unit) {
                Some(value) => values.append_value(value),
                None if format.is_missing(text) => values.append_null(),
                None => return Err(Misfit),
            },
        }
        Ok(())
    }

    /// The column, as its dtype is stored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for integers that the dtype does not hold.
    pub fn finish(self, field: &Field) -> Result<ArrayRef> {
        let whole: ArrayRef = match self {
            Self::Int(mut values, _) => Arc::new(values.finish()),
            Self::Unsigned(mut values, _) => Arc::new(values.finish()),
            Self::Float(values) => Arc::new(PrimitiveArray::<Float64Type>::from(values)),
            Self::MaskedFloat(mut values) => Arc::new(values.finish()),
            Self::Single(mut values) => Arc::new(values.finish()),
            Self::Bool(mut values, _) => Arc::new(values.finish()),
            Self::Text(mut values) => Arc::new(values.finish()),
            Self::Time(mut values, unit) => {
                let (_, values, nulls) = values.finish().into_parts();
                match unit {
                    TimeUnit::Second => Arc::new(TimestampSecondArray::new(values, nulls)),
                    TimeUnit::Millisecond => Arc::new(TimestampMillisecondArray::new(values, nulls)),
                    TimeUnit::Nanosecond => Arc::new(TimestampNanosecondArray::new(values, nulls)),
                    _ => Arc::new(TimestampMicrosecondArray::new(values, nulls)),
                }
            }
        };
        let storage = field.storage()?;
        if *whole.data_type() == storage {
            return Ok(whole);
        }
        let options = arrow::compute::CastOptions { safe: false, ..Default::default() };
        arrow::compute::cast_with_options(&whole, &storage, &options).map_err(|error| {
            let what = format!("column {} does not fit {}: {error}", field.label, field.dtype);
            ErrorKind::InvalidValue(what).into()
        })
    }
}

fn unreadable(field: &Field) -> raskt_core::Error {
    let what = format!("column {} of {} in the native CSV reader: pandas reads it", field.label, field.dtype);
    ErrorKind::NotImplemented(what).into()
}

/// The text without blanks around it, which pandas leaves out around numbers.
fn trimmed(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// An integer; few digits are read here, since most have few.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (digits, is_negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return lexical_core::parse::<i64>(trimmed(text)).ok();
    }
    let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some(if is_negative { -value } else { value })
}

/// A float, rounded to the nearest; `inf` and the like as pandas reads them.
#[inline]
pub(super) fn float(text: &[u8]) -> Option<f64> {
    if let Ok(value) = lexical_core::parse::<f64>(text) {
        // It reads "nan" too, which the format may not take for missing.
        return if value.is_nan() { None } else { Some(value) };
    }
    let text = trimmed(text);
    let (unsigned, sign) = match text {
        [b'-', rest @ ..] => (rest, -1.0),
        [b'+', rest @ ..] => (rest, 1.0),
        rest => (rest, 1.0),
    };
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        return Some(sign * f64::INFINITY);
    }
    lexical_core::parse::<f64>(text).ok().filter(|value| !value.is_nan())
}

/// A truth value, as pandas spells them.
#[inline]
pub(super) fn truth(text: &[u8]) -> Option<bool> {
    match text {
        b"True" | b"TRUE" | b"true" => Some(true),
        b"False" | b"FALSE" | b"false" => Some(false),
        _ => None,
    }
}
