//! What passes between a run and its workers: jobs one way, reports the other.

use std::sync::Arc;

use raskt_core::{Error, Result, Value};

use crate::context::TaskCtx;
use crate::events::Recorder;
use crate::float_errors::FloatErrors;
use crate::kernel::Outcome;
use crate::resolved::{Inputs, Part, ResolvedTable};
use crate::run::Run;

/// A task that was given to a worker, with its inputs.
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
    /// The table it belongs to, where that is not the one that the run began with.
    pub part: Option<Arc<Part>>,
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
    Graph(Box<ResolvedTable>),
}

impl Job {
    /// The inputs that are not in memory: the place among the inputs, and the task whose value it is.
    pub fn missing(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let missing = self.rest.as_ref().map_or(&[][..], |rest| &rest.missing[..]);
        missing.iter().map(|&(place, task)| (place as usize, task))
    }

    /// The table that the job's task belongs to, and its number there.
    #[must_use]
    pub fn resolved<'a>(&'a self, run: &'a Run) -> (&'a ResolvedTable, u32) {
        match self.rest.as_ref().and_then(|rest| rest.part.as_ref()) {
            None => (run.resolved(), self.task),
            Some(part) => (&part.table, self.task - part.base),
        }
    }
}

impl Run {
    /// Runs a job on `worker`, and records it.
    pub(crate) fn execute_recorded(
        &self,
        job: Job,
        worker: usize,
        n_threads: usize,
        recorder: &mut Recorder,
    ) -> Report {
        let (resolved, local) = job.resolved(self);
        let begun = recorder.begin(resolved, local, job.task);
        let report = self.execute(job, worker, n_threads);
        if let Some(begun) = begun {
            recorder.end(begun, &report);
        }
        report
    }

    /// Runs a job on `worker`.
    pub fn execute(&self, mut job: Job, worker: usize, n_threads: usize) -> Report {
        let task = job.task;
        let outcome = self.prepare(&mut job).and_then(|()| {
            let mut inputs = std::mem::take(&mut job.inputs);
            let (resolved, local) = job.resolved(self);
            let float_errors = self.options().float_errors.as_deref();
            let met = float_errors.map(FloatErrors::of_task);
            let ctx = TaskCtx { cancel: self.cancel_token(), n_threads, worker, float_errors: met.as_ref() };
            let mut run = || resolved.run(local, &mut inputs, job.exclusive, &ctx, self.registry());
            let outcome = match &self.options().observer {
                None => run(),
                Some(observer) => {
                    let (key, body) = (resolved.table().key(local), resolved.table().body(local));
                    observer.watch(&key, body, worker, &mut run)
                }
            }?;
            if let (Some(all), Some(met)) = (float_errors, &met) {
                let of_task =
                    |error: Error| error.in_task(resolved.table().key(local), resolved.table().label(local));
                all.take_over(met).map_err(of_task)?;
            }
            Ok(outcome)
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
                let table = ResolvedTable::new(Arc::new(graph.into_table()), self.registry())?;
                Ok(Reported::Graph(Box::new(table)))
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
