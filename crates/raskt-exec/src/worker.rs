//! What a worker does with a run: choose a lane, enter it, run tasks there until none is left, come out. After a long task
//! it also comes out where the first task in the order waits in another lane.
//!
//! A lane like Python's lets one thread in at a time, so a second worker joins only when that can help: when
//! nobody is inside, when those inside finish nothing (a task sleeps, or computes outside the lock), or when
//! tasks take so long that handing over costs nothing beside them. While tiny tasks run, the others stay out. The
//! same holds for batches of native tasks that are shorter than the time each holds the run's lock: there, workers would
//! only contend for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use raskt_core::{Fit, Value};

use crate::context::CancelHere;
use crate::events::Recorder;
use crate::job::Report;
use crate::lane::{LaneId, NATIVE};
use crate::parking::Parking;
use crate::run::{Run, Work};
use crate::sync::Ordering;

/// Tasks shorter than this are taken in growing batches.
const SHORT: Duration = Duration::from_micros(4);
/// Tasks longer than this are taken one by one, and a lane is worth sharing.
const LONG: Duration = Duration::from_micros(50);
/// Native tasks shorter than this, at least [`N_CONTENDED`] of them in one batch, make workers contend for the lock.
const TINY: Duration = Duration::from_nanos(400);
const N_CONTENDED: usize = if cfg!(feature = "shuttle") { 2 } else { 32 };
/// How long a lane must have finished nothing before a spare worker joins it, and how often it looks.
pub const STALL: Duration = Duration::from_micros(200);
/// How long a worker stays in a lane before it lets others in for a moment.
const STAY: Duration = Duration::from_millis(5);

/// What came of [`drive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// Something was done; there may be more.
    Worked,
    /// Nothing to do until the run's waker is told.
    Idle,
    /// There is work in a lane that is busy: look again after [`STALL`].
    Standby,
    /// The run is over.
    Over,
}

/// What a worker remembers of the runs between two looks: when a lane last made progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Probe {
    ticks: u64,
    since: Option<Instant>,
}

/// Lets `worker` do what there is to do for `run` at this moment.
pub fn drive(run: &Run, worker: usize, probe: &mut Probe) -> Drive {
    if run.is_over() {
        return Drive::Over;
    }
    if run.order() {
        return Drive::Worked;
    }
    let mut kept_out = false;
    let lane = {
        let mut allowed = |lane: LaneId| {
            let ok = may_join(run, lane, probe);
            kept_out |= !ok;
            ok
        };
        let allowed = std::cell::RefCell::new(&mut allowed);
        run.first_lane(|lane| (*allowed.borrow_mut())(lane)).or_else(|| {
            let waiting = run.local_queues.iter().filter_map(|queue| queue.waiting_lane());
            waiting.into_iter().find(|&lane| (*allowed.borrow_mut())(lane))
        })
    };
    let Some(lane) = lane else {
        return if kept_out { Drive::Standby } else { Drive::Idle };
    };
    *probe = Probe::default();
    run.n_in_lane[lane.0 as usize].fetch_add(1, Ordering::AcqRel);
    let mut worked = false;
    match run.registry().lane(lane) {
        None => worked = work(run, worker, NATIVE),
        Some(entry) => {
            entry.enter(run.options().surroundings.as_ref(), &mut || worked = work(run, worker, lane));
        }
    }
    run.n_in_lane[lane.0 as usize].fetch_sub(1, Ordering::AcqRel);
    if worked { Drive::Worked } else { Drive::Idle }
}

/// Makes the calling thread `worker` of `run` until that is over. Every thread that serves the run this way
/// shares `parking`, which is the run's waker.
pub fn serve(run: &Run, worker: usize, parking: &Parking) {
    let mut probe = Probe::default();
    loop {
        let epoch = parking.epoch();
        match drive(run, worker, &mut probe) {
            Drive::Over => return,
            Drive::Worked => {}
            Drive::Standby => parking.sleep(epoch, Some(STALL)),
            Drive::Idle => parking.sleep(epoch, None),
        }
    }
}

/// Whether one more worker in `lane` would help.
fn may_join(run: &Run, lane: LaneId, probe: &mut Probe) -> bool {
    if !run.is_crowded(lane) {
        return true;
    }
    let ticks = run.local_queues.iter().map(|queue| queue.ticks()).sum();
    match probe.since {
        Some(since) if probe.ticks == ticks => since.elapsed() >= STALL || cfg!(feature = "shuttle"),
        _ => {
            *probe = Probe { ticks, since: Some(Instant::now()) };
            false
        }
    }
}

