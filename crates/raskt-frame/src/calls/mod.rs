//! Frames that users' functions make: of partitions, of arguments, and delayed values that are partitions.

mod table;

pub use table::{CALL, FROM_DELAYED, FROM_MAP, rows};
