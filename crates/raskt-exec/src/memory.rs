//! Memory pressure: the I/O that the machine asks for, done outside its lock: values go to disk and come back.

use std::time::{Duration, Instant};

use raskt_core::{ErrorKind, Result, Value};
use raskt_store::{Fetch, SpillJob, trim_allocator};

use crate::events::{EventKind, note};
use crate::machine::{Actions, Event, Machine};
use crate::run::Run;
use crate::sync::wait_for;

impl Run {
    /// Tells the machine how much of the budget it may use.
    pub(crate) fn allow(&self, machine: &mut Machine) {
        if let Some(share) = &self.share {
            machine.handle(Event::Allowed { bytes: share.allowed_bytes() }, &mut Actions::default());
        }
    }

    /// Tells the other runs of the process, and whoever watches, what this one uses.
    pub(crate) fn publish(&self, machine: &Machine) {
        if let Some(share) = &self.share {
            share.publish(machine.used_bytes());
        }
        let (memory_bytes, _, spilled_bytes) = machine.memory();
        self.gauge().hold(memory_bytes, spilled_bytes);
    }

    /// Runs `first`, if there is one, and spills more until the budget holds again, or no value is left that
    /// could go. A full disk ends the run.
    pub fn make_room(&self, first: Option<SpillJob>) {
        if first.is_some() {
            // Memory is short: none is kept for later.
            raskt_core::set_recycling(false);
        }
        let mut next = first;
        loop {
            let mut out = Actions::default();
            let Some(job) = next.take().or_else(|| {
                let mut machine = self.lock();
                self.allow(&mut machine);
                machine.handle(Event::MemoryChecked, &mut out);
                out.spill.take()
            }) else {
                return;
            };
            let slot = job.slot();
            let begun = Instant::now();
            let outcome = job.run();
            if let Ok(file) = &outcome {
                note(self, EventKind::Spilled, begun, None, file.size_bytes());
            }
            let mut machine = self.lock();
            machine.handle(Event::Spilled { slot, outcome }, &mut out);
            self.publish(&machine);
            self.note_ended(&out);
            drop(machine);
            let trim = out.trim;
            drop(out);
            if trim {
                trim_allocator();
            }
        }
    }

    /// The value of a finished task, read back where it was spilled.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`], [`ErrorKind::Io`] from reading back; [`ErrorKind::Cancelled`] where there is
    /// no value.
    pub fn fetch(&self, task: u32) -> Result<Value> {
        loop {
            let mut machine = self.lock();
            match machine.fetch(task) {
                Fetch::Ready(value) => return Ok(value),
                Fetch::Empty => return Err(ErrorKind::Cancelled.into()),
                Fetch::Busy => wait_for(&self.changed, &mut machine, Some(Duration::from_millis(50))),
                Fetch::Load(job) => {
                    // The store counts what is being read; the encoded form is held for a moment beside it.
                    drop(machine);
                    self.make_room(None);
                    let (begun, bytes) = (Instant::now(), job.size_bytes());
                    let outcome = job.run(self.registry().as_ref());
                    note(self, EventKind::ReadBack, begun, None, bytes);
                    let mut machine = self.lock();
                    let outcome = machine.loaded(task, outcome);
                    self.publish(&machine);
                    self.changed.notify_all();
                    return outcome;
                }
            }
        }
    }
}
