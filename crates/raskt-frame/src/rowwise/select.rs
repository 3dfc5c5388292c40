//! Columns and rows, chosen, named and added.

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};

use crate::arguments::{Argument, get, list};
use crate::kernels::{mask, spread_literal};
use crate::operations::{AcceptFn, KernelFn, MetaFn, Row};
use crate::{Field, FrameMeta, Kind, Label, PandasType, Schema, Table, library};
use raskt_core::DType;
use raskt_core::chunk::Chunks;

/// One column of a frame as a series; the parameter `label`.
pub const COLUMN: &str = "column";
/// Some columns of a frame; the parameter `labels`.
pub const COLUMNS: &str = "columns";
/// The rows at which operand 1 is true.
pub const FILTER: &str = "filter";
/// A frame with other or further columns; the parameters `labels` and `values`.
pub const ASSIGN: &str = "assign";
/// The same under other names; the parameter `labels`, one a column.
pub const RELABEL: &str = "relabel";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    let row = |name, arity, meta: MetaFn, accepts: AcceptFn, kernel: KernelFn, library| Row {
        name,
        arity,
        meta,
        accepts,
        kernel: Some(kernel),
        library: Some(library),
        lower: super::table::lowered,
    };
    let one = Arity::Exactly(1);
    vec![
        row(COLUMN, one, column_meta, are_native, column, library::COLUMN),
        row(COLUMNS, one, columns_meta, are_native, columns, library::COLUMNS),
        row(FILTER, Arity::Exactly(2), filter_meta, filters, filter, library::FILTER),
        row(ASSIGN, Arity::AtLeast(1), assign_meta, assigns, assign, library::ASSIGN),
        row(RELABEL, one, relabel_meta, are_native, relabel, library::RELABEL),
    ]
}

/// Whether all operands are stored in Arrow.
pub(crate) fn are_native(operands: &[Meta], _: &Param) -> bool {
    operands.iter().all(|meta| FrameMeta::of(meta).is_ok_and(|meta| meta.schema.is_native()))
}

fn first(operands: &[Meta]) -> Result<(&Meta, &FrameMeta)> {
    let missing = || ErrorKind::InvalidGraph("an operation without operands".to_owned());
    let meta = operands.first().ok_or_else(missing)?;
    Ok((meta, FrameMeta::of(meta)?))
}

/// The first operand's rows under another schema.
fn same_rows(operands: &[Meta], change: impl FnOnce(&Schema) -> Result<Schema>) -> Result<Option<Meta>> {
    let (meta, own) = first(operands)?;
    let changed = FrameMeta { schema: change(&own.schema)?, divisions: own.divisions.clone() };
    Ok(Some(changed.into_meta_like(meta)))
}

/// The kernel's first partition.
fn table<'a>(call: &'a Call<'_>) -> Result<&'a Table> {
    input(call, 0)
}

fn input<'a>(call: &'a Call<'_>, at: usize) -> Result<&'a Table> {
    let missing = || ErrorKind::InvalidGraph(format!("input {at} is missing"));
    Table::of(call.inputs.get(at).ok_or_else(missing)?)
}

/// The columns called `labels`, in that order; all of one name.
pub(crate) fn positions(schema: &Schema, labels: &[Param]) -> Result<Vec<usize>> {
    let mut found = Vec::with_capacity(labels.len());
    for label in labels {
        let label = Label::try_from(label)?;
        let first = schema.position(&label)?;
        let is_it = |at: &usize| schema.columns[*at].label == label;
        found.extend((first..schema.columns.len()).filter(is_it));
    }
    Ok(found)
}

fn picked(schema: &Schema, kind: Kind, positions: &[usize]) -> Schema {
    schema.with_columns(kind, positions.iter().map(|&at| schema.columns[at].clone()))
}

fn take_columns(table: &Table, kind: Kind, positions: &[usize]) -> Result<Value> {
    let columns = positions.iter().map(|&at| table.columns()[at].clone()).collect();
    Ok(table.with_columns(picked(table.schema(), kind, positions), columns)?.into())
}

pub(crate) fn column_position(schema: &Schema, parameters: &Param) -> Result<usize> {
    schema.position(&Label::try_from(get(parameters, "label"))?)
}

fn column_meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    same_rows(operands, |schema| Ok(picked(schema, Kind::Series, &[column_position(schema, parameters)?])))
}

fn column(call: &mut Call<'_>) -> Result<Value> {
    let table = table(call)?;
    take_columns(table, Kind::Series, &[column_position(table.schema(), call.shared)?])
}

fn columns_meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    same_rows(operands, |schema| {
        Ok(picked(schema, Kind::Frame, &positions(schema, list(parameters, "labels"))?))
    })
}

fn columns(call: &mut Call<'_>) -> Result<Value> {
    let table = table(call)?;
    take_columns(table, Kind::Frame, &positions(table.schema(), list(call.shared, "labels"))?)
}

/// Fewer rows, between the same divisions.
fn filter_meta(operands: &[Meta], _: &Param) -> Result<Option<Meta>> {
    let (meta, own) = first(operands)?;
    let n_partitions = meta.chunks().map_or(1, Chunks::n_blocks);
    let n_partitions = u32::try_from(n_partitions)
        .map_err(|_| raskt_core::Error::new(ErrorKind::InvalidValue(format!("{n_partitions} partitions"))))?;
    own.clone().into_meta(n_partitions).map(Some)
}

