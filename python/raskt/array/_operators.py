"""Python's operators for arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt._lazy import late
from raskt.array._op import op
from raskt.array.chunk_types import is_valid_chunk_type
from raskt.array.conversion import is_dasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["Operators"]

matmul: Callable[..., Array] = late("raskt.array.linear", "matmul")


class Operators:
    """What arrays do between operators. Each makes an expression, of both operands."""

    __slots__ = ()
    _expr: ArrayExpr

    def __abs__(self) -> Array:
        return op("absolute", (self,))

    def __neg__(self) -> Array:
        return op("negative", (self,))

    def __pos__(self) -> Array:
        return op("positive", (self,))

    def __invert__(self) -> Array:
        return op("invert", (self,))

    def __eq__(self, other: object) -> Array:  # type: ignore[override]
        return _compared("equal", self, other)

    def __ne__(self, other: object) -> Array:  # type: ignore[override]
        return _compared("not_equal", self, other)

    def __lt__(self, other: Any) -> Array:
        return _binary("less", self, other)

    def __le__(self, other: Any) -> Array:
        return _binary("less_equal", self, other)

    def __gt__(self, other: Any) -> Array:
        return _binary("greater", self, other)

    def __ge__(self, other: Any) -> Array:
        return _binary("greater_equal", self, other)

    def __hash__(self) -> int:
        return hash(self._expr)

    def __add__(self, other: Any) -> Array:
        return _binary("add", self, other)

    def __radd__(self, other: Any) -> Array:
        return _binary("add", other, self)

    def __sub__(self, other: Any) -> Array:
        return _binary("subtract", self, other)

    def __rsub__(self, other: Any) -> Array:
        return _binary("subtract", other, self)

    def __mul__(self, other: Any) -> Array:
        return _binary("multiply", self, other)

    def __rmul__(self, other: Any) -> Array:
        return _binary("multiply", other, self)

    def __truediv__(self, other: Any) -> Array:
        return _binary("divide", self, other)

    def __rtruediv__(self, other: Any) -> Array:
        return _binary("divide", other, self)

    def __floordiv__(self, other: Any) -> Array:
        return _binary("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Array:
        return _binary("floor_divide", other, self)

    def __mod__(self, other: Any) -> Array:
        return _binary("remainder", self, other)

    def __rmod__(self, other: Any) -> Array:
        return _binary("remainder", other, self)

    def __divmod__(self, other: Any) -> tuple[Array, Array]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Array, Array]:
        return other // self, other % self

    def __pow__(self, other: Any) -> Array:
        return _binary("power", self, other)

    def __rpow__(self, other: Any) -> Array:
        return _binary("power", other, self)

    def __and__(self, other: Any) -> Array:
        return _binary("bitwise_and", self, other)

    def __rand__(self, other: Any) -> Array:
        return _binary("bitwise_and", other, self)

    def __or__(self, other: Any) -> Array:
        return _binary("bitwise_or", self, other)

    def __ror__(self, other: Any) -> Array:
        return _binary("bitwise_or", other, self)

    def __xor__(self, other: Any) -> Array:
        return _binary("bitwise_xor", self, other)

    def __rxor__(self, other: Any) -> Array:
        return _binary("bitwise_xor", other, self)

    def __lshift__(self, other: Any) -> Array:
        return _binary("left_shift", self, other)

    def __rlshift__(self, other: Any) -> Array:
        return _binary("left_shift", other, self)

    def __rshift__(self, other: Any) -> Array:
        return _binary("right_shift", self, other)

    def __rrshift__(self, other: Any) -> Array:
        return _binary("right_shift", other, self)

    def __matmul__(self, other: Any) -> Array:
        return NotImplemented if _gives_way(other) else matmul(self, other)

    def __rmatmul__(self, other: Any) -> Array:
        return NotImplemented if _gives_way(other) else matmul(other, self)


_DEFER = ("DataFrame", "Series", "Index")
_PLAIN = (Operators, int, float, complex, str, bytes, np.generic, np.ndarray, list, tuple)


def _gives_way(other: Any) -> bool:
    """Return whether an operand of another type says what the operator does."""
    kind = type(other)
    if isinstance(other, _PLAIN) or is_valid_chunk_type(kind):
        return False
    if hasattr(kind, "__array_ufunc__"):
        # None of the types that may be blocks: xarray's and pint's, which hold arrays such as this one.
        return not is_dasks(other)
    if kind.__name__ in _DEFER:
        return True
    return not hasattr(kind, "__array__") and not hasattr(kind, "__raskt_graph__") and other is not None


def _binary(name: str, left: Any, right: Any) -> Array:
    """Operators leave to other types what those know better."""
    if _gives_way(right if isinstance(left, Operators) else left):
        return NotImplemented  # type: ignore[no-any-return]
    return op(name, (left, right))


def _compared(name: str, left: Any, right: Any) -> Array:
    """Elements of types that cannot be compared are not equal."""
    if any(getattr(getattr(side, "dtype", None), "names", None) for side in (left, right)):
        # NumPy compares records by its operators, not by its functions.
        function = "operator.ne" if name == "not_equal" else "operator.eq"
        return op("apply", (left, right), {"function": function, "dtype": "bool"})
    try:
        return _binary(name, left, right)
    except TypeError:
        parameters = {
            "function": "raskt.array._chunk.unlike",
            "dtype": "bool",
            "kwargs": {"value": name == "not_equal"},
        }
        return op("apply", (left, right), parameters)
