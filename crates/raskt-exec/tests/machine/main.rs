//! The machine alone, stepped by hand: random histories of everything that may happen to it, and every index checked
//! after each step.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use raskt_core::{Error, ErrorKind, ErrorPolicy, Value};
use raskt_exec::machine::{Actions, Event, Graph, Input, Machine, MachineOptions, OwnerId, OwnerOptions};
use raskt_exec::{Job, NATIVE, Report, Reported};
use raskt_graph::Body;
use raskt_store::{Fetch, SpillFolder, SpillJob};

mod steps;
mod tables;

use tables::{Row, VALUE_BYTES, number, registry, table, value};

/// Which of the things that there are at some moment.
#[derive(Clone, Copy, Debug)]
struct Pick(u32);

impl Pick {
    fn index(self, n: usize) -> usize {
        self.0 as usize % n
    }

    fn get<T: Copy>(self, all: &[T]) -> T {
        all[self.index(all.len())]
    }
}

/// Output `item` of a task with several, of the values of its inputs.
fn item_of(values: &[i64], item: u32) -> i64 {
    let first = values.first().copied().unwrap_or(0);
    values.iter().copied().fold(1, i64::wrapping_add).wrapping_add(first.wrapping_mul(item.into()))
}

/// What a task of a graph computes, where `of` says what its inputs do; of a list, the sum of what is taken of it.
fn total_of(rows: &[Row], row: &Row, of: &impl Fn(&Result<u32, u32>) -> i64) -> i64 {
    let values = |inputs: &[Result<u32, u32>]| inputs.iter().map(of).collect::<Vec<_>>();
    match row {
        Row::Tally(inputs) => inputs.iter().map(of).fold(1, i64::wrapping_add),
        Row::List(inputs, _) => {
            let n_items = rows.iter().filter(|row| matches!(row, Row::Item(..))).count() as u32;
            (0..n_items).map(|item| item_of(&values(inputs), item)).fold(0, i64::wrapping_add)
        }
        Row::Item(list, item) => match &rows[*list as usize] {
            Row::List(inputs, _) => item_of(&values(inputs), *item),
            _ => panic!("an item of no list"),
        },
        Row::Gather(_) => panic!("tasks that are given have none"),
    }
}

/// One step of a history. Numbers pick among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Open {
        all_errors: bool,
        retries: u32,
    },
    Add {
        owner: Pick,
        rows: Vec<Vec<Pick>>,
        inputs: Vec<(bool, Pick)>,
        priority: i32,
        n_outputs: usize,
        list: Option<(u32, u32)>,
    },
    Order {
        n: usize,
    },
    Ask {
        n: usize,
    },
    Finish {
        job: Pick,
    },
    Fail {
        job: Pick,
    },
    Grow {
        job: Pick,
        n: usize,
    },
    Return {
        job: Pick,
    },
    Report {
        job: Pick,
    },
    Arrive {
        fetch: Pick,
    },
    Miss {
        fetch: Pick,
    },
    Lose {
        task: Pick,
    },
    Cancel {
        task: Pick,
    },
    Release {
        output: Pick,
    },
    Stop {
        owner: Pick,
    },
    Close {
        owner: Pick,
    },
    Spill,
    FinishSpill {
        fails: bool,
    },
    Squeeze {
        bytes: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = || any::<u32>().prop_map(Pick);
    let rows = prop::collection::vec(prop::collection::vec(index(), 0..4), 1..7);
    let inputs = prop::collection::vec((any::<bool>(), index()), 0..3);
    prop_oneof![
        1 => (any::<bool>(), 0..2u32).prop_map(|(all_errors, retries)| Step::Open { all_errors, retries }),
        4 => (index(), rows, inputs, -1..2i32, 1..3usize, prop::option::of((0..3u32, 1..5u32))).prop_map(
            |(owner, rows, inputs, priority, n_outputs, list)| {
                Step::Add { owner, rows, inputs, priority, n_outputs, list }
            }
        ),
        6 => (1..9usize).prop_map(|n| Step::Order { n }),
        9 => (0..5usize).prop_map(|n| Step::Ask { n }),
        14 => index().prop_map(|job| Step::Finish { job }),
        1 => index().prop_map(|job| Step::Fail { job }),
        2 => (index(), 1..4usize).prop_map(|(job, n)| Step::Grow { job, n }),
        1 => index().prop_map(|job| Step::Return { job }),
        1 => index().prop_map(|job| Step::Report { job }),
        3 => index().prop_map(|fetch| Step::Arrive { fetch }),
        1 => index().prop_map(|fetch| Step::Miss { fetch }),
        3 => index().prop_map(|task| Step::Lose { task }),
        1 => index().prop_map(|task| Step::Cancel { task }),
        2 => index().prop_map(|output| Step::Release { output }),
        1 => index().prop_map(|owner| Step::Stop { owner }),
        1 => index().prop_map(|owner| Step::Close { owner }),
        2 => Just(Step::Spill),
        2 => prop::bool::weighted(0.1).prop_map(|fails| Step::FinishSpill { fails }),
        1 => (1..20u64).prop_map(|n| Step::Squeeze { bytes: n * VALUE_BYTES as u64 }),
    ]
}

