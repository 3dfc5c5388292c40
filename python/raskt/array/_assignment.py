"""``x[...] = value``: elements in the place of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import array_of, is_known, told
from raskt.array._deferred import fits, is_like, similar
from raskt.array._grid import grid_of
from raskt.array._index import _NO_INDEX, _is_list, _is_mask, _items, _lazy, _spelt
from raskt.array._masked import has_mask, masked
from raskt.array._op import op
from raskt.array._points import _together
from raskt.array.conversion import asanyarray
from raskt.array.creation import zeros_like
from raskt.array.searching import where

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["as_assigned", "setitem"]


def setitem(x: Array, key: Any, value: Any) -> Array:
    """Return the array that ``x`` is once ``x[key] = value`` has been said."""
    if value is np.ma.masked:
        return masked("masked_where", setitem(zeros_like(x, dtype=bool), key, True), x, dtype=x.dtype)
    if has_mask(value):
        value = asanyarray(value)
        x = x if has_mask(x) else masked("masked_array", x, dtype=x.dtype)
        return told(setitem(x, key, array_of(value._expr)), meta=x._meta)
    if _is_mask(key) and (_lazy(key) or key.ndim == x.ndim):
        return _to_mask(x, asanyarray(key), value)
    by_mask = _masked_axes(x, key, value)
    if by_mask is not None:
        return by_mask
    items = _spelt(x, _items(key))
    if not is_known(x.shape) or not is_known(getattr(value, "shape", ())):
        return similar(f"{__name__}:setitem", (x, key, value), x, {})
    lists = [item for item in items if _is_list(item)]
    if len(lists) > 1 or any(item.ndim > 1 for item in lists):
        return _to_points(x, [item for item in items if item is not None], value)
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


def _to_mask(x: Array, mask: Array, value: Any) -> Array:
    """Return what assigning to the elements where a mask of the first axes is true makes."""
    both_known = is_known(mask.shape) and is_known(x.shape)
    if mask.ndim > x.ndim or (both_known and mask.shape != x.shape[: mask.ndim]):
        raise IndexError(f"a mask of shape {mask.shape} does not match an array of shape {x.shape}")
    new = _cast(value, x)
    n_rest = x.ndim - mask.ndim
    lengths = np.shape(new)
    if len(lengths) == n_rest + 1 and lengths[0] == 1:
        new, lengths = new[0], lengths[1:]
    # One lazy value for each place of the mask, also where it is false, is what Dask takes; NumPy does not.
    is_whole = _lazy(new) and (lengths == x.shape if is_known((*lengths, *x.shape)) else fits(x, new))
    if len(lengths) > n_rest and not is_whole:
        return _in_order(x, mask, new)
    spread = mask[(..., *(None,) * n_rest)] if n_rest else mask
    made: Array = where(spread, new, x)
    return made if made.dtype == x.dtype else made.astype(x.dtype)


def _in_order(x: Array, mask: Array, values: Any) -> Array:
    """Return what assigning values, one after the other, to the places where a mask is true makes."""
    values = asanyarray(values)
    n_rest = x.ndim - mask.ndim
    if values.ndim != n_rest + 1 or (
        n_rest and is_known(x.shape) and values.shape[1:] != x.shape[mask.ndim :]
    ):
        raise ValueError(
            f"NumPy boolean array indexing assignment requires values of {n_rest + 1} axes that match the "
            f"array's, found shape {values.shape} for an array of shape {x.shape}"
        )
    if not (is_known(x.shape) and is_known(mask.shape)):
        return similar(f"{__name__}:setitem", (x, mask, values), x, {})
    shape = x.shape
    if mask.ndim > 1:
        x = x.reshape((-1, *shape[mask.ndim :]))
        mask = mask.rechunk(tuple(x.chunks[:1])) if mask.ndim == 1 else mask.reshape(-1)
    if mask.chunks[0] != x.chunks[0]:
        mask = mask.rechunk((x.chunks[0],))
    letters = list(range(x.ndim))
    rest = letters[1:]
    counts = op(
        "blockwise",
        (mask,),
        {
            "function": "raskt.array._chunk.true_count",
            "output": [0],
            "inputs": [[0]],
            "chunks": grid_of(((1,) * mask.numblocks[0],), (mask.numblocks[0],)),
            "dtype": "int64",
        },
    ).rechunk(-1)
    chosen = x[mask] if not n_rest else None
    aligned = chosen is not None and is_like(chosen, 0, values, 0)
    if not aligned:
        values = values.rechunk({0: -1, **{at: x.chunks[at] for at in rest}})
    parameters = {
        "function": "raskt.array._chunk.assign_in_order",
        "kwargs": {"aligned": bool(aligned)},
        "output": letters,
        "inputs": [letters, [0], [x.ndim], [0 if aligned else x.ndim + 1, *rest]],
        "chunks": x._expr.grid,
        "dtype": x._expr.dtype,
        "info": True,
    }
    made: Array = op("blockwise", (x, mask, counts, values), parameters)
    return made if made.shape == shape else made.reshape(shape)


def _to_points(x: Array, items: list[Any], value: Any) -> Array:
    """Return what assigning to places that belong together makes."""
    axes = [at for at, item in enumerate(items) if _is_list(item) or isinstance(item, (int, np.integer))]
    rest = [item for at, item in enumerate(items) if at not in axes]
    new = _cast(value, x)
    if any(item != slice(None) for item in rest) or _lazy(new) or (rest and np.ndim(new)):
        raise NotImplementedError(_SEVERAL)
    lists = _together([np.asarray(items[at]) for at in axes])
    if any(found.dtype == bool for found in lists):
        raise NotImplementedError(_SEVERAL)
    places = []
    for at, found in zip(axes, lists, strict=True):
        n = x.shape[at]
        bad = found[(found < -n) | (found >= n)]
        if bad.size:
            raise IndexError(f"index {bad.flat[0]} is out of bounds for axis {at} with size {n}")
        places.append(np.where(found < 0, found + n, found).reshape(-1).tolist())
    try:
        spread = np.broadcast_to(new, lists[0].shape)
    except ValueError:
        raise ValueError(
            f"shape mismatch: value array of shape {np.shape(new)} could not be broadcast to indexing "
            f"result of shape {lists[0].shape}"
        ) from None
    letters = list(range(x.ndim))
    parameters = {
        "function": "raskt.array._chunk.assign_points",
        "kwargs": {"axes": axes, "places": places, "value": np.array(spread).reshape(-1)},
        "output": letters,
        "inputs": [letters],
        "chunks": x._expr.grid,
        "dtype": x._expr.dtype,
        "info": True,
    }
    return op("blockwise", (x,), parameters)


_SEVERAL = "assignment with several lists: of a number, or of numbers where all axes have lists; use where"


def _masked_axes(x: Array, key: Any, value: Any) -> Array | None:
    """Return what assigning a number where a lazy mask of some axes is true makes; None for other keys."""
    raw = key if isinstance(key, tuple) else (key,)
    if not any(_lazy(item) and _is_mask(item) and item.ndim for item in raw):
        return None
    items = [item for item in _spelt(x, raw) if item is not None]
    rest = [item for item in items if not _lazy(item)]
    if len(rest) != len(items) - 1 or any(item != slice(None) for item in rest) or np.ndim(value):
        if any(_lazy(item) and item.ndim > 1 for item in items):
            raise NotImplementedError(
                "assignment to a lazy mask of several axes: of one number, beside whole axes; use where"
            )
        return None
    at = next(i for i, item in enumerate(items) if _lazy(item))
    mask = items[at]
    own = x.shape[at : at + mask.ndim]
    if own != mask.shape and is_known(own) and is_known(mask.shape):
        raise IndexError(f"boolean index of shape {mask.shape} does not match axes of shape {own}")
    spread = mask[(..., *(None,) * (x.ndim - at - mask.ndim))]
    made: Array = where(spread, _cast(value, x), x)
    return made if made.dtype == x.dtype else made.astype(x.dtype)


def _cast(value: Any, x: Array) -> Any:
    if _lazy(value):
        return value if value.dtype == x.dtype else value.astype(x.dtype)
    # Numbers of Python's that the dtype does not hold are an error of NumPy's; its own are cast.
    is_typed = hasattr(value, "dtype")
    found = np.asarray(value, x.dtype) if x.dtype.names and not is_typed else np.asarray(value)
    if found.dtype.kind == "c" and x.dtype.kind in "iuf":
        raise TypeError(
            f"a complex number cannot be assigned to elements of dtype {x.dtype}: take its real part"
        )
    if not found.ndim:
        return as_assigned(value, x.dtype)
    if found.dtype.kind == "f" and x.dtype.kind in "iu" and np.isnan(found).any():
        raise ValueError("cannot convert float NaN to integer")
    return found.astype(x.dtype) if is_typed or found.dtype.kind not in "iu" else np.asarray(value, x.dtype)


def as_assigned(value: Any, dtype: Any) -> Any:
    """Return what an element of a dtype is once a number has been assigned to it, or NumPy's error."""
    element = np.empty((), dtype)
    element[()] = value
    return element


