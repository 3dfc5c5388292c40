//! One child's driver: a worker of every run, whose tasks it ships instead of running them.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use raskt_core::encode::{EncodeOptions, Limits, decode_payload, encode_payload};
use raskt_core::sealed::is_sealed;
use raskt_core::{Error, ErrorKind, Fit, Name, Payload, Result, Value};
use raskt_exec::events::note_elsewhere;
use raskt_exec::run::Work;
use raskt_exec::{ELSEWHERE, FloatKinds, Job, NATIVE, Outcome, Report, Reported, Run, Span};
use raskt_graph::Body;

use super::Setup;
use super::call::{Call, pack, unpack_outcome};
use super::child::{in_runtimes, now, outcomes};
use super::command::{Ended, Link};
use super::hub::{DriverState, Hub, Serving};
use super::parcel::{Parcel, SentCall, SentFunction, SentOutcome, lost};
use super::traffic::{decode, encode, own_block};
use super::wire::{Frame, Kind, broken};

/// A child holds so much work at most, so that it is busy while the driver is not.
const AHEAD: Duration = Duration::from_millis(2);
/// Nothing waits behind tasks that take longer than this.
const LONG: Duration = Duration::from_millis(20);
/// No mean of durations overflows where none is longer than this.
const TOOK_MAX: Duration = Duration::from_secs(1 << 40);
/// The most calls that a child holds.
const HELD_MAX: usize = 128;
/// A child that made no progress for so long gives back what it has not begun, where another has nothing to do.
const STALL: Duration = Duration::from_millis(5);
/// How often a driver looks after memory while there is nothing to do.
const REST: Duration = Duration::from_secs(5);
/// Free shared memory that an idle pool keeps.
const KEEP_BYTES: usize = 64 << 20;
/// After so many children that died before they did anything, runs are given up.
const VAIN_MAX: u32 = 3;
/// How long a child may take to end that was asked to.
const END_GRACE: Duration = Duration::from_secs(1);

/// A call in a child's hands.
struct Flight {
    ticket: u64,
    serving: Serving,
    job: Job,
}

/// A driver and its child.
pub struct Driver {
    hub: Arc<Hub>,
    worker: usize,
    link: Option<Link>,
    flights: VecDeque<Flight>,
    ticket: u64,
    /// What came back, by run.
    reports: Vec<(u32, Report)>,
    /// How long a task took, on average; `None` until one has come back.
    mean: Option<Duration>,
    /// Nothing is sent ahead until something has come back.
    is_recalled: bool,
    /// The run whose calls were sent last.
    sent_last: Option<u32>,
    /// When the child is to be killed that goes on with what nobody wants.
    kill_at: Option<Instant>,
    /// Whether the child's process has ended, though its socket did not say so.
    has_ended: bool,
    /// Runs that the child has been told to drop.
    dropped: Vec<u32>,
    n_vain: u32,
    active_at: Instant,
    noted: Option<Arc<Run>>,
}

impl Driver {
    /// The driver of a pool's child number `worker`.
    pub fn new(hub: Arc<Hub>, worker: usize) -> Self {
        Self {
            hub,
            worker,
            link: None,
            flights: VecDeque::new(),
            ticket: 0,
            reports: Vec::new(),
            mean: None,
            is_recalled: false,
            sent_last: None,
            kill_at: None,
            has_ended: false,
            dropped: Vec::new(),
            n_vain: 0,
            active_at: Instant::now(),
            noted: None,
        }
    }

    fn state(&self) -> &DriverState {
        &self.hub.drivers[self.worker]
    }

