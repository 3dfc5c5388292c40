//! What an array has been computed to.

use raskt_core::{NdArray, Result};

use super::element::Element;

/// Elements in memory, in C order.
///
/// ```
/// use raskt::array::Array;
/// let table = Array::<i64>::arange(0, 6, 1, &[4]).reshape(&[2, 3]).compute()?;
/// assert_eq!(table.shape(), [2, 3]);
/// assert_eq!(table.at(&[1, 0]), Some(3));
/// assert_eq!(table.into_values(), [0, 1, 2, 3, 4, 5]);
/// # Ok::<(), raskt::array::ArrayError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Computed<T> {
    shape: Vec<u64>,
    values: Vec<T>,
}

impl<T: Element> Computed<T> {
    pub(super) fn of(array: &NdArray) -> Result<Self> {
        Ok(Self { shape: array.shape().to_vec(), values: T::read(array)? })
    }

    /// The length along each axis.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The elements, in C order.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The elements, in C order.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The element at an index; `None` where there is none.
    #[must_use]
    pub fn at(&self, index: &[u64]) -> Option<T> {
        let inside = index.len() == self.shape.len() && index.iter().zip(&self.shape).all(|(at, n)| at < n);
        let place = index.iter().zip(&self.shape).fold(0, |place, (at, n)| place * n + at);
        self.values.get(usize::try_from(place).ok()?).copied().filter(|_| inside)
    }
}
