"""Where elements are, and whether."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import is_known, known_shape
from raskt.array._chunk_order import digitize as of_block
from raskt.array._deferred import NAN, bounds_of, is_like, similar
from raskt.array._edges import is_lazy, lazy_values
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.array.blockwise import map_blocks
from raskt.array.conversion import asanyarray
from raskt.array.rechunk import unify_chunks
from raskt.array.shape import broadcast_to

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "argwhere",
    "compress",
    "digitize",
    "extract",
    "flatnonzero",
    "isin",
    "nonzero",
    "searchsorted",
    "take_along_axis",
    "where",
]


def nonzero(a: Any) -> tuple[Array, ...]:
    """Return the indices of the elements that are not zero, along each axis.

    Parameters
    ----------
    a : array_like
        The array.

    Returns
    -------
    tuple of Array
        One for each axis, of unknown length.
    """
    a = asanyarray(a)
    if a.ndim == 0:
        raise ValueError(
            "Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead."
        )
    rows = op("argwhere", (a,), {"label": "nonzero"})
    return tuple(rows[:, axis] for axis in range(a.ndim))


def flatnonzero(a: Any) -> Array:
    """Return the places of the elements that are not zero, in the flat array."""
    found: Array = argwhere(asanyarray(a).reshape(-1))[:, 0]
    return found


def argwhere(a: Any) -> Array:
    """Return the indices of the elements that are not zero, one row each."""
    a = asanyarray(a)
    if a.ndim == 0:
        none: Array = argwhere(a.reshape(1))[:, :0]
        return none
    return op("argwhere", (a,))


def compress(condition: Any, a: Any, axis: int | None = None) -> Array:
    """Return what a mask of one axis leaves.

    Parameters
    ----------
    condition : array_like
        The mask; one that is shorter than the axis leaves nothing behind its end.
    a : array_like
        The array.
    axis : int, optional
        Along which axis; of the flat array by default.

    Returns
    -------
    Array
        The elements.
    """
    a = asanyarray(a)
    if axis is None:
        a, axis = a.reshape(-1), 0
    at = axis_of(axis, a.ndim)
    # Of a mask that is there already, how many elements it selects is known.
    is_there = not is_lazy(condition) and is_known(a.shape[at : at + 1])
    mask: Any = np.asarray(condition) if is_there else asanyarray(condition)
    if mask.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    mask = mask.astype(bool)
    if not (is_known(a.shape[at : at + 1]) and is_known(mask.shape)):
        if not is_like(a, at, mask, 0):
            along = ((NAN,) * a.numblocks[at], bounds_of(a)[at])
            return similar("raskt.array.searching:compress", (mask, a, at), a, {at: along})
        same: Array = a[(*(slice(None),) * at, mask)]
        return same
    if mask.shape[0] > a.shape[at]:
        raise IndexError(
            f"a mask of {mask.shape[0]} elements is longer than axis {at}, which has {a.shape[at]}"
        )
    before = (slice(None),) * at
    found: Array = a[(*before, slice(0, mask.shape[0]))][(*before, mask)]
    return found


def extract(condition: Any, arr: Any) -> Array:
    """Return the elements for which a condition holds, in one row."""
    return compress(asanyarray(condition).astype(bool).reshape(-1), asanyarray(arr).reshape(-1), 0)


def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: str | None = None,
) -> Array:
    """Return where elements are among others.

    Parameters
    ----------
    element : array_like
        The array.
    test_elements : array_like
        The others.
    assume_unique : bool, optional
        Whether no element is there twice.
    invert : bool, optional
        Whether to return where they are not.
    kind : {None, "sort", "table"}, optional
        Accepted as NumPy does.

    Returns
    -------
    Array
        Of truth values.
    """
    if kind not in (None, "sort", "table"):
        raise ValueError(f"Invalid kind: '{kind}'. Please use None, 'sort' or 'table'.")
    element, tests = asanyarray(element), asanyarray(test_elements).reshape(-1).rechunk(-1)
    letters = list(range(element.ndim))
    parameters = {
        "function": "raskt.array._chunk_order.isin",
        "kwargs": {"assume_unique": bool(assume_unique), "invert": bool(invert)},
        "output": letters,
        "inputs": [letters, [element.ndim]],
        "chunks": element._expr.grid,
        "contraction": "spread",
        "dtype": "bool",
    }
    return op("blockwise", (element, tests), parameters)


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Array:
    """Return where elements would stand in a sorted array.

    Parameters
    ----------
    a : array_like
        The sorted array, of one axis.
    v : array_like
        The elements.
    side : {"left", "right"}, optional
        Before or behind equal ones.
    sorter : array_like of int, optional
        The places of the elements of ``a`` in order, where ``a`` is not: what `argsort` returns.

    Returns
    -------
    Array
        The places.
    """
    if side not in ("left", "right"):
        raise ValueError(f"side must be 'left' or 'right' (got {side!r})")
    a, v = asanyarray(a), asanyarray(v)
    if a.ndim != 1:
        raise ValueError(
            "object of too small depth for desired array"
            if a.ndim == 0
            else "Input array a must be one dimensional"
        )
    if sorter is not None:
        sorter = asanyarray(sorter)
        if sorter.dtype.kind not in "iu":
            raise TypeError("sorter must only contain integers")
        if sorter.shape != a.shape:
            raise ValueError("sorter.size must equal a.size")
        a = take_along_axis(a, sorter)
    # Each block says how many of its elements come before; the sum is the place.
    letters = list(range(1, v.ndim + 1))
    chunks = ((1,) * a.numblocks[0], *v.chunks)
    parameters = {
        "function": "raskt.array._chunk_order.places_before",
        "kwargs": {"side": side},
        "output": [0, *letters],
        "inputs": [[0], letters],
        "chunks": grid_of(chunks, tuple(sum(sizes) for sizes in chunks)),
        "dtype": "int64",
    }
    made: Array = op("blockwise", (a, v), parameters).sum(axis=0)
    return made


def digitize(a: Any, bins: Any, right: bool = False) -> Array:
    """Return the number of the interval in which each element lies.

    Parameters
    ----------
    a : array_like
        The elements.
    bins : array_like
        The ends of the intervals, in order; they may be lazy.
    right : bool, optional
        Whether intervals have their right ends.

    Returns
    -------
    Array
        The numbers.
    """
    is_late = is_lazy(bins)
    bins = lazy_values(bins, "bins") if is_late else np.asarray(bins)
    if bins.ndim != 1:
        raise ValueError("object too deep for desired array")
    if is_late:
        return map_blocks(of_block, asanyarray(a), bins=bins, right=bool(right), dtype=np.int64)
    if not ((np.diff(bins) >= 0).all() or (np.diff(bins) <= 0).all()):
        raise ValueError("bins must be monotonically increasing or decreasing")
    parameters = {
        "function": "raskt.array._chunk_order.digitize",
        "kwargs": {"bins": bins, "right": bool(right)},
        "dtype": "int64",
    }
    return op("apply", (a,), parameters)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Choose elements of two arrays by a third.

    Parameters
    ----------
    condition : array_like
        Where elements are those of ``x``.
    x, y : array_like, optional
        The elements; without them the indices of the true elements of ``condition``, as `nonzero` gives them.

    Returns
    -------
    Array
        The elements chosen.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.arange(4, chunks=2)
    >>> ra.where(x > 1, x, -1).compute()
    array([-1, -1,  2,  3])
    """
    if (x is None) != (y is None):
        raise ValueError("either both or neither of x and y should be given")
    if x is None:
        return nonzero(condition)
    return op("where", (condition, x, y))


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Array:
    """Take elements by places along an axis, others for each row: as `argsort` returns them.

    Parameters
    ----------
    arr : array_like
        The array; each task holds the axis whole.
    indices : array_like of int
        The places. Other axes are broadcast.
    axis : int, optional
        Along which axis; of the flat array for None.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.asarray([[3, 1, 2], [4, 6, 5]]).rechunk(2)
    >>> ra.take_along_axis(x, ra.argsort(x, axis=1), axis=1).compute()
    array([[1, 2, 3],
           [4, 5, 6]])
    """
    x, places = asanyarray(arr), asanyarray(indices)
    if places.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if axis is None:
        if places.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        x, axis = x.reshape(-1), 0
    if x.ndim != places.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    at = axis_of(axis, x.ndim)
    own, asked = list(known_shape(x, "take_along_axis")), list(known_shape(places, "take_along_axis"))
    length, n = own[at], asked[at]
    own[at] = asked[at] = 1
    both = list(np.broadcast_shapes(tuple(own), tuple(asked)))
    x = broadcast_to(x, (*both[:at], length, *both[at + 1 :]))
    places = broadcast_to(places, (*both[:at], n, *both[at + 1 :]))
    letters = list(range(x.ndim))
    whole = [x.ndim if letter == at else letter for letter in letters]
    _, (x, places) = unify_chunks(x, tuple(whole), places, tuple(letters))
    parameters = {
        "function": "raskt.array._chunk_order.taken",
        "kwargs": {"axis": at},
        "output": letters,
        "inputs": [whole, letters],
        "chunks": places._expr.grid,
        "contraction": "join",
        "dtype": x._expr.dtype,
    }
    return op("blockwise", (x, places), parameters)
