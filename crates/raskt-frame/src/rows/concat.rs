//! Frames one after another: partitions of all of them, under the dtypes in which they meet.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute;
use arrow::compute::kernels::cmp;
use raskt_core::{ErrorKind, Name, Param, Result};
use raskt_expr::{Arity, Lowered, Meta};
use raskt_graph::layer::{Concatenate, Joint, Layer, Operand};

use super::conform::{Conform, conform_body};
use crate::arguments::get;
use crate::kernels::{Flavour, is_integer, number, promoted};
use crate::operations::{Job, Row, grid, partitionwise};
use crate::rowwise::are_native;
use crate::table::failed;
use crate::{Divisions, Field, FrameMeta, Kind, Label, PandasType, Schema, library};
use raskt_core::DType;

/// The partitions of all operands in their order. The parameters: `join` of columns, `outer` or `inner`; `schema`, that of the
/// result, where only pandas can say in which dtypes the operands meet.
pub const CONCAT: &str = "concat";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: CONCAT,
        arity: Arity::AtLeast(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |operands, parameters| {
            are_native(operands, parameters)
                && schema(operands, parameters).is_ok_and(|schema| schema.is_native())
        },
        kernel: None,
        library: Some(library::CONFORM),
        lower: lowered,
    }]
}

fn owns(operands: &[Meta]) -> Result<Vec<&FrameMeta>> {
    operands.iter().map(FrameMeta::of).collect()
}

fn schema(operands: &[Meta], parameters: &Param) -> Result<Schema> {
    if let given @ Param::Map(_) = get(parameters, "schema") {
        return Schema::from_param(given);
    }
    let owns = owns(operands)?;
    let schemas: Vec<&Schema> = owns.iter().map(|own| &own.schema).collect();
    let is_inner = get(parameters, "join").as_str() == Some("inner");
    let unknown = || {
        let what = "concat of dtypes or columns whose common schema only pandas can say: give it as schema";
        ErrorKind::NotImplemented(what.to_owned()).into()
    };
    common(&schemas, is_inner).ok_or_else(unknown)
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let divisions = divisions(&owns(operands)?)?.map(Arc::new);
    let own = FrameMeta { schema: schema(operands, parameters)?, divisions };
    own.into_meta_of(operands.iter().flat_map(FrameMeta::lengths))
}

/// The boundaries of all, where each operand ends before the next one begins.
fn divisions(owns: &[&FrameMeta]) -> Result<Option<Divisions>> {
    let all: Option<Vec<&ArrayRef>> =
        owns.iter().map(|own| own.divisions.as_ref().map(|divisions| divisions.boundaries())).collect();
    let Some(all) = all else { return Ok(None) };
    for pair in all.windows(2) {
        let [one, next] = pair else { continue };
        if one.data_type() != next.data_type() {
            return Ok(None);
        }
        let (last, first) = (one.slice(one.len() - 1, 1), next.slice(0, 1));
        if !cmp::lt(&last, &first).map_err(failed)?.value(0) {
            return Ok(None);
        }
    }
    let n = all.len();
    let starts = all.iter().enumerate().map(|(at, array)| match at + 1 == n {
        true => Arc::clone(array),
        false => array.slice(0, array.len() - 1),
    });
    let starts: Vec<ArrayRef> = starts.collect();
    let starts: Vec<&dyn arrow::array::Array> = starts.iter().map(AsRef::as_ref).collect();
    Divisions::new(compute::concat(&starts).map_err(failed)?).map(Some)
}

/// The schema in which all meet; `None` where pandas has to say.
fn common(schemas: &[&Schema], is_inner: bool) -> Option<Schema> {
    let (first, rest) = schemas.split_first()?;
    let is_like = |other: &&&Schema| other.kind == first.kind && other.index.len() == first.index.len();
    if !matches!(first.kind, Kind::Frame | Kind::Series) || !rest.iter().all(|other| is_like(&other)) {
        return None;
    }
    let names = if rest.iter().all(|other| other.columns_names == first.columns_names) {
        Arc::clone(&first.columns_names)
    } else {
        return None;
    };
    let index =
        (0..first.index.len()).map(|level| meet(schemas.iter().map(|schema| schema.index.get(level))));
    let index = index.collect::<Option<Arc<[Field]>>>()?;
    let columns: Vec<Field> = match first.kind {
        Kind::Series => vec![meet(schemas.iter().map(|schema| schema.columns.first()))?],
        _ if rest.iter().all(|other| other.labels().eq(first.labels())) => {
            let of = |at: usize| meet(schemas.iter().map(|schema| schema.columns.get(at)));
            (0..first.columns.len()).map(of).collect::<Option<_>>()?
        }
        _ => joined_columns(schemas, is_inner)?,
    };
    Some(Schema { kind: first.kind, columns: columns.into(), columns_names: names, index })
}

