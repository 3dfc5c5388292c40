"""Other shapes for the same elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._base import is_known
from raskt.array._grid import grid_of, limit_bytes
from raskt.array._op import op
from raskt.array._unknown import reshape as later
from raskt.array.blockwise import map_flat_blocks
from raskt.array.conversion import asanyarray

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["ravel", "reshape", "reshape_blockwise"]


def reshape(x: Any, shape: Any, merge_chunks: bool = True, limit: Any = None) -> Array:
    """Give an array another shape.

    Parameters
    ----------
    x : array_like
        The array.
    shape : int or tuple of int
        The shape; one length may be -1.
    merge_chunks : bool, optional
        Whether chunks may be joined along the leading one of the axes that become one. Otherwise chunks are
        as small there as can be.
    limit : int or str, optional
        The size that chunks do not exceed where they need not: the configured chunk size by default, or that
        of the array's own chunks if they are larger.

    Returns
    -------
    Array
        The same elements in C order.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.arange(6, chunks=2).reshape(3, 2).compute()
    array([[0, 1],
           [2, 3],
           [4, 5]])
    """
    x = asanyarray(x)
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    if not is_known(x.shape):
        return _unknown(x, lengths)
    parameters: dict[str, Any] = {"shape": lengths, "limit": limit_bytes(limit)}
    if not merge_chunks:
        parameters["merge_chunks"] = False
    return op("reshape", (x,), parameters)


def _unknown(x: Array, lengths: Any) -> Array:
    """Shapes that are not known can still be flattened."""
    if lengths in ((-1,), ()) and x.ndim == 1:
        return x
    if lengths == (-1,) and all(len(sizes) == 1 for sizes in x.chunks[1:]):
        chunks = ((float("nan"),) * x.numblocks[0],)
        follows = (0, *(-1,) * (x.ndim - 1))
        return op("reshape_blocks", (x,), {"chunks": grid_of(chunks, (float("nan"),)), "follows": follows})
    return later(x, lengths)


def ravel(array_like: Any) -> Array:
    """Return an array's elements in one row, in C order."""
    return reshape(array_like, (-1,))


def reshape_blockwise(x: Any, shape: Any, chunks: Any = None) -> Array:
    """Give every chunk another shape on its own: the order of elements is that of chunks.

    Parameters
    ----------
    x : array_like
        The array.
    shape : tuple of int
        The shape; fewer axes join neighbouring ones.
    chunks : tuple of tuples of int, optional
        The chunks of a shape with more axes.

    Returns
    -------
    Array
        The elements.
    """
    x = asanyarray(x)
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    if lengths == x.shape:
        made: Array = x
        return made
    return map_flat_blocks(x, lengths, chunks)
