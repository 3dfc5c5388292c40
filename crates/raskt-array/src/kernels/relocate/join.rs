//! Several arrays in one.

use raskt_core::{ErrorKind, NdArray, Param, Result, Shape, Value};
use raskt_exec::{Call, Outcome};

use super::assemble::{Piece, assemble};
use super::slice::{Cut, lean, view};
use crate::kernels::element::with_item;
use crate::kernels::memory::{self, invalid};
use crate::kernels::nest::{Nest, Order, Tile, TileShape};
use crate::kernels::parameters;
use crate::kernels::shapes::normalize_axis;
use crate::kernels::threads;

/// Elements that are worth a copy of their own, where they lie one behind the other on both sides.
const LINE_MIN: usize = 64;

/// Copies an array to where a region of a C-ordered one begins: `at` is the region's first byte, `steps` are the
/// byte steps of the larger array along the axes of `source`.
pub(super) fn copy_into(source: &NdArray, out: &mut [u8], at: usize, steps: &[i64]) -> Result<()> {
    let item = source.item_bytes();
    let operands = [source.strides(), steps];
    // In the order of what is written: blocks of tiles keep the reads together.
    let order = Order::by_memory(source.shape(), &operands[1..]);
    let base = smallvec::smallvec![source.offset() as i64, at as i64];
    let nest = Nest::new(source.shape(), &order, &operands, base);
    let bytes = source.buffer().as_slice();
    let (n, line_steps) = nest.line();
    if n >= LINE_MIN && line_steps.iter().all(|&step| step == item as i64) {
        nest.for_each_line(|starts| {
            let (from, to) = (starts[0] as usize, starts[1] as usize);
            out[to..to + n * item].copy_from_slice(&bytes[from..from + n * item]);
        });
        return Ok(());
    }
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
        with_item!(item, T => scatter_items::<T>(tile, bytemuck::cast_slice(dense), out), else ());
        Ok(())
    })
}

/// Copies a tile in C order to where its elements are, of which the second operand's steps tell.
fn scatter_items<T: bytemuck::Pod>(tile: &Tile<'_>, dense: &[T], out: &mut [u8]) {
    let (row_step, col_step) = (tile.row_steps[1], tile.col_steps[1]);
    for (row, line) in dense.chunks_exact(tile.cols).enumerate() {
        let mut to = tile.offsets[1] + row as i64 * row_step;
        for element in line {
            let slot = &mut out[to as usize..to as usize + size_of::<T>()];
            slot.copy_from_slice(bytemuck::bytes_of(element));
            to += col_step;
        }
    }
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
    memory::build_whole(first.dtype().clone(), &shape, |out| {
        let mut at = 0;
        for array in arrays {
            copy_into(array, out, at, &steps)?;
            at += array.shape()[axis] as usize * steps[axis] as usize;
        }
        Ok(())
    })
}

/// A copy in C order.
pub(super) fn dense_copy(array: &NdArray) -> Result<NdArray> {
    let steps = Order::plain(array.shape().len()).dense_steps(array.shape(), array.item_bytes() as i64);
    memory::build_whole(array.dtype().clone(), array.shape(), |out| copy_into(array, out, 0, &steps))
}

/// The inputs, or the items of the only one where it is a list.
fn arrays(call: &Call<'_>) -> Result<Vec<NdArray>> {
    let items = match &*call.inputs {
        [Value::List(items)] => items,
        inputs => inputs,
    };
    items.iter().map(|item| Ok(memory::array(item)?.into_owned())).collect()
}

