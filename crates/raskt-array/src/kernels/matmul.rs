//! Products of matrices, and what is made of them: `dot`, `tensordot`, batches.

use num_complex::Complex;
use raskt_core::{DType, ErrorKind, NdArray, Param, Result, Shape, allocation};
use raskt_exec::{Call, FloatErrors, FloatKinds, Outcome, TaskCtx};

use super::element::{Boolean, Element};
use super::elementwise::cast;
use super::float_status::watched;
use super::memory::{self, elements, invalid, wrong_dtype};
use super::reduce::{Number, any_float};
use super::shapes::{broadcast_shapes, broadcast_steps, normalize_axis};
use super::{parameters, threads};
use crate::types::promote_types;

/// A product's sizes: `m × k` times `k × n`.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    m: usize,
    k: usize,
    n: usize,
}

/// A matrix in memory: its first element, and the steps, in elements, from row to row and column to column.
#[derive(Clone, Copy)]
struct Matrix<'a, T: Copy> {
    elements: &'a [T],
    row: isize,
    col: isize,
}

/// The body `array.matmul`: `{"dtype"}`; inputs: two arrays, as NumPy's `matmul` takes them: batches of matrices,
/// broadcast against each other; a vector is a row on the left and a column on the right. A list of arrays is a sum of
/// products: the first list's items times the second's, one by one.
pub(crate) fn matmul(call: &mut Call<'_>) -> Result<Outcome> {
    let lists: Vec<Vec<NdArray>> = call.inputs.iter().map(operand).collect::<Result<_>>()?;
    let [left, right] = lists.as_slice() else { return Err(invalid("a product of two operands")) };
    if left.len() != right.len() || left.is_empty() {
        return Err(invalid(format!("{} blocks times {}", left.len(), right.len())));
    }
    let dtype = result_dtype(call.shared, &left[0], &right[0])?;
    let mut sum: Option<NdArray> = None;
    for (a, b) in left.iter().zip(right) {
        sum = Some(product("matmul", (&cast(a, &dtype)?, &cast(b, &dtype)?), sum, call.ctx)?);
    }
    let sum = sum.ok_or_else(|| invalid("a product of nothing"))?;
    Ok(Outcome::Value(without_vector_axes(sum, &left[0], &right[0])?.into()))
}

fn operand(value: &raskt_core::Value) -> Result<Vec<NdArray>> {
    match value {
        raskt_core::Value::List(items) => {
            items.iter().map(|item| Ok(memory::array(item)?.into_owned())).collect()
        }
        lone => Ok(vec![memory::array(lone)?.into_owned()]),
    }
}

fn result_dtype(shared: &Param, a: &NdArray, b: &NdArray) -> Result<DType> {
    match shared.get("dtype") {
        None | Some(Param::Null) => promote_types(a.dtype(), b.dtype())
            .ok_or_else(|| wrong_dtype("dtypes with a common one", a.dtype())),
        Some(_) => parameters::dtype(shared, "dtype"),
    }
}

/// The body `array.tensordot`: `{"axes": [[..], [..]], "dtype"}`: the sum of products over those axes of the one and of
/// the other. Lists of arrays are sums of products, as for `array.matmul`.
pub(crate) fn tensordot(call: &mut Call<'_>) -> Result<Outcome> {
    let lists: Vec<Vec<NdArray>> = call.inputs.iter().map(operand).collect::<Result<_>>()?;
    let [left, right] = lists.as_slice() else { return Err(invalid("a product of two operands")) };
    let axes = parameters::entry(call.shared, "axes")?.as_list().unwrap_or(&[]);
    let [of_a, of_b] = axes else { return Err(invalid("axes of both operands")) };
    let (mut sum, mut shape) = (None, Shape::new());
    for (a, b) in left.iter().zip(right) {
        let (of_a, of_b) = (named(of_a, a)?, named(of_b, b)?);
        let dtype = result_dtype(call.shared, a, b)?;
        let (left, right) = (unfolded(a, &of_a, &dtype, true)?, unfolded(b, &of_b, &dtype, false)?);
        shape = free(a, &of_a).chain(free(b, &of_b)).collect();
        sum = Some(product("dot", (&left, &right), sum, call.ctx)?);
    }
    let sum = sum.ok_or_else(|| invalid("a product of nothing"))?;
    let out = NdArray::contiguous(sum.dtype().clone(), &shape, sum.buffer().clone())?;
    Ok(Outcome::Value(out.into()))
}

