//! Orthogonal factors by blocks: QR, singular values, least squares.
//!
//! Tall matrices are factorised as a tree of small factorisations (TSQR: Demmel, Grigori, Hoemmen, Langou,
//! "Communication-optimal parallel and sequential QR and LU factorizations", 2012); matrices that are cut in both dimensions block
//! by block with rotations of pairs of blocks (Buttari, Langou, Kurzak, Dongarra, "A class of parallel tiled linear algebra
//! algorithms for multicore architectures", 2009).

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, Fit, Param};
use raskt_expr::Expr;

use super::task::{Matrix, adjoint, assembled, block, part, product, recut, sizes, task, zeros};
use crate::blockwise::transpose;
use crate::builder::Builder;
use crate::concatenate::concatenate;
use crate::error::{ArrayError, Built};
use crate::parameters::{DTYPE, dtype_param};
use crate::reductions::reduce;

/// Q, of as many columns as the smaller dimension, and R.
///
/// # Errors
/// For anything but a matrix of known shape.
pub fn qr(builder: &Builder<'_>, a: &Expr) -> Built<(Expr, Expr)> {
    let own = Matrix::of(builder, a)?;
    let (m, n, k) = (own.n_rows, own.n_columns, own.size());
    if k == 0 {
        let axis = |n| AxisChunks::uniform(n, n.max(1));
        let empty = |m, n| -> Built<Expr> { zeros(builder, &own.dtype, &Chunks::new([axis(m)?, axis(n)?])?) };
        return Ok((empty(m, k)?, empty(k, n)?));
    }
    if own.rows.n_blocks() == 1 && m < n {
        // The first columns have all that Q needs.
        let (q, first) = pair(builder, &part(builder, a, [0, m], [0, m])?)?;
        let rest = product(builder, &adjoint(builder, &q)?, &part(builder, a, [0, m], [m, n])?)?;
        let (columns, rest) = (builder.chunks(&rest)?.axes()[1].clone(), rest);
        let rest = recut(builder, &rest, &[m], &sizes(&columns))?;
        return Ok((q, concatenate(builder, &[first, rest], 1)?));
    }
    let largest = |axis: &AxisChunks| axis.size_max().unwrap_or(1).max(1);
    let room = largest(&own.rows).saturating_mul(largest(&own.columns));
    if own.columns.n_blocks() == 1 || n.saturating_mul(n) <= room || own.rows.n_blocks() == 1 {
        let whole = recut(builder, a, &sizes(&own.rows), &[n])?;
        let blocks = (0..own.rows.n_blocks()).map(|at| block(builder, &whole, at, 0));
        let (blocks, r) =
            tree(builder, &blocks.collect::<Built<Vec<_>>>()?, (4 * n).max(largest(&own.rows)))?;
        return Ok((concatenate(builder, &blocks, 0)?, r));
    }
    let side = ((room as f64).sqrt().clamped::<u64>()).max(1);
    tiled(builder, a, &own, side)
}

/// Q and R of a matrix that one task takes whole.
fn pair(builder: &Builder<'_>, a: &Expr) -> Built<(Expr, Expr)> {
    let own = Matrix::of(builder, a)?;
    let (m, n, k) = (own.n_rows, own.n_columns, own.size());
    let both = task(builder, "qr", &[a], [m + k, n], Param::Null)?;
    Ok((part(builder, &both, [0, m], [0, k])?, part(builder, &both, [m, m + k], [0, n])?))
}

/// The blocks of Q of blocks one below the other, and R. `limit` is how many rows of triangles one task takes.
fn tree(builder: &Builder<'_>, blocks: &[Expr], limit: u64) -> Built<(Vec<Expr>, Expr)> {
    let found = blocks.iter().map(|own| pair(builder, own)).collect::<Built<Vec<_>>>()?;
    let (mut columns, triangles): (Vec<Expr>, Vec<Expr>) = found.into_iter().unzip();
    if let [lone] = triangles.as_slice() {
        return Ok((columns, lone.clone()));
    }
    let heights = triangles.iter().map(|own| Ok(Matrix::of(builder, own)?.n_rows));
    let heights = heights.collect::<Built<Vec<u64>>>()?;
    let mut groups: Vec<Vec<usize>> = vec![Vec::new()];
    let mut n_rows = 0;
    for (at, height) in heights.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if group.len() < 2 || n_rows + height <= limit => {
                group.push(at);
                n_rows += height;
            }
            _ => {
                groups.push(vec![at]);
                n_rows = *height;
            }
        }
    }
    let joined = groups.iter().map(|group| {
        let own: Vec<Expr> = group.iter().map(|&at| triangles[at].clone()).collect();
        concatenate(builder, &own, 0)
    });
    let (inner, r) = tree(builder, &joined.collect::<Built<Vec<_>>>()?, limit)?;
    for (group, q) in groups.iter().zip(inner) {
        let width = Matrix::of(builder, &q)?.n_columns;
        let mut start = 0;
        for &at in group {
            let rows = part(builder, &q, [start, start + heights[at]], [0, width])?;
            start += heights[at];
            columns[at] = product(builder, &columns[at], &rows)?;
        }
    }
    Ok((columns, r))
}

