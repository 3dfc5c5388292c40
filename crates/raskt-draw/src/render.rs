//! The way from a picture to a file.

use crate::collapse::collapse;
use crate::compose::compose;
use crate::layout::lay_out;
use crate::{DrawError, Format, Picture, svg};

/// Knobs of the drawing.
///
/// ```
/// use raskt_draw::RenderOptions;
/// let options = RenderOptions { collapse_above: None, png_scale: 1.0, ..RenderOptions::default() };
/// assert_eq!(options.label_chars_max, 28);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RenderOptions {
    /// Collapse the picture where it has more nodes than this; `None` never does.
    pub collapse_above: Option<usize>,
    /// Lines of labels longer than this are elided.
    pub label_chars_max: usize,
    /// Whether nodes without a colour of their own get one by group.
    pub color_groups: bool,
    /// Pixels of a PNG for each pixel of the picture. Very large pictures get fewer.
    pub png_scale: f64,
    /// Gap between neighbouring nodes of a layer.
    pub node_gap: f64,
    /// Gap between layers; those with wide fan-in get more.
    pub layer_gap: f64,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            collapse_above: Some(200),
            label_chars_max: 28,
            color_groups: true,
            png_scale: 2.0,
            node_gap: 18.0,
            layer_gap: 38.0,
        }
    }
}

/// Draws a picture as the bytes of a file of the given format, collapsing it first where the options say so.
///
/// # Errors
/// [`DrawError::EdgeOutOfRange`] for an edge between nodes that are not there, [`DrawError::FormatNotBuilt`]
/// for PNG and PDF in a build without them, [`DrawError::Encode`] where an encoder refuses.
pub fn render(picture: &Picture, format: Format, options: &RenderOptions) -> Result<Vec<u8>, DrawError> {
    picture.check()?;
    let picture = match options.collapse_above {
        Some(nodes_max) => collapse(picture, nodes_max),
        None => std::borrow::Cow::Borrowed(picture),
    };
    let scene = || Ok(compose(&picture, &lay_out(&picture, options)?, options));
    match format {
        Format::Dot => Ok(picture.to_dot().into_bytes()),
        Format::Svg => Ok(svg::write(&scene()?).into_bytes()),
        #[cfg(feature = "raster")]
        Format::Png => crate::png::write(&scene()?, options.png_scale),
        #[cfg(feature = "raster")]
        Format::Pdf => Ok(crate::pdf::write(&scene()?)),
        #[cfg(not(feature = "raster"))]
        Format::Png | Format::Pdf => Err(DrawError::FormatNotBuilt { format }),
    }
}
