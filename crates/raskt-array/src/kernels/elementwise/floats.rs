//! Ufuncs of floats, after NumPy's definitions of the corner cases.

use bytemuck::{cast_slice, cast_slice_mut};

use super::exponential;
use super::integers::{logical, ordered};
use super::tile::{TileFn, call1, call2, each1, each2, map1, map2, run1};
use crate::kernels::element::{Boolean, Element};
use crate::types::Ufunc;

/// What `f32` and `f64` have in common.
pub(crate) trait Real: Element + PartialOrd {
    /// The loops of the two functions that most others are made of.
    const EXP: TileFn;
    const LN: TileFn;
    fn of(value: f64) -> Self;
    fn is_inf(self) -> bool;
    fn is_fin(self) -> bool;
    fn has_sign(self) -> bool;
    fn neg(self) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    fn rest(self, other: Self) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    fn rint(self) -> Self;
    fn copysign(self, sign: Self) -> Self;
    fn exp(self) -> Self;
    fn exp2(self) -> Self;
    fn exp_m1(self) -> Self;
    fn log2(self) -> Self;
    fn log10(self) -> Self;
    fn ln_1p(self) -> Self;
    fn cbrt(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    fn atan2(self, x: Self) -> Self;
    fn hypot(self, other: Self) -> Self;
    fn powf(self, exponent: Self) -> Self;
    /// The neighbour in the direction of `to`.
    fn next_after(self, to: Self) -> Self;
    /// The distance to the next number away from zero.
    fn spacing(self) -> Self;
}

macro_rules! reals {
    ($($T:ident $exp:expr, $ln:expr, $asinh:path, $acosh:path, $atanh:path;)*) => {$(
        impl Real for $T {
            const EXP: TileFn = $exp;
            const LN: TileFn = $ln;

            #[inline(always)]
            fn of(value: f64) -> Self { value as $T }
            #[inline(always)]
            fn is_inf(self) -> bool { self.is_infinite() }
            #[inline(always)]
            fn is_fin(self) -> bool { self.is_finite() }
            #[inline(always)]
            fn has_sign(self) -> bool { self.is_sign_negative() }
            #[inline(always)]
            fn neg(self) -> Self { -self }
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self + other }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self - other }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self * other }
            #[inline(always)]
            fn over(self, other: Self) -> Self { self / other }
            #[inline(always)]
            fn rest(self, other: Self) -> Self { self % other }
            #[inline(always)]
            fn abs(self) -> Self { $T::abs(self) }
            #[inline(always)]
            fn sqrt(self) -> Self { $T::sqrt(self) }
            #[inline(always)]
            fn floor(self) -> Self { $T::floor(self) }
            #[inline(always)]
            fn ceil(self) -> Self { $T::ceil(self) }
            #[inline(always)]
            fn trunc(self) -> Self { $T::trunc(self) }
            #[inline(always)]
            fn rint(self) -> Self { self.round_ties_even() }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self { $T::copysign(self, sign) }
            fn exp(self) -> Self { $T::exp(self) }
            fn exp2(self) -> Self { $T::exp2(self) }
            fn exp_m1(self) -> Self { $T::exp_m1(self) }
            fn log2(self) -> Self { $T::log2(self) }
            fn log10(self) -> Self { $T::log10(self) }
            fn ln_1p(self) -> Self { $T::ln_1p(self) }
            fn cbrt(self) -> Self { $T::cbrt(self) }
            fn sin(self) -> Self { $T::sin(self) }
            fn cos(self) -> Self { $T::cos(self) }
            fn tan(self) -> Self { $T::tan(self) }
            fn asin(self) -> Self { $T::asin(self) }
            fn acos(self) -> Self { $T::acos(self) }
            fn atan(self) -> Self { $T::atan(self) }
            fn sinh(self) -> Self { $T::sinh(self) }
            fn cosh(self) -> Self { $T::cosh(self) }
            fn tanh(self) -> Self { $T::tanh(self) }
            // The standard library's own formulas lose digits near zero and one.
            fn asinh(self) -> Self { $asinh(self) }
            // libm's shorter one is wrong for less than -1.
            fn acosh(self) -> Self { if self < 1.0 { Self::NAN } else { $acosh(self) } }
            fn atanh(self) -> Self { $atanh(self) }
            fn atan2(self, x: Self) -> Self { $T::atan2(self, x) }
            fn hypot(self, other: Self) -> Self { $T::hypot(self, other) }
            fn powf(self, exponent: Self) -> Self { $T::powf(self, exponent) }

            fn next_after(self, to: Self) -> Self {
                if self.is_nan() || to.is_nan() {
                    $T::NAN
                } else if self < to {
                    self.next_up()
                } else if self > to {
                    self.next_down()
                } else {
                    to
                }
            }

            fn spacing(self) -> Self {
                match self {
                    x if x.is_nan() || x.is_infinite() => $T::NAN,
                    x if x.is_sign_negative() && x != 0.0 => x.next_down() - x,
                    x => x.next_up() - x,
                }
            }
        }
    )*};
}

