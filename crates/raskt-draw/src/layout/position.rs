//! Where vertices stand within their layers (Brandes and Köpf, 2001, with the compaction on a graph of blocks
//! that dagre uses, which copes with widths that differ).
//!
//! Four times, once for each corner of the picture, vertices are aligned with a median neighbour into
//! vertical blocks, and the blocks pushed together. The mean of the two middle results is balanced, and keeps
//! every distance that all four keep.

use crate::number::index;
use std::collections::HashSet;

use super::ordering::Order;
use super::proper::Proper;

/// Distances to keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gaps {
    /// Between two nodes.
    pub(crate) node: f64,
    /// Between two edges that pass by.
    pub(crate) edge: f64,
}

impl Gaps {
    /// The least distance between the centres of two neighbours in a layer.
    pub(crate) fn distance(&self, graph: &Proper, widths: &[f64], left: u32, right: u32) -> f64 {
        let gap_of = |vertex| if graph.is_dummy(vertex) { self.edge } else { self.node };
        (widths[left as usize] + widths[right as usize] + gap_of(left) + gap_of(right)) / 2.0
    }
}

/// The centre of every vertex across the layers, starting anywhere.
pub(crate) fn place_across(graph: &Proper, order: &Order, widths: &[f64], gaps: Gaps) -> Vec<f64> {
    let conflicts = conflicts(graph, order);
    let mut candidates = Vec::with_capacity(4);
    for upwards in [false, true] {
        for mirrored in [false, true] {
            let view = View::new(graph, order, upwards, mirrored);
            let roots = align(&view, &conflicts);
            let mut across = compact(&view, &roots, graph, widths, gaps);
            if mirrored {
                across.iter_mut().for_each(|x| *x = -*x);
            }
            candidates.push(Candidate::new(across, widths, mirrored));
        }
    }
    balance(&mut candidates)
}

/// Segments between a node and its neighbour that cross a piece of a long edge: not to be aligned, so that
/// long edges stay straight.
fn conflicts(graph: &Proper, order: &Order) -> HashSet<(u32, u32)> {
    let mut found = HashSet::new();
    let inner = |v: u32| {
        graph.before[v as usize].first().copied().filter(|&u| graph.is_dummy(u) && graph.is_dummy(v))
    };
    for pair in order.windows(2) {
        let mut positions = vec![0_usize; graph.n_vertices()];
        if pair[0].is_empty() {
            continue;
        }
        pair[0].iter().enumerate().for_each(|(i, &v)| positions[v as usize] = i);
        let (mut low, mut scanned) = (0, 0);
        for (index, &vertex) in pair[1].iter().enumerate() {
            let inner_from = inner(vertex).map(|u| positions[u as usize]);
            if inner_from.is_none() && index + 1 < pair[1].len() {
                continue;
            }
            let high = inner_from.unwrap_or(pair[0].len() - 1);
            for &other in &pair[1][scanned..=index] {
                for &from in &graph.before[other as usize] {
                    if !(low..=high).contains(&positions[from as usize]) {
                        found.insert((from, other));
                    }
                }
            }
            scanned = index + 1;
            low = high;
        }
    }
    found
}

/// The graph as seen from one of its corners.
struct View<'a> {
    layers: Vec<Vec<u32>>,
    near: &'a [Vec<u32>],
    positions: Vec<i64>,
    upwards: bool,
}

impl<'a> View<'a> {
    fn new(graph: &'a Proper, order: &Order, upwards: bool, mirrored: bool) -> Self {
        let mut layers = order.clone();
        if upwards {
            layers.reverse();
        }
        if mirrored {
            layers.iter_mut().for_each(|layer| layer.reverse());
        }
        let mut positions = vec![0; graph.n_vertices()];
        for layer in &layers {
            layer.iter().enumerate().for_each(|(i, &v)| positions[v as usize] = i64::from(index(i)));
        }
        let near = if upwards { &graph.after } else { &graph.before };
        Self { layers, near, positions, upwards }
    }

    /// Neighbours in the layer before (in this view), left to right.
    fn neighbours(&self, vertex: u32) -> Vec<u32> {
        let mut near = self.near[vertex as usize].clone();
        near.sort_by_key(|&n| self.positions[n as usize]);
        near
    }

