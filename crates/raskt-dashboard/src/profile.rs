//! What the thread of a scheduler spends its time with, sampled while somebody looks.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use raskt_net::scheduler::Activity;
use rustc_hash::FxHashMap;

use crate::json;

/// How long it is between two samples.
const INTERVAL: Duration = Duration::from_millis(2);
/// A profile that nobody asks for is not taken any longer.
const LEFT_AFTER: Duration = Duration::from_secs(10);
/// What it is called that the thread does nothing.
const WAITS: &str = "waits for messages";

/// Looks what a scheduler does, five hundred times a second, as long as somebody asks for it.
pub struct SchedulerProfile {
    activity: Arc<Activity>,
    sampled: Arc<Mutex<Sampled>>,
}

#[derive(Default)]
struct Sampled {
    /// How often each activity was seen.
    n_seen: FxHashMap<u64, u64>,
    /// When it was asked for last; nothing while no thread looks.
    asked: Option<Instant>,
}

impl SchedulerProfile {
    pub fn new(activity: Arc<Activity>) -> Self {
        Self { activity, sampled: Arc::default() }
    }

    /// What was seen so far, as JSON in the form of a profile of Python's; from now on more is.
    pub fn told(&self) -> String {
        let mut sampled = self.sampled.lock();
        if sampled.asked.replace(Instant::now()).is_none() {
            let (activity, to) = (Arc::clone(&self.activity), Arc::downgrade(&self.sampled));
            let thread = std::thread::Builder::new().name("raskt-profile".into());
            if thread.spawn(move || sample(&activity, &to)).is_err() {
                // The system gives no thread: the next viewer tries again.
                sampled.asked = None;
            }
        }
        frames(&sampled.n_seen)
    }
}

/// Looks until nobody has asked for a while, or the scheduler's dashboard is gone.
fn sample(activity: &Activity, to: &Weak<Mutex<Sampled>>) {
    loop {
        std::thread::sleep(INTERVAL);
        let Some(sampled) = to.upgrade() else { return };
        let mut sampled = sampled.lock();
        if sampled.asked.is_none_or(|asked| asked.elapsed() > LEFT_AFTER) {
            sampled.asked = None;
            return;
        }
        *sampled.n_seen.entry(activity.now()).or_default() += 1;
    }
}

/// Samples as a tree: rows of the parent's row, name, file and line (there are none), samples; parents first.
fn frames(n_seen: &FxHashMap<u64, u64>) -> String {
    let mut rows: Vec<(i64, &'static str, u64)> = Vec::new();
    let mut seen: Vec<_> = n_seen.iter().map(|(&word, &n)| (Activity::parts(word), n)).collect();
    seen.sort_unstable_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    for (parts, n) in &seen {
        let mut parent = -1;
        for part in if parts.is_empty() { &[WAITS][..] } else { parts } {
            let known = rows.iter().position(|row| (row.0, row.1) == (parent, part));
            let at = known.unwrap_or(rows.len());
            match known {
                Some(at) => rows[at].2 += n,
                None => rows.push((parent, part, *n)),
            }
            parent = i64::try_from(at).unwrap_or(-1);
        }
    }
    let samples: u64 = n_seen.values().sum();
    let mut out = format!("{{\"samples\":{samples},\"interval\":{},\"frames\":", INTERVAL.as_secs_f64());
    json::list(&mut out, rows, |out, (parent, name, n)| {
        out.push_str(&format!("[{parent},"));
        json::string(out, name);
        out.push_str(&format!(",\"\",0,{n}]"));
    });
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_a_tree_with_parents_first() {
        let seen: FxHashMap<u64, u64> = [(0, 6), (0x01, 1), (0x0108, 3), (0x010810, 2)].into_iter().collect();
        assert_eq!(
            frames(&seen),
            "{\"samples\":12,\"interval\":0.002,\"frames\":[[-1,\"waits for messages\",\"\",0,6],\
             [-1,\"hears workers\",\"\",0,6],[1,\"a task finished\",\"\",0,5],\
             [2,\"writes messages\",\"\",0,2]]}"
        );
    }

    #[test]
    fn it_is_sampled_while_somebody_asks() {
        let profile = SchedulerProfile::new(Arc::default());
        assert!(profile.told().starts_with("{\"samples\":0,"));
        while profile.told().starts_with("{\"samples\":0,") {
            std::thread::sleep(INTERVAL);
        }
        assert!(profile.told().contains(WAITS));
    }
}