/// Runs tasks of `lane` until there is none left; whether there was any.
fn work(run: &Run, worker: usize, lane: LaneId) -> bool {
    let queue = &run.local_queues[worker];
    let cancel = CancelHere::set(run.cancel_token());
    let (mut reports, mut garbage) = (Vec::<Report>::new(), Vec::<Value>::new());
    let mut worked = false;
    let mut recorder = Recorder::new(run, worker);
    let mut entered = Instant::now();
    let mut n_elsewhere = ticks_elsewhere(run, worker);
    loop {
        match run.refill(worker, lane, &mut reports, &mut garbage) {
            Work::Jobs => {}
            Work::Spill(job) => {
                garbage.clear();
                run.make_room(Some(job));
            }
            Work::Nothing => {
                garbage.clear();
                if run.is_over() {
                    // Jobs that nobody will run: their values go while this worker is in their lane.
                    drop(queue.clear());
                    return worked;
                }
                if !steal(run, worker, lane) {
                    return worked;
                }
            }
        }
        garbage.clear();
        worked = true;
        let begun = Instant::now();
        recorder.begin_batch(begun);
        let n_threads = run.threads_per_task();
        while !run.cancel_token().is_cancelled()
            && let Some(job) = queue.next()
        {
            reports.push(run.execute_recorded(job, worker, n_threads, &mut recorder));
            queue.tick();
        }
        // A cancellation ends the loop with a job that is finished still noted as the current one.
        queue.note(None);
        let ended = Instant::now();
        recorder.end_batch(ended);
        if cancel.is_outer_cancelled() {
            run.cancel();
        }
        if !reports.is_empty() {
            adapt(run, lane, ended - begun, reports.len());
        }
        let is_one_too_many = lane == NATIVE && is_one_too_many(run, worker, &mut n_elsewhere);
        let is_long = cfg!(feature = "shuttle") || ended - begun > LONG * reports.len().max(1).fit::<u32>();
        if is_one_too_many || is_long {
            let work = run.exchange(lane, 0, &mut reports, &mut VecDeque::new(), &mut garbage);
            if let Work::Spill(job) = work {
                run.make_room(Some(job));
            }
            garbage.clear();
            // Where the first task in the order waits in another lane, going on in this one would make values faster than
            // they are used up.
            if is_one_too_many || run.first_lane(|_| true).is_some_and(|first| first != lane) {
                return true;
            }
        }
        if lane != NATIVE && entered.elapsed() >= STAY {
            if let Some(entry) = run.registry().lane(lane) {
                entry.pause();
            }
            entered = Instant::now();
        }
    }
}

/// Whether workers contend for the lock and another one makes progress in the native lane, so that this one should
/// leave. If two leave at once, they find the lane empty, and one comes back.
fn is_one_too_many(run: &Run, worker: usize, n_elsewhere: &mut u64) -> bool {
    if run.is_contended.load(Ordering::Relaxed) == 0
        || run.n_in_lane[NATIVE.0 as usize].load(Ordering::Acquire) < 2
    {
        return false;
    }
    let before = std::mem::replace(n_elsewhere, ticks_elsewhere(run, worker));
    *n_elsewhere != before
}

/// How many jobs the other workers have finished.
fn ticks_elsewhere(run: &Run, worker: usize) -> u64 {
    let others = (0_usize..).zip(&run.local_queues).filter(|&(other, _)| other != worker);
    others.map(|(_, queue)| queue.ticks()).sum()
}

/// Sizes the next batches by how long a task took.
fn adapt(run: &Run, lane: LaneId, took: Duration, n_tasks: usize) {
    let batch = &run.batch[lane.0 as usize];
    let mean = took / n_tasks.max(1).fit::<u32>();
    let now = batch.load(Ordering::Relaxed);
    // Schedules must not depend on the clock when shuttle draws them: batches then always grow.
    if (mean < SHORT || cfg!(feature = "shuttle")) && n_tasks >= now {
        batch.store((now * 2).min(run.options().batch_max), Ordering::Relaxed);
    } else if mean > LONG {
        batch.store(1, Ordering::Relaxed);
    }
    if lane == NATIVE {
        let is_contended = n_tasks >= N_CONTENDED && (mean < TINY || cfg!(feature = "shuttle"));
        run.is_contended.store(usize::from(is_contended), Ordering::Relaxed);
    }
}

/// Moves jobs of `lane` from another worker's local queue to `worker`'s; whether there were any.
fn steal(run: &Run, worker: usize, lane: LaneId) -> bool {
    let n = run.local_queues.len();
    for other in (1..n).map(|step| (worker + step) % n) {
        let mut jobs = run.local_queues[other].steal(lane);
        if !jobs.is_empty() {
            run.local_queues[worker].put(&mut jobs, lane);
            return true;
        }
    }
    false
}
