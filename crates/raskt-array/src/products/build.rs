//! Products as expressions.

use raskt_core::{DType, ErrorKind, Fit, Param, Result};
use raskt_expr::{Expr, LABEL};

use crate::blockwise::{blockwise, transpose};
use crate::builder::Builder;
use crate::error::{ArrayError, Built};
use crate::parameters::{DTYPE, KWARGS, dtype_param, integers};
use crate::slicing::{Index, slice};
use crate::types::result_type;
use crate::ufuncs::promoted;

/// Multiplications in a product of blocks from which NumPy's BLAS repays the way through Python.
pub(crate) const BLAS_MULTIPLICATIONS: u64 = 1 << 22;
/// What multiplies blocks of matrices: the library, in place; or the kernel, where there is one for the dtypes.
pub(crate) const MATMUL_BY_BLAS: &str = "raskt.array._chunk.matmul_by_blas";
pub(crate) const MATMUL_BY_KERNEL: &str = "raskt.array._chunk.matmul_blocks";
const MATMUL_OF_BOOLS: &str = "raskt.array._chunk.matmul_of_bools";
const TENSORDOT_BY_BLAS: &str = "raskt.array._chunk.tensordot_by_blas";
const TENSORDOT_BY_KERNEL: &str = "raskt.array._chunk.tensordot_blocks";

/// What may multiply large blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplier {
    /// Kernels only.
    Kernel,
    /// The library's BLAS, where it is faster.
    Library,
}

impl Multiplier {
    /// Whether a product of blocks, of so many multiplications, is the library's.
    fn is_library(self, dtype: &DType, n_multiplications: Option<u64>) -> bool {
        self == Self::Library
            && matches!(dtype, DType::Float32 | DType::Float64 | DType::Complex64 | DType::Complex128)
            && n_multiplications.is_some_and(|n| n >= BLAS_MULTIPLICATIONS)
    }
}

/// The products of matrices, or of matrices along the last two axes; of vectors as NumPy has it.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for numbers, and lengths that differ.
pub fn matmul(
    builder: &Builder<'_>,
    a: &Expr,
    b: &Expr,
    dtype: Option<DType>,
    multiplier: Multiplier,
) -> Built<Expr> {
    let dtype = dtype.map_or_else(|| product_dtype(builder, a, b), Ok)?;
    let (left, right) = (builder.n_axes(a)?, builder.n_axes(b)?);
    if left == 0 || right == 0 {
        let what = "matmul: Input operand does not have enough dimensions (scalars are multiplied by *)";
        return Err(ArrayError::value(what));
    }
    let a = if left == 1 { slice(builder, a, &[Index::New])? } else { a.clone() };
    let b = if right == 1 { slice(builder, b, &[Index::from(..), Index::New])? } else { b.clone() };
    let (first, second) = (builder.chunks(&a)?, builder.chunks(&b)?);
    let [.., rows, inner] = first.axes() else { return Err(few_axes()) };
    let [.., other, columns] = second.axes() else { return Err(few_axes()) };
    if let (Some(found), Some(length)) = (inner.length(), other.length())
        && found != length
    {
        return Err(ArrayError::value(format!(
            "matmul: Input operand 1 has a mismatch in its core dimension 0: size {length} is different from {found}"
        )));
    }
    let n = (first.n_axes().max(second.n_axes()) - 2).clamped::<i64>();
    let letters = |n_axes: usize, last: [i64; 2]| {
        let batch = n - (n_axes - 2).clamped::<i64>();
        integers((batch..n).chain(last))
    };
    let largest = [rows, inner, columns].iter().try_fold(1_u64, |n, axis| n.checked_mul(axis.size_max()?));
    let function = match multiplier.is_library(&dtype, largest) {
        true => MATMUL_BY_BLAS,
        false if dtype == DType::Bool => MATMUL_OF_BOOLS,
        false => MATMUL_BY_KERNEL,
    };
    let parameters = Param::map([
        ("function", Param::Str(function.into())),
        ("output", integers((0..n).chain([n, n + 2]))),
        (
            "inputs",
            Param::List(
                [letters(first.n_axes(), [n, n + 1]), letters(second.n_axes(), [n + 1, n + 2])].into(),
            ),
        ),
        ("align", Param::Bool(true)),
        ("contraction", Param::Str("spread".into())),
        (DTYPE, dtype_param(&dtype)),
        (LABEL, Param::Str("matmul".into())),
    ]);
    let found = blockwise(builder, &[a, b], &parameters)?;
    match (left == 1, right == 1) {
        (false, false) => Ok(found),
        (true, false) => slice(builder, &found, &[Index::Ellipsis, Index::Point(0), Index::from(..)]),
        (false, true) => slice(builder, &found, &[Index::Ellipsis, Index::Point(0)]),
        (true, true) => slice(builder, &found, &[Index::Ellipsis, Index::Point(0), Index::Point(0)]),
    }
}

