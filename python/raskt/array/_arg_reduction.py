"""Reductions to places by functions of users, which are told where their block lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import validate_axis
from raskt.array._chunk import assemble
from raskt.array._out import into
from raskt.array.concatenate import block
from raskt.array.conversion import asanyarray, from_delayed
from raskt.delayed import delayed

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["arg_reduction"]


def arg_reduction(
    x: Any,
    chunk: Any,
    combine: Any,
    agg: Any,
    axis: int | None = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
) -> Array:
    """Reduce to places by functions of your own, in a tree.

    Parameters
    ----------
    x : Array
        The array.
    chunk : callable
        ``chunk(block, axis, offset)``: the partial result of a block, a dictionary of arrays (or an array)
        whose axes ``axis`` have length 1. ``offset`` is where the block begins along the axis; where all axes
        are reduced, the pair of where it begins along each and the shape of the array.
    combine : callable
        ``combine(partial, axis=axis, keepdims=True)``, of partial results joined along the axes.
    agg : callable
        ``agg(partial, axis=axis, keepdims=keepdims)``: the places.
    axis : int, optional
        Along which axis; all of them by default.
    keepdims : bool, optional
        Whether the axes stay.
    split_every : int or dict, optional
        How many partial results are combined at once.
    out : Array, optional
        What gets the result.

    Returns
    -------
    Array
        Of whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> from raskt.array.reductions import arg_reduction
    >>> def first_of_block(block, axis, offset):
    ...     (start,), _ = offset
    ...     return {"vals": block.max(keepdims=True), "arg": block.argmax(keepdims=True) + start}
    >>> def best(partial, axis, keepdims):
    ...     at = np.argmax(partial["vals"])
    ...     return {name: values[at : at + 1] for name, values in partial.items()}
    >>> def place(partial, axis, keepdims):
    ...     return best(partial, axis, keepdims)["arg"][0]
    >>> x = ra.from_array(np.array([3, 9, 1, 9, 4]), chunks=2)
    >>> arg_reduction(x, first_of_block, best, place).compute()
    np.int64(1)
    """
    x = asanyarray(x)
    if axis is not None and not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis must be None or a whole number, found {axis!r}")
    axes = tuple(range(x.ndim)) if axis is None else (validate_axis(axis, x.ndim),)
    if any(n != n for at in axes for n in x.chunks[at]):
        raise ValueError(
            "arg_reduction needs chunks of known size along its axes: call compute_chunk_sizes()"
        )
    found: Array = into(out, _reduced(x, (chunk, combine or agg, agg), axes, keepdims, split_every))
    return found


def _reduced(x: Array, functions: Any, axes: tuple[int, ...], keepdims: bool, split_every: Any) -> Array:
    """Return the array of the results for each block of the axes that stay."""
    chunk, combine, agg = functions
    starts = [np.cumsum([0, *sizes[:-1]]).tolist() for sizes in x.chunks]
    ravel = len(axes) == x.ndim
    parts = np.empty(x.numblocks, dtype=object)
    of_chunk = delayed(_call, pure=True)
    for index, part in zip(np.ndindex(*x.numblocks), x.to_delayed().ravel(), strict=True):
        begins = tuple(starts[at][i] for at, i in enumerate(index))
        parts[index] = of_chunk(chunk, part, axes, (begins, x.shape) if ravel else begins[axes[0]])
    width = {at: _width(split_every, at, axes) for at in axes}
    while any(parts.shape[at] > width[at] for at in axes):
        parts = _step(parts, axes, width, combine, {"keepdims": True})
    whole = _step(parts, axes, {at: parts.shape[at] for at in axes}, agg, {"keepdims": keepdims})
    blocks = np.empty(whole.shape, dtype=object)
    for index in np.ndindex(*whole.shape):
        shape = tuple(
            1 if at in axes else x.chunks[at][i] for at, i in enumerate(index) if keepdims or at not in axes
        )
        blocks[index] = from_delayed(whole[index], shape, np.intp)
    if not keepdims:
        blocks = blocks.reshape(tuple(n for at, n in enumerate(blocks.shape) if at not in axes))
    found: Any = block(blocks.tolist()) if blocks.ndim else blocks[()]
    made: Array = found
    return made


def _width(split_every: Any, axis: int, axes: tuple[int, ...]) -> int:
    found = split_every.get(axis) if isinstance(split_every, dict) else split_every
    if found is None or found is False:
        found = 16
    return max(int(found if isinstance(split_every, dict) else round(found ** (1 / len(axes)))), 2)


def _step(parts: Any, axes: tuple[int, ...], width: dict[int, int], function: Any, kwargs: Any) -> Any:
    """Return what a function makes of neighbours along the axes."""
    counts = tuple(-(-n // width[at]) if at in axes else n for at, n in enumerate(parts.shape))
    made = np.empty(counts, dtype=object)
    of_joined = delayed(_call_joined, pure=True)
    for index in np.ndindex(*counts):
        cut = tuple(
            slice(i * width[at], (i + 1) * width[at]) if at in axes else slice(i, i + 1)
            for at, i in enumerate(index)
        )
        near = parts[cut]
        made[index] = of_joined(function, near.ravel().tolist(), near.shape, axes, kwargs)
    return made


def _call(chunk: Any, block: Any, axes: Any, offset: Any) -> Any:
    return chunk(block, axes, offset)


def _call_joined(function: Any, parts: list[Any], counts: Any, axes: Any, kwargs: Any) -> Any:
    if isinstance(parts[0], dict):
        whole: Any = {name: assemble([part[name] for part in parts], counts) for name in parts[0]}
    else:
        whole = assemble(parts, counts)
    return function(whole, axis=axes, **kwargs)
