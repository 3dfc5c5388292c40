"""One task on whole arrays: what algorithms over a grid of blocks are written with.

A factorisation takes a matrix apart into blocks, each an array of one chunk, and says which function makes
which block of which others. A function that returns several values makes one block that holds them, from
which each is taken: it runs once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt.array._base import dtype_parameter
from raskt.array._grid import grid_of
from raskt.array._op import op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from raskt.array.core import Array

__all__ = ["boxed", "several", "task"]


def task(
    function: str, operands: Sequence[Array], shape: Sequence[int], dtype: Any, label: str, **kwargs: Any
) -> Array:
    """Return the one block that a function makes of arrays, each given to it whole.

    Parameters
    ----------
    function : str
        The function by its name, ``"package.module.name"``.
    operands : sequence of Array
        What it gets; the blocks of each are joined.
    shape, dtype
        What it returns.
    label : str
        What the task is called in pictures and errors.
    **kwargs
        Passed to the function.

    Returns
    -------
    Array
        Of one chunk.
    """
    n = len(shape)
    inputs = []
    for x in operands:
        inputs.append(list(range(n, n + x.ndim)))
        n += x.ndim
    parameters = {
        "function": function,
        "kwargs": kwargs,
        "output": list(range(len(shape))),
        "inputs": inputs,
        "chunks": grid_of(tuple((length,) for length in shape), tuple(shape)),
        "contraction": "join",
        "dtype": dtype_parameter(dtype),
        "label": label,
    }
    return op("blockwise", tuple(operands), parameters)


def boxed(function: str, operands: Sequence[Array], label: str, **kwargs: Any) -> Array:
    """Return one object, lazily: the tuple that a function makes of arrays."""
    named = {"call": function, "kwargs": kwargs}
    return task("raskt.array._chunk.boxed", operands, (), object, label, **named)


def several(
    function: str,
    operands: Sequence[Array],
    results: Sequence[tuple[Sequence[int], Any]],
    label: str,
    **kwargs: Any,
) -> tuple[Array, ...]:
    """Return the results of one call of a function, each an array of one chunk.

    Parameters
    ----------
    function, operands, label, **kwargs
        As in `task`.
    results : sequence of (shape, dtype)
        What it returns, a tuple.

    Returns
    -------
    tuple of Array
    """
    box = boxed(function, operands, label, **kwargs)
    return tuple(
        task("raskt.array._chunk.one_of", (box,), shape, dtype, label, at=at)
        for at, (shape, dtype) in enumerate(results)
    )
