//! What the threads of this process do, and the child processes that they speak for.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use raskt_exec::events::{self, Event, EventKind, Gauge, Lane, NameId, Reader};
use rustc_hash::FxHashMap;

use crate::json;
use crate::process;
use crate::source::{Bar, Group, LaneLabel, Memory, RunningTask, Seen, Source, Teller};
use crate::tasks::Followers;

/// For how long what has ended is shown.
const LINGER_NS: u64 = 60_000_000_000;
/// Runs whose tasks are counted by name.
const N_RUNS_MAX: usize = 64;
/// Names that are shown one by one.
const N_GROUPS_MAX: usize = 60;
/// Running tasks that are shown one by one.
const N_RUNNING_MAX: usize = 200;
/// Lanes of child processes come after those of threads.
const FIRST_PROCESS: u32 = 1 << 16;

/// Tasks of one run by name.
struct Counted {
    gauge: Arc<Gauge>,
    /// What it began with: name, tasks.
    planned: FxHashMap<NameId, u64>,
    seen: FxHashMap<NameId, Tally>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    n_done: u64,
    n_failed: u64,
    busy_ns: u64,
    bytes: u64,
}

/// What tasks get of others, by run: names and how many values.
type Links = FxHashMap<u32, Vec<(NameId, NameId, usize)>>;

/// The local schedulers of this process.
pub struct LocalSource {
    reader: Reader,
    /// The number of each name on the page.
    names: FxHashMap<NameId, u32>,
    runs: VecDeque<Counted>,
    processes: Vec<u16>,
    /// Of the runs that are counted. A run's graph is gone when it has ended.
    links: Arc<Mutex<Links>>,
    /// Runs of which single tasks are known.
    followers: Arc<Mutex<Followers>>,
}

impl LocalSource {
    /// From what is still known of the past.
    #[must_use]
    pub fn with_past() -> Self {
        Self::reading(Reader::from_oldest())
    }

    /// From now on.
    #[must_use]
    pub fn from_now() -> Self {
        Self::reading(Reader::from_now())
    }

    fn reading(reader: Reader) -> Self {
        Self {
            reader,
            names: FxHashMap::default(),
            runs: VecDeque::new(),
            processes: Vec::new(),
            links: Arc::default(),
            followers: Arc::default(),
        }
    }

    fn find_runs(&mut self, now_ns: u64) {
        for gauge in events::gauges() {
            let ended = gauge.state().ended;
            let is_old = ended.is_some_and(|(at, _)| at + LINGER_NS < now_ns);
            if !is_old && !self.runs.iter().any(|known| known.gauge.run() == gauge.run()) {
                let planned = gauge.n_by_name().unwrap_or_default();
                let planned = planned.into_iter().map(|(name, n)| (name, n as u64)).collect();
                let links = gauge.links_by_name().unwrap_or_default();
                self.links.lock().insert(gauge.run(), links);
                self.followers.lock().follow(&gauge);
                self.runs.push_back(Counted { gauge, planned, seen: FxHashMap::default() });
            }
        }
        self.runs.retain(|run| run.gauge.state().ended.is_none_or(|(at, _)| at + LINGER_NS >= now_ns));
        while self.runs.len() > N_RUNS_MAX {
            self.runs.pop_front();
        }
        let runs = &self.runs;
        let is_known = |run: u32| runs.iter().any(|known| known.gauge.run() == run);
        self.links.lock().retain(|run, _| is_known(*run));
        self.followers.lock().retain(is_known);
    }

    fn bar(&mut self, event: &Event, fresh: &mut Vec<String>) -> Bar {
        let record = &event.record;
        let lane = match event.lane {
            Lane::Thread(number) => number,
            Lane::Process(number) => {
                if !self.processes.contains(&number) {
                    self.processes.push(number);
                }
                FIRST_PROCESS + u32::from(number)
            }
        };
        let n_known = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name = *self.names.entry(record.name).or_insert_with(|| {
            fresh.push(record.name.name().to_string());
            n_known
        });
        Bar {
            lane,
            name,
            kind: record.kind as u8,
            start_ns: record.start_ns,
            end_ns: record.start_ns.saturating_add(record.duration_ns),
            busy_ns: record.duration_ns,
            n_tasks: record.n_tasks,
            bytes: record.bytes,
        }
    }

    fn count(&mut self, event: &Event) {
        let record = &event.record;
        let n = u64::from(record.n_tasks);
        let Some(run) = self.runs.iter_mut().rev().find(|run| run.gauge.run() == record.run) else { return };
        let (n_done, n_failed) = match record.kind {
            EventKind::Finished => (n, 0),
            EventKind::Failed => (0, n),
            _ => return,
        };
        let tally = run.seen.entry(record.name).or_default();
        tally.n_done += n_done;
        tally.n_failed += n_failed;
        tally.busy_ns += record.duration_ns;
        tally.bytes += record.bytes;
    }

