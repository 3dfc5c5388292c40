//! The logical optimizer: the same values for less work. One file a rule or pass.
//!
//! What depends on who else needs a value is a pass over all expressions at once: what two need is read once.

mod broadcast;
mod estimates;
mod families;
mod limit;
mod predicates;
mod projection;
mod remade;
mod schema;
mod table;

pub use broadcast::BROADCAST;
pub use limit::LIMIT;
pub use predicates::PREDICATES;
pub use projection::PROJECTION;
pub(crate) use table::add_to;
