//! Raskt's chunked arrays: what NumPy's users know, planned without Python and run by native kernels.
//!
//! An array is an [`Expr`](raskt_expr::Expr) of the collection `array`. A [`Builder`] makes them; a
//! [`Planner`](raskt_expr::Planner) that [`operations::planner`] has made simplifies and lowers them. One folder is one
//! family of operations: how they are asked for, what is known of their results, and how they become layers.

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub(crate) mod block_functions;
pub mod blockwise;
pub mod bodies;
pub mod broadcast;
pub mod builder;
pub mod concatenate;
pub mod creation;
pub mod deferred;
pub mod error;
pub mod fusion;
pub mod kernels;
pub mod library;
#[cfg(feature = "linear")]
pub mod linear;
pub mod npy;
pub mod operations;
pub mod overlap;
pub mod parameters;
pub mod products;
pub mod promise;
pub mod random;
pub mod rearrange;
pub mod rechunk;
pub mod reductions;
pub mod reshape;
pub mod results;
pub mod rules;
mod sharing;
pub mod slicing;
pub mod types;
pub mod ufuncs;
pub mod zarr;

pub use builder::{Builder, NativeTokens};
pub use error::{ArrayError, Built};
pub use operations::{COLLECTION, planner};
pub use promise::{Broken, Promise};
pub use raskt_expr::Held;
