//! Partitions cut anew: neighbours put together, single ones split, or all of them cut where the index says.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Scalar};
use arrow::compute;
use arrow::compute::kernels::{boolean, cmp};
use arrow::datatypes::DataType;
use raskt_core::{ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Lowered, Meta, layer_name};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Keys, TableBuilder};

use super::table::{input, inputs, number, operand, whole_body};
use crate::arguments::{get, list};
use crate::kernels::Column;
use crate::operations::{Job, LowerFn, MetaFn, Row};
use crate::rowwise::are_native;
use crate::table::failed;
use crate::{Divisions, FrameMeta, library};

/// So many partitions; the parameter `npartitions`.
pub const REPARTITION: &str = "repartition";
/// Partitions between other values of the index; the parameters `divisions`, and `force`, which allows them to reach beyond the
/// first and the last one.
pub const REDIVIDE: &str = "redivide";

/// The native body that takes one of several equal pieces of a partition: which of how many are its own parameters.
pub(super) const PIECE: &str = "frame.piece";
/// The native body that takes the rows between two values of the index, which are its own parameters.
pub(super) const BETWEEN: &str = "frame.between";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    let row = |name, meta: MetaFn, library, lower: LowerFn| Row {
        name,
        arity: Arity::Exactly(1),
        meta,
        accepts: are_native,
        kernel: None,
        library: Some(library),
        lower,
    };
    vec![
        row(
            REPARTITION,
            |operands, parameters| repartition_meta(operands, parameters).map(Some),
            library::PIECE,
            repartition,
        ),
        row(
            REDIVIDE,
            |operands, parameters| redivide_meta(operands, parameters).map(Some),
            library::BETWEEN,
            redivide,
        ),
    ]
}

/// What makes the new partitions of so many old ones.
enum Cut {
    /// Each is made of neighbours: those from one place up to the next.
    Merged(Vec<u32>),
    /// Each old one is split into so many.
    Split(Vec<u32>),
}

fn cut(parameters: &Param, n_partitions: u32) -> Result<Cut> {
    let wanted = number(parameters, "npartitions")?;
    let wanted = u32::try_from(wanted).ok().filter(|wanted| *wanted > 0).ok_or_else(|| {
        let what = format!("npartitions={wanted}: a frame has 1 partition or more");
        raskt_core::Error::new(ErrorKind::InvalidValue(what))
    })?;
    let of = u64::from(n_partitions);
    if wanted <= n_partitions {
        let place = |at: u32| (u64::from(at) * of / u64::from(wanted)).fit::<u32>();
        return Ok(Cut::Merged((0..=wanted).map(place).collect()));
    }
    let (each, more) = (wanted / n_partitions, wanted % n_partitions);
    Ok(Cut::Split((0..n_partitions).map(|at| each + u32::from(at < more)).collect()))
}

/// The rows of piece `at` of `n`, of so many.
fn piece_rows(n_rows: u64, at: u64, n: u64) -> std::ops::Range<u64> {
    let place = |at: u64| (u128::from(n_rows) * u128::from(at) / u128::from(n.max(1))).fit::<u64>();
    place(at)..place(at + 1)
}

fn repartition_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (of, own) = operand(operands)?;
    let lengths = FrameMeta::lengths(of);
    let schema = own.schema.clone();
    match cut(parameters, FrameMeta::n_partitions(of).fit::<u32>())? {
        Cut::Merged(places) => {
            let divisions = own.divisions.as_ref().map(|divisions| divisions.at(&places)).transpose()?;
            let sum = |pair: &[u32]| {
                let own = lengths.get(pair[0] as usize..pair[1] as usize);
                own.and_then(|own| own.iter().copied().sum::<Option<u64>>())
            };
            let own = FrameMeta { schema, divisions: divisions.map(Arc::new) };
            own.into_meta_of(places.windows(2).map(sum))
        }
        // Where in the index a partition is cut, its rows have to be there to say.
        Cut::Split(pieces) => {
            let mut all = Vec::new();
            for (length, n) in lengths.into_iter().zip(pieces) {
                let size = |at: u32| {
                    let rows = piece_rows(length?, at.into(), n.into());
                    Some(rows.end - rows.start)
                };
                all.extend((0..n).map(size));
            }
            FrameMeta::from(schema).into_meta_of(all)
        }
    }
}

