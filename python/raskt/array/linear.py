"""Products of matrices and their like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import dtype_parameter
from raskt.array._einsum import contract
from raskt.array._op import op
from raskt.array.conversion import asanyarray
from raskt.array.shape import transpose

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
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(
            "matmul: Input operand does not have enough dimensions (scalars are multiplied by *)"
        )
    left, right = a.ndim == 1, b.ndim == 1
    if left:
        a = a[None, :]
    if right:
        b = b[:, None]
    if a.shape[-1] != b.shape[-2] and a.shape[-1] == a.shape[-1] and b.shape[-2] == b.shape[-2]:
        raise ValueError(
            f"matmul: Input operand 1 has a mismatch in its core dimension 0: size "
            f"{b.shape[-2]} is different from "
            f"{a.shape[-1]}"
        )
    n = max(a.ndim, b.ndim) - 2
    batch = list(range(n))
    rows, inner, columns = n, n + 1, n + 2
    parameters = {
        "function": "raskt.array._chunk.matmul_blocks",
        "output": [*batch, rows, columns],
        "inputs": [[*batch[n - (a.ndim - 2) :], rows, inner], [*batch[n - (b.ndim - 2) :], inner, columns]],
        "align": True,
        "contraction": "spread",
        "dtype": _product_dtype(a, b),
    }
    if a.dtype.kind == "b" and b.dtype.kind == "b":
        parameters["function"] = "raskt.array._chunk.matmul_of_bools"
    elif _is_for_blas(a, b, math.prod(max(sizes, default=0) for sizes in (*a.chunks[-2:], b.chunks[-1]))):
        parameters["function"] = "raskt.array._chunk.matmul_by_blas"
    found = op("blockwise", (a, b), parameters)
    if left:
        found = found[..., 0, :]
    if right:
        found = found[..., 0]
    return found


BLAS_MULTIPLICATIONS = 2**22
"""Multiplications in a product of blocks from which NumPy's BLAS repays the way through Python."""


def _is_for_blas(a: Array, b: Array, n: float) -> bool:
    """Whether NumPy takes a product of blocks, of ``n`` multiplications, faster than the engine does."""
    return np.result_type(a.dtype, b.dtype).kind in "fc" and n >= BLAS_MULTIPLICATIONS


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
        if axes > min(a.ndim, b.ndim):
            raise ValueError(
                f"tensordot over {axes} axes of arrays of {a.ndim} and {b.ndim}: shape-mismatch for sum"
            )
        axes = (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    first, second = ((side,) if isinstance(side, (int, np.integer)) else tuple(side) for side in axes)
    if len(first) != len(second):
        raise ValueError("shape-mismatch for sum")
    first = tuple(_contracted(at, a.ndim) for at in first)
    second = tuple(_contracted(at, b.ndim) for at in second)
    for i, j in zip(first, second, strict=True):
        if a.shape[i] != b.shape[j] and a.shape[i] == a.shape[i] and b.shape[j] == b.shape[j]:
            raise ValueError("shape-mismatch for sum")
    left = list(range(a.ndim))
    right = list(range(a.ndim, a.ndim + b.ndim))
    for i, j in zip(first, second, strict=True):
        right[j] = left[i]
    # Blocks along contracted axes come in C order of each operand: these agree only if the axes do.
    if len(first) > 1 and list(second) != [second[k] for k in np.argsort(first)]:
        order = np.argsort(first)
        first, second = tuple(first[k] for k in order), tuple(second[k] for k in order)
    if list(second) != sorted(second):
        rest = [at for at in range(b.ndim) if at not in second]
        return tensordot(a, transpose(b, (*second, *rest)), axes=(first, tuple(range(len(second)))))
    output = [letter for at, letter in enumerate(left) if at not in first]
    output += [letter for at, letter in enumerate(right) if at not in second]
    rows = math.prod(max(sizes, default=0) for sizes in a.chunks)
    columns = math.prod(max(b.chunks[at], default=0) for at in range(b.ndim) if at not in second)
    blas = _is_for_blas(a, b, rows * columns)
    parameters = {
        "function": f"raskt.array._chunk.tensordot_{'by_blas' if blas else 'blocks'}",
        "kwargs": {"axes": (first, second)},
        "output": output,
        "inputs": [left, right],
        "align": True,
        "contraction": "spread",
        "dtype": _product_dtype(a, b),
    }
    return op("blockwise", (a, b), parameters)


def _contracted(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise IndexError(f"tensordot: axis {axis} is out of bounds for array of dimension {ndim}")
    return axis % ndim


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
