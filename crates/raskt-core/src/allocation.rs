//! Memory of a size that data decide. Where the system has none, that is an error of the task that wanted it, and not
//! the end of the process, as it is for the standard library's vectors.

use bytemuck::Zeroable;

use crate::{ErrorKind, Result};

/// The error that `n` elements of type `T` have no room.
fn exhausted<T>(n: usize) -> crate::Error {
    ErrorKind::OutOfMemory { needed_bytes: (n as u64).saturating_mul(size_of::<T>() as u64) }.into()
}

/// `n` zeros. Where they are many, the system clears them page by page, when they are first touched.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
///
/// ```
/// use raskt_core::{ErrorKind, allocation};
/// assert_eq!(allocation::zeros::<i64>(3)?, [0, 0, 0]);
/// let error = allocation::zeros::<i64>(1 << 58).unwrap_err();
/// assert_eq!(error.kind(), &ErrorKind::OutOfMemory { needed_bytes: 1 << 61 });
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub fn zeros<T: Zeroable>(n: usize) -> Result<Vec<T>> {
    match bytemuck::allocation::try_zeroed_slice_box(n) {
        Ok(elements) => Ok(elements.into_vec()),
        Err(()) => Err(exhausted::<T>(n)),
    }
}

/// No elements, and room for `n`.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
pub fn room_for<T>(n: usize) -> Result<Vec<T>> {
    let mut elements = Vec::new();
    elements.try_reserve_exact(n).map_err(|_| exhausted::<T>(n))?;
    Ok(elements)
}

/// Makes room for `n` more elements; room for twice as many as there are, where that is had, so that many small additions
/// copy each element a few times only.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
pub fn make_room<T>(elements: &mut Vec<T>, n: usize) -> Result<()> {
    elements.try_reserve(n).map_err(|_| exhausted::<T>(n.saturating_add(elements.len())))
}

/// `n` times `element`.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
pub fn filled<T: Clone>(element: T, n: usize) -> Result<Vec<T>> {
    let mut elements = room_for(n)?;
    elements.resize(n, element);
    Ok(elements)
}

/// What an iterator that knows its length gives.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
///
/// ```
/// # use raskt_core::allocation;
/// assert_eq!(allocation::collected((1..4).map(|n| n * n))?, [1, 4, 9]);
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub fn collected<T>(elements: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>> {
    let mut all = room_for(elements.len())?;
    all.extend(elements);
    Ok(all)
}

/// A copy of `elements`.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`].
pub fn copied<T: Copy>(elements: &[T]) -> Result<Vec<T>> {
    let mut all = room_for(elements.len())?;
    all.extend_from_slice(elements);
    Ok(all)
}
