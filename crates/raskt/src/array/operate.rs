//! Element by element: operators, functions, comparisons, choices, casts.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Rem, Sub};

use num_complex::Complex;
use raskt_array::parameters::{DTYPE, dtype_param};
use raskt_array::ufuncs::{scalar, ufunc};
use raskt_array::{Builder, Built};
use raskt_core::{Param, Value};
use raskt_expr::Expr;

use super::element::{Element, Float, Fraction, Number, Real};
use super::expression::Array;

/// What an array meets: another one, or one value for all elements.
#[derive(Clone, Debug)]
pub enum Operand<T> {
    /// An array; the shapes broadcast as NumPy's do.
    Array(Array<T>),
    /// A value.
    Value(T),
}

impl<T: Element> Operand<T> {
    fn expr(&self, builder: &Builder<'_>) -> Built<Expr> {
        match self {
            Self::Array(array) => array.expr().cloned(),
            Self::Value(value) => {
                let value = Param::Value(Value::from(T::write(&[], &[*value])?));
                scalar(builder, value, &T::DTYPE, false)
            }
        }
    }
}

impl<T: Element> From<T> for Operand<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T> From<Array<T>> for Operand<T> {
    fn from(array: Array<T>) -> Self {
        Self::Array(array)
    }
}

impl<T> From<&Array<T>> for Operand<T> {
    fn from(array: &Array<T>) -> Self {
        Self::Array(array.clone())
    }
}

/// NumPy's function `name` of operands.
fn apply<T: Element, O: Element>(name: &str, operands: &[Operand<T>]) -> Array<O> {
    Array::made(|builder| {
        let operands = operands.iter().map(|operand| operand.expr(builder)).collect::<Built<Vec<_>>>()?;
        ufunc(builder, name, &operands)
    })
}

macro_rules! functions {
    ($bound:ident: $($(#[$doc:meta])* $name:ident = $of:literal;)*) => {
        impl<T: $bound> Array<T> {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Self {
                apply($of, &[self.into()])
            })*
        }
    };
}

functions! { Number:
    /// Times itself.
    square = "square";
}

functions! { Real:
    /// -1, 0 or 1.
    signum = "sign";
}

functions! { Fraction:
    /// 1 divided by it.
    recip = "reciprocal";
}

impl<T: Number> Array<T> {
    /// Absolute values: of complex numbers, how far they are from 0.
    ///
    /// ```
    /// use raskt::array::{Array, Complex};
    /// let x = Array::from_vec(&[2], vec![Complex::new(3.0, 4.0), Complex::new(0.0, -1.0)], &[1]);
    /// assert_eq!(x.abs().compute()?.values(), [5.0_f64, 1.0]);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn abs(&self) -> Array<T::Magnitude> {
        apply("absolute", &[self.into()])
    }
}

/// A part of complex numbers, of which NumPy's rules say no more than that it is real.
fn part<T: Element, O: Element>(x: &Array<T>, name: &str) -> Array<O> {
    Array::made(|builder| builder.make(name, &[x.expr()?], Param::map([(DTYPE, dtype_param(&O::DTYPE))])))
}

macro_rules! complexes {
    ($($part:ty),*) => {$(
        impl Array<Complex<$part>> {
            /// The real parts.
            #[must_use]
            pub fn re(&self) -> Array<$part> {
                part(self, "real")
            }

            /// The imaginary parts.
            #[must_use]
            pub fn im(&self) -> Array<$part> {
                part(self, "imag")
            }

            /// The angles in radians.
            #[must_use]
            pub fn arg(&self) -> Array<$part> {
                part(self, "angle")
            }

            /// The conjugates.
            #[must_use]
            pub fn conj(&self) -> Self {
                apply("conjugate", &[self.into()])
            }
        }
    )*};
}

complexes! { f32, f64 }

functions! { Float:
    /// The square root.
    sqrt = "sqrt";
    /// The cube root.
    cbrt = "cbrt";
    /// The exponential.
    exp = "exp";
    /// The exponential, less 1: exact near 0.
    exp_m1 = "expm1";
    /// The natural logarithm.
    ln = "log";
    /// The logarithm of the number plus 1: exact near 0.
    ln_1p = "log1p";
    /// The logarithm to base 2.
    log2 = "log2";
    /// The logarithm to base 10.
    log10 = "log10";
    /// The sine.
    sin = "sin";
    /// The cosine.
    cos = "cos";
    /// The tangent.
    tan = "tan";
    /// The hyperbolic tangent.
    tanh = "tanh";
    /// Rounded down.
    floor = "floor";
    /// Rounded up.
    ceil = "ceil";
    /// Rounded, halves to the even neighbour.
    round_ties_even = "rint";
    /// Without its fraction.
    trunc = "trunc";
}

