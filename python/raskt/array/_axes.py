"""Axes as numbers from 0."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

__all__ = ["axes_of", "axis_of", "validate_axis", "whole_axis"]


def whole_axis(axis: Any) -> int:
    """Return an axis as an integer, which it has to be already."""
    if not isinstance(axis, (bool, np.bool_)):
        try:
            at = operator.index(axis)
        except TypeError:
            pass
        else:
            if not -_END <= at < _END:
                raise OverflowError(f"an axis fits into 32 bits, found {at}")
            return at
    raise TypeError(f"an axis is a whole number, found {axis!r}")


_END = 2**31


def axis_of(axis: Any, n: int) -> int:
    """Return an axis of ``n`` as a number from 0."""
    at = whole_axis(axis)
    if not -n <= at < n:
        raise np.exceptions.AxisError(at, n)
    return at % n if n else at


def validate_axis(axis: Any, ndim: int) -> Any:
    """Return axes as numbers from 0, counted from the end where they are negative.

    Parameters
    ----------
    axis : int or tuple of int
        The axis, or several.
    ndim : int
        How many the array has.

    Returns
    -------
    int or tuple of int

    Raises
    ------
    numpy.exceptions.AxisError
        If the array lacks one.
    TypeError
        If one is no whole number.

    Examples
    --------
    >>> from raskt.array.utils import validate_axis
    >>> validate_axis(-1, 3), validate_axis((0, -1), 3)
    (2, (0, 2))
    """
    if isinstance(axis, (tuple, list)):
        return tuple(validate_axis(each, ndim) for each in axis)
    return axis_of(axis, ndim)


def axes_of(axis: Any, n: int) -> tuple[int, ...]:
    """Return axes of ``n``, each once, as numbers from 0."""
    found = tuple(axis_of(at, n) for at in (axis if np.ndim(axis) else (axis,)))
    if len(set(found)) != len(found):
        raise ValueError("repeated axis")
    return found
