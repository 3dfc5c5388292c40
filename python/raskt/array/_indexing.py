"""What stands between brackets and is not plain: lists, masks, lazy arrays."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._op import array_of, dtype_parameter, is_known, op
from raskt.array.rechunk import grid_of

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["Blocks", "getitem"]


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


_NO_INDEX = (
    "only integers, slices (`:`), ellipsis (`...`), None and integer or boolean arrays are valid indices"
)


def _item(item: Any) -> Any:
    """Return an item of an index: a number, a slice, a lazy array, or an array of places or truth values."""
    if _lazy(item) or item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if isinstance(item, (bool, np.bool_)):
        raise IndexError("a truth value is no index: use a mask of an axis's length, or slices")
    if not isinstance(item, (list, tuple, range, np.ndarray)):
        from raskt.array.conversion import asanyarray, is_dasks

        return asanyarray(item) if is_dasks(item) else item
    found = np.asarray(item)
    if found.size == 0 and found.dtype.kind == "f":
        found = found.astype(np.int64)
    if found.dtype.kind not in "iub":
        raise IndexError(_NO_INDEX)
    if found.ndim:
        return found
    if found.dtype == bool:
        raise IndexError("a truth value is no index: use a mask of an axis's length, or slices")
    return int(found)


def _items(key: Any) -> tuple[Any, ...]:
    """Return the items of an index."""
    return tuple(_item(item) for item in (key if isinstance(key, tuple) else (key,)))


def getitem(x: Array, key: Any) -> Any:
    """Return ``x[key]`` for a key that is not plain."""
    if isinstance(key, str) or (isinstance(key, list) and key and all(isinstance(item, str) for item in key)):
        return _field(x, key)
    raw = _items(key)
    items = _spelt(x, raw)
    masks = [item for item in items if _is_mask(item) and item.ndim > 1]
    if masks and (len(items) == 1 and masks[0].ndim == x.ndim):
        from raskt.array.conversion import asanyarray

        return _by_mask(x, asanyarray(masks[0]))
    if any(_lazy(mask) for mask in masks):
        return _by_masks(x, items)
    if any(_is_list(item) or _is_lazy_list(item) for item in items):
        from raskt.array._points import are_adjacent, fancy

        items, adjacent = _as_places(x, items), are_adjacent(raw)
        lists = [item for item in items if _is_list(item) or _is_lazy_list(item)]
        if len(lists) > 1 or not adjacent or (lists[0].ndim > 1 and not is_known(x.shape)):
            return fancy(x, items, adjacent)
    if not is_known(x.shape) and _has_to_wait(x, items):
        return _deferred(x, items)
    return _one_by_one(x, items)


def _is_mask(item: Any) -> bool:
    return getattr(getattr(item, "dtype", None), "kind", "") == "b"


def _is_list(item: Any) -> bool:
    return isinstance(item, np.ndarray)


def _is_lazy_list(item: Any) -> bool:
    return _lazy(item) and item.ndim > 0


def _as_places(x: Array, items: list[Any]) -> list[Any]:
    """Return an index in which masks are lists of places, where the lengths of their axes are known."""
    found: list[Any] = []
    axis = 0
    for item in items:
        n_axes = 0 if item is None else 1
        if _is_list(item) and item.dtype == bool:
            n_axes = item.ndim
            lengths = x.shape[axis : axis + n_axes]
            for at, (length, own) in enumerate(zip(lengths, item.shape, strict=True), axis):
                if length == length and length != own:
                    raise IndexError(
                        f"boolean index did not match indexed array along axis {at}; size of axis is "
                        f"{length} but size of corresponding boolean axis is {own}"
                    )
            found += [item] if n_axes == 1 and not is_known(lengths) else np.nonzero(item)
        else:
            found.append(item)
        axis += n_axes
    return found


def _one_by_one(x: Array, items: list[Any]) -> Array:
    """Return ``x[items]``, of numbers and slices, lazy arrays, and one list at the most."""
    plain: list[Any] = []
    late: list[tuple[int, Any]] = []
    axis = place = 0
    for item in items:
        if _is_list(item):
            n = x.shape[axis]
            bad = item[(item < -n) | (item >= n)] if n == n and item.dtype != bool else item[:0]
            if bad.size:
                raise IndexError(f"index {bad.flat[0]} is out of bounds for axis {axis} with size {n}")
        is_late = _lazy(item) or _is_list(item)
        if is_late:
            late.append((place, item))
        plain.append(slice(None) if is_late else int(item) if isinstance(item, np.integer) else item)
        axis += 0 if item is None else 1
        place += 0 if isinstance(plain[-1], int) else 1
    expr = x._expr.getitem(tuple(plain))
    if expr is None:
        raise IndexError(_NO_INDEX)
    found = array_of(expr)
    for place, item in reversed(late):
        found = _late(found, item, place)
    return found


def _deferred(x: Array, items: list[Any]) -> Array:
    from raskt.array._unknown import getitem as later

    return later(x, items)


def _has_to_wait(x: Array, items: list[Any]) -> bool:
    """Return whether an axis of unknown length is not taken whole."""
    from raskt.array._unknown import waits

    if any(_lazy(item) and item.ndim > 1 for item in items):
        raise NotImplementedError(
            "a lazy index of several axes, where lengths are not known: call compute_chunk_sizes() first"
        )
    for item in items:
        if not (item is None or _lazy(item) or _is_list(item) or isinstance(item, (slice, int, np.integer))):
            raise IndexError(_NO_INDEX)
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


def _by_masks(x: Array, items: list[Any]) -> Array:
    """Return what a lazy mask of some of the axes leaves: as one of the axis that these make."""
    if not is_known(x.shape) or any(_lazy(item) and not is_known(item.shape) for item in items):
        raise NotImplementedError(
            "a lazy mask of several axes, where lengths are not known: call compute_chunk_sizes() first"
        )
    at = next(i for i, item in enumerate(items) if _lazy(item) and item.dtype == bool and item.ndim > 1)
    mask, rest = items[at], [*items[:at], *items[at + 1 :]]
    if any(_lazy(item) or _is_list(item) or isinstance(item, (int, np.integer)) for item in rest):
        raise NotImplementedError("a lazy mask of several axes beside numbers and lists: index twice")
    y: Array = x[(*items[:at], *(slice(None),) * mask.ndim, *items[at + 1 :])]
    own = y.shape[at : at + mask.ndim]
    if own != mask.shape:
        raise IndexError(f"boolean index of shape {mask.shape} does not match axes of shape {own}")
    flat = y.reshape((*y.shape[:at], -1, *y.shape[at + mask.ndim :]))
    return _compressed(flat, mask.reshape(-1), at)


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
    try:
        dtype = x.dtype[key]
    except KeyError:
        raise ValueError(f"no field of name {key}") from None
    if dtype.subdtype is not None:
        # Each record has an array there, whose axes come behind those of the records.
        base, shape = dtype.subdtype
        letters = list(range(x.ndim))
        chunks = (*x.chunks, *((n,) for n in shape))
        parameters = {
            "function": "raskt.array._chunk.field",
            "kwargs": {"key": key},
            "output": [*letters, *range(x.ndim, x.ndim + len(shape))],
            "inputs": [letters],
            "chunks": grid_of(chunks, tuple(sum(sizes) for sizes in chunks)),
            "dtype": dtype_parameter(base),
        }
        return op("blockwise", (x,), parameters)
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
        if all(isinstance(item, slice) and item == slice(None) for item in items):
            return self._array
        chosen: list[Any] = []
        for item, n in zip(items, self.shape, strict=True):
            if isinstance(item, (int, np.integer)):
                if not -n <= item < n:
                    raise IndexError(f"block {item} of {n}")
                item = [int(item)]
            chosen.append(np.arange(n)[item].tolist())
        return op("take_blocks", (self._array,), {"picks": chosen})
