//! Some rows of a table, and the rows of several.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, PrimitiveArray, UInt32Array,
};
use arrow::compute;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int32Type};
use arrow::error::ArrowError;
use raskt_core::{DType, Error, ErrorKind, Fit, Result};

use super::{Index, Table};
use crate::kernels::promoted;
use crate::keys::Groups;
use crate::{Field, PandasType, Schema};

/// An error of Arrow's as one of ours.
pub(crate) fn failed(error: ArrowError) -> Error {
    match error {
        ArrowError::DivideByZero => ErrorKind::InvalidValue("division by zero".to_owned()).into(),
        ArrowError::MemoryError(what) => ErrorKind::InvalidValue(format!("no memory: {what}")).into(),
        other => ErrorKind::InvalidValue(other.to_string()).into(),
    }
}

/// The floats of `array`, with NaN where it has nulls; other arrays as they are.
pub(crate) fn nulls_to_nan(array: &ArrayRef) -> Result<ArrayRef> {
    fn filled<T: ArrowPrimitiveType>(array: &ArrayRef, nan: T::Native) -> ArrayRef {
        let floats = array.as_primitive::<T>();
        let values = floats.iter().map(|value| value.unwrap_or(nan));
        Arc::new(PrimitiveArray::<T>::from_iter_values(values))
    }
    Ok(match array.data_type() {
        _ if array.null_count() == 0 => Arc::clone(array),
        DataType::Float64 => filled::<Float64Type>(array, f64::NAN),
        DataType::Float32 => filled::<Float32Type>(array, f32::NAN),
        _ => Arc::clone(array),
    })
}

/// No element; a dictionary keeps its values, which are the categories of a column, where Arrow's kernels would drop them.
fn emptied(array: &dyn Array) -> ArrayRef {
    match array.as_dictionary_opt::<Int32Type>() {
        None => arrow::array::new_empty_array(array.data_type()),
        Some(dictionary) => {
            let no_codes = Int32Array::from_iter_values([]);
            Arc::new(DictionaryArray::new(no_codes, Arc::clone(dictionary.values())))
        }
    }
}

/// The elements at those places.
pub(crate) fn taken(array: &dyn Array, places: &UInt32Array) -> std::result::Result<ArrayRef, ArrowError> {
    match places.is_empty() {
        true => Ok(emptied(array)),
        false => compute::take(array, places, None),
    }
}

impl Index {
    /// The labels of `length` rows from `start` on, which are there.
    pub(crate) fn slice(&self, start: usize, length: usize) -> Self {
        match self {
            Self::Levels(levels) => {
                Self::Levels(levels.iter().map(|array| array.slice(start, length)).collect())
            }
            Self::Range { start: first, step } => {
                Self::Range { start: first.wrapping_add(step.wrapping_mul(start.fit::<i64>())), step: *step }
            }
        }
    }
}

impl Table {
    /// The rows from `start` on, `length` of them; less where there are not so many.
    #[must_use]
    pub fn slice(&self, start: usize, length: usize) -> Self {
        let start = start.min(self.n_rows);
        let length = length.min(self.n_rows - start);
        let cut = |arrays: &[ArrayRef]| arrays.iter().map(|array| array.slice(start, length)).collect();
        let index = self.index.slice(start, length);
        Self { schema: Arc::clone(&self.schema), columns: cut(&self.columns), index, n_rows: length }
    }

    /// The rows at which `mask` is true; none where it is null.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a mask of another length.
    pub fn filter(&self, mask: &BooleanArray) -> Result<Self> {
        if mask.len() != self.n_rows {
            let what = format!("a mask of {} for {} rows", mask.len(), self.n_rows);
            return Err(ErrorKind::InvalidValue(what).into());
        }
        let mask = match mask.null_count() {
            0 => mask.clone(),
            _ => compute::prep_null_mask_filter(mask),
        };
        let n_rows = mask.true_count();
        if n_rows == self.n_rows {
            return Ok(self.clone());
        }
        if n_rows == 0 {
            return self.map(0, |array| Ok(emptied(array)));
        }
        let filter = compute::FilterBuilder::new(&mask).optimize().build();
        self.map(n_rows, |array| filter.filter(array))
    }

