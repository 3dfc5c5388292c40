//! Expressions of one task, and what algorithms over a grid of blocks are written with.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
use raskt_expr::{Expr, LABEL};

use crate::blockwise::{blockwise, transpose};
use crate::builder::Builder;
use crate::creation::full;
use crate::error::{ArrayError, Built};
use crate::parameters::{CHUNKS, DTYPE, KWARGS, chunks_param, dtype_param, integers};
use crate::products::{self, Multiplier};
use crate::slicing::{Cut, cut};
use crate::ufuncs::ufunc;

/// How functions of blocks are called that the kernels of this module are.
pub(crate) const PREFIX: &str = "raskt.linear.";

/// A matrix of known shape, and how it is cut.
pub(super) struct Matrix {
    pub n_rows: u64,
    pub n_columns: u64,
    pub dtype: DType,
    pub rows: AxisChunks,
    pub columns: AxisChunks,
}

impl Matrix {
    /// What is known of `expr`.
    ///
    /// # Errors
    /// For anything but a matrix of known shape.
    pub fn of(builder: &Builder<'_>, expr: &Expr) -> Built<Self> {
        let chunks = builder.chunks(expr)?;
        let [rows, columns] = chunks.axes() else {
            let n = chunks.n_axes();
            return Err(ArrayError::value(format!(
                "{n}-dimensional array given. Array must be two-dimensional"
            )));
        };
        let &[n_rows, n_columns] = chunks.known_shape()?.as_slice() else {
            return Err(ErrorKind::InvalidValue("a matrix has two axes".into()).into());
        };
        let dtype = builder.dtype(expr)?;
        Ok(Self { n_rows, n_columns, dtype, rows: rows.clone(), columns: columns.clone() })
    }

    /// As [`Matrix::of`], of square ones.
    pub fn square(builder: &Builder<'_>, expr: &Expr) -> Built<Self> {
        let found = Self::of(builder, expr)?;
        match found.n_rows == found.n_columns {
            true => Ok(found),
            false => Err(ArrayError::value("Last 2 dimensions of the array must be square")),
        }
    }

    /// How rows and columns of a square matrix are cut alike.
    pub fn alike(&self) -> &AxisChunks {
        if self.rows.n_blocks() >= self.columns.n_blocks() { &self.rows } else { &self.columns }
    }

    /// The smaller one of its lengths.
    pub fn size(&self) -> u64 {
        self.n_rows.min(self.n_columns)
    }
}

pub(super) fn sizes(axis: &AxisChunks) -> Vec<u64> {
    axis.sizes().map(|size| size.unwrap_or(0)).collect()
}

/// One chunk of such a shape.
pub(super) fn lone(shape: [u64; 2]) -> Result<Chunks> {
    Chunks::new(shape.into_iter().map(|n| AxisChunks::from_sizes([n])).collect::<Result<Vec<_>>>()?)
}

/// `expr` in these chunks.
pub(super) fn recut(builder: &Builder<'_>, expr: &Expr, rows: &[u64], columns: &[u64]) -> Built<Expr> {
    let axes = [rows, columns].map(|sizes| AxisChunks::from_sizes(sizes.iter().copied()));
    let axes = axes.into_iter().collect::<Result<Vec<_>>>()?;
    crate::rechunk::to(builder, expr, &Chunks::new(axes)?)
}

/// The matrix of one chunk that a kernel makes of matrices, each given to it whole.
pub(super) fn task(
    builder: &Builder<'_>,
    kernel: &str,
    operands: &[&Expr],
    shape: [u64; 2],
    told: Param,
) -> Built<Expr> {
    let mut dtype = DType::Unknown;
    let mut whole = Vec::with_capacity(operands.len());
    for &expr in operands {
        let own = Matrix::of(builder, expr)?;
        dtype = own.dtype;
        whole.push(crate::rechunk::to(builder, expr, &lone([own.n_rows, own.n_columns])?)?);
    }
    let letters = |at: usize| {
        let first = (2 * at + 2).clamped::<i64>();
        integers([first, first + 1])
    };
    let parameters = Param::map([
        ("function", Param::Str(format!("{PREFIX}{kernel}").into())),
        (KWARGS, told),
        ("output", integers([0, 1])),
        ("inputs", Param::List((0..operands.len()).map(letters).collect())),
        (CHUNKS, chunks_param(&lone(shape)?)),
        (DTYPE, dtype_param(&dtype)),
        (LABEL, Param::Str(kernel.into())),
    ]);
    blockwise(builder, &whole, &parameters)
}

/// A block of a matrix.
pub(super) fn block(builder: &Builder<'_>, expr: &Expr, row: u32, column: u32) -> Built<Expr> {
    cut(builder, expr, &[Cut::Blocks(vec![row]), Cut::Blocks(vec![column])])
}

/// The rows and the columns, each from one number to before another.
pub(super) fn part(builder: &Builder<'_>, expr: &Expr, rows: [u64; 2], columns: [u64; 2]) -> Built<Expr> {
    let own = Matrix::of(builder, expr)?;
    let range = |[from, to]: [u64; 2], length: u64| match (from, to) {
        (0, to) if to == length => Cut::All,
        (from, to) => Cut::Range { start: from, n: to - from, step: 1 },
    };
    cut(builder, expr, &[range(rows, own.n_rows), range(columns, own.n_columns)])
}

pub(super) fn product(builder: &Builder<'_>, a: &Expr, b: &Expr) -> Built<Expr> {
    products::matmul(builder, a, b, Some(builder.dtype(a)?), Multiplier::Kernel)
}

pub(super) fn adjoint(builder: &Builder<'_>, expr: &Expr) -> Built<Expr> {
    let turned = transpose(builder, expr, None)?;
    match builder.dtype(expr)? {
        DType::Complex64 | DType::Complex128 => ufunc(builder, "conjugate", &[turned]),
        _ => Ok(turned),
    }
}

/// `expr` less a product.
pub(super) fn less_product(builder: &Builder<'_>, expr: &Expr, a: &Expr, b: &Expr) -> Built<Expr> {
    ufunc(builder, "subtract", &[expr.clone(), product(builder, a, b)?])
}

pub(super) fn zeros(builder: &Builder<'_>, dtype: &DType, chunks: &Chunks) -> Built<Expr> {
    full(builder, Param::Int(0), dtype, chunks)
}

/// The blocks of a grid as one matrix.
pub(super) fn assembled(builder: &Builder<'_>, grid: &[Vec<Expr>]) -> Built<Expr> {
    let rows = grid.iter().map(|row| crate::concatenate::concatenate(builder, row, 1));
    crate::concatenate::concatenate(builder, &rows.collect::<Built<Vec<_>>>()?, 0)
}
