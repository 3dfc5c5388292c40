//! What kernels are planned for, and what they work on.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, Scalar, StringViewArray,
};
use arrow::compute;
use arrow::datatypes::DataType;
use raskt_core::{ErrorKind, Param, Result};

use crate::PandasType;
use crate::table::failed;

/// The type of an operand.
#[derive(Clone, Copy, Debug)]
pub enum Type<'a> {
    /// A column of the partition.
    Column(&'a PandasType),
    /// One value for all rows, of a dtype of its own.
    Scalar(&'a PandasType),
    /// A value of Python's, which takes the dtype of what it meets.
    Literal(&'a Param),
}

impl<'a> Type<'a> {
    /// The dtype, where it has one of its own.
    #[must_use]
    pub fn dtype(self) -> Option<&'a PandasType> {
        match self {
            Self::Column(dtype) | Self::Scalar(dtype) => Some(dtype),
            Self::Literal(_) => None,
        }
    }
}

/// An operand.
#[derive(Clone, Debug)]
pub enum Column {
    /// A value a row.
    Rows(ArrayRef),
    /// An array of one value, which stands for all rows.
    Scalar(ArrayRef),
    /// A value of Python's.
    Literal(Param),
}

/// An operand of the storage that a kernel works in.
pub struct Side {
    /// A value a row, or the only one.
    pub array: ArrayRef,
    /// Whether it is the only one.
    pub is_scalar: bool,
}

impl Column {
    /// The operand, cast to `storage`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a value that `storage` does not have.
    pub fn side(&self, storage: &DataType) -> Result<Side> {
        let (array, is_scalar) = match self {
            Self::Rows(array) => (Arc::clone(array), false),
            Self::Scalar(array) => (Arc::clone(array), true),
            Self::Literal(value) => (literal(value)?, true),
        };
        let array = match array.data_type() == storage {
            true => array,
            false => {
                let options = compute::CastOptions { safe: false, ..compute::CastOptions::default() };
                compute::cast_with_options(&array, storage, &options).map_err(failed)?
            }
        };
        Ok(Side { array, is_scalar })
    }

    /// The values of all rows, as they are stored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a scalar.
    pub fn rows(&self) -> Result<&ArrayRef> {
        match self {
            Self::Rows(array) => Ok(array),
            other => Err(ErrorKind::InvalidValue(format!("{other:?} in the place of a column")).into()),
        }
    }
}

impl Side {
    /// Calls `run` with both operands as Arrow's kernels take them.
    ///
    /// # Errors
    /// What `run` returns.
    pub fn with<T>(
        &self,
        other: &Self,
        run: impl Fn(
            &dyn arrow::array::Datum,
            &dyn arrow::array::Datum,
        ) -> std::result::Result<T, arrow::error::ArrowError>,
    ) -> Result<T> {
        let scalar = |side: &Self| Scalar::new(Arc::clone(&side.array));
        let result = match (self.is_scalar, other.is_scalar) {
            (false, false) => run(&self.array, &other.array),
            (false, true) => run(&self.array, &scalar(other)),
            (true, false) => run(&scalar(self), &other.array),
            (true, true) => run(&self.array, &other.array),
        };
        result.map_err(failed)
    }
}

/// An array of one value.
fn literal(value: &Param) -> Result<ArrayRef> {
    Ok(match value {
        Param::Bool(value) => Arc::new(BooleanArray::from(vec![*value])),
        Param::Int(value) => Arc::new(Int64Array::from(vec![*value])),
        Param::Float(value) => Arc::new(Float64Array::from(vec![*value])),
        Param::Str(text) => Arc::new(StringViewArray::from(vec![&**text])),
        other => match typed_literal(other) {
            Some((dtype, value)) => {
                let storage = dtype.storage().unwrap_or(DataType::Int64);
                compute::cast(&Int64Array::from(vec![value]), &storage).map_err(failed)?
            }
            None => return Err(ErrorKind::InvalidValue(format!("{other:?} is no value of a column")).into()),
        },
    })
}

/// The dtype and the number of a literal that has a dtype of its own: a point in time, or a span.
#[must_use]
pub fn typed_literal(value: &Param) -> Option<(PandasType, i64)> {
    let dtype = PandasType::from_param(value.get("dtype")?).ok()?;
    let is_time = matches!(
        dtype,
        PandasType::Zoned(..)
            | PandasType::Plain(raskt_core::DType::Datetime(_) | raskt_core::DType::Timedelta(_))
    );
    Some((dtype, value.get("value")?.as_int()?)).filter(|_| is_time)
}

/// How a planned kernel is run: operands in, values of all rows out.
type Run = Box<dyn Fn(&[Column]) -> Result<ArrayRef>>;

/// A kernel for operands of known types.
pub struct Planned {
    /// What it returns, unless values are missing that this dtype cannot miss; see [`Planned::values`].
    pub dtype: PandasType,
    run: Run,
}

impl Planned {
    /// A kernel that returns `dtype`.
    pub fn new(dtype: PandasType, run: impl Fn(&[Column]) -> Result<ArrayRef> + 'static) -> Self {
        Self { dtype, run: Box::new(run) }
    }

    /// The values of all rows. Whole numbers of which some are missing are floats, as in pandas: which dtype comes out
    /// depends on the values then.
    ///
    /// # Errors
    /// What the kernel returns.
    pub fn values(&self, columns: &[Column]) -> Result<(PandasType, ArrayRef)> {
        let array = (self.run)(columns)?;
        let is_whole = matches!(&self.dtype, PandasType::Plain(dtype) if super::is_integer(dtype));
        if array.null_count() == 0 || !is_whole {
            return Ok((self.dtype.clone(), array));
        }
        let floats = compute::cast(&array, &DataType::Float64).map_err(failed)?;
        Ok((PandasType::Plain(raskt_core::DType::Float64), crate::table::nulls_to_nan(&floats)?))
    }
}

/// The values of a mask.
///
/// # Errors
/// [`ErrorKind::WrongType`] for anything but truth values.
pub fn mask(array: &ArrayRef) -> Result<&BooleanArray> {
    let wrong = || ErrorKind::WrongType { expected: "truth values", found: array.data_type().to_string() };
    array.as_boolean_opt().ok_or_else(|| wrong().into())
}

/// The only value of `array` in all of `n_rows` rows.
///
/// # Errors
/// What Arrow's kernel returns.
pub fn spread(array: &ArrayRef, n_rows: usize) -> Result<ArrayRef> {
    let first = arrow::array::UInt32Array::from(vec![0; n_rows]);
    compute::take(array, &first, None).map_err(failed)
}

/// A value of Python's in all of `n_rows` rows, stored as `storage`.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for a value that `storage` does not have.
pub fn spread_literal(value: &Param, storage: &DataType, n_rows: usize) -> Result<ArrayRef> {
    spread(&Column::Literal(value.clone()).side(storage)?.array, n_rows)
}
