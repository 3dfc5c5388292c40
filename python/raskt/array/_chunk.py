"""What tasks call: NumPy's functions in the form in which blocks come, and helpers that NumPy lacks.

The engine calls these by name (``raskt.array._chunk.join``). Positional arguments are blocks; keywords are
what all
tasks of a layer share, and what a task gets of its own (``own``, ``ranges``, ``info``).
"""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt._forks import before_forks
from raskt.array import _chunk_masked
from raskt.array._meta import dtype_named
from raskt.array._sources import place_of
from raskt.array.dispatch import concatenate, joined_masked
from raskt.locks import held

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

Block = Any


def refused(operation: str, block: Block) -> NotImplementedError:
    """Return the error for an operation that would lose what blocks of a type mean."""
    kind = type(block)
    return NotImplementedError(
        f"{operation!r} of blocks of type {kind.__module__}.{kind.__qualname__} would lose what they mean: "
        "call what the type has for it on each block with map_blocks, or make arrays of the blocks first"
    )


def unmasked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse masked blocks for a function that would take the masks off without a word."""

    @functools.wraps(function)
    def called(*blocks: Any, **kwargs: Any) -> Any:
        for block in blocks:
            if isinstance(block, np.ma.MaskedArray):
                raise refused(function.__name__, block)
        return function(*blocks, **kwargs)

    return called


@unmasked
def covariance(block: Block) -> Block:
    """Return a block of which covariances are computed: those of masked arrays count pairs of elements."""
    return block


def where_block(condition: Block, x: Block, y: Block) -> Any:
    """Return elements of `x` where a condition is true, and of `y` elsewhere; masks stay."""
    is_masked = any(isinstance(block, np.ma.MaskedArray) for block in (condition, x, y))
    return (np.ma.where if is_masked else np.where)(condition, x, y)


def nan_to_num(block: Block, **kwargs: Any) -> Any:
    """Return a block with numbers in place of NaN and infinities; its mask stays."""
    if not isinstance(block, np.ma.MaskedArray):
        return np.nan_to_num(block, **kwargs)
    return np.ma.array(np.nan_to_num(block.data, **kwargs), mask=block.mask.copy())


def call(*blocks: Block, function: Any, kwargs: Any = None, info: Any = None, own: Any = None) -> Any:
    """Call a user's function."""
    kwargs = {} if kwargs is None else kwargs
    if own is not None:
        return function(*blocks, own=own, **kwargs)
    if info is not None:
        return function(*blocks, info=info, **kwargs)
    return function(*blocks, **kwargs)


def as_array(block: Block, dtype: str) -> Block:
    """Return what a delayed value gave as an array: plain numbers, which have no dtype, in the one said."""
    if hasattr(block, "dtype"):
        return block
    found, known = np.asarray(block), dtype_named(dtype)
    if known is None or found.dtype == known:
        return found
    # An integer that does not fit is an error of NumPy's.
    is_whole = found.dtype.kind in "iu" and known.kind in "iu"
    fits = is_whole or np.can_cast(found.dtype, known, "same_kind")
    return np.asarray(block, dtype=known) if fits else found


def _lengths(ranges: Any) -> tuple[int, ...]:
    return tuple(stop - start for start, stop in ranges)


def boxed(*blocks: Block, call: str, kwargs: Any) -> Block:
    """Return a block of one object: the tuple that a function returns."""
    module, _, name = call.rpartition(".")
    box = np.empty((), dtype=object)
    box[()] = getattr(importlib.import_module(module), name)(*blocks, **kwargs)
    return box


def one_of(box: Block, at: int) -> Block:
    """Return one of the values that a block of one object holds."""
    return np.asarray(box[(0,) * box.ndim][at])


# ---- creation ----


def full(ranges: Any, fill_value: Any, dtype: str) -> Block:
    return np.full(_lengths(ranges), fill_value, dtype=dtype_named(dtype))


def arange(ranges: Any, start: Any, step: Any, dtype: str) -> Block:
    (first, stop) = ranges[0]
    known = dtype_named(dtype)
    if known is not None and known.kind in "mM":
        begin = np.asarray(start, dtype=known) if known.kind == "M" else np.timedelta64(start)
        return (begin + np.arange(first, stop) * np.timedelta64(step)).astype(known)
    numbers = np.arange(first, stop)
    return (start + numbers * step).astype(known)


