//! Claims about any picture: nothing overlaps, arrows point one way, the same input gives the same bytes, files are valid.

use expect_test::expect;
use proptest::prelude::*;
use raskt_draw::{
    Color, Direction, DrawError, Edge, Format, Layout, Node, Picture, RenderOptions, Segment, Shape, lay_out,
    render,
};

const DIRECTIONS: [Direction; 4] =
    [Direction::BottomToTop, Direction::TopToBottom, Direction::LeftToRight, Direction::RightToLeft];

fn whole() -> RenderOptions {
    RenderOptions { collapse_above: None, ..RenderOptions::default() }
}

fn picture(labels: &[&str], edges: &[(u32, u32)]) -> Picture {
    let node = |(index, label): (usize, &&str)| Node::new(format!("n{index}"), *label, Shape::Circle);
    Picture {
        nodes: labels.iter().enumerate().map(node).collect(),
        edges: edges.iter().map(|&(from, to)| Edge::new(from, to)).collect(),
        ..Picture::default()
    }
}

fn any_picture() -> impl Strategy<Value = Picture> {
    let shape = prop_oneof![Just(Shape::Circle), Just(Shape::Box), Just(Shape::Ellipse)];
    let node = (shape, any::<String>(), 0.0..4.0_f64, 1..3_u64);
    (prop::collection::vec(node, 0..24), prop::sample::select(&DIRECTIONS)).prop_flat_map(
        |(nodes, direction)| {
            let n_nodes = nodes.len() as u32;
            let n_edges = if n_nodes == 0 { 0..1 } else { 0..40 };
            let edge = (0..n_nodes.max(1), 0..n_nodes.max(1), prop::option::of("[a-z<&]{0,6}"));
            prop::collection::vec(edge, n_edges).prop_map(move |edges| {
                let node = |(index, (shape, label, scale, count)): (usize, &(Shape, String, f64, u64))| {
                    Node { scale: *scale, count: *count, ..Node::new(index.to_string(), label, *shape) }
                };
                let edge = |(from, to, label)| Edge { label, ..Edge::new(from, to) };
                Picture {
                    nodes: nodes.iter().enumerate().map(node).collect(),
                    edges: edges.into_iter().filter(|_| n_nodes > 0).map(edge).collect(),
                    direction,
                    ..Picture::default()
                }
            })
        },
    )
}

/// How far along the picture's direction a node is.
fn progress(layout: &Layout, direction: Direction, node: u32) -> f64 {
    let centre = layout.nodes[node as usize].centre;
    match direction {
        Direction::BottomToTop => -centre.y,
        Direction::TopToBottom => centre.y,
        Direction::LeftToRight => centre.x,
        Direction::RightToLeft => -centre.x,
    }
}

