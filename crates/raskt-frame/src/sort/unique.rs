//! Rows that repeat no other, how many there are, and how often each value is there: partial results in a tree.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::Int64Type;
use raskt_core::{DType, ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::order::{Direction, order};
use super::{Distinct, Keep, distinct};
use crate::arguments::{get, list};
use crate::groupby::{Aggregate, Function, GroupBy, Options, combine, finalise, partial};
use crate::kernels::is_missing;
use crate::keys::Key;
use crate::operations::{Job, MetaFn, Row};
use crate::reductions::tree;
use crate::rows::{IN_ONE, joined, operand, renumbered};
use crate::rowwise::are_native;
use crate::{Field, FrameMeta, Kind, Label, PandasType, Schema, Table, library};

/// The rows that repeat no other; the parameters `subset` of columns, `keep`, and `renumber`, which numbers the rows of the
/// result from 0.
pub const DISTINCT: &str = "distinct";
/// The number of distinct values of a series; the parameter `dropna`.
pub const NUNIQUE: &str = "nunique";
/// How often each value of a series is there; the parameters of pandas' `value_counts`.
pub const VALUE_COUNTS: &str = "value_counts";

pub(super) const DISTINCT_BODY: &str = "frame.distinct_rows";
pub(super) const DISTINCT_RENUMBERED: &str = "frame.distinct_renumbered";
pub(super) const N_DISTINCT: &str = "frame.n_distinct";
pub(super) const COUNTS_CHUNK: &str = "frame.counts_chunk";
pub(super) const COUNTS_COMBINE: &str = "frame.counts_combine";
pub(super) const COUNTS: &str = "frame.counts";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    let row = |name, meta: MetaFn, accepts, lower| Row {
        name,
        arity: Arity::Exactly(1),
        meta,
        accepts,
        kernel: None,
        library: Some(library::JOINED),
        lower,
    };
    vec![
        row(
            DISTINCT,
            |operands, parameters| distinct_meta(operands, parameters).map(Some),
            are_native,
            lower_distinct,
        ),
        row(NUNIQUE, |operands, _| nunique_meta(operands).map(Some), are_native, lower_nunique),
        row(
            VALUE_COUNTS,
            |operands, parameters| counts_meta(operands, parameters).map(Some),
            counts,
            lower_counts,
        ),
    ]
}

fn is(parameters: &Param, name: &str, default: bool) -> bool {
    match get(parameters, name) {
        Param::Bool(value) => *value,
        _ => default,
    }
}

// ---- distinct rows ----

fn distinct_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (_, own) = operand(operands)?;
    for label in list(parameters, "subset") {
        own.schema.position(&Label::try_from(label)?)?;
    }
    let schema = match is(parameters, "renumber", false) {
        true => Schema { index: Schema::new(own.schema.kind, []).index, ..own.schema.clone() },
        false => own.schema.clone(),
    };
    FrameMeta::from(schema).into_meta(1)
}

fn keep(parameters: &Param) -> Result<Keep> {
    Ok(match get(parameters, "keep") {
        Param::Null => Keep::First,
        Param::Str(keep) if &**keep == "first" => Keep::First,
        Param::Str(keep) if &**keep == "last" => Keep::Last,
        Param::Bool(false) => Keep::None,
        other => {
            let what = format!("keep={other:?}: it is 'first', 'last' or False");
            return Err(ErrorKind::InvalidValue(what).into());
        }
    })
}

/// Where no row of several equal ones stays, all partitions have to be there to say which are equal.
fn lower_distinct(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let (keep, renumber) = (keep(parameters)?, is(parameters, "renumber", false));
    let keys = match get(parameters, "subset") {
        Param::Null => None,
        _ => Some(
            list(parameters, "subset").iter().map(|label| Label::try_from(label).map(Key::Column)).collect(),
        ),
    };
    let keys = keys.map(|keys: Result<Arc<[Key]>>| keys).transpose()?;
    let [chunk, last, merge] = match job.is_native()? {
        true => {
            let parameters = Distinct { keys, keep }.to_param();
            let body = |name: &str| Body::Native { name: name.into(), parameters: parameters.clone() };
            let last = if renumber { DISTINCT_RENUMBERED } else { DISTINCT_BODY };
            [body(DISTINCT_BODY), body(last), Body::native(IN_ONE)]
        }
        false => {
            let subset = match get(parameters, "subset") {
                Param::Null => None,
                subset => Some(("subset", subset.clone())),
            };
            let keep = ("keep", get(parameters, "keep").clone());
            let keep = Some(keep).filter(|(_, keep)| *keep != Param::Null);
            let kwargs: Vec<_> = subset.into_iter().chain(keep).collect();
            let again = renumber.then_some(("ignore_index", Param::Bool(true)));
            let chunk = joined("drop_duplicates", vec![], Param::map(kwargs.clone()));
            let last = joined("drop_duplicates", vec![], Param::map(kwargs.into_iter().chain(again)));
            [chunk, last, Body::library(library::WHOLE)]
        }
    };
    let of = job.operand(0)?;
    match keep {
        Keep::First | Keep::Last => tree(of, [chunk.clone(), chunk, last]),
        Keep::None => tree(of, [merge.clone(), merge, last]),
    }
}

