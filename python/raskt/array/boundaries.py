"""What lies outside of an array, put around it: the margins that `raskt.array.overlap` cuts for blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt.array.concatenate import concatenate
from raskt.array.creation import full
from raskt.array.overlap import boundaries_of, depths_of
from raskt.array.tiling import repeat

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "add_dummy_padding",
    "boundaries",
    "coerce_boundary",
    "coerce_depth",
    "constant",
    "nearest",
    "periodic",
    "reflect",
]


def _part(x: Array, axis: int, cut: slice) -> Any:
    return x[(*(slice(None),) * axis, cut)]


def _around(x: Array, axis: int, before: Any, after: Any) -> Array:
    """Put margins before and behind, in the chunks at the ends."""
    sizes = x.chunks[axis]
    found = concatenate([before, x, after], axis=axis)
    first, last = before.shape[axis], after.shape[axis]
    ends = (
        (first + sizes[0] + last,) if len(sizes) == 1 else (first + sizes[0], *sizes[1:-1], sizes[-1] + last)
    )
    made: Array = found.rechunk({axis: ends})
    return made


def periodic(x: Array, axis: int, depth: int) -> Array:
    """Put the other end before and behind.

    Parameters
    ----------
    x : Array
        The array.
    axis : int
        Along which axis.
    depth : int
        How many elements.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> from raskt.array.overlap import periodic
    >>> periodic(ra.arange(4, chunks=2), 0, 1).compute()
    array([3, 0, 1, 2, 3, 0])
    """
    return _around(x, axis, _part(x, axis, slice(-depth, None)), _part(x, axis, slice(0, depth)))


def reflect(x: Array, axis: int, depth: int) -> Array:
    """Put the elements at each end outside of it in reverse order; see `periodic`."""
    last = x.shape[axis] - 1
    behind = slice(last, last - depth if last >= depth else None, -1)
    return _around(x, axis, _part(x, axis, slice(depth - 1, None, -1)), _part(x, axis, behind))


def nearest(x: Array, axis: int, depth: int) -> Array:
    """Put the element at each end outside of it, as often as wanted; see `periodic`."""
    before = repeat(_part(x, axis, slice(0, 1)), depth, axis=axis)
    return _around(x, axis, before, repeat(_part(x, axis, slice(-1, None)), depth, axis=axis))


def constant(x: Array, axis: int, depth: int, value: Any) -> Array:
    """Put a number before and behind; see `periodic`."""
    shape = tuple(depth if at == axis else n for at, n in enumerate(x.shape))
    chunks = tuple((depth,) if at == axis else sizes for at, sizes in enumerate(x.chunks))
    margin = full(shape, value, dtype=x.dtype, chunks=chunks)
    return _around(x, axis, margin, margin)


def boundaries(x: Array, depth: Any = None, kind: Any = None) -> Array:
    """Put around an array what lies outside of it.

    Parameters
    ----------
    x : Array
        The array.
    depth : int or dict
        How many elements, for all axes or by axis.
    kind : str, number or dict
        What: ``"none"``, ``"periodic"``, ``"reflect"``, ``"nearest"``, or a number.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> from raskt.array.overlap import boundaries
    >>> boundaries(ra.arange(3, chunks=3), 2, {0: "nearest"}).compute()
    array([0, 0, 0, 1, 2, 2, 2])
    """
    depths, kinds = coerce_depth(x.ndim, depth), coerce_boundary(x.ndim, kind)
    ways = {"periodic": periodic, "reflect": reflect, "nearest": nearest}
    for axis in range(x.ndim):
        n, what = depths[axis], kinds[axis]
        if isinstance(n, tuple):
            raise NotImplementedError(f"margins of two depths have no boundary, found {n} for axis {axis}")
        if n and not (isinstance(what, str) and what == "none"):
            x = ways[what](x, axis, n) if isinstance(what, str) else constant(x, axis, n, what)
    return x


def add_dummy_padding(x: Array, depth: dict[int, int], boundary: dict[int, Any]) -> Array:
    """Put elements of any value where nothing lies outside, so that all blocks have margins to be cut off.

    Parameters
    ----------
    x : Array
        The array.
    depth, boundary : dict
        By axis, as of `boundaries`.

    Returns
    -------
    Array
    """
    for axis, what in boundary.items():
        if isinstance(what, str) and what == "none" and depth.get(axis, 0):
            x = constant(x, axis, depth[axis], 0)
    return x


def coerce_depth(ndim: int, depth: Any) -> dict[int, Any]:
    """Return depths by axis.

    Parameters
    ----------
    ndim : int
        The number of axes.
    depth : int, tuple, dict or None
        For all axes, or by axis; 0 where nothing is said.

    Returns
    -------
    dict
        A number, or a pair, for each axis.

    Examples
    --------
    >>> from raskt.array.overlap import coerce_depth
    >>> coerce_depth(2, 1), coerce_depth(2, {0: (1, 2)})
    ({0: 1, 1: 1}, {0: (1, 2), 1: 0})
    """
    pairs = depths_of(0 if depth is None else depth, ndim)
    return {axis: pair[0] if pair[0] == pair[1] else pair for axis, pair in enumerate(pairs)}


def coerce_boundary(ndim: int, boundary: Any) -> dict[int, Any]:
    """Return by axis what lies outside.

    Parameters
    ----------
    ndim : int
        The number of axes.
    boundary : str, number, tuple, dict or None
        For all axes, or by axis; ``"none"`` where nothing is said.

    Returns
    -------
    dict

    Examples
    --------
    >>> from raskt.array.overlap import coerce_boundary
    >>> coerce_boundary(2, {1: "reflect"})
    {0: 'none', 1: 'reflect'}
    """
    return dict(enumerate(boundaries_of(boundary, ndim)))
