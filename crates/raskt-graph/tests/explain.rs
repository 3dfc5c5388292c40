//! The text form of a graph's stages.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use expect_test::expect;
use raskt_core::Key;
use raskt_graph::cull::cull;
use raskt_graph::explain::Explanation;
use raskt_graph::fuse::{FuseOptions, fuse};
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Formula, Grid, Indexed, Neighbours, Operand, ReducedAxes, ReducedAxis,
    Returns, Source, TreeReduce, TreeReduceParts,
};
use raskt_graph::order::order;
use raskt_graph::{Body, Graph};

fn graph() -> Graph {
    let mut graph = Graph::default();
    let grid = Grid::new(&[64]).unwrap();
    let source = Source::new(Body::native("ones"), grid.clone(), Formula::default(), Returns::One).unwrap();
    graph.insert("x", source.into()).unwrap();
    let square = BlockwiseParts {
        counts: vec![(0, 64)],
        output: vec![0],
        operands: vec![Indexed::new("x", &[0]), Indexed::new("x", &[0])],
        ..BlockwiseParts::of(Body::native("multiply"))
    };
    graph.insert("square", Blockwise::new(square).unwrap().into()).unwrap();
    let sum = || Body::native("sum");
    let total = TreeReduceParts {
        operand: Operand::new("square"),
        grid,
        axes: vec![ReducedAxis { axis: 0, split_every: 4 }],
        kept: ReducedAxes::Dropped,
        chunk: Some(sum()),
        parameters: Formula::default(),
        combine: sum(),
        aggregate: sum(),
        neighbours: Neighbours::Spread,
        returns: Returns::One,
    };
    graph.insert("total", TreeReduce::new(total).unwrap().into()).unwrap();
    graph.request([Key::named("total"), Key::block("square", &[0])]);
    graph
}

#[test]
fn every_stage_of_a_graph_is_told() {
    let graph = graph();
    let mut text = Explanation::default();
    text.layers(&graph, |name| (name.as_str() != "total").then_some(64 << 20));
    let table = graph.expand().unwrap();
    text.tasks("expanded", &table);
    let culled = cull(&table, &table.outputs()[1..]).unwrap();
    text.tasks("culled to the second", &culled);
    let fused = fuse(&table, &FuseOptions::default(), |_, _| true).unwrap();
    text.tasks("fused", &fused);
    let consumers = fused.inputs().transpose_distinct();
    text.order(&fused, &order(fused.inputs(), &consumers, fused.outputs(), None));
    expect![[r#"
        layers
          name    kind         blocks  tasks      size  needs
          x       source       64         64  64.0 MiB
          square  blockwise    64         64  64.0 MiB  x
          total   tree-reduce  1          85            square
        expanded: 213 tasks, 276 inputs, 2 requested
          85 sum
          64 multiply
          64 ones
        culled to the second: 2 tasks, 2 inputs, 1 requested
          1 multiply
          1 ones
        fused: 86 tasks, 85 inputs, 2 requested
          63 ones-multiply-sum
          22 sum
           1 ones-multiply
        ordered: 12 values live at most (66 as listed)
    "#]]
    .assert_eq(&text.to_string());
}

#[test]
fn sizes_that_nobody_knows_take_no_column() {
    let mut text = Explanation::default();
    text.layers(&graph(), |_| None);
    expect![[r#"
        layers
          name    kind         blocks  tasks  needs
          x       source       64         64
          square  blockwise    64         64  x
          total   tree-reduce  1          85  square
    "#]]
    .assert_eq(&text.to_string());
}
