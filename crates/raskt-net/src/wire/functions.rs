//! Users' functions that came over a connection, by what they contain.

use raskt_core::encode::Functions;
use raskt_core::{Function, FunctionId};
use rustc_hash::FxHashMap;

/// Users' functions that came over a connection.
#[derive(Debug, Default)]
pub struct KnownFunctions(FxHashMap<FunctionId, Function>);

impl KnownFunctions {
    /// A function that came.
    pub fn add(&mut self, function: Function) {
        self.0.insert(*function.id(), function);
    }

    /// Functions that messages do not name any more, unless they come again.
    pub fn forget(&mut self, ids: &[FunctionId]) {
        ids.iter().for_each(|id| drop(self.0.remove(id)));
    }
}

impl Functions for KnownFunctions {
    fn find(&self, id: &FunctionId) -> Option<Function> {
        self.0.get(id).cloned()
    }
}
