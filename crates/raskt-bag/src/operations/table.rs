//! The collection as planners know it.

use std::sync::Arc;

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Meta, MetaRule, Operation, Planner};
use raskt_graph::Body;

use super::join::JoinSteps;
use super::lower::BagLowering;

/// The collection's name.
pub const COLLECTION: &str = "bag";

/// Partitions that the first step makes of what is there for each of them.
pub(super) const SOURCE: &str = "source";
/// Partitions that the first step makes of another bag's, one of each.
pub(super) const STEPS: &str = "steps";
/// One value made of all partitions, by a tree.
pub(super) const REDUCED: &str = "reduced";
/// One partition.
pub(super) const PARTITION: &str = "partition";

/// What runs the functions of a language that this crate does not know. `annotations` are what was said of the tasks, null
/// for nothing: tasks with annotations are not fused with others.
pub trait Functions: Send + Sync {
    /// What runs `steps` one after the other on the partition that a task reads.
    ///
    /// # Errors
    /// What naming the functions raises.
    fn chain(&self, steps: &[Param], annotations: &Param) -> Result<Body>;

    /// What runs `steps` for each partition of a source: the first of them on what `inputs` has for the partition.
    ///
    /// # Errors
    /// As [`Functions::chain`].
    fn sources(&self, steps: &[Param], inputs: &Param, annotations: &Param) -> Result<Vec<Body>>;

    /// What calls `function` with the list of all that a task reads.
    ///
    /// # Errors
    /// As [`Functions::chain`].
    fn of_list(&self, function: &Param, annotations: &Param) -> Result<Body>;
}

/// Adds the collection to `planner`.
///
/// # Errors
/// [`raskt_core::ErrorKind::KeyClash`] where it is there already.
pub fn add_to(planner: &mut Planner, functions: Arc<dyn Functions>) -> Result<()> {
    for (name, arity) in [(SOURCE, 0), (STEPS, 1), (REDUCED, 1), (PARTITION, 1)] {
        let operation = Operation {
            name: name.into(),
            arity: Arity::Exactly(arity),
            meta: MetaRule::Native(|_, _| Ok(Meta::unknown("bag"))),
            kernel: None,
            library: None,
        };
        planner.operations.add(COLLECTION, operation)?;
    }
    planner.add_pass(COLLECTION, JoinSteps);
    planner.add_lowering(COLLECTION, BagLowering { functions })
}