def linspace(ranges: Any, start: Any, stop: Any, step: Any, num: int, endpoint: bool, dtype: str) -> Block:
    first, last = ranges[0]
    numbers = np.arange(first, last, dtype=np.float64)
    known = dtype_named(dtype)
    values = numbers * step + start
    if endpoint and last == num and num > 1 and last > first:
        values[-1] = stop
    if known is not None and known.kind in "iu":
        np.floor(values, out=values)
    return values.astype(known)


def eye(ranges: Any, k: int, dtype: str) -> Block:
    (row, row_stop), (column, column_stop) = ranges
    return np.eye(row_stop - row, column_stop - column, k=k + row - column, dtype=dtype_named(dtype))


def tri(ranges: Any, k: int, dtype: str) -> Block:
    (row, row_stop), (column, column_stop) = ranges
    return np.tri(row_stop - row, column_stop - column, k=k + row - column, dtype=dtype_named(dtype))


def indices(ranges: Any, dtype: str) -> Block:
    first, last = ranges[0]
    grids = np.meshgrid(*(np.arange(*r) for r in ranges[1:]), indexing="ij")
    lengths = _lengths(ranges[1:])
    chosen = [np.broadcast_to(grids[axis], lengths) for axis in range(first, last)]
    return (
        np.stack(chosen).astype(dtype_named(dtype)) if chosen else np.empty((0, *lengths), dtype_named(dtype))
    )


def fromfunction(ranges: Any, function: Any, kwargs: Any, dtype: str) -> Block:
    grids = np.meshgrid(*(np.arange(*r) for r in ranges), indexing="ij")
    found = function(*[grid.astype(dtype_named(dtype)) for grid in grids], **kwargs)
    return np.broadcast_to(found, _lengths(ranges)) if np.ndim(found) == 0 else found


def getter(ranges: Any, array: Any, lock: Any = None, asarray: bool = True, getitem: Any = None) -> Block:
    """Ask an object in memory, or a file, for a region: by its own items, or by a function of the user's."""
    region = tuple(slice(start, stop) for start, stop in ranges)
    with held(lock):
        try:
            if getitem is not None:
                block = getitem(array, region)
            elif not region and type(array) is np.ndarray:
                block = array.view()
            else:
                block = array[region]
        except Exception as error:
            place = place_of(array, region)
            if place is not None:
                error.add_note(f"raskt: while {place} was read")
            raise
        is_item = not region and type(block) is not np.ndarray
        if is_item and np.dtype(getattr(array, "dtype", float)).hasobject:
            # The item of an array without axes is the object itself, whatever that is.
            own, block = block, np.empty((), dtype=object)
            block[()] = own
        return np.asarray(block) if asarray else block


# ---- blocks ----


def join(*blocks: Block, own: Any, whole: Any = ()) -> Block:
    """Join regions of blocks: ``own`` has, for each axis, what to take of each block along it."""
    counts = [len(axis) for axis in own]
    parts = []
    for at, block in enumerate(blocks):
        index, left = [], at
        for axis in range(len(own) - 1, -1, -1):
            left, place = divmod(left, counts[axis])
            start, stop = own[axis][place]
            index.append(slice(None) if axis in whole else slice(start, stop))
        parts.append(block[tuple(reversed(index))])
    return assemble(parts, counts)


def join_grid(*blocks: Block, axes: Any, counts: Any) -> Block:
    """Join blocks along some axes."""
    grid = [1] * np.ndim(blocks[0])
    for axis, count in zip(axes, counts, strict=True):
        grid[axis] = count
    return assemble(list(blocks), grid)


def _concatenate(parts: list[Block], axis: int) -> Block:
    first = parts[0]
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        return joined_masked(parts, axis)
    if isinstance(first, np.ndarray):
        is_kept = first.dtype.names is not None or not first.dtype.isnative
        if is_kept and all(part.dtype == first.dtype for part in parts):
            # NumPy would leave out the gaps between fields, and turn bytes into the machine's order.
            return np.concatenate(parts, axis=axis, dtype=first.dtype)
        if all(isinstance(part, np.ndarray) for part in parts):
            return np.concatenate(parts, axis=axis)
    return concatenate(parts, axis)