/// The sizes of the axes that are not contracted.
fn free<'a>(array: &'a NdArray, contracted: &'a [usize]) -> impl Iterator<Item = u64> + 'a {
    let axes = array.shape().iter().enumerate();
    axes.filter(|(axis, _)| !contracted.contains(axis)).map(|(_, &size)| size)
}

/// An operand as a matrix: its contracted axes as columns on the left of a product, as rows on the right.
fn unfolded(array: &NdArray, contracted: &[usize], dtype: &DType, is_left: bool) -> Result<NdArray> {
    let cast = cast(array, dtype)?;
    let left: Vec<usize> = (0..array.shape().len()).filter(|axis| !contracted.contains(axis)).collect();
    let order = if is_left { [&left, contracted].concat() } else { [contracted, &left].concat() };
    let moved: Shape = order.iter().map(|&axis| cast.shape()[axis]).collect();
    let strides: Vec<i64> = order.iter().map(|&axis| cast.strides()[axis]).collect();
    let view = NdArray::strided(dtype.clone(), &moved, &strides, cast.offset(), cast.buffer().clone())?;
    let k = contracted.iter().map(|&axis| array.shape()[axis]).product();
    let n = free(array, contracted).product();
    let shape = if is_left { [n, k] } else { [k, n] };
    NdArray::contiguous(dtype.clone(), &shape, view.to_contiguous()?.buffer().clone())
}

fn named(axes: &Param, array: &NdArray) -> Result<Vec<usize>> {
    parameters::integers(axes)?.into_iter().map(|axis| normalize_axis(axis, array.shape().len())).collect()
}

/// A vector on the left is a row, on the right a column: their axes go again.
fn without_vector_axes(out: NdArray, a: &NdArray, b: &NdArray) -> Result<NdArray> {
    let mut shape: Shape = out.shape().into();
    if b.shape().len() == 1 {
        shape.pop();
    }
    if a.shape().len() == 1 {
        let at = if b.shape().len() == 1 { shape.len() - 1 } else { shape.len() - 2 };
        shape.remove(at);
    }
    NdArray::contiguous(out.dtype().clone(), &shape, out.buffer().clone())
}

/// The array as a batch of matrices.
fn as_matrices(array: &NdArray, is_left: bool) -> Result<NdArray> {
    let (shape, strides) = (array.shape(), array.strides());
    let (shape, strides): (Vec<u64>, Vec<i64>) = match (shape.len(), is_left) {
        (0, _) => return Err(invalid("matmul: an operand does not have enough dimensions")),
        (1, true) => (vec![1, shape[0]], vec![0, strides[0]]),
        (1, false) => (vec![shape[0], 1], vec![strides[0], 0]),
        _ => return Ok(array.clone()),
    };
    NdArray::strided(array.dtype().clone(), &shape, &strides, array.offset(), array.buffer().clone())
}

/// What NumPy reports of a product of matrices.
const KINDS: FloatKinds = FloatKinds::OVERFLOW.or(FloatKinds::INVALID);

/// The product of two batches of matrices of one dtype, added to `sum`. What it meets is noted as `operation`'s as far as
/// the result shows it: libraries fill up with zeros, whose products with infinities raise flags, too.
fn product(
    operation: &str,
    (a, b): (&NdArray, &NdArray),
    sum: Option<NdArray>,
    ctx: &TaskCtx<'_>,
) -> Result<NdArray> {
    let asked = |errors: &&FloatErrors| !errors.asked().and(KINDS).is_empty() && is_inexact(a.dtype());
    let Some(errors) = ctx.float_errors.filter(asked) else { return multiplied((a, b), sum, ctx, None) };
    let had_nan = sum.as_ref().is_some_and(|sum| any_float(sum, f64::is_nan));
    let met = errors.of_task();
    let made = multiplied((a, b), sum, ctx, Some(&met))?;
    let met = met.found().into_iter().fold(FloatKinds::NONE, |all, (_, kinds)| all.or(kinds));
    if !met.is_empty() {
        let has_nan = any_float(&made, f64::is_nan);
        let is_hidden = had_nan || !has_nan || any_float(a, f64::is_nan) || any_float(b, f64::is_nan);
        let hidden = FloatKinds::INVALID
            .when(is_hidden)
            .or(FloatKinds::OVERFLOW.when(!has_nan && !any_float(&made, f64::is_infinite)));
        errors.add(operation, met.without(hidden));
    }
    Ok(made)
}

fn is_inexact(dtype: &DType) -> bool {
    matches!(dtype, DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128)
}

