//! All the rules.

use raskt_expr::Planner;

use crate::operations::COLLECTION;

use super::{
    slice_blockwise, slice_broadcast, slice_elementwise, slice_joined, slice_nothing, slice_rechunk,
    slice_reduction, slice_reshape, slice_slice, slice_source, slice_transpose, transpose_twice, view_source,
};

/// Adds the rules of arrays.
pub(crate) fn add_to(planner: &mut Planner) {
    planner.add_rule(COLLECTION, transpose_twice::TransposeTwice);
    planner.add_rule(COLLECTION, slice_nothing::SliceNothing);
    planner.add_rule(COLLECTION, slice_slice::SliceSlice);
    planner.add_rule(COLLECTION, slice_elementwise::SliceElementwise);
    planner.add_rule(COLLECTION, slice_transpose::SliceTranspose);
    planner.add_rule(COLLECTION, slice_broadcast::SliceBroadcast);
    planner.add_rule(COLLECTION, slice_reduction::SliceReduction);
    planner.add_rule(COLLECTION, slice_joined::SliceJoined);
    planner.add_rule(COLLECTION, slice_rechunk::SliceRechunk);
    planner.add_rule(COLLECTION, slice_reshape::SliceReshape);
    planner.add_rule(COLLECTION, slice_blockwise::SliceBlockwise);
    planner.add_rule(COLLECTION, slice_source::SliceSource);
    planner.add_rule(COLLECTION, view_source::ViewSource);
}
