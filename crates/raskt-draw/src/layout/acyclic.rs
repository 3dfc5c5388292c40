//! Edges made fit for layering: loops set aside, duplicates merged, cycles broken.

use crate::number::index;
use std::collections::BTreeMap;

/// An edge as layering sees it: always from a lower layer to a higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// The node in the lower layer.
    pub(crate) from: u32,
    /// The node in the higher layer.
    pub(crate) to: u32,
    /// Whether the edge really points from `to` to `from`.
    pub(crate) reversed: bool,
}

/// The links of a graph, and which of them each edge became.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    pub(crate) links: Vec<Link>,
    /// For each edge its link; `None` for an edge from a node to itself.
    pub(crate) of_edge: Vec<Option<u32>>,
}

/// Turns round the edges that close a cycle (found by depth-first search from the sources), so that no cycle
/// is left.
pub(crate) fn acyclic_links(n_nodes: usize, edges: &[(u32, u32)]) -> Links {
    let mut index_of: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut links = Vec::new();
    let mut of_edge = Vec::with_capacity(edges.len());
    for &(from, to) in edges {
        if from == to {
            of_edge.push(None);
            continue;
        }
        let link = *index_of.entry((from, to)).or_insert_with(|| {
            links.push(Link { from, to, reversed: false });
            index(links.len()) - 1
        });
        of_edge.push(Some(link));
    }
    for index in closing_links(n_nodes, &links) {
        let link = &mut links[index];
        *link = Link { from: link.to, to: link.from, reversed: true };
    }
    Links { links, of_edge }
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Not,
    /// On the path from the root of the search.
    Open,
    Done,
}

/// Indices of the links that point back to a node on the path of the search.
fn closing_links(n_nodes: usize, links: &[Link]) -> Vec<usize> {
    let mut outgoing: Vec<Vec<usize>> = vec![Vec::new(); n_nodes];
    let mut is_source = vec![true; n_nodes];
    for (index, link) in links.iter().enumerate() {
        outgoing[link.from as usize].push(index);
        is_source[link.to as usize] = false;
    }
    let sources_first = (0..n_nodes).filter(|&n| is_source[n]).chain((0..n_nodes).filter(|&n| !is_source[n]));
    let mut visits = vec![Visit::Not; n_nodes];
    let mut closing = Vec::new();
    // An explicit stack of (node, next of its links): chains may be longer than the thread's stack is deep.
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for root in sources_first {
        if visits[root] != Visit::Not {
            continue;
        }
        visits[root] = Visit::Open;
        stack.push((root, 0));
        while let Some((node, next)) = stack.last_mut() {
            let Some(&index) = outgoing[*node].get(*next) else {
                visits[*node] = Visit::Done;
                stack.pop();
                continue;
            };
            *next += 1;
            let target = links[index].to as usize;
            match visits[target] {
                Visit::Not => {
                    visits[target] = Visit::Open;
                    stack.push((target, 0));
                }
                Visit::Open => closing.push(index),
                Visit::Done => {}
            }
        }
    }
    closing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_share_a_link_and_loops_have_none() {
        let found = acyclic_links(2, &[(0, 1), (1, 1), (0, 1)]);
        assert_eq!(found.of_edge, [Some(0), None, Some(0)]);
        assert_eq!(found.links, [Link { from: 0, to: 1, reversed: false }]);
    }

    #[test]
    fn a_cycle_loses_one_edge_and_a_dag_none() {
        let cycle = acyclic_links(3, &[(0, 1), (1, 2), (2, 0)]);
        assert_eq!(cycle.links.iter().filter(|l| l.reversed).count(), 1);
        let dag = acyclic_links(4, &[(3, 1), (1, 0), (3, 0), (2, 0)]);
        assert!(dag.links.iter().all(|l| !l.reversed));
    }

    #[test]
    fn a_cycle_of_a_hundred_thousand_nodes_does_not_overflow_the_stack() {
        let n = 100_000;
        let edges: Vec<_> = (0..n).map(|i| (i, (i + 1) % n)).collect();
        assert_eq!(acyclic_links(n as usize, &edges).links.iter().filter(|l| l.reversed).count(), 1);
    }
}
