//! The order of vertices within layers: few crossings, and what needs one another under one another.

use super::crossings::{count_crossings, crossings_of_pair};
use super::proper::Proper;
use crate::number::index;

/// Work allowed, in neighbours looked at; large graphs get fewer sweeps.
const WORK: usize = 6_000_000;
/// Sweeps without improvement before giving up.
const PATIENCE: usize = 6;

/// Vertices of each layer, left to right.
pub(crate) type Order = Vec<Vec<u32>>;

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Before,
    After,
}

/// Orders each layer: two starting orders, each improved by barycentre sweeps with transpositions; the best
/// is kept.
pub(crate) fn order_layers(graph: &Proper) -> Order {
    let n_edges: usize = graph.after.iter().map(Vec::len).sum();
    let sweeps = (WORK / (n_edges + graph.n_vertices() + 1)).clamp(4, 32);
    let mut best: Option<(f64, Order)> = None;
    for start in [Side::Before, Side::After] {
        let found = improved(graph, first_order(graph, start), sweeps);
        let done = found.0 == 0.0;
        if best.as_ref().is_none_or(|(cost, _)| found.0 < *cost) {
            best = Some(found);
        }
        if done {
            break;
        }
    }
    best.map_or_else(Vec::new, |(_, order)| order)
}

/// What an order costs: its crossings, each the worse the longer the edges are. Without crossings it costs nothing.
fn cost(graph: &Proper, order: &Order, positions: &[u32]) -> f64 {
    match total_crossings(graph, order, positions) {
        0 => 0.0,
        crossings => crossings as f64 * (1.0 + length(graph, order)),
    }
}

/// How far edges reach across, where every layer is as wide as the others. One of many edges at a vertex counts for
/// little: chains stay together rather than what is gathered.
fn length(graph: &Proper, order: &Order) -> f64 {
    let mut across = vec![0.0; graph.n_vertices()];
    for layer in order {
        let width = layer.len() as f64;
        layer.iter().enumerate().for_each(|(at, &v)| across[v as usize] = (at as f64 + 0.5) / width);
    }
    let of_edge = |from: usize, to: usize| {
        let n_beside = graph.after[from].len().max(graph.before[to].len());
        f64::abs(across[to] - across[from]) / n_beside as f64
    };
    let of_vertex = |from: usize| graph.after[from].iter().map(|&to| of_edge(from, to as usize)).sum::<f64>();
    (0..graph.n_vertices()).map(of_vertex).sum()
}

/// Depth-first from the results through what they need (or from the inputs through what needs them): a tree
/// comes out without crossings, and siblings in the order in which they were given.
fn first_order(graph: &Proper, towards: Side) -> Order {
    let (next, other) = match towards {
        Side::Before => (&graph.before, &graph.after),
        Side::After => (&graph.after, &graph.before),
    };
    let mut layers: Order = vec![Vec::new(); graph.n_layers];
    let mut seen = vec![false; graph.n_vertices()];
    let roots = (0..index(graph.n_vertices())).filter(|&v| other[v as usize].is_empty());
    for root in roots.chain(0..index(graph.n_vertices())) {
        let mut stack = vec![root];
        while let Some(vertex) = stack.pop() {
            if std::mem::replace(&mut seen[vertex as usize], true) {
                continue;
            }
            layers[graph.layer_of[vertex as usize] as usize].push(vertex);
            stack.extend(next[vertex as usize].iter().rev());
        }
    }
    layers
}

fn improved(graph: &Proper, mut order: Order, sweeps: usize) -> (f64, Order) {
    let mut positions = vec![0; graph.n_vertices()];
    for layer in &order {
        renumber(layer, &mut positions);
    }
    let mut best = (cost(graph, &order, &positions), order.clone());
    let mut without_gain = 0;
    for sweep in 0..sweeps {
        if best.0 == 0.0 || without_gain >= PATIENCE {
            break;
        }
        let side = if sweep % 2 == 0 { Side::Before } else { Side::After };
        sweep_layers(graph, &mut order, &mut positions, side);
        transpose(graph, &mut order, &mut positions);
        let found = cost(graph, &order, &positions);
        if found < best.0 {
            best = (found, order.clone());
            without_gain = 0;
        } else {
            without_gain += 1;
        }
    }
    best
}

fn renumber(layer: &[u32], positions: &mut [u32]) {
    for (position, &vertex) in layer.iter().enumerate() {
        positions[vertex as usize] = index(position);
    }
}

fn total_crossings(graph: &Proper, order: &Order, positions: &[u32]) -> u64 {
    let between = |pair: &[Vec<u32>]| {
        let places = |v: &u32| graph.after[*v as usize].iter().map(|&n| positions[n as usize]).collect();
        count_crossings(pair[0].iter().map(places), pair[1].len())
    };
    order.windows(2).map(between).sum()
}

