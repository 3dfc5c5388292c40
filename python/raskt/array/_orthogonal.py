"""Orthogonal factors of matrices in blocks: QR, singular values.

Columns of blocks are factorised as trees of small factorisations (TSQR: Demmel, Grigori, Hoemmen, Langou,
"Communication-optimal parallel and sequential QR and LU factorizations", 2012); matrices that are cut in both
dimensions block by block with Householder's rotations of pairs of blocks (Buttari, Langou, Kurzak, Dongarra,
"A class of parallel tiled linear algebra algorithms for multicore architectures", 2009). Both are as stable
as LAPACK.
"""

from __future__ import annotations

import itertools
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array import random
from raskt.array._base import known_shape
from raskt.array._task import boxed, several, task
from raskt.array.concatenate import block, concatenate
from raskt.array.conversion import asanyarray
from raskt.array.creation import eye, zeros
from raskt.array.linear import matmul

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "compression_level",
    "compression_matrix",
    "inexact",
    "matrix",
    "qr",
    "sfqr",
    "svd",
    "svd_compressed",
    "svdvals",
    "tsqr",
]

OWN = "raskt.array._chunk_linalg"

_OF_SCIPY = ("cholesky", "lu", "solve", "solve_triangular")
"""The functions that are SciPy's, which takes half precision for single."""


def inexact(a: Any, what: str) -> Array:
    """Return an array as LAPACK takes it: whole numbers as floats."""
    x = asanyarray(a)
    if x.dtype.kind in "biu":
        return x.astype(np.float64)
    if x.dtype == np.float16 and what in _OF_SCIPY:
        return x.astype(np.float32)
    if x.dtype.char not in "fdFD":
        raise TypeError(f"array type {x.dtype} is unsupported in {what}")
    return x


def matrix(a: Any, what: str, square: bool = False) -> Array:
    """Return a matrix of known shape as LAPACK takes it."""
    x = inexact(a, what)
    if x.ndim != 2:
        raise np.linalg.LinAlgError(f"{x.ndim}-dimensional array given. Array must be two-dimensional")
    n_rows, n_columns = known_shape(x, what)
    if square and n_rows != n_columns:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return x


# ---- QR ----


def _tree(blocks: list[Array], limit: int) -> tuple[list[Array], Array]:
    """Factorise blocks one below the other; return the blocks of Q, and R.

    ``limit`` is how many rows of triangles one task takes.
    """
    n, dtype = blocks[0].shape[1], blocks[0].dtype
    boxes = [boxed(f"{OWN}.qr_factor", (own,), "qr") for own in blocks]
    heights = [min(own.shape[0], n) for own in blocks]
    columns = [
        task(f"{OWN}.qr_columns", (box,), (own.shape[0], height), dtype, "qr")
        for box, own, height in zip(boxes, blocks, heights, strict=True)
    ]
    triangles = [
        task(f"{OWN}.qr_triangle", (box,), (height, n), dtype, "qr")
        for box, height in zip(boxes, heights, strict=True)
    ]
    if len(blocks) == 1:
        return columns, triangles[0]
    groups: list[list[int]] = [[]]
    for at, height in enumerate(heights):
        if len(groups[-1]) > 1 and sum(heights[own] for own in groups[-1]) + height > limit:
            groups.append([])
        groups[-1].append(at)
    joined = [concatenate([triangles[at] for at in group]).rechunk(-1) for group in groups]
    inner, r = _tree(joined, limit)
    found = []
    for group, q in zip(groups, inner, strict=True):
        start = 0
        for at in group:
            rows = q[start : start + heights[at]]
            start += heights[at]
            shape = (blocks[at].shape[0], q.shape[1])
            found.append(task(f"{OWN}.product", (columns[at], rows), shape, dtype, "qr"))
    return found, r


def tsqr(data: Any, compute_svd: bool = False, _max_vchunk_size: int | None = None) -> tuple[Array, ...]:
    """Factorise a tall matrix, whose columns are in one chunk: QR, or singular values.

    Parameters
    ----------
    data : array_like
        The matrix.
    compute_svd : bool, optional
        Whether singular values and vectors are returned instead of Q and R.
    _max_vchunk_size : int, optional
        How many rows of triangles one task puts together.

    Returns
    -------
    tuple of Array
        Q and R; or U, S and the adjoint of V.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.random.default_rng(0).random((100, 3), chunks=(10, 3))
    >>> q, r = ra.linalg.tsqr(x)
    >>> bool(ra.allclose(q @ r, x)), r.shape
    (True, (3, 3))
    """
    a = matrix(data, "qr")
    if a.numblocks[1] > 1:
        raise ValueError(
            f"tsqr needs the columns in one chunk, found {a.numblocks[1]}: rechunk them, or call qr"
        )
    limit = _max_vchunk_size or max(*a.chunks[0], 4 * a.shape[1])
    blocks, r = _tree([a.blocks[at, 0] for at in range(a.numblocks[0])], limit)
    q = concatenate(blocks)
    if not compute_svd:
        return q, r
    u, s, v = _svd_of_block(r)
    return matmul(q, u), s, v


