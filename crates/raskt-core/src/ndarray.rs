//! Strided n-dimensional arrays over a [`Buffer`], laid out as NumPy lays them out.

use smallvec::SmallVec;

use crate::{Buffer, DType, Error, ErrorKind, Fit, Result};

/// Sizes along the axes.
pub type Shape = SmallVec<[u64; 4]>;
/// Bytes from one element to the next along each axis; may be negative or zero.
pub type Strides = SmallVec<[i64; 4]>;

/// An array: elements of one dtype at strided places of a buffer.
///
/// Every element lies inside the buffer; the constructors hold that.
#[derive(Clone, Debug)]
pub struct NdArray {
    dtype: DType,
    shape: Shape,
    strides: Strides,
    /// Byte of the buffer where the element with index 0 on every axis starts.
    offset: usize,
    buffer: Buffer,
}

impl NdArray {
    /// An array in C order over the whole of `buffer`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where the dtype has no fixed size or the buffer another length.
    pub fn contiguous(dtype: DType, shape: &[u64], buffer: Buffer) -> Result<Self> {
        let item = item_bytes(&dtype)?;
        let count = element_count(shape)?;
        if count.checked_mul(item) != Some(buffer.len()) {
            return Err(ErrorKind::InvalidValue(format!(
                "{count} elements of {dtype} do not fill a buffer of {} bytes",
                buffer.len()
            ))
            .into());
        }
        let strides = c_strides(shape, item);
        Ok(Self { dtype, shape: shape.into(), strides, offset: 0, buffer })
    }

    /// An array at any strides. One without elements is in C order whatever they say, so that views of it need no care.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where an element would lie outside the buffer.
    pub fn strided(
        dtype: DType,
        shape: &[u64],
        strides: &[i64],
        offset: usize,
        buffer: Buffer,
    ) -> Result<Self> {
        let item = item_bytes(&dtype)?;
        element_count(shape)?;
        let (mut low, mut high) = (offset as i128, offset as i128);
        for (&size, &stride) in shape.iter().zip(strides) {
            let reach = (i128::from(size) - 1).max(0).saturating_mul(i128::from(stride));
            low = low.saturating_add(reach.min(0));
            high = high.saturating_add(reach.max(0));
        }
        let empty = shape.contains(&0);
        if empty && shape.len() == strides.len() {
            let strides = c_strides(shape, item);
            return Ok(Self { dtype, shape: shape.into(), strides, offset: 0, buffer });
        }
        if shape.len() != strides.len() || low < 0 || high.saturating_add(item as i128) > buffer.len() as i128
        {
            return Err(ErrorKind::InvalidValue(format!(
                "shape {shape:?} with strides {strides:?} reaches outside a buffer of {} bytes",
                buffer.len()
            ))
            .into());
        }
        Ok(Self { dtype, shape: shape.into(), strides: strides.into(), offset, buffer })
    }

    /// A C-ordered array of `float64`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where `values` does not fill `shape`; [`ErrorKind::OutOfMemory`].
    pub fn from_f64(shape: &[u64], values: &[f64]) -> Result<Self> {
        Self::contiguous(DType::Float64, shape, Buffer::copied(bytemuck::cast_slice::<f64, u8>(values))?)
    }

    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// Sizes along the axes.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Byte steps along the axes.
    #[must_use]
    pub fn strides(&self) -> &[i64] {
        &self.strides
    }

    /// Byte offset of the first element in [`NdArray::buffer`].
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The memory.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// All bytes of the memory for writing, where this is its only view and the owner allows it.
    pub fn memory_mut(&mut self) -> Option<&mut [u8]> {
        self.buffer.as_mut_slice()
    }

    /// Whether two elements may lie at the same bytes, as those of what was broadcast do: to write one would change another.
    /// No where no step along an axis is shorter than what the axes of shorter steps span.
    #[must_use]
    pub fn may_overlap(&self) -> bool {
        if self.shape.contains(&0) {
            return false;
        }
        let mut axes: SmallVec<[(u64, u64); 4]> =
            self.shape.iter().zip(&self.strides).map(|(&n, step)| (step.unsigned_abs(), n)).collect();
        axes.retain(|(_, n)| *n > 1);
        axes.sort_unstable();
        let mut span = self.item_bytes() as u64;
        axes.iter().any(|&(step, n)| {
            let is_within = step < span;
            span = span.saturating_add(step.saturating_mul(n - 1));
            is_within
        })
    }

    /// The number of elements.
    #[must_use]
    pub fn n_elements(&self) -> usize {
        // A size of zero first: the others alone may be more than 64 bits hold.
        if self.shape.contains(&0) { 0 } else { self.shape.iter().product::<u64>().fit::<usize>() }
    }

