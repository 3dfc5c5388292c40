//! Copies whose memory is their own: what an expression keeps of an array that its caller may change, and what a user's
//! function gets of a block that others read.

use raskt_core::{Buffer, NdArray, Result, Shape, Strides};

use super::join::copy_into;
use crate::kernels::nest::Order;
use crate::kernels::{memory, threads};

/// Less is copied by one thread: another one costs more than it saves.
const N_BYTES_A_THREAD: usize = 4 << 20;

/// The bytes of the buffer that the elements lie in: the first, and the one behind the last.
fn span(array: &NdArray) -> (usize, usize) {
    if array.n_elements() == 0 {
        return (0, 0);
    }
    let (mut low, mut high) = (array.offset() as i64, array.offset() as i64);
    for (&n, &step) in array.shape().iter().zip(array.strides()) {
        let reach = (n as i64 - 1) * step;
        low += reach.min(0);
        high += reach.max(0);
    }
    (low as usize, high as usize + array.item_bytes())
}

/// `array` in memory of its own, on `n_threads` threads at most. Elements keep their order in memory, and those that lie
/// on each other stay there, unless there are gaps: then the copy is dense and in C order.
///
/// ```
/// use raskt_array::kernels::own_copy;
/// use raskt_core::NdArray;
///
/// let array = NdArray::from_f64(&[3], &[1.0, 2.0, 3.0])?;
/// let copy = own_copy(&array, 1)?;
/// assert_eq!(copy, array);
/// assert_ne!(copy.buffer().owner_id(), array.buffer().owner_id());
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// Where the array is larger than memory can be.
pub fn own_copy(array: &NdArray, n_threads: usize) -> Result<NdArray> {
    let (low, high) = span(array);
    let item = array.item_bytes();
    let n_bytes = array.n_elements().saturating_mul(item);
    let n_threads = (n_bytes.min(high - low) / N_BYTES_A_THREAD).clamp(1, n_threads.max(1));
    if high - low > n_bytes {
        return gathered(array, n_threads);
    }
    let mut buffer = Buffer::recycled(high - low)?;
    let out = buffer.as_mut_slice().ok_or_else(|| memory::invalid("a buffer that cannot be written"))?;
    let source = &array.buffer().as_slice()[low..high];
    let part = source.len().div_ceil(n_threads).max(1);
    let parts = out.chunks_mut(part).zip(source.chunks(part)).collect();
    threads::each(parts, |(out, source): (&mut [u8], &[u8])| {
        out.copy_from_slice(source);
        Ok(())
    })?;
    let offset = if n_bytes == 0 { 0 } else { array.offset() - low };
    NdArray::strided(array.dtype().clone(), array.shape(), array.strides(), offset, buffer)
}

/// As [`own_copy`], for whoever may write it: each element has a place of its own.
///
/// # Errors
/// As [`own_copy`].
pub fn writable_copy(array: &NdArray, n_threads: usize) -> Result<NdArray> {
    if !array.may_overlap() {
        return own_copy(array, n_threads);
    }
    let n_bytes = array.n_elements().saturating_mul(array.item_bytes());
    gathered(array, (n_bytes / N_BYTES_A_THREAD).clamp(1, n_threads.max(1)))
}

/// A dense copy in C order.
fn gathered(array: &NdArray, n_threads: usize) -> Result<NdArray> {
    let shape = array.shape();
    let steps = Order::plain(shape.len()).dense_steps(shape, array.item_bytes() as i64);
    memory::build_whole(array.dtype().clone(), shape, |out| {
        let Some(&n_rows) = shape.first() else { return copy_into(array, out, 0, &steps) };
        let row_bytes = out.len() / n_rows.max(1) as usize;
        let n_rows_each = n_rows.div_ceil(n_threads as u64).max(1);
        let parts = out.chunks_mut((row_bytes * n_rows_each as usize).max(1)).enumerate().collect();
        threads::each(parts, |(number, out): (usize, &mut [u8])| {
            let first = number as u64 * n_rows_each;
            copy_into(&rows(array, first, n_rows_each.min(n_rows - first))?, out, 0, &steps)
        })?;
        Ok(())
    })
}

/// `n` rows of `array` from `first` on.
fn rows(array: &NdArray, first: u64, n: u64) -> Result<NdArray> {
    let (mut shape, strides): (Shape, Strides) = (array.shape().into(), array.strides().into());
    shape[0] = n;
    let offset = array.offset() as i64 + first as i64 * strides[0];
    NdArray::strided(array.dtype().clone(), &shape, &strides, offset as usize, array.buffer().clone())
}
