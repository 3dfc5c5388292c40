"""Which types of arrays may be blocks: those to which operators of lazy arrays do not give way."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["is_valid_array_chunk", "is_valid_chunk_type", "register_chunk_type"]

_TYPES: list[type] = [np.ndarray]
_LAZY = (
    ("scipy.sparse", "spmatrix"),
    ("scipy.sparse", "sparray"),
    ("sparse", "SparseArray"),
    ("cupy", "ndarray"),
)
"""Types of libraries that are not imported for that: module and name."""


def register_chunk_type(type: type) -> None:
    """Say that arrays of a type may be blocks: then a lazy array and one of them make a lazy array.

    Without it both give way to each other, which is a `TypeError`, or the other type decides.

    Parameters
    ----------
    type : type
        The type, with NumPy's protocols, ``shape``, ``dtype`` and slices.

    Examples
    --------
    >>> import raskt.array as ra
    >>> class Marked:
    ...     shape, ndim, dtype = (2,), 1, "int64"
    >>> ra.register_chunk_type(Marked)
    """
    if type not in _TYPES:
        _TYPES.append(type)


def _known() -> tuple[type, ...]:
    found = [getattr(sys.modules[module], name, None) for module, name in _LAZY if module in sys.modules]
    return (*_TYPES, *(kind for kind in found if kind is not None))


def is_valid_chunk_type(type: type) -> bool:
    """Return whether arrays of a type may be blocks.

    Parameters
    ----------
    type : type
        The type.

    Returns
    -------
    bool
    """
    return isinstance(type, _type) and issubclass(type, _known())


_type = type


def is_valid_array_chunk(array: Any) -> bool:
    """Return whether an object may be a block: an array of a registered type, or a number.

    Parameters
    ----------
    array : object
        The object.

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array.chunk_types import is_valid_array_chunk
    >>> is_valid_array_chunk(np.ones(2)), is_valid_array_chunk([1])
    (True, False)
    """
    return (
        array is None
        or is_valid_chunk_type(_type(array))
        or isinstance(array, (bool, int, float, complex, np.generic))
    )
