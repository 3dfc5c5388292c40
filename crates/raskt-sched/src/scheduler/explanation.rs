//! Why a task does not run, in words.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Key, Name};

use super::queries::TaskState;
use crate::failure::{Death, Failure};
use crate::ids::ClientId;
use crate::messages::{Demand, RESOURCE_UNIT};

/// Why a task does not run, or that it does. Displayed, it is some plain sentences.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The task.
    pub key: Key,
    /// Where it is, and what it waits for.
    pub why: Why,
    /// How often its code may still raise without it being given up.
    pub n_retries: u16,
    /// Workers that ended while they ran it.
    pub deaths: Vec<Death>,
    /// Clients that want its value.
    pub clients: Vec<ClientId>,
    /// Some of the tasks on their way to a value that need it.
    pub consumers: Vec<Key>,
    /// How many there are of these.
    pub n_consumers: usize,
    /// Whether slices of its graph that are still to come may need it.
    pub is_held: bool,
}

/// Where a task is, and what it waits for.
#[derive(Clone, Debug)]
pub enum Why {
    /// Nothing is known under the key.
    Unknown,
    /// Nobody needs its value.
    Released,
    /// A client is about to put its value onto workers.
    Reserved,
    /// Inputs are not in memory.
    Waiting {
        /// Some of these, and the state of each.
        missing: Vec<(Key, TaskState)>,
        /// How many there are of these.
        n_missing: usize,
        /// How many inputs it has.
        n_inputs: usize,
        /// What is to come before anything that this task waits for can: of all that does not wait for inputs itself, what
        /// is furthest from a value.
        first: Option<Box<Explanation>>,
    },
    /// It could run, and no worker has it yet.
    Queued {
        /// Which queue it is in.
        queue: Queue,
        /// How long it has been there.
        since: Duration,
        /// How many tasks of the queue go first.
        n_before: usize,
        /// How many tasks the queue has, with this one.
        n_queued: usize,
        /// Who could take it.
        candidates: Candidates,
    },
    /// A worker has it, and has not begun as far as is known.
    Sent {
        /// The worker.
        worker: Name,
        /// How long ago it was sent.
        since: Duration,
        /// How many inputs were not there when this was asked.
        n_to_fetch: usize,
        /// The size of these.
        fetch_bytes: u64,
        /// How many tasks run there.
        n_running: usize,
        /// How many at a time.
        n_threads: u32,
    },
    /// A worker runs it.
    Running {
        /// The worker.
        worker: Name,
        /// For how long.
        since: Duration,
    },
    /// Workers hold its value.
    InMemory {
        /// The workers.
        workers: Vec<Name>,
        /// Its size.
        n_bytes: u64,
    },
    /// Its value does not come.
    Failed(Arc<Failure>),
}

/// Where a task waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Any worker may take it.
    Shared,
    /// Its inputs are at this worker, which was busy.
    Worker(Name),
    /// Workers that meet the condition may take it.
    Restricted(Demand),
}

/// Who could take a task that waits for a worker: each worker is counted once, by the first that holds of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Workers that are there.
    pub n_workers: usize,
    /// Those of them that may take the task, as far as conditions say.
    pub n_allowed: usize,
    /// Of these: those that get no more tasks, since they are to end.
    pub n_retiring: usize,
    /// Those that are paused, since their memory is full.
    pub n_paused: usize,
    /// Those that have as many tasks as they should.
    pub n_busy: usize,
    /// Those whose resources are taken by other tasks.
    pub n_taken: usize,
    /// Those that spill, and get no tasks without inputs beside others.
    pub n_spilling: usize,
    /// Those that could take it now: other tasks went first, or a thread has just become free.
    pub n_free: usize,
    /// Where no worker may take the task, what some lack, those that lack least first.
    pub misfits: Vec<Misfit>,
}

/// What a worker lacks for a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The worker.
    pub worker: Name,
    /// Whether it is one of those that the condition names, if it names any.
    pub is_named: bool,
    /// Resources of which it has too little: how much the task takes, and how much the worker has.
    pub lacks: Vec<(Name, u64, u64)>,
}

/// How much of a resource, for people.
struct Amount(u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / RESOURCE_UNIT, self.0 % RESOURCE_UNIT);
        match part {
            0 => write!(f, "{whole}"),
            part => write!(f, "{whole}.{}", format!("{part:06}").trim_end_matches('0')),
        }
    }
}

/// How long something has been so, for people.
struct Ago(Duration);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

/// Things, and how many more there are that are not listed.
fn list<T: fmt::Display>(things: &[T], n: usize) -> String {
    let words: Vec<String> = things.iter().map(ToString::to_string).collect();
    match n.saturating_sub(things.len()) {
        0 => words.join(", "),
        more => format!("{}, and {more} more", words.join(", ")),
    }
}

