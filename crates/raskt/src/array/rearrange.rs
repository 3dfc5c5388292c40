//! Elements in other places: slices, other shapes and chunks, axes in another order, several arrays in one, products.

use raskt_array::parameters::{CHUNKS, chunks_param};
use raskt_array::products::Multiplier;
use raskt_array::slicing::{Index, slice};
use raskt_array::{ArrayError, Built, blockwise, concatenate as joining, products, rechunk, reshape};
use raskt_core::Param;

use super::create::cut;
use super::element::{Element, Number};
use super::expression::Array;

/// What stands between NumPy's brackets: places, ranges, `..` for a whole axis.
///
/// ```
/// use raskt::array::{Array, Index, index};
/// let x = Array::<i64>::arange(0, 12, 1, &[12]).reshape(&[3, 4]);
/// assert_eq!(x.slice(&index![1.., -1]).compute()?.values(), [7, 11]);
/// // With a step, and a new axis:
/// let backwards = Index::Range { start: None, stop: None, step: Some(-2) };
/// assert_eq!(x.slice(&index![Index::New, 0, backwards]).compute()?.values(), [3, 1]);
/// # Ok::<(), raskt::array::ArrayError>(())
/// ```
#[macro_export]
macro_rules! index {
    ($($item:expr),* $(,)?) => { [$($crate::array::Index::from($item)),*] };
}

impl<T: Element> Array<T> {
    /// What an index takes; see [`index!`](crate::index).
    #[must_use]
    pub fn slice(&self, index: &[Index]) -> Self {
        Self::made(|builder| slice(builder, self.expr()?, index))
    }

    /// The same elements in C order in another shape.
    #[must_use]
    pub fn reshape(&self, shape: &[u64]) -> Self {
        Self::made(|builder| reshape::reshape(builder, self.expr()?, shape))
    }

    /// The same array, cut into blocks of other sizes.
    #[must_use]
    pub fn rechunk(&self, chunks: &[u64]) -> Self {
        Self::made(|builder| rechunk::to(builder, self.expr()?, &cut(&self.shape()?, chunks)?))
    }

    /// The axes in another order.
    #[must_use]
    pub fn transpose(&self, axes: &[i64]) -> Self {
        Self::made(|builder| blockwise::transpose(builder, self.expr()?, Some(axes)))
    }

    /// The axes in reversed order.
    #[must_use]
    pub fn t(&self) -> Self {
        Self::made(|builder| blockwise::transpose(builder, self.expr()?, None))
    }
}

impl<T: Number> Array<T> {
    /// The product of matrices.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::from_vec(&[2, 3], vec![1, 2, 3, 4, 5, 6], &[1, 2]);
    /// assert_eq!(x.matmul(&x.t()).compute()?.values(), [14, 32, 32, 77]);
    /// assert!(x.matmul(&x).compute().is_err());
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn matmul(&self, other: &Self) -> Self {
        Self::made(|builder| {
            let (a, b) = (self.shape()?, other.shape()?);
            let ([_, inner], [other_inner, _]) = (a.as_slice(), b.as_slice()) else {
                return Err(ArrayError::value(format!(
                    "a product of arrays of {} and {} axes",
                    a.len(),
                    b.len()
                )));
            };
            if inner != other_inner {
                let (left, right) = (a.clone(), b.clone());
                return Err(raskt_core::ErrorKind::ShapeMismatch { left, right }.into());
            }
            products::matmul(builder, self.expr()?, other.expr()?, Some(T::DTYPE), Multiplier::Kernel)
        })
    }

    /// An array whose axes of length 1 are stretched to a shape, and which gets new ones in front.
    #[must_use]
    pub fn broadcast_to(&self, shape: &[u64], chunks: &[u64]) -> Self {
        Self::made(|builder| {
            let parameters = Param::map([(CHUNKS, chunks_param(&cut(shape, chunks)?))]);
            builder.make("broadcast_to", &[self.expr()?], parameters)
        })
    }
}

/// Arrays one behind the other along an axis.
///
/// ```
/// use raskt::array::{Array, concatenate};
/// let x = Array::<u8>::ones(&[1, 2], &[1, 1]);
/// assert_eq!(concatenate(&[x.clone(), x], 0).shape()?, [2, 2]);
/// # Ok::<(), raskt::array::ArrayError>(())
/// ```
#[must_use]
pub fn concatenate<T: Element>(arrays: &[Array<T>], axis: i64) -> Array<T> {
    Array::made(|builder| {
        let all = arrays.iter().map(|array| array.expr().cloned()).collect::<Built<Vec<_>>>()?;
        joining::concatenate(builder, &all, axis)
    })
}

/// Arrays on top of each other, along a new axis.
#[must_use]
pub fn stack<T: Element>(arrays: &[Array<T>], axis: i64) -> Array<T> {
    Array::made(|builder| {
        let all = arrays.iter().map(|array| array.expr().cloned()).collect::<Built<Vec<_>>>()?;
        joining::stack(builder, &all, axis)
    })
}
