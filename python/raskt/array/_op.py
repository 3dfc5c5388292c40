"""The one way by which operations are asked for, and what may be an operand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._base import array_of, result
from raskt.array._deferred import bounds_of, deferred
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["expr_of", "lift", "op", "promoted"]

_UNMATCHED = "not known to be equal"
"""What the engine says of sizes that have to be found out before arrays can meet element by element."""

_NUMBERS = (int, float, complex, bool)


def op(name: str, operands: tuple[Any, ...], parameters: dict[str, Any] | None = None) -> Array:
    """Ask for an operation of operands: arrays, numbers, and whatever NumPy makes an array of.

    An operation that changes nothing returns its operand.
    """
    try:
        expr = _raskt.array_op(name, tuple([lift(x) for x in operands]), parameters)
    except ValueError as error:
        if _UNMATCHED not in str(error) or len(operands) < 2:
            raise
        return _elementwise(name, operands, parameters)
    return result(expr, operands)


def lift(x: Any) -> Any:
    """Return ``x`` as the engine takes an operand: an expression, or a number."""
    expr = getattr(x, "_expr", None)
    if expr is not None:
        return expr
    if isinstance(x, _NUMBERS):
        return x
    if isinstance(x, np.generic) or (isinstance(x, np.ndarray) and x.ndim == 0 and type(x) is np.ndarray):
        return x
    return expr_of(x)


def expr_of(x: Any) -> ArrayExpr:
    """Return the expression of an array, or of what becomes one."""
    expr: ArrayExpr | None = getattr(x, "_expr", None)
    if expr is not None:
        return expr
    return asanyarray(x)._expr


def promoted(*operands: Any) -> np.dtype[Any]:
    """Return the dtype that operands have together, by NumPy's rules."""
    return np.result_type(*[_typed(x) for x in operands])


def _typed(x: Any) -> Any:
    if isinstance(x, _NUMBERS):
        return x
    dtype = getattr(x, "dtype", None)
    return np.asarray(x).dtype if dtype is None else dtype


def _elementwise(name: str, operands: tuple[Any, ...], parameters: dict[str, Any] | None) -> Array:
    """Apply an operation to arrays whose sizes may differ: they are compared once they are known."""
    arrays = [
        x if hasattr(x, "_expr") or isinstance(x, (int, float, complex, np.generic)) else array_of(lift(x))
        for x in operands
    ]
    axes = [x for x in arrays if getattr(x, "ndim", 0)]
    ndim = max(x.ndim for x in axes)
    chunks: list[Any] = []
    bounds: list[int | None] = []
    for from_end in range(ndim, 0, -1):
        here = [x for x in axes if x.ndim >= from_end and x.shape[-from_end] != 1]
        sure = [x.chunks[-from_end] for x in here if x.shape[-from_end] == x.shape[-from_end]]
        several = [x.chunks[-from_end] for x in here]
        chunks.append(sure[0] if sure else several[0] if several else (1,))
        least = [n for x in here if (n := bounds_of(x)[-from_end]) is not None]
        bounds.append(min(least, default=None))
    tiny = tuple(np.empty((1,) * x.ndim, x.dtype) if hasattr(x, "_expr") else x for x in arrays)
    dtype = op(name, tiny, parameters)._dtype
    return deferred("raskt.array._op:op", (name, tuple(arrays), parameters), tuple(chunks), dtype, bounds)
