"""Products of vectors and their like: inner, cross and Kronecker products, convolution, integrals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import dtype_parameter, known_shape
from raskt.array._grid import CHUNK_BYTES, grid_of
from raskt.array._op import op
from raskt.array.concatenate import concatenate, stack
from raskt.array.conversion import asanyarray
from raskt.array.creation import zeros
from raskt.array.cumulative import diff
from raskt.array.linear import matmul, tensordot
from raskt.array.shape import moveaxis

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "convolve",
    "correlate",
    "cross",
    "inner",
    "interp",
    "kron",
    "matvec",
    "trapezoid",
    "vecdot",
    "vecmat",
]


def inner(a: Any, b: Any) -> Array:
    """Return the sums of products over the last axes of two arrays.

    Parameters
    ----------
    a, b : array_like
        The arrays; numbers are multiplied.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> int(ra.inner(ra.arange(4, chunks=2), ra.arange(4, chunks=3)))
    14
    """
    a, b = asanyarray(a), asanyarray(b)
    if a.ndim == 0 or b.ndim == 0:
        found: Array = a * b
        return found
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"shapes {a.shape} and {b.shape} not aligned: {a.shape[-1]} (dim {a.ndim - 1}) != "
            f"{b.shape[-1]} (dim {b.ndim - 1})"
        )
    return tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 1,)))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """Return the scalar products of vectors along an axis, those of the first conjugated.

    Parameters
    ----------
    x1, x2 : array_like
        The arrays; their other axes are broadcast.
    axis : int, optional
        Along which axis, counted from the end after broadcasting.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.vecdot(ra.ones((2, 3), chunks=1), ra.arange(3.0, chunks=2)).compute()
    array([3., 3.])
    """
    a, b = asanyarray(x1), asanyarray(x2)
    if not a.ndim or not b.ndim:
        raise ValueError("vecdot: Input operand does not have enough dimensions (has 0, gufunc core needs 1)")
    a, b = moveaxis(a, axis, -1), moveaxis(b, axis, -1)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"vecdot: Input operand 1 has a mismatch in its core dimension 0: size {b.shape[-1]} "
            f"is different from {a.shape[-1]}"
        )
    products = (a.conj() if a.dtype.kind == "c" else a) * b
    found: Array = (
        products.any(axis=-1) if products.dtype == bool else products.sum(axis=-1, dtype=products.dtype)
    )
    return found


def matvec(x1: Any, x2: Any, /) -> Array:
    """Return the products of matrices with vectors: the last axes are those of the matrices and vectors.

    Parameters
    ----------
    x1 : array_like
        The matrices, along the last two axes.
    x2 : array_like
        The vectors, along the last axis; the other axes are broadcast.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.matvec(ra.ones((2, 3), chunks=2), ra.arange(3, chunks=2)).compute()
    array([3., 3.])
    """
    a, b = _with_axes("matvec", x1, 2, x2, 1)
    found: Array = matmul(a, b[..., None])[..., 0]
    return found


def vecmat(x1: Any, x2: Any, /) -> Array:
    """Return the products of vectors, conjugated, with matrices: see `matvec`."""
    a, b = _with_axes("vecmat", x1, 1, x2, 2)
    found: Array = matmul((a.conj() if a.dtype.kind == "c" else a)[..., None, :], b)[..., 0, :]
    return found


def _with_axes(name: str, x1: Any, n1: int, x2: Any, n2: int) -> tuple[Array, Array]:
    a, b = asanyarray(x1), asanyarray(x2)
    for at, (x, n) in enumerate([(a, n1), (b, n2)]):
        if x.ndim < n:
            raise ValueError(
                f"{name}: Input operand {at} does not have enough dimensions (has {x.ndim}, gufunc core "
                f"needs {n})"
            )
    return a, b


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Array:
    """Return the cross products of vectors of three elements.

    Parameters
    ----------
    a, b : array_like
        The vectors; their other axes are broadcast.
    axisa, axisb, axisc : int, optional
        Where the vectors lie in ``a``, ``b`` and the result.
    axis : int, optional
        Where they lie in all of them.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.cross(ra.asarray([1, 0, 0]), ra.asarray([0, 1, 0])).compute()
    array([0, 0, 1])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = asanyarray(a), asanyarray(b)
    if not a.ndim or not b.ndim:
        raise ValueError("At least one array has zero dimension")
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they are "
            f"{a.shape[-1]} and {b.shape[-1]} dimensional instead."
        )
    (a0, a1, a2), (b0, b1, b2) = ([x[..., at] for at in range(3)] for x in (a, b))
    found = stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)
    return moveaxis(found, -1, axisc)


