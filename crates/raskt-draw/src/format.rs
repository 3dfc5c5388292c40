//! The formats that can be written, and how they are named.

use std::fmt;
use std::str::FromStr;

use crate::DrawError;

/// A file format for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Scalable Vector Graphics, with tooltips.
    Svg,
    /// Portable Network Graphics.
    Png,
    /// Portable Document Format, one page, its text selectable.
    Pdf,
    /// Graphviz' language, not laid out.
    Dot,
}

impl Format {
    /// Names that [`Format::from_str`] accepts.
    pub const NAMES: &'static [&'static str] = &["svg", "png", "pdf", "dot", "gv"];

    /// The format that a file name's extension stands for.
    ///
    /// ```
    /// use raskt_draw::Format;
    /// assert_eq!(Format::from_path("out/graph.SVG")?, Format::Svg);
    /// let refused = Format::from_path("graph.gif").unwrap_err().to_string();
    /// assert_eq!(refused, "unknown format \"gif\"; known are svg, png, pdf, dot, gv");
    /// # Ok::<(), raskt_draw::DrawError>(())
    /// ```
    ///
    /// # Errors
    /// [`DrawError::UnknownName`] where the extension is missing or not one of [`Format::NAMES`].
    pub fn from_path(path: &str) -> Result<Self, DrawError> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        extension.parse()
    }

    /// The usual extension, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
            Self::Dot => "dot",
        }
    }

    /// The MIME type, as notebooks want it.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
            Self::Dot => "text/vnd.graphviz",
        }
    }
}

impl FromStr for Format {
    type Err = DrawError;

    fn from_str(name: &str) -> Result<Self, DrawError> {
        match name.trim_start_matches('.').to_ascii_lowercase().as_str() {
            "svg" => Ok(Self::Svg),
            "png" => Ok(Self::Png),
            "pdf" => Ok(Self::Pdf),
            "dot" | "gv" => Ok(Self::Dot),
            _ => Err(DrawError::UnknownName { what: "format", given: name.to_owned(), known: Self::NAMES }),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}
