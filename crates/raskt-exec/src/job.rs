//! What passes between a run and its workers: jobs one way, reports the other.

use std::sync::Arc;

use raskt_core::{Result, Value};
use raskt_graph::Subgraph;

use crate::context::TaskCtx;
use crate::kernel::Outcome;
use crate::plan::{Inputs, Plan};
use crate::run::Run;

/// A task in a worker's hands, with its inputs.
pub struct Job {
    /// Its number.
    pub task: u32,
    /// Its inputs, but for those that have to be read back first.
    pub inputs: Inputs,
    /// A bit for each of the first 64 inputs that nobody else asks for.
    pub exclusive: u64,
    /// What few jobs have.
    pub(crate) rest: Option<Box<Rest>>,
}

/// What few jobs have.
#[derive(Default)]
pub(crate) struct Rest {
    /// Which inputs are missing: (place, task).
    pub missing: Vec<(u32, u32)>,
    /// The plan it belongs to, where that is not the first.
    pub late: Option<Arc<Late>>,
}

/// A plan that came while the graph ran, and the number of its first task.
pub(crate) struct Late {
    pub base: u32,
    pub plan: Plan,
}

/// What became of a job.
pub struct Report {
    /// The task.
    pub task: u32,
    /// Its value, the graph it grew into, or what went wrong.
    pub outcome: Result<Reported>,
}

/// A job's outcome, ready to be put into the machine.
pub enum Reported {
    /// A value.
    Value(Value),
    /// A graph, its bodies found.
    Graph(Box<(Subgraph, Plan)>),
}

impl Job {
    /// The plan that the job's task belongs to, and its number in that plan's table.
    #[must_use]
    pub fn place<'a>(&'a self, run: &'a Run) -> (&'a Plan, u32) {
        match self.rest.as_ref().and_then(|rest| rest.late.as_ref()) {
            None => (run.plan(), self.task),
            Some(late) => (&late.plan, self.task - late.base),
        }
    }
}

impl Run {
    /// Runs a job on `worker`.
    pub fn execute(&self, mut job: Job, worker: usize, n_threads: usize) -> Report {
        let task = job.task;
        let outcome = self.prepare(&mut job).and_then(|()| {
            let mut inputs = std::mem::take(&mut job.inputs);
            let (plan, local) = job.place(self);
            let float_errors = self.options().float_errors.as_deref();
            let ctx = TaskCtx { cancel: self.cancel_token(), n_threads, worker, float_errors };
            let mut run = || plan.run(local, &mut inputs, job.exclusive, &ctx, self.registry());
            match &self.options().observer {
                None => run(),
                Some(observer) => {
                    let (key, body) = (plan.table().key(local), plan.table().body(local));
                    observer.watch(&key, body, worker, &mut run)
                }
            }
        });
        drop(job);
        Report { task, outcome: outcome.and_then(|outcome| self.reported(outcome)) }
    }

    /// An outcome as the run takes it: the bodies of a graph are found.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::UnknownBody`] where the registry does not know one.
    pub fn reported(&self, outcome: Outcome) -> Result<Reported> {
        match outcome {
            Outcome::Value(value) => Ok(Reported::Value(value)),
            Outcome::Expand(graph) => {
                let plan = Plan::new(Arc::new(graph.table().clone()), self.registry())?;
                Ok(Reported::Graph(Box::new((*graph, plan))))
            }
        }
    }

    /// Reads back what is missing of a job's inputs.
    ///
    /// # Errors
    /// As [`Run::fetch`].
    pub fn prepare(&self, job: &mut Job) -> Result<()> {
        let missing = job.rest.as_mut().map(|rest| std::mem::take(&mut rest.missing));
        for (place, task) in missing.unwrap_or_default() {
            job.inputs[place as usize] = self.fetch(task)?;
        }
        Ok(())
    }
}
