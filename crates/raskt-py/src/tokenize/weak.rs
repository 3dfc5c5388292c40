//! A map from objects to facts about them which does not keep the objects alive.

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use rustc_hash::FxHashMap;

/// When a map has this many entries it starts anew; a program has fewer functions than that.
const ENTRIES_MAX: usize = 16_384;

/// Facts by the address of the object, valid while a weak reference still leads to that object.
pub(super) struct WeakMap<T>(Mutex<FxHashMap<usize, (Py<PyWeakrefReference>, T)>>);

impl<T: Clone> WeakMap<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(FxHashMap::with_hasher(rustc_hash::FxBuildHasher)))
    }

    /// What is known of `object`.
    pub(super) fn get(&self, object: &Bound<'_, PyAny>) -> Option<T> {
        let map = self.0.lock();
        let (reference, fact) = map.get(&(object.as_ptr() as usize))?;
        let alive = reference.bind(object.py()).upgrade()?;
        alive.is(object).then(|| fact.clone())
    }

    /// Remembers `fact` for as long as `object` lives; objects without weak references are not remembered.
    pub(super) fn insert(&self, object: &Bound<'_, PyAny>, fact: T) {
        let Ok(reference) = PyWeakrefReference::new(object) else { return };
        let mut map = self.0.lock();
        let full = if map.len() >= ENTRIES_MAX { std::mem::take(&mut *map) } else { FxHashMap::default() };
        let old = map.insert(object.as_ptr() as usize, (reference.unbind(), fact));
        drop(map);
        drop((full, old));
    }
}
