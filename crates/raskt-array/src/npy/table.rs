//! Files as expressions, and as layers.

use std::path::Path;

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
use raskt_expr::{Arity, Expr, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{Blockwise, BlockwiseParts, Indexed, Layer, Returns, Source};

use super::bodies::{READ, WRITE};
use super::head::Head;
use crate::builder::{Builder, array_meta};
use crate::creation::ranges;
use crate::error::{ArrayError, Built};
use crate::operations::{Job, Row};
use crate::parameters::{CHUNKS, DTYPE, KWARGS, chunks_of, chunks_param, dtype_of, dtype_param, integers};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = Row {
        name: "read_npy",
        arity: Arity::Exactly(0),
        meta: |_, parameters| Ok(array_meta(dtype_of(parameters), chunks_of(parameters.get(CHUNKS))?)),
        lower: lower_read,
        kernel: None,
        library: None,
        build: |_, name, _, _| Err(ArrayError::value(format!("{name} takes a file's head"))),
    };
    vec![
        row,
        Row { name: "write_npy", arity: Arity::Exactly(1), meta: written_meta, lower: lower_write, ..row },
    ]
}

/// The array of a file whose head has been read, in C order; `stamp` tells one state of the file from another.
///
/// # Errors
/// For a path that is no text.
pub fn read(builder: &Builder<'_>, path: &Path, head: &Head, stamp: &[u64], chunks: &Chunks) -> Built<Expr> {
    let parameters = [
        (KWARGS, told(path, head)?),
        ("stamp", integers(stamp.iter().map(|&part| part.clamped::<i64>()))),
        (DTYPE, dtype_param(&head.dtype)),
        (CHUNKS, chunks_param(chunks)),
    ];
    builder.make("read_npy", &[], Param::map(parameters))
}

/// The writing of an array into a file that is there, has this head and is as long as that says: an array of as many
/// elements as there are blocks.
///
/// # Errors
/// For a path that is no text.
pub fn write(builder: &Builder<'_>, array: &Expr, path: &Path, head: &Head) -> Built<Expr> {
    builder.make("write_npy", &[array], Param::map([(KWARGS, told(path, head)?)]))
}

/// What the tasks need to know of the file.
fn told(path: &Path, head: &Head) -> Result<Param> {
    let Some(path) = path.to_str() else {
        return Err(ErrorKind::InvalidValue(format!("{} is no text", path.display())).into());
    };
    Ok(Param::map([
        ("path", Param::Str(path.into())),
        ("start", Param::Int(head.start.clamped())),
        ("shape", integers(head.shape.iter().map(|&n| n.clamped::<i64>()))),
        (DTYPE, dtype_param(&head.dtype)),
    ]))
}

fn lower_read(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = Body::Native { name: READ.into(), parameters: job.parameter(KWARGS) };
    Ok(Source::new(body, job.grid()?, ranges(&job.chunks()?), Returns::One)?.into())
}

/// One element a block.
pub(crate) fn written_meta(operands: &[Meta], _: &Param) -> Result<Meta> {
    let grid = crate::builder::chunks(&operands[0])?.grid();
    let axes = grid.into_iter().map(|n| AxisChunks::uniform(n.into(), 1)).collect::<Result<Vec<_>>>()?;
    Ok(array_meta(DType::Bool, Chunks::new(axes)?))
}

fn lower_write(job: &mut Job<'_, '_>) -> Result<Layer> {
    let chunks = job.operand_chunks(0)?;
    let letters: Vec<u16> = (0..chunks.n_axes().fit::<u16>()).collect();
    let body = Body::Native { name: WRITE.into(), parameters: job.parameter(KWARGS) };
    let parts = BlockwiseParts {
        counts: (0..).zip(chunks.grid()).collect(),
        output: letters.clone(),
        operands: vec![Indexed::new(job.operands[0].name.clone(), &letters)],
        parameters: ranges(&chunks),
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}
