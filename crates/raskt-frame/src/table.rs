//! A partition in memory: Arrow columns, and an index.

mod codec;
mod memory;
mod rows;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array};
use raskt_core::{ErrorKind, Fit, Opaque, OwnerId, Payload, Result, Value};

pub use codec::TableRuntime;
pub use memory::{Parts, borrowed, column, element_dtype, lent, parts};
pub use rows::concat;
pub(crate) use rows::{failed, nulls_to_nan, taken};

use crate::{Field, Schema};

/// The runtime of tables among foreign values: [`TableRuntime`] decodes them.
pub const RUNTIME: &str = "table";

/// The rows of the index.
#[derive(Clone, Debug)]
pub enum Index {
    /// The integers from `start` on, `step` apart, of which nothing is in memory: pandas' `RangeIndex`.
    Range {
        /// The first.
        start: i64,
        /// From each to the next; never 0.
        step: i64,
    },
    /// A column for each level.
    Levels(Arc<[ArrayRef]>),
}

/// A partition of a frame, series or index, or a scalar: columns of Arrow of one length, and an index.
///
/// Columns are stored as [`PandasType::storage`](crate::PandasType::storage) says. Where pandas has no missing value of a dtype,
/// there is no null, and among the floats of NumPy NaN is the missing value: kernels may make nulls there, [`Table::new`]
/// takes them back.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, Int64Array};
/// use raskt_core::DType;
/// use raskt_frame::{Field, Kind, PandasType, Schema, Table};
/// let schema = Schema::new(Kind::Frame, [Field::new("x", PandasType::Plain(DType::Int64))]);
/// let column: ArrayRef = Arc::new(Int64Array::from(vec![3, 1, 2]));
/// let table = Table::over_range(schema, vec![column], 3)?;
/// assert_eq!((table.n_rows(), table.slice(1, 2).n_rows()), (3, 2));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Table {
    schema: Arc<Schema>,
    columns: Arc<[ArrayRef]>,
    index: Index,
    n_rows: usize,
}

impl Table {
    /// A table of `n_rows` rows.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where columns or levels are too few, too many, of another length or of another type than
    /// the schema says; where a value is missing in a column whose dtype has no missing value.
    pub fn new(
        schema: impl Into<Arc<Schema>>,
        columns: Vec<ArrayRef>,
        index: Index,
        n_rows: usize,
    ) -> Result<Self> {
        let schema = schema.into();
        let columns = checked(&schema.columns, columns, n_rows)?;
        let index = match index {
            Index::Levels(levels) => Index::Levels(checked(&schema.index, levels.to_vec(), n_rows)?.into()),
            Index::Range { step: 0, .. } => return Err(invalid("the step of an index is 0".to_owned())),
            range @ Index::Range { .. } if schema.index.len() == 1 => range,
            Index::Range { .. } => return Err(invalid("a range is one level of an index".to_owned())),
        };
        Ok(Self { schema, columns: columns.into(), index, n_rows })
    }

