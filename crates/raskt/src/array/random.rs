//! Random numbers from counter-based streams.

use raskt_array::parameters::{CHUNKS, DTYPE, KWARGS, chunks_param, dtype_param, integers};
use raskt_array::random::SeedSequence;
use raskt_core::{Fit, Param};

use super::create::cut;
use super::element::Element;
use super::expression::Array;

/// Draws arrays of random numbers. A seed gives the same numbers for any chunks, number of threads and machine, and those
/// that `raskt.array.random.default_rng(seed)` gives in Python.
///
/// ```
/// use raskt::array::Random;
/// let draw = |chunk| Random::new(42).normal(0.0, 1.0, &[1000], &[chunk]).compute();
/// assert_eq!(draw(1000)?, draw(7)?);
/// # Ok::<(), raskt::array::ArrayError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    seed: SeedSequence,
    n_drawn: u32,
}

impl Random {
    /// The numbers of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed: SeedSequence::new(seed.into()), n_drawn: 0 }
    }

    fn draw<T: Element>(
        &mut self,
        name: &str,
        params: [Param; 2],
        shape: &[u64],
        chunks: &[u64],
    ) -> Array<T> {
        let key = self.seed.spawned(self.n_drawn).key();
        self.n_drawn += 1;
        Array::made(|builder| {
            let told = [
                ("distribution", Param::Str(name.into())),
                ("key", integers(key.map(u64::cast_signed))),
                (DTYPE, dtype_param(&T::DTYPE)),
                ("size", integers(shape.iter().map(|&n| n.clamped()))),
                ("params", Param::List(params.into())),
            ];
            let parameters = [
                (KWARGS, Param::map(told)),
                (DTYPE, dtype_param(&T::DTYPE)),
                (CHUNKS, chunks_param(&cut(shape, chunks)?)),
            ];
            builder.make("random", &[], Param::map(parameters))
        })
    }

    /// Normally distributed numbers.
    pub fn normal(&mut self, mean: f64, deviation: f64, shape: &[u64], chunks: &[u64]) -> Array<f64> {
        self.draw("normal", [Param::Float(mean), Param::Float(deviation)], shape, chunks)
    }

    /// Numbers from `low` up to `high`, all equally likely.
    pub fn uniform(&mut self, low: f64, high: f64, shape: &[u64], chunks: &[u64]) -> Array<f64> {
        self.draw("uniform", [Param::Float(low), Param::Float(high)], shape, chunks)
    }

    /// Whole numbers from `low` on, below `high`, all equally likely.
    pub fn integers(&mut self, low: i64, high: i64, shape: &[u64], chunks: &[u64]) -> Array<i64> {
        self.draw("integers", [Param::Int(low), Param::Int(high)], shape, chunks)
    }
}
