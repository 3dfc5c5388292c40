//! What tasks do with an array in a folder: read a region of it, write one.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use raskt_core::{Buffer, DType, ErrorKind, Fit, NdArray, Param, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_zarr::{Empty, Layout};

use crate::kernels::elementwise::cast;
use crate::kernels::memory;
use crate::kernels::parameters::{entry, integers, is_set, sizes, text};

/// Reads a block: parameters `folder` and `metadata`, own ones `{"ranges": [[start, stop], ..]}`.
pub(super) const READ: &str = "array.read_zarr";
/// Writes a block, and returns an array of one element that says so: parameters as of [`READ`], `starts`, where in the
/// array the first element of all blocks goes, and `empty`, whether chunks of fill values are written.
pub(super) const WRITE: &str = "array.write_zarr";

/// Adds the bodies to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    registry.add_kernel(READ, Arc::new(read))?;
    registry.add_kernel(WRITE, Arc::new(write))
}

/// An array in a folder, and how it is written.
#[derive(Debug)]
pub struct Target {
    layout: Layout,
    empty: Empty,
    starts: Vec<u64>,
}

impl Target {
    /// The target that such parameters tell of.
    ///
    /// # Errors
    /// As [`Layout::new`]; [`ErrorKind::InvalidValue`] for other parameters.
    pub fn of(parameters: &Param) -> Result<Self> {
        let layout = layout_of(parameters)?;
        let empty = if is_set(parameters, "empty") { Empty::Written } else { Empty::LeftOut };
        let starts = sizes(entry(parameters, "starts")?)?.to_vec();
        Ok(Self { layout, empty, starts })
    }

    /// Writes a block to `ranges`, counted from where the first block goes.
    ///
    /// # Errors
    /// As [`Layout::write`]; [`ErrorKind::ShapeMismatch`] for a block of another shape.
    pub fn write(
        &self,
        block: &NdArray,
        ranges: &[Range<u64>],
        check: impl Fn() -> Result<()>,
    ) -> Result<()> {
        let shape: Vec<u64> = ranges.iter().map(|range| range.end - range.start).collect();
        if block.shape() != shape {
            return Err(ErrorKind::ShapeMismatch { left: shape, right: block.shape().to_vec() }.into());
        }
        let cast =
            (block.dtype() != self.layout.dtype()).then(|| cast(block, self.layout.dtype())).transpose()?;
        let block = cast.as_ref().unwrap_or(block).to_contiguous()?;
        let window: Vec<Range<u64>> =
            ranges.iter().zip(&self.starts).map(|(own, start)| own.start + start..own.end + start).collect();
        let written =
            self.layout.write(&window, block.contiguous_bytes().unwrap_or_default(), self.empty, check);
        written.map_err(|error| match error.kind() {
            ErrorKind::System { what, reason } => {
                let reason = format!("{reason}, while the region {window:?} was written");
                ErrorKind::System { what: what.clone(), reason }.into()
            }
            _ => error,
        })
    }
}

fn layout_of(parameters: &Param) -> Result<Layout> {
    Layout::new(Path::new(text(parameters, "folder")?), text(parameters, "metadata")?)
}

/// The region that a task is for.
fn ranges_of(own: &Param) -> Result<Vec<Range<u64>>> {
    let wrong = || ErrorKind::InvalidValue(format!("{own:?} is no region of an array"));
    let ranges = entry(own, "ranges")?.as_list().ok_or_else(wrong)?;
    let range = |range: &Param| match *integers(range)? {
        [from, to] if 0 <= from && from <= to => Ok(from.clamped::<u64>()..to.clamped::<u64>()),
        _ => Err(wrong().into()),
    };
    ranges.iter().map(range).collect()
}

fn read(call: &mut Call<'_>) -> Result<Outcome> {
    let (layout, window) = (layout_of(call.shared)?, ranges_of(call.own)?);
    let shape: Vec<u64> = window.iter().map(|range| range.end - range.start).collect();
    let array = memory::build_whole(layout.dtype().clone(), &shape, |out| {
        layout.read(&window, out, || call.ctx.cancel.check())
    })?;
    Ok(Outcome::Value(array.into()))
}

fn write(call: &mut Call<'_>) -> Result<Outcome> {
    let (target, ranges) = (Target::of(call.shared)?, ranges_of(call.own)?);
    let block = memory::array(call.inputs.first().unwrap_or(&Value::Unit))?;
    target.write(&block, &ranges, || call.ctx.cancel.check())?;
    let written = NdArray::contiguous(DType::Bool, &vec![1; ranges.len()], Buffer::from(vec![1_u8]))?;
    Ok(Outcome::Value(written.into()))
}
