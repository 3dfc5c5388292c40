//! What a thread waits for that other threads work on.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use raskt_core::{ErrorKind, Result};
use tokio::runtime::Handle;

/// What comes of something that was asked of the network.
#[derive(Debug)]
pub struct Reply<T>(Mutex<Receiver<Result<T>>>);

impl<T: Send + 'static> Reply<T> {
    /// What comes of `work`, which the threads of `runtime` do.
    pub(super) fn of(runtime: &Handle, work: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        let (sender, receiver): (SyncSender<Result<T>>, _) = sync_channel(1);
        runtime.spawn(async move {
            // Nobody may wait for it any more.
            drop(sender.send(work.await));
        });
        Self(Mutex::new(receiver))
    }

    /// What came, where it comes within `timeout`; ask again otherwise.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> Option<Result<T>> {
        match self.0.lock().recv_timeout(timeout) {
            Ok(found) => Some(found),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(ErrorKind::Cancelled.into())),
        }
    }
}