fn multiplied(
    (a, b): (&NdArray, &NdArray),
    sum: Option<NdArray>,
    ctx: &TaskCtx<'_>,
    met: Option<&FloatErrors>,
) -> Result<NdArray> {
    let (a, b) = (as_matrices(a, true)?, as_matrices(b, false)?);
    let (batch_a, [m, k]) = halves(&a);
    let (batch_b, [k_right, n]) = halves(&b);
    if k != k_right {
        return Err(ErrorKind::ShapeMismatch { left: a.shape().to_vec(), right: b.shape().to_vec() }.into());
    }
    let batch = broadcast_shapes([batch_a, batch_b])?;
    let sizes = Sizes { m: m as usize, k: k as usize, n: n as usize };
    let shape: Shape = batch.iter().copied().chain([m, n]).collect();
    macro_rules! by_dtype {
        ($($dtype:ident => $T:ty, $multiply:expr;)*) => {
            match a.dtype() {
                $(DType::$dtype => batches::<$T>((&a, &b), &batch, sizes, (&shape, sum), $multiply, (ctx, met)),)*
                other => Err(wrong_dtype("a dtype with a native matrix product", other)),
            }
        };
    }
    by_dtype! {
        Bool => Boolean, plain;
        Int8 => i8, plain;
        Int16 => i16, plain;
        Int32 => i32, plain;
        Int64 => i64, plain;
        UInt8 => u8, plain;
        UInt16 => u16, plain;
        UInt32 => u32, plain;
        UInt64 => u64, plain;
        Float32 => f32, fast;
        Float64 => f64, fast;
        Complex64 => Complex<f32>, fast;
        Complex128 => Complex<f64>, fast;
    }
}

fn halves(array: &NdArray) -> (&[u64], [u64; 2]) {
    let shape = array.shape();
    let (batch, last) = shape.split_at(shape.len() - 2);
    (batch, [last[0], last[1]])
}

type Multiply<T> = fn(Sizes, Matrix<'_, T>, Matrix<'_, T>, &mut [T], Running<'_>);

/// On how many threads a product runs, and what notes the floating-point errors that it meets.
#[derive(Clone, Copy)]
struct Running<'a> {
    n_threads: usize,
    met: Option<&'a FloatErrors>,
}

