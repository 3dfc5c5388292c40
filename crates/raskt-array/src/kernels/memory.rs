//! Arrays' memory: reading tiles out of it, and new arrays to write into.

use bytemuck::Pod;
use raskt_core::{Buffer, DType, Error, ErrorKind, NdArray, Result, Value, allocation};

use super::crossing::{self, Columns};
use super::element::with_item;
use super::nest::Tile;

/// An aligned tile of any dtype.
pub(crate) type Scratch = Vec<u128>;

/// The bytes of a scratch tile of `len` bytes, which grows as needed.
pub(crate) fn scratch_bytes(scratch: &mut Scratch, len: usize) -> &mut [u8] {
    let words = len.div_ceil(16);
    if scratch.len() < words {
        scratch.resize(words, 0);
    }
    &mut bytemuck::cast_slice_mut(scratch.as_mut_slice())[..len]
}

/// Whether the bytes of a dense tile can be looked at where they are.
pub(crate) fn is_aligned(bytes: &[u8], item: usize) -> bool {
    bytes.as_ptr().addr().is_multiple_of(item)
}

/// Copies a tile of an operand, whose steps are in bytes, to `dst` in C order.
pub(crate) fn gather(source: &[u8], tile: &Tile<'_>, operand: usize, item: usize, dst: &mut [u8]) {
    let (row_step, col_step) = (tile.row_steps[operand], tile.col_steps[operand]);
    let start = tile.offsets[operand];
    if tile.cols == 1 || col_step == item as i64 {
        let len = tile.cols * item;
        for (row, line) in dst.chunks_exact_mut(len).enumerate() {
            let at = (start + row as i64 * row_step) as usize;
            line.copy_from_slice(&source[at..at + len]);
        }
        return;
    }
    let steps = (start, row_step, col_step);
    with_item!(item, T => gather_items::<T>(source, tile, steps, bytemuck::cast_slice_mut(dst)), else ());
}

fn gather_items<T: Pod>(source: &[u8], tile: &Tile<'_>, steps: (i64, i64, i64), dst: &mut [T]) {
    let (start, row_step, col_step) = steps;
    let item = size_of::<T>();
    let read = |at: i64| bytemuck::pod_read_unaligned::<T>(&source[at as usize..at as usize + item]);
    if col_step == 0 {
        for (row, line) in dst.chunks_exact_mut(tile.cols).enumerate() {
            line.fill(read(start + row as i64 * row_step));
        }
        return;
    }
    if row_step == item as i64 {
        let (rows, cols) = (tile.rows, tile.cols);
        return crossing::copy(Columns { source, start, step: col_step, rows, cols }, dst);
    }
    if row_step.abs() < col_step.abs() && tile.rows > 1 {
        // Along the operand's own rows.
        for col in 0..tile.cols {
            let first = start + col as i64 * col_step;
            for row in 0..tile.rows {
                dst[row * tile.cols + col] = read(first + row as i64 * row_step);
            }
        }
        return;
    }
    for (row, line) in dst.chunks_exact_mut(tile.cols).enumerate() {
        let mut at = start + row as i64 * row_step;
        for out in line {
            *out = read(at);
            at += col_step;
        }
    }
}

/// Copies a tile in C order to where the operand's rows are; its columns lie one after the other.
pub(crate) fn scatter(tile: &Tile<'_>, operand: usize, base: i64, item: usize, src: &[u8], out: &mut [u8]) {
    let len = tile.cols * item;
    for (row, line) in src.chunks_exact(len).enumerate() {
        let at = (tile.offsets[operand] - base + row as i64 * tile.row_steps[operand]) as usize;
        out[at..at + len].copy_from_slice(line);
    }
}

/// Fills a tile with one element.
pub(crate) fn fill(dst: &mut [u8], element: &[u8]) {
    for slot in dst.chunks_exact_mut(element.len()) {
        slot.copy_from_slice(element);
    }
}

/// The elements' bytes in C order as a typed slice: a view where the array is dense and aligned.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
pub(crate) fn elements<T: Pod>(array: &NdArray) -> Result<std::borrow::Cow<'_, [T]>> {
    match array.contiguous_bytes().and_then(|bytes| bytemuck::try_cast_slice(bytes).ok()) {
        Some(slice) => Ok(slice.into()),
        None => {
            let dense = array.to_contiguous()?;
            let bytes = dense.contiguous_bytes().unwrap_or(&[]);
            let all = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>);
            Ok(allocation::collected(all)?.into())
        }
    }
}