reals! {
    f32 |dst, args| each1::<f32, f32>(dst, args, f32::exp), |dst, args| each1::<f32, f32>(dst, args, f32::ln),
        libm::asinhf, libm::acoshf, libm::atanhf;
    f64 |dst, args| exponential::exp(cast_slice_mut(dst), cast_slice(args[0])),
        |dst, args| exponential::ln(cast_slice_mut(dst), cast_slice(args[0])),
        libm::asinh, libm::acosh, libm::atanh;
}

/// The loop of `ufunc` over `T`.
pub(super) fn lookup<T: Real>(ufunc: Ufunc) -> Option<TileFn> {
    arithmetic::<T>(ufunc)
        .or_else(|| rounding::<T>(ufunc))
        .or_else(|| functions::<T>(ufunc))
        .or_else(|| ordered::<T>(ufunc))
        .or_else(|| logical::<T>(ufunc))
}

fn arithmetic<T: Real>(ufunc: Ufunc) -> Option<TileFn> {
    use Ufunc as U;
    match ufunc {
        U::Add => map2!(T, T => T, |a, b| a.plus(b)),
        U::Subtract => map2!(T, T => T, |a, b| a.minus(b)),
        U::Multiply => map2!(T, T => T, |a, b| a.times(b)),
        U::Divide => map2!(T, T => T, |a, b| a.over(b)),
        U::FloorDivide => call2!(T, T => T, floor_divide),
        U::Remainder => call2!(T, T => T, remainder),
        U::Fmod => call2!(T, T => T, |a, b| a.rest(b)),
        U::Power | U::FloatPower => Some(power::<T>),
        U::Maximum => map2!(T, T => T, |a, b| if a >= b || Element::is_nan(a) { a } else { b }),
        U::Minimum => map2!(T, T => T, |a, b| if a <= b || Element::is_nan(a) { a } else { b }),
        U::Fmax => map2!(T, T => T, |a, b| if a >= b || Element::is_nan(b) { a } else { b }),
        U::Fmin => map2!(T, T => T, |a, b| if a <= b || Element::is_nan(b) { a } else { b }),
        U::Copysign => map2!(T, T => T, |a, b| a.copysign(b)),
        U::Negative => map1!(T => T, |a| a.neg()),
        U::Absolute | U::Fabs => map1!(T => T, |a| a.abs()),
        U::Square => map1!(T => T, |a| a.times(a)),
        U::Sqrt => map1!(T => T, |a| a.sqrt()),
        U::Reciprocal => map1!(T => T, |a| T::of(1.0).over(a)),
        U::Positive | U::Conjugate => map1!(T => T, |a| a),
        _ => None,
    }
}

fn rounding<T: Real>(ufunc: Ufunc) -> Option<TileFn> {
    use Ufunc as U;
    match ufunc {
        U::Floor => map1!(T => T, |a| a.floor()),
        U::Ceil => map1!(T => T, |a| a.ceil()),
        U::Trunc => map1!(T => T, |a| a.trunc()),
        U::Rint => map1!(T => T, |a| a.rint()),
        U::Sign => map1!(T => T, sign),
        U::Heaviside => map2!(T, T => T, heaviside),
        U::Isnan => map1!(T => Boolean, |a| Element::is_nan(a).into()),
        U::Isinf => map1!(T => Boolean, |a| a.is_inf().into()),
        U::Isfinite => map1!(T => Boolean, |a| a.is_fin().into()),
        U::Signbit => map1!(T => Boolean, |a| a.has_sign().into()),
        U::Nextafter => call2!(T, T => T, |a, b| a.next_after(b)),
        U::Spacing => call1!(T => T, |a| a.spacing()),
        U::Degrees | U::Rad2deg => map1!(T => T, |a| a.times(T::of(180.0 / std::f64::consts::PI))),
        U::Radians | U::Deg2rad => map1!(T => T, |a| a.times(T::of(std::f64::consts::PI / 180.0))),
        _ => None,
    }
}

