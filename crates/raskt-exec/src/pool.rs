//! A pool of threads that serves any number of runs.
//!
//! Threads live inside every lane's [`Lane::thread`](crate::lane::Lane::thread) from start to end, so that
//! entering a lane is cheap. An idle thread sleeps; a run that has more ready tasks than workers wakes one.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use crate::arrivals::{Arrival, Arrivals};
use crate::context::is_cancelled_here;
use crate::parking::Parking;
use crate::registry::BodyRegistry;
use crate::run::{Run, Waker};
use crate::sync::{AtomicUsize, Mutex, Ordering, thread, thread_local};
use crate::worker::{Drive, Probe, STALL, drive};

thread_local! {
    /// Which worker this thread is, and of which pool.
    static HERE: RefCell<Option<Nest>> = const { RefCell::new(None) };
}

/// What Python's own threads get on most systems: functions recurse, in C too, as deep as they do there.
const STACK_BYTES: usize = 8 << 20;

/// Threads, one a core, that take turns at the tasks of all runs. Dropping the pool joins them, unless it was
/// [left](Pool::leave).
pub struct Pool {
    hub: Arc<Hub>,
    threads: Vec<thread::JoinHandle<()>>,
}

struct Hub {
    parking: Parking,
    state: Mutex<HubState>,
    n_threads: usize,
    n_alive: AtomicUsize,
    /// 1 once a thread is held by a function that nobody waits for any more.
    is_held: AtomicUsize,
}

#[derive(Default)]
struct HubState {
    runs: Vec<Arc<Run>>,
    stop: bool,
    /// The threads are not to be joined.
    left: bool,
}

impl Waker for Hub {
    fn wake(&self, n: usize) {
        self.parking.wake(n);
    }

    fn notify(&self, n: usize) {
        self.parking.notify(n);
    }
}

impl Pool {
    /// A pool of `n_threads` threads that live in the lanes of `registry`.
    ///
    /// # Errors
    /// The operating system's, where it gives no thread.
    pub fn new(n_threads: usize, registry: &Arc<BodyRegistry>) -> io::Result<Self> {
        let n_threads = n_threads.max(1);
        let hub = Arc::new(Hub {
            parking: Parking::default(),
            state: Mutex::new(HubState::default()),
            n_threads,
            n_alive: AtomicUsize::new(0),
            is_held: AtomicUsize::new(0),
        });
        let mut pool = Self { hub, threads: Vec::new() };
        let arrivals = Arrivals::default();
        for worker in 0..n_threads {
            let arrival = arrivals.next(STACK_BYTES);
            let started = arrival.and_then(|arrival| pool.start_thread(worker, registry, arrival));
            started.map_err(|error| {
                let text = format!("only {worker} of {n_threads} threads could be started: {error}");
                io::Error::new(error.kind(), text)
            })?;
        }
        Ok(pool)
    }

