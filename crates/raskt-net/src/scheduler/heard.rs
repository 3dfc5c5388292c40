//! What the scheduler heard, with keys and in words, for clients that ask: tasks that ran, and who came and went.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use raskt_core::{Fit, Key, Param};
use raskt_exec::events::{EventKind, now_ns};
use raskt_sched::WorkerId;
use rustc_hash::FxHashMap;

use super::record::label;

/// Tasks that are remembered: at 10,000 a second those of the last three seconds.
const N_TASKS_MAX: usize = 32_768;
/// Lines of the log that are remembered.
const N_LINES_MAX: usize = 10_000;
/// One answer has so many of either.
const N_TOLD_MAX: usize = 4096;

/// Something that happened to a task.
#[derive(Clone, Debug)]
pub(super) struct TaskHeard {
    /// Which.
    pub key: Key,
    /// What happened.
    pub kind: EventKind,
    /// Where.
    pub worker: WorkerId,
    /// When it began, in nanoseconds since the process's epoch.
    pub start_ns: u64,
    /// How long it took.
    pub duration_ns: u64,
    /// How many tasks, or values that moved.
    pub n: u32,
    /// The size of its value, or of what moved.
    pub bytes: u64,
    /// The input that it waited for longest.
    pub after: Option<Key>,
}

/// Something that happened to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A worker has come.
    WorkerJoined,
    /// A worker has ended as it should.
    WorkerLeft,
    /// A worker is gone.
    WorkerLost,
    /// A client has come.
    ClientJoined,
    /// A client has gone.
    ClientLeft,
    /// All was forgotten.
    Restarted,
    /// A graph makes no sense.
    GraphRefused,
    /// A task raised.
    TaskFailed,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::WorkerJoined => "worker-joined",
            Self::WorkerLeft => "worker-left",
            Self::WorkerLost => "worker-lost",
            Self::ClientJoined => "client-joined",
            Self::ClientLeft => "client-left",
            Self::Restarted => "restarted",
            Self::GraphRefused => "graph-refused",
            Self::TaskFailed => "task-failed",
        }
    }

    const fn is_warning(self) -> bool {
        matches!(self, Self::WorkerLost | Self::GraphRefused | Self::TaskFailed)
    }
}

#[derive(Debug)]
struct Line {
    /// Seconds since 1970.
    at: f64,
    event: Event,
    /// The address of a worker, the number of a client, a key.
    subject: Arc<str>,
    text: Arc<str>,
}

/// What was heard lately, each numbered from the beginning.
#[derive(Debug, Default)]
pub(super) struct Heard {
    tasks: Recent<TaskHeard>,
    lines: Recent<Line>,
}

impl Heard {
    pub fn task(&mut self, heard: TaskHeard) {
        self.tasks.push(heard, N_TASKS_MAX);
    }

    pub fn note(&mut self, event: Event, subject: &dyn fmt::Display, text: &dyn fmt::Display) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (subject, text) = (subject.to_string().into(), text.to_string().into());
        self.lines.push(Line { at: now.as_secs_f64(), event, subject, text }, N_LINES_MAX);
    }

    /// Tasks from number `from` on, as columns: see [`Query::Events`](crate::wire::Query::Events).
    pub fn tasks_from(&self, from: u64) -> Param {
        let (next, n_missed, found) = self.tasks.from(from);
        let (mut names, mut number_of) = (Vec::new(), FxHashMap::<Arc<str>, i64>::default());
        let mut name = |key: &Key| {
            let label = label(key);
            let known = number_of.len().clamped();
            Param::Int(*number_of.entry(label).or_insert_with_key(|label| {
                names.push(Param::Str(Arc::clone(label)));
                known
            }))
        };
        let named: Vec<Param> = found.clone().map(|heard| name(&heard.key)).collect();
        let column = |of: fn(&TaskHeard) -> i64| list(found.clone().map(|heard| Param::Int(of(heard))));
        Param::map([
            ("next", Param::Int(next.clamped())),
            ("n_missed", Param::Int(n_missed.clamped())),
            ("now_ns", Param::Int(now_ns().clamped())),
            ("name", Param::List(named.into())),
            ("names", Param::List(names.into())),
            ("key", list(found.clone().map(|heard| text(&heard.key.to_string())))),
            ("kind", column(|heard| heard.kind as i64)),
            ("worker", column(|heard| i64::from(heard.worker.0))),
            ("start_ns", column(|heard| heard.start_ns.clamped())),
            ("duration_ns", column(|heard| heard.duration_ns.clamped())),
            ("n", column(|heard| i64::from(heard.n))),
            ("bytes", column(|heard| heard.bytes.clamped())),
        ])
    }

    /// The tasks that the end of the last one waited for, the first of them first: each with the input that came last. As
    /// [`Query::CriticalPath`](crate::wire::Query::CriticalPath) tells it.
    pub fn critical_path(&self) -> Param {
        let ran = || self.tasks.kept.iter().filter(|heard| heard.kind == EventKind::Finished);
        let end = |heard: &TaskHeard| heard.start_ns.saturating_add(heard.duration_ns);
        let by_key: FxHashMap<&Key, &TaskHeard> = ran().map(|heard| (&heard.key, heard)).collect();
        let mut path = Vec::new();
        let mut next = ran().max_by_key(|heard| end(heard));
        while let Some(heard) = next {
            path.push(heard);
            let before = heard.after.as_ref().and_then(|key| by_key.get(key).copied());
            // What is computed again may come after what needed it.
            next = before.filter(|before| end(before) <= end(heard) && before.key != heard.key);
            if path.len() >= N_TOLD_MAX {
                break;
            }
        }
        path.reverse();
        list(path.into_iter().map(|heard| {
            Param::map([
                ("key", text(&heard.key.to_string())),
                ("name", Param::Str(label(&heard.key))),
                ("worker", Param::Int(i64::from(heard.worker.0))),
                ("start_ns", Param::Int(heard.start_ns.clamped())),
                ("duration_ns", Param::Int(heard.duration_ns.clamped())),
                ("bytes", Param::Int(heard.bytes.clamped())),
            ])
        }))
    }

    /// Lines from number `from` on: see [`Query::Log`](crate::wire::Query::Log).
    pub fn lines_from(&self, from: u64) -> Param {
        let (next, n_missed, found) = self.lines.from(from);
        let lines = found.map(|line| {
            Param::map([
                ("time", Param::Float(line.at)),
                ("level", text(if line.event.is_warning() { "WARNING" } else { "INFO" })),
                ("event", text(line.event.name())),
                ("subject", Param::Str(Arc::clone(&line.subject))),
                ("text", Param::Str(Arc::clone(&line.text))),
            ])
        });
        Param::map([
            ("next", Param::Int(next.clamped())),
            ("n_missed", Param::Int(n_missed.clamped())),
            ("lines", list(lines)),
        ])
    }
}

