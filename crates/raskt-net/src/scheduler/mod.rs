//! The scheduler, driven over a network.
