//! A child process's life: one thread that listens, and the calling one, which makes the calls in their order.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use raskt_core::{Error, Function, FunctionId, Result};
use raskt_exec::resolved::run_alone;
use raskt_exec::{BodyRegistry, Call, CancelHere, CancelToken, FloatErrors, FloatKinds, Outcome, TaskCtx};
use rustix::time::{ClockId, clock_gettime};

use super::bell::Bell;
use super::call::{Functions, pack_outcome, unpack};
use super::parcel::{Parcel, SentCall, SentFunction, SentOutcome, lost};
use super::shared::{SharedFile, StatusPage};
use super::traffic::{Traffic, decode, encode};
use super::wire::{Kind, Receiver, Sender, VERSION, broken};

/// Outcomes are sent at once after so long, and gathered before.
const GATHER: Duration = Duration::from_micros(300);
/// How often the listener looks whether outcomes wait behind a call that takes long.
const LOOK: Duration = Duration::from_millis(1);
/// How often it looks whether the parent is still there, and how long memory is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(5);
/// Free shared memory that an idle child keeps.
const KEEP_BYTES: usize = 64 << 20;

/// The parent's options.
pub type Options = (u32, u64);

/// What a child does, in order.
enum Item {
    Setup(Vec<u8>),
    Function(SentFunction),
    Forget(Vec<FunctionId>),
    Call(SentCall),
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    stop: bool,
}

/// Outcomes that have not been sent.
struct Pending {
    outcomes: Vec<u8>,
    n: u64,
    since: Instant,
    sent_at: Instant,
}

struct Shared {
    sender: Sender,
    traffic: Traffic,
    queue: Mutex<Queue>,
    filled: Condvar,
    pending: Mutex<Pending>,
    bell: Bell,
    /// Whether the listener sleeps without looking for outcomes that wait.
    sleeps_long: AtomicBool,
    is_busy: AtomicBool,
    /// The run of the call that is being made, and how to stop it.
    current: Mutex<(u32, CancelToken)>,
    /// For the parent to read should this process die.
    status: StatusPage,
}

/// Serves a parent on the socket that is this process's standard input, which is moved out of the way, until the
/// parent says so. If the parent vanishes, the process ends at once, whatever it is doing.
///
/// `set_up` is called with what a computation's surroundings are whenever they change.
///
/// # Errors
/// Where standard input is no such socket, or the parent speaks another version.
pub fn serve_on_stdin(
    registry: &Arc<BodyRegistry>,
    token: &str,
    set_up: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> io::Result<()> {
    let socket = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?);
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    serve(socket, registry, token, set_up)
}

