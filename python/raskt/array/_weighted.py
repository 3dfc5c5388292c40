"""Quantiles of weighted elements: a task gets the axis whole, other axes are cut finer for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import dtype_parameter, known_shape
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.array.conversion import asanyarray
from raskt.array.rechunk import unify_chunks, whole_along
from raskt.array.shape import broadcast_to, transpose

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["weighted"]


def weighted(name: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any) -> Array:
    """Return quantiles of weighted elements, as a function of NumPy's does.

    Parameters
    ----------
    name : str
        NumPy's function.
    a, q, axis, method, keepdims
        As there.
    weights : array_like
        The weights: of the shape of ``a``, or of the axes.

    Returns
    -------
    Array
    """
    if method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
    x, w = asanyarray(a), asanyarray(weights)
    known_shape(x, name)
    listed = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(axis_of(at, x.ndim) for at in listed)
    if w.shape != x.shape:
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        if w.shape != tuple(x.shape[at] for at in axes):
            raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
        order = transpose(w, np.argsort(axes).tolist())
        w = broadcast_to(order[tuple(slice(None) if at in axes else None for at in range(x.ndim))], x.shape)
    asked = asanyarray(q)
    rest = [at for at in range(x.ndim) if at not in axes]
    length = math.prod(x.shape[at] for at in axes)
    kept = tuple(x.shape[at] for at in rest)
    both = [
        whole_along(transpose(own, (*rest, *axes)).reshape((*kept, length)), (len(rest),)) for own in (x, w)
    ]
    letters = tuple(range(len(rest) + 1))
    _, both = unify_chunks(both[0], letters, both[1], letters)
    first = len(letters)
    leading = list(range(first, first + asked.ndim))
    tiny = getattr(np, name)(np.ones(1, x.dtype), np.ones((), asked.dtype), weights=np.ones(1), method=method)
    chunks = (*((n,) for n in asked.shape), *both[0].chunks[:-1])
    parameters = {
        "function": "raskt.array._chunk_order.weighted_quantile",
        "kwargs": {"name": name},
        "output": [*leading, *letters[:-1]],
        "inputs": [list(letters), list(letters), [at + asked.ndim for at in leading]],
        "chunks": grid_of(chunks, tuple(map(sum, chunks))),
        "contraction": "join",
        "dtype": dtype_parameter(np.asarray(tiny).dtype),
    }
    found: Array = op("blockwise", (*both, asked.rechunk(-1)), parameters)
    if not keepdims:
        return found
    index = [slice(None)] * asked.ndim + [None if at in axes else slice(None) for at in range(x.ndim)]
    spread: Array = found[tuple(index)]
    return spread
