//! Bags as expressions: which steps are joined, and what the layers are.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use proptest::prelude::*;
use raskt_bag::operations::{Bag, Functions, JOIN, Remains, Tree, add_to};
use raskt_core::{Param, Result, Value};
use raskt_expr::{Expr, Held, NoLibrary, Plan, Planner};
use raskt_graph::layer::Layer;
use raskt_graph::{Body, TaskTable};

/// Functions are words; a body says which of them it calls.
struct Words;

fn word(held: &Param) -> String {
    match Held::value_of(held) {
        Some(Value::Str(word)) => word.to_string(),
        other => panic!("{other:?} is no word"),
    }
}

fn words(steps: &[Param]) -> String {
    steps.iter().map(word).collect::<Vec<_>>().join(" > ")
}

impl Functions for Words {
    fn chain(&self, steps: &[Param], _: &Param) -> Result<Body> {
        Ok(Body::native(&words(steps)))
    }

    fn sources(&self, steps: &[Param], inputs: &Param, _: &Param) -> Result<Vec<Body>> {
        let inputs = word(inputs);
        Ok(inputs.chars().map(|input| Body::native(&format!("{}({input})", words(steps)))).collect())
    }

    fn of_list(&self, function: &Param, _: &Param) -> Result<Body> {
        Ok(Body::native(&format!("{}(list)", word(function))))
    }
}

fn planner() -> Planner {
    let mut planner = Planner::new(Arc::new(NoLibrary));
    add_to(&mut planner, Arc::new(Words)).unwrap();
    planner
}

fn text(text: &str) -> Value {
    Value::Str(text.into())
}

fn bag(name: &str) -> Bag<'_> {
    Bag { name, annotations: &Param::Null }
}

fn source(inputs: &str) -> Expr {
    let n = u32::try_from(inputs.len()).unwrap();
    bag(&format!("read-{inputs}")).source(text("read"), text(inputs), n).unwrap()
}

fn step(before: &Expr, name: &str) -> Expr {
    bag(name).steps(before, text(name)).unwrap()
}

fn tree(parts: &Expr, name: &str, split_every: u32, remains: Remains) -> Expr {
    let tree = Tree { combine: text("combine"), last: text("last"), split_every, remains };
    bag(name).reduced(parts, tree).unwrap()
}

fn partitions(bag: &Expr, n: u32) -> Vec<Expr> {
    (0..n).map(|number| Bag::partition(bag, number).unwrap()).collect()
}

fn layers(plan: &Plan) -> Vec<String> {
    plan.graph.layers().iter().map(|(name, _)| name.to_string()).collect()
}

fn labels(table: &TaskTable) -> Vec<String> {
    (0..u32::try_from(table.n_tasks()).unwrap()).map(|task| table.label(task).to_string()).collect()
}

#[test]
fn steps_that_nobody_else_reads_are_one_task_a_partition() {
    let read = source("ab");
    let found = step(&step(&read, "inc"), "double");
    let plan = planner().plan(&partitions(&found, 2)).unwrap();
    assert_eq!(layers(&plan), ["double"]);
    let table = plan.table().unwrap();
    assert_eq!(labels(&table), ["read > inc > double(a)", "read > inc > double(b)"]);
    assert_eq!(table.key(table.outputs()[1]).to_string(), "('double', 1)");
}

#[test]
fn what_two_read_stays_a_layer_of_its_own() {
    let shared = step(&source("ab"), "inc");
    let (left, right) = (step(&shared, "left"), step(&shared, "right"));
    let roots = [partitions(&left, 2), partitions(&right, 2)].concat();
    let plan = planner().plan(&roots).unwrap();
    assert_eq!(layers(&plan), ["inc", "left", "right"]);
    assert_eq!(plan.table().unwrap().n_tasks(), 6);
}

#[test]
fn a_bag_that_is_asked_for_is_not_part_of_another() {
    let first = step(&source("a"), "first");
    let second = step(&first, "second");
    let roots = [partitions(&first, 1), partitions(&second, 1)].concat();
    let plan = planner().plan(&roots).unwrap();
    assert_eq!(layers(&plan), ["first", "second"]);
}

