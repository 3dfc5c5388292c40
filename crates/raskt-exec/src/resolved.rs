//! A table of tasks with its bodies found: all that running one of its tasks takes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use raskt_core::{Error, ErrorKind, Fit, Param, Result, Value};
use raskt_graph::fuse::{Argument, Program};
use raskt_graph::{Body, TaskTable};
use smallvec::SmallVec;

use crate::context::{TaskCtx, ThreadsHere};
use crate::events::{NameId, name_of_task};
use crate::kernel::{Call, Outcome};
use crate::lane::LaneId;
use crate::machine::Lanes;
use crate::registry::{BodyRegistry, Resolved};

/// The inputs of one call.
pub type Inputs = SmallVec<[Value; 2]>;

/// A table and, for each of its bodies, what the registry found.
pub struct ResolvedTable {
    table: Arc<TaskTable>,
    found: Found,
    /// Which bodies have inputs handed over; of one element where that is true of all or none.
    owning: Vec<bool>,
    /// Whether a task keeps inputs that it is not given.
    has_kept_inputs: bool,
    /// No other table of the process has it.
    serial: u32,
    /// What the tasks of each body are called in records, plus 1; 0 where nobody has asked.
    names: OnceLock<Box<[AtomicU32]>>,
}

/// A table in a machine, and the number of its first task there.
pub struct Part {
    /// The number that its first task has in the machine.
    pub base: u32,
    /// The table.
    pub table: ResolvedTable,
}

/// Most graphs of delayed functions have a body a task, all of one runtime: one entry serves them.
enum Found {
    All(Resolved),
    Each(Vec<Resolved>),
}

impl ResolvedTable {
    /// Finds every body of `table`.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where one is not known.
    pub fn new(table: Arc<TaskTable>, registry: &BodyRegistry) -> Result<Self> {
        let mut bodies = table.bodies().iter();
        let Some(first) = bodies.next() else {
            return Ok(Self::of(table, Found::All(Resolved::Builtin), vec![false]));
        };
        let first = registry.resolve(first)?;
        let mut each = Vec::new();
        for (at, body) in bodies.enumerate() {
            let found = registry.resolve(body)?;
            let same = match (&found, &first) {
                (Resolved::Runtime(a), Resolved::Runtime(b)) => a == b,
                (Resolved::Elsewhere, Resolved::Elsewhere) => true,
                _ => false,
            };
            if each.is_empty() && !same {
                each.reserve(table.bodies().len());
                each.extend((0..=at).map(|_| first.clone()));
            }
            if !each.is_empty() {
                each.push(found);
            }
        }
        let found = if each.is_empty() { Found::All(first) } else { Found::Each(each) };
        let owning = match &found {
            Found::All(found) => vec![owns_inputs(found, registry)],
            Found::Each(each) => each.iter().map(|found| owns_inputs(found, registry)).collect(),
        };
        let owning = if owning.contains(&true) { owning } else { vec![false] };
        Ok(Self::of(table, found, owning))
    }

    fn of(table: Arc<TaskTable>, found: Found, owning: Vec<bool>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Told from a user's function by the highest bit.
        let serial = NEXT.fetch_add(1, Ordering::Relaxed) & 0x7fff_ffff;
        let has_kept_inputs = table.bodies().iter().any(|body| matches!(body, Body::Growing { .. }));
        Self { table, found, owning, has_kept_inputs, serial, names: OnceLock::new() }
    }

    /// How many of its `n_inputs` inputs the table's task is given: [`Body::n_loaded`].
    #[inline]
    pub(crate) fn n_loaded(&self, task: u32, n_inputs: usize) -> usize {
        match self.has_kept_inputs {
            true => self.table.body(task).n_loaded(n_inputs),
            false => n_inputs,
        }
    }

    /// A number that no other table of the process has.
    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    /// What the table's task is called in records.
    pub(crate) fn name_of(&self, task: u32) -> NameId {
        if let Body::Foreign(_) = self.table.body(task) {
            return name_of_task(&self.table, task);
        }
        let fresh = || self.table.bodies().iter().map(|_| AtomicU32::new(0)).collect();
        let known = &self.names.get_or_init(fresh)[self.table.body_index(task) as usize];
        match known.load(Ordering::Relaxed).checked_sub(1) {
            Some(name) => NameId(name),
            None => {
                let name = name_of_task(&self.table, task);
                known.store(name.0 + 1, Ordering::Relaxed);
                name
            }
        }
    }

    /// The lane of each body.
    #[must_use]
    pub fn lanes(&self) -> Lanes {
        let each = match &self.found {
            Found::All(found) => return Lanes::All(found.lane()),
            Found::Each(each) => each.iter().map(Resolved::lane),
        };
        let mut lanes: Vec<_> = each.collect();
        lanes.dedup();
        if let [lane] = lanes[..] {
            return Lanes::All(lane);
        }
        Lanes::Each((0..self.table.bodies().len().fit::<u32>()).map(|body| self.found(body).lane()).collect())
    }

    /// The lane of the table's task, if it runs a kernel that is [brief](crate::kernel::Kernel::is_brief).
    pub(crate) fn brief_lane(&self, task: u32) -> Option<LaneId> {
        match self.found(self.table.body_index(task)) {
            Resolved::Kernel(kernel) => kernel.is_brief().then(|| kernel.lane()),
            _ => None,
        }
    }

