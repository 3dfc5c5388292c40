//! Names of tasks as numbers: a record has room for no text.

use std::sync::Arc;

use raskt_core::{Fit, ProcessLock};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// The most names; what is called otherwise is told of as "other".
const N_NAMES_MAX: usize = 1 << 16;
/// Names longer than this are cut off.
const N_CHARS_MAX: usize = 120;

/// The number of a name of tasks, in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub(crate) u32);

struct Names {
    names: Vec<Arc<str>>,
    ids: FxHashMap<Arc<str>, NameId>,
    /// Of users' functions, by their family.
    families: FxHashMap<u64, NameId>,
}

static NAMES: ProcessLock<Names> = ProcessLock::new(Names {
    names: Vec::new(),
    ids: FxHashMap::with_hasher(FxBuildHasher),
    families: FxHashMap::with_hasher(FxBuildHasher),
});

impl Names {
    fn id(&mut self, name: &str) -> NameId {
        let end = name.char_indices().nth(N_CHARS_MAX).map_or(name.len(), |(at, _)| at);
        let name = &name[..end];
        if let Some(&known) = self.ids.get(name) {
            return known;
        }
        let name: Arc<str> = if self.names.len() < N_NAMES_MAX { name.into() } else { "other".into() };
        if let Some(&known) = self.ids.get(&name) {
            return known;
        }
        let id = NameId(self.names.len().fit::<u32>());
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, id);
        id
    }
}

impl NameId {
    /// The number of `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        NAMES.lock().id(name)
    }

    /// The number of the name of a family of users' functions, which `name` gives where it is not known yet.
    pub(super) fn of_family(family: u64, name: impl FnOnce() -> Arc<str>) -> Self {
        if let Some(&known) = NAMES.lock().families.get(&family) {
            return known;
        }
        // Outside of the lock: it may be asked for in the function's runtime.
        let name = name();
        let mut names = NAMES.lock();
        let id = names.id(&name);
        // Functions come and go, and each has a number of its own.
        if names.families.len() >= N_NAMES_MAX {
            names.families.clear();
        }
        names.families.insert(family, id);
        id
    }

    /// The name.
    #[must_use]
    pub fn name(self) -> Arc<str> {
        NAMES.lock().names.get(self.0 as usize).cloned().unwrap_or_else(|| "other".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_and_a_family_keeps_its_name() {
        let id = NameId::of("a name of a test");
        assert_eq!(NameId::of("a name of a test"), id);
        assert_eq!(&*id.name(), "a name of a test");
        let of_family = NameId::of_family(u64::MAX, || "a name of a test".into());
        assert_eq!(of_family, id);
        assert_eq!(NameId::of_family(u64::MAX, || "not asked for".into()), id);
        assert_eq!(NameId::of(&"é".repeat(500)).name().chars().count(), N_CHARS_MAX);
    }
}
