//! Starting a child process, talking to it, and ending it.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use raskt_core::{Error, ErrorKind, Fit, FunctionId, Result};
use rustc_hash::FxHashSet;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::arena::Arena;
use super::shared::{SharedFile, StatusPage};
use super::traffic::{Traffic, decode, encode};
use super::wire::{Kind, Receiver, Sender, VERSION, broken};

/// The variable that tells a child what to say at the beginning, so that no other process is taken for it.
pub const TOKEN_VARIABLE: &str = "RASKT_CHILD_TOKEN";

/// How to start a child process. The program must call [`super::serve_on_stdin`] with the token that it finds in
/// [`TOKEN_VARIABLE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildCommand {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables beside those of this process.
    pub env: Vec<(OsString, OsString)>,
}

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, or somebody else ended it; the exit code or signal, in words.
    ByItself(String),
    /// This process killed it, or it killed itself since it had lost this process.
    Killed,
}

/// An error of the operating system, with what to do about it where that is known.
pub fn in_words(error: &io::Error) -> String {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::MFILE) => {
            let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
            let limit =
                limit.map_or_else(String::new, |limit| format!(", of which it may have {limit} (ulimit -n)"));
            format!("this process has too many open files{limit}")
        }
        Some(rustix::io::Errno::NFILE) => format!("all processes together have too many open files: {error}"),
        _ => error.to_string(),
    }
}

/// A child process and the link to it.
pub struct Link {
    process: std::process::Child,
    pub sender: Sender,
    pub receiver: Arc<Mutex<Receiver>>,
    pub traffic: Traffic,
    status: StatusPage,
    /// Can be read once the process has ended; `None` where the system has no such thing.
    watch: Option<OwnedFd>,
    /// Functions that it knows, those used last at the end.
    pub functions: KnownFunctions,
    /// The surroundings that it was told last.
    pub setup: Option<Arc<[u8]>>,
    /// How many calls it was sent.
    pub n_sent: u64,
    is_ended: bool,
}

impl Link {
    /// Starts a child and waits for its hello.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where the program cannot be started, ends, says something else or nothing within
    /// `timeout`.
    pub fn start(
        command: &ChildCommand,
        serial: u32,
        arena: &Arc<Arena>,
        min_bytes: u64,
        timeout: Duration,
    ) -> Result<Self> {
        let failed = |error: io::Error| {
            let program = command.program.to_string_lossy();
            let what = format!("{program}: a child process could not be started");
            Error::new(ErrorKind::System { what, reason: in_words(&error) })
        };
        let token = fresh_token();
        let (here, there) = UnixStream::pair().map_err(failed)?;
        let mut child = Command::new(&command.program);
        child.args(&command.args).envs(command.env.iter().map(|(name, value)| (name, value)));
        // Its standard input is the link; a group of its own keeps the terminal's Ctrl-C from it.
        child.env(TOKEN_VARIABLE, &token).stdin(Stdio::from(OwnedFd::from(there))).process_group(0);
        // All that may be refused comes before the process, which would be started in vain.
        let page = SharedFile::create(StatusPage::N_BYTES).map_err(failed)?;
        let status = StatusPage::new(&page).map_err(failed)?;
        let receiver = Arc::new(Mutex::new(Receiver::new(here.try_clone().map_err(failed)?)));
        let process = child.spawn().map_err(failed)?;
        drop(child);
        let mut link = Self {
            watch: watch(&process),
            process,
            sender: Sender::reading(here, Arc::clone(&receiver)),
            receiver,
            traffic: Traffic::new(0, Arc::clone(arena)),
            status,
            functions: KnownFunctions::default(),
            setup: None,
            n_sent: 0,
            is_ended: false,
        };
        let welcome = link.hello(&token, timeout).and_then(|()| {
            link.sender.send(Kind::Welcome, &[&encode(&(serial, min_bytes))], Some(page.fd()))
        });
        match welcome {
            Ok(()) => Ok(link),
            Err(error) => {
                let ended = match link.end(Duration::from_millis(500)) {
                    Ended::ByItself(status) => format!("it ended with {status} before it was ready"),
                    Ended::Killed => "it was not ready and was ended".into(),
                };
                Err(failed(io::Error::new(error.kind(), format!("{ended}: {error}"))))
            }
        }
    }

