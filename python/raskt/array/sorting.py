"""Elements in order, the largest ones, and those that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt._whole import truncated
from raskt.array._axes import axis_of
from raskt.array._base import dtype_parameter, is_known, known_shape
from raskt.array._deferred import NAN, similar
from raskt.array._meta import dtype_name
from raskt.array._op import op
from raskt.array._reduce import together
from raskt.array._task import several
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray
from raskt.array.creation import zeros
from raskt.array.searching import take_along_axis

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["argpartition", "argsort", "argtopk", "lexsort", "partition", "sort", "topk", "union1d", "unique"]


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
    return _sorted(a, at, a._expr.dtype, {"block": "sort_block", "merge": "merge_blocks"})


def _sorted(a: Array, at: int, dtype: str, told: dict[str, Any]) -> Array:
    """Return an array in order along an axis: blocks in order of their own, then merged in pairs."""
    return op("sort", (a,), {"axis": at, "dtype": dtype, **told})


def argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Array:
    """Return where the elements are that come one after the other in order along an axis.

    Of equal elements the first comes first. Blocks are merged in pairs, as by `sort`.

    Parameters
    ----------
    a, axis, kind, order, stable
        As in `sort`.

    Returns
    -------
    Array
        The places.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.argsort(ra.asarray([3, 1, 2, 0]).rechunk(2)).compute()
    array([3, 1, 2, 0])
    """
    del kind, stable
    if order is not None:
        raise NotImplementedError("argsort by fields of records: take the field")
    a = asanyarray(a)
    if axis is None:
        a, axis = a.reshape(-1), 0
    at = axis_of(axis, a.ndim)
    record = np.dtype([("value", a.dtype), ("place", np.int64)])
    told = {"block": "arg_block", "merge": "merge_args", "info": True}
    pairs = _sorted(a, at, dtype_name(record), told)
    found: Array = pairs["place"]
    return found


def partition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Array:
    """Return the elements with those before ``kth`` no greater, and those behind it no smaller: all in order.

    Parameters
    ----------
    a : array_like
        The array.
    kth : int or sequence of int
        Which places.
    axis, kind, order
        As in `sort`, by which it is done.

    Returns
    -------
    Array
    """
    del kind
    return sort(*_with_places(a, kth, axis), order=order)


def argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Array:
    """Return where the elements are that `partition` returns: see `argsort`."""
    del kind
    return argsort(*_with_places(a, kth, axis), order=order)


def _with_places(a: Any, kth: Any, axis: Any) -> tuple[Array, int]:
    """Return an array and an axis that has all of some places."""
    x = asanyarray(a)
    if axis is None:
        x, axis = x.reshape(-1), 0
    at = axis_of(axis, x.ndim)
    length = x.shape[at]
    for place in np.ravel(kth).tolist():
        if not isinstance(place, int):
            raise TypeError("Partition index must be integer")
        if length == length and not -length <= place < length:
            raise ValueError(f"kth(={place}) out of bounds ({length})")
    return x, at


def _top(name: str, a: Any, k: int, axis: int, split_every: Any) -> Array:
    a = asanyarray(a)
    at, k = axis_of(axis, a.ndim), truncated("k", k)
    code = dtype_parameter(np.int64) if name == "argtopk" else a._expr.dtype
    kwargs = {"k": k, "axis": at}
    parameters = {
        "axis": at,
        "keepdims": True,
        "split_every": together(split_every, at, a.ndim),
        "dtype": code,
        "output_size_max": abs(k),
        "waits": True,
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
    axis: int | None = None,
    *,
    equal_nan: bool = True,
) -> Any:
    """Return the elements that differ, in order.

    Parameters
    ----------
    ar : array_like
        The array; taken flat unless ``axis`` is given.
    return_index : bool, optional
        Whether the places where each is first are returned too.
    return_inverse : bool, optional
        Whether the number of each element is returned too.
    return_counts : bool, optional
        Whether how often each is there is returned too.
    axis : int, optional
        Along which axis the slices are that are compared: one task gets the whole array then.
    equal_nan : bool, optional
        Whether NaN equals NaN.

    Returns
    -------
    Array, or tuple of Array
        The elements, of unknown number.
    """
    x = asanyarray(ar)
    if axis is not None:
        return _unique_along(
            x, axis_of(axis, x.ndim), (True, return_index, return_inverse, return_counts), bool(equal_nan)
        )
    asked = ["values"]
    asked += ["index"] if return_index else []
    asked += ["inverse"] if return_inverse else []
    asked += ["counts"] if return_counts else []
    found = [_unique(x, what, bool(equal_nan)) for what in asked]
    return found[0] if len(found) == 1 else tuple(found)


def _unique_along(x: Array, axis: int, asked: tuple[bool, ...], equal_nan: bool) -> Any:
    """Return what `unique` does of the slices along an axis."""
    shape = known_shape(x, "unique")
    if x.dtype.hasobject:
        raise TypeError(f"The axis argument to unique is not supported for dtype {x.dtype}")
    results = [
        ((*shape[:axis], NAN, *shape[axis + 1 :]), x.dtype),
        ((NAN,), np.intp),
        ((shape[axis],), np.intp),
        ((NAN,), np.intp),
    ]
    function = "raskt.array._chunk_order.unique_along"
    every = several(function, (x,), results, "unique", axis=axis, equal_nan=equal_nan)
    found = [one for one, is_asked in zip(every, asked, strict=True) if is_asked]
    return found[0] if len(found) == 1 else tuple(found)


def _unique(x: Array, what: str, equal_nan: bool) -> Array:
    """Return one of the things that `unique` returns."""
    shape = x.shape
    if not is_known(shape) and what == "inverse":
        # The shape of the numbers is known only with the sizes.
        return similar("raskt.array.sorting:_unique", (x, what, equal_nan), x, {}, np.int64)
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
            "waits": what == "index",
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
    if not equal_nan and x.dtype.kind in "fc":
        # Each NaN is one of its own, in their order.
        is_nan = x != x
        numbers = numbers + is_nan * (is_nan.cumsum(axis=0) - 1)
    made: Array = numbers.reshape(shape if len(shape) else (1,))
    return made


def union1d(ar1: Any, ar2: Any) -> Array:
    """Return the elements that are in either of two arrays, in order."""
    found: Array = unique(concatenate([asanyarray(ar1).reshape(-1), asanyarray(ar2).reshape(-1)]))
    return found


def lexsort(keys: Any, axis: int = -1) -> Array:
    """Return the places of elements in the order of several keys, of which the last counts first.

    Parameters
    ----------
    keys : sequence of array_like, or array_like
        The keys, of one shape; of an array, along its first axis.
    axis : int, optional
        Along which axis of a key.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> surnames, names = [2, 1, 2], [1, 0, 0]
    >>> ra.lexsort((names, surnames)).compute()
    array([1, 2, 0])
    """
    arrays = [asanyarray(key) for key in keys]
    if not arrays:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    shape = known_shape(arrays[0], "lexsort")
    if any(known_shape(key, "lexsort") != shape for key in arrays):
        raise ValueError("all keys need to be the same shape")
    if not shape:
        return zeros((), dtype=np.intp)
    found = argsort(arrays[0], axis=axis)
    for key in arrays[1:]:
        found = take_along_axis(found, argsort(take_along_axis(key, found, axis), axis=axis), axis)
    return found
