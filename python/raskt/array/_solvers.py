"""Triangles and systems of equations in blocks: LU, Cholesky, solutions, inverses, determinants.

LU works on panels of whole columns, so that pivots are chosen from all rows, as LAPACK's ``getrf`` does: a
task holds two panels. Cholesky and triangular systems hold blocks only.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import known_shape
from raskt.array._chunk_linalg import inverses_or_nan
from raskt.array._gufunc import apply
from raskt.array._orthogonal import OWN, inexact, matrix, qr
from raskt.array._task import boxed, several, task
from raskt.array.concatenate import block, concatenate
from raskt.array.conversion import asanyarray
from raskt.array.creation import arange, eye, zeros
from raskt.array.linear import matmul

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["cholesky", "det", "inv", "inverse", "lstsq", "lu", "slogdet", "solve", "solve_triangular"]


def is_stack(a: Array) -> bool:
    """Whether an array holds matrices along its last two axes."""
    return a.ndim > 2


def check_square(a: Array) -> Array:
    """Check that an array holds square matrices."""
    if a.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{a.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    n_rows, n_columns = known_shape(a, "linear algebra")[-2:]
    if n_rows != n_columns:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return a


def each(function: Any, signature: str, *arrays: Array, dtypes: Any, sizes: Any = None) -> Any:
    """Apply a function of NumPy's to each of many matrices."""
    options = {"output_dtypes": dtypes, "output_sizes": sizes, "allow_rechunk": True}
    return apply(function, signature, arrays, options)


def square_chunks(a: Array) -> tuple[int, ...]:
    """Return how both dimensions of a square matrix are cut alike."""
    return a.chunks[0] if len(a.chunks[0]) >= len(a.chunks[1]) else a.chunks[1]


# ---- LU ----


class _Panels:
    """A matrix factorised by panels of columns.

    Parameters
    ----------
    a : Array
        The matrix.
    finite : bool
        Whether NaN and infinities are refused.
    """

    def __init__(self, a: Array, finite: bool) -> None:
        self.n_rows, n_columns = a.shape
        size = min(a.shape)
        ends = set(itertools.accumulate(a.chunks[1])) | {size} - {0}
        self.columns = [0, *sorted(ends)] if n_columns else [0]
        self.dtype = a.dtype
        self.boxes: list[Array] = []
        self.right: list[Array] = []
        spans = list(itertools.pairwise(self.columns))
        panels = [a[:, start:stop] for start, stop in spans]
        self.spans = [span for span in spans if span[0] < size]
        for k, (start, stop) in enumerate(self.spans):
            box = boxed(f"{OWN}.lu_panel", (panels[k],), "lu", start=start, finite=finite)
            self.boxes.append(box)
            for j in range(k + 1, len(panels)):
                panels[j] = self._update(panels[j], box, start, stop)
        self.rest = panels[len(self.spans) :]

    def _update(self, panel: Array, box: Array, start: int, stop: int) -> Array:
        dtype = np.result_type(panel.dtype, self.dtype)
        return task(f"{OWN}.lu_update", (panel, box), panel.shape, dtype, "lu", start=start, stop=stop)

    def order(self) -> Array:
        """Return the rows in the order in which they are taken."""
        return task(f"{OWN}.lu_order", self.boxes, (self.n_rows,), np.intp, "lu")

    def lower(self) -> Array:
        size = min(self.n_rows, self.columns[-1])
        parts = [
            task(
                f"{OWN}.lu_lower",
                self.boxes[k:],
                (self.n_rows, stop - start),
                self.dtype,
                "lu",
                start=start,
                width=stop - start,
            )
            for k, (start, stop) in enumerate(self.spans)
        ]
        return concatenate(parts, axis=1) if parts else zeros((self.n_rows, size), dtype=self.dtype)

    def upper(self) -> Array:
        size = min(self.n_rows, self.columns[-1])
        parts = [
            task(f"{OWN}.lu_upper", (box,), (size, stop - start), self.dtype, "lu", start=start, n=size)
            for box, (start, stop) in zip(self.boxes, self.spans, strict=True)
        ]
        parts += [panel[:size] for panel in self.rest]
        return concatenate(parts, axis=1) if parts else zeros((size, self.columns[-1]), dtype=self.dtype)

    def diagonal(self) -> Array:
        parts = [
            task(f"{OWN}.lu_diagonal", (box,), (stop - start,), self.dtype, "lu", start=start)
            for box, (start, stop) in zip(self.boxes, self.spans, strict=True)
        ]
        return concatenate(parts)

    def solved(self, right: Array, is_strict: bool = True) -> Array:
        """Return the solution for right sides, as columns; NaN for a singular matrix, unless strict."""
        found = []
        for at in range(right.numblocks[1]):
            panel = right.blocks[:, at]
            for box, (start, stop) in zip(self.boxes, self.spans, strict=True):
                panel = self._update(panel, box, start, stop)
            for box, (start, stop) in zip(reversed(self.boxes), reversed(self.spans), strict=True):
                kwargs = {"start": start, "stop": stop, "is_strict": is_strict}
                panel = task(f"{OWN}.lu_back", (panel, box), panel.shape, panel.dtype, "solve", **kwargs)
            found.append(panel)
        return concatenate(found, axis=1)


