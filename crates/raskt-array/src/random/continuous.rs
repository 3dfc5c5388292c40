//! Distributions on the real line.

use std::f64::consts::PI;

use super::discrete;
use super::stream::Source;
use super::ziggurat;
use crate::kernels::elementwise::exponential::ln_of_easy;

pub(super) fn standard_normal(source: &mut Source) -> f64 {
    ziggurat::normal_of(source)
}

/// A float in (0, 1).
fn open_unit(source: &mut Source) -> f64 {
    loop {
        let unit = source.unit();
        if unit > 0.0 {
            return unit;
        }
    }
}

/// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); below 1 by a power of a uniform number.
pub(super) fn gamma(source: &mut Source, shape: f64) -> f64 {
    if shape == 0.0 {
        return 0.0;
    }
    if shape == 1.0 {
        return source.exponential();
    }
    if shape < 1.0 {
        let power = open_unit(source).ln() / shape;
        return gamma(source, shape + 1.0) * power.exp();
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = standard_normal(source);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let u = source.unit();
        if u < 1.0 - 0.0331 * x.powi(4) || u.ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
            return d * v;
        }
    }
}

/// Jöhnk's method for small parameters, a ratio of gamma numbers for others.
pub(super) fn beta(source: &mut Source, a: f64, b: f64) -> f64 {
    if a > 1.0 || b > 1.0 {
        let x = gamma(source, a);
        return x / (x + gamma(source, b));
    }
    loop {
        let (u, v) = (open_unit(source), open_unit(source));
        let (x, y) = (u.powf(1.0 / a), v.powf(1.0 / b));
        if x + y > 1.0 {
            continue;
        }
        if x + y > 0.0 {
            return x / (x + y);
        }
        // Both are below the smallest float: their logarithms are not.
        let (x, y) = (u.ln() / a, v.ln() / b);
        let largest = x.max(y);
        return (x - largest - ((x - largest).exp() + (y - largest).exp()).ln()).exp();
    }
}

pub(super) fn chi_square(source: &mut Source, df: f64) -> f64 {
    2.0 * gamma(source, df / 2.0)
}

pub(super) fn noncentral_chi_square(source: &mut Source, df: f64, nonc: f64) -> f64 {
    if nonc == 0.0 {
        return chi_square(source, df);
    }
    if df > 1.0 {
        let rest = chi_square(source, df - 1.0);
        let shifted = standard_normal(source) + nonc.sqrt();
        return rest + shifted * shifted;
    }
    let n = discrete::poisson(source, nonc / 2.0);
    chi_square(source, df + 2.0 * n)
}

pub(super) fn f(source: &mut Source, dfnum: f64, dfden: f64) -> f64 {
    let over = chi_square(source, dfnum) * dfden;
    over / (chi_square(source, dfden) * dfnum)
}

pub(super) fn noncentral_f(source: &mut Source, dfnum: f64, dfden: f64, nonc: f64) -> f64 {
    let over = noncentral_chi_square(source, dfnum, nonc) * dfden;
    over / (chi_square(source, dfden) * dfnum)
}

pub(super) fn student_t(source: &mut Source, df: f64) -> f64 {
    let x = standard_normal(source);
    (df / 2.0).sqrt() * x / gamma(source, df / 2.0).sqrt()
}

pub(super) fn laplace(source: &mut Source, loc: f64, scale: f64) -> f64 {
    let u = open_unit(source);
    if u >= 0.5 { loc - scale * ln_of_easy(2.0 - u - u) } else { loc + scale * ln_of_easy(u + u) }
}

pub(super) fn logistic(source: &mut Source, loc: f64, scale: f64) -> f64 {
    let u = open_unit(source);
    loc + scale * ln_of_easy(u / (1.0 - u))
}

pub(super) fn gumbel(source: &mut Source, loc: f64, scale: f64) -> f64 {
    let u = 1.0 - open_unit(source);
    loc - scale * ln_of_easy(-ln_of_easy(u))
}

pub(super) fn triangular(source: &mut Source, left: f64, mode: f64, right: f64) -> f64 {
    let (base, left_base) = (right - left, mode - left);
    let u = source.unit();
    if u <= left_base / base {
        left + (u * left_base * base).sqrt()
    } else {
        right - ((1.0 - u) * (right - mode) * base).sqrt()
    }
}

/// Michael, Schucany and Haas (1976).
pub(super) fn wald(source: &mut Source, mean: f64, scale: f64) -> f64 {
    let z = standard_normal(source);
    let y = mean * z * z;
    let x = mean + mean * (y - (4.0 * scale * y + y * y).sqrt()) / (2.0 * scale);
    if source.unit() <= mean / (mean + x) { x } else { mean * mean / x }
}

/// Best and Fisher (1979); nearly uniform and nearly normal at the ends.
pub(super) fn von_mises(source: &mut Source, mu: f64, kappa: f64) -> f64 {
    if kappa.is_nan() {
        return f64::NAN;
    }
    if kappa < 1e-8 {
        return PI * (2.0 * source.unit() - 1.0);
    }
    let wrap = |angle: f64| (angle + PI).rem_euclid(2.0 * PI) - PI;
    if kappa > 1e6 {
        return wrap(mu + (1.0 / kappa).sqrt() * standard_normal(source));
    }
    let s = if kappa < 1e-5 {
        1.0 / kappa + kappa
    } else {
        let r = 1.0 + (1.0 + 4.0 * kappa * kappa).sqrt();
        let rho = (r - (2.0 * r).sqrt()) / (2.0 * kappa);
        (1.0 + rho * rho) / (2.0 * rho)
    };
    let w = loop {
        let z = (PI * source.unit()).cos();
        let w = (1.0 + s * z) / (s + z);
        let y = kappa * (s - w);
        let v = open_unit(source);
        if y * (2.0 - y) - v >= 0.0 || (y / v).ln() + 1.0 - y >= 0.0 {
            break w;
        }
    };
    let angle = w.acos();
    wrap(if source.unit() < 0.5 { mu - angle } else { mu + angle })
}
