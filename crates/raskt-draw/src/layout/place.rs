//! The whole layout: components one by one, then packed and turned to the picture's direction.

use super::acyclic::{Links, acyclic_links};
use super::geometry::{Curve, Point};
use super::layers::assign_layers;
use super::ordering::order_layers;
use super::pack::pack;
use super::position::{Gaps, place_across};
use super::proper::{Proper, proper};
use super::relax::relax;
use super::route::{Border, LOOP_REACH, Route, Stage, loop_route, routes};
use super::size::Body;
use crate::font::text_width;
use crate::{Direction, DrawError, Edge, Picture, RenderOptions, theme};

/// Where everything of a picture goes, in pixels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// Width of what was laid out, without margins, title and legend.
    pub width: f64,
    /// Height of the same.
    pub height: f64,
    /// One for each node of the picture.
    pub nodes: Vec<PlacedNode>,
    /// One for each edge of the picture.
    pub edges: Vec<PlacedEdge>,
}

/// A node's place.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedNode {
    /// The centre.
    pub centre: Point,
    /// Full width.
    pub width: f64,
    /// Full height.
    pub height: f64,
    /// The layer, 0 for the inputs of its connected part.
    pub layer: u32,
    pub(crate) body: Body,
}

/// An edge's way.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacedEdge {
    /// From the node that it leaves to the foot of its arrowhead.
    pub curve: Curve,
    /// The arrowhead's corners, its tip first.
    pub arrow: [Point; 3],
    /// The middle of its caption.
    pub caption_at: Point,
}

/// Gap between components.
const COMPONENT_GAP: f64 = 30.0;
/// Parts are packed to be this many times as wide as high.
const PROPORTION: f64 = 1.7;
/// The most that wide fan-in adds between two layers.
const SPREAD_MAX: f64 = 150.0;
/// How much of the widest step sideways is added between two layers.
const SPREAD_SHARE: f64 = 0.11;

/// Lays out a picture as it is, without collapsing it.
///
/// ```
/// use raskt_draw::{Direction, Edge, Node, Picture, RenderOptions, Shape, lay_out};
/// let mut picture = Picture { direction: Direction::TopToBottom, ..Picture::default() };
/// picture.nodes = ["a", "b"].map(|name| Node::new(name, name, Shape::Box)).to_vec();
/// picture.edges = vec![Edge::new(0, 1)];
/// let layout = lay_out(&picture, &RenderOptions::default())?;
/// assert!(layout.nodes[0].centre.y < layout.nodes[1].centre.y);
/// # Ok::<(), raskt_draw::DrawError>(())
/// ```
///
/// # Errors
/// [`DrawError::EdgeOutOfRange`] for an edge between nodes that are not there.
pub fn lay_out(picture: &Picture, options: &RenderOptions) -> Result<Layout, DrawError> {
    picture.check()?;
    let sideways = matches!(picture.direction, Direction::LeftToRight | Direction::RightToLeft);
    let bodies: Vec<Body> = picture.nodes.iter().map(|n| Body::of(n, options.label_chars_max)).collect();
    let edges: Vec<(u32, u32)> = picture.edges.iter().map(|e| (e.from, e.to)).collect();
    let captions: Vec<f64> = picture.edges.iter().map(caption_width).collect();
    let spacing = Spacing::of(&captions, options, sideways);
    let components = components(bodies.len(), &edges);
    let parts: Vec<Part> =
        components.iter().map(|c| Part::new(c, &bodies, &edges, &captions, &spacing)).collect();

    // Packed before turning, so that inputs stand in line: rows of parts, or columns where layers run
    // sideways.
    let proportion = if sideways { 1.0 / PROPORTION } else { PROPORTION };
    let sizes: Vec<(f64, f64)> = parts.iter().map(|part| (part.width, part.height)).collect();
    let (slots, across, along) = pack(&sizes, COMPONENT_GAP, proportion);
    let (width, height) = if sideways { (along, across) } else { (across, along) };
    let mut layout = Layout { width, height, nodes: Vec::new(), edges: Vec::new() };
    layout.edges.resize(edges.len(), PlacedEdge::default());
    let mut centres = vec![(Point::default(), 0); bodies.len()];
    for ((component, part), slot) in components.iter().zip(&parts).zip(slots) {
        let turn = |p: Point| {
            let (across, along) = (slot.left + p.x, slot.top + p.y);
            let back = slot.top + slot.row_height - p.y;
            match picture.direction {
                Direction::TopToBottom => Point::new(across, along),
                Direction::BottomToTop => Point::new(across, back),
                Direction::LeftToRight => Point::new(along, across),
                Direction::RightToLeft => Point::new(back, across),
            }
        };
        for (&node, &(centre, layer)) in component.nodes.iter().zip(&part.nodes) {
            centres[node as usize] = (turn(centre), layer);
        }
        for (&edge, route) in component.edges.iter().zip(&part.routes) {
            layout.edges[edge as usize] = PlacedEdge {
                curve: route.curve.map(&turn),
                arrow: route.arrow.map(turn),
                caption_at: turn(route.caption_at),
            };
        }
    }
    let placed = bodies.into_iter().zip(centres);
    layout.nodes = placed
        .map(|(body, (centre, layer))| PlacedNode {
            centre,
            width: body.width,
            height: body.height,
            layer,
            body,
        })
        .collect();
    Ok(layout)
}

