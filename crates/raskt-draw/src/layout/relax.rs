//! Drawing a loose layout together.
//!
//! Where edges of many lengths cross, blocks that must stay straight push each other apart, layer after
//! layer, and the picture gets far wider than any of its layers needs. Then, and only then (a layout that is
//! tight already is also symmetric, which this would spoil): every vertex moves towards the mean of its
//! neighbours, which shrinks the whole; long edges are made straight again where what stands beside them
//! allows; and straight pieces move to the median of their neighbours.

use super::ordering::Order;
use super::position::Gaps;
use super::proper::Proper;
use crate::number::index;

/// A layout is loose if it is this many times as wide as its widest layer needs.
const LOOSE: f64 = 1.6;
/// Passes over all layers towards the mean.
const MEAN_PASSES: usize = 30;
/// Rounds, after each of which pieces that came to stand in line are joined.
const ROUNDS: usize = 3;
/// Passes over all pieces in each round.
const PASSES: usize = 8;
/// What stands so near to a line is on it.
const IN_LINE: f64 = 0.01;

/// Moves vertices (their centres `x`), keeping their order and distances, if the layout is loose.
pub(crate) fn relax(graph: &Proper, order: &Order, widths: &[f64], gaps: Gaps, x: &mut [f64]) {
    let rows = Rows::new(graph, order, widths, gaps);
    let low = x.iter().zip(widths).map(|(x, w)| x - w / 2.0).fold(f64::INFINITY, f64::min);
    let high = x.iter().zip(widths).map(|(x, w)| x + w / 2.0).fold(f64::NEG_INFINITY, f64::max);
    if high - low <= LOOSE * rows.widest {
        return;
    }
    for pass in 0..MEAN_PASSES {
        let mut towards_mean = |layer: &Vec<u32>| move_layer(graph, &rows, layer, x);
        if pass % 2 == 0 {
            order.iter().for_each(&mut towards_mean);
        } else {
            order.iter().rev().for_each(&mut towards_mean);
        }
    }
    let chains = chains(graph, order, x);
    for _ in 0..ROUNDS {
        chains.iter().for_each(|chain| straighten(&rows, chain, x));
        let pieces = Pieces::new(graph, x);
        let mut sequence: Vec<&Vec<u32>> = pieces.members.iter().filter(|piece| !piece.is_empty()).collect();
        sequence.sort_by(|a, b| x[a[0] as usize].total_cmp(&x[b[0] as usize]));
        for _ in 0..PASSES {
            // Each way in turn, so that what is in the way moves first.
            for piece in &sequence {
                move_piece(graph, &rows, &pieces, piece, x);
            }
            sequence.reverse();
        }
    }
}

/// What stands beside each vertex in its layer, and how far away at least.
struct Rows {
    left: Vec<Option<(u32, f64)>>,
    right: Vec<Option<(u32, f64)>>,
    /// What the widest layer needs.
    widest: f64,
}

impl Rows {
    fn new(graph: &Proper, order: &Order, widths: &[f64], gaps: Gaps) -> Self {
        let n_vertices = graph.n_vertices();
        let mut rows = Self { left: vec![None; n_vertices], right: vec![None; n_vertices], widest: 0.0 };
        for layer in order {
            let ends = layer.first().into_iter().chain(layer.last()).map(|&v| widths[v as usize] / 2.0);
            let mut needed: f64 = ends.sum();
            for pair in layer.windows(2) {
                let distance = gaps.distance(graph, widths, pair[0], pair[1]);
                rows.right[pair[0] as usize] = Some((pair[1], distance));
                rows.left[pair[1] as usize] = Some((pair[0], distance));
                needed += distance;
            }
            rows.widest = rows.widest.max(needed);
        }
        rows
    }
}

impl Rows {
    /// How far a vertex may move to the left (negative) and right.
    fn room(&self, vertex: u32, x: &[f64]) -> (f64, f64) {
        let here = x[vertex as usize];
        let low = self.left[vertex as usize].map(|(left, distance)| x[left as usize] + distance - here);
        let high = self.right[vertex as usize].map(|(right, distance)| x[right as usize] - distance - here);
        (low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))
    }
}

/// Vertices that must keep their distances and so move as one.
struct Cluster {
    /// Where the first wants to be, weighted.
    wanted: f64,
    weight: f64,
    n_members: usize,
}

/// Moves a layer's vertices as near (in squares) to the means of their neighbours as their distances allow:
/// isotonic regression by pooling those that are in each other's way.
fn move_layer(graph: &Proper, rows: &Rows, layer: &[u32], x: &mut [f64]) {
    let mut offsets = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    let mut clusters: Vec<Cluster> = Vec::with_capacity(layer.len());
    for &vertex in layer {
        offset += rows.left[vertex as usize].map_or(0.0, |(_, distance)| distance);
        offsets.push(offset);
        let (mut sum, mut total) = (0.0, 0.0);
        for &near in graph.before[vertex as usize].iter().chain(&graph.after[vertex as usize]) {
            let weight = f64::from(weight(graph, vertex, near));
            sum += weight * x[near as usize];
            total += weight;
        }
        let wanted = if total > 0.0 { sum / total } else { x[vertex as usize] };
        let mut cluster = Cluster { wanted: wanted - offset, weight: total.max(0.01), n_members: 1 };
        while let Some(before) = clusters.pop_if(|before| before.wanted > cluster.wanted) {
            let weight = before.weight + cluster.weight;
            cluster.wanted = (before.wanted * before.weight + cluster.wanted * cluster.weight) / weight;
            cluster.weight = weight;
            cluster.n_members += before.n_members;
        }
        clusters.push(cluster);
    }
    let firsts = clusters.iter().flat_map(|c| std::iter::repeat_n(c.wanted, c.n_members));
    for ((&vertex, offset), first) in layer.iter().zip(offsets).zip(firsts) {
        x[vertex as usize] = first + offset;
    }
}

