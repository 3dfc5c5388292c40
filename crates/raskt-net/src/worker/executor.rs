//! Threads that run tasks.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use raskt_exec::pool::in_lanes;
use raskt_exec::{Lane, LaneId};

use super::core::Core;
use super::errands::STACK_BYTES;
use super::job::{Done, Ready};

/// How long a thread stays in a lane before it lets others in for a moment.
const STAY: Duration = Duration::from_millis(5);

/// Starts a thread that runs tasks until the worker's end.
///
/// # Errors
/// The operating system's.
pub(super) fn start(core: &Arc<Core>) -> io::Result<()> {
    let shared = Arc::clone(core);
    let main = move || {
        let _ended = Ended(&shared);
        in_lanes(&shared.registry, 0, &mut || serve(&shared));
    };
    let number = core.enter();
    let started = std::thread::Builder::new()
        .name(format!("raskt-worker-{number}"))
        .stack_size(STACK_BYTES)
        .spawn(main);
    if started.is_err() {
        core.leave();
    }
    started.map(drop)
}

/// Counts down whatever ends the thread.
struct Ended<'a>(&'a Core);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

fn serve(core: &Arc<Core>) {
    let mut next: Option<Ready> = None;
    while let Some(ready) = next.take().or_else(|| core.next_job().map(|job| Ready::new(job, &core.registry)))
    {
        let lane = ready.lane();
        match core.registry.lane(lane) {
            None => next = run_in(lane, None, ready, core),
            Some(entry) => {
                let mut first = Some(ready);
                entry.enter(None, &mut || {
                    next = first.take().and_then(|ready| run_in(lane, Some(entry), ready, core));
                });
            }
        }
    }
}

/// Runs a task in its lane, and those after it as long as they are in the same; the next one, if it is in another.
fn run_in(lane: LaneId, entry: Option<&dyn Lane>, first: Ready, core: &Arc<Core>) -> Option<Ready> {
    let (mut ready, mut entered) = (first, Instant::now());
    loop {
        let Done { attempt, outcome, duration } = ready.run(core);
        let next = core.report(attempt, outcome, duration)?;
        ready = Ready::new(next, &core.registry);
        if ready.lane() != lane {
            return Some(ready);
        }
        if let Some(entry) = entry
            && entered.elapsed() >= STAY
        {
            entry.pause();
            entered = Instant::now();
        }
    }
}
