//! Raskt: local.
