"""Chunks as operations take them: what ``chunks=`` comes to for a shape."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt, config
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from raskt._raskt import ArrayChunks

__all__ = ["CHUNK_BYTES", "LENGTH_MAX", "grid_of", "known_grid_of", "limit_bytes", "read_bytes"]


CHUNK_BYTES = 128 * 2**20
"""The size that blocks of a rechunk do not exceed where the engine is told no other."""


def limit_bytes(limit: Any = None) -> int:
    """Return the size that automatic chunks do not exceed."""
    if limit is not None:
        return _bytes_in(limit)
    return _bytes_in(config.get("array.chunk-size"))


@functools.lru_cache(maxsize=64)
def _bytes_in(text: Any) -> int:
    """Return the size that a number, or a text such as ``"128 MiB"``, says."""
    return parse_bytes(text)


#: No axis of NumPy's is longer.
LENGTH_MAX = 2**63 - 1


def grid_of(
    chunks: Any, shape: Any, dtype: Any = None, limit: Any = None, previous: Any = None
) -> ArrayChunks:
    """Return chunks as operations take them."""
    if type(chunks) is _raskt.ArrayChunks:
        return chunks
    chunks, limit = read_bytes(chunks, limit)
    lengths = [None if n != n else _length(n) for n in shape]
    item = None if dtype is None or np.dtype(dtype).hasobject else np.dtype(dtype).itemsize
    return _raskt.array_chunks(chunks, lengths, item, limit_bytes(limit), previous)


def known_grid_of(chunks: Any, shape: Any, dtype: Any = None, previous: Any = None) -> ArrayChunks:
    """Return the chunks of an array that is made here, whose sizes are all known."""
    by_axis = chunks.values() if isinstance(chunks, dict) else chunks
    if isinstance(by_axis, (list, tuple)) or isinstance(chunks, dict):
        for sizes in by_axis:
            if isinstance(sizes, (list, tuple)) and any(n != n for n in sizes):
                raise ValueError(
                    f"chunks of an array of shape {tuple(shape)} cannot be nan, found {chunks!r}"
                )
    return grid_of(chunks, shape, dtype, None, previous)


def _length(n: Any) -> int:
    """Return the length of an axis, if it can be one."""
    length = operator.index(n)
    if length < 0:
        raise ValueError(f"negative dimensions are not allowed, found {length}")
    if length > LENGTH_MAX:
        raise ValueError(f"Maximum allowed dimension exceeded: at most 2**63 - 1, found {length}")
    return length


def read_bytes(chunks: Any, limit: Any) -> tuple[Any, Any]:
    """Return chunks and limit: byte strings are automatic chunks with another limit."""

    def read(spec: Any) -> Any:
        nonlocal limit
        if isinstance(spec, str) and spec != "auto":
            limit = spec
            return "auto"
        return spec

    if isinstance(chunks, str):
        return read(chunks), limit
    if isinstance(chunks, dict):
        return {axis: read(spec) for axis, spec in chunks.items()}, limit
    if isinstance(chunks, (tuple, list)) and any(isinstance(spec, str) for spec in chunks):
        return tuple(read(spec) for spec in chunks), limit
    if isinstance(chunks, np.ndarray):
        return chunks.tolist(), limit
    return chunks, limit
