//! The rows of frames that are read from files: a task a part of a file.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Draft, Expr, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Keys, TableBuilder};

use crate::arguments::{get, list, with};
use crate::io::Filters;
use crate::io::csv::{self, Block, ReadCsv};
use crate::io::parquet::{self, ReadParquet};
use crate::operations::{COLLECTION, Job, KernelFn, Row, kernel_name};
use crate::{FrameMeta, Label, Schema};

/// Parts of Parquet files; the parameters are `parts`, `schema` and `lengths`.
pub const READ_PARQUET: &str = "read_parquet";
/// Blocks of CSV files; the same parameters.
pub const READ_CSV: &str = "read_csv";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    let row = |name, kernel: KernelFn| Row {
        name,
        arity: Arity::Exactly(0),
        meta: |_, parameters| meta(parameters).map(Some),
        accepts: |_, _| true,
        kernel: Some(kernel),
        library: None,
        lower: lowered,
    };
    vec![row(READ_PARQUET, read_parquet_part), row(READ_CSV, read_csv_block)]
}

/// A frame of those parts of Parquet files, a partition each, all read as `schema` says. `lengths` are their numbers of rows,
/// where footers have been read and no filter leaves rows out.
///
/// ```no_run
/// use raskt_frame::io::parquet::{ParquetFile, ParquetIndex, ReadParquet};
/// use raskt_frame::source::read_parquet;
/// let part = ReadParquet::new("january.parquet");
/// let file = ParquetFile::open(part.path.clone(), &ParquetIndex::default(), None)?;
/// let frame = read_parquet(&[part], file.schema(), None)?;
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for no part.
pub fn read_parquet(parts: &[ReadParquet], schema: &Schema, lengths: Option<&[u64]>) -> Result<Expr> {
    made(READ_PARQUET, parts.iter().map(ReadParquet::to_param).collect(), schema, lengths)
}

/// A frame of those blocks of CSV files, a partition each, all read as `schema` says.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for no block.
pub fn read_csv(blocks: &[ReadCsv], schema: &Schema) -> Result<Expr> {
    made(READ_CSV, blocks.iter().map(ReadCsv::to_param).collect(), schema, None)
}

fn made(name: &str, parts: Arc<[Param]>, schema: &Schema, lengths: Option<&[u64]>) -> Result<Expr> {
    if parts.is_empty() {
        return Err(ErrorKind::InvalidValue(format!("{name} of no files")).into());
    }
    let lengths = lengths.map_or(Param::Null, |lengths| {
        Param::List(lengths.iter().map(|&length| Param::Int(length.clamped::<i64>())).collect())
    });
    let parameters =
        Param::map([("parts", Param::List(parts)), ("schema", schema.to_param()), ("lengths", lengths)]);
    Draft { parameters, ..Draft::new(COLLECTION, name) }.finish()
}

/// The reader `expr` of a frame of `schema`, of some of its columns.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for columns that are not there.
pub(crate) fn with_columns(expr: &Expr, schema: &Schema, labels: &[&Label]) -> Result<Expr> {
    let names = Param::List(labels.iter().map(|label| label.to_param()).collect());
    let narrowed = |schema: &Schema| -> Result<Param> {
        let fields = labels.iter().map(|label| Ok(schema.columns[schema.position(label)?].clone()));
        Ok(schema.with_columns(schema.kind, fields.collect::<Result<Vec<_>>>()?).to_param())
    };
    let (whole, narrow) = (schema.to_param(), narrowed(schema)?);
    let part = |part: &Param| match expr.operation().as_str() {
        READ_PARQUET => Ok(with(part, [("columns", names.clone())])),
        _ if *get(part, "schema") == whole => Ok(with(part, [("schema", narrow.clone())])),
        _ => Ok(with(part, [("schema", narrowed(&Schema::from_param(get(part, "schema"))?)?)])),
    };
    let parts = list(expr.parameters(), "parts").iter().map(part).collect::<Result<_>>()?;
    let entries = [("parts", Param::List(parts)), ("schema", narrow)];
    expr.varied(Vec::new(), with(expr.parameters(), entries), &Param::map([("columns", names)]))
}

