"""What tasks call to compare elements: searching, sorting, counting, quantiles. See `raskt.array._chunk`."""

from __future__ import annotations

from typing import Any

import numpy as np

from raskt.array._chunk import refused, unmasked
from raskt.array._chunk_masked import median_of

__all__: list[str] = []

Block = Any


def sort_block(block: Block, axis: int) -> Block:
    return np.sort(block, axis=axis, kind="stable")


@unmasked
def merge_blocks(first: Block, second: Block, axis: int, half: str) -> Block:
    """Return what the first (or the second) of two sorted blocks gets once both together are in order."""
    n = first.shape[axis]
    both = np.sort(np.concatenate([first, second], axis=axis), axis=axis, kind="stable")
    return np.take(both, range(n) if half == "lower" else range(n, both.shape[axis]), axis=axis)


@unmasked
def arg_block(block: Block, axis: int, info: Any) -> Block:
    """Return the elements of a block in order, each with its place in the whole array."""
    start, stop = info["operands"][0][axis]
    shape = [1] * block.ndim
    shape[axis] = -1
    return _ordered(block, np.broadcast_to(np.arange(start, stop).reshape(shape), block.shape), axis)


def _ordered(values: Block, places: Block, axis: int) -> Block:
    """Return elements in order with their places, of equal ones the first place first."""
    order = np.lexsort((places, values), axis=axis)
    found = np.empty(values.shape, [("value", values.dtype), ("place", np.int64)])
    found["value"] = np.take_along_axis(values, order, axis)
    found["place"] = np.take_along_axis(places, order, axis)
    return found


@unmasked
def merge_args(first: Block, second: Block, axis: int, half: str) -> Block:
    """Return what `merge_blocks` does, of elements with their places."""
    n = first.shape[axis]
    both = np.concatenate([first, second], axis=axis)
    both = _ordered(both["value"], both["place"], axis)
    return np.take(both, range(n) if half == "lower" else range(n, both.shape[axis]), axis=axis)


def taken(block: Block, places: Block, axis: int) -> Block:
    return np.take_along_axis(block, places, axis)


@unmasked
def unique_along(block: Block, axis: int, equal_nan: bool) -> tuple[Block, ...]:
    """Return the slices along an axis that differ, their places, numbers and counts."""
    return np.unique(block, True, True, True, axis=axis, equal_nan=equal_nan)


@unmasked
def weighted_quantile(block: Block, weights: Block, q: Block, name: str) -> Block:
    """Return quantiles along the last axis of weighted elements."""
    q = q[()] if q.ndim == 0 else q
    return np.asarray(getattr(np, name)(block, q, axis=-1, weights=weights, method="inverted_cdf"))


@unmasked
def isin(block: Block, *tests: Block, assume_unique: bool, invert: bool) -> Block:
    return np.isin(block, np.concatenate(tests) if tests else [], assume_unique=assume_unique, invert=invert)


@unmasked
def places_before(block: Block, values: Block, side: Any) -> Block:
    return np.expand_dims(np.searchsorted(block, values, side=side).astype(np.int64), 0)


@unmasked
def digitize(block: Block, bins: Any, right: bool) -> Block:
    return np.digitize(block, bins, right=right)


def _top(values: Block, places: Block, k: int, axis: int) -> tuple[Block, Block]:
    """Return the largest elements with their places, largest first; of equal ones the first."""
    n = min(abs(k), values.shape[axis])
    if k > 0:
        # Stable from the end, so that of equal elements the first comes first.
        order = np.flip(np.argsort(np.flip(values, axis), axis=axis, kind="stable"), axis)
        order = values.shape[axis] - 1 - order
    else:
        order = np.argsort(values, axis=axis, kind="stable")
    order = np.take(order, range(n), axis=axis)
    return np.take_along_axis(values, order, axis), np.take_along_axis(places, order, axis)


@unmasked
def top_chunk(block: Block, k: int, axis: int, ranges: Any) -> Any:
    start = ranges[axis][0]
    shape = [1] * block.ndim
    shape[axis] = -1
    places = np.arange(start, start + block.shape[axis]).reshape(shape)
    return _top(block, np.broadcast_to(places, block.shape), k, axis)


