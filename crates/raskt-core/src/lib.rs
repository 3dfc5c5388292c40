//! Raskt: core.
