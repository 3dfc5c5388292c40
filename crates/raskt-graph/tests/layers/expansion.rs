//! Expansion against an evaluator that asks the layers recursively.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use raskt_core::{Key, Token};
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Formula, Indexed, Layer, Neighbours, Operand, Origin, Place, ReducedAxes,
    ReducedAxis, Returns, Shuffle, TreeReduce, TreeReduceParts,
};
use raskt_graph::{Body, Graph, TaskTable};

use crate::strategies::{any_layer_of_one_grid, grid, native, source};

/// A stand-in for a task's value: what ran on what.
type Digest = Token;

fn digest(body: &Body, parameters: &raskt_core::Param, inputs: &[Digest]) -> Digest {
    match body {
        Body::Alias => inputs[0],
        _ => Token::of(&(&*body.label(), parameters, inputs)).unwrap(),
    }
}

fn select(list: Digest, output: u16) -> Digest {
    digest(&Body::Select(output.into()), &raskt_core::Param::Null, &[list])
}

/// Evaluates blocks by recursion over the layers.
struct Oracle<'a> {
    graph: &'a Graph,
    /// Values of tasks, and which outputs of them were asked for.
    tasks: BTreeMap<(String, Place), Digest>,
    selects: BTreeSet<(String, Place, u16)>,
}

impl Oracle<'_> {
    fn block(&mut self, key: &Key) -> Digest {
        let layer = self.graph.layer(&key.name).unwrap();
        let place = layer.place(layer.grid().number(&key.block).unwrap());
        self.output(key.name.as_str(), place, key.output)
    }

    fn output(&mut self, name: &str, place: Place, output: u16) -> Digest {
        let layer = std::sync::Arc::clone(self.graph.layer(&name.into()).unwrap());
        if let Some(input) = layer.alias(place) {
            let key = operand_key(&layer, input.from, input.block, input.output);
            return self.block(&key);
        }
        let list = self.task(name, place);
        let last = usize::from(place.stage) + 1 == layer.n_stages();
        let returns_list = match layer.as_ref() {
            Layer::Rechunk(_) if !last => true,
            _ => last && layer.returns() != Returns::One,
        };
        if !returns_list {
            return list;
        }
        self.selects.insert((name.into(), place, output));
        select(list, output)
    }

    fn task(&mut self, name: &str, place: Place) -> Digest {
        if let Some(found) = self.tasks.get(&(name.into(), place)) {
            return *found;
        }
        let layer = std::sync::Arc::clone(self.graph.layer(&name.into()).unwrap());
        let mut inputs = Vec::new();
        layer.inputs(place, &mut inputs);
        let values: Vec<Digest> = inputs
            .iter()
            .map(|input| match input.from {
                Origin::Stage(stage) => self.output(name, Place { stage, block: input.block }, input.output),
                from => self.block(&operand_key(&layer, from, input.block, input.output)),
            })
            .collect();
        let task = layer.task_at(place);
        let value = digest(&task.body, &task.parameters, &values);
        self.tasks.insert((name.into(), place), value);
        value
    }
}

fn operand_key(layer: &Layer, from: Origin, block: u32, output: u16) -> Key {
    let Origin::Operand(operand) = from else { panic!("not an operand") };
    if let Layer::Raw(raw) = layer {
        return raw.externals()[operand as usize].clone();
    }
    let (name, grid) = layer.operands().nth(operand as usize).unwrap();
    Key::block(name.clone(), &grid.unwrap().block(block)).with_output(output)
}

fn evaluate(table: &TaskTable) -> Vec<Digest> {
    let mut values = vec![Token(0); table.n_tasks()];
    for row in table.inputs().topological().unwrap() {
        let inputs: Vec<_> = table.inputs().row(row).iter().map(|&input| values[input as usize]).collect();
        values[row as usize] = digest(table.body(row), table.parameters(row), &inputs);
    }
    values
}

