"""How arrays are cut into chunks."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._axes import axis_of
from raskt.array._deferred import balanced
from raskt.array._grid import CHUNK_BYTES, grid_of, limit_bytes, read_bytes
from raskt.array._op import op
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt._raskt import ArrayChunks
    from raskt.array.core import Array

__all__ = ["normalize_chunks", "rechunk", "unify_chunks", "whole_along"]


def normalize_chunks(
    chunks: Any, shape: Any = None, limit: Any = None, dtype: Any = None, previous_chunks: Any = None
) -> tuple[tuple[int, ...], ...]:
    """Return what ``chunks=`` comes to for an array.

    Parameters
    ----------
    chunks : int, tuple, dict or str
        Sizes, ``-1`` for whole axes, ``"auto"``, or a number of bytes as text.
    shape : tuple of int, optional
        The shape of the array; the sum of the sizes where it is not given.
    limit : int or str, optional
        The size that automatic chunks do not exceed.
    dtype : dtype, optional
        The dtype, which automatic chunks need.
    previous_chunks : tuple of int or of tuples of int, optional
        How the array is cut already: automatic chunks keep its boundaries where they can.

    Returns
    -------
    tuple of tuples of int
        The sizes of all chunks along each axis.

    Examples
    --------
    >>> from raskt.array import normalize_chunks
    >>> normalize_chunks((5, -1), shape=(10, 3))
    ((5, 5), (3,))
    """
    if chunks is None:
        raise ValueError("chunks are 'auto', sizes or bytes, found None")
    if shape is None:
        shape = tuple(sum(sizes) for sizes in chunks)
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    previous = None
    if previous_chunks is not None:
        said = (own if isinstance(own, int) else tuple(own) for own in previous_chunks)
        previous = grid_of(tuple(said), shape)
    grid = grid_of(chunks, shape, dtype, limit, previous)
    return grid.sizes


def rechunk(
    x: Any,
    chunks: Any = "auto",
    threshold: int | None = None,
    block_size_limit: Any = None,
    balance: bool = False,
    method: str | None = None,
) -> Array:
    """Cut an array into other chunks.

    Parameters
    ----------
    x : array_like
        The array.
    chunks : int, tuple, dict or str, optional
        The new chunks: sizes, ``-1`` for whole axes, None for axes that stay, ``"auto"``, bytes as text, or a
        dictionary of these by axis.
    threshold : int, optional
        How many pairs of an old and a new chunk there may be for each chunk before chunks between the two are
        looked for. By default what costs least.
    block_size_limit : int or str, optional
        The size that automatic chunks, and chunks between old and new ones, do not exceed.
    balance : bool, optional
        Whether the sizes of chunks along an axis are to differ by one at most.
    method : {"tasks", "p2p"}, optional
        How elements travel: new chunks straight from whole old ones, or from pieces into which these are
        cut, and
        which go to disk one by one where memory is short. By default as the sizes and the memory limit of the
        computation have it.

    Returns
    -------
    Array
        The same elements.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.ones((4, 6), chunks=2).rechunk({0: -1, 1: 3}).chunks
    ((4,), (3, 3))
    """
    x = asanyarray(x)
    if method not in (None, "tasks", "p2p"):
        raise ValueError(f"method must be 'tasks' or 'p2p', found {method!r}")
    if threshold is not None and threshold < 1:
        raise ValueError(f"threshold must be 1 or more, found {threshold}")
    parameters: dict[str, Any] = {}
    if threshold is not None:
        parameters["threshold"] = float(threshold)
    if method is not None:
        parameters["method"] = method
    limit = limit_bytes(block_size_limit)
    if limit != CHUNK_BYTES:
        parameters["limit"] = limit
    if any(n != n for n in x.shape):
        return _recut(x, chunks, block_size_limit, parameters)
    grid = grid_of(chunks, x.shape, x._dtype, block_size_limit, x._expr.grid)
    if balance:
        grid = _balanced(grid, x)
    return op("rechunk", (x,), {"chunks": grid, **parameters})


def _recut(x: Array, chunks: Any, limit: Any, parameters: dict[str, Any]) -> Array:
    """Cut an array of unknown shape as is asked for along each axis, as far as that is known."""
    chunks, limit = read_bytes(chunks, limit)
    specs: list[Any]
    if isinstance(chunks, dict):
        specs = [None] * x.ndim
        for axis, spec in chunks.items():
            specs[axis_of(axis, x.ndim)] = spec
    elif type(chunks) is _raskt.ArrayChunks:
        specs = list(chunks.sizes)
    elif not isinstance(chunks, (tuple, list)):
        specs = [chunks] * x.ndim
    elif x.ndim == 1 and len(chunks) != 1 and all(isinstance(n, (int, float)) for n in chunks):
        specs = [tuple(chunks)]
    else:
        specs = list(chunks)
    dtype = x._dtype
    asked = {
        "specs": [_spec(spec) for spec in specs],
        "item_bytes": None if dtype is None or dtype.hasobject else dtype.itemsize,
        "auto_bytes": limit_bytes(limit),
    }
    return op("rechunk", (x,), {**asked, **parameters})


def _spec(spec: Any) -> Any:
    """Return what is asked for along an axis, None for sizes that are not known."""
    if isinstance(spec, (tuple, list)):
        return [None if n != n else int(n) for n in spec]
    if spec is None or isinstance(spec, str):
        return spec
    return operator.index(spec)


def _balanced(grid: ArrayChunks, x: Any) -> ArrayChunks:
    """Return as many chunks as there are, whose sizes differ by one at most."""
    axes = []
    for sizes in grid.sizes:
        n = len(sizes)
        size, n_larger = divmod(sum(sizes), n)
        axes.append((size + 1,) * n_larger + (size,) * (n - n_larger))
    return grid_of(tuple(axes), x.shape)


def unify_chunks(*args: Any, **kwargs: Any) -> tuple[dict[Any, tuple[int, ...]], list[Any]]:
    """Bring arrays into common chunks along the indices that they share.

    Parameters
    ----------
    *args : array, index, array, index, ...
        Arrays, each followed by its indices: a string or a tuple; None for what is no array.
    **kwargs
        Accepted as Dask does (``warn``).

    Returns
    -------
    chunks : dict
        The chunks of each index.
    arrays : list
        The arrays in these chunks.

    Examples
    --------
    >>> import raskt.array as ra
    >>> chunks, (x, y) = ra.unify_chunks(ra.ones(6, chunks=3), "i", ra.ones(6, chunks=2), "i")
    >>> chunks, x.chunks
    ({'i': (2, 1, 1, 2)}, ((2, 1, 1, 2),))
    """
    del kwargs
    if not args:
        return {}, []
    pairs = [
        (asanyarray(a) if index is not None else a, index)
        for a, index in zip(args[::2], args[1::2], strict=True)
    ]
    common: dict[Any, Any] = {}
    for array, index in pairs:
        for axis, letter in enumerate(index or ()):
            sizes = array.chunks[axis]
            known = common.get(letter)
            common[letter] = sizes if known is None or known == (1,) else _refined(known, sizes, letter)
    unified = []
    for array, index in pairs:
        if index is None:
            unified.append(array)
            continue
        wanted = tuple(
            own if own == (1,) or _is_lone_unknown(own) else common[letter]
            for own, letter in zip(array.chunks, index, strict=True)
        )
        unified.append(array.rechunk(wanted) if wanted != array.chunks else array)
    return common, unified


def _is_lone_unknown(sizes: Any) -> bool:
    """Return whether there is one block of unknown length: it goes with any number of others."""
    return len(sizes) == 1 and sizes[0] != sizes[0]


def _refined(a: Any, b: Any, letter: Any) -> Any:
    if b == (1,) or a == b or _is_lone_unknown(b):
        return a
    if _is_lone_unknown(a):
        return b
    if sum(a) != sum(b):
        if sum(a) != sum(a) or sum(b) != sum(b):
            if len(a) == len(b):
                return a
            raise ValueError(f"chunks of unknown size along {letter!r} cannot be matched: {a} and {b}")
        raise ValueError(f"arrays differ along {letter!r}: {sum(a)} and {sum(b)} elements")
    ends = sorted({*np.cumsum(a).tolist(), *np.cumsum(b).tolist()} - {0})
    return tuple(np.diff([0, *ends]).tolist()) or (0,)


def whole_along(x: Array, axes: tuple[int, ...]) -> Array:
    """Return an array with axes in one chunk each, and blocks about as large as before.

    Parameters
    ----------
    x : Array
        The array.
    axes : tuple of int
        The axes.

    Returns
    -------
    Array
    """
    if all(x.numblocks[axis] == 1 for axis in axes):
        return x
    chunks = list(x.chunks)
    budget = math.prod(map(max, chunks))
    for axis in axes:
        chunks[axis] = (x.shape[axis],)
    others = sorted((at for at in range(x.ndim) if at not in axes), key=lambda at: -max(chunks[at]))
    for at in others:
        n_parts = -(-math.prod(map(max, chunks)) // max(budget, 1))
        if n_parts > 1:
            chunks[at] = tuple(
                part for size in chunks[at] for part in balanced(size, max(1, min(n_parts, size)))
            )
    made: Array = x.rechunk(tuple(chunks))
    return made