/// The body `array.join`: blocks that lie in a grid, in C order, as one. Own parameters, as layers give them:
/// `[n, ..]`, how many there are along each axis; `{"axes": [..], "counts": [..]}`, along some axes only; or
/// `[[[start, stop], ..], ..]`, for each axis what to take of each block along it.
pub(crate) fn join(call: &mut Call<'_>) -> Result<Outcome> {
    let blocks = arrays(call)?;
    call.inputs.fill(Value::Unit);
    let n_axes = blocks.first().map_or(0, |block| block.shape().len());
    let (counts, regions) = match call.own {
        Param::Map(_) => {
            let axes = parameters::integers(parameters::entry(call.own, "axes")?)?;
            let given = parameters::integers(parameters::entry(call.own, "counts")?)?;
            let mut counts = vec![1; n_axes];
            for (axis, n) in axes.iter().zip(given) {
                counts[normalize_axis(*axis, n_axes)?] = n as usize;
            }
            (counts, None)
        }
        Param::List(items) if items.iter().all(|item| matches!(item, Param::List(_))) => {
            let regions = regions(items)?;
            (regions.iter().map(Vec::len).collect(), Some(regions))
        }
        counts => (parameters::sizes(counts)?.iter().map(|&n| n as usize).collect(), None),
    };
    if counts.len() != n_axes || counts.iter().product::<usize>() != blocks.len() {
        return Err(invalid(format!("{} blocks of {n_axes} axes are no grid of {counts:?}", blocks.len())));
    }
    let parts = match regions {
        None => blocks,
        Some(regions) => {
            let part = |(number, block): (usize, &NdArray)| {
                let mut rest = number;
                let mut cuts = vec![Cut::All; n_axes];
                for axis in (0..n_axes).rev() {
                    let (start, stop) = regions[axis][rest % counts[axis]];
                    cuts[axis] = Cut::Range { start, n: stop - start, step: 1 };
                    rest /= counts[axis];
                }
                view(block, &cuts).map(|(part, _)| part)
            };
            blocks.iter().enumerate().map(part).collect::<Result<_>>()?
        }
    };
    match parts.as_slice() {
        [lone] => Ok(Outcome::Value(lean(lone.clone())?.into())),
        _ => join_grid(&parts, &counts, call).map(|array| Outcome::Value(array.into())),
    }
}

/// `[[start, stop], ..]` for each axis.
fn regions(items: &[Param]) -> Result<Vec<Vec<(u64, u64)>>> {
    let pair = |param: &Param| match *parameters::sizes(param)? {
        [start, stop] if start <= stop => Ok((start, stop)),
        _ => Err(invalid(format!("{param:?} is not [start, stop]"))),
    };
    let axis = |param: &Param| param.as_list().unwrap_or(&[]).iter().map(pair).collect();
    items.iter().map(axis).collect()
}

fn join_grid(parts: &[NdArray], counts: &[usize], call: &Call<'_>) -> Result<NdArray> {
    let first = &parts[0];
    let n_axes = counts.len();
    let inner = |axis: usize| counts[axis + 1..].iter().product::<usize>();
    // The sizes along each axis, read off the blocks at its edge.
    let sizes: Vec<Vec<u64>> = (0..n_axes)
        .map(|axis| (0..counts[axis]).map(|at| parts[at * inner(axis)].shape()[axis]).collect())
        .collect();
    let shape: Shape = sizes.iter().map(|sizes| sizes.iter().sum::<u64>()).collect();
    let mut pieces = Vec::with_capacity(parts.len());
    for (number, block) in parts.iter().enumerate() {
        let mut at = vec![0; n_axes];
        for axis in 0..n_axes {
            let index = number / inner(axis) % counts[axis];
            if block.shape()[axis] != sizes[axis][index] || block.dtype() != first.dtype() {
                let (left, right) = (first.shape().to_vec(), block.shape().to_vec());
                return Err(ErrorKind::ShapeMismatch { left, right }.into());
            }
            at[axis] = sizes[axis][..index].iter().sum();
        }
        pieces.push(Piece { at, block });
    }
    let n_threads = threads::worthwhile(call.ctx, memory::n_elements(&shape)?);
    memory::build_whole(first.dtype().clone(), &shape, |out| {
        assemble(&pieces, &shape, out, n_threads, || call.ctx.cancel.check())
    })
}

/// The body `array.cut`: a block in pieces, in C order, own parameters `[[[start, stop], ..], ..]`, the regions along
/// each axis. Pieces are copies, so that the block can go before all of them are used.
pub(crate) fn cut(call: &mut Call<'_>) -> Result<Outcome> {
    let block = memory::array(call.inputs.first().ok_or_else(|| invalid("nothing to cut"))?)?.into_owned();
    let regions = regions(call.own.as_list().ok_or_else(|| invalid("regions to cut at"))?)?;
    let n = regions.iter().map(Vec::len).product::<usize>();
    let mut pieces = Vec::with_capacity(n);
    for number in 0..n {
        call.ctx.cancel.check()?;
        let mut rest = number;
        let mut cuts = vec![Cut::All; regions.len()];
        for axis in (0..regions.len()).rev() {
            let (start, stop) = regions[axis][rest % regions[axis].len()];
            cuts[axis] = Cut::Range { start, n: stop - start, step: 1 };
            rest /= regions[axis].len();
        }
        pieces.push(Value::from(dense_copy(&view(&block, &cuts)?.0)?));
    }
    Ok(Outcome::Value(pieces.into()))
}
