//! Where a scheduler is asked: in this process, or over a client's connection.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{ErrorKind, Param, Result};
use raskt_exec::events::{EventKind, NameId, Record, now_ns};
use raskt_net::client::Client;
use raskt_net::scheduler::SchedulerDaemon;
use raskt_net::wire::Query;

/// A scheduler elsewhere that says nothing for so long is given up until the next look.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that knows a scheduler.
pub trait Hub: Send + 'static {
    /// Its answer.
    ///
    /// # Errors
    /// Where it has ended.
    fn ask(&self, query: Query) -> Result<Param>;

    /// What it heard since the last call.
    fn read(&mut self) -> News;
}

/// What a scheduler heard.
#[derive(Default)]
pub struct News {
    /// Of tasks.
    pub records: Vec<Record>,
    /// How many were forgotten before they were read.
    pub n_missed: u64,
    /// Now, by the scheduler's clock.
    pub now_ns: u64,
}

/// A scheduler in this process.
pub struct Here {
    daemon: Arc<SchedulerDaemon>,
    next: u64,
}

impl Here {
    /// From what is still known of the past.
    pub const fn new(daemon: Arc<SchedulerDaemon>) -> Self {
        Self { daemon, next: 0 }
    }

    /// The scheduler.
    pub const fn daemon(&self) -> &Arc<SchedulerDaemon> {
        &self.daemon
    }
}

impl Hub for Here {
    fn ask(&self, query: Query) -> Result<Param> {
        self.daemon.ask(query)
    }

    fn read(&mut self) -> News {
        let mut records = Vec::new();
        let (next, n_missed) = self.daemon.events().read(self.next, &mut records);
        // What was overwritten before the first look was never to be seen.
        let n_missed = if self.next == 0 { 0 } else { n_missed };
        self.next = next;
        News { records, n_missed, now_ns: now_ns() }
    }
}

/// A scheduler that a client is connected to.
pub struct There {
    client: Client,
    next: u64,
    is_first: bool,
    now_ns: u64,
}

impl There {
    /// From what is still known of the past.
    pub const fn new(client: Client) -> Self {
        Self { client, next: 0, is_first: true, now_ns: 0 }
    }

    /// From now.
    ///
    /// # Errors
    /// Where the scheduler does not answer.
    pub fn from_now(client: Client) -> Result<Self> {
        let mut there = Self { is_first: false, ..Self::new(client) };
        // More than there are: nothing but the number to go on with.
        let answer = there.ask(Query::Events { from: u64::MAX })?;
        there.next = number(&answer, "next");
        Ok(there)
    }
}

impl Hub for There {
    fn ask(&self, query: Query) -> Result<Param> {
        let silent = || ErrorKind::System {
            what: "asking the scheduler".to_owned(),
            reason: "it does not answer".to_owned(),
        };
        self.client.ask(query).wait(PATIENCE).unwrap_or_else(|| Err(silent().into()))
    }

    fn read(&mut self) -> News {
        let mut news = News { now_ns: self.now_ns, ..News::default() };
        // A scheduler that has ended says nothing more: what was read stays.
        while let Ok(answer) = self.ask(Query::Events { from: self.next }) {
            let n_before = news.records.len();
            add_records(&answer, &mut news.records);
            if !std::mem::take(&mut self.is_first) {
                news.n_missed += number(&answer, "n_missed");
            }
            (news.now_ns, self.next) = (number(&answer, "now_ns"), number(&answer, "next"));
            if news.records.len() == n_before {
                break;
            }
        }
        self.now_ns = news.now_ns;
        news
    }
}

/// The records of an answer to [`Query::Events`].
fn add_records(answer: &Param, records: &mut Vec<Record>) {
    let column = |name| match answer.get(name) {
        Some(Param::List(items)) => Arc::clone(items),
        _ => Arc::default(),
    };
    let names: Vec<NameId> = column("names").iter().map(|name| NameId::of(&text_of(name))).collect();
    let columns = ["kind", "worker", "name", "start_ns", "duration_ns", "n", "bytes"].map(column);
    for row in 0..columns[0].len() {
        let [kind, worker, name, start_ns, duration_ns, n_tasks, bytes] =
            [0, 1, 2, 3, 4, 5, 6].map(|at: usize| columns[at].get(row).map_or(0, number_of));
        let name = usize::try_from(name).ok().and_then(|name| names.get(name));
        let (Some(kind), Some(&name)) = (kind_of(kind), name) else { continue };
        records.push(Record {
            kind,
            is_elsewhere: true,
            worker: u16::try_from(worker).unwrap_or(u16::MAX),
            start_ns,
            duration_ns,
            name,
            n_tasks: u32::try_from(n_tasks).unwrap_or(u32::MAX),
            bytes,
            run: 0,
            task: 0,
        });
    }
}

/// What schedulers hear of.
fn kind_of(number: u64) -> Option<EventKind> {
    let known = [EventKind::Finished, EventKind::Failed, EventKind::GivenBack, EventKind::Received];
    known.into_iter().find(|kind| *kind as u64 == number)
}

fn number_of(of: &Param) -> u64 {
    of.as_int().and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

fn number(of: &Param, name: &str) -> u64 {
    of.get(name).map_or(0, number_of)
}

fn text_of(of: &Param) -> Arc<str> {
    match of {
        Param::Str(text) => Arc::clone(text),
        _ => Arc::default(),
    }
}
