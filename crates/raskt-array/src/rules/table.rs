//! All the rules.

use raskt_expr::Planner;

use crate::operations::COLLECTION;

use super::{slice_elementwise, transpose_twice, view_source};

/// Adds the rules of arrays.
pub(crate) fn add_to(planner: &mut Planner) {
    planner.add_rule(COLLECTION, transpose_twice::TransposeTwice);
    planner.add_rule(COLLECTION, slice_elementwise::SliceElementwise);
    planner.add_rule(COLLECTION, view_source::ViewSource);
}
