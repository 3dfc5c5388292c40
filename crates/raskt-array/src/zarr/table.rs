//! Arrays in folders as expressions, and as layers.

use std::path::Path;

use raskt_core::chunk::Chunks;
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::{Arity, Expr};
use raskt_graph::Body;
use raskt_graph::layer::{Blockwise, BlockwiseParts, Indexed, Layer, Returns, Source};
use raskt_zarr::{Empty, Layout};

use super::bodies::{READ, WRITE};
use crate::builder::{Builder, array_meta};
use crate::creation::{places, ranges};
use crate::error::{ArrayError, Built};
use crate::npy::written_meta;
use crate::operations::{Job, Row};
use crate::parameters::{
    CHUNKS, DTYPE, KWARGS, chunks_of, chunks_param, dtype_of, dtype_param, integers, with,
};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = Row {
        name: "read_zarr",
        arity: Arity::Exactly(0),
        meta: |_, parameters| Ok(array_meta(dtype_of(parameters), chunks_of(parameters.get(CHUNKS))?)),
        lower: lower_read,
        kernel: None,
        library: None,
        build: |_, name, _, _| Err(ArrayError::value(format!("{name} takes a place"))),
    };
    vec![
        row,
        Row { name: "write_zarr", arity: Arity::Exactly(1), meta: written_meta, lower: lower_write, ..row },
    ]
}

/// An array in a folder.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The folder.
    pub folder: &'p Path,
    /// Its metadata, as text.
    pub metadata: &'p str,
}

impl Place<'_> {
    /// What the array is.
    ///
    /// # Errors
    /// As [`Layout::new`].
    pub fn layout(&self) -> Result<Layout> {
        Layout::new(self.folder, self.metadata)
    }

    /// What tasks need to know of it.
    fn told(&self) -> Result<Param> {
        let Some(folder) = self.folder.to_str() else {
            let what = format!("the name of {} is no text: zarr's library reads it", self.folder.display());
            return Err(ErrorKind::NotImplemented(what).into());
        };
        let metadata = Layout::essence(self.metadata)?;
        Ok(Param::map([
            ("folder", Param::Str(folder.into())),
            ("metadata", Param::Str(metadata.as_str().into())),
        ]))
    }
}

/// The array in a folder; `stamp` stands for its content.
///
/// # Errors
/// As [`Layout::new`]; for chunks that are not those of its shape.
pub fn read(builder: &Builder<'_>, place: &Place<'_>, stamp: Param, chunks: &Chunks) -> Built<Expr> {
    let layout = place.layout()?;
    let lengths: Option<Vec<u64>> = chunks.axes().iter().map(raskt_core::chunk::AxisChunks::length).collect();
    if lengths.as_deref() != Some(layout.shape()) {
        return Err(ArrayError::value(format!("{chunks:?} are no chunks of {:?} elements", layout.shape())));
    }
    let parameters = [
        (KWARGS, place.told()?),
        ("stamp", stamp),
        (DTYPE, dtype_param(layout.dtype())),
        (CHUNKS, chunks_param(chunks)),
    ];
    builder.make("read_zarr", &[], Param::map(parameters))
}

/// The writing of an array into one in a folder, from `starts` on: an array of as many elements as there are blocks, like
/// no other.
///
/// # Errors
/// As [`Layout::new`]; for an array that does not fit there.
pub fn write(
    builder: &Builder<'_>,
    array: &Expr,
    place: &Place<'_>,
    starts: &[u64],
    empty: Empty,
) -> Built<Expr> {
    let layout = place.layout()?;
    let chunks = builder.chunks(array)?;
    let fits = chunks.n_axes() == layout.shape().len()
        && starts.len() == layout.shape().len()
        && chunks.axes().iter().zip(starts).zip(layout.shape()).all(|((axis, &start), &n)| {
            axis.length().and_then(|length| length.checked_add(start)).is_some_and(|end| end <= n)
        });
    if !fits {
        let what = format!("{chunks:?} from {starts:?} on do not fit into {:?} elements", layout.shape());
        return Err(ArrayError::value(what));
    }
    let starts = integers(starts.iter().map(|&start| start.clamped::<i64>()));
    let told = with(&place.told()?, [("starts", starts), ("empty", Param::Bool(empty == Empty::Written))]);
    builder.make_impure("write_zarr", &[array], Param::map([(KWARGS, told)]))
}

fn lower_read(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = Body::Native { name: READ.into(), parameters: job.parameter(KWARGS) };
    Ok(Source::new(body, job.grid()?, places(job, &job.chunks()?), Returns::One)?.into())
}

fn lower_write(job: &mut Job<'_, '_>) -> Result<Layer> {
    let told = job.parameter(KWARGS);
    let chunks = job.operand_chunks(0)?;
    let letters: Vec<u16> = (0..chunks.n_axes().fit::<u16>()).collect();
    let body = Body::Native { name: WRITE.into(), parameters: told };
    let parts = BlockwiseParts {
        counts: (0..).zip(chunks.grid()).collect(),
        output: letters.clone(),
        operands: vec![Indexed::new(job.operands[0].name.clone(), &letters)],
        parameters: ranges(&chunks),
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}
