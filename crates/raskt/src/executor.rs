//! Threads that compute graphs, and how they are to do it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use raskt_core::{ErrorKind, ErrorPolicy, Result, Value};
use raskt_exec::{BodyRegistry, Budget, Pool, Run, RunOptions};
use raskt_graph::TaskTable;
use raskt_store::SpillFolder;

use crate::cancel::CancelHandle;
use crate::function::Closures;
use crate::graph::Graph;
use crate::wanted::Wanted;

/// How graphs are to be computed.
///
/// ```
/// use raskt::{ErrorPolicy, Executor, Options};
///
/// let options = Options { n_threads: 2, retries: 3, errors: ErrorPolicy::All, ..Options::default() };
/// assert_eq!(Executor::new(options)?.n_threads(), 2);
/// let refused = Executor::new(Options { n_threads: 0, ..Options::default() }).unwrap_err();
/// assert_eq!(refused.to_string(), "n_threads is 0, not 1 to 4096");
/// # Ok::<(), raskt::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that run tasks.
    pub n_threads: usize,
    /// Bytes of values to hold in memory between tasks; `None` for no limit. Past it, tasks without arguments wait
    /// for others to end, and values go to disk if there is a [`Options::spill_directory`].
    pub memory_limit_bytes: Option<u64>,
    /// Where a folder is made for values that do not fit; it is removed with the executor.
    pub spill_directory: Option<PathBuf>,
    /// How often a failed task is tried again.
    pub retries: u32,
    /// What becomes of the rest when a task fails.
    pub errors: ErrorPolicy,
    /// Stops the computations.
    pub cancel: Option<CancelHandle>,
}

impl Default for Options {
    /// A thread a core, no limit of memory, no retries; the first error ends the computation.
    fn default() -> Self {
        Self {
            n_threads: thread::available_parallelism().map_or(1, usize::from),
            memory_limit_bytes: None,
            spill_directory: None,
            retries: 0,
            errors: ErrorPolicy::First,
            cancel: None,
        }
    }
}

/// What the computations of all executors use of memory.
static BUDGET: OnceLock<Arc<Budget>> = OnceLock::new();

/// Threads that compute graphs, one after another or several at once. Dropping it joins them.
///
/// ```
/// use raskt::{Executor, Graph, Options};
///
/// let executor = Executor::new(Options::default())?;
/// for n in 1..4_i64 {
///     let mut graph = Graph::new();
///     let one = graph.value(1.5);
///     let product = graph.task("product", one, move |x: f64| x * n as f64);
///     assert_eq!(executor.compute(&graph, product)?, 1.5 * n as f64);
/// }
/// # Ok::<(), raskt::Error>(())
/// ```
pub struct Executor {
    pool: Pool,
    registry: Arc<BodyRegistry>,
    options: RunOptions,
    cancel: Option<CancelHandle>,
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Executor({} threads)", self.n_threads())
    }
}

impl Executor {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where options cannot be followed; [`ErrorKind::System`] where the operating system
    /// gives no threads; [`ErrorKind::Io`] where the spill directory is none.
    pub fn new(options: Options) -> Result<Self> {
        if !(1..=RunOptions::N_WORKERS_MAX).contains(&options.n_threads) {
            let what = format!("n_threads is {}, not 1 to {}", options.n_threads, RunOptions::N_WORKERS_MAX);
            return Err(ErrorKind::InvalidValue(what).into());
        }
        let spill = options.spill_directory.as_deref().map(SpillFolder::create).transpose()?;
        let run_options = RunOptions {
            n_workers: options.n_threads,
            memory_limit_bytes: options.memory_limit_bytes,
            budget: Some(Arc::clone(BUDGET.get_or_init(Arc::default))),
            spill,
            errors: options.errors,
            retries: options.retries,
            ..RunOptions::default()
        };
        let run_options = run_options.validated()?;
        let registry = bodies()?;
        let pool = Pool::new(options.n_threads, &registry)
            .map_err(|error| ErrorKind::System { what: "threads".into(), reason: error.to_string() })?;
        Ok(Self { pool, registry, options: run_options, cancel: options.cancel })
    }

    /// The number of threads.
    #[must_use]
    pub fn n_threads(&self) -> usize {
        self.pool.n_threads()
    }

    /// The values of `wanted`: a task, a vector of tasks, or a tuple of such. Only what they need is run. A closure may
    /// call this for a graph of its own: its thread takes part.
    ///
    /// # Errors
    /// The first error of a task, with its name, or [`ErrorKind::Many`] where all were asked for;
    /// [`ErrorKind::InvalidGraph`] where a task was given one of another graph; [`ErrorKind::Cancelled`];
    /// [`ErrorKind::DiskFull`].
    pub fn compute<W: Wanted>(&self, graph: &Graph, wanted: W) -> Result<W::Values> {
        let mut tasks = Vec::new();
        wanted.visit(&mut |graph, number| tasks.push((graph, number)));
        wanted.read(&mut self.run(Arc::new(graph.table("task", &tasks)?))?.into_iter())
    }

    /// The outputs of a table of tasks.
    fn run(&self, table: Arc<TaskTable>) -> Result<Vec<Value>> {
        let run = Arc::new(Run::new(table, Arc::clone(&self.registry), self.options.clone())?);
        if let Some(cancel) = &self.cancel {
            cancel.follow(&run);
        }
        if let Some(nest) = self.pool.nest() {
            nest.run(&run);
        } else if !run.run_inline() {
            self.pool.start(&run);
            while !run.wait(None) {}
        }
        run.results()
    }
}

/// Where arrays and frames are computed: the threads of an [`Executor`], or a cluster by one of its clients.
pub trait Engine: sealed::Sealed {
    /// The outputs of a table of tasks.
    ///
    /// # Errors
    /// As [`Executor::compute`].
    #[doc(hidden)]
    fn outputs(&self, table: Arc<TaskTable>) -> Result<Vec<Value>>;
}

impl sealed::Sealed for Executor {}

impl Engine for Executor {
    fn outputs(&self, table: Arc<TaskTable>) -> Result<Vec<Value>> {
        self.run(table)
    }
}

impl<E: Engine + ?Sized> sealed::Sealed for Arc<E> {}

impl<E: Engine + ?Sized> Engine for Arc<E> {
    fn outputs(&self, table: Arc<TaskTable>) -> Result<Vec<Value>> {
        self.as_ref().outputs(table)
    }
}

pub(crate) mod sealed {
    /// Engines are those of this crate.
    pub trait Sealed {}
}

/// What bodies of tasks are found in.
pub(crate) fn bodies() -> Result<Arc<BodyRegistry>> {
    let mut registry = BodyRegistry::default();
    registry.add_runtime(Arc::new(Closures));
    raskt_array::bodies::register(&mut registry)?;
    raskt_frame::register(&mut registry)?;
    registry.add_decoder(raskt_frame::table::RUNTIME, Arc::new(raskt_frame::TableRuntime));
    registry.add_decoder(raskt_frame::exchange::RUNTIME, Arc::new(raskt_frame::exchange::ExchangeRuntime));
    Ok(Arc::new(registry))
}
