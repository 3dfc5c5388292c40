//! Ufuncs of integers, wrapping as NumPy's do.

use super::tile::{TileFn, call2, map1, map2};
use crate::kernels::element::{Boolean, Element};
use crate::types::Ufunc;

/// What the integer types have in common.
pub(super) trait Integer: Element + Ord {
    const ZERO: Self;
    fn wrapping_add(self, other: Self) -> Self;
    fn wrapping_sub(self, other: Self) -> Self;
    fn wrapping_mul(self, other: Self) -> Self;
    fn wrapping_neg(self) -> Self;
    /// Rounds down; 0 for a divisor of 0.
    fn floor_div(self, other: Self) -> Self;
    /// Has the divisor's sign; 0 for a divisor of 0.
    fn floor_mod(self, other: Self) -> Self;
    /// Has the dividend's sign; 0 for a divisor of 0.
    fn trunc_mod(self, other: Self) -> Self;
    fn power(self, exponent: Self) -> Self;
    /// Shifts by the width or more give 0.
    fn left(self, by: Self) -> Self;
    /// Shifts by the width or more give 0 or -1.
    fn right(self, by: Self) -> Self;
    fn magnitude(self) -> Self;
    fn sign(self) -> Self;
    fn ones(self) -> u8;
    fn not(self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn gcd(self, other: Self) -> Self;
    /// NumPy divides as floats.
    fn reciprocal(self) -> Self;
}

macro_rules! integers {
    ($($T:ident $is_signed:literal $unsigned:ident),*) => {$(
        #[allow(unused_comparisons, clippy::unnecessary_cast)]
        impl Integer for $T {
            const ZERO: Self = 0;

            #[inline(always)]
            fn wrapping_add(self, other: Self) -> Self { <$T>::wrapping_add(self, other) }
            #[inline(always)]
            fn wrapping_sub(self, other: Self) -> Self { <$T>::wrapping_sub(self, other) }
            #[inline(always)]
            fn wrapping_mul(self, other: Self) -> Self { <$T>::wrapping_mul(self, other) }
            #[inline(always)]
            fn wrapping_neg(self) -> Self { <$T>::wrapping_neg(self) }

            #[inline(always)]
            fn floor_div(self, other: Self) -> Self {
                if other == 0 { return 0; }
                let quotient = self.wrapping_div(other);
                let rest = self.wrapping_rem(other);
                if rest != 0 && ((rest < 0) != (other < 0)) { quotient.wrapping_sub(1) } else { quotient }
            }

            #[inline(always)]
            fn floor_mod(self, other: Self) -> Self {
                if other == 0 { return 0; }
                let rest = self.wrapping_rem(other);
                if rest != 0 && ((rest < 0) != (other < 0)) { rest.wrapping_add(other) } else { rest }
            }

            #[inline(always)]
            fn trunc_mod(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_rem(other) }
            }

            #[inline(always)]
            fn power(self, exponent: Self) -> Self {
                let (mut base, mut left, mut out) = (self, exponent, 1 as $T);
                while left > 0 {
                    if left & 1 == 1 { out = <$T>::wrapping_mul(out, base); }
                    base = <$T>::wrapping_mul(base, base);
                    left >>= 1;
                }
                out
            }

            #[inline(always)]
            fn left(self, by: Self) -> Self {
                if (by as $unsigned) < $T::BITS as $unsigned { self << by } else { 0 }
            }

            #[inline(always)]
            fn right(self, by: Self) -> Self {
                let last = if $is_signed { self >> ($T::BITS - 1) } else { 0 };
                if (by as $unsigned) < $T::BITS as $unsigned { self >> by } else { last }
            }

            #[inline(always)]
            fn magnitude(self) -> Self { if self < 0 { <$T>::wrapping_neg(self) } else { self } }
            #[inline(always)]
            fn sign(self) -> Self { (self > 0) as $T - if self < 0 { 1 } else { 0 } }
            #[inline(always)]
            fn ones(self) -> u8 { (self.magnitude() as $unsigned).count_ones() as u8 }
            #[inline(always)]
            fn not(self) -> Self { !self }
            #[inline(always)]
            fn and(self, other: Self) -> Self { self & other }
            #[inline(always)]
            fn or(self, other: Self) -> Self { self | other }
            #[inline(always)]
            fn xor(self, other: Self) -> Self { self ^ other }

            fn gcd(self, other: Self) -> Self {
                let (mut a, mut b) = (self.magnitude() as $unsigned, other.magnitude() as $unsigned);
                while b != 0 {
                    (a, b) = (b, a % b);
                }
                a as $T
            }

            #[inline(always)]
            fn reciprocal(self) -> Self {
                match self { 0 => super::casts::Cast::<$T>::cast(f64::INFINITY), 1 => 1, x => if x.wrapping_add(1) == 0 && x < 0 { x } else { 0 } }
            }
        }
    )*};
}

