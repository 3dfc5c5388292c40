//! What tasks of linear algebra run: `faer` on whole matrices. What has several results packs them into one matrix, from which
//! the expressions take their parts by slices.

use std::ops::Range;
use std::sync::Arc;

use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, Mat, MatRef, Par, Side};
use num_complex::Complex;
use raskt_core::{DType, Error, ErrorKind, Fit, NdArray, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};

use crate::kernels::element::Element;
use crate::kernels::memory;
use crate::parameters::{flag, get};

/// An element that factorisations are made of.
trait Field: Element + ComplexField + Copy {
    fn of_count(n: usize) -> Self;
    /// The count that an element is: its real part.
    fn to_count(self) -> usize;
    fn is_number(self) -> bool;
    fn size(self) -> f64;
    fn over(self, divisor: Self) -> Self;
}

macro_rules! fields {
    ($($part:ty),*) => {$(
        impl Field for $part {
            fn of_count(n: usize) -> Self {
                n as Self
            }

            fn to_count(self) -> usize {
                f64::from(self).clamped()
            }

            fn is_number(self) -> bool {
                self.is_finite()
            }

            fn size(self) -> f64 {
                f64::from(self.abs())
            }

            fn over(self, divisor: Self) -> Self {
                self / divisor
            }
        }

        impl Field for Complex<$part> {
            fn of_count(n: usize) -> Self {
                Self::new(n as $part, 0.0)
            }

            fn to_count(self) -> usize {
                f64::from(self.re).clamped()
            }

            fn is_number(self) -> bool {
                self.is_finite()
            }

            fn size(self) -> f64 {
                f64::from(self.norm())
            }

            fn over(self, divisor: Self) -> Self {
                self / divisor
            }
        }
    )*};
}

fields! { f32, f64 }

/// What a kernel makes of its operands.
type Kernel<T> = fn(&[Mat<T>], &Call<'_>) -> Result<NdArray>;

macro_rules! bodies {
    ($($name:literal => $kernel:ident;)*) => {
        /// Adds the bodies to `registry`.
        ///
        /// # Errors
        /// [`ErrorKind::KeyClash`] where they are there already.
        pub fn register(registry: &mut BodyRegistry) -> Result<()> {
            $(registry.add_kernel(concat!("array.linear.", $name), Arc::new(|call: &mut Call<'_>| {
                by_dtype(call, $kernel::<f32>, $kernel::<f64>, $kernel::<Complex<f32>>, $kernel::<Complex<f64>>)
            }))?;)*
            Ok(())
        }
    };
}

bodies! {
    "qr" => qr;
    "qr_whole" => qr_whole;
    "svd" => svd;
    "singular_values" => singular_values;
    "lstsq" => lstsq;
    "eigh" => eigh;
    "cholesky" => cholesky;
    "triangular" => triangular;
    "lu" => lu;
    "lu_solve" => lu_solve;
    "lu_lower" => lu_lower;
    "lu_upper" => lu_upper;
    "lu_rows" => lu_rows;
    "lu_det" => lu_det;
}

fn by_dtype(
    call: &Call<'_>,
    single: Kernel<f32>,
    double: Kernel<f64>,
    complex_single: Kernel<Complex<f32>>,
    complex_double: Kernel<Complex<f64>>,
) -> Result<Outcome> {
    let Some(first) = call.inputs.first() else { return Err(memory::invalid("a matrix is missing")) };
    let made = match memory::array(first)?.dtype() {
        DType::Float32 => run(call, single),
        DType::Float64 => run(call, double),
        DType::Complex64 => run(call, complex_single),
        DType::Complex128 => run(call, complex_double),
        other => Err(memory::wrong_dtype("a dtype of floating-point numbers", other)),
    };
    Ok(Outcome::Value(made?.into()))
}

fn run<T: Field>(call: &Call<'_>, kernel: Kernel<T>) -> Result<NdArray> {
    call.ctx.cancel.check()?;
    let operands = call.inputs.iter().map(matrix::<T>).collect::<Result<Vec<_>>>()?;
    kernel(&operands, call)
}

