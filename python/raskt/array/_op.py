"""The one way by which operations are asked for, and what may be an operand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._base import KEEPING, result
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["expr_of", "lift", "op", "promoted"]

_NUMBERS = (int, float, complex, bool)


def op(name: str, operands: tuple[Any, ...], parameters: dict[str, Any] | None = None) -> Array:
    """Ask for an operation of operands: arrays, numbers, and whatever NumPy makes an array of.

    An operation that changes nothing returns its operand.
    """
    expr = _raskt.array_op(name, tuple([lift(x) for x in operands]), parameters)
    return result(expr, operands, name in KEEPING)


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