def kron(a: Any, b: Any) -> Array:
    """Return the products of all pairs of elements, those of the second array together: Kronecker's product.

    Parameters
    ----------
    a, b : array_like
        The arrays; each task holds ``b`` whole.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.kron(ra.asarray([1, 10]), ra.asarray([1, 2])).compute()
    array([ 1,  2, 10, 20])
    """
    a, b = asanyarray(a), asanyarray(b)
    ndim = max(a.ndim, b.ndim)
    a, b = (x[(*(None,) * (ndim - x.ndim), ...)] for x in (a, b))
    dtype = np.result_type(a.dtype, b.dtype)
    n_inner = int(np.prod(known_shape(b, "kron")))
    known_shape(a, "kron")
    if a.ndim and a.size and n_inner * max(map(len, a.chunks)):
        limit = max(CHUNK_BYTES // max(n_inner, 1), dtype.itemsize)
        if int(np.prod(a.chunksize)) * a.dtype.itemsize > limit:
            a = a.rechunk("auto", block_size_limit=limit)
    letters = list(range(ndim))
    chunks = tuple(tuple(size * n for size in own) for own, n in zip(a.chunks, b.shape, strict=True))
    parameters = {
        "function": "numpy.kron",
        "output": letters,
        "inputs": [letters, [ndim + at for at in letters]],
        "chunks": grid_of(chunks, tuple(map(sum, chunks))),
        "contraction": "join",
        "dtype": dtype_parameter(dtype),
    }
    return op("blockwise", (a, b), parameters)


def _vector(x: Any, what: str) -> Array:
    found = asanyarray(x)
    if found.ndim == 0:
        found = found[None]
    if found.ndim > 1:
        raise ValueError("object too deep for desired array")
    if known_shape(found, what)[0] == 0:
        raise ValueError(f"{'a' if what == 'convolve' else 'first array argument'} cannot be empty")
    return found


def convolve(a: Any, v: Any, mode: str = "full") -> Array:
    """Return the convolution of two sequences.

    Parameters
    ----------
    a, v : array_like
        The sequences; each task holds the shorter one whole.
    mode : {"full", "same", "valid"}, optional
        All of it, as many elements as the longer one has, or where both overlap in full.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.convolve(ra.arange(4, chunks=2), [1, 1]).compute()
    array([0, 1, 3, 5, 3])
    """
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got '{mode}')")
    a, v = _vector(a, "convolve"), _vector(v, "convolve")
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    dtype = np.result_type(a.dtype, v.dtype)
    margin = {"full": (m - 1, m - 1), "same": (m // 2, (m - 1) // 2), "valid": (0, 0)}[mode]
    ends = [zeros(size, dtype=a.dtype) for size in margin]
    padded = concatenate([ends[0], a, ends[1]])
    total = n + sum(margin) - m + 1
    # Each part of the result needs as much of the sequence, and what lies behind it up to the other's length.
    size = max(max(a.chunks[0]), m)
    kwargs = {"function": "numpy.convolve", "contraction": "join", "dtype": dtype_parameter(dtype)}
    parts = []
    for start in range(0, total, size):
        length = min(size, total - start)
        parameters = {
            **kwargs,
            "kwargs": {"mode": "valid"},
            "output": [0],
            "inputs": [[1], [2]],
            "chunks": grid_of(((length,),), (length,)),
        }
        parts.append(op("blockwise", (padded[start : start + length + m - 1], v), parameters))
    return concatenate(parts)


def correlate(a: Any, v: Any, mode: str = "valid") -> Array:
    """Return the correlation of two sequences, the second conjugated: see `convolve` for ``mode``."""
    a, v = _vector(a, "correlate"), _vector(v, "correlate")
    if mode == "same" and v.shape[0] > a.shape[0]:
        turned: Array = convolve(v.conj(), a[::-1], mode)[::-1]
        return turned
    return convolve(a, v.conj()[::-1], mode)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """Return the integral along an axis by the trapezoidal rule.

    Parameters
    ----------
    y : array_like
        The values.
    x : array_like, optional
        Where they are; equally spaced by default.
    dx : number, optional
        How far apart.
    axis : int, optional
        Along which axis.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> float(ra.trapezoid(ra.arange(4.0, chunks=2)))
    4.5
    """
    y = asanyarray(y)
    at = axis_of(axis, y.ndim)
    if x is None:
        d: Any = dx
    else:
        x = asanyarray(x)
        if x.ndim == 1:
            d = diff(x)[tuple(slice(None) if own == at else None for own in range(y.ndim))]
        else:
            d = diff(x, axis=axis)
    before = (slice(None),) * at
    found: Array = (d * (y[(*before, slice(1, None))] + y[(*before, slice(None, -1))]) / 2.0).sum(axis=at)
    return found


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Array:
    """Return values between points that are given, on straight lines.

    Parameters
    ----------
    x : array_like
        Where values are wanted.
    xp, fp : array_like
        The points, ``xp`` in ascending order; each task holds all of them.
    left, right : number, optional
        The values before the first and behind the last point; those of these points by default.
    period : number, optional
        The period of ``x``.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.interp(ra.asarray([0.5, 1.5]), [0, 1, 2], [0, 10, 30]).compute()
    array([ 5., 20.])
    """
    x, xp, fp = asanyarray(x), asanyarray(xp), asanyarray(fp)
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError(
            "object too deep for desired array" if period is None else "Data points must be 1-D sequences"
        )
    if known_shape(xp, "interp") != known_shape(fp, "interp"):
        raise ValueError("fp and xp are not of the same length.")
    if not xp.shape[0]:
        raise ValueError("array of sample points is empty")
    if period == 0:
        raise ValueError("period must be a non-zero value")
    letters = list(range(x.ndim))
    dtype = np.result_type(np.complex128 if fp.dtype.kind == "c" else np.float64)
    parameters = {
        "function": "numpy.interp",
        "kwargs": {"left": left, "right": right, "period": period},
        "output": letters,
        "inputs": [letters, [x.ndim], [x.ndim + 1]],
        "chunks": x._expr.grid,
        "contraction": "join",
        "dtype": dtype_parameter(dtype),
    }
    return op("blockwise", (x, xp, fp), parameters)
