//! All rules and passes, in the order in which they are tried.

use raskt_expr::Planner;

use super::{broadcast, limit, predicates, projection};
use crate::operations::COLLECTION;

/// Adds the rules and passes of frames.
pub(crate) fn add_to(planner: &mut Planner) {
    planner.add_pass(COLLECTION, projection::Projection);
    planner.add_pass(COLLECTION, broadcast::Broadcast);
    planner.add_pass(COLLECTION, predicates::Predicates);
    planner.add_pass(COLLECTION, limit::Limit);
    planner.add_pass(COLLECTION, crate::fragments::Fragments);
}
