//! Random numbers from counter-based streams.
