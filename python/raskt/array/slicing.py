"""Elements by their places along an axis."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._op import dtype_parameter, known_shape, op

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["coarsen", "delete", "insert", "ravel_multi_index", "shuffle", "take", "unravel_index"]


def _as(a: Any) -> Array:
    from raskt.array.core import asanyarray

    return asanyarray(a)


def picked(x: Array, places: Any, axis: int) -> Array:
    """Return the elements at some places along an axis."""
    index: list[Any] = [{"slice": (None, None, None)} for _ in range(x.ndim)]
    index[axis] = {"picks": np.asarray(places, dtype=np.int64).tolist()}
    return op("slice", (x,), {"index": index})


def take(a: Any, indices: Any, axis: int = 0) -> Array:
    """Take elements by their places along an axis.

    Parameters
    ----------
    a : array_like
        The array.
    indices : array_like of int
        The places.
    axis : int, optional
        Along which axis.

    Returns
    -------
    Array
        The elements, the axes of ``indices`` in place of the axis.
    """
    from raskt.array.shape import _axis

    a = _as(a)
    at = _axis(axis, a.ndim)
    if hasattr(indices, "_expr"):
        found: Array = a[(*(slice(None),) * at, indices)]
        return found
    places = np.asarray(indices)
    if places.size and places.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer type")
    if places.ndim == 0:
        one: Array = a[(*(slice(None),) * at, int(places))]
        return one
    flat = places.reshape(-1)
    is_known = a.shape[at] == a.shape[at]
    chosen: Array = picked(a, flat, at) if is_known else a[(*(slice(None),) * at, flat)]
    if places.ndim == 1:
        return chosen
    made: Array = chosen.reshape((*a.shape[:at], *places.shape, *a.shape[at + 1 :]))
    return made


def shuffle(x: Any, indexer: Any, axis: int, chunks: Any = "auto") -> Array:
    """Put groups of elements into chunks of their own.

    Parameters
    ----------
    x : array_like
        The array.
    indexer : list of lists of int
        The places of each group's elements.
    axis : int
        Along which axis.
    chunks : optional
        Accepted as Dask does.

    Returns
    -------
    Array
        The elements, group by group.
    """
    del chunks
    x = _as(x)
    groups = [list(map(int, group)) for group in indexer]
    n = known_shape(x, "shuffle")[axis]
    if any(not 0 <= at < n for group in groups for at in group):
        raise IndexError(f"indexer has places outside of an axis of length {n}")
    found = take(x, [at for group in groups for at in group], axis=axis)
    largest = max(x.chunks[axis])
    sizes: list[int] = []
    for group in groups:
        if sizes and sizes[-1] + len(group) <= largest:
            sizes[-1] += len(group)
        elif group:
            sizes.append(len(group))
    made: Array = found.rechunk({axis: tuple(sizes or (0,))})
    return made


def delete(arr: Any, obj: Any, axis: int) -> Array:
    """Leave out elements along an axis.

    Parameters
    ----------
    arr : array_like
        The array.
    obj : int, slice or sequence of int
        The places.
    axis : int
        Along which axis.

    Returns
    -------
    Array
        The others.
    """
    from raskt.array.concatenate import concatenate
    from raskt.array.shape import _axis

    arr = _as(arr)
    at = _axis(axis, arr.ndim)
    n = known_shape(arr, "delete")[at]
    gone = np.arange(n)[obj] if isinstance(obj, slice) else np.atleast_1d(np.asarray(obj, dtype=int))
    if ((gone < -n) | (gone >= n)).any():
        raise IndexError(
            f"index {gone[(gone < -n) | (gone >= n)][0]} is out of bounds for axis {at} with size {n}"
        )
    gone = np.unique(gone % n) if n else gone
    bounds = [-1, *gone.tolist(), n]
    parts = [
        arr[(*(slice(None),) * at, slice(start + 1, stop))]
        for start, stop in itertools.pairwise(bounds)
        if stop > start + 1
    ]
    return concatenate(parts, axis=at) if parts else arr[(*(slice(None),) * at, slice(0, 0))]


def insert(arr: Any, obj: Any, values: Any, axis: int) -> Array:
    """Put in elements along an axis.

    Parameters
    ----------
    arr : array_like
        The array.
    obj : int, slice or sequence of int
        Before which places.
    values : array_like
        The elements.
    axis : int
        Along which axis.

    Returns
    -------
    Array
        The array with more elements.
    """
    from raskt.array.concatenate import concatenate
    from raskt.array.shape import _axis, broadcast_to

    arr = _as(arr)
    at = _axis(axis, arr.ndim)
    n = known_shape(arr, "insert")[at]
    places = np.arange(n)[obj] if isinstance(obj, slice) else np.asarray(obj, dtype=int)
    lone = places.ndim == 0
    places = np.atleast_1d(places)
    if ((places < -n) | (places > n)).any():
        bad = places[(places < -n) | (places > n)][0]
        raise IndexError(f"index {bad} is out of bounds for axis {at} with size {n}")
    places = np.where(places < 0, places + n, places)
    order = np.argsort(places, kind="stable")
    values = _as(values).astype(arr.dtype)
    if values.ndim == 0 or (values.ndim == 1 and arr.ndim > 1 and not lone):
        values = values[(..., *(None,) * (arr.ndim - at - 1))] if values.ndim else values
    if lone and values.ndim == arr.ndim and values.ndim:
        shape = (*arr.shape[:at], values.shape[at], *arr.shape[at + 1 :])
        places = np.repeat(places, values.shape[at])
        order = np.arange(len(places))
    elif lone and values.ndim == arr.ndim - 1 and values.ndim:
        values = values[(*(slice(None),) * at, None)]
        shape = (*arr.shape[:at], 1, *arr.shape[at + 1 :])
    else:
        shape = (*arr.shape[:at], len(places), *arr.shape[at + 1 :])
    values = broadcast_to(values, shape)
    bounds = [0, *places[order].tolist(), n]
    parts = []
    before = (slice(None),) * at
    for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
        if number:
            parts.append(values[(*before, slice(int(order[number - 1]), int(order[number - 1]) + 1))])
        if stop > start:
            parts.append(arr[(*before, slice(start, stop))])
    return concatenate(parts, axis=at)


def coarsen(reduction: Any, x: Any, axes: Any, trim_excess: bool = False, **kwargs: Any) -> Array:
    """Reduce by neighbourhoods of fixed size.

    Parameters
    ----------
    reduction : callable
        A function such as `numpy.sum`.
    x : array_like
        The array.
    axes : dict
        The size of neighbourhoods by axis.
    trim_excess : bool, optional
        Whether elements that do not fill a neighbourhood at the end are left out; otherwise they are an
        error.
    **kwargs
        Passed to the function.

    Returns
    -------
    Array
        A smaller array.
    """
    from raskt.array.blockwise import map_blocks

    x = _as(x)
    shape = known_shape(x, "coarsen")
    if not trim_excess and any(shape[axis] % size for axis, size in axes.items()):
        raise ValueError(f"Coarsening factors {axes} do not align with array shape {shape}.")
    index = [slice(None)] * x.ndim
    for axis, size in axes.items():
        index[axis] = slice(0, shape[axis] // size * size)
    x = x[tuple(index)]
    wanted = {}
    for axis, size in axes.items():
        sizes, left = [], 0
        for n in x.chunks[axis]:
            left += n
            whole = left // size * size
            if whole:
                sizes.append(whole)
                left -= whole
        wanted[axis] = tuple(sizes) or (0,)
    x = x.rechunk(wanted)
    chunks = tuple(
        tuple(n // axes[axis] for n in sizes) if axis in axes else sizes
        for axis, sizes in enumerate(x.chunks)
    )
    return map_blocks(_coarsened, x, chunks=chunks, function=reduction, factors=dict(axes), extra=kwargs)


def _coarsened(block: Any, function: Any, factors: Any, extra: Any) -> Any:
    shape: list[int] = []
    folded: list[int] = []
    for axis, n in enumerate(block.shape):
        if axis in factors:
            shape += [n // factors[axis], factors[axis]]
            folded.append(len(shape) - 1)
        else:
            shape.append(n)
    return function(block.reshape(shape), axis=tuple(folded), **extra)


def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Array, ...]:
    """Turn places in a flat array into indices along each axis."""
    if order not in ("C", "F"):
        raise TypeError("only 'C' or 'F' order is permitted")
    indices = _as(indices)
    if indices.dtype.kind not in "iu":
        raise TypeError("only int indices permitted")
    kwargs = {"shape": tuple(shape) if np.ndim(shape) else (int(shape),), "order": order}
    found = []
    for at in range(len(kwargs["shape"])):
        parameters = {
            "function": "raskt.array._chunk.unravelled",
            "kwargs": {**kwargs, "at": at},
            "dtype": dtype_parameter(np.int64),
        }
        found.append(op("apply", (indices,), parameters))
    return tuple(found)


def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Array:
    """Turn indices along each axis into places in a flat array."""
    if np.isscalar(dims):
        dims = (dims,)
    parts = tuple(multi_index) if isinstance(multi_index, (tuple, list)) else tuple(_as(multi_index))
    if len(parts) != len(tuple(dims)):
        raise ValueError(f"parameter multi_index must be a sequence of length {len(tuple(dims))}")
    parameters = {
        "function": "raskt.array._chunk.ravelled",
        "kwargs": {"dims": tuple(dims), "mode": mode, "order": order},
        "dtype": dtype_parameter(np.int64),
    }
    return op("apply", parts, parameters)
