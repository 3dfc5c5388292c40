"""The functions of the array API standard whose arguments differ from NumPy's older ones."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array import creation, reductions, sorting
from raskt.array._axes import axis_of
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray, from_array
from raskt.array.conversion import asarray as to_array
from raskt.array.reshape import reshape as reshaped
from raskt.array.shape import expand_dims as with_axis
from raskt.array.shape import flip
from raskt.array.slicing import take as take_places
from raskt.array.spellings import check_device

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__: list[str] = []


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Array:
    """Return an object as an array: see `raskt.array.asarray`.

    Parameters
    ----------
    obj : array_like
        The object.
    dtype : dtype, optional
        The dtype.
    device : {"cpu", None}, optional
        Where the array is.
    copy : bool, optional
        Whether memory is copied; with False an array in memory is read where it lies when a computation runs,
        and what would have to be copied is refused.

    Returns
    -------
    Array
    """
    check_device(device)
    if copy is not False:
        made = to_array(obj, dtype=dtype)
        return made.copy() if copy and hasattr(obj, "_expr") else made
    own = getattr(obj, "dtype", None)
    if own is None or (dtype is not None and np.dtype(dtype) != own):
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    found: Array = obj if hasattr(obj, "_expr") else from_array(obj, copy=False)
    return found


def _on_device(function: Any) -> Any:
    """Return a function that takes a device too."""

    @functools.wraps(function)
    def made(*args: Any, device: Any = None, **kwargs: Any) -> Array:
        check_device(device)
        found: Array = function(*args, **kwargs)
        return found

    own = inspect.signature(function)
    device = inspect.Parameter("device", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Any)
    named = list(own.parameters.values())
    n = sum(one.kind is not one.VAR_KEYWORD for one in named)
    made.__signature__ = own.replace(parameters=[*named[:n], device, *named[n:]])  # type: ignore[attr-defined]
    return made


arange = _on_device(creation.arange)
empty = _on_device(creation.empty)
empty_like = _on_device(creation.empty_like)
full = _on_device(creation.full)
ones = _on_device(creation.ones)
ones_like = _on_device(creation.ones_like)
zeros = _on_device(creation.zeros)
zeros_like = _on_device(creation.zeros_like)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Array:
    """Return an array of one value, shaped and cut as another: see `raskt.array.full_like`."""
    check_device(device)
    return creation.full_like(x, fill_value, dtype=dtype)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> Array:
    """Return a matrix with ones on a diagonal: see `raskt.array.eye`."""
    check_device(device)
    return creation.eye(n_rows, M=n_cols, k=k, dtype=np.float64 if dtype is None else dtype)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: bool = True
) -> Array:
    """Return numbers equally far apart: see `raskt.array.linspace`."""
    check_device(device)
    found: Array = creation.linspace(start, stop, num, endpoint=endpoint, dtype=dtype)
    return found


def reshape_of(x: Any, /, shape: Any, *, copy: bool | None = None) -> Array:
    """Return the same elements in another shape: see `raskt.array.reshape`."""
    del copy
    return reshaped(asanyarray(x), shape)


def expand_dims(x: Any, /, *, axis: int = 0) -> Array:
    """Put in an axis of length 1: see `raskt.array.expand_dims`."""
    return with_axis(x, axis)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Array:
    """Put arrays one behind the other, flat ones for no axis: see `raskt.array.concatenate`."""
    if axis is None:
        return concatenate([asanyarray(x).reshape(-1) for x in arrays])
    return concatenate(arrays, axis=axis)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Array:
    """Take elements by their places along an axis, which has to be said where there are several."""
    x = asanyarray(x)
    if axis is None:
        if x.ndim != 1:
            raise ValueError("axis must be specified when ndim > 1")
        axis = 0
    return take_places(x, indices, axis=axis)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Return the elements in order along an axis: see `raskt.array.sort`.

    Parameters
    ----------
    x : array_like
        The array.
    axis : int, optional
        Along which axis.
    descending : bool, optional
        Whether the largest comes first.
    stable : bool, optional
        Accepted: it always is.

    Returns
    -------
    Array
    """
    del stable
    x = asanyarray(x)
    found = sorting.sort(x, axis=axis)
    return flip(found, axis) if descending else found


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Return where the elements are that come one after the other in order: see `sort`."""
    del stable
    x = asanyarray(x)
    if not descending:
        return sorting.argsort(x, axis=axis)
    at = axis_of(axis, x.ndim)
    # From the end, so that of equal elements the first comes first.
    found: Array = x.shape[at] - 1 - flip(sorting.argsort(flip(x, at), axis=at), at)
    return found


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Return standard deviations: see `raskt.array.std`; ``correction`` is what NumPy calls ``ddof``."""
    return reductions.std(x, axis=axis, keepdims=keepdims, ddof=correction)  # type: ignore[arg-type]


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Return variances: see `raskt.array.var`; ``correction`` is what NumPy calls ``ddof``."""
    return reductions.var(x, axis=axis, keepdims=keepdims, ddof=correction)  # type: ignore[arg-type]
