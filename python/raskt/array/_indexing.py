"""What stands between brackets and is not plain: lists, masks, lazy arrays; and assignment."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._op import array_of, dtype_parameter, is_known, op
from raskt.array.rechunk import grid_of

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["Blocks", "VIndex", "getitem", "setitem"]


def _lazy(item: Any) -> bool:
    return hasattr(item, "_expr")


def _spelt(x: Array, key: Any) -> list[Any]:
    """Return an index with an item for each axis, and None for new ones."""
    items = list(key) if isinstance(key, tuple) else [key]
    n_used = 0
    for item in items:
        if item is None or item is Ellipsis:
            continue
        is_mask = getattr(item, "dtype", None) is not None and item.dtype == bool
        n_used += max(item.ndim, 1) if is_mask else 1
    if n_used > x.ndim:
        raise IndexError(
            f"too many indices for array: array is {x.ndim}-dimensional, but {n_used} were indexed"
        )
    if sum(item is Ellipsis for item in items) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    missing = [slice(None)] * (x.ndim - n_used)
    at = next((at for at, item in enumerate(items) if item is Ellipsis), None)
    if at is None:
        return items + missing
    return items[:at] + missing + items[at + 1 :]


def _array_item(item: Any, length: Any, axis: int) -> Any:
    """Return a list or an array as places, or a mask of one axis."""
    found = np.asarray(item)
    if found.size == 0 and found.dtype.kind == "f":
        found = found.astype(np.int64)
    if found.dtype == bool:
        if found.ndim == 1 and length == length and len(found) != length:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis}; size of axis "
                f"is {length} but size of corresponding boolean axis is {len(found)}"
            )
        return found
    if found.dtype.kind not in "iu":
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and integer or boolean arrays "
            "are valid indices"
        )
    return found


def getitem(x: Array, key: Any) -> Any:
    """Return ``x[key]`` for a key that is not plain."""
    if isinstance(key, str) or (isinstance(key, list) and key and all(isinstance(item, str) for item in key)):
        return _field(x, key)
    if _lazy(key) and key.dtype == bool and key.ndim == x.ndim and x.ndim > 1:
        return _by_mask(x, key)
    items = _spelt(x, key if not isinstance(key, list) else (key,))
    if not is_known(x.shape) and _has_to_wait(x, items):
        return _deferred(x, items)
    plain: list[Any] = []
    late: list[tuple[int, Any]] = []
    axis = place = 0
    for item in items:
        if item is None:
            plain.append(None)
            place += 1
            continue
        if _lazy(item):
            plain.append(slice(None))
            late.append((place, item))
            axis += max(item.ndim, 1)
            place += 1
            continue
        if isinstance(item, (bool, np.bool_)):
            raise IndexError("a truth value is no index: use a mask of an axis's length, or slices")
        if isinstance(item, (list, tuple, range, np.ndarray)) and not (
            isinstance(item, np.ndarray) and item.ndim == 0
        ):
            found = _array_item(item, x.shape[axis], axis)
            if found.dtype == bool and found.ndim == 1:
                found = np.nonzero(found)[0]
            if found.ndim > 1:
                from raskt.array.core import asanyarray

                if found.dtype == bool:
                    if found.ndim == x.ndim:
                        return _by_mask(x, asanyarray(found))
                    raise NotImplementedError(
                        "a mask of some of the axes: index with nonzero(mask), or flatten those axes"
                    )
                late.append((place, found))
                plain.append(slice(None))
            else:
                n = x.shape[axis]
                bad = found[(found < -n) | (found >= n)] if n == n else found[:0]
                if len(bad):
                    raise IndexError(f"index {bad[0]} is out of bounds for axis {axis} with size {n}")
                late.append((place, found))
                plain.append(slice(None))
            axis += 1
            place += 1
            continue
        plain.append(int(item) if isinstance(item, (np.ndarray, np.integer)) else item)
        axis += 1
        place += 0 if isinstance(plain[-1], int) else 1
    expr = x._expr.getitem(tuple(plain))
    if expr is None:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and integer or boolean arrays "
            "are valid indices"
        )
    found = array_of(expr)
    several = [item for _, item in late if np.ndim(item) == 1 and not (_lazy(item) and item.dtype == bool)]
    if len(several) > 1:
        raise NotImplementedError(
            "an index with several lists: use vindex for pairs of places, or one after the other"
        )
    for place, item in reversed(late):
        found = _late(found, item, place)
    return found


def _deferred(x: Array, items: list[Any]) -> Array:
    from raskt.array._unknown import getitem as later

    return later(x, items)


def _has_to_wait(x: Array, items: list[Any]) -> bool:
    """Return whether an axis of unknown length is not taken whole."""
    from raskt.array._unknown import waits

    several = [item for item in items if isinstance(item, (list, tuple, range, np.ndarray)) and np.ndim(item)]
    if len(several) > 1:
        raise NotImplementedError(
            "an index with several lists: use vindex for pairs of places, or one after the other"
        )
    if any(getattr(item, "ndim", 0) > 1 for item in items):
        raise NotImplementedError(
            "an index of several axes, where lengths are not known: call compute_chunk_sizes() first"
        )
    if any(isinstance(item, (bool, np.bool_)) for item in items):
        raise IndexError("a truth value is no index: use a mask of an axis's length, or slices")
    rest = [item for item in items if item is not None]
    return any(
        n != n and waits(x, item, axis) for axis, (n, item) in enumerate(zip(x.shape, rest, strict=True))
    )


def _late(x: Array, item: Any, axis: int) -> Array:
    from raskt.array.slicing import picked, take

    if not _lazy(item):
        return picked(x, item, axis) if item.ndim == 1 else take(x, item, axis)
    if item.dtype == bool:
        return _compressed(x, item, axis)
    if item.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer type")
    if item.ndim == 0:
        found = _places(x, item[None], axis)
        squeezed: Array = found[(*(slice(None),) * axis, 0)]
        return squeezed
    if item.ndim > 1:
        raise NotImplementedError(
            "an index of several axes that has not been computed: flatten it, or compute it"
        )
    return _places(x, item, axis)


def _compressed(x: Array, mask: Array, axis: int) -> Array:
    """Return what a lazy mask of one axis leaves: chunks of unknown size."""
    if mask.ndim != 1:
        raise NotImplementedError(
            "a mask of some of the axes: index with nonzero(mask), or flatten those axes"
        )
    n, length = mask.shape[0], x.shape[axis]
    if n != length and n == n and length == length:
        raise IndexError(
            f"boolean index did not match indexed array along axis {axis}; size of axis is {length} "
            f"but size of corresponding boolean axis is {n}"
        )
    if mask.chunks[0] != x.chunks[axis] and is_known(mask.shape) and length == length:
        mask = mask.rechunk((x.chunks[axis],))
    chunks = tuple((float("nan"),) * len(sizes) if at == axis else sizes for at, sizes in enumerate(x.chunks))
    letters = list(range(x.ndim))
    return op(
        "blockwise",
        (x, mask),
        {
            "function": "raskt.array._chunk.compress",
            "kwargs": {"axis": axis},
            "output": letters,
            "inputs": [letters, [axis]],
            "chunks": grid_of(chunks, tuple(sum(sizes) for sizes in chunks)),
            "dtype": x._expr.dtype,
        },
    )


def _by_mask(x: Array, mask: Array) -> Array:
    """Return what a mask of all axes leaves, in one row and in NumPy's order."""
    if x.shape != mask.shape and is_known(x.shape) and is_known(mask.shape):
        raise IndexError(f"boolean index of shape {mask.shape} does not match an array of shape {x.shape}")
    if not is_known(x.shape) or not is_known(mask.shape):
        from raskt.array._unknown import NAN, bounds_of, deferred

        bounds = bounds_of(x)
        n_max = None if None in bounds else math.prod(n for n in bounds if n is not None)
        chunks = ((NAN,) * max(x.numblocks),)
        return deferred("operator:getitem", (x, mask), chunks, x._dtype, [n_max])
    # In C order whole rows must lie in a chunk.
    return _compressed(x.reshape(-1), mask.rechunk(x.chunks).reshape(-1), 0)


