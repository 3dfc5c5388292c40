//! Raskt: expr.
