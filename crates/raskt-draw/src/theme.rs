//! Colours and measures that every picture shares.

use crate::{Color, Shape};

/// Text, where the node's own colour asks for nothing else.
pub(crate) const TEXT: Color = Color::rgb(0x1f_29_33);
/// Text beside the nodes: edge labels, legend.
pub(crate) const TEXT_QUIET: Color = Color::rgb(0x52_60_6d);
/// Lines of edges.
pub(crate) const EDGE: Color = Color::rgb(0xa3_af_bf);
/// Arrowheads, a little stronger than their lines so that direction stays readable.
pub(crate) const ARROW: Color = Color::rgb(0x7b_8a_9c);

/// Size of the label of a node of scale 1.
pub(crate) const FONT_SIZE: f64 = 12.0;
/// Size of edge labels and the legend.
pub(crate) const FONT_SIZE_SMALL: f64 = 10.0;
/// Size of the title.
pub(crate) const FONT_SIZE_TITLE: f64 = 16.0;
/// Distance between baselines, as a multiple of the font size.
pub(crate) const LINE_HEIGHT: f64 = 1.25;
/// Room around the whole picture.
pub(crate) const MARGIN: f64 = 18.0;
/// Length of an arrowhead.
pub(crate) const ARROW_LENGTH: f64 = 7.0;
/// Half the width of an arrowhead.
pub(crate) const ARROW_HALF_WIDTH: f64 = 3.2;
/// How far a stacked node's shadow copies stand out.
pub(crate) const STACK_STEP: f64 = 3.0;

/// Fills given to groups in the order in which they appear: soft, of like lightness.
const GROUPS: [Color; 10] = [
    Color::rgb(0xcf_e3_f7),
    Color::rgb(0xd5_ee_d3),
    Color::rgb(0xfb_e3_c3),
    Color::rgb(0xe3_d9_f5),
    Color::rgb(0xf9_d5_d8),
    Color::rgb(0xc9_ec_ea),
    Color::rgb(0xf6_ee_b9),
    Color::rgb(0xf3_d6_ec),
    Color::rgb(0xdd_e5_c5),
    Color::rgb(0xe8_dc_d2),
];

/// The fill of the `index`th group.
pub(crate) fn group_fill(index: usize) -> Color {
    GROUPS[index % GROUPS.len()]
}

/// The fill of a node that has neither a colour nor a group.
pub(crate) const fn shape_fill(shape: Shape) -> Color {
    match shape {
        Shape::Circle => Color::rgb(0xdc_e8_f7),
        Shape::Box => Color::rgb(0xf3_f4_f6),
        Shape::Ellipse => Color::rgb(0xe4_f1_e1),
    }
}

/// An outline that goes with a fill: the same hue, darker.
pub(crate) fn outline_of(fill: Color) -> Color {
    fill.mix(Color::rgb(0x10_1a_28), 0.42)
}