/// A rotation of two blocks of `heights` rows, one below the other, or of one: what `q`, or its adjoint, makes of them.
fn rotate(builder: &Builder<'_>, q: &Expr, top: &Expr, below: Option<&Expr>) -> Built<(Expr, Option<Expr>)> {
    let Some(below) = below else { return Ok((product(builder, q, top)?, None)) };
    let (first, second) = (Matrix::of(builder, top)?, Matrix::of(builder, below)?);
    let (n, m, width) = (first.n_rows, second.n_rows, first.n_columns);
    let stacked = concatenate(builder, &[top.clone(), below.clone()], 0)?;
    let stacked = recut(builder, &stacked, &[n + m], &[width])?;
    let turned = product(builder, q, &stacked)?;
    let below = part(builder, &turned, [n, n + m], [0, width])?;
    Ok((part(builder, &turned, [0, n], [0, width])?, Some(below)))
}

/// Rotates two rows of a grid, or one, from a column on.
fn rotate_rows(
    builder: &Builder<'_>,
    q: &Expr,
    grid: &mut [Vec<Expr>],
    (k, i): (usize, Option<usize>),
    from: usize,
) -> Built<()> {
    let (tops, belows) = (grid[k][from..].to_vec(), i.map(|i| grid[i][from..].to_vec()));
    for (at, top) in tops.iter().enumerate() {
        let (top, below) = rotate(builder, q, top, belows.as_ref().map(|belows| &belows[at]))?;
        grid[k][from + at] = top;
        if let (Some(i), Some(below)) = (i, below) {
            grid[i][from + at] = below;
        }
    }
    Ok(())
}

/// A matrix that is cut in both dimensions, in square tiles.
fn tiled(builder: &Builder<'_>, a: &Expr, own: &Matrix, side: u64) -> Built<(Expr, Expr)> {
    let (rows, columns) = (tiles(own.n_rows, side), tiles(own.n_columns, side));
    let a = recut(builder, a, &rows, &columns)?;
    let (n_rows, n_columns) = (rows.len(), columns.len());
    let mut grid = Vec::with_capacity(n_rows);
    for i in 0..n_rows {
        let row = (0..n_columns).map(|j| block(builder, &a, i.clamped(), j.clamped()));
        grid.push(row.collect::<Built<Vec<_>>>()?);
    }
    let mut done: Vec<(usize, Option<usize>, Expr)> = Vec::new();
    for k in 0..n_rows.min(n_columns) {
        for i in std::iter::once(None).chain((k + 1..n_rows).map(Some)) {
            let height = rows[k] + i.map_or(0, |i| rows[i]);
            let operands: Vec<&Expr> = std::iter::once(&grid[k][k]).chain(i.map(|i| &grid[i][k])).collect();
            let both = task(builder, "qr_whole", &operands, [height, height + columns[k]], Param::Null)?;
            let q = part(builder, &both, [0, height], [0, height])?;
            grid[k][k] = part(builder, &both, [0, rows[k]], [height, height + columns[k]])?;
            let turned = adjoint(builder, &q)?;
            rotate_rows(builder, &turned, &mut grid, (k, i), k + 1)?;
            done.push((k, i, q));
        }
    }
    let widths = tiles(own.size(), side);
    let mut q = identity(builder, &own.dtype, &rows, &widths)?;
    for (k, i, rotation) in done.iter().rev() {
        rotate_rows(builder, rotation, &mut q, (*k, *i), *k)?;
    }
    let mut r = Vec::with_capacity(widths.len());
    for (i, &height) in widths.iter().enumerate() {
        let mut row = Vec::with_capacity(n_columns);
        for (j, &width) in columns.iter().enumerate() {
            row.push(match j < i {
                true => zeros(builder, &own.dtype, &super::task::lone([height, width])?)?,
                false => part(builder, &grid[i][j], [0, height], [0, width])?,
            });
        }
        r.push(row);
    }
    Ok((assembled(builder, &q)?, assembled(builder, &r)?))
}

/// The sizes of tiles along a length.
fn tiles(length: u64, side: u64) -> Vec<u64> {
    (0..length.div_ceil(side)).map(|at| side.min(length - at * side)).collect()
}

/// The identity as a grid of blocks whose diagonals are those of the whole: tiles are of one size but for the last.
fn identity(builder: &Builder<'_>, dtype: &DType, rows: &[u64], columns: &[u64]) -> Built<Vec<Vec<Expr>>> {
    let mut grid = Vec::with_capacity(rows.len());
    for (i, &height) in rows.iter().enumerate() {
        let mut row = Vec::with_capacity(columns.len());
        for (j, &width) in columns.iter().enumerate() {
            let chunks = super::task::lone([height, width])?;
            row.push(match i == j {
                true => super::square::eye(builder, dtype, &chunks)?,
                false => zeros(builder, dtype, &chunks)?,
            });
        }
        grid.push(row);
    }
    Ok(grid)
}

