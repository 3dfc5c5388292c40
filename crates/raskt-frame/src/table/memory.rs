//! Columns over memory that somebody else has laid out: the engine's buffers as Arrow's and back, and columns of one width as
//! NumPy and pandas have them.

use std::any::Any;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, make_array};
use arrow::buffer::{BooleanBuffer, Buffer as ArrowBuffer, NullBuffer};
use arrow::datatypes::DataType;
use bytes::Bytes;
use raskt_core::{Buffer, BufferOwner, DType, ErrorKind, NdArray, OwnerId, Result};

use super::rows::failed;
use crate::PandasType;

/// Memory of Arrow's as ours.
struct Lent(ArrowBuffer);

impl BufferOwner for Lent {
    fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    fn identity(&self) -> Option<(OwnerId, u64)> {
        Some((OwnerId(self.0.data_ptr().as_ptr() as usize), self.0.capacity() as u64))
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// Memory of ours as Arrow's.
struct Borrowed(Buffer);

impl AsRef<[u8]> for Borrowed {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// The same memory as a buffer of ours.
#[must_use]
pub fn lent(buffer: ArrowBuffer) -> Buffer {
    Buffer::new(Arc::new(Lent(buffer)))
}

/// The same memory as a buffer of Arrow's.
#[must_use]
pub fn borrowed(buffer: Buffer) -> ArrowBuffer {
    ArrowBuffer::from(Bytes::from_owner(Borrowed(buffer)))
}

/// What NumPy writes where a datetime or a timedelta is missing.
const NOT_A_TIME: i64 = i64::MIN;

/// A column of one width as NumPy has it.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The elements. Where one is missing, it is NaN, `NaT`, or anything if `missing` says so.
    pub values: NdArray,
    /// Where elements are missing, for pandas' masked dtypes.
    pub missing: Option<NdArray>,
}

/// Of which dtype the elements of a column of `dtype` are in NumPy; `None` where NumPy has none.
#[must_use]
pub fn element_dtype(dtype: &PandasType) -> Option<DType> {
    match dtype {
        PandasType::Plain(dtype) | PandasType::Masked(dtype) => Some(dtype.clone()),
        PandasType::Zoned(unit, _) => Some(DType::Datetime(*unit)),
        _ => None,
    }
}

fn is_time(storage: &DataType) -> bool {
    matches!(storage, DataType::Timestamp(..) | DataType::Duration(_))
}

fn invalid(what: String) -> raskt_core::Error {
    ErrorKind::InvalidValue(what).into()
}

/// The numbers, truth values or times in `parts` as a column; numbers and times are not copied where they lie one after the
/// other.
///
/// ```
/// use raskt_core::{DType, NdArray};
/// use raskt_frame::PandasType;
/// use raskt_frame::table::{Parts, column};
/// let parts = Parts { values: NdArray::from_f64(&[3], &[1.0, 2.0, 4.0])?, missing: None };
/// assert_eq!(column(&parts, &PandasType::Plain(DType::Float64))?.len(), 3);
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for elements of another dtype, of more than one axis, or with a mask of another length.
pub fn column(parts: &Parts, dtype: &PandasType) -> Result<ArrayRef> {
    let storage = dtype.storage().filter(|_| element_dtype(dtype).as_ref() == Some(parts.values.dtype()));
    let storage = storage
        .ok_or_else(|| invalid(format!("{} elements for a column of {dtype}", parts.values.dtype())))?;
    let [n] = parts.values.shape() else {
        return Err(invalid(format!("a column of {} axes", parts.values.shape().len())));
    };
    let n_rows = usize::try_from(*n).map_err(|_| invalid(format!("a column of {n} rows")))?;
    let values = parts.values.to_contiguous()?;
    let missing = parts.missing.as_ref().map(|missing| flags(missing, n_rows)).transpose()?;
    let nulls = match missing {
        Some(missing) => Some(NullBuffer::new(!&missing)),
        None if is_time(&storage) => times_present(&values),
        None => None,
    };
    let elements = match storage {
        DataType::Boolean => flags(&values, n_rows)?.into_inner(),
        _ => borrowed(values.buffer().clone()),
    };
    let data = ArrayData::builder(storage)
        .len(n_rows)
        .add_buffer(elements)
        .nulls(nulls.filter(|nulls| nulls.null_count() > 0))
        .align_buffers(true)
        .build();
    data.map(make_array).map_err(failed)
}

/// Truth values, one a byte, as one a bit.
fn flags(values: &NdArray, n_rows: usize) -> Result<BooleanBuffer> {
    let values = values.to_contiguous()?;
    match values.contiguous_bytes() {
        Some(bytes) if bytes.len() == n_rows && *values.dtype() == DType::Bool => {
            Ok(BooleanBuffer::collect_bool(n_rows, |row| bytes[row] != 0))
        }
        _ => Err(invalid(format!(
            "{} of shape {:?} for {n_rows} truth values",
            values.dtype(),
            values.shape()
        ))),
    }
}

/// Where times are times; `None` where all are.
fn times_present(values: &NdArray) -> Option<NullBuffer> {
    let (numbers, _) = values.contiguous_bytes()?.as_chunks::<8>();
    let is_time = |number: &[u8; 8]| i64::from_ne_bytes(*number) != NOT_A_TIME;
    if numbers.iter().all(is_time) {
        return None;
    }
    Some(NullBuffer::new(BooleanBuffer::collect_bool(numbers.len(), |row| is_time(&numbers[row]))))
}

/// The elements of `column`, of `dtype`, as NumPy has them; numbers and times are not copied, unless `NaT` has to be written.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for a column whose elements are not of one width; [`ErrorKind::OutOfMemory`].
pub fn parts(column: &ArrayRef, dtype: &PandasType) -> Result<Parts> {
    let element = element_dtype(dtype).filter(|_| dtype.storage().as_ref() == Some(column.data_type()));
    let element =
        element.ok_or_else(|| invalid(format!("a column of {dtype} has no elements of one width")))?;
    let shape = [column.len() as u64];
    let buffer = match column.data_type() {
        DataType::Boolean => bytes_of(column.as_boolean().values())?,
        storage => {
            let data = column.to_data();
            let width = storage.primitive_width().unwrap_or(1);
            let buffer = lent(data.buffers()[0].slice_with_length(data.offset() * width, data.len() * width));
            match column.nulls().filter(|_| is_time(storage)) {
                Some(nulls) => with_missing_times(buffer, nulls)?,
                None => buffer,
            }
        }
    };
    let values = NdArray::contiguous(element, &shape, buffer)?;
    let missing = match (dtype, column.nulls()) {
        (PandasType::Masked(_), Some(nulls)) => Some(bytes_of(&!nulls.inner())?),
        (PandasType::Masked(_), None) => Some(Buffer::zeroed(column.len())?),
        _ => None,
    };
    let missing = missing.map(|missing| NdArray::contiguous(DType::Bool, &shape, missing)).transpose()?;
    Ok(Parts { values, missing })
}

/// Truth values, one a bit, as one a byte.
fn bytes_of(bits: &BooleanBuffer) -> Result<Buffer> {
    let mut bytes = Buffer::recycled(bits.len())?;
    if let Some(bytes) = bytes.as_mut_slice() {
        bytes.iter_mut().zip(bits.iter()).for_each(|(byte, bit)| *byte = u8::from(bit));
    }
    Ok(bytes)
}

/// `buffer` with `NaT` wherever `nulls` says that nothing is.
fn with_missing_times(buffer: Buffer, nulls: &NullBuffer) -> Result<Buffer> {
    let (numbers, _) = buffer.as_slice().as_chunks::<8>();
    let not_a_time = NOT_A_TIME.to_ne_bytes();
    if numbers.iter().zip(nulls.iter()).all(|(number, is_there)| is_there || *number == not_a_time) {
        return Ok(buffer);
    }
    let mut copy = Buffer::copied(buffer.as_slice())?;
    if let Some(bytes) = copy.as_mut_slice() {
        let (numbers, _) = bytes.as_chunks_mut::<8>();
        for (number, is_there) in numbers.iter_mut().zip(nulls.iter()) {
            if !is_there {
                *number = not_a_time;
            }
        }
    }
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, TimestampSecondArray};
    use raskt_core::TimeUnit;

    use super::*;

    fn times(values: Vec<Option<i64>>) -> Parts {
        let column: ArrayRef = Arc::new(TimestampSecondArray::from(values));
        parts(&column, &PandasType::Plain(DType::Datetime(TimeUnit::Second))).unwrap()
    }

    #[test]
    fn missing_times_are_not_a_time_both_ways() {
        let dtype = PandasType::Plain(DType::Datetime(TimeUnit::Second));
        let found = times(vec![Some(5), None, Some(7)]);
        let bytes = found.values.contiguous_bytes().unwrap();
        assert_eq!(bytes[8..16], NOT_A_TIME.to_ne_bytes());
        let column = column(&found, &dtype).unwrap();
        assert_eq!((column.null_count(), column.is_null(1)), (1, true));
        assert_eq!(times(vec![Some(1)]).values.contiguous_bytes().unwrap(), 1_i64.to_ne_bytes());
    }

    #[test]
    fn numbers_are_not_copied() {
        let values = NdArray::from_f64(&[3], &[1.0, 2.0, 3.0]).unwrap();
        let start = values.contiguous_bytes().unwrap().as_ptr();
        let dtype = PandasType::Plain(DType::Float64);
        let column = column(&Parts { values, missing: None }, &dtype).unwrap();
        let sliced = column.slice(1, 2);
        let back = parts(&sliced, &dtype).unwrap().values;
        assert_eq!(back.contiguous_bytes().unwrap().as_ptr() as usize, start as usize + 8);
    }

    #[test]
    fn masks_and_truth_values_come_back() {
        let dtype = PandasType::Masked(DType::Bool);
        let truths: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]));
        let found = parts(&truths.slice(1, 2), &dtype).unwrap();
        assert_eq!(found.missing.as_ref().unwrap().contiguous_bytes().unwrap(), [1, 0]);
        let back = column(&found, &dtype).unwrap();
        assert_eq!(*back.as_boolean(), BooleanArray::from(vec![None, Some(false)]));
    }

    #[test]
    fn elements_of_another_dtype_or_shape_are_refused() {
        let values = NdArray::from_f64(&[1, 1], &[1.0]).unwrap();
        let parts = Parts { values, missing: None };
        assert!(column(&parts, &PandasType::Plain(DType::Float64)).is_err());
        assert!(column(&parts, &PandasType::Plain(DType::Int64)).is_err());
    }
}
