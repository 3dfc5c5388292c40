//! What a cluster does, as its scheduler hears of it.

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use raskt_core::{Key, Param, Result};
use raskt_exec::events::{EventKind, NameId, Record};
use raskt_net::client::Client;
use raskt_net::scheduler::{Failed, SchedulerDaemon};
use raskt_net::wire::Query;
use rustc_hash::FxHashMap;

use crate::hub::{Here, Hub, News, There};
use crate::source::{Bar, Group, LaneLabel, Memory, Seen, Source, Teller, Worker};
use crate::{json, process};

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
        self.last.memory = Memory {
            managed: sum(|worker| worker.held_bytes),
            spilled: 0,
            limit: sum(|worker| worker.memory_bytes),
            process: process::resident_bytes(),
        };
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

/// Tells what a scheduler in this process knows.
fn teller(daemon: Arc<SchedulerDaemon>) -> Teller {
    Arc::new(move |topic, argument| match topic {
        "explain" => Some(match daemon.ask(Query::Explain(key(argument))) {
            Ok(Param::Str(why)) => why.to_string(),
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }),
        "graph" => {
            let links = daemon.remembered().links();
            Some(json::links(links.into_iter().map(|(from, to, n)| (from.name(), to.name(), n))))
        }
        "failures" => Some(failures(&daemon.remembered().failures())),
        _ => None,
    })
}

/// Tasks that failed, as JSON: when, key, worker, what it raised.
fn failures(failed: &[Failed]) -> String {
    let mut out = String::new();
    json::list(&mut out, failed, |out, failed| {
        out.push('[');
        json::milliseconds(out, failed.at_ns);
        for text in [&failed.key, &failed.worker.to_string(), &failed.error] {
            out.push(',');
            json::string(out, text);
        }
        out.push(']');
    });
    out
}

fn integer(of: &Param, name: &str) -> u64 {
    match of.get(name) {
        Some(Param::Int(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    }
}

fn text(of: &Param, name: &str) -> String {
    match of.get(name) {
        Some(Param::Str(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn described(of: &Param) -> Worker {
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
    }
}

/// The key that a viewer wrote: a name, or a name and numbers as Python writes a tuple.
fn key(text: &str) -> Key {
    let tuple = text.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let parts = tuple.and_then(|inner| {
        let inner = inner.trim_start();
        let quote = inner.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (name, numbers) = inner[1..].split_once(quote)?;
        let numbers = numbers.split(',').map(str::trim).filter(|number| !number.is_empty());
        let block: Option<Vec<u32>> = numbers.map(|number| number.parse().ok()).collect();
        Some((name, block?))
    });
    match parts {
        Some((name, block)) => Key::block(name, &block),
        None => Key::named(text.trim()),
    }
}

/// The metrics of a scheduler, in Dask's names where they mean the same.
pub fn metrics(seen: &Seen, out: &mut String) {
    let mut metric = |name: &str, help: &str, lines: &[(&str, u64)]| {
        // Writing to a string cannot fail.
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (label, figure) in lines {
            let _ = writeln!(out, "{name}{label} {figure}");
        }
    };
    let in_state = |state: &str| seen.workers.iter().filter(|worker| worker.state == state).count() as u64;
    let busy = |worker: &&Worker| worker.n_running > 0;
    let n_busy = seen.workers.iter().filter(busy).count() as u64;
    let n_all = seen.workers.len() as u64;
    let workers = [
        ("{state=\"idle\"}", n_all - n_busy),
        ("{state=\"partially_saturated\"}", n_busy),
        ("{state=\"retiring\"}", in_state("retiring")),
        ("{state=\"paused\"}", in_state("paused")),
    ];
    metric("dask_scheduler_workers", "Number of workers by state.", &workers);
    metric("dask_scheduler_clients", "Number of clients connected.", &[("", seen.n_runs)]);
    let tasks = [
        ("{state=\"waiting\"}", seen.n_waiting - seen.n_ready.min(seen.n_waiting)),
        ("{state=\"queued\"}", seen.n_ready),
        ("{state=\"processing\"}", seen.n_processing),
        ("{state=\"memory\"}", seen.workers.iter().map(|worker| worker.n_values).sum()),
    ];
    metric("dask_scheduler_tasks", "Number of tasks known by the scheduler.", &tasks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_python_writes_them() {
        assert_eq!(key("('x-1', 0, 12)"), Key::block("x-1", &[0, 12]));
        assert_eq!(key("(\"it's\", 3)"), Key::block("it's", &[3]));
        assert_eq!(key(" total "), Key::named("total"));
        assert_eq!(key("('x', 'y')"), Key::named("('x', 'y')"));
    }
}
