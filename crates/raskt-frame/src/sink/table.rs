//! The rows of frames that are written to files.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use raskt_core::{DType, ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta, layer_name};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Keys, TableBuilder};

use crate::arguments::{get, list, text, with};
use crate::io::parquet::{WriteParquet, is_writable, write_parquet};
use crate::operations::{Job, Row, kernel_name};
use crate::{Field, FrameMeta, Kind, Label, PandasType, Schema, Table, library};

/// A Parquet file of each partition. The parameters are `shared`, of all files, and `parts`, a list of those of each: together
/// they are those of [`WriteParquet`], and `options` of pandas' own writer.
pub const WRITE_PARQUET: &str = "write_parquet";
/// Some other file of each partition, by the function `writer` of Python's; `shared` and `parts` as above.
pub const WRITE: &str = "write";

/// The rows of this family. Each partition becomes a series of one value: the number of rows that were written.
#[must_use]
pub fn rows() -> Vec<Row> {
    let write = Row {
        name: WRITE,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |_, _| false,
        kernel: None,
        library: Some(library::WRITE_PARQUET),
        lower: lowered,
    };
    vec![Row { name: WRITE_PARQUET, accepts: is_native, kernel: Some(written), ..write }, write]
}

fn counts() -> Schema {
    Schema::new(Kind::Series, [Field::new(Label::None, PandasType::Plain(DType::Int64))])
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let n_partitions = operands.first().map_or(0, FrameMeta::n_partitions);
    let n_parts = list(parameters, "parts").len() as u64;
    if n_partitions != n_parts {
        let what = format!("{n_parts} files to write of {n_partitions} partitions");
        return Err(ErrorKind::InvalidValue(what).into());
    }
    FrameMeta::from(counts()).into_meta_of((0..n_parts).map(|_| Some(1)))
}

/// Whether the file has nothing that pandas' own writer is asked for.
fn is_native(operands: &[Meta], parameters: &Param) -> bool {
    let is_plain = *get(get(parameters, "shared"), "options") == Param::Null;
    let schema = operands.first().and_then(|meta| FrameMeta::of(meta).ok()).map(|own| &own.schema);
    is_plain && schema.is_some_and(is_writable)
}

/// A task a partition, with its own parameters.
fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let operand = job.operand(0)?;
    let parameters = job.expr.parameters();
    let (shared, parts) = (get(parameters, "shared"), list(parameters, "parts"));
    let path = match job.row.name {
        WRITE => Some(text(parameters, "writer")?),
        _ if job.is_native()? => None,
        _ => Some(library::WRITE_PARQUET),
    };
    let mut table = TableBuilder::with_capacity(2 * parts.len(), parts.len());
    let mut rows = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let Param::Map(entries) = part else {
            return Err(ErrorKind::InvalidGraph(format!("{part:?} does not say where to write")).into());
        };
        let all = with(shared, entries.iter().map(|(name, value)| (&**name, value.clone())));
        let body = match path {
            Some(path) => Body::Library { path: path.into(), parameters: all },
            None => Body::Native { name: kernel_name(WRITE_PARQUET), parameters: all },
        };
        let partition = table.push_own(Body::Input(at.fit::<u32>()), &[])?;
        rows.push(table.push_own(body, &[partition])?);
    }
    let keys = Keys::Indexed(layer_name(job.expr));
    Ok(Raw::new(Arc::new(table.finish(keys, rows)?), operand.keys().collect())?.into())
}

/// Writes a partition.
fn written(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let missing = || ErrorKind::InvalidGraph("nothing to write".to_owned());
    let table = Table::of(call.inputs.first().ok_or_else(missing)?)?;
    let file = WriteParquet::from_param(call.shared)?;
    if let Some(folder) = Path::new(&*file.path).parent() {
        raskt_store::make_staged(folder)?;
    }
    write_parquet(std::slice::from_ref(table), &file)?;
    let column: ArrayRef = Arc::new(Int64Array::from(vec![table.n_rows().clamped::<i64>()]));
    Ok(Table::over_range(counts(), vec![column], 1)?.into())
}
