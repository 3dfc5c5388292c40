//! How big nodes are, and where their borders run.

use crate::font::text_width;
use crate::label;
use crate::picture::{Node, Shape};
use crate::theme;

/// The line around a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outline {
    /// A rectangle with corners of this radius; a circle or pill where the radius is half the shorter side.
    Rounded(f64),
    Ellipse,
}

/// A node as drawn: size, outline, text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Body {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) outline: Outline,
    pub(crate) lines: Vec<String>,
    pub(crate) font_size: f64,
}

/// Labels at most this wide stand in a true circle.
const CIRCLE_TEXT_MAX: f64 = 46.0;

impl Body {
    /// Measures a node.
    pub(crate) fn of(node: &Node, label_chars_max: usize) -> Self {
        let scale = if node.scale.is_finite() { node.scale.clamp(0.6, 3.0) } else { 1.0 };
        let font_size = theme::FONT_SIZE * scale.clamp(0.75, 1.5);
        let lines = label::lines(&node.label, label_chars_max);
        let text = lines.iter().map(|line| text_width(line, font_size)).fold(0.0, f64::max);
        let text_height = lines.len() as f64 * font_size * theme::LINE_HEIGHT;
        // The text never sets the size below what holds it, whatever the scale.
        let at_least = |own: f64, held: f64| (own * scale).max(held);
        let (width, height, outline) = match node.shape {
            Shape::Circle if text <= CIRCLE_TEXT_MAX * scale.min(1.5) && lines.len() < 3 => {
                let diameter = at_least(40.0, text.hypot(text_height) + 8.0);
                (diameter, diameter, Outline::Rounded(diameter / 2.0))
            }
            Shape::Circle => {
                let height = at_least(36.0, text_height + 14.0);
                let width = at_least(40.0, text + 28.0).max(height);
                (width, height, Outline::Rounded(height / 2.0))
            }
            Shape::Box => {
                let (width, height) = (at_least(34.0, text + 20.0), at_least(30.0, text_height + 12.0));
                (width, height, Outline::Rounded(5.0))
            }
            Shape::Ellipse => {
                let (width, height) =
                    (at_least(44.0, text * 1.25 + 20.0), at_least(34.0, text_height * 1.4 + 14.0));
                (width, height, Outline::Ellipse)
            }
        };
        Self { width: width.ceil(), height: height.ceil(), outline, lines, font_size }
    }
}

/// How far the border is from the centre, at `offset` from the axis, for half a size across and along the
/// layers.
pub(crate) fn reach(outline: Outline, half_across: f64, half_along: f64, offset: f64) -> f64 {
    match outline {
        Outline::Ellipse => {
            let share = (offset / half_across).clamp(-1.0, 1.0);
            half_along * (1.0 - share * share).sqrt()
        }
        Outline::Rounded(radius) => {
            let radius = radius.min(half_across).min(half_along);
            let into_corner = (offset.abs() - (half_across - radius)).clamp(0.0, radius);
            half_along - radius + (radius * radius - into_corner * into_corner).sqrt()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tasks_are_circles_and_long_ones_pills() {
        let short = Body::of(&Node::new("a", "sum", Shape::Circle), 30);
        assert_eq!((short.width, short.outline), (short.height, Outline::Rounded(short.height / 2.0)));
        let long = Body::of(&Node::new("a", "aggregate_departures", Shape::Circle), 30);
        assert!(long.width > 2.0 * long.height);
    }

    #[test]
    fn every_shape_holds_its_text_at_every_scale() {
        for shape in [Shape::Circle, Shape::Box, Shape::Ellipse] {
            for scale in [f64::NAN, 0.0, 0.6, 1.0, 2.5, 1e9] {
                for text in ["", "x", "add-0", "('transpose-add', 3, 2)", "two\nlines"] {
                    let mut node = Node::new("a", text, shape);
                    node.scale = scale;
                    let body = Body::of(&node, 30);
                    let widest = body.lines.iter().map(|l| text_width(l, body.font_size)).fold(0.0, f64::max);
                    assert!(body.width >= widest + 4.0 && body.height >= body.font_size, "{node:?}");
                    assert!(body.width < 2_000.0 && body.height < 2_000.0);
                }
            }
        }
    }

    #[test]
    fn the_border_of_a_circle_is_a_circle() {
        let reached = reach(Outline::Rounded(10.0), 10.0, 10.0, 6.0);
        assert!((reached - 8.0).abs() < 1e-9);
        assert_eq!(reach(Outline::Rounded(5.0), 30.0, 15.0, 20.0), 15.0);
    }
}
