//! SIGTERM, and SIGHUP of a terminal that is closed: the process dies of it as it would have, and leaves no folder and no
//! unfinished file behind.
//!
//! Only where somebody asked for it ([`remove_scratch_at_termination`]), only once the process has something to leave
//! behind, and only while the signal has its default disposition: a handler of the program's is never replaced, and one
//! that it installs later replaces ours; what `nohup` ignores stays ignored. The handler does what a handler may: it
//! writes a byte to a pipe. The thread at the other end removes everything, restores the default, and sends the signal
//! again. Meanwhile whoever needs what is being
//! removed waits for the end of the process, so that it does not end as the failure that this would be.
//!
//! A forked child has the handler and not the thread: it compares process ids, and dies at once. A program that is
//! started gets the default disposition from `exec`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static IS_WANTED: AtomicBool = AtomicBool::new(false);
static IS_TERMINATING: AtomicBool = AtomicBool::new(false);

/// From here on SIGTERM and SIGHUP remove what this process has in folders and unfinished files before the process dies of it.
/// A process that has a handler of its own, and the first process of a container, which the kernel does not let die of
/// it, stay as they are; so do systems without signals.
pub fn remove_scratch_at_termination() {
    IS_WANTED.store(true, Ordering::Relaxed);
}

/// The process is about to end: whoever needs what is being removed waits from here on.
pub(crate) fn begin() {
    IS_TERMINATING.store(true, Ordering::SeqCst);
}

/// Whether the process is about to die of a signal, or of the loss of its parent.
pub(crate) fn is_terminating() -> bool {
    IS_TERMINATING.load(Ordering::SeqCst)
}

