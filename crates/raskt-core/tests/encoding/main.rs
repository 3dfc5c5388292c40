//! The canonical encoding, seen from outside: golden bytes, round trips, payloads and foreign objects.

mod foreign;
mod golden;
mod round_trips;
mod samples;
mod strategies;
