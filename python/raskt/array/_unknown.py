"""Chunks of unknown size: found out by computing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from raskt import _raskt
from raskt.array._op import array_of

if TYPE_CHECKING:
    from typing import Any

    from raskt.array.core import Array

__all__ = ["known"]


def known(x: Array) -> Array:
    """Return an array whose chunks are all known."""
    import itertools

    if all(n == n for n in x.shape):
        return x
    delayed: Any = x.to_delayed()
    from raskt.base import compute
    from raskt.delayed import delayed as make

    shapes = np.empty(x.numblocks, dtype=object)
    places = list(itertools.product(*(range(n) for n in x.numblocks)))
    found = compute(*[make(np.shape)(delayed[index]) for index in places])
    for index, shape in zip(places, found, strict=True):
        shapes[index] = shape
    chunks = []
    for axis in range(x.ndim):
        line = shapes[tuple(slice(None) if at == axis else 0 for at in range(x.ndim))]
        chunks.append(tuple(int(shape[axis]) for shape in np.atleast_1d(line)))
    from raskt.array.rechunk import grid_of

    grid = grid_of(tuple(chunks), tuple(sum(sizes) for sizes in chunks))
    return array_of(_raskt.array_known(x._expr, grid))
