//! Raskt: cli.
