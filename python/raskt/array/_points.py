"""Elements at lists of places that belong together: `vindex`, and indices with several lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import is_known
from raskt.array._deferred import bounds_of, deferred
from raskt.array._grid import grid_of
from raskt.array._index import _one_by_one, _places, _spelt
from raskt.array._op import op
from raskt.array.blockwise import map_blocks
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray, from_array
from raskt.array.rechunk import unify_chunks
from raskt.array.searching import nonzero
from raskt.array.shape import broadcast_arrays, moveaxis
from raskt.array.slicing import picked

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["VIndex", "are_adjacent", "fancy", "points"]


def _is_advanced(item: Any) -> bool:
    return isinstance(item, (int, np.integer, np.ndarray)) or hasattr(item, "_expr")


def are_adjacent(items: tuple[Any, ...]) -> bool:
    """Return whether the lists and numbers of an index, as it was written, stand side by side."""
    places = [at for at, item in enumerate(items) if _is_advanced(item)]
    return not places or places[-1] - places[0] + 1 == len(places)


def fancy(x: Array, items: list[Any], adjacent: bool) -> Array:
    """Return ``x[items]`` as NumPy has it: elements at places that belong together.

    The axes of the lists stand where these stand, or in front if something is between them.
    """
    if any(hasattr(item, "_expr") and item.dtype.kind == "b" for item in items):
        return _by_late_mask(x, items, adjacent)
    rest = [item for item in items if item is not None]
    y: Array = x[tuple(slice(None) if _is_advanced(item) else item for item in rest)]
    found = VIndex(y)[tuple(item if _is_advanced(item) else slice(None) for item in rest)]
    n_places = found.ndim - sum(not _is_advanced(item) for item in rest)
    at = 0
    if adjacent:
        before = items[: next(i for i, item in enumerate(items) if _is_advanced(item))]
        at = sum(item is not None for item in before)
        found = moveaxis(found, range(n_places), range(at, at + n_places))
    if not any(item is None for item in items):
        return found
    # The axes of the places, then those between and behind, and new ones where they were asked for.
    spelt: list[Any] = [] if adjacent else [slice(None)] * n_places
    is_done = not adjacent
    for item in items:
        if not _is_advanced(item):
            spelt.append(None if item is None else slice(None))
        elif not is_done:
            spelt += [slice(None)] * n_places
            is_done = True
    made: Array = found[tuple(spelt)]
    return made


def _by_late_mask(x: Array, items: list[Any], adjacent: bool) -> Array:
    """Return ``x[items]`` with lazy masks: beside numbers, or beside lists, for which masks are places."""
    advanced = [item for item in items if _is_advanced(item) and not isinstance(item, (int, np.integer))]
    if len(advanced) > 1 or advanced[0].ndim > 1:
        return fancy(x, _without_masks(x, items), adjacent)
    found = _one_by_one(x, items)
    before = items[: next(at for at, item in enumerate(items) if hasattr(item, "_expr"))]
    at = sum(not _is_advanced(item) for item in before)
    made: Array = found if adjacent else moveaxis(found, at, 0)
    return made


def _without_masks(x: Array, items: list[Any]) -> list[Any]:
    """Return an index with lists of places, as many as it has axes, for each mask."""
    found: list[Any] = []
    axis = 0
    for item in items:
        is_mask = getattr(getattr(item, "dtype", None), "kind", "") == "b"
        n_axes = item.ndim if is_mask else 0 if item is None else 1
        if is_mask:
            own = x.shape[axis : axis + n_axes]
            if is_known(own) and is_known(item.shape) and own != item.shape:
                raise IndexError(f"boolean index of shape {item.shape} does not match axes of shape {own}")
        found += nonzero(item) if is_mask else [item]
        axis += n_axes
    return found


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
        axes = [at for at, item in enumerate(items) if not isinstance(item, slice)]
        parts = [item if isinstance(item, slice) else slice(None) for item in items]
        if any(part != slice(None) for part in parts):
            x, items = x[tuple(parts)], [slice(None) if isinstance(item, slice) else item for item in items]
        if not axes:
            return x
        if any(hasattr(items[at], "_expr") for at in axes):
            return _lazy_points(x, axes, [items[at] for at in axes])
        lists = _together([np.asarray(items[at]) for at in axes])
        shape = lists[0].shape
        if not is_known(x.shape):
            return _points_later(x, items, axes, tuple((n,) for n in shape), shape)
        places = []
        for at, found in zip(axes, lists, strict=True):
            n = x.shape[at]
            flat = found.reshape(-1)
            if flat.dtype == bool:
                raise IndexError("vindex takes lists of places, not masks: index with nonzero(mask)")
            if flat.dtype.kind not in "iu" and flat.size:
                raise IndexError("vindex takes whole axes (:) and lists of places")
            flat = flat.astype(np.int64)
            bad = flat[(flat < -n) | (flat >= n)]
            if len(bad):
                raise IndexError(
                    f"vindex key has entries out of bounds for indexing along axis {at} of size {n}: {bad[0]}"
                )
            places.append(np.where(flat < 0, flat + n, flat).astype(np.int64))
        return _pointwise(x, axes, places, shape)


def _lazy_points(x: Array, axes: list[int], lists: list[Any]) -> Array:
    """Return the elements at places that belong together, some of which are computed later."""
    arrays = [asanyarray(item) for item in lists]
    for item in arrays:
        if item.dtype.kind not in "iu":
            raise IndexError("vindex takes lists of places, no masks: index with nonzero(mask)")
    if not is_known(x.shape):
        items: list[Any] = [slice(None)] * x.ndim
        for at, item in zip(axes, arrays, strict=True):
            items[at] = item
        return _points_later(x, items, axes, *_shape_of_places(arrays))
    if all(is_known(item.shape) for item in arrays):
        # Numbers go with any list as they are.
        several = [item for item in arrays if item.ndim]
        try:
            together = iter(_same_chunks(broadcast_arrays(*several)) if several else ())
        except ValueError as error:
            raise IndexError(f"indexing arrays could not be broadcast together: {error}") from None
        arrays = [next(together) if item.ndim else item for item in arrays]
    lengths = tuple(x.shape[at] for at in axes)
    flat = _flat_places(arrays, axes, lengths)
    whole = moveaxis(x, axes, range(len(axes)))
    rest = whole.shape[len(axes) :]
    whole = whole.reshape((int(np.prod(lengths)), *rest))
    if not flat.ndim:
        made: Array = _places(whole, flat[None], 0)[0]
        return made
    found = _places(whole, flat if flat.ndim == 1 else flat.reshape(-1), 0)
    return found if flat.ndim == 1 else found.reshape((*flat.shape, *rest))


def _same_chunks(arrays: Any) -> list[Array]:
    letters = tuple(range(arrays[0].ndim))
    made: list[Array] = unify_chunks(*[part for x in arrays for part in (x, letters)])[1]
    return made


def _flat_places(arrays: list[Array], axes: list[int], lengths: tuple[int, ...]) -> Array:
    """Return the places in the row that some axes make, where that is known of each axis."""
    if all(is_known(item.shape) for item in arrays):
        return map_blocks(flat_places, *arrays, axes=tuple(axes), lengths=lengths, dtype=np.int64)
    # Blocks of unknown sizes need not pair by their number: sums of arrays bring them into the same chunks.
    found: Any = 0
    for item, at, n in zip(arrays, axes, lengths, strict=True):
        own = map_blocks(flat_places, item, axes=(at,), lengths=(n,), dtype=np.int64)
        found = found * n + own
    made: Array = found
    return made


def flat_places(*places: Any, axes: Any, lengths: Any) -> Any:
    """Return the places in the row that some axes make: for tasks."""
    found: Any = np.int64(0)
    for own, at, n in zip(places, axes, lengths, strict=True):
        own = np.asarray(own)
        bad = own[(own < -n) | (own >= n)]
        if bad.size:
            raise IndexError(f"index {bad.flat[0]} is out of bounds for axis {at} with size {n}")
        own = own.astype(np.int64)
        found = found * n + np.where(own < 0, own + n, own)
    return np.asarray(found)


def _together(lists: list[Any]) -> Any:
    """Return lists of places in the shape that they have together."""
    try:
        return np.broadcast_arrays(*lists)
    except ValueError:
        shapes = " ".join(str(found.shape).replace(" ", "") for found in lists)
        raise IndexError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {shapes}"
        ) from None


def _shape_of_places(arrays: list[Array]) -> tuple[Any, Any]:
    """Return the chunks, and bounds for the lengths, of the axes that lazy lists of places make."""
    ndim = max(item.ndim for item in arrays)
    chunks: list[Any] = [(1,)] * ndim
    bounds: list[Any] = [1] * ndim
    for item in arrays:
        for axis, (sizes, bound) in enumerate(
            zip(item.chunks, bounds_of(item), strict=True), ndim - item.ndim
        ):
            if chunks[axis] == (1,) or (sizes != (1,) and is_known(sizes)):
                chunks[axis], bounds[axis] = sizes, bound
    return tuple(chunks), bounds


def _points_later(x: Array, items: list[Any], axes: list[int], places: Any, longest: Any) -> Array:
    """Promise the elements at places that belong together, some in axes of unknown length.

    ``places`` are the chunks of the axes that the places make, ``longest`` bounds for their lengths.
    """
    rest = [at for at in range(x.ndim) if at not in axes]
    bounds = bounds_of(x)
    chunks = (*places, *(x.chunks[at] for at in rest))
    return deferred(
        f"{__name__}:points", (x, items), chunks, x._dtype, [*longest, *(bounds[at] for at in rest)]
    )


def points(x: Array, items: list[Any]) -> Array:
    """Return the elements at places that belong together: `VIndex` for recipes."""
    return VIndex(x)[tuple(items)]


def _pointwise(x: Array, axes: list[int], places: list[Any], shape: Any) -> Array:
    """Return the elements at pairs of places: those of each block together, then in order."""
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
                    "kwargs": {"places": [where.astype("<i8").tobytes() for where in inner]},
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
    whole = concatenate(parts, axis=0)
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    if not np.array_equal(inverse, np.arange(len(inverse))):
        whole = picked(whole, inverse, 0)
    return whole.reshape((*shape, *x.shape[len(axes) :])) if len(shape) != 1 else whole