fn few_axes() -> ArrayError {
    ErrorKind::InvalidValue("a product of matrices needs two axes".into()).into()
}

/// The sums of products over pairs of axes: of the axes of `a` that are left, then those of `b`.
///
/// # Errors
/// [`ArrayError::Axis`]; lengths, or numbers of axes, that differ.
pub fn tensordot(
    builder: &Builder<'_>,
    a: &Expr,
    b: &Expr,
    axes: (&[i64], &[i64]),
    dtype: Option<DType>,
    multiplier: Multiplier,
) -> Built<Expr> {
    let mismatch = || ArrayError::value("shape-mismatch for sum");
    let dtype = dtype.map_or_else(|| product_dtype(builder, a, b), Ok)?;
    let (first, second) = (builder.chunks(a)?, builder.chunks(b)?);
    if axes.0.len() != axes.1.len() {
        return Err(mismatch());
    }
    let mut pairs = Vec::with_capacity(axes.0.len());
    for (&i, &j) in axes.0.iter().zip(axes.1) {
        let (i, j) = (Builder::axis(i, first.n_axes())?, Builder::axis(j, second.n_axes())?);
        let lengths = (first.axes()[i].length(), second.axes()[j].length());
        if matches!(lengths, (Some(own), Some(other)) if own != other) {
            return Err(mismatch());
        }
        pairs.push((i, j));
    }
    // Blocks along contracted axes come in C order of each operand: these agree only if the axes do.
    pairs.sort_unstable();
    let (i, j): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
    let wide = |axes: &[usize]| axes.iter().map(|&axis| axis.clamped::<i64>()).collect::<Vec<_>>();
    if !j.is_sorted() {
        let rest = (0..second.n_axes()).filter(|axis| !j.contains(axis));
        let order: Vec<usize> = j.iter().copied().chain(rest).collect();
        let b = transpose(builder, b, Some(&wide(&order)))?;
        let front: Vec<i64> = (0..j.len().clamped::<i64>()).collect();
        return tensordot(builder, a, &b, (&wide(&i), &front), Some(dtype), multiplier);
    }
    let left: Vec<i64> = (0..first.n_axes().clamped::<i64>()).collect();
    let mut right: Vec<i64> =
        (left.len()..left.len() + second.n_axes()).map(|at| at.clamped::<i64>()).collect();
    for (i, j) in i.iter().zip(&j) {
        right[*j] = left[*i];
    }
    let kept = |letters: &[i64], gone: &[usize]| {
        let kept = letters.iter().enumerate().filter(|(at, _)| !gone.contains(at));
        kept.map(|(_, letter)| *letter).collect::<Vec<_>>()
    };
    let sizes = first
        .axes()
        .iter()
        .chain(second.axes().iter().enumerate().filter(|(at, _)| !j.contains(at)).map(|(_, axis)| axis));
    let largest = sizes.map(|axis| axis.size_max()).try_fold(1_u64, |n, size| n.checked_mul(size?));
    let function = match multiplier.is_library(&dtype, largest) {
        true => TENSORDOT_BY_BLAS,
        false => TENSORDOT_BY_KERNEL,
    };
    let output = kept(&left, &i).into_iter().chain(kept(&right, &j));
    let axes = Param::List([integers(wide(&i)), integers(wide(&j))].into());
    let parameters = Param::map([
        ("function", Param::Str(function.into())),
        (KWARGS, Param::map([("axes", axes)])),
        ("output", integers(output)),
        ("inputs", Param::List([integers(left.iter().copied()), integers(right.iter().copied())].into())),
        ("align", Param::Bool(true)),
        ("contraction", Param::Str("spread".into())),
        (DTYPE, dtype_param(&dtype)),
        (LABEL, Param::Str("tensordot".into())),
    ]);
    blockwise(builder, &[a.clone(), b.clone()], &parameters)
}

/// The dtype that both have together; not known where the rules do not tell.
fn product_dtype(builder: &Builder<'_>, a: &Expr, b: &Expr) -> Result<DType> {
    let operands = [promoted(builder.meta(a)?), promoted(builder.meta(b)?)];
    Ok(result_type(&operands).unwrap_or(DType::Unknown))
}