def top_combine(*parts: Any, k: int, axis: int, own: Any = None) -> Any:
    del own
    values = np.concatenate([part[0] for part in parts], axis=axis)
    return _top(values, np.concatenate([part[1] for part in parts], axis=axis), k, axis)


def topk(*parts: Any, k: int, axis: int, own: Any = None) -> Block:
    return top_combine(*parts, k=k, axis=axis, own=own)[0]


def argtopk(*parts: Any, k: int, axis: int, own: Any = None) -> Block:
    return top_combine(*parts, k=k, axis=axis, own=own)[1]


@unmasked
def unique_chunk(block: Block, what: str, equal_nan: bool, ranges: Any) -> Any:
    del what
    values, index, counts = np.unique(block, return_index=True, return_counts=True, equal_nan=equal_nan)
    span = ranges[0]
    return values, index + (0 if span is None else span[0]), counts


def unique_combine(*parts: Any, what: str, equal_nan: bool, own: Any = None) -> Any:
    del own, what
    values = np.concatenate([part[0] for part in parts])
    index = np.concatenate([part[1] for part in parts])
    counts = np.concatenate([part[2] for part in parts])
    found, inverse = np.unique(values, return_inverse=True, equal_nan=equal_nan)
    first = np.full(len(found), np.iinfo(np.int64).max)
    np.minimum.at(first, inverse, index)
    total = np.zeros(len(found), dtype=np.int64)
    np.add.at(total, inverse, counts)
    return found, first, total


def unique_aggregate(*parts: Any, what: str, equal_nan: bool, own: Any = None) -> Block:
    found = unique_combine(*parts, what=what, equal_nan=equal_nan, own=own)
    return found[("values", "index", "counts").index(what)]


@unmasked
def inverse(block: Block, *values: Block) -> Block:
    known = np.concatenate(values)
    return np.searchsorted(known, block)


@unmasked
def histogram(block: Block, *weights: Block, edges: Any) -> Block:
    counts = np.histogram(block, bins=np.asarray(edges), weights=weights[0] if weights else None)[0]
    return counts[None]


@unmasked
def paired(block: Block, weights: Block) -> Block:
    """Return elements and their weights as one array."""
    found = np.empty(block.shape, [("value", block.dtype), ("weight", weights.dtype)])
    found["value"], found["weight"] = block, weights
    return found


def histogram_of_pairs(block: Block, *, edges: Any) -> Block:
    """Return the histogram of elements with weights: see `paired`."""
    return histogram(np.ascontiguousarray(block["value"]), block["weight"], edges=edges)


@unmasked
def histogramdd(block: Block, *weights: Block, edges: Any) -> Block:
    bins = [np.asarray(own) for own in edges]
    return np.histogramdd(block, bins=bins, weights=weights[0] if weights else None)[0][None]


@unmasked
def weighted(block: Block, weights: Block) -> Block:
    """Return whole numbers as real parts, and what they count as imaginary ones."""
    found = np.empty(block.shape, np.complex128)
    found.real, found.imag = block, weights
    return found


@unmasked
def bincount_chunk(block: Block, minlength: int) -> Block:
    if block.dtype.kind == "c":
        return np.bincount(block.real.astype(np.int64), weights=block.imag, minlength=minlength)
    return np.bincount(block, minlength=minlength)


def bincount_combine(*parts: Block, minlength: int, own: Any = None) -> Block:
    del own, minlength
    total = np.zeros(max(len(part) for part in parts), dtype=parts[0].dtype)
    for part in parts:
        total[: len(part)] += part
    return total


def along(block: Block, name: str, axis: Any, keepdims: bool, extra: Any) -> Block:
    """Return what a function of NumPy's makes of whole axes."""
    if isinstance(block, np.ma.MaskedArray):
        if name != "median":
            raise refused("quantile", block)
        return median_of(block, axis, keepdims)
    if 0 in [n for at, n in enumerate(block.shape) if at not in axis]:
        # Of no rows NumPy's functions that leave NaN out forget how many values were asked for.
        name = name.removeprefix("nan")
    return getattr(np, name)(block, axis=tuple(axis), keepdims=keepdims, **extra)
