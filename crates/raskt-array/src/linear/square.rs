//! Square matrices: Cholesky and triangular systems by blocks; LU, equations, determinants and eigenvalues by one task.

use raskt_core::chunk::Chunks;
use raskt_core::{DType, ErrorKind, Fit, Param};
use raskt_expr::Expr;

use super::orthogonal::first_row;
use super::task::{Matrix, adjoint, assembled, block, less_product, part, recut, sizes, task, zeros};
use crate::builder::Builder;
use crate::creation::source;
use crate::error::Built;
use crate::parameters::{CHUNKS, DTYPE, KWARGS, chunks_param, dtype_param};

/// Ones on the diagonal.
pub(super) fn eye(builder: &Builder<'_>, dtype: &DType, chunks: &Chunks) -> Built<Expr> {
    let told = Param::map([("k", Param::Int(0)), (DTYPE, dtype_param(dtype))]);
    let parameters =
        Param::map([(KWARGS, told), (DTYPE, dtype_param(dtype)), (CHUNKS, chunks_param(chunks))]);
    source(builder, "eye", &[], &parameters)
}

/// The lower triangle whose product with its adjoint is a Hermitian, positive-definite matrix, of which the lower triangle is read.
///
/// # Errors
/// For anything but a square matrix of known shape.
pub fn cholesky(builder: &Builder<'_>, a: &Expr) -> Built<Expr> {
    let own = Matrix::square(builder, a)?;
    let rows = sizes(own.alike());
    if own.n_rows == 0 {
        return Ok(a.clone());
    }
    let a = recut(builder, a, &rows, &rows)?;
    let mut grid: Vec<Vec<Expr>> = Vec::with_capacity(rows.len());
    for (i, &height) in rows.iter().enumerate() {
        let mut row: Vec<Expr> = Vec::with_capacity(rows.len());
        for (j, &width) in rows.iter().enumerate() {
            if j > i {
                row.push(zeros(builder, &own.dtype, &super::task::lone([height, width])?)?);
                continue;
            }
            let above = if i == j { &row } else { &grid[j] }.clone();
            let mut rest = block(builder, &a, i.clamped(), j.clamped())?;
            for (left, right) in row.iter().zip(&above).take(j) {
                rest = less_product(builder, &rest, left, &adjoint(builder, right)?)?;
            }
            row.push(match i == j {
                true => task(builder, "cholesky", &[&rest], [height, width], Param::Null)?,
                false => {
                    let told = Param::map([("lower", Param::Bool(true))]);
                    let turned = adjoint(builder, &rest)?;
                    let x = task(builder, "triangular", &[&above[j], &turned], [width, height], told)?;
                    adjoint(builder, &x)?
                }
            });
        }
        grid.push(row);
    }
    assembled(builder, &grid)
}

/// Two sides of equations that fit each other.
fn sides(builder: &Builder<'_>, a: &Expr, b: &Expr) -> Built<(Matrix, Matrix)> {
    let (own, right) = (Matrix::square(builder, a)?, Matrix::of(builder, b)?);
    if right.n_rows != own.n_rows {
        let (left, right) = (vec![own.n_rows, own.n_columns], vec![right.n_rows, right.n_columns]);
        return Err(raskt_core::Error::new(ErrorKind::ShapeMismatch { left, right }).into());
    }
    Ok((own, right))
}

/// The solution of a triangular system, by blocks: of `a`, the lower or the upper triangle is read.
///
/// # Errors
/// As [`cholesky`]; right sides of another length.
pub fn solve_triangular(builder: &Builder<'_>, a: &Expr, b: &Expr, is_lower: bool) -> Built<Expr> {
    let (own, right) = sides(builder, a, b)?;
    if own.n_rows == 0 || right.n_columns == 0 {
        return Ok(b.clone());
    }
    let rows = sizes(own.alike());
    let widths = sizes(&right.columns);
    let a = recut(builder, a, &rows, &rows)?;
    let b = recut(builder, b, &rows, &widths)?;
    let n = rows.len();
    let order: Vec<usize> = if is_lower { (0..n).collect() } else { (0..n).rev().collect() };
    let told = Param::map([("lower", Param::Bool(is_lower))]);
    let mut columns = Vec::with_capacity(widths.len());
    for (j, &width) in widths.iter().enumerate() {
        let mut found: Vec<(usize, Expr)> = Vec::with_capacity(n);
        for &i in &order {
            let mut rest = block(builder, &b, i.clamped(), j.clamped())?;
            for (k, x) in &found {
                rest = less_product(builder, &rest, &block(builder, &a, i.clamped(), (*k).clamped())?, x)?;
            }
            let triangle = block(builder, &a, i.clamped(), i.clamped())?;
            found
                .push((i, task(builder, "triangular", &[&triangle, &rest], [rows[i], width], told.clone())?));
        }
        found.sort_by_key(|(i, _)| *i);
        let column: Vec<Expr> = found.into_iter().map(|(_, x)| x).collect();
        columns.push(crate::concatenate::concatenate(builder, &column, 0)?);
    }
    crate::concatenate::concatenate(builder, &columns, 1)
}

