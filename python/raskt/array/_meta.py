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
    return dtype.str if dtype.names is None else str(_record(dtype))


@functools.cache
def dtype_named(name: str) -> np.dtype[Any] | None:
    """Return the dtype of a name, or None where it is not known."""
    if name == "unknown":
        return None
    if name.startswith(("[", "{")):
        structured: np.dtype[Any] = np.dtype(ast.literal_eval(name))
        return structured
    return np.dtype(name)


def _record(dtype: np.dtype[Any]) -> Any:
    """Return what NumPy makes a dtype of records of: fields, with their places where these leave gaps."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return _record(base), shape
    if dtype.names is None or dtype.fields is None:
        return dtype.str
    titled = [(name, *dtype.fields[name]) for name in dtype.names]
    formats = [_record(own) for _, own, *_ in titled]
    names = [(title[0], name) if title else name for name, _, _, *title in titled]
    packed = [
        (name, *own) if isinstance(own, tuple) else (name, own)
        for name, own in zip(names, formats, strict=True)
    ]
    if np.dtype(packed) == dtype and np.dtype(packed).itemsize == dtype.itemsize:
        return packed
    spelt = {
        "names": list(dtype.names),
        "formats": formats,
        "offsets": [offset for _, _, offset, *_ in titled],
        "itemsize": dtype.itemsize,
    }
    if any(title for _, _, _, *title in titled):
        spelt["titles"] = [title[0] if title else None for _, _, _, *title in titled]
    return spelt


def prototype(dtype: np.dtype[Any], ndim: int) -> np.ndarray[Any, Any]:
    """Return an array of one element along each axis: a one, or what is most like it."""
    try:
        return np.ones((1,) * ndim, dtype=dtype)
    except (TypeError, ValueError):
        return np.zeros((1,) * ndim, dtype=dtype)


def _emptied(arg: Any) -> Any:
    """Return an array like the one given, without elements; a number as it is."""
    return np.empty((0,) * max(arg.ndim, 1), dtype=arg.dtype) if isinstance(arg, np.ndarray) else arg


def dtype_of_call(function: Any, operands: Any, kwargs: dict[str, Any]) -> str:
    """Return the name of the dtype that a function returns for operands ``(dtype name, axes, weak)``."""
    args: list[Any] = []
    has_objects = any(name in ("object", "|O") for name, _, _ in operands)
    for name, ndim, weak in operands:
        dtype = dtype_named(name)
        if dtype is None:
            return "unknown"
        args.append(dtype.type(1).item() if weak else prototype(dtype, ndim))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(*args, **kwargs)
        except (TypeError, AttributeError):
            if not has_objects:
                raise
            # Of objects NumPy calls methods, which those of the user may have; of none it calls nothing.
            result = function(*(_emptied(arg) for arg in args), **kwargs)
    dtype = getattr(result, "dtype", None)
    if dtype is None and has_objects:
        # Of objects NumPy returns one where there are no axes.
        return "object"
    return dtype_name(np.asarray(result).dtype if dtype is None else np.dtype(dtype))