fn number(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, why, .. } = self;
        match why {
            Why::Unknown => return write!(f, "Nothing is known of {key}."),
            Why::Released => write!(f, "{key} is released: nobody needs its value.")?,
            Why::Reserved => write!(f, "{key} is data that a client is about to put onto workers.")?,
            Why::Waiting { missing, n_missing, n_inputs, .. } => {
                let missing: Vec<String> =
                    missing.iter().map(|(input, state)| format!("{input} is {state}")).collect();
                write!(f, "{key} waits for {n_missing} of its ")?;
                write!(f, "{}: {}.", number(*n_inputs, "input"), list(&missing, *n_missing))?;
            }
            Why::Queued { queue, since, n_before, n_queued, candidates } => {
                write!(f, "{key} has its inputs, and has waited for a worker for {}, ", Ago(*since))?;
                write!(f, "as number {} of {n_queued} in the queue {queue}. ", n_before + 1)?;
                write!(f, "{candidates}")?;
            }
            Why::Sent { worker, since, n_to_fetch, fetch_bytes, n_running, n_threads } => {
                write!(f, "{key} was sent to worker {worker} {} ago, and has not begun: ", Ago(*since))?;
                write!(f, "{n_running} of {} are busy", number(*n_threads as usize, "thread"))?;
                match n_to_fetch {
                    0 => write!(f, ", its inputs are there.")?,
                    n => {
                        let inputs = number(*n, "input");
                        write!(f, ", {inputs} of {fetch_bytes} bytes come from other workers.")?;
                    }
                }
            }
            Why::Running { worker, since } => {
                write!(f, "{key} has run on worker {worker} for {}.", Ago(*since))?;
            }
            Why::InMemory { workers, n_bytes } => {
                let n = workers.len();
                write!(f, "{key} is in memory: {n_bytes} bytes on {}.", list(&workers[..n.min(8)], n))?;
            }
            Why::Failed(failure) => write!(f, "{key} has failed: {failure}.")?,
        }
        self.say_who(f)?;
        match why {
            Why::Waiting { first: Some(first), .. } => write!(f, " First of all, {first}"),
            _ => Ok(()),
        }
    }
}

impl Explanation {
    /// What else there is to say: attempts, and who wants it.
    fn say_who(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.deaths.is_empty() {
            let deaths: Vec<String> =
                self.deaths.iter().map(|death| format!("{} ({})", death.worker, death.how)).collect();
            write!(f, " Workers ended while they ran it: {}.", deaths.join(", "))?;
        }
        match self.n_retries {
            0 => {}
            n => write!(f, " If it raises, it is tried again, at most {}.", number(n.into(), "time"))?,
        }
        if !self.clients.is_empty() {
            let n = self.clients.len();
            write!(f, " Wanted by client {}.", list(&self.clients[..n.min(8)], n))?;
        }
        if self.n_consumers > 0 {
            write!(f, " Needed by {}.", list(&self.consumers, self.n_consumers))?;
        }
        match self.is_held {
            true => write!(f, " The rest of its graph is still to come."),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => write!(f, "that all workers share"),
            Self::Worker(worker) => write!(f, "of worker {worker}, which has inputs of it"),
            Self::Restricted(demand) => write!(f, "of tasks that need {demand}"),
        }
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workers, allow_other_workers, resources } = self;
        let resources: Vec<String> =
            resources.iter().map(|(name, n)| format!("{name}={}", Amount(*n))).collect();
        match (&workers[..], &resources[..]) {
            ([], []) => write!(f, "any worker"),
            ([], resources) => write!(f, "a worker with {}", resources.join(", ")),
            (workers, resources) => {
                write!(f, "a worker or host of {}", list(workers, workers.len()))?;
                if *allow_other_workers {
                    write!(f, " (or another one, where none of these is there)")?;
                }
                match resources {
                    [] => Ok(()),
                    resources => write!(f, " with {}", resources.join(", ")),
                }
            }
        }
    }
}

impl fmt::Display for Candidates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.n_workers == 0 {
            return write!(f, "No worker is there.");
        }
        if self.n_allowed == 0 {
            write!(f, "None of {} satisfies that", number(self.n_workers, "worker"))?;
            for (at, misfit) in self.misfits.iter().enumerate() {
                write!(f, "{} {misfit}", if at == 0 { ":" } else { ";" })?;
            }
            return write!(f, ".");
        }
        let parts = [
            (self.n_busy, "busy"),
            (self.n_taken, "without enough free resources"),
            (self.n_paused, "paused, as memory is full"),
            (self.n_spilling, "spilling, as memory is short"),
            (self.n_retiring, "retiring"),
            (self.n_free, "about to take tasks from the queue"),
        ];
        let said: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        write!(f, "Of {} that may take it: {}.", number(self.n_allowed, "worker"), said.join(", "))
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worker, is_named, lacks } = self;
        write!(f, "{worker} ")?;
        if !is_named {
            write!(f, "is not named{}", if lacks.is_empty() { "" } else { " and " })?;
        }
        for (at, (name, needed, has)) in lacks.iter().enumerate() {
            let (has, needed) = (Amount(*has), Amount(*needed));
            write!(f, "{}has {name}={has} instead of {needed}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
