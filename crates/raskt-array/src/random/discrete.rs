//! Distributions of whole numbers: what draws a number, given the parameters.
//!
//! Where few numbers are likely, each is found by inversion: the first whose cumulative probability is above a uniform
//! number. Where all elements have the same parameters, those probabilities are a table, which gives the same numbers.

use std::cmp::Ordering;
use std::sync::LazyLock;

use super::continuous::gamma;
use super::stream::{Source, exponential, unit};
use crate::kernels::simd::{Loop, vectorized};

const N_FACTORIALS: usize = 1024;

static LOG_FACTORIALS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..N_FACTORIALS).map(|n| libm::lgamma(n as f64 + 1.0)).collect());

/// Makes the table of factorials, which no thread may be at when the process is forked.
pub(super) fn prepare() {
    LazyLock::force(&LOG_FACTORIALS);
}

/// The logarithm of `n!`: from a table, or by Stirling's series.
fn log_factorial() -> impl Fn(f64) -> f64 + Copy {
    let table = LOG_FACTORIALS.as_slice();
    move |n| match table.get(n as usize) {
        Some(&found) => found,
        None => {
            let rest = (1.0 / 12.0 - 1.0 / (360.0 * n * n)) / n;
            (n + 0.5) * n.ln() - n + 0.918_938_533_204_672_7 + rest
        }
    }
}

/// Means of numbers that are found by inversion are smaller.
const MEAN_MAX: f64 = 10.0;

/// The probabilities that a number is 0, at most 1, at most 2 ..., as far as floats tell them from each other.
/// `ratio(n)` is what the probability of `n + 1` is times that of `n`; beyond `mean` it is below 1.
fn cumulative(at_zero: f64, mean: f64, ratio: impl Fn(f64) -> f64) -> impl Iterator<Item = f64> {
    let (mut n, mut probability, mut sum) = (0.0, at_zero, 0.0);
    std::iter::from_fn(move || {
        let next = sum + probability;
        if next.partial_cmp(&sum) != Some(Ordering::Greater) && n > mean.max(0.0) {
            return None;
        }
        sum = next;
        probability *= ratio(n);
        n += 1.0;
        Some(sum)
    })
}

/// The first number whose cumulative probability is above `u`, or the last.
fn inverted(u: f64, cumulative: impl Iterator<Item = f64>) -> f64 {
    let mut n = -1.0;
    for sum in cumulative {
        n += 1.0;
        if u < sum {
            break;
        }
    }
    n
}

/// Numbers of one distribution by inversion.
pub(super) struct Table {
    cumulative: Vec<f64>,
    /// Where to begin, by the leading byte of a word.
    guide: [u16; 256],
    /// What the number is that has the first probability, and whether the others are below it.
    first: i64,
    is_falling: bool,
}

impl Table {
    fn new(cumulative: impl Iterator<Item = f64>) -> Self {
        let cumulative: Vec<f64> = cumulative.collect();
        let last = cumulative.len().saturating_sub(1);
        let first = |least: f64| cumulative.partition_point(|&sum| sum <= least).min(last);
        let guide = std::array::from_fn(|byte| first(byte as f64 / 256.0) as u16);
        Self { cumulative, guide, first: 0, is_falling: false }
    }

    /// The number that a word stands for.
    #[inline]
    pub fn draw(&self, word: u64) -> i64 {
        let (u, last) = (unit(word), self.cumulative.len() - 1);
        let mut n = usize::from(self.guide[(word >> 56) as usize]);
        while n < last && u >= self.cumulative[n] {
            n += 1;
        }
        if self.is_falling { self.first - n as i64 } else { self.first + n as i64 }
    }
}

fn poisson_cumulative(rate: f64) -> Option<impl Iterator<Item = f64>> {
    (rate < MEAN_MAX).then(|| cumulative((-rate).exp(), rate, move |n| rate / (n + 1.0)))
}

pub(super) fn poisson_table(rate: f64) -> Option<Table> {
    poisson_cumulative(rate).map(Table::new)
}

/// Inversion for small rates; Hörmann's transformed rejection, PTRS (1993), for others.
pub(super) fn poisson(rate: f64) -> impl Fn(&mut Source) -> f64 {
    let b = 0.931 + 2.53 * rate.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = (1.1239 + 1.1328 / (b - 3.4)).ln();
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
    let (log_rate, log_factorial) = (rate.ln(), log_factorial());
    move |source| {
        if let Some(cumulative) = poisson_cumulative(rate) {
            return inverted(source.unit(), cumulative);
        }
        loop {
            let (u, v) = (source.unit() - 0.5, source.unit());
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + rate + 0.43).floor();
            if us >= 0.07 && v <= v_r {
                return k;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let left = v.ln() + inverse_alpha - (a / (us * us) + b).ln();
            if left <= k * log_rate - rate - log_factorial(k) {
                return k;
            }
        }
    }
}