/// Sorts every layer by the mean position of its neighbours on one side, layer after layer away from that
/// side.
fn sweep_layers(graph: &Proper, order: &mut Order, positions: &mut [u32], side: Side) {
    let n_layers = order.len();
    for step in 1..n_layers {
        let (layer, near) = match side {
            Side::Before => (step, &graph.before),
            Side::After => (n_layers - 1 - step, &graph.after),
        };
        sort_by_barycentre(&mut order[layer], near, positions);
        renumber(&order[layer], positions);
    }
}

/// Vertices without neighbours on that side keep their place; the others are sorted into the places left.
fn sort_by_barycentre(layer: &mut [u32], near: &[Vec<u32>], positions: &[u32]) {
    let mean = |vertex: u32| {
        let around = &near[vertex as usize];
        let sum: u64 = around.iter().map(|&n| u64::from(positions[n as usize])).sum();
        (!around.is_empty()).then(|| sum as f64 / around.len() as f64)
    };
    let mut keyed: Vec<(f64, u32)> = layer.iter().filter_map(|&v| mean(v).map(|key| (key, v))).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sorted = keyed.into_iter();
    for slot in layer.iter_mut() {
        if !near[*slot as usize].is_empty()
            && let Some((_, vertex)) = sorted.next()
        {
            *slot = vertex;
        }
    }
}

/// Swaps neighbours in a layer as long as that removes crossings, a few rounds at most.
fn transpose(graph: &Proper, order: &mut Order, positions: &mut [u32]) {
    const ROUNDS: usize = 4;
    let sorted = |near: &[u32], positions: &[u32]| {
        let mut places: Vec<u32> = near.iter().map(|&n| positions[n as usize]).collect();
        places.sort_unstable();
        places
    };
    for _ in 0..ROUNDS {
        let mut gained = false;
        for layer in order.iter_mut() {
            // Neighbours stand in other layers, so their positions hold while this layer changes.
            let mut places: Vec<(Vec<u32>, Vec<u32>)> = layer
                .iter()
                .map(|&v| {
                    (
                        sorted(&graph.before[v as usize], positions),
                        sorted(&graph.after[v as usize], positions),
                    )
                })
                .collect();
            for left in 0..layer.len().saturating_sub(1) {
                let (a, b) = (&places[left], &places[left + 1]);
                let kept = crossings_of_pair(&a.0, &b.0) + crossings_of_pair(&a.1, &b.1);
                if kept > 0 && crossings_of_pair(&b.0, &a.0) + crossings_of_pair(&b.1, &a.1) < kept {
                    layer.swap(left, left + 1);
                    places.swap(left, left + 1);
                    gained = true;
                }
            }
            renumber(layer, positions);
        }
        if !gained {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::acyclic::acyclic_links;
    use super::super::layers::assign_layers;
    use super::super::proper::proper;
    use super::*;

    fn crossings(n_nodes: usize, edges: &[(u32, u32)]) -> u64 {
        let links = acyclic_links(n_nodes, edges).links;
        let graph = proper(&assign_layers(n_nodes, &links), &links);
        let order = order_layers(&graph);
        let mut positions = vec![0; graph.n_vertices()];
        for layer in &order {
            renumber(layer, &mut positions);
        }
        total_crossings(&graph, &order, &positions)
    }

    #[test]
    fn what_is_made_of_one_input_stays_beside_it_though_other_orders_cross_less() {
        // Twelve inputs, each of which three results gather a part of.
        let edges: Vec<(u32, u32)> = (0..12)
            .flat_map(|i| {
                (0..3).flat_map(move |part| [(i * 4, i * 4 + 1 + part), (i * 4 + 1 + part, 48 + part)])
            })
            .collect();
        let links = acyclic_links(51, &edges).links;
        let order = order_layers(&proper(&assign_layers(51, &links), &links));
        let inputs: Vec<u32> = order[1].iter().map(|part| part / 4).collect();
        assert!(inputs.is_sorted(), "{inputs:?}");
    }

    #[test]
    fn a_tree_given_in_any_order_has_no_crossings() {
        let edges: Vec<(u32, u32)> = (1..63).map(|i| (i, (i - 1) / 2)).collect();
        assert_eq!(crossings(63, &edges), 0);
        let scrambled: Vec<(u32, u32)> = (0..62).map(|i| edges[(i * 37) % 62]).collect();
        assert_eq!(crossings(63, &scrambled), 0);
    }

    #[test]
    fn two_straight_chains_given_crosswise_do_not_cross() {
        assert_eq!(crossings(6, &[(0, 3), (1, 2), (3, 4), (2, 5)]), 0);
    }

    #[test]
    fn a_complete_bipartite_graph_keeps_the_crossings_it_must_have() {
        let edges: Vec<(u32, u32)> = (0..3).flat_map(|a| (3..6).map(move |b| (a, b))).collect();
        assert_eq!(crossings(6, &edges), 9);
    }
}
