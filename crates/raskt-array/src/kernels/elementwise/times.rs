//! Ufuncs of datetimes and timedeltas: 64-bit counts of one unit, the smallest number standing for "not a time".

use super::casts::Cast;
use super::integers::Integer;
use super::tile::{TileFn, call2, map1, map2};
use crate::kernels::element::Boolean;
use crate::types::Ufunc;

/// Not a time.
pub(crate) const NAT: i64 = i64::MIN;

#[inline(always)]
fn both(a: i64, b: i64, f: impl Fn(i64, i64) -> i64) -> i64 {
    if a == NAT || b == NAT { NAT } else { f(a, b) }
}

/// The loop over two times of one unit, whatever their kinds.
pub(super) fn pairs(ufunc: Ufunc) -> Option<TileFn> {
    use Ufunc as U;
    match ufunc {
        U::Add => map2!(i64, i64 => i64, |a, b| both(a, b, i64::wrapping_add)),
        U::Subtract => map2!(i64, i64 => i64, |a, b| both(a, b, i64::wrapping_sub)),
        U::Maximum => map2!(i64, i64 => i64, |a, b| both(a, b, Ord::max)),
        U::Minimum => map2!(i64, i64 => i64, |a, b| both(a, b, Ord::min)),
        U::Fmax => map2!(i64, i64 => i64, |a, b| if a == NAT { b } else if b == NAT { a } else { a.max(b) }),
        U::Fmin => map2!(i64, i64 => i64, |a, b| if a == NAT { b } else if b == NAT { a } else { a.min(b) }),
        U::Equal => map2!(i64, i64 => Boolean, |a, b| (a == b && a != NAT).into()),
        U::NotEqual => map2!(i64, i64 => Boolean, |a, b| (a != b || a == NAT).into()),
        U::Less => map2!(i64, i64 => Boolean, |a, b| (a < b && a != NAT).into()),
        U::LessEqual => map2!(i64, i64 => Boolean, |a, b| (a <= b && a != NAT).into()),
        U::Greater => map2!(i64, i64 => Boolean, |a, b| (a > b && b != NAT).into()),
        U::GreaterEqual => map2!(i64, i64 => Boolean, |a, b| (a >= b && b != NAT).into()),
        U::FloorDivide => {
            call2!(i64, i64 => i64, |a, b| if a == NAT || b == NAT { 0 } else { a.floor_div(b) })
        }
        U::Remainder => {
            call2!(i64, i64 => i64, |a, b| if b == 0 { NAT } else { both(a, b, Integer::floor_mod) })
        }
        U::Divide => {
            map2!(i64, i64 => f64, |a, b| if a == NAT || b == NAT { f64::NAN } else { a as f64 / b as f64 })
        }
        _ => None,
    }
}

/// The loop over one time.
pub(super) fn lone(ufunc: Ufunc) -> Option<TileFn> {
    match ufunc {
        Ufunc::Isnat | Ufunc::Isnan => map1!(i64 => Boolean, |a| (a == NAT).into()),
        Ufunc::Isfinite => map1!(i64 => Boolean, |a| (a != NAT).into()),
        Ufunc::Isinf => map1!(i64 => Boolean, |_| Boolean(0)),
        Ufunc::Negative => map1!(i64 => i64, i64::wrapping_neg),
        Ufunc::Absolute => map1!(i64 => i64, i64::wrapping_abs),
        Ufunc::Positive => map1!(i64 => i64, |a| a),
        // NumPy sees a negative number in what is no time.
        Ufunc::Sign => map1!(i64 => i64, i64::signum),
        _ => None,
    }
}

/// The loop over a timedelta and an integer.
pub(super) fn scaled_by_integer(ufunc: Ufunc) -> Option<TileFn> {
    match ufunc {
        Ufunc::Multiply => map2!(i64, i64 => i64, |a, b| if a == NAT { NAT } else { a.wrapping_mul(b) }),
        // NumPy rounds both towards zero.
        Ufunc::Divide | Ufunc::FloorDivide => {
            call2!(i64, i64 => i64, |a, b| if a == NAT || b == 0 { NAT } else { a.wrapping_div(b) })
        }
        _ => None,
    }
}

/// The loop over a timedelta and a float.
pub(super) fn scaled_by_float(ufunc: Ufunc) -> Option<TileFn> {
    #[inline(always)]
    fn known(a: i64, f: impl Fn(f64) -> f64) -> i64 {
        if a == NAT { NAT } else { f(a as f64).cast() }
    }
    match ufunc {
        Ufunc::Multiply => map2!(i64, f64 => i64, |a, b| known(a, |a| a * b)),
        Ufunc::Divide | Ufunc::FloorDivide => map2!(i64, f64 => i64, |a, b| known(a, |a| a / b)),
        _ => None,
    }
}

/// The loop over a number and a timedelta: a product.
pub(super) fn scaling(ufunc: Ufunc, is_float: bool) -> Option<TileFn> {
    match (ufunc, is_float) {
        (Ufunc::Multiply, false) => {
            map2!(i64, i64 => i64, |a, b| if b == NAT { NAT } else { a.wrapping_mul(b) })
        }
        (Ufunc::Multiply, true) => map2!(f64, i64 => i64, |a, b| {
            if b == NAT { NAT } else { (a * b as f64).cast() }
        }),
        _ => None,
    }
}
