"""Arrays cut into several along an axis."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import known_shape
from raskt.array._deferred import balanced
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["array_split", "dsplit", "hsplit", "split", "unstack", "vsplit"]


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    """Cut an array into parts, which may be of different lengths.

    Parameters
    ----------
    ary : array_like
        The array.
    indices_or_sections : int or sequence of int
        How many parts, or where the later ones begin.
    axis : int, optional
        Along which axis.

    Returns
    -------
    list of Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> [part.shape for part in ra.array_split(ra.arange(5, chunks=2), 2)]
    [(3,), (2,)]
    """
    x = asanyarray(ary)
    at = axis_of(axis, x.ndim)
    length = known_shape(x, "split")[at]
    if np.ndim(indices_or_sections):
        ends = [operator.index(end) for end in np.asarray(indices_or_sections).tolist()]
        bounds = [slice(start, end) for start, end in zip([0, *ends], [*ends, length], strict=True)]
    else:
        n = operator.index(indices_or_sections)
        if n <= 0:
            raise ValueError("number sections must be larger than 0.")
        bounds, start = [], 0
        for size in balanced(length, n):
            bounds.append(slice(start, start + size))
            start += size
    before = (slice(None),) * at
    return [x[(*before, bound)] for bound in bounds]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    """Cut an array into parts of one length, or at places: see `array_split`."""
    x = asanyarray(ary)
    if not np.ndim(indices_or_sections):
        length = known_shape(x, "split")[axis_of(axis, x.ndim)]
        n = operator.index(indices_or_sections)
        if n > 0 and length % n:
            raise ValueError("array split does not result in an equal division")
    return array_split(x, indices_or_sections, axis)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    """Cut an array along its second axis; one of one axis along that: see `split`."""
    x = asanyarray(ary)
    if x.ndim == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(x, indices_or_sections, 1 if x.ndim > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    """Cut an array along its first axis: see `split`."""
    x = asanyarray(ary)
    if x.ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(x, indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    """Cut an array along its third axis: see `split`."""
    x = asanyarray(ary)
    if x.ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(x, indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Array, ...]:
    """Return the arrays of one axis less that an array is stacked of.

    Parameters
    ----------
    x : array_like
        The array.
    axis : int, optional
        Along which axis.

    Returns
    -------
    tuple of Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> [int(one.sum()) for one in ra.unstack(ra.ones((2, 3), chunks=1))]
    [3, 3]
    """
    x = asanyarray(x)
    if x.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    at = axis_of(axis, x.ndim)
    before = (slice(None),) * at
    return tuple(x[(*before, place)] for place in range(known_shape(x, "unstack")[at]))
