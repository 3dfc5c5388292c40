//! The machine alone, stepped by hand: random histories of everything that may happen to it, and every index checked
//! after each step.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use raskt_core::{Buffer, Error, ErrorKind, ErrorPolicy, Value};
use raskt_exec::machine::{Actions, Event, Graph, Input, Machine, MachineOptions, OwnerId, OwnerOptions};
use raskt_exec::resolved::ResolvedTable;
use raskt_exec::{BodyRegistry, Call, Job, NATIVE, Outcome, Report, Reported};
use raskt_graph::{Body, Keys, TableBuilder};
use raskt_store::{Fetch, SpillFolder, SpillJob};

/// What a task computes: 1 more than the sum of its inputs, and so many bytes that they matter to a budget.
const VALUE_BYTES: usize = 128 << 10;

fn registry() -> BodyRegistry {
    let mut registry = BodyRegistry::default();
    let body = |_: &mut Call<'_>| Ok(Outcome::Value(Value::Unit));
    registry.add_kernel("tally", Arc::new(body)).unwrap();
    registry
}

fn value(n: i64) -> Value {
    let mut bytes = vec![0; VALUE_BYTES];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    Buffer::from(bytes).into()
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Bytes(bytes) => i64::from_le_bytes(bytes.as_slice()[..8].try_into().unwrap()),
        other => panic!("bytes were put, not {other:?}"),
    }
}

/// A table: rows of inputs, where `Err(i)` is input `i` of the graph.
fn table(rows: &[Vec<Result<u32, u32>>], n_inputs: u32, outputs: Vec<u32>) -> ResolvedTable {
    let mut table = TableBuilder::default();
    let tally = table.body(Body::native("tally"));
    for input in 0..n_inputs {
        table.push_own(Body::Input(input), &[]).unwrap();
    }
    for row in rows {
        let inputs: Vec<u32> =
            row.iter().map(|input| input.map_or_else(|input| input, |task| n_inputs + task)).collect();
        table.push(tally, &inputs).unwrap();
    }
    let table = table.finish(Keys::Indexed("t".into()), outputs).unwrap();
    ResolvedTable::new(Arc::new(table), &registry()).unwrap()
}

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

