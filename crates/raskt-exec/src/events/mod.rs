//! What happened lately, always on: a bounded ring of records a thread, for dashboards, reports and profilers.
//!
//! Threads that run tasks write records into rings of their own, without a lock and without waiting for readers. A
//! [`Reader`] copies what is new since its last look, and learns how many records were overwritten before it came.
//!
//! A task that takes longer than a few microseconds has a record of its own. Shorter ones are recorded by the batch: reading
//! the clock around each would cost more than a percent of them. Their numbers are exact, their times are a share of the
//! batch's.

mod gauge;
mod names;
mod reader;
mod recorder;
mod ring;
mod rings;

pub use gauge::{Gauge, GaugeState, RunTasks, gauges};
pub use names::NameId;
pub use reader::{Event, Lane, LaneInfo, Reader, Running, lanes, running};
pub(crate) use recorder::Recorder;
pub use recorder::note_elsewhere;
pub(crate) use recorder::{name_of_task, note, note_span};
pub use ring::{EventKind, Record, Ring};
pub use rings::{now_ns, since_epoch_ns};
