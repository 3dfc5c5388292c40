//! The exponential function and the logarithm of `f64`, many at a time.
//!
//! The methods are those of fdlibm (Sun Microsystems, 1993), without branches, so that the loops vectorise; both are
//! within one unit in the last place. There is no fused multiplication in them: results are the same on any processor.
//! Numbers for which they do not hold (not finite, below zero, results that overflow or are subnormal) go to the
//! platform's functions, which also set the processor's flags.

#![allow(clippy::excessive_precision, reason = "constants as they were published")]

use crate::kernels::simd::{Loop, Map1, vectorized_widely};

const LN_2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;

/// Its last bits are those of the whole number that was added to it.
const WHOLE: f64 = 6_755_399_441_055_744.0;

/// The bits of a number as an integer of its sign, which orders positive numbers as they are. To compare floats would
/// raise the processor's flag for invalid numbers where one is NaN.
#[inline(always)]
const fn ordered_bits(number: f64) -> i64 {
    number.to_bits().cast_signed()
}

/// `dst[i] = exp(a[i])`.
pub(super) fn exp(dst: &mut [f64], a: &[f64]) {
    const LARGEST: i64 = ordered_bits(708.0);
    easy_or_not(dst, a, |a| ordered_bits(a.abs()) <= LARGEST, exp_of_easy, f64::exp);
}

/// `dst[i] = ln(a[i])`.
pub(crate) fn ln(dst: &mut [f64], a: &[f64]) {
    const NORMAL: std::ops::RangeInclusive<i64> = ordered_bits(f64::MIN_POSITIVE)..=ordered_bits(f64::MAX);
    easy_or_not(dst, a, |a| NORMAL.contains(&ordered_bits(a)), ln_of_easy, f64::ln);
}

/// Elements that are looked at together where not all of a tile are easy.
const N_TOGETHER: usize = 16;

fn easy_or_not(
    dst: &mut [f64],
    a: &[f64],
    is_easy: impl Fn(f64) -> bool + Copy,
    easy: impl Fn(f64) -> f64 + Copy,
    any: fn(f64) -> f64,
) {
    if vectorized_widely(All { a, holds: is_easy }) {
        return vectorized_widely(Map1 { dst, a, f: easy });
    }
    for (dst, a) in dst.chunks_mut(N_TOGETHER).zip(a.chunks(N_TOGETHER)) {
        match a.iter().all(|&a| is_easy(a)) {
            true => vectorized_widely(Map1 { dst, a, f: easy }),
            // What is found for a number does not depend on those beside it.
            false => {
                dst.iter_mut().zip(a).for_each(|(out, &a)| *out = if is_easy(a) { easy(a) } else { any(a) });
            }
        }
    }
}

/// Whether something holds for all.
struct All<'a, F> {
    a: &'a [f64],
    holds: F,
}

impl<F: Fn(f64) -> bool> Loop for All<'_, F> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        self.a.iter().fold(true, |all, &a| all & (self.holds)(a))
    }
}

/// `exp(x) = 2^n exp(r)` with `|r| <= ln(2) / 2`: the latter less 1, and `n` in the last bits of a float. The series of
/// what is left out is below 2⁻⁵⁷.
#[inline(always)]
fn exp_m1_parts(x: f64) -> (f64, u64) {
    let shifted = x * std::f64::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let rest = r * (1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0));
    let rest = r * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0 + rest));
    let rest = r * (1.0 / 40_320.0 + r * (1.0 / 362_880.0 + rest));
    let rest = r * (1.0 / 720.0 + r * (1.0 / 5_040.0 + rest));
    let rest = r * (1.0 / 24.0 + r * (1.0 / 120.0 + rest));
    let rest = 0.5 + r * (1.0 / 6.0 + rest);
    (r + r * r * rest, shifted.to_bits())
}

/// `2^n x`, where that is a normal number.
#[inline(always)]
fn scaled(x: f64, n: u64) -> f64 {
    f64::from_bits(x.to_bits().wrapping_add(n << 52))
}

#[inline(always)]
fn exp_of_easy(x: f64) -> f64 {
    let (less_1, n) = exp_m1_parts(x);
    scaled(1.0 + less_1, n)
}

/// The exponential function of any number but NaN, to a few units in the last place: the square of that of the half.
#[inline(always)]
pub(crate) fn exp_of_any(x: f64) -> f64 {
    let root = exp_of_easy((0.5 * x).clamp(-700.0, 700.0));
    root * root
}

