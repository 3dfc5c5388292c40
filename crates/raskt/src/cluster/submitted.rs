//! What was asked of a cluster, until it is there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use raskt_core::encode::{Limits, decode_value};
use raskt_core::{Error, ErrorKind, ForeignDecode, Result, Value};
use raskt_exec::BodyRegistry;
use raskt_net::client::{Client as Net, Fetched, Future, Reply, Why};
use raskt_sched::Reason;

use crate::wanted::Wanted;

/// How long a thread waits before it looks again.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Values that a cluster computes, and keeps until this is dropped.
///
/// ```
/// # use raskt::cluster::{Client, ClientOptions, Scheduler, SchedulerOptions, Worker, WorkerOptions};
/// # #[raskt::task]
/// # fn halved(x: f64) -> f64 {
/// #     x / 2.0
/// # }
/// # let scheduler = Scheduler::start(SchedulerOptions::default())?;
/// # let (address, security) = (scheduler.address(), scheduler.security().clone());
/// # let _worker = Worker::join(&address, WorkerOptions { security: security.clone(), ..WorkerOptions::default() })?;
/// # let client = Client::connect(&address, ClientOptions { security, ..ClientOptions::default() })?;
/// let mut graph = raskt::Graph::new();
/// let three = graph.value(3.0);
/// let half = graph.task("halved", three, halved);
/// let submitted = client.submit(&graph, half)?;
/// // This process does something else meanwhile.
/// assert_eq!(submitted.wait()?, 1.5);
/// # Ok::<(), raskt::Error>(())
/// ```
pub struct Submitted<W> {
    pub(super) client: Net,
    pub(super) bodies: Arc<BodyRegistry>,
    pub(super) wanted: W,
    pub(super) outputs: Outputs,
}

/// The outputs of a table: futures, and which of them each output is.
pub(super) struct Outputs {
    pub futures: Vec<Future>,
    pub places: Vec<usize>,
}

impl<W> fmt::Debug for Submitted<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Submitted({} values)", self.outputs.places.len())
    }
}

impl<W: Wanted> Submitted<W> {
    /// Whether nothing is waited for any more: all values are there, or do not come.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.outputs.futures.iter().all(Future::is_settled)
    }

    /// Waits for `timeout` at most; whether nothing is waited for any more.
    #[must_use]
    pub fn wait_for(&self, timeout: Duration) -> bool {
        let futures: Vec<&Future> = self.outputs.futures.iter().collect();
        self.client.gate(&futures, futures.len()).wait(timeout)
    }

    /// Waits for the values, and gets them.
    ///
    /// # Errors
    /// As [`Client::compute`](super::Client::compute).
    pub fn wait(&self) -> Result<W::Values> {
        self.wanted.read(&mut values(&self.client, &self.bodies, &self.outputs)?.into_iter())
    }

    /// Stops what nobody else wants of it.
    pub fn cancel(&self) {
        self.client.cancel(&self.outputs.futures.iter().collect::<Vec<_>>(), false);
    }
}

/// The values of `outputs`, in their order.
pub(super) fn values(client: &Net, bodies: &BodyRegistry, outputs: &Outputs) -> Result<Vec<Value>> {
    let fetched = answer(&client.gather(&outputs.futures.iter().collect::<Vec<_>>()))?;
    let values = fetched.into_iter().map(|fetched| value(fetched, bodies)).collect::<Result<Vec<_>>>()?;
    Ok(outputs.places.iter().map(|&at| values[at].clone()).collect())
}

/// What comes of something that was asked of the network.
pub(super) fn answer<T: Send + 'static>(reply: &Reply<T>) -> Result<T> {
    loop {
        if let Some(found) = reply.wait(LOOK_INTERVAL) {
            return found;
        }
    }
}

fn value(fetched: Fetched, bodies: &BodyRegistry) -> Result<Value> {
    match fetched {
        Fetched::Value(payload) => decode_value(payload, bodies, &Limits::default()),
        Fetched::Cancelled => Err(ErrorKind::Cancelled.into()),
        Fetched::Failed(Why::Error(error)) => Err(opened(error, bodies)),
        Fetched::Failed(Why::Task(failure)) => Err(match &failure.reason {
            Reason::Raised { error, .. } => opened(error.clone(), bodies),
            Reason::KilledWorkers { .. } | Reason::DataLost | Reason::NeverScattered => {
                let what = "the cluster has no value".to_owned();
                ErrorKind::System { what, reason: failure.to_string() }.into()
            }
        }),
    }
}

/// An error of another process, with what its function returned as it is read here.
fn opened(error: Error, bodies: &BodyRegistry) -> Error {
    let sealed = error.foreign().and_then(|object| object.as_any().downcast_ref::<raskt_core::Sealed>());
    match sealed.cloned().map(|sealed| bodies.decode(sealed)) {
        Some(Ok(Value::Opaque(object))) => error.with_foreign(object),
        Some(Ok(_) | Err(_)) | None => error,
    }
}
