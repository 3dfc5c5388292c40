"""Elements and arrays, repeated."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import known_shape
from raskt.array._grid import LENGTH_MAX, grid_of
from raskt.array._op import op
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray, asarray
from raskt.array.creation import zeros
from raskt.array.slicing import take

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["repeat", "resize", "tile"]

#: The most chunks that an axis can have.
N_CHUNKS_MAX = 2**32 - 1


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Array:
    """Repeat elements.

    Parameters
    ----------
    a : array_like
        The array.
    repeats : int
        How often each element is to be there.
    axis : int, optional
        Along which axis.

    Returns
    -------
    Array
        The elements.
    """
    a = asarray(a)
    if axis is None:
        if a.ndim != 1:
            a = a.reshape(-1)
        axis = 0
    axis = axis_of(axis, a.ndim)
    counts = np.asarray(repeats)
    if counts.dtype.kind not in "iub" and (counts.ndim or counts.dtype.kind != "f"):
        raise TypeError(
            f"Cannot cast array data from {counts.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    if counts.dtype == np.uint64 and (counts > LENGTH_MAX).any():
        raise ValueError(f"repeats must be at most 2**63 - 1, found {counts.max()}")
    counts = counts.astype(np.int64)
    if (counts < 0).any():
        raise ValueError("repeats may not contain negative values.")
    if counts.size == 1 and int(counts.ravel()[0]) > 0:
        return _repeated(a, int(counts.ravel()[0]), axis)
    length = a.shape[axis]
    if length != length:
        return op("repeat", (a,), {"repeats": counts.ravel().tolist(), "axis": axis})
    return take(a, np.repeat(np.arange(length), counts), axis=axis)


def _repeated(a: Array, n: int, axis: int) -> Array:
    """Repeat every element ``n`` times, in chunks that are no larger than before where they can be cut."""
    if n == 1:
        return a
    sizes = a.chunks[axis]
    largest = max(sizes, default=1)
    if largest == largest and n > 1:
        a = a.rechunk({axis: tuple(part for size in sizes for part in _parts(size, max(largest // n, 1)))})
    letters = list(range(a.ndim))
    chunks = tuple(tuple(size * n for size in own) if at == axis else own for at, own in enumerate(a.chunks))
    parameters = {
        "function": "numpy.repeat",
        "kwargs": {"repeats": n, "axis": axis},
        "output": letters,
        "inputs": [letters],
        "chunks": grid_of(chunks, tuple(sum(own) for own in chunks)),
        "dtype": a._expr.dtype,
    }
    return op("blockwise", (a,), parameters)


def _parts(size: int, most: int) -> list[int]:
    """Return a size in parts of at most ``most``."""
    return [min(most, size - at) for at in range(0, size, most)] or [0]


def tile(A: Any, reps: Any) -> Array:
    """Repeat an array along its axes.

    Parameters
    ----------
    A : array_like
        The array.
    reps : int or tuple of int
        How often along each axis.

    Returns
    -------
    Array
        The copies side by side.
    """
    A = asarray(A)
    times = (reps,) if isinstance(reps, (int, np.integer)) else tuple(reps)
    if any(n < 0 for n in times):
        raise ValueError("negative reps are not allowed")
    while A.ndim < len(times):
        A = A[None]
    times = (1,) * (A.ndim - len(times)) + times
    for axis, n in enumerate(times):
        if n == 0:
            A = A[tuple(slice(0, 0) if at == axis else slice(None) for at in range(A.ndim))]
        elif n > 1:
            _check_copies(A, n, axis)
            A = concatenate([A] * n, axis=axis)
    made: Array = A
    return made


def _check_copies(x: Array, n: int, axis: int) -> None:
    """Raise if an array has no room for so many copies of itself along an axis."""
    if x.shape[axis] * n > LENGTH_MAX:
        raise ValueError(
            f"Maximum allowed dimension exceeded: {n} copies along axis {axis} of length {x.shape[axis]}"
        )
    if x.numblocks[axis] * n > N_CHUNKS_MAX:
        raise ValueError(f"{n} copies along axis {axis} are too many chunks: at most {N_CHUNKS_MAX}")


def resize(a: Any, new_shape: Any) -> Array:
    """Return an array of another shape, its elements over and over where there is more room.

    Parameters
    ----------
    a : array_like
        The array.
    new_shape : int or tuple of int
        The shape.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.resize(ra.arange(3, chunks=2), (2, 2)).compute()
    array([[0, 1],
           [2, 0]])
    """
    flat = asanyarray(a).reshape(-1)
    shape = tuple(map(operator.index, new_shape if np.iterable(new_shape) else (new_shape,)))
    if any(n < 0 for n in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    size, n = math.prod(shape), known_shape(flat, "resize")[0]
    if not n or not size:
        return zeros(shape, flat.dtype)
    found: Array = tile(flat, math.ceil(size / n))[:size].reshape(shape)
    return found
