//! The lines of elements along one axis.

use bytemuck::Pod;
use raskt_core::{DType, NdArray, Result, Shape, allocation};

use crate::kernels::memory::{array_of, elements};

/// Elements in NumPy's order of sorting: NaN behind all others.
pub(super) fn by_value<T: crate::kernels::element::Element>(a: &T, b: &T) -> std::cmp::Ordering {
    b.sorts_before(*a).cmp(&a.sorts_before(*b))
}

/// Moves NaN behind all others; the others.
pub(super) fn numbers_first<T: crate::kernels::element::Element>(line: &mut [T]) -> &mut [T] {
    let mut n = 0;
    for at in 0..line.len() {
        if !line[at].is_nan() {
            line.swap(n, at);
            n += 1;
        }
    }
    &mut line[..n]
}

/// Sorts by value, NaN last. Of elements that equal one another any may come first: they are the same but for the sign
/// of zero.
pub(super) fn sort_line<T: crate::kernels::element::Element>(line: &mut [T]) {
    // Without NaN one comparison tells the order.
    numbers_first(line).sort_unstable_by(by_number);
}

/// [`by_value`], so written that sorting, which asks only whether one is less, makes one comparison of it.
pub(super) fn by_number<T: crate::kernels::element::Element>(a: &T, b: &T) -> std::cmp::Ordering {
    match (a.sorts_before(*b), b.sorts_before(*a)) {
        (true, _) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => std::cmp::Ordering::Equal,
    }
}

/// Makes of every line along `axis`, handed to `work` as a vector, a line of `n_made` elements of `dtype`.
pub(super) fn map_lines<T: Pod, O: Pod>(
    array: &NdArray,
    axis: usize,
    (dtype, n_made): (DType, usize),
    mut work: impl FnMut(&mut Vec<T>, &mut [O]) -> Result<()>,
) -> Result<NdArray> {
    let shape = array.shape();
    let n = shape[axis] as usize;
    let outer = shape[..axis].iter().product::<u64>() as usize;
    let inner = shape[axis + 1..].iter().product::<u64>() as usize;
    let source = elements::<T>(array)?;
    let mut out = allocation::zeros::<O>(outer * n_made * inner)?;
    let (mut line, mut made) = (allocation::room_for(n)?, allocation::zeros::<O>(n_made)?);
    for block in 0..outer {
        for col in 0..inner {
            line.clear();
            line.extend((0..n).map(|row| source[(block * n + row) * inner + col]));
            work(&mut line, &mut made)?;
            for (row, &value) in made.iter().enumerate() {
                out[(block * n_made + row) * inner + col] = value;
            }
        }
    }
    let mut shape: Shape = shape.into();
    shape[axis] = n_made as u64;
    array_of(dtype, &shape, &out)
}
