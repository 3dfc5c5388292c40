"""What tasks of reductions call: the partial result of a block, several of them combined, and the last step.

A partial result keeps the reduced axes, with length 1. What there is none of where there are no elements (the
largest of them, say) keeps them without elements then, and has no part in what it is combined with.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from raskt.array._meta import dtype_named

__all__: list[str] = []

Block = Any

_SIMPLE = {
    "sum": (np.sum, np.add),
    "prod": (np.prod, np.multiply),
    "max": (np.max, np.maximum),
    "min": (np.min, np.minimum),
    "all": (np.all, np.logical_and),
    "any": (np.any, np.logical_or),
    "nansum": (np.nansum, np.add),
    "nanprod": (np.nanprod, np.multiply),
    "nanmax": (np.nanmax, np.fmax),
    "nanmin": (np.nanmin, np.fmin),
}
_EXTREMA = {
    "max": "zero-size array to reduction operation maximum which has no identity",
    "min": "zero-size array to reduction operation minimum which has no identity",
    "nanmax": "zero-size array to reduction operation fmax which has no identity",
    "nanmin": "zero-size array to reduction operation fmin which has no identity",
    "argmax": "attempt to get argmax of an empty sequence",
    "argmin": "attempt to get argmin of an empty sequence",
    "nanargmax": "attempt to get argmax of an empty sequence",
    "nanargmin": "attempt to get argmin of an empty sequence",
}
"""What there is none of where there are no elements, and NumPy's words for it."""
_MASKED: Any = {
    np.add: np.ma.add.reduce,
    np.multiply: np.ma.multiply.reduce,
    np.maximum: np.ma.maximum.reduce,
    np.minimum: np.ma.minimum.reduce,
    np.fmax: np.ma.maximum.reduce,
    np.fmin: np.ma.minimum.reduce,
    # `np.ma.logical_and.reduce` takes what is masked for false.
    np.logical_and: np.ma.all,
    np.logical_or: np.ma.any,
}
"""How masked arrays are brought together along an axis."""
_MOMENTS = {"mean", "var", "std", "nanmean", "nanvar", "nanstd"}
_QUIET: Any = {"divide": "ignore", "invalid": "ignore"}


def reduce_chunk(
    block: Block, *, kind: str, axis: Any, dtype: str, ranges: Any = None, **options: Any
) -> Any:
    """Return the partial result of a block, axes kept."""
    axes = tuple(axis)
    known = dtype_named(dtype)
    if kind in _SIMPLE:
        function: Any = _SIMPLE[kind][0]
        if kind in ("sum", "prod", "nansum", "nanprod"):
            # Times are summed as they are; to NumPy a unit is no dtype to ask for.
            timed = block.dtype.kind == "m"
            return _boxed(function(block, axis=axes, keepdims=True, dtype=None if timed else known))
        return _extreme(function, block, kind, axes)
    if kind in _MOMENTS:
        return _moments(block, kind, axes, known)
    return _arg_chunk(block, kind, axes, ranges, options["shape"])


def _extreme(function: Any, block: Block, kind: str, axes: tuple[int, ...]) -> Any:
    if kind in ("all", "any") or all(block.shape[axis] for axis in axes):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return _boxed(function(block, axis=axes, keepdims=True))
    return _nothing(block, axes)


def _boxed(found: Any) -> Any:
    """Return an array of what NumPy makes of objects without axes: one of them."""
    if hasattr(found, "dtype"):
        return found
    box = np.empty((), dtype=object)
    box[()] = found
    return box


def _nothing(block: Block, axes: tuple[int, ...]) -> Block:
    """Return a block as the extremum of no elements: reduced axes have none, so that `_wanted` tells it."""
    return block[tuple(slice(1) if axis in axes else slice(None) for axis in range(block.ndim))]


def _wanted(parts: list[Any], axes: Any) -> list[Any]:
    """Return the partial extrema that are of some elements; if there are none, one that is of nothing."""
    return [part for part in parts if not _is_nothing(part, axes)] or parts[:1]


def _is_nothing(part: Any, axes: Any) -> bool:
    values = part[0] if isinstance(part, tuple) else part
    return any(values.shape[axis] == 0 for axis in axes)


def _sum_dtype(block: Block, known: Any) -> Any:
    """Return the dtype in which moments are summed up."""
    if block.dtype.kind in "bui":
        return np.dtype(np.float64)
    if block.dtype == np.float16:
        return np.result_type(np.float32, known) if known is not None and known.kind in "fc" else np.float32
    if known is not None and known.kind == "c" and block.dtype.kind != "c":
        return known
    own = block.dtype.newbyteorder("=")
    return np.result_type(own, known) if known is not None and known.kind in "fc" else own


