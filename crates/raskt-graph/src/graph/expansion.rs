//! Layers into tasks.
//!
//! Three passes, none recursive. Layers are sorted, operands first. Backwards, consumers first, every stage learns
//! which of its blocks are needed, a bit each. Forwards, needed blocks become rows, numbered by counting bits; what
//! each needs is asked of the layer a second time, which is cheaper than to remember it.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Key, Name, Result};
use rustc_hash::FxHashMap;

use super::block_set::BlockSet;
use super::keys::{LayerKeys, Rows, Segment};
use super::layered::Graph;
use super::missing;
use crate::body::Body;
use crate::layer::{Input, Layer, Origin, Place, Returns};
use crate::table::{Keys, TableBuilder, TaskTable};

/// An operand that the graph lacks.
const MISSING: u32 = u32::MAX;

/// One output of a task of a layer, behind all aliases. Layers are numbered in sorted order.
#[derive(Clone, Copy)]
struct Target {
    layer: u32,
    place: Place,
    output: u16,
}

/// What is needed of one stage.
struct Stage {
    tasks: BlockSet,
    /// Outputs, for tasks that return lists: `block * n_outputs + output`.
    selects: BlockSet,
    n_outputs: Option<u16>,
    /// The rows of the first task and of the first output.
    base: u32,
    select_base: u32,
}

/// A layer that is reached from the outputs.
struct Reached<'a> {
    name: &'a Name,
    layer: &'a Arc<Layer>,
    /// The stage whose blocks others know.
    last_stage: u16,
    is_raw: bool,
    has_aliases: bool,
    /// The operands, in sorted numbers.
    operands: Vec<u32>,
    /// For raw tables, which block and output each operand is.
    externals: Vec<(u32, u16)>,
    stages: Vec<Stage>,
    /// Rows of a raw table whose inputs have not been looked at.
    todo: Vec<u32>,
}

pub(super) struct Expansion<'a> {
    graph: &'a Graph,
    requested: &'a [Key],
    /// Operands first.
    layers: Vec<Reached<'a>>,
    outputs: Vec<Target>,
    /// How many more tasks there may be.
    n_tasks_left: u32,
}

impl<'a> Expansion<'a> {
    pub(super) fn new(graph: &'a Graph, requested: &'a [Key]) -> Result<Self> {
        let mut found = Vec::with_capacity(requested.len());
        for key in requested {
            let no_path = || ErrorKind::MissingKey { key: key.to_string(), path: Vec::new() };
            found.push(graph.find(key).ok_or_else(no_path)?);
        }
        let sorted = sort(graph, found.iter().map(|found| found.layer))?;
        let mut numbers = vec![MISSING; graph.layers().len()];
        for (number, &layer) in (0..).zip(&sorted) {
            numbers[layer as usize] = number;
        }
        let reached = sorted.iter().map(|&layer| reach(graph, layer, &numbers));
        let layers = reached.collect::<Result<Vec<_>>>()?;
        let outputs = Vec::with_capacity(found.len());
        let mut expansion = Self { graph, requested, layers, outputs, n_tasks_left: u32::MAX };
        for found in found {
            let layer = numbers[found.layer as usize];
            let place = expansion.layers[layer as usize].layer.place(found.number);
            let target = Target { layer, place, output: found.output };
            let target = expansion.behind_aliases(target)?;
            expansion.outputs.push(target);
        }
        Ok(expansion)
    }

    /// The same, which becomes `n_tasks_max` tasks at most.
    pub(super) fn within(mut self, n_tasks_max: u32) -> Self {
        self.n_tasks_left = n_tasks_max;
        self
    }