    fn start_thread(
        &mut self,
        worker: usize,
        registry: &Arc<BodyRegistry>,
        arrival: Arrival,
    ) -> io::Result<()> {
        let (hub, registry) = (Arc::clone(&self.hub), Arc::clone(registry));
        let mut arrival = Some(arrival);
        let main = move || {
            // Counts down whatever ends the thread, once it is out of all lanes.
            let _alive = Alive(&hub);
            HERE.with(|here| *here.borrow_mut() = Some(Nest { hub: Arc::clone(&hub), worker }));
            in_lanes(&registry, 0, &mut || {
                drop(arrival.take());
                serve(&hub, &registry, worker);
            });
        };
        self.hub.n_alive.fetch_add(1, Ordering::Release);
        #[cfg(not(feature = "shuttle"))]
        let started =
            thread::Builder::new().name(format!("raskt-{worker}")).stack_size(STACK_BYTES).spawn(main);
        #[cfg(feature = "shuttle")]
        let started: io::Result<_> = Ok(thread::spawn(main));
        match started {
            Ok(thread) => self.threads.push(thread),
            Err(error) => {
                self.hub.n_alive.fetch_sub(1, Ordering::Release);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The number of threads.
    #[must_use]
    pub fn n_threads(&self) -> usize {
        self.hub.n_threads
    }

    /// Starts `run`; wait for it with [`Run::wait`]. On a pool that was stopped it is cancelled.
    pub fn start(&self, run: &Arc<Run>) {
        if !self.hub.start(run) {
            run.cancel();
        }
    }

    /// Whether the calling thread is one of a pool's.
    #[must_use]
    pub fn is_worker() -> bool {
        HERE.with(|here| here.borrow().is_some())
    }

    /// The calling thread as one of this pool's.
    #[must_use]
    pub fn nest(&self) -> Option<Nest> {
        Nest::here().filter(|nest| Arc::ptr_eq(&nest.hub, &self.hub))
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

    /// [Stops](Pool::stop), and has the threads end on their own: dropping the pool does not wait for them. For threads
    /// that are held by functions which may never return.
    pub fn leave(&self) {
        self.hub.state.lock().left = true;
        self.stop();
    }

    /// Notes that a thread is held by a function that nobody waits for any more.
    pub fn note_held(&self) {
        self.hub.is_held.store(1, Ordering::Release);
    }

    /// Whether [`Pool::note_held`] or [`Nest::note_held`] was called.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.hub.is_held.load(Ordering::Acquire) == 1
    }
}

/// A thread of a pool that has not ended.
struct Alive<'a>(&'a Hub);

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.n_alive.fetch_sub(1, Ordering::Release);
    }
}

impl Hub {
    /// Has the pool's threads serve `run`; whether there are any that will.
    fn start(self: &Arc<Self>, run: &Arc<Run>) -> bool {
        let waker: Arc<dyn Waker> = Arc::clone(self) as _;
        run.set_waker(waker);
        {
            let mut state = self.state.lock();
            if state.stop {
                return false;
            }
            state.runs.push(Arc::clone(run));
        }
        // One thread starts; it wakes others as soon as it sees work for them.
        self.wake(1);
        true
    }
}

/// A thread of a pool, for computations inside its tasks.
#[derive(Clone)]
pub struct Nest {
    hub: Arc<Hub>,
    worker: usize,
}

impl Nest {
    /// The calling thread, if it is one of a pool's.
    #[must_use]
    pub fn here() -> Option<Self> {
        HERE.with(|here| here.borrow().clone())
    }

    /// In a forked child: the pool of the thread that forked has no other threads.
    pub fn forget_here() {
        HERE.with(|here| std::mem::forget(here.borrow_mut().take()));
    }

    /// The number of threads of the pool.
    #[must_use]
    pub fn n_threads(&self) -> usize {
        self.hub.n_threads
    }

    /// Runs `run` from inside a task: the calling worker takes part until it is over, so that it ends even
    /// when every other worker waits like this one, or the pool has stopped and this is its last. A run that is cancelled
    /// takes those inside its tasks along.
    pub fn run(&self, run: &Arc<Run>) {
        self.hub.start(run);
        let mut probe = Probe::default();
        loop {
            let epoch = self.hub.parking.epoch();
            if is_cancelled_here() {
                run.cancel();
            }
            match drive(run, self.worker, &mut probe) {
                Drive::Over => return,
                Drive::Worked => {}
                Drive::Standby => self.hub.parking.sleep(epoch, Some(STALL)),
                Drive::Idle => self.hub.parking.sleep(epoch, None),
            }
        }
    }

    /// As [`Pool::note_held`].
    pub fn note_held(&self) {
        self.hub.is_held.store(1, Ordering::Release);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let left = self.hub.state.lock().left;
        if !left {
            self.shut_down();
        }
    }
}

/// Runs a thread's `main` inside the threads of all lanes from `lane` on.
pub fn in_lanes(registry: &BodyRegistry, lane: usize, main: &mut dyn FnMut()) {
    match registry.runtimes().get(lane) {
        None => main(),
        Some(runtime) => runtime.thread(&mut || in_lanes(registry, lane + 1, main)),
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
pub fn enter_lanes(registry: &BodyRegistry, lane: usize, work: &mut dyn FnMut()) {
    match registry.runtimes().get(lane) {
        None => work(),
        Some(runtime) => runtime.enter(None, &mut || enter_lanes(registry, lane + 1, work)),
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
