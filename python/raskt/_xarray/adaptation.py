"""What is changed in xarray itself, where it takes every lazy array for one of Dask's.

xarray asks `dask.is_dask_collection`, which arrays of Raskt answer with yes: they have Dask's protocol. That
is what makes them lazy throughout xarray. The places below go on to say "so it is an array of Dask's": they
are told the difference here, once, when xarray loads the chunk manager. Arrays of Dask's stay as they are.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
from xarray import ufuncs
from xarray.core import duck_array_ops, missing, nputils
from xarray.core.dataset import Dataset
from xarray.core.groupby import GroupBy
from xarray.core.indexing import DaskIndexingAdapter
from xarray.namedarray.daskmanager import DaskManager

from raskt._xarray.grouping import adapt_flox
from raskt.array._base import is_array
from raskt.array.conversion import from_array, is_dasks
from raskt.array.rechunk import rechunk

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["adapt"]


@functools.cache
def adapt() -> None:
    """Change xarray; calls after the first one do nothing."""
    _change(DaskManager, "is_chunked_array", _not_ours)
    _change(DaskManager, "from_array", _or_rechunked)
    _change(Dataset, "chunk", _by_our_manager)
    _change(DaskIndexingAdapter, "_oindex_get", _one_by_one)
    _change(missing, "interp", _of_one_kind)
    _change(GroupBy, "_flox_reduce", _with_flox)
    _change(GroupBy, "_flox_scan", _with_flox)
    for module in (duck_array_ops, nputils, ufuncs):
        _change(module, "get_array_namespace", _or_numpys)
    try:
        expressions = importlib.import_module("xarray.core.dask_array_expr")
    except ModuleNotFoundError:
        return
    _change(expressions, "is_dask_array_expr_array", _or_ours)


def _change(owner: Any, name: str, around: Callable[[Any], Any]) -> None:
    setattr(owner, name, around(getattr(owner, name)))


def _not_ours(original: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return Dask's answer to whether an array is its own, which leaves out arrays of Raskt's.

    Two managers that recognise an array are an error in xarray.
    """

    @functools.wraps(original)
    def is_chunked_array(self: Any, data: Any) -> bool:
        return not is_array(data) and original(self, data)

    return is_chunked_array


def _or_rechunked(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return Dask's way of making an array, which leaves arrays of Raskt's what they are.

    ``chunk`` without ``chunked_array_type`` asks the manager of xarray's options, whatever the data is.
    """

    @functools.wraps(original)
    def from_array(self: Any, data: Any, chunks: Any, **kwargs: Any) -> Any:
        return rechunk(data, chunks) if is_array(data) else original(self, data, chunks, **kwargs)

    return from_array


def _by_our_manager(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return cutting into chunks, which cuts all variables by one manager: Raskt's where one is Raskt's."""

    @functools.wraps(original)
    def chunk(self: Any, *args: Any, chunked_array_type: Any = None, **kwargs: Any) -> Any:
        if chunked_array_type is None and any(is_array(v._data) for v in self.variables.values()):
            chunked_array_type = "raskt"
        return original(self, *args, chunked_array_type=chunked_array_type, **kwargs)

    return chunk


def _or_ours(original: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return whether `xarray.map_blocks` leaves an array to its chunk manager, as Raskt's are."""

    @functools.wraps(original)
    def is_dask_array_expr_array(data: Any) -> bool:
        return is_array(data) or original(data)

    return is_dask_array_expr_array


def _or_numpys(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return whose functions xarray calls: NumPy's, as for Dask's arrays, where it would be the array API's.

    These are more than the standard has, and xarray's ways for lazy arrays begin where they are NumPy's.
    """

    @functools.wraps(original)
    def get_array_namespace(*values: Any) -> Any:
        found = original(*values)
        return np if found.__name__ == "raskt.array_api" else found

    return get_array_namespace


def _with_flox(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return group-by with flox, which is told of Raskt's arrays before it runs: it is not loaded earlier."""

    @functools.wraps(original)
    def by_flox(self: Any, *args: Any, **kwargs: Any) -> Any:
        adapt_flox()
        return original(self, *args, **kwargs)

    return by_flox


def _one_by_one(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return orthogonal indexing, which goes axis by axis: several lists in one index are points."""

    @functools.wraps(original)
    def _oindex_get(self: Any, indexer: Any) -> Any:
        if not is_array(self.array):
            return original(self, indexer)
        found = self.array
        for axis, part in reversed(list(enumerate(indexer.tuple))):
            if not (isinstance(part, slice) and part == slice(None)):
                found = found[(slice(None),) * axis + (part,)]
        return found

    return _oindex_get


def _of_one_kind(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return interpolation, for which xarray has made arrays of its default manager of all coordinates."""

    def converted(variable: Any) -> Any:
        return variable.copy(data=from_array(variable._data)) if is_dasks(variable._data) else variable

    @functools.wraps(original)
    def interp(var: Any, indexes_coords: Any, *args: Any, **kwargs: Any) -> Any:
        if is_array(var._data):
            indexes_coords = {dim: tuple(map(converted, own)) for dim, own in indexes_coords.items()}
        return original(var, indexes_coords, *args, **kwargs)

    return interp