/// Left vectors as columns, singular values in descending order, right vectors as rows.
///
/// # Errors
/// As [`qr`].
pub fn svd(builder: &Builder<'_>, a: &Expr) -> Built<(Expr, Expr, Expr)> {
    let own = Matrix::of(builder, a)?;
    if own.n_rows < own.n_columns {
        let (right, values, left) = svd(builder, &transpose(builder, a, None)?)?;
        return Ok((transpose(builder, &left, None)?, values, transpose(builder, &right, None)?));
    }
    let (m, n) = (own.n_rows, own.n_columns);
    let (q, r) = match n == 0 || (own.rows.n_blocks() == 1 && own.columns.n_blocks() == 1) {
        true => (None, a.clone()),
        false => qr(builder, a).map(|(q, r)| (Some(q), r))?,
    };
    if n == 0 {
        let (u, r) = qr(builder, a)?;
        let values =
            first_row(builder, &zeros(builder, &own.dtype, &super::task::lone([1, 0])?)?, &own.dtype)?;
        return Ok((u, values, r));
    }
    let height = if q.is_some() { n } else { m };
    let all = task(builder, "svd", &[&r], [height + 1 + n, n], Param::Null)?;
    let u = part(builder, &all, [0, height], [0, n])?;
    let values = first_row(builder, &part(builder, &all, [height, height + 1], [0, n])?, &own.dtype)?;
    let u = q.map_or(Ok(u.clone()), |q| product(builder, &q, &u))?;
    Ok((u, values, part(builder, &all, [height + 1, height + 1 + n], [0, n])?))
}

/// The only row of a matrix, real.
pub(super) fn first_row(builder: &Builder<'_>, expr: &Expr, dtype: &DType) -> Built<Expr> {
    let row = crate::slicing::cut(builder, expr, &[crate::slicing::Cut::Point(0), crate::slicing::Cut::All])?;
    let real = match dtype {
        DType::Complex64 => DType::Float32,
        DType::Complex128 => DType::Float64,
        _ => return Ok(row),
    };
    builder.make("real", &[&row], Param::map([(DTYPE, dtype_param(&real))]))
}

/// The singular values in descending order, without the vectors.
///
/// # Errors
/// As [`qr`].
pub fn singular_values(builder: &Builder<'_>, a: &Expr) -> Built<Expr> {
    let own = Matrix::of(builder, a)?;
    if own.n_rows < own.n_columns {
        return singular_values(builder, &transpose(builder, a, None)?);
    }
    if own.size() == 0 {
        return Ok(svd(builder, a)?.1);
    }
    let r = if own.rows.n_blocks() == 1 { a.clone() } else { qr(builder, a)?.1 };
    let row = task(builder, "singular_values", &[&r], [1, own.n_columns], Param::Null)?;
    first_row(builder, &row, &own.dtype)
}

/// The least-squares solution of equations, the shortest one where there are many: columns for those of `b`.
///
/// # Errors
/// As [`qr`]; right sides of another length.
pub fn lstsq(builder: &Builder<'_>, a: &Expr, b: &Expr) -> Built<Expr> {
    let (own, right) = (Matrix::of(builder, a)?, Matrix::of(builder, b)?);
    let (m, n) = (own.n_rows, own.n_columns);
    if right.n_rows != m {
        return Err(ArrayError::value("Incompatible dimensions"));
    }
    if own.size() == 0 || right.n_columns == 0 {
        return zeros(builder, &own.dtype, &super::task::lone([n, right.n_columns])?);
    }
    let precision = match own.dtype {
        DType::Float32 | DType::Complex64 => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    };
    let told = Param::map([("rcond", Param::Float(precision * m.max(n) as f64))]);
    // What is left is square: R of the matrix, or of its adjoint.
    let tall = if m >= n { a.clone() } else { adjoint(builder, a)? };
    let (q, r) = qr(builder, &tall)?;
    if m >= n {
        let side = product(builder, &adjoint(builder, &q)?, b)?;
        return task(builder, "lstsq", &[&r, &side], [n, right.n_columns], told);
    }
    let x = task(builder, "lstsq", &[&adjoint(builder, &r)?, b], [m, right.n_columns], told)?;
    product(builder, &q, &x)
}

/// The square root of the sum of squared sizes.
///
/// # Errors
/// What the operations' rules return.
pub fn norm(builder: &Builder<'_>, a: &Expr) -> Built<Expr> {
    let sizes = crate::ufuncs::ufunc(builder, "absolute", std::slice::from_ref(a))?;
    let squares = crate::ufuncs::ufunc(builder, "square", &[sizes])?;
    crate::ufuncs::ufunc(builder, "sqrt", &[reduce(builder, "sum", &squares, None, false)?])
}