def _places(x: Array, places: Array, axis: int) -> Array:
    """Return the elements at lazy places: each block gives what lies in it, zeros elsewhere."""
    n = x.shape[axis]
    if n != n:
        raise ValueError("a lazy index of an axis of unknown length: call compute_chunk_sizes() first")
    letters = list(range(x.ndim))
    new = x.ndim
    output = [*letters[: axis + 1], new, *letters[axis + 1 :]]
    chunks = [*x.chunks[:axis], (1,) * x.numblocks[axis], *places.chunks, *x.chunks[axis + 1 :]]
    found = op(
        "blockwise",
        (x, places),
        {
            "function": "raskt.array._chunk.picked_block",
            "kwargs": {"axis": axis, "size": n},
            "output": output,
            "inputs": [letters, [new]],
            "chunks": grid_of(tuple(chunks), tuple(sum(sizes) for sizes in chunks)),
            "dtype": x._expr.dtype,
            "info": True,
        },
    )
    parameters = {
        "axis": axis,
        "dtype": x._expr.dtype,
        "chunk": "raskt.array._chunk.overlay",
        "combine": "raskt.array._chunk.overlay",
        "aggregate": "raskt.array._chunk.overlaid",
        "kwargs": {"axis": axis},
    }
    return op("reduction", (found,), parameters)


