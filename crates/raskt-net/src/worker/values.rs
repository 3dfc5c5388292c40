//! What is held, in memory or on disk.

use raskt_core::{Error, Value};
use raskt_sched::TaskRef;
use raskt_store::{SpilledFile, value_bytes};
use rustc_hash::FxHashMap;

/// What is held of a task's value.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// The value; objects of other processes may still be sealed.
    Value(Value),
    /// It exists, but whoever has it cannot send it: who needs it here fails with this.
    Unsendable(Error),
}

impl Content {
    /// What it takes of memory.
    pub fn n_bytes(&self) -> u64 {
        match self {
            Self::Value(value) => value_bytes(value),
            Self::Unsendable(_) => 0,
        }
    }
}

/// Where a value is that somebody asks for.
pub(super) enum Source {
    Memory(Content),
    Disk(SpilledFile),
}

/// A value that is held.
#[derive(Debug)]
pub(super) struct Held {
    /// Tells it from one that had the same reference before: what is late is about that one.
    pub serial: u64,
    /// In memory, if it is.
    pub content: Option<Content>,
    /// On disk, if it is; one that was read back keeps its file, so that it goes again for nothing.
    pub file: Option<SpilledFile>,
}

impl Held {
    /// What is read back of it, or else what it takes of memory.
    pub fn n_bytes(&self) -> u64 {
        let in_memory = || self.content.as_ref().map_or(0, Content::n_bytes);
        self.file.as_ref().map_or_else(in_memory, SpilledFile::size_bytes)
    }

    /// Where it is; in neither place while it is let go of.
    pub fn source(&self) -> Option<Source> {
        let memory = self.content.clone().map(Source::Memory);
        memory.or_else(|| self.file.clone().map(Source::Disk))
    }
}

/// The values that are held.
#[derive(Debug, Default)]
pub(super) struct Values {
    held: FxHashMap<TaskRef, Held>,
    n_ever: u64,
}

impl Values {
    /// Keeps a value; gives it back where there is one already, which is the same.
    pub fn keep(&mut self, of: TaskRef, content: Content) -> Option<Content> {
        if self.held.contains_key(&of) {
            return Some(content);
        }
        self.n_ever += 1;
        self.held.insert(of, Held { serial: self.n_ever, content: Some(content), file: None });
        None
    }

    /// What is held of a value.
    pub fn get(&self, of: TaskRef) -> Option<&Held> {
        self.held.get(&of)
    }

    /// The same, if it is the one that had this number.
    pub fn get_mut(&mut self, of: TaskRef, serial: u64) -> Option<&mut Held> {
        self.held.get_mut(&of).filter(|held| held.serial == serial)
    }

    /// Lets go of a value.
    pub fn remove(&mut self, of: TaskRef) -> Option<Held> {
        self.held.remove(&of)
    }

    /// Lets go of all.
    pub fn take_all(&mut self) -> Vec<Held> {
        std::mem::take(&mut self.held).into_values().collect()
    }
}