/// An array in C order of these elements.
pub(crate) fn array_of<T: Pod>(dtype: DType, shape: &[u64], elements: &[T]) -> Result<NdArray> {
    NdArray::contiguous(dtype, shape, Buffer::copied(bytemuck::cast_slice::<T, u8>(elements))?)
}

/// The array in C order, at an address where its elements may be looked at.
pub(crate) fn aligned(array: &NdArray) -> Result<NdArray> {
    match array.contiguous_bytes() {
        Some(bytes) if is_aligned(bytes, array.item_bytes()) => array.to_contiguous(),
        _ => {
            let dense = array.to_contiguous()?;
            let bytes = Buffer::copied(dense.contiguous_bytes().unwrap_or(&[]))?;
            NdArray::contiguous(array.dtype().clone(), array.shape(), bytes)
        }
    }
}

/// The number of elements of a shape; an error where memory could not hold them.
pub(crate) fn n_elements(shape: &[u64]) -> Result<usize> {
    let count = match shape.contains(&0) {
        true => Some(0),
        false => shape.iter().try_fold(1_u64, |n, &size| n.checked_mul(size)),
    };
    let count = count.and_then(|n| usize::try_from(n).ok()).filter(|&n| n <= isize::MAX as usize / 16);
    count.ok_or_else(|| Error::new(ErrorKind::InvalidValue(format!("shape {shape:?} has too many elements"))))
}

/// A buffer of zeros for an array of `shape`.
pub(crate) fn zeros(dtype: &DType, shape: &[u64]) -> Result<Buffer> {
    let item = dtype.item_bytes().ok_or_else(|| wrong_dtype("a native dtype", dtype))?;
    Buffer::zeroed(n_elements(shape)? * item)
}

/// A buffer for an array of `shape`, for somebody who writes all of its elements: what they hold is anybody's guess.
pub(crate) fn unwritten(dtype: &DType, shape: &[u64]) -> Result<Buffer> {
    let item = dtype.item_bytes().ok_or_else(|| wrong_dtype("a native dtype", dtype))?;
    Buffer::recycled(n_elements(shape)? * item)
}

/// A new array in C order, all of whose elements `write` writes.
pub(crate) fn build_whole(
    dtype: DType,
    shape: &[u64],
    write: impl FnOnce(&mut [u8]) -> Result<()>,
) -> Result<NdArray> {
    let mut buffer = unwritten(&dtype, shape)?;
    if let Some(bytes) = buffer.as_mut_slice() {
        write(bytes)?;
    }
    NdArray::contiguous(dtype, shape, buffer)
}

/// A new array in C order, written by `write`; what it leaves is zero.
pub(crate) fn build(
    dtype: DType,
    shape: &[u64],
    write: impl FnOnce(&mut [u8]) -> Result<()>,
) -> Result<NdArray> {
    let mut buffer = zeros(&dtype, shape)?;
    if let Some(bytes) = buffer.as_mut_slice() {
        write(bytes)?;
    }
    NdArray::contiguous(dtype, shape, buffer)
}

/// The array that an input is; numbers are 0-d arrays.
pub(crate) fn array(value: &Value) -> Result<std::borrow::Cow<'_, NdArray>> {
    use std::borrow::Cow::{Borrowed, Owned};
    Ok(match value {
        Value::Array(array) => Borrowed(array),
        Value::Bool(value) => Owned(super::Scalar::bool(*value).to_array()?),
        Value::Int(value) => Owned(array_of(DType::Int64, &[], &[*value])?),
        Value::Float(value) => Owned(array_of(DType::Float64, &[], &[*value])?),
        other => return Err(ErrorKind::WrongType { expected: "array", found: other.kind().into() }.into()),
    })
}

/// The error that a kernel is not made for a dtype.
pub(crate) fn wrong_dtype(expected: &'static str, found: &DType) -> Error {
    ErrorKind::WrongType { expected, found: found.to_string() }.into()
}

/// Checks that a block is of the dtype that the plan counts on: it was guessed where a function of blocks was not said
/// to return another.
///
/// # Errors
/// [`ErrorKind::WrongType`] for another dtype.
pub(crate) fn planned(array: &NdArray, dtype: &DType) -> Result<()> {
    if array.dtype() == dtype {
        return Ok(());
    }
    let found = format!(
        "{}, where {dtype} was guessed: pass dtype= (or meta=, output_dtypes=) as the function that made the block \
         returns it, or have it cast",
        array.dtype()
    );
    Err(ErrorKind::WrongType { expected: "a block of the planned dtype", found }.into())
}

/// The error that a parameter or an input is not as it must be.
pub(crate) fn invalid(what: impl Into<String>) -> Error {
    ErrorKind::InvalidValue(what.into()).into()
}
