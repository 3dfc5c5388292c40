//! Ufuncs of complex numbers: arithmetic, comparison (by real part, then imaginary), tests. What needs a complex
//! logarithm is the library's.

use num_complex::Complex;

use super::floats::Real;
use super::integers::logical;
use super::tile::{TileFn, call1, call2, map1, map2};
use crate::kernels::element::{Boolean, Element};
use crate::types::Ufunc;

/// The loop of `ufunc` over complex numbers of parts `T`.
pub(super) fn lookup<T: Real>(ufunc: Ufunc) -> Option<TileFn>
where
    Complex<T>: Element,
{
    use Ufunc as U;
    type C<T> = Complex<T>;
    match ufunc {
        U::Add => map2!(C<T>, C<T> => C<T>, |a, b| Complex::new(a.re.plus(b.re), a.im.plus(b.im))),
        U::Subtract => map2!(C<T>, C<T> => C<T>, |a, b| Complex::new(a.re.minus(b.re), a.im.minus(b.im))),
        U::Multiply => map2!(C<T>, C<T> => C<T>, multiply),
        U::Divide => call2!(C<T>, C<T> => C<T>, divide),
        U::Square => map1!(C<T> => C<T>, |a| multiply(a, a)),
        U::Reciprocal => call1!(C<T> => C<T>, reciprocal),
        U::Negative => map1!(C<T> => C<T>, |a| Complex::new(a.re.neg(), a.im.neg())),
        U::Positive => map1!(C<T> => C<T>, |a| a),
        U::Conjugate => map1!(C<T> => C<T>, |a| Complex::new(a.re, a.im.neg())),
        U::Absolute => call1!(C<T> => T, |a| a.re.hypot(a.im)),
        U::Rint => map1!(C<T> => C<T>, |a| Complex::new(a.re.rint(), a.im.rint())),
        U::Isnan => map1!(C<T> => Boolean, |a| Element::is_nan(a).into()),
        U::Isinf => map1!(C<T> => Boolean, |a| (a.re.is_inf() | a.im.is_inf()).into()),
        U::Isfinite => map1!(C<T> => Boolean, |a| (a.re.is_fin() & a.im.is_fin()).into()),
        U::Equal => map2!(C<T>, C<T> => Boolean, |a, b| (a.re == b.re && a.im == b.im).into()),
        U::NotEqual => map2!(C<T>, C<T> => Boolean, |a, b| (a.re != b.re || a.im != b.im).into()),
        U::Less => map2!(C<T>, C<T> => Boolean, |a, b| below(a, b, |x, y| x < y).into()),
        U::LessEqual => map2!(C<T>, C<T> => Boolean, |a, b| below(a, b, |x, y| x <= y).into()),
        U::Greater => map2!(C<T>, C<T> => Boolean, |a, b| below(b, a, |x, y| x < y).into()),
        U::GreaterEqual => map2!(C<T>, C<T> => Boolean, |a, b| below(b, a, |x, y| x <= y).into()),
        U::Maximum => {
            map2!(C<T>, C<T> => C<T>, |a, b| if Element::is_nan(a) || at_most(b, a) { a } else { b })
        }
        U::Minimum => {
            map2!(C<T>, C<T> => C<T>, |a, b| if Element::is_nan(a) || at_most(a, b) { a } else { b })
        }
        U::Fmax => map2!(C<T>, C<T> => C<T>, |a, b| if Element::is_nan(b) || at_most(b, a) { a } else { b }),
        U::Fmin => map2!(C<T>, C<T> => C<T>, |a, b| if Element::is_nan(b) || at_most(a, b) { a } else { b }),
        other => logical::<C<T>>(other),
    }
}

#[inline(always)]
fn at_most<T: Real>(a: Complex<T>, b: Complex<T>) -> bool {
    below(a, b, |x, y| x <= y)
}

#[inline(always)]
fn below<T: Real>(a: Complex<T>, b: Complex<T>, parts: impl Fn(T, T) -> bool) -> bool {
    (a.re < b.re && !Element::is_nan(a.im) && !Element::is_nan(b.im)) || (a.re == b.re && parts(a.im, b.im))
}

#[inline(always)]
fn multiply<T: Real>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    let re = a.re.times(b.re).minus(a.im.times(b.im));
    Complex::new(re, a.re.times(b.im).plus(a.im.times(b.re)))
}

/// Smith's method, as NumPy's loop.
pub(crate) fn divide<T: Real>(a: Complex<T>, b: Complex<T>) -> Complex<T> {
    let (re, im) = (b.re.abs(), b.im.abs());
    if re >= im {
        if re == T::default() && im == T::default() {
            return Complex::new(a.re.over(re), a.im.over(re));
        }
        let ratio = b.im.over(b.re);
        let scale = T::of(1.0).over(b.re.plus(b.im.times(ratio)));
        let out = Complex::new(a.re.plus(a.im.times(ratio)), a.im.minus(a.re.times(ratio)));
        return Complex::new(out.re.times(scale), out.im.times(scale));
    }
    let ratio = b.re.over(b.im);
    let scale = T::of(1.0).over(b.im.plus(b.re.times(ratio)));
    let out = Complex::new(a.re.times(ratio).plus(a.im), a.im.times(ratio).minus(a.re));
    Complex::new(out.re.times(scale), out.im.times(scale))
}

/// As NumPy's loop, which scales by the larger part.
fn reciprocal<T: Real>(a: Complex<T>) -> Complex<T> {
    if a.im.abs() <= a.re.abs() {
        let ratio = a.im.over(a.re);
        let scale = a.re.plus(a.im.times(ratio));
        return Complex::new(T::of(1.0).over(scale), ratio.neg().over(scale));
    }
    let ratio = a.re.over(a.im);
    let scale = a.re.times(ratio).plus(a.im);
    Complex::new(ratio.over(scale), T::of(-1.0).over(scale))
}
