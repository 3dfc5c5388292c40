//! Calls among expressions: gathered, planned with operations, freed.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use raskt_core::{ErrorKind, Key, Param, Result, Token};
use raskt_expr::{
    CallNode, Carrier, Expr, Gathered, Keys, Mark, Meta, Pending, Planner, Wanted, calls_below, explain,
    free, gather, operations, post_order, replaced,
};
use raskt_graph::{Foreign, Shipment, TaskTable};
use rustc_hash::FxHashMap;

use crate::lowering::Singles;
use crate::sums::{add, full, neg, sum};

/// A call that is only a name.
#[derive(Debug)]
struct Written {
    name: &'static str,
    operands: Vec<Expr>,
    is_named: bool,
    is_alias: bool,
    mark: Mark,
}

static N_FREED: AtomicUsize = AtomicUsize::new(0);

impl Foreign for Written {
    fn runtime(&self) -> &'static str {
        "words"
    }

    fn label(&self) -> Arc<str> {
        self.name.into()
    }

    fn key(&self) -> Option<Key> {
        Some(Key::named(self.name))
    }

    fn family(&self) -> u64 {
        0
    }

    fn ship(&self) -> Result<Shipment> {
        Err(ErrorKind::NotEncodable(self.name.to_owned()).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl CallNode for Written {
    fn operands(&self) -> &[Expr] {
        &self.operands
    }

    fn token(&self) -> Token {
        Token(std::ptr::from_ref(self).addr() as u128)
    }

    fn is_named(&self) -> bool {
        self.is_named
    }

    fn is_alias(&self) -> bool {
        self.is_alias
    }

    fn mark(&self) -> &Mark {
        &self.mark
    }

    fn release(self: Arc<Self>, pending: &mut Pending) {
        if let Some(mut call) = Arc::into_inner(self) {
            pending.extend(call.operands.drain(..));
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        N_FREED.fetch_add(1, Ordering::Relaxed);
        free(self.operands.drain(..));
    }
}

/// What is special about a call.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Named,
    Alias,
}

fn written(name: &'static str, operands: &[&Expr], kind: Kind) -> Arc<Written> {
    let operands = operands.iter().map(|&operand| operand.clone()).collect();
    let (is_named, is_alias) = (kind == Kind::Named, kind == Kind::Alias);
    Arc::new(Written { name, operands, is_named, is_alias, mark: Mark::default() })
}

fn call(name: &'static str, operands: &[&Expr]) -> Expr {
    Expr::of_call(written(name, operands, Kind::Plain))
}

/// An operation of another collection on the value of a call.
fn single(of: &Expr) -> Expr {
    Carrier::load("singles", of.clone(), Param::Null, Some(Meta::unknown("object"))).unwrap()
}

fn planner() -> Planner {
    let mut planner = crate::sums::planner();
    planner.add_lowering("singles", Singles).unwrap();
    planner
}

fn gathered(roots: &[Expr]) -> Gathered {
    gather(roots, &mut Keys::default()).unwrap()
}

/// What the tasks are called, and what they need.
fn rows(table: &TaskTable) -> Vec<String> {
    let row = |task: u32| {
        let needs: Vec<String> = table.inputs().row(task).iter().map(u32::to_string).collect();
        format!("{}({})", table.body(task).label(), needs.join(" "))
    };
    (0..table.n_tasks() as u32).map(row).collect()
}

#[test]
fn the_table_of_calls_alone_is_the_one_that_runs() {
    let a = call("a", &[]);
    let b = call("b", &[&a, &a]);
    let roots = [call("c", &[&b, &a]), b.clone(), b];
    let plan = planner().plan(&roots).unwrap();
    let table = plan.table().unwrap();
    assert_eq!(rows(&table), ["a()", "b(0 0)", "c(1 0)"]);
    assert_eq!(table.outputs(), [2, 1, 1]);
    assert!(Arc::ptr_eq(&table, &plan.table().unwrap()), "the table is not made again");
    assert_eq!(table.key(2), Key::named("c"));
}

#[test]
fn calls_and_operations_that_need_one_another_in_turns_are_one_acyclic_graph() {
    let first = call("first", &[]);
    let second = call("second", &[&single(&first), &first]);
    let third = call("third", &[&single(&second), &sum(&full(1.0, 4, 4)), &first]);
    let plan = planner().plan(&[third.clone(), single(&second)]).unwrap();
    let names: Vec<&str> = plan.graph.layers().iter().map(|(name, _)| name.as_str()).collect();
    for stratum in ["calls", "calls-1", "calls-2"] {
        assert!(names.contains(&stratum), "{names:?}");
    }
    assert!(matches!(&plan.roots[..], [Wanted::Block(_), Wanted::Blocks(_)]));
    let table = plan.table().unwrap();
    let mut found = rows(&table);
    found.iter_mut().for_each(|row| row.truncate(row.find('(').unwrap()));
    found.sort();
    let expected =
        ["call-to-single", "call-to-single", "first", "second", "sums.full", "sums.sum", "sums.sum", "third"];
    assert_eq!(found, expected);
    let third = table.outputs()[0];
    assert_eq!(table.inputs().row(third).len(), 3);
    assert_eq!(table.key(third), Key::named("third"));
}

#[test]
fn what_a_call_and_an_operation_share_is_there_once() {
    let total = sum(&neg(&full(2.0, 8, 4)));
    let roots = [call("a", &[&total]), call("b", &[&total]), add(&total, &total), total];
    let table = planner().plan(&roots).unwrap().table().unwrap();
    let count = |label: &str| rows(&table).iter().filter(|row| row.starts_with(label)).count();
    assert_eq!((count("sums.neg"), count("sums.add"), count("a("), count("b(")), (2, 1, 1, 1));
}

#[test]
fn rules_see_operations_on_both_sides_of_a_call() {
    let x = full(3.0, 4, 4);
    let below = call("middle", &[&sum(&neg(&neg(&x)))]);
    let above = single(&below);
    let text = planner().explain(&[call("top", &[&above])]).unwrap();
    assert!(text.contains("1 × double-negation"), "{text}");
    assert!(text.contains("= call middle(") && text.contains("= call top("), "{text}");
}

#[test]
fn a_call_takes_one_value_and_not_several_blocks() {
    let error = planner().plan(&[call("f", &[&full(1.0, 8, 4)])]).unwrap_err().to_string();
    assert!(error.contains("has 2 blocks: a call takes one value"), "{error}");
}

#[test]
fn two_calls_of_one_name_clash_unless_they_are_one() {
    let named = || Expr::of_call(written("x", &[], Kind::Named));
    let x = named();
    assert!(planner().plan(&[call("a", &[&x]), x.clone()]).is_ok());
    let error = planner().plan(&[x, named()]).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::KeyClash("x".into()));
}

#[test]
fn another_name_for_an_operation_is_no_task() {
    let total = sum(&full(1.0, 4, 4));
    let alias = Expr::of_call(written("y", &[&total], Kind::Alias));
    let roots = [alias.clone(), call("f", &[&alias]), single(&alias)];
    assert_eq!(roots[2], single(&total), "operations are on what is behind it");
    let table = planner().plan(&roots).unwrap().table().unwrap();
    assert!(!rows(&table).iter().any(|row| row.starts_with('y')), "{:?}", rows(&table));
    assert_eq!(table.inputs().row(table.outputs()[1]), [table.outputs()[0]]);
}

#[test]
fn traversals_tell_calls_from_operations() {
    let inner = call("inner", &[&sum(&full(1.0, 4, 4))]);
    let root = single(&inner);
    assert_eq!(post_order(std::slice::from_ref(&root)).len(), 4);
    assert_eq!(operations(std::slice::from_ref(&root)), [&root]);
    assert_eq!(calls_below(std::slice::from_ref(&root)), [&inner]);
    let other = call("other", &[]);
    let places = FxHashMap::from_iter([(inner.clone(), other.clone())]);
    assert_eq!(replaced(std::slice::from_ref(&root), &places).unwrap(), [single(&other)]);
    let text = explain::expressions(&[call("f", &[&inner])]);
    assert!(text.ends_with("%2 = call inner(%1)\n%3 = call f(%2)"), "{text}");
    assert!(inner.with_operands(Vec::new()).is_err());
    assert_eq!(inner.with_operands(inner.operands().to_vec()).unwrap(), inner);
}

#[test]
fn a_chain_of_both_kinds_is_walked_and_freed_without_recursion() {
    let n_before = N_FREED.load(Ordering::Relaxed);
    let mut chain = call("start", &[]);
    for _ in 0..100_000 {
        chain = call("step", &[&single(&chain)]);
    }
    let found = gathered(std::slice::from_ref(&chain));
    assert_eq!(found.table().n_tasks(), 200_001);
    drop((chain, found));
    assert!(N_FREED.load(Ordering::Relaxed) - n_before >= 100_001);
}
