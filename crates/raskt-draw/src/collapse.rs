//! Big pictures made small: like nodes become one, with a count.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::Color;
use crate::label::with_commas;
use crate::layout::{acyclic_links, assign_layers};
use crate::picture::{Edge, Node, Picture, Shape};

/// Names shown in the tooltip of a collapsed node.
const NAMES_MAX: usize = 8;

/// The picture itself where it has at most `nodes_max` nodes. Otherwise nodes of one group (or, without a
/// group, one label), one shape and one layer become one node, so that the levels of a reduction stay apart;
/// if those are still too many, whole groups; at last all but the largest groups become one node `other`.
/// Edges carry their multiplicity.
///
/// ```
/// use raskt_draw::{Edge, Node, Picture, Shape, collapse};
/// let mut picture = Picture::default();
/// picture.nodes = (0..1_024).map(|i| Node::new(format!("x{i}"), "sum", Shape::Circle)).collect();
/// picture.nodes.push(Node::new("total", "total", Shape::Circle));
/// picture.edges = (0..1_024).map(|i| Edge::new(i, 1_024)).collect();
/// let small = collapse(&picture, 200);
/// assert_eq!(small.nodes[0].label, "sum × 1,024");
/// assert_eq!(small.edges[0].count, 1_024);
/// ```
pub fn collapse(picture: &Picture, nodes_max: usize) -> Cow<'_, Picture> {
    let nodes_max = nodes_max.max(1);
    if picture.nodes.len() <= nodes_max || picture.check().is_err() {
        return Cow::Borrowed(picture);
    }
    let by_layer = grouping(picture, &layers(picture));
    let classes = if by_layer.len() <= nodes_max { by_layer } else { grouping(picture, &[]) };
    Cow::Owned(merged(picture, &limited(classes, nodes_max)))
}

/// Indices of the nodes that become one node, and whether they have nothing in common.
struct Class {
    members: Vec<u32>,
    is_rest: bool,
}

fn layers(picture: &Picture) -> Vec<u32> {
    let edges: Vec<(u32, u32)> = picture.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    assign_layers(picture.nodes.len(), &acyclic_links(picture.nodes.len(), &edges).links)
}

/// Classes in the order of their first member; `layers` may be empty.
fn grouping(picture: &Picture, layers: &[u32]) -> Vec<Class> {
    let mut index_of: BTreeMap<(&str, Shape, u32), usize> = BTreeMap::new();
    let mut classes: Vec<Class> = Vec::new();
    for (index, node) in picture.nodes.iter().enumerate() {
        let layer = layers.get(index).copied().unwrap_or(0);
        let class = *index_of.entry((name(node), node.shape, layer)).or_insert_with(|| {
            classes.push(Class { members: Vec::new(), is_rest: false });
            classes.len() - 1
        });
        classes[class].members.push(crate::number::index(index));
    }
    classes
}

fn name(node: &Node) -> &str {
    node.group.as_deref().unwrap_or(&node.label)
}

/// The largest classes, and one of all the others if there are more than allowed.
fn limited(mut classes: Vec<Class>, nodes_max: usize) -> Vec<Class> {
    if classes.len() <= nodes_max {
        return classes;
    }
    let mut by_size: Vec<usize> = (0..classes.len()).collect();
    by_size.sort_by_key(|&index| std::cmp::Reverse(classes[index].members.len()));
    let mut kept = vec![false; classes.len()];
    by_size.iter().take(nodes_max - 1).for_each(|&index| kept[index] = true);
    let mut rest: Vec<u32> = classes
        .iter()
        .zip(&kept)
        .filter(|(_, kept)| !**kept)
        .flat_map(|(class, _)| class.members.clone())
        .collect();
    rest.sort_unstable();
    let mut keeps = kept.into_iter();
    classes.retain(|_| keeps.next().unwrap_or(false));
    classes.push(Class { members: rest, is_rest: true });
    classes
}

fn merged(picture: &Picture, classes: &[Class]) -> Picture {
    let mut class_of = vec![0_u32; picture.nodes.len()];
    for (index, class) in classes.iter().enumerate() {
        class.members.iter().for_each(|&member| class_of[member as usize] = crate::number::index(index));
    }
    let mut index_of: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    let mut edges: Vec<Edge> = Vec::new();
    for edge in &picture.edges {
        let ends = (class_of[edge.from as usize], class_of[edge.to as usize]);
        let Some(&index) = index_of.get(&ends) else {
            index_of.insert(ends, edges.len());
            edges.push(Edge { from: ends.0, to: ends.1, ..edge.clone() });
            continue;
        };
        let seen = &mut edges[index];
        seen.count += edge.count;
        // What not all share is true of none.
        seen.label = seen.label.take().filter(|label| edge.label.as_ref() == Some(label));
        seen.tooltip = seen.tooltip.take().filter(|tooltip| edge.tooltip.as_ref() == Some(tooltip));
        seen.color = seen.color.filter(|color| edge.color == Some(*color));
        seen.dashed &= edge.dashed;
    }
    let nodes = classes.iter().enumerate().map(|(index, class)| merged_node(picture, index, class)).collect();
    Picture { nodes, edges, ..picture.clone_without_graph() }
}

