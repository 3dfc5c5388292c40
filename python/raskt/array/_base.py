"""What functions of arrays need of the class: arrays of expressions, and what an array is.

`Array` stands above the functions that its methods call. Those functions make arrays nevertheless: they do it
here, where the class is looked up when the first array is made. It is the one late binding of the package.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._meta import dtype_name, dtype_named
from raskt.array.metas import meta_from_array

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = [
    "KEEPING",
    "array_class",
    "array_of",
    "asked",
    "dtype_of",
    "dtype_parameter",
    "is_array",
    "is_known",
    "known_shape",
    "result",
    "told",
    "typed",
]

_MOVING = (
    *("astype", "broadcast_to", "compress", "concatenate", "mask", "pick", "rechunk", "repeat"),
    *("reshape", "roll", "slice", "stack", "transpose", "where"),
)
KEEPING = {*_MOVING, *(name for name in np.__all__ if isinstance(getattr(np, name), np.ufunc))}
"""The operations whose blocks are of the type of their operands' blocks."""


@functools.cache
def array_class() -> type[Array]:
    """Return `raskt.array.Array`."""
    found: type[Array] = importlib.import_module("raskt.array.core").Array
    return found


def array_of(expr: ArrayExpr) -> Array:
    """Return the array of an expression."""
    kind = array_class()
    array = kind.__new__(kind)
    array._expr = expr
    return array


def is_array(x: Any) -> TypeGuard[Array]:
    """Return whether an object is an `Array`."""
    return isinstance(x, array_class())


def asked(name: str, arrays: Sequence[Array], parameters: dict[str, Any]) -> Array:
    """Ask for an operation of what are arrays already; `raskt.array._op.op` makes arrays of other things."""
    expr = _raskt.array_op(name, tuple([x._expr for x in arrays]), parameters)
    return result(expr, arrays, name in KEEPING)


def result(expr: ArrayExpr, operands: Sequence[Any], keeps_type: bool = False) -> Array:
    """Return the array of an operation: its first operand where the operation changes nothing.

    ``keeps_type`` says that blocks are of the type of the operands' blocks.
    """
    if operands and getattr(operands[0], "_expr", None) == expr:
        same: Array = operands[0]
        return same
    made = array_of(expr)
    return typed(made, operands) if keeps_type else made


def typed(array: Array, operands: Sequence[Any]) -> Array:
    """Say of an array that its blocks are of the type that was said of an operand's, if it is not NumPy's."""
    for x in operands:
        meta = getattr(x, "_given_meta", None)
        if meta is not None and type(meta) is not np.ndarray:
            if array._dtype is not None:
                array._given_meta = meta_from_array(meta, ndim=array.ndim, dtype=array._dtype)
            break
    return array


def told(array: Array, name: Any = None, meta: Any = None) -> Array:
    """Give an array the name and the type of blocks that were said of it."""
    if name is not None:
        array = array_of(array._expr)
        array._given_name = str(name)
    if meta is not None and hasattr(meta, "dtype"):
        array._meta = meta
    return array


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


def dtype_parameter(dtype: Any) -> str | None:
    """Return a dtype as a parameter of an operation."""
    return None if dtype is None else dtype_name(np.dtype(dtype))


def dtype_of(expr: ArrayExpr) -> np.dtype[Any] | None:
    """Return the dtype of an expression; None where it is not known."""
    return dtype_named(expr.dtype)
