"""Python's objects as parameters and operands of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._kept import kept as as_now

if TYPE_CHECKING:
    from raskt._raskt import Delayed, FrameExpr

__all__ = ["Operands", "boundaries", "kept", "label", "labels", "literal", "weak"]

_PLAIN = (bool, int, float, str, type(None))
#: Keys of dictionaries that stand for something else than themselves among parameters.
_MARKS = {"dict", "dtype", "operand", "tuple"}


def label(name: Any) -> Any:
    """Return the name of a column as a parameter.

    Raises
    ------
    TypeError
        If it is no name that the engine knows: text, numbers, None, and tuples of them.
    """
    kind = type(name)
    if kind in _PLAIN:
        return name
    if kind is tuple or isinstance(name, tuple):
        return {"tuple": [label(item) for item in name]}
    item = getattr(name, "item", None)
    if item is not None and getattr(name, "ndim", None) == 0 and type(item()) in _PLAIN:
        return item()
    if isinstance(name, str):
        return str(name)
    raise TypeError(f"{name!r} cannot be the name of a column: use text, numbers or tuples of them")


def labels(names: Any) -> list[Any]:
    """Return names of columns as a parameter."""
    return [label(name) for name in names]


def kept(x: Any) -> Any:
    """Return an object as a parameter that functions get as it is."""
    kind = type(x)
    if kind in _PLAIN:
        return x
    if kind is list and all(type(item) in _PLAIN for item in x):
        return list(x)
    if kind is dict and all(type(key) is str for key in x):
        return {key: kept(value) for key, value in x.items()}
    return _whole(x)


def literal(x: Any) -> Any:
    """Return an argument that is no operand as a parameter: times as numbers, other objects as they are.

    `raskt.dataframe._partition` makes the argument of it again.
    """
    if isinstance(x, dict):
        if type(x) is dict and all(type(key) is str for key in x) and not x.keys() & _MARKS:
            return {key: literal(value) for key, value in x.items()}
        return {"dict": _whole(x)}
    time = _time(x)
    return kept(x) if time is None else time


def _whole(x: Any) -> Any:
    """Return an object as a parameter; what the caller does to it later is nothing of ours."""
    return _raskt.Whole(as_now(x))


def _time(x: Any) -> Any:
    """Return a time of pandas' or NumPy's as its dtype and whole number; None for other objects."""
    kind = type(x).__module__.partition(".")[0]
    if kind not in ("numpy", "pandas"):
        return None
    import numpy as np
    import pandas as pd

    if isinstance(x, pd.Timestamp) and x is not pd.NaT and x.tz is not None:
        return {"dtype": f"datetime64[{x.unit}, {x.tz}]", "value": int(x.asm8.astype("int64"))}
    if isinstance(x, (pd.Timestamp, pd.Timedelta)) and x is not pd.NaT:
        x = x.to_numpy()
    if (
        isinstance(x, (np.datetime64, np.timedelta64))
        and not np.isnat(x)
        and x.dtype.str[-3:-1] in ("[s", "ms", "us", "ns")
    ):
        return {"dtype": str(x.dtype), "value": int(x.astype("int64"))}
    return None


_ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "div",
    "subtract",
    "multiply",
    "divide",
)


def weak(x: Any, name: str, expr: FrameExpr) -> Any:
    """Return a float or truth value of NumPy's as Python's, which has kernels, where pandas takes it so.

    Beside columns of 32 bits, a float of 64 is one of Python's in arithmetic alone.
    """
    kind = type(x)
    if kind.__module__ != "numpy" or kind.__name__ not in ("float64", "bool", "bool_"):
        return x
    if kind.__name__ == "float64":
        is_arithmetic = name.strip("_").removeprefix("r") in _ARITHMETIC and expr.kind != "scalar"
        if not is_arithmetic and any(str(dtype).lower() == "float32" for _, dtype in expr.schema["columns"]):
            return x
    return x.item()


def boundaries(divisions: Any, index: Any) -> list[Any]:
    """Return values of an index as parameters.

    Raises
    ------
    ValueError
        If they are too few, or have no place in the index.
    """
    import pandas as pd

    values = list(divisions)
    if len(values) < 2:
        raise ValueError(f"divisions need 2 boundaries or more, found {values!r}")
    try:
        own = pd.Index(values).astype(index.dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"divisions {values!r} are no values of an index of dtype {index.dtype}: {error}"
        ) from None
    if not own.is_monotonic_increasing:
        raise ValueError(f"divisions must be sorted, found {values!r}")
    if isinstance(own, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return [{"dtype": str(own.dtype), "value": int(value)} for value in own.asi8]
    return [literal(value) for value in own.tolist()]


def _value(later: Delayed) -> FrameExpr:
    """Return the value of a delayed object as an operand, which all partitions of other operands meet."""
    schema = {"kind": "scalar", "columns": [[None, "object"]], "index": [[None, "int64"]], "names": [None]}
    return _raskt.frame_op("from_delayed", (later,), {"schema": schema, "checks": False})


class Operands:
    """The operands of one operation: a frame that is met twice is one of them.

    Parameters
    ----------
    first : FrameExpr
        What the operation is of.
    """

    __slots__ = ("exprs",)

    def __init__(self, *first: FrameExpr) -> None:
        self.exprs: list[Any] = list(first)

    def argument(self, x: Any) -> Any:
        """Return ``x`` as an argument: an operand where it is or holds a lazy value, a literal if not."""
        expr = getattr(x, "_expr", None)
        if not isinstance(expr, _raskt.FrameExpr):
            later = _raskt.delayed_within(x)
            if later is None:
                return literal(x)
            expr = _value(later)
        for at, known in enumerate(self.exprs):
            if known is expr:
                return {"operand": at}
        self.exprs.append(expr)
        return {"operand": len(self.exprs) - 1}
