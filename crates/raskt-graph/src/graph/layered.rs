//! Graphs of named layers.

use std::sync::{Arc, OnceLock};

use raskt_core::{Error, ErrorKind, Fit, Key, Name, Result};
use rustc_hash::{FxHashMap, FxHashSet};

use super::annotations::Annotations;
use super::expansion::Expansion;
use crate::layer::{Layer, Origin};
use crate::table::TaskTable;

/// A block of a layer, found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) layer: u32,
    /// The block's number in the layer's grid.
    pub(super) number: u32,
    pub(super) output: u16,
}

/// Named layers, and the keys that were asked for.
///
/// ```
/// use raskt_core::Key;
/// use raskt_graph::layer::*;
/// use raskt_graph::{Body, Graph};
/// let mut graph = Graph::default();
/// let grid = Grid::new(&[1000])?;
/// graph.insert("x", Source::new(Body::native("ones"), grid, Formula::Number, Returns::One)?.into())?;
/// graph.insert("y", Blockwise::new(BlockwiseParts {
///     counts: vec![(0, 1000)],
///     output: vec![0],
///     operands: vec![Indexed::new("x", &[0])],
///     ..BlockwiseParts::of(Body::native("negative"))
/// })?.into())?;
/// graph.request([Key::block("y", &[7])]);
/// // Only what is needed comes into being.
/// let table = graph.expand()?;
/// assert_eq!(table.n_tasks(), 2);
/// assert_eq!(table.key(table.outputs()[0]), Key::block("y", &[7]));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Graph {
    layers: Vec<(Name, Arc<Layer>)>,
    by_name: FxHashMap<Name, u32>,
    /// The layers that read each name, whether it is there or not.
    readers: FxHashMap<Name, Vec<u32>>,
    outputs: Vec<Key>,
    annotations: Annotations,
    /// The tables' own names of their outputs, collected when a key is not found otherwise.
    raw_keys: OnceLock<FxHashMap<Key, Found>>,
}

impl Graph {
    /// Adds a layer. One that is there already under that name may come again.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`] where another layer has the name.
    pub fn insert(&mut self, name: impl Into<Name>, layer: Layer) -> Result<()> {
        self.insert_shared(name.into(), Arc::new(layer))
    }

    /// Adds a layer that other graphs hold too.
    ///
    /// # Errors
    /// As [`Graph::insert`].
    pub fn insert_shared(&mut self, name: Name, layer: Arc<Layer>) -> Result<()> {
        if let Some(&at) = self.by_name.get(&name) {
            let there = &self.layers[at as usize].1;
            return match Arc::ptr_eq(there, &layer) || **there == *layer {
                true => Ok(()),
                false => Err(ErrorKind::KeyClash(name.to_string()).into()),
            };
        }
        let at = u32::try_from(self.layers.len())
            .map_err(|_| ErrorKind::InvalidGraph("a graph of 2³² layers".to_owned()))?;
        let mut seen = FxHashSet::default();
        for (operand, _) in layer.operands().filter(|(operand, _)| seen.insert((*operand).clone())) {
            self.readers.entry(operand.clone()).or_default().push(at);
        }
        self.by_name.insert(name.clone(), at);
        self.layers.push((name, layer));
        self.raw_keys = OnceLock::new();
        Ok(())
    }

