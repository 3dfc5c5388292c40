//! What a worker has to do and what it holds, in numbers, for whoever watches. Nothing is decided by them.

use super::machine::{At, Worker};

/// How many tasks and values of a worker are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerLoad {
    /// Tasks that run.
    pub n_running: usize,
    /// Tasks whose inputs are in memory.
    pub n_ready: usize,
    /// Tasks that wait for inputs.
    pub n_waiting: usize,
    /// Values in memory.
    pub n_in_memory: usize,
    /// Values on disk.
    pub n_on_disk: usize,
}

impl Worker {
    /// How many bytes of values are in memory, and on disk.
    #[must_use]
    pub fn footprint(&self) -> (u64, u64) {
        let on_disk = self.values.values().filter(|value| matches!(value.at, At::Disk | At::Returning));
        (self.memory_bytes, on_disk.map(|value| value.n_bytes).sum())
    }

    /// How many tasks and values are in which state.
    #[must_use]
    pub fn load(&self) -> WorkerLoad {
        let n_on_disk = self.values.values().filter(|value| matches!(value.at, At::Disk | At::Returning));
        let n_on_disk = n_on_disk.count();
        WorkerLoad {
            n_running: self.running.len(),
            n_ready: self.ready.len(),
            n_waiting: self.pending.len() - self.ready.len().min(self.pending.len()),
            n_in_memory: self.n_held() - n_on_disk,
            n_on_disk,
        }
    }

    /// How many requests for values are under way, and for how many bytes.
    #[must_use]
    pub fn incoming(&self) -> (usize, u64) {
        (self.requests.len(), self.incoming_bytes)
    }
}
