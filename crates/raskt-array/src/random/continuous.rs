//! Distributions on the real line: what draws a number, given the parameters.

use std::f64::consts::PI;

use super::discrete;
use super::stream::{Source, exponential, open_unit, unit};
use super::ziggurat::{self, Layers};
use crate::kernels::elementwise::exponential::{exp_m1_of_positive, exp_of_any, ln_of_easy};

fn layers() -> &'static Layers {
    &ziggurat::LAYERS
}

pub(super) fn normal(loc: f64, scale: f64) -> impl Fn(&mut Source) -> f64 {
    let layers = layers();
    move |source| loc + scale * ziggurat::normal_of(layers, source)
}

pub(super) fn lognormal(mean: f64, sigma: f64) -> impl Fn(&mut Source) -> f64 {
    let exponent = normal(mean, sigma);
    move |source| exponent(source).exp()
}

pub(super) fn cauchy() -> impl Fn(&mut Source) -> f64 {
    let layers = layers();
    move |source| ziggurat::normal_of(layers, source) / ziggurat::normal_of(layers, source)
}

/// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); below 1 by a power of a uniform number.
pub(super) fn gamma(shape: f64) -> impl Fn(&mut Source) -> f64 + Copy {
    let layers = layers();
    let d = if shape < 1.0 { shape + 1.0 } else { shape } - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    move |source| {
        if shape == 0.0 {
            return 0.0;
        }
        if shape == 1.0 {
            return source.exponential();
        }
        let below_one = if shape < 1.0 { (ln_of_easy(open_unit(source.word())) / shape).exp() } else { 1.0 };
        loop {
            let x = ziggurat::normal_of(layers, source);
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let (v, square) = (root * root * root, x * x);
            let u = source.unit();
            if u < 1.0 - 0.0331 * square * square || u.ln() < 0.5 * square + d * (1.0 - v + v.ln()) {
                return d * v * below_one;
            }
        }
    }
}

/// Jöhnk's method for small parameters, a ratio of gamma numbers for others.
pub(super) fn beta(a: f64, b: f64) -> impl Fn(&mut Source) -> f64 {
    let (of_a, of_b) = (gamma(a), gamma(b));
    move |source| {
        if a > 1.0 || b > 1.0 {
            let x = of_a(source);
            return x / (x + of_b(source));
        }
        loop {
            let log_x = ln_of_easy(open_unit(source.word())) / a;
            let log_y = ln_of_easy(open_unit(source.word())) / b;
            let (x, y) = (log_x.exp(), log_y.exp());
            if x + y > 1.0 {
                continue;
            }
            if x + y > 0.0 {
                return x / (x + y);
            }
            // Both are below the smallest float: their logarithms are not.
            return 1.0 / (1.0 + (log_y - log_x).exp());
        }
    }
}

pub(super) fn chi_square(df: f64) -> impl Fn(&mut Source) -> f64 + Copy {
    let half = gamma(df / 2.0);
    move |source| 2.0 * half(source)
}

pub(super) fn noncentral_chi_square(df: f64, nonc: f64) -> impl Fn(&mut Source) -> f64 {
    let (central, rest) = (chi_square(df), chi_square(if df > 1.0 { df - 1.0 } else { df }));
    let (shift, layers) = (nonc.sqrt(), layers());
    move |source| {
        if nonc == 0.0 {
            return central(source);
        }
        if df > 1.0 {
            let rest = rest(source);
            let shifted = ziggurat::normal_of(layers, source) + shift;
            return rest + shifted * shifted;
        }
        let n = discrete::poisson(nonc / 2.0)(source);
        chi_square(df + 2.0 * n)(source)
    }
}

pub(super) fn f(dfnum: f64, dfden: f64) -> impl Fn(&mut Source) -> f64 {
    let (over, under) = (chi_square(dfnum), chi_square(dfden));
    move |source| {
        let over = over(source) * dfden;
        over / (under(source) * dfnum)
    }
}

pub(super) fn noncentral_f(dfnum: f64, dfden: f64, nonc: f64) -> impl Fn(&mut Source) -> f64 {
    let (over, under) = (noncentral_chi_square(dfnum, nonc), chi_square(dfden));
    move |source| {
        let over = over(source) * dfden;
        over / (under(source) * dfnum)
    }
}

pub(super) fn student_t(df: f64) -> impl Fn(&mut Source) -> f64 {
    let (scale, half, layers) = ((df / 2.0).sqrt(), gamma(df / 2.0), layers());
    move |source| {
        let x = ziggurat::normal_of(layers, source);
        scale * x / half(source).sqrt()
    }
}

