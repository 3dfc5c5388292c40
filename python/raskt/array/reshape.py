"""Other shapes for the same elements."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import known_shape
from raskt.array._grid import grid_of, limit_bytes
from raskt.array._op import op
from raskt.array.concatenate import block
from raskt.array.conversion import asanyarray
from raskt.array.rechunk import normalize_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from raskt.array.core import Array

__all__ = ["ravel", "reshape", "reshape_blockwise"]


def reshape(x: Any, shape: Any, merge_chunks: bool = True, limit: Any = None) -> Array:
    """Give an array another shape.

    Parameters
    ----------
    x : array_like
        The array.
    shape : int or tuple of int
        The shape; one length may be -1.
    merge_chunks : bool, optional
        Whether chunks may be joined along the leading one of the axes that become one. Otherwise chunks are
        as small there as can be.
    limit : int or str, optional
        The size that chunks do not exceed where they need not: the configured chunk size by default, or that
        of the array's own chunks if they are larger.

    Returns
    -------
    Array
        The same elements in C order.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.arange(6, chunks=2).reshape(3, 2).compute()
    array([[0, 1],
           [2, 3],
           [4, 5]])
    """
    x = asanyarray(x)
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    parameters: dict[str, Any] = {"shape": lengths, "limit": limit_bytes(limit)}
    if not merge_chunks:
        parameters["merge_chunks"] = False
    return op("reshape", (x,), parameters)


def ravel(array_like: Any) -> Array:
    """Return an array's elements in one row, in C order."""
    return reshape(array_like, (-1,))


def reshape_blockwise(x: Any, shape: Any, chunks: Any = None) -> Array:
    """Give every chunk another shape on its own: the order of elements is that of chunks.

    Neighbouring axes become one, or one becomes several, in as many places as there are: of a group of axes
    that becomes another one, the chunks in C order are those of the other one in C order.

    Parameters
    ----------
    x : array_like
        The array.
    shape : int or tuple of int
        The shape.
    chunks : tuple of tuples of int, optional
        The chunks of a shape with more axes.

    Returns
    -------
    Array
        The elements.

    Examples
    --------
    >>> import raskt.array as ra
    >>> x = ra.arange(12, chunks=4).reshape(2, 6).rechunk((2, 3))
    >>> y = ra.reshape_blockwise(x, 12)
    >>> y.compute()
    array([ 0,  1,  2,  6,  7,  8,  3,  4,  5,  9, 10, 11])
    >>> bool((ra.reshape_blockwise(y, (2, 6), chunks=x.chunks) == x).all())
    True
    """
    x = asanyarray(x)
    lengths = tuple(int(n) for n in np.atleast_1d(shape))
    if lengths == x.shape:
        made: Array = x
        return made
    if math.prod(known_shape(x, "reshape_blockwise")) != math.prod(lengths):
        raise ValueError(f"total size of new array must be unchanged: {x.shape} cannot become {lengths}")
    if len(lengths) > x.ndim and chunks is None:
        raise TypeError("chunks are needed where a shape gets more axes")
    if len(lengths) <= x.ndim and chunks is not None:
        raise ValueError("chunks follow from those of the array where a shape gets no more axes")
    if x.size == 0:
        emptied = reshape(x, lengths)
        return emptied if chunks is None else emptied.rechunk(chunks)
    groups = _groups(x.shape, lengths)
    sizes = _joined_sizes(x, groups) if chunks is None else normalize_chunks(chunks, lengths)
    _check_blocks(x, sizes, groups)
    follows = _follows(x, sizes, groups)
    if follows is not None:
        return op("reshape_blocks", (x,), {"chunks": grid_of(sizes, lengths), "follows": follows})
    return _placed_blocks(x, sizes, groups)


def _groups(old: Sequence[int], new: Sequence[int]) -> list[tuple[range, range]]:
    """Return the shortest groups of neighbouring axes, old and new, that have as many elements."""
    groups: list[tuple[range, range]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        first, second = i, j
        i, j = min(i + 1, len(old)), min(j + 1, len(new))
        while (a := math.prod(old[first:i])) != (b := math.prod(new[second:j])):
            i, j = i + (a < b), j + (a > b)
        # An axis of one element, left over on one side, is part of the group before it.
        if groups and (i == first or j == second):
            before = groups.pop()
            first, second = before[0].start, before[1].start
        groups.append((range(first, i), range(second, j)))
    return groups


def _sizes_of_blocks(sizes: Any, axes: range) -> list[int]:
    """Return how many elements the blocks along some axes have, in C order."""
    return [math.prod(own) for own in itertools.product(*(sizes[axis] for axis in axes))]


def _joined_sizes(x: Array, groups: list[tuple[range, range]]) -> tuple[tuple[int, ...], ...]:
    """Return the chunks of axes of which each was one or several."""
    found: list[tuple[int, ...]] = []
    for old, new in groups:
        if len(new) > 1:
            raise NotImplementedError("reshape_blockwise of several axes to several others: use reshape")
        found += [tuple(_sizes_of_blocks(x.chunks, old))] * len(new)
    return tuple(found)


def _check_blocks(x: Array, sizes: Any, groups: list[tuple[range, range]]) -> None:
    for old, new in groups:
        before, after = _sizes_of_blocks(x.chunks, old), _sizes_of_blocks(sizes, new)
        if before != after:
            raise ValueError(
                f"chunks of {before} elements along axes {tuple(old)} cannot become chunks of {after}"
            )


def _follows(x: Array, sizes: Any, groups: list[tuple[range, range]]) -> list[int] | None:
    """Return for each axis the new one that is cut as it is, or -1 for one chunk; None if there is none."""
    follows = [-1] * x.ndim
    for old, new in groups:
        cut = [axis for axis in old if len(x.chunks[axis]) > 1]
        into = [axis for axis in new if len(sizes[axis]) > 1]
        if len(cut) > 1 or len(into) > 1:
            return None
        if cut:
            follows[cut[0]] = into[0]
    return follows


def _placed_blocks(x: Array, sizes: Any, groups: list[tuple[range, range]]) -> Array:
    """Return the blocks, each in its new shape, put together at their new places."""
    counts = [len(own) for own in sizes]

    def made(index: tuple[int, ...]) -> Array:
        place = [0] * x.ndim
        for old, new in groups:
            number = 0
            for axis in new:
                number = number * counts[axis] + index[axis]
            for axis in reversed(old):
                number, place[axis] = divmod(number, x.numblocks[axis])
        return reshape(x.blocks[tuple(place)], tuple(sizes[axis][at] for axis, at in enumerate(index)))

    parts = np.empty(counts, dtype=object)
    for index in np.ndindex(*counts):
        parts[index] = made(index)
    return block(parts.tolist())
