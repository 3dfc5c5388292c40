//! Layered layout. Inside, layers grow downwards (`y`) whatever the picture's direction; the last step turns
//! the result.

mod acyclic;
mod crossings;
mod geometry;
mod layers;
mod ordering;
mod pack;
mod place;
mod position;
mod proper;
mod relax;
mod route;
mod size;

pub(crate) use acyclic::acyclic_links;
pub use geometry::{Curve, Point, Segment};
pub(crate) use layers::assign_layers;
pub use place::{Layout, PlacedEdge, PlacedNode, lay_out};
pub(crate) use size::Outline;
