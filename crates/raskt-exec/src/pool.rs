//! A pool of threads that serves any number of runs.
//!
//! Threads live inside every lane's [`Lane::thread`](crate::lane::Lane::thread) from start to end, so that
//! entering a lane is cheap. An idle thread sleeps; a run that has more ready tasks than workers wakes one.

use std::cell::Cell;
use std::sync::Arc;

use crate::parking::Parking;
use crate::registry::BodyRegistry;
use crate::run::{Run, Waker};
use crate::sync::{AtomicUsize, Mutex, Ordering, thread, thread_local};
use crate::worker::{Drive, Probe, STALL, drive};

thread_local! {
    /// Which worker this thread is, and of which pool: the address of its hub.
    static WORKER: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Threads, one a core, that take turns at the tasks of all runs. Dropping the pool joins them.
pub struct Pool {
    hub: Arc<Hub>,
    threads: Vec<thread::JoinHandle<()>>,
}

struct Hub {
    parking: Parking,
    state: Mutex<HubState>,
    n_alive: AtomicUsize,
}

#[derive(Default)]
struct HubState {
    runs: Vec<Arc<Run>>,
    stop: bool,
}

impl Waker for Hub {
    fn wake(&self, n: usize) {
        self.parking.wake(n);
    }

    fn nudge(&self, n: usize) {
        self.parking.nudge(n);
    }
}

impl Pool {
    /// A pool of `n_threads` threads that live in the lanes of `registry`.
    ///
    /// # Errors
    /// The operating system's, where it gives no thread.
    pub fn new(n_threads: usize, registry: &Arc<BodyRegistry>) -> std::io::Result<Self> {
        let hub = Arc::new(Hub {
            parking: Parking::default(),
            state: Mutex::new(HubState::default()),
            n_alive: AtomicUsize::new(0),
        });
        let mut pool = Self { hub, threads: Vec::new() };
        for worker in 0..n_threads.max(1) {
            let (hub, registry) = (Arc::clone(&pool.hub), Arc::clone(registry));
            let main = move || {
                WORKER.with(|cell| cell.set(Some((worker, Arc::as_ptr(&hub).addr()))));
                in_lanes(&registry, 0, &mut || serve(&hub, &registry, worker));
                hub.n_alive.fetch_sub(1, Ordering::Release);
            };
            pool.hub.n_alive.fetch_add(1, Ordering::Release);
            #[cfg(not(feature = "shuttle"))]
            pool.threads.push(thread::Builder::new().name(format!("raskt-{worker}")).spawn(main)?);
            #[cfg(feature = "shuttle")]
            pool.threads.push(thread::spawn(main));
        }
        Ok(pool)
    }

    /// The number of threads.
    #[must_use]
    pub fn n_threads(&self) -> usize {
        self.threads.len()
    }

    /// Starts `run`; wait for it with [`Run::wait`].
    pub fn start(&self, run: &Arc<Run>) {
        let waker: Arc<dyn Waker> = Arc::clone(&self.hub) as _;
        run.set_waker(waker);
        self.hub.state.lock().runs.push(Arc::clone(run));
        // One thread starts; it wakes others as soon as it sees work for them.
        self.hub.wake(1);
    }

    /// Whether the calling thread is one of a pool's.
    #[must_use]
    pub fn is_worker() -> bool {
        WORKER.with(Cell::get).is_some()
    }

    /// Whether the calling thread is one of this pool's: it must not wait for a run, but take part in it.
    #[must_use]
    pub fn has_current_thread(&self) -> bool {
        let own = Arc::as_ptr(&self.hub).addr();
        WORKER.with(Cell::get).is_some_and(|(_, hub)| hub == own)
    }

    /// Runs `run` from inside a task: the calling worker takes part until it is over, so that it ends even
    /// when every other worker waits like this one.
    pub fn run_nested(&self, run: &Arc<Run>) {
        self.start(run);
        let worker = WORKER.with(Cell::get).map_or(0, |(worker, _)| worker);
        let mut probe = Probe::default();
        loop {
            let epoch = self.hub.parking.epoch();
            match drive(run, worker, &mut probe) {
                Drive::Over => return,
                Drive::Worked => {}
                Drive::Standby => self.hub.parking.sleep(epoch, Some(STALL)),
                Drive::Idle => self.hub.parking.sleep(epoch, None),
            }
        }
    }

    /// Cancels the runs that are not over and tells the threads to end after the task they are running.
    pub fn stop(&self) {
        let runs = {
            let mut state = self.hub.state.lock();
            state.stop = true;
            std::mem::take(&mut state.runs)
        };
        runs.iter().for_each(|run| run.cancel());
        self.hub.wake(usize::MAX);
    }

    /// Threads that have not ended.
    #[must_use]
    pub fn n_alive(&self) -> usize {
        self.hub.n_alive.load(Ordering::Acquire)
    }

    /// Stops and joins the threads; what they are running, they finish first.
    pub fn shut_down(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // A worker that panicked has nothing more to say: its run already has the error.
            drop(thread.join());
        }
    }

    /// Forgets the threads without joining them: in a forked child they do not exist.
    pub fn forget(mut self) {
        std::mem::take(&mut self.threads).into_iter().for_each(std::mem::forget);
        std::mem::forget(self);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Runs a thread's `main` inside the threads of all lanes from `lane` on.
pub fn in_lanes(registry: &BodyRegistry, lane: usize, main: &mut dyn FnMut()) {
    match registry.worlds().get(lane) {
        None => main(),
        Some(world) => world.thread(&mut || in_lanes(registry, lane + 1, main)),
    }
}

/// Lets go of a run. Whoever is the last to do so drops what it holds, which belongs to the lanes: outside of
/// theirs, Python's objects would wait for somebody to come in.
fn let_go(registry: &BodyRegistry, run: Arc<Run>) {
    let mut last = Arc::into_inner(run);
    if last.is_some() {
        enter_lanes(registry, 0, &mut || drop(last.take()));
    }
}

/// Does `work` inside all lanes from `lane` on.
fn enter_lanes(registry: &BodyRegistry, lane: usize, work: &mut dyn FnMut()) {
    match registry.worlds().get(lane) {
        None => work(),
        Some(world) => world.enter(None, &mut || enter_lanes(registry, lane + 1, work)),
    }
}

/// A pool thread's life.
fn serve(hub: &Hub, registry: &BodyRegistry, worker: usize) {
    let mut probe = Probe::default();
    loop {
        let epoch = hub.parking.epoch();
        let runs = {
            let state = hub.state.lock();
            if state.stop {
                return;
            }
            state.runs.clone()
        };
        let (mut worked, mut standby) = (false, false);
        // The newest first: it may be what the others wait for.
        for run in runs.iter().rev() {
            match drive(run, worker, &mut probe) {
                Drive::Worked => {
                    worked = true;
                    break;
                }
                Drive::Standby => standby = true,
                Drive::Idle => {}
                Drive::Over => {
                    // Not the last that is held of it: `runs` has one more.
                    hub.state.lock().runs.retain(|other| !Arc::ptr_eq(other, run));
                }
            }
        }
        runs.into_iter().for_each(|run| let_go(registry, run));
        if !worked {
            hub.parking.sleep(epoch, standby.then_some(STALL));
        }
    }
}