fn matrix<T: Field>(value: &Value) -> Result<Mat<T>> {
    let array = memory::array(value)?;
    let (&[m, n], true) = (array.shape(), *array.dtype() == T::DTYPE) else {
        return Err(memory::wrong_dtype("matrices of one dtype", array.dtype()));
    };
    let elements = memory::elements::<T>(&array)?;
    Ok(MatRef::from_row_major_slice(&elements, m.fit(), n.fit()).to_owned())
}

/// A matrix of zeros but for what is written into it.
struct Packed<T> {
    shape: [usize; 2],
    elements: Vec<T>,
}

impl<T: Field> Packed<T> {
    fn new(n_rows: usize, n_columns: usize) -> Result<Self> {
        let n = memory::n_elements(&[n_rows as u64, n_columns as u64])?;
        let elements = raskt_core::allocation::collected(std::iter::repeat_n(T::default(), n))?;
        Ok(Self { shape: [n_rows, n_columns], elements })
    }

    /// Writes a matrix at a place, as far as `keeps` says of row and column.
    fn write(&mut self, row: usize, column: usize, matrix: MatRef<'_, T>, keeps: fn(usize, usize) -> bool) {
        for i in 0..matrix.nrows() {
            let line = &mut self.elements[(row + i) * self.shape[1] + column..][..matrix.ncols()];
            for (j, element) in line.iter_mut().enumerate().filter(|(j, _)| keeps(i, *j)) {
                *element = matrix[(i, j)];
            }
        }
    }

    fn line(&mut self, row: usize) -> &mut [T] {
        &mut self.elements[row * self.shape[1]..][..self.shape[1]]
    }

    fn array(self) -> Result<NdArray> {
        memory::array_of(T::DTYPE, &self.shape.map(|n| n as u64), &self.elements)
    }
}

fn whole(_: usize, _: usize) -> bool {
    true
}

fn upper(row: usize, column: usize) -> bool {
    row <= column
}

fn lower(row: usize, column: usize) -> bool {
    row >= column
}

fn copied<T: Field>(matrix: MatRef<'_, T>, keeps: fn(usize, usize) -> bool) -> Result<NdArray> {
    let mut out = Packed::new(matrix.nrows(), matrix.ncols())?;
    out.write(0, 0, matrix, keeps);
    out.array()
}

fn check_finite<T: Field>(matrix: &Mat<T>) -> Result<()> {
    let is_finite = (0..matrix.ncols()).all(|j| matrix.col(j).iter().all(|element| element.is_number()));
    if is_finite { Ok(()) } else { Err(memory::invalid("array must not contain infs or NaNs")) }
}

fn failed(what: &str) -> Error {
    ErrorKind::InvalidValue(what.to_owned()).into()
}

/// Q above R.
fn qr<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let a = &operands[0];
    let (m, n) = (a.nrows(), a.ncols());
    let found = a.qr();
    let mut out = Packed::new(m + m.min(n), n)?;
    out.write(0, 0, found.compute_thin_Q().as_ref(), whole);
    out.write(m, 0, found.thin_R(), upper);
    out.array()
}

/// All columns of Q beside R, of one matrix or of two, one above the other.
fn qr_whole<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let (m, n) = (operands.iter().map(Mat::nrows).sum(), operands[0].ncols());
    let mut stacked = Mat::<T>::zeros(m, n);
    let mut row = 0;
    for operand in operands {
        stacked.as_mut().subrows_mut(row, operand.nrows()).copy_from(operand);
        row += operand.nrows();
    }
    let found = stacked.qr();
    let mut out = Packed::new(m, m + n)?;
    out.write(0, 0, found.compute_Q().as_ref(), whole);
    out.write(0, m, found.thin_R(), upper);
    out.array()
}

/// U, a row of singular values and the adjoint of V, one above the other.
fn svd<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let a = &operands[0];
    let (m, n, k) = (a.nrows(), a.ncols(), a.nrows().min(a.ncols()));
    check_finite(a)?;
    let found = a.thin_svd().map_err(|_| failed("SVD did not converge"))?;
    let mut out = Packed::new(m + 1 + k, n)?;
    out.write(0, 0, found.U(), whole);
    for (slot, value) in out.line(m).iter_mut().zip(found.S().column_vector().iter()) {
        *slot = *value;
    }
    out.write(m + 1, 0, found.V().adjoint().to_owned().as_ref(), whole);
    out.array()
}

