//! Cull and fuse, held against plain evaluation.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use raskt_core::{Name, Param};
use raskt_graph::cull::cull;
use raskt_graph::fuse::{Argument, FuseOptions, Program, fuse};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};

/// `add` and `mul` of the inputs, and of a number of the task's own.
fn run(body: &Body, own: &Param, inputs: &[i64]) -> i64 {
    let number = own.as_int().unwrap_or(1);
    match body {
        Body::Native { name, .. } if name.as_str() == "add" => {
            inputs.iter().fold(number, |sum, input| sum.wrapping_mul(3).wrapping_add(*input))
        }
        Body::Native { .. } => inputs.iter().fold(number, |product, input| product.wrapping_mul(input | 1)),
        Body::Fused(program) => run_program(program, inputs),
        other => panic!("{other:?}"),
    }
}

fn run_program(program: &Program, inputs: &[i64]) -> i64 {
    let mut values: Vec<i64> = Vec::new();
    for step in program.steps() {
        let arguments = step.arguments.iter().map(|argument| match argument {
            Argument::Outer(at) => inputs[*at as usize],
            Argument::Step(at) => values[*at as usize],
        });
        let arguments: Vec<i64> = arguments.collect();
        values.push(run(&step.body, &step.parameters, &arguments));
    }
    *values.last().unwrap()
}

fn evaluate(table: &TaskTable) -> Vec<i64> {
    let mut values = vec![0; table.n_tasks()];
    for task in table.inputs().topological().unwrap() {
        let inputs: Vec<i64> = table.inputs().row(task).iter().map(|&input| values[input as usize]).collect();
        values[task as usize] = run(table.body(task), table.parameters(task), &inputs);
    }
    values
}

/// A random graph in a shuffled numbering; `numbered` gives every task a number of its own.
fn any_table() -> impl Strategy<Value = TaskTable> {
    (1_usize..40)
        .prop_flat_map(|n| {
            let inputs = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
            let rows = prop::collection::vec((inputs, any::<bool>()), n);
            let outputs = prop::collection::vec(0..n as u32, 1..4);
            (rows, Just((0..n as u32).collect::<Vec<_>>()).prop_shuffle(), outputs, any::<bool>())
        })
        .prop_map(|(rows, numbers, outputs, numbered)| {
            let mut places = vec![0; rows.len()];
            (0..).zip(&numbers).for_each(|(at, &number)| places[number as usize] = at);
            let mut table = TableBuilder::default();
            let bodies = [table.body(Body::native("add")), table.body(Body::native("mul"))];
            for &at in &places {
                let (inputs, add) = &rows[at];
                let inputs: Vec<u32> = match at {
                    0 => Vec::new(),
                    // Mostly near, so that there are chains.
                    _ => inputs.iter().map(|i| numbers[at - 1 - i.index(at.min(3))]).collect(),
                };
                let own = if numbered { Param::Int(at as i64) } else { Param::Null };
                table.push_with(bodies[usize::from(*add)], own, &inputs).unwrap();
            }
            table.finish(Keys::Indexed("t".into()), outputs).unwrap()
        })
}

fn needed(table: &TaskTable, task: u32, seen: &mut BTreeSet<u32>) {
    if seen.insert(task) {
        table.inputs().row(task).iter().for_each(|&input| needed(table, input, seen));
    }
}

fn n_steps(body: &Body) -> usize {
    match body {
        Body::Fused(program) => program.steps().len(),
        _ => 1,
    }
}

fn consumers(table: &TaskTable, task: u32) -> Vec<u32> {
    table.inputs().transpose_distinct().row(task).to_vec()
}

