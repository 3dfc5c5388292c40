//! Raskt: exec.
