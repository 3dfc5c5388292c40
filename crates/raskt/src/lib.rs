//! Raskt.