def lu(a: Any) -> tuple[Array, Array, Array]:
    """Factorise a matrix into a permutation, a lower and an upper triangle, as `scipy.linalg.lu` does.

    Pivots are chosen from all rows, not from those of one block as in Dask.

    Parameters
    ----------
    a : array_like
        The matrix, of any shape and chunks.

    Returns
    -------
    p, l, u : Array
        ``a`` is ``p @ l @ u``.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.random.default_rng(0).random((6, 6), chunks=2)
    >>> p, l, u = ra.linalg.lu(x)
    >>> bool(ra.allclose(p @ l @ u, x))
    True
    """
    a = matrix(a, "lu")
    m, n = a.shape
    if not m or not n:
        return eye(m, dtype=a.dtype), zeros((m, 0), dtype=a.dtype), zeros((0, n), dtype=a.dtype)
    panels = _Panels(a, finite=True)
    rows = a.chunks[0]
    order = panels.order().rechunk((rows,))
    real = a.dtype.type(0).real.dtype
    places = arange(m, chunks=(rows,), dtype=np.intp)
    p = (places[:, None] == order[None, :]).astype(real)
    size = min(m, n)
    heights, left = [], size
    for own in rows:
        heights.append(min(own, left))
        left -= heights[-1]
    upper = panels.upper().rechunk({0: tuple(own for own in heights if own)})
    return p, panels.lower().rechunk({0: rows}), upper


# ---- solutions ----


def _right_side(a: Array, b: Any) -> tuple[Array, bool]:
    """Return the right side of equations as columns, and whether it was one."""
    b = inexact(b, "solve")
    if b.ndim not in (1, 2):
        raise np.linalg.LinAlgError(
            f"the right side has {b.ndim} axes, where a matrix of equations has 1 or 2"
        )
    if known_shape(b, "solve")[0] != a.shape[0]:
        raise ValueError(
            f"solve: Input operand 1 has a mismatch in its core dimension 0: size {b.shape[0]} is different "
            f"from {a.shape[0]}"
        )
    return (b[:, None], True) if b.ndim == 1 else (b, False)


def solve(a: Any, b: Any, sym_pos: bool | None = None, assume_a: str = "gen") -> Array:
    """Solve systems of linear equations.

    Parameters
    ----------
    a : array_like
        The square matrix, in any chunks; or matrices along the last two axes.
    b : array_like
        The right side, or several as columns.
    sym_pos : bool, optional
        Use ``assume_a="pos"``.
    assume_a : {"gen", "pos"}, optional
        Whether ``a`` is any matrix, or Hermitian and positive definite: then Cholesky's factors are used, of
        which the upper triangle of ``a`` is read.

    Returns
    -------
    Array
        The solution, of the shape of ``b``.

    Raises
    ------
    numpy.linalg.LinAlgError
        When it is computed, for a singular matrix.

    Examples
    --------
    >>> import raskt.array as ra
    >>> a = ra.from_array([[3.0, 1.0], [1.0, 2.0]], chunks=1)
    >>> ra.linalg.solve(a, ra.asarray([9.0, 8.0])).compute()
    array([2., 3.])
    """
    if sym_pos is not None:
        raise TypeError("sym_pos is not taken any more: say assume_a='pos'")
    if assume_a not in ("gen", "pos"):
        raise ValueError(f"{assume_a} is not a recognized matrix structure: 'gen' or 'pos'")
    a = check_square(inexact(a, "solve"))
    if is_stack(a) or asanyarray(b).ndim > 2:
        return _solved_each(a, inexact(b, "solve"))
    right, is_one = _right_side(a, b)
    dtype = np.result_type(a.dtype, right.dtype)
    a, right = a.astype(dtype), right.astype(dtype)
    if not a.size or not right.size:
        found = zeros(right.shape, dtype=dtype, chunks=right.chunks)
    elif assume_a == "pos":
        factor = cholesky(a)
        found = solve_triangular(factor, solve_triangular(factor.conj().T, right, lower=True))
    else:
        found = _Panels(a, finite=False).solved(right.rechunk({0: -1})).rechunk({0: right.chunks[0]})
    return found[:, 0] if is_one else found