/// For probabilities up to a half.
fn binomial_cumulative(n: f64, p: f64) -> Option<impl Iterator<Item = f64>> {
    let (mean, odds) = (n * p, p / (1.0 - p));
    let ratio = move |k: f64| (n - k) * odds / (k + 1.0);
    (mean < MEAN_MAX).then(|| cumulative((n * (-p).ln_1p()).exp(), mean, ratio))
}

pub(super) fn binomial_table(n: f64, p: f64) -> Option<Table> {
    if n == 0.0 || p == 0.0 {
        return None;
    }
    if p <= 0.5 {
        return binomial_cumulative(n, p).map(Table::new);
    }
    binomial_table(n, 1.0 - p).map(|table| Table { first: n as i64, is_falling: true, ..table })
}

/// Inversion for small means; Hörmann's transformed rejection, BTRS (1993), for others.
pub(super) fn binomial(n: f64, p: f64) -> impl Fn(&mut Source) -> f64 {
    let is_flipped = p > 0.5;
    let few = binomial_up_to_half(n, if is_flipped { 1.0 - p } else { p });
    move |source| {
        let k = few(source);
        if is_flipped { n - k } else { k }
    }
}

fn binomial_up_to_half(n: f64, p: f64) -> impl Fn(&mut Source) -> f64 {
    let q = 1.0 - p;
    let spread = (n * p * q).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * spread;
    let log_factorial = log_factorial();
    let mode = ((n + 1.0) * p).floor();
    let at_mode = log_factorial(mode) + log_factorial(n - mode);
    let odds = (p / q).ln();
    move |source| {
        if n == 0.0 || p == 0.0 {
            return 0.0;
        }
        if let Some(cumulative) = binomial_cumulative(n, p) {
            return inverted(source.unit(), cumulative);
        }
        loop {
            let (u, v) = (source.unit() - 0.5, source.unit());
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + c).floor();
            if us >= 0.07 && v <= v_r {
                return k;
            }
            if k < 0.0 || k > n {
                continue;
            }
            let left = (v * alpha / (a / (us * us) + b)).ln();
            if left <= at_mode - log_factorial(k) - log_factorial(n - k) + (k - mode) * odds {
                return k;
            }
        }
    }
}

fn negative_binomial_cumulative(n: f64, p: f64) -> Option<impl Iterator<Item = f64>> {
    let (mean, q) = (n * (1.0 - p) / p, 1.0 - p);
    // Numbers far above the mean are likely where `p` is small.
    (p >= 0.1 && mean < 2.0 * MEAN_MAX)
        .then(|| cumulative((n * p.ln()).exp(), mean, move |k| (n + k) * q / (k + 1.0)))
}

pub(super) fn negative_binomial_table(n: f64, p: f64) -> Option<Table> {
    negative_binomial_cumulative(n, p).map(Table::new)
}

/// Inversion where few numbers are likely; Poisson numbers of gamma rates otherwise.
pub(super) fn negative_binomial(n: f64, p: f64) -> impl Fn(&mut Source) -> f64 {
    let (odds, gamma) = ((1.0 - p) / p, gamma(n));
    move |source| {
        if let Some(cumulative) = negative_binomial_cumulative(n, p) {
            return inverted(source.unit(), cumulative);
        }
        let rate = odds * gamma(source);
        poisson(rate)(source)
    }
}

pub(super) fn geometric(p: f64) -> impl Fn(u64) -> f64 + Copy {
    let scale = -(-p).ln_1p();
    move |word| (exponential(word) / scale).ceil().clamp(1.0, i64::MAX as f64)
}

/// What is found among `drawn` of `few` and `many`, where `drawn` is at most half of all and `few` at most `many`.
fn hypergeometric_cumulative(few: f64, many: f64, drawn: f64) -> Option<impl Iterator<Item = f64>> {
    const N_FACTORS_MAX: f64 = 64.0;
    let (total, most) = (few + many, few.min(drawn));
    let mean = if total > 0.0 { drawn * few / total } else { 0.0 };
    // None of the few is among the drawn, and none of the drawn among the few.
    let others = total - few.max(drawn);
    let at_zero = move || (0..most as u64).map(|at| (others - at as f64) / (total - at as f64)).product();
    let ratio = move |k: f64| (few - k) * (drawn - k) / ((k + 1.0) * (many - drawn + k + 1.0));
    (mean < MEAN_MAX && most <= N_FACTORS_MAX).then(|| cumulative(at_zero(), mean, ratio))
}

