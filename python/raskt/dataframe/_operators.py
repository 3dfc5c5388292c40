"""Python's operators for dataframes, series and scalars: pandas' own, partition by partition."""

from __future__ import annotations

from typing import Any

from raskt._lazy import late
from raskt.dataframe._op import binary, method

__all__ = ["Operators"]

map_ufunc: Any = late("raskt.dataframe.mapping", "map_ufunc")


class Operators:
    """What frames do between operators."""

    __slots__ = ()
    __array_priority__ = 1000

    def __hash__(self) -> int:
        return id(self)

    def __array_ufunc__(self, ufunc: Any, how: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply a function of NumPy's to each partition."""
        if how != "__call__" or kwargs.get("out") is not None:
            return NotImplemented
        return map_ufunc(ufunc, inputs, kwargs)

    def __add__(self, other: Any) -> Any:
        return binary(self, "add", other)

    def __sub__(self, other: Any) -> Any:
        return binary(self, "sub", other)

    def __mul__(self, other: Any) -> Any:
        return binary(self, "mul", other)

    def __truediv__(self, other: Any) -> Any:
        return binary(self, "truediv", other)

    def __floordiv__(self, other: Any) -> Any:
        return binary(self, "floordiv", other)

    def __mod__(self, other: Any) -> Any:
        return binary(self, "mod", other)

    def __pow__(self, other: Any) -> Any:
        return binary(self, "pow", other)

    def __and__(self, other: Any) -> Any:
        return binary(self, "and", other)

    def __or__(self, other: Any) -> Any:
        return binary(self, "or", other)

    def __xor__(self, other: Any) -> Any:
        return binary(self, "xor", other)

    def __eq__(self, other: object) -> Any:
        return binary(self, "eq", other)

    def __ne__(self, other: object) -> Any:
        return binary(self, "ne", other)

    def __lt__(self, other: Any) -> Any:
        return binary(self, "lt", other)

    def __le__(self, other: Any) -> Any:
        return binary(self, "le", other)

    def __gt__(self, other: Any) -> Any:
        return binary(self, "gt", other)

    def __ge__(self, other: Any) -> Any:
        return binary(self, "ge", other)

    def __radd__(self, other: Any) -> Any:
        return binary(self, "radd", other)

    def __rsub__(self, other: Any) -> Any:
        return binary(self, "rsub", other)

    def __rmul__(self, other: Any) -> Any:
        return binary(self, "rmul", other)

    def __rtruediv__(self, other: Any) -> Any:
        return binary(self, "rtruediv", other)

    def __rfloordiv__(self, other: Any) -> Any:
        return binary(self, "rfloordiv", other)

    def __rmod__(self, other: Any) -> Any:
        return binary(self, "rmod", other)

    def __rpow__(self, other: Any) -> Any:
        return binary(self, "rpow", other)

    def __rand__(self, other: Any) -> Any:
        return binary(self, "rand", other)

    def __ror__(self, other: Any) -> Any:
        return binary(self, "ror", other)

    def __rxor__(self, other: Any) -> Any:
        return binary(self, "rxor", other)

    def __neg__(self) -> Any:
        return method(self, "__neg__")

    def __pos__(self) -> Any:
        return method(self, "__pos__")

    def __invert__(self) -> Any:
        return method(self, "__invert__")

    def __abs__(self) -> Any:
        return method(self, "__abs__")