def assemble(parts: list[Block], grid: Any) -> Block:
    """Join blocks in C order that lie in a grid."""
    for axis in range(len(grid) - 1, -1, -1):
        count = grid[axis]
        if count > 1:
            parts = [_concatenate(parts[at : at + count], axis) for at in range(0, len(parts), count)]
    return parts[0]


def slice_block(block: Block, own: Any = None, cuts: Any = None) -> Block:
    """Cut a region out of a block."""
    index: list[Any] = []
    picks: list[tuple[int, Any]] = []
    for cut in cuts if own is None else own:
        if cut is None:
            index.append(slice(None))
        elif cut == "new":
            index.append(None)
        elif isinstance(cut, int):
            index.append(cut)
        elif isinstance(cut, dict):
            index.append(slice(None))
            # The axis as it will be when all but the picks have been cut.
            picks.append((sum(not isinstance(item, int) for item in index) - 1, cut["picks"]))
        else:
            start, n, step = cut
            stop = start + n * step
            index.append(slice(start, stop if stop >= 0 else None, step))
    if type(block) is np.ndarray:
        # Without it, what is left without axes would be an object, or text of another dtype.
        index.append(...)
    block = block[tuple(index)]
    for axis, wanted in picks:
        places = np.asarray(wanted, dtype=np.intp)
        if hasattr(type(block), "__array_function__"):
            block = np.take(block, places, axis=axis)
        else:
            # NumPy would take the whole of a sparse matrix for one element.
            block = block[(*(slice(None),) * axis, places)]
    return block


def transpose(block: Block, axis: Any) -> Block:
    return block.transpose(axis)


def broadcast_block(block: Block, ranges: Any) -> Block:
    shape = _lengths(ranges)
    if isinstance(block, np.ma.MaskedArray):
        mask = np.broadcast_to(np.ma.getmaskarray(block), shape)
        return np.ma.MaskedArray(np.broadcast_to(block.data, shape), mask=mask)
    return np.broadcast_to(block, shape)


def reshape_block(block: Block, ranges: Any) -> Block:
    return block.reshape([-1 if r is None else r[1] - r[0] for r in ranges])


def astype(block: Block, dtype: str, casting: str = "unsafe", order: str = "K", subok: bool = True) -> Block:
    return block.astype(dtype_named(dtype), casting=casting, order=order, subok=subok, copy=False)


def overlap_block(*blocks: Block, margins: Any, neighbours: Any) -> Block:
    """Put a block and the margins of its neighbours together."""
    centre = blocks[next(at for at, offset in enumerate(neighbours) if not any(offset))]
    grid: list[int] = []
    for axis in range(len(margins)):
        grid.append(len({offset[axis] for offset in neighbours}))
    parts = []
    for block, offset in zip(blocks, neighbours, strict=True):
        index = []
        for axis, where in enumerate(offset):
            before, after, _ = margins[axis]
            length = block.shape[axis]
            index.append(
                slice(length - before, length) if where < 0 else slice(0, after) if where > 0 else slice(None)
            )
        parts.append(block[tuple(index)])
    whole = assemble(parts, grid)
    for axis, (before, after, boundary) in enumerate(margins):
        if boundary == "open":
            continue
        sides = {offset[axis] for offset in neighbours}
        pads = (0 if -1 in sides else before, 0 if 1 in sides else after)
        if pads != (0, 0):
            width = [(0, 0)] * whole.ndim
            width[axis] = pads
            whole = _pad(whole, width, boundary)
    assert whole.dtype == centre.dtype
    return whole


def _pad(block: Block, width: Any, boundary: Any) -> Block:
    if isinstance(block, np.ma.MaskedArray):
        around = {"constant": False} if isinstance(boundary, dict) else boundary
        mask = _pad(np.ma.getmaskarray(block), width, around)
        return np.ma.MaskedArray(_pad(block.data, width, boundary), mask=mask)
    if isinstance(boundary, dict):
        return np.pad(block, width, mode="constant", constant_values=boundary["constant"])
    mode: Any = {"reflect": "symmetric", "nearest": "edge", "periodic": "wrap"}[boundary]
    return np.pad(block, width, mode=mode)