/// A task for each new partition that is not an old one.
fn repartition(job: &mut Job<'_, '_>) -> Result<Layer> {
    let of = job.operand(0)?;
    let n_partitions = of.grid.n_blocks();
    let mut tasks = Tasks::new(&of)?;
    match cut(job.expr.parameters(), n_partitions)? {
        Cut::Merged(places) => {
            let body = tasks.table.body(whole_body(job)?);
            for pair in places.windows(2) {
                tasks.merge(body, pair[0]..pair[1])?;
            }
        }
        Cut::Split(pieces) => return split(job, &of, &pieces),
    }
    tasks.finish(job)
}

/// The layer of equal pieces of partitions: so many of each.
pub(crate) fn split(job: &Job<'_, '_>, of: &Lowered, pieces: &[u32]) -> Result<Layer> {
    let mut tasks = Tasks::new(of)?;
    let body = tasks.table.body(match job.is_native()? {
        true => Body::native(PIECE),
        false => Body::library(library::PIECE),
    });
    for (&old, &n) in tasks.old.iter().zip(pieces) {
        for at in 0..n {
            let own = Param::map([("at", Param::Int(at.into())), ("n", Param::Int(n.into()))]);
            let row = match n {
                1 => old,
                _ => tasks.table.push_with(body, own, &[old])?,
            };
            tasks.new.push(row);
        }
    }
    tasks.finish(job)
}

/// A layer of tasks, each of which makes a new partition of some old ones.
struct Tasks {
    table: TableBuilder,
    old: Vec<u32>,
    externals: Vec<raskt_core::Key>,
    new: Vec<u32>,
}

impl Tasks {
    fn new(of: &Lowered) -> Result<Self> {
        let externals: Vec<_> = of.keys().collect();
        let mut table = TableBuilder::with_capacity(2 * externals.len(), externals.len());
        let old = (0..externals.len().fit::<u32>()).map(|at| table.push_own(Body::Input(at), &[]));
        let old = old.collect::<Result<_>>()?;
        Ok(Self { old, table, externals, new: Vec::new() })
    }

    fn merge(&mut self, body: u32, old: std::ops::Range<u32>) -> Result<()> {
        let row = match &self.old[old.start as usize..old.end as usize] {
            [only] => *only,
            several => self.table.push(body, several)?,
        };
        self.new.push(row);
        Ok(())
    }

    fn finish(self, job: &Job<'_, '_>) -> Result<Layer> {
        let keys = Keys::Indexed(layer_name(job.expr));
        Ok(Raw::new(Arc::new(self.table.finish(keys, self.new)?), self.externals)?.into())
    }
}

/// A piece of a partition.
pub(super) fn piece(call: &mut Call<'_>) -> Result<Value> {
    let table = input(call.inputs)?;
    let (at, n) = (number(call.own, "at")?, number(call.own, "n")?);
    let rows = piece_rows(table.n_rows() as u64, at as u64, n as u64);
    Ok(table.slice(rows.start.fit::<usize>(), (rows.end - rows.start).fit::<usize>()).into())
}

/// Values of the index among parameters, as its first level is stored.
pub(crate) fn boundaries(values: &[Param], storage: &DataType) -> Result<ArrayRef> {
    let one = |value: &Param| Ok(Column::Literal(value.clone()).side(storage)?.array);
    let arrays = values.iter().map(one).collect::<Result<Vec<_>>>()?;
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    match arrays.is_empty() {
        true => Ok(arrow::array::new_empty_array(storage)),
        false => compute::concat(&arrays).map_err(failed),
    }
}

