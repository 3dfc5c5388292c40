//! Rows in memory.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Float64Type, Int64Type, Schema as ArrowSchema};
use raskt_core::{ErrorKind, Result};
use raskt_frame::{Field, Index, Kind, Table};

use super::expression::text_of;

/// Computed rows: named levels of the index, and columns behind them, as Arrow arrays.
///
/// Missing values are Arrow's nulls, floats' are NaN.
#[derive(Clone, Debug)]
pub struct Batch {
    record: RecordBatch,
}

impl Batch {
    pub(super) fn of(table: &Table) -> Result<Self> {
        let schema = table.schema();
        let named = |field: &Field| field.label.as_str().is_some();
        let mut columns: Vec<(String, ArrayRef)> = Vec::new();
        if schema.kind == Kind::Frame && matches!(table.index(), Index::Levels(_)) {
            let levels = table.levels();
            let pairs = schema.index.iter().zip(levels.iter()).filter(|(field, _)| named(field));
            columns.extend(pairs.map(|(field, level)| (text_of(&field.label), Arc::clone(level))));
        }
        let pairs = schema.columns.iter().zip(table.columns());
        columns.extend(pairs.map(|(field, column)| (text_of(&field.label), Arc::clone(column))));
        let field =
            |(name, column): &(String, ArrayRef)| ArrowField::new(name, column.data_type().clone(), true);
        let fields: Vec<ArrowField> = columns.iter().map(field).collect();
        let arrays: Vec<ArrayRef> = columns.into_iter().map(|(_, column)| column).collect();
        let schema = Arc::new(ArrowSchema::new(fields));
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(table.n_rows()));
        let record = RecordBatch::try_new_with_options(schema, arrays, &options)
            .map_err(|error| ErrorKind::InvalidValue(error.to_string()))?;
        Ok(Self { record })
    }

    /// The rows as Arrow has them.
    #[must_use]
    pub fn record(&self) -> &RecordBatch {
        &self.record
    }

    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.record.num_rows()
    }

    /// The column `name`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where there is none of that name.
    pub fn column(&self, name: &str) -> Result<&ArrayRef> {
        let missing = || {
            let names: Vec<String> =
                self.record.schema().fields().iter().map(|field| field.name().clone()).collect();
            ErrorKind::InvalidValue(format!("no column {name:?} among {names:?}")).into()
        };
        self.record.column_by_name(name).ok_or_else(missing)
    }

    /// The numbers of a column as floats, NaN where they are missing.
    ///
    /// # Errors
    /// As [`Batch::column`]; [`ErrorKind::WrongType`] for a column of anything else.
    pub fn floats(&self, name: &str) -> Result<Vec<f64>> {
        floats(self.column(name)?)
    }

    /// The whole numbers of a column.
    ///
    /// # Errors
    /// As [`Batch::column`]; [`ErrorKind::WrongType`] for a column of anything else, or with missing values.
    pub fn integers(&self, name: &str) -> Result<Vec<i64>> {
        integers(self.column(name)?)
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// As [`Batch::column`]; [`ErrorKind::WrongType`] for a column of anything else, or with missing values.
    pub fn strings(&self, name: &str) -> Result<Vec<String>> {
        let column = self.column(name)?;
        let text = converted(column, &DataType::Utf8View, "text")?;
        let missing = || wrong("text without missing values", column).into();
        text.as_string_view().iter().map(|text| text.map(str::to_owned).ok_or_else(missing)).collect()
    }

    /// The only number of one row.
    pub(super) fn number(&self) -> Result<f64> {
        let column = self.record.columns().first();
        column.map_or(Ok(f64::NAN), |column| Ok(floats(column)?.first().copied().unwrap_or(f64::NAN)))
    }

    /// The only whole number of one row.
    pub(super) fn integer(&self) -> Result<i64> {
        let column = self.record.columns().first();
        column.map_or(Ok(0), |column| Ok(integers(column)?.first().copied().unwrap_or(0)))
    }
}

fn wrong(expected: &'static str, column: &ArrayRef) -> ErrorKind {
    ErrorKind::WrongType { expected, found: format!("a column of {}", column.data_type()) }
}

/// `column` as another type, if its values are of that kind.
fn converted(column: &ArrayRef, to: &DataType, expected: &'static str) -> Result<ArrayRef> {
    let of = match column.data_type() {
        DataType::Dictionary(_, of) => of,
        of => of,
    };
    let is_kind = match to {
        DataType::Float64 => of.is_numeric(),
        DataType::Int64 => of.is_integer(),
        _ => matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    };
    match is_kind {
        true => cast(column, to).map_err(|_| wrong(expected, column).into()),
        false => Err(wrong(expected, column).into()),
    }
}

fn floats(column: &ArrayRef) -> Result<Vec<f64>> {
    let numbers = converted(column, &DataType::Float64, "numbers")?;
    Ok(numbers.as_primitive::<Float64Type>().iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}

/// The whole numbers of `column`.
pub(super) fn integers(column: &ArrayRef) -> Result<Vec<i64>> {
    let numbers = converted(column, &DataType::Int64, "whole numbers")?;
    if numbers.null_count() > 0 {
        return Err(wrong("whole numbers without missing values", column).into());
    }
    Ok(numbers.as_primitive::<Int64Type>().values().to_vec())
}
