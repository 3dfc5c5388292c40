//! Graphs: calls of closures, and the values they need.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use raskt_core::{ErrorKind, Fit, Name, Result};
use raskt_graph::cull::cull;
use raskt_graph::{Body, Keys, Subgraph, TableBuilder, TaskTable};

use crate::datum::Datum;
use crate::executor::{Executor, Options};
use crate::function::{Callable, Function};
use crate::wanted::{Arguments, Wanted};

/// A value of type `T` that a graph will compute: what other calls take as an argument.
pub struct Task<T> {
    pub(crate) graph: u64,
    pub(crate) number: u32,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Task<T> {}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({})", self.number)
    }
}

/// Calls of closures, and the values they need. Nothing runs before [`Graph::compute`].
///
/// ```
/// use raskt::Graph;
///
/// let mut graph = Graph::new();
/// let square = graph.function("square", |x: i64| x * x);
/// let squares: Vec<_> = (0..4).map(|x| graph.value(x)).collect();
/// let squares: Vec<_> = squares.into_iter().map(|x| graph.call(&square, x)).collect();
/// let squares = graph.list(&squares);
/// let total = graph.task("sum", squares, |squares: Vec<i64>| squares.iter().sum::<i64>());
/// assert_eq!(graph.compute((total, squares))?, (14, vec![0, 1, 4, 9]));
/// # Ok::<(), raskt::Error>(())
/// ```
pub struct Graph {
    id: u64,
    bodies: Vec<Body>,
    body_of: Vec<u32>,
    /// The inputs of all tasks, and where each task's end.
    inputs: Vec<u32>,
    ends: Vec<usize>,
    /// A task that was given one of another graph.
    stranger: Option<u32>,
}

impl Default for Graph {
    fn default() -> Self {
        static N_GRAPHS: AtomicU64 = AtomicU64::new(0);
        Self {
            id: N_GRAPHS.fetch_add(1, Ordering::Relaxed),
            bodies: Vec::new(),
            body_of: Vec::new(),
            inputs: Vec::new(),
            ends: Vec::new(),
            stranger: None,
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph({} tasks)", self.n_tasks())
    }
}

impl Graph {
    /// A graph without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many tasks there are.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.body_of.len()
    }

    /// A value that is there already.
    pub fn value<T: Datum>(&mut self, value: T) -> Task<T> {
        self.bodies.push(Body::Value(value.into_value()));
        self.push([])
    }

