//! Values from the workers that hold them.

use std::sync::Arc;

use raskt_core::{Payload, Result};
use raskt_sched::{TaskRef, WorkerId};
use rustc_hash::FxHashMap;
use tokio::task::JoinSet;

use super::core::Shared;
use super::entry::{Entry, State, Why};
use super::peers::Got;

/// What came of a value.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The value's payload: see [`raskt_core::encode::decode_value`].
    Value(Payload),
    /// It does not come.
    Failed(Why),
    /// Nobody computes it any more.
    Cancelled,
}

/// So many values are asked of a worker at once.
const N_AT_ONCE: usize = 64;

/// The values of all `entries`, in their order.
pub(super) async fn fetch(shared: Arc<Shared>, entries: Vec<Arc<Entry>>) -> Result<Vec<Fetched>> {
    let mut found: Vec<Option<Fetched>> = vec![None; entries.len()];
    let mut open: Vec<usize> = (0..entries.len()).collect();
    while !open.is_empty() {
        let mut of_worker: FxHashMap<WorkerId, Vec<(usize, TaskRef)>> = FxHashMap::default();
        for &at in &open {
            entries[at].settled().await;
            match entries[at].state() {
                State::Ready { value, holders } => match holders.first() {
                    Some(&worker) => of_worker.entry(worker).or_default().push((at, value)),
                    None => shared.misses(&entries[at], value, holders),
                },
                State::Failed(why) => found[at] = Some(Fetched::Failed(why)),
                State::Cancelled => found[at] = Some(Fetched::Cancelled),
                State::Pending | State::Lost => {}
            }
        }
        let mut requests = JoinSet::new();
        for (worker, values) in of_worker {
            for some in values.chunks(N_AT_ONCE) {
                let (shared, some) = (Arc::clone(&shared), some.to_vec());
                requests.spawn(async move {
                    let got = ask(&shared, worker, &some).await;
                    (worker, some, got)
                });
            }
        }
        while let Some(answered) = requests.join_next().await {
            // A request is neither aborted nor does it panic.
            let Ok((worker, asked, got)) = answered else { continue };
            let has_answered = got.as_ref().is_ok_and(|got| !got.values.is_empty());
            let Got { values, denied } = got.unwrap_or_default();
            let mut values: FxHashMap<TaskRef, Result<Payload>> = values.into_iter().collect();
            for (at, value) in asked {
                match values.get(&value).cloned() {
                    Some(Ok(payload)) => found[at] = Some(Fetched::Value(payload)),
                    Some(Err(error)) => found[at] = Some(Fetched::Failed(Why::Error(error))),
                    // The worker has sent as much as it could, and is asked again.
                    None if has_answered && !denied.contains(&value) => {}
                    // The scheduler says where else it is, or has it computed again.
                    None => shared.misses(&entries[at], value, vec![worker]),
                }
            }
            values.clear();
        }
        open.retain(|&at| found[at].is_none());
    }
    Ok(found.into_iter().flatten().collect())
}

async fn ask(shared: &Shared, worker: WorkerId, values: &[(usize, TaskRef)]) -> Result<Got> {
    let address = shared.state.lock().addresses.get(&worker).cloned();
    // A value may be asked for twice under two futures.
    let mut wanted: Vec<TaskRef> = values.iter().map(|(_, value)| *value).collect();
    wanted.sort_unstable();
    wanted.dedup();
    match address {
        Some(address) => shared.peers.get(worker, &address, wanted).await,
        None => Ok(Got { values: Vec::new(), denied: wanted }),
    }
}
