"""Which functions of blocks are known to write nothing: they get blocks that others share, without a copy."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

__all__ = ["reads_only"]

_WRITERS = frozenset({"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"})
"""What of NumPy writes into its first argument."""

_HARMLESS = frozenset({"axis", "axes", "ddof", "dtype", "keepdims"})
"""Keywords with which a function of NumPy's still writes nothing."""


def reads_only(function: Any, n_args: int, kwargs: dict[str, Any]) -> bool:
    """Return whether a call is of a function of NumPy's that writes into none of its arguments."""
    names = set(kwargs)
    while isinstance(function, functools.partial):
        n_args += len(function.args)
        names.update(function.keywords)
        function = function.func
    if isinstance(function, np.ufunc):
        return n_args <= function.nin and names <= _HARMLESS
    is_numpy = type(function) is type(np.sum) and function.__module__.partition(".")[0] == "numpy"
    return is_numpy and n_args == 1 and names <= _HARMLESS and function.__name__ not in _WRITERS
