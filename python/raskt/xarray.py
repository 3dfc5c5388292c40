"""xarray's chunk manager for arrays of Raskt: what ``chunked_array_type="raskt"`` stands for.

xarray finds `ChunkManager` by the entry point ``xarray.chunkmanagers`` of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xarray.namedarray.parallelcompat import ChunkManagerEntrypoint

import raskt.array as ra
from raskt import config
from raskt._xarray.adaptation import adapt
from raskt._xarray.casting import Cast, is_xarrays
from raskt._xarray.many_outputs import map_many
from raskt._xarray.stores import opened
from raskt.array._zarr_place import zarr_place
from raskt.array.blockwise import apply_gufunc, blockwise, map_blocks
from raskt.array.conversion import from_array
from raskt.array.core import Array
from raskt.array.cumulative import cumreduction
from raskt.array.reductions import reduction
from raskt.array.slicing import shuffle
from raskt.base import compute, persist
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["ChunkManager"]


class ChunkManager(ChunkManagerEntrypoint):  # type: ignore[type-arg]
    """What xarray asks for when it makes, changes, computes and writes arrays of Raskt.

    Nobody needs to make one: ``chunked_array_type="raskt"`` names it wherever xarray takes that word, and
    data of Raskt's is recognised. See `xarray.namedarray.parallelcompat.ChunkManagerEntrypoint` for what each
    method is asked for.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from raskt.xarray import ChunkManager
    >>> x = xr.DataArray(np.arange(6.0), dims="time")
    >>> x.chunk(time=2, chunked_array_type=ChunkManager()).mean().compute().item()
    2.5
    """

    array_cls = Array

    def __init__(self) -> None:
        adapt()

    def chunks(self, data: Array) -> Any:
        """Return the sizes of all chunks along each axis."""
        return data.chunks

    def normalize_chunks(
        self,
        chunks: Any,
        shape: Any = None,
        limit: int | None = None,
        dtype: Any = None,
        previous_chunks: Any = None,
    ) -> Any:
        """Return what ``chunks=`` comes to; see `raskt.array.normalize_chunks`."""
        return ra.normalize_chunks(chunks, shape, limit, dtype, previous_chunks)

    def from_array(self, data: Any, chunks: Any, **kwargs: Any) -> Array:
        """Make an array of what xarray holds; see `raskt.array.from_array`."""
        # xarray's views of files say that they are like NumPy's arrays: what they return are NumPy's.
        is_view = type(data).__module__.startswith("xarray.")
        if is_view:
            kwargs["asarray"] = True
        chunks = _whole_where_empty(chunks, data)
        found = opened(data) if is_view and not kwargs.get("lock") else None
        if found is None or zarr_place(found.array) is None:
            return from_array(data, chunks, **kwargs)
        # The engine reads such stores; without the view there is nothing that could say what blocks are.
        kwargs.pop("meta", None)
        array = from_array(found.array, chunks, **kwargs)
        for function, dtype in found.functions:
            array = map_blocks(function, array, dtype=dtype)
        return array

    def rechunk(self, data: Array, chunks: Any, **kwargs: Any) -> Any:
        """Return an array in other chunks."""
        return super().rechunk(data, _whole_where_empty(chunks, data), **kwargs)

    def compute(self, *data: Any, **kwargs: Any) -> Any:
        """Compute arrays together."""
        return compute(*data, **kwargs)

    def persist(self, *data: Any, **kwargs: Any) -> Any:
        """Compute arrays together, and keep their chunks in memory."""
        return persist(*data, **kwargs)

    @property
    def array_api(self) -> Any:
        """The functions of arrays: `raskt.array`."""
        return ra

    def reduction(
        self,
        arr: Array,
        func: Callable[..., Any],
        combine_func: Callable[..., Any] | None = None,
        aggregate_func: Callable[..., Any] | None = None,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
    ) -> Array:
        """Reduce in a tree; see `raskt.array.reduction`."""
        return reduction(
            arr,
            chunk=func,
            combine=combine_func,
            aggregate=aggregate_func or combine_func or func,
            axis=axis,
            dtype=dtype,
            keepdims=keepdims,
        )

    def scan(
        self,
        func: Callable[..., Any],
        binop: Callable[..., Any],
        ident: float,
        arr: Array,
        axis: int | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> Array:
        """Return running results; see `raskt.array.reductions.cumreduction`."""
        return cumreduction(func, binop, ident, arr, axis=axis, dtype=dtype, **kwargs)

    def apply_gufunc(
        self, func: Callable[..., Any], signature: str, *args: Any, output_dtypes: Any = None, **kwargs: Any
    ) -> Any:
        """Apply a function with core dimensions; see `raskt.array.apply_gufunc`."""
        if is_xarrays(func) and isinstance(output_dtypes, (list, tuple)) and len(output_dtypes) == 1:
            func = Cast(func, output_dtypes[0]).call
        return apply_gufunc(func, signature, *args, output_dtypes=output_dtypes, **kwargs)

    def map_blocks(self, func: Callable[..., Any], *args: Any, dtype: Any = None, **kwargs: Any) -> Array:
        """Apply a function to every chunk; see `raskt.array.map_blocks`."""
        if is_xarrays(func) and dtype is not None:
            func = Cast(func, dtype).call
        return map_blocks(func, *args, dtype=dtype, **kwargs)

    def map_blocks_multi_output(
        self,
        func: Callable[..., Any],
        exprs: Sequence[Any],
        indices: Sequence[Any],
        dims: Sequence[Any],
        specs: dict[Any, Any],
        outputs: Sequence[dict[str, Any]],
        token: str | None = None,
    ) -> list[Array]:
        """Apply a function that makes several arrays to chunks of several: what `xarray.map_blocks` is."""
        del token
        return map_many(func, exprs, indices, dims, specs, outputs)

    def blockwise(self, func: Callable[..., Any], out_ind: Iterable[Any], *args: Any, **kwargs: Any) -> Array:
        """Apply a function to chunks that indices pair; see `raskt.array.blockwise`."""
        return blockwise(func, out_ind, *args, **kwargs)

    def unify_chunks(self, *args: Any, **kwargs: Any) -> Any:
        """Give arrays the same chunks along common indices; see `raskt.array.unify_chunks`."""
        return ra.unify_chunks(*args, **kwargs)

    def store(self, sources: Any, targets: Any, **kwargs: Any) -> Any:
        """Write arrays into files; see `raskt.array.store`."""
        # A word to the array library of before 2015.
        kwargs.pop("flush", None)
        return ra.store(sources, targets, **kwargs)

    def shuffle(self, x: Array, indexer: list[list[int]], axis: int, chunks: Any) -> Array:
        """Put elements into groups along an axis; see `raskt.array.shuffle`."""
        return shuffle(x, indexer, axis, "auto" if chunks is None else chunks)

    def get_auto_chunk_size(self) -> int:
        """Return the bytes that automatic chunks do not exceed."""
        return parse_bytes(config.get("array.chunk-size"))


def _whole_where_empty(chunks: Any, data: Any) -> Any:
    """Return chunks that need not be found out for an array without elements."""
    said = chunks.values() if isinstance(chunks, dict) else chunks if isinstance(chunks, tuple) else ()
    is_auto = any(isinstance(size, str) and size == "auto" for size in said)
    return data.shape if is_auto and 0 in data.shape else chunks
