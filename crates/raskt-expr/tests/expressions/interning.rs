//! Equal content is one object while anybody holds it, and nothing is held longer.

use std::collections::HashSet;
use std::sync::Barrier;

use proptest::prelude::*;
use raskt_core::{Error, ErrorKind, Param, Token};
use raskt_expr::{Draft, Expr, Purity, interner, post_order};

use crate::sums::{add, full, neg};

/// The content of a small tree, as data whose own equality is the oracle.
#[derive(Clone, Debug, PartialEq)]
struct Content {
    operation: u8,
    parameter: Param,
    annotation: Param,
    operands: Vec<Content>,
}

fn any_param() -> impl Strategy<Value = Param> {
    prop_oneof![
        Just(Param::Null),
        any::<bool>().prop_map(Param::Bool),
        (0_i64..2).prop_map(Param::Int),
        prop_oneof![Just(0.0), Just(-0.0), Just(1.0), Just(f64::NAN)].prop_map(Param::Float),
        "[01]".prop_map(|text| Param::Str(text.into())),
        Just(Param::List([Param::Int(1)].into())),
    ]
}

fn any_content() -> impl Strategy<Value = Content> {
    let leaf = (0_u8..2, any_param(), any_param()).prop_map(|(operation, parameter, annotation)| Content {
        operation,
        parameter,
        annotation,
        operands: Vec::new(),
    });
    leaf.prop_recursive(3, 12, 3, |inner| {
        (0_u8..2, any_param(), prop::collection::vec(inner, 0..3)).prop_map(
            |(operation, parameter, operands)| Content {
                operation,
                parameter,
                annotation: Param::Null,
                operands,
            },
        )
    })
}

fn build(content: &Content) -> Expr {
    Draft {
        operands: content.operands.iter().map(build).collect(),
        parameters: content.parameter.clone(),
        annotations: content.annotation.clone(),
        ..Draft::new("interning", format!("op{}", content.operation).as_str())
    }
    .finish()
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn equal_content_is_one_object_and_other_content_another(a in any_content(), b in any_content()) {
        let (left, right, again) = (build(&a), build(&b), build(&a));
        prop_assert_eq!(left == right, a == b);
        prop_assert_eq!(left.token() == right.token(), a == b);
        prop_assert_eq!(&left, &again);
        prop_assert_eq!(interner::find(left.token()), Some(left));
    }

    #[test]
    fn nothing_outlives_its_holders(content in any_content(), salt in any::<u64>()) {
        // A parameter that no other test has, so that nobody else holds an equal expression.
        let root = Draft {
            operands: vec![build(&content)],
            parameters: Param::Int(salt as i64),
            ..Draft::new("leaks", "root")
        }
        .finish()
        .unwrap();
        let token = root.token();
        prop_assert!(interner::find(token).is_some());
        drop(root);
        prop_assert!(interner::find(token).is_none());
    }
}

#[test]
fn threads_that_build_the_same_get_the_same() {
    let barrier = Barrier::new(4);
    let build = || -> Vec<Expr> {
        barrier.wait();
        let mut exprs = vec![full(0.125, 77, 7)];
        for i in 0..1000 {
            exprs.push(neg(&exprs[i]));
        }
        exprs
    };
    let all: Vec<Vec<Expr>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(build)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.iter().all(|exprs| *exprs == all[0]));
}

#[test]
fn threads_that_build_and_drop_the_same_never_meet_a_dead_one() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for i in 0..20_000 {
                    let x = full(f64::from(i % 7), 13, 13);
                    let y = add(&x, &neg(&x));
                    assert_eq!(y.operands()[0], full(f64::from(i % 7), 13, 13));
                }
            });
        }
    });
}

#[test]
fn a_chain_of_a_million_is_built_walked_and_dropped_without_recursion() {
    let mut chain = full(0.5, 10, 10);
    for _ in 0..1_000_000 {
        chain = neg(&chain);
    }
    assert_eq!(post_order(std::slice::from_ref(&chain)).len(), 1_000_001);
    let token = chain.token();
    drop(chain);
    assert!(interner::find(token).is_none());
}

#[test]
fn a_tree_that_shares_everything_is_walked_and_dropped_in_its_size() {
    let mut tree = full(0.75, 10, 10);
    for _ in 0..1000 {
        tree = add(&tree, &tree);
    }
    assert_eq!(post_order(std::slice::from_ref(&tree)).len(), 1001);
}

#[test]
fn a_shared_part_survives_the_drop_of_what_used_it() {
    let shared = neg(&full(0.625, 10, 10));
    let user = neg(&neg(&neg(&shared)));
    drop(user);
    assert_eq!(shared.operands()[0], full(0.625, 10, 10));
}

#[test]
fn impure_calls_are_all_different_and_stay_themselves_on_other_operands() {
    let random = |operand: &Expr| {
        let operands = vec![operand.clone()];
        Draft { operands, purity: Purity::Impure, ..Draft::new("interning", "random") }.finish().unwrap()
    };
    let (x, y) = (full(1.5, 3, 3), full(2.5, 3, 3));
    let all: HashSet<Token> = (0..1000).map(|_| random(&x).token()).collect();
    assert_eq!(all.len(), 1000);
    let call = random(&x);
    assert_eq!(call.purity(), Purity::Impure);
    let moved = call.with_operands(vec![y.clone()]).unwrap();
    assert_ne!(moved, call);
    assert_eq!(moved.with_operands(vec![x.clone()]).unwrap(), call);
    assert_eq!(call.with_operands(vec![y]).unwrap(), moved);
}

#[test]
fn pure_content_has_the_same_token_in_every_process() {
    let x = Draft { parameters: Param::Int(1), ..Draft::new("array", "full") }.finish().unwrap();
    assert_eq!(x.token().to_string(), "684764bba673e2a770383d8208d92103");
}

#[test]
fn foreign_parameters_need_somebody_who_knows_their_tokens() {
    use raskt_core::encode::ForeignTokenizer;
    use raskt_core::{Opaque, OwnerId, Payload, Result, Value};

    #[derive(Debug)]
    struct Stone(u8);
    impl Opaque for Stone {
        fn runtime(&self) -> &'static str {
            "stones"
        }
        fn size_bytes(&self) -> u64 {
            1
        }
        fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}
        fn encode(&self) -> Result<Payload> {
            Err(Error::new(ErrorKind::NotEncodable("a stone".into())))
        }
        fn as_any(&self) -> &dyn std::any::Any {
            self
        }
    }
    struct Weights;
    impl ForeignTokenizer for Weights {
        fn token(&self, object: &dyn Opaque) -> Result<Token> {
            Token::of(&object.as_any().downcast_ref::<Stone>().unwrap().0)
        }
    }
    let draft = |weight| {
        let stone = Param::Value(Value::Opaque(std::sync::Arc::new(Stone(weight))));
        Draft { parameters: stone, ..Draft::new("interning", "throw") }
    };
    assert!(draft(1).finish().is_err());
    let thrown = draft(1).finish_with(&Weights).unwrap();
    assert_eq!(thrown, draft(1).finish_with(&Weights).unwrap());
    assert_ne!(thrown, draft(2).finish_with(&Weights).unwrap());
    // Whoever has it can use it without the tokenizer.
    let x = full(1.0, 1, 1);
    assert_eq!(thrown.with_operands(vec![x.clone()]).unwrap().operands(), [x]);
}
