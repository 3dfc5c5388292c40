"""Arrays one behind the other, or on top of each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from raskt.array._join import concatenated, stacked
from raskt.array.conversion import asanyarray
from raskt.array.shape import atleast_1d, atleast_2d, atleast_3d

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["append", "block", "column_stack", "concatenate", "dstack", "hstack", "stack", "vstack"]


def _arrays(seq: Any) -> list[Array]:
    return [asanyarray(x, asarray=False) if not hasattr(x, "_expr") else x for x in seq]


def concatenate(
    seq: Any,
    axis: int | None = 0,
    allow_unknown_chunksizes: bool = False,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Array:
    """Put arrays one behind the other.

    Parameters
    ----------
    seq : sequence of array_like
        The arrays; of one shape, but for the axis.
    axis : int, optional
        Along which axis; None flattens them first.
    allow_unknown_chunksizes : bool, optional
        Whether chunks of unknown sizes are taken for equal. Otherwise those of different origins are found
        out and compared when the array is computed.
    dtype : dtype, optional
        The dtype that the arrays are cast to.
    casting : str, optional
        Which casts to it are allowed, as in NumPy.

    Returns
    -------
    Array
        The arrays as one.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.concatenate([ra.arange(2, chunks=2), ra.arange(3, chunks=2)]).chunks
    ((2, 2, 1),)
    """
    arrays = _cast(_arrays(seq), dtype, casting)
    if not arrays:
        raise ValueError("need at least one array to concatenate")
    if axis is None:
        arrays, axis = [x.reshape(-1) for x in arrays], 0
    return concatenated(arrays, int(axis), allow_unknown_chunksizes)


def _cast(arrays: list[Array], dtype: Any, casting: Any) -> list[Array]:
    return arrays if dtype is None else [x.astype(dtype, casting=casting) for x in arrays]


def stack(
    seq: Any,
    axis: int = 0,
    allow_unknown_chunksizes: bool = False,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Array:
    """Put arrays on top of each other, along a new axis.

    Parameters
    ----------
    seq : sequence of array_like
        The arrays, of one shape.
    axis : int, optional
        Where the new axis is.
    allow_unknown_chunksizes : bool, optional
        Whether chunks of unknown sizes are taken for equal, as in `concatenate`.
    dtype, casting : optional
        As in `concatenate`.

    Returns
    -------
    Array
        The arrays as one.
    """
    arrays = _cast([asanyarray(x) for x in seq], dtype, casting)
    if not arrays:
        raise ValueError("need at least one array to stack")
    return stacked(arrays, int(axis), allow_unknown_chunksizes)


def vstack(tup: Any, allow_unknown_chunksizes: bool = False) -> Array:
    """Put arrays on top of each other, along the first axis."""
    return concatenate([atleast_2d(x) for x in _checked(tup)], 0, allow_unknown_chunksizes)


def hstack(tup: Any, allow_unknown_chunksizes: bool = False) -> Array:
    """Put arrays side by side, along the second axis, or the only one."""
    arrays = [atleast_1d(x) for x in _checked(tup)]
    return concatenate(arrays, 0 if all(x.ndim == 1 for x in arrays) else 1, allow_unknown_chunksizes)


def dstack(tup: Any, allow_unknown_chunksizes: bool = False) -> Array:
    """Put arrays behind each other, along the third axis."""
    return concatenate([atleast_3d(x) for x in _checked(tup)], 2, allow_unknown_chunksizes)


def column_stack(tup: Any, allow_unknown_chunksizes: bool = False) -> Array:
    """Put arrays side by side, those of one axis as columns.

    Parameters
    ----------
    tup : sequence of array_like
        The arrays.
    allow_unknown_chunksizes : bool, optional
        As in `concatenate`.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.column_stack([ra.arange(2, chunks=1), ra.ones((2, 1), dtype=int)]).compute()
    array([[0, 1],
           [1, 1]])
    """
    arrays = [x if x.ndim > 1 else x.reshape(-1)[:, None] for x in _arrays(_checked(tup))]
    return concatenate(arrays, axis=1, allow_unknown_chunksizes=allow_unknown_chunksizes)


def _checked(tup: Any) -> Any:
    if hasattr(tup, "_expr"):
        raise NotImplementedError("a sequence of arrays is needed, found one array: pass a list")
    return tup


def append(arr: Any, values: Any, axis: int | None = None) -> Array:
    """Put values behind an array, along an axis, or flat."""
    arr, values = asanyarray(arr), asanyarray(values)
    if axis is None:
        arr, values, axis = arr.reshape(-1), values.reshape(-1), 0
    return concatenate([arr, values], axis)


def block(arrays: Any, allow_unknown_chunksizes: bool = False) -> Array:
    """Put nested lists of arrays together: the innermost along the last axis.

    Parameters
    ----------
    arrays : nested list of array_like
        The arrays.
    allow_unknown_chunksizes : bool, optional
        As in `concatenate`.

    Returns
    -------
    Array
        The arrays as one.
    """
    levels = _depth(arrays)
    ndim = max(levels, *(x.ndim for x in _leaves(arrays)), 0)
    return _joined(arrays, ndim, ndim - levels, allow_unknown_chunksizes)


def _depth(item: Any) -> int:
    if isinstance(item, tuple):
        raise TypeError("block takes lists, not tuples: only lists of arrays can be nested")
    if isinstance(item, list):
        if not item:
            raise ValueError("List at arrays cannot be empty")
        depths = {_depth(x) for x in item}
        if len(depths) > 1:
            raise ValueError("List depths are mismatched")
        return 1 + depths.pop()
    return 0


def _leaves(item: Any) -> Iterator[Array]:
    if isinstance(item, list):
        for x in item:
            yield from _leaves(x)
    else:
        yield asanyarray(item)


def _joined(item: Any, ndim: int, axis: int, allow_unknown_chunksizes: bool) -> Array:
    """Return nested lists put together, the outermost along ``axis``, as an array of ``ndim`` axes."""
    if isinstance(item, list):
        parts = [_joined(x, ndim, axis + 1, allow_unknown_chunksizes) for x in item]
        return concatenate(parts, axis, allow_unknown_chunksizes)
    found = asanyarray(item)
    while found.ndim < ndim:
        found = found[None]
    return found
