//! What a dashboard shows, wherever it comes from.

use std::sync::Arc;

use raskt_net::worker::WorkerLook;

/// Something that took time in one place: tasks of one name that followed each other closely, or one task.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The number of the place: [`LaneLabel::lane`].
    pub lane: u32,
    /// What the tasks are called.
    pub name: u32,
    /// What it was: the number of a [`raskt_exec::events::EventKind`].
    pub kind: u8,
    /// When it began, in nanoseconds since the process's epoch.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// How long tasks ran meanwhile.
    pub busy_ns: u64,
    /// How many tasks.
    pub n_tasks: u32,
    /// Bytes of results, or that were moved.
    pub bytes: u64,
}

/// A place where tasks run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneLabel {
    /// Its number.
    pub lane: u32,
    /// What it is called.
    pub label: String,
}

/// Tasks of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Their name.
    pub name: String,
    /// How many there are, as far as known.
    pub n_tasks: u64,
    /// How many are done.
    pub n_done: u64,
    /// How many failed.
    pub n_failed: u64,
    /// How long they ran.
    pub busy_ns: u64,
    /// Bytes of their results, as far as seen.
    pub bytes: u64,
}

/// A task that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningTask {
    /// Where.
    pub lane: u32,
    /// Its key, if it is known, or else its name.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Since when.
    pub since_ns: u64,
}

/// A worker of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worker {
    /// Its number, and that of its lane.
    pub id: u32,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// How it is, in a word or three.
    pub state: &'static str,
    /// How many tasks it runs at a time.
    pub n_threads: u64,
    /// Tasks that run.
    pub n_running: u64,
    /// Tasks that wait for it.
    pub n_waiting: u64,
    /// Values that it holds.
    pub n_values: u64,
    /// Their size.
    pub held_bytes: u64,
    /// What it may take; 0 for no limit.
    pub memory_bytes: u64,
    /// Values that it holds on disk, in bytes.
    pub spilled_bytes: u64,
    /// Values on their way to it, in bytes.
    pub incoming_bytes: u64,
    /// What its process has in memory; 0 where that is not known, or not its own.
    pub process_bytes: u64,
    /// Processor time of its process, in percent of one processor; 0 likewise.
    pub cpu_percent: u64,
}

/// What it is that is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The threads of a program.
    #[default]
    Local,
    /// A cluster.
    Cluster,
    /// A worker, in its own process.
    Worker(WorkerLook),
}

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Values that are in memory.
    pub managed: u64,
    /// Values that are on disk.
    pub spilled: u64,
    /// How much values may take; 0 for no limit.
    pub limit: u64,
    /// All that processes hold.
    pub process: u64,
}

/// What a source saw since it last looked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// What it is of.
    pub kind: Kind,
    /// Now, in nanoseconds since the process's epoch.
    pub now_ns: u64,
    /// What took place.
    pub bars: Vec<Bar>,
    /// Records that were overwritten before they were seen.
    pub n_missed: u64,
    /// Names of tasks that are new, in the order of their numbers.
    pub names: Vec<String>,
    /// All places.
    pub lanes: Vec<LaneLabel>,
    /// Tasks by name, of what goes on or ended lately.
    pub groups: Vec<Group>,
    /// What runs.
    pub running: Vec<RunningTask>,
    /// Tasks that are ready or wait.
    pub n_waiting: u64,
    /// Tasks that could start.
    pub n_ready: u64,
    /// Computations that go on.
    pub n_runs: u64,
    /// Tasks that workers have.
    pub n_processing: u64,
    /// Workers, if it is a cluster.
    pub workers: Vec<Worker>,
    /// Whether these are not what they were when it was looked last.
    pub workers_are_new: bool,
    /// Memory.
    pub memory: Memory,
    /// Processor time of this process so far, in nanoseconds.
    pub cpu_ns: u64,
    /// Processor use of all that computes, in percent of one processor, where that is more than this process.
    pub cpu_percent: Option<u64>,
    /// How many processors it may use.
    pub n_cores: u64,
}

/// Tells what only some viewers ask for: of a topic, with an argument, as JSON (`explain` as plain text). It may take a while.
pub type Teller = Arc<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// Where a dashboard gets what it shows.
pub trait Source: Send + 'static {
    /// What happened since the last call. It must not wait for what it watches.
    fn look(&mut self) -> Seen;

    /// Who tells what is not in [`Seen`]: `graph`, `errors`, `explain`, as far as it is known.
    fn teller(&self) -> Option<Teller> {
        None
    }
}
