//! Colours: parsing, mixing, contrast.

use std::fmt;
use std::str::FromStr;

use crate::DrawError;
use crate::color_names::COLOR_NAMES;

/// An sRGB colour with opacity, eight bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Opacity: 255 is opaque.
    pub a: u8,
}

impl Color {
    /// Opaque white.
    pub const WHITE: Self = Self::rgb(0x00ff_ffff);
    /// Opaque black.
    pub const BLACK: Self = Self::rgb(0);
    /// Nothing at all.
    pub const TRANSPARENT: Self = Self { r: 0, g: 0, b: 0, a: 0 };

    /// The opaque colour `0xRRGGBB`.
    pub const fn rgb(hex: u32) -> Self {
        let [_, r, g, b] = hex.to_be_bytes();
        Self { r, g, b, a: 255 }
    }

    /// The colour a share `t` (0 to 1) of the way to `other`.
    ///
    /// ```
    /// use raskt_draw::Color;
    /// assert_eq!(Color::BLACK.mix(Color::WHITE, 0.5).to_string(), "#808080");
    /// ```
    #[must_use]
    pub fn mix(self, other: Self, t: f64) -> Self {
        let t = t.clamp(0.0, 1.0);
        let channel = |from: u8, to: u8| {
            crate::number::channel((f64::from(from) + (f64::from(to) - f64::from(from)) * t).round())
        };
        Self {
            r: channel(self.r, other.r),
            g: channel(self.g, other.g),
            b: channel(self.b, other.b),
            a: channel(self.a, other.a),
        }
    }

    /// Relative luminance, from 0 (black) to 1 (white), as WCAG 2 defines it.
    pub fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.r) + 0.7152 * linear(self.g) + 0.0722 * linear(self.b)
    }

    /// The WCAG contrast ratio between two colours: 1 (none) to 21 (black on white).
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Dark or white, whichever is easier to read on this colour.
    ///
    /// ```
    /// use raskt_draw::Color;
    /// assert_eq!("navy".parse::<Color>()?.contrast_text(), Color::WHITE);
    /// assert_ne!("gold".parse::<Color>()?.contrast_text(), Color::WHITE);
    /// # Ok::<(), raskt_draw::DrawError>(())
    /// ```
    #[must_use]
    pub fn contrast_text(self) -> Self {
        let dark = crate::theme::TEXT;
        if self.contrast(dark) >= self.contrast(Self::WHITE) { dark } else { Self::WHITE }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)?;
        if self.a == 255 { Ok(()) } else { write!(f, "{:02x}", self.a) }
    }
}

impl FromStr for Color {
    type Err = DrawError;

    /// Reads `#rgb`, `#rrggbb`, `#rrggbbaa`, a CSS colour name in any case, or `transparent`.
    fn from_str(text: &str) -> Result<Self, DrawError> {
        let unknown = || DrawError::UnknownColor { given: text.to_owned() };
        let name = text.trim().to_ascii_lowercase();
        if let Some(digits) = name.strip_prefix('#') {
            return from_hex_digits(digits).ok_or_else(unknown);
        }
        if name == "transparent" || name == "none" {
            return Ok(Self::TRANSPARENT);
        }
        let found = COLOR_NAMES.binary_search_by(|(known, _)| (*known).cmp(name.as_str()));
        found
            .ok()
            .and_then(|index| COLOR_NAMES.get(index))
            .map(|&(_, hex)| Self::rgb(hex))
            .ok_or_else(unknown)
    }
}

fn from_hex_digits(digits: &str) -> Option<Color> {
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    match digits.len() {
        3 => {
            let wide = |shift: u32| ((number >> shift) & 0xf) as u8 * 0x11;
            Some(Color { r: wide(8), g: wide(4), b: wide(0), a: 255 })
        }
        6 => Some(Color::rgb(number)),
        8 => {
            let [r, g, b, a] = number.to_be_bytes();
            Some(Color { r, g, b, a })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_binary_search_finds_each() {
        for (name, hex) in COLOR_NAMES {
            assert_eq!(name.parse::<Color>().unwrap(), Color::rgb(*hex), "{name}");
        }
    }

    #[test]
    fn hex_forms_agree() {
        assert_eq!("#fA0".parse::<Color>().unwrap(), "#ffaa00".parse().unwrap());
        assert_eq!("#ffaa00ff".parse::<Color>().unwrap(), "#fa0".parse().unwrap());
        assert_eq!("#ffaa0080".parse::<Color>().unwrap().to_string(), "#ffaa0080");
    }

    #[test]
    fn nonsense_is_refused_with_what_was_given() {
        for bad in ["", "#", "#12", "#1234567", "#ggg", "#+12", "reddish", "#ééé"] {
            assert_eq!(bad.parse::<Color>(), Err(DrawError::UnknownColor { given: bad.to_owned() }));
        }
    }

    #[test]
    fn text_on_any_grey_has_nearly_the_contrast_that_wcag_asks_for() {
        for level in 0..=255_u32 {
            let grey = Color::rgb(level * 0x01_01_01);
            assert!(grey.contrast(grey.contrast_text()) >= 3.8, "{grey}");
        }
    }
}
