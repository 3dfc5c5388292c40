"""Elements by their places along an axis."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt._lazy import finder
from raskt._whole import truncated
from raskt.array._axes import axis_of
from raskt.array._base import dtype_parameter, is_known
from raskt.array._block_call import Rest, dtype_tried
from raskt.array._deferred import NAN, balanced, bounds_of, deferred, similar
from raskt.array._op import op
from raskt.array.blockwise import map_blocks
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray
from raskt.array.shape import broadcast_to, moveaxis

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["coarsen", "delete", "insert", "ravel_multi_index", "shuffle", "take", "unravel_index"]


def picked(x: Array, places: Any, axis: int) -> Array:
    """Return the elements at some places along an axis."""
    index: list[Any] = [{"slice": (None, None, None)} for _ in range(x.ndim)]
    index[axis] = {"picks": np.asarray(places, dtype="<i8").tobytes()}
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
    a = asanyarray(a)
    at = axis_of(axis, a.ndim)
    if np.dtype(getattr(indices, "dtype", int)) == np.dtype(bool):
        # As NumPy: the places 0 and 1, not a selection.
        indices = indices.astype(np.intp)
    if hasattr(indices, "_expr"):
        found: Array = a[(*(slice(None),) * at, indices)]
        return found
    places = np.asarray(indices)
    if places.dtype == bool:
        places = places.astype(np.intp)
    if places.size and places.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer type")
    if places.ndim == 0:
        one: Array = a[(*(slice(None),) * at, int(places))]
        return one
    flat = places.reshape(-1)
    if places.ndim != 1 and not is_known((*a.shape[:at], *a.shape[at + 1 :])):
        bounds = bounds_of(a)
        chunks = (*a.chunks[:at], *((n,) for n in places.shape), *a.chunks[at + 1 :])
        bounds[at : at + 1] = places.shape
        return deferred("raskt.array.slicing:take", (a, places, at), chunks, a._dtype, bounds)
    has_length = a.shape[at] == a.shape[at]
    chosen: Array = picked(a, flat, at) if has_length else a[(*(slice(None),) * at, flat)]
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
    x = asanyarray(x)
    axis = axis_of(axis, x.ndim)
    groups = [list(map(int, group)) for group in indexer]
    n = x.shape[axis]
    if n != n:
        total = sum(map(len, groups))
        sizes_then = (balanced(total, x.numblocks[axis]), total)
        return similar("raskt.array.slicing:shuffle", (x, groups, axis), x, {axis: sizes_then})
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


def delete(arr: Any, obj: Any, axis: int | None = None) -> Array:
    """Leave out elements along an axis.

    Parameters
    ----------
    arr : array_like
        The array.
    obj : int, slice, sequence of int or of bool
        The places, or a mask of them.
    axis : int, optional
        Along which axis; of the flat array by default.

    Returns
    -------
    Array
        The others.
    """
    arr = asanyarray(arr)
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    at = axis_of(axis, arr.ndim)
    n = arr.shape[at]
    if n != n:
        along = ((NAN,) * arr.numblocks[at], bounds_of(arr)[at])
        return similar("raskt.array.slicing:delete", (arr, obj, at), arr, {at: along})
    gone = _inside(_places_in(obj, n, at), n, n, at)
    bounds = [-1, *np.unique(gone).tolist(), n]
    parts = [
        arr[(*(slice(None),) * at, slice(start + 1, stop))]
        for start, stop in itertools.pairwise(bounds)
        if stop > start + 1
    ]
    return concatenate(parts, axis=at) if parts else arr[(*(slice(None),) * at, slice(0, 0))]


def _places_in(obj: Any, n: int, axis: int) -> Any:
    """Return the places in an axis of length ``n`` that a number, a slice, a list or a mask tells of."""
    if isinstance(obj, slice):
        return np.arange(n)[obj]
    found = np.asarray(obj)
    if found.dtype == bool:
        if found.shape != (n,):
            raise ValueError(
                f"boolean array argument obj to delete or insert must be one dimensional and match the axis "
                f"length of {n}, found shape {found.shape}"
            )
        return np.nonzero(found)[0]
    if found.size == 0:
        return found.astype(np.int64)
    if found.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    if found.ndim > 1:
        raise ValueError(f"index array argument obj must be one dimensional or scalar, along axis {axis}")
    return found


def _inside(places: Any, last: int, n: int, axis: int) -> Any:
    """Return places counted from the start, the largest of which may be ``last`` less one."""
    flat = np.atleast_1d(places)
    bad = flat[(flat < -n) | (flat >= last)]
    if len(bad):
        raise IndexError(f"index {bad[0]} is out of bounds for axis {axis} with size {n}")
    return np.where(flat < 0, flat + n, flat)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Array:
    """Put in elements along an axis.

    Parameters
    ----------
    arr : array_like
        The array.
    obj : int, slice, sequence of int or of bool
        Before which places, or a mask of them.
    values : array_like
        The elements.
    axis : int, optional
        Along which axis; into the flat array by default.

    Returns
    -------
    Array
        The array with more elements.
    """
    arr = asanyarray(arr)
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    at = axis_of(axis, arr.ndim)
    n = arr.shape[at]
    if not is_known(arr.shape) or not is_known(getattr(values, "shape", ())):
        return _insert_later(arr, obj, values, at)
    places = _places_in(obj, n, at)
    lone = np.ndim(places) == 0
    places = _inside(places, n + 1, n, at)
    # Numbers of Python's that the dtype does not hold are an error of NumPy's.
    typed = asanyarray(values if hasattr(values, "dtype") else np.asarray(values, arr.dtype))
    values, n_values = _to_put_in(arr, typed.astype(arr.dtype), len(places), lone, at)
    if len(places) == 1:
        places = np.repeat(places, n_values)
    if not len(places):
        unchanged: Array = arr
        return unchanged
    order = np.argsort(places, kind="stable")
    bounds = [0, *places[order].tolist(), n]
    parts = []
    before = (slice(None),) * at
    for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
        if number:
            parts.append(values[(*before, slice(int(order[number - 1]), int(order[number - 1]) + 1))])
        if stop > start:
            parts.append(arr[(*before, slice(start, stop))])
    return concatenate(parts, axis=at)


def _to_put_in(arr: Array, values: Array, n: int, lone: bool, at: int) -> tuple[Array, int]:
    """Return the elements that are put in, as an array like ``arr`` but for an axis, and how long that is."""
    if n == 1:
        # A single place takes several elements, a lone one those along the first axis, as NumPy has it.
        while values.ndim < arr.ndim:
            values = values[None]
        values = moveaxis(values, 0, at) if lone else values
        n = values.shape[at]
    wanted = (*arr.shape[:at], n, *arr.shape[at + 1 :])
    return broadcast_to(values, wanted), n


def _insert_later(arr: Array, obj: Any, values: Any, at: int) -> Array:
    n, longest = arr.shape[at], bounds_of(arr)[at]
    how_many: Any = np.size(obj)
    if how_many == 1 and not isinstance(obj, slice):
        shape = (*(1,) * (arr.ndim - np.ndim(values)), *np.shape(values))
        how_many = shape[0 if np.ndim(obj) == 0 else at]
    if n == n and how_many == how_many and not isinstance(obj, slice) and np.asarray(obj).dtype != bool:
        along: Any = ((n + how_many,), n + how_many)
    else:
        # A slice takes no more places than there are.
        more = longest if isinstance(obj, slice) or how_many != how_many else how_many
        most = None if longest is None or more is None else longest + int(more)
        along = ((NAN,) * (arr.numblocks[at] + 2), most)
    return similar("raskt.array.slicing:insert", (arr, obj, values, at), arr, {at: along})


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
    x = asanyarray(x)
    shape = x.shape
    axes = {axis_of(at, x.ndim): truncated(f"the factor of axis {at}", n) for at, n in axes.items()}
    dtype = _dtype_of_coarse(reduction, x, axes, kwargs)
    if any(shape[axis] != shape[axis] for axis in axes):
        return _coarsen_later(reduction, x, axes, trim_excess, kwargs, dtype)
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
    return map_blocks(
        _coarsened, x, chunks=chunks, dtype=dtype, function=reduction, factors=dict(axes), extra=kwargs
    )


def _dtype_of_coarse(reduction: Any, x: Array, axes: dict[int, int], kwargs: Any) -> Any:
    """Return the dtype that one neighbourhood of ones gives; None where the function fails on it."""
    example = Rest((), kwargs).example()
    if x._dtype is None or example is None:
        return None
    # Where less than one group is left of an axis, the function gets no group of that size.
    axes = {axis: max(min(size, x.shape[axis]), 1) for axis, size in axes.items()}
    ones = np.ones(tuple(axes.get(axis, 1) for axis in range(x.ndim)), x.dtype)
    return dtype_tried(lambda: _coarsened(ones, reduction, axes, example.kwargs))


def _coarsen_later(
    reduction: Any, x: Array, axes: dict[int, int], trim_excess: bool, kwargs: Any, dtype: Any
) -> Array:
    bounds = bounds_of(x)
    changed: dict[int, Any] = {}
    for axis, size in axes.items():
        n, longest = x.shape[axis], bounds[axis]
        if n == n:
            changed[axis] = ((n // size,), n // size)
        else:
            changed[axis] = ((NAN,) * x.numblocks[axis], None if longest is None else longest // size)
    args = (reduction, x, axes, trim_excess, kwargs)
    return similar("raskt.array.slicing:_coarsen_now", args, x, changed, dtype)


def _coarsen_now(reduction: Any, x: Array, axes: Any, trim_excess: bool, kwargs: Any) -> Array:
    return coarsen(reduction, x, axes, trim_excess, **kwargs)


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
    indices = asanyarray(indices)
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
    parts = tuple(multi_index) if isinstance(multi_index, (tuple, list)) else tuple(asanyarray(multi_index))
    if len(parts) != len(tuple(dims)):
        raise ValueError(f"parameter multi_index must be a sequence of length {len(tuple(dims))}")
    parameters = {
        "function": "raskt.array._chunk.ravelled",
        "kwargs": {"dims": tuple(dims), "mode": mode, "order": order},
        "dtype": dtype_parameter(np.int64),
    }
    return op("apply", parts, parameters)


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "cached_cumsum": "raskt.array.chunking",
    },
)