/// Distances, and whether layers run from left to right.
struct Spacing {
    gaps: Gaps,
    layer: f64,
    sideways: bool,
}

impl Spacing {
    fn of(captions: &[f64], options: &RenderOptions, sideways: bool) -> Self {
        let widest = captions.iter().copied().fold(0.0, f64::max);
        let caption = if sideways || widest == 0.0 { widest } else { theme::FONT_SIZE_SMALL };
        let gaps = Gaps { node: options.node_gap, edge: options.node_gap * 0.6 };
        Self { gaps, layer: options.layer_gap + caption, sideways }
    }

    /// Room that a loop's caption of a width takes across the layers.
    fn caption_across(&self, width: f64) -> f64 {
        if self.sideways { width.min(1.3 * theme::FONT_SIZE_SMALL) } else { width }
    }
}

/// Width of what is written beside an edge, 0 where there is nothing.
fn caption_width(edge: &Edge) -> f64 {
    edge.caption().map_or(0.0, |text| text_width(&text, theme::FONT_SIZE_SMALL) + 8.0)
}

/// Nodes and edges (by index) that hang together.
struct Component {
    nodes: Vec<u32>,
    edges: Vec<u32>,
}

fn components(n_nodes: usize, edges: &[(u32, u32)]) -> Vec<Component> {
    fn root(parents: &mut [u32], mut node: u32) -> u32 {
        while parents[node as usize] != node {
            parents[node as usize] = parents[parents[node as usize] as usize];
            node = parents[node as usize];
        }
        node
    }
    let mut parents: Vec<u32> = (0..crate::number::index(n_nodes)).collect();
    for &(from, to) in edges {
        let (a, b) = (root(&mut parents, from), root(&mut parents, to));
        // The lower index stays the root: components come in the order of their first node.
        parents[a.max(b) as usize] = a.min(b);
    }
    let mut index_of = vec![usize::MAX; n_nodes];
    let mut found: Vec<Component> = Vec::new();
    for node in 0..crate::number::index(n_nodes) {
        let root = root(&mut parents, node) as usize;
        if index_of[root] == usize::MAX {
            index_of[root] = found.len();
            found.push(Component { nodes: Vec::new(), edges: Vec::new() });
        }
        found[index_of[root]].nodes.push(node);
    }
    for (index, &(from, _)) in edges.iter().enumerate() {
        found[index_of[root(&mut parents, from) as usize]].edges.push(crate::number::index(index));
    }
    found
}

/// A component laid out with layers growing downwards from (0, 0).
struct Part {
    width: f64,
    height: f64,
    /// Centre and layer of each of the component's nodes.
    nodes: Vec<(Point, u32)>,
    /// The route of each of the component's edges.
    routes: Vec<Route>,
}

