"""Chunks of unknown size: found out by computing, early on request, or in the computation that needs them.

An operation that needs sizes is deferred: its array promises how many chunks it has along each axis, and
keeps a recipe. It is one task, which is told the sizes of its operands' blocks, lets the recipe work on
arrays of known chunks, and becomes the graph of what that makes.
"""

from __future__ import annotations

import importlib
import math
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.annotations import annotated_as
from raskt.array._base import array_of, is_known
from raskt.array._deferred import NAN, Place, balanced, bounds_of, deferred, is_like, walked
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.base import compute
from raskt.delayed import delayed

if TYPE_CHECKING:
    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["known", "made", "waits"]


def known(x: Array) -> Array:
    """Return an array whose chunks are all known."""
    return x if is_known(x.shape) else _sized(x)


def _lines(x: Array) -> list[list[tuple[int, ...]]]:
    """Return, for each axis, the blocks that tell its sizes: a line of them at the edge of the others."""
    lines = []
    for axis, n in enumerate(x.numblocks):
        places = range(n) if x.shape[axis] != x.shape[axis] else ()
        lines.append([(*(0,) * axis, at, *(0,) * (x.ndim - axis - 1)) for at in places])
    return lines


def _sized(x: Array) -> Array:
    """Return an array with all chunks known, found out by computing blocks of it."""
    lines, blocks, shape = _lines(x), x.to_delayed(), delayed(np.shape)
    shapes = iter(compute(*[shape(blocks[place]) for line in lines for place in line]))
    chunks = []
    for axis, line in enumerate(lines):
        sizes = tuple(int(next(shapes)[axis]) for _ in line)
        chunks.append(sizes or x.chunks[axis])
    grid = grid_of(tuple(chunks), tuple(sum(sizes) for sizes in chunks))
    return array_of(_raskt.array_known(x._expr, grid))


def made(recipe: bytes, operands: list[ArrayExpr], promise: ArrayExpr) -> ArrayExpr:
    """Return what a recipe makes of operands of known chunks, in the chunks that were promised."""
    with annotated_as(promise.annotations):
        return _cooked(recipe, [array_of(operand) for operand in operands], array_of(promise))._expr


def _cooked(recipe: bytes, arrays: list[Array], promise: Array) -> Array:
    """Return what a recipe makes of its operands, in the chunks that were promised."""
    function, args = pickle.loads(recipe)
    module, name = function.split(":")
    args = walked(args, lambda item: item.of(arrays) if isinstance(item, Place) else item)
    return _fitted(getattr(importlib.import_module(module), name)(*args), promise)


def _fitted(made: Array, promise: Array) -> Array:
    if made.ndim != promise.ndim:
        raise ValueError(f"an array of {promise.ndim} axes was promised, and there are {made.ndim}")
    wanted: list[Any] = []
    for axis, (sizes, own) in enumerate(zip(promise.chunks, made.chunks, strict=True)):
        length, promised = sum(own), sum(sizes)
        if promised == promised:
            if length == length and length != promised:
                raise ValueError(f"axis {axis} has {length} elements, where {promised} were expected")
            wanted.append(sizes)
        elif len(own) <= len(sizes):
            # Empty chunks behind the others keep the promise.
            wanted.append((*own, *(0,) * (len(sizes) - len(own))))
        else:
            wanted.append(len(sizes))
    if not is_known(made.shape):
        counts = tuple(n if isinstance(n, int) else len(n) for n in wanted)
        if counts == made.numblocks:
            return array_of(_raskt.array_known(made._expr, promise._expr.grid))
        return deferred(f"{__name__}:into_blocks", (made, counts), promise.chunks, promise._dtype)
    chunks = tuple(
        balanced(made.shape[axis], sizes) if isinstance(sizes, int) else sizes
        for axis, sizes in enumerate(wanted)
    )
    return array_of(_raskt.array_known(made.rechunk(chunks)._expr, promise._expr.grid))


def into_blocks(x: Array, counts: tuple[int, ...]) -> Array:
    """Return an array with so many chunks along each axis."""
    chunks = tuple(
        sizes if len(sizes) == n else balanced(sum(sizes), n)
        for sizes, n in zip(x.chunks, counts, strict=True)
    )
    made: Array = x.rechunk(chunks)
    return made


# ---- rechunk ----


