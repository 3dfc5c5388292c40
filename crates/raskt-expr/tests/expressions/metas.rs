//! What is known ahead of time.

use std::sync::atomic::{AtomicU64, Ordering};

use raskt_core::{DType, ErrorKind, Param, Result};
use raskt_expr::{
    Arity, Bounds, Context, Draft, Library, Meta, MetaRule, NoLibrary, Operation, Operations, Way,
};

use crate::sums::{self, FakeLibrary, add, cbrt, full, neg, sum};

fn preferring<'a>(operations: &'a Operations, library: &'a dyn Library) -> Context<'a> {
    Context { operations, library, way: Way::Preferred, ways: &[], shared: None, bounds: Bounds::default() }
}

#[test]
fn metas_come_from_native_rules_and_from_the_library() {
    let operations = sums::operations();
    let context = preferring(&operations, &FakeLibrary);
    let x = full(1.0, 100, 30);
    let meta = context.meta(&cbrt(&neg(&x))).unwrap().clone();
    assert_eq!((meta.dtype(), meta.shape()), (&DType::Float64, Some(&[Some(100)][..])));
    assert_eq!(meta.chunks().unwrap().to_string(), "((30 × 3, 10))");
    assert_eq!(context.meta(&sum(&x)).unwrap().shape(), Some(&[][..]));
}

#[test]
fn a_chain_of_a_hundred_thousand_is_asked_once_each_and_without_recursion() {
    struct Counting(AtomicU64);
    impl Library for Counting {
        fn meta(&self, _: &str, operands: &[Meta], _: &Param) -> Result<Meta> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(operands[0].clone())
        }
    }
    let operations = sums::operations();
    let library = Counting(AtomicU64::new(0));
    let context = preferring(&operations, &library);
    let mut chain = full(9.5, 4, 4);
    for _ in 0..100_000 {
        chain = cbrt(&chain);
    }
    context.meta(&chain).unwrap();
    context.meta(&cbrt(&chain)).unwrap();
    assert_eq!(library.0.load(Ordering::Relaxed), 100_001);
}

#[test]
fn errors_of_rules_come_through_and_are_not_remembered() {
    let operations = sums::operations();
    let context = preferring(&operations, &NoLibrary);
    let error = context.meta(&add(&full(1.0, 3, 3), &full(1.0, 4, 4))).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::ShapeMismatch { left: vec![3], right: vec![4] });
    let root = cbrt(&full(3.25, 3, 3));
    assert_eq!(context.meta(&root).unwrap_err().kind(), &ErrorKind::UnknownBody("numpy.cbrt".into()));
    let better = Context { library: &FakeLibrary, ..context };
    assert!(better.meta(&root).is_ok());
}

#[test]
fn wrong_numbers_of_operands_and_unknown_operations_are_named() {
    let operations = sums::operations();
    let context = preferring(&operations, &NoLibrary);
    let lone = Draft { operands: vec![full(1.0, 3, 3)], ..Draft::new(sums::SUMS, "add") }.finish().unwrap();
    assert_eq!(context.meta(&lone).unwrap_err().to_string(), "add takes 2 operands, not 1");
    let unknown = Draft::new("elsewhere", "add").finish().unwrap();
    assert_eq!(context.meta(&unknown).unwrap_err().kind(), &ErrorKind::UnknownBody("elsewhere.add".into()));
}

#[test]
fn given_metas_need_no_rule_and_are_not_part_of_the_content() {
    let mut operations = Operations::default();
    let row = Operation {
        name: "read".into(),
        arity: Arity::AtLeast(0),
        meta: MetaRule::Given,
        kernel: None,
        library: None,
    };
    operations.add("given", row).unwrap();
    let context = preferring(&operations, &NoLibrary);
    let meta = Some(Meta::unknown("frame"));
    let known = Draft { meta, ..Draft::new("given", "read") }.finish().unwrap();
    assert_eq!(context.meta(&known).unwrap().container().as_str(), "frame");
    assert_eq!(known, Draft::new("given", "read").finish().unwrap());
    let unknown = Draft { parameters: Param::Int(1), ..Draft::new("given", "read") }.finish().unwrap();
    assert_eq!(context.meta(&unknown).unwrap_err().to_string(), "read does not say what it returns");
}

#[test]
fn the_way_that_is_asked_for_is_taken_or_refused() {
    let operations = sums::operations();
    let float = Meta::unknown("array").with_dtype(DType::Float64);
    let object = Meta::unknown("array").with_dtype(DType::Foreign("object".into()));
    let body = |operation: &str, way, meta: &Meta| {
        let row = operations.get(&sums::SUMS.into(), &operation.into()).unwrap();
        row.body(way, std::slice::from_ref(meta), Param::Null)
            .map(|body| body.label().to_string())
            .map_err(|error| error.to_string())
    };
    assert_eq!(body("neg", Way::Preferred, &float), Ok("sums.neg".into()));
    assert_eq!(body("neg", Way::Library, &float), Ok("numpy.negative".into()));
    assert_eq!(body("neg", Way::Preferred, &object), Ok("numpy.negative".into()));
    assert_eq!(body("neg", Way::Native, &object), Err("neg of (object) has no native kernel".into()));
    assert_eq!(body("cbrt", Way::Native, &float), Err("cbrt of (float64) has no native kernel".into()));
    let clash = Operations::clone(&operations)
        .add(sums::SUMS, operations.get(&sums::SUMS.into(), &"neg".into()).unwrap().clone());
    assert_eq!(clash.unwrap_err().kind(), &ErrorKind::KeyClash("sums.neg".into()));
}