/// The old and the new divisions.
fn both(own: &FrameMeta, parameters: &Param) -> Result<(Arc<Divisions>, Divisions)> {
    let invalid = |what: String| raskt_core::Error::new(ErrorKind::InvalidValue(what));
    let old = own.divisions.clone().ok_or_else(|| {
        invalid(
            "repartition by divisions of a frame whose divisions are not known: set_index makes them"
                .to_owned(),
        )
    })?;
    let new = Divisions::new(boundaries(list(parameters, "divisions"), old.boundaries().data_type())?)?;
    let end = |divisions: &Divisions, last: bool| {
        let boundaries = divisions.boundaries();
        boundaries.slice(if last { boundaries.len() - 1 } else { 0 }, 1)
    };
    let is_before = |one: &ArrayRef, two: &ArrayRef| {
        Ok::<_, raskt_core::Error>(cmp::lt(one, two).map_err(failed)?.value(0))
    };
    let outside =
        is_before(&end(&old, false), &end(&new, false))? || is_before(&end(&new, true), &end(&old, true))?;
    let beyond =
        is_before(&end(&new, false), &end(&old, false))? || is_before(&end(&old, true), &end(&new, true))?;
    let is_forced = get(parameters, "force") == &Param::Bool(true);
    if outside || (beyond && !is_forced) {
        let what = format!(
            "new divisions must begin and end as the old ones do, which are {:?}; with force=True they may reach \
             further, and never less far; they are {:?}",
            old.boundaries(),
            new.boundaries()
        );
        return Err(invalid(what));
    }
    Ok((old, new))
}

fn redivide_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let (_, own) = operand(operands)?;
    let (_, new) = both(own, parameters)?;
    let n_partitions = new.n_partitions().fit::<u32>();
    FrameMeta { schema: own.schema.clone(), divisions: Some(Arc::new(new)) }.into_meta(n_partitions)
}

/// A task for each new partition, which takes its rows of the old ones that may have some.
fn redivide(job: &mut Job<'_, '_>) -> Result<Layer> {
    let own = FrameMeta::of(job.context.meta(&job.expr.operands()[0])?)?.clone();
    let (old, new) = both(&own, job.expr.parameters())?;
    let values = list(job.expr.parameters(), "divisions");
    let of = job.operand(0)?;
    let mut tasks = Tasks::new(&of)?;
    let body = tasks.table.body(match job.is_native()? {
        true => Body::native(BETWEEN),
        false => Body::library(library::BETWEEN),
    });
    for at in 0..new.n_partitions() {
        let is_last = at + 1 == new.n_partitions();
        let inputs = overlapping(&old, new.boundaries(), at, is_last)?;
        let inputs: Vec<u32> = inputs.map(|old| tasks.old[old]).collect();
        let parameters = Param::map([
            ("lower", values[at].clone()),
            ("upper", values[at + 1].clone()),
            ("is_last", Param::Bool(is_last)),
        ]);
        let row = tasks.table.push_with(body, parameters, &inputs)?;
        tasks.new.push(row);
    }
    tasks.finish(job)
}

/// Which old partitions may have rows of the new partition `at`: at least one, which then has none of them.
fn overlapping(old: &Divisions, new: &ArrayRef, at: usize, is_last: bool) -> Result<std::ops::Range<usize>> {
    let boundary = |at: usize| Scalar::new(new.slice(at, 1));
    let n = old.n_partitions();
    let (starts, ends) = (old.boundaries().slice(0, n), old.boundaries().slice(1, n));
    // The last old partition has its end, which the others have not; to ask it once too often costs nothing.
    let before = cmp::lt(&ends, &boundary(at)).map_err(failed)?.true_count();
    let until = match is_last {
        true => cmp::lt_eq(&starts, &boundary(at + 1)).map_err(failed)?.true_count(),
        false => cmp::lt(&starts, &boundary(at + 1)).map_err(failed)?.true_count(),
    };
    let first = before.min(n - 1);
    Ok(first..until.max(first + 1))
}

/// The rows of all inputs at which the first level of the index is between two values.
pub(super) fn between(call: &mut Call<'_>) -> Result<Value> {
    let (lower, upper) = (get(call.own, "lower").clone(), get(call.own, "upper").clone());
    let is_last = get(call.own, "is_last") == &Param::Bool(true);
    let table = inputs(call)?;
    let levels = table.levels();
    let level =
        levels.first().ok_or_else(|| ErrorKind::InvalidGraph("a partition without an index".to_owned()))?;
    let bounds = boundaries(&[lower, upper], level.data_type())?;
    let bound = |at: usize| Scalar::new(bounds.slice(at, 1));
    let after = cmp::gt_eq(level, &bound(0)).map_err(failed)?;
    let before: BooleanArray = match is_last {
        true => cmp::lt_eq(level, &bound(1)),
        false => cmp::lt(level, &bound(1)),
    }
    .map_err(failed)?;
    Ok(table.filter(&boolean::and(&after, &before).map_err(failed)?)?.into())
}
