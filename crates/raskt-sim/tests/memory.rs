//! One worker whose values are several times larger than its memory, from seeds: how much its process takes, under virtual
//! time, with disks and tasks of any speed. `RASKT_SIM_SEED=7 cargo test -p raskt-sim --test memory` replays one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use raskt_graph::{Body, Keys, TableBuilder};
use raskt_sched::{
    Attempt, Compute, FromWorker, InputAt, Priority, TaskId, TaskRef, Time, ToWorker, Work, Worker,
    WorkerAction, WorkerEvent, WorkerId, WorkerInfo, WorkerOptions,
};
use raskt_sim::Random;

const MEMORY: u64 = 1_000_000_000;
/// What the process takes without any value.
const BASE: u64 = MEMORY / 5;
/// As in `raskt-net`.
const MEASURE_INTERVAL: Duration = Duration::from_millis(20);
/// So many tasks are sent ahead.
const N_AHEAD: usize = 16;

struct Task {
    kind: usize,
    inputs: Vec<u32>,
    n_bytes: u64,
}

/// What is to be done later.
enum Later {
    End(Attempt),
    Written(TaskRef),
    Read(TaskRef),
    Measure,
}

struct World {
    random: Random,
    tasks: Vec<Task>,
    worker: Worker,
    now: Time,
    later: BTreeMap<(Time, u64), Later>,
    n_later: u64,
    /// What is in memory: values, and what tasks that run have made.
    live: BTreeSet<u32>,
    n_spilled: usize,
    peak: u64,
    done: BTreeSet<u32>,
    n_sent: usize,
}

