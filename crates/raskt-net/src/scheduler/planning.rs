//! Graphs of clients into slices of tasks.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Name, Param, Result};
use raskt_graph::plan::{PlanOptions, plan, planned_tasks};
use raskt_graph::{Annotations, TaskTable};
use raskt_sched::{Demand, Particular, RESOURCE_UNIT, Slices, Terms};

use crate::wire::GraphRequest;

/// Graphs that could have more tasks than that are planned on a thread of their own, while others are served.
const N_TASKS_AT_ONCE: u64 = 2000;

/// Whether planning `request` takes no longer than others can wait.
pub(super) fn is_small(request: &GraphRequest) -> bool {
    let layers = request.graph.layers().iter();
    layers.map(|(_, layer)| layer.n_tasks_max()).fold(0, u64::saturating_add) <= N_TASKS_AT_ONCE
}

/// The slices of a graph: spelt out, fused, ordered, cut.
///
/// # Errors
/// As [`plan`]; [`ErrorKind::InvalidValue`] for annotations that make no sense.
pub(super) fn slices(request: GraphRequest, n_rows_max: u32, n_tasks_max: u32) -> Result<Slices> {
    let GraphRequest { name, graph, fuse_width, priority, retries, demand } = request;
    let planned = plan(&graph, &PlanOptions { fuse_width, n_tasks_max })?;
    drop(graph);
    let table = Arc::clone(planned_tasks(&planned)?);
    let all = Particular { priority, retries };
    let terms = terms(&table, planned.annotations(), all, demand)?;
    Ok(Slices::new(name, table, terms, n_rows_max))
}

fn terms(table: &TaskTable, annotations: &Annotations, all: Particular, demand: Demand) -> Result<Terms> {
    let is_restricted = demand != Demand::default();
    let mut terms = Terms { all, particulars: Vec::new(), demands: vec![demand], demand_of: Vec::new() };
    if annotations.is_empty() && !is_restricted {
        terms.demands.clear();
        return Ok(terms);
    }
    for row in 0..table.n_tasks().fit::<u32>() {
        let key = table.key(row);
        let note = |name: &str| annotations.get(&key, name).filter(|note| !matches!(note, Param::Null));
        let particular = Particular {
            priority: note("priority").map_or(Ok(all.priority), |note| number("priority", note))?,
            retries: note("retries").map_or(Ok(all.retries), |note| number("retries", note))?,
        };
        if particular != all {
            terms.particulars.push((row, particular));
        }
        let mut own = terms.demands[0].clone();
        if let Some(workers) = note("workers") {
            own.workers = names("workers", workers)?;
        }
        if let Some(allow) = note("allow_other_workers") {
            own.allow_other_workers = match allow {
                Param::Bool(allow) => *allow,
                other => return Err(invalid("allow_other_workers", "True or False", other)),
            };
        }
        if let Some(resources) = note("resources") {
            own.resources = resources_of(resources)?;
        }
        if own != Demand::default() {
            let known = terms.demands.iter().position(|demand| *demand == own);
            let place = known.unwrap_or_else(|| {
                terms.demands.push(own);
                terms.demands.len() - 1
            });
            terms.demand_of.push((row, place.fit()));
        }
    }
    Ok(terms)
}

fn invalid(name: &str, expected: &str, found: &Param) -> raskt_core::Error {
    ErrorKind::InvalidValue(format!("the annotation {name} is {expected}, not {found:?}")).into()
}

fn number<T: TryFrom<i64>>(name: &str, note: &Param) -> Result<T> {
    let found = note.as_int().and_then(|number| T::try_from(number).ok());
    found.ok_or_else(|| invalid(name, "a whole number", note))
}

fn names(name: &str, note: &Param) -> Result<Vec<Name>> {
    let one = |note: &Param| match note {
        Param::Str(text) => Ok(Name::new(text)),
        other => Err(invalid(name, "a name or a list of names", other)),
    };
    match note {
        Param::List(items) => items.iter().map(one).collect(),
        item => one(item).map(|name| vec![name]),
    }
}

fn resources_of(note: &Param) -> Result<Vec<(Name, u64)>> {
    let Param::Map(entries) = note else { return Err(invalid("resources", "amounts by name", note)) };
    let amount = |(name, amount): &(Arc<str>, Param)| {
        let units = amount.as_float().filter(|amount| (0.0..=9e12).contains(amount));
        let units = units.ok_or_else(|| invalid("resources", "amounts from 0 to 9e12 by name", amount))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 to 9e18")]
        let units = (units * RESOURCE_UNIT as f64).round() as u64;
        Ok((Name::new(name), units))
    };
    entries.iter().map(amount).collect()
}