def _places_of(x: Array, key: Any) -> tuple[list[Any], list[int], list[int]]:
    """Return what an index takes along each axis, which axes it leaves, and how many elements each has."""
    items = [item for item in _spelt(x, _items(key)) if item is not None]
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
        elif _is_list(item) and item.ndim:
            if item.ndim > 1:
                raise NotImplementedError("assignment with a list of several axes: use where with a mask")
            (places,) = np.nonzero(item) if item.dtype == bool else (item,)
            if item.dtype == bool and len(item) != n:
                raise IndexError(
                    f"boolean index did not match indexed array along axis {axis}; size of axis "
                    f"is {n} but size of corresponding boolean axis is {len(item)}"
                )
            bad = places[(places < -n) | (places >= n)]
            if len(bad):
                raise IndexError(f"index {bad[0]} is out of bounds for axis {axis} with size {n}")
            n_lists += 1
            index.append({"picks": np.where(places < 0, places + n, places).tolist()})
            axes.append(axis)
            lengths.append(len(places))
        elif not isinstance(item, (int, np.integer, np.ndarray)):
            raise IndexError(_NO_INDEX)
        else:
            at = int(item)
            if not -n <= at < n:
                raise IndexError(f"index {at} is out of bounds for axis {axis} with size {n}")
            index.append((at % n, 1, 1))
            lengths.append(1)
    if n_lists > 1:
        raise NotImplementedError(_SEVERAL)
    return index, axes, lengths