fn distinct_inputs(table: &TaskTable, task: u32) -> BTreeSet<u32> {
    table.inputs().row(task).iter().copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn culling_keeps_exactly_what_the_outputs_need(table in any_table(), pick in any::<prop::sample::Index>()) {
        let outputs = [pick.index(table.n_tasks()) as u32, table.outputs()[0]];
        let culled = cull(&table, &outputs).unwrap();
        let mut expected = BTreeSet::new();
        outputs.iter().for_each(|&output| needed(&table, output, &mut expected));
        let keys = |table: &TaskTable, tasks: &mut dyn Iterator<Item = u32>| -> BTreeMap<_, _> {
            let values = evaluate(table);
            tasks.map(|task| (table.key(task), values[task as usize])).collect()
        };
        let all = keys(&culled, &mut (0..culled.n_tasks() as u32));
        prop_assert_eq!(culled.n_tasks(), expected.len());
        prop_assert_eq!(all, keys(&table, &mut expected.iter().copied()));
        let names: Vec<_> = culled.outputs().iter().map(|&output| culled.key(output)).collect();
        prop_assert_eq!(names, outputs.map(|output| table.key(output)));
        // Again, it changes nothing.
        let again = cull(&culled, culled.outputs()).unwrap();
        prop_assert_eq!(again.inputs(), culled.inputs());
    }

    #[test]
    fn fused_graphs_compute_the_same_under_the_same_keys(
        table in any_table(), width_max in 1_u32..5, n_steps_max in 1_u32..6,
        kept in any::<prop::sample::Index>(), barrier in any::<bool>(),
    ) {
        let kept = [kept.index(table.n_tasks()) as u32];
        let options = FuseOptions { kept: &kept, width_max, n_steps_max };
        let may = |a: &Body, b: &Body| !barrier || a.label() == b.label();
        let fused = fuse(&table, &options, may).unwrap();
        let (before, after) = (evaluate(&table), evaluate(&fused));
        let values: BTreeMap<_, _> =
            (0..table.n_tasks()).map(|task| (table.key(task as u32), before[task])).collect();
        for task in 0..fused.n_tasks() as u32 {
            prop_assert_eq!(after[task as usize], values[&fused.key(task)]);
            prop_assert!(n_steps(fused.body(task)) <= n_steps_max as usize);
            if let (true, Body::Fused(program)) = (barrier, fused.body(task)) {
                let labels: BTreeSet<Name> =
                    program.steps().iter().map(|step| Name::new(&step.body.label())).collect();
                prop_assert_eq!(labels.len(), 1);
            }
        }
        let names = |table: &TaskTable| table.outputs().iter().map(|&t| table.key(t)).collect::<Vec<_>>();
        prop_assert_eq!(names(&fused), names(&table));
        // Nothing is computed twice, nothing is lost, and what is kept can be seen.
        let n_all: usize = (0..fused.n_tasks() as u32).map(|task| n_steps(fused.body(task))).sum();
        prop_assert_eq!(n_all, table.n_tasks());
        prop_assert!((0..fused.n_tasks() as u32).any(|task| fused.key(task) == table.key(kept[0])));
    }

    #[test]
    fn no_chain_is_left(table in any_table()) {
        let options = FuseOptions { n_steps_max: u32::MAX, ..FuseOptions::default() };
        let fused = fuse(&table, &options, |_, _| true).unwrap();
        for task in 0..fused.n_tasks() as u32 {
            let inputs = distinct_inputs(&fused, task);
            if let (1, Some(&input)) = (inputs.len(), inputs.first()) {
                let alone = consumers(&fused, input) == [task] && !fused.outputs().contains(&input);
                // What is several tasks wide inside still ends in one value.
                prop_assert!(!alone, "{:?} and {:?}", fused.key(input), fused.key(task));
            }
        }
        // Chains take no branch in: the inputs of a fused task are those of its first step.
        for task in 0..fused.n_tasks() as u32 {
            if let Body::Fused(program) = fused.body(task) {
                for (at, step) in program.steps().iter().enumerate().skip(1) {
                    prop_assert!(step.arguments.iter().all(|a| *a == Argument::Step(at as u32 - 1)));
                }
            }
        }
    }

    #[test]
    fn fusing_twice_is_fusing_flat_programs(table in any_table()) {
        let narrow = fuse(&table, &FuseOptions { n_steps_max: 2, ..Default::default() }, |_, _| true).unwrap();
        let wide = FuseOptions { width_max: 4, ..Default::default() };
        let fused = fuse(&narrow, &wide, |_, _| true).unwrap();
        let (before, after) = (evaluate(&table), evaluate(&fused));
        for (a, b) in table.outputs().iter().zip(fused.outputs()) {
            prop_assert_eq!(before[*a as usize], after[*b as usize]);
            prop_assert_eq!(table.key(*a), fused.key(*b));
        }
        for body in fused.bodies() {
            if let Body::Fused(program) = body {
                prop_assert!(program.steps().iter().all(|step| !matches!(step.body, Body::Fused(_))));
            }
        }
    }
}

/// `n` chains of `length` tasks.
fn chains(n: u32, length: u32) -> TaskTable {
    let mut table = TableBuilder::default();
    let add = table.body(Body::native("add"));
    let mut ends = Vec::new();
    for _ in 0..n {
        let mut last = table.push(add, &[]).unwrap();
        for _ in 1..length {
            last = table.push(add, &[last]).unwrap();
        }
        ends.push(last);
    }
    table.finish(Keys::Indexed("t".into()), ends).unwrap()
}

#[test]
fn equal_chains_share_one_program() {
    let fused = fuse(&chains(1000, 10), &FuseOptions::default(), |_, _| true).unwrap();
    assert_eq!((fused.n_tasks(), fused.bodies().len()), (1000, 1));
}

#[test]
fn a_chain_of_a_hundred_thousand_tasks_is_fused_and_culled_without_recursion() {
    let table = chains(1, 100_000);
    let options = FuseOptions { n_steps_max: u32::MAX, ..FuseOptions::default() };
    let fused = fuse(&table, &options, |_, _| true).unwrap();
    assert_eq!((fused.n_tasks(), n_steps(fused.body(0))), (1, 100_000));
    assert_eq!(cull(&table, &[50_000]).unwrap().n_tasks(), 50_001);
}

#[test]
fn stand_ins_for_the_inputs_of_a_subgraph_stay() {
    let mut table = TableBuilder::default();
    let input = table.push_own(Body::Input(0), &[]).unwrap();
    let last = table.push_own(Body::native("add"), &[input]).unwrap();
    let table = table.finish(Keys::Indexed("t".into()), vec![last]).unwrap();
    let fused = fuse(&table, &FuseOptions::default(), |_, _| true).unwrap();
    assert_eq!(fused.n_tasks(), 2);
}

#[test]
fn an_output_that_is_not_there_cannot_be_culled_for() {
    let error = cull(&chains(1, 2), &[2]).unwrap_err();
    assert_eq!(error.to_string(), "output 2 of 2 tasks does not exist");
}