    /// Tasks by name, those with most first; what does not fit is one more group.
    fn groups(&self) -> Vec<Group> {
        let mut all = FxHashMap::<NameId, Group>::default();
        for run in &self.runs {
            let is_complete = run.gauge.state().ended.is_some_and(|(_, is_complete)| is_complete);
            for (&name, &n) in &run.planned {
                let group = all.entry(name).or_default();
                group.n_tasks += n;
                // Of what was not seen one by one it is known that it is done.
                let seen = run.seen.get(&name).map_or(0, |tally| tally.n_done);
                group.n_done += if is_complete { n.max(seen) } else { seen };
            }
            for (&name, tally) in &run.seen {
                let group = all.entry(name).or_default();
                if !run.planned.contains_key(&name) {
                    group.n_done += tally.n_done;
                }
                group.n_failed += tally.n_failed;
                group.busy_ns += tally.busy_ns;
                group.bytes += tally.bytes;
            }
        }
        let mut groups: Vec<Group> = all
            .into_iter()
            .map(|(name, group)| Group {
                name: name.name().to_string(),
                n_tasks: group.n_tasks.max(group.n_done + group.n_failed),
                ..group
            })
            .collect();
        groups.sort_by(|a, b| (b.busy_ns, b.n_tasks, &a.name).cmp(&(a.busy_ns, a.n_tasks, &b.name)));
        if groups.len() > N_GROUPS_MAX {
            let rest = groups.split_off(N_GROUPS_MAX - 1);
            let sum = |of: fn(&Group) -> u64| rest.iter().map(of).sum();
            groups.push(Group {
                name: format!("{} others", rest.len()),
                n_tasks: sum(|group| group.n_tasks),
                n_done: sum(|group| group.n_done),
                n_failed: sum(|group| group.n_failed),
                busy_ns: sum(|group| group.busy_ns),
                bytes: sum(|group| group.bytes),
            });
        }
        groups
    }

    fn running(&self) -> Vec<RunningTask> {
        let mut running = events::running();
        running.sort_by_key(|task| task.since_ns);
        running.truncate(N_RUNNING_MAX);
        let described = |task: events::Running| {
            let name = task.name.name().to_string();
            let gauge = self.runs.iter().find(|run| run.gauge.run() == task.run).map(|run| &run.gauge);
            let key = gauge.and_then(|gauge| gauge.key(task.task)).unwrap_or_else(|| name.clone());
            let Lane::Thread(lane) = task.lane else { return None };
            Some(RunningTask { lane, key, name, since_ns: task.since_ns })
        };
        running.into_iter().filter_map(described).collect()
    }

    fn lanes(&self) -> Vec<LaneLabel> {
        let threads = events::lanes().into_iter().filter_map(|info| match info.lane {
            Lane::Thread(lane) => Some(LaneLabel { lane, label: info.thread.to_string() }),
            Lane::Process(_) => None,
        });
        let processes = self.processes.iter().map(|&number| LaneLabel {
            lane: FIRST_PROCESS + u32::from(number),
            label: format!("process {number}"),
        });
        threads.chain(processes).collect()
    }
}

impl Source for LocalSource {
    fn look(&mut self) -> Seen {
        let now_ns = events::now_ns();
        self.find_runs(now_ns);
        let mut found = Vec::new();
        let n_missed = self.reader.read(&mut found);
        let mut names = Vec::new();
        let mut bars = Vec::with_capacity(found.len());
        let followers = Arc::clone(&self.followers);
        let mut followers = followers.lock();
        for event in &found {
            self.count(event);
            let bar = self.bar(event, &mut names);
            followers.count(&event.record, bar.lane);
            bars.push(bar);
        }
        drop(followers);
        let states = self.runs.iter().map(|run| (run.gauge.state(), run.gauge.memory_limit_bytes()));
        let going: Vec<_> = states.filter(|(state, _)| state.ended.is_none()).collect();
        let sum = |of: &dyn Fn(&events::GaugeState) -> u64| going.iter().map(|(state, _)| of(state)).sum();
        Seen {
            now_ns,
            n_missed,
            names,
            lanes: self.lanes(),
            groups: self.groups(),
            running: self.running(),
            n_waiting: sum(&|state| state.n_tasks.saturating_sub(state.n_done + state.n_running) as u64),
            n_ready: sum(&|state| state.n_ready as u64),
            n_runs: going.len() as u64,
            n_processing: sum(&|state| state.n_running as u64),
            memory: Memory {
                managed: sum(&|state| state.memory_bytes),
                spilled: sum(&|state| state.spilled_bytes),
                limit: going.iter().filter_map(|(_, limit)| *limit).max().unwrap_or(0),
                process: process::resident_bytes(),
            },
            cpu_ns: process::cpu_ns(),
            n_cores: process::n_cores(),
            bars,
            ..Seen::default()
        }
    }
    fn teller(&self) -> Option<Teller> {
        let (links, followers) = (Arc::clone(&self.links), Arc::clone(&self.followers));
        Some(Arc::new(move |topic, _| match topic {
            "graph" => Some(graph(&links.lock())),
            "graph_tasks" => {
                let running: Vec<_> = events::running().iter().map(|task| (task.run, task.task)).collect();
                Some(followers.lock().graph(&running))
            }
            "critical" => Some(followers.lock().critical()),
            _ => None,
        }))
    }
}

/// The graph of what runs or has run lately, a node a name.
fn graph(links: &Links) -> String {
    let mut sums = FxHashMap::<(NameId, NameId), u64>::default();
    for &(from, to, n) in links.values().flatten() {
        *sums.entry((from, to)).or_default() += n as u64;
    }
    json::links(sums.into_iter().map(|((from, to), n)| (from.name(), to.name(), n)))
}
