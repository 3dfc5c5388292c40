//! Raskt: store.
