//! From picture and layout to a scene.

use std::collections::{BTreeMap, BTreeSet};

use crate::font::text_width;
use crate::layout::{Curve, Layout, Outline, PlacedEdge, PlacedNode, Point};
use crate::scene::{Anchor, Group, Mark, Scene, Stroke, Text};
use crate::{Color, Edge, Legend, Node, Picture, RenderOptions, label, theme};

/// Title lines longer than this are elided.
const TITLE_CHARS_MAX: usize = 100;
const LEGEND_WIDTH: f64 = 150.0;
const LEGEND_HEIGHT: f64 = 10.0;
const LEGEND_STEPS: u64 = 30;

/// Composes what is drawn: edges below nodes, a title above, a legend below.
pub(crate) fn compose(picture: &Picture, layout: &Layout, options: &RenderOptions) -> Scene {
    let title = picture.title.as_deref().map(|text| label::elided(text.trim(), TITLE_CHARS_MAX));
    let title_width = title.as_deref().map_or(0.0, |text| text_width(text, theme::FONT_SIZE_TITLE));
    let title_height = if title.is_some() { theme::FONT_SIZE_TITLE * 1.25 + 14.0 } else { 0.0 };
    let legend = picture.legend.as_ref().map(LegendBox::new);
    let (legend_width, legend_height) = legend.as_ref().map_or((0.0, 0.0), |l| (l.width, 40.0));

    let content = layout.width.max(title_width).max(legend_width);
    let width = (content + 2.0 * theme::MARGIN).ceil();
    let height = (layout.height + title_height + legend_height + 2.0 * theme::MARGIN).ceil();
    let origin = Point::new((width - layout.width) / 2.0, theme::MARGIN + title_height);

    let mut groups = Vec::with_capacity(picture.nodes.len() + picture.edges.len() + 2);
    groups.extend(edge_groups(picture, layout, origin));
    let fills = fills(picture, options);
    for ((node, placed), fill) in picture.nodes.iter().zip(&layout.nodes).zip(fills) {
        groups.push(node_group(node, placed, fill, origin));
    }
    if let Some(text) = &title {
        let at = Point::new(width / 2.0, theme::MARGIN + theme::FONT_SIZE_TITLE);
        let mark = text_mark(at, Anchor::Middle, theme::FONT_SIZE_TITLE, theme::TEXT, text);
        groups.push(Group { class: "title", tooltip: None, marks: vec![mark] });
    }
    if let Some(legend) = legend {
        let corner = Point::new((width - legend.width) / 2.0, height - theme::MARGIN - LEGEND_HEIGHT - 2.0);
        groups.push(legend.group(corner));
    }
    Scene { width, height, background: picture.background, title, groups }
}

fn text_mark(at: Point, anchor: Anchor, size: f64, color: Color, text: &str) -> Mark {
    Mark::Text(Text { at, anchor, size, color, text: text.to_owned() })
}

/// The fill of each node: its own, its group's, or its shape's.
fn fills(picture: &Picture, options: &RenderOptions) -> Vec<Color> {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut fills = Vec::with_capacity(picture.nodes.len());
    for node in &picture.nodes {
        let of_group = node.group.as_deref().filter(|_| options.color_groups).map(|group| {
            let next = groups.len();
            theme::group_fill(*groups.entry(group).or_insert(next))
        });
        fills.push(node.fill.or(of_group).unwrap_or_else(|| theme::shape_fill(node.shape)));
    }
    fills
}

/// Lines first, then arrowheads and captions, so that no line runs over a caption. The same edge given twice
/// is drawn once.
fn edge_groups(picture: &Picture, layout: &Layout, origin: Point) -> Vec<Group> {
    let mut drawn = BTreeSet::new();
    let mut lines = Vec::new();
    let mut captions = Vec::new();
    for (edge, placed) in picture.edges.iter().zip(&layout.edges) {
        if !drawn.insert((edge.from, edge.to, edge.caption())) {
            continue;
        }
        lines.push(edge_group(edge, placed, origin));
        if let Some(caption) = edge.caption() {
            let marks = caption_marks(&caption, placed.caption_at, origin, picture.background);
            captions.push(Group { class: "caption", tooltip: None, marks });
        }
    }
    lines.extend(captions);
    lines
}

fn moved(point: Point, origin: Point) -> Point {
    Point::new(point.x + origin.x, point.y + origin.y)
}

fn edge_group(edge: &Edge, placed: &PlacedEdge, origin: Point) -> Group {
    let growth = (edge.count.max(1) as f64).log10() * 0.6;
    let color = edge.color.unwrap_or(theme::EDGE);
    let stroke = Stroke { color, width: edge.pen_width + growth, dashed: edge.dashed };
    let curve: Curve = placed.curve.map(&|point| moved(point, origin));
    let points = placed.arrow.iter().map(|&point| moved(point, origin)).collect();
    let head = Mark::Polygon { points, fill: edge.color.unwrap_or(theme::ARROW) };
    Group { class: "edge", tooltip: edge.tooltip.clone(), marks: vec![Mark::Path { curve, stroke }, head] }
}

