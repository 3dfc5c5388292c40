//! Bulk transfers: each worker's bandwidth, out and in, is shared equally by what is on its way.

use std::collections::BTreeMap;

use raskt_sched::{TaskRef, Time, WorkerId};

/// Values on their way from one worker to another.
#[derive(Debug)]
pub(crate) struct Flow {
    pub from: WorkerId,
    pub to: WorkerId,
    pub request: u64,
    pub values: Vec<(TaskRef, u64)>,
    pub contents: Vec<u64>,
    pub denied: Vec<TaskRef>,
    left_bytes: f64,
    rate: f64,
}

impl Flow {
    pub fn new(from: WorkerId, to: WorkerId, request: u64) -> Self {
        let (values, contents, denied) = (Vec::new(), Vec::new(), Vec::new());
        Self { from, to, request, values, contents, denied, left_bytes: 0.0, rate: 0.0 }
    }
}

/// All transfers under way. One that starts or ends changes the rates of others, so that progress is kept up to the last
/// change, and [`Network::next_end`] holds until the next one.
#[derive(Debug, Default)]
pub(crate) struct Network {
    flows: BTreeMap<u64, Flow>,
    n_flows: u64,
    bandwidths: BTreeMap<WorkerId, f64>,
    since: Time,
    /// How many bytes have been sent.
    pub sent_bytes: u64,
    /// Changes so far: an end that was announced before the last one is out of date.
    pub version: u64,
}

impl Network {
    pub fn add_worker(&mut self, worker: WorkerId, bandwidth: u64) {
        self.bandwidths.insert(worker, bandwidth as f64);
    }

    pub fn start(&mut self, mut flow: Flow, now: Time) {
        self.advance(now);
        let n_bytes: u64 = flow.values.iter().map(|&(_, n_bytes)| n_bytes).sum();
        self.sent_bytes += n_bytes;
        flow.left_bytes = n_bytes as f64;
        self.flows.insert(self.n_flows, flow);
        self.n_flows += 1;
        self.share();
    }

    /// What has arrived by now.
    pub fn finish(&mut self, now: Time) -> Vec<Flow> {
        self.advance(now);
        let done: Vec<u64> =
            self.flows.iter().filter(|(_, flow)| flow.left_bytes < 1.0).map(|(&id, _)| id).collect();
        let flows = done.iter().filter_map(|id| self.flows.remove(id)).collect();
        self.share();
        flows
    }

    /// Breaks transfers off.
    pub fn break_off(&mut self, is_broken: impl Fn(&Flow) -> bool, now: Time) -> Vec<Flow> {
        self.advance(now);
        let broken: Vec<u64> =
            self.flows.iter().filter(|(_, flow)| is_broken(flow)).map(|(&id, _)| id).collect();
        let flows = broken.iter().filter_map(|id| self.flows.remove(id)).collect();
        self.share();
        flows
    }

    /// When the next one will have arrived, if nothing changes.
    pub fn next_end(&self) -> Option<Time> {
        let seconds = self.flows.values().map(|flow| flow.left_bytes / flow.rate);
        let seconds = seconds.min_by(f64::total_cmp)?;
        Some(Time(self.since.0 + (seconds * 1e9) as u64 + 1))
    }

    fn advance(&mut self, now: Time) {
        let seconds = now.since(self.since).as_secs_f64();
        for flow in self.flows.values_mut() {
            flow.left_bytes = (flow.left_bytes - flow.rate * seconds).max(0.0);
        }
        self.since = now;
    }

    fn share(&mut self) {
        self.version += 1;
        let (mut n_out, mut n_in) = (BTreeMap::new(), BTreeMap::new());
        for flow in self.flows.values() {
            *n_out.entry(flow.from).or_insert(0.0) += 1.0;
            *n_in.entry(flow.to).or_insert(0.0) += 1.0;
        }
        for flow in self.flows.values_mut() {
            let of = |worker| self.bandwidths.get(&worker).copied().unwrap_or(1e8);
            flow.rate = f64::min(of(flow.from) / n_out[&flow.from], of(flow.to) / n_in[&flow.to]);
        }
    }
}
