//! Which layer a node is in.

use super::acyclic::Link;

/// Sweeps that shorten edges; each can only shorten, a handful is enough.
const SWEEPS: usize = 8;
/// A node of so many inputs gathers.
const GATHERS: usize = 3;

struct Neighbours {
    before: Vec<Vec<u32>>,
    after: Vec<Vec<u32>>,
}

/// A layer for each node such that every link goes to a higher one. Longest paths first; then nodes with
/// slack move towards where they have more links, so that inputs stand just before what uses them.
pub(crate) fn assign_layers(n_nodes: usize, links: &[Link]) -> Vec<u32> {
    let mut near = Neighbours { before: vec![Vec::new(); n_nodes], after: vec![Vec::new(); n_nodes] };
    for link in links {
        near.after[link.from as usize].push(link.to);
        near.before[link.to as usize].push(link.from);
    }
    let order = topological(&near);
    let mut layers = vec![0_u32; n_nodes];
    for &node in &order {
        let lowest = near.before[node].iter().map(|&n| layers[n as usize] + 1).max();
        layers[node] = lowest.unwrap_or(0);
    }
    let is_gathered = gather(&near, &mut layers);
    for _ in 0..SWEEPS {
        let moved = pull_up(&near, &order, &mut layers) | pull_down(&near, &order, &mut layers, &is_gathered);
        if !moved {
            break;
        }
    }
    layers
}

/// Moves results that gather up to where others gather, so that what they gather stands beside what the others do
/// instead of between it and its inputs; which nodes those are.
fn gather(near: &Neighbours, layers: &mut [u32]) -> Vec<bool> {
    let gathers = |node: usize| near.before[node].len() >= GATHERS;
    let highest = (0..layers.len()).filter(|&node| gathers(node)).map(|node| layers[node]).max();
    let is_result = |node: usize| gathers(node) && near.after[node].is_empty();
    (0..layers.len())
        .map(|node| {
            let moves = is_result(node);
            if moves {
                layers[node] = highest.unwrap_or(layers[node]);
            }
            moves
        })
        .collect()
}

fn topological(near: &Neighbours) -> Vec<usize> {
    let mut waits: Vec<usize> = near.before.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..waits.len()).filter(|&n| waits[n] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &after in &near.after[node] {
            waits[after as usize] -= 1;
            if waits[after as usize] == 0 {
                order.push(after as usize);
            }
        }
    }
    debug_assert_eq!(order.len(), waits.len(), "links must have no cycle");
    order
}

/// Towards the consumers, ties included: a chain of its own moves as a whole, one node after the other.
fn pull_up(near: &Neighbours, order: &[usize], layers: &mut [u32]) -> bool {
    let mut moved = false;
    for &node in order.iter().rev() {
        let Some(nearest) = near.after[node].iter().map(|&n| layers[n as usize]).min() else { continue };
        let highest = nearest.saturating_sub(1);
        if near.after[node].len() >= near.before[node].len() && highest > layers[node] {
            layers[node] = highest;
            moved = true;
        }
    }
    moved
}

/// Towards the inputs, where that is strictly shorter.
fn pull_down(near: &Neighbours, order: &[usize], layers: &mut [u32], is_gathered: &[bool]) -> bool {
    let mut moved = false;
    for &node in order.iter().filter(|&&node| !is_gathered[node]) {
        let Some(nearest) = near.before[node].iter().map(|&n| layers[n as usize]).max() else { continue };
        if near.before[node].len() > near.after[node].len() && nearest + 1 < layers[node] {
            layers[node] = nearest + 1;
            moved = true;
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(n_nodes: usize, edges: &[(u32, u32)]) -> Vec<u32> {
        let links: Vec<_> = edges.iter().map(|&(from, to)| Link { from, to, reversed: false }).collect();
        assign_layers(n_nodes, &links)
    }

    #[test]
    fn an_input_stands_just_before_its_only_consumer() {
        assert_eq!(layers(4, &[(0, 1), (1, 2), (3, 2)]), [0, 1, 2, 1]);
    }

    #[test]
    fn a_short_chain_is_pulled_up_as_a_whole() {
        assert_eq!(layers(7, &[(0, 1), (1, 2), (2, 3), (3, 4), (5, 6), (6, 4)]), [0, 1, 2, 3, 4, 2, 3]);
    }

    #[test]
    fn results_that_gather_stand_where_others_gather() {
        let mut edges = Vec::new();
        for i in 0..3 {
            edges.extend([(i, 3 + i), (3 + i, 9), (i, 6 + i), (6 + i, 12 + i), (12 + i, 10)]);
        }
        edges.push((10, 11));
        let found = layers(15, &edges);
        assert_eq!((found[9], found[10], found[11]), (3, 3, 4));
        assert_eq!(&found[3..6], [2, 2, 2]);
    }

    #[test]
    fn a_result_stands_just_after_its_inputs() {
        assert_eq!(layers(4, &[(0, 1), (1, 2), (0, 3)]), [0, 1, 2, 1]);
    }
}
