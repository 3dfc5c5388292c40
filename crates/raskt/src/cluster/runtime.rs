//! The threads that serve connections, those of all schedulers, workers and clients of the process.

use std::sync::OnceLock;

use raskt_core::{ErrorKind, Result};
use tokio::runtime::{Builder, Handle, Runtime};

/// What serves connections waits most of the time.
const N_THREADS: usize = 2;

/// The threads.
///
/// # Errors
/// [`ErrorKind::System`] where the operating system gives none.
pub(super) fn runtime() -> Result<&'static Handle> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let make = || {
        let mut threads = Builder::new_multi_thread();
        threads.worker_threads(N_THREADS).thread_name("raskt-net").enable_all().build()
    };
    match RUNTIME.get_or_init(make) {
        Ok(runtime) => Ok(runtime.handle()),
        Err(error) => {
            let what = "threads for connections".to_owned();
            Err(ErrorKind::System { what, reason: error.to_string() }.into())
        }
    }
}
