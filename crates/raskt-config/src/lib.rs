//! Raskt: config.
