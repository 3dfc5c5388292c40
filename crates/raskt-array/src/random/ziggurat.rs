//! Standard normal numbers: the ziggurat method of Marsaglia and Tsang (2000) with 256 layers.

use std::sync::LazyLock;

use super::stream::Source;

/// Where the tail begins.
const TAIL: f64 = 3.654_152_885_361_009;
/// The area of each layer.
const AREA: f64 = 0.004_928_673_233_99;
const SCALE: f64 = 4_503_599_627_370_496.0;

/// The layers: below which word a point is inside for sure, what a word is worth, and the density at the edge.
pub(super) struct Layers {
    inside: [u64; 256],
    width: [f64; 256],
    density: [f64; 256],
}

pub(super) static LAYERS: LazyLock<Layers> = LazyLock::new(|| {
    let density = |x: f64| (-0.5 * x * x).exp();
    let mut layers = Layers { inside: [0; 256], width: [0.0; 256], density: [0.0; 256] };
    let base = AREA / density(TAIL);
    layers.inside[0] = (TAIL / base * SCALE) as u64;
    layers.width[0] = base / SCALE;
    layers.width[255] = TAIL / SCALE;
    layers.density[0] = 1.0;
    layers.density[255] = density(TAIL);
    let mut edge = TAIL;
    for at in (1..255).rev() {
        let next = (-2.0 * (AREA / edge + density(edge)).ln()).sqrt();
        layers.inside[at + 1] = (next / edge * SCALE) as u64;
        layers.density[at] = density(next);
        layers.width[at] = next / SCALE;
        edge = next;
    }
    layers
});

/// The point that a word stands for, and whether it is inside for sure.
#[inline(always)]
fn point(layers: &Layers, word: u64) -> (f64, bool) {
    let layer = (word & 0xff) as usize;
    let magnitude = (word >> 9) & 0x000f_ffff_ffff_ffff;
    let x = magnitude as f64 * layers.width[layer];
    // The sign is one bit, moved to where floats have theirs: whether it is set cannot be foreseen.
    let signed = f64::from_bits(x.to_bits() | ((word >> 8) & 1) << 63);
    (signed, magnitude < layers.inside[layer])
}

/// A standard normal number.
#[inline]
pub(super) fn normal(layers: &Layers, key: [u64; 2], place: u64, word: u64) -> f64 {
    let (x, is_inside) = point(layers, word);
    if is_inside { x } else { outside(layers, word, &mut Source::new(key, place, 0), true) }
}

/// A standard normal number, with an element's next words.
pub(super) fn normal_of(source: &mut Source) -> f64 {
    let layers = &*LAYERS;
    let word = source.word();
    let (x, is_inside) = point(layers, word);
    if is_inside { x } else { outside(layers, word, source, false) }
}

#[cold]
fn outside(layers: &Layers, mut word: u64, source: &mut Source, skips_first: bool) -> f64 {
    if skips_first {
        source.word();
    }
    loop {
        let (x, is_inside) = point(layers, word);
        if is_inside {
            return x;
        }
        let layer = (word & 0xff) as usize;
        if layer == 0 {
            loop {
                let over = source.exponential() / TAIL;
                let height = source.exponential();
                if height + height > over * over {
                    return (TAIL + over).copysign(x);
                }
            }
        }
        let (low, high) = (layers.density[layer], layers.density[layer - 1]);
        if (high - low) * source.unit() + low < (-0.5 * x * x).exp() {
            return x;
        }
        word = source.word();
    }
}