def _moments(block: Block, kind: str, axes: tuple[int, ...], known: Any) -> dict[str, Any]:
    if block.dtype.kind in "mM":
        total = np.sum(block, axis=axes, keepdims=True)
        return {"n": math.prod(block.shape[axis] for axis in axes), "total": total}
    nan = kind.startswith("nan") and block.dtype.kind in "fc"
    dtype = _sum_dtype(block, known)
    if kind.endswith("mean") and block.dtype.kind == "O":
        dtype = block.dtype
    n: Any
    if nan:
        valid = ~np.isnan(block)
        n = np.sum(valid, axis=axes, keepdims=True)
        total = np.nansum(block, axis=axes, keepdims=True, dtype=dtype)
    else:
        n = math.prod(block.shape[axis] for axis in axes)
        if isinstance(block, np.ma.MaskedArray):
            n = np.ma.count(block, axis=axes, keepdims=True)
        total = _boxed(np.sum(block, axis=axes, keepdims=True, dtype=dtype))
    found: dict[str, Any] = {"n": n, "total": total}
    if kind.endswith("mean"):
        return found
    with np.errstate(**_QUIET):
        centred = _boxed(block - _ratio(total, n))
        squares = (centred * centred.conj()).real if centred.dtype.kind == "c" else _boxed(centred * centred)
        # Not nansum: what is infinite has a square that is NaN, and counts.
        counted: Any = {"where": valid} if nan else {}
        found["m2"] = _boxed(np.sum(squares, axis=axes, keepdims=True, **counted))
    return found


def reduce_combine(parts: list[Any], *, kind: str, axis: Any, **_: Any) -> Any:
    """Return one partial result of several."""
    if kind in _EXTREMA:
        parts = _wanted(parts, axis)
    if kind in _SIMPLE:
        return _fold(_SIMPLE[kind][1], parts)
    if kind in _MOMENTS:
        return _combine_moments(parts)
    return _arg_combine(parts, kind)


def _fold(ufunc: Any, parts: list[Any]) -> Any:
    if len(parts) < 2:
        return parts[0]
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        # What is masked in one part has no say: it does not mask the others.
        return _MASKED[ufunc](np.ma.stack(parts), axis=0)
    is_plain = all(isinstance(part, (np.ndarray, np.generic)) for part in parts)
    if parts[0].dtype.kind == "O" or ufunc in (np.add, np.multiply) or not is_plain:
        whole = parts[0]
        for part in parts[1:]:
            whole = ufunc(whole, part)
        return whole
    with np.errstate(invalid="ignore"):
        return ufunc.reduce(parts)


def _ratio(total: Any, n: Any) -> Any:
    """Return ``total / n``, NaN where `n` is 0: Python's own numbers raise there."""
    if total.dtype.kind == "O" and np.any(np.asarray(n) == 0):
        n = np.where(np.asarray(n) == 0, np.nan, n)
    return _boxed(np.true_divide(total, n))


