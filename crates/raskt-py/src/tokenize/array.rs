//! Plain NumPy arrays: type, shape, and the bytes of the elements in C order, whatever the strides.

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::hooks::{self, Hook};
use super::scalar::{DETACH_BYTES, digest_detached};
use super::sink::{Sink, Stream, Tag};
use super::walk::{Leniency, Walk};

/// Smaller arrays are hashed without asking the configuration for `tokenize.array-bytes-max`.
const UNCHECKED_BYTES: usize = 1 << 16;

/// Rows shorter than this are gathered before they are hashed.
const GATHER_BYTES: usize = 1 << 12;

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
        let text = format!("an array of {nbytes} bytes is larger than the configured tokenize.array-bytes-max");
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

/// Encodes a NumPy scalar of boolean, integer or real kind.
pub(super) fn encode_scalar(sink: &mut Sink, name: u128, object: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = object.py();
    sink.tagged_digest(Tag::NumpyScalar, name);
    let bytes = object.call_method0(intern!(py, "tobytes"))?;
    let is_nan = object.ne(object)?;
    sink.bytes(Tag::Bytes, if is_nan { b"nan" } else { bytes.cast::<PyBytes>()?.as_bytes() });
    Ok(())
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
        let Some((&columns, outer)) = self.shape.split_last() else { return 0 };
        let step = self.strides[outer.len()];
        let mut stream = Stream::new();
        let mut gathered = Vec::with_capacity(GATHER_BYTES + columns * self.itemsize);
        let mut index = vec![0; outer.len()];
        let mut row = self.data as isize;
        loop {
            self.gather(row, step, columns, &mut gathered);
            if gathered.len() >= GATHER_BYTES {
                stream.update(&gathered);
                gathered.clear();
            }
            if !self.advance(outer, &mut index, &mut row) {
                break;
            }
        }
        stream.update(&gathered);
        stream.finish()
    }

    /// Appends the bytes of one row.
    fn gather(&self, row: isize, step: isize, columns: usize, out: &mut Vec<u8>) {
        let element = |column: usize| (row + column as isize * step) as *const u8;
        match self.itemsize {
            size if step == size as isize => {
                // SAFETY: the row's `columns` elements lie one after the other inside the array's memory.
                out.extend_from_slice(unsafe { std::slice::from_raw_parts(row as *const u8, columns * size) });
            }
            8 => out.extend((0..columns).flat_map(|column| {
                // SAFETY: `column` is within the row, so its 8 bytes are inside the array's memory.
                unsafe { element(column).cast::<[u8; 8]>().read() }
            })),
            4 => out.extend((0..columns).flat_map(|column| {
                // SAFETY: as above, with 4 bytes.
                unsafe { element(column).cast::<[u8; 4]>().read() }
            })),
            size => (0..columns).for_each(|column| {
                // SAFETY: as above, with the element's size.
                out.extend_from_slice(unsafe { std::slice::from_raw_parts(element(column), size) });
            }),
        }
    }

    /// Moves to the next row in C order; false after the last.
    fn advance(&self, outer: &[usize], index: &mut [usize], row: &mut isize) -> bool {
        for axis in (0..outer.len()).rev() {
            index[axis] += 1;
            *row += self.strides[axis];
            if index[axis] < outer[axis] {
                return true;
            }
            *row -= self.strides[axis] * outer[axis] as isize;
            index[axis] = 0;
        }
        false
    }
}
