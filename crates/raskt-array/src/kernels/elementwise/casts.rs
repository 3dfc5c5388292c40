//! Casts between native dtypes. Out of range, floats become the integers that x86 processors make of them, which
//! is what NumPy gives there.

use num_complex::Complex;
use raskt_core::{DType, NdArray, Result, TimeUnit};

use super::tile::{TileFn, map1};
use super::times::NAT;
use crate::kernels::element::{Boolean, Element, with_element};
use crate::kernels::memory::{self, wrong_dtype};

/// A cast of one element.
pub(crate) trait Cast<To> {
    /// The element as a `To`.
    fn cast(self) -> To;
}

macro_rules! as_casts {
    ($($From:ty => $($To:ty),*;)*) => {$($(
        impl Cast<$To> for $From {
            #[inline(always)]
            fn cast(self) -> $To { self as $To }
        }
    )*)*};
}

as_casts! {
    i8 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    i16 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    i32 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    i64 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    u8 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    u16 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    u32 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    u64 => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
    f32 => f32, f64;
    f64 => f32, f64;
}

macro_rules! float_to_integer {
    ($($From:ty),*) => {$(
        impl Cast<i64> for $From {
            #[inline(always)]
            fn cast(self) -> i64 {
                let limit = 9_223_372_036_854_775_808.0;
                if self >= -limit && self < limit { self as i64 } else { i64::MIN }
            }
        }

        impl Cast<i32> for $From {
            #[inline(always)]
            fn cast(self) -> i32 {
                let whole = f64::from(self);
                if whole > -2_147_483_649.0 && whole < 2_147_483_648.0 { whole as i32 } else { i32::MIN }
            }
        }

        impl Cast<u64> for $From {
            #[inline(always)]
            fn cast(self) -> u64 {
                let limit = 9_223_372_036_854_775_808.0;
                if self >= limit {
                    (Cast::<i64>::cast(self - limit) as u64) ^ (1 << 63)
                } else {
                    Cast::<i64>::cast(self) as u64
                }
            }
        }

        impl Cast<u32> for $From {
            #[inline(always)]
            fn cast(self) -> u32 { Cast::<i64>::cast(self) as u32 }
        }
    )*};
}

float_to_integer!(f32, f64);

macro_rules! through_i32 {
    ($($From:ty => $($To:ty),*;)*) => {$($(
        impl Cast<$To> for $From {
            #[inline(always)]
            fn cast(self) -> $To { Cast::<i32>::cast(self) as $To }
        }
    )*)*};
}

through_i32! {
    f32 => i8, i16, u8, u16;
    f64 => i8, i16, u8, u16;
}

macro_rules! with_booleans_and_complex {
    ($($T:ty),*) => {$(
        impl Cast<Boolean> for $T {
            #[inline(always)]
            fn cast(self) -> Boolean { self.is_true().into() }
        }

        impl Cast<$T> for Boolean {
            #[inline(always)]
            fn cast(self) -> $T { Cast::<$T>::cast(u8::from(self.get())) }
        }

        impl Cast<Complex<f32>> for $T {
            #[inline(always)]
            fn cast(self) -> Complex<f32> { Complex::new(self.cast(), 0.0) }
        }

        impl Cast<Complex<f64>> for $T {
            #[inline(always)]
            fn cast(self) -> Complex<f64> { Complex::new(self.cast(), 0.0) }
        }

        impl Cast<$T> for Complex<f32> {
            #[inline(always)]
            fn cast(self) -> $T { self.re.cast() }
        }

        impl Cast<$T> for Complex<f64> {
            #[inline(always)]
            fn cast(self) -> $T { self.re.cast() }
        }
    )*};
}

with_booleans_and_complex!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl Cast<Boolean> for Boolean {
    #[inline(always)]
    fn cast(self) -> Boolean {
        self.get().into()
    }
}