/// Whether the mask is of truth values, on the same rows.
fn filters(operands: &[Meta], parameters: &Param) -> bool {
    let is_mask = |schema: &Schema| {
        schema.kind == Kind::Series
            && schema
                .columns
                .first()
                .is_some_and(|field| field.dtype.storage() == Some(arrow::datatypes::DataType::Boolean))
    };
    let mask = operands.get(1).and_then(|meta| FrameMeta::of(meta).ok());
    let is_frame_or_series = |meta: &FrameMeta| matches!(meta.schema.kind, Kind::Frame | Kind::Series);
    are_native(operands, parameters)
        && parameters.get("aligned") != Some(&Param::Bool(false))
        && mask.is_some_and(|meta| is_mask(&meta.schema))
        && first(operands).is_ok_and(|(_, own)| is_frame_or_series(own))
}

fn filter(call: &mut Call<'_>) -> Result<Value> {
    let (table, truths) = (table(call)?, input(call, 1)?);
    let column = truths.columns().first();
    let column = column.ok_or_else(|| ErrorKind::InvalidGraph("a mask without its column".to_owned()))?;
    Ok(table.filter(mask(column)?)?.into())
}

/// The dtype that an assigned value has; `None` where pandas has to say.
fn assigned_dtype(argument: Argument<'_>, schemas: &[&Schema]) -> Option<PandasType> {
    match argument {
        Argument::Operand(at) => {
            let schema = schemas.get(at)?;
            let is_one = matches!(schema.kind, Kind::Series | Kind::Scalar) && schema.columns.len() == 1;
            is_one.then(|| schema.columns[0].dtype.clone())
        }
        Argument::Literal(value) => match value {
            Param::Bool(_) => Some(PandasType::Plain(DType::Bool)),
            Param::Int(_) => Some(PandasType::Plain(DType::Int64)),
            Param::Float(_) => Some(PandasType::Plain(DType::Float64)),
            Param::Str(_) => Some(PandasType::Text),
            _ => None,
        },
    }
}

/// The schema with the assigned columns, and where each of them is.
fn assigned(schemas: &[&Schema], parameters: &Param) -> Result<Option<(Schema, Vec<usize>)>> {
    let (labels, values) = (list(parameters, "labels"), list(parameters, "values"));
    let Some(schema) = schemas.first().filter(|_| labels.len() == values.len()) else {
        return Err(ErrorKind::InvalidGraph("columns assigned without their values".to_owned()).into());
    };
    let mut fields: Vec<Field> = schema.columns.to_vec();
    let mut places = Vec::with_capacity(labels.len());
    for (label, value) in labels.iter().zip(values) {
        let label = Label::try_from(label)?;
        let Some(dtype) = assigned_dtype(Argument::of(value), schemas) else { return Ok(None) };
        let at = fields.iter().position(|field| field.label == label);
        let is_twice = fields.iter().filter(|field| field.label == label).count() > 1;
        if is_twice {
            return Ok(None);
        }
        let at = at.unwrap_or(fields.len());
        match fields.get_mut(at) {
            Some(field) => field.dtype = dtype,
            None => fields.push(Field::new(label, dtype)),
        }
        places.push(at);
    }
    Ok(Some((schema.with_columns(schema.kind, fields), places)))
}

fn assign_meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    let metas = operands.iter().map(FrameMeta::of).collect::<Result<Vec<_>>>()?;
    let schemas: Vec<&Schema> = metas.iter().map(|meta| &meta.schema).collect();
    match assigned(&schemas, parameters)? {
        Some((schema, _)) => same_rows(operands, |_| Ok(schema)),
        None => Ok(None),
    }
}

fn assigns(operands: &[Meta], parameters: &Param) -> bool {
    are_native(operands, parameters)
        && parameters.get("aligned") != Some(&Param::Bool(false))
        && assign_meta(operands, parameters).is_ok_and(|meta| meta.is_some())
}

fn assign(call: &mut Call<'_>) -> Result<Value> {
    let tables = call.inputs.iter().map(Table::of).collect::<Result<Vec<_>>>()?;
    let schemas: Vec<&Schema> = tables.iter().map(|table| &**table.schema()).collect();
    let unplanned = || ErrorKind::NotImplemented(format!("a native kernel that assigns {:?}", call.shared));
    let (schema, places) = assigned(&schemas, call.shared)?.ok_or_else(unplanned)?;
    let on = tables.first().ok_or_else(unplanned)?;
    let mut columns = on.columns().to_vec();
    for (value, at) in list(call.shared, "values").iter().zip(places) {
        let column = match Argument::of(value) {
            Argument::Literal(value) => spread_literal(value, &schema.columns[at].storage()?, on.n_rows())?,
            Argument::Operand(operand) => {
                let other = tables.get(operand).ok_or_else(unplanned)?;
                match other.schema().kind {
                    Kind::Scalar => crate::kernels::spread(&other.columns()[0], on.n_rows())?,
                    _ => other.columns()[0].clone(),
                }
            }
        };
        match columns.get_mut(at) {
            Some(place) => *place = column,
            None => columns.push(column),
        }
    }
    Ok(on.with_columns(schema, columns)?.into())
}

fn relabelled(schema: &Schema, parameters: &Param) -> Result<Schema> {
    let labels = list(parameters, "labels");
    if labels.len() != schema.columns.len() {
        let what = format!("{} names for {} columns", labels.len(), schema.columns.len());
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let mut fields = Vec::with_capacity(labels.len());
    for (label, field) in labels.iter().zip(&*schema.columns) {
        fields.push(Field::new(Label::try_from(label)?, field.dtype.clone()));
    }
    Ok(schema.with_columns(schema.kind, fields))
}

fn relabel_meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    same_rows(operands, |schema| relabelled(schema, parameters))
}

fn relabel(call: &mut Call<'_>) -> Result<Value> {
    let table = table(call)?;
    Ok(table.with_schema(relabelled(table.schema(), call.shared)?)?.into())
}