    pub(super) fn run(mut self) -> Result<TaskTable> {
        for at in 0..self.outputs.len() {
            self.need(self.outputs[at])?;
        }
        let mut inputs = Vec::new();
        for layer in (0..self.layers.len().fit::<u32>()).rev() {
            if self.layers[layer as usize].is_raw {
                while let Some(row) = self.layers[layer as usize].todo.pop() {
                    self.need_inputs(layer, Place { stage: 0, block: row }, &mut inputs)?;
                }
                continue;
            }
            for stage in (0..self.layers[layer as usize].stages.len()).rev() {
                // Inputs are of earlier stages and layers, so the set does not grow any more.
                let empty = BlockSet::new(0);
                let tasks = std::mem::replace(&mut self.layers[layer as usize].stages[stage].tasks, empty);
                for block in tasks.iter() {
                    self.need_inputs(layer, Place { stage: stage.fit::<u16>(), block }, &mut inputs)?;
                }
                self.layers[layer as usize].stages[stage].tasks = tasks;
            }
        }
        self.spell_out()
    }

    fn need_inputs(&mut self, layer: u32, place: Place, inputs: &mut Vec<Input>) -> Result<()> {
        inputs.clear();
        self.layers[layer as usize].layer.inputs(place, inputs);
        for &input in inputs.iter() {
            let target = self.target(layer, input)?;
            self.need(target)?;
        }
        Ok(())
    }

    fn need(&mut self, target: Target) -> Result<()> {
        let reached = &mut self.layers[target.layer as usize];
        let stage = &mut reached.stages[usize::from(target.place.stage)];
        let fresh = stage.tasks.insert(target.place.block);
        if fresh {
            let too_many = || ErrorKind::InvalidGraph("a graph of more tasks than are allowed".to_owned());
            self.n_tasks_left = self.n_tasks_left.checked_sub(1).ok_or_else(too_many)?;
        }
        match stage.n_outputs {
            None if target.output == 0 => {}
            Some(n) if target.output < n => {
                stage.selects.insert(target.place.block * u32::from(n) + u32::from(target.output));
            }
            _ => {
                let key = reached.layer.key(reached.name, target.place, 0);
                let what = format!("{key} has no output {}", target.output);
                return Err(ErrorKind::InvalidGraph(what).into());
            }
        }
        if fresh && reached.is_raw {
            reached.todo.push(target.place.block);
        }
        Ok(())
    }

    /// What `input` of a task of `layer` is.
    fn target(&self, layer: u32, input: Input) -> Result<Target> {
        self.behind_aliases(self.straight(layer, input)?)
    }

    fn straight(&self, layer: u32, input: Input) -> Result<Target> {
        let reached = &self.layers[layer as usize];
        match input.from {
            Origin::Stage(stage) => {
                Ok(Target { layer, place: Place { stage, block: input.block }, output: input.output })
            }
            Origin::Operand(operand) => {
                let operand = operand as usize;
                let (number, output) =
                    reached.externals.get(operand).copied().unwrap_or((input.block, input.output));
                match reached.operands[operand] {
                    MISSING => Err(missing::error(self.graph, self.requested)),
                    layer => {
                        let read = &self.layers[layer as usize];
                        let place = match read.is_raw {
                            true => read.layer.place(number),
                            false => Place { stage: read.last_stage, block: number },
                        };
                        Ok(Target { layer, place, output })
                    }
                }
            }
        }
    }

    fn behind_aliases(&self, mut target: Target) -> Result<Target> {
        loop {
            let reached = &self.layers[target.layer as usize];
            match reached.has_aliases.then(|| reached.layer.alias(target.place)).flatten() {
                Some(input) => target = self.straight(target.layer, input)?,
                None => return Ok(target),
            }
        }
    }

    /// The row of a needed task's output.
    fn row(&self, target: Target) -> u32 {
        let stage = &self.layers[target.layer as usize].stages[usize::from(target.place.stage)];
        match stage.n_outputs {
            None => stage.base + stage.tasks.rank(target.place.block),
            Some(n) => {
                let select = target.place.block * u32::from(n) + u32::from(target.output);
                stage.select_base + stage.selects.rank(select)
            }
        }
    }

