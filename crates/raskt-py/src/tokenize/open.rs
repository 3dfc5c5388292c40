//! Which objects of the walk can be referred to: those being walked, and those of cycles not yet closed.
//!
//! This is the bookkeeping of Tarjan's strongly connected components (SIAM J. Comput. 1, 1972) with numbers that
//! are given back as soon as a component is complete. A reference is encoded as a distance between numbers, so the
//! digest of a complete component does not depend on where it was met.

use pyo3::prelude::*;
use rustc_hash::FxHashMap;

/// From how many open objects on an index pays.
const SCAN_MAX: usize = 24;

/// The open objects, in order of discovery. They are kept alive: an address must not be used again meanwhile.
#[derive(Default)]
pub(super) struct Open<'py> {
    objects: Vec<Bound<'py, PyAny>>,
    index: FxHashMap<usize, usize>,
}

impl<'py> Open<'py> {
    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The number of an open object.
    pub(super) fn find(&self, address: usize) -> Option<usize> {
        if self.objects.len() > SCAN_MAX {
            return self.index.get(&address).copied();
        }
        self.objects.iter().rposition(|object| object.as_ptr() as usize == address)
    }

    /// Opens an object that [`find`](Self::find) did not find, and gives it its number.
    pub(super) fn push(&mut self, object: Bound<'py, PyAny>) -> usize {
        let number = self.objects.len();
        self.objects.push(object);
        if number == SCAN_MAX {
            let addresses = self.objects.iter().enumerate();
            self.index = addresses.map(|(n, object)| (object.as_ptr() as usize, n)).collect();
        } else if number > SCAN_MAX {
            self.index.insert(self.objects[number].as_ptr() as usize, number);
        }
        number
    }

    /// Closes the objects numbered `len` and above.
    pub(super) fn truncate(&mut self, len: usize) {
        if self.objects.len() > SCAN_MAX {
            for object in self.objects.iter().skip(len) {
                self.index.remove(&(object.as_ptr() as usize));
            }
        }
        self.objects.truncate(len);
    }
}
