"""Axes in another order, more of them or fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axes_of, axis_of
from raskt.array._base import is_known
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.array.conversion import asanyarray
from raskt.array.rechunk import unify_chunks

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "moveaxis",
    "ndim",
    "result_type",
    "roll",
    "rollaxis",
    "rot90",
    "shape",
    "squeeze",
    "swapaxes",
    "transpose",
]


def transpose(a: Any, axes: Any = None) -> Array:
    """Put axes in another order.

    Parameters
    ----------
    a : array_like
        The array.
    axes : sequence of int, optional
        The order; reversed by default.

    Returns
    -------
    Array
        The array with its axes so.
    """
    parameters = {} if axes is None else {"axis": tuple(int(at) for at in axes)}
    return op("transpose", (a,), parameters)


def swapaxes(a: Any, axis1: int, axis2: int) -> Array:
    """Swap two axes."""
    n = asanyarray(a).ndim
    order = list(range(n))
    i, j = axis_of(axis1, n), axis_of(axis2, n)
    order[i], order[j] = order[j], order[i]
    return transpose(a, order)


def moveaxis(a: Any, source: Any, destination: Any) -> Array:
    """Move axes to other places; the others stay in their order.

    Parameters
    ----------
    a : array_like
        The array.
    source, destination : int or sequence of int
        Where axes are, and where they are to be.

    Returns
    -------
    Array
        The array with its axes so.
    """
    n = asanyarray(a).ndim
    here, there = axes_of(source, n), axes_of(destination, n)
    if len(here) != len(there):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [at for at in range(n) if at not in here]
    for to, at in sorted(zip(there, here, strict=True)):
        order.insert(to, at)
    return transpose(a, order)


def rollaxis(a: Any, axis: int, start: int = 0) -> Array:
    """Move an axis before another one."""
    n = asanyarray(a).ndim
    axis = axis_of(axis, n)
    if start < 0:
        start += n
    if not 0 <= start <= n:
        raise np.exceptions.AxisError(start, n)
    return moveaxis(a, axis, start - 1 if axis < start else start)


def expand_dims(a: Any, axis: Any) -> Array:
    """Put in axes of length 1.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int or tuple of int
        Where they are in the result.

    Returns
    -------
    Array
        The array with more axes.
    """
    a = asanyarray(a)
    places = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    n = a.ndim + len(places)
    new = axes_of(places, n)
    found: Array = a[tuple(None if at in new else slice(None) for at in range(n))]
    return found


def squeeze(a: Any, axis: Any = None) -> Array:
    """Take axes of length 1 away.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int or tuple of int, optional
        Which; all of them by default.

    Returns
    -------
    Array
        The array with fewer axes.
    """
    a = asanyarray(a)
    if axis is None:
        gone = tuple(at for at, n in enumerate(a.shape) if n == 1)
    else:
        gone = axes_of(axis, a.ndim)
        if any(a.shape[at] != 1 for at in gone):
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    if not gone:
        made: Array = a
        return made
    found: Array = a[tuple(0 if at in gone else slice(None) for at in range(a.ndim))]
    return found


def _at_least(n: int, arrays: Any) -> Any:
    found = []
    for x in arrays:
        x = asanyarray(x)
        if n == 3 and x.ndim == 2:
            x = x[:, :, None]
        elif n == 3 and x.ndim == 1:
            x = x[None, :, None]
        else:
            while x.ndim < n:
                x = x[None]
        found.append(x)
    return found[0] if len(found) == 1 else tuple(found)


def atleast_1d(*arys: Any) -> Any:
    """Return arrays of at least one axis."""
    return _at_least(1, arys)


def atleast_2d(*arys: Any) -> Any:
    """Return arrays of at least two axes."""
    return _at_least(2, arys)


def atleast_3d(*arys: Any) -> Any:
    """Return arrays of at least three axes."""
    return _at_least(3, arys)


def flip(m: Any, axis: Any = None) -> Array:
    """Reverse the order of elements along axes.

    Parameters
    ----------
    m : array_like
        The array.
    axis : int or tuple of int, optional
        Which axes; all of them by default.

    Returns
    -------
    Array
        The array, reversed.
    """
    m = asanyarray(m)
    axes = tuple(range(m.ndim)) if axis is None else axes_of(axis, m.ndim)
    found: Array = m[tuple(slice(None, None, -1) if at in axes else slice(None) for at in range(m.ndim))]
    return found


def flipud(m: Any) -> Array:
    """Reverse the order of rows."""
    return flip(m, 0)


def fliplr(m: Any) -> Array:
    """Reverse the order of columns."""
    return flip(m, 1)


def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Array:
    """Rotate by so many right angles in the plane of two axes."""
    m = asanyarray(m)
    first, second = axes_of(axes, m.ndim)
    k %= 4
    if k == 0:
        made: Array = m
        return made
    if k == 2:
        return flip(m, (first, second))
    if k == 1:
        return swapaxes(flip(m, second), first, second)
    return flip(swapaxes(m, first, second), second)


def roll(array: Any, shift: Any, axis: Any = None) -> Array:
    """Move elements around the ends of axes.

    Parameters
    ----------
    array : array_like
        The array.
    shift : int or tuple of int
        How far.
    axis : int or tuple of int, optional
        Along which axes; through the flat array by default.

    Returns
    -------
    Array
        The array, rolled.
    """
    x = asanyarray(array)
    if axis is None:
        return op("roll", (x,), {"shift": [_small(by, x.size) for by in _shifts(shift)]})
    pairs = _roll_by(shift, axis, x.ndim)
    parameters = {"shift": [_small(by, x.shape[at]) for by, at in pairs], "axis": [at for _, at in pairs]}
    return op("roll", (x,), parameters)


def _small(by: Any, n: Any) -> int:
    """Return how far to roll along a length, less whole turns where it is known."""
    return int(by) % int(n) if n == n and n else int(by)


def _shifts(shift: Any) -> tuple[Any, ...]:
    """Return how far to roll, one number or more."""
    shifts = tuple(shift) if isinstance(shift, (tuple, list, np.ndarray)) else (shift,)
    for by in shifts:
        if not isinstance(by, (int, np.integer)):
            raise TypeError(f"shift must be a whole number, or a tuple of them, found {by!r}")
    return shifts


def _roll_by(shift: Any, axis: Any, ndim: int) -> list[tuple[int, int]]:
    """Return how far along which axes."""
    shifts = _shifts(shift)
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    if len(shifts) == 1:
        shifts *= len(axes)
    if len(axes) == 1:
        axes *= len(shifts)
    if len(shifts) != len(axes):
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences of one length")
    return [(int(by), axis_of(at, ndim)) for by, at in zip(shifts, axes, strict=True)]


def broadcast_to(x: Any, shape: Any, chunks: Any = None, meta: Any = None) -> Array:
    """Stretch axes of length 1, and put in new ones in front.

    Parameters
    ----------
    x : array_like
        The array.
    shape : tuple of int
        The shape that it is to have.
    chunks : optional
        How stretched and new axes are cut; not at all by default.
    meta : optional
        Accepted as Dask does.

    Returns
    -------
    Array
        The array in that shape.
    """
    del meta
    x = asanyarray(x)
    wanted = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    wanted = tuple(n if n != n else int(n) for n in wanted)
    if any(n < 0 for n in wanted):
        raise ValueError("all elements of broadcast shape must be non-negative")
    offset = len(wanted) - x.ndim
    fits = offset >= 0 and all(
        a in (1, b) or a != a or b != b for a, b in zip(x.shape, wanted[offset:], strict=True)
    )
    if fits and not (is_known(x.shape) and is_known(wanted)):
        if any(n != n for n in wanted[:offset]):
            raise ValueError(
                f"cannot broadcast shape {x.shape} to shape {wanted}: the new axes' lengths are unknown"
            )
        return op("broadcast_to", (x,), {"shape": [None if n != n else n for n in wanted]})
    if not fits:
        raise ValueError(f"cannot broadcast shape {x.shape} to shape {wanted}")
    if chunks is None:
        sizes = tuple(
            x.chunks[at - offset] if at >= offset and x.shape[at - offset] != 1 else (n,)
            for at, n in enumerate(wanted)
        )
    else:
        sizes = grid_of(chunks, wanted, x._dtype).sizes
        for at, own in enumerate(x.chunks):
            if x.shape[at] != 1 and own != sizes[at + offset]:
                raise ValueError(f"cannot broadcast chunks {x.chunks} to chunks {sizes}: rechunk first")
    return op("broadcast_to", (x,), {"chunks": grid_of(sizes, wanted)})


def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Array, ...]:
    """Stretch arrays to the shape that they have together."""
    del subok
    arrays = [asanyarray(x) for x in args]
    if not all(is_known(x.shape) for x in arrays):
        return tuple(
            op(
                "apply",
                (x, *arrays[:at], *arrays[at + 1 :]),
                {"function": "raskt.array._chunk.stretched", "dtype": x._expr.dtype},
            )
            for at, x in enumerate(arrays)
        )
    shape = np.broadcast_shapes(*[x.shape for x in arrays])
    pairs: list[Any] = []
    for x in arrays:
        pairs += [x, tuple(range(len(shape) - x.ndim, len(shape)))]
    common, unified = unify_chunks(*pairs)
    chunks = tuple(common[at] for at in range(len(shape)))
    return tuple(broadcast_to(x, shape, chunks=chunks) for x in unified)


def ndim(a: Any) -> int:
    """Return the number of axes."""
    return int(asanyarray(a).ndim)


def shape(a: Any) -> tuple[int, ...]:
    """Return the length along each axis."""
    return asanyarray(a).shape


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """Return the dtype that arrays and dtypes have together."""
    found = [x.dtype if hasattr(x, "_expr") else x for x in arrays_and_dtypes]
    return np.result_type(*found)