def _field(x: Array, key: Any) -> Array:
    if x.dtype.names is None:
        raise IndexError("only arrays of records have fields")
    dtype = x.dtype[key]
    return op(
        "apply",
        (x,),
        {"function": "raskt.array._chunk.field", "kwargs": {"key": key}, "dtype": dtype_parameter(dtype)},
    )


class Blocks:
    """Blocks by their place in the grid.

    Parameters
    ----------
    array : Array
        The array.
    """

    def __init__(self, array: Array) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of blocks along each axis."""
        return self._array.numblocks

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of blocks."""
        return self._array.npartitions

    def ravel(self) -> list[Array]:
        """Return all blocks, in C order."""
        return [self[index] for index in itertools.product(*(range(n) for n in self.shape))]

    def __getitem__(self, key: Any) -> Array:
        items = key if isinstance(key, tuple) else (key,)
        if any(item is None for item in items):
            raise ValueError("blocks are not indexed with None")
        if sum(isinstance(item, (list, np.ndarray)) for item in items) > 1:
            raise ValueError("blocks are indexed with one list at most")
        items = tuple(_spelt(self._array, tuple(items)))
        chosen: list[Any] = []
        for item, n in zip(items, self.shape, strict=True):
            if isinstance(item, (int, np.integer)):
                if not -n <= item < n:
                    raise IndexError(f"block {item} of {n}")
                item = [int(item)]
            chosen.append(np.arange(n)[item].tolist())
        return op("take_blocks", (self._array,), {"picks": chosen})


