"""NumPy's functions called on arrays: theirs become ours, where there is one.

A function of NumPy's is looked for by its name in the package, as users would.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np

from raskt.array import _standard_linalg
from raskt.array._base import array_class
from raskt.array.blockwise import apply_gufunc
from raskt.array.chunk_types import is_valid_chunk_type
from raskt.array.linear import matmul
from raskt.array.ufuncs import apply
from raskt.base import compute

__all__ = ["array_function", "array_ufunc"]

_PACKAGE = sys.modules[__name__.rpartition(".")[0]]


def array_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """Answer for a ufunc of NumPy's of which an operand is an array."""
    for x in (*inputs, *kwargs.get("out", ())):
        if is_valid_chunk_type(type(x)):
            continue
        if not isinstance(x, (array_class(), np.ndarray, np.generic, int, float, complex, bool, list, tuple)):
            if not hasattr(x, "__array__"):
                return NotImplemented
            if (
                hasattr(type(x), "__array_ufunc__") and type(x).__array_priority__ > 11
                if hasattr(type(x), "__array_priority__")
                else False
            ):
                return NotImplemented
    if any(isinstance(x, np.ndarray) for x in kwargs.get("out", ())):
        return NotImplemented
    ours = getattr(_PACKAGE, ufunc.__name__, None)
    if method == "__call__":
        if ufunc is np.matmul:
            return matmul(*inputs)
        if ufunc.signature is not None:
            return apply_gufunc(ufunc, ufunc.signature, *inputs, **kwargs)
        if ours is None or ufunc.nout > 1:
            if ufunc.nout > 1 and ours is not None:
                return ours(*inputs, **kwargs)
            return apply(ufunc, *inputs, **kwargs)
        return ours(*inputs, **kwargs)
    if method == "outer" and ours is not None:
        return ours.outer(*inputs, **kwargs)
    if method in ("reduce", "accumulate") and ours is not None and hasattr(ours, method):
        return getattr(ours, method)(*inputs, **kwargs)
    return NotImplemented


def array_function(func: Any, types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Answer for a function of NumPy's of which an argument is an array."""
    for kind in types:
        other = not issubclass(kind, array_class()) and not is_valid_chunk_type(kind)
        if other and getattr(kind, "__array_priority__", 0) > 11:
            return NotImplemented
    module: Any = _PACKAGE
    for part in func.__module__.split(".")[1:]:
        module = getattr(module, part, None)
        if module is None:
            break
    name = func.__name__
    if func.__module__ == "numpy.linalg" and name in _standard_linalg.__all__:
        # Dask's have other arguments.
        module = _standard_linalg
    names = {"amax": "max", "amin": "min", "round_": "round"}
    ours = getattr(module, names.get(name, name), None) if module is not None else None
    if ours is None or ours is func:
        return _computed(func, args, kwargs)
    found = ours(*args, **kwargs)
    # NumPy's return one truth value, which code asks for at once.
    return bool(found) if name in ("array_equal", "array_equiv") else found


_IN_PLACE = ("copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask")


def _computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call NumPy's function on values, where there is no function of ours."""
    if func.__name__ in _IN_PLACE:
        raise TypeError(
            f"numpy.{func.__name__} writes into an array in memory: assign, as in x[mask] = value"
        )
    warnings.warn(
        f"numpy.{func.__name__} is not there for lazy arrays: its arguments are computed, "
        "and the result is NumPy's",
        FutureWarning,
        stacklevel=4,
    )
    args, kwargs = compute(args, kwargs)
    return func(*args, **kwargs)
