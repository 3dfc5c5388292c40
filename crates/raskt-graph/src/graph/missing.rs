//! Who needed a key that nothing makes: looked for only once it is known that there is one.

use raskt_core::{Error, ErrorKind, Key};
use rustc_hash::FxHashSet;

use super::layered::Graph;
use crate::layer::{Layer, Origin, Place};

/// The error for the nearest missing key that is needed for `requested`, with the shortest path to it.
pub(super) fn error(graph: &Graph, requested: &[Key]) -> Error {
    // Breadth first; each visit with the number of the visit that led to it.
    let mut visits: Vec<(u32, Place, Option<usize>)> = Vec::new();
    let mut seen = FxHashSet::default();
    let mut visit = |visits: &mut Vec<_>, layer: u32, place: Place, from: Option<usize>| {
        if seen.insert((layer, place)) {
            visits.push((layer, place, from));
        }
    };
    for found in requested.iter().filter_map(|key| graph.find(key)) {
        let place = graph.layers()[found.layer as usize].1.place(found.number);
        visit(&mut visits, found.layer, place, None);
    }
    let (mut next, mut inputs) = (0, Vec::new());
    while let Some(&(number, place, _)) = visits.get(next) {
        let layer = &graph.layers()[number as usize].1;
        inputs.clear();
        layer.inputs(place, &mut inputs);
        for input in &inputs {
            let operand = match input.from {
                Origin::Stage(stage) => {
                    visit(&mut visits, number, Place { stage, block: input.block }, Some(next));
                    continue;
                }
                Origin::Operand(operand) => operand as usize,
            };
            let key = layer.operand_key(operand, input.block, input.output);
            match graph.find(&key) {
                Some(found) => {
                    let place = graph.layers()[found.layer as usize].1.place(found.number);
                    visit(&mut visits, found.layer, place, Some(next));
                }
                None => return missing(graph, &key, &visits, next),
            }
        }
        next += 1;
    }
    ErrorKind::InvalidGraph("a layer reads a layer that is not there".to_owned()).into()
}

fn missing(graph: &Graph, key: &Key, visits: &[(u32, Place, Option<usize>)], last: usize) -> Error {
    let mut path = Vec::new();
    let mut at = Some(last);
    while let Some((layer, place, from)) = at.map(|at| visits[at]) {
        let (name, layer) = &graph.layers()[layer as usize];
        let stands_in = matches!(**layer, Layer::Raw(_)) && layer.alias(place).is_some();
        if !stands_in {
            path.push(layer.key(name, place, 0).to_string());
        }
        at = from;
    }
    path.reverse();
    ErrorKind::MissingKey { key: key.to_string(), path }.into()
}
