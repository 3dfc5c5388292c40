//! The proper graph: every link cut into steps from one layer to the next by dummy vertices that hold its
//! place.

use crate::number::index;
use std::collections::BTreeMap;

use super::acyclic::Link;

/// At most this many dummies; the longest links beyond it are drawn straight through.
const DUMMIES_MAX: usize = 40_000;

/// Nodes (the first `n_nodes` vertices) and dummies, with neighbours one layer before and after.
#[derive(Debug, Clone)]
pub(crate) struct Proper {
    pub(crate) n_nodes: usize,
    pub(crate) layer_of: Vec<u32>,
    pub(crate) n_layers: usize,
    pub(crate) before: Vec<Vec<u32>>,
    pub(crate) after: Vec<Vec<u32>>,
    /// For each link its dummies, from its lower to its upper end.
    pub(crate) paths: Vec<Vec<u32>>,
}

impl Proper {
    pub(crate) fn n_vertices(&self) -> usize {
        self.layer_of.len()
    }

    pub(crate) fn is_dummy(&self, vertex: u32) -> bool {
        vertex as usize >= self.n_nodes
    }
}

/// Cuts the links. Links that leave the same node share their dummies as long as they run side by side: a
/// trunk that branches is easier to follow than parallel lines, and there are fewer of them to cross.
pub(crate) fn proper(layers: &[u32], links: &[Link]) -> Proper {
    let n_nodes = layers.len();
    let mut out = Proper {
        n_nodes,
        layer_of: layers.to_vec(),
        n_layers: layers.iter().max().map_or(0, |&top| top as usize + 1),
        before: vec![Vec::new(); n_nodes],
        after: vec![Vec::new(); n_nodes],
        paths: Vec::with_capacity(links.len()),
    };
    let span = |link: &Link| layers[link.to as usize] - layers[link.from as usize];
    let span_max = longest_kept(links.iter().map(span).collect());
    let mut trunks: BTreeMap<(u32, bool, u32), u32> = BTreeMap::new();
    for link in links {
        let mut path = Vec::new();
        if span(link) <= span_max {
            let mut last = link.from;
            for layer in layers[link.from as usize] + 1..layers[link.to as usize] {
                let dummy = *trunks.entry((link.from, link.reversed, layer)).or_insert_with(|| {
                    let dummy = index(out.layer_of.len());
                    out.layer_of.push(layer);
                    out.before.push(vec![last]);
                    out.after.push(Vec::new());
                    out.after[last as usize].push(dummy);
                    dummy
                });
                path.push(dummy);
                last = dummy;
            }
            out.after[last as usize].push(link.to);
            out.before[link.to as usize].push(last);
        }
        out.paths.push(path);
    }
    out
}

/// The longest span such that links up to it need no more dummies than allowed.
fn longest_kept(mut spans: Vec<u32>) -> u32 {
    spans.sort_unstable();
    let mut n_dummies = 0;
    for &span in &spans {
        n_dummies += span as usize - 1;
        if n_dummies > DUMMIES_MAX {
            return span - 1;
        }
    }
    u32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(from: u32, to: u32) -> Link {
        Link { from, to, reversed: false }
    }

    #[test]
    fn long_links_of_one_node_share_a_trunk() {
        let links = [link(0, 1), link(1, 2), link(2, 3), link(0, 2), link(0, 3)];
        let cut = proper(&[0, 1, 2, 3], &links);
        assert_eq!(cut.n_vertices(), 4 + 2);
        assert_eq!(cut.paths[3], [4]);
        assert_eq!(cut.paths[4], [4, 5]);
        for (vertex, near) in cut.after.iter().enumerate() {
            assert!(near.iter().all(|&n| cut.layer_of[n as usize] == cut.layer_of[vertex] + 1));
        }
    }

    #[test]
    fn dummies_are_bounded() {
        let layers: Vec<u32> = (0..2_000).collect();
        let links: Vec<_> =
            (0..1_000).map(|i| link(i, i + 1_000)).chain((0..1_999).map(|i| link(i, i + 1))).collect();
        assert!(proper(&layers, &links).n_vertices() <= 2_000 + DUMMIES_MAX);
    }
}