    fn hello(&mut self, token: &str, timeout: Duration) -> io::Result<()> {
        let deadline = Instant::now() + timeout;
        let mut receiver = self.receiver.lock();
        loop {
            if let Some(frame) = receiver.next()? {
                let (version, _, said) = decode::<(u16, u32, String)>(&frame.body)?;
                return match frame.kind == Kind::Hello && said == token {
                    false => Err(broken("it is not the process that was started")),
                    true if version != VERSION => {
                        Err(broken(&format!("it speaks version {version}, not {VERSION}, of the protocol")))
                    }
                    true => Ok(()),
                };
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let fd = receiver.fd();
            let mut fds = [PollFd::new(&fd, PollFlags::IN)];
            let left =
                Timespec { tv_sec: left.as_secs().clamped::<i64>(), tv_nsec: i64::from(left.subsec_nanos()) };
            match poll(&mut fds, Some(&left)) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        format!("nothing heard for {timeout:?}"),
                    ));
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !receiver.fill()? {
                return Err(broken("it closed the connection; its own words are on standard error"));
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The descriptors of the link, for a process that is forked.
    pub fn sockets(&self) -> [RawFd; 2] {
        [self.sender.fd().as_raw_fd(), self.receiver.lock().fd().as_raw_fd()]
    }

    /// The ticket of the call that it is making, or was when it died.
    pub fn current_ticket(&self) -> Option<u64> {
        Some(self.status.ticket().load(Ordering::Acquire)).filter(|&ticket| ticket > 0)
    }

    /// Can be read once the process has ended, which its socket does not tell while a process that it forked is there.
    pub fn watch(&self) -> Option<BorrowedFd<'_>> {
        self.watch.as_ref().map(AsFd::as_fd)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Kills it.
    pub fn kill(&mut self) {
        drop(self.process.kill());
    }

    /// Asks it to end, kills it where it has not within `grace`; how it ended.
    pub fn end(&mut self, grace: Duration) -> Ended {
        self.is_ended = true;
        drop(self.sender.send(Kind::Stop, &[], None));
        let deadline = Instant::now() + grace;
        let mut pause = Duration::from_micros(200);
        loop {
            match self.process.try_wait() {
                Ok(Some(_)) if self.status.has_left().load(Ordering::Acquire) > 0 => return Ended::Killed,
                Ok(Some(status)) => return Ended::ByItself(describe(status)),
                Ok(None) if Instant::now() < deadline => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(20));
                }
                Ok(None) => {
                    self.kill();
                    drop(self.process.wait());
                    return Ended::Killed;
                }
                // Somebody else has waited for it (a handler of SIGCHLD): how it ended is not known.
                Err(error) => return Ended::ByItself(format!("an unknown status ({error})")),
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !self.is_ended {
            self.kill();
            drop(self.process.wait());
        }
    }
}

#[cfg(target_os = "linux")]
fn watch(process: &std::process::Child) -> Option<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    pidfd_open(Pid::from_child(process), PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn watch(_: &std::process::Child) -> Option<OwnedFd> {
    None
}

/// The functions that a child knows. It forgets those that were used longest ago.
#[derive(Default)]
pub struct KnownFunctions {
    known: FxHashSet<FunctionId>,
    order: std::collections::VecDeque<FunctionId>,
}

/// How many functions a child remembers.
const FUNCTIONS_MAX: usize = 1024;

impl KnownFunctions {
    /// Notes that the child knows `function` now; false if it did before.
    pub fn add(&mut self, function: FunctionId) -> bool {
        let is_new = self.known.insert(function);
        if is_new {
            self.order.push_back(function);
        }
        is_new
    }

    /// The functions that are too many, but for those that are wanted still.
    pub fn forget(&mut self) -> Vec<FunctionId> {
        let n = self.order.len().saturating_sub(FUNCTIONS_MAX);
        let gone: Vec<FunctionId> = self.order.drain(..n).collect();
        self.known.retain(|function| !gone.contains(function));
        gone
    }
}

/// How a process ended, in words.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match signal_name(signal) {
            Some(name) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        },
        (None, None) => "an unknown status".into(),
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    use rustix::process::Signal;
    let names = [
        (Signal::KILL, "SIGKILL; out of memory?"),
        (Signal::SEGV, "SIGSEGV, a segmentation fault"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::TERM, "SIGTERM"),
        (Signal::INT, "SIGINT"),
        (Signal::ILL, "SIGILL"),
        (Signal::FPE, "SIGFPE"),
    ];
    names.iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| *name)
}

fn fresh_token() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}
