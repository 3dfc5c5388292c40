"""Blocks of other libraries."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

__all__ = ["concatenate", "register_concatenate"]

_CONCATENATE: dict[type, Any] = {}


def register_concatenate(kind: type, function: Any) -> None:
    """Say how blocks of a type are put one behind the other.

    Parameters
    ----------
    kind : type
        The type of blocks.
    function : callable
        ``function(blocks, axis)``.
    """
    _CONCATENATE[kind] = function


def concatenate(parts: list[Any], axis: int) -> Any:
    """Put blocks one behind the other, as their type does."""
    for kind in type(parts[0]).__mro__:
        if kind in _CONCATENATE:
            return _CONCATENATE[kind](parts, axis)
    if type(parts[0]).__module__.startswith("scipy.sparse"):
        sparse = importlib.import_module("scipy.sparse")
        return sparse.vstack(parts) if axis == 0 else sparse.hstack(parts)
    return np.concatenate(parts, axis=axis)