def _solved_each(a: Array, b: Array) -> Array:
    """Solve many systems, each whole in a chunk."""
    dtype = np.result_type(a.dtype, b.dtype)
    if b.ndim == 1:
        found: Array = each(np.linalg.solve, "(m,m),(m)->(m)", a, b, dtypes=dtype)
    else:
        found = each(np.linalg.solve, "(m,m),(m,k)->(m,k)", a, b, dtypes=dtype)
    return found


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Array:
    """Solve a triangular system by blocks, as `scipy.linalg.solve_triangular` does.

    Parameters
    ----------
    a : array_like
        The matrix, of which one triangle is read.
    b : array_like
        The right side, or several as columns.
    lower : bool, optional
        Whether the lower triangle is read.

    Returns
    -------
    Array
        The solution.

    Examples
    --------
    >>> import raskt.array as ra
    >>> a = ra.from_array([[2.0, 0.0], [1.0, 4.0]], chunks=1)
    >>> ra.linalg.solve_triangular(a, ra.asarray([2.0, 9.0]), lower=True).compute()
    array([1., 2.])
    """
    a = matrix(a, "solve_triangular", square=True)
    right, is_one = _right_side(a, b)
    rows = square_chunks(a)
    dtype = np.result_type(a.dtype, right.dtype)
    if not a.size or not right.size:
        found = zeros(right.shape, dtype=dtype, chunks=right.chunks)
        return found[:, 0] if is_one else found
    a, right = a.rechunk((rows, rows)), right.rechunk({0: rows})
    order = range(len(rows)) if lower else range(len(rows) - 1, -1, -1)
    starts = list(itertools.accumulate(rows, initial=0))
    grid: list[list[Any]] = [[None] * right.numblocks[1] for _ in rows]
    for j in range(right.numblocks[1]):
        done: list[int] = []
        for i in order:
            own = right.blocks[i, j]
            operands = (
                a.blocks[i, i],
                own,
                *(a.blocks[i, k] for k in done),
                *(grid[k][j] for k in done),
            )
            told = {"lower": bool(lower), "start": starts[i]}
            grid[i][j] = task(
                f"{OWN}.triangular_block", operands, own.shape, dtype, "solve_triangular", **told
            )
            done.append(i)
    found = block(grid)
    return found[:, 0] if is_one else found


def cholesky(a: Any, lower: bool = False) -> Array:
    """Return the triangle whose product with its adjoint is a Hermitian, positive-definite matrix.

    Parameters
    ----------
    a : array_like
        The matrix, of which the triangle asked for is read; or matrices along the last two axes.
    lower : bool, optional
        Whether the triangle is the lower one.

    Returns
    -------
    Array
        The triangle.

    Raises
    ------
    numpy.linalg.LinAlgError
        When it is computed, if the matrix is not positive definite.

    Examples
    --------
    >>> import raskt.array as ra
    >>> a = ra.from_array([[4.0, 2.0], [2.0, 5.0]], chunks=1)
    >>> ra.linalg.cholesky(a, lower=True).compute()
    array([[2., 0.],
           [1., 2.]])
    """
    a = check_square(inexact(a, "cholesky"))
    if is_stack(a):
        whole = a if lower else a.swapaxes(-1, -2).conj()
        found: Array = each(np.linalg.cholesky, "(m,m)->(m,m)", whole, dtypes=a.dtype)
        return found if lower else found.swapaxes(-1, -2).conj()
    if not lower:
        return cholesky(a.T.conj(), lower=True).T.conj()
    if not a.size:
        return zeros(a.shape, dtype=a.dtype)
    rows = square_chunks(a)
    a = a.rechunk((rows, rows))
    grid: list[list[Any]] = [[None] * len(rows) for _ in rows]
    for j in range(len(rows)):
        left = [grid[j][k] for k in range(j)]
        own = a.blocks[j, j]
        grid[j][j] = task(f"{OWN}.cholesky_block", (own, *left), own.shape, a.dtype, "cholesky")
        for i in range(j + 1, len(rows)):
            operands = (a.blocks[i, j], grid[j][j], *(grid[i][k] for k in range(j)), *left)
            shape = (rows[i], rows[j])
            grid[i][j] = task(f"{OWN}.cholesky_below", operands, shape, a.dtype, "cholesky")
            grid[j][i] = zeros((rows[j], rows[i]), dtype=a.dtype, chunks=-1)
    return block(grid)


