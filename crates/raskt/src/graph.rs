//! Graphs of closures.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Name, Result, Value};
use raskt_exec::{BodyRegistry, Call, Kernel, Outcome, Pool, Run, RunOptions};
use raskt_graph::{Body, Keys, TableBuilder};

/// A value that a graph will compute: what other calls take as an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task(u32);

/// Calls of closures, and the values they need. Nothing runs before [`Graph::compute`].
#[derive(Default)]
pub struct Graph {
    registry: BodyRegistry,
    tasks: Vec<(Body, Vec<u32>)>,
}

/// A closure as a kernel.
struct Closure<F>(F);

impl<F> Kernel for Closure<F>
where
    F: Fn(&[Value]) -> Result<Value> + Send + Sync,
{
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        (self.0)(call.inputs).map(Outcome::Value)
    }
}

/// The error of a task that was given what it cannot use.
pub fn invalid(what: impl Into<String>) -> Error {
    ErrorKind::InvalidValue(what.into()).into()
}

impl Graph {
    /// A value that is there already.
    pub fn value(&mut self, value: impl Into<Value>) -> Task {
        self.push(Body::Value(value.into()), &[])
    }

    /// A call of `function` on the values of `inputs`. `name` is what errors and profiles call it.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`] past 2³² calls.
    pub fn call<F>(&mut self, name: &str, inputs: &[Task], function: F) -> Result<Task>
    where
        F: Fn(&[Value]) -> Result<Value> + Send + Sync + 'static,
    {
        let unique = format!("{name}#{}", self.tasks.len());
        self.registry.add_kernel(&unique, Arc::new(Closure(function)))?;
        Ok(self.push(Body::native(&unique), inputs))
    }

    fn push(&mut self, body: Body, inputs: &[Task]) -> Task {
        self.tasks.push((body, inputs.iter().map(|task| task.0).collect()));
        Task((self.tasks.len() - 1) as u32)
    }

    /// The values of `wanted`, in that order, computed on `n_threads` threads.
    ///
    /// # Errors
    /// The first error of a task, with its name; [`ErrorKind::InvalidGraph`] for a task of another graph;
    /// [`ErrorKind::Io`] where the operating system gives no threads.
    pub fn compute(&self, wanted: &[Task], n_threads: usize) -> Result<Vec<Value>> {
        let mut table = TableBuilder::with_capacity(self.tasks.len(), self.tasks.len());
        for (body, inputs) in &self.tasks {
            table.push_own(body.clone(), inputs)?;
        }
        let outputs = wanted.iter().map(|task| task.0).collect();
        let table = Arc::new(table.finish(Keys::Indexed(Name::new("task")), outputs)?);
        let registry = Arc::new(self.registry.clone());
        let n_workers = n_threads.max(1);
        let pool = Pool::new(n_workers, &registry)
            .map_err(|error| ErrorKind::Io { path: "threads".into(), reason: error.to_string() })?;
        let run = Arc::new(Run::new(table, registry, RunOptions { n_workers, ..RunOptions::default() })?);
        pool.start(&run);
        while !run.wait(None) {}
        run.results()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_call() {
        let mut graph = Graph::default();
        let one = graph.value(1);
        let bad = graph.call("picky", &[one], |_| Err(invalid("not that"))).unwrap();
        let error = graph.compute(&[bad], 2).unwrap_err();
        assert!(error.to_string().starts_with("not that (task ('task', 1), function picky"), "{error}");
    }

    #[test]
    fn a_task_of_another_graph_is_refused() {
        let mut other = Graph::default();
        other.value(1);
        let far = other.value(2);
        assert!(matches!(
            Graph::default().compute(&[far], 1).unwrap_err().kind(),
            ErrorKind::InvalidGraph(_)
        ));
    }
}
