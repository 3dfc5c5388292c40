//! Several arrays in one.

use raskt_core::{ErrorKind, NdArray, Result, Shape};

use crate::kernels::memory::{self, invalid};
use crate::kernels::nest::{Nest, Order, TileShape};

/// Copies an array to where a region of a C-ordered one begins: `at` is the region's first byte, `steps` are the
/// byte steps of the larger array along the axes of `source`.
pub(crate) fn copy_into(source: &NdArray, out: &mut [u8], at: usize, steps: &[i64]) -> Result<()> {
    let item = source.item_bytes();
    let operands = [source.strides(), steps];
    // In the order of what is written: blocks of tiles keep the reads together.
    let order = Order::by_memory(source.shape(), &operands[1..]);
    let base = smallvec::smallvec![source.offset() as i64, at as i64];
    let nest = Nest::new(source.shape(), &order, &operands, base);
    let bytes = source.buffer().as_slice();
    let mut scratch = memory::Scratch::new();
    nest.for_each_tile(TileShape::Wide, |tile| {
        let len = tile.len() * item;
        if tile.is_dense(1, item as i64) {
            let start = tile.offsets[1] as usize;
            memory::gather(bytes, tile, 0, item, &mut out[start..start + len]);
            return Ok(());
        }
        let dense = memory::scratch_bytes(&mut scratch, len);
        memory::gather(bytes, tile, 0, item, dense);
        if tile.cols == 1 || tile.col_steps[1] == item as i64 {
            memory::scatter(tile, 1, 0, item, dense, out);
            return Ok(());
        }
        for (number, element) in dense.chunks_exact(item).enumerate() {
            let (row, col) = ((number / tile.cols) as i64, (number % tile.cols) as i64);
            let to = (tile.offsets[1] + row * tile.row_steps[1] + col * tile.col_steps[1]) as usize;
            out[to..to + item].copy_from_slice(element);
        }
        Ok(())
    })
}

/// The arrays one behind the other along an axis; all of one dtype.
pub(crate) fn concatenate_arrays(arrays: &[NdArray], axis: usize) -> Result<NdArray> {
    let first = arrays.first().ok_or_else(|| invalid("need at least one array to concatenate"))?;
    let mut shape: Shape = first.shape().into();
    shape[axis] = 0;
    for array in arrays {
        let is_fitting = array.shape().len() == shape.len()
            && (0..shape.len()).all(|at| at == axis || array.shape()[at] == first.shape()[at]);
        if !is_fitting {
            let (left, right) = (first.shape().to_vec(), array.shape().to_vec());
            return Err(ErrorKind::ShapeMismatch { left, right }.into());
        }
        if array.dtype() != first.dtype() {
            let found = array.dtype().to_string();
            return Err(ErrorKind::WrongType { expected: "arrays of one dtype", found }.into());
        }
        shape[axis] += array.shape()[axis];
    }
    let steps = Order::plain(shape.len()).dense_steps(&shape, first.item_bytes() as i64);
    memory::build(first.dtype().clone(), &shape, |out| {
        let mut at = 0;
        for array in arrays {
            copy_into(array, out, at, &steps)?;
            at += array.shape()[axis] as usize * steps[axis] as usize;
        }
        Ok(())
    })
}
