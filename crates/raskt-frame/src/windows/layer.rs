//! The layer of tasks that get what is carried to their partitions.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::layer_name;
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Keys, TableBuilder};

use crate::arguments::{get, with};
use crate::operations::{Job, kernel_name};
use crate::{Table, table};

/// Whether something is carried to a partition from those before it, or from those behind it.
const BEFORE: &str = "has_before";
const BEHIND: &str = "has_behind";

/// What makes that which is carried on: of a partition, and then of what is carried to it and that.
#[derive(Default)]
pub(super) struct Carried {
    /// From the first partition to the last.
    pub before: Option<Body>,
    /// From the last partition to the first.
    pub behind: Option<Body>,
}

/// A task a partition that runs the kernel of the operation.
pub(super) fn beside(job: &mut Job<'_, '_>, carried: Carried) -> Result<Layer> {
    let of = job.tables(0)?;
    let n = of.grid.n_blocks() as usize;
    let mut table = TableBuilder::with_capacity(6 * n, 6 * n);
    let partitions =
        (0..n).map(|at| table.push_own(Body::Input(at.fit::<u32>()), &[])).collect::<Result<Vec<_>>>()?;
    let before = match carried.before {
        Some(body) => chain(&mut table, body, &partitions)?,
        None => vec![None; n],
    };
    let behind = match carried.behind {
        Some(body) => {
            let back: Vec<u32> = partitions.iter().rev().copied().collect();
            chain(&mut table, body, &back)?.into_iter().rev().collect()
        }
        None => vec![None; n],
    };
    let bodies = [(false, false), (true, false), (false, true), (true, true)].map(|(before, behind)| {
        let flags = [(BEFORE, Param::Bool(before)), (BEHIND, Param::Bool(behind))];
        let parameters = with(job.expr.parameters(), flags);
        table.body(Body::Native { name: kernel_name(job.row.name), parameters })
    });
    let mut tasks = Vec::with_capacity(n);
    for ((partition, before), behind) in partitions.into_iter().zip(before).zip(behind) {
        let body = bodies[usize::from(before.is_some()) + 2 * usize::from(behind.is_some())];
        let inputs: Vec<u32> = before.into_iter().chain([partition]).chain(behind).collect();
        tasks.push(table.push(body, &inputs)?);
    }
    let keys = Keys::Indexed(layer_name(job.expr));
    Ok(Raw::new(Arc::new(table.finish(keys, tasks)?), of.keys().collect())?.into())
}

/// What is carried to each partition but the first.
fn chain(table: &mut TableBuilder, body: Body, partitions: &[u32]) -> Result<Vec<Option<u32>>> {
    let body = table.body(body);
    let mut carried = None;
    let mut all = Vec::with_capacity(partitions.len());
    for &partition in partitions {
        all.push(carried);
        let own = table.push(body, &[partition])?;
        carried = Some(match carried {
            None => own,
            Some(carried) => table.push(body, &[carried, own])?,
        });
    }
    Ok(all)
}

/// What a task gets.
pub(super) struct Rows<'a> {
    /// What is carried to the partition from those before it.
    pub before: Option<&'a Table>,
    /// The partition.
    pub part: &'a Table,
    /// What is carried to the partition from those behind it.
    pub behind: Option<&'a Table>,
}

impl<'a> Rows<'a> {
    pub fn of(call: &'a Call<'_>) -> Result<Self> {
        call.ctx.cancel.check()?;
        let missing = || ErrorKind::InvalidGraph("a window without its rows".to_owned());
        let mut tables = call.inputs.iter().map(Table::of);
        let mut next = || tables.next().ok_or_else(missing)?;
        let is = |name| get(call.shared, name) == &Param::Bool(true);
        let before = if is(BEFORE) { Some(next()?) } else { None };
        let part = next()?;
        let behind = if is(BEHIND) { Some(next()?) } else { None };
        Ok(Self { before, part, behind })
    }

    /// All of them, one after another.
    pub fn tables(&self) -> impl Iterator<Item = &'a Table> {
        self.before.into_iter().chain([self.part]).chain(self.behind)
    }

    /// All rows as one table.
    pub fn whole(&self) -> Result<Table> {
        joined(&self.tables().cloned().collect::<Vec<_>>())
    }

    /// How many rows are before the partition.
    pub fn n_before(&self) -> usize {
        self.before.map_or(0, Table::n_rows)
    }
}

/// The inputs of what makes that which is carried on, in the order of rows: `is_back` where it comes from behind.
pub(super) fn met(inputs: &[Value], is_back: bool) -> Result<Table> {
    let mut tables = inputs.iter().map(|value| Table::of(value).cloned()).collect::<Result<Vec<_>>>()?;
    if is_back {
        tables.reverse();
    }
    joined(&tables)
}

/// The rows of all tables; those without any do not count.
fn joined(tables: &[Table]) -> Result<Table> {
    let there: Vec<Table> = tables.iter().filter(|table| table.n_rows() > 0).cloned().collect();
    table::concat(if there.is_empty() { tables.get(..1).unwrap_or_default() } else { &there })
}
