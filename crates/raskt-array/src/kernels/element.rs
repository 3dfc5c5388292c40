//! The types behind native dtypes.

use bytemuck::{Pod, Zeroable};
use num_complex::Complex;
use raskt_core::DType;

/// A truth value as NumPy stores it: one byte, 0 or 1; other bytes are true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(transparent)]
pub(crate) struct Boolean(pub u8);

impl Boolean {
    #[inline(always)]
    pub fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Boolean {
    #[inline(always)]
    fn from(value: bool) -> Self {
        Self(value.into())
    }
}

/// A type that is the element of some dtype.
pub(crate) trait Element: Pod + Default + PartialEq + Send + Sync {
    /// The dtype; times are stored as `i64` and have theirs beside them.
    const DTYPE: DType;

    /// Whether it counts as true.
    fn is_true(self) -> bool;

    /// Whether it is NaN, or has a part that is.
    #[inline(always)]
    fn is_nan(self) -> bool {
        false
    }

    /// NumPy's order of sorting: by value, NaN last.
    fn sorts_before(self, other: Self) -> bool;

    /// Its value, for dtypes of integers that fit: small ranges of these are looked up in tables.
    #[inline(always)]
    fn as_integer(self) -> Option<i64> {
        None
    }
}

macro_rules! integer_elements {
    ($($type:ty => $dtype:ident),*) => {$(
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;

            #[inline(always)]
            fn is_true(self) -> bool {
                self != 0
            }

            #[inline(always)]
            fn sorts_before(self, other: Self) -> bool {
                self < other
            }

            #[inline(always)]
            fn as_integer(self) -> Option<i64> {
                i64::try_from(self).ok()
            }
        }
    )*};
}

integer_elements!(i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64);
integer_elements!(u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64);

impl Element for Boolean {
    const DTYPE: DType = DType::Bool;

    #[inline(always)]
    fn is_true(self) -> bool {
        self.get()
    }

    #[inline(always)]
    fn sorts_before(self, other: Self) -> bool {
        !self.get() & other.get()
    }
}

macro_rules! float_elements {
    ($($type:ty => $dtype:ident, $complex:ident);*) => {$(
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;

            #[inline(always)]
            fn is_true(self) -> bool {
                self != 0.0
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                <$type>::is_nan(self)
            }

            #[inline(always)]
            fn sorts_before(self, other: Self) -> bool {
                self < other || (<$type>::is_nan(other) && !<$type>::is_nan(self))
            }
        }

        impl Element for Complex<$type> {
            const DTYPE: DType = DType::$complex;

            #[inline(always)]
            fn is_true(self) -> bool {
                self.re != 0.0 || self.im != 0.0
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                self.re.is_nan() || self.im.is_nan()
            }

            #[inline(always)]
            fn sorts_before(self, other: Self) -> bool {
                match (Element::is_nan(self), Element::is_nan(other)) {
                    (false, false) => self.re < other.re || (self.re == other.re && self.im < other.im),
                    (a, b) => !a & b || (a & b && nan_order(self.re, self.im, other.re, other.im)),
                }
            }
        }
    )*};
}

/// The order of complex numbers with NaN parts: R + Rj, R + nanj, nan + Rj, nan + nanj, then by the other part.
fn nan_order<T: Element + PartialOrd>(ar: T, ai: T, br: T, bi: T) -> bool {
    match (ar.is_nan(), br.is_nan()) {
        (false, false) => ar < br || (ar == br && ai.sorts_before(bi)),
        (false, true) => true,
        (true, false) => false,
        (true, true) => ai.sorts_before(bi),
    }
}

float_elements!(f32 => Float32, Complex64; f64 => Float64, Complex128);

/// Runs `$body` with `$T` standing for the element type of `$dtype` (times as `i64`); `$other` for dtypes without one.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr, else $other:expr) => {{
        use num_complex::Complex;
        use raskt_core::DType;
        match $dtype {
            DType::Bool => {
                type $T = $crate::kernels::element::Boolean;
                $body
            }
            DType::Int8 => {
                type $T = i8;
                $body
            }
            DType::Int16 => {
                type $T = i16;
                $body
            }
            DType::Int32 => {
                type $T = i32;
                $body
            }
            DType::Int64 | DType::Datetime(_) | DType::Timedelta(_) => {
                type $T = i64;
                $body
            }
            DType::UInt8 => {
                type $T = u8;
                $body
            }
            DType::UInt16 => {
                type $T = u16;
                $body
            }
            DType::UInt32 => {
                type $T = u32;
                $body
            }
            DType::UInt64 => {
                type $T = u64;
                $body
            }
            DType::Float32 => {
                type $T = f32;
                $body
            }
            DType::Float64 => {
                type $T = f64;
                $body
            }
            DType::Complex64 => {
                type $T = Complex<f32>;
                $body
            }
            DType::Complex128 => {
                type $T = Complex<f64>;
                $body
            }
            _ => $other,
        }
    }};
}
pub(crate) use with_element;

/// A datetime or timedelta, where "not a time" is to be treated as NaN is.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Pod, Zeroable)]
#[repr(transparent)]
pub(crate) struct Time(pub i64);

impl Element for Time {
    const DTYPE: DType = DType::Int64;

    #[inline(always)]
    fn is_true(self) -> bool {
        self.0 != 0
    }

    #[inline(always)]
    fn is_nan(self) -> bool {
        self.0 == i64::MIN
    }

    #[inline(always)]
    fn sorts_before(self, other: Self) -> bool {
        !Element::is_nan(self) && (Element::is_nan(other) || self.0 < other.0)
    }
}

/// As `with_element`, with `Time` for times.
macro_rules! with_ordered {
    ($dtype:expr, $T:ident => $body:expr, else $other:expr) => {
        match $dtype {
            raskt_core::DType::Datetime(_) | raskt_core::DType::Timedelta(_) => {
                type $T = $crate::kernels::element::Time;
                $body
            }
            dtype => $crate::kernels::element::with_element!(dtype, $T => $body, else $other),
        }
    };
}
pub(crate) use with_ordered;

/// As `with_element`, by the size of an element alone: for kernels that only move bytes.
macro_rules! with_item {
    ($bytes:expr, $T:ident => $body:expr, else $other:expr) => {
        match $bytes {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            8 => {
                type $T = u64;
                $body
            }
            16 => {
                type $T = u128;
                $body
            }
            _ => $other,
        }
    };
}
pub(crate) use with_item;