class VIndex:
    """Elements by lists of places that belong together.

    Parameters
    ----------
    array : Array
        The array.
    """

    def __init__(self, array: Array) -> None:
        self._array = array

    def __getitem__(self, key: Any) -> Array:
        x = self._array
        items = _spelt(x, key if isinstance(key, tuple) else (key,))
        if any(item is None for item in items):
            raise IndexError("vindex does not put in new axes")
        if any(_lazy(item) for item in items):
            raise IndexError("vindex needs lists that are there: compute the index first")
        if any(isinstance(item, slice) and item != slice(None) for item in items):
            raise IndexError("vindex takes whole axes (:) and lists of places")
        if not is_known(x.shape):
            raise ValueError("vindex needs an array of known shape: call compute_chunk_sizes() first")
        axes = [at for at, item in enumerate(items) if not isinstance(item, slice)]
        lists = np.broadcast_arrays(*[np.asarray(items[at]) for at in axes]) if axes else []
        if not axes:
            return x
        shape = lists[0].shape
        places = []
        for at, found in zip(axes, lists, strict=True):
            n = x.shape[at]
            flat = found.reshape(-1)
            if flat.dtype.kind not in "iu" and flat.size:
                raise IndexError("vindex takes whole axes (:) and lists of places")
            bad = flat[(flat < -n) | (flat >= n)]
            if len(bad):
                raise IndexError(
                    f"vindex key has entries out of bounds for indexing along axis {at} of size {n}: {bad[0]}"
                )
            places.append(np.where(flat < 0, flat + n, flat).astype(np.int64))
        return _pointwise(x, axes, places, shape)


def _pointwise(x: Array, axes: list[int], places: list[Any], shape: Any) -> Array:
    """Return the elements at pairs of places: those of each block together, then in order."""
    from raskt.array.core import from_array
    from raskt.array.shape import moveaxis
    from raskt.array.slicing import picked

    rest = [at for at in range(x.ndim) if at not in axes]
    x = moveaxis(x, axes, range(len(axes)))
    bounds = [np.cumsum((0, *x.chunks[at])) for at in range(len(axes))]
    blocks = [
        np.searchsorted(bound, where, side="right") - 1 for bound, where in zip(bounds, places, strict=True)
    ]
    number = np.ravel_multi_index(blocks, x.numblocks[: len(axes)]) if len(places[0]) else np.zeros(0, int)
    order = np.argsort(number, kind="stable")
    parts: list[Any] = []
    grid = x.numblocks[: len(axes)]
    for found in np.unique(number):
        chosen = order[number[order] == found]
        index = np.unravel_index(found, grid)
        block = x.blocks[(*[int(i) for i in index], *(slice(None),) * len(rest))]
        inner = [where[chosen] - bound[i] for where, bound, i in zip(places, bounds, index, strict=True)]
        chunks = ((len(chosen),), *x.chunks[len(axes) :])
        letters = list(range(x.ndim))
        parts.append(
            op(
                "blockwise",
                (block,),
                {
                    "function": "raskt.array._chunk.points",
                    "kwargs": {"places": [where.tolist() for where in inner]},
                    "output": [x.ndim, *letters[len(axes) :]],
                    "inputs": [letters],
                    "chunks": grid_of(chunks, tuple(sum(sizes) for sizes in chunks)),
                    "dtype": x._expr.dtype,
                },
            )
        )
    if not parts:
        empty = np.zeros((0, *x.shape[len(axes) :]), x.dtype)
        made: Array = from_array(empty, chunks=-1).reshape((*shape, *x.shape[len(axes) :]))
        return made
    from raskt.array.concatenate import concatenate

    whole = concatenate(parts, axis=0)
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    if not np.array_equal(inverse, np.arange(len(inverse))):
        whole = picked(whole, inverse, 0)
    return whole.reshape((*shape, *x.shape[len(axes) :])) if len(shape) != 1 else whole


