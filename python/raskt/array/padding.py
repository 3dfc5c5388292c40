"""Elements around an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._assignment import as_assigned
from raskt.array._base import is_known
from raskt.array._deferred import NAN, bounds_of, similar
from raskt.array.blockwise import map_blocks
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asarray
from raskt.array.creation import full
from raskt.array.slicing import take

if TYPE_CHECKING:
    from raskt.array.core import Array

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["pad"]

_KWARGS = {
    "constant": {"constant_values"},
    "empty": set(),
    "edge": set(),
    "linear_ramp": {"end_values"},
    "maximum": {"stat_length"},
    "mean": {"stat_length"},
    "median": {"stat_length"},
    "minimum": {"stat_length"},
    "reflect": {"reflect_type"},
    "symmetric": {"reflect_type"},
    "wrap": set(),
}
"""The modes that have a name, and what they may be told."""


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Array:
    """Put elements around an array.

    Parameters
    ----------
    array : array_like
        The array.
    pad_width : int, or sequence of pairs of int
        How many before and behind along each axis.
    mode : str, optional
        What they are, as in `numpy.pad`.
    **kwargs
        As in `numpy.pad`.

    Returns
    -------
    Array
        The padded array.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.pad(ra.arange(3, chunks=2), 1, mode="edge").compute()
    array([0, 0, 1, 2, 2])
    """
    array = asarray(array)
    widths = _widths(pad_width, array.ndim)
    _check(mode, kwargs)
    if not is_known(array.shape):
        return _later(array, widths, mode, kwargs)
    looks_at_all = callable(mode) or mode not in ("constant", "edge", "reflect", "symmetric", "wrap", "empty")
    if looks_at_all or kwargs.get("reflect_type", "even") != "even":
        return _whole(array, widths, mode, kwargs)
    for axis, (before, after) in enumerate(widths):
        if before == after == 0:
            continue
        parts = _sides(array, axis, before, after, mode, kwargs)
        array = concatenate([part for part in parts if part is not None], axis=axis)
    made: Array = array
    return made


def padded(array: Array, widths: Any, mode: Any, kwargs: dict[str, Any]) -> Array:
    """Put elements around an array: `pad` for recipes."""
    return pad(array, widths, mode, **kwargs)


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """Return how many elements before and behind, for each axis."""
    if isinstance(pad_width, dict):
        given: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            if not -ndim <= axis < ndim:
                raise np.exceptions.AxisError(axis, ndim)
            given[axis] = (width, width) if isinstance(width, (int, np.integer)) else tuple(width)
        pad_width = given
    asked = np.asarray(pad_width)
    if asked.dtype.kind not in "iu":
        raise TypeError("`pad_width` must be of integral type.")
    if (asked < 0).any():
        raise ValueError("index can't contain negative values")
    return [(before, after) for before, after in np.broadcast_to(asked, (ndim, 2)).tolist()]


def _check(mode: Any, kwargs: dict[str, Any]) -> None:
    if callable(mode):
        return
    if mode not in _KWARGS:
        raise ValueError(f"mode '{mode}' is not supported")
    unsupported = set(kwargs) - _KWARGS[mode]
    if unsupported:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unsupported}")


def _later(array: Array, widths: list[tuple[int, int]], mode: Any, kwargs: dict[str, Any]) -> Array:
    """Promise an array that is padded once its sizes are known."""
    bounds = bounds_of(array)
    changed: dict[int, Any] = {}
    for axis, (before, after) in enumerate(widths):
        if before or after:
            length, longest = array.shape[axis] + before + after, bounds[axis]
            if length == length:
                changed[axis] = ((length,), length)
            else:
                longest = None if longest is None else longest + before + after
                changed[axis] = ((NAN,) * (array.numblocks[axis] + 2), longest)
    return similar("raskt.array.padding:padded", (array, widths, mode, kwargs), array, changed)


def _sides(array: Array, axis: int, before: int, after: int, mode: str, kwargs: dict[str, Any]) -> list[Any]:
    """Return what comes before an array along an axis, the array, and what comes behind."""
    n = array.shape[axis]
    if mode in ("constant", "empty"):
        values = np.broadcast_to(np.asarray(kwargs.get("constant_values", 0)), (array.ndim, 2))[axis].tolist()
        sides: list[Any] = []
        for width, value in ((before, values[0]), (after, values[1])):
            shape = tuple(width if at == axis else length for at, length in enumerate(array.shape))
            chunks = tuple(width if at == axis else sizes for at, sizes in enumerate(array.chunks))
            value = as_assigned(value, array.dtype)[()]
            sides.append(full(shape, value, dtype=array.dtype, chunks=chunks) if width else None)
        return [sides[0], array, sides[1]]
    function: Any = np.pad
    at = function(np.arange(n), (before, after), mode=mode)
    first = take(array, at[:before], axis=axis) if before else None
    last = take(array, at[before + n :], axis=axis) if after else None
    return [first, array, last]


def _whole(array: Array, widths: Any, mode: Any, kwargs: dict[str, Any]) -> Array:
    """Modes that look at all elements along an axis: on one chunk."""
    if not callable(mode):
        for axis, (pair, n) in enumerate(zip(widths, array.shape, strict=True)):
            if n == 0 and any(pair):
                raise ValueError(
                    f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'"
                )
    shape = tuple(n + sum(pair) for n, pair in zip(array.shape, widths, strict=True))
    return map_blocks(
        np.pad,
        array.rechunk(-1),
        dtype=array.dtype,
        chunks=tuple((n,) for n in shape),
        pad_width=widths,
        mode=mode,
        **kwargs,
    )
