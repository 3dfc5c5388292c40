//! What clients may ask of the scheduler.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_sched::{Event, WorkerId};

use super::core::Core;
use crate::wire::Query;

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
                if let Some(unknown) = workers.iter().find(|worker| !self.workers.contains_key(worker)) {
                    return Err(ErrorKind::InvalidValue(format!("there is no worker {unknown}")).into());
                }
                workers.into_iter().for_each(|worker| self.tell_machine(Event::Retire(worker)));
                Param::Null
            }
            Query::Shutdown => {
                self.ends = Some("a client asked for it".to_owned());
                Param::Null
            }
            Query::HasWhat(_) | Query::Processing(_) | Query::Explain(_) => {
                return Err(ErrorKind::NotImplemented(
                    "the scheduler does not tell that; who_has() and scheduler_info() say where values are"
                        .to_owned(),
                )
                .into());
            }
        })
    }

    fn described_workers(&self) -> Param {
        let mut ids: Vec<&WorkerId> = self.workers.keys().collect();
        ids.sort_unstable();
        list(ids.into_iter().map(|id| {
            let role = &self.workers[id].role;
            let resources = role.info.resources.iter().map(|(name, units)| {
                #[expect(clippy::cast_precision_loss, reason = "amounts are given as floats")]
                let amount = *units as f64 / 1e6;
                (name.as_str(), Param::Float(amount))
            });
            Param::map([
                ("id", number(*id)),
                ("name", text(role.info.name.as_str())),
                ("host", text(role.info.host.as_str())),
                ("address", text(&role.address.to_string())),
                ("pid", Param::Int(i64::from(role.pid))),
                ("n_threads", Param::Int(i64::from(role.info.n_threads))),
                ("memory_bytes", Param::Int(role.memory_bytes.clamped())),
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
