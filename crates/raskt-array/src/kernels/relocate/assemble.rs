//! Blocks that become one array.

use raskt_core::{NdArray, Result};

use super::join::copy_into;
use super::slice::{Cut, view};
use crate::kernels::memory::invalid;
use crate::kernels::nest::Order;
use crate::kernels::threads;

/// What is written before the next part of the whole begins: where blocks lie beside each other, or between each other,
/// their elements meet while they are in the cache.
const SLAB_BYTES: usize = 256 << 10;
/// How often a block is looked at whether it has elements in a part, all blocks and parts together.
const N_LOOKS_MAX: usize = 1 << 16;

/// A block, and where its first element lies in the whole.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// Its place along each axis.
    pub at: Vec<u64>,
    /// The block.
    pub block: &'a NdArray,
}

/// Copies blocks to where they belong in `out`, the bytes of an array of `shape` in C order, with up to `n_threads`
/// threads; `check` is asked before each block whether to go on. What no block covers stays as it is.
///
/// # Errors
/// [`ErrorKind::InvalidValue`](raskt_core::ErrorKind::InvalidValue) for a block that lies outside; what `check` returns.
///
/// ```
/// use raskt_array::kernels::{Piece, assemble};
/// use raskt_core::{Buffer, DType, NdArray};
/// let block = NdArray::contiguous(DType::UInt8, &[2, 1], Buffer::from(&b"ab"[..]))?;
/// let mut out = *b"......";
/// assemble(&[Piece { at: vec![0, 2], block: &block }], &[2, 3], &mut out, 1, || Ok(()))?;
/// assert_eq!(&out, b"..a..b");
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub fn assemble(
    pieces: &[Piece<'_>],
    shape: &[u64],
    out: &mut [u8],
    n_threads: usize,
    check: impl Fn() -> Result<()> + Sync,
) -> Result<()> {
    let Some(first) = pieces.first() else { return Ok(()) };
    let item = first.block.item_bytes();
    let n_bytes = shape.iter().product::<u64>() * item as u64;
    let fits = |piece: &Piece<'_>| {
        piece.block.item_bytes() == item
            && piece.at.len() == shape.len()
            && piece.block.shape().len() == shape.len()
            && (0..shape.len()).all(|axis| piece.at[axis] + piece.block.shape()[axis] <= shape[axis])
    };
    if out.len() as u64 != n_bytes || !pieces.iter().all(fits) {
        return Err(invalid(format!("blocks that lie outside of an array of {shape:?}")));
    }
    let steps = Order::plain(shape.len()).dense_steps(shape, item as i64);
    // The outermost axis that is there to be cut: what lies before a place along it lies before in memory, too.
    let lead = shape.iter().position(|&n| n != 1).unwrap_or(0);
    let (n, step) = (shape.get(lead).copied().unwrap_or(1), steps.get(lead).copied().unwrap_or(item as i64));
    let len = n.div_ceil(n_threads.max(1) as u64).max(1);
    let n_slabs = (out.len() / SLAB_BYTES).min(N_LOOKS_MAX / pieces.len());
    let part = len.div_ceil((n_slabs / n_threads.max(1)).max(1) as u64).max(1);
    let slabs = out.chunks_mut((len as usize * step as usize).max(1)).zip((0..).step_by(len as usize));
    threads::each(slabs.collect(), |(out, start)| {
        let end = (start + len).min(n);
        let parts =
            out.chunks_mut((part as usize * step as usize).max(1)).zip((start..).step_by(part as usize));
        for (out, start) in parts {
            check()?;
            let stop = (start + part).min(end);
            pieces.iter().try_for_each(|piece| copy_part(piece, (lead, start, stop), &steps, out))?;
        }
        Ok(())
    })
    .map(drop)
}

/// Copies what lies between two places along an axis, of which `out` is the part.
fn copy_part(
    piece: &Piece<'_>,
    (lead, start, stop): (usize, u64, u64),
    steps: &[i64],
    out: &mut [u8],
) -> Result<()> {
    let Some(&from) = piece.at.get(lead) else { return copy_into(piece.block, out, 0, steps) };
    let (low, high) = (from.max(start), (from + piece.block.shape()[lead]).min(stop));
    if low >= high {
        return Ok(());
    }
    let place = |(axis, &at): (usize, &u64)| if axis == lead { low - start } else { at } as usize;
    let at = piece.at.iter().enumerate().map(place).zip(steps).map(|(at, &step)| at * step as usize).sum();
    let mut cuts = vec![Cut::All; piece.at.len()];
    cuts[lead] = Cut::Range { start: low - from, n: high - low, step: 1 };
    copy_into(&view(piece.block, &cuts)?.0, out, at, steps)
}
