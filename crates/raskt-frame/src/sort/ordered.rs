//! All rows in the order of some columns, or of the index: boundaries by a sample, an exchange by ranges, and each partition
//! sorted.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Scalar};
use arrow::compute::kernels::{boolean, cmp};
use raskt_core::{DType, ErrorKind, Fit, Name, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Lowered, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::Sort;
use super::index::given_divisions;
use super::table::SORT;
use crate::arguments::{get, list};
use crate::exchange::{self, By, Shuffled};
use crate::kernels::is_missing;
use crate::keys::Key;
use crate::operations::{Job, Row, grid, partitionwise};
use crate::partition;
use crate::reductions::tree;
use crate::rows::{IN_ONE, boundaries, input, joined, operand, split, whole_body};
use crate::rowwise::are_native;
use crate::table::failed;
use crate::{FrameMeta, Kind, Label, PandasType, Schema, Table, library};

/// The rows of all partitions in order. The parameters: `by`, a list of labels; none for the levels of the index, or for the only
/// column of a series with `values`; `ascending`, a truth value for each; `na_position`; `npartitions` of the result, as many as
/// there are, if it is not given; `divisions`, between which values of the first index level the partitions are to lie.
///
/// Equal rows keep their order, and stay in one partition. Which rows come into which partition is known when it is computed:
/// there are no divisions, unless they are given.
pub const SORT_ROWS: &str = "sort";

pub(super) const SAMPLE: &str = "frame.sample";
pub(super) const BOUNDARIES: &str = "frame.boundaries";
pub(super) const RANGES: &str = "frame.ranges";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: SORT_ROWS,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |operands, parameters| {
            are_native(operands, parameters)
                && operand(operands).is_ok_and(|(_, own)| {
                    sort(&own.schema, parameters)
                        .is_ok_and(|by| by.keys.iter().all(|key| is_ordered(&own.schema, &key.0)))
                })
        },
        kernel: None,
        library: Some(library::JOINED),
        lower: lowered,
    }]
}

/// Whether the kernels have the order of a key that pandas has.
fn is_ordered(schema: &Schema, key: &Key) -> bool {
    let field = match key {
        Key::Column(label) => schema.columns.iter().find(|field| field.label == *label),
        Key::Level(level) => schema.index.get(*level),
    };
    matches!(
        field.map(|field| &field.dtype),
        Some(
            PandasType::Plain(_)
                | PandasType::Masked(_)
                | PandasType::Zoned(..)
                | PandasType::Text
                | PandasType::NullableText
        )
    )
}

