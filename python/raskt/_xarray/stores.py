"""Zarr arrays behind the views that xarray has of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Opened", "opened"]


class Opened(NamedTuple):
    """An open array of zarr's, and what xarray does to its elements, one function after the other."""

    array: Any
    functions: list[tuple[Callable[[Any], Any], np.dtype[Any]]]


def opened(view: Any) -> Opened | None:
    """Return the zarr array that a view shows whole; None where it does more than change elements."""
    functions: list[tuple[Callable[[Any], Any], np.dtype[Any]]] = []
    while True:
        match type(view).__module__, type(view).__name__:
            case "xarray.core.indexing", "ImplicitToExplicitIndexingAdapter":
                view = view.array
            case "xarray.core.indexing", "CopyOnWriteArray" if not view._copied:
                view = view.array
            case "xarray.core.indexing", "LazilyIndexedArray" if _is_whole(view):
                view = view.array
            case "xarray.coding.common", "_ElementwiseFunctionArray":
                functions.append((view.func, view.dtype))
                view = view.array
            case "xarray.backends.zarr", "ZarrArrayWrapper" if view.dtype == view._array.dtype:
                return Opened(view._array, functions[::-1])
            case _:
                return None


def _is_whole(view: Any) -> bool:
    """Return whether a lazily indexed array is all of what it indexes."""
    key = view.key.tuple
    return len(key) == len(view.array.shape) and all(
        isinstance(own, slice) and range(*own.indices(n)) == range(n)
        for own, n in zip(key, view.array.shape, strict=True)
    )
