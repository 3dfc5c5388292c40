//! What is kept under paths until something else is: metadata.

use std::collections::BTreeMap;
use std::sync::Arc;

use raskt_core::Name;

/// Bytes under paths; a path that has some is not a place for others.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    entries: BTreeMap<Vec<Name>, Arc<[u8]>>,
}

impl Metadata {
    /// Keeps bytes under a path, in place of all below it.
    ///
    /// # Errors
    /// A path above, where something is kept.
    pub fn set(&mut self, path: Vec<Name>, bytes: Arc<[u8]>) -> Result<(), Vec<Name>> {
        let above = (0..path.len()).find(|&n| self.entries.contains_key(&path[..n]));
        if let Some(n) = above {
            return Err(path[..n].to_vec());
        }
        for (old, _) in self.below(&path) {
            self.entries.remove(&old);
        }
        self.entries.insert(path, bytes);
        Ok(())
    }

    /// All at a path and below it; or what is kept above it, of which it may be a part.
    pub fn get(&self, path: &[Name]) -> Vec<(Vec<Name>, Arc<[u8]>)> {
        let above = (0..path.len()).find_map(|n| self.entries.get_key_value(&path[..n]));
        match above {
            Some((path, bytes)) => vec![(path.clone(), Arc::clone(bytes))],
            None => self.below(path),
        }
    }

    fn below(&self, path: &[Name]) -> Vec<(Vec<Name>, Arc<[u8]>)> {
        let from = self.entries.range(path.to_vec()..);
        from.take_while(|(other, _)| other.starts_with(path))
            .map(|(path, bytes)| (path.clone(), Arc::clone(bytes)))
            .collect()
    }
}