/// One step of a history. Numbers pick among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Open { all_errors: bool, retries: u32 },
    Add { owner: Pick, rows: Vec<Vec<Pick>>, inputs: Vec<(bool, Pick)>, priority: i32, n_outputs: usize },
    Order { n: usize },
    Ask { n: usize },
    Finish { job: Pick },
    Fail { job: Pick },
    Grow { job: Pick, n: usize },
    Return { job: Pick },
    Report { job: Pick },
    Arrive { fetch: Pick },
    Miss { fetch: Pick },
    Lose { task: Pick },
    Cancel { task: Pick },
    Release { output: Pick },
    Stop { owner: Pick },
    Close { owner: Pick },
    Spill,
    FinishSpill { fails: bool },
    Squeeze { bytes: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let index = || any::<u32>().prop_map(Pick);
    let rows = prop::collection::vec(prop::collection::vec(index(), 0..4), 1..7);
    let inputs = prop::collection::vec((any::<bool>(), index()), 0..3);
    prop_oneof![
        1 => (any::<bool>(), 0..2u32).prop_map(|(all_errors, retries)| Step::Open { all_errors, retries }),
        4 => (index(), rows, inputs, -1..2i32, 1..3usize).prop_map(
            |(owner, rows, inputs, priority, n_outputs)| Step::Add { owner, rows, inputs, priority, n_outputs }
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
        let rows: Vec<Vec<Result<u32, u32>>> = (0_u32..)
            .zip(rows)
            .map(|(at, row)| {
                let pick = |pick: &Pick| match pick.index((n_inputs + at).max(1) as usize) as u32 {
                    input if input < n_inputs => Err(input),
                    task => Ok(task - n_inputs),
                };
                if n_inputs + at == 0 { Vec::new() } else { row.iter().map(pick).collect() }
            })
            .collect();
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
            let total = row.iter().map(of).fold(1, i64::wrapping_add);
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
            if let Some(expected) = self.expected.get(&job.task) {
                assert_eq!(total, *expected, "what task {} computed", job.task);
            }
            let task = job.task;
            self.reported.push(task);
            self.report(task, Ok(Reported::Value(value(total))));
        }
    }

    /// A task turns out to be a chain of tallies that takes away what they add.
    fn grow(&mut self, pick: &Pick, n: usize) {
        let Some((job, _)) = self.take_job(pick) else { return };
        if job.inputs.is_empty() || !self.expected.contains_key(&job.task) {
            return self.handle(Event::Returned(job));
        }
        // One task of the graph reads every input and computes what the task would; the others hang on it unread.
        let n_inputs = job.inputs.len() as u32;
        let all = (0..n_inputs).map(Err).collect::<Vec<_>>();
        let rows: Vec<_> = (0..n).map(|_| all.clone()).collect();
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
            Step::Add { owner, rows, inputs, priority, n_outputs } => {
                if let Some(owner) = self.owner(owner) {
                    self.add(owner, rows, inputs, *priority, *n_outputs);
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

/// A machine without a budget, and an owner of each of `errors`.
fn machine(errors: &[ErrorPolicy]) -> (Machine, Vec<OwnerId>) {
    let options = MachineOptions { n_workers: 1, n_lanes: 1, memory_limit_bytes: None, spill: None };
    let mut machine = Machine::new(options);
    let owners = errors.iter().map(|&errors| machine.open(OwnerOptions { errors, retries: 0 })).collect();
    (machine, owners)
}

/// Adds a graph of tasks without inputs, ordered; the number of the first.
fn add_sources(machine: &mut Machine, owner: OwnerId, n: u32, priority: i32) -> u32 {
    let rows: Vec<_> = (0..n).map(|_| Vec::new()).collect();
    let graph = Graph { priority, ..Graph::new(table(&rows, 0, (0..n).collect())) };
    let base = machine.add(owner, graph, &mut Actions::default()).unwrap();
    machine.handle(Event::Ordered(&(base..base + n).collect::<Vec<_>>()), &mut Actions::default());
    base
}

/// Takes one job; its task.
fn ask(machine: &mut Machine) -> Option<u32> {
    let mut out = Actions::default();
    machine.handle(Event::Asked { lane: NATIVE, n_max: 1 }, &mut out);
    out.jobs.pop_front().map(|job| job.task)
}

fn finish(machine: &mut Machine, task: u32) -> Actions {
    let mut out = Actions::default();
    let outcome = Ok(Reported::Value(Value::Int(i64::from(task))));
    machine.handle(Event::Reported(&mut vec![Report { task, outcome }]), &mut out);
    machine.sanity_check();
    out
}

#[test]
fn owners_take_turns_and_a_higher_priority_goes_first() {
    let (mut machine, owners) = machine(&[ErrorPolicy::First; 3]);
    let first = add_sources(&mut machine, owners[0], 8, 0);
    assert_eq!((ask(&mut machine), ask(&mut machine)), (Some(first), Some(first + 1)));
    let second = add_sources(&mut machine, owners[1], 3, 0);
    let urgent = add_sources(&mut machine, owners[2], 1, 5);
    assert_eq!(ask(&mut machine), Some(urgent));
    let turns: Vec<bool> = std::iter::from_fn(|| ask(&mut machine)).map(|task| task >= second).collect();
    assert_eq!(turns[..6].iter().filter(|&&is_second| is_second).count(), 3, "neither starves: {turns:?}");
}

#[test]
fn a_lost_value_is_computed_again_with_what_was_released_of_its_inputs() {
    let (mut machine, owners) = machine(&[ErrorPolicy::First]);
    let rows = [vec![], vec![Ok(0)], vec![Ok(1)]];
    machine.add(owners[0], Graph::new(table(&rows, 0, vec![2])), &mut Actions::default()).unwrap();
    machine.handle(Event::Ordered(&[0, 1, 2]), &mut Actions::default());
    for task in 0..3 {
        assert_eq!(ask(&mut machine), Some(task));
        finish(&mut machine, task);
    }
    assert!(machine.is_over(owners[0]));
    machine.handle(Event::Lost { task: 2 }, &mut Actions::default());
    assert!(!machine.is_over(owners[0]));
    for task in 0..3 {
        assert_eq!(ask(&mut machine), Some(task), "from the source on");
        finish(&mut machine, task);
    }
    assert_eq!(machine.peek(2), Some(Value::Int(2)));
}

#[test]
fn a_value_elsewhere_is_fetched_and_one_that_nobody_has_is_an_error_of_its_owner() {
    for is_there in [true, false] {
        let (mut machine, owners) = machine(&[ErrorPolicy::First]);
        let mut out = Actions::default();
        let graph =
            Graph { inputs: vec![Input::Elsewhere], ..Graph::new(table(&[vec![Err(0)]], 1, vec![1])) };
        machine.add(owners[0], graph, &mut out).unwrap();
        assert_eq!(out.fetches, [0]);
        machine.handle(Event::Ordered(&[0, 1]), &mut out);
        assert_eq!(ask(&mut machine), None);
        if is_there {
            machine.handle(Event::Arrived { task: 0, value: Value::Int(7) }, &mut out);
            assert_eq!(ask(&mut machine), Some(1));
        } else {
            machine.handle(Event::Missing { task: 0 }, &mut out);
            let errors = machine.take_errors(owners[0]);
            assert!(matches!(errors[0].kind(), ErrorKind::MissingKey { .. }), "{errors:?}");
        }
        machine.sanity_check();
    }
}

#[test]
fn who_needs_a_task_of_an_owner_that_fails_is_told_and_others_go_on() {
    let (mut machine, owners) = machine(&[ErrorPolicy::First, ErrorPolicy::All, ErrorPolicy::First]);
    let first = add_sources(&mut machine, owners[0], 1, 0);
    let rows = [vec![Err(0)], vec![]];
    let graph = Graph { inputs: vec![Input::Task(first)], ..Graph::new(table(&rows, 1, vec![1, 2])) };
    let second = machine.add(owners[1], graph, &mut Actions::default()).unwrap();
    machine.handle(Event::Ordered(&[second, second + 1, second + 2]), &mut Actions::default());
    let third = add_sources(&mut machine, owners[2], 1, -1);
    assert_eq!(ask(&mut machine), Some(first));
    let mut out = Actions::default();
    let outcome = Err(ErrorKind::InvalidValue("on purpose".into()).into());
    machine.handle(Event::Reported(&mut vec![Report { task: first, outcome }]), &mut out);
    machine.sanity_check();
    for &owner in &owners[..2] {
        let errors = machine.take_errors(owner);
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].kind(), &ErrorKind::InvalidValue("on purpose".into()));
    }
    let mut left = Vec::new();
    while let Some(task) = ask(&mut machine) {
        left.push(task);
        finish(&mut machine, task);
    }
    assert_eq!(left, [second + 2, third]);
    assert!(machine.is_over(owners[1]) && machine.is_over(owners[2]));
}

#[test]
fn a_report_that_comes_twice_or_late_changes_nothing() {
    let (mut machine, owners) = machine(&[ErrorPolicy::First]);
    let first = add_sources(&mut machine, owners[0], 2, 0);
    let (a, b) = (ask(&mut machine).unwrap(), ask(&mut machine).unwrap());
    finish(&mut machine, a);
    let mut out = Actions::default();
    let again = Report { task: a, outcome: Ok(Reported::Value(Value::Int(-1))) };
    machine.handle(Event::Reported(&mut vec![again]), &mut out);
    assert_eq!((machine.peek(first), out.discarded.len()), (Some(Value::Int(i64::from(a))), 1));
    machine.handle(Event::Closed { owner: owners[0] }, &mut Actions::default());
    assert_eq!(machine.n_tasks(), 2, "a job is out: its number is not given to another");
    finish(&mut machine, b);
    assert_eq!(machine.n_tasks(), 0);
    let next = machine.open(OwnerOptions { errors: ErrorPolicy::First, retries: 0 });
    assert_eq!((next, add_sources(&mut machine, next, 1, 0)), (owners[0], 0), "now it is");
}