def trim(block: Block, info: Any, depth: Any, boundary: Any, counts: Any) -> Block:
    """Cut the margins off again."""
    index = []
    for axis, (before, after) in enumerate(depth):
        place, last = info["block"][axis], counts[axis] - 1
        open_ended = boundary[axis] == "none"
        start = 0 if open_ended and place == 0 else before
        stop = 0 if open_ended and place == last else after
        index.append(slice(start, block.shape[axis] - stop))
    return block[tuple(index)]


# ---- running ----

_SCANS: Any = {
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "nancumsum": np.nancumsum,
    "nancumprod": np.nancumprod,
}


def scan_block(block: Block, kind: str, axis: int, dtype: str) -> Block:
    if kind.startswith("nan") and isinstance(block, np.ma.MaskedArray):
        raise refused(kind, block)
    return _SCANS[kind](block, axis=axis, dtype=dtype_named(dtype))


def last_of_block(block: Block, axis: int, kind: str) -> Block:
    """Return the last element along an axis: of a block without any, what changes nothing."""
    if isinstance(block, np.ma.MaskedArray):
        # What has come together so far is there under the mask too.
        block = block.data
    if block.shape[axis] == 0:
        shape = list(block.shape)
        shape[axis] = 1
        if block.dtype.hasobject:
            return np.full(shape, None, block.dtype)
        return np.full(shape, _neutral(block.dtype, kind), block.dtype)
    return np.take(block, [-1], axis=axis)


def _neutral(dtype: Any, kind: str) -> Any:
    """Return what changes nothing: 0 added to -0 would, and 1 multiplied with an infinite complex number."""
    if kind.endswith("prod"):
        return _NO_FACTOR if dtype.kind == "c" else 1
    return {"f": -0.0, "c": complex(-0.0, -0.0)}.get(dtype.kind, 0)


#: What stands for no factors at all among complex ones.
_NO_FACTOR = complex(1.0, -0.0)


def join_products(block: Block, before: Block) -> Block:
    """Return running products multiplied with what came before, where anything did."""
    has_factor = (before != _NO_FACTOR) | ~np.signbit(before.imag)
    if isinstance(block, np.ma.MaskedArray) or has_factor.all():
        return block * before
    return np.multiply(block, before, out=block.copy(), where=has_factor)


def scan_before(block: Block, kind: str, axis: int) -> Block:
    """Return for each element what has come together before it."""
    product = kind.endswith("prod")
    if block.dtype.hasobject:
        found = np.full_like(block, None)
        places, lasts = np.moveaxis(found, axis, 0), np.moveaxis(block, axis, 0)
        for place in range(1, len(places)):
            # Slices, since an item may be a list, which is no array of its items.
            before = slice(place - 1, place)
            places[place : place + 1] = scan_objects(places[before], lasts[before], kind)
        return found
    one = np.take(block, [0], axis=axis)
    neutral = np.full_like(one, _neutral(block.dtype, kind))
    rest = np.take(block, range(block.shape[axis] - 1), axis=axis)
    function = np.cumprod if product else np.cumsum
    return np.concatenate([neutral, function(rest, axis=axis, dtype=block.dtype)], axis=axis)


@unmasked
def scan_objects(left: Block, right: Block, kind: str) -> Block:
    """Return what objects come to together; None stands for nothing: no number can, among texts and lists."""
    join = operator.mul if kind.endswith("prod") else operator.add

    def joined(left: Any, right: Any) -> Any:
        return right if left is None else left if right is None else join(left, right)

    return np.asarray(np.frompyfunc(joined, 2, 1)(left, right), dtype=object)


# ---- contractions ----


def matmul_blocks(*blocks: Block) -> Block:
    """Return the sum of the products of blocks: the first half times the second."""
    half = len(blocks) // 2
    if _chunk_masked.has_masked(blocks):
        return _chunk_masked.sum_of_products(np.matmul, zip(blocks[:half], blocks[half:], strict=True))
    with before_forks:
        total = np.matmul(blocks[0], blocks[half])
        for left, right in zip(blocks[1:half], blocks[half + 1 :], strict=True):
            total += np.matmul(left, right)
    return total


