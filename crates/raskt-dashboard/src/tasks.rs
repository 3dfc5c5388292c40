//! Single tasks of local runs: how each is, and which ones the end of a run waited for.
//!
//! Tasks of a few microseconds are recorded together ([`raskt_exec::events`]): of these it is known that they are done once a task
//! that needs them has begun, or all of their name are done.

use std::collections::VecDeque;
use std::sync::Arc;

use raskt_core::Fit;
use raskt_exec::events::{EventKind, Gauge, NameId, Record, RunTasks};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::json;
use crate::telling::N_TASKS_SHOWN_MAX;

/// Larger runs are not followed task by task.
const N_TASKS_MAX: usize = 1 << 17;
/// Tasks of all runs together that are followed; the oldest runs go.
const N_TASKS_IN_ALL_MAX: usize = 1 << 19;
/// Tasks of a path that are told, and tasks that were not recorded by themselves that are looked through for one.
const N_TOLD_MAX: usize = 4096;
const N_LOOKED_THROUGH_MAX: usize = 1 << 20;

/// A task that was recorded by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ran {
    lane: u32,
    start_ns: u64,
    end_ns: u64,
    bytes: u64,
    has_failed: bool,
}

/// A run, task by task.
struct Followed {
    gauge: Arc<Gauge>,
    tasks: RunTasks,
    ran: FxHashMap<u32, Ran>,
    /// Tasks of names all of which are done, as far as counted.
    n_left: FxHashMap<NameId, u64>,
}

/// The runs of this process that are followed task by task, oldest first.
#[derive(Default)]
pub struct Followers(VecDeque<Followed>);

/// How a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Waiting,
    Ready,
    Running,
    Done,
    Failed,
}

impl Standing {
    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Followers {
    /// Follows a run from here on, if it is small enough and not gone.
    pub fn follow(&mut self, gauge: &Arc<Gauge>) {
        let Some(tasks) = gauge.tasks(N_TASKS_MAX) else { return };
        let mut n_left = FxHashMap::default();
        tasks.names.iter().flatten().for_each(|name| *n_left.entry(*name).or_default() += 1);
        self.0.push_back(Followed { gauge: Arc::clone(gauge), tasks, ran: FxHashMap::default(), n_left });
        let n_in_all =
            |runs: &VecDeque<Followed>| runs.iter().map(|run| run.tasks.names.len()).sum::<usize>();
        while self.0.len() > 1 && n_in_all(&self.0) > N_TASKS_IN_ALL_MAX {
            self.0.pop_front();
        }
    }

    /// Follows only what `is_known`.
    pub fn retain(&mut self, is_known: impl Fn(u32) -> bool) {
        self.0.retain(|run| is_known(run.gauge.run()));
    }

    /// A record of a task, made in a place.
    pub fn count(&mut self, record: &Record, lane: u32) {
        let Some(run) = self.0.iter_mut().rev().find(|run| run.gauge.run() == record.run) else { return };
        let has_failed = match record.kind {
            EventKind::Finished => false,
            EventKind::Failed => true,
            _ => return,
        };
        if !has_failed && let Some(left) = run.n_left.get_mut(&record.name) {
            *left = left.saturating_sub(u64::from(record.n_tasks));
        }
        // What a task has become is not among those that the run began with.
        if record.n_tasks == 1 && (record.task as usize) < run.tasks.names.len() {
            let end_ns = record.start_ns.saturating_add(record.duration_ns);
            let ran = Ran { lane, start_ns: record.start_ns, end_ns, bytes: record.bytes, has_failed };
            run.ran.insert(record.task, ran);
        }
    }

    /// All tasks of what runs, or else of what ran last, as JSON: key, function, state, and places of what each needs; null where
    /// they are many. `running` are run and task.
    pub fn graph(&self, running: &[(u32, u32)]) -> String {
        let goes_on = |run: &&Followed| run.gauge.state().ended.is_none();
        let mut runs: Vec<&Followed> = self.0.iter().filter(goes_on).collect();
        if runs.is_empty() {
            runs.extend(self.0.back());
        }
        let n_all: usize = runs.iter().map(|run| run.tasks.names.iter().flatten().count()).sum();
        if n_all > N_TASKS_SHOWN_MAX {
            return "null".to_owned();
        }
        let mut rows = Vec::with_capacity(n_all);
        for run in runs {
            let of_run = running.iter().filter(|(number, _)| *number == run.gauge.run());
            run.add_rows(&of_run.map(|(_, task)| *task).collect(), &mut rows);
        }
        let mut out = String::new();
        json::list(&mut out, rows, |out, row: Row| {
            out.push('[');
            for text in [&*row.key, &*row.name, row.standing.name()] {
                json::string(out, text);
                out.push(',');
            }
            json::list(out, row.inputs, |out, input| json::number(out, input as u64));
            out.push(']');
        });
        out
    }

    /// The tasks that the end of the last run waited for, as JSON: key, function, place, start and duration in milliseconds, bytes.
    pub fn critical(&self) -> String {
        let path = self.0.iter().rev().find(|run| !run.ran.is_empty()).map(|run| (run, run.critical()));
        let mut out = String::new();
        json::list(
            &mut out,
            path.into_iter().flat_map(|(run, path)| path.into_iter().map(move |task| (run, task))),
            {
                |out, (run, (task, ran)): (&Followed, (u32, Ran))| {
                    out.push('[');
                    for text in [run.key(task), run.name(task)] {
                        json::string(out, &text);
                        out.push(',');
                    }
                    json::number(out, u64::from(ran.lane));
                    for time in [ran.start_ns, ran.end_ns.saturating_sub(ran.start_ns)] {
                        out.push(',');
                        json::milliseconds(out, time);
                    }
                    out.push(',');
                    json::number(out, ran.bytes);
                    out.push(']');
                }
            },
        );
        out
    }
}

/// A task as viewers are told of it.
struct Row {
    key: String,
    name: Arc<str>,
    standing: Standing,
    inputs: Vec<usize>,
}

impl Followed {
    fn name(&self, task: u32) -> Arc<str> {
        self.tasks.names[task as usize].map_or_else(Arc::default, NameId::name)
    }