    /// Whether the table's task has inputs handed over that nobody else needs.
    #[inline]
    pub(crate) fn owns_inputs(&self, task: u32) -> bool {
        match self.owning[..] {
            [all] => all,
            _ => self.owning[self.table.body_index(task) as usize],
        }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Arc<TaskTable> {
        &self.table
    }

    fn found(&self, body: u32) -> &Resolved {
        match &self.found {
            Found::All(found) => found,
            Found::Each(each) => &each[body as usize],
        }
    }

    /// Runs the table's task `task`; a panic becomes an error, and every error names the task.
    ///
    /// # Errors
    /// Whatever the body says, with the task's key.
    pub fn run(
        &self,
        task: u32,
        inputs: &mut Inputs,
        exclusive: u64,
        ctx: &TaskCtx<'_>,
        registry: &BodyRegistry,
    ) -> Result<Outcome> {
        let index = self.table.body_index(task);
        let body = &self.table.bodies()[index as usize];
        let own = self.table.parameters(task);
        let call = Call { shared: &Param::Null, own, inputs, exclusive, ctx };
        let outcome = run_alone(body, self.found(index), call, registry);
        outcome.map_err(|error| error.in_task(self.table.key(task), self.table.label(task)))
    }
}

fn owns_inputs(found: &Resolved, registry: &BodyRegistry) -> bool {
    match found {
        Resolved::Kernel(kernel) => kernel.owns_inputs(),
        Resolved::Runtime(runtime) => registry.runtimes()[*runtime as usize].owns_inputs(),
        Resolved::Fused(steps) => steps.iter().any(|step| match step {
            Resolved::Kernel(kernel) => kernel.owns_inputs(),
            Resolved::Runtime(runtime) => registry.runtimes()[*runtime as usize].owns_inputs(),
            _ => false,
        }),
        _ => false,
    }
}

/// Runs a body that belongs to no table; a panic becomes an error.
///
/// # Errors
/// Whatever the body says.
pub fn run_alone(body: &Body, found: &Resolved, call: Call<'_>, registry: &BodyRegistry) -> Result<Outcome> {
    let outcome = catch_unwind(AssertUnwindSafe(|| run_body(body, found, call, registry)));
    outcome.unwrap_or_else(|panic| Err(ErrorKind::Panicked(panic_text(&*panic)).into()))
}

/// Runs one body on its inputs.
fn run_body(body: &Body, found: &Resolved, mut call: Call<'_>, registry: &BodyRegistry) -> Result<Outcome> {
    match (body, found) {
        (
            Body::Foreign(foreign),
            Resolved::Runtime(runtime) | Resolved::Constant(runtime) | Resolved::Free(runtime),
        ) => {
            let _threads = ThreadsHere::set(call.ctx.n_threads);
            registry.runtimes()[*runtime as usize].run(foreign.as_ref(), &mut call)
        }
        (Body::Native { parameters, .. } | Body::Library { parameters, .. }, Resolved::Kernel(kernel)) => {
            kernel.run(&mut Call { shared: parameters, ..call })
        }
        (Body::Fused(program), Resolved::Fused(steps)) => run_program(program, steps, call, registry),
        (Body::Growing { body, .. }, _) => run_body(body, found, call, registry),
        _ => run_builtin(body, call.inputs),
    }
}

fn run_builtin(body: &Body, inputs: &mut [Value]) -> Result<Outcome> {
    let value = match body {
        Body::Value(value) => value.clone(),
        Body::Alias => inputs.first_mut().map(std::mem::take).unwrap_or_default(),
        Body::Gather => Value::List(inputs.iter_mut().map(std::mem::take).collect()),
        Body::Select(output) => select(inputs.first(), *output)?,
        other => return Err(ErrorKind::UnknownBody(format!("{other:?}")).into()),
    };
    Ok(Outcome::Value(value))
}

fn select(list: Option<&Value>, output: u32) -> Result<Value> {
    match list {
        Some(Value::List(items)) => items.get(output as usize).cloned().ok_or_else(|| {
            Error::new(ErrorKind::InvalidGraph(format!(
                "output {output} of a task that returned {}",
                items.len()
            )))
        }),
        other => {
            let found = other.map_or("nothing", Value::kind).to_owned();
            Err(ErrorKind::WrongType { expected: "a list of outputs", found }.into())
        }
    }
}

/// Runs the steps of a fused task. What only one step needs is handed over to it.
fn run_program(
    program: &Program,
    found: &[Resolved],
    outer: Call<'_>,
    registry: &BodyRegistry,
) -> Result<Outcome> {
    let mut values: Vec<Value> = Vec::with_capacity(found.len());
    for (step, found) in program.steps().iter().zip(found) {
        let (mut inputs, mut exclusive) = (Inputs::with_capacity(step.arguments.len()), 0_u64);
        for (place, &argument) in step.arguments.iter().enumerate() {
            let (held, is_free) = match argument {
                Argument::Outer(i) => {
                    (outer.inputs.get_mut(i as usize), i < 64 && outer.exclusive & (1 << i) != 0)
                }
                Argument::Step(i) => (values.get_mut(i as usize), true),
            };
            let is_only_use = program.is_only_use(argument);
            let value = held.map(|value| if is_only_use { std::mem::take(value) } else { value.clone() });
            inputs.push(value.unwrap_or_default());
            if is_free && is_only_use && place < 64 {
                exclusive |= 1 << place;
            }
        }
        let call = Call {
            shared: &Param::Null,
            own: &step.parameters,
            inputs: &mut inputs,
            exclusive,
            ctx: outer.ctx,
        };
        let outcome = run_body(&step.body, found, call, registry);
        let named = |error: Error| match step.body.key() {
            Some(key) => {
                let label = step.body.label_of(&key);
                error.in_task(key, label)
            }
            None => error,
        };
        match outcome.map_err(named)? {
            Outcome::Value(value) => values.push(value),
            Outcome::Expand(_) => {
                return Err(ErrorKind::InvalidGraph("a step of a fused task may not expand".into()).into());
            }
        }
    }
    Ok(Outcome::Value(values.pop().unwrap_or_default()))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
