//! What the drivers of a pool share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use raskt_core::Fit;
use raskt_exec::run::Waker;
use raskt_exec::{BodyRegistry, Run};
use rustc_hash::FxHashSet;

use super::arena::Arena;
use super::bell::Bell;
use super::command::ChildCommand;
use super::traffic::Outbox;

/// How a pool treats its children.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// How many children there may be.
    pub n_children: usize,
    /// How to start one.
    pub command: ChildCommand,
    /// From this size on, a buffer travels in shared memory.
    pub shared_memory_min_bytes: u64,
    /// How long a child may take to start.
    pub start_timeout: Duration,
    /// How long a child that has nothing to do is kept; `None` for as long as the pool.
    pub idle_timeout: Option<Duration>,
    /// After how many tasks a child is replaced.
    pub recycle_after_tasks: Option<u64>,
    /// How long a child may go on with a task that nobody wants any more, before it is killed.
    pub grace: Duration,
}

impl PoolOptions {
    /// `n_children` children that are started by `command`.
    #[must_use]
    pub fn new(n_children: usize, command: ChildCommand) -> Self {
        Self {
            n_children: n_children.max(1),
            command,
            shared_memory_min_bytes: 64 << 10,
            start_timeout: Duration::from_secs(30),
            idle_timeout: Some(Duration::from_secs(300)),
            recycle_after_tasks: None,
            grace: Duration::from_millis(250),
        }
    }
}

/// A run in the hands of the pool.
#[derive(Clone)]
pub struct Serving {
    /// Its number on the links.
    pub serial: u32,
    /// The run.
    pub run: Arc<Run>,
}

/// What others may know of a driver.
pub struct DriverState {
    pub bell: Bell,
    /// How many more calls it would take.
    pub room: AtomicUsize,
    /// Whether its child is there.
    pub is_warm: AtomicBool,
    /// The process id of its child; 0 without one.
    pub pid: AtomicU32,
    /// Calls that its child holds, and when one came back last, in milliseconds since the pool began.
    pub n_held: AtomicUsize,
    pub progress: AtomicU64,
    /// Whether it is to fetch back what its child has not begun.
    pub recall: AtomicBool,
    /// The descriptors of the link, for a process that is forked; -1 without one.
    pub sockets: [AtomicI32; 2],
    /// What is to be told to its child.
    pub outbox: Mutex<Option<Arc<Outbox>>>,
}

/// What the drivers of a pool share.
pub struct Hub {
    pub options: PoolOptions,
    /// Where bodies are found that run here, and lanes.
    pub runtimes: Arc<BodyRegistry>,
    /// The registry of the runs.
    pub registry: Arc<BodyRegistry>,
    pub arena: Arc<Arena>,
    pub drivers: Vec<DriverState>,
    pub state: Mutex<State>,
    pub began: Instant,
    next_child: AtomicU32,
}

#[derive(Default)]
pub struct State {
    pub runs: Vec<Serving>,
    pub stop: bool,
    next_run: u32,
    /// Tasks that a child died of, once: (run, task).
    deaths: FxHashSet<(u32, u32)>,
}

impl Hub {
    /// A hub without drivers yet.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new(
        options: PoolOptions,
        runtimes: Arc<BodyRegistry>,
        registry: Arc<BodyRegistry>,
    ) -> std::io::Result<Self> {
        let driver = |_| {
            Ok(DriverState {
                bell: Bell::new()?,
                room: AtomicUsize::new(1),
                is_warm: AtomicBool::new(false),
                pid: AtomicU32::new(0),
                n_held: AtomicUsize::new(0),
                progress: AtomicU64::new(0),
                recall: AtomicBool::new(false),
                sockets: [AtomicI32::new(-1), AtomicI32::new(-1)],
                outbox: Mutex::new(None),
            })
        };
        Ok(Self {
            drivers: (0..options.n_children).map(driver).collect::<std::io::Result<_>>()?,
            options,
            runtimes,
            registry,
            arena: Arc::default(),
            state: Mutex::default(),
            began: Instant::now(),
            next_child: AtomicU32::new(1),
        })
    }

    /// Takes in a run.
    pub fn add(&self, run: &Arc<Run>) {
        let mut state = self.state.lock();
        state.next_run += 1;
        let serial = state.next_run;
        state.runs.push(Serving { serial, run: Arc::clone(run) });
    }

    /// Lets go of a run that is over.
    pub fn remove(&self, serial: u32) {
        let mut state = self.state.lock();
        state.runs.retain(|serving| serving.serial != serial);
        state.deaths.retain(|(run, _)| *run != serial);
    }

    /// Notes that a child died of a task; false where that happened before.
    pub fn note_death(&self, run: u32, task: u32) -> bool {
        self.state.lock().deaths.insert((run, task))
    }

    /// The number of the next child.
    pub fn next_child(&self) -> u32 {
        self.next_child.fetch_add(1, Ordering::Relaxed)
    }

    /// Milliseconds since the pool began.
    pub fn now_ms(&self) -> u64 {
        self.began.elapsed().as_millis().clamped::<u64>()
    }

    /// Gives shared memory that nobody uses back, but for `keep_bytes`.
    pub fn trim(&self, keep_bytes: usize) {
        let gone = self.arena.trim(keep_bytes);
        if gone.is_empty() {
            return;
        }
        for driver in &self.drivers {
            if let Some(outbox) = driver.outbox.lock().as_ref() {
                outbox.retired.lock().extend(gone.iter().map(|&number| (0, number)));
            }
        }
    }
}

impl Waker for Hub {
    fn wake(&self, n: usize) {
        let mut left = n;
        // Children that are there first: starting one takes longer than most tasks.
        for warm in [true, false] {
            for driver in &self.drivers {
                if left == 0 {
                    return;
                }
                let wanted = n == usize::MAX || driver.room.load(Ordering::SeqCst) > 0;
                if driver.is_warm.load(Ordering::SeqCst) == warm && wanted {
                    driver.bell.ring();
                    left -= 1;
                }
            }
        }
    }

    fn notify(&self, n: usize) {
        // A child does one task at a time: none stands by.
        self.wake(n);
    }
}