impl Part {
    fn new(
        component: &Component,
        bodies: &[Body],
        edges: &[(u32, u32)],
        captions: &[f64],
        spacing: &Spacing,
    ) -> Self {
        let local = |node: u32| component.nodes.binary_search(&node).map_or(0, crate::number::index);
        let ends = |edge: &u32| {
            let (from, to) = edges[*edge as usize];
            (local(from), local(to))
        };
        let local_edges: Vec<(u32, u32)> = component.edges.iter().map(ends).collect();
        let borders: Vec<Border> =
            component.nodes.iter().map(|&n| border(&bodies[n as usize], spacing.sideways)).collect();

        let Links { links, of_edge } = acyclic_links(borders.len(), &local_edges);
        let layers = assign_layers(borders.len(), &links);
        let graph = proper(&layers, &links);
        let order = order_layers(&graph);
        let caption = |edge: &u32| spacing.caption_across(captions[*edge as usize]);
        let captions: Vec<f64> = component.edges.iter().map(caption).collect();
        let widths = widths(&graph, &borders, &local_edges, &captions);
        let mut across = place_across(&graph, &order, &widths, spacing.gaps);
        relax(&graph, &order, &widths, spacing.gaps, &mut across);
        let low = across.iter().zip(&widths).map(|(x, w)| x - w / 2.0).fold(f64::INFINITY, f64::min);
        across.iter_mut().for_each(|x| *x -= low);
        let width = across.iter().zip(&widths).map(|(x, w)| x + w / 2.0).fold(0.0, f64::max);

        let bands = bands(&graph, &borders, &across, spacing.layer);
        let centre = |vertex: usize| {
            let (top, bottom) = bands[graph.layer_of[vertex] as usize];
            Point::new(across[vertex], (top + bottom) / 2.0)
        };
        let centres: Vec<Point> = (0..graph.n_vertices()).map(centre).collect();
        let stage = Stage { graph: &graph, borders: &borders, centres: &centres, bands: &bands };
        let of_links = routes(&stage, &links);
        let route_of = |index: usize| match of_edge[index] {
            Some(link) => of_links[link as usize].clone(),
            None => {
                let node = local_edges[index].0 as usize;
                loop_route(centres[node], &borders[node], captions[index])
            }
        };
        let routes = (0..of_edge.len()).map(route_of).collect();
        let nodes = centres.iter().copied().zip(layers).collect();
        Self { width, height: bands.last().map_or(0.0, |band| band.1), nodes, routes }
    }
}

fn border(body: &Body, sideways: bool) -> Border {
    let (across, along) = if sideways { (body.height, body.width) } else { (body.width, body.height) };
    Border { half_across: across / 2.0, half_along: along / 2.0, outline: body.outline }
}

/// Room that each vertex takes across; loops get theirs on both sides so that the node stays in its middle.
fn widths(graph: &Proper, borders: &[Border], edges: &[(u32, u32)], captions: &[f64]) -> Vec<f64> {
    let mut widths: Vec<f64> = borders.iter().map(|b| 2.0 * b.half_across).collect();
    widths.resize(graph.n_vertices(), 0.0);
    for (&(from, to), caption) in edges.iter().zip(captions) {
        if from == to {
            let with_loop = 2.0 * (borders[from as usize].half_across + LOOP_REACH + caption);
            widths[from as usize] = widths[from as usize].max(with_loop);
        }
    }
    widths
}

/// Top and bottom of each layer. Layers between which edges run far sideways stand further apart, or the
/// edges would lie nearly flat.
fn bands(graph: &Proper, borders: &[Border], across: &[f64], gap: f64) -> Vec<(f64, f64)> {
    let mut heights = vec![0.0_f64; graph.n_layers];
    for (node, border) in borders.iter().enumerate() {
        let height = &mut heights[graph.layer_of[node] as usize];
        *height = height.max(2.0 * border.half_along);
    }
    let mut sideways = vec![0.0_f64; graph.n_layers];
    for (vertex, after) in graph.after.iter().enumerate() {
        let step = &mut sideways[graph.layer_of[vertex] as usize];
        *step = after.iter().map(|&n| (across[n as usize] - across[vertex]).abs()).fold(*step, f64::max);
    }
    let mut y = 0.0;
    let band = |(height, step): (f64, f64)| {
        let top = y;
        y = top + height + gap + (SPREAD_SHARE * step).min(SPREAD_MAX);
        (top, top + height)
    };
    heights.into_iter().zip(sideways).map(band).collect()
}