/// A machine, and what its driver would know.
struct Driver {
    machine: Machine,
    out: Actions,
    owners: BTreeSet<OwnerId>,
    /// What each task that is not forgotten should compute.
    expected: BTreeMap<u32, i64>,
    owner_of: BTreeMap<u32, OwnerId>,
    outputs: Vec<(OwnerId, u32)>,
    unordered: Vec<(OwnerId, u32)>,
    jobs: Vec<Job>,
    fetches: Vec<u32>,
    spills: Vec<SpillJob>,
    /// Numbers of tasks that were reported or returned: what comes again is late.
    reported: Vec<u32>,
}

impl Driver {
    fn new(folder: &Arc<SpillFolder>) -> Self {
        let machine = Machine::new(MachineOptions {
            n_workers: 2,
            n_lanes: 1,
            memory_limit_bytes: Some(12 * VALUE_BYTES as u64),
            spill: Some(Arc::clone(folder)),
        });
        Self {
            machine,
            out: Actions::default(),
            owners: BTreeSet::new(),
            expected: BTreeMap::new(),
            owner_of: BTreeMap::new(),
            outputs: Vec::new(),
            unordered: Vec::new(),
            jobs: Vec::new(),
            fetches: Vec::new(),
            spills: Vec::new(),
            reported: Vec::new(),
        }
    }

    fn handle(&mut self, event: Event<'_>) {
        self.machine.handle(event, &mut self.out);
        self.take_actions();
    }

    fn take_actions(&mut self) {
        self.jobs.extend(self.out.jobs.drain(..));
        self.fetches.append(&mut self.out.fetches);
        self.spills.extend(self.out.spill.take());
        self.out.wait = None;
        self.out.ended.clear();
        self.out.garbage.clear();
        self.out.files.clear();
        self.out.discarded.clear();
        self.out.parts.clear();
    }

    fn owner(&self, pick: &Pick) -> Option<OwnerId> {
        (!self.owners.is_empty()).then(|| *self.owners.iter().nth(pick.index(self.owners.len())).unwrap())
    }

