"""Functions of blocks, which are NumPy's arrays: what tasks of Dask's arrays call."""

# ruff: noqa: A004 - NumPy's names
from __future__ import annotations

from typing import Any

import numpy as np
from numpy import (
    all,
    any,
    argmax,
    argmin,
    max,
    mean,
    min,
    nanargmax,
    nanargmin,
    nanmax,
    nanmean,
    nanmin,
    nanprod,
    nanstd,
    nansum,
    nanvar,
    prod,
    std,
    sum,
    var,
)

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "argtopk",
    "astype",
    "coarsen",
    "getitem",
    "max",
    "mean",
    "min",
    "nanargmax",
    "nanargmin",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "prod",
    "std",
    "sum",
    "topk",
    "trim",
    "var",
]


def coarsen(reduction: Any, x: Any, axes: Any, trim_excess: bool = False, **kwargs: Any) -> Any:
    """Reduce an array by whole numbers of elements along axes.

    Parameters
    ----------
    reduction : callable
        A reduction, such as `numpy.sum`.
    x : numpy.ndarray
        The array.
    axes : dict
        How many elements become one, by axis.
    trim_excess : bool, optional
        Whether what is left over at the end is dropped; otherwise it is an error.
    **kwargs
        Keywords of the reduction.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array import chunk
    >>> chunk.coarsen(np.max, np.arange(6), {0: 2})
    array([1, 3, 5])
    """
    factors = [axes.get(axis, 1) for axis in range(x.ndim)]
    if trim_excess:
        x = x[tuple(slice(0, n - n % by) for n, by in zip(x.shape, factors, strict=True))]
    shape = [part for n, by in zip(x.shape, factors, strict=True) for part in (n // by, by)]
    return reduction(x.reshape(shape), axis=tuple(range(1, 2 * x.ndim, 2)), **kwargs)


def trim(x: Any, axes: Any = None) -> Any:
    """Cut elements off both ends of axes.

    Parameters
    ----------
    x : numpy.ndarray
        The array.
    axes : int or dict
        How many, for all axes or by axis.

    Returns
    -------
    numpy.ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array import chunk
    >>> chunk.trim(np.arange(5), 1)
    array([1, 2, 3])
    """
    if not isinstance(axes, dict):
        axes = dict.fromkeys(range(x.ndim), axes or 0)
    return x[tuple(slice(axes.get(at, 0), n - axes.get(at, 0)) for at, n in enumerate(x.shape))]


def topk(a: Any, k: int, axis: int, keepdims: bool = True) -> Any:
    """Return the ``k`` largest elements along an axis in no order, the smallest for a negative ``k``.

    Parameters
    ----------
    a : numpy.ndarray
        The array.
    k : int
        How many.
    axis : int
        Along which axis.
    keepdims : bool
        True: the axis stays.

    Returns
    -------
    numpy.ndarray
    """
    if not keepdims:
        raise ValueError("topk keeps the axis: keepdims must be True")
    return np.take_along_axis(a, argtopk(a, k, axis), axis)


def argtopk(a: Any, k: int, axis: int, keepdims: bool = True) -> Any:
    """Return where the elements are that `topk` returns."""
    if not keepdims:
        raise ValueError("argtopk keeps the axis: keepdims must be True")
    n = a.shape[axis]
    if abs(k) >= n:
        return np.broadcast_to(
            np.arange(n).reshape([n if at == axis % a.ndim else 1 for at in range(a.ndim)]), a.shape
        )
    order = np.argpartition(a, -k if k > 0 else -k - 1, axis=axis)
    cut = slice(n - k, None) if k > 0 else slice(0, -k)
    return order[(*(slice(None),) * (axis % a.ndim), cut)]


def astype(x: Any, astype_dtype: Any = None, **kwargs: Any) -> Any:
    """Return the elements of an array as another dtype; see `numpy.ndarray.astype`."""
    return x.astype(astype_dtype, **kwargs)


def getitem(obj: Any, index: Any) -> Any:
    """Return a region of an array, in memory of its own where it is a small part of it."""
    found = obj[index]
    is_small = isinstance(found, np.ndarray) and found.base is not None and 2 * found.size < obj.size
    return found.copy() if is_small else found