macro_rules! pairs {
    ($bound:ident, $output:ty: $($(#[$doc:meta])* $name:ident = $of:literal;)*) => {
        impl<T: $bound> Array<T> {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self, other: impl Into<Operand<T>>) -> Array<$output> {
                apply($of, &[self.into(), other.into()])
            })*
        }
    };
}

pairs! { Number, T:
    /// The larger one; NaN where either is.
    maximum = "maximum";
    /// The smaller one; NaN where either is.
    minimum = "minimum";
}

pairs! { Real, T:
    /// The quotient, rounded down.
    floor_divide = "floor_divide";
    /// To the power of another.
    pow = "power";
}

pairs! { Float, T:
    /// The angle of the point that has these coordinates: the array's along the second axis.
    atan2 = "arctan2";
    /// The length of the hypotenuse.
    hypot = "hypot";
}

pairs! { Element, bool:
    /// Where elements are equal.
    equal = "equal";
    /// Where elements differ.
    not_equal = "not_equal";
    /// Where elements are smaller.
    less = "less";
    /// Where elements are not larger.
    less_equal = "less_equal";
    /// Where elements are larger.
    greater = "greater";
    /// Where elements are not smaller.
    greater_equal = "greater_equal";
}

impl<T: Fraction> Array<T> {
    /// Where elements are no numbers: of complex ones, where a part is none.
    #[must_use]
    pub fn is_nan(&self) -> Array<bool> {
        apply("isnan", &[self.into()])
    }
}

impl<T: Element> Array<T> {
    /// The same elements as another type, as NumPy's `astype` casts them.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::from_vec(&[2], vec![1.9, -1.9], &[2]);
    /// assert_eq!(x.cast::<i32>().compute()?.values(), [1, -1]);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn cast<U: Element>(&self) -> Array<U> {
        Array::made(|builder| match self.expr()? {
            expr if U::DTYPE == T::DTYPE => Ok(expr.clone()),
            expr => builder.make("astype", &[expr], Param::map([(DTYPE, dtype_param(&U::DTYPE))])),
        })
    }
}

impl Array<bool> {
    /// Elements of the one where this is true, and of the other elsewhere.
    ///
    /// ```
    /// use raskt::array::Array;
    /// let x = Array::<i64>::arange(0, 4, 1, &[2]);
    /// assert_eq!(x.greater(1).select(&x, -1).compute()?.values(), [-1, -1, 2, 3]);
    /// # Ok::<(), raskt::array::ArrayError>(())
    /// ```
    #[must_use]
    pub fn select<T: Element>(&self, a: impl Into<Operand<T>>, b: impl Into<Operand<T>>) -> Array<T> {
        let (a, b) = (a.into(), b.into());
        Array::made(|builder| {
            ufunc(builder, "where", &[self.expr()?.clone(), a.expr(builder)?, b.expr(builder)?])
        })
    }
}

macro_rules! operators {
    ($($trait:ident, $method:ident, $bound:ident, $of:literal: $($left:ty),*;)*) => {$(
        impl<T: $bound, R: Into<Operand<T>>> $trait<R> for &Array<T> {
            type Output = Array<T>;

            fn $method(self, other: R) -> Array<T> {
                apply($of, &[self.into(), other.into()])
            }
        }

        impl<T: $bound, R: Into<Operand<T>>> $trait<R> for Array<T> {
            type Output = Self;

            fn $method(self, other: R) -> Self {
                apply($of, &[self.into(), other.into()])
            }
        }

        $(impl $trait<&Array<$left>> for $left {
            type Output = Array<$left>;

            fn $method(self, other: &Array<$left>) -> Array<$left> {
                apply($of, &[self.into(), other.into()])
            }
        })*
    )*};
}

operators! {
    Add, add, Number, "add": i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, Complex<f32>, Complex<f64>;
    Sub, sub, Number, "subtract": i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, Complex<f32>, Complex<f64>;
    Mul, mul, Number, "multiply": i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, Complex<f32>, Complex<f64>;
    Div, div, Fraction, "divide": f32, f64, Complex<f32>, Complex<f64>;
    Rem, rem, Real, "remainder": i8, i16, i32, i64, u8, u16, u32, u64, f32, f64;
}

impl<T: Number> Neg for &Array<T> {
    type Output = Array<T>;

    fn neg(self) -> Array<T> {
        apply("negative", &[self.into()])
    }
}

impl Not for &Array<bool> {
    type Output = Array<bool>;

    fn not(self) -> Array<bool> {
        apply("logical_not", &[self.into()])
    }
}

impl BitAnd for &Array<bool> {
    type Output = Array<bool>;

    fn bitand(self, other: Self) -> Array<bool> {
        apply("logical_and", &[self.into(), other.into()])
    }
}

impl BitOr for &Array<bool> {
    type Output = Array<bool>;

    fn bitor(self, other: Self) -> Array<bool> {
        apply("logical_or", &[self.into(), other.into()])
    }
}