/// A sample that is larger than what is left is the rest of the latter; and few are counted, whichever they are.
struct Counted {
    few: f64,
    many: f64,
    drawn: f64,
    /// The number found is this plus or less what was counted.
    first: f64,
    is_falling: bool,
}

impl Counted {
    fn new(good: f64, bad: f64, sample: f64) -> Self {
        let drawn = sample.min(good + bad - sample);
        let (few, many) = (good.min(bad), good.max(bad));
        let (is_bad, is_rest) = (good > bad, drawn < sample);
        let first = match (is_bad, is_rest) {
            (false, false) => 0.0,
            (true, false) => drawn,
            (false, true) => good,
            (true, true) => good - drawn,
        };
        Self { few, many, drawn, first, is_falling: is_bad != is_rest }
    }
}

pub(super) fn hypergeometric_table(good: f64, bad: f64, sample: f64) -> Option<Table> {
    let Counted { few, many, drawn, first, is_falling } = Counted::new(good, bad, sample);
    let table = hypergeometric_cumulative(few, many, drawn).map(Table::new)?;
    Some(Table { first: first as i64, is_falling, ..table })
}

/// Inversion for small means; Stadlober's ratio of uniforms, HRUA* (1989), for others.
pub(super) fn hypergeometric(good: f64, bad: f64, sample: f64) -> impl Fn(&mut Source) -> f64 {
    let Counted { few, many, drawn, first, is_falling } = Counted::new(good, bad, sample);
    let total = few + many;
    let (p, q) = (few / total, many / total);
    let centre = drawn * p + 0.5;
    let variance = (total - drawn) * drawn * p * q / (total - 1.0);
    let c = (variance + 0.5).sqrt();
    let h = 1.715_527_769_921_413_5 * c + 0.898_916_162_058_898_8;
    let log_factorial = log_factorial();
    let weight = move |k: f64| {
        log_factorial(k) + log_factorial(few - k) + log_factorial(drawn - k) + log_factorial(many - drawn + k)
    };
    let at_mode = weight(((drawn + 1.0) * (few + 1.0) / (total + 2.0)).floor());
    let limit = (drawn.min(few) + 1.0).min((centre + 16.0 * c).floor());
    let counted = move |source: &mut Source| {
        if let Some(cumulative) = hypergeometric_cumulative(few, many, drawn) {
            return inverted(source.unit(), cumulative);
        }
        loop {
            let (u, v) = (source.unit(), source.unit());
            let x = centre + h * (v - 0.5) / u;
            if !(0.0..limit).contains(&x) {
                continue;
            }
            let k = x.floor();
            let t = at_mode - weight(k);
            if u * (4.0 - u) - 3.0 <= t {
                return k;
            }
            if u * (u - t) < 1.0 && 2.0 * u.ln() <= t {
                return k;
            }
        }
    };
    move |source| {
        let k = counted(source);
        if is_falling { first - k } else { first + k }
    }
}

/// Kemp's method (1981).
pub(super) fn log_series(p: f64) -> impl Fn(&mut Source) -> f64 {
    let r = (-p).ln_1p();
    move |source| loop {
        let v = source.unit();
        if v >= p {
            return 1.0;
        }
        let q = -(r * source.unit()).exp_m1();
        if v <= q * q {
            let n = (1.0 + v.ln() / q.ln()).floor();
            if n >= 1.0 && v > 0.0 {
                return n;
            }
            continue;
        }
        return if v >= q { 1.0 } else { 2.0 };
    }
}

/// Devroye (1986), X.6.1.
pub(super) fn zipf(a: f64) -> impl Fn(&mut Source) -> f64 {
    let am1 = a - 1.0;
    let b = am1.exp2();
    let low = (i64::MAX as f64).powf(-am1);
    move |source| {
        if a >= 1025.0 {
            return 1.0;
        }
        loop {
            let u = low + (1.0 - low) * (1.0 - source.unit());
            let v = source.unit();
            let x = u.powf(-1.0 / am1).floor();
            if !(1.0..9.2e18).contains(&x) {
                continue;
            }
            let t = (1.0 + 1.0 / x).powf(am1);
            if v * x * (t - 1.0) / (b - 1.0) <= t / b {
                return x;
            }
        }
    }
}

/// A whole number below `range` (any of 64 bits for 0), without bias: Lemire (2019).
#[inline]
pub(super) fn below(source: &mut Source, range: u64) -> u64 {
    if range == 0 {
        return source.word();
    }
    let mut product = u128::from(source.word()) * u128::from(range);
    if (product as u64) < range {
        let threshold = range.wrapping_neg() % range;
        while (product as u64) < threshold {
            product = u128::from(source.word()) * u128::from(range);
        }
    }
    (product >> 64) as u64
}