fn batches<T: Element>(
    (a, b): (&NdArray, &NdArray),
    batch: &[u64],
    sizes: Sizes,
    (shape, sum): (&[u64], Option<NdArray>),
    multiply: Multiply<T>,
    (ctx, met): (&TaskCtx<'_>, Option<&FloatErrors>),
) -> Result<NdArray> {
    let item = size_of::<T>() as i64;
    let (elements_a, a) = typed::<T>(a)?;
    let (elements_b, b) = typed::<T>(b)?;
    let whole = |array: &NdArray| -> Shape {
        let (_, last) = halves(array);
        batch.iter().copied().chain(last).collect()
    };
    let (steps_a, steps_b) = (broadcast_steps(&a, &whole(&a)), broadcast_steps(&b, &whole(&b)));
    let mut buffer = match sum {
        Some(sum) => {
            let buffer = sum.buffer().clone();
            drop(sum);
            buffer.private()?
        }
        None => memory::zeros(&T::DTYPE, shape)?,
    };
    let bytes = buffer.as_mut_slice().ok_or_else(|| invalid("a buffer that cannot be written"))?;
    let out: &mut [T] = bytemuck::try_cast_slice_mut(bytes).map_err(|error| invalid(error.to_string()))?;
    let n_axes = batch.len();
    let block = sizes.m * sizes.n;
    let mut work = Vec::new();
    for (number, out) in out.chunks_exact_mut(block.max(1)).enumerate() {
        let (mut rest, mut at_a, mut at_b) = (number as u64, a.offset() as i64, b.offset() as i64);
        for axis in (0..n_axes).rev() {
            let index = (rest % batch[axis]) as i64;
            rest /= batch[axis];
            at_a += index * steps_a[axis];
            at_b += index * steps_b[axis];
        }
        work.push(((at_a / item) as usize, (at_b / item) as usize, out));
    }
    let n_threads = if sizes.m * sizes.n * sizes.k > 1 << 15 { ctx.n_threads } else { 1 };
    let steps = |steps: &[i64]| ((steps[n_axes] / item) as isize, (steps[n_axes + 1] / item) as isize);
    let ((row_a, col_a), (row_b, col_b)) = (steps(&steps_a), steps(&steps_b));
    for (at_a, at_b, out) in work {
        ctx.cancel.check()?;
        let left = Matrix { elements: &elements_a[at_a.min(elements_a.len())..], row: row_a, col: col_a };
        let right = Matrix { elements: &elements_b[at_b.min(elements_b.len())..], row: row_b, col: col_b };
        multiply(sizes, left, right, out, Running { n_threads, met });
    }
    NdArray::contiguous(T::DTYPE, shape, buffer)
}

/// The buffer's elements, and the array over them; a copy in C order where steps go backwards or bytes lie askew.
fn typed<T: Element>(array: &NdArray) -> Result<(std::borrow::Cow<'_, [T]>, std::borrow::Cow<'_, NdArray>)> {
    use std::borrow::Cow::{Borrowed, Owned};
    let item = size_of::<T>() as i64;
    let is_regular = array.strides().iter().all(|&step| step >= 0 && step % item == 0)
        && array.offset().is_multiple_of(size_of::<T>());
    let len = array.buffer().len() / size_of::<T>() * size_of::<T>();
    match bytemuck::try_cast_slice(&array.buffer().as_slice()[..len]) {
        Ok(elements) if is_regular => Ok((Borrowed(elements), Borrowed(array))),
        _ => {
            let dense = memory::aligned(array)?;
            Ok((Owned(allocation::copied(&elements::<T>(&dense)?)?), Owned(dense)))
        }
    }
}

/// What a matrix product needs of numbers that no library multiplies.
trait Ring: Element {
    fn multiply_add(self, a: Self, b: Self) -> Self;
}

impl<T: Number> Ring for T {
    #[inline(always)]
    fn multiply_add(self, a: Self, b: Self) -> Self {
        self.plus(a.times(b))
    }
}

impl Ring for Boolean {
    #[inline(always)]
    fn multiply_add(self, a: Self, b: Self) -> Self {
        (self.get() | (a.get() & b.get())).into()
    }
}

/// Rows of the right matrix that stay in the cache while all rows of the left pass.
const PANEL: usize = 128;

/// A plain product, in panels.
fn plain<T: Ring>(sizes: Sizes, a: Matrix<'_, T>, b: Matrix<'_, T>, out: &mut [T], running: Running<'_>) {
    let Sizes { m, k, n } = sizes;
    let Running { n_threads, met } = running;
    let at = |matrix: &Matrix<'_, T>, row: usize, col: usize| {
        matrix.elements[(row as isize * matrix.row + col as isize * matrix.col) as usize]
    };
    let rows_each = m.div_ceil(n_threads.max(1)).max(1);
    let parts: Vec<(usize, &mut [T])> = out.chunks_mut((rows_each * n).max(1)).enumerate().collect();
    let done = threads::each(parts, |(part, out)| {
        for first in (0..k).step_by(PANEL) {
            let depths = first..(first + PANEL).min(k);
            // The panel's rows one after the other.
            let mut panel: Vec<T> = allocation::room_for(depths.len() * n)?;
            panel.extend(depths.clone().flat_map(|p| (0..n).map(move |j| (p, j))).map(|(p, j)| at(&b, p, j)));
            for (row, line) in out.chunks_exact_mut(n.max(1)).enumerate() {
                watched(met, "product", KINDS, || {
                    for (p, rights) in depths.clone().zip(panel.chunks_exact(n.max(1))) {
                        let left = at(&a, part * rows_each + row, p);
                        line.iter_mut()
                            .zip(rights)
                            .for_each(|(sum, &right)| *sum = sum.multiply_add(left, right));
                    }
                });
            }
        }
        Ok(())
    });
    debug_assert!(done.is_ok(), "a plain product cannot fail");
}

/// A part of a product by the library `matrixmultiply`, added to what `out` holds.
trait Library: Ring {
    /// Whether the library's result is the sum of products. It multiplies complex sums by one at the end, which makes NaN
    /// of what is infinite: of complex numbers, only such as cannot get there.
    fn is_exact(_sizes: Sizes, _a: &Matrix<'_, Self>, _b: &Matrix<'_, Self>, _out: &[Self]) -> bool {
        true
    }

    /// # Safety
    /// Every element of `a` (`rows × k`) and `b` (`k × n`) lies in its slice, and `out` has `rows * n` elements.
    unsafe fn multiply(rows: usize, sizes: Sizes, a: Matrix<'_, Self>, b: Matrix<'_, Self>, out: &mut [Self]);
}

