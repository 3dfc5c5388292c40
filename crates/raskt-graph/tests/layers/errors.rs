//! Graphs that break a rule, and the words in which they are told so.

use raskt_core::{ErrorKind, Key};
use raskt_graph::layer::{
    Along, Blockwise, BlockwiseParts, Contraction, Indexed, Layer, Operand, Raw, Returns,
};
use raskt_graph::{Body, Graph, Keys, TableBuilder};

use crate::expansion::reduction;
use crate::strategies::{call, grid, native, source};

fn map(read: &str, n: u32) -> Layer {
    let parts = BlockwiseParts {
        counts: vec![(0, n)],
        output: vec![0],
        operands: vec![Indexed::new(read, &[0])],
        ..BlockwiseParts::of(native("f"))
    };
    Blockwise::new(parts).unwrap().into()
}

#[test]
fn a_missing_layer_is_named_with_the_path_to_it() {
    let mut graph = Graph::default();
    graph.insert("y", map("x", 3)).unwrap();
    graph.insert("t", reduction("y", 3)).unwrap();
    let error = graph.expand_for(&[Key::block("y", &[2]), Key::named("t")]).unwrap_err();
    let expected = "no task makes the key ('x', 2), needed by ('y', 2)";
    assert_eq!(error.to_string(), expected);
    let error = graph.expand_for(&[Key::named("t")]).unwrap_err();
    let expected = "no task makes the key ('x', 0), needed by t -> ('t-chunk', 0) -> ('y', 0)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_missing_layer_that_no_requested_block_needs_does_not_matter() {
    let mut graph = Graph::default();
    graph.insert("x", source(&[2], Returns::One)).unwrap();
    let parts = [(Operand::new("x"), grid(&[2])), (Operand::new("absent"), grid(&[2]))];
    let joint = raskt_graph::layer::Joint::Along(0);
    let both = raskt_graph::layer::Concatenate::new(joint, parts.into()).unwrap();
    graph.insert("both", both.into()).unwrap();
    assert_eq!(graph.expand_for(&[Key::block("both", &[1])]).unwrap().n_tasks(), 1);
    let error = graph.expand_for(&[Key::block("both", &[2])]).unwrap_err();
    assert!(error.to_string().contains("('absent', 0)"), "{error}");
}

#[test]
fn requests_of_blocks_outside_of_the_grid_are_missing_keys() {
    let mut graph = Graph::default();
    graph.insert("x", source(&[2], Returns::One)).unwrap();
    for key in [
        Key::block("x", &[2]),
        Key::block("x", &[0, 0]),
        Key::named("x"),
        Key::block("x", &[0]).with_output(1),
        Key::named("absent"),
    ] {
        let error = graph.expand_for(std::slice::from_ref(&key)).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::MissingKey { key: key.to_string(), path: Vec::new() });
    }
}

#[test]
fn layers_in_a_circle_are_named() {
    let mut graph = Graph::default();
    graph.insert("a", map("c", 2)).unwrap();
    graph.insert("b", map("a", 2)).unwrap();
    graph.insert("c", map("b", 2)).unwrap();
    let error = graph.expand_for(&[Key::block("b", &[0])]).unwrap_err();
    assert_eq!(error.to_string(), "the graph has a cycle: b -> a -> c -> b");
}

#[test]
fn layers_that_take_another_for_what_it_is_not_are_refused() {
    let mut graph = Graph::default();
    graph.insert("x", source(&[2], Returns::One)).unwrap();
    graph.insert("y", map("x", 3)).unwrap();
    let error = graph.expand_for(&[Key::block("y", &[0])]).unwrap_err();
    assert_eq!(error.to_string(), "y takes x for a grid of 3 blocks, but it has 2");
}

#[test]
fn an_output_that_a_layer_does_not_have_is_named() {
    let mut graph = Graph::default();
    graph.insert("x", source(&[2], Returns::List(2))).unwrap();
    let mut operand = Indexed::new("x", &[0]);
    operand.operand.output = 2;
    let parts = BlockwiseParts {
        counts: vec![(0, 2)],
        output: vec![0],
        operands: vec![operand],
        ..BlockwiseParts::of(native("f"))
    };
    graph.insert("y", Blockwise::new(parts).unwrap().into()).unwrap();
    let error = graph.expand_for(&[Key::block("y", &[1])]).unwrap_err();
    assert_eq!(error.to_string(), "('x', 1) has no output 2");
}