    /// The driver's life.
    pub fn live(&mut self) {
        let hub = Arc::clone(&self.hub);
        loop {
            let epoch = self.state().bell.epoch();
            let runs = {
                let state = hub.state.lock();
                if state.stop {
                    drop(state);
                    return self.retire();
                }
                state.runs.clone()
            };
            let mut worked = self.listen();
            // In turn: whose calls were sent last comes last, so that none has to wait for another's end.
            let next =
                runs.iter().position(|serving| Some(serving.serial) == self.sent_last).map_or(0, |at| at + 1);
            for serving in runs[next..].iter().chain(&runs[..next]) {
                if serving.run.is_over() {
                    hub.remove(serving.serial);
                } else {
                    worked |= self.serve(serving);
                }
            }
            drop(runs);
            self.reports.retain(|(serial, _)| hub.state.lock().runs.iter().any(|s| s.serial == *serial));
            self.drop_unwanted();
            self.note();
            if !worked {
                self.sleep(epoch);
            }
        }
    }

    /// Ends the child, with the pool.
    fn retire(&mut self) {
        self.flights.drain(..).for_each(drop);
        if let Some(mut link) = self.link.take() {
            link.end(if self.state().n_held.load(Ordering::Relaxed) > 0 {
                Duration::ZERO
            } else {
                END_GRACE
            });
        }
        self.cool();
    }

    /// Without a child.
    fn cool(&mut self) {
        let state = self.state();
        state.is_warm.store(false, Ordering::SeqCst);
        state.pid.store(0, Ordering::Relaxed);
        state.n_held.store(0, Ordering::Relaxed);
        state.sockets.iter().for_each(|socket| socket.store(-1, Ordering::Relaxed));
        state.room.store(1, Ordering::SeqCst);
        *state.outbox.lock() = None;
        self.mean = None;
        self.kill_at = None;
        self.has_ended = false;
        self.dropped.clear();
    }

    /// How many more calls the child should hold.
    fn room(&self, run: Option<&Run>) -> usize {
        let window = match self.mean {
            None => 1,
            _ if self.is_recalled => 1,
            Some(mean) if mean > LONG => 1,
            Some(mean) => {
                let n = AHEAD.as_nanos() / mean.as_nanos().max(1);
                usize::try_from(n).unwrap_or(HELD_MAX).clamp(2, HELD_MAX)
            }
        };
        let observed = run.and_then(|run| run.options().observer.as_ref());
        let window = if observed.is_some_and(|observer| observer.follows_tasks()) { 1 } else { window };
        let held = self.flights.len();
        let n_sent = self.link.as_ref().map_or(0, |link| link.n_sent);
        let left = match self.hub.options.recycle_after_tasks {
            None => usize::MAX,
            // A worn-out child that is done is replaced by one that takes as many.
            Some(most) if n_sent >= most && held == 0 => usize::try_from(most).unwrap_or(usize::MAX),
            Some(most) => usize::try_from(most.saturating_sub(n_sent)).unwrap_or(usize::MAX),
        };
        // Filled up only when it is half empty: fewer, larger frames.
        if held > window / 2 || self.kill_at.is_some() { 0 } else { (window - held).min(left) }
    }

    /// Does what there is to do for one run; whether there was anything.
    fn serve(&mut self, serving: &Serving) -> bool {
        let run = &*serving.run;
        let mut worked = false;
        let mut reports = self.take_reports(serving.serial);
        loop {
            let mut jobs = VecDeque::new();
            let mut garbage = Vec::new();
            worked |= !reports.is_empty();
            let mut has_spilled = self.exchange(run, NATIVE, 64, &mut reports, &mut jobs, &mut garbage);
            if jobs.is_empty() && !has_spilled {
                let room = self.room(Some(run));
                if room > 0 && run.n_ready(ELSEWHERE) > 0 && self.warm_up(run) {
                    has_spilled = self.exchange(run, ELSEWHERE, room, &mut reports, &mut jobs, &mut garbage);
                    worked |= !jobs.is_empty();
                    if !jobs.is_empty() {
                        self.sent_last = Some(serving.serial);
                    }
                    self.ship(serving, &mut jobs, &mut reports);
                }
            } else {
                worked = true;
                reports.extend(jobs.drain(..).map(|job| self.run_here(run, job)));
            }
            drop(garbage);
            self.state().room.store(self.room(None), Ordering::SeqCst);
            if reports.is_empty() && !has_spilled {
                return worked;
            }
        }
    }

