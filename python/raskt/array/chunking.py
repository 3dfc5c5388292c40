"""Chunks as tuples of sizes: what libraries ask of them; `raskt.array.rechunk` changes those of arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from raskt.array.rechunk import normalize_chunks

__all__ = [
    "blockdims_from_blockshape",
    "broadcast_chunks",
    "broadcast_shapes",
    "cached_cumsum",
    "common_blockdim",
    "ensure_minimum_chunksize",
    "slices_from_chunks",
]


def cached_cumsum(seq: Iterable[Any], initial_zero: bool = False) -> tuple[Any, ...]:
    """Return running sums.

    Parameters
    ----------
    seq : iterable of numbers
        The numbers.
    initial_zero : bool, optional
        Whether 0 stands before them.

    Returns
    -------
    tuple

    Examples
    --------
    >>> from raskt.array.chunking import cached_cumsum
    >>> cached_cumsum((2, 3), initial_zero=True)
    (0, 2, 5)
    """
    return tuple(itertools.accumulate(seq, initial=0 if initial_zero else None))


def slices_from_chunks(chunks: Sequence[Sequence[int]]) -> list[tuple[slice, ...]]:
    """Return where each chunk lies in the array, in C order.

    Parameters
    ----------
    chunks : tuple of tuples of int
        The sizes along each axis.

    Returns
    -------
    list of tuples of slice

    Examples
    --------
    >>> from raskt.array.core import slices_from_chunks
    >>> slices_from_chunks(((2, 1), (3,)))
    [(slice(0, 2, None), slice(0, 3, None)), (slice(2, 3, None), slice(0, 3, None))]
    """
    axes = []
    for sizes in chunks:
        starts = cached_cumsum(sizes, initial_zero=True)
        axes.append([slice(start, start + n) for start, n in zip(starts, sizes, strict=False)])
    return list(itertools.product(*axes))


def blockdims_from_blockshape(shape: Sequence[int], chunks: Any) -> tuple[tuple[int, ...], ...]:
    """Return the sizes of all chunks of an array that is cut into chunks of one shape.

    Parameters
    ----------
    shape : tuple of int
        The shape of the array.
    chunks : int or tuple of int
        The shape of a chunk.

    Returns
    -------
    tuple of tuples of int

    Raises
    ------
    TypeError
        If one of them is None, or has lengths that are no whole numbers.

    Examples
    --------
    >>> from raskt.array.core import blockdims_from_blockshape
    >>> blockdims_from_blockshape((10, 10), (4, 3))
    ((4, 4, 2), (3, 3, 3, 1))
    """
    if shape is None or chunks is None:
        raise TypeError(f"shape and chunks are needed, found {shape!r} and {chunks!r}")
    return normalize_chunks(chunks, shape=tuple(shape))


def broadcast_shapes(*shapes: Sequence[Any]) -> tuple[Any, ...]:
    """Return the shape that arrays have together, by NumPy's rules; NaN stands for unknown lengths.

    Parameters
    ----------
    *shapes : tuple of int
        The shapes.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If they do not fit.

    Examples
    --------
    >>> from raskt.array.core import broadcast_shapes
    >>> broadcast_shapes((3, 1), (4,), ())
    (3, 4)
    """
    most = max(map(len, shapes), default=0)
    found = []
    for at in range(-most, 0):
        lengths = [shape[at] for shape in shapes if len(shape) >= -at]
        unknown = [n for n in lengths if n != n]
        others = {n for n in lengths if n == n and n != 1}
        if len(others) > 1:
            said = " ".join(str(tuple(shape)) for shape in shapes)
            raise ValueError(f"operands could not be broadcast together with shapes {said}")
        found.append(unknown[0] if unknown else others.pop() if others else 1)
    return tuple(found)


def broadcast_chunks(*chunkss: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Return the chunks of arrays together that are cut alike, or not at all along an axis of length 1.

    Parameters
    ----------
    *chunkss : tuple of tuples of int
        The chunks of each array.

    Returns
    -------
    tuple of tuples of int

    Raises
    ------
    ValueError
        If they are cut in other ways.

    Examples
    --------
    >>> from raskt.array.core import broadcast_chunks
    >>> broadcast_chunks(((5, 5), (1,)), ((3, 3),))
    ((5, 5), (3, 3))
    """
    most = max(map(len, chunkss), default=0)
    found = []
    for at in range(-most, 0):
        sizes = [tuple(chunks[at]) for chunks in chunkss if len(chunks) >= -at]
        several = [own for own in sizes if own != (1,)]
        if any(own != several[0] for own in several):
            raise ValueError(f"chunks do not align: {several}")
        found.append(several[0] if several else (1,))
    return tuple(found)


def common_blockdim(blockdims: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Return the sizes of the chunks that fit into those of several arrays along one axis.

    Parameters
    ----------
    blockdims : iterable of tuples of int
        The sizes along the axis; those of one element stand for any length.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> from raskt.array.core import common_blockdim
    >>> common_blockdim([(3, 5), (5, 3)])
    (3, 2, 3)
    """
    several = list(dict.fromkeys(own for own in map(tuple, blockdims) if own != (1,)))
    if len(several) < 2:
        return several[0] if several else (1,)
    lengths = [sum(own) for own in several]
    if any(n != lengths[0] for n in lengths):
        if any(n != n for n in lengths) and len(set(map(len, several))) == 1:
            return several[0]
        raise ValueError(f"chunks do not add up to one length: {several}")
    ends = sorted({end for own in several for end in cached_cumsum(own)})
    return tuple(int(n) for n in np.diff([0, *ends])) or (0,)


def ensure_minimum_chunksize(size: int, chunks: Sequence[int]) -> tuple[int, ...]:
    """Return sizes of chunks along an axis, none below a size: short ones take from those before.

    Parameters
    ----------
    size : int
        The size that no chunk falls below.
    chunks : sequence of int
        The sizes along the axis.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If the axis is shorter.

    Examples
    --------
    >>> from raskt.array.overlap import ensure_minimum_chunksize
    >>> ensure_minimum_chunksize(10, (20, 20, 1)), ensure_minimum_chunksize(3, (1, 1, 3))
    ((20, 11, 10), (5,))
    """
    if size <= min(chunks):
        return tuple(chunks)
    if sum(chunks) < size:
        raise ValueError(f"chunks of {size} elements were asked for along an axis of {sum(chunks)}")
    found: list[int] = []
    last = 0
    for n in chunks:
        lent = size - n
        if n < size and last - lent > size:
            found.append(last - lent)
            last = size
        elif n < size or last < size:
            last += n
        else:
            found.append(last)
            last = n
    return (*found, last)