    /// A table whose rows are numbered from 0.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn over_range(schema: impl Into<Arc<Schema>>, columns: Vec<ArrayRef>, n_rows: usize) -> Result<Self> {
        Self::new(schema, columns, Index::Range { start: 0, step: 1 }, n_rows)
    }

    /// A table of no rows.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] for a schema with columns that Arrow does not have.
    pub fn empty(schema: impl Into<Arc<Schema>>) -> Result<Self> {
        let schema = schema.into();
        let empty = |fields: &[Field]| {
            let of = |field: &Field| field.storage().map(|storage| arrow::array::new_empty_array(&storage));
            fields.iter().map(of).collect::<Result<Vec<_>>>()
        };
        let (columns, levels) = (empty(&schema.columns)?, empty(&schema.index)?);
        Self::new(schema, columns, Index::Levels(levels.into()), 0)
    }

    /// The table that a value is.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for any other value.
    pub fn of(value: &Value) -> Result<&Self> {
        let wrong = || ErrorKind::WrongType { expected: "a table", found: value.kind().to_owned() }.into();
        match value {
            Value::Opaque(object) => object.as_any().downcast_ref().ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }

    /// Kind, columns and index.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The columns, in the order of the schema.
    #[must_use]
    pub fn columns(&self) -> &[ArrayRef] {
        &self.columns
    }

    /// The rows of the index.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The levels of the index as columns; a range is written out.
    #[must_use]
    pub fn levels(&self) -> Arc<[ArrayRef]> {
        match &self.index {
            Index::Levels(levels) => Arc::clone(levels),
            Index::Range { start, step } => {
                let number = |row: usize| start.wrapping_add(step.wrapping_mul(row.fit::<i64>()));
                let numbers: Int64Array = (0..self.n_rows).map(number).collect();
                [Arc::new(numbers) as ArrayRef].into()
            }
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The same rows under a schema of the same storage: other names, another kind, other dtypes stored alike.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn with_schema(&self, schema: impl Into<Arc<Schema>>) -> Result<Self> {
        Self::new(schema, self.columns.to_vec(), self.index.clone(), self.n_rows)
    }

    /// Other columns over the same index.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn with_columns(&self, schema: impl Into<Arc<Schema>>, columns: Vec<ArrayRef>) -> Result<Self> {
        Self::new(schema, columns, self.index.clone(), self.n_rows)
    }

    fn arrays(&self) -> impl Iterator<Item = &ArrayRef> {
        let levels = match &self.index {
            Index::Levels(levels) => &levels[..],
            Index::Range { .. } => &[],
        };
        self.columns.iter().chain(levels)
    }
}

impl Field {
    /// The Arrow type of the column.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] where Arrow has none: pandas works on such a column.
    pub fn storage(&self) -> Result<arrow::datatypes::DataType> {
        let missing = || {
            let what =
                format!("column {} of {} in a native kernel: pandas works on it", self.label, self.dtype);
            ErrorKind::NotImplemented(what).into()
        };
        self.dtype.storage().ok_or_else(missing)
    }
}

/// The arrays as the fields say that they are: nulls among NumPy's floats become NaN.
fn checked(fields: &[Field], arrays: Vec<ArrayRef>, n_rows: usize) -> Result<Vec<ArrayRef>> {
    if fields.len() != arrays.len() {
        return Err(invalid(format!("{} arrays for {} columns", arrays.len(), fields.len())));
    }
    let checked = |(field, array): (&Field, ArrayRef)| {
        let (label, storage) = (&field.label, field.storage()?);
        if array.len() != n_rows {
            return Err(invalid(format!("column {label} has {} rows of {n_rows}", array.len())));
        }
        if *array.data_type() != storage {
            let found = array.data_type();
            return Err(invalid(format!("column {label} is stored as {found}, not as {storage}")));
        }
        match array.null_count() {
            0 => Ok(array),
            _ if field.dtype.misses_by_nan() => rows::nulls_to_nan(&array),
            _ if field.dtype.can_miss() => Ok(array),
            n => Err(invalid(format!("column {label} of {} lacks {n} values", field.dtype))),
        }
    };
    fields.iter().zip(arrays).map(checked).collect()
}

fn invalid(what: String) -> raskt_core::Error {
    ErrorKind::InvalidValue(what).into()
}

impl From<Table> for Value {
    fn from(table: Table) -> Self {
        Self::Opaque(Arc::new(table))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} of {} columns, {} rows>", self.schema.kind.name(), self.columns.len(), self.n_rows)
    }
}

impl Opaque for Table {
    fn runtime(&self) -> &str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        (size_of::<Self>() + self.arrays().count() * size_of::<ArrayRef>()) as u64
    }

    fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64)) {
        self.arrays().for_each(|array| codec::visit_buffers(&array.to_data(), visit));
    }

    fn encode(&self) -> Result<Payload> {
        codec::encode(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests;
