//! What tasks do with a file: read a region of it, write one.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as IoKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, NdArray, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};

use super::head::io_error;
use crate::kernels::memory;
use crate::kernels::parameters::{entry, sizes};
use crate::parameters::{dtype_of, text};

/// Reads a block: parameters `path`, `start`, `shape` and `dtype`, own ones `{"ranges": [[start, stop], ..]}`.
pub(super) const READ: &str = "array.read_npy";
/// Writes a block, and returns an array of one element that says so: parameters as of [`READ`].
pub(super) const WRITE: &str = "array.write_npy";

/// Adds the bodies to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    registry.add_kernel(READ, Arc::new(read))?;
    registry.add_kernel(WRITE, Arc::new(write))
}

/// The region of a file that a task is for.
struct Region<'c> {
    path: &'c Path,
    start: u64,
    /// For each axis of the file's array: its length, and the range that is meant.
    axes: Vec<(u64, u64, u64)>,
}

impl<'c> Region<'c> {
    fn of(call: &Call<'c>) -> Result<Self> {
        let wrong = || ErrorKind::InvalidValue(format!("{:?} is no region of a file", call.own));
        let path = text(call.shared, "path");
        let start = entry(call.shared, "start")?.as_int().and_then(|n| u64::try_from(n).ok());
        let shape = sizes(entry(call.shared, "shape")?)?;
        let ranges = entry(call.own, "ranges")?.as_list().unwrap_or_default();
        let mut axes = Vec::with_capacity(shape.len());
        for (&length, range) in shape.iter().zip(ranges) {
            match *sizes(range)? {
                [from, to] if from <= to && to <= length => axes.push((length, from, to)),
                _ => return Err(wrong().into()),
            }
        }
        let start = start.filter(|_| axes.len() == shape.len()).ok_or_else(wrong)?;
        Ok(Self { path: Path::new(path), start, axes })
    }

    fn shape(&self) -> Vec<u64> {
        self.axes.iter().map(|(_, from, to)| to - from).collect()
    }

    /// Calls `each` for all lines that lie in one piece in the file, with the first byte, and the bytes in the block.
    fn for_each_line(&self, item: u64, mut each: impl FnMut(u64, usize, usize) -> Result<()>) -> Result<()> {
        let shape = self.shape();
        if shape.contains(&0) {
            return Ok(());
        }
        // The axes from `inner` on are taken whole, but for the first of them.
        let n_axes = self.axes.len();
        let whole =
            self.axes.iter().rev().take_while(|&&(length, from, to)| from == 0 && to == length).count();
        let inner = n_axes.saturating_sub(whole + 1);
        let steps: Vec<u64> = (0..n_axes)
            .map(|axis| self.axes[axis + 1..].iter().map(|axis| axis.0).product::<u64>() * item)
            .collect();
        let n_line = (shape[inner..].iter().product::<u64>() * item).fit::<usize>();
        let n_lines: u64 = shape[..inner].iter().product();
        for number in 0..n_lines {
            let (mut rest, mut at) = (number, self.start);
            for axis in (0..n_axes).rev() {
                let index = if axis < inner { rest % shape[axis] } else { 0 };
                rest = if axis < inner { rest / shape[axis] } else { rest };
                at += (self.axes[axis].1 + index) * steps[axis];
            }
            let place = number.fit::<usize>() * n_line;
            each(at, place, place + n_line)?;
        }
        Ok(())
    }
}

fn read(call: &mut Call<'_>) -> Result<Outcome> {
    let region = Region::of(call)?;
    let dtype = dtype_of(call.shared);
    let item = dtype.item_bytes().unwrap_or(1) as u64;
    let mut file = File::open(region.path).map_err(|error| io_error(region.path, &error))?;
    let array = memory::build_whole(dtype, &region.shape(), |out| {
        region.for_each_line(item, |at, from, to| {
            call.ctx.cancel.check()?;
            let done = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut out[from..to]));
            done.map_err(|error| match error.kind() {
                IoKind::UnexpectedEof => {
                    let what =
                        format!("{}: it ends before byte {}", region.path.display(), at + (to - from) as u64);
                    ErrorKind::Corrupt(what).into()
                }
                _ => io_error(region.path, &error),
            })
        })
    })?;
    Ok(Outcome::Value(array.into()))
}

fn write(call: &mut Call<'_>) -> Result<Outcome> {
    let region = Region::of(call)?;
    let block = memory::array(call.inputs.first().unwrap_or(&Value::Unit))?.to_contiguous()?;
    if block.shape() != region.shape() || *block.dtype() != dtype_of(call.shared) {
        let (left, right) = (region.shape(), block.shape().to_vec());
        return Err(ErrorKind::ShapeMismatch { left, right }.into());
    }
    let bytes = block.contiguous_bytes().unwrap_or_default();
    let failed = |error: std::io::Error| io_error(region.path, &error);
    let mut file = OpenOptions::new().write(true).open(region.path).map_err(failed)?;
    region.for_each_line(block.item_bytes() as u64, |at, from, to| {
        call.ctx.cancel.check()?;
        file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(&bytes[from..to])).map_err(failed)
    })?;
    let shape = vec![1; region.axes.len()];
    let written = NdArray::contiguous(raskt_core::DType::Bool, &shape, raskt_core::Buffer::from(vec![1_u8]))?;
    Ok(Outcome::Value(written.into()))
}
