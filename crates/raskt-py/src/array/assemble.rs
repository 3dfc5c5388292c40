//! The last task of an array that is computed: its blocks become one NumPy array.

use std::sync::Arc;

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use raskt_array::kernels::{Piece, assemble};
use raskt_array::parameters::integers_of;
use raskt_core::{NdArray, Result, Value};
use raskt_exec::{Call, Kernel, LaneId, Outcome, TaskCtx};

use crate::{errors, object};

/// Smaller results are copied before another thread has started.
const SHARED_BYTES: usize = 1 << 20;
/// So much is copied before the blocks that it came from are let go of.
const BATCH_BYTES: usize = 64 << 20;

/// Puts blocks together.
pub struct Assemble;

impl Kernel for Assemble {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        Python::attach(|py| {
            let whole = whole(py, call).map_err(|error| errors::raised(py, error))?;
            Ok(Outcome::Value(whole))
        })
    }

    fn lane(&self) -> LaneId {
        crate::runtime::LANE
    }

    fn owns_inputs(&self) -> bool {
        true
    }

    fn is_brief(&self) -> bool {
        true
    }
}

fn whole(py: Python<'_>, call: &mut Call<'_>) -> PyResult<Value> {
    let grid: Vec<usize> =
        integers_of(call.shared, "grid").unwrap_or_default().iter().map(|&n| n as usize).collect();
    let whole = match &mut *call.inputs {
        // As an array that nobody else sees.
        [lone] => crate::own::to_block(py, std::mem::take(lone))?,
        blocks => match native(blocks) {
            Some(arrays) => {
                // What is copied is let go of, so that blocks and whole are not both there.
                blocks.fill_with(Value::default);
                assemble_native(py, arrays, &grid, call.ctx)?
            }
            None => assemble_by_numpy(py, blocks, &grid)?,
        },
    };
    // Without axes it is a scalar to NumPy's users.
    let is_scalar = whole.hasattr(intern!(py, "ndim"))? && whole.getattr(intern!(py, "ndim"))?.eq(0)?;
    Ok(object::carry(if is_scalar { whole.get_item(PyTuple::empty(py))? } else { whole }))
}

/// The blocks, where all are native and of one dtype.
fn native(blocks: &[Value]) -> Option<Vec<Arc<NdArray>>> {
    let arrays = blocks.iter().map(|block| match block {
        Value::Array(array) => Some(Arc::clone(array)),
        _ => None,
    });
    let arrays: Vec<_> = arrays.collect::<Option<_>>()?;
    let first = arrays.first()?;
    arrays.iter().all(|array| array.dtype() == first.dtype()).then_some(arrays)
}

/// Where each block along an axis begins and how long it is, and the length of the axis.
fn spans(arrays: &[Arc<NdArray>], grid: &[usize], axis: usize) -> (Vec<(u64, u64)>, u64) {
    let step: usize = grid[axis + 1..].iter().product();
    let mut at = 0;
    let spans = (0..grid[axis])
        .map(|block| {
            let (start, n) = (at, arrays[block * step].shape().get(axis).copied().unwrap_or(0));
            at += n;
            (start, n)
        })
        .collect();
    (spans, at)
}