def rechunk(x: Array, chunks: Any, limit: Any, more: dict[str, Any]) -> Array:
    """Cut an array with unknown sizes into other chunks."""
    specs = _specs(x, chunks)
    bounds = bounds_of(x)
    unknown = [axis for axis, n in enumerate(x.shape) if n != n]
    changing = [axis for axis in unknown if not _stays(specs[axis], x.chunks[axis])]
    # Automatic chunks of other axes are sized for the longest that these can be.
    shape = [n if n == n else bound for n, bound in zip(x.shape, bounds, strict=True)]
    plan: list[Any] = [None] * x.ndim
    promised: list[Any] = list(x.chunks)
    for axis in changing:
        plan[axis], promised[axis] = _cut_later(specs[axis], axis, bounds[axis], x)
    others = {axis: spec for axis, spec in enumerate(specs) if axis not in unknown and spec is not None}
    if others:
        for axis in unknown:
            if shape[axis] is None:
                if any(isinstance(spec, str) for spec in others.values()):
                    raise ValueError(
                        f"axis {axis}: automatic chunks need all other sizes, and these are unknown: call "
                        "compute_chunk_sizes() first"
                    )
                shape[axis] = 1
            n_blocks = len(promised[axis])
            others[axis] = balanced(int(shape[axis] or 0), n_blocks)
        cut = grid_of(others, tuple(shape), x._dtype, limit).sizes
        for axis in range(x.ndim):
            if axis not in unknown:
                promised[axis] = plan[axis] = cut[axis]
    if not changing:
        grid = grid_of(tuple(promised), x.shape)
        return op("rechunk", (x,), {"chunks": grid, **more})
    plan = [("keep",) if part is None else part if part[0] == "clip" else ("exact", part) for part in plan]
    return deferred(f"{__name__}:recut", (x, plan, more), tuple(promised), x._dtype, bounds)


def _specs(x: Array, chunks: Any) -> list[Any]:
    """Return what is asked for along each axis; None for nothing."""
    if isinstance(chunks, dict):
        specs: list[Any] = [None] * x.ndim
        for axis, spec in chunks.items():
            specs[axis] = spec
        return specs
    if isinstance(chunks, (tuple, list)):
        if len(chunks) == x.ndim:
            return list(chunks)
        if x.ndim == 1 and all(isinstance(n, (int, float)) for n in chunks):
            return [tuple(chunks)]
        raise ValueError(f"chunks for {len(chunks)} axes, where the array has {x.ndim}")
    if type(chunks) is _raskt.ArrayChunks:
        return list(chunks.sizes)
    return [chunks] * x.ndim


def _stays(spec: Any, sizes: Any) -> bool:
    """Return whether an axis of unknown length stays as it is: automatic chunks are those that there are."""
    if spec is None or isinstance(spec, str):
        return True
    if spec == -1:
        return len(sizes) == 1
    return isinstance(spec, (tuple, list)) and any(n != n for n in spec) and len(spec) == len(sizes)