fn caption_marks(caption: &str, at: Point, origin: Point, background: Color) -> Vec<Mark> {
    let size = theme::FONT_SIZE_SMALL;
    let at = moved(at, origin);
    let (width, height) = (text_width(caption, size) + 6.0, size * 1.3);
    let corner = Point::new(at.x - width / 2.0, at.y - height / 2.0);
    let behind = if background.a == 0 { Color::WHITE } else { background };
    let plate = Mark::Rectangle { corner, width, height, radius: 3.0, fill: behind, stroke: None };
    let baseline = Point::new(at.x, at.y + size * 0.36);
    vec![plate, text_mark(baseline, Anchor::Middle, size, theme::TEXT_QUIET, caption)]
}

fn node_group(node: &Node, placed: &PlacedNode, fill: Color, origin: Point) -> Group {
    let centre = moved(placed.centre, origin);
    let outline = node.stroke.unwrap_or_else(|| theme::outline_of(fill));
    let stroke = Stroke { color: outline, width: node.pen_width, dashed: node.dashed };
    let mut marks = Vec::new();
    let layers_behind: i32 = if node.count > 1 { 2 } else { 0 };
    for behind in (0..=layers_behind).rev() {
        let shift = f64::from(behind) * theme::STACK_STEP;
        let at = Point::new(centre.x + shift, centre.y - shift);
        let fill = fill.mix(Color::WHITE, 0.35 * f64::from(behind).min(1.0));
        marks.push(body_mark(placed, at, fill, (node.pen_width > 0.0).then_some(stroke)));
    }
    let body = &placed.body;
    let color = node.text.unwrap_or_else(|| if fill.a < 128 { theme::TEXT } else { fill.contrast_text() });
    let step = body.font_size * theme::LINE_HEIGHT;
    let first = centre.y + body.font_size * 0.36 - step * (body.lines.len().saturating_sub(1)) as f64 / 2.0;
    for (index, line) in body.lines.iter().enumerate() {
        let at = Point::new(centre.x, first + step * index as f64);
        marks.push(text_mark(at, Anchor::Middle, body.font_size, color, line));
    }
    Group { class: "node", tooltip: Some(tooltip(node)), marks }
}

/// The given tooltip, or else the whole label: it may have been elided.
fn tooltip(node: &Node) -> String {
    node.tooltip.clone().unwrap_or_else(|| node.label.clone())
}

fn body_mark(placed: &PlacedNode, centre: Point, fill: Color, stroke: Option<Stroke>) -> Mark {
    let (width, height) = (placed.width, placed.height);
    match placed.body.outline {
        Outline::Rounded(radius) if width == height && radius * 2.0 >= width => {
            Mark::Ellipse { centre, rx: radius, ry: radius, fill, stroke }
        }
        Outline::Rounded(radius) => {
            let corner = Point::new(centre.x - width / 2.0, centre.y - height / 2.0);
            Mark::Rectangle { corner, width, height, radius, fill, stroke }
        }
        Outline::Ellipse => Mark::Ellipse { centre, rx: width / 2.0, ry: height / 2.0, fill, stroke },
    }
}

/// A legend with its texts measured.
struct LegendBox<'a> {
    legend: &'a Legend,
    title_width: f64,
    low_width: f64,
    width: f64,
}

impl<'a> LegendBox<'a> {
    fn new(legend: &'a Legend) -> Self {
        let measure = |text: &str| text_width(text, theme::FONT_SIZE_SMALL);
        let (title_width, low_width) = (measure(&legend.title) + 12.0, measure(&legend.low) + 6.0);
        let width = title_width + low_width + LEGEND_WIDTH + 6.0 + measure(&legend.high);
        Self { legend, title_width, low_width, width }
    }

    fn group(&self, corner: Point) -> Group {
        let size = theme::FONT_SIZE_SMALL;
        let baseline = corner.y + LEGEND_HEIGHT / 2.0 + size * 0.36;
        let quiet = |x: f64, anchor: Anchor, text: &str| {
            text_mark(Point::new(x, baseline), anchor, size, theme::TEXT_QUIET, text)
        };
        let bar = corner.x + self.title_width + self.low_width;
        let step = LEGEND_WIDTH / LEGEND_STEPS as f64;
        let mut marks = vec![
            quiet(corner.x, Anchor::Start, &self.legend.title),
            quiet(bar - 6.0, Anchor::End, &self.legend.low),
            quiet(bar + LEGEND_WIDTH + 6.0, Anchor::Start, &self.legend.high),
        ];
        for index in 0..LEGEND_STEPS {
            let corner = Point::new(bar + step * index as f64, corner.y);
            // Half a pixel wider than its step, so that no hairline shows between two steps.
            let width = if index + 1 == LEGEND_STEPS { step } else { step + 0.5 };
            let fill = self.legend.map.of(index, LEGEND_STEPS);
            marks.push(Mark::Rectangle {
                corner,
                width,
                height: LEGEND_HEIGHT,
                radius: 0.0,
                fill,
                stroke: None,
            });
        }
        Group { class: "legend", tooltip: None, marks }
    }
}
