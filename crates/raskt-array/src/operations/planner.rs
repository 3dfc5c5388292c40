//! The collection as planners know it.

use std::sync::Arc;

use raskt_core::Result;
use raskt_expr::operation::NativeKernel;
use raskt_expr::{Library, MetaRule, Operation, Planner};

use super::lowering::ArrayLowering;
use super::row::Row;

/// The collection's name.
pub const COLLECTION: &str = "array";

/// Every operation.
#[must_use]
pub fn rows() -> Vec<Row> {
    let families = [
        crate::creation::rows(),
        crate::ufuncs::rows(),
        crate::blockwise::rows(),
        crate::products::rows(),
        crate::reductions::rows(),
        crate::slicing::rows(),
        crate::rearrange::rows(),
        crate::rechunk::rows(),
        crate::reshape::rows(),
        crate::concatenate::rows(),
        crate::overlap::rows(),
        crate::fusion::rows(),
        crate::deferred::rows(),
        crate::results::rows(),
        crate::npy::rows(),
        crate::zarr::rows(),
    ];
    families.into_iter().flatten().collect()
}

/// A planner that knows this collection.
///
/// # Errors
/// None in practice: names are there once.
pub fn planner(library: Arc<dyn Library>) -> Result<Planner> {
    let mut planner = Planner::new(library);
    add_to(&mut planner)?;
    Ok(planner)
}

/// Adds the collection to `planner`.
///
/// # Errors
/// [`raskt_core::ErrorKind::KeyClash`] where it is there already.
pub fn add_to(planner: &mut Planner) -> Result<()> {
    let rows = rows();
    for row in &rows {
        let kernel = row.kernel.map(|(name, accepts)| NativeKernel { name: name.into(), accepts });
        let operation = Operation {
            name: row.name.into(),
            arity: row.arity,
            meta: MetaRule::Native(row.meta),
            kernel,
            library: row.library.map(Into::into),
        };
        planner.operations.add(COLLECTION, operation)?;
    }
    crate::rules::add_to(planner);
    planner.add_sharing(crate::sharing::ArraySharing);
    planner.add_pass(COLLECTION, crate::fusion::Fuse);
    planner.add_lowering(COLLECTION, ArrayLowering::new(&rows))
}

#[cfg(test)]
mod tests {
    use raskt_expr::NoLibrary;

    use super::*;

    #[test]
    fn every_operation_has_one_row() {
        assert!(planner(Arc::new(NoLibrary)).is_ok());
    }
}
