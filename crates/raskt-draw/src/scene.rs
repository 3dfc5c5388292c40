//! What is drawn, free of any file format: shapes, lines and text at absolute places. Every backend draws the
//! same scene.

use crate::Color;
use crate::layout::{Curve, Point};

/// A line's look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stroke {
    pub(crate) color: Color,
    pub(crate) width: f64,
    pub(crate) dashed: bool,
}

/// Which point of a text its place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A piece of text on one line; `at` is on its baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) at: Point,
    pub(crate) anchor: Anchor,
    pub(crate) size: f64,
    pub(crate) color: Color,
    pub(crate) text: String,
}

impl Text {
    /// Where the text's first glyph starts.
    #[cfg(feature = "raster")]
    pub(crate) fn left(&self) -> f64 {
        let width = crate::font::text_width(&self.text, self.size);
        match self.anchor {
            Anchor::Start => self.at.x,
            Anchor::Middle => self.at.x - width / 2.0,
            Anchor::End => self.at.x - width,
        }
    }
}

/// One thing to draw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// A rectangle with rounded corners, by its top left corner.
    Rectangle {
        corner: Point,
        width: f64,
        height: f64,
        radius: f64,
        fill: Color,
        stroke: Option<Stroke>,
    },
    Ellipse {
        centre: Point,
        rx: f64,
        ry: f64,
        fill: Color,
        stroke: Option<Stroke>,
    },
    /// An open path.
    Path {
        curve: Curve,
        stroke: Stroke,
    },
    /// A filled polygon.
    Polygon {
        points: Vec<Point>,
        fill: Color,
    },
    Text(Text),
}

/// Marks that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// What it is, for style sheets: `edge`, `node`, `legend`, `title`.
    pub(crate) class: &'static str,
    pub(crate) tooltip: Option<String>,
    pub(crate) marks: Vec<Mark>,
}

/// A whole picture, drawn in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) background: Color,
    pub(crate) title: Option<String>,
    pub(crate) groups: Vec<Group>,
}
