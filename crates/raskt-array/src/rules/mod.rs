//! Rules: the same values for less work. One file a rule.

mod slice_elementwise;
mod transpose_twice;
mod view_source;

use raskt_expr::Planner;

use crate::operations::COLLECTION;

/// Adds the rules of arrays.
pub(crate) fn add_to(planner: &mut Planner) {
    planner.add_rule(COLLECTION, transpose_twice::TransposeTwice);
    planner.add_rule(COLLECTION, slice_elementwise::SliceElementwise);
    planner.add_rule(COLLECTION, view_source::ViewSource);
}