def sfqr(data: Any, name: Any = None) -> tuple[Array, Array]:
    """Factorise a short and fat matrix, whose rows are in one chunk.

    Parameters
    ----------
    data : array_like
        The matrix.
    name : optional
        Accepted as Dask does.

    Returns
    -------
    q, r : Array
        Q has as many columns as there are rows; R is cut as the matrix is, its first chunk at least square.
    """
    del name
    a = matrix(data, "qr")
    if a.numblocks[0] > 1:
        raise ValueError(
            f"sfqr needs the rows in one chunk, found {a.numblocks[0]}: rechunk them, or call qr"
        )
    m, n = a.shape
    widths = list(a.chunks[1])
    while len(widths) > 1 and widths[0] < min(m, n):
        widths[:2] = [widths[0] + widths[1]]
    a = a.rechunk({1: tuple(widths)})
    blocks, r = _tree([a.blocks[0, 0]], m)
    q = blocks[0]
    rest = [
        task(f"{OWN}.rotated_by_columns", (q, a.blocks[0, at]), (q.shape[1], width), a.dtype, "qr")
        for at, width in enumerate(widths[1:], 1)
    ]
    return q, concatenate([r, *rest], axis=1) if rest else r


def _tiles(a: Array) -> Array:
    """Return a matrix in square blocks of one size, of which the last of a row or column may be smaller."""
    found: Array = a.rechunk(max(1, math.isqrt(max(a.chunks[0]) * max(a.chunks[1]))))
    return found


def _rotate(box: Array, top: Array, below: Array | None, adjoint: bool) -> tuple[Array, Array | None]:
    """Return two blocks, one below the other, after a rotation."""
    operands = (box, top) if below is None else (box, top, below)
    kwargs = {"adjoint": adjoint}
    upper = task(f"{OWN}.rotated", operands, top.shape, top.dtype, "qr", part="upper", **kwargs)
    if below is None:
        return upper, None
    return upper, task(f"{OWN}.rotated", operands, below.shape, top.dtype, "qr", part="lower", **kwargs)


def _blocked(a: Array) -> tuple[Array, Array]:
    """Factorise a matrix that is cut in both dimensions."""
    a = _tiles(a)
    n_rows, n_columns = a.numblocks
    grid = [[a.blocks[i, j] for j in range(n_columns)] for i in range(n_rows)]
    done: list[tuple[int, int | None, Array]] = []
    for k in range(min(n_rows, n_columns)):
        for i in (None, *range(k + 1, n_rows)):
            operands = (grid[k][k],) if i is None else (grid[k][k], grid[i][k])
            box = boxed(f"{OWN}.qr_rotation", operands, "qr")
            done.append((k, i, box))
            grid[k][k] = task("raskt.array._chunk.one_of", (box,), grid[k][k].shape, a.dtype, "qr", at=1)
            for j in range(k + 1, n_columns):
                grid[k][j], below = _rotate(box, grid[k][j], None if i is None else grid[i][j], adjoint=True)
                if i is not None and below is not None:
                    grid[i][j] = below
    size = min(a.shape)
    widths = tuple(_cut(a.chunks[1], size))
    q = [
        [
            _identity(own, offset, width, start, a.dtype)
            for start, width in zip(_starts(widths), widths, strict=True)
        ]
        for offset, own in zip(_starts(a.chunks[0]), a.chunks[0], strict=True)
    ]
    for k, i, box in reversed(done):
        for j in range(k, len(widths)):
            q[k][j], below = _rotate(box, q[k][j], None if i is None else q[i][j], adjoint=False)
            if i is not None and below is not None:
                q[i][j] = below
    heights = tuple(_cut(a.chunks[0], size))
    r = [
        [
            grid[i][j][:height] if j >= i else zeros((height, width), dtype=a.dtype, chunks=-1)
            for j, width in enumerate(a.chunks[1])
        ]
        for i, height in enumerate(heights)
    ]
    return block(q), block(r)


def _starts(sizes: Any) -> list[int]:
    return list(itertools.accumulate(sizes, initial=0))[:-1]