def _cut_later(spec: Any, axis: int, bound: int | None, x: Array) -> tuple[Any, Any]:
    """Return how an axis is to be cut once its length is known, and what can be promised."""
    if spec == -1:
        return ("clip", (math.inf,)), (NAN,)
    if isinstance(spec, (tuple, list)):
        sizes = tuple(spec)
        if any(n != n for n in sizes):
            raise ValueError(
                f"axis {axis} has {len(x.chunks[axis])} chunks of unknown size, and {len(sizes)} were asked "
                "for: call compute_chunk_sizes() first"
            )
        return sizes, sizes
    if bound is None:
        raise ValueError(
            f"axis {axis} has an unknown length without a bound, so that the number of chunks of {spec} "
            "cannot be told: call compute_chunk_sizes() first, or give -1 or the sizes of all chunks"
        )
    if not isinstance(spec, (int, np.integer)) or spec < 1:
        raise ValueError(f"axis {axis} cannot be cut into chunks of {spec!r}")
    n_blocks = max(-(-bound // int(spec)), 1)
    return ("clip", (int(spec),) * n_blocks), (NAN,) * n_blocks


def recut(x: Array, plan: list[Any], more: dict[str, Any]) -> Array:
    """Cut an array of known chunks as was planned before they were known."""
    chunks = []
    for axis, (how, *sizes) in enumerate(plan):
        length = x.shape[axis]
        if how == "keep":
            chunks.append(x.chunks[axis])
        elif how == "clip":
            cut, left = [], length
            for size in sizes[0]:
                cut.append(min(size, left))
                left -= cut[-1]
            chunks.append(tuple(cut))
        elif sum(sizes[0]) != length:
            raise ValueError(
                f"axis {axis}: chunks {tuple(sizes[0])} add up to {sum(sizes[0])}, where the axis has "
                f"length {length}"
            )
        else:
            chunks.append(tuple(sizes[0]))
    return op("rechunk", (x,), {"chunks": grid_of(tuple(chunks), x.shape), **more})


# ---- shapes ----


def reshape(x: Array, lengths: tuple[int, ...]) -> Array:
    """Give an array of unknown shape another one."""
    if sum(n == -1 for n in lengths) > 1:
        raise ValueError("can only specify one unknown dimension")
    if any(n < -1 for n in lengths):
        raise ValueError(f"lengths are 0 or more, or -1 once, found {lengths}")
    bounds = bounds_of(x)
    n_max = None if None in bounds else math.prod(n for n in bounds if n is not None)
    others = max(math.prod(n for n in lengths if n >= 0), 1)
    n_blocks = max(x.numblocks, default=1)
    chunks: list[Any] = []
    is_cut = False
    for n in lengths:
        if n == -1:
            chunks.append((NAN,) * n_blocks)
        elif n > 1 and -1 not in lengths and not is_cut:
            chunks.append(balanced(n, min(n, n_blocks)))
            is_cut = True
        else:
            chunks.append((n,))
    found = [n if n >= 0 else None if n_max is None else n_max // others for n in lengths]
    return deferred("raskt.array.reshape:reshape", (x, lengths), tuple(chunks), x._dtype, found)


# ---- element by element ----


# ---- indices ----


def getitem(x: Array, items: list[Any]) -> Array:
    """Return ``x[items]``, where an axis of unknown length is not taken whole."""
    axes = [at for at, item in enumerate(items) if item is not None]
    now: list[Any] = []
    later: list[Any] = []
    chunks: list[Any] = []
    bounds: list[int | None] = []
    for axis, at in enumerate(axes):
        item, n = items[at], x.shape[axis]
        if n == n or not waits(x, item, axis):
            continue
        items[at] = _Later(item)
    for item in items:
        now.append(slice(None) if isinstance(item, _Later) else item)
    y: Array = x[tuple(now)]
    own = bounds_of(y)
    axis = 0
    for item in items:
        if isinstance(item, (int, np.integer)):
            continue
        asked = item.item if isinstance(item, _Later) else slice(None)
        later.append(asked)
        sizes, bound = _taken(asked, y.chunks[axis], own[axis], axis)
        if sizes is not None:
            chunks.append(sizes)
            bounds.append(bound)
        axis += 1
    return deferred("operator:getitem", (y, tuple(later)), tuple(chunks), y._dtype, bounds)


def waits(x: Array, item: Any, axis: int) -> bool:
    """Return whether an item of an index has to wait for the length of an axis."""
    if isinstance(item, slice):
        return item not in (slice(None), slice(None, None, 1))
    if hasattr(item, "_expr") and item.dtype == bool and item.ndim == 1:
        return not is_like(x, axis, item, 0)
    return True


class _Later:
    """An item of an index that waits for the length of its axis."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item


_SMALL = 1 << 16
"""Fewer elements are one chunk."""


def _taken(item: Any, sizes: Any, bound: int | None, axis: int) -> tuple[Any, int | None]:
    """Return what is promised of an axis that an item of an index is taken of; None where the axis goes."""
    if isinstance(item, slice):
        if item == slice(None):
            return sizes, bound
        if item.step == 0:
            raise ValueError("slice step cannot be zero")
        most = bound
        if all(part is None or part >= 0 for part in (item.start, item.stop)) and (item.step or 1) > 0:
            longest = item.stop if bound is None else bound
            most = None if longest is None else len(range(*item.indices(longest)))
        n_blocks = 1 if most is not None and most <= _SMALL else len(sizes)
        return (NAN,) * n_blocks, most
    if isinstance(item, (int, np.integer)):
        return None, None
    if hasattr(item, "_expr"):
        if item.dtype == bool:
            return (NAN,) * len(sizes), bound
        return (None, None) if item.ndim == 0 else (item.chunks[0], item.shape[0])
    found = np.asarray(item)
    if found.ndim == 0:
        return None, None
    if found.ndim > 1:
        raise NotImplementedError(
            f"an index of several axes along axis {axis}, whose length is not known: call "
            "compute_chunk_sizes() first"
        )
    n = int(np.count_nonzero(found)) if found.dtype == bool else len(found)
    return (n,), n