/// Does not return where the process is about to die: what fails now fails because of that.
pub fn wait_if_terminating() {
    while is_terminating() {
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// To be called before there is something to leave behind.
pub(crate) fn watch() {
    #[cfg(unix)]
    if IS_WANTED.load(Ordering::Relaxed) {
        unix::watch();
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
    use std::panic::catch_unwind;
    use std::process;
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
    use std::time::Duration;

    use super::IS_TERMINATING;
    use crate::remove_all_scratch;

    /// What asks a process to end that may not answer any more.
    const SIGNALS: [libc::c_int; 2] = [libc::SIGTERM, libc::SIGHUP];

    /// The process that the thread was started in, and the one in which somebody is starting it.
    static OWNER: AtomicU32 = AtomicU32::new(0);
    static STARTED: AtomicU32 = AtomicU32::new(0);
    /// The end of the pipe that the handler writes to, and what it is: the program may close files that are not its own,
    /// and open others under their numbers.
    static PIPE: AtomicI32 = AtomicI32::new(-1);
    static DEVICE: AtomicU64 = AtomicU64::new(0);
    static INODE: AtomicU64 = AtomicU64::new(0);

    pub(super) fn watch() {
        let pid = process::id();
        // The kernel discards signals at their default in the first process of a container; a handler it would run.
        if pid == 1 {
            return;
        }
        if OWNER.load(Ordering::Acquire) != pid {
            let before = STARTED.swap(pid, Ordering::AcqRel);
            // Without a pipe or a thread the signals leave what the next sweep takes.
            if before == pid || start(pid).is_err() {
                return;
            }
        }
        SIGNALS.into_iter().for_each(install);
    }

    fn start(pid: u32) -> io::Result<()> {
        let (reader, writer) = io::pipe()?;
        // A handler must not wait.
        rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK)?;
        let (device, inode) = identity(writer.as_raw_fd()).ok_or_else(io::Error::last_os_error)?;
        DEVICE.store(device, Ordering::Relaxed);
        INODE.store(inode, Ordering::Relaxed);
        PIPE.store(writer.into_raw_fd(), Ordering::Relaxed);
        let reader = reader.into_raw_fd();
        std::thread::Builder::new().name("raskt-signals".into()).spawn(move || serve(reader))?;
        OWNER.store(pid, Ordering::Release);
        Ok(())
    }

    /// Puts the handler where there is none.
    fn install(signal: libc::c_int) {
        let handler = on_signal as extern "C" fn(libc::c_int);
        let mut ours = MaybeUninit::<libc::sigaction>::zeroed();
        let mut found = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: zeros are a valid `sigaction`; all pointers are to such, and outlive the calls. The handler calls what a
        // handler may.
        unsafe {
            let ours = ours.assume_init_mut();
            ours.sa_sigaction = handler as libc::sighandler_t;
            ours.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
            let found = found.assume_init_mut();
            if libc::sigaction(signal, null_mut(), found) != 0 || found.sa_sigaction != libc::SIG_DFL {
                return;
            }
            libc::sigaction(signal, ours, found);
            if found.sa_sigaction != libc::SIG_DFL && found.sa_sigaction != ours.sa_sigaction {
                // The program installed one between the two calls.
                libc::sigaction(signal, found, null_mut());
            }
        }
    }

    /// The handler: `getpid`, `fstat`, `write`, `signal` and `raise` are safe in one.
    extern "C" fn on_signal(signal: libc::c_int) {
        // SAFETY: the calls are async-signal-safe, and their pointers are to variables of this frame. What they leave in
        // `errno` matters to the code that was interrupted.
        unsafe {
            let errno = errno();
            let before = *errno;
            let is_told = OWNER.load(Ordering::Acquire) == libc::getpid().cast_unsigned() && tell(signal);
            if !is_told {
                libc::signal(signal, libc::SIG_DFL);
                // Blocked until this function returns.
                libc::raise(signal);
            }
            *errno = before;
        }
    }

    /// Tells the thread which signal came; whether that could be done.
    fn tell(signal: libc::c_int) -> bool {
        let pipe = PIPE.load(Ordering::Relaxed);
        let made = (DEVICE.load(Ordering::Relaxed), INODE.load(Ordering::Relaxed));
        // Signals have small numbers: one byte holds any.
        let byte = signal.to_le_bytes()[0];
        // SAFETY: one byte is read from a variable that outlives the call.
        identity(pipe) == Some(made) && unsafe { libc::write(pipe, (&raw const byte).cast(), 1) } == 1
    }

    /// Device and number of an open file.
    #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
    fn identity(file: RawFd) -> Option<(u64, u64)> {
        let mut status = MaybeUninit::<libc::stat>::zeroed();
        // SAFETY: `status` outlives the call, and zeros are a valid `stat`.
        let (is_open, status) =
            unsafe { (libc::fstat(file, status.as_mut_ptr()) == 0, status.assume_init()) };
        is_open.then_some((status.st_dev as u64, status.st_ino as u64))
    }

    #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "redox"))]
    fn errno() -> *mut libc::c_int {
        // SAFETY: no conditions.
        unsafe { libc::__errno_location() }
    }

    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    fn errno() -> *mut libc::c_int {
        // SAFETY: no conditions.
        unsafe { libc::__errno() }
    }

    #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "dragonfly"))]
    fn errno() -> *mut libc::c_int {
        // SAFETY: no conditions.
        unsafe { libc::__error() }
    }

    /// The thread's life: waits for the handler, then ends the process.
    fn serve(pipe: RawFd) {
        mask(libc::SIG_BLOCK, None);
        let mut byte = 0_u8;
        loop {
            // SAFETY: one byte is written to a variable that outlives the call.
            let n = unsafe { libc::read(pipe, (&raw mut byte).cast(), 1) };
            if n == 1 {
                break;
            }
            if n == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                // The program closed the pipe. The next who has something to leave behind makes another.
                OWNER.store(0, Ordering::Release);
                STARTED.store(0, Ordering::Release);
                return;
            }
        }
        IS_TERMINATING.store(true, Ordering::SeqCst);
        // Whatever happens there, the process was told to die.
        drop(catch_unwind(remove_all_scratch));
        let signal = libc::c_int::from(byte);
        // SAFETY: no pointers; the process ends here.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        mask(libc::SIG_UNBLOCK, Some(signal));
        loop {
            // SAFETY: no pointers.
            unsafe { libc::kill(libc::getpid(), signal) };
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Blocks or unblocks one signal, or all, for this thread.
    fn mask(how: libc::c_int, signal: Option<libc::c_int>) {
        let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: the set is filled before it is used, and outlives the calls.
        unsafe {
            match signal {
                None => libc::sigfillset(set.as_mut_ptr()),
                Some(signal) => {
                    libc::sigemptyset(set.as_mut_ptr());
                    libc::sigaddset(set.as_mut_ptr(), signal)
                }
            };
            libc::pthread_sigmask(how, set.as_ptr(), null_mut());
        }
    }
}
