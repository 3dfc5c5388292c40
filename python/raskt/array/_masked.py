"""Arrays whose blocks are masked arrays of `numpy.ma`: how they are made and told from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import dtype_parameter, told
from raskt.array._op import op

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["has_mask", "masked"]


def has_mask(x: Any) -> bool:
    """Return whether an array is known to be masked."""
    return isinstance(getattr(x, "_given_meta", x), np.ma.MaskedArray)


def masked(function: str, *operands: Any, dtype: Any = None, **kwargs: Any) -> Array:
    """Return the masked array that a function of `numpy.ma` makes of blocks, element by element."""
    parameters: dict[str, Any] = {"function": f"numpy.ma.{function}"}
    if dtype is not None:
        parameters["dtype"] = dtype_parameter(dtype)
    if kwargs:
        parameters["kwargs"] = kwargs
    found = op("apply", operands, parameters)
    return told(found, meta=np.ma.masked_array(np.empty((0,) * found.ndim, found.dtype)))