    fn in_conflict(&self, conflicts: &HashSet<(u32, u32)>, near: u32, vertex: u32) -> bool {
        conflicts.contains(&if self.upwards { (vertex, near) } else { (near, vertex) })
    }
}

/// The root (first vertex) of the block that each vertex belongs to.
fn align(view: &View<'_>, conflicts: &HashSet<(u32, u32)>) -> Vec<u32> {
    let mut roots: Vec<u32> = (0..index(view.positions.len())).collect();
    for layer in view.layers.iter().skip(1) {
        let mut rightmost = -1;
        for &vertex in layer {
            let near = view.neighbours(vertex);
            if near.is_empty() {
                continue;
            }
            let medians = (near.len() - 1) / 2..=near.len() / 2;
            for &candidate in &near[medians] {
                let position = view.positions[candidate as usize];
                if position > rightmost && !view.in_conflict(conflicts, candidate, vertex) {
                    roots[vertex as usize] = roots[candidate as usize];
                    rightmost = position;
                    break;
                }
            }
        }
    }
    roots
}

/// Places the blocks: as far left as neighbours allow, then right again where nothing is in the way.
fn compact(view: &View<'_>, roots: &[u32], graph: &Proper, widths: &[f64], gaps: Gaps) -> Vec<f64> {
    let mut after: Vec<Vec<(u32, f64)>> = vec![Vec::new(); roots.len()];
    let mut waits = vec![0_u32; roots.len()];
    for layer in &view.layers {
        for pair in layer.windows(2) {
            let (left, right) = (pair[0], pair[1]);
            let distance = gaps.distance(graph, widths, left, right);
            after[roots[left as usize] as usize].push((roots[right as usize], distance));
            waits[roots[right as usize] as usize] += 1;
        }
    }
    let mut sequence: Vec<u32> =
        (0..index(roots.len())).filter(|&v| roots[v as usize] == v && waits[v as usize] == 0).collect();
    let mut x = vec![0.0_f64; roots.len()];
    let mut next = 0;
    while let Some(&block) = sequence.get(next) {
        next += 1;
        for &(other, distance) in &after[block as usize] {
            x[other as usize] = x[other as usize].max(x[block as usize] + distance);
            waits[other as usize] -= 1;
            if waits[other as usize] == 0 {
                sequence.push(other);
            }
        }
    }
    for &block in sequence.iter().rev() {
        let room = after[block as usize].iter().map(|&(other, distance)| x[other as usize] - distance);
        let room = room.fold(f64::INFINITY, f64::min);
        if room.is_finite() {
            x[block as usize] = x[block as usize].max(room);
        }
    }
    roots.iter().map(|&root| x[root as usize]).collect()
}

struct Candidate {
    across: Vec<f64>,
    low: f64,
    high: f64,
    mirrored: bool,
}

impl Candidate {
    fn new(across: Vec<f64>, widths: &[f64], mirrored: bool) -> Self {
        let edges = across.iter().zip(widths);
        let low = edges.clone().map(|(x, w)| x - w / 2.0).fold(f64::INFINITY, f64::min);
        let high = edges.map(|(x, w)| x + w / 2.0).fold(f64::NEG_INFINITY, f64::max);
        Self { across, low, high, mirrored }
    }
}

/// Aligns all with the narrowest (on the side that each was pushed to) and takes the mean of the middle two.
fn balance(candidates: &mut [Candidate]) -> Vec<f64> {
    let narrowest = candidates.iter().min_by(|a, b| (a.high - a.low).total_cmp(&(b.high - b.low)));
    let Some((low, high)) = narrowest.map(|c| (c.low, c.high)) else { return Vec::new() };
    for candidate in candidates.iter_mut() {
        let shift = if candidate.mirrored { high - candidate.high } else { low - candidate.low };
        candidate.across.iter_mut().for_each(|x| *x += shift);
    }
    let n_vertices = candidates.first().map_or(0, |c| c.across.len());
    let middle = |vertex: usize| {
        let mut all: Vec<f64> = candidates.iter().map(|c| c.across[vertex]).collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2 - 1] + all[all.len() / 2]) / 2.0
    };
    (0..n_vertices).map(middle).collect()
}
