//! Fusion of chains and of small trees: tasks that only one other task needs move into it.
//!
//! Nothing is computed twice, since a task that several need stays as it is. What is saved is the hand-over between
//! tasks; what is lost is that the tasks of a tree could have run at once, so trees are fused up to a width only.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, Param, Result};
use rustc_hash::FxHashMap;

use super::{Argument, Program, Step};
use crate::adjacency::{Adjacency, AdjacencyError};
use crate::body::Body;
use crate::cull::picked_keys;
use crate::table::{TableBuilder, TaskTable};

/// What may be fused.
#[derive(Clone, Copy, Debug)]
pub struct FuseOptions<'a> {
    /// Tasks whose values somebody looks at, beside the table's outputs.
    pub kept: &'a [u32],
    /// How many inputs may come together in one task: 1 for chains only.
    pub width_max: u32,
    /// The most tasks in one.
    pub n_steps_max: u32,
}

impl Default for FuseOptions<'_> {
    /// Chains of any length up to 1,024.
    fn default() -> Self {
        Self { kept: &[], width_max: 1, n_steps_max: 1024 }
    }
}

/// The same graph in fewer tasks. A fused task has the key, and the place, of the last of its former tasks.
///
/// `can_fuse(a, b)` says whether `a` may run in one task with `b`, which needs it: whoever knows in which lane each
/// runs, and whether it may expand into a graph (which a step may not). It is not asked about
/// [`Body::Input`], which is never fused.
///
/// ```
/// use raskt_graph::fuse::{FuseOptions, fuse};
/// use raskt_graph::{Body, Keys, TableBuilder};
/// let mut table = TableBuilder::default();
/// let add = table.body(Body::native("add"));
/// for inputs in [&[][..], &[0], &[1, 1], &[2]] {
///     table.push(add, inputs)?;
/// }
/// let table = table.finish(Keys::Indexed("t".into()), vec![3])?;
/// let fused = fuse(&table, &FuseOptions::default(), |_, _| true)?;
/// assert_eq!(fused.n_tasks(), 1);
/// assert_eq!(fused.key(0).to_string(), "('t', 3)");
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] for a table that breaks its own rules; none that was built does.
pub fn fuse(
    table: &TaskTable,
    options: &FuseOptions<'_>,
    can_fuse: impl FnMut(&Body, &Body) -> bool,
) -> Result<TaskTable> {
    let cyclic = |error: AdjacencyError| Error::from(ErrorKind::InvalidGraph(error.to_string()));
    let order = table.inputs().topological().map_err(cyclic)?;
    let groups = Groups::form(table, options, &order, can_fuse);
    groups.table(table)
}

/// A task that stays one.
const HEAD: u32 = u32::MAX;

/// Which tasks move into which.
struct Groups {
    /// The task that each moves into, or [`HEAD`].
    into: Vec<u32>,
}

/// A task with all that has moved into it.
#[derive(Clone, Copy)]
struct Size {
    width: u32,
    n_steps: u32,
}

impl Groups {
    fn form(
        table: &TaskTable,
        options: &FuseOptions<'_>,
        order: &[u32],
        mut can_fuse: impl FnMut(&Body, &Body) -> bool,
    ) -> Self {
        let inputs = table.inputs();
        let mut lone = lone_consumers(inputs);
        table.outputs().iter().chain(options.kept).for_each(|&task| {
            if let Some(consumer) = lone.get_mut(task as usize) {
                *consumer = HEAD;
            }
        });
        let mut into = vec![HEAD; table.n_tasks()];
        let mut sizes = vec![Size { width: 1, n_steps: 1 }; table.n_tasks()];
        let mut row = Vec::new();
        for &task in order {
            row.clear();
            row.extend_from_slice(inputs.row(task));
            row.sort_unstable();
            row.dedup();
            // Each input is one wide, and as wide as what moved into it once it moves in itself.
            let mut width = row.len().fit::<u32>();
            if width == 0 || width > options.width_max.max(1) {
                continue;
            }
            let mut n_steps = 1_u32;
            let mut moved = false;
            for &input in &row {
                let size = sizes[input as usize];
                let fits = width - 1 + size.width <= options.width_max.max(1)
                    && n_steps + size.n_steps <= options.n_steps_max;
                if fits && lone[input as usize] == task && fusible(table, input, task, &mut can_fuse) {
                    into[input as usize] = task;
                    width += size.width - 1;
                    n_steps += size.n_steps;
                    moved = true;
                }
            }
            if moved {
                sizes[task as usize] = Size { width, n_steps };
            }
        }
        Self { into }
    }

    fn table(&self, table: &TaskTable) -> Result<TaskTable> {
        let heads: Vec<u32> = (0..table.n_tasks().fit::<u32>()).filter(|&task| self.is_head(task)).collect();
        let mut numbers = vec![HEAD; table.n_tasks()];
        (0..).zip(&heads).for_each(|(number, &task)| numbers[task as usize] = number);
        let mut fused = TableBuilder::with_capacity(heads.len(), heads.len());
        let mut bodies = Bodies::new(table);
        let mut writer = Writer::default();
        for &head in &heads {
            let is_single = table.inputs().row(head).iter().all(|&input| self.is_head(input));
            if is_single {
                let inputs: Vec<u32> =
                    table.inputs().row(head).iter().map(|&input| numbers[input as usize]).collect();
                let body = bodies.single(table.body_index(head), &mut fused);
                match table.parameters(head) {
                    Param::Null => fused.push(body, &inputs)?,
                    parameters => fused.push_with(body, parameters.clone(), &inputs)?,
                };
                continue;
            }
            writer.write(self, table, head);
            let inputs: Vec<u32> = writer.outer.iter().map(|&input| numbers[input as usize]).collect();
            let body = bodies.program(&writer, &mut fused)?;
            fused.push(body, &inputs)?;
        }
        let outputs = table.outputs().iter().map(|&output| numbers[output as usize]).collect();
        fused.finish(picked_keys(table, &heads), outputs)
    }

