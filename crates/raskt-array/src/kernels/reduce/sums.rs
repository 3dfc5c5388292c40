//! Sums in double precision that keep what rounding loses.
//!
//! Within a run, sixteen sums side by side and then joined two by two; between runs, what each addition loses is
//! summed beside (Knuth's two-sum). The error is at most about 70 units in the last place of the sum of magnitudes
//! of one run of 1,024, however many runs there are; NumPy's pairwise sum grows with the logarithm of the length.

use num_complex::Complex;
use raskt_core::{Buffer, Result, allocation};

use super::fold::{Fold, Rows, buffer, join_run};
use super::monoids::{Number, Sum};
use crate::kernels::elementwise::casts::Cast;
use crate::kernels::simd::{Loop, vectorized};

/// Adds `value` to `sum`, and what that loses to `lost`.
#[inline(always)]
pub(super) fn two_sum<T: Number>(sum: &mut T, lost: &mut T, value: T) {
    let total = sum.plus(value);
    let came = total.minus(*sum);
    let error = sum.minus(total.minus(came)).plus(value.minus(came));
    *sum = total;
    *lost = lost.plus(error);
}

/// A sum with what was lost put back, unless it left the finite numbers, where the losses mean nothing.
pub(super) trait Settle: Number {
    fn settle(self, lost: Self) -> Self;
}

impl Settle for f64 {
    #[inline(always)]
    fn settle(self, lost: Self) -> Self {
        if lost.is_finite() { self + lost } else { self }
    }
}

impl Settle for Complex<f64> {
    #[inline(always)]
    fn settle(self, lost: Self) -> Self {
        Self::new(self.re.settle(lost.re), self.im.settle(lost.im))
    }
}

/// Sums of `f64` or complex numbers of them.
pub(super) struct CompensatedFold<T: Settle, const SKIP: bool> {
    sums: Vec<T>,
    lost: Vec<T>,
}

impl<T: Settle, const SKIP: bool> CompensatedFold<T, SKIP> {
    pub fn new(n: usize) -> Result<Self> {
        Ok(Self { sums: allocation::zeros(n)?, lost: allocation::zeros(n)? })
    }
}

struct Line<'a, T, const SKIP: bool>(&'a mut [T], &'a mut [T], &'a [T]);

impl<T: Number, const SKIP: bool> Loop for Line<'_, T, SKIP> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for ((sum, lost), &value) in self.0.iter_mut().zip(self.1).zip(self.2) {
            two_sum(sum, lost, if SKIP && value.is_nan() { T::ZERO } else { value });
        }
    }
}

impl<T: Settle + Cast<T>, const SKIP: bool> Fold for CompensatedFold<T, SKIP> {
    fn add(&mut self, values: &[u8], rows: &Rows) {
        let values: &[T] = bytemuck::cast_slice(values);
        match rows.out_col {
            0 => rows.for_each_run(values, |at, run| {
                two_sum(&mut self.sums[at], &mut self.lost[at], join_run::<Sum<T, T, SKIP>>(run));
            }),
            step => {
                for (row, line) in values.chunks_exact(rows.cols).enumerate() {
                    let at = rows.out + row * rows.out_row;
                    if step == 1 {
                        let here = at..at + rows.cols;
                        vectorized(Line::<T, SKIP>(&mut self.sums[here.clone()], &mut self.lost[here], line));
                        continue;
                    }
                    for (col, &value) in line.iter().enumerate() {
                        let value = if SKIP && value.is_nan() { T::ZERO } else { value };
                        let at = at + col * step;
                        two_sum(&mut self.sums[at], &mut self.lost[at], value);
                    }
                }
            }
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<Buffer>> {
        self.sums.iter_mut().zip(&self.lost).for_each(|(sum, &lost)| *sum = sum.settle(lost));
        Ok(vec![buffer(&self.sums)?])
    }
}
