//! Operations that need sizes which are not known yet: they are planned once the sizes have been found out.

mod bounds;
mod find;
mod origin;
mod table;

pub use bounds::length_max;
pub use find::{innermost, is_deferred};
pub use origin::origin;
pub use table::{BOUNDS, DEFERRED, RECIPE, rows};