    fn is_head(&self, task: u32) -> bool {
        self.into[task as usize] == HEAD
    }
}

/// For each task, the only task that needs it; [`HEAD`] where there is none or more than one.
fn lone_consumers(inputs: &Adjacency) -> Vec<u32> {
    let consumers = inputs.transpose_distinct();
    consumers.rows().map(|row| if let [only] = row { *only } else { HEAD }).collect()
}

fn fusible(
    table: &TaskTable,
    input: u32,
    task: u32,
    can_fuse: &mut impl FnMut(&Body, &Body) -> bool,
) -> bool {
    let (a, b) = (table.body(input), table.body(task));
    !matches!(a, Body::Input(_)) && can_fuse(a, b)
}

/// Writes down the steps of one fused task after the other.
#[derive(Default)]
struct Writer {
    steps: Vec<Step>,
    /// What tells programs apart: the bodies and arguments of all steps.
    signature: Vec<u32>,
    has_parameters: bool,
    /// The fused task's inputs, in their old numbers.
    outer: Vec<u32>,
    outer_places: FxHashMap<u32, u32>,
    /// The step that makes the value of each task inside.
    places: FxHashMap<u32, u32>,
}

impl Writer {
    fn write(&mut self, groups: &Groups, table: &TaskTable, head: u32) {
        self.steps.clear();
        self.signature.clear();
        self.has_parameters = false;
        self.outer.clear();
        self.outer_places.clear();
        self.places.clear();
        // Inside a group each task has one consumer, so it is a tree: children first.
        let mut path = vec![(head, 0)];
        while let Some((task, next)) = path.last_mut() {
            let (task, row) = (*task, table.inputs().row(*task));
            match row.get(*next) {
                Some(&input) => {
                    *next += 1;
                    if !groups.is_head(input) && !self.places.contains_key(&input) {
                        path.push((input, 0));
                    }
                }
                None => {
                    self.step(groups, table, task);
                    path.pop();
                }
            }
        }
    }

    fn step(&mut self, groups: &Groups, table: &TaskTable, task: u32) {
        let mut arguments = Vec::new();
        for &input in table.inputs().row(task) {
            arguments.push(match groups.is_head(input) {
                true => Argument::Outer(self.outer_place(input)),
                false => Argument::Step(self.places.get(&input).copied().unwrap_or_default()),
            });
        }
        let (body, parameters) = (table.body(task), table.parameters(task));
        self.signature.extend([table.body_index(task), arguments.len().fit::<u32>()]);
        self.signature.extend(arguments.iter().flat_map(|argument| match argument {
            Argument::Outer(place) => [0, *place],
            Argument::Step(place) => [1, *place],
        }));
        self.has_parameters |= *parameters != Param::Null;
        match body {
            Body::Fused(program) => self.inline(program, &arguments),
            _ => self.steps.push(Step { body: body.clone(), parameters: parameters.clone(), arguments }),
        }
        self.places.insert(task, self.steps.len().fit::<u32>() - 1);
    }

    /// A task that was fused before: its steps in its place.
    fn inline(&mut self, program: &Program, arguments: &[Argument]) {
        let first = self.steps.len().fit::<u32>();
        for step in program.steps() {
            let mapped = step.arguments.iter().map(|argument| match argument {
                Argument::Outer(at) => arguments.get(*at as usize).copied().unwrap_or(*argument),
                Argument::Step(at) => Argument::Step(first + at),
            });
            let arguments = mapped.collect();
            self.steps.push(Step { body: step.body.clone(), parameters: step.parameters.clone(), arguments });
        }
    }

    fn outer_place(&mut self, input: u32) -> u32 {
        *self.outer_places.entry(input).or_insert_with(|| {
            self.outer.push(input);
            self.outer.len().fit::<u32>() - 1
        })
    }
}

/// The bodies of the new table: old ones, and programs, equal ones once.
struct Bodies<'a> {
    table: &'a TaskTable,
    singles: Vec<u32>,
    programs: FxHashMap<Vec<u32>, u32>,
}

impl<'a> Bodies<'a> {
    fn new(table: &'a TaskTable) -> Self {
        Self { table, singles: vec![HEAD; table.bodies().len()], programs: FxHashMap::default() }
    }

    fn single(&mut self, body: u32, fused: &mut TableBuilder) -> u32 {
        let number = &mut self.singles[body as usize];
        if *number == HEAD {
            *number = fused.body(self.table.bodies()[body as usize].clone());
        }
        *number
    }

    fn program(&mut self, writer: &Writer, fused: &mut TableBuilder) -> Result<u32> {
        let shared = if writer.has_parameters { None } else { self.programs.get(&writer.signature) };
        if let Some(&number) = shared {
            return Ok(number);
        }
        let disordered = || Error::from(ErrorKind::InvalidGraph("steps that are out of order".to_owned()));
        let program = Program::new(writer.steps.clone()).ok_or_else(disordered)?;
        let number = fused.body(Body::Fused(Arc::new(program)));
        if !writer.has_parameters {
            self.programs.insert(writer.signature.clone(), number);
        }
        Ok(number)
    }
}