def _combine_moments(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(parts) == 1:
        return parts[0]
    n = sum(part["n"] for part in parts)
    total = _fold(np.add, [part["total"] for part in parts])
    found = {"n": n, "total": total}
    if "m2" not in parts[0]:
        return found
    with np.errstate(**_QUIET):
        mean = _ratio(total, n)
        m2: Any = 0
        for part in parts:
            # A block without elements has no mean, and no part in this.
            apart = np.where(np.asarray(part["n"]) > 0, _ratio(part["total"], part["n"]) - mean, 0)
            square = (apart * apart.conj()).real if apart.dtype.kind == "c" else apart * apart
            m2 = m2 + np.where(np.asarray(part["n"]) > 0, part["m2"], 0) + part["n"] * square
    found["m2"] = m2.astype(parts[0]["m2"].dtype)
    return found


def reduce_aggregate(
    parts: list[Any],
    *,
    kind: str,
    axis: Any,
    dtype: str,
    keepdims: bool = False,
    ddof: Any = 0,
    **options: Any,
) -> Any:
    """Return the result of the last partial ones."""
    del options
    found = reduce_combine(parts, kind=kind, axis=axis)
    known = dtype_named(dtype)
    if kind in _EXTREMA and _is_nothing(found, axis):
        raise ValueError(_EXTREMA[kind])
    if kind in _MOMENTS:
        _check_divisors(found, kind, ddof, is_lone=not keepdims and len(axis) == np.ndim(found["total"]))
        found = _aggregate_moments(found, kind, ddof)
    elif kind not in _SIMPLE:
        found = _arg_aggregate(found, kind)
    if not keepdims:
        found = found.reshape([n for at, n in enumerate(found.shape) if at not in axis])
    return found if known is None or found.dtype == known else found.astype(known)


def _check_divisors(found: dict[str, Any], kind: str, ddof: Any, is_lone: bool) -> None:
    """Raise what Python's own numbers raise where they are divided by zero: all but the last, lone ones."""
    if found["total"].dtype.kind != "O":
        return
    n = np.asarray(found["n"])
    has_zero = bool(np.any(n == 0)) and not (is_lone and kind.endswith("mean"))
    if not kind.endswith("mean"):
        has_zero |= not is_lone and bool(np.any(n - ddof <= 0))
    if has_zero:
        raise ZeroDivisionError("division by zero")


def _aggregate_moments(found: dict[str, Any], kind: str, ddof: Any) -> Any:
    n = found["n"]
    if kind.endswith("mean"):
        total = found["total"]
        if total.dtype.kind in "mM":
            return total / n
        with np.errstate(**_QUIET):
            # A division by zero elements is NumPy's nan.
            return _ratio(total, n)
    free = np.asarray(n) - ddof
    with np.errstate(**_QUIET):
        variance = _ratio(found["m2"], np.where(free > 0, free, 0))
        if isinstance(found["total"], np.ma.MaskedArray):
            variance = np.ma.masked_where(free <= 0, variance)
        elif kind.startswith("nan"):
            variance = np.where(free > 0, variance, np.nan)
        if not kind.endswith("std"):
            return variance
        # Python's numbers have no method `sqrt`.
        return np.sqrt(variance.astype(np.float64) if variance.dtype.kind == "O" else variance)


def _arg_chunk(block: Block, kind: str, axes: tuple[int, ...], ranges: Any, shape: Any) -> Any:
    """Return ``(values, places)`` along one axis, or of the flat array where several are reduced."""
    if any(block.shape[axis] == 0 for axis in axes):
        nothing = _nothing(block, axes)
        return nothing, np.zeros(nothing.shape, dtype=np.int64)
    values, places = block, None
    if len(axes) > 1 or (len(axes) == 1 and block.ndim == 1):
        flat = block.reshape(-1)
        at = _arg_of(flat, kind, 0)
        starts = [start for start, _ in ranges]
        index = [
            int(i) + start for i, start in zip(np.unravel_index(int(at), block.shape), starts, strict=True)
        ]
        place = np.ravel_multi_index(index, shape) if block.ndim > 1 else index[0]
        ones = (1,) * block.ndim
        return flat[int(at) : int(at) + 1].reshape(ones), np.full(ones, place, dtype=np.int64)
    if not axes:
        return values, np.zeros(block.shape, dtype=np.int64)
    (axis,) = axes
    at = np.expand_dims(_arg_of(block, kind, axis), axis)
    values = np.take_along_axis(block, at, axis)
    places = at.astype(np.int64) + ranges[axis][0]
    return values, places


def _arg_of(block: Block, kind: str, axis: int) -> Any:
    if not kind.startswith("nan") or block.dtype.kind not in "fc":
        return np.argmax(block, axis=axis) if kind.endswith("max") else np.argmin(block, axis=axis)
    filled = np.where(np.isnan(block), -np.inf if kind.endswith("max") else np.inf, block)
    return np.argmax(filled, axis=axis) if kind.endswith("max") else np.argmin(filled, axis=axis)


def _arg_combine(parts: list[Any], kind: str) -> Any:
    if len(parts) < 2:
        return parts[0]
    masked = any(isinstance(part[0], np.ma.MaskedArray) for part in parts)
    values = (np.ma.stack if masked else np.stack)([part[0] for part in parts])
    places = np.stack([part[1] for part in parts])
    # Of equal values the first place counts, whatever the order of blocks.
    order = np.argsort(places, axis=0, kind="stable")
    values, places = np.take_along_axis(values, order, 0), np.take_along_axis(places, order, 0)
    at = np.expand_dims(_arg_of(values, kind, 0), 0)
    return np.take_along_axis(values, at, 0)[0], np.take_along_axis(places, at, 0)[0]


def _arg_aggregate(found: Any, kind: str) -> Any:
    values, places = found
    if kind.startswith("nan") and values.dtype.kind in "fc" and np.isnan(values).any():
        raise ValueError("All-NaN slice encountered")
    return places