    fn key(&self, task: u32) -> Arc<str> {
        self.gauge.key(task).map_or_else(|| self.name(task), Arc::from)
    }

    /// What a task needs, with bookkeeping looked through.
    fn inputs(&self, task: u32) -> Vec<u32> {
        let (mut found, mut seen) = (Vec::new(), FxHashSet::default());
        let mut open = self.tasks.inputs.row(task).to_vec();
        while let Some(input) = open.pop() {
            if !seen.insert(input) {
                continue;
            }
            match self.tasks.names[input as usize] {
                Some(_) => found.push(input),
                None => open.extend_from_slice(self.tasks.inputs.row(input)),
            }
        }
        found.sort_unstable();
        found
    }

    fn add_rows(&self, running: &FxHashSet<u32>, rows: &mut Vec<Row>) {
        let all = (0..self.tasks.names.len().fit::<u32>())
            .filter(|&task| self.tasks.names[task as usize].is_some());
        let all: Vec<u32> = all.collect();
        let inputs: Vec<Vec<u32>> = all.iter().map(|&task| self.inputs(task)).collect();
        let place = |task: &u32| all.binary_search(task).ok();
        let standings = self.standings(&all, &inputs, running);
        let first = rows.len();
        for ((&task, needs), standing) in all.iter().zip(&inputs).zip(standings) {
            let inputs = needs.iter().filter_map(place).map(|at| first + at).collect();
            rows.push(Row { key: self.key(task).to_string(), name: self.name(task), standing, inputs });
        }
    }

    /// How each of `all` is, whose inputs are given.
    fn standings(&self, all: &[u32], inputs: &[Vec<u32>], running: &FxHashSet<u32>) -> Vec<Standing> {
        let is_complete = self.gauge.state().ended.is_some_and(|(_, is_complete)| is_complete);
        let is_counted = |task: u32| {
            let name = self.tasks.names[task as usize];
            name.and_then(|name| self.n_left.get(&name)).is_some_and(|left| *left == 0)
        };
        let mut standings: Vec<Standing> = all
            .iter()
            .map(|task| match self.ran.get(task) {
                Some(ran) if ran.has_failed => Standing::Failed,
                Some(_) => Standing::Done,
                None if is_complete || is_counted(*task) => Standing::Done,
                None if running.contains(task) => Standing::Running,
                None => Standing::Waiting,
            })
            .collect();
        // What a task needs that has begun is done, and what that needs.
        let mut open: Vec<usize> = (0..all.len()).filter(|&at| standings[at] != Standing::Waiting).collect();
        while let Some(at) = open.pop() {
            for at in inputs[at].iter().filter_map(|input| all.binary_search(input).ok()) {
                if matches!(standings[at], Standing::Waiting) {
                    standings[at] = Standing::Done;
                    open.push(at);
                }
            }
        }
        for at in 0..all.len() {
            let is_done =
                |input: &u32| all.binary_search(input).is_ok_and(|at| standings[at] == Standing::Done);
            if standings[at] == Standing::Waiting && inputs[at].iter().all(is_done) {
                standings[at] = Standing::Ready;
            }
        }
        standings
    }

    /// The tasks that the end of the one that ended last waited for, the first of them first: each with the input that ended last.
    /// What was not recorded by itself took microseconds, and is looked through.
    fn critical(&self) -> Vec<(u32, Ran)> {
        let last = self.ran.iter().filter(|(_, ran)| !ran.has_failed);
        let mut next = last.max_by_key(|(task, ran)| (ran.end_ns, **task)).map(|(&task, &ran)| (task, ran));
        let (mut path, mut n_left) = (Vec::new(), N_LOOKED_THROUGH_MAX);
        while let Some((task, ran)) = next.filter(|_| path.len() < N_TOLD_MAX) {
            path.push((task, ran));
            next = self.last_input(task, ran.end_ns, &mut n_left);
        }
        path.reverse();
        path
    }

    /// Of the recorded tasks that `task` needs, itself or through others that were not, the one that ended last.
    fn last_input(&self, task: u32, before_ns: u64, n_left: &mut usize) -> Option<(u32, Ran)> {
        let (mut best, mut seen): (Option<(u32, Ran)>, _) = (None, FxHashSet::default());
        let mut open = self.tasks.inputs.row(task).to_vec();
        while let Some(input) = open.pop() {
            if !seen.insert(input) {
                continue;
            }
            match self.ran.get(&input) {
                Some(ran)
                    if ran.end_ns <= before_ns
                        && best.is_none_or(|(_, best): (u32, Ran)| best.end_ns < ran.end_ns) =>
                {
                    best = Some((input, *ran));
                }
                None if *n_left > 0 => {
                    *n_left -= 1;
                    open.extend_from_slice(self.tasks.inputs.row(input));
                }
                _ => {}
            }
        }
        best
    }
}
