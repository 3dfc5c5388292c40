//! How long tasks take: measured by kind.

use std::collections::hash_map::Entry;
use std::time::Duration;

use raskt_core::{Arena, Fit, Result};
use raskt_graph::{Body, TaskTable};
use rustc_hash::FxHashMap;

use crate::ids::FamilyId;

/// What a family is known by: how tasks of one function, or of one kernel, find each other in different graphs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// What a foreign runtime says; see [`raskt_graph::Foreign::family`].
    Foreign(u64),
    /// The label of any other body.
    Label(std::sync::Arc<str>),
}

impl Kind {
    pub fn of(body: &Body) -> Self {
        match body {
            Body::Foreign(foreign) => Self::Foreign(foreign.family()),
            body => Self::Label(body.label()),
        }
    }
}

/// How much the newest measurement counts.
const NEWEST: f64 = 0.3;

#[derive(Debug)]
struct Family {
    /// A moving average; `None` before the first has finished.
    microseconds: Option<f64>,
    /// How long one has run that has not finished, where that is longer than the default.
    at_least_us: u32,
}

/// How long tasks of each kind took.
#[derive(Debug)]
pub(crate) struct Families {
    families: Arena<FamilyId, Family>,
    by_kind: FxHashMap<Kind, FamilyId>,
    default_us: u32,
}

impl Families {
    pub fn new(duration_default: Duration) -> Self {
        let default_us = duration_default.as_micros().clamped::<u64>().clamped();
        Self { families: Arena::new(), by_kind: FxHashMap::default(), default_us }
    }

    /// The family of a row; `of_bodies` remembers it for each body of the table that is shared.
    pub fn of_row(
        &mut self,
        table: &TaskTable,
        row: u32,
        of_bodies: &mut FxHashMap<u32, FamilyId>,
    ) -> Result<FamilyId> {
        let kind = match table.body(row) {
            body @ Body::Foreign(_) => Kind::of(body),
            body => match of_bodies.entry(table.body_index(row)) {
                Entry::Occupied(known) => return Ok(*known.get()),
                Entry::Vacant(unknown) => {
                    let family = Self::named(&mut self.families, &mut self.by_kind, Kind::of(body))?;
                    return Ok(*unknown.insert(family));
                }
            },
        };
        Self::named(&mut self.families, &mut self.by_kind, kind)
    }

    fn named(
        families: &mut Arena<FamilyId, Family>,
        by_kind: &mut FxHashMap<Kind, FamilyId>,
        kind: Kind,
    ) -> Result<FamilyId> {
        match by_kind.entry(kind) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(unknown) => {
                Ok(*unknown.insert(families.push(Family { microseconds: None, at_least_us: 0 })?))
            }
        }
    }

    /// The family of data that was scattered, which runs nothing.
    pub fn of_data(&mut self) -> Result<FamilyId> {
        Self::named(&mut self.families, &mut self.by_kind, Kind::Label("".into()))
    }

    /// How long a task of the family is expected to take.
    pub fn estimate_us(&self, family: FamilyId) -> u32 {
        let Some(family) = self.families.get(family) else { return self.default_us.max(1) };
        let guess = self.default_us.max(family.at_least_us);
        family.microseconds.map_or(guess, |average| average.clamped::<u32>()).max(1)
    }

    /// A task of the family has run so long, and has not finished; whether that says more of the family than was known.
    pub fn outlast(&mut self, family: FamilyId, duration: Duration) -> bool {
        let at_least_us = duration.as_micros().clamped::<u64>().clamped::<u32>();
        let is_longer = at_least_us > self.estimate_us(family);
        match self.families.get_mut(family) {
            Some(family) if is_longer && family.microseconds.is_none() => {
                family.at_least_us = at_least_us;
                true
            }
            _ => false,
        }
    }

    /// A task of the family took so long; whether it is the first one.
    pub fn learn(&mut self, family: FamilyId, duration: Duration) -> bool {
        let microseconds = duration.as_secs_f64() * 1e6;
        let Some(family) = self.families.get_mut(family) else { return false };
        let average = family.microseconds;
        family.microseconds = Some(match average {
            None => microseconds,
            Some(average) => average + NEWEST * (microseconds - average),
        });
        average.is_none()
    }
}
