//! What can go wrong while drawing.

use std::fmt;

use crate::Format;

/// Why a picture could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrawError {
    /// A name (of a format, colour map, direction) that is not known.
    UnknownName {
        /// What was being named: `"format"`, `"color map"`, `"direction"`.
        what: &'static str,
        /// What was given.
        given: String,
        /// The names that would have been accepted.
        known: &'static [&'static str],
    },
    /// A colour that is neither `#rgb`, `#rrggbb`, `#rrggbbaa` nor a CSS colour name.
    UnknownColor {
        /// What was given.
        given: String,
    },
    /// An attribute whose value has no meaning for it, such as a pen width of `thick`.
    BadAttribute {
        /// The attribute.
        name: String,
        /// Its value.
        value: String,
    },
    /// An edge that names a node that is not there.
    EdgeOutOfRange {
        /// Index of the edge in [`Picture::edges`](crate::Picture::edges).
        edge: usize,
        /// The index that it names.
        node: u32,
        /// How many nodes there are.
        n_nodes: usize,
    },
    /// The format exists, but this build leaves it out (cargo feature `raster`).
    FormatNotBuilt {
        /// The format asked for.
        format: Format,
    },
    /// The encoder of the format refused.
    Encode {
        /// The format being written.
        format: Format,
        /// What the encoder says.
        reason: String,
    },
}

impl fmt::Display for DrawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { what, given, known } => {
                write!(f, "unknown {what} {given:?}; known are {}", known.join(", "))
            }
            Self::UnknownColor { given } => {
                write!(f, "unknown color {given:?}; use #rgb, #rrggbb, #rrggbbaa or a CSS color name")
            }
            Self::BadAttribute { name, value } => {
                write!(f, "attribute {name:?} cannot be {value:?}")
            }
            Self::EdgeOutOfRange { edge, node, n_nodes } => {
                write!(f, "edge {edge} names node {node}, but there are {n_nodes} nodes")
            }
            Self::FormatNotBuilt { format } => {
                write!(f, "this build of raskt-draw leaves out {format} (cargo feature \"raster\")")
            }
            Self::Encode { format, reason } => write!(f, "cannot encode {format}: {reason}"),
        }
    }
}

impl std::error::Error for DrawError {}