integers!(i8 true u8, i16 true u16, i32 true u32, i64 true u64, u8 false u8, u16 false u16, u32 false u32, u64 false u64);

/// The loop of `ufunc` over `T`, all operands of that type.
pub(super) fn lookup<T: Integer>(ufunc: Ufunc) -> Option<TileFn> {
    use Ufunc as U;
    match ufunc {
        U::Add => map2!(T, T => T, |a, b| a.wrapping_add(b)),
        U::Subtract => map2!(T, T => T, |a, b| a.wrapping_sub(b)),
        U::Multiply => map2!(T, T => T, |a, b| a.wrapping_mul(b)),
        U::FloorDivide => call2!(T, T => T, |a, b| a.floor_div(b)),
        U::Remainder => call2!(T, T => T, |a, b| a.floor_mod(b)),
        U::Fmod => call2!(T, T => T, |a, b| a.trunc_mod(b)),
        U::Power => call2!(T, T => T, |a, b| a.power(b)),
        U::LeftShift => map2!(T, T => T, |a, b| a.left(b)),
        U::RightShift => map2!(T, T => T, |a, b| a.right(b)),
        U::BitwiseAnd => map2!(T, T => T, |a, b| a.and(b)),
        U::BitwiseOr => map2!(T, T => T, |a, b| a.or(b)),
        U::BitwiseXor => map2!(T, T => T, |a, b| a.xor(b)),
        U::Gcd => call2!(T, T => T, |a, b| a.gcd(b)),
        U::Lcm => call2!(T, T => T, |a, b| lcm(a, b)),
        U::Maximum | U::Fmax => map2!(T, T => T, |a, b| a.max(b)),
        U::Minimum | U::Fmin => map2!(T, T => T, |a, b| a.min(b)),
        U::Negative => map1!(T => T, |a| a.wrapping_neg()),
        U::Absolute => map1!(T => T, |a| a.magnitude()),
        U::Sign => map1!(T => T, |a| a.sign()),
        U::Square => map1!(T => T, |a| a.wrapping_mul(a)),
        U::Reciprocal => map1!(T => T, |a| a.reciprocal()),
        U::Invert => map1!(T => T, |a| a.not()),
        U::BitwiseCount => map1!(T => u8, |a| a.ones()),
        U::Positive | U::Conjugate | U::Floor | U::Ceil | U::Trunc => map1!(T => T, |a| a),
        U::Isnan | U::Isinf => map1!(T => Boolean, |_| Boolean(0)),
        U::Isfinite => map1!(T => Boolean, |_| Boolean(1)),
        other => ordered::<T>(other).or_else(|| logical::<T>(other)),
    }
}

fn lcm<T: Integer>(a: T, b: T) -> T {
    match a.gcd(b) {
        gcd if gcd == T::ZERO => T::ZERO,
        gcd => a.magnitude().floor_div(gcd).wrapping_mul(b.magnitude()),
    }
}

/// Comparisons of values in a plain order (NaN compares false).
pub(super) fn ordered<T: Element + PartialOrd>(ufunc: Ufunc) -> Option<TileFn> {
    match ufunc {
        Ufunc::Equal => map2!(T, T => Boolean, |a, b| (a == b).into()),
        Ufunc::NotEqual => map2!(T, T => Boolean, |a, b| (a != b).into()),
        Ufunc::Less => map2!(T, T => Boolean, |a, b| (a < b).into()),
        Ufunc::LessEqual => map2!(T, T => Boolean, |a, b| (a <= b).into()),
        Ufunc::Greater => map2!(T, T => Boolean, |a, b| (a > b).into()),
        Ufunc::GreaterEqual => map2!(T, T => Boolean, |a, b| (a >= b).into()),
        _ => None,
    }
}

