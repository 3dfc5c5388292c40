//! Sums, products, extrema and logic as monoids.

use std::marker::PhantomData;

use num_complex::Complex;

use super::fold::Monoid;
use crate::kernels::element::{Boolean, Element, Time};
use crate::kernels::elementwise::casts::Cast;

/// Numbers that are summed and multiplied in.
pub(crate) trait Number: Element {
    const ZERO: Self;
    const ONE: Self;
    /// Whether products are taken one after the other, as NumPy does: with infinite parts the order tells which parts
    /// are NaN.
    const MULTIPLIES_IN_ORDER: bool = false;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
}

macro_rules! numbers {
    (wrapping $($T:ty),*) => {$(
        impl Number for $T {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self.wrapping_add(other) }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self.wrapping_sub(other) }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self.wrapping_mul(other) }
        }
    )*};
    ($in_order:literal: $($T:ty = $zero:expr, $one:expr);*) => {$(
        impl Number for $T {
            const ZERO: Self = $zero;
            const ONE: Self = $one;
            const MULTIPLIES_IN_ORDER: bool = $in_order;
            #[inline(always)]
            fn plus(self, other: Self) -> Self { self + other }
            #[inline(always)]
            fn minus(self, other: Self) -> Self { self - other }
            #[inline(always)]
            fn times(self, other: Self) -> Self { self * other }
        }
    )*};
}

numbers!(wrapping i8, i16, i32, i64, u8, u16, u32, u64);
numbers!(false: f32 = 0.0, 1.0; f64 = 0.0, 1.0);
numbers!(true: Complex<f32> = Complex::new(0.0, 0.0), Complex::new(1.0, 0.0));
numbers!(true: Complex<f64> = Complex::new(0.0, 0.0), Complex::new(1.0, 0.0));

impl Number for Time {
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        if self.is_nan() || other.is_nan() { Self(i64::MIN) } else { Self(self.0.wrapping_add(other.0)) }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        if self.is_nan() || other.is_nan() { Self(i64::MIN) } else { Self(self.0.wrapping_sub(other.0)) }
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        if self.is_nan() || other.is_nan() { Self(i64::MIN) } else { Self(self.0.wrapping_mul(other.0)) }
    }
}

impl Cast<Time> for Time {
    #[inline(always)]
    fn cast(self) -> Time {
        self
    }
}

/// The sum of elements of type `In` as `Acc`; `SKIP` leaves out NaN.
pub(super) struct Sum<In, Acc, const SKIP: bool>(PhantomData<(In, Acc)>);

impl<In: Element + Cast<Acc>, Acc: Number, const SKIP: bool> Monoid for Sum<In, Acc, SKIP> {
    type In = In;
    type Acc = Acc;
    const IDENTITY: Acc = Acc::ZERO;

    #[inline(always)]
    fn lift(value: In) -> Acc {
        if SKIP && value.is_nan() { Acc::ZERO } else { value.cast() }
    }

    #[inline(always)]
    fn join(a: Acc, b: Acc) -> Acc {
        a.plus(b)
    }
}

/// The product of elements of type `In` as `Acc`; `SKIP` leaves out NaN.
pub(super) struct Product<In, Acc, const SKIP: bool>(PhantomData<(In, Acc)>);

impl<In: Element + Cast<Acc>, Acc: Number, const SKIP: bool> Monoid for Product<In, Acc, SKIP> {
    type In = In;
    type Acc = Acc;
    const IDENTITY: Acc = Acc::ONE;
    const IN_ORDER: bool = Acc::MULTIPLIES_IN_ORDER;

    #[inline(always)]
    fn lift(value: In) -> Acc {
        if SKIP && value.is_nan() { Acc::ONE } else { value.cast() }
    }

    #[inline(always)]
    fn join(a: Acc, b: Acc) -> Acc {
        a.times(b)
    }
}

/// Elements with a smallest and a largest one.
pub(crate) trait Lattice: Element {
    const LOWEST: Self;
    const HIGHEST: Self;
    /// NaN, or for types without one what the extremum of nothing is.
    const MISSING_LOW: Self;
    /// As `MISSING_LOW`, for minima.
    const MISSING_HIGH: Self;
    /// Whether it is at most `other`; false for NaN.
    fn at_most(self, other: Self) -> bool;
}