    /// The forward pass.
    fn spell_out(mut self) -> Result<TaskTable> {
        let mut n_rows = 0_u32;
        for stage in self.layers.iter_mut().flat_map(|layer| &mut layer.stages) {
            stage.tasks.count();
            stage.selects.count();
            stage.base = n_rows;
            let too_many = || ErrorKind::InvalidGraph("a graph of 2³² tasks or more".to_owned());
            stage.select_base = n_rows.checked_add(stage.tasks.len()).ok_or_else(too_many)?;
            n_rows = stage.select_base.checked_add(stage.selects.len()).ok_or_else(too_many)?;
        }
        let mut table = TableBuilder::with_capacity(n_rows as usize, n_rows as usize);
        let mut selects = FxHashMap::default();
        for layer in 0..self.layers.len().fit::<u32>() {
            self.spell_out_layer(layer, &mut table, &mut selects)?;
        }
        let outputs = self.outputs.iter().map(|&output| self.row(output)).collect();
        table.finish(Keys::OfLayers(Arc::new(self.into_keys())), outputs)
    }

    fn spell_out_layer(
        &self,
        layer: u32,
        table: &mut TableBuilder,
        select_bodies: &mut FxHashMap<u16, u32>,
    ) -> Result<()> {
        let reached = &self.layers[layer as usize];
        let (mut inputs, mut rows) = (Vec::new(), Vec::new());
        let mut bodies = Bodies::default();
        for (at, stage) in reached.stages.iter().enumerate() {
            bodies.begin_stage();
            for block in stage.tasks.iter() {
                let place = Place { stage: at.fit::<u16>(), block };
                inputs.clear();
                rows.clear();
                reached.layer.inputs(place, &mut inputs);
                for &input in &inputs {
                    rows.push(self.row(self.target(layer, input)?));
                }
                let body = bodies.number(reached.layer, place, table);
                match reached.layer.parameters(place) {
                    raskt_core::Param::Null => table.push(body, &rows)?,
                    parameters => table.push_with(body, parameters, &rows)?,
                };
            }
            let n_outputs = stage.n_outputs.map_or(1, u32::from);
            for select in stage.selects.iter() {
                let output = (select % n_outputs).fit::<u16>();
                let body =
                    *select_bodies.entry(output).or_insert_with(|| table.body(Body::Select(output.into())));
                table.push(body, &[stage.base + stage.tasks.rank(select / n_outputs)])?;
            }
        }
        Ok(())
    }

    fn into_keys(self) -> LayerKeys {
        let mut segments = Vec::new();
        for reached in self.layers {
            for (at, stage) in (0..).zip(reached.stages) {
                let mut push = |base, set: BlockSet, rows| {
                    if set.len() > 0 {
                        let (name, layer) = (reached.name.clone(), Arc::clone(reached.layer));
                        segments.push(Segment { base, name, layer, stage: at, set, rows });
                    }
                };
                push(stage.base, stage.tasks, stage.n_outputs.map_or(Rows::Blocks, |_| Rows::Lists));
                push(stage.select_base, stage.selects, Rows::Outputs(stage.n_outputs.unwrap_or(1)));
            }
        }
        LayerKeys::new(segments)
    }
}

/// The numbers that a layer's bodies have in the table.
#[derive(Default)]
struct Bodies {
    of_stage: Option<u32>,
    of_table: Vec<Option<u32>>,
}

impl Bodies {
    fn begin_stage(&mut self) {
        self.of_stage = None;
    }

    fn number(&mut self, layer: &Layer, place: Place, table: &mut TableBuilder) -> u32 {
        let slot = match layer {
            Layer::Raw(raw) => {
                let index = raw.table().body_index(place.block) as usize;
                self.of_table.resize(raw.table().bodies().len(), None);
                &mut self.of_table[index]
            }
            _ => &mut self.of_stage,
        };
        *slot.get_or_insert_with(|| table.body(layer.body(place).clone()))
    }
}