    /// Bytes of one element; every array's dtype has a size.
    #[must_use]
    pub fn item_bytes(&self) -> usize {
        self.dtype.item_bytes().unwrap_or(1)
    }

    /// Whether the elements lie one after the other in C order.
    #[must_use]
    pub fn is_c_contiguous(&self) -> bool {
        self.shape.contains(&0) || {
            let expected = c_strides(&self.shape, self.item_bytes());
            self.shape.iter().zip(self.strides.iter().zip(&expected)).all(|(&n, (a, b))| n == 1 || a == b)
        }
    }

    /// The elements' bytes, where they lie one after the other.
    #[must_use]
    pub fn contiguous_bytes(&self) -> Option<&[u8]> {
        let len = self.n_elements() * self.item_bytes();
        // An array without elements may start anywhere, also behind the end of its buffer.
        let start = if len == 0 { 0 } else { self.offset };
        self.is_c_contiguous().then(|| &self.buffer.as_slice()[start..start + len])
    }

    /// The same elements in C order: this array where it is so already, a copy otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub fn to_contiguous(&self) -> Result<Self> {
        let (item, count) = (self.item_bytes(), self.n_elements());
        let buffer = if self.is_c_contiguous() {
            self.buffer.slice(self.offset, count * item)
        } else {
            self.copied(count * item)?
        };
        let strides = c_strides(&self.shape, item);
        Ok(Self { dtype: self.dtype.clone(), shape: self.shape.clone(), strides, offset: 0, buffer })
    }

    /// The elements in C order in a buffer of their own, of `len` bytes.
    fn copied(&self, len: usize) -> Result<Buffer> {
        let source = self.buffer.as_slice();
        let mut buffer = Buffer::recycled(len)?;
        // What has no elements or no axes is contiguous.
        let (Some((&n, outer)), Some((&step, outer_steps))) =
            (self.shape.split_last(), self.strides.split_last())
        else {
            return Ok(buffer);
        };
        let item = self.item_bytes();
        let mut lines =
            buffer.as_mut_slice().unwrap_or_default().chunks_exact_mut((n.fit::<usize>() * item).max(1));
        for_each_offset(outer, outer_steps, self.offset, |at| {
            let Some(line) = lines.next() else { return };
            match item {
                _ if step == item.fit::<i64>() => line.copy_from_slice(&source[at..at + line.len()]),
                1 => copy_line::<1>(source, at, step, line),
                2 => copy_line::<2>(source, at, step, line),
                4 => copy_line::<4>(source, at, step, line),
                8 => copy_line::<8>(source, at, step, line),
                16 => copy_line::<16>(source, at, step, line),
                _ => {
                    for (number, out) in line.chunks_exact_mut(item).enumerate() {
                        let at = (at.fit::<i64>() + step * number.fit::<i64>()).fit::<usize>();
                        out.copy_from_slice(&source[at..at + item]);
                    }
                }
            }
        });
        Ok(buffer)
    }

    /// The bytes of the element whose number in C order is `at`.
    fn element(&self, at: usize) -> &[u8] {
        let (mut rest, mut offset) = (at as u64, self.offset.fit::<i64>());
        for (&n, &step) in self.shape.iter().zip(&self.strides).rev() {
            offset += (rest % n).fit::<i64>() * step;
            rest /= n;
        }
        &self.buffer.as_slice()[offset.fit::<usize>()..offset.fit::<usize>() + self.item_bytes()]
    }

    /// The elements of a `float64` array, copied in C order.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for any other dtype.
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        if self.dtype != DType::Float64 {
            return Err(ErrorKind::WrongType { expected: "float64", found: self.dtype.to_string() }.into());
        }
        let dense = self.to_contiguous()?;
        Ok(dense.buffer.as_slice().chunks_exact(8).map(bytemuck::pod_read_unaligned::<f64>).collect())
    }
}

impl PartialEq for NdArray {
    /// Same dtype, shape and element bytes; a NaN equals itself, and -0.0 differs from 0.0.
    fn eq(&self, other: &Self) -> bool {
        self.dtype == other.dtype
            && self.shape == other.shape
            && match (self.contiguous_bytes(), other.contiguous_bytes()) {
                (Some(own), Some(others)) => own == others,
                _ => (0..self.n_elements()).all(|at| self.element(at) == other.element(at)),
            }
    }
}

fn item_bytes(dtype: &DType) -> Result<usize> {
    dtype.item_bytes().ok_or_else(|| {
        Error::new(ErrorKind::WrongType { expected: "a dtype of fixed size", found: dtype.to_string() })
    })
}

fn element_count(shape: &[u64]) -> Result<usize> {
    let overflow = || Error::new(ErrorKind::InvalidValue(format!("shape {shape:?} has too many elements")));
    if shape.contains(&0) {
        return Ok(0);
    }
    let count = shape.iter().try_fold(1u64, |a, &n| a.checked_mul(n)).ok_or_else(overflow)?;
    usize::try_from(count).ok().filter(|&n| n <= isize::MAX as usize / 16).ok_or_else(overflow)
}

