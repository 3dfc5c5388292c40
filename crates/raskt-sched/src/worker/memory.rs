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
        self.take_in(n_bytes);
        self.provide(of);
    }

    /// A value has come into memory. What the process takes is as it was measured, and what has come since.
    fn take_in(&mut self, n_bytes: u64) {
        self.memory_bytes += n_bytes;
        if self.process_bytes > 0 {
            self.process_bytes += n_bytes;
        }
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
            At::Disk => {
                self.to_restore.remove(&(value.priority, of));
                self.is_disk_full = false;
            }
            At::Returning => {
                self.returning_bytes -= value.n_bytes;
                self.is_disk_full = false;
            }
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

    /// So many percent of memory.
    pub(super) fn part(&self, percent: u64) -> u64 {
        self.options.memory_bytes / 100 * percent
    }

    /// What is in memory, and what comes there with values that are on their way and with tasks that run.
    pub(super) fn committed_bytes(&self) -> u64 {
        self.memory_bytes.max(self.process_bytes) + self.coming_bytes()
    }

    fn coming_bytes(&self) -> u64 {
        self.returning_bytes + self.incoming_bytes + self.expected_bytes
    }

    /// How large the value of a task that waits here is expected to be.
    pub(super) fn expected_of(&self, task: TaskRef) -> u64 {
        self.pending.get(&task).map_or(0, |pending| self.forecast.expected_bytes(&pending.work))
    }

    /// Whether nothing is under way.
    fn is_at_rest(&self) -> bool {
        self.n_active() == 0
            && self.leaving_bytes == 0
            && self.returning_bytes == 0
            && self.incoming_bytes == 0
    }

    /// Whether a value that tasks need may come into memory: there is room, or nothing is under way that would make some.
    pub(super) fn has_room(&self, n_bytes: u64) -> bool {
        // What leaves has not left yet, but will have soon.
        let (bytes, leaving) = (self.committed_bytes() + n_bytes, self.leaving_bytes);
        let has_room = bytes.saturating_sub(leaving) <= self.part(self.options.spill_percent)
            && bytes <= self.part(self.options.pause_percent);
        self.is_at_rest() || has_room
    }

    /// What goes next where there is room for it: its priority, and how much it takes.
    fn next_need(&self) -> Option<(Priority, u64)> {
        let is_idle = self.n_active() < self.n_threads;
        let run = self
            .ready
            .first()
            .filter(|_| is_idle)
            .map(|&(priority, task)| (priority, self.expected_of(task)));
        let bytes_of = |of: &TaskRef| self.values.get(of).map_or(0, |value| value.n_bytes);
        let fetch = self.to_fetch.first().map(|(priority, of)| (*priority, bytes_of(of)));
        let restore = self.to_restore.first().map(|(priority, of)| (*priority, bytes_of(of)));
        [run, fetch, restore].into_iter().flatten().min_by_key(|&(priority, _)| priority)
    }

    /// Writes values to disk while too much is in memory, or there is no room for what goes next; and says how it is.
    pub(super) fn relieve(&mut self) {
        let (target, spill) = (self.part(self.options.target_percent), self.part(self.options.spill_percent));
        let pause = self.part(self.options.pause_percent);
        let used = self.memory_bytes.max(self.process_bytes);
        if !self.spillable.is_empty() && !self.is_disk_full {
            let next = self.next_need();
            let to_come = self.coming_bytes() + next.map_or(0, |(_, n_bytes)| n_bytes);
            loop {
                let staying = self.memory_bytes - self.leaving_bytes + to_come;
                let process = self.process_bytes.saturating_sub(self.leaving_bytes) + to_come;
                // Without a measurement, values are all that counts.
                let has_measured = self.process_bytes > 0;
                let unneeded = || {
                    if staying > target || has_measured && process > spill { self.unneeded() } else { None }
                };
                let needed = || if staying.max(process) > pause { self.needed_last(next) } else { None };
                let Some(victim) = unneeded().or_else(needed) else { break };
                self.send_away(victim);
            }
        }
        let pressure = match used {
            used if used > pause && !self.is_stuck() => Pressure::Paused,
            used if used > target => Pressure::High,
            _ => Pressure::Low,
        };
        if pressure != self.pressure {
            self.pressure = pressure;
            self.tell(FromWorker::Heartbeat { pressure });
        }
    }

    /// Whether nothing has been under way for a while: a worker that is paused then stays so unless it gets a task, which may
    /// free what others hold.
    fn is_stuck(&mut self) -> bool {
        if !self.is_at_rest() || !self.pending.is_empty() {
            self.at_rest_since = None;
            return false;
        }
        let since = *self.at_rest_since.get_or_insert(self.now);
        self.now.since(since) >= self.options.pause_max
    }

    /// Whether values are on their way to disk since there is too little room.
    #[must_use]
    pub fn is_making_room(&self) -> bool {
        let used = self.memory_bytes.max(self.process_bytes);
        self.leaving_bytes > 0 && used > self.part(self.options.spill_percent)
    }

    /// The least recently used value that no task here waits for.
    fn unneeded(&self) -> Option<TaskRef> {
        let is_unneeded = |of: &TaskRef| self.values.get(of).is_some_and(|value| value.consumers.is_empty());
        self.spillable.iter().map(|&(_, of)| of).find(is_unneeded)
    }

    /// The value that a task here needs last, if that is later than what goes next. Values that go next never make room for
    /// those that come later, and so do not leave and come back in turns.
    fn needed_last(&self, next: Option<(Priority, u64)>) -> Option<TaskRef> {
        let (first, _) = next?;
        let needed_first = |of: TaskRef| {
            let consumers = self.values.get(&of)?.consumers.iter();
            consumers.filter_map(|consumer| self.pending.get(consumer)).map(|pending| pending.priority).min()
        };
        let needed = self.spillable.iter().filter_map(|&(_, of)| Some((needed_first(of)?, of)));
        needed.filter(|&(priority, _)| priority > first).max().map(|(_, of)| of)
    }

    fn send_away(&mut self, of: TaskRef) {
        if let Some(value) = self.values.get_mut(&of) {
            self.spillable.remove(&(value.used, of));
            value.at = At::Leaving;
            self.leaving_bytes += value.n_bytes;
            self.actions.push(WorkerAction::Spill(of));
        }
    }

    /// A task needs a value that is on disk.
    pub(super) fn want_back(&mut self, of: TaskRef, priority: Priority) {
        let Some(value) = self.values.get_mut(&of).filter(|value| value.at == At::Disk) else { return };
        if self.to_restore.remove(&(value.priority, of)) {
            value.priority = value.priority.min(priority);
        } else {
            value.priority = priority;
        }
        self.to_restore.insert((value.priority, of));
    }

    /// Reads values back that tasks need, those first that go first, as far as there is room.
    pub(super) fn bring_back(&mut self) {
        while let Some(&(priority, of)) = self.to_restore.first() {
            let n_bytes = self.values.get(&of).map_or(0, |value| value.n_bytes);
            if !self.has_room(n_bytes) {
                return;
            }
            self.to_restore.remove(&(priority, of));
            if let Some(value) = self.values.get_mut(&of) {
                value.at = At::Returning;
                self.returning_bytes += n_bytes;
                self.actions.push(WorkerAction::Restore(of));
            }
        }
    }

    /// A value has left memory; so much of it comes back.
    pub(super) fn spilled(&mut self, of: TaskRef, restored_bytes: u64) {
        let Some(value) = self.values.get_mut(&of).filter(|value| value.at == At::Leaving) else { return };
        value.at = At::Disk;
        let n_bytes = std::mem::replace(&mut value.n_bytes, restored_bytes);
        let consumers = value.consumers.clone();
        self.memory_bytes -= n_bytes;
        self.leaving_bytes -= n_bytes;
        self.process_bytes = self.process_bytes.saturating_sub(n_bytes);
        for consumer in consumers {
            self.lacks(consumer);
            if let Some(priority) = self.pending.get(&consumer).map(|pending| pending.priority) {
                self.want_back(of, priority);
            }
        }
    }

    pub(super) fn not_spilled(&mut self, of: TaskRef) {
        let Some(value) = self.values.get_mut(&of).filter(|value| value.at == At::Leaving) else { return };
        value.at = At::Memory;
        self.leaving_bytes -= value.n_bytes;
        self.is_disk_full = true;
        self.disk_full_at = self.now;
        if value.n_pins == 0 {
            self.spillable.insert((value.used, of));
        }
    }

    pub(super) fn restored(&mut self, of: TaskRef) {
        self.n_uses += 1;
        let used = self.n_uses;
        let Some(value) = self.values.get_mut(&of).filter(|value| value.at == At::Returning) else { return };
        (value.at, value.used) = (At::Memory, used);
        let n_bytes = value.n_bytes;
        if value.n_pins == 0 {
            self.spillable.insert((used, of));
        }
        self.returning_bytes -= n_bytes;
        self.take_in(n_bytes);
        self.is_disk_full = false;
        self.provide(of);
    }
}