/// By what rows are sorted.
fn sort(schema: &Schema, parameters: &Param) -> Result<Sort> {
    let keys: Vec<Key> = match (get(parameters, "by"), schema.kind) {
        (Param::Null, Kind::Series) if get(parameters, "values") == &Param::Bool(true) => {
            schema.labels().cloned().map(Key::Column).collect()
        }
        (Param::Null, _) => (0..schema.index.len()).map(Key::Level).collect(),
        _ => {
            let key = |label: &Param| {
                let label = Label::try_from(label)?;
                schema.position(&label).map(|_| Key::Column(label))
            };
            list(parameters, "by").iter().map(key).collect::<Result<_>>()?
        }
    };
    let ascending: Vec<bool> = match get(parameters, "ascending") {
        Param::Null => vec![true; keys.len()],
        Param::Bool(all) => vec![*all; keys.len()],
        _ => list(parameters, "ascending").iter().map(|one| *one == Param::Bool(true)).collect(),
    };
    if ascending.len() != keys.len() || keys.is_empty() {
        let what = format!("Length of ascending ({}) != length of by ({})", ascending.len(), keys.len());
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let missing_first = match get(parameters, "na_position").as_str() {
        None | Some("last") => false,
        Some("first") => true,
        Some(other) => {
            let what = format!("invalid na_position: {other:?}; it is 'first' or 'last'");
            return Err(ErrorKind::InvalidValue(what).into());
        }
    };
    Ok(Sort { keys: keys.into_iter().zip(ascending).collect(), missing_first, limit: None })
}

fn n_pieces(parameters: &Param, n_before: u64) -> Result<u32> {
    let given = match (get(parameters, "divisions"), get(parameters, "npartitions")) {
        (Param::Null, Param::Null) => i64::try_from(n_before).ok(),
        (Param::Null, given) => given.as_int(),
        (divisions, _) => divisions.as_list().and_then(|list| i64::try_from(list.len()).ok()).map(|n| n - 1),
    };
    let invalid = || {
        let found = get(parameters, "npartitions");
        ErrorKind::InvalidValue(format!("npartitions={found:?}: a number from 1 on is needed")).into()
    };
    given.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).ok_or_else(invalid)
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (of, own) = operand(operands)?;
    if !matches!(own.schema.kind, Kind::Frame | Kind::Series) {
        let what = format!("a sort of an object of kind {}", own.schema.kind.name());
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let by = sort(&own.schema, parameters)?;
    for (key, _) in &*by.keys {
        let Key::Column(label) = key else { continue };
        let dtype = &own.schema.columns[own.schema.position(label)?].dtype;
        if let PandasType::Plain(DType::Complex64 | DType::Complex128) = dtype {
            let found = dtype.to_string();
            return Err(ErrorKind::WrongType { expected: "values that have an order", found }.into());
        }
    }
    let divisions = given_divisions(&own.schema, parameters)?;
    if divisions.is_some() && !matches!(&*by.keys, [(Key::Level(0), true)]) {
        let what = "divisions of a sort that is not by an index of one level, ascending".to_owned();
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let n_before = FrameMeta::n_partitions(of);
    let n_pieces = n_pieces(parameters, n_before)?;
    let schema = own.schema.clone();
    let own = FrameMeta { schema, divisions: divisions.map(Arc::new) };
    match (n_pieces, FrameMeta::lengths(of).into_iter().sum::<Option<u64>>()) {
        (1, Some(length)) => own.into_meta_of([Some(length)]),
        (n_pieces, _) => own.into_meta(n_pieces),
    }
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters().clone();
    let schema = FrameMeta::of(job.context.meta(job.expr)?)?.schema.clone();
    let of = job.operand(0)?;
    let n_pieces = job.n_partitions()?;
    let has_divisions = get(&parameters, "divisions") != &Param::Null;
    if !job.is_native()? {
        return of_whole(job, of, pandas(&schema, &parameters)?, n_pieces);
    }
    let by = sort(&schema, &parameters)?;
    let body = Body::Native { name: SORT.into(), parameters: by.to_param() };
    if (n_pieces == 1 || of.grid.n_blocks() == 1) && !has_divisions {
        return of_whole(job, of, body, n_pieces);
    }
    let pieces = ranges(job, &of, &by, &parameters, n_pieces)?;
    let shuffled = Shuffled { by: By::Made(n_pieces), operand: &pieces, schema: &schema, keeps_index: true };
    let layer = exchange::shuffled(job, &shuffled)?;
    let pieces = inner(job, "exchanged", layer, n_pieces)?;
    partitionwise(body, &[pieces], n_pieces)
}

/// An inner layer.
fn inner(job: &mut Job<'_, '_>, what: &str, layer: Layer, n_blocks: u32) -> Result<Lowered> {
    let name = Name::new(&format!("sort-{what}-{}", job.expr.token()));
    job.graph.insert(name.clone(), layer)?;
    Ok(Lowered { name, grid: grid(n_blocks)? })
}

/// All rows sorted by one task, and then cut evenly.
fn of_whole(job: &mut Job<'_, '_>, of: Lowered, body: Body, n_pieces: u32) -> Result<Layer> {
    let n_before = of.grid.n_blocks();
    let merge = whole_body(job)?;
    let sorted = match n_before {
        1 => partitionwise(body, &[of], 1)?,
        _ => tree(of, [merge.clone(), merge, body])?,
    };
    if n_pieces == 1 {
        return Ok(sorted);
    }
    let sorted = inner(job, "whole", sorted, 1)?;
    split(job, &sorted, &[n_pieces])
}

/// What pandas calls on all rows.
fn pandas(schema: &Schema, parameters: &Param) -> Result<Body> {
    if get(parameters, "divisions") != &Param::Null {
        let what = "a sort between given divisions of columns that only pandas has: sort without divisions";
        return Err(ErrorKind::NotImplemented(what.to_owned()).into());
    }
    let by = sort(schema, parameters)?;
    let ascending: Vec<Param> = by.keys.iter().map(|(_, ascending)| Param::Bool(*ascending)).collect();
    let ascending = match (&ascending[..], schema.kind) {
        ([one], _) => one.clone(),
        _ => Param::List(ascending.into()),
    };
    let position = if by.missing_first { "first" } else { "last" };
    let kwargs = [
        ("ascending", ascending),
        ("na_position", Param::Str(position.into())),
        ("kind", Param::Str("stable".into())),
    ];
    let labels = get(parameters, "by").clone();
    Ok(match (&labels, &by.keys[0].0) {
        (Param::Null, Key::Level(_)) => joined("sort_index", vec![], Param::map(kwargs)),
        (Param::Null, Key::Column(_)) => joined("sort_values", vec![], Param::map(kwargs)),
        _ => joined("sort_values", vec![labels], Param::map(kwargs)),
    })
}

/// The pieces of each partition by ranges of the keys.
fn ranges(
    job: &mut Job<'_, '_>,
    of: &Lowered,
    by: &Sort,
    parameters: &Param,
    n_pieces: u32,
) -> Result<Lowered> {
    let n_before = of.grid.n_blocks();
    let n = Param::Int(n_pieces.into());
    let divisions = get(parameters, "divisions").clone();
    let own = Param::map([("by", by.to_param()), ("n", n.clone()), ("divisions", divisions.clone())]);
    let cut = Body::Native { name: RANGES.into(), parameters: own };
    let mut operands = vec![of.clone()];
    if divisions == Param::Null {
        // As many rows are asked that each boundary is found by some of them.
        let n_sampled = (64 * u64::from(n_pieces) / u64::from(n_before)).clamp(256, 65_536);
        let own = Param::map([("by", by.to_param()), ("n", Param::Int(n_sampled.clamped::<i64>()))]);
        let sample = Body::Native { name: SAMPLE.into(), parameters: own };
        let own = Param::map([("by", by.to_param()), ("n", n)]);
        let last = Body::Native { name: BOUNDARIES.into(), parameters: own };
        let layer = tree(of.clone(), [sample, Body::native(IN_ONE), last])?;
        operands.push(inner(job, "boundaries", layer, 1)?);
    }
    let layer = partitionwise(cut, &operands, n_before)?;
    inner(job, "ranges", layer, n_before)
}

fn by(call: &Call<'_>) -> Result<Sort> {
    Sort::from_param(get(call.shared, "by"))
}

fn n(call: &Call<'_>) -> Result<usize> {
    crate::rows::number(call.shared, "n")
}

pub(super) fn sampled(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    Ok(partition::sample(input(call.inputs)?, &by(call)?, n(call)?)?.into())
}

pub(super) fn boundaries_found(call: &mut Call<'_>) -> Result<Value> {
    let samples = call.inputs.iter().map(|value| Table::of(value).cloned()).collect::<Result<Vec<_>>>()?;
    Ok(partition::boundaries(&samples, &by(call)?, n(call)?)?.into())
}

/// The list of the pieces of a partition.
pub(super) fn cut(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let (by, n) = (by(call)?, n(call)?);
    let table = input(call.inputs)?;
    let bounds: Vec<ArrayRef> = match get(call.shared, "divisions") {
        Param::Null => input(&call.inputs[1..])?.columns().to_vec(),
        _ => vec![inner_boundaries(table, list(call.shared, "divisions"))?],
    };
    let pieces = partition::range_partition(table, &by, &bounds, n)?;
    Ok(Value::List(pieces.into_iter().map(Value::from).collect()))
}

/// The given divisions without their ends, between which all rows have to be.
fn inner_boundaries(table: &Table, divisions: &[Param]) -> Result<ArrayRef> {
    let levels = table.levels();
    let level = levels.first().ok_or_else(|| ErrorKind::InvalidGraph("a sort by no index".to_owned()))?;
    let all = boundaries(divisions, level.data_type())?;
    let (first, last) = (Scalar::new(all.slice(0, 1)), Scalar::new(all.slice(all.len() - 1, 1)));
    let below = cmp::lt(level, &first).map_err(failed)?;
    let above = cmp::gt(level, &last).map_err(failed)?;
    let there = boolean::not(&is_missing(level, &table.schema().index[0].dtype)?).map_err(failed)?;
    let outside =
        boolean::or(&below, &above).and_then(|outside| boolean::and(&outside, &there)).map_err(failed)?;
    let n_outside = outside.true_count();
    if n_outside > 0 {
        let what = format!(
            "{n_outside} rows have an index outside of the given divisions, which are {:?} to {:?}",
            divisions.first(),
            divisions.last()
        );
        return Err(ErrorKind::InvalidValue(what).into());
    }
    Ok(all.slice(1, all.len() - 2))
}
