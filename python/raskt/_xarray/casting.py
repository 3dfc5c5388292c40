"""Functions of xarray's own, whose blocks have the dtype that xarray says they have."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Cast", "is_xarrays"]


def is_xarrays(function: Any) -> bool:
    """Return whether a function is xarray's: these make what pandas and SciPy make, whatever they say."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__module__", "")).partition(".")[0] == "xarray"


class Cast(NamedTuple):
    """A function with its result in a dtype; as a class, it travels to other processes."""

    function: Callable[..., Any]
    dtype: np.dtype[Any]

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        return np.asarray(self.function(*args, **kwargs)).astype(self.dtype, copy=False)