/// Logic on what is not zero.
pub(super) fn logical<T: Element>(ufunc: Ufunc) -> Option<TileFn> {
    match ufunc {
        Ufunc::LogicalAnd => map2!(T, T => Boolean, |a, b| (a.is_true() & b.is_true()).into()),
        Ufunc::LogicalOr => map2!(T, T => Boolean, |a, b| (a.is_true() | b.is_true()).into()),
        Ufunc::LogicalXor => map2!(T, T => Boolean, |a, b| (a.is_true() ^ b.is_true()).into()),
        Ufunc::LogicalNot => map1!(T => Boolean, |a| (!a.is_true()).into()),
        _ => None,
    }
}

/// Ufuncs of truth values.
pub(super) fn booleans(ufunc: Ufunc) -> Option<TileFn> {
    use Ufunc as U;
    type B = Boolean;
    match ufunc {
        U::Add | U::BitwiseOr | U::LogicalOr | U::Maximum | U::Fmax => {
            map2!(B, B => B, |a, b| (a.get() | b.get()).into())
        }
        U::Multiply | U::BitwiseAnd | U::LogicalAnd | U::Minimum | U::Fmin => {
            map2!(B, B => B, |a, b| (a.get() & b.get()).into())
        }
        U::BitwiseXor | U::LogicalXor | U::NotEqual => map2!(B, B => B, |a, b| (a.get() ^ b.get()).into()),
        U::Equal => map2!(B, B => B, |a, b| (a.get() == b.get()).into()),
        U::Less => map2!(B, B => B, |a, b| (!a.get() & b.get()).into()),
        U::LessEqual => map2!(B, B => B, |a, b| (!a.get() | b.get()).into()),
        U::Greater => map2!(B, B => B, |a, b| (a.get() & !b.get()).into()),
        U::GreaterEqual => map2!(B, B => B, |a, b| (a.get() | !b.get()).into()),
        U::Invert | U::LogicalNot => map1!(B => B, |a| (!a.get()).into()),
        U::Absolute | U::Floor | U::Ceil | U::Trunc => map1!(B => B, |a| a.get().into()),
        U::Isnan | U::Isinf => map1!(B => B, |_| Boolean(0)),
        U::Isfinite => map1!(B => B, |_| Boolean(1)),
        _ => None,
    }
}

/// Comparisons of an `int64` with a `uint64`, by value.
pub(super) fn mixed(ufunc: Ufunc, is_left_signed: bool) -> Option<TileFn> {
    #[inline(always)]
    fn less(a: i64, b: u64) -> bool {
        a < 0 || (a as u64) < b
    }
    #[inline(always)]
    fn equal(a: i64, b: u64) -> bool {
        a >= 0 && a as u64 == b
    }
    match (ufunc, is_left_signed) {
        (Ufunc::Equal, true) => map2!(i64, u64 => Boolean, |a, b| equal(a, b).into()),
        (Ufunc::NotEqual, true) => map2!(i64, u64 => Boolean, |a, b| (!equal(a, b)).into()),
        (Ufunc::Less, true) => map2!(i64, u64 => Boolean, |a, b| less(a, b).into()),
        (Ufunc::LessEqual, true) => map2!(i64, u64 => Boolean, |a, b| (less(a, b) | equal(a, b)).into()),
        (Ufunc::Greater, true) => map2!(i64, u64 => Boolean, |a, b| (!less(a, b) & !equal(a, b)).into()),
        (Ufunc::GreaterEqual, true) => map2!(i64, u64 => Boolean, |a, b| (!less(a, b)).into()),
        (Ufunc::Equal, false) => map2!(u64, i64 => Boolean, |a, b| equal(b, a).into()),
        (Ufunc::NotEqual, false) => map2!(u64, i64 => Boolean, |a, b| (!equal(b, a)).into()),
        (Ufunc::Less, false) => map2!(u64, i64 => Boolean, |a, b| (!less(b, a) & !equal(b, a)).into()),
        (Ufunc::LessEqual, false) => map2!(u64, i64 => Boolean, |a, b| (!less(b, a)).into()),
        (Ufunc::Greater, false) => map2!(u64, i64 => Boolean, |a, b| less(b, a).into()),
        (Ufunc::GreaterEqual, false) => map2!(u64, i64 => Boolean, |a, b| (less(b, a) | equal(b, a)).into()),
        _ => None,
    }
}