    /// Adds the layers, the annotations and the requests of another graph: shared parts become one.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`] where layers of one name differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        for (name, layer) in &other.layers {
            self.insert_shared(name.clone(), Arc::clone(layer))?;
        }
        self.outputs.extend_from_slice(&other.outputs);
        self.annotations.merge(&other.annotations);
        Ok(())
    }

    /// Asks for the values of `keys` too, behind those that were asked for already.
    pub fn request(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.outputs.extend(keys);
    }

    /// Asks for all blocks of the layer `name`, in C order.
    ///
    /// # Errors
    /// [`ErrorKind::MissingKey`] where there is no such layer.
    pub fn request_all(&mut self, name: impl Into<Name>) -> Result<()> {
        let name = name.into();
        let layer = Arc::clone(self.layer(&name).ok_or_else(|| missing(&name.to_string()))?);
        let grid = layer.grid();
        self.outputs.extend((0..grid.n_blocks()).map(|number| Key {
            name: name.clone(),
            block: grid.block(number),
            output: 0,
        }));
        Ok(())
    }

    /// The keys that were asked for.
    #[must_use]
    pub fn outputs(&self) -> &[Key] {
        &self.outputs
    }

    /// What users said of its tasks.
    #[must_use]
    pub fn annotations(&self) -> &Annotations {
        &self.annotations
    }

    /// The same, for saying more.
    pub fn annotations_mut(&mut self) -> &mut Annotations {
        &mut self.annotations
    }

    /// The layers, in the order in which they were added.
    #[must_use]
    pub fn layers(&self) -> &[(Name, Arc<Layer>)] {
        &self.layers
    }

    /// The layer `name`.
    #[must_use]
    pub fn layer(&self, name: &Name) -> Option<&Arc<Layer>> {
        self.by_name.get(name).map(|&at| &self.layers[at as usize].1)
    }

    /// The requested tasks and all that they need, spelt out: nothing else comes into being. Inputs come before
    /// their consumers, but for those of raw tables that list them otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::MissingKey`] with the path from a requested key, [`ErrorKind::Cycle`] among layers, and
    /// [`ErrorKind::InvalidGraph`] where a layer takes another one's grid for what it is not.
    pub fn expand(&self) -> Result<TaskTable> {
        self.expand_for(&self.outputs)
    }

    /// [`Graph::expand`], where the graph comes from somebody who might ask for more tasks than memory holds.
    ///
    /// # Errors
    /// As [`Graph::expand`]; [`ErrorKind::InvalidGraph`] for more than `n_tasks_max` tasks.
    pub fn expand_within(&self, n_tasks_max: u32) -> Result<TaskTable> {
        Expansion::new(self, &self.outputs)?.within(n_tasks_max).run()
    }

    /// [`Graph::expand`], for other keys than those that were asked for.
    ///
    /// # Errors
    /// As [`Graph::expand`].
    pub fn expand_for(&self, outputs: &[Key]) -> Result<TaskTable> {
        Expansion::new(self, outputs)?.run()
    }

    /// The blocks of other layers that the block `key` needs.
    ///
    /// # Errors
    /// [`ErrorKind::MissingKey`] where there is no such block.
    pub fn needs(&self, key: &Key) -> Result<Vec<Key>> {
        let found = self.find(key).ok_or_else(|| missing(&key.to_string()))?;
        let layer = &self.layers[found.layer as usize].1;
        layer.needs(&layer.grid().block(found.number))
    }

    /// The blocks of other layers that need the block `key`, layer by layer. Of a raw table that needs it, the
    /// outputs that depend on it.
    ///
    /// # Errors
    /// [`ErrorKind::MissingKey`] where there is no such block.
    pub fn consumers(&self, key: &Key) -> Result<Vec<Key>> {
        let found = self.find(key).ok_or_else(|| missing(&key.to_string()))?;
        let name = &self.layers[found.layer as usize].0;
        let mut keys = Vec::new();
        for &reader in self.readers.get(name).map_or(&[][..], Vec::as_slice) {
            self.consumers_in(reader, name, found, &mut keys);
        }
        Ok(keys)
    }

    fn consumers_in(&self, reader: u32, read: &Name, found: Found, keys: &mut Vec<Key>) {
        let (name, layer) = &self.layers[reader as usize];
        let (mut places, mut seen) = (Vec::new(), FxHashSet::default());
        for (operand, _) in layer.operands().enumerate().filter(|(_, (operand, _))| *operand == read) {
            let reads = match layer.as_ref() {
                Layer::Raw(raw) => self.find(&raw.externals()[operand]) == Some(found),
                _ => true,
            };
            if reads {
                layer.consumers(Origin::Operand(operand.fit::<u32>()), found.number, &mut places);
            }
        }
        let mut next = 0;
        places.retain(|place| seen.insert(*place));
        let mut made = FxHashSet::default();
        while let Some(&place) = places.get(next) {
            next += 1;
            made.insert(place);
            let mut further = Vec::new();
            let inner = usize::from(place.stage) + 1 < layer.n_stages() || matches!(**layer, Layer::Raw(_));
            if inner {
                layer.consumers(Origin::Stage(place.stage), place.block, &mut further);
                places.extend(further.into_iter().filter(|place| seen.insert(*place)));
            }
        }
        let grid = layer.grid();
        let is_made = |&number: &u32| match layer.as_ref() {
            Layer::Raw(_) => made.contains(&layer.place(number)),
            _ => false,
        };
        let last = (layer.n_stages() - 1).fit::<u16>();
        let mut numbers: Vec<u32> = match layer.as_ref() {
            Layer::Raw(_) => (0..grid.n_blocks()).filter(is_made).collect(),
            _ => made.iter().filter(|place| place.stage == last).map(|place| place.block).collect(),
        };
        numbers.sort_unstable();
        keys.extend(numbers.into_iter().map(|number| Key::block(name.clone(), &grid.block(number))));
    }

    /// The block that `key` names: a layer's, or else a table's output by the table's own name for it.
    pub(super) fn find(&self, key: &Key) -> Option<Found> {
        let Some(&layer) = self.by_name.get(&key.name) else { return self.find_raw(key) };
        let there = &self.layers[layer as usize].1;
        let number = there.grid().number(&key.block).filter(|_| key.output < there.returns().n_outputs());
        match number {
            Some(number) => Some(Found { layer, number, output: key.output }),
            None => self.find_raw(key),
        }
    }

    fn find_raw(&self, key: &Key) -> Option<Found> {
        let keys = self.raw_keys.get_or_init(|| {
            let mut keys = FxHashMap::default();
            for (layer, (_, there)) in (0..).zip(&self.layers) {
                let Layer::Raw(raw) = there.as_ref() else { continue };
                for (number, &row) in (0..).zip(raw.table().outputs()) {
                    keys.entry(raw.table().key(row)).or_insert(Found { layer, number, output: 0 });
                }
            }
            keys
        });
        keys.get(key).copied()
    }

    /// The number of the layer `name`.
    pub(super) fn number_of(&self, name: &Name) -> Option<u32> {
        self.by_name.get(name).copied()
    }
}

fn missing(key: &str) -> Error {
    ErrorKind::MissingKey { key: key.to_owned(), path: Vec::new() }.into()
}
