"""Masked arrays: the functions of `numpy.ma` on arrays whose blocks are masked.

Most of what works on arrays works on masked ones, too: operators, ufuncs, reductions, indices, joins. Here
are the functions that make masks, and those that take them off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array import searching
from raskt.array._axes import axis_of
from raskt.array._base import is_known
from raskt.array._masked import masked
from raskt.array.conversion import asanyarray
from raskt.array.shape import broadcast_to
from raskt.array.ufuncs import apply

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "average",
    "compressed",
    "count",
    "empty_like",
    "filled",
    "fix_invalid",
    "getdata",
    "getmaskarray",
    "masked_array",
    "masked_equal",
    "masked_greater",
    "masked_greater_equal",
    "masked_inside",
    "masked_invalid",
    "masked_less",
    "masked_less_equal",
    "masked_not_equal",
    "masked_outside",
    "masked_values",
    "masked_where",
    "nonzero",
    "ones_like",
    "set_fill_value",
    "where",
    "zeros_like",
]


def masked_array(data: Any, mask: Any = False, fill_value: Any = None, **kwargs: Any) -> Array:
    """Make a masked array of data and a mask.

    Parameters
    ----------
    data : array_like
        The data.
    mask : array_like of bool, optional
        Of the shape of the data, or one truth value.
    fill_value : scalar, optional
        What stands for masked elements where they are filled.
    **kwargs
        ``dtype``, ``keep_mask``, ``hard_mask``, ``shrink`` of `numpy.ma.masked_array`.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.ma.masked_array(ra.arange(4, chunks=2), mask=[True, False, False, False])
    >>> int(x.sum())
    6
    """
    unknown = sorted(set(kwargs) - {"dtype", "keep_mask", "hard_mask", "shrink"})
    if unknown:
        raise TypeError(f"masked_array does not take {', '.join(unknown)}")
    x = asanyarray(data)
    if "dtype" in kwargs:
        x = x.astype(kwargs.pop("dtype"))
    if fill_value is not None:
        kwargs["fill_value"] = _fill_value(fill_value)
    if not hasattr(mask, "_expr") and np.ndim(mask) == 0:
        return masked("masked_array", x, mask=bool(mask), dtype=x.dtype, **kwargs)
    m = asanyarray(mask)
    if m.size == 1:
        m = broadcast_to(m.reshape(()), x.shape, chunks=x.chunks)
    if m.ndim != x.ndim or (is_known((*m.shape, *x.shape)) and m.shape != x.shape):
        raise np.ma.MaskError(
            f"Mask and data not compatible: data shape is {x.shape}, and mask shape is {m.shape}."
        )
    return masked("masked_array", x, m, dtype=x.dtype, **kwargs)


def _fill_value(fill_value: Any) -> Any:
    if np.ndim(fill_value):
        raise ValueError(f"a fill value is one value, found an array of shape {np.shape(fill_value)}")
    return fill_value.item() if isinstance(fill_value, (np.generic, np.ndarray)) else fill_value


def masked_where(condition: Any, a: Any) -> Array:
    """Mask elements where a condition is true.

    Parameters
    ----------
    condition : array_like
        The condition.
    a : array_like
        The array.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.arange(4, chunks=2)
    >>> int(ra.ma.masked_where(x < 2, x).sum())
    5
    """
    condition, a = asanyarray(condition), asanyarray(a)
    if condition.ndim and condition.shape != a.shape and is_known((*condition.shape, *a.shape)):
        raise IndexError(
            f"Inconsistent shape between the condition and the input (got {condition.shape} and {a.shape})"
        )
    return masked("masked_where", condition, a, dtype=a.dtype)


def masked_equal(x: Any, value: Any) -> Array:
    """Mask elements that equal a value.

    Parameters
    ----------
    x : array_like
        The array.
    value : scalar or array_like
        The value.

    Returns
    -------
    Array
    """
    if np.ndim(value):
        return masked_where(asanyarray(x) == value, x)
    return _compared("masked_equal", x, value)


def _compared(name: str, x: Any, value: Any) -> Array:
    x = asanyarray(x)
    return masked(name, x, value, dtype=x.dtype)


def masked_not_equal(x: Any, value: Any) -> Array:
    """Mask elements that differ from a value: see `masked_equal`."""
    return _compared("masked_not_equal", x, value)


def masked_greater(x: Any, value: Any) -> Array:
    """Mask elements greater than a value: see `masked_equal`."""
    return _compared("masked_greater", x, value)


def masked_greater_equal(x: Any, value: Any) -> Array:
    """Mask elements greater than a value, or equal: see `masked_equal`."""
    return _compared("masked_greater_equal", x, value)


def masked_less(x: Any, value: Any) -> Array:
    """Mask elements less than a value: see `masked_equal`."""
    return _compared("masked_less", x, value)


def masked_less_equal(x: Any, value: Any) -> Array:
    """Mask elements less than a value, or equal: see `masked_equal`."""
    return _compared("masked_less_equal", x, value)


def masked_inside(x: Any, v1: Any, v2: Any) -> Array:
    """Mask elements in an interval.

    Parameters
    ----------
    x : array_like
        The array.
    v1, v2 : scalar
        The ends, in either order; they belong to the interval.

    Returns
    -------
    Array
    """
    x = asanyarray(x)
    return masked("masked_inside", x, dtype=x.dtype, v1=v1, v2=v2)


def masked_outside(x: Any, v1: Any, v2: Any) -> Array:
    """Mask elements outside an interval: see `masked_inside`."""
    x = asanyarray(x)
    return masked("masked_outside", x, dtype=x.dtype, v1=v1, v2=v2)


def masked_invalid(a: Any) -> Array:
    """Mask NaN and infinities.

    Parameters
    ----------
    a : array_like
        The array.

    Returns
    -------
    Array
    """
    a = asanyarray(a)
    return masked("masked_invalid", a, dtype=a.dtype)


def masked_values(x: Any, value: Any, rtol: float = 1e-05, atol: float = 1e-08, shrink: bool = True) -> Array:
    """Mask elements that are close to a value.

    Parameters
    ----------
    x : array_like
        The array.
    value : scalar
        The value, which becomes the fill value.
    rtol, atol : float, optional
        How close.
    shrink : bool, optional
        Whether blocks without masked elements have no mask.

    Returns
    -------
    Array
    """
    x = asanyarray(x)
    kwargs = {"value": _fill_value(value), "rtol": rtol, "atol": atol, "shrink": bool(shrink)}
    return masked("masked_values", x, dtype=x.dtype, **kwargs)


def fix_invalid(a: Any, fill_value: Any = None) -> Array:
    """Mask NaN and infinities, and put a value in their places.

    Parameters
    ----------
    a : array_like
        The array.
    fill_value : scalar, optional
        The value; that of the array by default.

    Returns
    -------
    Array
    """
    a = asanyarray(a)
    return masked("fix_invalid", a, dtype=a.dtype, fill_value=fill_value)


def filled(a: Any, fill_value: Any = None) -> Array:
    """Return an array without mask: a value stands for masked elements.

    Parameters
    ----------
    a : array_like
        The array.
    fill_value : scalar, optional
        The value; that of the array by default.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.ma.filled(ra.ma.masked_less(ra.arange(4, chunks=2), 2), -1).compute()
    array([-1, -1,  2,  3])
    """
    a = asanyarray(a)
    return apply("numpy.ma.filled", a, dtype=a.dtype, fill_value=fill_value)


def getdata(a: Any) -> Array:
    """Return the data of a masked array, also where it is masked."""
    a = asanyarray(a)
    return apply("numpy.ma.getdata", a, dtype=a.dtype)


def getmaskarray(a: Any) -> Array:
    """Return where elements are masked: an array of truth values of the same shape."""
    return apply("numpy.ma.getmaskarray", asanyarray(a), dtype=bool)


def compressed(a: Any) -> Array:
    """Return the elements that are not masked, in one row, whose length is not known yet."""
    a = asanyarray(a).reshape(-1)
    found: Array = getdata(a)[~getmaskarray(a)]
    return found


def set_fill_value(a: Array, fill_value: Any) -> None:
    """Set what stands for masked elements where they are filled, in this array.

    Parameters
    ----------
    a : Array
        The array, which is another one afterwards, as after an assignment.
    fill_value : scalar
        The value.
    """
    value = _fill_value(fill_value)
    # What the dtype cannot hold is refused by NumPy now.
    np.ma.masked_array(np.empty(0, a.dtype)).fill_value = value
    found = apply("raskt.array._chunk.with_fill_value", a, dtype=a.dtype, fill_value=value)
    a._expr = found._expr


def count(a: Any, axis: Any = None, keepdims: bool = False, split_every: Any = None) -> Array:
    """Return how many elements are not masked, along axes.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int or tuple of int, optional
        Along which axes; all of them by default.
    keepdims : bool, optional
        Whether the axes are kept, with length 1.
    split_every : int, optional
        How many partial results are combined at once.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> int(ra.ma.count(ra.ma.masked_less(ra.arange(4, chunks=2), 1)))
    3
    """
    found: Array = (~getmaskarray(a)).sum(axis=axis, keepdims=keepdims, split_every=split_every)
    return found


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """Return the weighted average of the elements that are not masked.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int, optional
        Along which axis; of all elements by default.
    weights : array_like, optional
        The weights: of the shape of the array, or of one axis.
    returned : bool, optional
        Whether the sum of the weights is returned too.
    keepdims : bool, optional
        Whether the axis is kept, with length 1.

    Returns
    -------
    Array, or two of them

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.ma.masked_less(ra.arange(4.0, chunks=2), 1)
    >>> float(ra.ma.average(x, weights=[1, 1, 1, 2]))
    2.25
    """
    a = asanyarray(a)
    by = {"axis": axis, "keepdims": keepdims}
    if weights is None:
        found = a.mean(**by)
        total = count(a, **by).astype(found.dtype)
    else:
        own = asanyarray(weights)
        if own.shape != a.shape:
            own = _along(own, a, axis)
        dtype = np.result_type(a.dtype, own.dtype, *(["f8"] if a.dtype.kind in "biu" else []))
        own = masked_array(broadcast_to(own, a.shape), mask=getmaskarray(a))
        total = own.sum(dtype=dtype, **by)
        found = (a * own).sum(dtype=dtype, **by) / total
    if not returned:
        return found
    return found, total if total.shape == found.shape else broadcast_to(total, found.shape)


def _along(weights: Array, a: Array, axis: Any) -> Array:
    """Return weights of one axis with axes of length 1 beside it."""
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    if weights.ndim != 1:
        raise TypeError("1D weights expected when shapes of a and weights differ.")
    at = axis_of(axis, a.ndim)
    if weights.shape[0] != a.shape[at]:
        raise ValueError("Length of weights not compatible with specified axis.")
    spread: Array = weights[tuple(slice(None) if own == at else None for own in range(a.ndim))]
    return spread


def nonzero(a: Any) -> tuple[Array, ...]:
    """Return where elements are that are not masked, and not zero: one array of places for each axis."""
    return searching.nonzero(filled(a, 0))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return elements of two arrays, masked where they or the condition are.

    Parameters
    ----------
    condition : array_like
        Where elements of ``x`` are taken.
    x, y : array_like, optional
        The arrays; without them the places are returned where the condition is true.

    Returns
    -------
    Array, or tuple of Array
    """
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    return masked("where", condition, x, y)


def ones_like(a: Any, dtype: Any = None) -> Array:
    """Return ones, masked where an array is."""
    return _like("ones_like", a, dtype)


def zeros_like(a: Any, dtype: Any = None) -> Array:
    """Return zeros, masked where an array is."""
    return _like("zeros_like", a, dtype)


def empty_like(a: Any, dtype: Any = None) -> Array:
    """Return anything, masked where an array is."""
    return _like("empty_like", a, dtype)


def _like(name: str, a: Any, dtype: Any) -> Array:
    a = asanyarray(a)
    own = a.dtype if dtype is None else np.dtype(dtype)
    return masked(name, a, dtype=own).astype(own)