/// The dummies of long edges in the order of their layers; where a trunk branches, the nearest branch goes
/// on.
fn chains(graph: &Proper, order: &Order, x: &[f64]) -> Vec<Vec<u32>> {
    let mut chain_of = vec![usize::MAX; graph.n_vertices()];
    let mut chains: Vec<Vec<u32>> = Vec::new();
    for &vertex in order.iter().flatten().filter(|&&vertex| graph.is_dummy(vertex)) {
        let chain = match chain_of[vertex as usize] {
            usize::MAX => {
                chains.push(Vec::new());
                chains.len() - 1
            }
            chain => chain,
        };
        chains[chain].push(vertex);
        let aside = |near: u32| (x[near as usize] - x[vertex as usize]).abs();
        let dummies = graph.after[vertex as usize].iter().copied().filter(|&near| graph.is_dummy(near));
        if let Some(next) = dummies.min_by(|&a, &b| aside(a).total_cmp(&aside(b))) {
            chain_of[next as usize] = chain;
        }
    }
    chains
}

/// Puts a chain on one line, or on a few where no line is free all along.
fn straighten(rows: &Rows, chain: &[u32], x: &mut [f64]) {
    let mut start = 0;
    while start < chain.len() {
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut end = start;
        while let Some(&vertex) = chain.get(end) {
            let room = rows.room(vertex, x);
            let here = x[vertex as usize];
            let (lower, higher) = (low.max(here + room.0.min(0.0)), high.min(here + room.1.max(0.0)));
            if lower > higher {
                break;
            }
            (low, high, end) = (lower, higher, end + 1);
        }
        let run = &chain[start..end];
        let mean = run.iter().map(|&vertex| x[vertex as usize]).sum::<f64>() / run.len() as f64;
        run.iter().for_each(|&vertex| x[vertex as usize] = mean.max(low).min(high));
        start = end;
    }
}

/// Straight pieces: the vertices of long edges joined with what they are in line with.
struct Pieces {
    /// The first vertex of the piece that each vertex is in.
    first: Vec<u32>,
    /// The vertices of a piece at the index of its first, in the order of their layers.
    members: Vec<Vec<u32>>,
}

impl Pieces {
    fn new(graph: &Proper, x: &[f64]) -> Self {
        let mut by_layer: Vec<u32> = (0..index(x.len())).collect();
        by_layer.sort_by_key(|&v| graph.layer_of[v as usize]);
        let mut pieces = Self { first: vec![0; x.len()], members: vec![Vec::new(); x.len()] };
        for &vertex in &by_layer {
            let in_line = graph.before[vertex as usize].iter().find(|&&near| {
                let is_long = graph.is_dummy(near) || graph.is_dummy(vertex);
                is_long && (x[near as usize] - x[vertex as usize]).abs() < IN_LINE
            });
            let first = in_line.map_or(vertex, |&near| pieces.first[near as usize]);
            pieces.first[vertex as usize] = first;
            pieces.members[first as usize].push(vertex);
        }
        pieces
    }
}

fn move_piece(graph: &Proper, rows: &Rows, pieces: &Pieces, piece: &[u32], x: &mut [f64]) {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut pulls: Vec<(f64, u32)> = Vec::new();
    for &vertex in piece {
        let here = x[vertex as usize];
        let room = rows.room(vertex, x);
        (low, high) = (low.max(room.0), high.min(room.1));
        let first = pieces.first[vertex as usize];
        let around = graph.before[vertex as usize].iter().chain(&graph.after[vertex as usize]);
        for &near in around.filter(|&&near| pieces.first[near as usize] != first) {
            pulls.push((x[near as usize] - here, weight(graph, vertex, near)));
        }
    }
    let aside = median(&mut pulls).max(low).min(high);
    // What is already too near by a rounding error stays.
    if low <= high && aside.abs() > IN_LINE {
        piece.iter().for_each(|&vertex| x[vertex as usize] += aside);
    }
}

/// How much it matters that an edge is straight there: most in the middle of long edges.
fn weight(graph: &Proper, a: u32, b: u32) -> u32 {
    match (graph.is_dummy(a), graph.is_dummy(b)) {
        (true, true) => 8,
        (true, false) | (false, true) => 2,
        (false, false) => 1,
    }
}

/// The weighted median; where a whole range is one, its number nearest to 0.
fn median(weighted: &mut [(f64, u32)]) -> f64 {
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u32 = weighted.iter().map(|w| w.1).sum();
    let mut sum = 0;
    for (index, &(value, weight)) in weighted.iter().enumerate() {
        sum += weight;
        if 2 * sum == total {
            let next = weighted.get(index + 1).map_or(value, |next| next.0);
            return 0.0_f64.max(value).min(next);
        }
        if 2 * sum > total {
            return value;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_prefer_to_stay() {
        assert_eq!(median(&mut []), 0.0);
        assert_eq!(median(&mut [(3.0, 1)]), 3.0);
        assert_eq!(median(&mut [(-2.0, 1), (5.0, 1)]), 0.0);
        assert_eq!(median(&mut [(5.0, 1), (2.0, 1)]), 2.0);
        assert_eq!(median(&mut [(-2.0, 1), (5.0, 3)]), 5.0);
    }
}