def matmul_by_blas(*blocks: Block) -> Block:
    """Return the sum of the products of large blocks: the first half times the second, in place."""
    half = len(blocks) // 2
    if _chunk_masked.has_masked(blocks):
        return matmul_blocks(*blocks)
    with before_forks:
        # One product of long operands has no sums to be made in memory.
        left, right = _side_by_side(blocks[:half], 1), _side_by_side(blocks[half:], 0)
        if left is not None and right is not None:
            return np.matmul(left, right)
        total = np.matmul(blocks[0], blocks[half])
        product = np.empty_like(total) if half > 1 else None
        for left, right in zip(blocks[1:half], blocks[half + 1 :], strict=True):
            total += np.matmul(left, right, out=product)
    return total


def _side_by_side(blocks: tuple[Block, ...], axis: int) -> Block | None:
    """Return matrices that lie one behind the other in memory, as parts of one do, as that one.

    None for others. What is returned is read while the blocks are there.
    """
    first = blocks[0]
    if any(type(block) is not np.ndarray or block.ndim != 2 for block in blocks):
        return None
    shape, at = list(first.shape), first.__array_interface__["data"][0]
    shape[axis] = 0
    for block in blocks:
        is_next = block.__array_interface__["data"][0] == at and block.strides == first.strides
        if not is_next or block.dtype != first.dtype or block.shape[1 - axis] != shape[1 - axis]:
            return None
        shape[axis] += block.shape[axis]
        at += block.shape[axis] * block.strides[axis]
    return np.lib.stride_tricks.as_strided(first, shape, first.strides, writeable=False)


def tensordot_blocks(*blocks: Block, axes: Any) -> Block:
    half = len(blocks) // 2
    pairs = zip(blocks[:half], blocks[half:], strict=True)
    product = functools.partial(np.tensordot, axes=(tuple(axes[0]), tuple(axes[1])))
    if _chunk_masked.has_masked(blocks):
        return _chunk_masked.sum_of_products(product, pairs)
    total: Any = None
    for left, right in pairs:
        with before_forks:
            own = product(left, right)
        total = own if total is None else total + own
    return total


def tensordot_by_blas(*blocks: Block, axes: Any) -> Block:
    return tensordot_blocks(*blocks, axes=axes)


def check_alike(blocks: Any, indices: Any, letters: Any) -> None:
    """Check that blocks are of one length along letters: NumPy would stretch one element to many."""
    for letter in letters:
        found = [
            block.shape[axis]
            for block, index in zip(blocks, indices, strict=False)
            for axis, own in enumerate(index)
            if own == letter
        ]
        if len(set(found)) > 1:
            raise ValueError(
                f"operands could not be broadcast together: blocks have {found} elements along index "
                f"{letter!r}, sizes that were not known; call compute_chunk_sizes() on the arrays to see them"
            )


def einsum_blocks(*blocks: Block, subscripts: str, counts: Any, kwargs: Any, alike: Any = ()) -> Block:
    """Return the sum of products over the blocks along letters that the result lacks.

    ``counts`` has for each operand the letters along which its blocks come, in C order, and their numbers;
    ``alike`` the letters along which blocks of different lengths are an error.
    """
    letters: dict[str, int] = {}
    operands = []
    at = 0
    for spread in counts:
        n = math.prod(count for _, count in spread)
        operands.append((spread, blocks[at : at + n]))
        at += n
        letters.update(dict(spread))
    masked, together = _chunk_masked.has_masked(blocks), []
    total: Any = None
    for place in itertools.product(*(range(count) for count in letters.values())):
        index = dict(zip(letters, place, strict=True))
        chosen = []
        for spread, of in operands:
            number = 0
            for letter, count in spread:
                number = number * count + index[letter]
            chosen.append(of[number])
        check_alike(chosen, subscripts.partition("->")[0].split(","), alike)
        if masked:
            together.append(chosen)
            continue
        with before_forks:
            product = np.einsum(subscripts, *chosen, **kwargs)
        total = product if total is None else total + product
    if masked:
        return _chunk_masked.sum_of_products(functools.partial(np.einsum, subscripts), together)
    return total


# ---- element by element ----


def result_of(block: Block, name: str, at: int) -> Block:
    return getattr(np, name)(block)[at]


def full_like(block: Block, fill_value: Any, dtype: str) -> Block:
    return np.full_like(block, fill_value, dtype=dtype_named(dtype))


