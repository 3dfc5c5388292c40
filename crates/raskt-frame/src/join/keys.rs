//! The keys of the two sides of a merge.

use arrow::array::ArrayRef;
use arrow::compute;
use arrow::datatypes::DataType;
use raskt_core::{ErrorKind, Result};

use super::plan::Plan;
use crate::table::failed;
use crate::{PandasType, Table};

/// The keys of both sides, as they are compared.
pub struct Keys {
    /// Of the left.
    pub left: Vec<(ArrayRef, PandasType)>,
    /// Of the right.
    pub right: Vec<(ArrayRef, PandasType)>,
}

impl Keys {
    /// The keys by which `plan` merges two tables.
    ///
    /// # Errors
    /// [`ErrorKind::NotImplemented`] where pandas compares them.
    pub fn new(plan: &Plan, left: &Table, right: &Table) -> Result<Self> {
        let mut keys = Self { left: Vec::new(), right: Vec::new() };
        for pair in &plan.pairs {
            let unplanned = || ErrorKind::NotImplemented("keys that pandas compares".to_owned());
            let compared = pair.compared.clone().ok_or_else(unplanned)?;
            let storage = compared.storage().ok_or_else(unplanned)?;
            keys.left.push((cast(&pair.left.of(left)?.0, &storage)?, compared.clone()));
            keys.right.push((cast(&pair.right.of(right)?.0, &storage)?, compared));
        }
        Ok(keys)
    }

    /// The left's, then the right's, of each pair.
    ///
    /// # Errors
    /// Those of Arrow.
    pub fn both(&self) -> Result<Vec<(ArrayRef, PandasType)>> {
        (0..self.left.len()).map(|at| Ok((self.both_of(at)?, self.left[at].1.clone()))).collect()
    }

    /// The left's, then the right's, of one pair.
    ///
    /// # Errors
    /// Those of Arrow.
    pub fn both_of(&self, at: usize) -> Result<ArrayRef> {
        compute::concat(&[self.left[at].0.as_ref(), self.right[at].0.as_ref()]).map_err(failed)
    }
}

/// The array as `storage`.
pub(super) fn cast(array: &ArrayRef, storage: &DataType) -> Result<ArrayRef> {
    match array.data_type() == storage {
        true => Ok(ArrayRef::clone(array)),
        false => compute::cast(array, storage).map_err(failed),
    }
}
