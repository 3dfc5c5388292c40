//! Distributions of whole numbers.

use super::continuous::gamma;
use super::stream::{Source, unit};

fn log_factorial(n: f64) -> f64 {
    libm::lgamma(n + 1.0)
}

/// Numbers of smaller rates are found by inversion.
pub(super) const RATE_OF_TABLES_MAX: f64 = 10.0;

/// The probabilities that a Poisson number is 0, at most 1, at most 2 ..., as far as floats tell them from each other.
fn cumulative(rate: f64) -> impl Iterator<Item = f64> {
    let (mut n, mut probability, mut sum) = (0.0, (-rate).exp(), 0.0);
    std::iter::from_fn(move || {
        let next = sum + probability;
        if next == sum && n > rate {
            return None;
        }
        sum = next;
        n += 1.0;
        probability *= rate / n;
        Some(sum)
    })
}

/// Poisson numbers of one small rate, by inversion: the first number whose cumulative probability is above a uniform one.
pub(super) struct PoissonTable {
    cumulative: Vec<f64>,
    /// Where to begin, by the leading byte of a word.
    guide: [u8; 256],
}

impl PoissonTable {
    pub fn new(rate: f64) -> Self {
        let cumulative: Vec<f64> = cumulative(rate).collect();
        let first = |least: f64| cumulative.iter().take_while(|&&sum| sum <= least).count();
        let last = cumulative.len().saturating_sub(1);
        let guide = std::array::from_fn(|byte| first(byte as f64 / 256.0).min(last) as u8);
        Self { cumulative, guide }
    }

    /// The number that a word stands for.
    #[inline]
    pub fn draw(&self, word: u64) -> i64 {
        let (u, last) = (unit(word), self.cumulative.len() - 1);
        let mut n = usize::from(self.guide[(word >> 56) as usize]);
        while n < last && u >= self.cumulative[n] {
            n += 1;
        }
        n as i64
    }
}

/// Inversion for small rates; Hörmann's transformed rejection, PTRS (1993), for others.
pub(super) fn poisson(source: &mut Source, rate: f64) -> f64 {
    if rate < RATE_OF_TABLES_MAX {
        let u = source.unit();
        let mut n = 0.0;
        let mut sums = cumulative(rate).peekable();
        while let Some(sum) = sums.next() {
            if u < sum || sums.peek().is_none() {
                break;
            }
            n += 1.0;
        }
        return n;
    }
    let b = 0.931 + 2.53 * rate.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let v_r = 0.9277 - 3.6224 / (b - 2.0);
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
        let left = v.ln() + inverse_alpha.ln() - (a / (us * us) + b).ln();
        if left <= k * rate.ln() - rate - log_factorial(k) {
            return k;
        }
    }
}

/// Inversion for small means; Hörmann's transformed rejection, BTRS (1993), for others.
pub(super) fn binomial(source: &mut Source, n: f64, p: f64) -> f64 {
    if n == 0.0 || p == 0.0 {
        return 0.0;
    }
    if p > 0.5 {
        return n - binomial(source, n, 1.0 - p);
    }
    if n * p < 10.0 { binomial_by_inversion(source, n, p) } else { binomial_by_rejection(source, n, p) }
}

fn binomial_by_inversion(source: &mut Source, n: f64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let at_zero = (n * (-p).ln_1p()).exp();
    let most = n.min(n * p + 20.0 * (n * p * (1.0 - p) + 1.0).sqrt()).floor();
    loop {
        let (mut k, mut probability, mut u) = (0.0, at_zero, source.unit());
        while u > probability && k <= most {
            u -= probability;
            k += 1.0;
            probability *= (n - k + 1.0) * odds / k;
        }
        // Beyond what rounding leaves of the tail: again.
        if k <= most {
            return k;
        }
    }
}

fn binomial_by_rejection(source: &mut Source, n: f64, p: f64) -> f64 {
    let q = 1.0 - p;
    let spread = (n * p * q).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * spread;
    let mode = ((n + 1.0) * p).floor();
    let at_mode = log_factorial(mode) + log_factorial(n - mode);
    let odds = (p / q).ln();
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

pub(super) fn negative_binomial(source: &mut Source, n: f64, p: f64) -> f64 {
    let rate = (1.0 - p) / p * gamma(source, n);
    poisson(source, rate)
}

pub(super) fn geometric(source: &mut Source, p: f64) -> f64 {
    if p == 1.0 {
        return 1.0;
    }
    (source.exponential() / -(-p).ln_1p()).ceil().clamp(1.0, i64::MAX as f64)
}

/// One after the other for small samples; Stadlober's ratio of uniforms, HRUA* (1989), for others.
pub(super) fn hypergeometric(source: &mut Source, good: f64, bad: f64, sample: f64) -> f64 {
    let total = good + bad;
    let drawn = sample.min(total - sample);
    let found = if drawn < 10.0 {
        let (mut left, mut of_good, mut n_good) = (total, good, 0.0);
        for _ in 0..drawn as u64 {
            if source.unit() * left < of_good {
                of_good -= 1.0;
                n_good += 1.0;
            }
            left -= 1.0;
        }
        n_good
    } else {
        let (few, many) = (good.min(bad), good.max(bad));
        let n = hypergeometric_few(source, few, many, drawn);
        if good > bad { drawn - n } else { n }
    };
    if drawn < sample { good - found } else { found }
}

fn hypergeometric_few(source: &mut Source, few: f64, many: f64, drawn: f64) -> f64 {
    let total = few + many;
    let (p, q) = (few / total, many / total);
    let centre = drawn * p + 0.5;
    let variance = (total - drawn) * drawn * p * q / (total - 1.0);
    let c = (variance + 0.5).sqrt();
    let h = 1.715_527_769_921_413_5 * c + 0.898_916_162_058_898_8;
    let weight = |k: f64| {
        log_factorial(k) + log_factorial(few - k) + log_factorial(drawn - k) + log_factorial(many - drawn + k)
    };
    let at_mode = weight(((drawn + 1.0) * (few + 1.0) / (total + 2.0)).floor());
    let limit = (drawn.min(few) + 1.0).min((centre + 16.0 * c).floor());
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
}

/// Kemp's method (1981).
pub(super) fn log_series(source: &mut Source, p: f64) -> f64 {
    let r = (-p).ln_1p();
    loop {
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
pub(super) fn zipf(source: &mut Source, a: f64) -> f64 {
    if a >= 1025.0 {
        return 1.0;
    }
    let am1 = a - 1.0;
    let b = am1.exp2();
    let low = (i64::MAX as f64).powf(-am1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_give_what_inversion_gives() {
        for rate in [0.0, 1e-300, 0.3, 4.0, 9.999] {
            let table = PoissonTable::new(rate);
            let words = (0..2000_u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).chain([u64::MAX, 0]);
            for word in words {
                let found = table.draw(word) as f64;
                assert_eq!(found, poisson(&mut Source::new([1, 2], 3, word), rate), "{rate} {word}");
            }
        }
    }
}