fn tables(call: &mut Call<'_>) -> Result<Vec<Table>> {
    call.ctx.cancel.check()?;
    call.inputs.iter().map(|value| Table::of(value).cloned()).collect()
}

pub(super) fn distinct_rows(call: &mut Call<'_>) -> Result<Value> {
    Ok(distinct(&tables(call)?, &Distinct::from_param(call.shared)?)?.into())
}

pub(super) fn distinct_renumbered(call: &mut Call<'_>) -> Result<Value> {
    Ok(renumbered(&distinct(&tables(call)?, &Distinct::from_param(call.shared)?)?)?.into())
}

// ---- how many ----

fn nunique_meta(operands: &[Meta]) -> Result<Meta> {
    let (_, own) = operand(operands)?;
    let [field] = &*own.schema.columns else {
        let what = format!("nunique of {} columns: take one", own.schema.columns.len());
        return Err(ErrorKind::InvalidValue(what).into());
    };
    let count = Field::new(field.label.clone(), PandasType::Plain(DType::Int64));
    FrameMeta::from(Schema::new(Kind::Scalar, [count])).into_meta(1)
}

fn lower_nunique(job: &mut Job<'_, '_>) -> Result<Layer> {
    let dropna = is(job.expr.parameters(), "dropna", true);
    let (chunk, last) = match job.is_native()? {
        true => {
            let parameters = Distinct { keys: None, keep: Keep::First }.to_param();
            let last = Param::map([("dropna", Param::Bool(dropna))]);
            (
                Body::Native { name: DISTINCT_BODY.into(), parameters },
                Body::Native { name: N_DISTINCT.into(), parameters: last },
            )
        }
        false => (
            joined("drop_duplicates", vec![], Param::Null),
            joined("nunique", vec![], Param::map([("dropna", Param::Bool(dropna))])),
        ),
    };
    let of = job.operand(0)?;
    tree(of, [chunk.clone(), chunk, last])
}

pub(super) fn n_distinct(call: &mut Call<'_>) -> Result<Value> {
    let table = distinct(&tables(call)?, &Distinct { keys: None, keep: Keep::First })?;
    let (Some(field), Some(array)) = (table.schema().columns.first(), table.columns().first()) else {
        return Err(ErrorKind::InvalidGraph("a count of the values of no column".to_owned()).into());
    };
    let n_missing = match is(call.shared, "dropna", true) {
        true => is_missing(array, &field.dtype)?.true_count(),
        false => 0,
    };
    let count: ArrayRef = Arc::new(Int64Array::from(vec![(table.n_rows() - n_missing).clamped::<i64>()]));
    let field = Field::new(field.label.clone(), PandasType::Plain(DType::Int64));
    Ok(Table::over_range(Schema::new(Kind::Scalar, [field]), vec![count], 1)?.into())
}

// ---- how often ----

/// Whether pandas counts in `int64` what the series has.
fn counts(operands: &[Meta], parameters: &Param) -> bool {
    let is_plain = |meta: &FrameMeta| {
        matches!(
            meta.schema.columns.first(),
            Some(Field { dtype: PandasType::Plain(_) | PandasType::Zoned(..) | PandasType::Text, .. })
        )
    };
    are_native(operands, parameters) && operand(operands).is_ok_and(|(_, own)| is_plain(own))
}

fn counts_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (_, own) = operand(operands)?;
    let [field] = &*own.schema.columns else {
        let what = format!("value_counts of {} columns: take one", own.schema.columns.len());
        return Err(ErrorKind::InvalidValue(what).into());
    };
    FrameMeta::from(counted(field, is(parameters, "normalize", false))).into_meta(1)
}

