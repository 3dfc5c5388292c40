//! Threads are started one after the other where memory is short.
//!
//! What a thread needs before its first line (the stack of its signal handler, a lane's state of the thread) it takes in
//! code of others that ends the process when there is none. So the last thread is not started when memory is just enough
//! for its stack, and none while others have yet to take theirs.

use std::io;
use std::sync::Arc;

use raskt_core::has_room;

use crate::sync::{Condvar, Mutex, wait_for};

/// Where so much is left, threads start side by side: allocators reserve 64 MiB for a thread, or twice that.
const PLENTY_BYTES: usize = 512 << 20;
/// What a thread may take beside its stack before its first line.
const START_BYTES: usize = 16 << 20;

#[derive(Default)]
struct Counter {
    n_expected: Mutex<usize>,
    arrived: Condvar,
}

/// Counts the threads that were started and are not in their lanes yet.
#[derive(Default)]
pub struct Arrivals(Arc<Counter>);

/// One thread, expected as long as this is held.
pub struct Arrival(Arc<Counter>);

impl Arrivals {
    /// The next thread, which is to drop what is returned once it is inside its lanes. Where memory is short, waits for
    /// those before: to be called outside of all lanes.
    ///
    /// # Errors
    /// Where there is too little memory for a thread with a stack of `stack_bytes`.
    pub fn next(&self, stack_bytes: usize) -> io::Result<Arrival> {
        if !has_room(PLENTY_BYTES) {
            let mut n_expected = self.0.n_expected.lock();
            while *n_expected > 0 {
                wait_for(&self.0.arrived, &mut n_expected, None);
            }
            drop(n_expected);
            if !has_room(stack_bytes + START_BYTES) {
                let text = "memory is short, or its limit is reached (`ulimit -v`)";
                return Err(io::Error::new(io::ErrorKind::OutOfMemory, text));
            }
        }
        *self.0.n_expected.lock() += 1;
        Ok(Arrival(Arc::clone(&self.0)))
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        *self.0.n_expected.lock() -= 1;
        self.0.arrived.notify_all();
    }
}
