"""Equations of tensors: those of matrices, into which their axes are put together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import known_shape
from raskt.array._solvers import inv, solve
from raskt.array.conversion import asanyarray
from raskt.array.shape import transpose

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["tensorinv", "tensorsolve"]


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Array:
    """Solve ``a x = b`` for ``x``, where products are summed over all axes of ``x``.

    Parameters
    ----------
    a : array_like
        The coefficients: the axes of ``b``, then those of ``x``, as many elements in either.
    b : array_like
        The right side.
    axes : sequence of int, optional
        Which axes of ``a`` are put last first.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> a = ra.eye(6, chunks=3).reshape(2, 3, 6)
    >>> ra.linalg.tensorsolve(a, ra.ones((2, 3))).shape
    (6,)
    """
    a, b = asanyarray(a), asanyarray(b)
    if axes is not None:
        last = [axis_of(axis, a.ndim) for axis in axes]
        a = transpose(a, [*(at for at in range(a.ndim) if at not in last), *last])
    rest, n = known_shape(a, "tensorsolve")[b.ndim :], math.prod(known_shape(b, "tensorsolve"))
    if a.shape[: b.ndim] != b.shape or math.prod(rest) != n:
        raise np.linalg.LinAlgError(
            f"coefficients of shape {a.shape} make no square matrix beside a right side of shape {b.shape}"
        )
    found: Array = solve(a.reshape(n, n), b.reshape(n)).reshape(rest)
    return found


def tensorinv(a: Any, ind: int = 2) -> Array:
    """Return the inverse of a tensor: ``tensordot(tensorinv(a), b, b.ndim)`` is ``tensorsolve(a, b)``.

    Parameters
    ----------
    a : array_like
        The tensor, as many elements along its first axes as along the others.
    ind : int, optional
        How many axes are the first.

    Returns
    -------
    Array
        Its axes: the others, then the first.
    """
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    a = asanyarray(a)
    shape = known_shape(a, "tensorinv")
    n = math.prod(shape[ind:])
    if math.prod(shape[:ind]) != n:
        raise np.linalg.LinAlgError(
            f"a tensor of shape {shape} makes no square matrix with {ind} axes as rows"
        )
    found: Array = inv(a.reshape(n, n)).reshape((*shape[ind:], *shape[:ind]))
    return found