def _cut(sizes: Any, length: int) -> list[int]:
    """Return the sizes of chunks as far as a length goes."""
    found = [min(size, length - start) for start, size in zip(_starts(sizes), sizes, strict=True)]
    return [size for size in found if size > 0]


def _identity(n_rows: int, row: int, n_columns: int, column: int, dtype: Any) -> Array:
    """Return a block of the identity."""
    if row < column + n_columns and column < row + n_rows:
        return eye(n_rows, M=n_columns, k=row - column, dtype=dtype, chunks=(n_rows, n_columns))
    return zeros((n_rows, n_columns), dtype=dtype, chunks=-1)


def _is_tall(a: Array) -> bool:
    """Whether the columns of a matrix fit in one chunk, beside those of a block of its size."""
    return a.numblocks[1] == 1 or a.shape[1] ** 2 <= max(a.chunks[0]) * max(a.chunks[1])


def qr(a: Any) -> tuple[Array, Array]:
    """Factorise a matrix into orthonormal columns and a triangle.

    Matrices may be cut in any way: tall ones are factorised as a tree (`tsqr`), short ones by their first
    columns (`sfqr`), those that are large in both dimensions by blocks.

    Parameters
    ----------
    a : array_like
        The matrix, or matrices along the last two axes.

    Returns
    -------
    q, r : Array
        ``a`` is ``q @ r``; Q has as many columns as the smaller of the dimensions.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.random.default_rng(0).random((6, 6), chunks=2)
    >>> q, r = ra.linalg.qr(x)
    >>> bool(ra.allclose(q @ r, x)), bool(ra.allclose(q.T @ q, ra.eye(6)))
    (True, True)
    """
    a = matrix(a, "qr")
    if 0 in a.shape:
        a = a.rechunk(-1)
    if a.numblocks[0] == 1:
        return sfqr(a)
    if _is_tall(a):
        q, r = tsqr(a.rechunk({1: -1}))
        return q, r
    return _blocked(a)


# ---- singular values ----


def _svd_of_block(a: Array) -> tuple[Array, Array, Array]:
    """Return the singular values and vectors of a matrix that one task takes whole."""
    (m, n), k = a.shape, min(a.shape)
    real = a.dtype.type(0).real.dtype
    u, s, v = several(f"{OWN}.svd_block", (a,), [((m, k), a.dtype), ((k,), real), ((k, n), a.dtype)], "svd")
    return u, s, v


def svd(a: Any, coerce_signs: bool = True, full_matrices: bool = False) -> tuple[Array, Array, Array]:
    """Return the singular values and vectors of a matrix, in any chunks.

    The matrix is factorised into Q and R by blocks. The singular values of R, which is square and as large as
    the smaller dimension, are found by one task.

    Parameters
    ----------
    a : array_like
        The matrix.
    coerce_signs : bool, optional
        Whether the sum of each right vector is made positive, so that all ways to a result have the same
        signs.
    full_matrices : bool, optional
        False: vectors that belong to no singular value are not made.

    Returns
    -------
    u, s, v : Array
        ``a`` is ``u @ diag(s) @ v``: columns, values in descending order, rows.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.random.default_rng(0).random((100, 4), chunks=(20, 4))
    >>> u, s, v = ra.linalg.svd(x)
    >>> bool(ra.allclose((u * s) @ v, x))
    True
    """
    if full_matrices:
        raise NotImplementedError("full_matrices=True: raskt.array_api.linalg.svd makes whole bases")
    a = matrix(a, "svd")
    if a.shape[0] < a.shape[1]:
        right, s, left = svd(a.T, coerce_signs=False)
        u, v = left.T, right.T
    elif a.npartitions == 1 or 0 in a.shape:
        u, s, v = _svd_of_block(a)
    else:
        q, r = qr(a)
        u, s, v = _svd_of_block(r)
        u = matmul(q, u)
    if coerce_signs:
        signs = task(f"{OWN}.signs_of_rows", (v,), s.shape, v.dtype, "svd")
        u, v = u * signs, v * signs[:, None]
    return u, s, v


def svdvals(a: Any) -> Array:
    """Return the singular values of a matrix, largest first, without the vectors.

    Parameters
    ----------
    a : array_like
        The matrix.

    Returns
    -------
    Array
        The values.
    """
    a = matrix(a, "svd")
    if a.shape[0] < a.shape[1]:
        a = a.T
    triangle = a if a.npartitions == 1 or 0 in a.shape else qr(a)[1]
    real = a.dtype.type(0).real.dtype
    return task(f"{OWN}.svdvals_block", (triangle,), (a.shape[1],), real, "svd")


