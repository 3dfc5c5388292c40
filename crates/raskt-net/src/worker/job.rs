//! One task: its inputs opened, its body found, its outcome closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use raskt_core::encode::{
    Decode, Encode, EncodeOptions, Limits, decode_payload, decode_value, encode_payload,
};
use raskt_core::sealed::is_sealed;
use raskt_core::{Error, ErrorKind, ForeignDecode, KeepSealed, Result, Sealed, Value};
use raskt_exec::machine::Lanes;
use raskt_exec::resolved::{Inputs, ResolvedTable};
use raskt_exec::{BodyRegistry, CancelHere, CancelToken, LaneId, NATIVE, Outcome, TaskCtx};
use raskt_graph::TaskTable;
use raskt_sched::{Attempt, TaskRef, Work};
use raskt_store::{Dealings, value_bytes};

use super::core::Core;
use super::current::{CurrentTask, Here};
use super::opening::opened;
use super::values::{Content, Source};

/// A task that is to be run.
pub(super) struct Job {
    pub attempt: Attempt,
    pub work: Work,
    pub inputs: Vec<Input>,
    pub cancel: CancelToken,
    /// Threads that it may use.
    pub n_threads: usize,
}

/// An input of a task.
pub(super) struct Input {
    pub of: TaskRef,
    pub serial: u64,
    /// On disk it is where it left memory just before the task began.
    pub source: Source,
}

impl Input {
    /// How much of it is read from disk for the task.
    fn n_read(&self) -> u64 {
        match &self.source {
            Source::Memory(_) => 0,
            Source::Disk(file) => file.size_bytes(),
        }
    }
}

/// A task whose body was found, or not.
pub(super) struct Ready {
    job: Job,
    table: Result<ResolvedTable>,
}

/// What came of a task.
pub(super) struct Done {
    pub attempt: Attempt,
    pub outcome: Result<Made>,
    pub duration: Duration,
}

/// What a task has made.
pub(super) enum Made {
    /// A value, and its size.
    Value(Value, u64),
    /// A graph, to be run in the task's place.
    Graph(Arc<TaskTable>),
    /// Nothing: it is to be tried again.
    Nothing,
}

impl Made {
    /// What it takes of memory.
    pub fn n_bytes(&self) -> u64 {
        match self {
            Self::Value(_, n_bytes) => *n_bytes,
            Self::Graph(_) | Self::Nothing => 0,
        }
    }
}

impl Ready {
    /// Finds the body of a task.
    pub fn new(job: Job, registry: &BodyRegistry) -> Self {
        // One that is cancelled already may name what is not there any more.
        let table =
            job.cancel.check().and_then(|()| ResolvedTable::new(Arc::clone(&job.work.table), registry));
        Self { job, table }
    }

    /// Where it runs.
    pub fn lane(&self) -> LaneId {
        match self.table.as_ref().map(ResolvedTable::lanes) {
            Ok(Lanes::All(lane)) => lane,
            Ok(Lanes::Each(lanes)) => {
                let body = self.job.work.table.body_index(self.job.work.row);
                lanes.get(body as usize).copied().unwrap_or(NATIVE)
            }
            Err(_) => NATIVE,
        }
    }

    /// Runs the task; inside its lane, that is quick.
    pub fn run(self, core: &Arc<Core>) -> Done {
        let Self { job, table } = self;
        let begun = Instant::now();
        let (attempt, table_of, row) = (job.attempt, Arc::clone(&job.work.table), job.work.row);
        let in_task = |error: Error| match error.key() {
            Some(_) => error,
            None => error.in_task(table_of.key(row), table_of.label(row)),
        };
        let n_read = job.inputs.iter().map(Input::n_read).sum();
        let outcome = table.and_then(|table| run(job, &table, core)).map_err(in_task);
        core.freed(n_read);
        let duration = begun.elapsed();
        Done { attempt, outcome: outcome.map_err(|error| closed(&error)), duration }
    }
}