fn assemble_native<'py>(
    py: Python<'py>,
    arrays: Vec<Arc<NdArray>>,
    grid: &[usize],
    ctx: &TaskCtx<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let axes: Vec<_> = (0..grid.len()).map(|axis| spans(&arrays, grid, axis)).collect();
    let mut shape: Vec<u64> = axes.iter().map(|(_, length)| *length).collect();
    check_blocks(&arrays, grid, &axes)?;
    let (dtype, item) = (arrays[0].dtype().to_string(), arrays[0].item_bytes());
    let numpy = py.import(intern!(py, "numpy"))?;
    let whole = numpy.call_method1(intern!(py, "empty"), (PyTuple::new(py, &shape)?, dtype))?;
    let array = whole.cast::<PyUntypedArray>()?;
    // SAFETY: the pointer is to a live array object, which `array` keeps alive.
    let data = unsafe { (*numpy::npyffi::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).data } as usize;
    // Blocks of one place along the outermost axis that is cut are a part of the whole that lies in one piece.
    let lead = grid.iter().position(|&n| n > 1).filter(|&lead| shape[..lead].iter().all(|&n| n == 1));
    let n_in_row = lead.map_or(arrays.len(), |lead| grid[lead + 1..].iter().product());
    let mut index = vec![0; grid.len()];
    let mut placed = arrays.into_iter().map(|block| {
        let at: Vec<u64> = index.iter().zip(&axes).map(|(&at, (spans, _))| spans[at].0).collect();
        advance(&mut index, grid);
        (at, block)
    });
    let mut begin = 0;
    while placed.len() > 0 {
        let (mut batch, mut batch_bytes) = (Vec::new(), 0);
        while batch_bytes < BATCH_BYTES && placed.len() > 0 {
            let row = placed.by_ref().take(n_in_row);
            batch.extend(row.inspect(|(_, block)| batch_bytes += block.n_elements() * item));
        }
        if let (Some(lead), Some((first, _)), Some((last, block))) = (lead, batch.first(), batch.last()) {
            let start = first[lead];
            shape[lead] = last[lead] + block.shape()[lead] - start;
            batch.iter_mut().for_each(|(at, _)| at[lead] -= start);
        }
        let pieces: Vec<_> = batch.iter().map(|(at, block)| Piece { at: at.clone(), block }).collect();
        let n_threads = if batch_bytes < SHARED_BYTES { 1 } else { ctx.n_threads };
        py.detach(|| {
            // SAFETY: the array is new, C-contiguous and longer than that, since every block has its place in it;
            // nobody else has seen it.
            let part = unsafe { std::slice::from_raw_parts_mut((data + begin) as *mut u8, batch_bytes) };
            assemble(&pieces, &shape, part, n_threads, || ctx.cancel.check())
        })
        .map_err(|error| errors::to_py(py, error))?;
        begin += batch_bytes;
        drop(batch);
        if placed.len() > 0 {
            raskt_store::trim_allocator();
        }
    }
    Ok(whole)
}

/// Every block has to fill its place, no more and no less: then every element of the whole is written, and once.
fn check_blocks(arrays: &[Arc<NdArray>], grid: &[usize], axes: &[(Vec<(u64, u64)>, u64)]) -> PyResult<()> {
    let mut index = vec![0; grid.len()];
    for block in arrays {
        let mut place = index.iter().zip(axes).map(|(&at, (spans, _))| spans[at].1);
        if block.shape().len() != grid.len() || !block.shape().iter().all(|&n| place.next() == Some(n)) {
            let place: Vec<u64> = index.iter().zip(axes).map(|(&at, (spans, _))| spans[at].1).collect();
            let text = format!(
                "block {index:?} of an array has shape {:?}, and the blocks beside it leave {place:?} for it: blocks \
                 whose sizes were not known do not fit each other; call compute_chunk_sizes() on what is joined first",
                block.shape()
            );
            return Err(pyo3::exceptions::PyValueError::new_err(text));
        }
        advance(&mut index, grid);
    }
    Ok(())
}

fn advance(index: &mut [usize], grid: &[usize]) {
    for (at, n) in index.iter_mut().zip(grid).rev() {
        *at += 1;
        if *at < *n {
            return;
        }
        *at = 0;
    }
}

/// Blocks that only NumPy knows, or another library.
fn assemble_by_numpy<'py>(py: Python<'py>, blocks: &[Value], grid: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let blocks: PyResult<Vec<_>> = blocks.iter().map(|block| object::to_object(py, block)).collect();
    let helper = py.import("raskt.array._chunk")?;
    helper.call_method1("assemble", (PyList::new(py, blocks?)?, PyList::new(py, grid)?))
}