    /// Reports, and takes jobs; whether values had to be spilled first.
    fn exchange(
        &self,
        run: &Run,
        lane: raskt_exec::LaneId,
        n_max: usize,
        reports: &mut Vec<Report>,
        jobs: &mut VecDeque<Job>,
        garbage: &mut Vec<Value>,
    ) -> bool {
        match run.exchange(lane, n_max, reports, jobs, garbage) {
            Work::Spill(job) => {
                garbage.clear();
                run.make_room(Some(job));
                true
            }
            Work::Jobs | Work::Nothing => false,
        }
    }

    fn take_reports(&mut self, serial: u32) -> Vec<Report> {
        let (mine, others): (Vec<_>, Vec<_>) = self.reports.drain(..).partition(|(of, _)| *of == serial);
        self.reports = others;
        mine.into_iter().map(|(_, report)| report).collect()
    }

    /// Bookkeeping. What a foreign constant holds is sealed here, once, however many tasks need it.
    fn run_here(&self, run: &Run, job: Job) -> Report {
        let (resolved, local) = job.resolved(run);
        let holds = matches!(resolved.table().body(local), Body::Foreign(_) | Body::Value(_));
        let mut report = run.execute(job, self.worker, 1);
        if let (true, Ok(Reported::Value(value))) = (holds, &mut report.outcome)
            && !is_sealed(value)
            && run.has_consumers(report.task)
            && let Ok(sealed) = self.seal(value)
        {
            *value = sealed;
        }
        report
    }

    fn seal(&self, value: &Value) -> Result<Value> {
        let min_bytes = usize::try_from(self.hub.options.shared_memory_min_bytes).unwrap_or(usize::MAX);
        let options = EncodeOptions { out_of_band_min_bytes: min_bytes.max(1), ..EncodeOptions::default() };
        let Payload { header, buffers } = encode_payload(value, &options)?;
        let placed: io::Result<Vec<_>> =
            buffers.iter().map(|buffer| own_block(&self.hub.arena, buffer.as_slice())).collect();
        let payload = Payload { header, buffers: placed.map_err(|error| lost(&error))? };
        decode_payload(payload, self.hub.registry.as_ref(), &Limits::default())
    }

    /// Sees to it that there is a child; whether there is one.
    fn warm_up(&mut self, run: &Run) -> bool {
        if let (Some(most), Some(link)) = (self.hub.options.recycle_after_tasks, &mut self.link)
            && link.n_sent >= most
            && self.flights.is_empty()
        {
            link.end(END_GRACE);
            self.link = None;
            self.cool();
        }
        if self.link.is_some() {
            return true;
        }
        let options = &self.hub.options;
        let (command, min_bytes) = (&options.command, options.shared_memory_min_bytes);
        let serial = self.hub.next_child();
        match Link::start(command, serial, &self.hub.arena, min_bytes, options.start_timeout) {
            Ok(link) => {
                let state = self.state();
                state.pid.store(link.pid(), Ordering::Relaxed);
                state.is_warm.store(true, Ordering::SeqCst);
                for (socket, fd) in state.sockets.iter().zip(link.sockets()) {
                    socket.store(fd, Ordering::Relaxed);
                }
                *state.outbox.lock() = Some(Arc::clone(link.traffic.outbox()));
                self.link = Some(link);
                self.active_at = Instant::now();
                true
            }
            Err(error) => {
                run.abort(error);
                false
            }
        }
    }