    /// A closure for any number of calls: they share it, and what one call returned (how large it is) is expected of
    /// the others. `name` is what errors and profiles call it.
    pub fn function<P: 'static, F: Callable<P>>(&mut self, name: &str, closure: F) -> Function<P, F::Value> {
        Function::new(name, closure)
    }

    /// A call of `function`. `arguments` are a task, or a tuple of up to six.
    pub fn call<P: 'static, T: Datum>(
        &mut self,
        function: &Function<P, T>,
        arguments: impl Arguments<P>,
    ) -> Task<T> {
        let is_latest = |body: &Body| match body {
            Body::Foreign(latest) => std::ptr::addr_eq(Arc::as_ptr(latest), Arc::as_ptr(&function.body)),
            _ => false,
        };
        if !self.bodies.last().is_some_and(is_latest) {
            self.bodies.push(Body::Foreign(Arc::clone(&function.body) as _));
        }
        let task = self.push([]);
        arguments.visit(&mut |graph, number| self.add_input(graph, number));
        task
    }

    /// A call of a closure that has no other calls.
    ///
    /// The closure returns a value, or a `Result` with any error. Where the next steps depend on values, it returns
    /// a [`Grown`] graph.
    ///
    /// ```
    /// use raskt::Graph;
    ///
    /// let mut graph = Graph::new();
    /// let path = graph.value("a=1".to_owned());
    /// let pair = graph.task("split", path, |line: String| match line.split_once('=') {
    ///     Some((name, value)) => Ok((name.to_owned(), value.parse::<i64>().map_err(|e| e.to_string())?)),
    ///     None => Err(format!("no = in {line}")),
    /// });
    /// let (name, number) = graph.split2(pair);
    /// assert_eq!(graph.compute((number, name))?, (1, "a".to_owned()));
    /// # Ok::<(), raskt::Error>(())
    /// ```
    pub fn task<P: 'static, F: Callable<P>>(
        &mut self,
        name: &str,
        arguments: impl Arguments<P>,
        closure: F,
    ) -> Task<F::Value> {
        self.call(&Function::new(name, closure), arguments)
    }

    /// The values of several tasks as one list.
    pub fn list<T: Datum>(&mut self, tasks: &[Task<T>]) -> Task<Vec<T>> {
        self.bodies.push(Body::Gather);
        let list = self.push([]);
        tasks.iter().for_each(|task| self.add_input(task.graph, task.number));
        list
    }

    /// The two values of a task that returns a pair, each a task of its own: one may be released while the other is
    /// still needed.
    pub fn split2<A: Datum, B: Datum>(&mut self, pair: Task<(A, B)>) -> (Task<A>, Task<B>) {
        (self.output(&pair, 0), self.output(&pair, 1))
    }

    /// The three values of a task that returns three.
    pub fn split3<A: Datum, B: Datum, C: Datum>(
        &mut self,
        all: Task<(A, B, C)>,
    ) -> (Task<A>, Task<B>, Task<C>) {
        (self.output(&all, 0), self.output(&all, 1), self.output(&all, 2))
    }

    /// The item `at` of a task that returns a list. A list that is shorter is an error of the run.
    pub fn item<T: Datum>(&mut self, list: Task<Vec<T>>, at: u16) -> Task<T> {
        self.output(&list, at)
    }

    fn output<L, T>(&mut self, list: &Task<L>, at: u16) -> Task<T> {
        self.bodies.push(Body::Select(at.into()));
        self.push([(list.graph, list.number)])
    }

    /// A task that runs the latest body.
    fn push<T, const N: usize>(&mut self, inputs: [(u64, u32); N]) -> Task<T> {
        let number = self.body_of.len().fit::<u32>();
        self.body_of.push((self.bodies.len() - 1).fit());
        self.ends.push(self.inputs.len());
        inputs.into_iter().for_each(|(graph, input)| self.add_input(graph, input));
        Task { graph: self.id, number, value: PhantomData }
    }

    /// One input more of the latest task.
    fn add_input(&mut self, graph: u64, input: u32) {
        self.inputs.push(input);
        if let Some(end) = self.ends.last_mut() {
            *end = self.inputs.len();
        }
        if graph != self.id {
            self.stranger.get_or_insert(self.body_of.len().fit::<u32>() - 1);
        }
    }

    /// This graph, to be run in the place of the task that returns it; its value is that of `output`.
    #[must_use]
    pub fn grown<T: Datum>(self, output: Task<T>) -> Grown<T> {
        Grown { graph: self, output }
    }

    /// The values of `wanted` (a task, a vector of tasks, or a tuple of such), computed on all cores. An
    /// [`Executor`] does so with options, and keeps its threads for the next graph.
    ///
    /// # Errors
    /// The first error of a task, with its name; [`ErrorKind::InvalidGraph`] where a task was given one of another
    /// graph; [`ErrorKind::System`] where the operating system gives no threads.
    pub fn compute<W: Wanted>(&self, wanted: W) -> Result<W::Values> {
        Executor::new(Options::default())?.compute(self, wanted)
    }

    /// What has to run for the tasks `wanted`, each of which is a graph's id and a number, under keys of `name`.
    pub(crate) fn table(&self, name: &str, wanted: &[(u64, u32)]) -> Result<TaskTable> {
        let refuse = |what: String| Err(ErrorKind::InvalidGraph(what).into());
        if let Some(stranger) = self.stranger {
            let label = self.bodies[self.body_of[stranger as usize] as usize].label();
            return refuse(format!("task {stranger}, function {label}, was given a task of another graph"));
        }
        if wanted.iter().any(|&(graph, _)| graph != self.id) {
            return refuse("a task of another graph was asked for".into());
        }
        let mut table = TableBuilder::with_capacity(self.n_tasks(), self.inputs.len());
        for body in &self.bodies {
            table.body(body.clone());
        }
        let mut start = 0;
        for (&body, &end) in self.body_of.iter().zip(&self.ends) {
            table.push(body, &self.inputs[start..end])?;
            start = end;
        }
        let wanted: Vec<u32> = wanted.iter().map(|&(_, number)| number).collect();
        cull(&table.finish(Keys::Indexed(Name::new(name)), wanted.clone())?, &wanted)
    }
}

/// A graph that a closure returns, to be run in the place of its task: for work whose shape depends on values.
///
/// ```
/// use raskt::{Graph, Grown, Task};
///
/// /// The steps that lead from `n` to 1, one a task.
/// fn collatz(n: i64, n_steps: i64) -> Grown<i64> {
///     let mut graph = Graph::new();
///     let step = match n {
///         1 => graph.value(n_steps),
///         _ => graph.task("step", (), move || {
///             collatz(if n % 2 == 0 { n / 2 } else { 3 * n + 1 }, n_steps + 1)
///         }),
///     };
///     graph.grown(step)
/// }
///
/// let mut graph = Graph::new();
/// let start = graph.value(27);
/// let steps: Task<i64> = graph.task("collatz", start, |n: i64| collatz(n, 0));
/// assert_eq!(graph.compute(steps)?, 111);
/// # Ok::<(), raskt::Error>(())
/// ```
#[derive(Debug)]
pub struct Grown<T> {
    graph: Graph,
    output: Task<T>,
}

impl<T> Grown<T> {
    pub(crate) fn into_subgraph(self) -> Result<Subgraph> {
        Subgraph::new(self.graph.table("task", &[(self.output.graph, self.output.number)])?)
    }
}
