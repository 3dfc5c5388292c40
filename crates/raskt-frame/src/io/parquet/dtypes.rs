//! The dtype that pandas gives a column of a file, by what Parquet, Arrow and pandas' metadata say of it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, TimeUnit as ArrowUnit};
use raskt_core::{DType, Result, TimeUnit};

use crate::PandasType;

/// The dtype of a column with the Arrow type of `field`, which pandas called `numpy_type` when it wrote it.
/// `has_nulls` is asked where the dtype depends on it: integers that lack values are floats to pandas.
pub(super) fn pandas_type(
    field: &ArrowField,
    numpy_type: Option<&str>,
    has_nulls: impl FnOnce() -> Result<bool>,
) -> Result<PandasType> {
    if let Some(extension) = numpy_type.and_then(|name| extension_type(field, name)) {
        return Ok(extension);
    }
    Ok(match of_arrow(field.data_type(), is_ordered(field)) {
        PandasType::Plain(dtype) if is_without_missing(&dtype) && field.is_nullable() && has_nulls()? => {
            match dtype {
                DType::Bool => PandasType::Object,
                _ => PandasType::Plain(DType::Float64),
            }
        }
        dtype => dtype,
    })
}

/// The extension dtype of pandas that the metadata names, where the column is stored as one of it would be.
fn extension_type(field: &ArrowField, name: &str) -> Option<PandasType> {
    if let Some(inner) = name.strip_suffix("[pyarrow]") {
        return match (inner, field.data_type()) {
            ("string", _) => Some(PandasType::NullableText),
            (_, storage) => Some(PandasType::Arrow(storage.clone())),
        };
    }
    let dtype = PandasType::parse(name)?;
    let is_number = |storage: &DataType| storage.is_numeric() && !storage.is_decimal();
    let fits = match (&dtype, field.data_type()) {
        (PandasType::Masked(DType::Bool), storage) => *storage == DataType::Boolean,
        (PandasType::Masked(_), storage) => is_number(storage),
        (PandasType::NullableText, storage) => is_text(storage),
        _ => false,
    };
    fits.then_some(dtype)
}

fn of_arrow(storage: &DataType, is_ordered: bool) -> PandasType {
    match storage {
        DataType::Boolean => PandasType::Plain(DType::Bool),
        DataType::Int8 => PandasType::Plain(DType::Int8),
        DataType::Int16 => PandasType::Plain(DType::Int16),
        DataType::Int32 => PandasType::Plain(DType::Int32),
        DataType::Int64 => PandasType::Plain(DType::Int64),
        DataType::UInt8 => PandasType::Plain(DType::UInt8),
        DataType::UInt16 => PandasType::Plain(DType::UInt16),
        DataType::UInt32 => PandasType::Plain(DType::UInt32),
        DataType::UInt64 => PandasType::Plain(DType::UInt64),
        DataType::Float16 => PandasType::Plain(DType::Foreign("float16".into())),
        DataType::Float32 => PandasType::Plain(DType::Float32),
        DataType::Float64 => PandasType::Plain(DType::Float64),
        storage if is_text(storage) => PandasType::Text,
        DataType::Timestamp(unit, None) => PandasType::Plain(DType::Datetime(time_unit(*unit))),
        DataType::Timestamp(unit, Some(zone)) => PandasType::Zoned(time_unit(*unit), Arc::clone(zone)),
        DataType::Duration(unit) => PandasType::Plain(DType::Timedelta(time_unit(*unit))),
        DataType::Dictionary(_, values) => {
            let of = of_arrow(values, false);
            match of.storage() {
                Some(_) => PandasType::Category { of: Arc::new(of), is_ordered },
                None => PandasType::Object,
            }
        }
        _ => PandasType::Object,
    }
}

#[allow(deprecated, reason = "whether categories are ordered is there and nowhere else")]
fn is_ordered(field: &ArrowField) -> bool {
    field.dict_is_ordered().unwrap_or(false)
}

pub(super) fn is_text(storage: &DataType) -> bool {
    matches!(storage, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_without_missing(dtype: &DType) -> bool {
    !PandasType::Plain(dtype.clone()).can_miss()
}

fn time_unit(unit: ArrowUnit) -> TimeUnit {
    match unit {
        ArrowUnit::Second => TimeUnit::Second,
        ArrowUnit::Millisecond => TimeUnit::Millisecond,
        ArrowUnit::Microsecond => TimeUnit::Microsecond,
        ArrowUnit::Nanosecond => TimeUnit::Nanosecond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dtype(storage: DataType, numpy_type: Option<&str>, has_nulls: bool) -> String {
        let field = ArrowField::new("x", storage, true);
        pandas_type(&field, numpy_type, || Ok(has_nulls)).unwrap().to_string()
    }

    #[test]
    fn integers_that_lack_values_are_floats_and_truth_values_objects() {
        assert_eq!(dtype(DataType::Int32, Some("int32"), false), "int32");
        assert_eq!(dtype(DataType::Int32, None, true), "float64");
        assert_eq!(dtype(DataType::Boolean, None, true), "object");
        assert_eq!(dtype(DataType::Int64, Some("Int64"), true), "Int64");
    }

    #[test]
    fn pandas_names_count_where_the_column_is_stored_so() {
        assert_eq!(dtype(DataType::LargeUtf8, Some("str"), true), "str");
        assert_eq!(dtype(DataType::LargeUtf8, Some("object"), true), "str");
        assert_eq!(dtype(DataType::Utf8View, Some("string"), true), "string");
        assert_eq!(dtype(DataType::Float64, Some("boolean"), true), "float64");
        assert_eq!(dtype(DataType::Date32, None, false), "object");
        assert_eq!(dtype(DataType::Timestamp(ArrowUnit::Microsecond, None), None, true), "datetime64[us]");
    }
}
