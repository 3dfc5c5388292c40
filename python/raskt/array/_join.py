"""Arrays one behind the other, or on top of each other: what is asked for once they are arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import asked, dtype_parameter
from raskt.array._deferred import bounds_of, deferred, is_like

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["concatenated", "stacked"]


def concatenated(arrays: list[Array], axis: int, allow_unknown_chunksizes: bool = False) -> Array:
    """Return arrays one behind the other."""
    others = [at for at in range(arrays[0].ndim) if at != axis % max(arrays[0].ndim, 1)]
    if not allow_unknown_chunksizes and _may_differ(arrays, others):
        return _concatenated_later(arrays, axis)
    return asked("concatenate", arrays, {"axis": axis, "dtype": _common_dtype(arrays)})


def _concatenated_later(arrays: list[Array], axis: int) -> Array:
    """Put arrays one behind the other whose other axes have sizes that are not known to be equal."""
    first = arrays[0]
    at = axis % first.ndim
    dtype = None if any(x._dtype is None for x in arrays) else np.result_type(*[x.dtype for x in arrays])
    chunks: list[Any] = []
    for other in range(first.ndim):
        if other == at:
            chunks.append(tuple(size for x in arrays for size in x.chunks[other]))
            continue
        sure = [x.chunks[other] for x in arrays if x.shape[other] == x.shape[other]]
        chunks.append(sure[0] if sure else first.chunks[other])
    bounds: list[int | None] = list(bounds_of(first))
    along = [bounds_of(x)[at] for x in arrays]
    bounds[at] = None if None in along else sum(n for n in along if n is not None)
    return deferred("raskt.array.concatenate:concatenate", (arrays, axis), tuple(chunks), dtype, bounds)


def stacked(arrays: list[Array], axis: int, allow_unknown_chunksizes: bool = False) -> Array:
    """Return arrays on top of each other, along a new axis."""
    if not allow_unknown_chunksizes and _may_differ(arrays, range(arrays[0].ndim)):
        return _stacked_later(arrays, axis)
    return asked("stack", arrays, {"axis": axis, "dtype": _common_dtype(arrays)})


def _stacked_later(arrays: list[Array], axis: int) -> Array:
    """Put arrays on top of each other whose sizes are not known to be equal."""
    first = arrays[0]
    at = axis % (first.ndim + 1)
    dtype = None if any(x._dtype is None for x in arrays) else np.result_type(*[x.dtype for x in arrays])
    chunks: list[Any] = []
    for other in range(first.ndim):
        sure = [x.chunks[other] for x in arrays if x.shape[other] == x.shape[other]]
        chunks.append(sure[0] if sure else first.chunks[other])
    bounds: list[int | None] = list(bounds_of(first))
    chunks.insert(at, (1,) * len(arrays))
    bounds.insert(at, len(arrays))
    return deferred("raskt.array.concatenate:stack", (arrays, axis), tuple(chunks), dtype, bounds)


def _common_dtype(arrays: list[Array]) -> str | None:
    """Return the dtype that arrays have together, as a parameter; None where they have one already."""
    dtypes = {x._dtype for x in arrays}
    if len(dtypes) < 2 or None in dtypes:
        return None
    return dtype_parameter(np.result_type(*[x.dtype for x in arrays]))


def _may_differ(arrays: list[Array], axes: Any) -> bool:
    """Return whether arrays may differ along axes of unknown length."""
    first = arrays[0]
    if len({x.ndim for x in arrays}) > 1 or all(n == n for x in arrays for n in x.shape):
        return False
    return any(
        not is_like(first, axis, x, axis)
        for axis in axes
        if any(x.shape[axis] != x.shape[axis] for x in arrays)
        for x in arrays[1:]
    )