/// The columns of frames that have other ones: those of any, in the order in which they come, or those of all.
fn joined_columns(schemas: &[&Schema], is_inner: bool) -> Option<Vec<Field>> {
    let mut labels: Vec<&Label> = Vec::new();
    for schema in schemas {
        let mut own: Vec<&Label> = Vec::new();
        for label in schema.labels() {
            if own.contains(&label) {
                return None;
            }
            own.push(label);
        }
        let new: Vec<&Label> = own.into_iter().filter(|label| !labels.contains(label)).collect();
        labels.extend(new);
    }
    let of =
        |schema: &&Schema, label: &Label| schema.columns.iter().find(|field| field.label == *label).cloned();
    let mut columns = Vec::with_capacity(labels.len());
    for label in labels {
        let fields: Vec<Option<Field>> = schemas.iter().map(|schema| of(schema, label)).collect();
        if is_inner && fields.iter().any(Option::is_none) {
            continue;
        }
        let there = meet(fields.iter().flatten().map(Some))?;
        columns.push(match fields.iter().all(Option::is_some) {
            true => there,
            false => Field { dtype: that_can_miss(&there.dtype)?, ..there },
        });
    }
    Some(columns)
}

/// The dtype of a column that some rows do not have.
fn that_can_miss(dtype: &PandasType) -> Option<PandasType> {
    match dtype {
        dtype if dtype.can_miss() => Some(dtype.clone()),
        PandasType::Plain(dtype) if is_integer(dtype) => Some(PandasType::Plain(DType::Float64)),
        // Truth values become objects.
        _ => None,
    }
}

/// The field in which several meet: without a name, where they have other ones.
fn meet<'a>(mut fields: impl Iterator<Item = Option<&'a Field>>) -> Option<Field> {
    let mut met = fields.next()??.clone();
    for field in fields {
        let field = field?;
        if field.label != met.label {
            met.label = Label::None;
        }
        met.dtype = meeting(&met.dtype, &field.dtype)?;
    }
    Some(met)
}

/// The dtype in which two columns meet; `None` where pandas has to say.
fn meeting(a: &PandasType, b: &PandasType) -> Option<PandasType> {
    if a == b {
        // Categories are those of the data: other ones become objects.
        return (!matches!(a, PandasType::Category { .. })).then(|| a.clone());
    }
    let ((one, flavour), (two, other)) = (number(a)?, number(b)?);
    let is_number = |dtype: &DType| *dtype != DType::Bool;
    (flavour == Flavour::Plain && other == Flavour::Plain && is_number(&one) && is_number(&two))
        .then(|| promoted(&one, &two))
        .flatten()
        .map(PandasType::Plain)
}

/// Operands of another schema are made to conform to the common one.
fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let of = FrameMeta::of(job.context.meta(job.expr)?)?.schema.clone();
    let mut parts = Vec::with_capacity(job.operands.len());
    for (at, operand) in job.expr.operands().iter().enumerate() {
        let lowered = job.operand(at)?;
        let own = &FrameMeta::of(job.context.meta(operand)?)?.schema;
        let lowered = match *own == of {
            true => lowered,
            false => conformed(job, at, lowered, Conform::new(own, of.clone()))?,
        };
        parts.push((Operand::new(lowered.name), lowered.grid));
    }
    Ok(Concatenate::new(Joint::Along(0), parts)?.into())
}

fn conformed(job: &mut Job<'_, '_>, at: usize, of: Lowered, to: Conform) -> Result<Lowered> {
    let n_partitions = of.grid.n_blocks();
    let name = Name::new(&format!("conform-{}-{at}", job.expr.token()));
    let layer = partitionwise(conform_body(job, &to)?, &[of], n_partitions)?;
    job.graph.insert(name.clone(), layer)?;
    Ok(Lowered { name, grid: grid(n_partitions)? })
}
