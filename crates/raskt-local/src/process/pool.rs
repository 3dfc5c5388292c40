//! The pool: drivers, one a child, that serve any number of runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use raskt_core::{ErrorKind, KeepSealed};
use raskt_exec::run::Waker;
use raskt_exec::{Arrivals, BodyRegistry, Run};

use super::command::in_words;
use super::driver::Driver;
use super::hub::{Hub, PoolOptions};

/// A driver's stack: it calls no user's function.
const STACK_BYTES: usize = 2 << 20;

/// What a computation's surroundings are, as children are told: bytes that the program of the children reads. In
/// [`raskt_exec::RunOptions::surroundings`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup(pub Arc<[u8]>);

/// A warm pool of child processes. They are started when there is work for them, and ended when there has not
/// been any for long. Dropping the pool ends them.
pub struct ProcessPool {
    hub: Arc<Hub>,
    drivers: Vec<JoinHandle<()>>,
}

impl ProcessPool {
    /// A pool without children yet. `registry` is for what runs here: bookkeeping, and what foreign objects
    /// need to be packed.
    ///
    /// # Errors
    /// The operating system's, where it gives no thread or descriptor.
    pub fn new(options: PoolOptions, registry: &Arc<BodyRegistry>) -> std::io::Result<Self> {
        let shipping = Arc::new(registry.shipping(Arc::new(KeepSealed)));
        let n_children = options.n_children;
        let hub = Arc::new(Hub::new(options, Arc::clone(registry), shipping).map_err(named)?);
        let mut pool = Self { hub, drivers: Vec::with_capacity(n_children) };
        let arrivals = Arrivals::default();
        for worker in 0..n_children {
            let (hub, registry) = (Arc::clone(&pool.hub), Arc::clone(registry));
            let started = arrivals.next(STACK_BYTES).and_then(|arrival| {
                let mut arrival = Some(arrival);
                let main = move || {
                    raskt_exec::pool::in_lanes(&registry, 0, &mut || {
                        drop(arrival.take());
                        live(&hub, worker);
                    });
                };
                let name = format!("raskt-driver-{worker}");
                std::thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn(main)
            });
            let driver = started.map_err(|error| {
                let text = format!("only {worker} of {n_children} threads could be started: {error}");
                std::io::Error::new(error.kind(), text)
            })?;
            pool.drivers.push(driver);
        }
        Ok(pool)
    }

    /// The registry of runs for this pool: pass it to [`Run::new`].
    #[must_use]
    pub fn registry(&self) -> &Arc<BodyRegistry> {
        &self.hub.registry
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &PoolOptions {
        &self.hub.options
    }

    /// Starts `run`; wait for it with [`Run::wait`].
    pub fn start(&self, run: &Arc<Run>) {
        let waker: Arc<dyn Waker> = Arc::clone(&self.hub) as _;
        run.set_waker(waker);
        self.hub.add(run);
        self.hub.wake(1);
        // The drivers serve many runs and must not be kept by one.
        run.order();
    }

    /// The process ids of the children that are there.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let pids = self.hub.drivers.iter().map(|driver| driver.pid.load(Ordering::Relaxed));
        pids.filter(|&pid| pid != 0).collect()
    }

    /// Cancels the runs that are not over, and ends the children.
    pub fn shut_down(&mut self) {
        let runs = {
            let mut state = self.hub.state.lock();
            state.stop = true;
            std::mem::take(&mut state.runs)
        };
        runs.iter().for_each(|serving| serving.run.cancel());
        self.hub.wake(usize::MAX);
        for driver in self.drivers.drain(..) {
            // A driver that panicked has nothing more to say.
            drop(driver.join());
        }
    }

    /// Closes the links in a forked child, where they are the parent's: else the children would not notice when
    /// that is gone. What remains of the pool is to be forgotten.
    pub fn close_after_fork(&self) {
        for driver in &self.hub.drivers {
            driver.sockets.iter().for_each(|socket| {
                let fd = socket.swap(-1, Ordering::Relaxed);
                if fd >= 0 {
                    // SAFETY: the descriptors belong to a driver, whose thread does not exist in this process.
                    unsafe { rustix::io::close(fd) };
                }
            });
        }
    }
}

/// The error with what to do about it.
fn named(error: std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), in_words(&error))
}

/// A driver's life. Where one panics, the runs end with that instead of waiting for it, and another takes its place.
fn live(hub: &Arc<Hub>, worker: usize) {
    loop {
        let life = AssertUnwindSafe(|| Driver::new(Arc::clone(hub), worker).live());
        let Err(panic) = catch_unwind(life) else { return };
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
        let runs = std::mem::take(&mut hub.state.lock().runs);
        for serving in runs {
            serving.run.abort(ErrorKind::Panicked(format!("the driver of a child process: {words}")).into());
        }
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        self.shut_down();
    }
}
