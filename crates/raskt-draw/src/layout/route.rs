//! Edges as curves: where they leave and reach a node, and their way past the layers between.

use std::collections::BTreeMap;

use super::acyclic::Link;
use super::geometry::{Curve, Point, Segment};
use super::proper::Proper;
use super::size::{Outline, reach};
use crate::theme::{ARROW_HALF_WIDTH, ARROW_LENGTH};

/// Distance between neighbouring ends of edges on one side of a node.
const PORT_STEP: f64 = 9.0;
/// How far a loop stands out from its node.
pub(crate) const LOOP_REACH: f64 = 30.0;

/// A node's border: half its size across and along the layers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Border {
    pub(crate) half_across: f64,
    pub(crate) half_along: f64,
    pub(crate) outline: Outline,
}

impl Border {
    /// How far from the axis an edge may end.
    fn port_limit(&self) -> f64 {
        match self.outline {
            Outline::Ellipse => 0.6 * self.half_across,
            Outline::Rounded(radius) => {
                self.half_across - 0.45 * radius.min(self.half_across).min(self.half_along)
            }
        }
    }
}

/// Everything placed, layers growing downwards.
pub(crate) struct Stage<'a> {
    pub(crate) graph: &'a Proper,
    pub(crate) borders: &'a [Border],
    /// Centres of all vertices.
    pub(crate) centres: &'a [Point],
    /// Top and bottom of each layer.
    pub(crate) bands: &'a [(f64, f64)],
}

/// An edge as drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    /// In the direction of the edge, ending at the foot of the arrowhead.
    pub(crate) curve: Curve,
    /// The arrowhead, its tip first.
    pub(crate) arrow: [Point; 3],
    pub(crate) caption_at: Point,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Lower,
    Upper,
}

/// Offsets from a node's axis: node, side, the vertex next on the way, whether reversed.
type Ports = BTreeMap<(u32, Side, u32, bool), f64>;

fn ends(graph: &Proper, index: usize, link: &Link) -> [(u32, Side, u32, bool); 2] {
    let path = &graph.paths[index];
    let first = path.first().copied().unwrap_or(link.to);
    let last = path.last().copied().unwrap_or(link.from);
    [(link.from, Side::Upper, first, link.reversed), (link.to, Side::Lower, last, link.reversed)]
}

/// Spreads the ends of edges over each side of a node, in the order in which they come.
fn ports(stage: &Stage<'_>, links: &[Link]) -> Ports {
    let mut offsets: Ports = BTreeMap::new();
    for (index, link) in links.iter().enumerate() {
        for end in ends(stage.graph, index, link) {
            offsets.insert(end, 0.0);
        }
    }
    let mut keys: Vec<_> = offsets.keys().copied().collect();
    let x_of = |vertex: u32| stage.centres[vertex as usize].x;
    keys.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(x_of(a.2).total_cmp(&x_of(b.2))).then(a.cmp(b)));
    for side in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let Some(first) = side.first() else { continue };
        let steps = (side.len() - 1) as f64;
        let step = PORT_STEP.min(2.0 * stage.borders[first.0 as usize].port_limit() / steps.max(1.0));
        for (index, key) in side.iter().enumerate() {
            offsets.insert(*key, (index as f64 - steps / 2.0) * step);
        }
    }
    offsets
}

/// The routes of all links.
pub(crate) fn routes(stage: &Stage<'_>, links: &[Link]) -> Vec<Route> {
    let ports = ports(stage, links);
    links.iter().enumerate().map(|(index, link)| route(stage, &ports, index, link)).collect()
}

fn route(stage: &Stage<'_>, ports: &Ports, index: usize, link: &Link) -> Route {
    let [lower, upper] = ends(stage.graph, index, link);
    let offset = |key| ports.get(key).copied().unwrap_or(0.0);
    let border_at = |node: u32, offset: f64| {
        let border = &stage.borders[node as usize];
        reach(border.outline, border.half_across, border.half_along, offset)
    };
    let at = |node: u32| stage.centres[node as usize];
    let band = |vertex: u32| stage.bands[stage.graph.layer_of[vertex as usize] as usize];

    let start =
        Point::new(at(link.from).x + offset(&lower), at(link.from).y + border_at(link.from, offset(&lower)));
    let end = Point::new(at(link.to).x + offset(&upper), at(link.to).y - border_at(link.to, offset(&upper)));
    let (foot_start, foot_end) = if link.reversed { (ARROW_LENGTH, 0.0) } else { (0.0, ARROW_LENGTH) };

    let mut curve = Curve { start: Point::new(start.x, start.y + foot_start), segments: Vec::new() };
    curve.line_to(Point::new(start.x, band(link.from).1.max(start.y + foot_start)));
    for &dummy in &stage.graph.paths[index] {
        let (top, bottom) = band(dummy);
        curve.sweep_to(Point::new(at(dummy).x, top));
        curve.line_to(Point::new(at(dummy).x, bottom));
    }
    let foot = end.y - foot_end;
    curve.sweep_to(Point::new(end.x, band(link.to).0.min(foot)));
    curve.line_to(Point::new(curve.end().x, foot));

    let (tip, direction) = if link.reversed { (start, (0.0, -1.0)) } else { (end, (0.0, 1.0)) };
    let curve = if link.reversed { curve.reversed() } else { curve };
    Route { caption_at: curve.middle(), arrow: arrowhead(tip, direction), curve }
}

fn arrowhead(tip: Point, direction: (f64, f64)) -> [Point; 3] {
    let length = direction.0.hypot(direction.1).max(1e-9);
    let (dx, dy) = (direction.0 / length, direction.1 / length);
    let foot = Point::new(tip.x - dx * ARROW_LENGTH, tip.y - dy * ARROW_LENGTH);
    let (sx, sy) = (-dy * ARROW_HALF_WIDTH, dx * ARROW_HALF_WIDTH);
    [tip, Point::new(foot.x + sx, foot.y + sy), Point::new(foot.x - sx, foot.y - sy)]
}

/// The route of an edge from a node to itself, on the node's right as the layers grow downwards.
pub(crate) fn loop_route(centre: Point, border: &Border) -> Route {
    let half = (border.half_along * 0.4).min(9.0);
    let x = centre.x + reach(border.outline, border.half_along, border.half_across, half);
    let far = centre.x + border.half_across + LOOP_REACH;
    let tip = Point::new(x, centre.y + half);
    let bend = Point::new(far, centre.y + 2.4 * half);
    let arrow = arrowhead(tip, (tip.x - bend.x, tip.y - bend.y));
    let foot = Point::new((arrow[1].x + arrow[2].x) / 2.0, (arrow[1].y + arrow[2].y) / 2.0);
    let start = Point::new(x, centre.y - half);
    let segments = vec![Segment::Cubic(Point::new(far, centre.y - 2.4 * half), bend, foot)];
    let caption_at = Point::new(centre.x + border.half_across + LOOP_REACH * 0.75, centre.y);
    Route { curve: Curve { start, segments }, arrow, caption_at }
}