/// A source, any layer that reads it, and one that reads that layer whatever its grid is.
fn any_graph() -> impl Strategy<Value = (Graph, Vec<Key>)> {
    any_layer_of_one_grid().prop_flat_map(|(read, first)| {
        let mut graph = Graph::default();
        graph.insert("x", source(read.counts(), Returns::One)).unwrap();
        graph.insert("y", first).unwrap();
        let list = graph.layer(&"y".into()).unwrap().returns() != Returns::One;
        let y = graph.layer(&"y".into()).unwrap().grid().clone();
        let axes: Vec<u16> = (0..y.n_axes() as u16).collect();
        let operand = Indexed::new("y", &axes);
        let operand = Indexed { operand: Operand { name: "y".into(), output: u16::from(list) }, ..operand };
        let parts = BlockwiseParts {
            counts: (0..).zip(y.counts().iter().copied()).collect(),
            output: axes,
            operands: vec![operand.clone(), operand],
            ..BlockwiseParts::of(native("square"))
        };
        graph.insert("z", Blockwise::new(parts).unwrap().into()).unwrap();
        let all: Vec<Key> = ["x", "y", "z"]
            .iter()
            .flat_map(|&name| {
                let layer = graph.layer(&name.into()).unwrap();
                let (grid, n) = (layer.grid().clone(), layer.returns().n_outputs());
                (0..grid.n_blocks()).flat_map(move |number| {
                    let key = Key::block(name, &grid.block(number));
                    (0..n).map(move |output| key.clone().with_output(output))
                })
            })
            .collect();
        let n = all.len();
        (Just(graph), prop::sample::subsequence(all, 0..=n).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn expanded_graphs_compute_what_their_layers_say_and_nothing_else((graph, keys) in any_graph()) {
        let table = graph.expand_for(&keys).unwrap();
        let values = evaluate(&table);
        let mut oracle = Oracle { graph: &graph, tasks: BTreeMap::new(), selects: BTreeSet::new() };
        prop_assert_eq!(table.outputs().len(), keys.len());
        for (key, &row) in keys.iter().zip(table.outputs()) {
            prop_assert_eq!(oracle.block(key), values[row as usize], "{}", key);
        }
        prop_assert_eq!(table.n_tasks(), oracle.tasks.len() + oracle.selects.len());
    }

    #[test]
    fn every_task_has_a_key_of_its_own((graph, keys) in any_graph()) {
        let table = graph.expand_for(&keys).unwrap();
        let names: BTreeSet<Key> = (0..table.n_tasks() as u32).map(|row| table.key(row)).collect();
        prop_assert_eq!(names.len(), table.n_tasks());
        for (key, &row) in keys.iter().zip(table.outputs()) {
            // An alias goes by the name of what it stands for, a row of a table by its own.
            let own = table.key(row);
            prop_assert!(own == *key || own.name != key.name);
        }
    }

    #[test]
    fn needs_and_consumers_of_blocks_are_each_others_transpose((graph, _) in any_graph()) {
        let all = |name: &str| {
            let grid = graph.layer(&name.into()).unwrap().grid().clone();
            let name = name.to_owned();
            (0..grid.n_blocks()).map(move |number| Key::block(&*name, &grid.block(number))).collect::<Vec<_>>()
        };
        let mut forwards = BTreeSet::new();
        for key in ["y", "z"].into_iter().flat_map(all) {
            for mut need in graph.needs(&key).unwrap() {
                need.output = 0;
                forwards.insert((need, key.clone()));
            }
        }
        let mut backwards = BTreeSet::new();
        for key in ["x", "y"].into_iter().flat_map(all) {
            backwards.extend(graph.consumers(&key).unwrap().into_iter().map(|user| (key.clone(), user)));
        }
        prop_assert_eq!(forwards, backwards);
    }
}

pub fn reduction(read: &str, n: u32) -> Layer {
    TreeReduce::new(TreeReduceParts {
        operand: Operand::new(read),
        grid: grid(&[n]),
        axes: vec![ReducedAxis { axis: 0, split_every: 8 }],
        kept: ReducedAxes::Dropped,
        chunk: Some(native("sum")),
        parameters: Formula::default(),
        combine: native("sum"),
        aggregate: native("sum"),
        neighbours: Neighbours::Spread,
        returns: Returns::One,
    })
    .unwrap()
    .into()
}

#[test]
fn keys_name_stages_and_outputs() {
    let mut graph = Graph::default();
    graph.insert("x", source(&[2], Returns::One)).unwrap();
    let shuffle =
        Shuffle::new(Operand::new("x"), 2, 2, native("send"), Formula::Number, native("receive")).unwrap();
    graph.insert("s", shuffle.into()).unwrap();
    graph.insert("t", reduction("s", 2)).unwrap();
    let table = graph.expand_for(&[Key::named("t")]).unwrap();
    let keys: Vec<String> = (0..table.n_tasks() as u32).map(|row| table.key(row).to_string()).collect();
    assert_eq!(
        keys,
        [
            "('x', 0)",
            "('x', 1)",
            "('s-sent', 0)",
            "('s-sent', 1)",
            "('s-all-sent', 0)",
            "('s', 0)",
            "('s', 1)",
            "('t-chunk', 0)",
            "('t-chunk', 1)",
            "t"
        ]
    );
}

#[test]
fn a_million_blocks_expand_to_their_tasks() {
    let n = 1_000_000;
    let mut graph = Graph::default();
    graph.insert("x", source(&[n], Returns::One)).unwrap();
    graph.insert("t", reduction("x", n)).unwrap();
    graph.request_all("t").unwrap();
    let table = graph.expand().unwrap();
    // 1,000,000 sources and chunks, then 125,000, 15,625, 1,954, 245, 31, 4 and 1.
    assert_eq!(table.n_tasks(), 2_142_860);
    assert!(table.inputs().points_backwards());
    assert_eq!(table.key(1_999_999), Key::block("t-chunk", &[999_999]));
}