proptest! {
    #[test]
    fn no_two_nodes_overlap_and_all_are_inside(picture in any_picture()) {
        let layout = lay_out(&picture, &whole()).unwrap();
        for (index, a) in layout.nodes.iter().enumerate() {
            let (left, top) = (a.centre.x - a.width / 2.0, a.centre.y - a.height / 2.0);
            prop_assert!(left >= -0.01 && left + a.width <= layout.width + 0.01);
            prop_assert!(top >= -0.01 && top + a.height <= layout.height + 0.01);
            for b in &layout.nodes[index + 1..] {
                let apart_x = (a.centre.x - b.centre.x).abs() - (a.width + b.width) / 2.0;
                let apart_y = (a.centre.y - b.centre.y).abs() - (a.height + b.height) / 2.0;
                prop_assert!(apart_x.max(apart_y) >= 5.0, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn every_edge_of_a_dag_goes_up_a_layer_and_along_the_direction(mut picture in any_picture()) {
        picture.edges.retain(|edge| edge.from < edge.to);
        let layout = lay_out(&picture, &whole()).unwrap();
        for edge in &picture.edges {
            prop_assert!(layout.nodes[edge.from as usize].layer < layout.nodes[edge.to as usize].layer);
            let ends = [edge.from, edge.to].map(|node| progress(&layout, picture.direction, node));
            prop_assert!(ends[0] < ends[1]);
        }
    }

    #[test]
    fn edges_start_and_end_at_their_nodes_and_touch_no_other(mut picture in any_picture()) {
        picture.edges.retain(|edge| edge.from != edge.to);
        let layout = lay_out(&picture, &whole()).unwrap();
        for (edge, placed) in picture.edges.iter().zip(&layout.edges) {
            let mut points = vec![placed.curve.start];
            for segment in &placed.curve.segments {
                let from = points[points.len() - 1];
                for step in 1..=8 {
                    points.push(along(from, segment, f64::from(step) / 8.0));
                }
            }
            prop_assert!(depth(&layout, edge.from, placed.curve.start) >= -0.5);
            prop_assert!(depth(&layout, edge.to, placed.arrow[0]) >= -0.5);
            for other in (0..picture.nodes.len() as u32).filter(|&n| n != edge.from && n != edge.to) {
                for point in &points {
                    prop_assert!(depth(&layout, other, *point) <= 0.01, "{edge:?} runs through {other}");
                }
            }
        }
    }

    #[test]
    fn the_same_picture_gives_the_same_bytes_and_valid_xml(picture in any_picture()) {
        let svg = render(&picture, Format::Svg, &whole()).unwrap();
        prop_assert_eq!(&svg, &render(&picture.clone(), Format::Svg, &whole()).unwrap());
        let text = String::from_utf8(svg).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let n_nodes = document.descendants().filter(|n| n.attribute("class") == Some("node")).count();
        prop_assert_eq!(n_nodes, picture.nodes.len());
    }

    #[test]
    fn collapsing_keeps_the_promise_and_loses_nothing(picture in any_picture(), nodes_max in 1..12_usize) {
        let small = raskt_draw::collapse(&picture, nodes_max);
        prop_assert!(small.nodes.len() <= nodes_max);
        prop_assert!(small.check().is_ok());
        let counts = |p: &Picture| (p.nodes.iter().map(|n| n.count).sum(), p.edges.iter().map(|e| e.count).sum());
        let (before, after): ((u64, u64), (u64, u64)) = (counts(&picture), counts(&small));
        prop_assert_eq!(before, after);
    }
}

fn along(from: raskt_draw::Point, segment: &Segment, t: f64) -> raskt_draw::Point {
    let mix = |a: f64, b: f64, c: f64, d: f64| {
        let s = 1.0 - t;
        s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
    };
    let (a, b, to) = match *segment {
        Segment::Line(to) => (from, to, to),
        Segment::Cubic(a, b, to) => (a, b, to),
    };
    raskt_draw::Point { x: mix(from.x, a.x, b.x, to.x), y: mix(from.y, a.y, b.y, to.y) }
}

/// How deep in a node's rectangle a point is; negative outside.
fn depth(layout: &Layout, node: u32, point: raskt_draw::Point) -> f64 {
    let node = &layout.nodes[node as usize];
    let x = node.width / 2.0 - (point.x - node.centre.x).abs();
    let y = node.height / 2.0 - (point.y - node.centre.y).abs();
    x.min(y)
}

#[test]
fn two_nodes_in_svg() {
    let mut picture = picture(&["load", "a < b"], &[(0, 1), (0, 1)]);
    picture.nodes[1].shape = Shape::Box;
    picture.nodes[1].fill = Some(Color::rgb(0x44_01_54));
    let svg = String::from_utf8(render(&picture, Format::Svg, &whole()).unwrap()).unwrap();
    expect![[r##"
        <svg xmlns="http://www.w3.org/2000/svg" width="85" height="144" viewBox="0 0 85 144" font-family="Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif" font-weight="500">
        <rect width="85" height="144" fill="#ffffff"/>
        <g class="edge"><path d="M42.5,86L42.5,55" fill="none" stroke="#a3afbf" stroke-width="1.2"/><polygon points="42.5,48 39.3,55 45.7,55" fill="#7b8a9c"/></g>
        <g class="node"><title>load</title><circle cx="42.5" cy="106" r="20" fill="#dce8f7" stroke="#8691a0" stroke-width="1"/><text x="42.5" y="110.32" font-size="12" text-anchor="middle" fill="#1f2933">load</text></g>
        <g class="node"><title>a &lt; b</title><rect x="18" y="18" width="49" height="30" rx="5" fill="#440154" stroke="#2e0c42" stroke-width="1"/><text x="42.5" y="37.32" font-size="12" text-anchor="middle" fill="#ffffff">a &lt; b</text></g>
        </svg>
    "##]].assert_eq(&svg);
}

#[test]
fn nothing_and_one_node_are_drawn_in_every_format() {
    for labels in [&[][..], &["alone"]] {
        for format in [Format::Svg, Format::Dot] {
            assert!(!render(&picture(labels, &[]), format, &whole()).unwrap().is_empty());
        }
        #[cfg(feature = "raster")]
        {
            let png = render(&picture(labels, &[]), Format::Png, &whole()).unwrap();
            assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
            assert!(render(&picture(labels, &[]), Format::Pdf, &whole()).unwrap().starts_with(b"%PDF-1."));
        }
    }
}

#[cfg(not(feature = "raster"))]
#[test]
fn formats_that_were_not_built_are_refused_by_name() {
    for format in [Format::Png, Format::Pdf] {
        let refused = render(&picture(&["x"], &[]), format, &whole());
        assert_eq!(refused, Err(DrawError::FormatNotBuilt { format }));
    }
}

#[cfg(feature = "raster")]
#[test]
fn a_png_is_as_large_as_asked_and_a_huge_one_stays_within_bounds() {
    let size = |png: &[u8]| {
        let side = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
        (side(16), side(20))
    };
    let small = picture(&["a", "b"], &[(0, 1)]);
    let at = |png_scale| RenderOptions { png_scale, ..whole() };
    let once = size(&render(&small, Format::Png, &at(1.0)).unwrap());
    let thrice = size(&render(&small, Format::Png, &at(3.0)).unwrap());
    assert_eq!((once.0 * 3, once.1 * 3), thrice);
    let huge = size(&render(&small, Format::Png, &at(1e9)).unwrap());
    assert!(u64::from(huge.0) * u64::from(huge.1) <= 41_000_000);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = render(&small, Format::Png, &at(bad));
        assert!(matches!(refused, Err(DrawError::Encode { format: Format::Png, .. })), "{bad}");
    }
}

#[test]
fn an_edge_to_a_missing_node_is_refused() {
    let refused = render(&picture(&["a"], &[(0, 7)]), Format::Svg, &whole()).unwrap_err();
    assert_eq!(refused, DrawError::EdgeOutOfRange { edge: 0, node: 7, n_nodes: 1 });
    assert_eq!(refused.to_string(), "edge 0 names node 7, but there are 1 nodes");
}

#[test]
fn shapes_that_blow_up_naive_layouts_are_drawn() {
    let labels = vec!["f"; 2_000];
    let chain: Vec<(u32, u32)> = (0..1_999).map(|i| (i, i + 1)).collect();
    let skipping: Vec<(u32, u32)> = chain.iter().copied().chain((0..1_000).map(|i| (i, i + 1_000))).collect();
    let star: Vec<(u32, u32)> = (1..2_000).map(|i| (i, 0)).collect();
    let ring: Vec<(u32, u32)> = (0..2_000).map(|i| (i, (i + 1) % 2_000)).collect();
    let dense: Vec<(u32, u32)> = (0..200).flat_map(|a| (200..400).map(move |b| (a, b))).collect();
    for edges in [vec![], chain, skipping, star, ring, dense] {
        assert_eq!(lay_out(&picture(&labels, &edges), &whole()).unwrap().nodes.len(), 2_000);
    }
}

#[test]
fn components_without_edges_between_them_form_a_block() {
    let layout = lay_out(&picture(&["x"; 300], &[]), &whole()).unwrap();
    assert!(layout.width < 3.0 * layout.height);
}

#[test]
fn a_chain_is_one_straight_line() {
    for direction in DIRECTIONS {
        let chain = Picture {
            direction,
            ..picture(&["a", "bb", "a much longer label", "c"], &[(0, 1), (1, 2), (2, 3)])
        };
        let layout = lay_out(&chain, &whole()).unwrap();
        assert!(
            layout.edges.iter().all(|edge| matches!(edge.curve.segments[..], [Segment::Line(_)])),
            "{direction:?}"
        );
    }
}

#[test]
fn a_tangle_of_many_layers_is_not_much_wider_than_its_widest_layer() {
    let labels = vec!["f"; 150];
    let far = |i: u32, salt: u32| i - 1 - (i.wrapping_mul(2_654_435_761).rotate_left(salt) >> 8) % i.min(25);
    let edges: Vec<(u32, u32)> = (4..150).flat_map(|i| [(far(i, 3), i), (far(i, 17), i)]).collect();
    let layout = lay_out(&picture(&labels, &edges), &whole()).unwrap();
    let n_layers = layout.nodes.iter().map(|node| node.layer).max().unwrap() + 1;
    let per_layer = |layer| layout.nodes.iter().filter(|node| node.layer == layer).count();
    let widest = (0..n_layers).map(per_layer).max().unwrap();
    assert!(layout.width < widest as f64 * 58.0 * 4.0, "{} for {widest} nodes", layout.width);
}
