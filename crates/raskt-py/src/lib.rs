//! Raskt py.
