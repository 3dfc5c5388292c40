//! Lanes: how a body enters its runtime.

use std::any::Any;
use std::sync::Arc;

/// Which lane a task runs in. Lane 0 is native: there is nothing to enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneId(pub u8);

/// The lane of native bodies.
pub const NATIVE: LaneId = LaneId(0);

/// Of a run whose tasks are shipped: the lane of all that runs in another process.
pub const ELSEWHERE: LaneId = LaneId(1);

/// What a computation brings along for its foreign tasks: context variables, the active configuration.
/// Made by the runtime that reads it.
pub type Surroundings = Arc<dyn Any + Send + Sync>;

/// Entry to a runtime that not everybody may be in at once, such as Python's under its global lock.
pub trait Lane: Send + Sync {
    /// Runs `main`, the whole life of a pool thread, in a way that makes entering cheap.
    fn thread(&self, main: &mut dyn FnMut());

    /// Runs `work` inside, once. The pool puts many short tasks into one `work`.
    fn enter(&self, surroundings: Option<&Surroundings>, work: &mut dyn FnMut());

    /// Called inside, between tasks, when the stay has become long: lets others in for a moment.
    fn pause(&self);
}
