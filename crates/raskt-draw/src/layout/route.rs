//! Edges as curves: where they leave and reach a node, and their way past the layers between.

use std::collections::BTreeMap;

use super::acyclic::Link;
use super::geometry::{Curve, Point, Segment};
use super::proper::Proper;
use super::size::{Outline, reach};
use crate::theme::{ARROW_HALF_WIDTH, ARROW_LENGTH};

/// Distance between neighbouring ends of edges on one side of a node.
const PORT_STEP: f64 = 9.0;
/// The least that they keep: the width of an arrowhead.
const PORT_STEP_MIN: f64 = 2.0 * ARROW_HALF_WIDTH;
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

/// An end of an edge: node, side, the vertex next on the way, whether reversed.
type PortKey = (u32, Side, u32, bool);
/// Offsets from the node's axis.
type Ports = BTreeMap<PortKey, f64>;

fn ends(graph: &Proper, index: usize, link: &Link) -> [PortKey; 2] {
    let path = &graph.paths[index];
    let first = path.first().copied().unwrap_or(link.to);
    let last = path.last().copied().unwrap_or(link.from);
    [(link.from, Side::Upper, first, link.reversed), (link.to, Side::Lower, last, link.reversed)]
}

/// Spreads the ends of edges over the sides of nodes, in the order in which they come. Upper sides first:
/// lower sides then meet what comes straight down to them.
fn ports(stage: &Stage<'_>, links: &[Link]) -> Ports {
    // Each end, and the end that it faces where that is a node's.
    let mut facing: BTreeMap<PortKey, Option<PortKey>> = BTreeMap::new();
    for (index, link) in links.iter().enumerate() {
        let [lower_end, upper_end] = ends(stage.graph, index, link);
        let is_direct = stage.graph.paths[index].is_empty();
        facing.insert(lower_end, is_direct.then_some(upper_end));
        facing.insert(upper_end, is_direct.then_some(lower_end));
    }
    let mut keys: Vec<PortKey> = facing.keys().copied().collect();
    let x_of = |vertex: u32| stage.centres[vertex as usize].x;
    keys.sort_by(|a, b| {
        let by_side = (b.1, a.0).cmp(&(a.1, b.0));
        by_side.then(x_of(a.2).total_cmp(&x_of(b.2))).then(a.cmp(b))
    });
    let mut offsets: Ports = BTreeMap::new();
    for side in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let Some(&(node, ..)) = side.first() else { continue };
        let steps_aside = |key: &PortKey| {
            let other = facing.get(key).copied().flatten().and_then(|end| offsets.get(&end));
            x_of(key.2) + other.copied().unwrap_or(0.0) - x_of(node)
        };
        let wanted: Vec<f64> = side.iter().map(steps_aside).collect();
        let placed = spread(&wanted, stage.borders[node as usize].port_limit());
        offsets.extend(side.iter().copied().zip(placed));
    }
    offsets
}

/// Offsets of the ends of edges on one side, given how far aside each edge comes from, in order. Where they
/// are too many to stand apart, several share a place: arrowheads then coincide rather than overlap.
fn spread(wanted: &[f64], limit: f64) -> Vec<f64> {
    let places_max = crate::number::whole(2.0 * limit / PORT_STEP_MIN) + 1;
    let n_places = wanted.len().min(places_max);
    let steps = n_places.saturating_sub(1) as f64;
    let step = PORT_STEP.min(2.0 * limit / steps.max(1.0));
    let place = |index: usize| ((index * n_places / wanted.len()) as f64 - steps / 2.0) * step;
    let mut offsets: Vec<f64> = (0..wanted.len()).map(place).collect();
    // All move together so that the edge that is nearest to running straight does run straight.
    let shifts = offsets.iter().zip(wanted).map(|(offset, wanted)| wanted - offset);
    let shift = shifts.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    let room = limit - steps / 2.0 * step;
    if shift.abs() <= room.min(PORT_STEP) {
        offsets.iter_mut().for_each(|offset| *offset += shift);
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

/// The route of an edge from a node to itself, on the node's right as the layers grow downwards, its caption
/// beyond it.
pub(crate) fn loop_route(centre: Point, border: &Border, caption_across: f64) -> Route {
    let half = (border.half_along * 0.4).min(9.0);
    let x = centre.x + reach(border.outline, border.half_along, border.half_across, half);
    let far = centre.x + border.half_across + LOOP_REACH;
    let tip = Point::new(x, centre.y + half);
    let bend = Point::new(far, centre.y + 2.4 * half);
    let arrow = arrowhead(tip, (tip.x - bend.x, tip.y - bend.y));
    let foot = Point::new((arrow[1].x + arrow[2].x) / 2.0, (arrow[1].y + arrow[2].y) / 2.0);
    let start = Point::new(x, centre.y - half);
    let segments = vec![Segment::Cubic(Point::new(far, centre.y - 2.4 * half), bend, foot)];
    let caption_at = Point::new(far + caption_across / 2.0, centre.y);
    Route { curve: Curve { start, segments }, arrow, caption_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edge_a_little_aside_is_met_where_it_comes() {
        assert_eq!(spread(&[4.0], 10.0), [4.0]);
        assert_eq!(spread(&[400.0], 10.0), [0.0]);
    }

    #[test]
    fn ends_keep_their_order_and_stay_within_the_side() {
        for n_ends in 1..60 {
            let wanted: Vec<f64> = (0..n_ends).map(|i| f64::from(i) * 50.0 - 70.0).collect();
            let offsets = spread(&wanted, 12.0);
            assert!(
                offsets.is_sorted() && offsets.iter().all(|offset| offset.abs() <= 12.0 + 1e-9),
                "{offsets:?}"
            );
        }
    }
}