    /// The rows at those places, in that order.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for places that there are not.
    pub fn take(&self, rows: &UInt32Array) -> Result<Self> {
        self.map(rows.len(), |array| taken(array, rows))
    }

    /// The same values as those of wider dtypes.
    fn promoted(&self, schema: &Arc<Schema>) -> Result<Self> {
        let cast =
            |(array, field): (&ArrayRef, &Field)| compute::cast(array, &field.storage()?).map_err(failed);
        let all = |arrays: &[ArrayRef], fields: &[Field]| {
            arrays.iter().zip(fields).map(cast).collect::<Result<Arc<[ArrayRef]>>>()
        };
        let index = match &self.index {
            range @ Index::Range { .. } if schema.index == self.schema.index => range.clone(),
            _ => Index::Levels(all(&self.levels(), &schema.index)?),
        };
        let columns = all(&self.columns, &schema.columns)?;
        Ok(Self { schema: Arc::clone(schema), columns, index, n_rows: self.n_rows })
    }

    fn map(
        &self,
        n_rows: usize,
        change: impl Fn(&dyn Array) -> std::result::Result<ArrayRef, ArrowError>,
    ) -> Result<Self> {
        let all = |arrays: &[ArrayRef]| {
            arrays.iter().map(|array| change(array.as_ref())).collect::<std::result::Result<Arc<_>, _>>()
        };
        let columns = all(&self.columns).map_err(failed)?;
        let index = Index::Levels(all(&self.levels()).map_err(failed)?);
        Ok(Self { schema: Arc::clone(&self.schema), columns, index, n_rows })
    }
}

/// The rows of all `tables`, one after the other. Ranges that follow one another become one. Numbers of several dtypes become
/// those to which NumPy promotes them: whole numbers are floats in the partitions where some are missing.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for tables of schemas that differ in anything else, and for none.
pub fn concat(tables: &[Table]) -> Result<Table> {
    let invalid = |what: String| Error::new(ErrorKind::InvalidValue(what));
    let (first, rest) = tables.split_first().ok_or_else(|| invalid("no tables to concatenate".to_owned()))?;
    if rest.is_empty() {
        return Ok(first.clone());
    }
    if let Some(other) = rest.iter().find(|other| other.schema != first.schema) {
        let common =
            rest.iter().try_fold(Schema::clone(&first.schema), |met, next| common(&met, &next.schema));
        let Some(common) = common else {
            let (one, other) = (&first.schema, &other.schema);
            return Err(invalid(format!("tables of two schemas to concatenate: {one:?} and {other:?}")));
        };
        let common = Arc::new(common);
        let alike = tables.iter().map(|table| table.promoted(&common)).collect::<Result<Vec<_>>>()?;
        return concat(&alike);
    }
    let joined = |arrays: &dyn Fn(&Table) -> Arc<[ArrayRef]>| {
        let all: Vec<_> = tables.iter().map(arrays).collect();
        let n_columns = all.first().map_or(0, |arrays| arrays.len());
        let column = |at: usize| {
            let parts: Vec<&ArrayRef> = all.iter().map(|arrays| &arrays[at]).collect();
            joined_column(&parts)
        };
        (0..n_columns).map(column).collect::<Result<Arc<[ArrayRef]>>>()
    };
    let columns = joined(&|table| Arc::clone(&table.columns))?;
    let index = match joined_range(tables) {
        Some(range) => range,
        None => Index::Levels(joined(&Table::levels)?),
    };
    let n_rows = tables.iter().map(|table| table.n_rows).sum();
    Ok(Table { schema: Arc::clone(&first.schema), columns, index, n_rows })
}