fn value(task: u32) -> TaskRef {
    TaskRef { task: TaskId(task), generation: 0 }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let n_threads = random.between(1, 3) as u32;
        // Of two functions that make, and of one that needs what they made.
        let sizes: [u64; 3] = std::array::from_fn(|_| MEMORY / 1000 * random.between(10, 60));
        let mut tasks = Vec::new();
        let mut total = 0;
        while total < 5 * MEMORY {
            let kind = random.below(2) as usize;
            total += sizes[kind];
            tasks.push(Task { kind, inputs: Vec::new(), n_bytes: sizes[kind] });
        }
        let n_made = tasks.len() as u64;
        for _ in 0..n_made / 2 {
            let inputs: BTreeSet<u32> =
                (0..random.between(1, 3)).map(|_| random.below(n_made) as u32).collect();
            let n_bytes = if random.chance(500) { 8 } else { sizes[2] };
            tasks.push(Task { kind: 2, inputs: inputs.into_iter().collect(), n_bytes });
        }
        let info = WorkerInfo { name: "w".into(), host: "h".into(), n_threads, resources: Vec::new() };
        let worker = Worker::new(&info, WorkerOptions { memory_bytes: MEMORY, ..WorkerOptions::default() });
        Self {
            random,
            tasks,
            worker,
            now: Time(0),
            later: BTreeMap::new(),
            n_later: 0,
            live: BTreeSet::new(),
            n_spilled: 0,
            peak: 0,
            done: BTreeSet::new(),
            n_sent: 0,
        }
    }

    fn process_bytes(&self) -> u64 {
        BASE + self.live.iter().map(|&task| self.tasks[task as usize].n_bytes).sum::<u64>()
    }

    fn after(&mut self, most: Duration, what: Later) {
        let delay = Duration::from_micros(self.random.between(100, most.as_micros() as u64));
        self.n_later += 1;
        self.later.insert((self.now.after(delay), self.n_later), what);
    }

    fn handle(&mut self, event: WorkerEvent) {
        let mut actions = Vec::new();
        self.worker.handle(event, self.now, &mut actions);
        self.worker.sanity_check();
        for action in actions {
            match action {
                WorkerAction::Run { attempt, inputs, .. } => {
                    assert!(inputs.iter().all(|input| self.live.contains(&input.task.0)), "inputs in memory");
                    // At once, which is the worst.
                    self.live.insert(attempt.of.task.0);
                    self.after(Duration::from_millis(30), Later::End(attempt));
                }
                WorkerAction::Spill(of) => {
                    self.n_spilled += 1;
                    self.after(Duration::from_millis(100), Later::Written(of));
                }
                WorkerAction::Restore(of) => {
                    self.live.insert(of.task.0);
                    self.after(Duration::from_millis(100), Later::Read(of));
                }
                WorkerAction::Tell(FromWorker::Finished { attempt, .. }) => {
                    self.done.insert(attempt.of.task.0);
                }
                WorkerAction::Tell(_) | WorkerAction::Keep(_) => {}
                other => panic!("{other:?}"),
            }
        }
        self.peak = self.peak.max(self.process_bytes());
    }

    fn measure(&mut self, without: u64) {
        let process_bytes = self.process_bytes() - without;
        self.handle(WorkerEvent::Measured { process_bytes });
    }

    fn send(&mut self) {
        while self.n_sent < self.tasks.len() && self.n_sent < self.done.len() + N_AHEAD {
            let number = self.n_sent as u32;
            let task = &self.tasks[self.n_sent];
            // What tasks need is sent after it was made.
            if !task.inputs.iter().all(|input| self.done.contains(input)) {
                return;
            }
            let input = |&of: &u32| InputAt {
                value: value(of),
                n_bytes: self.tasks[of as usize].n_bytes,
                holders: [WorkerId(0)].into_iter().collect(),
            };
            let inputs: Vec<InputAt> = task.inputs.iter().map(input).collect();
            let mut table = TableBuilder::default();
            table.push_own(Body::native(["make", "load", "join"][task.kind]), &[]).unwrap();
            let table = Arc::new(table.finish(Keys::Indexed("x".into()), Vec::new()).unwrap());
            self.n_sent += 1;
            let compute = Compute {
                attempt: Attempt { of: value(number), epoch: 0 },
                priority: Priority::new(0, 0, number),
                work: Work { table, row: 0 },
                inputs,
                resources: Arc::from([]),
            };
            self.handle(WorkerEvent::Scheduler(ToWorker::Compute(Box::new(compute))));
        }
    }

    fn run(&mut self) {
        self.after(MEASURE_INTERVAL, Later::Measure);
        while self.done.len() < self.tasks.len() {
            self.send();
            let Some(((at, _), what)) = self.later.pop_first() else { panic!("nothing happens any more") };
            self.now = at;
            assert!(at < Time::default().after(Duration::from_secs(600)), "it does not get on");
            match what {
                Later::End(attempt) => {
                    let n_bytes = self.tasks[attempt.of.task.0 as usize].n_bytes;
                    self.measure(n_bytes);
                    let duration = Duration::from_millis(1);
                    self.handle(WorkerEvent::Ended { attempt, outcome: Ok(n_bytes), duration });
                }
                Later::Written(of) => {
                    self.live.remove(&of.task.0);
                    let n_bytes = self.tasks[of.task.0 as usize].n_bytes;
                    self.handle(WorkerEvent::Spilled { value: of, n_bytes });
                    self.measure(0);
                }
                Later::Read(of) => self.handle(WorkerEvent::Restored(of)),
                Later::Measure => {
                    self.measure(0);
                    self.after(MEASURE_INTERVAL, Later::Measure);
                }
            }
        }
    }
}

#[test]
fn values_several_times_larger_than_memory_go_through_a_worker_that_never_exceeds_it() {
    let only = std::env::var("RASKT_SIM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..60, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let mut world = World::new(seed);
        world.run();
        let (peak, n_spilled) = (world.peak, world.n_spilled);
        assert!(peak <= MEMORY / 100 * 95, "seed {seed}: the process took {peak} of {MEMORY} bytes");
        // Each value goes once, most of those that are needed come back, and few do so twice.
        let n_tasks = world.tasks.len();
        assert!(n_spilled < 3 * n_tasks, "seed {seed}: {n_spilled} values of {n_tasks} tasks were written");
    }
}
