"""The one way by which operations are asked for, and what may be an operand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._meta import dtype_name, dtype_named

if TYPE_CHECKING:
    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["array_of", "expr_of", "is_known", "known_shape", "lift", "op", "promoted", "told"]

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
        from raskt.array._unknown import elementwise

        return elementwise(name, operands, parameters)
    if operands and getattr(operands[0], "_expr", None) == expr:
        same: Array = operands[0]
        return same
    return array_of(expr)


def array_of(expr: ArrayExpr) -> Array:
    """Return the array of an expression."""
    from raskt.array.core import Array

    array = Array.__new__(Array)
    array._expr = expr
    return array


def told(array: Array, name: Any = None, meta: Any = None) -> Array:
    """Give an array the name and the type of blocks that were said of it."""
    if name is not None:
        array = array_of(array._expr)
        array._given_name = str(name)
    if meta is not None and hasattr(meta, "dtype"):
        array._meta = meta
    return array


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
    from raskt.array.conversion import asanyarray

    return asanyarray(x)._expr


def is_known(shape: Any) -> bool:
    """Return whether all lengths of a shape are known."""
    return all(n == n for n in shape)


def known_shape(x: Any, what: str) -> tuple[int, ...]:
    """Return the shape of an array, which must be known."""
    shape: tuple[int, ...] = x.shape
    if not is_known(shape):
        raise ValueError(
            f"{what} needs an array of known shape, found {shape}: call compute_chunk_sizes() first"
        )
    return shape


def promoted(*operands: Any) -> np.dtype[Any]:
    """Return the dtype that operands have together, by NumPy's rules."""
    return np.result_type(*[_typed(x) for x in operands])


def _typed(x: Any) -> Any:
    if isinstance(x, _NUMBERS):
        return x
    dtype = getattr(x, "dtype", None)
    return np.asarray(x).dtype if dtype is None else dtype


def dtype_parameter(dtype: Any) -> str | None:
    """Return a dtype as a parameter of an operation."""
    return None if dtype is None else dtype_name(np.dtype(dtype))


def dtype_of(expr: ArrayExpr) -> np.dtype[Any] | None:
    """Return the dtype of an expression; None where it is not known."""
    return dtype_named(expr.dtype)
