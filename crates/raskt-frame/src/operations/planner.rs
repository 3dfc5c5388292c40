//! The collection as planners know it, and its kernels as executors do.

use std::sync::{Arc, LazyLock};

use raskt_core::{ErrorKind, Result};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_expr::operation::NativeKernel;
use raskt_expr::{Expr, Library, MetaRule, Operation, Planner};
use rustc_hash::FxHashMap;

use super::lowering::FrameLowering;
use super::row::{Row, kernel_name};

/// The collection's name.
pub const COLLECTION: &str = "frame";

/// Every operation.
#[must_use]
pub fn rows() -> Vec<Row> {
    let families = [
        crate::source::rows(),
        crate::rowwise::rows(),
        crate::reductions::rows(),
        crate::groupby::rows(),
        crate::join::rows(),
        crate::rows::rows(),
        crate::sort::rows(),
        crate::partition::rows(),
        crate::fragments::rows(),
        crate::calls::rows(),
        crate::sink::rows(),
        crate::results::rows(),
        crate::windows::rows(),
    ];
    families.into_iter().flatten().collect()
}

/// The row of an operation, by its name.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    static ROWS: LazyLock<FxHashMap<&'static str, Row>> =
        LazyLock::new(|| rows().into_iter().map(|row| (row.name, row)).collect());
    ROWS.get(name)
}

/// The row of the operation that `expr` is.
///
/// # Errors
/// [`ErrorKind::UnknownBody`] for one that there is not.
pub(crate) fn row_of(expr: &Expr) -> Result<&'static Row> {
    let unknown = || ErrorKind::UnknownBody(format!("{COLLECTION}.{}", expr.operation())).into();
    row(expr.operation().as_str()).ok_or_else(unknown)
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
    for row in rows() {
        // Which way is taken depends on parameters too; lowering asks the row.
        let kernel = NativeKernel { name: kernel_name(row.name), accepts: |_| true };
        let operation = Operation {
            name: row.name.into(),
            arity: row.arity,
            meta: MetaRule::Preferred(row.meta),
            kernel: Some(kernel),
            library: row.library.map(Into::into),
        };
        planner.operations.add(COLLECTION, operation)?;
    }
    crate::rules::add_to(planner);
    planner.add_lowering(COLLECTION, FrameLowering)
}

/// Adds the native kernels to `registry`.
///
/// # Errors
/// [`raskt_core::ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    for row in rows() {
        if let Some(kernel) = row.kernel {
            let run = move |call: &mut Call<'_>| kernel(call).map(Outcome::Value);
            registry.add_kernel(kernel_name(row.name).as_str(), Arc::new(run))?;
        }
    }
    crate::reductions::register(registry)?;
    crate::groupby::register(registry)?;
    crate::rows::register(registry)?;
    crate::sort::register(registry)?;
    crate::exchange::register(registry)?;
    crate::windows::register(registry)?;
    crate::fragments::register(registry)
}

#[cfg(test)]
mod tests {
    use raskt_expr::NoLibrary;

    use super::*;

    #[test]
    fn every_operation_has_one_row_and_every_kernel_one_name() {
        assert!(planner(Arc::new(NoLibrary)).is_ok());
        assert!(register(&mut BodyRegistry::default()).is_ok());
    }
}
