"""One reduction of one array: what all of them are asked for by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._whole import truncated
from raskt.array._axes import whole_axis
from raskt.array._base import array_of, dtype_of, dtype_parameter
from raskt.array._op import expr_of
from raskt.array._out import into

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["reduced", "together"]


def reduced(
    name: str,
    a: Any,
    axis: Any,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    dtype: Any = None,
    ddof: Any = None,
) -> Array:
    """Return a reduction of all elements along axes."""
    parameters: dict[str, Any] = {"axis": axis, "keepdims": bool(keepdims)}
    if axis is not None:
        several = isinstance(axis, tuple) or np.ndim(axis)
        parameters["axis"] = tuple(map(whole_axis, axis)) if several else whole_axis(axis)
    expr = expr_of(a)
    if split_every is not None:
        parameters["split_every"] = together(split_every, parameters["axis"], expr.ndim)
    if dtype is not None:
        own = dtype_of(expr)
        _check_dtype(name, own, np.dtype(dtype))
        if own is None or own.kind != "m" or np.dtype(dtype).kind == "m":
            parameters["dtype"] = dtype_parameter(dtype)
    if ddof is not None:
        parameters["ddof"] = ddof
    found: Array = array_of(_raskt.array_op(name, (expr,), parameters))
    if out is not None:
        found = into(out, found)
    return found


#: As good as all blocks that an array can have.
_SPLIT_MAX = 2**62


def together(split_every: Any, axis: Any, ndim: int) -> Any:
    """Return how many partial results are combined at once in the one form that stands for all equal ones.

    A number is for all axes together, two along each at least: so are numbers by axis that are alike.
    """
    if isinstance(split_every, bool) or split_every is None:
        if split_every is True:
            raise ValueError("split_every must be a number of 2 or more, False, or such numbers by axis")
        return split_every
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else axis
    places = {int(at) % ndim if ndim else 0 for at in axes}
    if not isinstance(split_every, dict):
        number = min(truncated("split_every", split_every), _SPLIT_MAX)
        n_axes = max(len(places), 1)
        along_each = round(number ** (1 / n_axes))
        return min(max(along_each, 2) ** n_axes, _SPLIT_MAX) if number > 1 else number
    sizes = {at: truncated(f"split_every of axis {at}", n) for at, n in split_every.items()}
    wanted = {int(at) % ndim if ndim else 0: min(n, _SPLIT_MAX) for at, n in sizes.items()}
    own = {at: n for at, n in wanted.items() if at in places}
    numbers = set(own.values())
    if len(own) == len(places) and len(numbers) == 1:
        return min(numbers.pop() ** len(places), _SPLIT_MAX)
    return {str(at): n for at, n in sorted(own.items())}


def _check_dtype(name: str, own: np.dtype[Any] | None, asked: np.dtype[Any]) -> None:
    """Raise what NumPy raises for a dtype that the result of a reduction cannot have."""
    if own is None:
        return
    kind = name.removeprefix("nan")
    # Whatever they are asked for, sums and means of times are times to NumPy.
    is_timed = own.kind == "m" and asked.kind != "M" and kind in ("sum", "mean")
    if (asked.kind in "mM" or own.kind in "mM") and not is_timed:
        raise TypeError(f"{name} of elements of dtype {own} cannot be {asked}")
    if kind != name and kind in ("mean", "var", "std") and own.kind in "fc" and asked.kind not in "fc":
        raise TypeError("If a is inexact, then dtype must be inexact")
    if kind == "std" and asked.kind in "biuO":
        raise TypeError(f"Cannot cast the square root of a variance to {asked}")
    if kind == "var" and asked.kind in "biu":
        raise NotImplementedError(f"{name} computed in {asked}: compute it in floats, and use astype")
