"""Dtypes by name, and what functions return for one element."""

from __future__ import annotations

import ast
import functools
import warnings
from typing import Any

import numpy as np

__all__ = ["dtype_name", "dtype_named", "dtype_of_call", "prototype"]


@functools.cache
def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return the name by which the engine knows a dtype."""
    if dtype.isnative and dtype.names is None and dtype.kind not in "SUVO":
        return dtype.name
    if dtype.names is not None:
        return str(dtype.descr)
    return dtype.str


@functools.cache
def dtype_named(name: str) -> np.dtype[Any] | None:
    """Return the dtype of a name, or None where it is not known."""
    if name == "unknown":
        return None
    if name.startswith("["):
        structured: np.dtype[Any] = np.dtype(ast.literal_eval(name))
        return structured
    return np.dtype(name)


def prototype(dtype: np.dtype[Any], ndim: int) -> np.ndarray[Any, Any]:
    """Return an array of one element along each axis: a one, or what is most like it."""
    try:
        return np.ones((1,) * ndim, dtype=dtype)
    except (TypeError, ValueError):
        return np.zeros((1,) * ndim, dtype=dtype)


def dtype_of_call(function: Any, operands: Any, kwargs: dict[str, Any]) -> str:
    """Return the name of the dtype that a function returns for operands ``(dtype name, axes, weak)``."""
    args: list[Any] = []
    for name, ndim, weak in operands:
        dtype = dtype_named(name)
        if dtype is None:
            return "unknown"
        args.append(dtype.type(1).item() if weak else prototype(dtype, ndim))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = function(*args, **kwargs)
    dtype = getattr(result, "dtype", None)
    if dtype is None and any(name == "object" or name == "|O" for name, _, _ in operands):
        # Of objects NumPy returns one where there are no axes.
        return "object"
    return dtype_name(np.asarray(result).dtype if dtype is None else np.dtype(dtype))
