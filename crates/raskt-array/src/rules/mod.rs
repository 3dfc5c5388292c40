//! Rules: the same values for less work. One file a rule.

mod constant_elementwise;
mod constant_moved;
mod constant_reduction;
mod identity;
mod product_order;
mod rechunk_source;
mod reduce_cast;
mod reduce_rechunk;
mod reduce_transpose;
mod reduce_twice;
mod slice_blockwise;
mod slice_broadcast;
mod slice_elementwise;
mod slice_joined;
mod slice_nothing;
mod slice_rechunk;
mod slice_reduction;
mod slice_reshape;
mod slice_slice;
mod slice_source;
mod slice_transpose;
mod sliced;
mod table;
mod transpose_twice;
mod view_source;
pub(crate) use table::add_to;
