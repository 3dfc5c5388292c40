//! The lines of elements along one axis.

use bytemuck::Pod;
use raskt_core::{DType, NdArray, Result, Shape, allocation};

use crate::kernels::memory::{array_of, elements};

/// Elements in NumPy's order of sorting: NaN behind all others.
pub(super) fn by_value<T: crate::kernels::element::Element>(a: &T, b: &T) -> std::cmp::Ordering {
    b.sorts_before(*a).cmp(&a.sorts_before(*b))
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
