"""Diagonals, and what lies above and below them."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import is_known
from raskt.array._deferred import NAN, bounds_of, similar
from raskt.array._grid import LENGTH_MAX
from raskt.array._op import op
from raskt.array.conversion import asanyarray, asarray
from raskt.array.creation import diagonal_of, eye, tri
from raskt.array.padding import pad
from raskt.array.searching import nonzero, where
from raskt.array.shape import broadcast_to, moveaxis

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "diag",
    "diagflat",
    "diagonal",
    "tril",
    "tril_indices",
    "tril_indices_from",
    "triu",
    "triu_indices",
    "triu_indices_from",
]


def _triangle(m: Any, k: int, lower: bool) -> Array:
    m = asarray(m)
    if m.ndim == 0:
        raise ValueError("a triangle needs an array of 1 axis or more")
    if m.ndim == 1 and is_known(m.shape):
        m = broadcast_to(m, (*m.shape, *m.shape))
    if not is_known(m.shape[-2:]):
        (longest,) = bounds_of(m)[-1:]
        square = {0: ((NAN,), longest), 1: (m.chunks[0], longest)} if m.ndim == 1 else {}
        return similar(f"raskt.array.diagonals:{'tril' if lower else 'triu'}", (m, k), m, square)
    letters = list(range(m.ndim))
    parameters = {
        "function": "raskt.array._chunk.triangle",
        "kwargs": {"k": diagonal_of(k), "lower": lower},
        "output": letters,
        "inputs": [letters],
        "chunks": m._expr.grid,
        "dtype": m._expr.dtype,
        "info": True,
    }
    return op("blockwise", (m,), parameters)


def tril(m: Any, k: int = 0) -> Array:
    """Return the elements on and below a diagonal, and zeros above.

    Parameters
    ----------
    m : array_like
        The matrix, or matrices along the last two axes; of a vector, the matrix whose rows all are it.
    k : int, optional
        Which diagonal.

    Returns
    -------
    Array
        The triangle.
    """
    return _triangle(m, k, lower=True)


def triu(m: Any, k: int = 0) -> Array:
    """Return the elements on and above a diagonal, and zeros below; see `tril`."""
    return _triangle(m, k, lower=False)


def _places(mask: Array) -> tuple[Array, ...]:
    return nonzero(mask)


def tril_indices(n: int, k: int = 0, m: int | None = None, chunks: Any = "auto") -> tuple[Array, ...]:
    """Return the indices of the elements on and below a diagonal of a matrix of ``n`` rows."""
    return _places(tri(n, m, k=k, dtype=bool, chunks=chunks))


def triu_indices(n: int, k: int = 0, m: int | None = None, chunks: Any = "auto") -> tuple[Array, ...]:
    """Return the indices of the elements on and above a diagonal of a matrix of ``n`` rows."""
    return _places(~tri(n, m, k=k - 1, dtype=bool, chunks=chunks))


def tril_indices_from(arr: Any, k: int = 0) -> tuple[Array, ...]:
    """Return the indices of the elements on and below a diagonal of a matrix like ``arr``."""
    if arr.ndim != 2:
        raise ValueError("input array must be 2-d")
    return tril_indices(arr.shape[0], k=k, m=arr.shape[1], chunks=arr.chunks)


def triu_indices_from(arr: Any, k: int = 0) -> tuple[Array, ...]:
    """Return the indices of the elements on and above a diagonal of a matrix like ``arr``."""
    if arr.ndim != 2:
        raise ValueError("input array must be 2-d")
    return triu_indices(arr.shape[0], k=k, m=arr.shape[1], chunks=arr.chunks)


def diag(v: Any, k: int = 0) -> Array:
    """Return a diagonal, or the matrix that has one.

    Parameters
    ----------
    v : array_like
        A matrix, or the diagonal of one.
    k : int, optional
        Which diagonal.

    Returns
    -------
    Array
        The diagonal of a matrix; the matrix of a diagonal.
    """
    v = asarray(v)
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Array must be 1d or 2d only")
    n, k = v.shape[0], operator.index(k)
    if (0 if n != n else n) + abs(k) > LENGTH_MAX:
        raise ValueError(f"Maximum allowed dimension exceeded: k={k} asks for more than 2**63 - 1 rows")
    if n != n:
        (longest,) = bounds_of(v)
        along = ((NAN,) * v.numblocks[0], None if longest is None else longest + abs(k))
        return similar("raskt.array.diagonals:diag", (v, k), v, {0: along, 1: along})
    square = eye(n, chunks=(v.chunks[0], v.chunks[0]), dtype=bool)
    found = where(square, v[None, :], np.zeros((), dtype=v.dtype)[()])
    if k == 0:
        made: Array = found
        return made
    widths = ((0, k), (k, 0)) if k > 0 else ((-k, 0), (0, -k))
    return pad(found, widths, constant_values=np.zeros((), dtype=v.dtype)[()])


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Return the diagonals along two axes, as the last axis.

    Parameters
    ----------
    a : array_like
        The array.
    offset : int, optional
        Which diagonal.
    axis1, axis2 : int, optional
        The two axes.

    Returns
    -------
    Array
        The diagonals.
    """
    a = asarray(a)
    if a.ndim < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    if axis1 % a.ndim == axis2 % a.ndim:
        raise ValueError("axis1 and axis2 cannot be the same")
    a = moveaxis(a, (axis1, axis2), (-2, -1))
    return op("diagonal", (a,), {"offset": operator.index(offset)})


def diagflat(v: Any, k: int = 0) -> Array:
    """Return a matrix with the elements of an array of any shape on a diagonal.

    Parameters
    ----------
    v : array_like
        The elements.
    k : int, optional
        Which diagonal: above the main one for positive numbers.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.diagflat([[1, 2]]).compute()
    array([[1, 0],
           [0, 2]])
    """
    return diag(asanyarray(v).reshape(-1), k)