pub(super) fn laplace(loc: f64, scale: f64) -> impl Fn(u64) -> f64 + Copy {
    move |word| {
        let u = open_unit(word);
        let distance = scale * ln_of_easy((u + u).min(2.0 - u - u));
        loc + distance.copysign(u - 0.5)
    }
}

pub(super) fn logistic(loc: f64, scale: f64) -> impl Fn(u64) -> f64 + Copy {
    move |word| {
        let u = open_unit(word);
        loc + scale * ln_of_easy(u / (1.0 - u))
    }
}

pub(super) fn gumbel(loc: f64, scale: f64) -> impl Fn(u64) -> f64 + Copy {
    move |word| loc - scale * ln_of_easy(open_exponential(word))
}

pub(super) fn rayleigh(scale: f64) -> impl Fn(u64) -> f64 + Copy {
    move |word| scale * (2.0 * exponential(word)).sqrt()
}

pub(super) fn pareto(a: f64) -> impl Fn(u64) -> f64 + Copy {
    move |word| exp_m1_of_positive(exponential(word) / a)
}

/// A logarithm, and what becomes of it.
pub(super) fn weibull(a: f64) -> (impl Fn(u64) -> f64 + Copy, impl Fn(f64) -> f64 + Copy) {
    let (scale, a) = if a == 0.0 { (0.0, 1.0) } else { (1.0, a) };
    (|word| ln_of_easy(open_exponential(word)), move |ln| scale * exp_of_any(ln / a))
}

/// A logarithm, and what becomes of it.
pub(super) fn power(a: f64) -> (impl Fn(u64) -> f64 + Copy, impl Fn(f64) -> f64 + Copy) {
    (|word| ln_of_easy(open_unit(word)), move |ln| exp_of_any(ln / a))
}

pub(super) fn triangular(left: f64, mode: f64, right: f64) -> impl Fn(u64) -> f64 + Copy {
    let (base, left_base, right_base) = (right - left, mode - left, right - mode);
    let at_mode = left_base / base;
    move |word| {
        let u = unit(word);
        if u <= at_mode {
            left + (u * left_base * base).sqrt()
        } else {
            right - ((1.0 - u) * right_base * base).sqrt()
        }
    }
}

/// A standard exponential number that is not zero.
#[inline(always)]
fn open_exponential(word: u64) -> f64 {
    0.0 - ln_of_easy(open_unit(word))
}

/// Michael, Schucany and Haas (1976).
pub(super) fn wald(mean: f64, scale: f64) -> impl Fn(&mut Source) -> f64 {
    let layers = layers();
    move |source| {
        let z = ziggurat::normal_of(layers, source);
        let y = mean * z * z;
        let x = mean + mean * (y - (4.0 * scale * y + y * y).sqrt()) / (2.0 * scale);
        if source.unit() <= mean / (mean + x) { x } else { mean * mean / x }
    }
}

/// Best and Fisher (1979); nearly uniform and nearly normal at the ends.
pub(super) fn von_mises(mu: f64, kappa: f64) -> impl Fn(&mut Source) -> f64 {
    let s = if kappa < 1e-5 {
        1.0 / kappa + kappa
    } else {
        let r = 1.0 + (1.0 + 4.0 * kappa * kappa).sqrt();
        let rho = (r - (2.0 * r).sqrt()) / (2.0 * kappa);
        (1.0 + rho * rho) / (2.0 * rho)
    };
    let wrap = |angle: f64| (angle + PI).rem_euclid(2.0 * PI) - PI;
    let layers = layers();
    move |source| {
        if kappa.is_nan() {
            return f64::NAN;
        }
        if kappa < 1e-8 {
            return PI * (2.0 * source.unit() - 1.0);
        }
        if kappa > 1e6 {
            return wrap(mu + (1.0 / kappa).sqrt() * ziggurat::normal_of(layers, source));
        }
        loop {
            let word = source.word();
            let z = (PI * unit(word)).cos();
            let w = (1.0 + s * z) / (s + z);
            let y = kappa * (s - w);
            let v = open_unit(source.word());
            if y * (2.0 - y) - v >= 0.0 || (y / v).ln() + 1.0 - y >= 0.0 {
                // The sign is a bit of the word that the float has no room for.
                let angle = w.clamp(-1.0, 1.0).acos();
                return wrap(if word & 1 == 0 { mu - angle } else { mu + angle });
            }
        }
    }
}