fn functions<T: Real>(ufunc: Ufunc) -> Option<TileFn> {
    use Ufunc as U;
    match ufunc {
        U::Exp => Some(T::EXP),
        U::Exp2 => call1!(T => T, |a| a.exp2()),
        U::Expm1 => call1!(T => T, |a| a.exp_m1()),
        U::Log => Some(T::LN),
        U::Log2 => call1!(T => T, |a| a.log2()),
        U::Log10 => call1!(T => T, |a| a.log10()),
        U::Log1p => call1!(T => T, |a| a.ln_1p()),
        U::Cbrt => call1!(T => T, |a| a.cbrt()),
        U::Sin => call1!(T => T, |a| a.sin()),
        U::Cos => call1!(T => T, |a| a.cos()),
        U::Tan => call1!(T => T, |a| a.tan()),
        U::Arcsin => call1!(T => T, |a| a.asin()),
        U::Arccos => call1!(T => T, |a| a.acos()),
        U::Arctan => call1!(T => T, |a| a.atan()),
        U::Sinh => call1!(T => T, |a| a.sinh()),
        U::Cosh => call1!(T => T, |a| a.cosh()),
        U::Tanh => call1!(T => T, |a| a.tanh()),
        U::Arcsinh => call1!(T => T, |a| a.asinh()),
        U::Arccosh => call1!(T => T, |a| a.acosh()),
        U::Arctanh => call1!(T => T, |a| a.atanh()),
        U::Arctan2 => call2!(T, T => T, |a, b| a.atan2(b)),
        U::Hypot => call2!(T, T => T, |a, b| a.hypot(b)),
        U::Logaddexp => call2!(T, T => T, log_add_exp),
        U::Logaddexp2 => call2!(T, T => T, log_add_exp2),
        _ => None,
    }
}

#[inline(always)]
fn sign<T: Real>(a: T) -> T {
    let zero = T::default();
    if a > zero {
        T::of(1.0)
    } else if a < zero {
        T::of(-1.0)
    } else if a == zero {
        zero
    } else {
        a
    }
}

#[inline(always)]
fn heaviside<T: Real>(a: T, at_zero: T) -> T {
    let zero = T::default();
    if Element::is_nan(a) {
        a
    } else if a == zero {
        at_zero
    } else if a < zero {
        zero
    } else {
        T::of(1.0)
    }
}

/// As `npy_floor_divide`: exact where the quotient of the rounded operands would not be.
fn floor_divide<T: Real>(a: T, b: T) -> T {
    let zero = T::default();
    if b == zero {
        return a.over(b);
    }
    let rest = a.rest(b);
    let mut quotient = a.minus(rest).over(b);
    if rest != zero && (b < zero) != (rest < zero) {
        quotient = quotient.minus(T::of(1.0));
    }
    if quotient == zero {
        return zero.copysign(a.over(b));
    }
    let whole = quotient.floor();
    if quotient.minus(whole) > T::of(0.5) { whole.plus(T::of(1.0)) } else { whole }
}

/// As `npy_remainder`: the divisor's sign, also of a zero.
fn remainder<T: Real>(a: T, b: T) -> T {
    let zero = T::default();
    let rest = a.rest(b);
    if b == zero {
        return rest;
    }
    if rest == zero {
        return zero.copysign(b);
    }
    if (b < zero) != (rest < zero) { rest.plus(b) } else { rest }
}

/// Powers, most of which are squares or roots.
fn power<T: Real>(dst: &mut [u8], args: &[&[u8]]) {
    let (bases, exponents) = (cast_slice::<u8, T>(args[0]), cast_slice::<u8, T>(args[1]));
    let are_all = |value: f64| exponents.iter().fold(true, |all, &exponent| all & (exponent == T::of(value)));
    let zero = T::default();
    // A comparison with NaN would raise the processor's flag for invalid numbers.
    let are_positive = || !bases.iter().any(|&a| Element::is_nan(a)) && bases.iter().all(|&a| a > zero);
    match exponents.first() {
        Some(&first) if first == T::of(2.0) && are_all(2.0) => run1(dst, args, |a: T| a.times(a)),
        Some(&first) if first == T::of(0.5) && are_all(0.5) && are_positive() => {
            run1(dst, args, |a: T| a.sqrt());
        }
        _ => each2(dst, args, |a: T, b: T| a.powf(b)),
    }
}

fn log_add_exp<T: Real>(a: T, b: T) -> T {
    if a == b {
        return a.plus(T::of(std::f64::consts::LN_2));
    }
    let difference = a.minus(b);
    if difference > T::default() {
        a.plus(difference.neg().exp().ln_1p())
    } else if difference <= T::default() {
        b.plus(difference.exp().ln_1p())
    } else {
        difference
    }
}

fn log_add_exp2<T: Real>(a: T, b: T) -> T {
    if a == b {
        return a.plus(T::of(1.0));
    }
    let difference = a.minus(b);
    let log = |x: T| x.exp2().ln_1p().times(T::of(std::f64::consts::LOG2_E));
    if difference > T::default() {
        a.plus(log(difference.neg()))
    } else if difference <= T::default() {
        b.plus(log(difference))
    } else {
        difference
    }
}
