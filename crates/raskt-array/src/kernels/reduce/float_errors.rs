//! The floating-point errors of a reduction, as NumPy reports them of its loop.
//!
//! The processor's flags alone say too much: sums that carry what rounding loses, and distances from a mean, meet
//! infinities that the sum itself does not. So a flag counts where the result shows it: an infinity or NaN after an
//! overflow, a NaN that was not among the elements after an invalid operation.

use num_complex::Complex;
use raskt_core::{DType, NdArray};
use raskt_exec::{FloatErrors, FloatKinds};

use super::spec::FoldKind;
use crate::kernels::float_status::{clear, read};
use crate::kernels::memory::elements;

/// What NumPy calls the loop of a reduction.
const REDUCE: &str = "reduce";

/// What one part of a reduction met so far.
pub(super) struct Watch<'a> {
    errors: Option<&'a FloatErrors>,
    kinds: FloatKinds,
    met: FloatKinds,
    skips_nan: bool,
}

impl<'a> Watch<'a> {
    /// Nothing met; `kind` reduces elements of `dtype`.
    pub fn new(errors: Option<&'a FloatErrors>, kind: FoldKind, dtype: &DType) -> Self {
        let kinds = kind.float_kinds(dtype);
        let errors = errors.filter(|errors| !errors.asked().and(kinds).is_empty());
        Self { errors, kinds, met: FloatKinds::NONE, skips_nan: kind.skips_nan }
    }

    /// Whether anything is asked for.
    pub fn is_on(&self) -> bool {
        self.errors.is_some()
    }

    /// Does `work`, whose elements `has_nan` looks for NaN: where these are left out, they hide nothing.
    #[inline]
    pub fn step<T>(&mut self, has_nan: impl FnOnce() -> bool, work: impl FnOnce() -> T) -> T {
        if self.errors.is_none() {
            return work();
        }
        clear();
        let made = work();
        let mut met = read().and(self.kinds);
        if !met.and(FloatKinds::INVALID).is_empty() && !self.skips_nan && has_nan() {
            met = met.without(FloatKinds::INVALID);
        }
        self.met = self.met.or(met);
        made
    }

    /// Reports what was met as far as `result` shows it.
    pub fn report(&self, result: &[NdArray]) {
        let Some(errors) = self.errors.filter(|_| !self.met.is_empty()) else { return };
        let shows = |test: fn(f64) -> bool| result.iter().any(|array| any_float(array, test));
        let hidden = FloatKinds::OVERFLOW
            .when(!shows(f64::is_infinite) && !shows(f64::is_nan))
            .or(FloatKinds::INVALID.when(!shows(f64::is_nan)));
        errors.add(REDUCE, self.met.without(hidden));
    }
}

/// Whether a float of `array`, or a part of a complex number, passes `test`.
pub(in crate::kernels) fn any_float(array: &NdArray, test: fn(f64) -> bool) -> bool {
    let narrow = |value: f32| test(f64::from(value));
    match array.dtype() {
        DType::Float32 => elements::<f32>(array).is_ok_and(|all| all.iter().any(|&value| narrow(value))),
        DType::Float64 => elements::<f64>(array).is_ok_and(|all| all.iter().any(|&value| test(value))),
        DType::Complex64 => elements::<Complex<f32>>(array)
            .is_ok_and(|all| all.iter().any(|value| narrow(value.re) || narrow(value.im))),
        DType::Complex128 => elements::<Complex<f64>>(array)
            .is_ok_and(|all| all.iter().any(|value| test(value.re) || test(value.im))),
        _ => false,
    }
}

/// Whether there is a NaN among the bytes of elements of `dtype`.
pub(super) fn has_nan(values: &[u8], dtype: &DType) -> bool {
    match dtype {
        DType::Float32 | DType::Complex64 => {
            values.chunks_exact(4).any(|bytes| bytemuck::pod_read_unaligned::<f32>(bytes).is_nan())
        }
        _ => values.chunks_exact(8).any(|bytes| bytemuck::pod_read_unaligned::<f64>(bytes).is_nan()),
    }
}
