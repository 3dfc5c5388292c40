"""Methods of arrays that are functions of the package: which, and where they are."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["METHODS", "method"]

METHODS = {
    "all": "reductions",
    "any": "reductions",
    "argmax": "reductions",
    "argmin": "reductions",
    "argtopk": "sorting",
    "choose": "ufuncs",
    "clip": "ufuncs",
    "conj": "ufuncs",
    "cumprod": "cumulative",
    "cumsum": "cumulative",
    "dot": "linear",
    "map_blocks": "blockwise",
    "map_overlap": "overlap",
    "max": "reductions",
    "mean": "reductions",
    "min": "reductions",
    "moment": "reductions",
    "nonzero": "searching",
    "prod": "reductions",
    "ravel": "reshape",
    "rechunk": "rechunk",
    "repeat": "creation",
    "round": "ufuncs",
    "shuffle": "slicing",
    "squeeze": "shape",
    "std": "reductions",
    "sum": "reductions",
    "swapaxes": "shape",
    "topk": "sorting",
    "trace": "reductions",
    "var": "reductions",
}

_SPECIAL = {"copy", "flatten", "reshape", "store", "transpose", "view", "to_zarr", "to_hdf5", "to_backend"}


def method(array: Array, name: str) -> Any:
    """Return the bound method ``name``."""
    home = METHODS.get(name)
    if home is not None:
        function = getattr(importlib.import_module(f"raskt.array.{home}"), name)
        if name == "map_blocks" or name == "map_overlap":
            return functools.partial(_function_first, function, array)
        return functools.partial(function, array)
    if name in _SPECIAL:
        return functools.partial(globals()[f"_{name}"], array)
    raise AttributeError(f"'Array' object has no attribute {name!r}")


def _function_first(function: Any, array: Array, func: Any = None, /, *args: Any, **kwargs: Any) -> Array:
    func = kwargs.pop("func", None) if func is None else func
    made: Array = function(func, array, *args, **kwargs)
    return made


def _copy(array: Array) -> Array:
    """Arrays do not change: a copy is another name."""
    from raskt.array._op import array_of

    return array_of(array._expr)


def _flatten(array: Array, order: str = "C") -> Array:
    from raskt.array.reshape import ravel

    if order != "C":
        raise NotImplementedError("arrays are flattened in C order: transpose first")
    return ravel(array)


def _reshape(array: Array, *shape: Any, merge_chunks: bool = True, limit: Any = None) -> Array:
    from raskt.array.reshape import reshape

    found = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    return reshape(array, found, merge_chunks=merge_chunks, limit=limit)


def _transpose(array: Array, *axes: Any) -> Array:
    from raskt.array.shape import transpose

    if not axes or axes == (None,):
        return transpose(array)
    return transpose(array, axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes)


def _view(array: Array, dtype: Any = None, order: str = "C") -> Array:
    from raskt.array.shape import view

    return view(array, dtype, order)


def _store(array: Array, target: Any, **kwargs: Any) -> Any:
    from raskt.array.store import store

    return store([array], [target], **kwargs)


def _to_zarr(array: Array, *args: Any, **kwargs: Any) -> Any:
    del array, args, kwargs
    raise NotImplementedError("to_zarr is not there yet: use store into an open zarr array")


def _to_hdf5(array: Array, *args: Any, **kwargs: Any) -> Any:
    del array, args, kwargs
    raise NotImplementedError("to_hdf5 is not there yet: use store into an open h5py data set")


def _to_backend(array: Array, backend: Any = None, **kwargs: Any) -> Array:
    del kwargs
    if backend not in (None, "numpy"):
        raise NotImplementedError(
            f"the backend {backend!r} is not there: blocks are NumPy's; use map_blocks to convert them"
        )
    return array
