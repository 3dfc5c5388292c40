//! What a scheduler and a worker decide by.

use std::time::Duration;

/// What a scheduler decides by.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many workers may end while they run a task before it is given up: the next one that ends is the last.
    pub allowed_failures: u32,
    /// A worker that has not been heard of for so long is lost.
    pub worker_timeout: Duration,
    /// What is sent ahead to a worker whose threads are all busy.
    pub prefill: Prefill,
    /// How long a task is expected to take of whose kind none has finished, until one has run longer. Where this is too long, tasks
    /// go far from their inputs before anything is known of them.
    pub duration_default: Duration,
    /// How many bytes a second go from one worker to another before that has been measured.
    pub bandwidth_default: u64,
    /// How long it takes until the first byte of a value arrives from another worker.
    pub latency: Duration,
    /// So many tasks that may not be needed any more are looked at with one event.
    pub unneeded_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allowed_failures: 3,
            worker_timeout: Duration::from_secs(300),
            prefill: Prefill::default(),
            duration_default: Duration::from_millis(10),
            bandwidth_default: 100_000_000,
            latency: Duration::from_millis(1),
            unneeded_max: 20_000,
        }
    }
}

/// How far ahead of its threads a worker is given tasks: enough that it does not wait for the scheduler, and not so much
/// that tasks wait there which another worker could run.
#[derive(Clone, Debug)]
pub struct Prefill {
    /// A worker has so many tasks more than threads, however long they take.
    pub n_tasks_min: u32,
    /// No worker has more than so many tasks more than threads.
    pub n_tasks_max: u32,
    /// Between the two, what waits at a worker is work for no longer than this.
    pub time: Duration,
}

impl Default for Prefill {
    fn default() -> Self {
        Self { n_tasks_min: 1, n_tasks_max: 32, time: Duration::from_millis(5) }
    }
}

/// What a worker decides by.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// How many other workers are asked for values at a time.
    pub n_peers_max: usize,
    /// How many bytes are asked for in one request; a value that is larger is asked for alone.
    pub request_bytes_max: u64,
    /// How many bytes may be on their way at a time; one value always may.
    pub incoming_bytes_max: u64,
    /// How often the workers that hold a value are asked before it counts as missing.
    pub n_tries_max: u32,
    /// How long a worker that could not be reached is left alone.
    pub retry_delay: Duration,
    /// Its memory.
    pub memory_bytes: u64,
    /// Values are written to disk while they take more than so many percent of memory.
    pub target_percent: u64,
    /// Values are written to disk while the process takes more than so many percent of memory.
    pub spill_percent: u64,
    /// Past so many percent of memory the worker gets no tasks, and runs one at a time.
    pub pause_percent: u64,
    /// How long nothing is written to disk after that has failed.
    pub disk_retry_delay: Duration,
    /// A worker that is paused, and where nothing has been under way for so long, gets tasks again.
    pub pause_max: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            n_peers_max: 16,
            request_bytes_max: 50_000_000,
            incoming_bytes_max: 500_000_000,
            n_tries_max: 3,
            retry_delay: Duration::from_millis(500),
            memory_bytes: 4_000_000_000,
            target_percent: 60,
            spill_percent: 70,
            pause_percent: 80,
            disk_retry_delay: Duration::from_secs(1),
            pause_max: Duration::from_secs(1),
        }
    }
}
