"""Elements in order, the largest ones, and those that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import dtype_parameter, is_known, known_shape
from raskt.array._deferred import NAN, bounds_of, deferred, similar
from raskt.array._op import op
from raskt.array._reduce import together
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raskt.array.core import Array

__all__ = ["argtopk", "sort", "topk", "union1d", "unique"]


def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Array:
    """Return the elements in order along an axis.

    Blocks are sorted on their own, then merged in pairs, so that no task holds more than two of them.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int, optional
        Along which axis; of the flat array for None.
    kind, stable : optional
        Accepted as NumPy does.
    order : None
        Fields of records: not there.

    Returns
    -------
    Array
        The elements in order, NaN last.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.sort(ra.asarray([3, 1, 2, 0]).rechunk(2)).compute()
    array([0, 1, 2, 3])
    """
    del kind, stable
    if order is not None:
        raise NotImplementedError("sort by fields of records: take the field, or map_blocks with numpy.sort")
    a = asanyarray(a)
    if axis is None:
        a, axis = a.reshape(-1), 0
    at = axis_of(axis, a.ndim)
    n = a.numblocks[at]
    if n > 1:
        if not is_known(a.shape):
            return deferred("raskt.array.sorting:sort", (a, at), a.chunks, a._dtype, bounds_of(a))
        # The network below is right for blocks of one size, of which the last may be smaller.
        a = a.rechunk({at: max(a.chunks[at])})
        n = a.numblocks[at]
    letters = list(range(a.ndim))

    def of_blocks(name: str, blocks: tuple[Array, ...], like: Array, **kwargs: Any) -> Array:
        second = [a.ndim if letter == at else letter for letter in letters]
        parameters = {
            "function": f"raskt.array._chunk_order.{name}",
            "kwargs": {"axis": at, **kwargs},
            "output": letters,
            "inputs": [letters, second][: len(blocks)],
            "chunks": like._expr.grid,
            "dtype": a._expr.dtype,
        }
        return op("blockwise", blocks, parameters)

    ordered = of_blocks("sort_block", (a,), a)
    if n == 1:
        return ordered
    before = (slice(None),) * at
    parts = [ordered.blocks[(*before, number)] for number in range(n)]
    for i, j in _exchanges(n):
        pair = (parts[i], parts[j])
        parts[i] = of_blocks("merge_blocks", pair, pair[0], half="lower")
        parts[j] = of_blocks("merge_blocks", pair, pair[1], half="upper")
    return concatenate(parts, axis=at)


def _exchanges(n: int) -> Iterator[tuple[int, int]]:
    """Give the pairs that Batcher's odd-even merge sort compares (Knuth, volume 3, algorithm 5.2.2M)."""
    width = 1
    while width < n:
        step = width
        while step >= 1:
            for start in range(step % width, n - step, 2 * step):
                for i in range(start, start + min(step, n - start - step)):
                    if i // (2 * width) == (i + step) // (2 * width):
                        yield i, i + step
            step //= 2
        width *= 2


def _top(name: str, a: Any, k: int, axis: int, split_every: Any) -> Array:
    a = asanyarray(a)
    at = axis_of(axis, a.ndim)
    if not is_known(a.shape):
        chunks = tuple((NAN,) if axis == at else sizes for axis, sizes in enumerate(a.chunks))
        bounds = [abs(k) if axis == at else n for axis, n in enumerate(bounds_of(a))]
        dtype = np.dtype(np.int64) if name == "argtopk" else a._dtype
        return deferred(f"raskt.array.sorting:{name}", (a, k, at, split_every), chunks, dtype, bounds)
    n = known_shape(a, "topk")[at]
    code = dtype_parameter(np.int64) if name == "argtopk" else a._expr.dtype
    kwargs = {"k": int(k), "axis": at}
    parameters = {
        "axis": at,
        "keepdims": True,
        "split_every": together(split_every, at, a.ndim),
        "dtype": code,
        "output_size": min(abs(k), n),
        "chunk": "raskt.array._chunk_order.top_chunk",
        "combine": "raskt.array._chunk_order.top_combine",
        "aggregate": f"raskt.array._chunk_order.{name}",
        "kwargs": kwargs,
        "info": True,
    }
    return op("reduction", (a,), parameters)


def topk(a: Any, k: int, axis: int = -1, split_every: Any = None) -> Array:
    """Return the largest elements along an axis, largest first.

    Parameters
    ----------
    a : array_like
        The array.
    k : int
        How many; negative for the smallest, smallest first.
    axis : int, optional
        Along which axis.
    split_every : int, optional
        How many partial results are combined at once.

    Returns
    -------
    Array
        The elements.
    """
    return _top("topk", a, k, axis, split_every)


def argtopk(a: Any, k: int, axis: int = -1, split_every: Any = None) -> Array:
    """Return where the largest elements along an axis are; see `topk`."""
    return _top("argtopk", a, k, axis, split_every)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    *,
    equal_nan: bool = True,
) -> Any:
    """Return the elements that differ, in order.

    Parameters
    ----------
    ar : array_like
        The array; taken flat.
    return_index : bool, optional
        Whether the places where each is first are returned too.
    return_inverse : bool, optional
        Whether the number of each element is returned too.
    return_counts : bool, optional
        Whether how often each is there is returned too.
    equal_nan : bool, optional
        Whether NaN equals NaN.

    Returns
    -------
    Array, or tuple of Array
        The elements, of unknown number.
    """
    x = asanyarray(ar)
    asked = ["values"]
    asked += ["index"] if return_index else []
    asked += ["inverse"] if return_inverse else []
    asked += ["counts"] if return_counts else []
    found = [_unique(x, what, bool(equal_nan)) for what in asked]
    return found[0] if len(found) == 1 else tuple(found)


def _unique(x: Array, what: str, equal_nan: bool) -> Array:
    """Return one of the things that `unique` returns."""
    shape = x.shape
    if not is_known(shape) and what in ("index", "inverse"):
        # Where a block begins is known only with the sizes of those before.
        args = (x, what, equal_nan)
        if what == "index":
            return deferred("raskt.array.sorting:_unique", args, ((NAN,),), np.int64)
        return similar("raskt.array.sorting:_unique", args, x, {}, np.int64)
    x = x.reshape(-1)
    code = x._expr.dtype

    def reduced(what: str, dtype: str) -> Array:
        parameters = {
            "axis": 0,
            "keepdims": True,
            "dtype": dtype,
            "output_size": -1,
            "chunk": "raskt.array._chunk_order.unique_chunk",
            "combine": "raskt.array._chunk_order.unique_combine",
            "aggregate": "raskt.array._chunk_order.unique_aggregate",
            "kwargs": {"what": what, "equal_nan": equal_nan},
            "info": True,
        }
        return op("reduction", (x,), parameters)

    if what != "inverse":
        return reduced(what, code if what == "values" else "int64")
    parameters = {
        "function": "raskt.array._chunk_order.inverse",
        "output": [0],
        "inputs": [[0], [1]],
        "chunks": x._expr.grid,
        "contraction": "spread",
        "dtype": "int64",
    }
    numbers = op("blockwise", (x, reduced("values", code)), parameters)
    made: Array = numbers.reshape(shape if len(shape) else (1,))
    return made


def union1d(ar1: Any, ar2: Any) -> Array:
    """Return the elements that are in either of two arrays, in order."""
    found: Array = unique(concatenate([asanyarray(ar1).reshape(-1), asanyarray(ar2).reshape(-1)]))
    return found
