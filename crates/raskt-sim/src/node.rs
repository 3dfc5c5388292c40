//! A worker's process in the simulation.

use std::collections::BTreeMap;

use raskt_core::Key;
use raskt_sched::{Attempt, TaskRef, Time, Worker};

/// A worker's process: the machine, and the values that its driver holds.
#[derive(Debug)]
pub(crate) struct Node {
    pub machine: Worker,
    /// Its place in the scenario.
    pub spec: usize,
    pub is_alive: bool,
    /// Messages that would arrive from it later than this are lost: it has ended.
    pub heard_until: Time,
    pub paused_until: Time,
    pub isolated_until: Time,
    pub disk_full_until: Time,
    /// What it holds, in memory or on disk.
    pub store: BTreeMap<TaskRef, u64>,
    /// What attempts have made that is neither kept nor discarded.
    pub made: BTreeMap<Attempt, u64>,
    pub running: BTreeMap<Attempt, Key>,
    /// Tasks that have ended, and when the scheduler hears of it: if the worker ends before, it never does.
    pub reports: Vec<(Time, Key)>,
    /// When the last message in each direction arrives, so that none overtakes another.
    pub last_to: Time,
    pub last_from: Time,
}

impl Node {
    pub fn new(machine: Worker, spec: usize, now: Time) -> Self {
        Self {
            machine,
            spec,
            is_alive: true,
            heard_until: Time(u64::MAX),
            paused_until: Time(0),
            isolated_until: Time(0),
            disk_full_until: Time(0),
            store: BTreeMap::new(),
            made: BTreeMap::new(),
            running: BTreeMap::new(),
            reports: Vec::new(),
            last_to: now,
            last_from: now,
        }
    }
}
