"""What to do with blocks of other libraries' types: functions by type, which those libraries register."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from raskt.dispatch import Dispatch

__all__ = ["concatenate", "concatenate_lookup"]

concatenate_lookup = Dispatch("concatenate_lookup")
"""How blocks of a type are put one behind the other: ``function(blocks, axis=0)``.

Examples
--------
>>> import numpy as np
>>> from raskt.array.dispatch import concatenate_lookup
>>> concatenate_lookup.dispatch(np.ndarray) is np.concatenate
True
"""

concatenate_lookup.register(object, np.concatenate)


@concatenate_lookup.register_lazy("scipy")
def _register_scipy() -> None:
    sparse: Any = importlib.import_module("scipy.sparse")

    @concatenate_lookup.register((sparse.spmatrix, sparse.sparray))
    def concatenate_sparse(parts: Any, axis: int = 0) -> Any:
        return sparse.vstack(parts) if axis == 0 and parts[0].ndim > 1 else sparse.hstack(parts)


@concatenate_lookup.register(np.ma.MaskedArray)
def joined_masked(parts: Any, axis: int = 0) -> Any:
    """Put masked blocks one behind the other; a fill value that all of them have stays."""
    found = np.ma.concatenate(parts, axis=axis)  # type: ignore[no-untyped-call]
    values = [part.fill_value for part in parts if isinstance(part, np.ma.MaskedArray)]
    if found.dtype == parts[0].dtype and all(_is_same(value, values[0]) for value in values[1:]):
        found.fill_value = values[0]
    return found


def _is_same(a: Any, b: Any) -> bool:
    return bool(a == b) or bool(a != a and b != b)


def concatenate(parts: list[Any], axis: int) -> Any:
    """Put blocks one behind the other, as the type of the first that is no array of NumPy's does.

    Parameters
    ----------
    parts : list of arrays
        The blocks.
    axis : int
        Along which axis.

    Returns
    -------
    array
    """
    other = next((part for part in parts if not isinstance(part, np.ndarray)), parts[0])
    return concatenate_lookup.dispatch(type(other))(parts, axis=axis)
