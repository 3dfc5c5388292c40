//! Calls that were submitted and wait to be sent together: those of one moment are one graph.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use pyo3::prelude::*;
use raskt_core::Key;
use raskt_expr::Expr;
use raskt_net::client::{Client, Wanted};
use rustc_hash::FxHashMap;

use super::future::{FutureCall, is_pickling_for};
use super::graph::Sendable;
use crate::errors;

/// How long the first call waits for others, where nobody waits for its value.
const MOMENT: Duration = Duration::from_millis(1);

/// Calls that wait to be sent.
pub struct Outgoing {
    client: Client,
    waiting: Mutex<Waiting>,
    /// Graphs go out in the order in which calls were submitted.
    sending: Mutex<()>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    calls: Vec<(Key, Expr)>,
    by_key: FxHashMap<Key, Expr>,
    is_over: bool,
    fuse_width: u32,
}

impl Outgoing {
    /// Nothing yet; a thread sends what comes.
    ///
    /// # Errors
    /// `RuntimeError` where the system gives no thread.
    pub fn start(client: &Client) -> PyResult<Arc<Self>> {
        let outgoing = Arc::new(Self {
            client: client.clone(),
            waiting: Mutex::default(),
            sending: Mutex::new(()),
            changed: Condvar::new(),
        });
        let weak = Arc::downgrade(&outgoing);
        let thread = std::thread::Builder::new().name("raskt-submit".into());
        thread.spawn(move || serve(&weak)).map_err(|error| {
            pyo3::exceptions::PyRuntimeError::new_err(format!("the thread that submits: {error}"))
        })?;
        Ok(outgoing)
    }

    /// The call that waits under `key`, if there is one.
    pub fn find(&self, key: &Key) -> Option<Expr> {
        self.waiting.lock().by_key.get(key).cloned()
    }

    /// Adds a call.
    pub fn push(&self, key: Key, call: Expr, fuse_width: u32) {
        let mut waiting = self.waiting.lock();
        waiting.by_key.insert(key.clone(), call.clone());
        waiting.calls.push((key, call));
        waiting.fuse_width = fuse_width;
        if waiting.calls.len() == 1 {
            self.changed.notify_one();
        }
    }

    /// Nothing comes any more.
    pub fn end(&self) {
        let calls = {
            let mut waiting = self.waiting.lock();
            waiting.is_over = true;
            waiting.by_key.clear();
            self.changed.notify_one();
            std::mem::take(&mut waiting.calls)
        };
        drop(calls);
    }

    /// Sends what waits. A call that cannot be sent fails.
    pub fn flush(&self, py: Python<'_>) {
        if is_pickling_for(&self.client) {
            // What is named in what is sent now goes out with that, or behind it.
            return;
        }
        // Pickling lets other threads have the interpreter, and one of them may come here.
        let _sending = loop {
            match self.sending.try_lock() {
                Some(sending) => break sending,
                None => py.detach(|| drop(self.sending.lock())),
            }
        };
        let (calls, by_key, fuse_width) = {
            let mut waiting = self.waiting.lock();
            let by_key = std::mem::take(&mut waiting.by_key);
            (std::mem::take(&mut waiting.calls), by_key, waiting.fuse_width)
        };
        drop(by_key);
        let calls: Vec<_> = calls.into_iter().filter(|(key, _)| self.client.is_awaited(key)).collect();
        if calls.is_empty() {
            return;
        }
        let exprs: Vec<Expr> = calls.iter().map(|(_, call)| call.clone()).collect();
        let sent = Sendable::of(py, &exprs).and_then(|graph| graph.send(py, &self.client, fuse_width, None));
        if sent.is_err() {
            // It is found which of them it is.
            for (key, call) in calls {
                let one = Sendable::of(py, &[call]);
                if let Err(error) = one.and_then(|graph| graph.send(py, &self.client, fuse_width, None)) {
                    let Wanted { future, .. } = self.client.future(&key);
                    future.fail(errors::raised(py, error));
                }
            }
        }
    }

    /// `expr`, or what it stands for where that has not been sent.
    pub fn resolved(&self, expr: &Expr) -> Option<Expr> {
        self.find(FutureCall::of(expr)?.future.key())
    }
}

fn serve(outgoing: &Weak<Outgoing>) {
    loop {
        let Some(here) = outgoing.upgrade() else { return };
        {
            let mut waiting = here.waiting.lock();
            if waiting.is_over {
                return;
            }
            if waiting.calls.is_empty() {
                // Whoever lets go of the client is noticed from time to time.
                here.changed.wait_for(&mut waiting, Duration::from_secs(1));
                if waiting.calls.is_empty() {
                    continue;
                }
            }
        }
        std::thread::sleep(MOMENT);
        if Python::try_attach(|py| here.flush(py)).is_none() {
            return;
        }
    }
}
