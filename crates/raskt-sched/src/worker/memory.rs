//! What is in memory and what on disk: past the target the least recently used values are written, past the pause threshold
//! the worker gets no tasks.

use super::machine::{At, Value, Worker, WorkerAction};
use crate::ids::{Attempt, TaskRef};
use crate::messages::{FromWorker, Pressure};
use crate::priority::Priority;

impl Worker {
    /// A value is here, in memory.
    pub(super) fn keep(&mut self, of: TaskRef, n_bytes: u64, made_by: Option<Attempt>) {
        self.n_uses += 1;
        let used = self.n_uses;
        let fresh = || Value::elsewhere(n_bytes, Priority::new(0, 0, 0));
        let value = self.values.entry(of).or_insert_with(fresh);
        if value.at.is_here() {
            return;
        }
        self.to_fetch.remove(&(value.priority, of));
        (value.at, value.n_bytes, value.made_by, value.used) = (At::Memory, n_bytes, made_by, used);
        value.is_wanted = false;
        value.holders.clear();
        value.denied.clear();
        if value.n_pins == 0 {
            self.spillable.insert((used, of));
        }
        self.memory_bytes += n_bytes;
        self.provide(of);
    }

    /// A value is to be gone from memory and disk: what is counted of it is taken back.
    pub(super) fn leave_memory(&mut self, of: TaskRef) {
        let Some(value) = self.values.get(&of) else { return };
        match value.at {
            At::Memory => self.memory_bytes -= value.n_bytes,
            At::Leaving => {
                self.memory_bytes -= value.n_bytes;
                self.leaving_bytes -= value.n_bytes;
            }
            At::Disk | At::Returning => self.is_disk_full = false,
            At::Elsewhere | At::Coming(_) => {}
        }
        self.spillable.remove(&(value.used, of));
    }

    /// A task runs with a value.
    pub(super) fn pin(&mut self, of: TaskRef) {
        self.n_uses += 1;
        if let Some(value) = self.values.get_mut(&of) {
            self.spillable.remove(&(value.used, of));
            value.n_pins += 1;
            value.used = self.n_uses;
        }
    }

    /// A task has ended that ran with a value, which may have been dropped, and have come again, since.
    pub(super) fn unpin(&mut self, of: TaskRef) {
        if let Some(value) = self.values.get_mut(&of) {
            value.n_pins = value.n_pins.saturating_sub(1);
            if value.n_pins == 0 && value.at == At::Memory {
                self.spillable.insert((value.used, of));
            }
        }
    }

    /// Writes values to disk while too much is in memory, and says how it is.
    pub(super) fn relieve(&mut self) {
        let part = |percent: u64| self.options.memory_bytes / 100 * percent;
        let (target, spill) = (part(self.options.target_percent), part(self.options.spill_percent));
        let pause = part(self.options.pause_percent);
        let staying = |worker: &Self| worker.memory_bytes - worker.leaving_bytes;
        let process = |worker: &Self| worker.process_bytes.saturating_sub(worker.leaving_bytes);
        while !self.is_disk_full && (staying(self) > target || process(self) > spill) {
            // What a task that was sent here needs stays: writing and reading it back in turns would get nowhere.
            let is_idle = |of: &TaskRef| self.values.get(of).is_some_and(|value| value.consumers.is_empty());
            let found = self.spillable.iter().copied().find(|(_, of)| is_idle(of));
            let Some((used, of)) = found else { break };
            self.spillable.remove(&(used, of));
            if let Some(value) = self.values.get_mut(&of) {
                value.at = At::Leaving;
                self.leaving_bytes += value.n_bytes;
                self.actions.push(WorkerAction::Spill(of));
            }
        }
        let used = self.memory_bytes.max(self.process_bytes);
        let pressure = match used {
            used if used > pause => Pressure::Paused,
            used if used > target => Pressure::High,
            _ => Pressure::Low,
        };
        if pressure != self.pressure {
            self.pressure = pressure;
            self.tell(FromWorker::Heartbeat { pressure });
        }
    }

    /// Reads a value back that a task needs.
    pub(super) fn restore(&mut self, of: TaskRef) {
        if let Some(value) = self.values.get_mut(&of)
            && value.at == At::Disk
        {
            value.at = At::Returning;
            self.actions.push(WorkerAction::Restore(of));
        }
    }

    pub(super) fn spilled(&mut self, of: TaskRef) {
        let Some(value) = self.values.get_mut(&of).filter(|value| value.at == At::Leaving) else { return };
        value.at = At::Disk;
        let (n_bytes, consumers) = (value.n_bytes, value.consumers.clone());
        self.memory_bytes -= n_bytes;
        self.leaving_bytes -= n_bytes;
        self.process_bytes = self.process_bytes.saturating_sub(n_bytes);
        if !consumers.is_empty() {
            for consumer in consumers {
                self.lacks(consumer);
            }
            self.restore(of);
        }
    }

    pub(super) fn not_spilled(&mut self, of: TaskRef) {
        let Some(value) = self.values.get_mut(&of).filter(|value| value.at == At::Leaving) else { return };
        value.at = At::Memory;
        self.leaving_bytes -= value.n_bytes;
        self.is_disk_full = true;
        if value.n_pins == 0 {
            self.spillable.insert((value.used, of));
        }
    }

    pub(super) fn restored(&mut self, of: TaskRef) {
        self.n_uses += 1;
        let used = self.n_uses;
        let Some(value) = self.values.get_mut(&of).filter(|value| value.at == At::Returning) else { return };
        (value.at, value.used) = (At::Memory, used);
        self.memory_bytes += value.n_bytes;
        if value.n_pins == 0 {
            self.spillable.insert((used, of));
        }
        self.is_disk_full = false;
        self.provide(of);
    }
}