/// The newest of a sequence.
#[derive(Debug)]
struct Recent<T> {
    kept: VecDeque<T>,
    n_gone: u64,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { kept: VecDeque::new(), n_gone: 0 }
    }
}

impl<T> Recent<T> {
    fn push(&mut self, item: T, n_max: usize) {
        if self.kept.len() == n_max {
            self.kept.pop_front();
            self.n_gone += 1;
        }
        self.kept.push_back(item);
    }

    /// Items from number `from` on, within the bound of one answer; the number to go on with, and how many are gone.
    fn from(&self, from: u64) -> (u64, u64, impl Iterator<Item = &T> + Clone) {
        let end = self.n_gone + self.kept.len() as u64;
        let first = from.clamp(self.n_gone, end);
        let skip = usize::try_from(first - self.n_gone).unwrap_or(usize::MAX);
        let n = self.kept.len().saturating_sub(skip).min(N_TOLD_MAX);
        (first + n as u64, self.n_gone.saturating_sub(from), self.kept.iter().skip(skip).take(n))
    }
}

fn list(items: impl Iterator<Item = Param>) -> Param {
    Param::List(items.collect())
}

fn text(text: &str) -> Param {
    Param::Str(Arc::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_on_learns_how_many_are_gone() {
        let mut recent = Recent::default();
        (0..10).for_each(|item| recent.push(item, 4));
        let told = |from| {
            let (next, n_missed, found) = recent.from(from);
            (next, n_missed, found.copied().collect::<Vec<_>>())
        };
        assert_eq!(told(0), (10, 6, vec![6, 7, 8, 9]));
        assert_eq!(told(8), (10, 0, vec![8, 9]));
        assert_eq!(told(10), (10, 0, vec![]));
        assert_eq!(told(u64::MAX), (10, 0, vec![]));
    }

    #[test]
    fn the_end_is_traced_back_over_the_inputs_that_came_last() {
        let key = |name: &str| Key::named(name);
        let ran = |name, start_ns, duration_ns, after: Option<&str>| TaskHeard {
            key: key(name),
            kind: EventKind::Finished,
            worker: WorkerId(0),
            start_ns,
            duration_ns,
            n: 1,
            bytes: 0,
            after: after.map(key),
        };
        let mut heard = Heard::default();
        assert!(heard.critical_path().as_list().is_some_and(<[Param]>::is_empty));
        heard.task(ran("a", 0, 10, None));
        heard.task(ran("b", 0, 50, None));
        heard.task(ran("c", 55, 5, Some("b")));
        heard.task(ran("d", 12, 3, Some("a")));
        heard.task(ran("e", 62, 8, Some("c")));
        let names = |path: &Param| -> Vec<String> {
            let tasks = path.as_list().unwrap_or_default().iter();
            tasks.map(|task| task.get("key").and_then(Param::as_str).unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(names(&heard.critical_path()), ["b", "c", "e"]);
        // What was computed again after what needed it ends the chain, and so does a circle.
        heard.task(ran("b", 100, 1, Some("b")));
        assert_eq!(names(&heard.critical_path()), ["b"]);
    }

    #[test]
    fn one_answer_is_bounded_and_the_next_goes_on() {
        let mut recent = Recent::default();
        (0..2 * N_TOLD_MAX + 1).for_each(|item| recent.push(item, N_TASKS_MAX));
        let (mut from, mut sizes) = (0, Vec::new());
        loop {
            let (next, _, found) = recent.from(from);
            sizes.push(found.count());
            if next == from {
                break;
            }
            from = next;
        }
        assert_eq!(sizes, [N_TOLD_MAX, N_TOLD_MAX, 1, 0]);
    }
}
