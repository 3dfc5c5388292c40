//! Looks at a source ten times a second, and keeps what it saw within a bound.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::bars::{gathered, gathered_within};
use crate::json::{list, milliseconds, number, string};
use crate::metrics::metrics;
use crate::past::{Look, Past};
use crate::process::{System, system};
use crate::source::{Bar, Group, Kind, LaneLabel, RunningTask, Seen, Source, Teller};

/// How often it looks.
pub const PACE: Duration = Duration::from_millis(100);
/// Bars that are kept: the newest.
const N_BARS_MAX: usize = 200_000;
/// Bars that an answer about the past has about at most.
const N_BARS_PAST_MAX: u64 = 100_000;
/// Bars that one message has at most.
const N_BARS_SENT_MAX: usize = 50_000;
/// Moments of which processor and memory use are kept, one in five looks.
const N_SAMPLES_MAX: usize = 3_600;
const SAMPLE_EVERY: u64 = 5;

/// Processor and memory use at a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at_ns: u64,
    /// In percent of one processor.
    cpu_percent: u64,
    managed: u64,
    spilled: u64,
    process: u64,
    n_threads: u64,
    n_files: u64,
    /// Bytes a second: read from disks, written to them, received, sent.
    rates: [u64; 4],
    /// Processor use of the machine, in percent of all processors.
    machine_percent: u64,
    /// Memory of the machine that is taken.
    machine_memory: u64,
}

/// What was seen so far.
#[derive(Default)]
struct Known {
    bars: VecDeque<Bar>,
    /// Those that are not in `bars` any more.
    past: Past,
    /// How many bars there were before the first one that is kept.
    n_gone: u64,
    names: Vec<String>,
    samples: VecDeque<Sample>,
    n_samples_gone: u64,
    last: Seen,
    n_missed: u64,
    n_looks: u64,
    /// How often workers were described anew.
    n_workers_told: u64,
    /// What the last sample was made from: when, this process's processor time, what the system said.
    measured: Option<(u64, u64, System)>,
    cpu_percent: u64,
}

/// How much of what was seen a viewer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    bar: u64,
    sample: u64,
    name: usize,
    workers: u64,
}

/// Somebody who looks at a source on a thread of their own.
pub struct Watch {
    known: Arc<Mutex<Known>>,
    source: Arc<Mutex<Box<dyn Source>>>,
    teller: Option<Teller>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Looks at `source` until it is dropped.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn start(source: impl Source) -> std::io::Result<Self> {
        let teller = source.teller();
        let known = Arc::new(Mutex::new(Known::default()));
        let source: Arc<Mutex<Box<dyn Source>>> = Arc::new(Mutex::new(Box::new(source)));
        let (stop, stopped) = channel::<()>();
        let (to, from) = (Arc::clone(&known), Arc::clone(&source));
        let main = move || {
            loop {
                look(&from, &to);
                match stopped.recv_timeout(PACE) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = std::thread::Builder::new().name("raskt-watch".into()).spawn(main)?;
        Ok(Self { known, source, teller, stop: Some(stop), thread: Some(thread) })
    }

    /// Looks once more now, and keeps how processor and memory are in use.
    pub fn look(&self) {
        look(&self.source, &self.known);
        self.known.lock().sample_last();
    }

    /// What is new since `position`, as JSON; the position to go on with.
    #[must_use]
    pub fn news(&self, position: Position) -> (String, Position) {
        self.known.lock().news(position, N_BARS_SENT_MAX)
    }

    /// All that is known, as JSON.
    #[must_use]
    pub fn history(&self) -> String {
        self.known.lock().news(Position::default(), N_BARS_MAX).0
    }

    /// The newest state, as JSON: all but bars, samples and names.
    #[must_use]
    pub fn summary(&self) -> String {
        let known = self.known.lock();
        let bar = known.n_gone + known.bars.len() as u64;
        let end = Position { bar, sample: u64::MAX, name: usize::MAX, workers: 0 };
        known.news(end, 0).0
    }

    /// What took place between two times, in milliseconds, gathered so that a screen shows it; as JSON. It reads files.
    ///
    /// # Errors
    /// Those of reading.
    pub fn past(&self, from_ms: u64, to_ms: u64) -> std::io::Result<String> {
        let [from, to] = [from_ms, to_ms].map(|ms| ms.saturating_mul(1_000_000));
        let (look, newer, n_lanes) = self.known.lock().look_back(from, to);
        // Columns of a screen.
        let window_ns = (to.saturating_sub(from) / 2000).max(1);
        let mut all: Vec<Bar> = Vec::new();
        let mut take = |bars: Vec<Bar>| {
            all.extend(bars);
            if all.len() > N_BARS_MAX {
                all = gathered_within(std::mem::take(&mut all), window_ns);
            }
        };
        look.read(from, to, &mut take)?;
        take(newer);
        let window_ns = window_ns.max((to.saturating_sub(from) / N_BARS_PAST_MAX).saturating_mul(n_lanes));
        let all = gathered_within(all, window_ns);
        let mut out = String::from("{\"from\":");
        number(&mut out, from_ms);
        out.push_str(",\"to\":");
        number(&mut out, to_ms);
        columns(&mut out, &|| all.iter());
        out.push('}');
        Ok(out)
    }

    /// Who tells what only some viewers ask for.
    #[must_use]
    pub fn teller(&self) -> Option<Teller> {
        self.teller.clone()
    }

    /// The newest state as lines of Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        let known = self.known.lock();
        metrics(&known.last, known.n_missed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A look that panicked has nothing more to say.
            drop(thread.join());
        }
    }
}

fn look(source: &Mutex<Box<dyn Source>>, known: &Mutex<Known>) {
    // Held to the end: two looks are taken in by their order.
    let mut source = source.lock();
    let seen = source.look();
    known.lock().take_in(seen);
}

impl Known {
    /// What there is of a time: on disk, in memory; and how many places there are.
    fn look_back(&self, from_ns: u64, to_ns: u64) -> (Look, Vec<Bar>, u64) {
        let meets = |bar: &&Bar| bar.end_ns >= from_ns && bar.start_ns <= to_ns;
        let newer = self.bars.iter().filter(meets).cloned().collect();
        (self.past.look(from_ns, to_ns), newer, (self.last.lanes.len() as u64).max(1))
    }

