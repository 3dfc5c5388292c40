//! Raskt: graph.
