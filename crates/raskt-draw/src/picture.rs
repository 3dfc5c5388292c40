//! The neutral description of a graph that is to be drawn.

use std::str::FromStr;

use crate::{Color, ColorMap, DrawError};

/// A graph to draw. The indices of `nodes` are what edges refer to.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What the edges connect.
    pub nodes: Vec<Node>,
    /// Arrows between nodes: from what is needed to what needs it.
    pub edges: Vec<Edge>,
    /// Where arrows point.
    pub direction: Direction,
    /// A heading.
    pub title: Option<String>,
    /// What the nodes' colours mean.
    pub legend: Option<Legend>,
    /// What is behind everything.
    pub background: Color,
    /// Further Graphviz attributes of the graph, written to DOT only.
    pub attributes: Vec<(String, String)>,
}

impl Default for Picture {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            edges: Vec::new(),
            direction: Direction::BottomToTop,
            title: None,
            legend: None,
            background: Color::WHITE,
            attributes: Vec::new(),
        }
    }
}

impl Picture {
    /// Checks that every edge names nodes that exist.
    ///
    /// # Errors
    /// [`DrawError::EdgeOutOfRange`] for the first that does not.
    pub fn check(&self) -> Result<(), DrawError> {
        let n_nodes = self.nodes.len();
        for (index, edge) in self.edges.iter().enumerate() {
            for node in [edge.from, edge.to] {
                if node as usize >= n_nodes {
                    return Err(DrawError::EdgeOutOfRange { edge: index, node, n_nodes });
                }
            }
        }
        Ok(())
    }
}

/// Which way arrows point; Graphviz' `rankdir`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Inputs below, results above (`BT`), as users of Dask know it.
    #[default]
    BottomToTop,
    /// Inputs above, results below (`TB`).
    TopToBottom,
    /// Inputs left, results right (`LR`).
    LeftToRight,
    /// Inputs right, results left (`RL`).
    RightToLeft,
}

impl Direction {
    /// The names that parse.
    pub const NAMES: &'static [&'static str] = &["BT", "TB", "LR", "RL"];

    /// Graphviz' name: `BT`, `TB`, `LR` or `RL`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BottomToTop => "BT",
            Self::TopToBottom => "TB",
            Self::LeftToRight => "LR",
            Self::RightToLeft => "RL",
        }
    }
}

impl FromStr for Direction {
    type Err = DrawError;

    fn from_str(text: &str) -> Result<Self, DrawError> {
        match text.to_ascii_uppercase().as_str() {
            "BT" => Ok(Self::BottomToTop),
            "TB" => Ok(Self::TopToBottom),
            "LR" => Ok(Self::LeftToRight),
            "RL" => Ok(Self::RightToLeft),
            _ => {
                let (what, given) = ("direction", text.to_owned());
                Err(DrawError::UnknownName { what, given, known: Self::NAMES })
            }
        }
    }
}

/// The outline of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Shape {
    /// A task. Long labels stretch it to a pill.
    #[default]
    Circle,
    /// A value: a rectangle with rounded corners.
    Box,
    /// Anything else.
    Ellipse,
}

/// One node. [`Node::new`] fills in the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Unique name, for DOT.
    pub id: String,
    /// What is written in the node; long lines are elided, `\n` starts another.
    pub label: String,
    /// Its outline.
    pub shape: Shape,
    /// Inside; by default a colour of its group, or of its shape.
    pub fill: Option<Color>,
    /// The label; by default dark or white, whichever reads better.
    pub text: Option<Color>,
    /// The outline's line; by default a darker fill.
    pub stroke: Option<Color>,
    /// Whether the outline is dashed.
    pub dashed: bool,
    /// Width of the outline, 1 by default.
    pub pen_width: f64,
    /// What a pointer resting on the node shows (SVG, DOT).
    pub tooltip: Option<String>,
    /// Relative size, 1 by default, kept within 0.6 to 3.
    pub scale: f64,
    /// What the node is merged with when the picture is collapsed: the function's or the layer's name. Also
    /// decides its colour where it has none.
    pub group: Option<String>,
    /// How many things it stands for; more than one is drawn as a stack.
    pub count: u64,
    /// Further Graphviz attributes, written to DOT only.
    pub attributes: Vec<(String, String)>,
}

impl Node {
    /// A node with everything else as usual.
    pub fn new(id: impl Into<String>, label: impl Into<String>, shape: Shape) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            shape,
            fill: None,
            text: None,
            stroke: None,
            dashed: false,
            pen_width: 1.0,
            tooltip: None,
            scale: 1.0,
            group: None,
            count: 1,
            attributes: Vec::new(),
        }
    }
}

/// An arrow. [`Edge::new`] fills in the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Index of the node that it starts from.
    pub from: u32,
    /// Index of the node that it points at.
    pub to: u32,
    /// What is written beside it.
    pub label: Option<String>,
    /// Its colour.
    pub color: Option<Color>,
    /// Whether the line is dashed.
    pub dashed: bool,
    /// Width of the line, 1.2 by default; grows with `count`.
    pub pen_width: f64,
    /// What a pointer resting on it shows (SVG, DOT).
    pub tooltip: Option<String>,
    /// How many arrows it stands for; written beside it where more than one.
    pub count: u64,
    /// Further Graphviz attributes, written to DOT only.
    pub attributes: Vec<(String, String)>,
}

impl Edge {
    /// An arrow between two nodes, by index.
    pub const fn new(from: u32, to: u32) -> Self {
        Self {
            from,
            to,
            label: None,
            color: None,
            dashed: false,
            pen_width: 1.2,
            tooltip: None,
            count: 1,
            attributes: Vec::new(),
        }
    }

    /// What is written beside the edge: its label, its multiplicity, or both.
    pub(crate) fn caption(&self) -> Option<String> {
        let times = (self.count > 1).then(|| format!("×{}", crate::label::with_commas(self.count)));
        match (&self.label, times) {
            (None, times) => times,
            (Some(label), None) => Some(label.clone()),
            (Some(label), Some(times)) => Some(format!("{label} {times}")),
        }
    }
}

/// What the colours of a picture mean: a bar of a colour map with its two ends named.
#[derive(Debug, Clone, PartialEq)]
pub struct Legend {
    /// What is coloured, such as `order`.
    pub title: String,
    /// The map's colours.
    pub map: ColorMap,
    /// What the low end stands for.
    pub low: String,
    /// What the high end stands for.
    pub high: String,
}