    fn take_in(&mut self, mut seen: Seen) {
        self.names.append(&mut seen.names);
        self.n_missed += seen.n_missed;
        self.bars.extend(gathered(std::mem::take(&mut seen.bars), seen.lanes.len()));
        let n_over = self.bars.len().saturating_sub(N_BARS_MAX);
        self.past.add(self.bars.drain(..n_over));
        self.n_gone += n_over as u64;
        if self.n_looks.is_multiple_of(SAMPLE_EVERY) {
            self.sample(&seen);
        }
        self.n_looks += 1;
        self.n_workers_told += u64::from(seen.workers_are_new);
        self.last = seen;
    }

    /// Samples what was seen last, if that was not done.
    fn sample_last(&mut self) {
        if self.samples.back().is_none_or(|sample| sample.at_ns != self.last.now_ns) {
            let seen = std::mem::take(&mut self.last);
            self.sample(&seen);
            self.last = seen;
        }
    }

    fn sample(&mut self, seen: &Seen) {
        let now = system();
        let (mut rates, mut machine_percent) = ([0; 4], 0);
        if let Some((at_ns, cpu_ns, before)) = self.measured {
            let passed = seen.now_ns.saturating_sub(at_ns).max(1);
            let own = seen.cpu_ns.saturating_sub(cpu_ns).saturating_mul(100) / passed;
            self.cpu_percent = seen.cpu_percent.unwrap_or(own);
            let so_far = |system: &System| {
                let [[read, written], [received, sent]] = [system.disk, system.network];
                [read, written, received, sent]
            };
            let moved = so_far(&now).into_iter().zip(so_far(&before));
            for (rate, (now, before)) in rates.iter_mut().zip(moved) {
                *rate = now.saturating_sub(before).saturating_mul(1_000_000_000) / passed;
            }
            let [busy, all] = [0, 1].map(|at| now.processors[at].saturating_sub(before.processors[at]));
            machine_percent = busy * 100 / all.max(1);
        }
        self.measured = Some((seen.now_ns, seen.cpu_ns, now));
        self.samples.push_back(Sample {
            at_ns: seen.now_ns,
            cpu_percent: self.cpu_percent,
            managed: seen.memory.managed,
            spilled: seen.memory.spilled,
            process: seen.memory.process,
            n_threads: now.n_threads,
            n_files: now.n_files,
            rates,
            machine_percent,
            machine_memory: now.memory[0],
        });
        if self.samples.len() > N_SAMPLES_MAX {
            self.samples.pop_front();
            self.n_samples_gone += 1;
        }
    }