/// The layer `layer` of `graph`, all of its blocks unneeded so far.
fn reach<'a>(graph: &'a Graph, layer: u32, numbers: &[u32]) -> Result<Reached<'a>> {
    let (name, layer) = &graph.layers()[layer as usize];
    let (mut operands, mut externals) = (Vec::new(), Vec::new());
    for (operand, expected) in layer.operands() {
        let there = graph.number_of(operand);
        operands.push(there.map_or(MISSING, |there| numbers[there as usize]));
        let grids = there.map(|there| graph.layers()[there as usize].1.grid()).zip(expected);
        if let Some((found, expected)) = grids.filter(|(found, expected)| found != expected) {
            let what = format!("{name} takes {operand} for a grid of {expected} blocks, but it has {found}");
            return Err(ErrorKind::InvalidGraph(what).into());
        }
    }
    if let Layer::Raw(raw) = layer.as_ref() {
        for (key, operand) in raw.externals().iter().zip(&mut operands) {
            let found = graph.find(key);
            *operand = found.map_or(MISSING, |found| numbers[found.layer as usize]);
            externals.push(found.map_or((0, 0), |found| (found.number, found.output)));
        }
    }
    let kind = layer.kind();
    let stage = |stage: usize| {
        let n_blocks = kind.stage_grid(stage).n_blocks();
        let n_outputs = match kind.returns(stage) {
            Returns::One => None,
            Returns::List(n) => Some(n),
        };
        let n_selects = n_blocks.checked_mul(n_outputs.map_or(0, u32::from));
        let too_many = || ErrorKind::InvalidGraph(format!("{name} has 2³² outputs or more"));
        let selects = BlockSet::new(n_selects.ok_or_else(too_many)?);
        Ok(Stage { tasks: BlockSet::new(n_blocks), selects, n_outputs, base: 0, select_base: 0 })
    };
    let stages = (0..kind.n_stages()).map(stage).collect::<Result<Vec<_>>>()?;
    Ok(Reached {
        name,
        layer,
        last_stage: (kind.n_stages() - 1).fit::<u16>(),
        is_raw: matches!(**layer, Layer::Raw(_)),
        has_aliases: kind.has_aliases(),
        operands,
        externals,
        stages,
        todo: Vec::new(),
    })
}

/// The layers that are reached from `roots`, operands before those that read them.
fn sort(graph: &Graph, roots: impl Iterator<Item = u32>) -> Result<Vec<u32>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Visit {
        Ahead,
        OnPath,
        Finished,
    }
    let read = |layer: u32| -> Vec<u32> {
        let layer = &graph.layers()[layer as usize].1;
        match layer.as_ref() {
            Layer::Raw(raw) => {
                raw.externals().iter().filter_map(|key| graph.find(key)).map(|found| found.layer).collect()
            }
            _ => layer.operands().filter_map(|(operand, _)| graph.number_of(operand)).collect(),
        }
    };
    let mut visits = vec![Visit::Ahead; graph.layers().len()];
    let mut sorted = Vec::new();
    let mut path: Vec<(u32, std::vec::IntoIter<u32>)> = Vec::new();
    for root in roots {
        if visits[root as usize] == Visit::Ahead {
            visits[root as usize] = Visit::OnPath;
            path.push((root, read(root).into_iter()));
        }
        while let Some((layer, operands)) = path.last_mut() {
            let Some(operand) = operands.next() else {
                visits[*layer as usize] = Visit::Finished;
                sorted.push(*layer);
                path.pop();
                continue;
            };
            match visits[operand as usize] {
                Visit::Finished => {}
                Visit::Ahead => {
                    visits[operand as usize] = Visit::OnPath;
                    path.push((operand, read(operand).into_iter()));
                }
                Visit::OnPath => {
                    let circle = path.iter().map(|(layer, _)| *layer).skip_while(|&layer| layer != operand);
                    let names = circle.chain([operand]).map(|at| graph.layers()[at as usize].0.to_string());
                    return Err(ErrorKind::Cycle(names.collect()).into());
                }
            }
        }
    }
    Ok(sorted)
}