    fn add(
        &mut self,
        owner: OwnerId,
        rows: &[Vec<Pick>],
        inputs: &[(bool, Pick)],
        priority: i32,
        n_outputs: usize,
        list: Option<(u32, u32)>,
    ) {
        let known: Vec<u32> = self.expected.keys().copied().collect();
        let inputs: Vec<Input> = inputs
            .iter()
            .map(|(is_elsewhere, pick)| match *is_elsewhere || known.is_empty() {
                true => Input::Elsewhere,
                false => Input::Task(pick.get(&known)),
            })
            .collect();
        let n_inputs = inputs.len() as u32;
        let mut rows: Vec<Row> = (0_u32..)
            .zip(rows)
            .map(|(at, row)| {
                let pick = |pick: &Pick| match pick.index((n_inputs + at).max(1) as usize) as u32 {
                    input if input < n_inputs => Err(input),
                    task => Ok(task - n_inputs),
                };
                Row::Tally(if n_inputs + at == 0 { Vec::new() } else { row.iter().map(pick).collect() })
            })
            .collect();
        if let Some((n_loaded, n_items)) = list {
            // Who reads all of a graph's first tasks, its outputs, and who reads those.
            let at = rows.len() as u32;
            rows.push(Row::List((0..at).map(Ok).collect(), n_loaded));
            rows.extend((0..n_items).map(|item| Row::Item(at, item)));
            rows.push(Row::Tally((0..n_items).map(|item| Ok(at + 1 + item)).collect()));
        }
        let outputs: Vec<u32> =
            (0..rows.len() as u32).rev().take(n_outputs).map(|at| n_inputs + at).collect();
        let graph =
            Graph { inputs: inputs.clone(), priority, ..Graph::new(table(&rows, n_inputs, outputs.clone())) };
        let base = match self.machine.add(owner, graph, &mut self.out) {
            Ok(base) => base,
            // The input was skipped, or its owner is over.
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::InvalidGraph(_)), "{error}");
                return;
            }
        };
        for (at, input) in (0_u32..).zip(&inputs) {
            if *input == Input::Elsewhere {
                self.expected.insert(base + at, i64::from(base + at) * 1000);
                self.owner_of.insert(base + at, owner);
            }
        }
        for (at, row) in (0_u32..).zip(&rows) {
            let of = |input: &Result<u32, u32>| match *input {
                Ok(task) => self.expected[&(base + n_inputs + task)],
                Err(input) => match inputs[input as usize] {
                    Input::Task(task) => self.expected[&task],
                    Input::Elsewhere => self.expected[&(base + input)],
                },
            };
            let total = total_of(&rows, row, &of);
            self.expected.insert(base + n_inputs + at, total);
            self.owner_of.insert(base + n_inputs + at, owner);
        }
        self.outputs.extend(outputs.iter().map(|&output| (owner, base + output)));
        self.unordered.extend((0..n_inputs + rows.len() as u32).map(|at| (owner, base + at)));
        self.take_actions();
    }

    fn order(&mut self, n: usize) {
        let n = n.min(self.unordered.len());
        let tasks: Vec<u32> = self.unordered.drain(..n).map(|(_, task)| task).collect();
        self.handle(Event::Ordered(&tasks));
    }

    /// Takes one of the jobs that are out, with what was spilled of its inputs read back.
    fn take_job(&mut self, pick: &Pick) -> Option<(Job, i64)> {
        let at = (!self.jobs.is_empty()).then(|| pick.index(self.jobs.len()))?;
        let mut job = self.jobs.swap_remove(at);
        for (place, task) in job.missing().collect::<Vec<_>>() {
            // What was lost meanwhile is not there: what needs it waits until it is there again.
            let Some(value) = self.read(task) else {
                self.handle(Event::Returned(job));
                return None;
            };
            job.inputs[place] = value;
        }
        let total = job.inputs.iter().map(number).fold(1, i64::wrapping_add);
        Some((job, total))
    }

    /// What a job makes of its inputs.
    fn compute(&self, job: &Job, total: i64) -> Value {
        match self.machine.find(job.task).map(|(table, local)| table.body(local)) {
            Some(Body::Gather) => Value::List(job.inputs.iter().cloned().collect()),
            Some(Body::Select(at)) => match &job.inputs[0] {
                Value::List(items) => items[*at as usize].clone(),
                other => panic!("one of {other:?}"),
            },
            _ => value(total),
        }
    }

    /// How many inputs and outputs a task has which has several outputs.
    fn list_of(&self, task: u32) -> Option<(u32, u32)> {
        let (table, local) = self.machine.find(task)?;
        let users = table.inputs().transpose();
        let n_items = users.row(local).iter().filter_map(|&user| match table.body(user) {
            Body::Select(at) => Some(at + 1),
            _ => None,
        });
        let is_list = matches!(table.body(local), Body::Growing { .. });
        is_list.then(|| (table.inputs().row(local).len() as u32, n_items.max().unwrap_or(0)))
    }

    /// A task turns out to be a graph with an output for each that is taken of it.
    fn grow_list(&mut self, job: &Job, n_inputs: u32, n_items: u32) {
        let row = |item: u32| {
            let repeated = (0..item).filter(|_| n_inputs > 0).map(|_| Err(0));
            Row::Tally((0..n_inputs).map(Err).chain(repeated).collect())
        };
        let mut rows: Vec<Row> = (0..n_items).map(row).collect();
        rows.push(Row::Gather((0..n_items).collect()));
        let grown = table(&rows, n_inputs, vec![n_inputs + n_items]);
        self.report(job.task, Ok(Reported::Graph(Box::new(grown))));
    }

    /// The value of a task, read back where it was spilled.
    fn read(&mut self, task: u32) -> Option<Value> {
        match self.machine.fetch(task) {
            Fetch::Ready(value) => Some(value),
            Fetch::Load(load) => {
                let outcome = load.run(&registry());
                Some(self.machine.loaded(task, outcome).unwrap())
            }
            Fetch::Empty | Fetch::Busy => None,
        }
    }

    fn report(&mut self, task: u32, outcome: Result<Reported, Error>) {
        self.handle(Event::Reported(&mut vec![Report { task, outcome }]));
    }

    fn finish(&mut self, pick: &Pick) {
        if let Some((job, total)) = self.take_job(pick) {
            if let Some((n_inputs, n_items)) = self.list_of(job.task) {
                return self.grow_list(&job, n_inputs, n_items);
            }
            let made = self.compute(&job, total);
            if let Some(expected) = self.expected.get(&job.task) {
                assert_eq!(number(&made), *expected, "what task {} computed", job.task);
            }
            let task = job.task;
            self.reported.push(task);
            self.report(task, Ok(Reported::Value(made)));
        }
    }

    /// A task turns out to be a chain of tallies that takes away what they add.
    fn grow(&mut self, pick: &Pick, n: usize) {
        let Some((job, _)) = self.take_job(pick) else { return };
        let has_own_body = self.machine.find(job.task).is_some_and(|(table, local)| {
            matches!(table.body(local), Body::Growing { .. } | Body::Select(_))
        });
        if job.inputs.is_empty() || has_own_body || !self.expected.contains_key(&job.task) {
            return self.handle(Event::Returned(job));
        }
        // One task of the graph reads every input and computes what the task would; the others hang on it unread.
        let n_inputs = job.inputs.len() as u32;
        let all = (0..n_inputs).map(Err).collect::<Vec<_>>();
        let rows: Vec<_> = (0..n).map(|_| Row::Tally(all.clone())).collect();
        let output = n_inputs + n as u32 - 1;
        let grown = table(&rows, n_inputs, vec![output]);
        let task = job.task;
        self.report(task, Ok(Reported::Graph(Box::new(grown))));
    }

    fn close(&mut self, owner: OwnerId) {
        self.owners.remove(&owner);
        // Others may go on using its values, but no new graph names them.
        let mine: Vec<u32> =
            self.owner_of.iter().filter(|(_, of)| **of == owner).map(|(task, _)| *task).collect();
        for task in mine {
            self.owner_of.remove(&task);
            self.expected.remove(&task);
        }
        self.outputs.retain(|(of, _)| *of != owner);
        self.unordered.retain(|(of, _)| *of != owner);
        self.handle(Event::Closed { owner });
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Open { all_errors, retries } => {
                let errors = if *all_errors { ErrorPolicy::All } else { ErrorPolicy::First };
                let owner = self.machine.open(OwnerOptions { errors, retries: *retries });
                self.owners.insert(owner);
            }
            Step::Add { owner, rows, inputs, priority, n_outputs, list } => {
                if let Some(owner) = self.owner(owner) {
                    self.add(owner, rows, inputs, *priority, *n_outputs, *list);
                }
            }
            Step::Order { n } => self.order(*n),
            Step::Ask { n } => self.handle(Event::Asked { lane: NATIVE, n_max: *n }),
            Step::Finish { job } => self.finish(job),
            other => self.apply_answer(other),
        }
    }

    /// What came of a job or a fetch, other than a value in time.
    fn apply_answer(&mut self, step: &Step) {
        match step {
            Step::Fail { job } => {
                if let Some((job, _)) = self.take_job(job) {
                    self.report(job.task, Err(ErrorKind::InvalidValue("on purpose".into()).into()));
                }
            }
            Step::Grow { job, n } => self.grow(job, *n),
            Step::Return { job } => {
                if let Some((job, _)) = self.take_job(job) {
                    self.handle(Event::Returned(job));
                }
            }
            Step::Report { job } => {
                // Twice, from a process that was thought lost; unless the task is being run again.
                if !self.reported.is_empty() {
                    let task = job.get(&self.reported);
                    if !self.jobs.iter().any(|job| job.task == task) {
                        self.report(task, Ok(Reported::Value(value(-1))));
                    }
                }
            }
            Step::Arrive { fetch } => {
                if !self.fetches.is_empty() {
                    let task = self.fetches.swap_remove(fetch.index(self.fetches.len()));
                    self.handle(Event::Arrived { task, value: value(i64::from(task) * 1000) });
                }
            }
            Step::Miss { fetch } => {
                if !self.fetches.is_empty() {
                    let task = self.fetches.swap_remove(fetch.index(self.fetches.len()));
                    self.handle(Event::Missing { task });
                }
            }
            other => self.apply_withdrawal(other),
        }
    }

    /// What is lost, cancelled, not wanted any more, or has to go to disk.
    fn apply_withdrawal(&mut self, step: &Step) {
        match step {
            Step::Lose { task } => {
                // Mostly of those whose value is there.
                let there: Vec<u32> =
                    self.expected.keys().copied().filter(|&task| self.machine.peek(task).is_some()).collect();
                let picked = if there.is_empty() { self.task(task) } else { Some(task.get(&there)) };
                if let Some(task) = picked {
                    self.handle(Event::Lost { task });
                }
            }
            Step::Cancel { task } => {
                if let Some(task) = self.task(task) {
                    self.handle(Event::Cancelled { task });
                }
            }
            Step::Release { output } => {
                if !self.outputs.is_empty() {
                    let (_, task) = self.outputs.swap_remove(output.index(self.outputs.len()));
                    self.handle(Event::Released { task });
                    self.handle(Event::Released { task });
                }
            }
            Step::Stop { owner } => {
                if let Some(owner) = self.owner(owner) {
                    self.handle(Event::Stopped { owner, error: None });
                }
            }
            Step::Close { owner } => {
                if let Some(owner) = self.owner(owner) {
                    self.close(owner);
                }
            }
            Step::Spill => self.handle(Event::MemoryChecked),
            Step::FinishSpill { fails } => {
                if let Some(job) = self.spills.pop() {
                    let slot = job.slot();
                    let outcome = match fails {
                        true => Err(ErrorKind::NotEncodable("on purpose".into()).into()),
                        false => job.run(),
                    };
                    self.handle(Event::Spilled { slot, outcome });
                }
            }
            Step::Squeeze { bytes } => self.handle(Event::Allowed { bytes: *bytes }),
            other => panic!("{other:?} takes nothing away"),
        }
    }

    fn task(&self, pick: &Pick) -> Option<u32> {
        let tasks: Vec<u32> = self.expected.keys().copied().collect();
        (!tasks.is_empty()).then(|| pick.get(&tasks))
    }

    /// Does everything that is left to do. What owners that are not stopped asked for is there in the end, or they have
    /// been told why not.
    fn run_out(&mut self) {
        let first = Pick(0);
        for _ in 0..10_000 {
            while let Some(job) = self.spills.pop() {
                let slot = job.slot();
                let outcome = job.run();
                self.handle(Event::Spilled { slot, outcome });
            }
            while let Some(task) = self.fetches.pop() {
                self.handle(Event::Arrived { task, value: value(i64::from(task) * 1000) });
            }
            self.order(usize::MAX);
            while !self.jobs.is_empty() {
                self.finish(&first);
            }
            self.handle(Event::Asked { lane: NATIVE, n_max: 8 });
            let is_quiet = self.jobs.is_empty() && self.spills.is_empty() && self.fetches.is_empty();
            if is_quiet {
                break;
            }
        }
        for &owner in &self.owners {
            assert!(self.machine.is_over(owner), "{owner:?} waits for ever: {:?}", self.machine);
        }
        assert_eq!(self.machine.n_running(), 0);
    }

    fn check_outputs(&mut self) {
        for (owner, task) in self.outputs.clone() {
            if let Some(value) = self.read(task) {
                assert_eq!(number(&value), self.expected[&task], "the value of {task} of {owner:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn any_history_keeps_every_index_true_and_leaves_nobody_waiting(steps in prop::collection::vec(step(), 1..120)) {
        let folder = SpillFolder::create(&std::env::temp_dir()).unwrap();
        let mut driver = Driver::new(&folder);
        driver.apply(&Step::Open { all_errors: true, retries: 1 });
        for step in &steps {
            driver.apply(step);
            driver.machine.sanity_check();
        }
        driver.run_out();
        driver.machine.sanity_check();
        driver.check_outputs();
        for owner in driver.owners.clone() {
            driver.close(owner);
            driver.machine.sanity_check();
        }
        prop_assert_eq!(driver.machine.n_tasks(), 0, "what nobody owns is forgotten");
        prop_assert_eq!(driver.machine.used_bytes(), 0);
    }
}
