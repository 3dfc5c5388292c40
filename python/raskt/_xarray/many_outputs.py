"""Functions of chunks of several arrays that make several arrays: what `xarray.map_blocks` asks for."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from raskt.array._base import array_of
from raskt.array.concatenate import block
from raskt.array.conversion import from_delayed
from raskt.delayed import delayed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from raskt._raskt import ArrayExpr, Delayed
    from raskt.array.core import Array

__all__ = ["map_many"]


def map_many(
    function: Callable[..., Any],
    exprs: Sequence[ArrayExpr],
    indices: Sequence[tuple[Any, ...]],
    dims: Sequence[Any],
    specs: dict[tuple[int, ...], Any],
    outputs: Sequence[dict[str, Any]],
) -> list[Array]:
    """Return the arrays that a function makes, chunk by chunk.

    Parameters
    ----------
    function : callable
        ``function(spec, *blocks)``: a dictionary of blocks by the ``key`` of outputs.
    exprs, indices : sequence
        The arrays, and the names of their axes.
    dims : sequence
        The names of all axes that are cut.
    specs : dict
        What the function is told, by the place of the call among the chunks along ``dims``.
    outputs : sequence of dict
        ``key``, ``indices``, ``chunks`` and ``dtype`` of each array.

    Returns
    -------
    list of Array
        One for each of ``outputs``.
    """
    blocks = [array_of(expr).to_delayed() for expr in exprs]
    call = delayed(function, traverse=False)
    made: dict[tuple[int, ...], Delayed] = {}
    for at, spec in specs.items():
        place = dict(zip(dims, at, strict=True))
        own = [x[tuple(place[d] for d in index)] for x, index in zip(blocks, indices, strict=True)]
        made[at] = call(spec, *own)
    return [_output(made, dims, **output) for output in outputs]


def _output(
    made: dict[tuple[int, ...], Delayed],
    dims: Sequence[Any],
    key: Any,
    indices: tuple[Any, ...],
    chunks: tuple[tuple[int, ...], ...],
    dtype: Any,
    **_: Any,
) -> Array:
    """Return one array of what calls made."""
    counts = tuple(len(sizes) for sizes in chunks)
    parts = np.empty(counts, dtype=object)
    for at in np.ndindex(*counts):
        place = dict(zip(indices, at, strict=True))
        value = delayed(operator.getitem)(made[tuple(place.get(d, 0) for d in dims)], key)
        shape = tuple(sizes[i] for sizes, i in zip(chunks, at, strict=True))
        parts[at] = from_delayed(value, shape, dtype)
    found: Any = block(parts.tolist()) if counts else parts[()]
    return cast("Array", found)
