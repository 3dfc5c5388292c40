"""What stands between brackets and is not plain: lists, masks, lazy arrays."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import dtype_parameter, is_known
from raskt.array._deferred import NAN, bounds_of, deferred
from raskt.array._grid import grid_of
from raskt.array._index import (
    _compressed,
    _is_lazy_list,
    _is_list,
    _is_mask,
    _items,
    _lazy,
    _one_by_one,
    _spelt,
)
from raskt.array._op import op
from raskt.array._points import are_adjacent, fancy
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["Blocks", "getitem"]


def getitem(x: Array, key: Any) -> Any:
    """Return ``x[key]`` for a key that is not plain."""
    if isinstance(key, str) or (isinstance(key, list) and key and all(isinstance(item, str) for item in key)):
        return _field(x, key)
    raw = _items(key)
    items = _spelt(x, raw)
    masks = [item for item in items if _is_mask(item) and item.ndim > 1]
    if masks and (len(items) == 1 and masks[0].ndim == x.ndim):
        return _by_mask(x, asanyarray(masks[0]))
    if any(_lazy(mask) for mask in masks):
        return _by_masks(x, items, are_adjacent(raw))
    if any(_is_list(item) or _is_lazy_list(item) for item in items):
        items, adjacent = _as_places(x, items), are_adjacent(raw)
        lists = [item for item in items if _is_list(item) or _is_lazy_list(item)]
        is_late = lists[0].ndim > 1 and (_lazy(lists[0]) or not is_known(x.shape))
        if len(lists) > 1 or not adjacent or is_late:
            return fancy(x, items, adjacent)
    return _one_by_one(x, items)


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


def _by_mask(x: Array, mask: Array) -> Array:
    """Return what a mask of all axes leaves, in one row and in NumPy's order."""
    return op("mask", (x, mask))


def _by_masks(x: Array, items: list[Any], adjacent: bool) -> Array:
    """Return what a lazy mask of some of the axes leaves: as one of the axis that these make."""
    at = next(i for i, item in enumerate(items) if _lazy(item) and item.dtype == bool and item.ndim > 1)
    mask, rest = items[at], [*items[:at], *items[at + 1 :]]
    if any(_lazy(item) or _is_list(item) or isinstance(item, (int, np.integer)) for item in rest):
        return fancy(x, items, adjacent)
    if not is_known(x.shape) or not is_known(mask.shape):
        return _by_masks_later(x, items, at)
    y: Array = x[(*items[:at], *(slice(None),) * mask.ndim, *items[at + 1 :])]
    own = y.shape[at : at + mask.ndim]
    if own != mask.shape:
        raise IndexError(f"boolean index of shape {mask.shape} does not match axes of shape {own}")
    flat = y.reshape((*y.shape[:at], -1, *y.shape[at + mask.ndim :]))
    return _compressed(flat, mask.reshape(-1), at)


def _by_masks_later(x: Array, items: list[Any], at: int) -> Array:
    """Promise what a lazy mask of some of the axes leaves, where the lengths of these are not known."""
    mask = items[at]
    y: Array = x[(*items[:at], *(slice(None),) * mask.ndim, *items[at + 1 :])]
    own, behind = bounds_of(y), at + mask.ndim
    masked = own[at:behind]
    bound = None if None in masked else math.prod(n for n in masked if n is not None)
    chunks = (*y.chunks[:at], (NAN,) * len(y.chunks[at]), *y.chunks[behind:])
    key = (*(slice(None),) * at, mask)
    return deferred(f"{__name__}:getitem", (y, key), chunks, y._dtype, [*own[:at], bound, *own[behind:]])


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
