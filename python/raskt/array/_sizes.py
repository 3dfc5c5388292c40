"""Sizes of chunks that a user asks for, found out by computing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from raskt import _raskt
from raskt.array._base import array_of, is_known
from raskt.array._grid import grid_of
from raskt.base import compute
from raskt.delayed import delayed

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["known"]


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
