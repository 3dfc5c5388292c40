//! Kernels that compare elements: sorting, searching, counting, distinct values, quantiles.

mod count;
mod lines;
mod locate;
mod quantile;
mod ranks;
mod sort;
mod unique;

pub(crate) use count::{bincount, histogram, padded_sum};
pub(crate) use locate::{digitize, inverse, isin, searchsorted};
pub(crate) use quantile::quantile;
pub(crate) use sort::{merge, sort};
pub(crate) use unique::unique;
