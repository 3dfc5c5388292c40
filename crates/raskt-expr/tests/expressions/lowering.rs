//! Lowering, alone and across collections.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Key, Param, Result};
use raskt_expr::{Carrier, Context, Draft, Expr, Lower, Lowered, Meta, Planner, Wanted, Way, layer_name};
use raskt_graph::layer::{Blockwise, BlockwiseParts, Grid, Indexed};
use raskt_graph::{Body, Graph};

use crate::sums::{add, full, neg, planner, sum};

fn labels(graph: &mut Graph, keys: impl IntoIterator<Item = Key>) -> Vec<String> {
    graph.request(keys);
    let table = graph.expand().unwrap();
    (0..table.n_tasks() as u32).map(|task| table.body(task).label().to_string()).collect()
}

#[test]
fn expressions_become_layers_and_shared_parts_become_one() {
    let planner = planner();
    let x = full(1.0, 10, 5);
    let roots = [add(&x, &x), sum(&neg(&x))];
    let mut plan = planner.plan(&roots).unwrap();
    assert_eq!(plan.graph.layers().len(), 4);
    let place = Lowered { name: layer_name(&roots[0]), grid: Grid::new(&[2]).unwrap() };
    assert_eq!(plan.roots[0], Wanted::Blocks(place));
    let keys: Vec<Key> = plan.roots.iter().flat_map(Wanted::keys).collect();
    assert_eq!(keys.len(), 3);
    let mut labels = labels(&mut plan.graph, keys);
    labels.sort();
    assert_eq!(
        labels.join(" "),
        "sums.add sums.add sums.full sums.full sums.neg sums.neg sums.sum sums.sum sums.sum"
    );
}

#[test]
fn bytes_of_all_values_are_known_where_each_is() {
    let planner = planner();
    let x = full(1.0, 10, 5);
    let plan = planner.plan(&[add(&x, &x)]).unwrap();
    assert_eq!(plan.n_bytes_all, Some(2 * 10 * 8));
    let chunks = Chunks::new([AxisChunks::uniform(10, 5).unwrap()]).unwrap();
    let objects = Draft { meta: Some(Meta::of_chunks("array", DType::Unknown, chunks)), ..neg(&x).draft() };
    assert_eq!(planner.plan(&[add(&x, &x), objects.finish().unwrap()]).unwrap().n_bytes_all, None);
}

#[test]
fn one_expression_goes_both_ways() {
    let mut planner = planner();
    planner.way = Way::Library;
    let root = sum(&full(1.0, 4, 4));
    let mut plan = planner.plan(&[root]).unwrap();
    let keys: Vec<Key> = plan.roots.iter().flat_map(Wanted::keys).collect();
    assert_eq!(labels(&mut plan.graph, keys), ["numpy.full", "numpy.sum", "numpy.sum"]);
}

#[test]
fn annotations_tell_expressions_apart_and_reach_their_layers() {
    let planner = planner();
    let plain = neg(&full(1.0, 4, 2));
    let priority = Param::map([("priority", Param::Int(3))]);
    let urgent = Draft { annotations: priority.clone(), ..plain.draft() }.finish().unwrap();
    assert_ne!(plain, urgent);
    let plan = planner.plan(&[plain, urgent.clone()]).unwrap();
    assert_eq!(plan.annotations, [(layer_name(&urgent), priority)]);
}

#[test]
fn a_collection_that_nobody_can_lower_is_named() {
    let root = Draft::new("nowhere", "x").finish().unwrap();
    let error = planner().plan(&[root]).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::UnknownBody("lowering of nowhere".into()));
    let error = planner().add_lowering(crate::sums::SUMS, crate::sums::SumsLowering).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::KeyClash("lowering of sums".into()));
}

#[test]
fn a_lowering_that_does_not_keep_its_word_is_found() {
    struct Liar;
    impl Lower for Liar {
        fn lower(&self, _: &Expr, _: &[Lowered], _: &Context<'_>, _: &mut Graph) -> Result<Lowered> {
            Ok(Lowered { name: "absent".into(), grid: Grid::new(&[2])? })
        }
    }
    let mut planner = Planner::default();
    planner.add_lowering("lies", Liar).unwrap();
    let root = Draft::new("lies", "x").finish().unwrap();
    let error = planner.plan(&[root]).unwrap_err().to_string();
    assert!(error.ends_with("was said to become absent of 2 blocks"), "{error}");
}

/// Values one by one, which a block of any other collection can become, or the value of a call.
pub struct Singles;

impl Lower for Singles {
    fn lower(
        &self,
        expr: &Expr,
        operands: &[Lowered],
        _: &Context<'_>,
        graph: &mut Graph,
    ) -> Result<Lowered> {
        let carrier = Carrier::of(expr).unwrap();
        assert_eq!(carrier.to().as_str(), "singles");
        let (name, cargo) = (layer_name(expr), &operands[0]);
        let letters: Vec<u16> = (0..cargo.grid.n_axes() as u16).collect();
        let parts = BlockwiseParts {
            counts: (0..).zip(cargo.grid.counts().iter().copied()).collect(),
            output: letters.clone(),
            operands: vec![Indexed::new(cargo.name.clone(), &letters)],
            ..BlockwiseParts::of(Body::native(&format!("{}-to-single", carrier.from())))
        };
        graph.insert(name.clone(), Blockwise::new(parts)?.into())?;
        Ok(Lowered { name, grid: cargo.grid.clone() })
    }
}

#[test]
fn a_carrier_takes_one_collection_into_another_and_rules_work_on_both_sides() {
    let mut planner = planner();
    planner.add_lowering("singles", Singles).unwrap();
    let x = full(6.0, 6, 3);
    let meta = Some(Meta::unknown("object"));
    let carried = Carrier::load("singles", neg(&neg(&x)), Param::Null, meta.clone()).unwrap();
    let rewritten = planner.simplify(std::slice::from_ref(&carried)).unwrap();
    assert_eq!(rewritten.roots, [Carrier::load("singles", x, Param::Null, meta.clone()).unwrap()]);
    assert_eq!(rewritten.roots[0].known_meta(), meta.as_ref());
    let mut plan = planner.plan(&[carried]).unwrap();
    let keys: Vec<Key> = plan.roots.iter().flat_map(Wanted::keys).collect();
    let labels = labels(&mut plan.graph, keys);
    assert_eq!(labels, ["sums.full", "sums.full", "sums-to-single", "sums-to-single"]);
}

#[test]
fn a_chain_of_ten_thousand_is_lowered_without_recursion() {
    let mut planner = Planner::new(std::sync::Arc::new(crate::sums::FakeLibrary));
    planner.operations = crate::sums::operations();
    planner.add_lowering(crate::sums::SUMS, crate::sums::SumsLowering).unwrap();
    let mut chain = full(7.0, 4, 2);
    for _ in 0..10_000 {
        chain = neg(&chain);
    }
    let plan = planner.plan(&[chain]).unwrap();
    assert_eq!(plan.graph.layers().len(), 10_001);
    let table = plan.graph.expand_for(&plan.roots[0].keys()[..1]).unwrap();
    assert_eq!(table.n_tasks(), 10_001);
}