/// `exp(x) - 1` for `x >= 0`, to a few units in the last place, close to zero too.
#[inline(always)]
pub(crate) fn exp_m1_of_positive(x: f64) -> f64 {
    let (less_1, n) = exp_m1_parts((0.5 * x).min(700.0));
    let power = scaled(1.0, n);
    let of_half = power * less_1 + (power - 1.0);
    of_half * (of_half + 2.0)
}

/// `ln(x) = k ln(2) + ln(1 + f)` with `1 + f` between the roots of 1/2 and of 2; `s = f / (2 + f)`, in which the rest is
/// a series of even powers. For positive normal numbers.
#[inline(always)]
pub(crate) fn ln_of_easy(x: f64) -> f64 {
    const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 1.0_f64.to_bits();
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    let exponent = (x.to_bits() + (ONE - ROOT_OF_HALF)) >> 52;
    let f = f64::from_bits(x.to_bits() + ONE - (exponent << 52)) - 1.0;
    let k = f64::from_bits(TWO_52.to_bits() | exponent) - (TWO_52 + 1023.0);
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w
        * (3.999_999_999_940_941_908e-1
            + w * (2.222_219_843_214_978_396e-1 + w * 1.531_383_769_920_937_332e-1));
    let odd = z
        * (6.666_666_666_666_735_130e-1
            + w * (2.857_142_874_366_239_149e-1
                + w * (1.818_357_216_161_805_012e-1 + w * 1.479_819_860_511_658_591e-1)));
    let half_square = 0.5 * f * f;
    s * (half_square + (odd + even)) + k * LN_2_LOW - half_square + f + k * LN_2_HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many floats lie between two numbers of one sign.
    fn n_between(a: f64, b: f64) -> u64 {
        if a == b || (a.is_nan() && b.is_nan()) { 0 } else { a.to_bits().abs_diff(b.to_bits()) }
    }

    fn check(f: fn(&mut [f64], &[f64]), exact: fn(f64) -> f64, a: &[f64]) {
        let mut found = vec![0.0; a.len()];
        f(&mut found, a);
        for (&found, &a) in found.iter().zip(a) {
            assert!(n_between(found, exact(a)) <= 1, "{found:e} instead of {:e} for {a:e}", exact(a));
        }
    }

    const ODD: [f64; 14] = [
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        -1.0,
        5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        709.9,
        -708.5,
        -745.0,
        708.0,
        -708.0,
    ];

    #[test]
    fn odd_numbers_give_what_the_platforms_functions_give() {
        for n in [1, 15, 16, 40] {
            for (at, odd) in ODD.into_iter().enumerate() {
                let mut a = vec![1.5; n];
                a[at % n] = odd;
                check(exp, f64::exp, &a);
                check(ln, f64::ln, &a);
            }
        }
    }

    #[test]
    fn those_of_random_numbers_reach_the_ends() {
        assert_eq!((exp_of_any(-1e300), exp_of_any(f64::INFINITY)), (0.0, f64::INFINITY));
        assert_eq!((exp_m1_of_positive(0.0), exp_m1_of_positive(1e4)), (0.0, f64::INFINITY));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn those_of_random_numbers_are_close(x in -745.0_f64..709.0, small in 0.0_f64..1e-3) {
            for (found, exact) in [
                (exp_of_any(x), x.exp()),
                (exp_m1_of_positive(x.abs()), x.abs().exp_m1()),
                (exp_m1_of_positive(small), small.exp_m1()),
            ] {
                assert!(n_between(found, exact) <= 4, "{found:e} instead of {exact:e}");
            }
        }

        #[test]
        fn they_are_within_one_unit_in_the_last_place(
            near in prop::collection::vec(-3.0_f64..3.0, 1..50),
            far in prop::collection::vec(-745.0_f64..710.0, 1..50),
            bits in prop::collection::vec(any::<u64>(), 1..50),
        ) {
            check(exp, f64::exp, &near);
            check(exp, f64::exp, &far);
            let positive: Vec<f64> = near.iter().map(|a| a.abs()).collect();
            check(ln, f64::ln, &positive);
            let any: Vec<f64> = bits.into_iter().map(f64::from_bits).collect();
            check(ln, f64::ln, &any);
            check(exp, f64::exp, &any);
        }
    }
}