/// The singular values, as one row.
fn singular_values<T: Field>(operands: &[Mat<T>], call: &Call<'_>) -> Result<NdArray> {
    let k = operands[0].nrows().min(operands[0].ncols());
    let all = svd(operands, call)?;
    let row = all.shape()[0] - k as u64 - 1;
    let elements = memory::elements::<T>(&all)?;
    let start = row.fit::<usize>() * all.shape()[1].fit::<usize>();
    memory::array_of(T::DTYPE, &[1, k as u64], &elements[start..start + k])
}

/// The shortest least-squares solution: `{"rcond"}`, below which times the largest singular values count as zero.
fn lstsq<T: Field>(operands: &[Mat<T>], call: &Call<'_>) -> Result<NdArray> {
    use faer::traits::ext::ComplexFieldExt;

    let [a, b] = operands else { return Err(memory::invalid("a matrix and a right side")) };
    check_finite(a)?;
    let found = a.thin_svd().map_err(|_| failed("SVD did not converge in Linear Least Squares"))?;
    let values: Vec<T> = found.S().column_vector().iter().copied().collect();
    let rcond = get(call.shared, "rcond").as_float().unwrap_or(0.0);
    let least = rcond * values.iter().map(|value| value.size()).fold(0.0, f64::max);
    let mut side = found.U().adjoint() * b;
    for (row, value) in values.iter().enumerate() {
        for column in 0..side.ncols() {
            let own = side[(row, column)];
            side[(row, column)] = if value.size() > least { own * value.recip() } else { T::default() };
        }
    }
    copied((found.V() * side).as_ref(), whole)
}

/// The eigenvectors above a row of eigenvalues, of a Hermitian matrix whose lower triangle is read.
fn eigh<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let a = &operands[0];
    check_finite(a)?;
    let found = a.self_adjoint_eigen(Side::Lower).map_err(|_| failed("Eigenvalues did not converge"))?;
    let mut out = Packed::new(a.nrows() + 1, a.nrows())?;
    out.write(0, 0, found.U(), whole);
    for (slot, value) in out.line(a.nrows()).iter_mut().zip(found.S().column_vector().iter()) {
        *slot = *value;
    }
    out.array()
}

fn cholesky<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let found = operands[0].llt(Side::Lower).map_err(|_| failed("Matrix is not positive definite"))?;
    copied(found.L(), lower)
}

/// The solution of a triangular system: `{"lower"}`.
fn triangular<T: Field>(operands: &[Mat<T>], call: &Call<'_>) -> Result<NdArray> {
    let [triangle, right] = operands else { return Err(memory::invalid("a triangle and a right side")) };
    if let Some(at) = (0..triangle.nrows()).find(|&at| triangle[(at, at)] == T::default()) {
        return Err(failed(&format!("singular matrix: 0 on the diagonal of the triangle, in its row {at}")));
    }
    let mut out = right.clone();
    match flag(call.shared, "lower") {
        true => triangle.solve_lower_triangular_in_place(&mut out),
        false => triangle.solve_upper_triangular_in_place(&mut out),
    }
    copied(out.as_ref(), whole)
}

/// L and U in one matrix, and the order that pivots give the rows as one more column.
fn lu<T: Field>(operands: &[Mat<T>], call: &Call<'_>) -> Result<NdArray> {
    let mut a = operands[0].clone();
    let (m, n) = (a.nrows(), a.ncols());
    let mut order: Vec<usize> = (0..m).collect();
    for start in (0..m.min(n)).step_by(PANEL) {
        call.ctx.cancel.check()?;
        let stop = (start + PANEL).min(m.min(n));
        eliminate(&mut a, start..stop, &mut order);
        let (done, rest) = a.as_mut().split_at_col_mut(stop);
        let (above, below) = rest.split_at_row_mut(stop);
        let mut own = above.subrows_mut(start, stop - start);
        let panel = done.as_ref().subcols(start, stop - start);
        panel.subrows(start, stop - start).solve_unit_lower_triangular_in_place(own.as_mut());
        let factors = (panel.subrows(stop, m - stop), own.as_ref());
        matmul(below, Accum::Add, factors.0, factors.1, -T::of_count(1), Par::Seq);
    }
    let mut out = Packed::new(m, n + 1)?;
    out.write(0, 0, a.as_ref(), whole);
    for (row, other) in order.into_iter().enumerate() {
        out.line(row)[n] = T::of_count(other);
    }
    out.array()
}