macro_rules! lattices {
    ($($T:ty: $low:expr, $high:expr, $missing_low:expr, $missing_high:expr;)*) => {$(
        impl Lattice for $T {
            const LOWEST: Self = $low;
            const HIGHEST: Self = $high;
            const MISSING_LOW: Self = $missing_low;
            const MISSING_HIGH: Self = $missing_high;
            #[inline(always)]
            fn at_most(self, other: Self) -> bool { self <= other }
        }
    )*};
    (integers $($T:ty),*) => { lattices! { $($T: <$T>::MIN, <$T>::MAX, <$T>::MIN, <$T>::MAX;)* } };
    (complex $($T:ident),*) => {$(
        impl Lattice for Complex<$T> {
            const LOWEST: Self = Complex::new($T::NEG_INFINITY, $T::NEG_INFINITY);
            const HIGHEST: Self = Complex::new($T::INFINITY, $T::INFINITY);
            const MISSING_LOW: Self = Complex::new($T::NAN, $T::NAN);
            const MISSING_HIGH: Self = Complex::new($T::NAN, $T::NAN);
            #[inline(always)]
            fn at_most(self, other: Self) -> bool {
                // A NaN in one part makes the whole one.
                let is_number = !Element::is_nan(self) && !Element::is_nan(other);
                is_number && (self.re < other.re || (self.re == other.re && self.im <= other.im))
            }
        }
    )*};
}

lattices!(integers i8, i16, i32, i64, u8, u16, u32, u64);
lattices!(complex f32, f64);
lattices! {
    f32: f32::NEG_INFINITY, f32::INFINITY, f32::NAN, f32::NAN;
    f64: f64::NEG_INFINITY, f64::INFINITY, f64::NAN, f64::NAN;
    Boolean: Boolean(0), Boolean(1), Boolean(0), Boolean(1);
}

impl Lattice for Time {
    const LOWEST: Self = Self(i64::MIN + 1);
    const HIGHEST: Self = Self(i64::MAX);
    const MISSING_LOW: Self = Self(i64::MIN);
    const MISSING_HIGH: Self = Self(i64::MIN);

    #[inline(always)]
    fn at_most(self, other: Self) -> bool {
        !self.is_nan() & !other.is_nan() & (self.0 <= other.0)
    }
}

/// The largest or smallest element.
pub(super) struct Extremum<T, const MAX: bool, const SKIP: bool>(PhantomData<T>);

impl<T: Lattice, const MAX: bool, const SKIP: bool> Monoid for Extremum<T, MAX, SKIP> {
    type In = T;
    type Acc = T;
    const IDENTITY: T = match (MAX, SKIP) {
        (true, false) => T::LOWEST,
        (false, false) => T::HIGHEST,
        (true, true) => T::MISSING_LOW,
        (false, true) => T::MISSING_HIGH,
    };

    #[inline(always)]
    fn lift(value: T) -> T {
        value
    }

    #[inline(always)]
    fn join(a: T, b: T) -> T {
        let is_first = if MAX { b.at_most(a) } else { a.at_most(b) };
        let has_nan = if SKIP { b.is_nan() } else { a.is_nan() };
        if is_first | has_nan { a } else { b }
    }
}

/// Whether any element is true, or all are.
pub(super) struct Logic<T, const ALL: bool>(PhantomData<T>);

impl<T: Element, const ALL: bool> Monoid for Logic<T, ALL> {
    type In = T;
    type Acc = Boolean;
    const IDENTITY: Boolean = Boolean(ALL as u8);

    #[inline(always)]
    fn lift(value: T) -> Boolean {
        value.is_true().into()
    }

    #[inline(always)]
    fn join(a: Boolean, b: Boolean) -> Boolean {
        if ALL { Boolean(a.0 & b.0) } else { Boolean(a.0 | b.0) }
    }
}

/// How many elements are true.
pub(super) struct Count<T>(PhantomData<T>);

impl<T: Element> Monoid for Count<T> {
    type In = T;
    type Acc = i64;
    const IDENTITY: i64 = 0;

    #[inline(always)]
    fn lift(value: T) -> i64 {
        value.is_true().into()
    }

    #[inline(always)]
    fn join(a: i64, b: i64) -> i64 {
        a + b
    }
}