#[test]
fn one_name_for_two_layers_is_a_clash_and_for_equal_ones_is_not() {
    let mut graph = Graph::default();
    graph.insert("y", map("x", 3)).unwrap();
    graph.insert("y", map("x", 3)).unwrap();
    let error = graph.insert("y", map("x", 4)).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::KeyClash("y".into()));
    let mut other = Graph::default();
    other.insert("y", map("w", 3)).unwrap();
    assert_eq!(graph.merge(&other).unwrap_err().to_string(), "the key y has two different definitions");
    assert_eq!(graph.layers().len(), 1);
}

#[test]
fn merged_graphs_share_layers_and_keep_all_requests() {
    let (mut left, mut right) = (Graph::default(), Graph::default());
    for (graph, name) in [(&mut left, "y"), (&mut right, "z")] {
        graph.insert("x", source(&[2], Returns::One)).unwrap();
        graph.insert(name, map("x", 2)).unwrap();
        graph.request_all(name).unwrap();
    }
    left.merge(&right).unwrap();
    let table = left.expand().unwrap();
    assert_eq!((table.n_tasks(), table.outputs().len()), (6, 4));
}

#[test]
fn functions_are_equal_by_key_or_by_what_they_are_packed_into() {
    for (a, b, same) in [
        (call(1, 1), call(1, 1), true),
        (call(1, 1), call(1, 2), false),
        (call(1, 1), call(2, 1), false),
        (call(1, 101), call(1, 101), true),
        (call(1, 101), call(1, 102), false),
        (call(1, 1), native("f1"), false),
    ] {
        assert_eq!(a == b, same, "{a:?} {b:?}");
    }
}

#[test]
fn tables_are_known_by_their_own_keys_too() {
    let mut table = TableBuilder::default();
    let block = table.push_own(Body::Input(0), &[]).unwrap();
    let total = table.push_own(native("double"), &[block, block]).unwrap();
    let keys = [Key::named("stand-in"), Key::block("total", &[3])];
    let table = table.finish(Keys::Listed(keys.into()), vec![total]).unwrap();
    let mut graph = Graph::default();
    graph.insert("x", source(&[2], Returns::One)).unwrap();
    graph.insert("delayed", Raw::new(table.into(), vec![Key::block("x", &[1])]).unwrap().into()).unwrap();
    let keys = [Key::block("total", &[3]), Key::block("delayed", &[0])];
    let table = graph.expand_for(&keys).unwrap();
    assert_eq!((table.n_tasks(), table.outputs()), (2, &[1, 1][..]));
    assert_eq!(table.key(1), keys[0]);
    assert_eq!(graph.consumers(&Key::block("x", &[1])).unwrap(), [Key::block("delayed", &[0])]);
    assert_eq!(graph.consumers(&Key::block("x", &[0])).unwrap(), []);
}

#[test]
fn a_table_that_reads_what_is_not_there_is_named_without_its_stand_ins() {
    let mut table = TableBuilder::default();
    let block = table.push_own(Body::Input(0), &[]).unwrap();
    let user = table.push_own(native("f"), &[block]).unwrap();
    let table = table.finish(Keys::Indexed("row".into()), vec![user]).unwrap();
    let mut graph = Graph::default();
    graph.insert("d", Raw::new(table.into(), vec![Key::block("x", &[1])]).unwrap().into()).unwrap();
    let error = graph.expand_for(&[Key::block("d", &[0])]).unwrap_err();
    assert_eq!(error.to_string(), "no task makes the key ('x', 1), needed by ('row', 1)");
}

#[test]
fn blockwise_layers_that_contradict_themselves_are_refused() {
    let refused = |change: fn(&mut BlockwiseParts)| {
        let mut parts = BlockwiseParts {
            counts: vec![(0, 2), (1, 3)],
            output: vec![0],
            operands: vec![Indexed::new("x", &[0, 1])],
            ..BlockwiseParts::of(native("f"))
        };
        Blockwise::new(parts.clone()).unwrap();
        change(&mut parts);
        Blockwise::new(parts).unwrap_err().to_string()
    };
    assert_eq!(refused(|p| p.output.push(0)), "a blockwise layer has a letter twice in its output");
    assert_eq!(refused(|p| p.output.push(5)), "a blockwise layer has no count for letter 5");
    assert_eq!(
        refused(|p| p.counts.reverse()),
        "the letters of a blockwise layer are not in ascending order"
    );
    let unknown = |p: &mut BlockwiseParts| p.operands[0].axes.push(Along::Letter(9));
    assert_eq!(refused(unknown), "a blockwise layer has no count for letter 9");
    let wide = |p: &mut BlockwiseParts| {
        p.counts = vec![(0, 1 << 20), (1, 1 << 20)];
        p.operands[0] = p.operands[0].clone().contracted(Contraction::Gather);
    };
    assert_eq!(refused(wide), "a grid of [1048576, 1048576] has 2³² blocks or more");
}
