//! One order for a whole graph, chosen so that memory is released early.
//!
//! Whoever runs a graph starts ready tasks by ascending rank in this order. It is the order's business to keep few
//! values alive; whether they fit into memory is decided by admission at run time.
//!
//! Minimising the peak of live values is NP-hard (Sethi 1975), so [`order`] is a contest of cheap heuristics: each of
//! them simulates the run of the graph, which counts the live values as it goes, and the lowest peak wins. All of them
//! share the rules of the simulation (`simulation`), and differ in which task they aim for next (`strategies`) and which of
//! its inputs they fetch first (`need`). ADR 3 records the alternatives and the figures.

mod contest;
mod need;
mod search;
mod simulation;
mod strategies;
mod weights;

pub use search::{order, order_in_parts, order_once, ranks};