macro_rules! libraries {
    ($($T:ty, $gemm:ident, $number:ty, $one:expr, ($($flag:expr),*) $(, $largest:expr)?;)*) => {$(
        impl Library for $T {
            $(
            fn is_exact(sizes: Sizes, a: &Matrix<'_, Self>, b: &Matrix<'_, Self>, out: &[Self]) -> bool {
                let Sizes { m, k, n } = sizes;
                let size = |x: $T| f64::from(x.re).abs().max_known(f64::from(x.im).abs());
                let (left, right) = (a.largest(m, k, size), b.largest(k, n, size));
                let held = out.iter().map(|&x| size(x)).fold(0.0, f64::max_known);
                held + 2.0 * k as f64 * left * right < $largest
            }
            )?
            unsafe fn multiply(rows: usize, sizes: Sizes, a: Matrix<'_, Self>, b: Matrix<'_, Self>, out: &mut [Self]) {
                let Sizes { k, n, .. } = sizes;
                let (x, y) = (a.elements.as_ptr().cast::<$number>(), b.elements.as_ptr().cast::<$number>());
                let z = out.as_mut_ptr().cast::<$number>();
                // SAFETY: as the caller promises; complex numbers are laid out as pairs of their parts.
                unsafe {
                    matrixmultiply::$gemm(
                        $($flag,)* rows, k, n, $one, x, a.row, a.col, y, b.row, b.col, $one, z, n as isize, 1,
                    );
                }
            }
        }
    )*};
}

/// The larger of two sizes; NaN where one is.
trait MaxKnown {
    fn max_known(self, other: Self) -> Self;
}

impl MaxKnown for f64 {
    fn max_known(self, other: Self) -> Self {
        if self.is_nan() || self > other { self } else { other }
    }
}

libraries! {
    f32, sgemm, f32, 1.0, ();
    f64, dgemm, f64, 1.0, ();
    Complex<f32>, cgemm, [f32; 2], [1.0, 0.0], (matrixmultiply::CGemmOption::Standard, matrixmultiply::CGemmOption::Standard), f64::from(f32::MAX);
    Complex<f64>, zgemm, [f64; 2], [1.0, 0.0], (matrixmultiply::CGemmOption::Standard, matrixmultiply::CGemmOption::Standard), f64::MAX;
}

impl<T: Copy> Matrix<'_, T> {
    /// The largest `size` among `rows × cols` elements; NaN where one is.
    fn largest(&self, rows: usize, cols: usize, size: impl Fn(T) -> f64) -> f64 {
        let at = |row: usize, col: usize| (row as isize * self.row + col as isize * self.col) as usize;
        let places = (0..rows).flat_map(|row| (0..cols).map(move |col| at(row, col)));
        places.filter_map(|at| self.elements.get(at)).map(|&x| size(x)).fold(0.0, f64::max_known)
    }

    /// Whether every element of `rows × cols` lies in the slice.
    fn holds(&self, rows: usize, cols: usize) -> bool {
        let last = |n: usize, step: isize| n.checked_sub(1).map(|n| n.saturating_mul(step.unsigned_abs()));
        match (last(rows, self.row), last(cols, self.col)) {
            (Some(down), Some(right)) => {
                self.row >= 0 && self.col >= 0 && down.saturating_add(right) < self.elements.len()
            }
            _ => true,
        }
    }
}

/// A product by the library, rows shared out among threads.
fn fast<T: Library>(sizes: Sizes, a: Matrix<'_, T>, b: Matrix<'_, T>, out: &mut [T], running: Running<'_>) {
    if !T::is_exact(sizes, &a, &b, out) {
        return plain(sizes, a, b, out, running);
    }
    let Sizes { m, k, n } = sizes;
    let Running { n_threads, met } = running;
    let rows_each = m.div_ceil(n_threads.max(1)).max(1);
    let parts: Vec<(usize, &mut [T])> = out.chunks_mut((rows_each * n).max(1)).enumerate().collect();
    let done = threads::each(parts, |(part, out)| {
        let rows = out.len() / n.max(1);
        let skipped = part * rows_each * a.row.unsigned_abs();
        let a = Matrix { elements: &a.elements[skipped.min(a.elements.len())..], ..a };
        if !a.holds(rows, k) || !b.holds(k, n) || out.len() != rows * n {
            return Err(invalid("a matrix reaches outside its memory"));
        }
        // SAFETY: `holds` has just checked both matrices, and the line above the result.
        watched(met, "product", KINDS, || unsafe { T::multiply(rows, sizes, a, b, out) });
        Ok(())
    });
    debug_assert!(done.is_ok(), "arrays lie inside their buffers");
}
