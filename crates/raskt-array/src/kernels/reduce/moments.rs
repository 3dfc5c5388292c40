//! Mean and variance: counts, totals, and squared distances from the mean, which merge exactly (Chan, Golub and
//! LeVeque 1979). Within a tile the mean is known before distances are taken, so that nothing cancels.

use num_complex::Complex;
use raskt_core::allocation::{collected, zeros};
use raskt_core::{Buffer, Result};

use super::fold::{Fold, Rows, buffer, join_run};
use super::monoids::Sum;
use super::sums::{Settle, two_sum};
use crate::kernels::element::Element;
use crate::kernels::elementwise::casts::Cast;
use crate::kernels::simd::{Loop, vectorized};

/// How much is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Degree {
    /// Counts and totals.
    Mean,
    /// Squared distances too.
    Variance,
}

/// The moments of what has been taken in, one of each an accumulator.
pub(super) struct Moments {
    counts: Vec<f64>,
    totals: Vec<f64>,
    lost: Vec<f64>,
    squares: Vec<f64>,
}

struct Squares<'a>(&'a [f64], f64);

impl Loop for Squares<'_> {
    type Out = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut lanes = [0.0; 16];
        let mut chunks = self.0.chunks_exact(16);
        for chunk in &mut chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                let distance = value - self.1;
                *lane += distance * distance;
            }
        }
        let rest = chunks.remainder().iter().map(|value| (value - self.1) * (value - self.1));
        lanes.iter().sum::<f64>() + rest.sum::<f64>()
    }
}

/// Totals and squared distances of the columns of a tile.
struct Columns<'a> {
    values: &'a [f64],
    totals: &'a mut [f64],
    squares: &'a mut [f64],
    degree: Degree,
}

impl Loop for Columns<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let cols = self.totals.len();
        let n = (self.values.len() / cols) as f64;
        self.totals.fill(0.0);
        for line in self.values.chunks_exact(cols) {
            for (total, value) in self.totals.iter_mut().zip(line) {
                *total += value;
            }
        }
        if self.degree == Degree::Mean {
            return;
        }
        self.squares.fill(0.0);
        for line in self.values.chunks_exact(cols) {
            for ((square, total), value) in self.squares.iter_mut().zip(&*self.totals).zip(line) {
                let distance = value - total / n;
                *square += distance * distance;
            }
        }
    }
}

/// NaN for what is not finite, else 0.
#[inline(always)]
fn undefined_if_infinite(value: f64) -> f64 {
    if value.is_finite() { 0.0 } else { f64::NAN }
}

impl Moments {
    pub fn new(n: usize) -> Result<Self> {
        let [counts, totals, lost, squares] = [zeros(n)?, zeros(n)?, zeros(n)?, zeros(n)?];
        Ok(Self { counts, totals, lost, squares })
    }

    /// Merges other moments into accumulator `at`.
    #[inline(always)]
    pub fn merge(&mut self, at: usize, count: f64, total: f64, squares: f64) {
        let before = self.counts[at];
        if count == 0.0 {
            return;
        }
        if before > 0.0 {
            let distance = total / count - self.totals[at] / before;
            // An infinite distance makes NaN, as it does where all distances are taken at once.
            let undefined = undefined_if_infinite(distance);
            self.squares[at] +=
                squares + undefined + distance * distance * (before * count / (before + count));
        } else {
            self.squares[at] = squares;
        }
        self.counts[at] = before + count;
        two_sum(&mut self.totals[at], &mut self.lost[at], total);
    }

    fn add_run(&mut self, at: usize, run: &[f64], degree: Degree) {
        let (count, total) = (run.len() as f64, join_run::<Sum<f64, f64, false>>(run));
        let squares = if degree == Degree::Mean { 0.0 } else { vectorized(Squares(run, total / count)) };
        self.merge(at, count, total, squares);
    }

    /// Takes in a tile of numbers; NaN are left out where `skip` says so.
    pub fn add(&mut self, values: &[f64], rows: &Rows, degree: Degree, skip: bool) {
        if rows.out_col == 0 {
            return rows.for_each_run(values, |at, run| {
                match skip && run.iter().any(|value| value.is_nan()) {
                    true => {
                        let known: Vec<f64> = run.iter().copied().filter(|value| !value.is_nan()).collect();
                        if !known.is_empty() {
                            self.add_run(at, &known, degree);
                        }
                    }
                    false => self.add_run(at, run, degree),
                }
            });
        }
        if rows.out_row == 0 && !(skip && values.iter().any(|value| value.is_nan())) {
            let mut scratch = vec![0.0; 2 * rows.cols];
            let (totals, squares) = scratch.split_at_mut(rows.cols);
            vectorized(Columns { values, totals, squares, degree });
            if degree == Degree::Mean {
                for (col, &total) in totals.iter().enumerate() {
                    let at = rows.out + col * rows.out_col;
                    self.counts[at] += rows.rows as f64;
                    two_sum(&mut self.totals[at], &mut self.lost[at], total);
                }
                return;
            }
            for (col, (&total, &squares)) in totals.iter().zip(&*squares).enumerate() {
                self.merge(rows.out + col * rows.out_col, rows.rows as f64, total, squares);
            }
            return;
        }
        for (row, line) in values.chunks_exact(rows.cols).enumerate() {
            for (col, &value) in line.iter().enumerate().filter(|(_, value)| !(skip && value.is_nan())) {
                self.merge(
                    rows.out + row * rows.out_row + col * rows.out_col,
                    1.0,
                    value,
                    undefined_if_infinite(value),
                );
            }
        }
    }