/// The columns that are eliminated before the others hear of it.
const PANEL: usize = 64;

/// Eliminates some columns below the diagonal, and swaps whole rows. As in LAPACK a pivot of 0 is left: there is nothing below
/// it, and the matrix is singular.
fn eliminate<T: Field>(a: &mut Mat<T>, columns: Range<usize>, order: &mut [usize]) {
    let (m, n) = (a.nrows(), a.ncols());
    for k in columns.clone() {
        let mut pivot = k;
        for row in k + 1..m {
            if a[(row, k)].size() > a[(pivot, k)].size() {
                pivot = row;
            }
        }
        if pivot != k {
            order.swap(k, pivot);
            for column in 0..n {
                let (upper, lower) = (a[(k, column)], a[(pivot, column)]);
                (a[(k, column)], a[(pivot, column)]) = (lower, upper);
            }
        }
        let divisor = a[(k, k)];
        if divisor == T::default() {
            continue;
        }
        for row in k + 1..m {
            a[(row, k)] = a[(row, k)].over(divisor);
        }
        for column in k + 1..columns.end {
            let top = a[(k, column)];
            for row in k + 1..m {
                a[(row, column)] = a[(row, column)] - a[(row, k)] * top;
            }
        }
    }
}

/// The factors of what [`lu`] returns, and the order of the rows.
fn factors<T: Field>(packed: &Mat<T>) -> (MatRef<'_, T>, Vec<usize>) {
    let n = packed.ncols() - 1;
    let order = packed.col(n).iter().map(|element| element.to_count()).collect();
    (packed.as_ref().subcols(0, n), order)
}

/// The solution for right sides, of a square matrix.
fn lu_solve<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let [packed, right] = operands else { return Err(memory::invalid("factors and a right side")) };
    let (both, order) = factors(packed);
    if (0..both.ncols()).any(|at| both[(at, at)] == T::default()) {
        return Err(failed("Singular matrix"));
    }
    let mut out = Mat::from_fn(right.nrows(), right.ncols(), |row, column| right[(order[row], column)]);
    both.solve_unit_lower_triangular_in_place(&mut out);
    both.solve_upper_triangular_in_place(&mut out);
    copied(out.as_ref(), whole)
}

fn lu_lower<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let (both, _) = factors(&operands[0]);
    let size = both.nrows().min(both.ncols());
    let mut out = Packed::new(both.nrows(), size)?;
    out.write(0, 0, both.subcols(0, size), |row, column| row > column);
    for at in 0..size {
        out.line(at)[at] = T::of_count(1);
    }
    out.array()
}

fn lu_upper<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let (both, _) = factors(&operands[0]);
    copied(both.subrows(0, both.nrows().min(both.ncols())), upper)
}

/// The permutation whose product with L and U is the matrix.
fn lu_rows<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let (_, order) = factors(&operands[0]);
    let mut out = Packed::new(order.len(), order.len())?;
    for (at, row) in order.into_iter().enumerate() {
        out.line(row)[at] = T::of_count(1);
    }
    out.array()
}

/// The determinant, as a matrix of one element.
fn lu_det<T: Field>(operands: &[Mat<T>], _: &Call<'_>) -> Result<NdArray> {
    let (both, mut order) = factors(&operands[0]);
    let mut found = T::of_count(1);
    for at in 0..both.ncols() {
        found *= both[(at, at)];
        while order[at] != at {
            let other = order[at];
            order.swap(at, other);
            found = -found;
        }
    }
    memory::array_of(T::DTYPE, &[1, 1], &[found])
}