def compression_level(n: int, q: int, n_oversamples: int = 10, min_subspace_size: int = 20) -> int:
    """Return the dimension of the random subspace in which `svd_compressed` looks.

    Parameters
    ----------
    n : int
        The smaller dimension of the matrix.
    q : int
        How many vectors are wanted.
    n_oversamples : int, optional
        How many more are sampled.
    min_subspace_size : int, optional
        How many are sampled at least.

    Returns
    -------
    int

    Examples
    --------
    >>> from raskt.array.linalg import compression_level
    >>> compression_level(100, 30)
    40
    """
    return min(max(min_subspace_size, q + n_oversamples), n)


def compression_matrix(
    data: Any,
    q: int,
    iterator: str = "power",
    n_power_iter: int = 0,
    n_oversamples: int = 10,
    seed: Any = None,
    compute: bool = False,
) -> Array:
    """Return orthonormal rows that a random sample of the range of a matrix spans.

    Parameters
    ----------
    data, q, iterator, n_power_iter, n_oversamples, seed, compute
        As in `svd_compressed`.

    Returns
    -------
    Array
        As many rows as `compression_level` says; the matrix times them is its compressed form.

    References
    ----------
    Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53 (2011), algorithms 4.3 and
    4.4.
    """
    if iterator not in ("power", "QR"):
        raise ValueError(f"Iterator '{iterator}' not valid, must one one of ['power', 'QR']")
    for name, count in (("k", q), ("n_power_iter", n_power_iter), ("n_oversamples", n_oversamples)):
        if operator.index(count) < 0:
            raise ValueError(f"{name} must be 0 or more, found {count}")
    data = matrix(data, "svd_compressed")
    m, n = data.shape
    size = compression_level(min(m, n), q, n_oversamples=n_oversamples)
    if isinstance(seed, random.RandomState):
        drawn = seed.standard_normal(size=(n, size), chunks=(data.chunks[1], (size,)))
    else:
        drawn = random.default_rng(seed).standard_normal(size=(n, size), chunks=(data.chunks[1], (size,)))
    sample = matmul(data, drawn.astype(data.dtype))
    for _ in range(n_power_iter):
        if iterator == "QR":
            sample = _columns(sample)
            sample = _columns(matmul(data.conj().T, sample))
            sample = matmul(data, sample)
        else:
            sample = matmul(data, matmul(data.conj().T, sample))
        if compute:
            sample = sample.persist()
    return _columns(sample).conj().T


def _columns(sample: Array) -> Array:
    """Return orthonormal columns that span the same as those of a sample."""
    return tsqr(sample.rechunk({1: -1}))[0]


def svd_compressed(
    a: Any,
    k: int,
    iterator: str = "power",
    n_power_iter: int = 0,
    n_oversamples: int = 10,
    seed: Any = None,
    compute: bool = False,
    coerce_signs: bool = True,
) -> tuple[Array, Array, Array]:
    """Return the largest singular values and their vectors, found in a random subspace.

    Parameters
    ----------
    a : array_like
        The matrix, in any chunks.
    k : int
        How many values.
    iterator : {"power", "QR"}, optional
        Whether the sample is orthogonalised between iterations, which keeps the digits of small values.
    n_power_iter : int, optional
        How often the sample is multiplied by the matrix and its adjoint: more is more accurate.
    n_oversamples : int, optional
        How many more vectors are sampled than wanted.
    seed : int, RandomState or other seed, optional
        Of the random numbers.
    compute : bool, optional
        Whether each iteration is computed at once, which needs less memory and more time.
    coerce_signs : bool, optional
        As in `svd`.

    Returns
    -------
    u, s, v : Array
        The first ``k`` columns, values and rows.

    Examples
    --------
    >>> import raskt.array as ra
    >>> rng = ra.random.default_rng(0)
    >>> x = rng.random((60, 3), chunks=20) @ rng.random((3, 40), chunks=20)
    >>> u, s, v = ra.linalg.svd_compressed(x, 3, seed=1)
    >>> bool(ra.allclose((u * s) @ v, x))
    True
    """
    a = matrix(a, "svd_compressed")
    rows = compression_matrix(
        a,
        k,
        iterator=iterator,
        n_power_iter=n_power_iter,
        n_oversamples=n_oversamples,
        seed=seed,
        compute=compute,
    )
    compressed = matmul(rows, a)
    if compute:
        compressed = compressed.persist()
    u, s, v = svd(compressed.rechunk({0: -1}), coerce_signs=False)
    u, s, v = matmul(rows.conj().T, u)[:, :k], s[:k], v[:k]
    if coerce_signs:
        signs = task(f"{OWN}.signs_of_rows", (v,), s.shape, v.dtype, "svd")
        u, v = u * signs, v * signs[:, None]
    return u, s, v
