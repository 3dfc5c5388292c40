//! Operations that need sizes which are not known yet: they are planned once the sizes have been found out.

mod bounds;
mod growth;
mod later;
mod origin;
mod table;

pub use bounds::length_max;
pub use growth::{FIRST, GIVEN, GROW, SHAPE, Sized, grown, sized};
pub use later::{PromisedAxis, elementwise, fitted, given, is_like, later, planned};
pub use origin::origin;
pub use table::{BOUNDS, DEFERRED, RECIPE, rows};