def setitem(x: Array, key: Any, value: Any) -> Array:
    """Return the array that ``x`` is once ``x[key] = value`` has been said."""
    from raskt.array.core import asanyarray
    from raskt.array.ufuncs import where

    if value is np.ma.masked:
        raise NotImplementedError("assignment of numpy.ma.masked: use masked_where")
    if (_lazy(key) and key.dtype == bool) or (
        isinstance(key, np.ndarray) and key.dtype == bool and key.ndim == x.ndim
    ):
        mask = asanyarray(key)
        if mask.ndim > x.ndim or (
            mask.shape != x.shape[: mask.ndim] and is_known(mask.shape) and is_known(x.shape)
        ):
            raise IndexError(f"a mask of shape {mask.shape} does not match an array of shape {x.shape}")
        if np.ndim(value) == 1 and mask.ndim >= 1 and np.shape(value) != x.shape[-1:]:
            raise NotImplementedError(
                "assignment of a list of values to a mask: use where, or an index of integers"
            )
        while mask.ndim < x.ndim:
            mask = mask[..., None]
        found = where(mask, _cast(value, x), x)
        made: Array = found if found.dtype == x.dtype else found.astype(x.dtype)
        return made
    if not is_known(x.shape) or not is_known(getattr(value, "shape", ())):
        from raskt.array._unknown import bounds_of, deferred

        return deferred(f"{__name__}:setitem", (x, key, value), x.chunks, x._dtype, bounds_of(x))
    index, axes, lengths = _places_of(x, key)
    shape = tuple(lengths[axis] for axis in axes)
    new = _cast(value, x)
    found_shape = np.shape(new)
    while len(found_shape) > len(shape) and found_shape[0] == 1:
        new, found_shape = new[0], found_shape[1:]
    offset = len(shape) - len(found_shape)
    fits = offset >= 0 and all(a in (1, b) for a, b in zip(found_shape, shape[offset:], strict=True))
    if not fits:
        raise ValueError(f"could not broadcast input array from shape {np.shape(value)} into shape {shape}")
    letters = list(range(x.ndim))
    kwargs: dict[str, Any] = {"index": index, "axes": axes}
    operands: tuple[Any, ...] = (x,)
    inputs = [letters]
    if _lazy(new):
        operands = (x, new.rechunk(-1))
        inputs.append(list(range(x.ndim, x.ndim + new.ndim)))
    else:
        kwargs["value"] = np.asarray(new)
    parameters = {
        "function": "raskt.array._chunk.assign",
        "kwargs": kwargs,
        "output": letters,
        "inputs": inputs,
        "chunks": x._expr.grid,
        "dtype": x._expr.dtype,
        "info": True,
    }
    return op("blockwise", operands, parameters)


def _cast(value: Any, x: Array) -> Any:
    if _lazy(value):
        return value if value.dtype == x.dtype else value.astype(x.dtype)
    found = np.asarray(value)
    if found.dtype.kind == "f" and x.dtype.kind in "iu" and np.isnan(found).any():
        raise ValueError("cannot convert float NaN to integer")
    return found.astype(x.dtype)


def _places_of(x: Array, key: Any) -> tuple[list[Any], list[int], list[int]]:
    """Return what an index takes along each axis, which axes it leaves, and how many elements each has."""
    items = [item for item in _spelt(x, key if not isinstance(key, list) else (key,)) if item is not None]
    index: list[Any] = []
    axes: list[int] = []
    lengths: list[int] = []
    n_lists = 0
    for axis, item in enumerate(items):
        n = x.shape[axis]
        if _lazy(item):
            item = np.asarray(item.compute())
        if isinstance(item, slice):
            start, stop, step = item.indices(n)
            count = len(range(start, stop, step))
            index.append((start, count, step))
            axes.append(axis)
            lengths.append(count)
        elif isinstance(item, (list, np.ndarray)) and np.ndim(item):
            found = _array_item(item, n, axis)
            places = np.nonzero(found)[0] if found.dtype == bool else found
            bad = places[(places < -n) | (places >= n)]
            if len(bad):
                raise IndexError(f"index {bad[0]} is out of bounds for axis {axis} with size {n}")
            n_lists += 1
            index.append({"picks": np.where(places < 0, places + n, places).tolist()})
            axes.append(axis)
            lengths.append(len(places))
        else:
            at = int(item)
            if not -n <= at < n:
                raise IndexError(f"index {at} is out of bounds for axis {axis} with size {n}")
            index.append((at % n, 1, 1))
            lengths.append(1)
    if n_lists > 1:
        raise NotImplementedError("assignment with several lists: use where with a mask")
    return index, axes, lengths
