"""Products of matrices and their like."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import dtype_parameter
from raskt.array._einsum import contract
from raskt.array._op import op
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["dot", "einsum", "matmul", "outer", "tensordot", "vdot"]


def _product_dtype(*arrays: Array) -> str | None:
    if "m" in [x.dtype.kind for x in arrays]:
        # NumPy's sums of products of times have no unit.
        return dtype_parameter(np.dot(*[np.ones(1, x.dtype) for x in arrays]).dtype)
    return dtype_parameter(np.result_type(*[x.dtype for x in arrays]))


def matmul(a: Any, b: Any) -> Array:
    """Multiply matrices, as `numpy.matmul` does.

    Parameters
    ----------
    a, b : array_like
        Matrices, or matrices along the last two axes.

    Returns
    -------
    Array
        The products.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.ones((4, 4), chunks=2)
    >>> (x @ x).sum().compute()
    np.float64(64.0)
    """
    a, b = asanyarray(a), asanyarray(b)
    return op("matmul", (a, b), {"dtype": _product_dtype(a, b)})


def dot(a: Any, b: Any) -> Array:
    """Multiply arrays as `numpy.dot` does.

    Parameters
    ----------
    a, b : array_like
        The arrays.

    Returns
    -------
    Array
        The product: over the last axis of ``a`` and the last but one of ``b``.
    """
    a, b = asanyarray(a), asanyarray(b)
    if a.ndim == 0 or b.ndim == 0:
        made: Array = a * b
        return made
    # There are no products of matrices of times, but sums of products there are.
    if a.ndim <= 2 and b.ndim <= 2 and "m" not in (a.dtype.kind, b.dtype.kind):
        return matmul(a, b)
    return tensordot(a, b, axes=((a.ndim - 1,), (max(b.ndim - 2, 0),)))


def vdot(a: Any, b: Any) -> Array:
    """Return the sum of the products of elements, those of ``a`` conjugated."""
    a = asanyarray(a)
    return dot((a.conj() if a.dtype.kind in "cO" else a).ravel(), asanyarray(b).ravel())


def outer(a: Any, b: Any) -> Array:
    """Return the products of all pairs of elements."""
    array: Array = asanyarray(a).ravel()[:, None] * asanyarray(b).ravel()[None, :]
    return array


def tensordot(lhs: Any, rhs: Any, axes: Any = 2) -> Array:
    """Multiply arrays over some axes of both.

    Parameters
    ----------
    lhs, rhs : array_like
        The arrays.
    axes : int, or pair of sequences of int
        How many axes at the end of ``lhs`` and the start of ``rhs``, or which.

    Returns
    -------
    Array
        Of the axes of ``lhs`` that are left, then those of ``rhs``.
    """
    a, b = asanyarray(lhs), asanyarray(rhs)
    if isinstance(axes, (int, np.integer)):
        pairs: Any = int(axes)
    else:
        sides = ((side,) if isinstance(side, (int, np.integer)) else side for side in axes)
        pairs = [[operator.index(at) for at in side] for side in sides]
    return op("tensordot", (a, b), {"axes": pairs, "dtype": _product_dtype(a, b)})


def einsum(
    *operands: Any, dtype: Any = None, optimize: Any = False, split_every: Any = None, **kwargs: Any
) -> Array:
    """Multiply and sum by Einstein's notation, as `numpy.einsum` does.

    Parameters
    ----------
    *operands : str and array_like
        The subscripts, and the arrays.
    dtype : dtype, optional
        The dtype to compute in.
    optimize : bool or str, optional
        Whether to look for a better order of products.
    split_every : optional
        Accepted as Dask does.
    **kwargs
        ``casting``, ``order``: as in NumPy.

    Returns
    -------
    Array
        The result.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.ones((2, 3), chunks=1)
    >>> ra.einsum("ij->i", x).compute()
    array([3., 3.])
    """
    del split_every
    return contract(operands, dtype, optimize, kwargs)