    /// Sends jobs to the child. What cannot be sent is reported.
    fn ship(&mut self, serving: &Serving, jobs: &mut VecDeque<Job>, reports: &mut Vec<Report>) {
        if jobs.is_empty() {
            return;
        }
        let run = &*serving.run;
        let min_bytes = usize::try_from(self.hub.options.shared_memory_min_bytes).unwrap_or(usize::MAX);
        let mut packed: Vec<(Job, Result<Call>)> = Vec::with_capacity(jobs.len());
        for mut job in jobs.drain(..) {
            match run.prepare(&mut job).and_then(|()| self.begin(run, &job)) {
                Ok(()) => packed.push((job, Err(ErrorKind::Cancelled.into()))),
                Err(error) => reports.push(failed(run, &job, error)),
            }
        }
        let foreign = packed.iter().any(|(job, _)| needs_runtime(run, job));
        let mut pack_all = || packed.iter_mut().for_each(|(job, call)| *call = pack(job, run, min_bytes));
        match foreign {
            true => in_runtimes(&self.hub.runtimes, 0, &mut pack_all),
            false => pack_all(),
        }
        let mut calls = Vec::with_capacity(packed.len());
        for (job, call) in packed {
            match call {
                Ok(call) => calls.push((job, call)),
                Err(error) => reports.push(failed(run, &job, error)),
            }
        }
        if let Err(error) = self.send(serving, calls, reports) {
            self.bury(&error, true);
        }
    }

    fn begin(&self, run: &Run, job: &Job) -> Result<()> {
        let Some(observer) = &run.options().observer else { return Ok(()) };
        let (resolved, local) = job.resolved(run);
        observer.begin(&resolved.table().key(local), resolved.table().body(local), self.worker)
    }

    fn send(
        &mut self,
        serving: &Serving,
        calls: Vec<(Job, Call)>,
        reports: &mut Vec<Report>,
    ) -> io::Result<()> {
        let Some(link) = &mut self.link else { return Err(io::ErrorKind::NotConnected.into()) };
        let run = &*serving.run;
        let setup = run.options().surroundings.as_ref().and_then(|any| any.downcast_ref::<Setup>());
        if let Some(Setup(setup)) = setup
            && link.setup.as_ref() != Some(setup)
        {
            link.sender.send(Kind::Setup, &[setup], None)?;
            link.setup = Some(Arc::clone(setup));
        }
        let gone = link.functions.forget();
        if !gone.is_empty() {
            link.sender.send(Kind::Forget, &[&encode(&gone)], None)?;
        }
        link.traffic.tell(&link.sender)?;
        let n_threads = run.threads_per_task().fit::<u32>();
        let float_kinds = run.options().float_errors.as_ref().map_or(0, |errors| errors.asked().bits());
        let (mut functions, mut sent) = (Vec::new(), Vec::with_capacity(calls.len()));
        for (job, call) in calls {
            self.ticket += 1;
            let (ticket, exclusive) = (self.ticket, call.exclusive);
            match lend(link, call, &mut functions) {
                Ok((body, inputs)) => {
                    let run = serving.serial;
                    sent.push(SentCall { ticket, run, exclusive, n_threads, float_kinds, body, inputs });
                    self.flights.push_back(Flight { ticket, serving: serving.clone(), job });
                }
                Err(error) => reports.push(failed(run, &job, lost(&error))),
            }
        }
        link.n_sent += sent.len() as u64;
        link.traffic.send(&link.sender, Kind::Calls, &encode(&(functions, sent)))?;
        let state = &self.hub.drivers[self.worker];
        state.n_held.store(self.flights.len(), Ordering::Relaxed);
        state.progress.store(self.hub.now_ms(), Ordering::Relaxed);
        self.active_at = Instant::now();
        Ok(())
    }

    /// Takes in what the child sent and has been read; whether there was anything.
    fn listen(&mut self) -> bool {
        let mut heard = false;
        loop {
            let Some(link) = &self.link else { return heard };
            let next = link.receiver.lock().next();
            let outcome = match next {
                Ok(None) => return heard,
                Ok(Some(frame)) => self.take_in(frame),
                Err(error) => Err(error),
            };
            heard = true;
            if let Err(error) = outcome {
                self.bury(&error, true);
            }
        }
    }

