//! Every index recomputed, and compared.

use super::machine::{At, Worker};

impl Worker {
    /// Checks that all that is written down twice says the same. For tests.
    ///
    /// # Panics
    /// Where it does not.
    pub fn sanity_check(&self) {
        let (mut memory, mut leaving, mut returning) = (0, 0, 0);
        let (mut n_spillable, mut n_to_fetch, mut n_to_restore) = (0, 0, 0);
        for (&of, value) in &self.values {
            let is_needed = !value.consumers.is_empty() || value.is_wanted;
            assert!(value.at.is_here() || is_needed, "value {of} is fetched for nobody");
            match value.at {
                At::Memory => memory += value.n_bytes,
                At::Leaving => leaving += value.n_bytes,
                At::Coming(request) => {
                    assert!(self.requests.get(&request).is_some_and(|request| request.values.contains(&of)));
                }
                At::Returning => returning += value.n_bytes,
                At::Elsewhere | At::Disk => {}
            }
            let is_spillable = self.spillable.contains(&(value.used, of));
            assert_eq!(is_spillable, value.at == At::Memory && value.n_pins == 0, "value {of}");
            n_spillable += usize::from(is_spillable);
            let is_queued = self.to_fetch.contains(&(value.priority, of));
            assert_eq!(is_queued, value.at == At::Elsewhere && !value.holders.is_empty(), "value {of}");
            n_to_fetch += usize::from(is_queued);
            let is_wanted_back = self.to_restore.contains(&(value.priority, of));
            assert_eq!(is_wanted_back, value.at == At::Disk && !value.consumers.is_empty(), "value {of}");
            n_to_restore += usize::from(is_wanted_back);
            for consumer in &value.consumers {
                assert!(self.pending.get(consumer).is_some_and(|pending| pending.inputs.contains(&of)));
            }
        }
        let n_seceded = self.running.values().filter(|running| running.has_seceded).count();
        assert_eq!(self.n_seceded, n_seceded, "tasks that have seceded");
        assert_eq!((self.memory_bytes, self.leaving_bytes), (memory + leaving, leaving), "bytes in memory");
        assert_eq!(
            (self.spillable.len(), self.to_fetch.len(), self.to_restore.len()),
            (n_spillable, n_to_fetch, n_to_restore),
            "queues of values"
        );
        assert_eq!(self.returning_bytes, returning, "bytes on their way from disk");
        let expected: u64 = self.running.values().map(|running| running.expected_bytes).sum();
        assert_eq!(self.expected_bytes, expected, "bytes that running tasks make");
        for (task, pending) in &self.pending {
            let n_missing = pending.inputs.iter().filter(|&&input| !self.is_in_memory(input)).count();
            assert_eq!(pending.n_missing, n_missing, "inputs that task {task} waits for");
            let is_ready = self.ready.contains(&(pending.priority, *task));
            assert_eq!(is_ready, n_missing == 0, "task {task}");
        }
        let n_ready = self.pending.values().filter(|pending| pending.n_missing == 0).count();
        assert_eq!(self.ready.len(), n_ready, "ready tasks");
        assert!(self.n_active() <= self.n_threads, "more tasks than threads");
        let incoming: u64 = self.requests.values().map(|request| request.n_bytes).sum();
        assert_eq!(self.incoming_bytes, incoming, "bytes on their way");
    }
}