fn run(job: Job, table: &ResolvedTable, core: &Arc<Core>) -> Result<Made> {
    let Job { attempt, work, inputs, cancel, n_threads } = job;
    let task = CurrentTask { attempt, table: Arc::clone(&work.table), row: work.row };
    let here = Here::set(core, Some(task));
    let _cancel = CancelHere::set(&cancel);
    cancel.check()?;
    let Some(mut inputs) = open_all(inputs, core)? else { return Ok(Made::Nothing) };
    let opened = opened(table.table(), work.row, &core.registry)?;
    let opened = opened.map(|opened| ResolvedTable::new(Arc::new(opened), &core.registry)).transpose()?;
    // A table of its own has one row.
    let (table, row) = opened.as_ref().map_or((table, work.row), |opened| (opened, 0));
    let ctx = TaskCtx { cancel: &cancel, n_threads, worker: 0, float_errors: None };
    match table.run(row, &mut inputs, 0, &ctx, &core.registry) {
        Ok(Outcome::Value(value)) => {
            let n_bytes = value_bytes(&value);
            let dealings = here.dealings();
            if dealings != Dealings::default() {
                core.on(|state, _, effects| state.exchanged(attempt, dealings, effects));
            }
            Ok(Made::Value(value, n_bytes))
        }
        Err(_) if here.is_to_be_tried_again() => Ok(Made::Nothing),
        Err(error) => Err(error),
        // Functions and values in it go to whichever worker runs them.
        Ok(Outcome::Expand(graph)) => sealed(graph.table()).map(|table| Made::Graph(Arc::new(table))),
    }
}

/// Inputs as a body takes them: what came sealed is opened, and stays so. None where the file of one, which left memory just
/// before the task began, cannot be read: the value is lost then, as any other.
fn open_all(inputs: Vec<Input>, core: &Arc<Core>) -> Result<Option<Inputs>> {
    let mut values = Inputs::with_capacity(inputs.len());
    for Input { of, serial, source } in inputs {
        let value = match source {
            Source::Memory(Content::Value(value)) => value,
            Source::Memory(Content::Unsendable(error)) => return Err(error),
            Source::Disk(file) => {
                match file.read().and_then(|payload| decode_value(payload, &KeepSealed, &Limits::default())) {
                    Ok(value) => value,
                    Err(error) => {
                        core.on(|state, now, effects| state.restored(of, serial, Err(error), now, effects));
                        return Ok(None);
                    }
                }
            }
        };
        if !has_sealed(&value) {
            values.push(value);
            continue;
        }
        let opened = open(&value, &core.registry)?;
        let kept = opened.clone();
        core.on(|state, _, effects| state.opened(of, serial, kept, effects));
        values.push(opened);
    }
    Ok(Some(values))
}

pub(super) fn has_sealed(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(has_sealed),
        Value::Opaque(object) => object.as_any().is::<Sealed>(),
        _ => false,
    }
}

/// A value whose foreign objects are alive.
pub(super) fn open(value: &Value, registry: &BodyRegistry) -> Result<Value> {
    match value {
        Value::List(items) if has_sealed(value) => {
            items.iter().map(|item| open(item, registry)).collect::<Result<Vec<_>>>().map(Value::from)
        }
        Value::Opaque(object) => match object.as_any().downcast_ref::<Sealed>() {
            Some(sealed) => registry.decode(sealed.clone()),
            None => Ok(value.clone()),
        },
        _ => Ok(value.clone()),
    }
}

/// Something of this process as another one would get it: what is foreign in it is sealed. Bulk is copied: it may be lent by a
/// runtime that would have to be entered to give it back.
fn sealed<T: Encode + Decode>(own: &T) -> Result<T> {
    let options = EncodeOptions { out_of_band_min_bytes: usize::MAX, ..EncodeOptions::default() };
    decode_payload(encode_payload(own, &options)?, &KeepSealed, &Limits::default())
}

/// An error as it travels: the exception in it is sealed. One that has no encoded form is told in words.
pub(super) fn closed(error: &Error) -> Error {
    let is_closed = error.foreign().is_none_or(|object| is_sealed(&Value::Opaque(Arc::clone(object))));
    if is_closed && !matches!(error.kind(), ErrorKind::Many(_)) {
        return error.clone();
    }
    sealed(error).unwrap_or_else(|_| ErrorKind::NotEncodable(error.to_string()).into())
}

/// Whether a value can be encoded without entering a foreign runtime.
pub(super) fn is_closed(value: &Value) -> bool {
    is_sealed(value)
}
