//! What clients may ask of the scheduler.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Key, Param, Result};
use raskt_sched::{Event, WorkerId, WorkerSnapshot};
use rustc_hash::FxHashMap;

use super::core::Core;
use super::record::label;
use crate::wire::Query;

/// Names of what is held that are told, those with most bytes.
const N_NAMES_TOLD_MAX: usize = 200;

impl Core {
    /// The answer to `query`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where it names a worker that is not there.
    pub(super) fn answer(&mut self, query: Query) -> Result<Param> {
        Ok(match query {
            Query::Workers => self.described_workers(),
            Query::WhoHas(keys) => {
                let numbers = |workers: Vec<WorkerId>| list(workers.into_iter().map(number));
                list(keys.iter().map(|key| numbers(self.machine.who_has(key))))
            }
            Query::Retire(workers) => {
                workers.iter().try_for_each(|&worker| self.check_is_there(worker))?;
                workers.into_iter().for_each(|worker| self.tell_machine(Event::Retire(worker)));
                Param::Null
            }
            Query::Shutdown => {
                self.ends = Some("a client asked for it".to_owned());
                Param::Null
            }
            Query::HasWhat(worker) => self.keys_of(worker, raskt_sched::Scheduler::has_what)?,
            Query::Processing(worker) => self.keys_of(worker, raskt_sched::Scheduler::processing)?,
            Query::Load => {
                let counts = self.machine.state_counts();
                Param::map([
                    ("n_waiting", Param::Int(counts.n_waiting.clamped())),
                    ("n_queued", Param::Int(counts.n_queued.clamped())),
                    ("n_processing", Param::Int(counts.n_processing.clamped())),
                    ("n_in_memory", Param::Int(counts.n_in_memory.clamped())),
                    ("n_failed", Param::Int(counts.n_failed.clamped())),
                    ("n_clients", Param::Int(self.n_clients().clamped())),
                    ("busy_us", Param::Int(self.machine.busy_us().clamped())),
                ])
            }
            Query::Held => self.held(),
            Query::Tasks { n_max } => self.all_tasks(n_max.fit()),
            Query::Explain(key) => text(&self.machine.explain(&key).to_string()),
            Query::Events { from } => self.recorder.heard.tasks_from(from),
            Query::CriticalPath => self.recorder.heard.critical_path(),
            Query::Log { from } => self.recorder.heard.lines_from(from),
            Query::Sizes(keys) => {
                let size =
                    |bytes: Option<u64>| bytes.map_or(Param::Null, |bytes| Param::Int(bytes.clamped()));
                list(keys.iter().map(|key| size(self.machine.n_bytes_of(key))))
            }
            Query::Host(_) => {
                let why = "the process of the scheduler is asked by clients alone";
                return Err(ErrorKind::InvalidValue(why.to_owned()).into());
            }
        })
    }

    fn check_is_there(&self, worker: WorkerId) -> Result<()> {
        match self.workers.contains_key(&worker) {
            true => Ok(()),
            false => Err(ErrorKind::InvalidValue(format!("there is no worker {worker}")).into()),
        }
    }

    fn keys_of(
        &self,
        worker: WorkerId,
        of: fn(&raskt_sched::Scheduler, WorkerId) -> Vec<Key>,
    ) -> Result<Param> {
        self.check_is_there(worker)?;
        Ok(list(of(&self.machine, worker).iter().map(|key| text(&key.to_string()))))
    }

    /// What is held, by the name of a collection or of a function.
    fn held(&self) -> Param {
        let mut by_name = FxHashMap::<Arc<str>, (u64, u64)>::default();
        for (key, n_bytes) in self.machine.values_in_memory() {
            // Blocks of one collection share its name; tasks of one function what theirs begin with.
            let name = if key.block.is_empty() { label(&key) } else { Arc::from(key.name.as_str()) };
            let (n, bytes) = by_name.entry(name).or_default();
            *n += 1;
            *bytes += n_bytes;
        }
        let mut all: Vec<_> = by_name.into_iter().map(|(name, (n, bytes))| (bytes, n, name)).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.truncate(N_NAMES_TOLD_MAX);
        list(all.into_iter().map(|(bytes, n, name)| {
            let figures = [("n", n), ("bytes", bytes)].map(|(field, n)| (field, Param::Int(n.clamped())));
            Param::map([("name", Param::Str(name))].into_iter().chain(figures))
        }))
    }

    /// All tasks, where these are few.
    fn all_tasks(&self, n_max: usize) -> Param {
        let Some(tasks) = self.machine.all_tasks(n_max) else { return Param::Null };
        list(tasks.into_iter().map(|task| {
            let state = if task.is_running { "running".to_owned() } else { task.state.to_string() };
            Param::map([
                ("key", text(&task.key.to_string())),
                ("name", Param::Str(label(&task.key))),
                ("state", text(&state)),
                ("inputs", list(task.inputs.into_iter().map(|input| Param::Int(input.clamped())))),
            ])
        }))
    }

    fn described_workers(&self) -> Param {
        let mut ids: Vec<&WorkerId> = self.workers.keys().collect();
        ids.sort_unstable();
        list(ids.into_iter().map(|id| {
            let (role, figures) = (&self.workers[id].role, &self.workers[id].figures);
            let resources = role.info.resources.iter().map(|(name, units)| {
                #[expect(clippy::cast_precision_loss, reason = "amounts are given as floats")]
                let amount = *units as f64 / 1e6;
                (name.as_str(), Param::Float(amount))
            });
            let known = self.machine.worker(*id);
            let known = |of: fn(&WorkerSnapshot) -> i64| Param::Int(known.as_ref().map_or(0, of));
            Param::map([
                ("n_running", known(|worker| worker.running.len().clamped())),
                ("n_waiting", known(|worker| (worker.sent.len() + worker.n_queued).clamped())),
                ("n_values", known(|worker| worker.n_values.clamped())),
                ("held_bytes", known(|worker| worker.held_bytes.clamped())),
                ("pressure", known(|worker| worker.pressure as i64)),
                ("in_memory_bytes", Param::Int(figures.memory_bytes.clamped())),
                ("spilled_bytes", Param::Int(figures.spilled_bytes.clamped())),
                ("incoming_bytes", Param::Int(figures.incoming_bytes.clamped())),
                ("n_requests", Param::Int(figures.n_requests.clamped())),
                ("process_bytes", Param::Int(figures.process_bytes.clamped())),
                ("cpu_percent", Param::Int(figures.cpu_percent.clamped())),
                ("is_retiring", known(|worker| i64::from(worker.is_retiring))),
                ("id", number(*id)),
                ("name", text(role.info.name.as_str())),
                ("host", text(role.info.host.as_str())),
                ("address", text(&role.address.to_string())),
                ("pid", Param::Int(i64::from(role.pid))),
                ("n_threads", Param::Int(i64::from(role.info.n_threads))),
                ("memory_bytes", i64::try_from(role.memory_bytes).map_or(Param::Null, Param::Int)),
                ("resources", Param::map(resources)),
            ])
        }))
    }
}

fn list(items: impl Iterator<Item = Param>) -> Param {
    Param::List(items.collect())
}

fn number(worker: WorkerId) -> Param {
    Param::Int(i64::from(worker.0))
}

fn text(text: &str) -> Param {
    Param::Str(Arc::from(text))
}
