"""Functions made of several operations that wait for sizes which are not known.

An operation of the engine plans itself once the sizes of its operands are there. A function of Python's that
is made of several is kept as a recipe, its name and arguments, and called then, with arrays of known chunks;
what it makes is brought into the chunks that were promised.
"""

from __future__ import annotations

import importlib
import pickle
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._pickle import dumps
from raskt.annotations import annotated_as
from raskt.array._base import array_of, asked, dtype_parameter, is_known
from raskt.array._grid import grid_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["NAN", "balanced", "bounds_of", "deferred", "fits", "is_like", "made", "similar"]


NAN: Any = float("nan")
"""A size that is not known."""


def bounds_of(x: Any) -> list[int | None]:
    """Return how long each axis can be at the most; None where that cannot be told."""
    return _raskt.array_bounds(x._expr)


class Place:
    """Where an operand stands in a recipe: an array, or any other lazy value."""

    __slots__ = ("at", "is_array")

    def __init__(self, at: int, is_array: bool) -> None:
        self.at, self.is_array = at, is_array

    def __reduce__(self) -> tuple[Any, ...]:
        return Place, (self.at, self.is_array)

    def of(self, operands: list[Array]) -> Any:
        """Return what stands there."""
        operand = operands[self.at]
        return operand if self.is_array else _raskt.array_delayed(operand._expr, 0)


def walked(item: Any, change: Any) -> Any:
    """Return a nest of lists, tuples and dictionaries with its leaves changed."""
    if type(item) in (list, tuple):
        return type(item)([walked(part, change) for part in item])
    if type(item) is dict:
        return {name: walked(part, change) for name, part in item.items()}
    return change(item)


def made(recipe: bytes, operands: list[ArrayExpr], annotations: dict[str, Any]) -> ArrayExpr:
    """Return what a recipe makes of operands of known chunks: for the task that grows.

    Parameters
    ----------
    recipe : bytes
        The function and its arguments, pickled.
    operands : list of ArrayExpr
        The arrays among them, and other lazy values.
    annotations : dict
        What is said of all tasks.

    Returns
    -------
    ArrayExpr
        The array.
    """
    arrays = [array_of(operand) for operand in operands]
    function, args = pickle.loads(recipe)
    module, name = function.split(":")
    args = walked(args, lambda item: item.of(arrays) if isinstance(item, Place) else item)
    with annotated_as(annotations):
        found: Array = getattr(importlib.import_module(module), name)(*args)
    return found._expr


def deferred(
    function: str, args: tuple[Any, ...], chunks: Any, dtype: Any, bounds: Iterable[int | None] | None = None
) -> Array:
    """Return what a function will make of its arguments once the chunks of arrays among them are known.

    Parameters
    ----------
    function : str
        The function, ``"module:name"``.
    args : tuple
        Its arguments; arrays and other lazy values may stand anywhere in them.
    chunks : tuple of tuples
        What is promised of the result's chunks: sizes, NaN for those that are not known.
    dtype : dtype or None
        What is promised of its dtype.
    bounds : iterable of int or None, optional
        How long each axis can be at the most.

    Returns
    -------
    Array
        The promise.
    """
    operands: list[Any] = []

    def set_apart(item: Any) -> Any:
        is_array = hasattr(item, "_expr")
        if not is_array:
            later = _raskt.delayed_within(item)
            if later is None:
                return item
            item = array_of(_raskt.array_argument(later))
        operands.append(item)
        return Place(len(operands) - 1, is_array)

    recipe = dumps((function, walked(args, set_apart)))
    lengths = tuple(sum(sizes) for sizes in chunks)
    found = list(bounds) if bounds is not None else [None] * len(lengths)
    parameters = {
        "recipe": recipe,
        "chunks": grid_of(tuple(chunks), lengths),
        "dtype": dtype_parameter(dtype) or "unknown",
        "bounds": [n if n == n else bound for n, bound in zip(lengths, found, strict=True)],
    }
    return asked("deferred", operands, parameters)


def similar(
    function: str,
    args: tuple[Any, ...],
    x: Array,
    changed: dict[int, tuple[Any, int | None]],
    dtype: Any = NAN,
) -> Array:
    """Return what a function will make of its arguments: an array like ``x`` but for some axes.

    Parameters
    ----------
    function, args
        As in `deferred`.
    x : Array
        What the result is like.
    changed : dict
        The sizes of chunks, and a bound for the length, of axes that differ; those behind the axes of ``x``
        are new.
    dtype : dtype or None, optional
        What is promised of the dtype; that of ``x`` by default.

    Returns
    -------
    Array
        The promise.
    """
    ndim = max(x.ndim, *(axis + 1 for axis in changed), 0)
    own = bounds_of(x)
    found = [changed[axis] if axis in changed else (x.chunks[axis], own[axis]) for axis in range(ndim)]
    promised = x._dtype if dtype is NAN else dtype
    return deferred(function, args, tuple(sizes for sizes, _ in found), promised, [n for _, n in found])


def balanced(length: int, n: int) -> tuple[int, ...]:
    """Return ``n`` sizes that add up to a length and differ by one at most."""
    size, n_larger = divmod(length, n)
    return (size + 1,) * n_larger + (size,) * (n - n_larger)


def is_like(x: Array, axis: int, y: Array, other: int) -> bool:
    """Return whether an axis of one array is cut as an axis of another, whatever the sizes."""
    own, found = x.chunks[axis], y.chunks[other]
    if len(own) != len(found):
        return False
    if own == found and is_known(own):
        return True
    return _raskt.array_origins(x._expr)[axis] == _raskt.array_origins(y._expr)[other]


def fits(x: Array, y: Array) -> bool:
    """Return whether two arrays have equal shapes and chunks for sure, sizes that are not known included."""
    return x.ndim == y.ndim and all(is_like(x, axis, y, axis) for axis in range(x.ndim))
