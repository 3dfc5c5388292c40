//! What users say of tasks (`raskt.annotate`): priority, retries, resources, workers, and whatever they like.

use std::collections::BTreeMap;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Key, Name, Param, Result};

/// Notes on layers and on single tasks: maps of parameters (`priority`, `retries`, `resources`, `workers`, users' own).
/// A task is under the notes of its layer and its own; of one name in both, its own counts.
///
/// ```
/// use raskt_core::{Fit, Key, Param};
/// use raskt_graph::Annotations;
/// let mut annotations = Annotations::default();
/// annotations.note_layer("x".into(), Param::map([("retries", Param::Int(2))]));
/// annotations.note_task(Key::block("x", &[1]), Param::map([("retries", Param::Int(5))]));
/// assert_eq!(annotations.get(&Key::block("x", &[0]), "retries"), Some(&Param::Int(2)));
/// assert_eq!(annotations.get(&Key::block("x", &[1]), "retries"), Some(&Param::Int(5)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations {
    /// Many tasks share one.
    notes: Vec<Param>,
    layers: BTreeMap<Name, u32>,
    tasks: BTreeMap<Key, u32>,
}

impl Annotations {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty() && self.tasks.is_empty()
    }

    /// Says `note` of all tasks whose keys have the name `layer`, in place of what was said of them all.
    pub fn note_layer(&mut self, layer: Name, note: Param) {
        let number = self.number(note);
        self.layers.insert(layer, number);
    }

    /// Says `note` of one task, in place of what was said of it.
    pub fn note_task(&mut self, key: Key, note: Param) {
        let number = self.number(note);
        self.tasks.insert(key, number);
    }

    /// The number of `note`: what is said at once is most often said of many.
    fn number(&mut self, note: Param) -> u32 {
        if self.notes.last() != Some(&note) {
            self.notes.push(note);
        }
        (self.notes.len() - 1).fit()
    }

    /// What was said of layers.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (&Name, &Param)> {
        self.layers.iter().map(|(name, &note)| (name, &self.notes[note as usize]))
    }

    /// What was said of single tasks.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = (&Key, &Param)> {
        self.tasks.iter().map(|(key, &note)| (key, &self.notes[note as usize]))
    }

    /// What was said of the task `key` alone.
    #[must_use]
    pub fn of_task(&self, key: &Key) -> Option<&Param> {
        self.tasks.get(key).map(|&note| &self.notes[note as usize])
    }

    /// What was said of all tasks of `layer`.
    #[must_use]
    pub fn of_layer(&self, layer: &Name) -> Option<&Param> {
        self.layers.get(layer).map(|&note| &self.notes[note as usize])
    }

    /// The annotation `name` that the task `key` is under.
    #[must_use]
    pub fn get(&self, key: &Key, name: &str) -> Option<&Param> {
        let own = self.of_task(key).and_then(|note| note.get(name));
        own.or_else(|| self.of_layer(&key.name)?.get(name))
    }

    /// Adds what was said of another graph.
    pub fn merge(&mut self, other: &Self) {
        other.layers().for_each(|(name, note)| self.note_layer(name.clone(), note.clone()));
        other.tasks().for_each(|(key, note)| self.note_task(key.clone(), note.clone()));
    }
}

impl Encode for Annotations {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.notes.encode(out)?;
        out.varint(self.layers.len() as u64);
        self.layers.iter().try_for_each(|entry| entry.encode(out))?;
        out.varint(self.tasks.len() as u64);
        self.tasks.iter().try_for_each(|entry| entry.encode(out))
    }
}

impl Decode for Annotations {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let notes = Vec::<Param>::decode(input)?;
        if !notes.iter().all(|note| matches!(note, Param::Map(_))) {
            return Err(input.corrupt("annotations without names"));
        }
        let (layers, tasks) = (entries(input, notes.len())?, entries(input, notes.len())?);
        Ok(Self { notes, layers, tasks })
    }
}

/// Entries in the order of what they are of.
fn entries<T: Decode + Ord>(input: &mut Decoder<'_>, n_notes: usize) -> Result<BTreeMap<T, u32>> {
    let mut found = BTreeMap::new();
    for _ in 0..input.length()? {
        let (of, note) = <(T, u32)>::decode(input)?;
        if note as usize >= n_notes {
            return Err(input.corrupt(&format!("annotation {note} of {n_notes}")));
        }
        if found.last_key_value().is_some_and(|(last, _)| *last >= of) {
            return Err(input.corrupt("annotations out of order"));
        }
        found.insert(of, note);
    }
    Ok(found)
}