macro_rules! complex_casts {
    ($($From:ty => $To:ty),*) => {$(
        impl Cast<Complex<$To>> for Complex<$From> {
            #[inline(always)]
            fn cast(self) -> Complex<$To> { Complex::new(self.re as $To, self.im as $To) }
        }
    )*};
    (boolean $($T:ty),*) => {$(
        impl Cast<Complex<$T>> for Boolean {
            #[inline(always)]
            fn cast(self) -> Complex<$T> { Complex::new(self.cast(), 0.0) }
        }

        impl Cast<Boolean> for Complex<$T> {
            #[inline(always)]
            fn cast(self) -> Boolean { self.is_true().into() }
        }
    )*};
}

complex_casts!(f32 => f32, f32 => f64, f64 => f32, f64 => f64);
complex_casts!(boolean f32, f64);

/// How many of the finer unit make one of the coarser.
fn ratio(coarse: TimeUnit, fine: TimeUnit) -> i64 {
    const STEPS: [i64; 7] = [1, 24, 60, 60, 1000, 1000, 1000];
    STEPS[coarse as usize + 1..=fine as usize].iter().product()
}

/// A cast between dtypes, prepared.
#[derive(Clone, Copy)]
pub(crate) enum Casting {
    /// By a loop.
    Tile(TileFn),
    /// Times of a finer unit: by so many.
    Finer(i64),
    /// Times of a coarser unit: by so many, rounding down for datetimes, towards zero for timedeltas.
    Coarser { by: i64, down: bool },
}

impl Casting {
    /// The cast from one native dtype to another; `None` for those that NumPy does not define.
    pub fn new(from: &DType, to: &DType) -> Option<Self> {
        use DType::{Datetime, Timedelta};
        match (from, to) {
            (Datetime(a), Datetime(b)) | (Timedelta(a), Timedelta(b)) if a < b => {
                Some(Self::Finer(ratio(*a, *b)))
            }
            (Datetime(a), Datetime(b)) | (Timedelta(a), Timedelta(b)) if a > b => {
                Some(Self::Coarser { by: ratio(*b, *a), down: matches!(from, Datetime(_)) })
            }
            (Datetime(_), Timedelta(_)) | (Timedelta(_), Datetime(_)) => None,
            _ => with_element!(from, A => from_element::<A>(to), else None).map(Self::Tile),
        }
    }

    /// Casts a tile.
    pub fn run(self, dst: &mut [u8], args: &[&[u8]]) {
        match self {
            Self::Tile(f) => f(dst, args),
            Self::Finer(by) => {
                super::tile::run1(dst, args, |a: i64| if a == NAT { NAT } else { a.wrapping_mul(by) })
            }
            Self::Coarser { by, down: true } => {
                super::tile::each1(dst, args, |a: i64| if a == NAT { NAT } else { a.div_euclid(by) });
            }
            Self::Coarser { by, down: false } => {
                super::tile::each1(dst, args, |a: i64| if a == NAT { NAT } else { a / by });
            }
        }
    }
}

fn from_element<A>(to: &DType) -> Option<TileFn>
where
    A: Element
        + Cast<Boolean>
        + Cast<i8>
        + Cast<i16>
        + Cast<i32>
        + Cast<i64>
        + Cast<u8>
        + Cast<u16>
        + Cast<u32>
        + Cast<u64>
        + Cast<f32>
        + Cast<f64>
        + Cast<Complex<f32>>
        + Cast<Complex<f64>>,
{
    with_element!(to, B => map1!(A => B, |a| Cast::<B>::cast(a)), else None)
}

/// The array with another dtype, in C order; the same memory where it is so already.
pub(crate) fn cast(array: &NdArray, dtype: &DType) -> Result<NdArray> {
    if array.dtype() == dtype {
        return array.to_contiguous();
    }
    let casting =
        Casting::new(array.dtype(), dtype).ok_or_else(|| wrong_dtype("a dtype with a native cast", dtype))?;
    let dense = memory::aligned(array)?;
    let source = dense.contiguous_bytes().unwrap_or(&[]);
    memory::build(dtype.clone(), array.shape(), |out| {
        casting.run(out, &[source]);
        Ok(())
    })
}