#[test]
fn steps_with_other_annotations_stay_apart() {
    let retries = Param::map([("retries", Param::Int(2))]);
    let read = source("a");
    let noted = Bag { name: "noted", annotations: &retries }.steps(&read, text("noted")).unwrap();
    let found = step(&noted, "plain");
    let plan = planner().plan(&partitions(&found, 1)).unwrap();
    assert_eq!(layers(&plan), ["read-a", "noted", "plain"]);
    assert_eq!(plan.annotations.len(), 1);
}

#[test]
fn of_two_bags_with_one_name_the_second_has_a_layer_of_its_own() {
    let retries = Param::map([("retries", Param::Int(2))]);
    let read = source("a");
    let plain = step(&read, "same");
    let noted = Bag { name: "same", annotations: &retries }.steps(&read, text("same")).unwrap();
    let plan = planner().plan(&[partitions(&plain, 1), partitions(&noted, 1)].concat()).unwrap();
    assert_eq!(plan.graph.layers().len(), 3);
    assert_eq!(plan.table().unwrap().n_tasks(), 3);
}

#[test]
fn joining_is_left_out_by_name() {
    let found = step(&step(&source("a"), "inc"), "double");
    let plan = planner().without(&[JOIN]).plan(&partitions(&found, 1)).unwrap();
    assert_eq!(layers(&plan), ["read-a", "inc", "double"]);
}

#[test]
fn a_reduction_is_one_layer_whatever_the_number_of_partitions() {
    let parts = step(&source(&"x".repeat(100)), "sum-part");
    let plan = planner().plan(&partitions(&tree(&parts, "sum", 8, Remains::Value), 1)).unwrap();
    assert_eq!(layers(&plan), ["sum-part", "sum"]);
    let table = plan.table().unwrap();
    // 100 parts, 13 and 2 partial sums, 1 result.
    assert_eq!(table.n_tasks(), 116);
    assert_eq!(table.key(table.outputs()[0]).to_string(), "sum");
    assert_eq!(&*table.label(table.outputs()[0]), "last(list)");
}

#[test]
fn a_reduction_to_a_bag_has_a_partition_to_go_on_with() {
    let found = step(&tree(&source("abc"), "distinct", 2, Remains::Bag), "sorted");
    let plan = planner().plan(&partitions(&found, 1)).unwrap();
    let table = plan.table().unwrap();
    assert_eq!(table.key(table.outputs()[0]).to_string(), "('sorted', 0)");
    assert_eq!(table.n_tasks(), 3 + 2 + 1 + 1);
}

#[test]
fn a_partition_that_is_not_there_and_what_is_no_bag_are_refused() {
    let read = source("ab");
    assert!(Bag::partition(&read, 2).unwrap_err().to_string().contains("partition 2 of 2"));
    let part = Bag::partition(&read, 0).unwrap();
    assert!(bag("inc").steps(&part, text("inc")).is_err());
}

#[test]
fn a_bag_of_fifty_thousand_steps_is_planned_in_one_go() {
    let mut found = source("a");
    for number in 0..50_000 {
        found = step(&found, &format!("step-{number}"));
    }
    let plan = planner().plan(&partitions(&found, 1)).unwrap();
    assert_eq!(plan.graph.layers().len(), 1);
    assert!(matches!(&*plan.graph.layers()[0].1, Layer::Raw(_)));
}

proptest! {
    /// Whatever reads whatever, each partition goes through its steps in their order.
    #[test]
    fn joined_steps_are_those_that_were_written(reads in prop::collection::vec(any::<prop::sample::Index>(), 1..12)) {
        let mut bags = vec![(source("a"), "read".to_owned())];
        for (number, read) in reads.iter().enumerate() {
            let (before, path) = &bags[read.index(bags.len())];
            let name = format!("s{number}");
            bags.push((step(before, &name), format!("{path} > {name}")));
        }
        let roots: Vec<Expr> = bags.iter().map(|(bag, _)| Bag::partition(bag, 0).unwrap()).collect();
        for (root, (_, path)) in roots.iter().zip(&bags) {
            let table = planner().plan(std::slice::from_ref(root)).unwrap().table().unwrap();
            prop_assert_eq!(labels(&table), [format!("{path}(a)")]);
        }
        let all = planner().plan(&roots).unwrap().table().unwrap();
        prop_assert_eq!(all.n_tasks(), bags.len());
    }
}
