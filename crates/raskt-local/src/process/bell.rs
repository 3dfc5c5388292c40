//! How a driver is woken that sleeps on its child's socket.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use raskt_core::Fit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A bell that one thread listens to. It is rung with a system call only while that thread sleeps.
#[derive(Debug)]
pub struct Bell {
    epoch: AtomicU64,
    sleeps: AtomicBool,
    ear: UnixStream,
    cord: UnixStream,
}

impl Bell {
    /// A bell.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new() -> io::Result<Self> {
        let (ear, cord) = UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        cord.set_nonblocking(true)?;
        Ok(Self { epoch: AtomicU64::new(0), sleeps: AtomicBool::new(false), ear, cord })
    }

    /// The epoch, to be read before looking for work.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Rings; whether the listener slept.
    pub fn ring(&self) -> bool {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        let slept = self.sleeps.swap(false, Ordering::SeqCst);
        if slept {
            // A full pipe wakes as well as one more byte would.
            drop((&self.cord).write(&[1]));
        }
        slept
    }

    /// Sleeps until the bell is rung, one of `others` can be read, or `timeout` has passed; not at all if the bell was
    /// rung since `epoch`. Whether the first of `others` can be read.
    ///
    /// # Errors
    /// The operating system's.
    pub fn sleep(
        &self,
        epoch: u64,
        others: [Option<BorrowedFd<'_>>; 2],
        timeout: Option<Duration>,
    ) -> io::Result<bool> {
        self.sleeps.store(true, Ordering::SeqCst);
        let timeout = if self.epoch() == epoch { timeout } else { Some(Duration::ZERO) };
        let ear = self.ear.as_fd();
        let unused = || PollFd::new(&ear, PollFlags::empty());
        let [first, second] = others.each_ref().map(Option::as_ref);
        let watched = |other| PollFd::new(other, PollFlags::IN);
        let mut fds =
            [watched(&ear), first.map_or_else(unused, watched), second.map_or_else(unused, watched)];
        let timeout = timeout
            .map(|t| Timespec { tv_sec: t.as_secs().clamped::<i64>(), tv_nsec: i64::from(t.subsec_nanos()) });
        let outcome = poll(&mut fds, timeout.as_ref());
        let (rung, readable) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
        self.sleeps.store(false, Ordering::SeqCst);
        if rung {
            let mut sink = [0; 64];
            while (&self.ear).read(&mut sink).is_ok_and(|n| n == sink.len()) {}
        }
        match outcome {
            Ok(_) => Ok(readable && others[0].is_some()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_between_the_look_and_the_sleep_is_not_lost() {
        let bell = Bell::new().unwrap();
        let epoch = bell.epoch();
        bell.ring();
        // Without the ring this would sleep for ever.
        assert!(!bell.sleep(epoch, [None; 2], None).unwrap());
    }

    #[test]
    fn a_sleeper_is_woken() {
        let bell = std::sync::Arc::new(Bell::new().unwrap());
        let ringer = std::sync::Arc::clone(&bell);
        let epoch = bell.epoch();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            ringer.ring()
        });
        bell.sleep(epoch, [None; 2], None).unwrap();
        thread.join().unwrap();
        assert_ne!(bell.epoch(), epoch);
    }
}