    fn take_in(&mut self, frame: Frame) -> io::Result<()> {
        let Some(link) = &self.link else { return Ok(()) };
        let frame = link.traffic.unfold(frame)?;
        if link.traffic.take_in(frame.kind, &frame.body, frame.fd)? {
            return Ok(());
        }
        match frame.kind {
            Kind::Results => {
                for outcome in outcomes(&frame.body)? {
                    self.arrive(outcome)?;
                }
                self.is_recalled = false;
                self.n_vain = 0;
            }
            Kind::Returned => {
                for ticket in decode::<Vec<u64>>(&frame.body)? {
                    if let Some(Flight { serving, job, .. }) = self.land(ticket)
                        && !serving.run.is_over()
                    {
                        serving.run.put_back([job]);
                    }
                }
            }
            _ => return Err(broken("a frame that is not for a parent")),
        }
        let state = self.state();
        state.n_held.store(self.flights.len(), Ordering::Relaxed);
        state.progress.store(self.hub.now_ms(), Ordering::Relaxed);
        self.active_at = Instant::now();
        Ok(())
    }

    fn land(&mut self, ticket: u64) -> Option<Flight> {
        let at = self.flights.iter().position(|flight| flight.ticket == ticket)?;
        self.flights.remove(at)
    }

    /// An outcome came.
    fn arrive(&mut self, outcome: SentOutcome) -> io::Result<()> {
        let (started, ended) = outcome.span;
        // The child may say anything.
        let took = Duration::try_from_secs_f64(ended - started).unwrap_or_default().min(TOOK_MAX);
        self.mean = Some(self.mean.map_or(took, |mean| (mean * 3 + took) / 4));
        let Some(link) = &self.link else { return Ok(()) };
        let payload = outcome.parcel.borrow(&link.traffic)?;
        let Some(flight) = self.land(outcome.ticket) else { return Ok(()) };
        let run = &*flight.serving.run;
        if run.is_over() {
            return Ok(());
        }
        let met = outcome.float_errors;
        let found = unpack_outcome(outcome.tag, payload, self.hub.registry.as_ref());
        let ago = Duration::try_from_secs_f64(now() - ended).unwrap_or_default();
        note_elsewhere(run, self.worker, &flight.job, &found, took, ago);
        let found = found.and_then(|outcome| {
            take_over(run, &met)?;
            self.end(run, &flight.job, &outcome, Span { started, ended })?;
            run.reported(outcome)
        });
        let report = match found {
            Ok(reported) => Report { task: flight.job.task, outcome: Ok(reported) },
            Err(error) => failed(run, &flight.job, error),
        };
        self.reports.push((flight.serving.serial, report));
        Ok(())
    }

    fn end(&self, run: &Run, job: &Job, outcome: &Outcome, span: Span) -> Result<()> {
        let Some(observer) = &run.options().observer else { return Ok(()) };
        let (resolved, local) = job.resolved(run);
        observer.end(&resolved.table().key(local), resolved.table().body(local), self.worker, outcome, span)
    }

    /// The child is gone, or speaks nonsense: what it was running is tried once more, or else to blame; what it
    /// merely held goes to others.
    fn bury(&mut self, why: &io::Error, is_blamed: bool) {
        let Some(mut link) = self.link.take() else { return };
        let ticket = link.current_ticket().filter(|_| is_blamed);
        let pid = link.pid();
        let is_nonsense = why.kind() == io::ErrorKind::InvalidData;
        let status = match link.end(Duration::from_millis(500)) {
            Ended::ByItself(status) if is_nonsense => format!("{status}; before, it sent {why}"),
            Ended::ByItself(status) => status,
            Ended::Killed if is_nonsense => format!("a SIGKILL of Raskt's own, since it sent {why}"),
            Ended::Killed => format!("a SIGKILL of Raskt's own, since its connection was lost ({why})"),
        };
        drop(link);
        self.n_vain += u32::from(ticket.is_none() && is_blamed);
        let died = || Error::new(ErrorKind::WorkerDied { pid, status: status.clone() });
        for Flight { ticket: held, serving, job } in std::mem::take(&mut self.flights) {
            let run = &*serving.run;
            if run.is_over() {
                continue;
            }
            if self.n_vain >= VAIN_MAX {
                run.abort(died());
            } else if Some(held) == ticket && !self.hub.note_death(serving.serial, job.task) {
                self.reports.push((serving.serial, failed(run, &job, died())));
            } else {
                run.put_back([job]);
            }
        }
        self.cool();
    }

