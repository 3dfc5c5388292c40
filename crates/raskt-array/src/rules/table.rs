//! All the rules.

use raskt_expr::Planner;

use crate::operations::COLLECTION;

use super::{
    constant_elementwise, constant_moved, constant_reduction, identity, product_order, rechunk_source,
    reduce_cast, reduce_rechunk, reduce_transpose, reduce_twice, slice_blockwise, slice_broadcast,
    slice_elementwise, slice_joined, slice_nothing, slice_rechunk, slice_reduction, slice_reshape,
    slice_slice, slice_source, slice_transpose, transpose_twice, view_source,
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
    planner.add_rule(COLLECTION, constant_moved::ConstantMoved);
    planner.add_rule(COLLECTION, constant_elementwise::ConstantElementwise);
    planner.add_rule(COLLECTION, constant_reduction::ConstantReduction);
    planner.add_rule(COLLECTION, identity::Identity);
    planner.add_rule(COLLECTION, rechunk_source::RechunkSource);
    planner.add_rule(COLLECTION, reduce_transpose::ReduceTranspose);
    planner.add_rule(COLLECTION, reduce_rechunk::ReduceRechunk);
    planner.add_rule(COLLECTION, reduce_cast::ReduceCast);
    planner.add_rule(COLLECTION, reduce_twice::ReduceTwice);
    planner.add_rule(COLLECTION, product_order::ProductOrder);
}
