"""The bytes of elements as elements of another dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import dtype_parameter
from raskt.array._op import op
from raskt.array.blockwise import map_blocks
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["view"]


def view(a: Any, dtype: Any = None, order: str = "C") -> Array:
    """Take the bytes of elements for those of another dtype.

    Parameters
    ----------
    a : array_like
        The array.
    dtype : dtype, optional
        The other dtype.
    order : {"C", "F"}, optional
        Whether elements of another size lie along the last axis, or the first.

    Returns
    -------
    Array
        The same bytes.
    """
    x = asanyarray(a)
    known = x.dtype if dtype is None else np.dtype(dtype)
    if order not in ("C", "F"):
        raise ValueError("Order must be one of 'C' or 'F'")
    if known == x.dtype:
        same: Array = x
        return same
    if known.itemsize == x.dtype.itemsize:
        return op(
            "apply",
            (x,),
            {
                "function": "raskt.array._chunk.view",
                "dtype": dtype_parameter(known),
                "kwargs": {"dtype": dtype_parameter(known)},
            },
        )
    axis = x.ndim - 1 if order == "C" else 0
    sizes = []
    for n in x.chunks[axis]:
        if (n * x.dtype.itemsize) % known.itemsize:
            raise ValueError(
                f"chunks of {n} elements of {x.dtype} are no whole number of elements of {known}"
            )
        sizes.append(n * x.dtype.itemsize // known.itemsize)
    chunks = tuple(tuple(sizes) if at == axis else own for at, own in enumerate(x.chunks))
    return map_blocks(_view_block, x, dtype=known, chunks=chunks, order=order, to=known)


def _view_block(block: Any, order: str, to: Any) -> Any:
    if order == "C":
        return np.ascontiguousarray(block).view(to)
    return np.ascontiguousarray(block.T).view(to).T