def unlike(*blocks: Block, value: bool) -> Block:
    return np.full(np.broadcast_shapes(*map(np.shape, blocks)), value)


def stretched(*blocks: Block) -> Block:
    return np.broadcast_to(blocks[0], np.broadcast_shapes(*map(np.shape, blocks)))


def choose(block: Block, *choices: Block) -> Block:
    return np.choose(block, choices)


def frompyfunc(function: Any, n_in: int, *blocks: Any) -> Any:
    """Call a function for each element of ``n_in`` blocks, and return objects."""
    return np.frompyfunc(function, n_in, 1)(*blocks)


def piecewise(block: Block, *conditions: Block, funclist: Any, args: Any, kw: Any) -> Block:
    return np.piecewise(block, list(conditions), funclist, *args, **kw)


def view(block: Block, dtype: str) -> Block:
    known = dtype_named(dtype)
    return block.view(known) if known is not None else block


def matmul_of_bools(*blocks: Block) -> Block:
    half = len(blocks) // 2
    if _chunk_masked.has_masked(blocks):
        return matmul_blocks(*blocks)
    total = np.matmul(blocks[0], blocks[half])
    for left, right in zip(blocks[1:half], blocks[half + 1 :], strict=True):
        total |= np.matmul(left, right)
    return total


def unravelled(block: Block, shape: Any, order: Any, at: int) -> Block:
    return np.unravel_index(block, tuple(shape), order=order)[at]


def ravelled(*blocks: Block, dims: Any, mode: Any, order: Any) -> Block:
    mode = tuple(mode) if isinstance(mode, list) else mode
    return np.ravel_multi_index(tuple(np.broadcast_arrays(*blocks)), tuple(dims), mode=mode, order=order)


# ---- indexing ----


def compress(block: Block, mask: Block, axis: int) -> Block:
    """Return what a mask of one axis leaves."""
    mask = np.asarray(mask)
    if len(mask) != block.shape[axis]:
        raise IndexError(
            f"boolean index did not match indexed array along axis {axis}; a chunk has {block.shape[axis]} "
            f"elements, and that of the mask {len(mask)}"
        )
    return np.compress(mask, block, axis=axis)


def masked(block: Block, mask: Block) -> Block:
    """Return what a mask of all axes leaves, in one row."""
    return block[np.asarray(mask)]


def picked_of(block: Block, places: Block, axis: int, size: int, info: Any) -> Block:
    """Return the elements at places that lie in a block, and zeros for the others."""
    start, stop = info["operands"][0][axis]
    places = np.asarray(places)
    bad = places[(places < -size) | (places >= size)]
    if len(bad):
        raise IndexError(f"index {bad[0]} is out of bounds for axis {axis} with size {size}")
    places = np.where(places < 0, places + size, places)
    inside = (places >= start) & (places < stop)
    found = np.take(block, np.where(inside, places - start, 0), axis=axis) if stop > start else None
    if found is None:
        shape = list(block.shape)
        shape[axis] = len(places)
        return np.zeros(shape, block.dtype)
    shape = [1] * found.ndim
    shape[axis] = len(places)
    return where_block(inside.reshape(shape), found, np.zeros((), found.dtype))


def with_fill_value(block: Block, fill_value: Any) -> Block:
    """Return a masked block with another fill value; others as they are."""
    if not isinstance(block, np.ma.MaskedArray):
        return block
    found = block.view()
    found.fill_value = fill_value
    return found


def assign(block: Block, *values: Block, info: Any, index: Any, value: Any = None, axes: Any = None) -> Block:
    """Return a block with values put where an index says.

    ``index`` has, for each axis, ``(start, n, step)`` or a list of places, in the whole array; the value
    has the shape that such an index selects, axes of length 1 stretched; ``axes`` are those axes that it has.
    """
    ranges = info["out"]
    new = values[0] if values else value
    where, chosen = [], []
    for axis, item in enumerate(index):
        start, stop = ranges[axis]
        if isinstance(item, dict):
            places = np.asarray(item["picks"])
        else:
            first, n, step = item
            places = first + np.arange(n) * step
        inside = np.nonzero((places >= start) & (places < stop))[0]
        if not len(inside):
            return block
        where.append(places[inside] - start)
        chosen.append(inside)
    block = np.array(block, subok=True)
    new = np.asanyarray(new)
    if new.ndim:
        kept = [chosen[axis] for axis in axes][len(axes) - new.ndim :]
        parts = [np.zeros(1, int) if n == 1 else part for n, part in zip(new.shape, kept, strict=True)]
        new = new[np.ix_(*parts)]
        missing = [axis for axis in range(block.ndim) if axis not in axes]
        while new.ndim < len(axes):
            new = new[None]
        new = np.expand_dims(new, tuple(missing)) if missing else new
    block[np.ix_(*where)] = new
    return block