/// What counts of the values of `field` look like.
fn counted(field: &Field, normalize: bool) -> Schema {
    // pandas counts nullable texts, which are Arrow's by default, in integers of Arrow's.
    let is_arrow = matches!(field.dtype, PandasType::Arrow(_) | PandasType::NullableText);
    let is_masked = matches!(field.dtype, PandasType::Masked(_));
    let dtype = |plain: DType, arrow| match (is_arrow, is_masked) {
        (true, _) => PandasType::Arrow(arrow),
        (_, true) => PandasType::Masked(plain),
        _ => PandasType::Plain(plain),
    };
    let count = match normalize {
        true => Field::new("proportion", dtype(DType::Float64, arrow::datatypes::DataType::Float64)),
        false => Field::new("count", dtype(DType::Int64, arrow::datatypes::DataType::Int64)),
    };
    Schema::new(Kind::Series, [count]).with_index([field.clone()])
}

fn group_by(table: &Schema, dropna: bool) -> Result<GroupBy> {
    let missing = || ErrorKind::InvalidGraph("counts of the values of no column".to_owned());
    let field = table.columns.first().ok_or_else(missing)?;
    let size = Aggregate {
        column: field.label.clone(),
        of: field.dtype.clone(),
        function: Function::Size,
        options: Options::default(),
        label: "count".into(),
    };
    let keys = [Key::Column(field.label.clone())].into();
    Ok(GroupBy { keys, aggregates: [size].into(), dropna, sort: false })
}

fn lower_counts(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let names = ["sort", "ascending", "dropna", "normalize"];
    let given = names.map(|name| (name, get(parameters, name).clone()));
    let given = Param::map(given.into_iter().filter(|(_, value)| *value != Param::Null));
    let bodies = match job.is_native()? {
        true => {
            let own = FrameMeta::of(job.context.meta(&job.expr.operands()[0])?)?;
            let by = group_by(&own.schema, is(parameters, "dropna", true))?;
            let parameters = Param::map([("by", by.to_param()), ("result", given)]);
            [COUNTS_CHUNK, COUNTS_COMBINE, COUNTS]
                .map(|name| Body::Native { name: name.into(), parameters: parameters.clone() })
        }
        // Only the values of all partitions are counted as pandas would have it.
        false => {
            let merge = Body::library(library::WHOLE);
            [merge.clone(), merge, joined("value_counts", vec![], given)]
        }
    };
    let of = job.operand(0)?;
    tree(of, bodies)
}

fn by(call: &Call<'_>) -> Result<GroupBy> {
    GroupBy::from_param(get(call.shared, "by"))
}

pub(super) fn counts_chunk(call: &mut Call<'_>) -> Result<Value> {
    Ok(partial(&tables(call)?, &by(call)?)?.into())
}

pub(super) fn counts_combine(call: &mut Call<'_>) -> Result<Value> {
    Ok(combine(&tables(call)?, &by(call)?)?.into())
}

/// The counts in their order: equal ones as their values came.
pub(super) fn counts_result(call: &mut Call<'_>) -> Result<Value> {
    let parameters = get(call.shared, "result").clone();
    let table = finalise(&tables(call)?, &by(call)?)?;
    let (Some(count), Some(field)) = (table.columns().first(), table.schema().index.first()) else {
        return Err(ErrorKind::InvalidGraph("counts of the values of no column".to_owned()).into());
    };
    let normalize = is(&parameters, "normalize", false);
    let schema = counted(field, normalize);
    let way = Direction { is_ascending: is(&parameters, "ascending", false), missing_first: false };
    let key = (Arc::clone(count), PandasType::Plain(DType::Int64), way);
    let rows = is(&parameters, "sort", true).then(|| order(&[key], table.n_rows(), None)).transpose()?;
    let column: ArrayRef = match normalize {
        true => {
            let counts = count.as_primitive::<Int64Type>();
            #[allow(clippy::cast_precision_loss, reason = "as pandas divides")]
            let part = |count: &i64, total: i64| *count as f64 / total as f64;
            let total: i64 = counts.values().iter().sum();
            Arc::new(counts.values().iter().map(|count| part(count, total)).collect::<Float64Array>())
        }
        false => Arc::clone(count),
    };
    let counts = table.with_columns(schema, vec![column])?;
    Ok(match rows {
        Some(rows) => counts.take(&rows)?,
        None => counts,
    }
    .into())
}
