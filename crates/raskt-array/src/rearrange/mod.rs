//! Elements in other places along axes, by the lengths of these: sorted, rolled, repeated, those of a diagonal, those that are
//! not zero. Where lengths are not known, what is asked for is kept and planned once they are.

mod choose;
mod roll;
mod sort;
mod table;

pub use table::rows;