/// As [`serve_on_stdin`], on a socket.
///
/// # Errors
/// As [`serve_on_stdin`].
pub fn serve(
    socket: UnixStream,
    registry: &Arc<BodyRegistry>,
    token: &str,
    set_up: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> io::Result<()> {
    let sender = Sender::new(socket.try_clone()?);
    let mut receiver = Receiver::new(socket);
    let hello = (VERSION, std::process::id(), token.to_owned());
    sender.send(Kind::Hello, &[&encode(&hello)], None)?;
    let (serial, min_bytes, status) = welcome(&mut receiver)?;
    let now = Instant::now();
    let shared = Arc::new(Shared {
        sender,
        traffic: Traffic::new(serial, Arc::default()),
        queue: Mutex::default(),
        filled: Condvar::new(),
        pending: Mutex::new(Pending { outcomes: Vec::new(), n: 0, since: now, sent_at: now }),
        bell: Bell::new()?,
        sleeps_long: AtomicBool::new(false),
        is_busy: AtomicBool::new(false),
        current: Mutex::default(),
        status,
    });
    let listening = Arc::clone(&shared);
    let parent = rustix::process::getppid();
    std::thread::Builder::new().name("raskt-child".into()).spawn(move || {
        // Whatever went wrong, there is nobody left to work for.
        if !matches!(listening.listen(receiver, parent), Ok(true)) {
            listening.vanish();
        }
    })?;
    Maker { shared: &shared, registry, min_bytes, functions: Functions::default(), unset: None }.work(set_up);
    Ok(())
}

fn welcome(receiver: &mut Receiver) -> io::Result<(u32, usize, StatusPage)> {
    loop {
        if let Some(frame) = receiver.next()? {
            let (Kind::Welcome, Some(fd)) = (frame.kind, frame.fd) else {
                return Err(broken("the parent did not say welcome"));
            };
            let (serial, min_bytes) = decode::<Options>(&frame.body)?;
            let status = StatusPage::new(&SharedFile::received(fd, StatusPage::N_BYTES)?)?;
            return Ok((serial, usize::try_from(min_bytes).unwrap_or(usize::MAX), status));
        }
        if !receiver.fill()? {
            return Err(broken("the parent is gone"));
        }
    }
}

impl Shared {
    /// Ends the process at once: no handler runs, nothing is flushed; folders and unfinished files go.
    fn vanish(&self) -> ! {
        // Should the parent be there after all, it does not take this for a death by lack of memory.
        self.status.has_left().store(1, Ordering::Release);
        raskt_store::leave_nothing_for_parent();
        raskt_store::remove_all_scratch();
        loop {
            let pid = rustix::process::getpid();
            // Killing oneself works at once; the loop is for the type.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// The listener's life; true when the parent said stop, false when it is gone.
    fn listen(&self, mut receiver: Receiver, parent: Option<rustix::process::Pid>) -> io::Result<bool> {
        let mut last_heard = Instant::now();
        loop {
            while let Some(frame) = receiver.next()? {
                last_heard = Instant::now();
                let frame = self.traffic.unfold(frame)?;
                if self.traffic.take_in(frame.kind, &frame.body, frame.fd)? {
                    continue;
                }
                if frame.kind == Kind::Stop {
                    self.queue.lock().stop = true;
                    self.filled.notify_one();
                    return Ok(true);
                }
                self.take_in(frame.kind, &frame.body)?;
            }
            let epoch = self.bell.epoch();
            self.sleeps_long.store(true, Ordering::SeqCst);
            let is_fresh = last_heard.elapsed() < 2 * LOOK;
            let waits = self.pending.lock().n > 0 || (is_fresh && self.is_busy.load(Ordering::Acquire));
            self.sleeps_long.store(!waits, Ordering::SeqCst);
            let readable =
                self.bell.sleep(epoch, [Some(receiver.fd()), None], Some(if waits { LOOK } else { IDLE }))?;
            self.sleeps_long.store(false, Ordering::SeqCst);
            if readable {
                if !receiver.fill()? {
                    return Ok(false);
                }
                continue;
            }
            self.flush(Some(GATHER))?;
            if !waits && last_heard.elapsed() >= IDLE {
                self.rest()?;
                if rustix::process::getppid() != parent {
                    return Ok(false);
                }
            }
        }
    }

    /// Nothing happens: memory that nobody uses goes back.
    fn rest(&self) -> io::Result<()> {
        if !self.is_busy.load(Ordering::Acquire) {
            self.traffic.trim(KEEP_BYTES);
        }
        self.traffic.tell(&self.sender)
    }

    fn take_in(&self, kind: Kind, body: &[u8]) -> io::Result<()> {
        let mut queue = self.queue.lock();
        match kind {
            Kind::Setup => queue.items.push_back(Item::Setup(body.to_vec())),
            Kind::Forget => queue.items.push_back(Item::Forget(decode(body)?)),
            Kind::Calls => {
                let (functions, calls) = decode::<(Vec<SentFunction>, Vec<SentCall>)>(body)?;
                queue.items.extend(functions.into_iter().map(Item::Function));
                queue.items.extend(calls.into_iter().map(Item::Call));
                self.is_busy.store(true, Ordering::Release);
            }
            Kind::Drop => {
                let run = decode::<u32>(body)?;
                let returned = take_calls(&mut queue, |call| call.run == run);
                let current = self.current.lock();
                if current.0 == run {
                    current.1.cancel();
                }
                drop(current);
                self.sender.send(Kind::Returned, &[&encode(&returned)], None)?;
            }
            Kind::Recall => {
                let returned = take_calls(&mut queue, |_| true);
                self.sender.send(Kind::Returned, &[&encode(&returned)], None)?;
            }
            _ => return Err(broken("a frame that is not for a child")),
        }
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    /// Sends the outcomes that have gathered, if the first of them is older than `age`.
    fn flush(&self, age: Option<Duration>) -> io::Result<()> {
        let mut pending = self.pending.lock();
        if pending.n == 0 || age.is_some_and(|age| pending.since.elapsed() < age) {
            return Ok(());
        }
        let outcomes = std::mem::take(&mut pending.outcomes);
        let n = std::mem::take(&mut pending.n);
        pending.sent_at = Instant::now();
        drop(pending);
        let mut body = n.to_le_bytes().to_vec();
        body.extend_from_slice(&outcomes);
        self.traffic.send(&self.sender, Kind::Results, &body)?;
        self.traffic.tell(&self.sender)
    }
}

/// Takes the calls that are `wanted` out of the queue; their tickets.
fn take_calls(queue: &mut Queue, wanted: impl Fn(&SentCall) -> bool) -> Vec<u64> {
    let mut tickets = Vec::new();
    queue.items.retain(|item| match item {
        Item::Call(call) if wanted(call) => {
            tickets.push(call.ticket);
            false
        }
        _ => true,
    });
    tickets
}

/// The thread that makes the calls.
struct Maker<'a> {
    shared: &'a Shared,
    registry: &'a Arc<BodyRegistry>,
    min_bytes: usize,
    functions: Functions,
    /// Why the surroundings could not be set up.
    unset: Option<Error>,
}

impl Maker<'_> {
    fn work(&mut self, set_up: &mut dyn FnMut(&[u8]) -> Result<()>) {
        loop {
            {
                let mut queue = self.shared.queue.lock();
                while queue.items.is_empty() && !queue.stop {
                    self.shared.is_busy.store(false, Ordering::Release);
                    self.shared.filled.wait(&mut queue);
                }
                if queue.stop {
                    return;
                }
            }
            let registry = Arc::clone(self.registry);
            let mut outcome = Ok(());
            in_runtimes(&registry, 0, &mut || outcome = self.work_inside(set_up));
            if outcome.and_then(|()| self.shared.flush(None)).is_err() {
                self.shared.vanish();
            }
        }
    }

    /// Does all there is to do, inside every lane.
    fn work_inside(&mut self, set_up: &mut dyn FnMut(&[u8]) -> Result<()>) -> io::Result<()> {
        loop {
            let item = {
                let mut queue = self.shared.queue.lock();
                if queue.stop {
                    return Ok(());
                }
                queue.items.pop_front()
            };
            match item {
                None => return Ok(()),
                Some(Item::Setup(payload)) => self.unset = set_up(&payload).err(),
                Some(Item::Function(function)) => {
                    let payload = function.parcel.borrow(&self.shared.traffic)?;
                    self.functions.add(Function::with_id(function.id, Arc::new(payload)));
                }
                Some(Item::Forget(ids)) => self.functions.forget(&ids, self.registry),
                Some(Item::Call(call)) => self.make(call)?,
            }
        }
    }

    fn make(&mut self, call: SentCall) -> io::Result<()> {
        let ticket = call.ticket;
        self.shared.status.ticket().store(ticket, Ordering::Release);
        let started = now();
        let float_errors = FloatErrors::new(FloatKinds::from_bits(call.float_kinds));
        let (tag, payload) = pack_outcome(self.run(call, &float_errors), self.min_bytes);
        let ended = now();
        self.shared.status.ticket().store(0, Ordering::Release);
        let shared = self.shared;
        let (tag, parcel) = match Parcel::lend(payload, &shared.traffic, &shared.sender) {
            Ok(parcel) => (tag, parcel),
            Err(error) => {
                let (tag, payload) = pack_outcome(Err(lost(&error)), usize::MAX);
                (tag, Parcel::lend(payload, &shared.traffic, &shared.sender)?)
            }
        };
        let met = float_errors.found().into_iter().map(|(operation, kinds)| (operation, kinds.bits()));
        self.hand_in(SentOutcome { ticket, span: (started, ended), float_errors: met.collect(), tag, parcel })
    }

    fn run(&mut self, call: SentCall, float_errors: &FloatErrors) -> Result<Outcome> {
        if let Some(error) = &self.unset {
            return Err(error.clone());
        }
        let traffic = &self.shared.traffic;
        let body = call.body.borrow(traffic).map_err(|error| lost(&error))?;
        let inputs: io::Result<Vec<_>> = call.inputs.into_iter().map(|input| input.borrow(traffic)).collect();
        let inputs = inputs.map_err(|error| lost(&error))?;
        let mut ready = unpack(body, inputs, call.exclusive, self.registry, &mut self.functions)?;
        let cancel = CancelToken::default();
        *self.shared.current.lock() = (call.run, cancel.clone());
        let _cancel = CancelHere::set(&cancel);
        let ctx = TaskCtx {
            cancel: &cancel,
            n_threads: call.n_threads.max(1) as usize,
            worker: 0,
            float_errors: Some(float_errors).filter(|errors| !errors.asked().is_empty()),
        };
        let made = Call {
            shared: &raskt_core::Param::Null,
            own: &ready.own,
            inputs: &mut ready.inputs,
            exclusive: call.exclusive,
            ctx: &ctx,
        };
        let outcome = run_alone(&ready.body, &ready.found, made, self.registry);
        *self.shared.current.lock() = (0, CancelToken::default());
        outcome
    }

    fn hand_in(&self, outcome: SentOutcome) -> io::Result<()> {
        let shared = self.shared;
        let is_last = shared.queue.lock().items.is_empty();
        let mut pending = shared.pending.lock();
        if pending.n == 0 {
            pending.since = Instant::now();
        }
        pending.n += 1;
        let bytes = encode(&outcome);
        // One message, of which every outcome but the first goes without the version.
        let start = usize::from(pending.n > 1);
        pending.outcomes.extend_from_slice(&bytes[start..]);
        let is_due = is_last || pending.since.duration_since(pending.sent_at) >= GATHER;
        drop(pending);
        if is_due {
            return shared.flush(None);
        }
        if shared.sleeps_long.load(Ordering::SeqCst) {
            shared.bell.ring();
        }
        Ok(())
    }
}

/// Runs `work` inside the lanes of all runtimes from `at` on.
pub fn in_runtimes(registry: &BodyRegistry, at: usize, work: &mut dyn FnMut()) {
    match registry.runtimes().get(at) {
        None => work(),
        Some(runtime) => runtime.enter(None, &mut || in_runtimes(registry, at + 1, work)),
    }
}

/// Seconds on the machine's monotonic clock, which all processes share.
pub fn now() -> f64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// The outcomes of a frame.
///
/// # Errors
/// `InvalidData` for what [`Shared::flush`] did not send.
pub fn outcomes(body: &[u8]) -> io::Result<Vec<SentOutcome>> {
    let (head, rest) = body.split_at_checked(8).ok_or_else(|| broken("outcomes without their number"))?;
    let mut n = [0; 8];
    n.copy_from_slice(head);
    let limits = raskt_core::encode::Limits::default();
    let read = || -> Result<Vec<SentOutcome>> {
        let mut input = raskt_core::encode::Decoder::new(rest, &limits)?;
        let mut found = Vec::new();
        for _ in 0..u64::from_le_bytes(n) {
            found.push(raskt_core::encode::Decode::decode(&mut input)?);
        }
        input.finish()?;
        Ok(found)
    };
    read().map_err(|error| broken(&error.to_string()))
}