fn merged_node(picture: &Picture, index: usize, class: &Class) -> Node {
    let members: Vec<&Node> = class.members.iter().map(|&member| &picture.nodes[member as usize]).collect();
    let Some(first) = members.first() else { return Node::new("", "", Shape::Ellipse) };
    if members.len() == 1 {
        return (*first).clone();
    }
    let count: u64 = members.iter().map(|node| node.count).sum();
    let (name, shape) = if class.is_rest { ("other", Shape::Ellipse) } else { (name(first), first.shape) };
    let mut names: Vec<&str> = members.iter().take(NAMES_MAX).map(|node| node.id.as_str()).collect();
    if members.len() > NAMES_MAX {
        names.push("…");
    }
    Node {
        fill: mean_fill(&members),
        text: None,
        tooltip: Some(format!("{} nodes: {}", with_commas(count), names.join(", "))),
        scale: members.iter().map(|node| node.scale).sum::<f64>() / members.len() as f64,
        group: first.group.clone().filter(|_| !class.is_rest),
        count,
        attributes: Vec::new(),
        ..Node::new(format!("{name} #{index}"), format!("{name} × {}", with_commas(count)), shape)
    }
}

/// The mean colour of the members that have one.
fn mean_fill(members: &[&Node]) -> Option<Color> {
    let fills: Vec<Color> = members.iter().filter_map(|node| node.fill).collect();
    let n_fills = fills.len() as u64;
    let mean = |channel: fn(&Color) -> u8| {
        let sum: u64 = fills.iter().map(|fill| u64::from(channel(fill))).sum();
        (sum + n_fills / 2).checked_div(n_fills).map(|mean| u8::try_from(mean).unwrap_or(u8::MAX))
    };
    Some(Color { r: mean(|c| c.r)?, g: mean(|c| c.g)?, b: mean(|c| c.b)?, a: mean(|c| c.a)? })
}

impl Picture {
    /// Everything but nodes and edges.
    fn clone_without_graph(&self) -> Self {
        Self {
            nodes: Vec::new(),
            edges: Vec::new(),
            direction: self.direction,
            title: self.title.clone(),
            legend: self.legend.clone(),
            background: self.background,
            attributes: self.attributes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(groups: &[&str], edges: &[(u32, u32)]) -> Picture {
        let node = |(index, group): (usize, &&str)| Node {
            group: Some((*group).to_owned()),
            ..Node::new(format!("n{index}"), format!("{group}-{index}"), Shape::Circle)
        };
        let nodes = groups.iter().enumerate().map(node).collect();
        let edges = edges.iter().map(|&(from, to)| Edge::new(from, to)).collect();
        Picture { nodes, edges, ..Picture::default() }
    }

    fn labels(picture: &Picture) -> Vec<&str> {
        picture.nodes.iter().map(|node| node.label.as_str()).collect()
    }

    #[test]
    fn small_pictures_stay_as_they_are() {
        let small = picture(&["a", "a"], &[(0, 1)]);
        assert!(matches!(collapse(&small, 2), Cow::Borrowed(_)));
    }

    #[test]
    fn the_levels_of_a_reduction_stay_apart() {
        let tree = picture(
            &["load", "load", "load", "load", "sum", "sum", "sum"],
            &[(0, 4), (1, 4), (2, 5), (3, 5), (4, 6), (5, 6)],
        );
        let small = collapse(&tree, 3);
        assert_eq!(labels(&small), ["load × 4", "sum × 2", "sum-6"]);
        assert_eq!(
            small.edges.iter().map(|e| (e.from, e.to, e.count)).collect::<Vec<_>>(),
            [(0, 1, 4), (1, 2, 2)]
        );
    }

    #[test]
    fn too_many_levels_become_whole_groups_with_a_loop() {
        let chain = picture(&["step"; 50], &(0..49).map(|i| (i, i + 1)).collect::<Vec<_>>());
        let small = collapse(&chain, 10);
        assert_eq!(labels(&small), ["step × 50"]);
        assert_eq!((small.edges[0].from, small.edges[0].to, small.edges[0].count), (0, 0, 49));
    }

    #[test]
    fn too_many_groups_leave_a_rest() {
        let mut many = picture(&["x"; 12], &[(0, 11)]);
        for (index, node) in many.nodes.iter_mut().enumerate() {
            node.group = Some(if index < 4 { "big".to_owned() } else { format!("g{index}") });
        }
        let small = collapse(&many, 3);
        assert_eq!(labels(&small), ["big × 4", "x-4", "other × 7"]);
        assert_eq!(small.nodes.iter().map(|node| node.count).sum::<u64>(), 12);
    }

    #[test]
    fn colours_are_averaged_over_those_that_have_one() {
        let mut pair = picture(&["a", "a", "a"], &[]);
        pair.nodes[0].fill = Some(Color::BLACK);
        pair.nodes[1].fill = Some(Color::WHITE);
        assert_eq!(collapse(&pair, 1).nodes[0].fill, Some(Color::rgb(0x80_80_80)));
        assert_eq!(collapse(&picture(&["a", "a"], &[]), 1).nodes[0].fill, None);
    }
}
