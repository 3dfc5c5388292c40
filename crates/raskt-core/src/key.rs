//! Keys: what a value is called. An interned name, a block index, and which output of the task.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

use crate::process_lock::ProcessLock;

/// The index of a block in a collection's grid; a number per axis, none for a lone value.
pub type Block = SmallVec<[u32; 4]>;

/// An interned string: equal names share one allocation, so that comparing two is comparing two pointers.
///
/// The interner holds names weakly: one that nobody uses any more leaves no trace.
///
/// ```
/// use raskt_core::Name;
/// assert_eq!(Name::new("x"), Name::new("x"));
/// assert_eq!(Name::new("x").as_str(), "x");
/// ```
#[derive(Clone)]
pub struct Name(Arc<str>);

/// The weak table behind [`Name`], swept when it has doubled since the last sweep.
struct Interner {
    names: FxHashMap<u64, SmallVec<[Weak<str>; 1]>>,
    sweep_at: usize,
}

static INTERNER: ProcessLock<Interner> =
    ProcessLock::new(Interner { names: FxHashMap::with_hasher(FxBuildHasher), sweep_at: 1024 });

fn hash_text(text: &str) -> u64 {
    use std::hash::BuildHasher;
    FxBuildHasher.hash_one(text)
}

impl Name {
    /// The interned form of `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut interner = INTERNER.lock();
        if interner.names.len() >= interner.sweep_at {
            interner.names.retain(|_, bucket| {
                bucket.retain(|weak| weak.strong_count() > 0);
                !bucket.is_empty()
            });
            interner.sweep_at = (interner.names.len() * 2).max(1024);
        }
        let bucket = interner.names.entry(hash_text(text)).or_default();
        bucket.retain(|weak| weak.strong_count() > 0);
        if let Some(found) = bucket.iter().filter_map(Weak::upgrade).find(|name| **name == *text) {
            return Self(found);
        }
        let fresh: Arc<str> = Arc::from(text);
        bucket.push(Arc::downgrade(&fresh));
        Self(fresh)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.0).cast::<u8>() as usize).hash(state);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// What one value of a graph is called.
///
/// ```
/// use raskt_core::Key;
/// assert_eq!(Key::named("total").to_string(), "total");
/// assert_eq!(Key::block("x", &[0, 3]).to_string(), "('x', 0, 3)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Key {
    /// The name that the blocks of one collection, or the outputs of one task, share.
    pub name: Name,
    /// Which block; empty for a lone value.
    pub block: Block,
    /// Which output of a task with several; 0 for the first or only one.
    pub output: u16,
}

impl Key {
    /// The key of a lone value.
    #[must_use]
    pub fn named(name: impl Into<Name>) -> Self {
        Self { name: name.into(), block: Block::new(), output: 0 }
    }

    /// The key of a block.
    #[must_use]
    pub fn block(name: impl Into<Name>, block: &[u32]) -> Self {
        Self { name: name.into(), block: Block::from_slice(block), output: 0 }
    }

    /// The same key for another output of its task.
    #[must_use]
    pub fn with_output(mut self, output: u16) -> Self {
        self.output = output;
        self
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.block.is_empty() {
            write!(f, "{}", self.name)?;
        } else {
            write!(f, "('{}'", self.name)?;
            for index in &self.block {
                write!(f, ", {index}")?;
            }
            f.write_str(")")?;
        }
        if self.output > 0 {
            write!(f, "#{}", self.output)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_share_one_allocation() {
        let (a, b) = (Name::new("shared"), Name::new("shared"));
        assert!(Arc::ptr_eq(&a.0, &b.0));
        assert_ne!(a, Name::new("other"));
    }

    #[cfg_attr(miri, ignore = "takes minutes: it makes ten thousand names")]
    #[test]
    fn names_without_users_are_swept() {
        let before = INTERNER.lock().names.len();
        for i in 0..10_000 {
            let _ = Name::new(&format!("swept-{i}"));
        }
        assert!(INTERNER.lock().names.len() < before + 5_000);
    }

    #[test]
    fn outputs_of_one_task_have_different_keys() {
        let key = Key::named("divmod");
        assert_ne!(key.clone(), key.clone().with_output(1));
        assert_eq!(key.with_output(1).to_string(), "divmod#1");
    }
}
