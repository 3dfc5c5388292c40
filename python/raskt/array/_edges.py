"""Ends of intervals: given, evenly spaced, or of values that are computed later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._base import is_known
from raskt.array.blockwise import map_blocks
from raskt.array.concatenate import stack
from raskt.array.conversion import asarray, from_delayed

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["edges_of", "is_lazy", "lazy_values", "n_intervals"]


def is_lazy(x: Any) -> bool:
    """Return whether something is a lazy value, or a sequence with lazy values in it."""
    return _raskt.delayed_within(x) is not None


def lazy_values(x: Any, what: str) -> Array:
    """Return lazy numbers as an array: how many there are must be known, since it decides on shapes.

    Parameters
    ----------
    x : Array, Delayed, or sequence of these and of numbers
        The numbers.
    what : str
        What they are, for errors.
    """
    if isinstance(x, (list, tuple)):
        items = [from_delayed(n, (), float) if isinstance(n, _raskt.Delayed) else asarray(n) for n in x]
        x = stack(items)
    if not hasattr(x, "_expr"):
        raise TypeError(
            f"{what} decides on the shape of the result, and {x!r} does not say how many numbers it is: make "
            "an array of it by from_delayed(value, shape, dtype)"
        )
    found: Array = x
    if not is_known(found.shape):
        raise ValueError(
            f"{what} decides on the shape of the result, and has an unknown length: call "
            "compute_chunk_sizes() first"
        )
    return found.rechunk(-1) if found.ndim else found


def edges_of(bins: Any, span: Any, dtype: Any, x: Array) -> Any:
    """Return the ends of intervals: an array of NumPy's, or a lazy one where values are computed later.

    Parameters
    ----------
    bins : int, or array_like
        How many equal intervals there are, or their ends.
    span : pair, optional
        The ends of all, with a number of them; the least and the largest element by default.
    dtype : dtype
        That of what is counted.
    x : Array
        What is counted.
    """
    if isinstance(bins, str):
        raise NotImplementedError("bins by a rule: give their number and range=, or their ends")
    if is_lazy(bins):
        ends: Any = lazy_values(bins, "bins")
        if ends.ndim == 0:
            raise TypeError("bins decides on the shape of the result: compute their number first")
    else:
        ends = np.asarray(bins)
    if ends.ndim > 1:
        raise ValueError(f"bins must be a number or a list of ends, found an array of {ends.ndim} axes")
    if ends.ndim == 0 and ends.dtype.kind not in "biu":
        raise TypeError(f"`bins` must be an integer, a string, or an array, found {bins!r}")
    if ends.ndim == 0:
        return _spaced(int(ends), _extent(x) if span is None else span, dtype)
    if isinstance(ends, np.ndarray) and (np.diff(ends) < 0).any():
        raise ValueError("`bins` must increase monotonically, when an array")
    return ends


def _extent(x: Array) -> tuple[Any, Any]:
    """Return the least and the largest element; 0 and 1 of none, as NumPy does."""
    if not x.size:
        return 0.0, 1.0
    numbers = x.astype(np.uint8) if x.dtype.kind == "b" else x
    return numbers.min(), numbers.max()


def _spaced(n: int, span: Any, dtype: Any) -> Any:
    """Return the ends of ``n`` equal intervals."""
    is_pair = isinstance(span, (tuple, list)) or (hasattr(span, "__array__") and span.ndim == 1)
    if not is_pair or len(span) != 2:
        raise ValueError(f"range must be a pair, found {span!r}")
    ends = [span[0], span[1]]
    # NumPy counts truth values as numbers.
    counted = np.dtype(np.uint8) if dtype.kind == "b" else dtype if dtype.kind in "iufc" else np.dtype(float)
    if not is_lazy(ends):
        return np.histogram_bin_edges(np.empty(0, counted), bins=n, range=(ends[0], ends[1]))
    if n < 1:
        raise ValueError("`bins` must be positive, when an integer")
    known = [getattr(end, "dtype", end) for end in ends if not isinstance(end, _raskt.Delayed)]
    promised = np.result_type(counted, *known)
    promised = promised if promised.kind in "fc" else np.result_type(promised, float)
    told: dict[str, Any] = {"ends": ends, "n": n, "counted": counted, "promised": promised}
    return map_blocks(spaced, chunks=((n + 1,),), dtype=promised, **told)


def spaced(ends: Any, n: int, counted: Any, promised: Any) -> Any:
    """Return the ends of ``n`` equal intervals between two numbers: for tasks."""
    edges = np.histogram_bin_edges(np.empty(0, counted), bins=n, range=(ends[0], ends[1]))
    return edges.astype(promised, copy=False)


def n_intervals(edges: Any) -> int:
    """Return how many intervals there are."""
    return int(edges.shape[0]) - 1
