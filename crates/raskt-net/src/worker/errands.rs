//! Threads for what may wait for a disk or for Python: pickling, spilling, letting go of values.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use raskt_exec::BodyRegistry;
use raskt_exec::pool::in_lanes;

/// What a helper does.
pub(super) type Errand = Box<dyn FnOnce() + Send>;

/// What Python's own threads get on most systems: what is pickled recurses, in C too, as deep as it does there.
pub(super) const STACK_BYTES: usize = 8 << 20;
/// One may wait for a disk, one for Python, and the third does what is quick.
const N_HELPERS: usize = 3;

/// The helpers' queue. Threads end once it is closed and empty.
#[derive(Default)]
pub(super) struct Helpers {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    errands: VecDeque<Errand>,
    n_idle: usize,
    n_threads: usize,
    is_closed: bool,
}

impl Helpers {
    /// Has a helper do something; threads are started when they are first needed. Nothing happens after the end.
    pub fn run(self: &Arc<Self>, registry: &Arc<BodyRegistry>, errand: impl FnOnce() + Send + 'static) {
        let mut queue = self.queue.lock();
        if queue.is_closed {
            return;
        }
        queue.errands.push_back(Box::new(errand));
        if queue.n_idle < queue.errands.len() && queue.n_threads < N_HELPERS {
            queue.n_threads += 1;
            // Without a thread the others do it; without any, whoever comes next tries again.
            if self.start_thread(registry).is_err() {
                queue.n_threads -= 1;
            }
        }
        drop(queue);
        self.filled.notify_one();
    }

    fn start_thread(self: &Arc<Self>, registry: &Arc<BodyRegistry>) -> io::Result<()> {
        let (helpers, registry) = (Arc::clone(self), Arc::clone(registry));
        let main = move || in_lanes(&registry, 0, &mut || helpers.serve());
        std::thread::Builder::new().name("raskt-helper".into()).stack_size(STACK_BYTES).spawn(main).map(drop)
    }

    fn serve(&self) {
        loop {
            let errand = {
                let mut queue = self.queue.lock();
                queue.n_idle += 1;
                while queue.errands.is_empty() && !queue.is_closed {
                    self.filled.wait(&mut queue);
                }
                queue.n_idle -= 1;
                queue.errands.pop_front()
            };
            let Some(errand) = errand else { break };
            // A panic of foreign code, in a finalizer say, ends the errand alone.
            drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(errand)));
        }
        self.queue.lock().n_threads -= 1;
        self.filled.notify_all();
    }

    /// What is in the queue is still done, and nothing else.
    pub fn close(&self) {
        self.queue.lock().is_closed = true;
        self.filled.notify_all();
    }

    /// Waits until all threads have ended; false where they take longer than `deadline`.
    pub fn wait_until(&self, deadline: std::time::Instant) -> bool {
        let mut queue = self.queue.lock();
        while queue.n_threads > 0 {
            if self.filled.wait_until(&mut queue, deadline).timed_out() {
                return queue.n_threads == 0;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_was_asked_before_the_end_is_done_and_nothing_after_it() {
        let helpers = Arc::new(Helpers::default());
        let registry = Arc::new(BodyRegistry::default());
        let n_done = Arc::new(AtomicUsize::new(0));
        for at in 0..20 {
            let n_done = Arc::clone(&n_done);
            helpers.run(&registry, move || {
                n_done.fetch_add(1, Ordering::SeqCst);
                assert!(at != 7, "a panic ends one errand");
            });
        }
        helpers.close();
        assert!(helpers.wait_until(Instant::now() + Duration::from_secs(60)));
        helpers.run(&registry, || panic!("too late"));
        assert_eq!(n_done.load(Ordering::SeqCst), 20);
        assert!(helpers.wait_until(Instant::now()));
    }
}