def true_count(mask: Block) -> Block:
    return np.array([np.count_nonzero(mask)])


def assign_in_order(
    block: Block, mask: Block, counts: Block, values: Block, info: Any, aligned: bool
) -> Block:
    """Return a block with values where a mask is true: its share of all of them, unless they are its own."""
    at, n = info["block"][0], int(counts.sum())
    if not aligned:
        if len(values) != n:
            raise ValueError(
                f"NumPy boolean array indexing assignment cannot assign {len(values)} input values to the "
                f"{n} output values where the mask is true"
            )
        start = int(counts[:at].sum())
        values = values[start : start + int(counts[at])]
    block = np.array(block)
    block[np.asarray(mask)] = values
    return block


def assign_points(block: Block, info: Any, axes: Any, places: Any, value: Any) -> Block:
    """Return a block with values at places that belong together, those that lie in it."""
    spans = [info["out"][axis] for axis in axes]
    found = [np.asarray(where) for where in places]
    inside = np.ones(len(found[0]), dtype=bool)
    for where, (start, stop) in zip(found, spans, strict=True):
        inside &= (where >= start) & (where < stop)
    if not inside.any():
        return block
    block = np.array(block)
    index: list[Any] = [slice(None)] * block.ndim
    for axis, where, (start, _) in zip(axes, found, spans, strict=True):
        index[axis] = where[inside] - start
    new = np.asarray(value)[inside]
    # Beside whole axes there is one value for all places.
    block[tuple(index)] = new if len(axes) == block.ndim else new[0]
    return block


def picked_block(block: Block, places: Block, axis: int, size: int, info: Any) -> Block:
    """Return what places take of a block, behind an axis for its number; zeros for other blocks' places."""
    return np.expand_dims(picked_of(block, places, axis, size, info), axis)


def overlay(*parts: Block, axis: int, own: Any = None) -> Block:
    """Return arrays of which each element is zero in all but one as one, whatever its bits are."""
    del axis, own
    if _chunk_masked.has_masked(parts):
        return _chunk_masked.overlay(parts, lambda data: overlay(*data, axis=0))
    if parts[0].dtype.hasobject:
        return functools.reduce(lambda a, b: np.where(a == 0, b, a), parts)
    bits = [np.ascontiguousarray(part).reshape(-1).view(np.uint8) for part in parts]
    return functools.reduce(np.bitwise_or, bits).view(parts[0].dtype).reshape(parts[0].shape)


def overlaid(*parts: Block, axis: int, own: Any = None) -> Block:
    return np.squeeze(overlay(*parts, axis=axis, own=own), axis)


def true_places(block: Block, info: Any) -> Block:
    """Return the places of the elements that count as true, one row each."""
    return np.argwhere(block) + [0 if own is None else own[0] for own in info["operands"][0]]


@unmasked
def triangle(block: Block, k: int, lower: bool, info: Any) -> Block:
    """Return a block of a matrix with zeros above (or below) a diagonal of the whole."""
    (row, _), (column, _) = info["out"][-2:]
    return (np.tril if lower else np.triu)(block, k + row - column)


def diagonal(block: Block) -> Block:
    """Return the main diagonal of the last two axes."""
    return np.diagonal(block, axis1=-2, axis2=-1)


def points(block: Block, places: Any) -> Block:
    return block[tuple(_integers(where) for where in places)]


def _integers(where: Any) -> Block:
    """Return places along an axis; many of them are handed over as the memory they lie in."""
    if isinstance(where, (bytes, bytearray, memoryview)):
        return np.frombuffer(where, dtype=np.int64)
    return np.asarray(where, dtype=np.intp)


def field(block: Block, key: Any) -> Block:
    return block[key]
