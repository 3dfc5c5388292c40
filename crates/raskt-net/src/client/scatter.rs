//! Values to workers.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Fit, Param, Payload, Result};
use raskt_sched::{FromClient, TaskRef, WorkerId};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::core::Shared;
use super::entry::State;
use super::future::Future;
use crate::transport::Address;
use crate::wire::{ClientSays, Query};

/// A value that is put onto workers.
#[derive(Debug)]
pub struct Scatter {
    /// Its future.
    pub future: Future,
    /// Its payload: see [`raskt_core::encode::encode_value`].
    pub payload: Payload,
}

/// Where values go.
#[derive(Clone, Debug)]
pub struct Spread {
    /// Names or addresses of workers, or names of hosts; all workers where none is named.
    pub workers: Vec<String>,
    /// Whether each of those gets all values.
    pub is_broadcast: bool,
    /// How long workers are waited for where there is none.
    pub timeout: Duration,
}

/// A worker gets so much at a time, or one value: it takes the next when it has room.
const PUT_BYTES_MAX: u64 = 16 << 20;

/// How often it is looked whether a worker has come, where there is none.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

struct Place {
    worker: WorkerId,
    address: Address,
    n_threads: usize,
}

/// Puts `values` onto workers, and waits until the scheduler has said that they are there.
pub(super) async fn scatter(shared: Arc<Shared>, values: Vec<Scatter>, spread: Spread) -> Result<()> {
    let reserved = reserve(&shared, &values).await;
    let places = places(&shared, &spread).await?;
    let mut turns = places.iter().flat_map(|place| std::iter::repeat_n(place, place.n_threads)).cycle();
    let mut of_place: Vec<Vec<(usize, TaskRef)>> = places.iter().map(|_| Vec::new()).collect();
    for (at, value) in reserved.into_iter().enumerate().filter_map(|(at, value)| Some((at, value?))) {
        match spread.is_broadcast {
            true => of_place.iter_mut().for_each(|values| values.push((at, value))),
            false => {
                let turn = turns.next().map(|turn| turn.worker);
                let place = places.iter().position(|place| Some(place.worker) == turn);
                of_place[place.unwrap_or_default()].push((at, value));
            }
        }
    }
    let mut puts = JoinSet::new();
    for (place, some) in places.iter().zip(of_place).filter(|(_, some)| !some.is_empty()) {
        let payloads = some.iter().map(|&(at, value)| (value, values[at].payload.clone()));
        let batches = batches(payloads);
        let (shared, worker, address) = (Arc::clone(&shared), place.worker, place.address.clone());
        puts.spawn(async move {
            let mut sizes = Vec::with_capacity(some.len());
            for batch in batches {
                sizes.extend(shared.peers.put(worker, &address, batch).await?);
            }
            Ok::<_, Error>((worker, some, sizes))
        });
    }
    let mut holders: Vec<(u64, Vec<WorkerId>)> = vec![(0, Vec::new()); values.len()];
    let mut values_of = vec![None; values.len()];
    let mut failed = None;
    while let Some(put) = puts.join_next().await {
        match put {
            Ok(Ok((worker, some, sizes))) => {
                for ((at, value), n_bytes) in some.into_iter().zip(sizes) {
                    values_of[at] = Some(value);
                    holders[at].0 = n_bytes;
                    holders[at].1.push(worker);
                }
            }
            Ok(Err(error)) => failed = Some(error),
            Err(error) => failed = Some(ErrorKind::Panicked(error.to_string()).into()),
        }
    }
    for (value, (n_bytes, holders)) in values_of.into_iter().zip(holders) {
        if let Some(value) = value {
            shared.say(&ClientSays::Say(FromClient::Scattered { value, n_bytes, holders }));
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    for value in &values {
        value.future.entry.settled().await;
    }
    Ok(())
}

/// Values in their order, as much as goes at a time.
fn batches(payloads: impl Iterator<Item = (TaskRef, Payload)>) -> Vec<Vec<(TaskRef, Payload)>> {
    let mut batches: Vec<Vec<(TaskRef, Payload)>> = Vec::new();
    let mut n_bytes = 0;
    for (value, payload) in payloads {
        n_bytes += payload.size_bytes();
        match batches.last_mut() {
            Some(batch) if n_bytes <= PUT_BYTES_MAX => batch.push((value, payload)),
            _ => {
                n_bytes = payload.size_bytes();
                batches.push(vec![(value, payload)]);
            }
        }
    }
    batches
}

/// What workers are to call the values; none where one is there already.
async fn reserve(shared: &Shared, values: &[Scatter]) -> Vec<Option<TaskRef>> {
    let mut answers = Vec::with_capacity(values.len());
    for Scatter { future, .. } in values {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        {
            let mut progress = future.entry.progress.lock();
            progress.n_wants += 1;
            progress.reservation = Some(sender);
        }
        shared.say(&ClientSays::Say(FromClient::Reserve(future.key().clone())));
        answers.push(receiver);
    }
    let mut found = Vec::with_capacity(values.len());
    for (Scatter { future, .. }, answer) in values.iter().zip(answers) {
        // It ends without an answer where the client does.
        drop(answer.await);
        let progress = future.entry.progress.lock();
        let is_ready = matches!(progress.state, State::Ready { .. });
        found.push(progress.reserved.filter(|_| !is_ready));
    }
    found
}

fn is_named(worker: &Param, names: &[String]) -> bool {
    let says = |field: &str, name: &str| worker.get(field).and_then(Param::as_str) == Some(name);
    names.is_empty()
        || names.iter().any(|name| ["name", "host", "address"].iter().any(|field| says(field, name)))
}

/// The workers that values may go to.
async fn places(shared: &Shared, spread: &Spread) -> Result<Vec<Place>> {
    let until = Instant::now() + spread.timeout;
    loop {
        let workers = shared.ask(Query::Workers).await?;
        let Param::List(workers) = &workers else {
            return Err(
                ErrorKind::Corrupt("the scheduler does not say which workers there are".into()).into()
            );
        };
        let mut found = Vec::new();
        for worker in workers.iter().filter(|worker| is_named(worker, &spread.workers)) {
            let number = |field: &str| worker.get(field).and_then(Param::as_int).unwrap_or_default();
            let address = worker.get("address").and_then(Param::as_str).unwrap_or_default();
            let n_threads = number("n_threads").clamped::<usize>().max(1);
            let worker = WorkerId(number("id").clamped::<u32>());
            found.push(Place { worker, address: address.parse()?, n_threads });
        }
        if !found.is_empty() {
            let known = found.iter().map(|place| (place.worker, place.address.clone()));
            shared.state.lock().addresses.extend(known);
            return Ok(found);
        }
        if Instant::now() >= until {
            let of = match spread.workers.is_empty() {
                true => String::new(),
                false => format!(" called {}", spread.workers.join(", ")),
            };
            let what = "scattering data".to_owned();
            let reason = format!("there was no worker{of} within {:.1} s", spread.timeout.as_secs_f64());
            return Err(ErrorKind::System { what, reason }.into());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use raskt_core::Buffer;
    use raskt_sched::TaskId;

    use super::*;

    #[test]
    fn values_go_in_their_order_and_as_many_as_fit_at_a_time() {
        let sizes = [3 << 20, 20 << 20, 8 << 20, 8 << 20, 0, 1];
        let payload = |n: usize| Payload { header: Vec::new(), buffers: vec![Buffer::from(vec![0; n])] };
        let value = |at: usize| TaskRef { task: TaskId(u32::try_from(at).unwrap()), generation: 0 };
        let values = sizes.iter().enumerate().map(|(at, &n)| (value(at), payload(n)));
        let batches: Vec<Vec<u32>> =
            batches(values).iter().map(|batch| batch.iter().map(|(of, _)| of.task.0).collect()).collect();
        assert_eq!(batches, [vec![0], vec![1], vec![2, 3, 4], vec![5]]);
    }
}
