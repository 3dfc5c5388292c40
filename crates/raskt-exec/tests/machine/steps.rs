//! Single steps, and what follows from each.

use raskt_core::{ErrorKind, ErrorPolicy, Value};
use raskt_exec::machine::{Actions, Event, Graph, Input, Machine, MachineOptions, OwnerId, OwnerOptions};
use raskt_exec::{NATIVE, Report, Reported};

use crate::tables::{Row, table};

/// A machine without a budget, and an owner of each of `errors`.
fn machine(errors: &[ErrorPolicy]) -> (Machine, Vec<OwnerId>) {
    let options = MachineOptions { n_workers: 1, n_lanes: 1, memory_limit_bytes: None, spill: None };
    let mut machine = Machine::new(options);
    let owners = errors.iter().map(|&errors| machine.open(OwnerOptions { errors, retries: 0 })).collect();
    (machine, owners)
}

/// Adds a graph of tasks without inputs, ordered; the number of the first.
fn add_sources(machine: &mut Machine, owner: OwnerId, n: u32, priority: i32) -> u32 {
    let rows: Vec<_> = (0..n).map(|_| Row::Tally(Vec::new())).collect();
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
    let rows = [vec![], vec![Ok(0)], vec![Ok(1)]].map(Row::Tally);
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
        let graph = Graph {
            inputs: vec![Input::Elsewhere],
            ..Graph::new(table(&[Row::Tally(vec![Err(0)])], 1, vec![1]))
        };
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
    let rows = [vec![Err(0)], vec![]].map(Row::Tally);
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

#[test]
fn outputs_of_a_task_that_grows_go_on_alone_and_what_it_only_keeps_is_not_loaded() {
    let (mut machine, owners) = machine(&[ErrorPolicy::First]);
    // Two sources; a task that is given the first and keeps both; two of its three outputs, and who needs the second.
    let rows = [
        Row::Tally(vec![]),
        Row::Tally(vec![]),
        Row::List(vec![Ok(0), Ok(1)], 1),
        Row::Item(2, 0),
        Row::Item(2, 2),
        Row::Tally(vec![Ok(4)]),
    ];
    machine.add(owners[0], Graph::new(table(&rows, 0, vec![3, 5])), &mut Actions::default()).unwrap();
    machine.handle(Event::Ordered(&[0, 1, 2, 4, 5, 3]), &mut Actions::default());
    for source in 0..2 {
        assert_eq!(ask(&mut machine), Some(source));
        finish(&mut machine, source);
    }
    let mut out = Actions::default();
    machine.handle(Event::Asked { lane: NATIVE, n_max: 1 }, &mut out);
    let job = out.jobs.pop_front().unwrap();
    assert_eq!((job.task, job.inputs.len()), (2, 1), "the second is kept only");
    let grown = [
        Row::Tally(vec![Err(0)]),
        Row::Tally(vec![Err(1)]),
        Row::Tally(vec![Err(1)]),
        Row::Gather(vec![0, 1, 2]),
    ];
    let grown = Ok(Reported::Graph(Box::new(table(&grown, 2, vec![5]))));
    machine.handle(Event::Reported(&mut vec![Report { task: 2, outcome: grown }]), &mut out);
    machine.sanity_check();

    let (first, third) = (8, 10);
    assert_eq!(ask(&mut machine), Some(third), "the output that is needed first");
    finish(&mut machine, third);
    assert_eq!(machine.peek(4), Some(Value::Int(third.into())), "the output is the value of what took it");
    assert_eq!((ask(&mut machine), ask(&mut machine)), (Some(5), Some(first)));
    finish(&mut machine, 5);
    finish(&mut machine, first);
    assert!(machine.is_over(owners[0]), "neither the list nor the output that nobody takes is made");
    assert_eq!(machine.peek(3), Some(Value::Int(first.into())));
}
