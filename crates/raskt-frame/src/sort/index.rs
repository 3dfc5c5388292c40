//! A column as the index.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use crate::arguments::{get, list};
use crate::operations::{Job, Row, partitionwise};
use crate::rows::{boundaries, input, operand};
use crate::rowwise::are_native;
use crate::{Divisions, FrameMeta, Index, Kind, Label, Schema, library};

/// The column `label` as the index; it stays a column too, unless `drop`. Rows stay where they are.
pub const WITH_INDEX: &str = "with_index";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: WITH_INDEX,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: are_native,
        kernel: Some(with_index),
        library: Some(library::METHOD),
        lower: lowered,
    }]
}

fn drops(parameters: &Param) -> bool {
    get(parameters, "drop") != &Param::Bool(false)
}

/// Where the column is, and the schema with it as the index.
fn indexed(schema: &Schema, parameters: &Param) -> Result<(usize, Schema)> {
    if schema.kind != Kind::Frame {
        let what =
            format!("set_index of an object of kind {}; only a DataFrame has columns", schema.kind.name());
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let at = schema.position(&Label::try_from(get(parameters, "label"))?)?;
    let field = schema.columns[at].clone();
    let is_left = |(place, _): &(usize, _)| !drops(parameters) || *place != at;
    let columns: Vec<_> =
        schema.columns.iter().enumerate().filter(is_left).map(|(_, field)| field.clone()).collect();
    Ok((at, schema.with_columns(Kind::Frame, columns).with_index([field])))
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (of, own) = operand(operands)?;
    let (_, schema) = indexed(&own.schema, parameters)?;
    Ok(FrameMeta::from(schema).into_meta_like(of))
}

/// The divisions among parameters, of the first level of the index.
pub(super) fn given_divisions(schema: &Schema, parameters: &Param) -> Result<Option<Divisions>> {
    if get(parameters, "divisions") == &Param::Null {
        return Ok(None);
    }
    let missing = || ErrorKind::InvalidGraph("divisions of a frame without an index".to_owned());
    let storage = schema.index.first().ok_or_else(missing)?.storage()?;
    Divisions::new(boundaries(list(parameters, "divisions"), &storage)?).map(Some)
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = match job.is_native()? {
        true => job.body()?,
        false => {
            let parameters = job.expr.parameters();
            let kwargs = Param::map([("drop", Param::Bool(drops(parameters)))]);
            let parameters = Param::map([
                ("name", Param::Str("set_index".into())),
                ("args", Param::List([get(parameters, "label").clone()].into())),
                ("kwargs", kwargs),
            ]);
            Body::Library { path: library::METHOD.into(), parameters }
        }
    };
    let of = job.operand(0)?;
    partitionwise(body, &[of], job.n_partitions()?)
}

fn with_index(call: &mut Call<'_>) -> Result<Value> {
    let table = input(call.inputs)?;
    let (at, schema) = indexed(table.schema(), call.shared)?;
    let levels = Index::Levels([Arc::clone(&table.columns()[at])].into());
    let is_left = |(place, _): &(usize, _)| !drops(call.shared) || *place != at;
    let columns = table.columns().iter().enumerate().filter(is_left).map(|(_, array)| Arc::clone(array));
    Ok(crate::Table::new(schema, columns.collect(), levels, table.n_rows())?.into())
}
