//! What a cluster does, as its scheduler hears of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use raskt_core::{Param, Result};
use raskt_exec::events::{EventKind, NameId, Record};
use raskt_net::client::Client;
use raskt_net::scheduler::SchedulerDaemon;
use raskt_net::wire::Query;
use rustc_hash::FxHashMap;

use crate::hub::{Here, Hub, News, There};
use crate::process;
use crate::source::{Bar, Group, Kind, LaneLabel, Memory, Seen, Source, Teller, Worker};
use crate::telling::teller;

/// How often the scheduler itself is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Names that are counted one by one.
const N_NAMES_MAX: usize = 4096;
/// Names that are shown one by one.
const N_GROUPS_MAX: usize = 60;

/// A scheduler.
pub struct ClusterSource {
    hub: Box<dyn Hub>,
    teller: Option<Teller>,
    names: FxHashMap<NameId, u32>,
    groups: Vec<Group>,
    asked: Option<Instant>,
    /// What it answered last: the figures that are the scheduler's.
    last: Seen,
}

impl ClusterSource {
    /// A scheduler in this process, from what is still known of the past.
    #[must_use]
    pub fn new(daemon: Arc<SchedulerDaemon>) -> Self {
        let here = Here::new(daemon);
        let teller = teller(Arc::clone(here.daemon()));
        Self::of(here, Some(teller))
    }

    /// The scheduler that `client` is connected to, from what is still known of the past.
    #[must_use]
    pub fn of_client(client: Client) -> Self {
        Self::of(There::new(client), None)
    }

    /// The scheduler that `client` is connected to, from now.
    ///
    /// # Errors
    /// Where it does not answer.
    pub fn of_client_from_now(client: Client) -> Result<Self> {
        There::from_now(client).map(|there| Self::of(there, None))
    }

    fn of(hub: impl Hub, teller: Option<Teller>) -> Self {
        Self {
            hub: Box::new(hub),
            teller,
            names: FxHashMap::default(),
            groups: Vec::new(),
            asked: None,
            last: Seen::default(),
        }
    }

    /// The number of a name on the page.
    fn name(&mut self, name: NameId, fresh: &mut Vec<String>) -> u32 {
        if let Some(&known) = self.names.get(&name) {
            return known;
        }
        let is_full = self.groups.len() >= N_NAMES_MAX;
        let text = if is_full { "other".to_owned() } else { name.name().to_string() };
        let number = match self.groups.iter().position(|group| group.name == text) {
            Some(known) => known,
            None => {
                fresh.push(text.clone());
                self.groups.push(Group { name: text, ..Group::default() });
                self.groups.len() - 1
            }
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if self.names.len() < 1 << 16 {
            self.names.insert(name, number);
        }
        number
    }

    fn bar(&mut self, record: &Record, fresh: &mut Vec<String>) -> Bar {
        let name = self.name(record.name, fresh);
        if let Some(group) = self.groups.get_mut(name as usize) {
            let (n_done, n_failed) = match record.kind {
                EventKind::Finished => (1, 0),
                EventKind::Failed => (0, 1),
                // Values and tasks that moved.
                _ => (0, 0),
            };
            group.n_done += n_done;
            group.n_failed += n_failed;
            group.n_tasks += n_done + n_failed;
            if n_done > 0 {
                group.busy_ns += record.duration_ns;
                group.bytes += record.bytes;
            }
        }
        Bar {
            lane: u32::from(record.worker),
            name,
            kind: record.kind as u8,
            start_ns: record.start_ns,
            end_ns: record.start_ns.saturating_add(record.duration_ns),
            busy_ns: record.duration_ns,
            n_tasks: record.n_tasks,
            bytes: record.bytes,
        }
    }

    /// Asks the scheduler, where that was not done lately.
    fn ask(&mut self) {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_EVERY) {
            self.last.workers_are_new = false;
            return;
        }
        self.asked = Some(Instant::now());
        // A scheduler that has ended does not answer: what it said last stays.
        if let Ok(load) = self.hub.ask(Query::Load) {
            let figure = |name| integer(&load, name);
            self.last.n_ready = figure("n_queued");
            self.last.n_waiting = figure("n_waiting") + figure("n_queued");
            self.last.n_runs = figure("n_clients");
            self.last.n_processing = figure("n_processing");
        }
        if let Ok(Param::List(workers)) = self.hub.ask(Query::Workers) {
            self.last.workers = workers.iter().map(described).collect();
            self.last.workers_are_new = true;
        }
        let sum = |of: fn(&Worker) -> u64| self.last.workers.iter().map(of).sum::<u64>();
        let processes = sum(|worker| worker.process_bytes);
        self.last.memory = Memory {
            managed: sum(|worker| worker.held_bytes.saturating_sub(worker.spilled_bytes)),
            spilled: sum(|worker| worker.spilled_bytes),
            limit: sum(|worker| worker.memory_bytes),
            // Workers that are threads of this process tell of none.
            process: if processes > 0 { processes } else { process::resident_bytes() },
        };
        self.last.cpu_percent = (processes > 0).then(|| sum(|worker| worker.cpu_percent));
        self.last.kind = Kind::Cluster;
        self.last.n_cores = sum(|worker| worker.n_threads);
    }
}

impl Source for ClusterSource {
    fn look(&mut self) -> Seen {
        self.ask();
        let News { records, n_missed, now_ns } = self.hub.read();
        let mut names = Vec::new();
        let bars = records.iter().map(|record| self.bar(record, &mut names)).collect();
        let mut groups = self.groups.clone();
        groups.sort_by(|a, b| (b.busy_ns, b.n_tasks, &a.name).cmp(&(a.busy_ns, a.n_tasks, &b.name)));
        groups.truncate(N_GROUPS_MAX);
        let label = |worker: &Worker| LaneLabel { lane: worker.id, label: worker.name.clone() };
        Seen {
            now_ns,
            bars,
            names,
            n_missed,
            groups,
            lanes: self.last.workers.iter().map(label).collect(),
            cpu_ns: process::cpu_ns(),
            ..self.last.clone()
        }
    }

    fn teller(&self) -> Option<Teller> {
        self.teller.clone()
    }
}

/// An integer of a map; 0 where there is none.
pub fn integer(of: &Param, name: &str) -> u64 {
    match of.get(name) {
        Some(Param::Int(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

/// A text of a map; empty where there is none.
pub fn text(of: &Param, name: &str) -> String {
    match of.get(name) {
        Some(Param::Str(text)) => text.to_string(),
        _ => String::new(),
    }
}

/// A worker, of what the scheduler says of it.
pub fn described(of: &Param) -> Worker {
    let state = match (integer(of, "is_retiring"), integer(of, "pressure")) {
        (1, _) => "retiring",
        (_, 0) => "running",
        (_, 1) => "short of memory",
        _ => "paused",
    };
    Worker {
        id: u32::try_from(integer(of, "id")).unwrap_or(u32::MAX),
        name: text(of, "name"),
        address: text(of, "address"),
        state,
        n_threads: integer(of, "n_threads"),
        n_running: integer(of, "n_running"),
        n_waiting: integer(of, "n_waiting"),
        n_values: integer(of, "n_values"),
        held_bytes: integer(of, "held_bytes"),
        memory_bytes: integer(of, "memory_bytes"),
        spilled_bytes: integer(of, "spilled_bytes"),
        incoming_bytes: integer(of, "incoming_bytes"),
        process_bytes: integer(of, "process_bytes"),
        cpu_percent: integer(of, "cpu_percent"),
    }
}
