//! What was seen last, as lines of Prometheus' text format; under Dask's names where they mean the same.

use std::fmt::Write;

use raskt_net::worker::WorkerLook;

use crate::source::{Group, Kind, Seen};

/// The lines of one metric.
struct Metrics(String);

impl Metrics {
    /// Adds a gauge: labels with a number each.
    fn gauge(&mut self, name: &str, help: &str, lines: &[(&str, u64)]) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (label, figure) in lines {
            let _ = writeln!(self.0, "{name}{label} {figure}");
        }
    }

    /// What is told of every process.
    fn process(&mut self, seen: &Seen, resident_bytes: u64) {
        self.gauge("process_resident_memory_bytes", "Resident memory.", &[("", resident_bytes)]);
        let (name, hundredths) = ("process_cpu_seconds_total", seen.cpu_ns / 10_000_000);
        let _ = write!(self.0, "# HELP {name} Processor time.\n# TYPE {name} counter\n");
        let _ = writeln!(self.0, "{name} {}.{:02}", hundredths / 100, hundredths % 100);
    }
}

/// The metrics of what was seen, of which so many events were missed so far.
pub fn metrics(seen: &Seen, n_missed: u64) -> String {
    let mut out = Metrics(String::new());
    match &seen.kind {
        Kind::Local => local(seen, n_missed, &mut out),
        Kind::Cluster => cluster(seen, &mut out),
        Kind::Worker(look) => worker(seen, look, &mut out),
    }
    out.0
}

fn local(seen: &Seen, n_missed: u64, out: &mut Metrics) {
    let sum = |of: fn(&Group) -> u64| seen.groups.iter().map(of).sum::<u64>();
    let states = [
        ("{state=\"processing\"}", seen.running.len() as u64),
        ("{state=\"queued\"}", seen.n_ready),
        ("{state=\"waiting\"}", seen.n_waiting.saturating_sub(seen.n_ready)),
        ("{state=\"memory\"}", sum(|group| group.n_done)),
        ("{state=\"erred\"}", sum(|group| group.n_failed)),
    ];
    out.gauge("dask_worker_tasks", "Number of tasks by state, of computations of the last minute.", &states);
    memory(seen, out);
    out.gauge("dask_worker_threads", "Number of threads that run tasks.", &[("", seen.lanes.len() as u64)]);
    limit(seen, out);
    out.gauge("raskt_computations", "Number of computations that go on.", &[("", seen.n_runs)]);
    let help = "Events that were overwritten before they were read.";
    out.gauge("raskt_events_missed", help, &[("", n_missed)]);
    out.process(seen, seen.memory.process);
}

fn memory(seen: &Seen, out: &mut Metrics) {
    let memory = [
        ("{type=\"managed\"}", seen.memory.managed),
        ("{type=\"spilled\"}", seen.memory.spilled),
        ("{type=\"unmanaged\"}", seen.memory.process.saturating_sub(seen.memory.managed)),
    ];
    out.gauge("dask_worker_memory_bytes", "Memory breakdown.", &memory);
}

fn limit(seen: &Seen, out: &mut Metrics) {
    let help = "Bytes that values may take; 0 for no limit.";
    out.gauge("raskt_memory_limit_bytes", help, &[("", seen.memory.limit)]);
}

fn worker(seen: &Seen, look: &WorkerLook, out: &mut Metrics) {
    let load = look.load;
    let states = [
        ("{state=\"executing\"}", load.n_running as u64),
        ("{state=\"ready\"}", load.n_ready as u64),
        ("{state=\"waiting\"}", load.n_waiting as u64),
        ("{state=\"memory\"}", load.n_in_memory as u64),
        ("{state=\"disk\"}", load.n_on_disk as u64),
    ];
    out.gauge("dask_worker_tasks", "Number of tasks and values of the worker by state.", &states);
    memory(seen, out);
    out.gauge("dask_worker_threads", "Number of threads that run tasks.", &[("", u64::from(look.n_threads))]);
    limit(seen, out);
    let help = "Number of requests to other workers for values.";
    out.gauge("dask_worker_transfer_incoming_count", help, &[("", look.n_requests as u64)]);
    let help = "Bytes of values on their way to the worker.";
    out.gauge("dask_worker_transfer_incoming_bytes", help, &[("", look.incoming_bytes)]);
    out.process(seen, seen.memory.process);
}

fn cluster(seen: &Seen, out: &mut Metrics) {
    let in_state = |state: &str| seen.workers.iter().filter(|worker| worker.state == state).count() as u64;
    let n_busy = seen.workers.iter().filter(|worker| worker.n_running > 0).count() as u64;
    let n_all = seen.workers.len() as u64;
    let workers = [
        ("{state=\"idle\"}", n_all - n_busy),
        ("{state=\"partially_saturated\"}", n_busy),
        ("{state=\"retiring\"}", in_state("retiring")),
        ("{state=\"paused\"}", in_state("paused")),
    ];
    out.gauge("dask_scheduler_workers", "Number of workers by state.", &workers);
    out.gauge("dask_scheduler_clients", "Number of clients connected.", &[("", seen.n_runs)]);
    let tasks = [
        ("{state=\"waiting\"}", seen.n_waiting - seen.n_ready.min(seen.n_waiting)),
        ("{state=\"queued\"}", seen.n_ready),
        ("{state=\"processing\"}", seen.n_processing),
        ("{state=\"memory\"}", seen.workers.iter().map(|worker| worker.n_values).sum()),
    ];
    out.gauge("dask_scheduler_tasks", "Number of tasks known by the scheduler.", &tasks);
    out.process(seen, crate::process::resident_bytes());
}