/// The elements of all `parts`. Those of dictionaries have one dictionary: the values of the first, then what further ones add.
fn joined_column(parts: &[&ArrayRef]) -> Result<ArrayRef> {
    let all = |parts: &[&ArrayRef]| {
        let parts: Vec<&dyn Array> = parts.iter().map(|part| part.as_ref()).collect();
        compute::concat(&parts).map_err(failed)
    };
    let Some(dictionaries) = parts
        .iter()
        .map(|part| part.as_dictionary_opt::<Int32Type>())
        .collect::<Option<Vec<&DictionaryArray<Int32Type>>>>()
    else {
        return all(parts);
    };
    let values: Vec<&ArrayRef> = dictionaries.iter().map(|dictionary| dictionary.values()).collect();
    let is_one = values.windows(2).all(|pair| Arc::ptr_eq(pair[0], pair[1]) || pair[0] == pair[1]);
    let keys = |dictionary: &&DictionaryArray<Int32Type>| Arc::new(dictionary.keys().clone()) as ArrayRef;
    let mut codes: Vec<ArrayRef> = dictionaries.iter().map(keys).collect();
    let mut dictionary = Arc::clone(values[0]);
    if !is_one {
        let every = all(&values)?;
        let dtype = PandasType::Arrow(every.data_type().clone());
        let groups = Groups::of(&[(Arc::clone(&every), dtype)], every.len())?;
        let numbers = Int32Array::from_iter_values(groups.ids.iter().map(|id| (*id).fit::<i32>()));
        dictionary = compute::take(&every, &UInt32Array::from(groups.firsts), None).map_err(failed)?;
        let mut begin = 0;
        for (codes, values) in codes.iter_mut().zip(&values) {
            let numbers = numbers.slice(begin, values.len());
            *codes = compute::take(&numbers, codes, None).map_err(failed)?;
            begin += values.len();
        }
    }
    let codes = all(&codes.iter().collect::<Vec<_>>())?;
    let codes = codes.as_primitive::<Int32Type>().clone();
    Ok(Arc::new(DictionaryArray::try_new(codes, dictionary).map_err(failed)?))
}

/// The schema to which the numbers of both are promoted; `None` where more than those differs.
fn common(one: &Schema, other: &Schema) -> Option<Schema> {
    let fields = |one: &[Field], other: &[Field]| {
        let pair = |(one, other): (&Field, &Field)| match (&one.dtype, &other.dtype) {
            _ if one == other => Some(one.clone()),
            (PandasType::Plain(a), PandasType::Plain(b))
                if one.label == other.label && *a != DType::Bool && *b != DType::Bool =>
            {
                Some(Field::new(one.label.clone(), PandasType::Plain(promoted(a, b)?)))
            }
            // Lists of different values of a group-by.
            (PandasType::Arrow(DataType::LargeList(a)), PandasType::Arrow(DataType::LargeList(b)))
                if a.data_type().is_numeric() && b.data_type().is_numeric() =>
            {
                let item = arrow::datatypes::Field::new_list_field(DataType::Float64, true);
                let floats = PandasType::Arrow(DataType::LargeList(Arc::new(item)));
                Some(Field::new(one.label.clone(), floats))
            }
            (PandasType::Masked(a), PandasType::Masked(b))
                if one.label == other.label && *a != DType::Bool && *b != DType::Bool =>
            {
                Some(Field::new(one.label.clone(), PandasType::Masked(promoted(a, b)?)))
            }
            _ => None,
        };
        let is_alike = one.len() == other.len();
        is_alike.then(|| one.iter().zip(other).map(pair).collect::<Option<Arc<[Field]>>>())?
    };
    let is_alike = one.kind == other.kind && one.columns_names == other.columns_names;
    is_alike.then_some(())?;
    let (columns, index) = (fields(&one.columns, &other.columns)?, fields(&one.index, &other.index)?);
    Some(Schema { columns, index, ..one.clone() })
}

/// The range that the ranges of `tables` are together, if they follow one another.
fn joined_range(tables: &[Table]) -> Option<Index> {
    let mut all: Option<(i64, i64, i64)> = None;
    for table in tables.iter().filter(|table| table.n_rows > 0) {
        let Index::Range { start, step } = table.index else { return None };
        let next = start.wrapping_add(step.wrapping_mul(table.n_rows.fit::<i64>()));
        all = Some(match all {
            None => (start, step, next),
            Some((first, same, expected)) if same == step && expected == start => (first, same, next),
            Some(_) => return None,
        });
    }
    match all {
        Some((start, step, _)) => Some(Index::Range { start, step }),
        None => tables
            .iter()
            .all(|table| matches!(table.index, Index::Range { .. }))
            .then(|| tables[0].index.clone()),
    }
}
