//! A worker, seen from its own process.

use std::sync::Weak;

use raskt_core::Fit;
use raskt_net::worker::WorkerDaemon;

use crate::process;
use crate::source::{Kind, Memory, Seen, Source};

/// A worker in this process. Once it has ended it does nothing any more.
pub struct WorkerSource {
    worker: Weak<WorkerDaemon>,
}

impl WorkerSource {
    /// Of that worker, which it does not keep.
    #[must_use]
    pub const fn new(worker: Weak<WorkerDaemon>) -> Self {
        Self { worker }
    }
}

impl Source for WorkerSource {
    fn look(&mut self) -> Seen {
        let look = self.worker.upgrade().map(|worker| worker.look()).unwrap_or_default();
        let limit = if look.limit_bytes == u64::MAX { 0 } else { look.limit_bytes };
        let load = look.load;
        Seen {
            kind: Kind::Worker(look),
            now_ns: raskt_exec::events::now_ns(),
            n_waiting: (load.n_waiting + load.n_ready).clamped(),
            n_ready: load.n_ready.clamped(),
            n_processing: load.n_running.clamped(),
            memory: Memory {
                managed: look.memory_bytes,
                spilled: look.spilled_bytes,
                limit,
                process: process::resident_bytes(),
            },
            cpu_ns: process::cpu_ns(),
            n_cores: u64::from(look.n_threads),
            ..Seen::default()
        }
    }
}
