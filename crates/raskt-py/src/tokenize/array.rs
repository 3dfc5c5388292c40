//! Plain NumPy arrays: type, shape, and the bytes of the elements in C order, whatever the strides.

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use raskt_core::Fit;

use super::hooks::{self, Hook};
use super::scalar::{DETACH_BYTES, digest_detached};
use super::sink::{Stream, Tag};
use super::walk::{Leniency, Walk};

/// Smaller arrays are hashed without asking the configuration for `tokenize.array-bytes-max`.
const UNCHECKED_BYTES: usize = 1 << 20;

/// How many bytes of an array that is not contiguous are gathered before they are hashed.
const GATHER_BYTES: usize = 1 << 18;

/// How many rows are gathered side by side: a cache line's worth of the smallest elements.
const GATHER_ROWS: usize = 64;

/// Encodes an array whose bytes are its content, and says whether it is one.
pub(super) fn encode<'py>(walk: &mut Walk<'py>, object: &Bound<'py, PyAny>) -> PyResult<bool> {
    let py = walk.py;
    let array = object.cast::<PyUntypedArray>()?;
    let dtype = array.dtype();
    let kind = dtype.kind();
    let itemsize = dtype.itemsize();
    let padded = matches!(kind, b'f' | b'c') && itemsize > if kind == b'f' { 8 } else { 16 };
    if dtype.has_object() || dtype.has_fields() || padded || !b"biufcmMSUV".contains(&kind) {
        return Ok(false);
    }
    let nbytes = array.len() * itemsize;
    if nbytes >= UNCHECKED_BYTES && exceeds_limit(py, nbytes)? {
        let text =
            format!("an array of {nbytes} bytes is larger than the configured tokenize.array-bytes-max");
        let error = PyErr::from_value(hooks::tokenization_error(py)?.call1((text,))?);
        walk.undecided(object, Leniency::All, Some(error))?;
        return Ok(true);
    }
    let native = if cfg!(target_endian = "little") { b'<' } else { b'>' };
    let byteorder = if dtype.byteorder() == b'=' { native } else { dtype.byteorder() };
    walk.sink.tag(Tag::Array);
    walk.sink.byte(kind);
    walk.sink.byte(byteorder);
    walk.sink.size(itemsize);
    if matches!(kind, b'm' | b'M') {
        let text = dtype.getattr(intern!(py, "str"))?;
        walk.sink.bytes(Tag::Str, text.cast::<PyString>()?.to_str()?.as_bytes());
    }
    walk.sink.size(array.ndim());
    array.shape().iter().for_each(|extent| walk.sink.size(*extent));
    let digest = content(py, array, nbytes, itemsize);
    walk.sink.digest(digest);
    Ok(true)
}

fn exceeds_limit(py: Python<'_>, nbytes: usize) -> PyResult<bool> {
    let limit: Option<u64> = hooks::get(py, Hook::ArrayBytesMax)?.call0()?.extract()?;
    Ok(limit.is_some_and(|limit| nbytes as u64 > limit))
}

/// The digest of the elements' bytes in C order.
fn content(py: Python<'_>, array: &Bound<'_, PyUntypedArray>, nbytes: usize, itemsize: usize) -> u128 {
    if nbytes == 0 {
        return digest_detached(py, &[]);
    }
    // SAFETY: the pointer is to a live array object, which `array` keeps alive.
    let data = unsafe { (*numpy::npyffi::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).data }.cast::<u8>();
    if array.is_c_contiguous() {
        // SAFETY: a C-contiguous array of `nbytes > 0` bytes has them at `data`, and `array` keeps them alive. As in
        // NumPy itself, a program that writes to the array from another thread meanwhile has a race of its own.
        return digest_detached(py, unsafe { std::slice::from_raw_parts(data.cast_const(), nbytes) });
    }
    let view = Strided { data: data as usize, shape: array.shape(), strides: array.strides(), itemsize };
    if nbytes < DETACH_BYTES { view.digest() } else { py.detach(|| view.digest()) }
}

/// The elements of an array that is not contiguous. The address is a number so that it may cross into the closure
/// that runs without the GIL.
struct Strided<'a> {
    data: usize,
    shape: &'a [usize],
    strides: &'a [isize],
    itemsize: usize,
}

impl Strided<'_> {
    fn digest(&self) -> u128 {
        let (columns, rows, outer) = match *self.shape {
            [] => (1, 1, 0),
            [columns] => (columns, 1, 0),
            [.., rows, columns] => (columns, rows, self.shape.len() - 2),
        };
        let row_bytes = columns * self.itemsize;
        let side_by_side = (GATHER_BYTES / row_bytes).clamp(1, GATHER_ROWS);
        let mut stream = Stream::new();
        let mut gathered = vec![0; side_by_side * row_bytes];
        let mut index = vec![0; outer];
        let mut plane = self.data.fit::<isize>();
        loop {
            for first in (0..rows).step_by(side_by_side) {
                let block = gathered.len().min((rows - first) * row_bytes);
                self.gather(plane, first, columns, &mut gathered[..block]);
                stream.update(&gathered[..block]);
            }
            if !self.advance(&mut index, &mut plane) {
                return stream.finish();
            }
        }
    }

    /// Copies rows, the first of which is number `first` of the plane at `plane`, to where they follow each other.
    ///
    /// The shorter of the two strides is followed in the inner loop, so that each cache line is read once.
    fn gather(&self, plane: isize, first: usize, columns: usize, out: &mut [u8]) {
        let stride =
            |from_end: usize| self.strides.len().checked_sub(from_end).map_or(0, |axis| self.strides[axis]);
        let (across, down) = (stride(1), stride(2));
        let rows = out.len() / (columns * self.itemsize);
        let mut copy = |row: usize, column: usize, n: usize| {
            let from = plane + (first + row).fit::<isize>() * down + column.fit::<isize>() * across;
            let start = (row * columns + column) * self.itemsize;
            let target = &mut out[start..start + n * self.itemsize];
            // SAFETY: the row and the `n` columns are within the shape, and are one element or lie one after the
            // other, so their bytes are inside the array's memory, which the caller keeps alive.
            let source = unsafe { std::slice::from_raw_parts(from as *const u8, target.len()) };
            match (source.as_chunks::<8>(), target.as_chunks_mut::<8>()) {
                (([source], []), ([target], [])) => *target = *source,
                _ => target.copy_from_slice(source),
            }
        };
        if across == self.itemsize.fit::<isize>() {
            (0..rows).for_each(|row| copy(row, 0, columns));
        } else if down.unsigned_abs() < across.unsigned_abs() {
            (0..columns).for_each(|column| (0..rows).for_each(|row| copy(row, column, 1)));
        } else {
            (0..rows).for_each(|row| (0..columns).for_each(|column| copy(row, column, 1)));
        }
    }

    /// Moves to the next plane in C order; false after the last.
    fn advance(&self, index: &mut [usize], plane: &mut isize) -> bool {
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            *plane += self.strides[axis];
            if index[axis] < self.shape[axis] {
                return true;
            }
            *plane -= self.strides[axis] * self.shape[axis].fit::<isize>();
            index[axis] = 0;
        }
        false
    }
}
