//! Broadcasting and axes.

use raskt_core::{ErrorKind, NdArray, Result, Shape};

use super::memory::invalid;

/// The shape that arrays of these shapes have together.
///
/// ```
/// use raskt_array::kernels::broadcast_shapes;
/// assert_eq!(broadcast_shapes([&[3, 1][..], &[4]])?.as_slice(), [3, 4]);
/// assert!(broadcast_shapes([&[3][..], &[4]]).is_err());
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::ShapeMismatch`] where two sizes differ and neither is 1.
pub fn broadcast_shapes<'a>(shapes: impl IntoIterator<Item = &'a [u64]>) -> Result<Shape> {
    let mut all = Shape::new();
    for shape in shapes {
        while all.len() < shape.len() {
            all.insert(0, 1);
        }
        let skip = all.len() - shape.len();
        for at in 0..shape.len() {
            match (all[skip + at], shape[at]) {
                (a, b) if a == b || b == 1 => {}
                (1, b) => all[skip + at] = b,
                _ => {
                    return Err(ErrorKind::ShapeMismatch { left: all.to_vec(), right: shape.to_vec() }.into());
                }
            }
        }
    }
    Ok(all)
}

/// The byte steps of an array as if it had `shape`, to which it can be broadcast.
pub(crate) fn broadcast_steps(array: &NdArray, shape: &[u64]) -> Vec<i64> {
    let skip = shape.len() - array.shape().len();
    let own = array.shape().iter().zip(array.strides()).zip(&shape[skip..]);
    let steps = own.map(|((&n, &step), &wanted)| if n == 1 && wanted != 1 { 0 } else { step });
    std::iter::repeat_n(0, skip).chain(steps).collect()
}

/// The axis that NumPy means by `axis`, which may count from the end.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] in NumPy's words for an axis that is not there.
pub fn normalize_axis(axis: i64, n_axes: usize) -> Result<usize> {
    let n = n_axes as i64;
    match axis {
        axis if (0..n).contains(&axis) => Ok(axis as usize),
        axis if (-n..0).contains(&axis) => Ok((axis + n) as usize),
        _ => Err(invalid(format!("axis {axis} is out of bounds for array of dimension {n_axes}"))),
    }
}
