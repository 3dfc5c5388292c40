//! Ordering the tasks of a run, if need be while it runs.
//!
//! The order of a graph of a million tasks takes as long as running tasks that do little. Its first part is certain
//! long before the last, and a rank is all that a task needs to start: so one worker gives out ranks while the others
//! run what has them.

use raskt_core::{Error, ErrorKind};
use raskt_graph::order::{order_in_parts, order_once};
use raskt_graph::outputs::{has_outputs, outputs_first};

use crate::machine::{Actions, Event};
use crate::run::Run;
use crate::sync::Ordering;

/// How many tasks get their rank under one lock. Schedules that shuttle draws have few tasks.
const N_AT_ONCE: usize = if cfg!(feature = "shuttle") { 2 } else { 1 << 10 };

impl Run {
    /// Orders the tasks, unless somebody has done so or is about it; whether it was done here. Workers become busy as
    /// soon as the first part of the order is certain.
    pub fn order(&self) -> bool {
        if self.unordered.swap(0, Ordering::Relaxed) == 0 {
            return false;
        }
        let table = self.table();
        let consumers = self.lock().consumers_of_table(0);
        let Some(consumers) = consumers else {
            // There are no tasks.
            return true;
        };
        let has_outputs = has_outputs(table);
        let rank_part = |part: &[u32]| {
            let moved = if has_outputs { outputs_first(part, table, &consumers) } else { Vec::new() };
            let part = if has_outputs { &moved } else { part };
            part.chunks(N_AT_ONCE).all(|tasks| self.rank(tasks))
        };
        match self.options().values_are_small {
            true => {
                rank_part(&order_once(table.inputs(), &consumers, table.outputs()));
            }
            false => order_in_parts(table.inputs(), &consumers, table.outputs(), None, rank_part),
        }
        let n_unranked = self.lock().n_unranked();
        if n_unranked > 0 && !self.is_over() {
            self.abort(invalid(format!("an order leaves out {n_unranked} of {} tasks", table.n_tasks())));
        }
        true
    }

    /// Gives the next ranks to `tasks`; whether it makes sense to go on.
    fn rank(&self, tasks: &[u32]) -> bool {
        let mut out = Actions::default();
        let mut machine = self.lock();
        if machine.is_over(self.owner()) {
            return false;
        }
        machine.handle(Event::Ordered(tasks), &mut out);
        let (n_ready, has_room) = (machine.n_ready_all(), self.has_room(&machine));
        self.note_ended(&out);
        drop(machine);
        if out.ended.is_empty() {
            self.tell(n_ready, has_room);
        }
        out.ended.is_empty()
    }
}

fn invalid(what: String) -> Error {
    ErrorKind::InvalidGraph(what).into()
}