fn c_strides(shape: &[u64], item: usize) -> Strides {
    let mut strides: Strides = smallvec::smallvec![0; shape.len()];
    let mut step = item.fit::<i64>();
    for (stride, &size) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.saturating_mul(i64::try_from(size.max(1)).unwrap_or(i64::MAX));
    }
    strides
}

/// Copies elements of `N` bytes, `step` apart from the one at `at` on, to lie one behind the other.
fn copy_line<const N: usize>(source: &[u8], at: usize, step: i64, line: &mut [u8]) {
    let mut at = at.fit::<i64>();
    for out in line.as_chunks_mut::<N>().0 {
        out.copy_from_slice(&source[at.fit::<usize>()..at.fit::<usize>() + N]);
        at += step;
    }
}

/// Calls `visit` with the byte offset of every element, in C order.
fn for_each_offset(shape: &[u64], strides: &[i64], offset: usize, mut visit: impl FnMut(usize)) {
    if shape.contains(&0) {
        return;
    }
    let mut index: Shape = smallvec::smallvec![0; shape.len()];
    let mut at = offset.fit::<i64>();
    loop {
        visit(at.fit::<usize>());
        let mut axis = shape.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis].fit::<i64>();
            index[axis] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_overlap_where_steps_are_shorter_than_what_they_step_over() {
        let buffer = Buffer::copied(&[0; 64]).unwrap();
        let of = |shape: &[u64], steps: &[i64], offset| {
            NdArray::strided(DType::Int64, shape, steps, offset, buffer.clone()).unwrap().may_overlap()
        };
        for (shape, steps, offset) in
            [(&[2, 4][..], &[32, 8][..], 0), (&[4, 2], &[8, 32], 0), (&[8], &[-8], 56), (&[1, 8], &[0, 8], 0)]
        {
            assert!(!of(shape, steps, offset), "{shape:?} {steps:?}");
        }
        assert!(!of(&[0, 3], &[0, 0], 0) && !of(&[], &[], 0));
        assert!(
            of(&[4], &[0], 0)
                && of(&[2, 4], &[0, 8], 0)
                && of(&[3, 2], &[8, 8], 0)
                && of(&[3, 2], &[8, -8], 8)
        );
    }

    #[test]
    fn what_has_no_elements_is_in_c_order() {
        let buffer = Buffer::copied(&[0; 16]).unwrap();
        let empty = NdArray::strided(DType::Int64, &[2, 0, 3], &[-24, 8, 8], 40, buffer).unwrap();
        assert_eq!((empty.strides(), empty.offset()), (&[24, 24, 8][..], 0));
    }

    #[test]
    fn a_reversed_transpose_reads_in_its_own_order() {
        let dense = NdArray::from_f64(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let view = NdArray::strided(DType::Float64, &[3, 2], &[-8, 24], 16, dense.buffer().clone()).unwrap();
        assert_eq!(view.to_f64().unwrap(), [2.0, 5.0, 1.0, 4.0, 0.0, 3.0]);
        assert!(!view.is_c_contiguous());
        assert_eq!(view, view.to_contiguous().unwrap());
    }

    #[test]
    fn elements_outside_the_buffer_are_refused() {
        let buffer = Buffer::zeroed(16).unwrap();
        assert!(NdArray::strided(DType::Float64, &[3], &[8], 0, buffer.clone()).is_err());
        assert!(NdArray::strided(DType::Float64, &[2], &[-8], 0, buffer.clone()).is_err());
        assert!(NdArray::strided(DType::Float64, &[u64::MAX, 2], &[0, 0], 0, buffer.clone()).is_err());
        assert!(NdArray::contiguous(DType::Unknown, &[1], buffer).is_err());
    }

    #[test]
    fn zero_sized_and_zero_dimensional_arrays_work() {
        let empty = NdArray::from_f64(&[0, 5], &[]).unwrap();
        assert_eq!(empty.to_f64().unwrap(), Vec::<f64>::new());
        let lone = NdArray::from_f64(&[], &[2.5]).unwrap();
        assert_eq!(lone.to_f64().unwrap(), [2.5]);
        let wide = [u64::MAX, u64::MAX, 0];
        let strides = [i64::MIN, i64::MIN, i64::MAX];
        let wide = NdArray::strided(DType::Int8, &wide, &strides, 99, Buffer::zeroed(1).unwrap()).unwrap();
        assert_eq!((wide.n_elements(), wide.contiguous_bytes()), (0, Some(&[][..])));
        assert_eq!(wide, wide.to_contiguous().unwrap());
    }
}
