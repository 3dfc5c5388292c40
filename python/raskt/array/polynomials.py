"""Polynomials by their coefficients."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array.concatenate import stack
from raskt.array.conversion import asanyarray
from raskt.array.creation import ones_like, zeros, zeros_like
from raskt.array.ufuncs import power

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["polyval", "vander"]


def polyval(p: Any, x: Any) -> Array:
    """Return what a polynomial comes to.

    Parameters
    ----------
    p : array_like
        The coefficients, that of the highest power first.
    x : array_like
        Where.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.polyval([1, 0, -2], ra.arange(4, chunks=2)).compute()
    array([-2, -1,  2,  7])
    """
    x = asanyarray(x)
    coefficients = p if hasattr(p, "_expr") else np.asarray(p)
    found: Array = zeros_like(x)
    for at in range(len(coefficients)):
        found = found * x + coefficients[at]
    return found


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Array:
    """Return the matrix of Vandermonde: powers of numbers as columns.

    Parameters
    ----------
    x : array_like
        The numbers, along one axis.
    N : int, optional
        How many powers, from 0 on; as many as there are numbers by default.
    increasing : bool, optional
        Whether the highest power comes last.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.vander([2, 3], 3).compute()
    array([[4, 2, 1],
           [9, 3, 1]])
    """
    x = asanyarray(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    n = operator.index(x.shape[0] if N is None else N)
    x = x.astype(np.promote_types(x.dtype, int))
    if n < 0:
        raise ValueError(f"a matrix of {n} columns")
    if not n:
        return zeros((x.shape[0], 0), x.dtype)
    columns = [ones_like(x), *(power(x, k) for k in range(1, n))]
    return stack(columns if increasing else columns[::-1], axis=1)
