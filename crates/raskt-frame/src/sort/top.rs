//! The greatest and the least rows: those of each partition, then of those in a tree.

use raskt_core::{DType, ErrorKind, Param, Result};
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::Sort;
use super::table::SORT;
use crate::arguments::{get, list, text};
use crate::keys::Key;
use crate::operations::{Job, Row};
use crate::reductions::tree;
use crate::rows::{joined, number, operand};
use crate::rowwise::are_native;
use crate::{FrameMeta, Kind, Label, PandasType, Schema, library};

/// The parameters are those of pandas' method: its `name`, `nlargest` or `nsmallest`, `n`, `columns` of a frame, `keep`.
pub const TOP: &str = "top";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: TOP,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |operands, parameters| {
            are_native(operands, parameters)
                && get(parameters, "keep").as_str().is_none_or(|keep| keep == "first")
        },
        kernel: None,
        library: Some(library::JOINED),
        lower: lowered,
    }]
}

/// The columns that decide.
fn labels(schema: &Schema, parameters: &Param) -> Result<Vec<Label>> {
    match schema.kind {
        Kind::Series => Ok(schema.labels().cloned().collect()),
        _ => list(parameters, "columns").iter().map(Label::try_from).collect(),
    }
}

fn has_greatest(dtype: &PandasType) -> bool {
    match dtype {
        PandasType::Plain(dtype) => !matches!(dtype, DType::Complex64 | DType::Complex128),
        PandasType::Masked(_) | PandasType::Zoned(..) | PandasType::Arrow(_) => true,
        _ => false,
    }
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (of, own) = operand(operands)?;
    let n = number(parameters, "n")? as u64;
    for label in labels(&own.schema, parameters)? {
        let dtype = &own.schema.columns[own.schema.position(&label)?].dtype;
        if !has_greatest(dtype) {
            let found = match own.schema.kind {
                Kind::Series => dtype.to_string(),
                _ => format!("{dtype} of column {label}"),
            };
            return Err(ErrorKind::WrongType {
                expected: "numbers or times for nlargest and nsmallest",
                found,
            }
            .into());
        }
    }
    let n_rows = FrameMeta::lengths(of).into_iter().sum::<Option<u64>>();
    let is_all = get(parameters, "keep").as_str() == Some("all");
    let length = n_rows.filter(|_| !is_all).map(|n_rows| n_rows.min(n));
    FrameMeta::from(own.schema.clone()).into_meta_of([length])
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let name = text(parameters, "name")?;
    let schema = &FrameMeta::of(job.context.meta(job.expr)?)?.schema;
    let body = match job.is_native()? {
        true => {
            let keys = labels(schema, parameters)?
                .into_iter()
                .map(|label| (Key::Column(label), name == "nsmallest"));
            let limit = Some(number(parameters, "n")?);
            let sort = Sort { keys: keys.collect(), missing_first: false, limit };
            Body::Native { name: SORT.into(), parameters: sort.to_param() }
        }
        false => {
            let columns = matches!(schema.kind, Kind::Frame).then(|| get(parameters, "columns").clone());
            let args = std::iter::once(get(parameters, "n").clone()).chain(columns).collect();
            joined(name, args, Param::map([("keep", get(parameters, "keep").clone())]))
        }
    };
    let of = job.operand(0)?;
    tree(of, [body.clone(), body.clone(), body])
}