/// L and U in one matrix, with the order of the rows.
fn packed(builder: &Builder<'_>, a: &Expr, own: &Matrix) -> Built<Expr> {
    task(builder, "lu", &[a], [own.n_rows, own.n_columns + 1], Param::Null)
}

/// A permutation, a lower triangle with ones on its diagonal, and an upper one, whose product the matrix is.
///
/// # Errors
/// For anything but a matrix of known shape.
pub fn lu(builder: &Builder<'_>, a: &Expr) -> Built<(Expr, Expr, Expr)> {
    let own = Matrix::of(builder, a)?;
    let (m, n, k) = (own.n_rows, own.n_columns, own.size());
    if k == 0 {
        let chunks = super::task::lone;
        let p = eye(builder, &own.dtype, &chunks([m, m])?)?;
        let (l, u) = (chunks([m, 0])?, chunks([0, n])?);
        return Ok((p, zeros(builder, &own.dtype, &l)?, zeros(builder, &own.dtype, &u)?));
    }
    let both = packed(builder, a, &own)?;
    let made = |kernel, shape| task(builder, kernel, &[&both], shape, Param::Null);
    Ok((made("lu_rows", [m, m])?, made("lu_lower", [m, k])?, made("lu_upper", [k, n])?))
}

/// The solution of linear equations: columns for those of `b`.
///
/// # Errors
/// As [`cholesky`]; right sides of another length.
pub fn solve(builder: &Builder<'_>, a: &Expr, b: &Expr) -> Built<Expr> {
    let (own, right) = sides(builder, a, b)?;
    if own.n_rows == 0 || right.n_columns == 0 {
        return Ok(b.clone());
    }
    let both = packed(builder, a, &own)?;
    let (mut columns, mut start) = (Vec::new(), 0);
    for width in sizes(&right.columns) {
        let own_side = part(builder, b, [0, own.n_rows], [start, start + width])?;
        columns.push(task(builder, "lu_solve", &[&both, &own_side], [own.n_rows, width], Param::Null)?);
        start += width;
    }
    let found = crate::concatenate::concatenate(builder, &columns, 1)?;
    recut(builder, &found, &sizes(&right.rows), &sizes(&right.columns))
}

/// The inverse.
///
/// # Errors
/// As [`cholesky`].
pub fn inv(builder: &Builder<'_>, a: &Expr) -> Built<Expr> {
    let own = Matrix::square(builder, a)?;
    let alike = own.alike().clone();
    solve(builder, a, &eye(builder, &own.dtype, &Chunks::new([alike.clone(), alike])?)?)
}

/// The determinant, as a number.
///
/// # Errors
/// As [`cholesky`].
pub fn det(builder: &Builder<'_>, a: &Expr) -> Built<Expr> {
    let own = Matrix::square(builder, a)?;
    let found = match own.n_rows {
        0 => eye(builder, &own.dtype, &super::task::lone([1, 1])?)?,
        _ => task(builder, "lu_det", &[&packed(builder, a, &own)?], [1, 1], Param::Null)?,
    };
    let first = crate::slicing::Cut::Point(0);
    crate::slicing::cut(builder, &found, &[first.clone(), first])
}

/// The eigenvalues in ascending order, and the eigenvectors as columns, of a Hermitian matrix whose lower triangle is read.
///
/// # Errors
/// As [`cholesky`].
pub fn eigh(builder: &Builder<'_>, a: &Expr) -> Built<(Expr, Expr)> {
    let own = Matrix::square(builder, a)?;
    let n = own.n_rows;
    if n == 0 {
        let row = zeros(builder, &own.dtype, &super::task::lone([1, 0])?)?;
        return Ok((first_row(builder, &row, &own.dtype)?, a.clone()));
    }
    let both = task(builder, "eigh", &[a], [n + 1, n], Param::Null)?;
    let values = first_row(builder, &part(builder, &both, [n, n + 1], [0, n])?, &own.dtype)?;
    Ok((values, part(builder, &both, [0, n], [0, n])?))
}
