//! Standard normal numbers: the ziggurat method of Marsaglia and Tsang (2000) with 256 layers.

use std::sync::LazyLock;

use super::stream::Source;
use crate::kernels::simd::{Loop, vectorized};

/// Where the tail begins.
const TAIL: f64 = 3.654_152_885_361_009;
/// The area of each layer.
const AREA: f64 = 0.004_928_673_233_99;
const SCALE: f64 = 4_503_599_627_370_496.0;

/// The layers: below which word a point is inside for sure, what a word is worth, and the density at the edge. The
/// first two are there for either sign.
pub(super) struct Layers {
    inside: [u64; 512],
    width: [f64; 512],
    density: [f64; 256],
}

pub(super) static LAYERS: LazyLock<Layers> = LazyLock::new(|| {
    let density = |x: f64| (-0.5 * x * x).exp();
    let mut layers = Layers { inside: [0; 512], width: [0.0; 512], density: [0.0; 256] };
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
    for layer in 0..256 {
        layers.inside[256 + layer] = layers.inside[layer];
        layers.width[256 + layer] = -layers.width[layer];
    }
    layers
});

/// Makes the layers, which no thread may be at when the process is forked.
pub(crate) fn prepare() {
    LazyLock::force(&LAYERS);
}

/// The point that a word stands for, and whether it is inside for sure.
#[inline(always)]
fn point(layers: &Layers, word: u64) -> (f64, bool) {
    // The bit above the layer's is the sign: whether it is set cannot be foreseen.
    let layer = (word & 0x1ff) as usize;
    let magnitude = (word >> 9) & 0x000f_ffff_ffff_ffff;
    // The whole number as a float, by way of the bits of 2^52 and more: processors convert no unsigned words side by side.
    let whole = f64::from_bits(SCALE.to_bits() | magnitude) - SCALE;
    (whole * layers.width[layer], magnitude < layers.inside[layer])
}

/// The points that words stand for; then those are mended that are not inside for sure, about one in eighty.
struct Points<'a> {
    layers: &'a Layers,
    key: [u64; 2],
    place: u64,
    words: &'a [u64],
    out: &'a mut [f64],
}

/// Points that are checked together.
const N_TOGETHER: usize = 8;

impl Loop for Points<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self { layers, key, place, words, out } = self;
        let (groups, rest) = out.as_chunks_mut::<N_TOGETHER>();
        let (words, rest_words) = words.as_chunks::<N_TOGETHER>();
        for (at, (out, words)) in groups.iter_mut().zip(words).enumerate() {
            let mut all_inside = true;
            for (out, &word) in out.iter_mut().zip(words) {
                let (x, is_inside) = point(layers, word);
                *out = x;
                all_inside &= is_inside;
            }
            if !all_inside {
                mend(layers, key, place + (at * N_TOGETHER) as u64, words, out);
            }
        }
        let place = place + (groups.len() * N_TOGETHER) as u64;
        mend(layers, key, place, rest_words, rest);
    }
}

#[cold]
#[inline(never)]
fn mend(layers: &Layers, key: [u64; 2], place: u64, words: &[u64], out: &mut [f64]) {
    for ((place, out), &word) in (place..).zip(out).zip(words) {
        let (x, is_inside) = point(layers, word);
        *out = x;
        if !is_inside {
            let mut source = Source::new(key, place, word);
            source.word();
            *out = outside(layers, word, &mut source);
        }
    }
}

/// Standard normal numbers of the elements from `place` on, whose first words are `words`.
pub(super) fn normals(layers: &Layers, key: [u64; 2], place: u64, words: &[u64], out: &mut [f64]) {
    vectorized(Points { layers, key, place, words, out });
}

/// A standard normal number, with an element's next words.
#[inline]
pub(super) fn normal_of(layers: &Layers, source: &mut Source) -> f64 {
    let word = source.word();
    let (x, is_inside) = point(layers, word);
    if is_inside { x } else { outside(layers, word, source) }
}

/// Goes on where the point of `word`, which has been taken from `source`, is not inside for sure.
#[cold]
fn outside(layers: &Layers, mut word: u64, source: &mut Source) -> f64 {
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