    fn news(&self, from: Position, n_bars_max: usize) -> (String, Position) {
        let end = self.n_gone + self.bars.len() as u64;
        let first = from.bar.max(self.n_gone).max(end.saturating_sub(n_bars_max as u64)).min(end);
        let n_left_out = first - from.bar.min(first);
        let skip = usize::try_from(first - self.n_gone).unwrap_or(usize::MAX);
        let bars = || self.bars.iter().skip(skip);
        let mut out = String::with_capacity(1024 + bars().len() * 32);
        out.push_str("{\"now\":");
        milliseconds(&mut out, self.last.now_ns);
        out.push_str(",\"names\":");
        list(&mut out, self.names.iter().skip(from.name), |out, name| string(out, name));
        columns(&mut out, &bars);
        out.push_str(",\"missed\":");
        number(&mut out, if from == Position::default() { 0 } else { n_left_out } + self.n_missed);
        let samples_end = self.n_samples_gone + self.samples.len() as u64;
        let skip = from.sample.saturating_sub(self.n_samples_gone);
        out.push_str(",\"samples\":");
        let samples = self.samples.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX));
        list(&mut out, samples, |out, sample| {
            out.push('[');
            milliseconds(out, sample.at_ns);
            let Sample { managed, spilled, process, n_threads, n_files, .. } = *sample;
            let machine = [sample.machine_percent, sample.machine_memory];
            let figures = [sample.cpu_percent, managed, spilled, process, n_threads, n_files];
            for figure in figures.into_iter().chain(sample.rates).chain(machine) {
                out.push(',');
                number(out, figure);
            }
            out.push(']');
        });
        if from.workers != self.n_workers_told {
            self.workers(&mut out);
        }
        self.state(&mut out);
        out.push('}');
        (
            out,
            Position { bar: end, sample: samples_end, name: self.names.len(), workers: self.n_workers_told },
        )
    }

    fn workers(&self, out: &mut String) {
        out.push_str(",\"workers\":");
        list(out, &self.last.workers, |out, worker| {
            out.push('[');
            for text in [&worker.name, &worker.address, worker.state] {
                string(out, text);
                out.push(',');
            }
            let figures = [
                worker.n_threads,
                worker.n_running,
                worker.n_waiting,
                worker.n_values,
                worker.held_bytes,
                worker.memory_bytes,
                worker.process_bytes,
                worker.spilled_bytes,
                worker.cpu_percent,
                worker.incoming_bytes,
            ];
            list(out, figures, number);
            out.push(']');
        });
    }

    fn state(&self, out: &mut String) {
        let seen = &self.last;
        out.push_str(match seen.kind {
            Kind::Local => ",\"of\":\"local\"",
            Kind::Cluster => ",\"of\":\"cluster\"",
            Kind::Worker(_) => ",\"of\":\"worker\"",
        });
        for (field, figure) in [
            ("waiting", seen.n_waiting),
            ("ready", seen.n_ready),
            ("processing", seen.n_processing),
            ("runs", seen.n_runs),
            ("cores", seen.n_cores),
            ("cpu", self.cpu_percent),
            ("managed", seen.memory.managed),
            ("spilled", seen.memory.spilled),
            ("limit", seen.memory.limit),
            ("process", seen.memory.process),
            ("machine", self.measured.map_or(0, |(_, _, system)| system.memory[1])),
        ] {
            out.push_str(",\"");
            out.push_str(field);
            out.push_str("\":");
            number(out, figure);
        }
        let of_memory = self.bars.front().map(|bar| bar.start_ns);
        out.push_str(",\"past\":");
        milliseconds(out, self.past.first_ns().or(of_memory).unwrap_or(seen.now_ns));
        out.push_str(",\"lanes\":");
        list(out, &seen.lanes, |out, LaneLabel { lane, label }| {
            out.push('[');
            number(out, u64::from(*lane));
            out.push(',');
            string(out, label);
            out.push(']');
        });
        out.push_str(",\"groups\":");
        list(out, &seen.groups, |out, Group { name, n_tasks, n_done, n_failed, busy_ns, bytes }| {
            out.push('[');
            string(out, name);
            for figure in [n_tasks, n_done, n_failed] {
                out.push(',');
                number(out, *figure);
            }
            out.push(',');
            milliseconds(out, *busy_ns);
            out.push(',');
            number(out, *bytes);
            out.push(']');
        });
        out.push_str(",\"running\":");
        list(out, &seen.running, |out, RunningTask { lane, key, name, since_ns }| {
            out.push('[');
            number(out, u64::from(*lane));
            out.push(',');
            string(out, key);
            out.push(',');
            string(out, name);
            out.push(',');
            milliseconds(out, *since_ns);
            out.push(']');
        });
    }
}

/// Bars as columns.
fn columns<'a, I: Iterator<Item = &'a Bar>>(out: &mut String, bars: &impl Fn() -> I) {
    for (field, of) in [
        ("lane", (|bar| u64::from(bar.lane)) as fn(&Bar) -> u64),
        ("name", |bar| u64::from(bar.name)),
        ("kind", |bar| u64::from(bar.kind)),
        ("n", |bar| u64::from(bar.n_tasks)),
        ("bytes", |bar| bar.bytes),
    ] {
        out.push_str(",\"");
        out.push_str(field);
        out.push_str("\":");
        list(out, bars(), |out, bar| number(out, of(bar)));
    }
    for (field, of) in [
        ("start", (|bar| bar.start_ns) as fn(&Bar) -> u64),
        ("took", |bar| bar.end_ns.saturating_sub(bar.start_ns)),
        ("busy", |bar| bar.busy_ns),
    ] {
        out.push_str(",\"");
        out.push_str(field);
        out.push_str("\":");
        list(out, bars(), |out, bar| milliseconds(out, of(bar)));
    }
}