def inv(a: Any) -> Array:
    """Return the inverse of a square matrix.

    Parameters
    ----------
    a : array_like
        The matrix, or matrices along the last two axes.

    Returns
    -------
    Array
        The inverse.

    Raises
    ------
    numpy.linalg.LinAlgError
        When it is computed, for a singular matrix.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.linalg.inv(ra.from_array([[2.0, 0.0], [0.0, 4.0]], chunks=1)).compute()
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return inverse(check_square(inexact(a, "linalg")))


def inverse(a: Array, is_strict: bool = True) -> Array:
    """Return the inverse of a square matrix, or of many; NaN for singular ones, unless strict."""
    if is_stack(a):
        function = np.linalg.inv if is_strict else inverses_or_nan
        found: Array = each(function, "(m,m)->(m,m)", a, dtypes=a.dtype)
        return found
    if not a.size:
        return zeros(a.shape, dtype=a.dtype, chunks=a.chunks)
    rows = square_chunks(a)
    right = eye(a.shape[0], dtype=a.dtype, chunks=(rows, rows)).rechunk({0: -1})
    made: Array = _Panels(a, finite=False).solved(right, is_strict).rechunk({0: rows})
    return made


def slogdet(a: Any) -> tuple[Array, Array]:
    """Return the sign of a determinant, and the logarithm of its absolute value.

    Parameters
    ----------
    a : array_like
        The square matrix, or matrices along the last two axes.

    Returns
    -------
    sign, logabsdet : Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> sign, log = ra.linalg.slogdet(ra.from_array([[1.0, 2.0], [3.0, 4.0]], chunks=1))
    >>> round(float(sign * ra.exp(log)), 10)
    -2.0
    """
    a = check_square(inexact(a, "linalg"))
    real = a.dtype.type(0).real.dtype
    if is_stack(a) or not a.size:
        sign, log = each(np.linalg.slogdet, "(m,m)->(),()", a, dtypes=[a.dtype, real])
        return sign, log
    panels = _Panels(a, finite=False)
    parity = task(f"{OWN}.sign_of_order", (panels.order(),), (), np.float64, "slogdet")
    sign, log = several(
        f"{OWN}.sign_and_log", (panels.diagonal(), parity), [((), a.dtype), ((), real)], "slogdet"
    )
    return sign, log


def det(a: Any) -> Array:
    """Return the determinant of a square matrix.

    Parameters
    ----------
    a : array_like
        The matrix, or matrices along the last two axes.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> round(float(ra.linalg.det(ra.from_array([[1.0, 2.0], [3.0, 4.0]], chunks=1))), 10)
    -2.0
    """
    a = check_square(inexact(a, "linalg"))
    if is_stack(a) or not a.size:
        found: Array = each(np.linalg.det, "(m,m)->()", a, dtypes=a.dtype)
        return found
    panels = _Panels(a, finite=False)
    parity = task(f"{OWN}.sign_of_order", (panels.order(),), (), np.float64, "det")
    return task(f"{OWN}.product_with_sign", (panels.diagonal(), parity), (), a.dtype, "det")


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Array, Array, Array, Array]:
    """Return the least-squares solution of equations, the shortest one where there are many.

    Parameters
    ----------
    a : array_like
        The matrix, in any chunks.
    b : array_like
        The right side, or several as columns.
    rcond : float, optional
        Singular values below ``rcond`` times the largest are taken for zero; the dtype's precision times the
        larger dimension by default.

    Returns
    -------
    x, residuals, rank, s : Array
        As `numpy.linalg.lstsq`, but for a matrix of more rows than columns there are residuals whatever its
        rank is.

    Examples
    --------
    >>> import raskt.array as ra
    >>> a = ra.from_array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], chunks=(1, 2))
    >>> x, *_ = ra.linalg.lstsq(a, ra.asarray([1.0, 3.0, 5.0]))
    >>> x.round(6).compute()
    array([1., 2.])
    """
    a = matrix(a, "lstsq")
    m, n = a.shape
    b = inexact(b, "lstsq")
    if b.ndim not in (1, 2) or known_shape(b, "lstsq")[0] != m:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    right, is_one = (b[:, None], True) if b.ndim == 1 else (b, False)
    dtype = np.result_type(a.dtype, right.dtype)
    real = dtype.type(0).real.dtype
    a, right = a.astype(dtype), right.astype(dtype)
    if rcond is None:
        rcond = float(np.finfo(dtype).eps) * max(m, n)
    # What is left is square: R of the matrix, or of its adjoint.
    q, r = qr(a if m >= n else a.conj().T)
    triangle, side = (r, matmul(q.conj().T, right)) if m >= n else (r.conj().T, right)
    size, count = min(m, n), right.shape[1]
    x, rank, s = several(
        f"{OWN}.lstsq_block",
        (triangle, side),
        [((size, count), dtype), ((), np.intp), ((size,), real)],
        "lstsq",
        rcond=rcond,
    )
    if m < n:
        x = matmul(q, x)
    residuals = (abs(right - matmul(a, x)) ** 2).sum(axis=0) if m > n else zeros((0,), dtype=real)
    return x[:, 0] if is_one else x, residuals, rank, s
