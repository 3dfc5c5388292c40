//! The rewriting driver.

use proptest::prelude::*;
use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Context, Draft, Expr, Planner, Rule, post_order};

use crate::sums::{SUMS, add, full, neg, planner, sum};

#[test]
fn rules_apply_below_above_and_to_what_they_made() {
    let planner = planner();
    let (x, y) = (full(1.0, 8, 2), full(2.0, 8, 2));
    // The inner negations go first, which shows the sum of a sum.
    let root = sum(&add(&neg(&neg(&add(&x, &y))), &x));
    let rewritten = planner.simplify(&[root]).unwrap();
    assert_eq!(rewritten.roots, [add(&add(&sum(&x), &sum(&y)), &sum(&x))]);
    assert_eq!(rewritten.counts, [("double-negation", 1), ("split-sums", 2)]);
    assert_eq!(rewritten.firings[0].before, neg(&neg(&add(&x, &y))));
    assert_eq!(rewritten.firings[0].after, add(&x, &y));
}

#[test]
fn shared_parts_are_rewritten_once_and_roots_keep_their_order() {
    let planner = planner();
    let x = full(1.25, 8, 2);
    let shared = neg(&neg(&x));
    let roots = [add(&shared, &shared), shared.clone(), x.clone(), shared];
    let rewritten = planner.simplify(&roots).unwrap();
    assert_eq!(rewritten.roots, [add(&x, &x), x.clone(), x.clone(), x]);
    assert_eq!(rewritten.counts, [("double-negation", 1)]);
}

#[test]
fn without_rules_everything_stays_the_same_object() {
    let root = sum(&neg(&neg(&full(1.75, 8, 2))));
    assert_eq!(Planner::default().simplify(std::slice::from_ref(&root)).unwrap().roots, [root]);
}

#[test]
fn a_chain_of_a_hundred_thousand_is_rewritten_without_recursion() {
    let planner = planner();
    let x = full(3.5, 8, 2);
    let (mut chain, mut expected) = (x.clone(), x.clone());
    for _ in 0..100_000 {
        chain = neg(&neg(&add(&chain, &x)));
        expected = add(&expected, &x);
    }
    let rewritten = planner.simplify(&[chain]).unwrap();
    assert_eq!(rewritten.roots, [expected]);
    assert_eq!(rewritten.counts, [("double-negation", 100_000)]);
    assert_eq!(rewritten.firings.len(), 1000);
}

/// A rule made of a name and a function.
struct Made(&'static str, fn(&Expr) -> Option<Expr>);

impl Rule for Made {
    fn name(&self) -> &'static str {
        self.0
    }

    fn apply(&self, expr: &Expr, _: &Context<'_>) -> Result<Option<Expr>> {
        Ok(self.1(expr))
    }
}

fn named(operation: &str, n: i64) -> Expr {
    Draft { parameters: Param::Int(n), ..Draft::new("loops", operation) }.finish().unwrap()
}

fn over(operation: &str, operand: Expr) -> Expr {
    Draft { operands: vec![operand], ..Draft::new("loops", operation) }.finish().unwrap()
}

fn error(rules: Vec<Made>, root: &Expr) -> String {
    let mut planner = Planner::default();
    rules.into_iter().for_each(|rule| planner.add_rule("loops", rule));
    let error = planner.simplify(std::slice::from_ref(root)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidGraph(_)));
    error.to_string()
}

#[test]
fn rules_that_undo_each_other_are_named() {
    let there = Made("there", |expr| (expr.operation().as_str() == "a").then(|| named("b", 0)));
    let back = Made("back", |expr| (expr.operation().as_str() == "b").then(|| named("a", 0)));
    let error = error(vec![there, back], &over("top", named("a", 0)));
    assert!(error.starts_with("the rule back comes to no end at a-"), "{error}");
    assert!(error.ends_with("(fired: there 1 times, back 1 times)"), "{error}");
}

#[test]
fn a_rule_that_always_finds_another_expression_is_named() {
    let count = Made("count", |expr| Some(named("a", expr.parameters().as_int()? + 1)));
    let error = error(vec![count], &named("a", 0));
    assert!(error.starts_with("the rule count comes to no end at a-"), "{error}");
}

#[test]
fn a_rule_that_wraps_what_it_found_is_named() {
    let wrap = Made("wrap", |expr| (expr.operation().as_str() == "a").then(|| over("wrap", expr.clone())));
    assert!(error(vec![wrap], &named("a", 0)).contains("the rule wrap comes to no end"));
}

#[test]
fn a_rule_that_digs_ever_deeper_is_named() {
    let dig = Made("dig", |expr| Some(over("hole", named("a", expr.parameters().as_int()? + 1))));
    assert!(error(vec![dig], &named("a", 0)).contains("the rule dig comes to no end"));
}

#[test]
fn a_rule_that_gives_back_what_it_got_has_not_fired() {
    let mut planner = Planner::default();
    planner.add_rule("loops", Made("idle", |expr| Some(expr.clone())));
    let root = named("a", 5);
    let rewritten = planner.simplify(std::slice::from_ref(&root)).unwrap();
    assert_eq!((rewritten.roots, rewritten.counts), (vec![root], Vec::new()));
}

#[test]
fn errors_of_rules_come_through() {
    struct Failing;
    impl Rule for Failing {
        fn name(&self) -> &'static str {
            "failing"
        }
        fn apply(&self, _: &Expr, _: &Context<'_>) -> Result<Option<Expr>> {
            Err(ErrorKind::Cancelled.into())
        }
    }
    let mut planner = Planner::default();
    planner.add_rule("loops", Failing);
    assert_eq!(planner.simplify(&[named("a", 6)]).unwrap_err().kind(), &ErrorKind::Cancelled);
}

#[test]
fn rules_see_only_the_expressions_of_their_collection() {
    let mut planner = Planner::default();
    planner.add_rule("elsewhere", Made("never", |_| Some(named("b", 1))));
    let root = over("top", named("a", 7));
    assert_eq!(planner.simplify(std::slice::from_ref(&root)).unwrap().roots, [root]);
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = (0_u8..3).prop_map(|fill| full(f64::from(fill), 8, 2));
    leaf.prop_recursive(6, 40, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|x| neg(&x)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| add(&a, &b)),
            inner.prop_map(|x| sum(&x)),
        ]
    })
}

/// The same rules by plain recursion.
fn oracle(expr: &Expr) -> Expr {
    let operands: Vec<Expr> = expr.operands().iter().map(oracle).collect();
    match (expr.operation().as_str(), &operands[..]) {
        ("neg", [x]) if x.operation().as_str() == "neg" => x.operands()[0].clone(),
        ("sum", [x]) if x.operation().as_str() == "add" => {
            add(&oracle(&sum(&x.operands()[0])), &oracle(&sum(&x.operands()[1])))
        }
        _ => expr.with_operands(operands).unwrap(),
    }
}

proptest! {
    #[test]
    fn rewriting_equals_plain_recursion_and_leaves_nothing_to_do(root in any_expr()) {
        let planner = planner();
        let rewritten = planner.simplify(std::slice::from_ref(&root)).unwrap();
        prop_assert_eq!(&rewritten.roots[0], &oracle(&root));
        let again = planner.simplify(&rewritten.roots).unwrap();
        prop_assert_eq!(&again.roots, &rewritten.roots);
        prop_assert!(again.counts.is_empty());
        prop_assert!(post_order(&again.roots).iter().all(|expr| expr.collection().as_str() == SUMS));
    }
}