/// The reader `expr` of Parquet files, of which rows that do not pass `filters` are not needed. How many there are is not known
/// any more.
///
/// # Errors
/// [`ErrorKind::Corrupt`] for parameters that [`read_parquet`] did not make.
pub(crate) fn with_filters(expr: &Expr, filters: &Filters) -> Result<Expr> {
    let param = filters.to_param();
    let part = |part: &Param| match Filters::from_param(get(part, "filters"))? {
        own if own.0.is_empty() => Ok(with(part, [("filters", param.clone())])),
        own => Ok(with(part, [("filters", own.and(filters).to_param())])),
    };
    let parts = list(expr.parameters(), "parts").iter().map(part).collect::<Result<_>>()?;
    let entries = [("parts", Param::List(parts)), ("lengths", Param::Null)];
    expr.varied(Vec::new(), with(expr.parameters(), entries), &Param::map([("filters", param)]))
}

/// The reader `expr` of Parquet files, of each partition of which the first `n` rows are needed.
///
/// # Errors
/// None in practice.
pub(crate) fn with_limit(expr: &Expr, n: u64) -> Result<Expr> {
    let limit = Param::Int(n.clamped::<i64>());
    let part = |part: &Param| with(part, [("limit", limit.clone())]);
    let length = |length: &Param| match length.as_int() {
        Some(length) => Param::Int(length.min(n.clamped())),
        None => Param::Null,
    };
    let of = |name, change: &dyn Fn(&Param) -> Param| {
        Param::List(list(expr.parameters(), name).iter().map(change).collect())
    };
    let entries = [("parts", of("parts", &part)), ("lengths", of("lengths", &length))];
    expr.varied(Vec::new(), with(expr.parameters(), entries), &Param::map([("limit", limit.clone())]))
}

fn meta(parameters: &Param) -> Result<Meta> {
    let schema = Schema::from_param(get(parameters, "schema"))?;
    let lengths = list(parameters, "lengths");
    let length = |at: usize| lengths.get(at).and_then(Param::as_int).and_then(|n| u64::try_from(n).ok());
    FrameMeta::from(schema).into_meta_of((0..list(parameters, "parts").len()).map(length))
}

/// A task a part.
fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parts = list(job.expr.parameters(), "parts");
    let mut table = TableBuilder::with_capacity(parts.len(), 0);
    let mut rows = Vec::with_capacity(parts.len());
    for part in parts {
        let body = Body::Native { name: kernel_name(job.row.name), parameters: part.clone() };
        rows.push(table.push_own(body, &[])?);
    }
    let name = raskt_expr::layer_name(job.expr);
    Ok(Raw::new(Arc::new(table.finish(Keys::Indexed(name), rows)?), Vec::new())?.into())
}

fn read_parquet_part(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let parameters = ReadParquet::from_param(call.shared)?;
    Ok(parquet::read_parquet(&parameters).map_err(as_value)?.into())
}

/// A damaged file of a user's is a wrong value: what is corrupt elsewhere, the engine has written itself.
fn as_value(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Corrupt(what) => ErrorKind::InvalidValue(what.clone()).into(),
        _ => error,
    }
}

fn read_csv_block(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let parameters = ReadCsv::from_param(call.shared)?;
    match csv::read_csv(&parameters).map_err(as_value)? {
        Block::Table(table) => Ok(table.into()),
        Block::Wider(wider) => {
            let field = &parameters.schema.columns[wider.column];
            let what = format!(
                "{}: column {} is {} by the first lines, and has {:?} at byte {}: read it with dtype={{{}: '{}'}}",
                parameters.path, field.label, field.dtype, wider.text, wider.offset, field.label, wider.dtype
            );
            Err(ErrorKind::InvalidValue(what).into())
        }
    }
}
