//! Raskt: draw.
