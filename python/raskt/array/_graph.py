"""Arrays as collections of other libraries see them: keys, tasks, and how blocks become an array again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._convert import convert
from raskt.array._base import array_of
from raskt.array._chunk import assemble
from raskt.array._grid import grid_of
from raskt.array._meta import dtype_name
from raskt.array.concatenate import block
from raskt.array.conversion import from_delayed
from raskt.array.rechunk import normalize_chunks

if TYPE_CHECKING:
    from raskt._raskt import ArrayExpr
    from raskt.array.core import Array

__all__ = ["graph_of", "keys_of", "rebuild", "whole_of"]


def keys_of(x: Array) -> list[Any]:
    """Return the keys of all blocks, in nested lists."""
    counts = x.numblocks
    return _nested((x.name,), counts) if counts else [(x.name,)]


def _nested(prefix: tuple[Any, ...], counts: tuple[int, ...]) -> Any:
    if not counts:
        return prefix
    return [_nested((*prefix, at), counts[1:]) for at in range(counts[0])]


def flat_keys(name: str, counts: Any) -> list[tuple[Any, ...]]:
    """Return the keys of all blocks in C order."""
    return [(name, *index) for index in itertools.product(*(range(n) for n in counts))]


def graph_of(x: Array) -> dict[Any, Any]:
    """Return a task for each block, which is that block of the whole expression."""
    keys = flat_keys(x.name, x.numblocks)
    return {key: _raskt.array_block_task(key, x._expr, at) for at, key in enumerate(keys)}


def whole_of(blocks: Any, counts: Any) -> Any:
    """Return one NumPy array of nested lists of blocks."""
    whole = assemble(list(_flat(blocks)), counts)
    return whole[()] if np.ndim(whole) == 0 and isinstance(whole, np.ndarray) else whole


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def expr_of_graph(graph: Any, name: Any, chunks: Any, dtype: Any, meta: Any, shape: Any) -> ArrayExpr:
    """Return the expression of an array whose blocks are values of a graph."""
    if not isinstance(graph, Mapping):
        raise TypeError(
            "an array is made of a graph, its name and chunks, or by functions such as from_array; "
            f"found {type(graph).__name__}"
        )
    if name is None or chunks is None:
        raise TypeError(f"an array of a graph needs its name and chunks, found {name!r} and {chunks!r}")
    if dtype is None:
        dtype = getattr(meta, "dtype", None)
    sizes = normalize_chunks(chunks, shape, dtype=dtype)
    grid = grid_of(sizes, tuple(sum(own) for own in sizes))
    said = "unknown" if dtype is None else dtype_name(np.dtype(dtype))
    return rebuild(graph, str(name), grid, said, _raskt.tokenize(graph, name, sizes, said))._expr


def rebuild(graph: Any, name: str, grid: Any, dtype: str, token: str, rename: Any = None) -> Array:
    """Return an array on another graph with the same keys."""
    found = (rename or {}).get(name, name)
    counts = tuple(len(sizes) for sizes in grid.sizes)
    keys = flat_keys(found, counts)
    values = [graph[key] for key in keys]
    shapes = list(itertools.product(*grid.sizes))
    if all(_is_as_said(*told, dtype) for told in zip(values, shapes, strict=True)):
        fresh = token if found == name else _raskt.tokenize(token, found)
        return array_of(_raskt.array_persisted(values, grid, dtype, fresh))
    parts = np.empty(len(keys), dtype=object)
    for at, (delayed, shape) in enumerate(zip(convert(graph, keys), shapes, strict=True)):
        parts[at] = from_delayed(delayed, shape, None if dtype == "unknown" else dtype)
    return block(parts.reshape(counts).tolist()) if counts else parts[0]


def _is_as_said(value: Any, shape: tuple[Any, ...], dtype: str) -> bool:
    """Whether a value is a block as it was said to be: others are looked at when they are computed."""
    return (
        isinstance(value, np.ndarray)
        and value.ndim == len(shape)
        and all(n != n or n == own for n, own in zip(shape, value.shape, strict=True))
        and dtype in ("unknown", dtype_name(value.dtype))
    )