    fn counts(&self) -> Result<Buffer> {
        buffer(&collected(self.counts.iter().map(|&count| count as i64))?)
    }

    fn settled(&self) -> Result<Vec<f64>> {
        collected(self.totals.iter().zip(&self.lost).map(|(total, &lost)| total.settle(lost)))
    }
}

/// Moments of real numbers.
pub(super) struct RealMoments<In> {
    moments: Moments,
    degree: Degree,
    skip: bool,
    scratch: Vec<f64>,
    _of: std::marker::PhantomData<In>,
}

impl<In: Element + Cast<f64>> RealMoments<In> {
    pub fn new(n: usize, degree: Degree, skip: bool) -> Result<Self> {
        let moments = Moments::new(n)?;
        Ok(Self { moments, degree, skip, scratch: Vec::new(), _of: std::marker::PhantomData })
    }
}

impl<In: Element + Cast<f64>> Fold for RealMoments<In> {
    fn add(&mut self, values: &[u8], rows: &Rows) {
        if In::DTYPE == f64::DTYPE {
            return self.moments.add(bytemuck::cast_slice(values), rows, self.degree, self.skip);
        }
        let values: &[In] = bytemuck::cast_slice(values);
        self.scratch.clear();
        self.scratch.extend(values.iter().map(|&value| Cast::<f64>::cast(value)));
        self.moments.add(&self.scratch, rows, self.degree, self.skip);
    }

    fn finish(self: Box<Self>) -> Result<Vec<Buffer>> {
        let mut found = vec![self.moments.counts()?, buffer(&self.moments.settled()?)?];
        if self.degree == Degree::Variance {
            found.push(buffer(&self.moments.squares)?);
        }
        Ok(found)
    }
}

/// Moments of complex numbers: those of both parts, squares added.
pub(super) struct ComplexMoments<In> {
    parts: [Moments; 2],
    degree: Degree,
    skip: bool,
    _of: std::marker::PhantomData<In>,
}

impl<In: Element + Cast<Complex<f64>>> ComplexMoments<In> {
    pub fn new(n: usize, degree: Degree, skip: bool) -> Result<Self> {
        let parts = [Moments::new(n)?, Moments::new(n)?];
        Ok(Self { parts, degree, skip, _of: std::marker::PhantomData })
    }
}

impl<In: Element + Cast<Complex<f64>>> Fold for ComplexMoments<In> {
    fn add(&mut self, values: &[u8], rows: &Rows) {
        let values: &[In] = bytemuck::cast_slice(values);
        for (at, moments) in self.parts.iter_mut().enumerate() {
            let part = |&value: &In| {
                let number: Complex<f64> = value.cast();
                match at {
                    // A number with one NaN part is left out whole.
                    _ if self.skip && value.is_nan() => f64::NAN,
                    0 => number.re,
                    _ => number.im,
                }
            };
            let numbers: Vec<f64> = values.iter().map(part).collect();
            moments.add(&numbers, rows, self.degree, self.skip);
        }
    }

    fn finish(self: Box<Self>) -> Result<Vec<Buffer>> {
        let [re, im] = &self.parts;
        let parts = re.settled()?.into_iter().zip(im.settled()?);
        let totals: Vec<Complex<f64>> = collected(parts.map(|(re, im)| Complex::new(re, im)))?;
        let mut found = vec![re.counts()?, buffer(&totals)?];
        if self.degree == Degree::Variance {
            found.push(buffer(&collected(re.squares.iter().zip(&im.squares).map(|(a, b)| a + b))?)?);
        }
        Ok(found)
    }
}

/// Merges partial results of real numbers; those of a mean have no squares.
pub(super) fn merge_real(parts: &[[&[u8]; 3]], n: usize, degree: Degree) -> Result<Vec<Buffer>> {
    let mut all = RealMoments::<f64>::new(n, degree, false)?;
    for [counts, totals, squares] in parts {
        let counts = bytemuck::cast_slice::<u8, i64>(counts).iter();
        let totals = bytemuck::cast_slice::<u8, f64>(totals).iter();
        let squares = bytemuck::try_cast_slice::<u8, f64>(squares)
            .unwrap_or(&[])
            .iter()
            .copied()
            .chain(std::iter::repeat(0.0));
        for (at, ((&count, &total), squares)) in counts.zip(totals).zip(squares).enumerate() {
            all.moments.merge(at, count as f64, total, squares);
        }
    }
    Box::new(all).finish()
}

/// Merges partial results of complex numbers. The squares of the two parts are one sum: they go with the real one.
pub(super) fn merge_complex(parts: &[[&[u8]; 3]], n: usize, degree: Degree) -> Result<Vec<Buffer>> {
    let mut all = ComplexMoments::<Complex<f64>>::new(n, degree, false)?;
    for [counts, totals, squares] in parts {
        let counts = bytemuck::cast_slice::<u8, i64>(counts).iter();
        let totals = bytemuck::cast_slice::<u8, Complex<f64>>(totals).iter();
        let squares = bytemuck::try_cast_slice::<u8, f64>(squares)
            .unwrap_or(&[])
            .iter()
            .copied()
            .chain(std::iter::repeat(0.0));
        for (at, ((&count, total), squares)) in counts.zip(totals).zip(squares).enumerate() {
            all.parts[0].merge(at, count as f64, total.re, squares);
            all.parts[1].merge(at, count as f64, total.im, 0.0);
        }
    }
    Box::new(all).finish()
}
