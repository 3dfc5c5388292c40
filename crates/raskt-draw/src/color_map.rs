//! Perceptually uniform colour maps, for colouring nodes by a number such as their place in the order of
//! execution.

use std::str::FromStr;

use crate::{Color, DrawError};

/// Colours at 0, 1/16, … 1, in between which channels are interpolated.
type Stops = [u32; 17];

// Samples of matplotlib's maps of these names (released under CC0 by their authors).
#[rustfmt::skip]
const VIRIDIS: Stops = [
    0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e, 0x21918c,
    0x1fa088, 0x28ae80, 0x3fbc73, 0x5ec962, 0x84d44b, 0xaddc30, 0xd8e219, 0xfde725,
];
#[rustfmt::skip]
const PLASMA: Stops = [
    0x0d0887, 0x310597, 0x4c02a1, 0x6600a7, 0x7e03a8, 0x9511a1, 0xaa2395, 0xbc3587, 0xcc4778,
    0xda5a6a, 0xe66c5c, 0xf0804e, 0xf89540, 0xfdac33, 0xfdc527, 0xf8df25, 0xf0f921,
];
#[rustfmt::skip]
const INFERNO: Stops = [
    0x000004, 0x0b0724, 0x210c4a, 0x3d0965, 0x57106e, 0x71196e, 0x8a226a, 0xa32c61, 0xbc3754,
    0xd24644, 0xe45a31, 0xf1731d, 0xf98e09, 0xfcac11, 0xf9cb35, 0xf2ea69, 0xfcffa4,
];
#[rustfmt::skip]
const MAGMA: Stops = [
    0x000004, 0x0a0822, 0x1d1147, 0x36106b, 0x51127c, 0x6a1c81, 0x832681, 0x9c2e7f, 0xb73779,
    0xd0416f, 0xe75263, 0xf56b5c, 0xfc8961, 0xfea772, 0xfec488, 0xfde2a3, 0xfcfdbf,
];
#[rustfmt::skip]
const CIVIDIS: Stops = [
    0x00224e, 0x002e6a, 0x1a386f, 0x32436d, 0x434e6c, 0x535a6d, 0x61656f, 0x6f7073, 0x7d7c78,
    0x8c8878, 0x9b9476, 0xaba072, 0xbcae6c, 0xcdbb63, 0xdec958, 0xf0d846, 0xfee838,
];

/// A colour map from numbers in 0..=1 to colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColorMap {
    name: &'static str,
    stops: &'static Stops,
    reversed: bool,
}

impl ColorMap {
    /// Dark blue over green to yellow.
    pub const VIRIDIS: Self = Self { name: "viridis", stops: &VIRIDIS, reversed: false };
    /// Dark blue over magenta to yellow.
    pub const PLASMA: Self = Self { name: "plasma", stops: &PLASMA, reversed: false };
    /// Black over red to pale yellow.
    pub const INFERNO: Self = Self { name: "inferno", stops: &INFERNO, reversed: false };
    /// Black over purple to cream.
    pub const MAGMA: Self = Self { name: "magma", stops: &MAGMA, reversed: false };
    /// Blue to yellow, the same to eyes with and without colour blindness.
    pub const CIVIDIS: Self = Self { name: "cividis", stops: &CIVIDIS, reversed: false };

    /// Names that `parse` accepts, each also with `_r` behind it for the reverse.
    pub const NAMES: &'static [&'static str] = &["viridis", "plasma", "inferno", "magma", "cividis"];

    /// The colour at `t`; numbers outside 0..=1 give the nearer end, NaN the low one.
    ///
    /// ```
    /// use raskt_draw::ColorMap;
    /// assert_eq!(ColorMap::VIRIDIS.at(0.0).to_string(), "#440154");
    /// assert_eq!(ColorMap::VIRIDIS.at(1.0).to_string(), "#fde725");
    /// assert_eq!(ColorMap::VIRIDIS.reversed().at(1.0).to_string(), "#440154");
    /// ```
    pub fn at(self, t: f64) -> Color {
        let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) };
        let t = if self.reversed { 1.0 - t } else { t };
        let scaled = t * (self.stops.len() - 1) as f64;
        let below = crate::number::whole(scaled).min(self.stops.len() - 2);
        Color::rgb(self.stops[below]).mix(Color::rgb(self.stops[below + 1]), scaled - below as f64)
    }

    /// The colour of item `index` of `count`, so that the first and last get the ends of the map.
    ///
    /// ```
    /// use raskt_draw::ColorMap;
    /// assert_eq!(ColorMap::PLASMA.of(0, 3), ColorMap::PLASMA.at(0.0));
    /// assert_eq!(ColorMap::PLASMA.of(1, 3), ColorMap::PLASMA.at(0.5));
    /// assert_eq!(ColorMap::PLASMA.of(2, 3), ColorMap::PLASMA.at(1.0));
    /// ```
    pub fn of(self, index: u64, count: u64) -> Color {
        self.at(index as f64 / count.saturating_sub(1).max(1) as f64)
    }

    /// The map turned round.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { reversed: !self.reversed, ..self }
    }

    /// The name, without `_r`.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl FromStr for ColorMap {
    type Err = DrawError;

    fn from_str(text: &str) -> Result<Self, DrawError> {
        let lower = text.to_ascii_lowercase();
        let (stem, reversed) = lower.strip_suffix("_r").map_or((lower.as_str(), false), |stem| (stem, true));
        let map = match stem {
            "viridis" => Self::VIRIDIS,
            "plasma" => Self::PLASMA,
            "inferno" => Self::INFERNO,
            "magma" => Self::MAGMA,
            "cividis" => Self::CIVIDIS,
            _ => {
                let (what, given) = ("color map", text.to_owned());
                return Err(DrawError::UnknownName { what, given, known: Self::NAMES });
            }
        };
        Ok(Self { reversed, ..map })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viridis_only_grows_lighter() {
        let luminances: Vec<f64> =
            (0..=100).map(|i| ColorMap::VIRIDIS.at(f64::from(i) / 100.0).luminance()).collect();
        assert!(luminances.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn every_listed_name_parses_both_ways_round() {
        for name in ColorMap::NAMES {
            let map: ColorMap = name.parse().unwrap();
            assert_eq!(map.name(), *name);
            assert_eq!(format!("{name}_r").parse::<ColorMap>().unwrap(), map.reversed());
        }
        assert!("jet".parse::<ColorMap>().unwrap_err().to_string().contains("viridis, plasma"));
    }

    #[test]
    fn numbers_out_of_range_are_clamped() {
        assert_eq!(ColorMap::MAGMA.at(f64::NAN), ColorMap::MAGMA.at(0.0));
        assert_eq!(ColorMap::MAGMA.at(f64::INFINITY), ColorMap::MAGMA.at(1.0));
        assert_eq!(ColorMap::MAGMA.of(0, 0), ColorMap::MAGMA.at(0.0));
    }
}