/// Whole numbers from `low` on, below `low + range`, of elements from `place` on, whose first words are `words`.
pub(super) fn bounded(
    (key, place): ([u64; 2], u64),
    words: &[u64],
    (low, range): (u64, u64),
    out: &mut [u64],
) {
    if range == 0 || range > u64::from(u32::MAX) {
        for ((place, out), &word) in (place..).zip(out).zip(words) {
            *out = low.wrapping_add(below(&mut Source::new(key, place, word), range));
        }
    } else if vectorized(Narrow { words, low, range, out }) {
        for ((place, out), &word) in (place..).zip(out).zip(words) {
            if word.wrapping_mul(range) < range {
                *out = low.wrapping_add(below(&mut Source::new(key, place, word), range));
            }
        }
    }
}

/// Products of words and a range of 32 bits, of which the upper 64 bits count; whether one of the others is so small that
/// its word may have to be rejected.
struct Narrow<'a> {
    words: &'a [u64],
    low: u64,
    range: u64,
    out: &'a mut [u64],
}

impl Loop for Narrow<'_> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        const HALF: u64 = u32::MAX as u64;
        let (low, range) = (self.low, self.range & HALF);
        let mut is_doubtful = false;
        for (out, &word) in self.out.iter_mut().zip(self.words) {
            let (upper, lower) = ((word >> 32) * range, (word & HALF) * range);
            let middle = upper.wrapping_add(lower >> 32);
            *out = low.wrapping_add(middle >> 32);
            is_doubtful |= (middle << 32 | lower & HALF) < range;
        }
        is_doubtful
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> impl Iterator<Item = u64> {
        (0..2000_u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).chain([u64::MAX, 0])
    }

    fn check(table: &Table, draw: impl Fn(&mut Source) -> f64) {
        for word in words() {
            assert_eq!(table.draw(word) as f64, draw(&mut Source::new([1, 2], 3, word)), "{word}");
        }
    }

    #[test]
    fn tables_give_what_inversion_gives() {
        for rate in [0.0, 1e-300, 0.3, 4.0, 9.999] {
            check(&poisson_table(rate).unwrap(), poisson(rate));
        }
        for (n, p) in [(1.0, 0.5), (20.0, 0.3), (20.0, 0.9), (1e15, 3e-15), (7.0, 1.0 - 1e-9)] {
            check(&binomial_table(n, p).unwrap(), binomial(n, p));
        }
        for (n, p) in [(6.0, 0.4), (0.3, 0.1), (1.0, 1.0), (1e6, 1.0 - 1e-5)] {
            check(&negative_binomial_table(n, p).unwrap(), negative_binomial(n, p));
        }
        for (good, bad, sample) in [
            (20.0, 30.0, 15.0),
            (30.0, 20.0, 15.0),
            (20.0, 30.0, 45.0),
            (30.0, 20.0, 45.0),
            (0.0, 0.0, 0.0),
            (3.0, 0.0, 2.0),
            (0.0, 3.0, 3.0),
            (9.0, 1e9, 1e8),
            (1e9, 40.0, 7.0),
        ] {
            let table = hypergeometric_table(good, bad, sample).unwrap();
            check(&table, hypergeometric(good, bad, sample));
            let possible = (sample - bad).max(0.0)..=good.min(sample);
            assert!(
                words().all(|word| possible.contains(&(table.draw(word) as f64))),
                "{good} {bad} {sample}"
            );
        }
    }

    #[test]
    fn logarithms_of_factorials_agree_where_the_table_ends() {
        let found = log_factorial();
        for n in [0.0, 1.0, 170.0, 1023.0, 1024.0, 1e5, 1e12] {
            let exact = libm::lgamma(n + 1.0);
            assert!((found(n) - exact).abs() <= 1e-14 * exact.max(1.0), "{n}");
        }
    }

    #[test]
    fn narrow_ranges_give_what_wide_products_give() {
        for range in [1, 3, 100, (1 << 31) + 5, u64::from(u32::MAX)] {
            // The words whose products are small are those that may be rejected.
            let words: Vec<u64> =
                words().chain((0..50_u64).map(|at| at.wrapping_mul(u64::MAX / range))).collect();
            let mut found = vec![0; words.len()];
            bounded(([1, 2], 3), &words, (7, range), &mut found);
            for ((place, found), word) in (3..).zip(found).zip(words) {
                assert_eq!(found - 7, below(&mut Source::new([1, 2], place, word), range), "{range} {word}");
            }
        }
    }
}
