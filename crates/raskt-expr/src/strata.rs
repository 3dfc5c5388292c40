//! Calls as raw layers, where operations stand between them.
//!
//! Layers may not need one another in a circle, though their tasks do not. A call is of stratum `n` if `n` times on the way
//! to it an operation took what a call had made: calls of one stratum are one layer, since operations between calls of a
//! stratum and those of the next are layers between the two.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, Key, Name, Result};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::table::NAMELESS;
use raskt_graph::{Body, Graph, Keys, TableBuilder};
use rustc_hash::FxHashMap;

use crate::expr::Expr;
use crate::gather::Gathered;
use crate::lower::Wanted;

/// Calls of a computation, sorted into layers.
pub(crate) struct Strata<'a> {
    gathered: &'a Gathered,
    /// The stratum of each row.
    levels: Vec<u32>,
    /// Which output of its layer a call is whose value is taken elsewhere.
    outputs: Vec<Option<u32>>,
    /// The layers, by stratum.
    layers: Vec<Stratum>,
    /// The rows of calls that operations take.
    of_call: FxHashMap<Expr, u32>,
}

/// The layer of a stratum.
#[derive(Clone, Default)]
struct Stratum {
    /// The rows of its calls, operands first.
    calls: Vec<u32>,
    /// The rows of its outputs.
    outputs: Vec<u32>,
}

/// What the layer of a stratum is called.
pub(crate) fn layer_name(stratum: u32) -> Name {
    match stratum {
        0 => Name::new("calls"),
        n => Name::new(&format!("calls-{n}")),
    }
}

impl<'a> Strata<'a> {
    pub(crate) fn new(gathered: &'a Gathered) -> Self {
        let n_rows = gathered.table().n_tasks();
        let mut strata = Self {
            gathered,
            levels: Vec::with_capacity(n_rows),
            outputs: vec![None; n_rows],
            layers: Vec::new(),
            of_call: FxHashMap::default(),
        };
        for row in 0..n_rows.fit::<u32>() {
            let level = strata.level_of(row);
            strata.levels.push(level);
            if strata.is_call(row) {
                strata.layer_of(row).calls.push(row);
            }
        }
        strata.find_outputs();
        strata
    }

    fn is_call(&self, row: u32) -> bool {
        self.gathered.operation_at(row).is_none()
    }

    fn level_of(&self, row: u32) -> u32 {
        let is_call = self.is_call(row);
        let needs = self.gathered.table().inputs().row(row).iter();
        let level = |&need: &u32| self.levels[need as usize] + u32::from(!is_call && self.is_call(need));
        needs.map(level).max().unwrap_or(0)
    }

    fn find_outputs(&mut self) {
        let table = self.gathered.table();
        for row in 0..table.n_tasks().fit::<u32>() {
            let needs = table.inputs().row(row);
            if let Some(operation) = self.gathered.operation_at(row) {
                for (operand, &need) in operation.operands().iter().zip(needs) {
                    if self.is_call(need) {
                        self.of_call.insert(operand.clone(), need);
                        self.give_out(need);
                    }
                }
                continue;
            }
            for &need in needs {
                if self.is_call(need) && self.levels[need as usize] != self.levels[row as usize] {
                    self.give_out(need);
                }
            }
        }
        for &root in table.outputs() {
            if self.is_call(root) {
                self.give_out(root);
            }
        }
    }

    /// The layer of the call at `row`.
    fn layer_of(&mut self, row: u32) -> &mut Stratum {
        let stratum = self.levels[row as usize] as usize;
        if self.layers.len() <= stratum {
            self.layers.resize_with(stratum + 1, Stratum::default);
        }
        &mut self.layers[stratum]
    }

    fn give_out(&mut self, row: u32) {
        if self.outputs[row as usize].is_none() {
            let outputs = &mut self.layer_of(row).outputs;
            let number = outputs.len().fit::<u32>();
            outputs.push(row);
            self.outputs[row as usize] = Some(number);
        }
    }

    /// Where the call at `row` is found; `None` for operations.
    pub(crate) fn key_at(&self, row: u32) -> Option<Key> {
        let output = self.outputs[row as usize]?;
        Some(Key::block(layer_name(self.levels[row as usize]), &[output]))
    }

    /// Where the call is that operations take.
    pub(crate) fn key_of(&self, call: &Expr) -> Result<Key> {
        let found = self.of_call.get(call).and_then(|&row| self.key_at(row));
        found.ok_or_else(|| lost(call))
    }

    /// Adds the layers of all calls to `graph`; `operation_at` says where the operation of a row has been lowered.
    pub(crate) fn add_to(
        &self,
        graph: &mut Graph,
        operation_at: &dyn Fn(u32) -> Option<Wanted>,
    ) -> Result<()> {
        for (number, stratum) in (0..).zip(&self.layers).filter(|(_, stratum)| !stratum.calls.is_empty()) {
            let mut layer = StratumTable::new(self, operation_at);
            stratum.calls.iter().try_for_each(|&row| layer.add(row))?;
            let outputs = stratum.outputs.iter().filter_map(|row| layer.places.get(row).copied()).collect();
            let table = layer.table.finish(Keys::OfBodies(NAMELESS.into()), outputs)?;
            graph.insert(layer_name(number), Layer::from(Raw::new(Arc::new(table), layer.externals)?))?;
        }
        Ok(())
    }
}

/// The table of one stratum in the making.
struct StratumTable<'a> {
    strata: &'a Strata<'a>,
    operation_at: &'a dyn Fn(u32) -> Option<Wanted>,
    table: TableBuilder,
    externals: Vec<Key>,
    /// Where rows of the computation are in the table: its own calls, and what it takes from elsewhere.
    places: FxHashMap<u32, u32>,
}

impl<'a> StratumTable<'a> {
    fn new(strata: &'a Strata<'a>, operation_at: &'a dyn Fn(u32) -> Option<Wanted>) -> Self {
        Self {
            strata,
            operation_at,
            table: TableBuilder::default(),
            externals: Vec::new(),
            places: FxHashMap::default(),
        }
    }

    fn add(&mut self, row: u32) -> Result<()> {
        let table = self.strata.gathered.table();
        let mut needs = Vec::with_capacity(table.inputs().row(row).len());
        for &need in table.inputs().row(row) {
            needs.push(self.place(need)?);
        }
        let place = self.table.push_own(table.body(row).clone(), &needs)?;
        self.places.insert(row, place);
        Ok(())
    }

    fn place(&mut self, row: u32) -> Result<u32> {
        if let Some(&place) = self.places.get(&row) {
            return Ok(place);
        }
        let key = match self.strata.key_at(row) {
            Some(key) => key,
            None => self.key_of_operation(row)?,
        };
        let place = self.table.push_own(Body::Input(self.externals.len().fit::<u32>()), &[])?;
        self.externals.push(key);
        self.places.insert(row, place);
        Ok(place)
    }

    fn key_of_operation(&self, row: u32) -> Result<Key> {
        let operation = self.strata.gathered.operation_at(row);
        let lost = || operation.map_or_else(|| ErrorKind::InvalidGraph("a lost row".into()).into(), lost);
        let wanted = (self.operation_at)(row).ok_or_else(lost)?;
        operation.map_or_else(|| Err(lost()), |operation| wanted.only_key(operation))
    }
}

fn lost(expr: &Expr) -> Error {
    ErrorKind::InvalidGraph(format!("{expr:?} is in no layer")).into()
}
