"""An index, item by item: how it is read, and elements by one item after the other."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import array_of, is_known, typed
from raskt.array._op import op
from raskt.array.conversion import asanyarray, is_dasks
from raskt.array.slicing import picked, take

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = []


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


def _is_mask(item: Any) -> bool:
    return getattr(getattr(item, "dtype", None), "kind", "") == "b"


def _is_list(item: Any) -> bool:
    return isinstance(item, np.ndarray)


def _is_lazy_list(item: Any) -> bool:
    return _lazy(item) and item.ndim > 0


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
    lists = [at for at, item in enumerate(items) if _is_list(item) and item.ndim == 1]
    if lists and not is_known(x.shape):
        # In one: what waits for lengths waits for them once.
        found = op("slice", (x,), {"index": [_parameter(item) for item in _lists_in(plain, items)]})
        late = [(place, item) for place, item in late if _lazy(item) or item.ndim != 1]
    else:
        expr = x._expr.getitem(tuple(plain))
        if expr is None:
            raise IndexError(_NO_INDEX)
        found = typed(array_of(expr), (x,))
    for place, item in reversed(late):
        found = _late(found, item, place)
    return found


def _lists_in(plain: list[Any], items: list[Any]) -> list[Any]:
    """Return an index in which lists of places stand where there was nothing yet."""
    return [own if _is_list(own) and own.ndim == 1 else item for item, own in zip(plain, items, strict=True)]


def _parameter(item: Any) -> Any:
    """Return an item of an index as a parameter of `slice`."""
    if item is None:
        return "new"
    if isinstance(item, slice):
        ends = (item.start, item.stop, item.step)
        return {"slice": [None if end is None else operator.index(end) for end in ends]}
    if _is_list(item):
        if item.dtype == bool:
            return {"mask": item.tobytes()}
        return {"picks": item.astype("<i8").tobytes()}
    return operator.index(item)


def _late(x: Array, item: Any, axis: int) -> Array:
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
    return _places(x, item, axis)


def _compressed(x: Array, mask: Array, axis: int) -> Array:
    """Return what a lazy mask of one axis leaves: chunks of unknown size."""
    return op("compress", (x, mask), {"axis": axis})


def _places(x: Array, places: Array, axis: int) -> Array:
    """Return the elements at lazy places along an axis."""
    return op("pick", (x, places), {"axis": axis})