    /// Tells the child to drop the calls of runs that are over, and kills it where it goes on for too long.
    fn drop_unwanted(&mut self) {
        let unwanted = self.flights.iter().filter(|flight| flight.serving.run.is_over());
        let mut serials: Vec<u32> = unwanted.map(|flight| flight.serving.serial).collect();
        serials.dedup();
        if serials.is_empty() {
            self.kill_at = None;
            self.dropped.clear();
            return;
        }
        let Some(link) = &mut self.link else { return };
        if self.kill_at.is_some_and(|at| Instant::now() >= at) {
            link.kill();
            return self.bury(&io::ErrorKind::TimedOut.into(), false);
        }
        for serial in serials {
            if !self.dropped.contains(&serial) {
                self.dropped.push(serial);
                self.kill_at = Some(Instant::now() + self.hub.options.grace);
                // A child that is gone is noticed when it is listened to.
                drop(link.sender.send(Kind::Drop, &[&encode(&serial)], None));
            }
        }
    }

    /// Says which task is being run, as far as is known.
    fn note(&mut self) {
        let front = self.flights.front();
        let run = front.map(|flight| Arc::clone(&flight.serving.run));
        if let (Some(noted), now) = (&self.noted, &run)
            && now.as_ref().is_none_or(|now| !Arc::ptr_eq(noted, now))
        {
            noted.note_current(self.worker, None);
        }
        if let (Some(run), Some(flight)) = (&run, front) {
            run.note_current(self.worker, Some(flight.job.task));
        }
        self.noted = run;
    }

    /// Sleeps until there is something to do.
    fn sleep(&mut self, epoch: u64) {
        let hub = Arc::clone(&self.hub);
        let state = &hub.drivers[self.worker];
        if state.recall.swap(false, Ordering::SeqCst) && self.flights.len() > 1 {
            self.recall();
        }
        state.room.store(self.room(None), Ordering::SeqCst);
        let timeout = self.patience();
        let Some(link) = &mut self.link else {
            drop(state.bell.sleep(epoch, [None; 2], timeout));
            return self.help();
        };
        if let Err(error) = link.traffic.tell(&link.sender) {
            return self.bury(&error, true);
        }
        let receiver = Arc::clone(&link.receiver);
        let mut receiver = receiver.lock();
        if receiver.has_next() {
            return;
        }
        let had_ended = self.has_ended;
        let outcome = match state.bell.sleep(epoch, [Some(receiver.fd()), link.watch()], timeout) {
            Ok(true) => receiver.fill(),
            // A process that it forked may hold its socket open. What it had sent has been read by now.
            Ok(false) if had_ended => Ok(false),
            Ok(false) => {
                self.has_ended = link.has_ended();
                Ok(true)
            }
            Err(error) => Err(error),
        };
        drop(receiver);
        match outcome {
            Ok(true) => {}
            Ok(false) => return self.bury(&io::ErrorKind::UnexpectedEof.into(), true),
            Err(error) => return self.bury(&error, true),
        }
        self.help();
        self.rest();
    }

