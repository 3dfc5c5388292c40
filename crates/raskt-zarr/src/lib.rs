//! zarr arrays in folders, of formats 2 and 3: what their metadata says, and regions of their elements, read and written
//! on the calling thread.
//!
//! A [`Layout`] is an array as its metadata describes it. What it does not know (other codecs, dtypes, grids) is
//! [`raskt_core::ErrorKind::NotImplemented`] when the metadata is read, and left to zarr's Python library by whoever has
//! that. Stores other than folders, and groups, are not known here.

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod blosc;
mod codec;
mod create;
mod fault;
mod file;
mod fill;
mod layout;
mod metadata;
mod pipeline;
mod shard;
mod strided;

pub use create::{Compressor, Creation, create};
pub use layout::{Empty, Layout};
