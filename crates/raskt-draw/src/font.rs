//! The embedded font: how wide text is, and the outlines of its glyphs.
//!
//! Every format measures with the same font, so that a picture has the same layout on every machine.

use std::sync::LazyLock;

use ttf_parser::{Face, GlyphId};

/// The font file, a subset of Inter Medium.
pub(crate) static FONT: &[u8] = include_bytes!("../fonts/Inter-Medium-subset.ttf");

static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(FONT, 0).ok());

/// Width of a character that the font lacks, in ems: what another font probably gives it.
fn foreign_advance(character: char) -> f64 {
    match u32::from(character) {
        // Combining marks and joiners sit on the character before them.
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0.0,
        // East Asian scripts and emoji are as wide as they are high.
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 1.0,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 1.0,
        _ => 0.62,
    }
}

/// The parsed font. `None` would mean a broken build; a test holds that it is not.
pub(crate) fn face() -> Option<&'static Face<'static>> {
    FACE.as_ref()
}

/// Drawn for what the font lacks.
const SUBSTITUTE: char = '□';

/// A character's glyph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Glyph {
    pub(crate) id: GlyphId,
    /// Room that it takes, in ems.
    pub(crate) advance: f64,
    /// Whether it is the character's own, and not the hollow box that stands for what the font lacks.
    pub(crate) is_own: bool,
}

/// The glyph of a character.
pub(crate) fn glyph(character: char) -> Glyph {
    let own = face().and_then(|face| {
        let id = face.glyph_index(character)?;
        let advance = face.glyph_hor_advance(id)?;
        Some(Glyph { id, advance: f64::from(advance) / f64::from(face.units_per_em()), is_own: true })
    });
    own.unwrap_or_else(|| {
        let id = face().and_then(|face| face.glyph_index(SUBSTITUTE)).unwrap_or(GlyphId(0));
        Glyph { id, advance: foreign_advance(character), is_own: false }
    })
}

/// Width of one line of text at a font size.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| glyph(character).advance).sum::<f64>() * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_font_parses_and_has_the_signs_that_labels_use() {
        assert!(face().is_some());
        for character in "aZ09_-.,()[]{}<>×…→éßłΣдя∑≤".chars() {
            assert!(glyph(character).is_own, "{character}");
        }
    }

    #[test]
    fn widths_add_up_and_foreign_text_has_a_width() {
        let whole = text_width("sum-aggregate", 12.0);
        assert!((whole - text_width("sum-", 12.0) - text_width("aggregate", 12.0)).abs() < 1e-9);
        assert_eq!(text_width("総和", 10.0), 20.0);
        assert_eq!(text_width("", 10.0), 0.0);
        assert_ne!(glyph('総').id, GlyphId(0));
    }
}
