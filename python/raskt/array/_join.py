"""Arrays one behind the other, or on top of each other: what is asked for once they are arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import asked, dtype_parameter

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["concatenated", "stacked"]


def concatenated(arrays: list[Array], axis: int, allow_unknown_chunksizes: bool = False) -> Array:
    """Return arrays one behind the other."""
    return asked("concatenate", arrays, _parameters(arrays, axis, allow_unknown_chunksizes))


def stacked(arrays: list[Array], axis: int, allow_unknown_chunksizes: bool = False) -> Array:
    """Return arrays on top of each other, along a new axis."""
    return asked("stack", arrays, _parameters(arrays, axis, allow_unknown_chunksizes))


def _parameters(arrays: list[Array], axis: int, allow_unknown_chunksizes: bool) -> dict[str, Any]:
    parameters = {"axis": axis, "dtype": _common_dtype(arrays)}
    return {**parameters, "allows_unknown": True} if allow_unknown_chunksizes else parameters


def _common_dtype(arrays: list[Array]) -> str | None:
    """Return the dtype that arrays have together, as a parameter; None where they have one already."""
    dtypes = {x._dtype for x in arrays}
    if len(dtypes) < 2 or None in dtypes:
        return None
    return dtype_parameter(np.result_type(*[x.dtype for x in arrays]))