    /// How long to sleep at most.
    fn patience(&self) -> Option<Duration> {
        if let Some(at) = self.kill_at {
            return Some(at.saturating_duration_since(Instant::now()));
        }
        if self.flights.is_empty() && self.holds_others(1) {
            return Some(STALL);
        }
        self.link.as_ref().map(|_| match self.hub.options.idle_timeout {
            Some(idle) if self.flights.is_empty() => {
                (self.active_at + idle).saturating_duration_since(Instant::now()).min(REST)
            }
            _ => REST,
        })
    }

    /// Whether another child holds more than `n` calls.
    fn holds_others(&self, n: usize) -> bool {
        let others = self.hub.drivers.iter().enumerate().filter(|(at, _)| *at != self.worker);
        others.into_iter().any(|(_, driver)| driver.n_held.load(Ordering::Relaxed) > n)
    }

    /// Has children that are stuck give back what they have not begun, for this one to take.
    fn help(&self) {
        if !self.flights.is_empty() {
            return;
        }
        let now = self.hub.now_ms();
        for (at, driver) in self.hub.drivers.iter().enumerate() {
            let stuck = now.saturating_sub(driver.progress.load(Ordering::Relaxed))
                >= STALL.as_millis().clamped::<u64>();
            if at != self.worker && stuck && driver.n_held.load(Ordering::Relaxed) > 1 {
                driver.recall.store(true, Ordering::SeqCst);
                driver.bell.ring();
            }
        }
    }

    fn recall(&mut self) {
        self.is_recalled = true;
        if let Some(link) = &self.link {
            // A child that is gone is noticed when it is listened to.
            drop(link.sender.send(Kind::Recall, &[], None));
        }
    }

    /// Nothing happens: memory goes back, and in the end the child.
    fn rest(&mut self) {
        if !self.flights.is_empty() || self.active_at.elapsed() < REST.min(self.idle_timeout()) {
            return;
        }
        self.hub.trim(KEEP_BYTES);
        if self.active_at.elapsed() >= self.idle_timeout()
            && let Some(mut link) = self.link.take()
        {
            link.end(END_GRACE);
            drop(link);
            self.cool();
        }
    }

    fn idle_timeout(&self) -> Duration {
        self.hub.options.idle_timeout.unwrap_or(Duration::MAX)
    }
}

/// Takes over the floating-point errors that a task met in a child.
fn take_over(run: &Run, met: &[(Name, u8)]) -> Result<()> {
    let Some(all) = &run.options().float_errors else { return Ok(()) };
    let of_task = all.of_task();
    met.iter().for_each(|(operation, bits)| of_task.add(operation.as_str(), FloatKinds::from_bits(*bits)));
    all.take_over(&of_task)
}

/// A report that the job failed, naming its task.
fn failed(run: &Run, job: &Job, error: Error) -> Report {
    let (resolved, local) = job.resolved(run);
    let error = error.in_task(resolved.table().key(local), resolved.table().label(local));
    Report { task: job.task, outcome: Err(error) }
}

/// Whether packing the job enters a foreign runtime.
fn needs_runtime(run: &Run, job: &Job) -> bool {
    let (resolved, local) = job.resolved(run);
    matches!(resolved.table().body(local), Body::Foreign(_) | Body::Fused(_))
        || !job.inputs.iter().all(is_sealed)
}

/// Lends what a call consists of; a function that the child does not know joins `functions`.
fn lend(link: &mut Link, call: Call, functions: &mut Vec<SentFunction>) -> io::Result<(Parcel, Vec<Parcel>)> {
    let (traffic, sender) = (&link.traffic, &link.sender);
    for function in call.functions {
        if link.functions.add(*function.id()) {
            let parcel = Parcel::lend(Payload::clone(function.payload()), traffic, sender)?;
            functions.push(SentFunction { id: *function.id(), parcel });
        }
    }
    let body = Parcel::lend(call.body, traffic, sender)?;
    let inputs: io::Result<Vec<_>> =
        call.inputs.into_iter().map(|input| Parcel::lend(input, traffic, sender)).collect();
    Ok((body, inputs?))
}
