"""Empty arrays that say what blocks are: their type, dtype and number of axes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from raskt.inspection import is_cupy_type

__all__ = [
    "arange_safe",
    "array_safe",
    "asanyarray_safe",
    "asarray_safe",
    "compute_meta",
    "meta_from_array",
    "normalize_to_array",
]


def meta_from_array(x: Any, ndim: int | None = None, dtype: Any = None) -> Any:
    """Return an array without elements of the type of another one.

    Parameters
    ----------
    x : array_like, type or None
        An array, lazy or not, or a type of arrays; None for NumPy's.
    ndim : int, optional
        The number of axes; by default that of ``x``.
    dtype : dtype, optional
        The dtype; by default that of ``x``.

    Returns
    -------
    array
        All of whose lengths are 0. What does not look like an array is returned as it is.

    Raises
    ------
    ValueError
        If neither ``x`` nor ``dtype`` is given.

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array.utils import meta_from_array
    >>> meta_from_array(np.ones((3, 4), "i4"), ndim=1), meta_from_array(None, 2, float).shape
    (array([], dtype=int32), (0, 0))
    """
    if hasattr(x, "_expr"):
        x = x._meta
    if x is None and dtype is None:
        raise ValueError("an array or a dtype is needed")
    if np.isscalar(x):
        x = np.asarray(x)
    if x is None:
        x = np.ndarray
    if isinstance(x, type):
        x = x(shape=(0,) * (ndim or 0), dtype=dtype)
    if isinstance(x, (list, tuple)):
        return type(x)(item if np.ndim(item) == 0 else meta_from_array(item) for item in x)
    if not isinstance(getattr(x, "shape", None), tuple) or not hasattr(x, "dtype"):
        return x
    found = _emptied(x, x.ndim if ndim is None else ndim, dtype or x.dtype)
    if np.isscalar(found):
        found = np.asarray(found)
    return found if dtype is None or found.dtype == dtype else found.astype(dtype)


def _emptied(x: Any, ndim: int, dtype: Any) -> Any:
    """Return an array without elements and of another number of axes; NumPy's where its type has no way."""
    try:
        found = x[tuple(slice(0, 0) for _ in range(x.ndim))]
        if found.ndim < ndim:
            found = found[(..., *(None,) * (ndim - found.ndim))]
            found = found[tuple(slice(0, 0) for _ in range(ndim))]
        elif found.ndim > ndim:
            found = found.sum() if ndim == 0 else found.reshape((0,) * ndim)
    except (TypeError, ValueError, IndexError, AttributeError, NotImplementedError):
        return np.empty((0,) * ndim, dtype=dtype)
    if found is np.ma.masked:
        return np.ma.array(np.empty((0,) * ndim, dtype=dtype), mask=True)
    return found


def compute_meta(func: Callable[..., Any], _dtype: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what a function makes of arrays without elements; None where it cannot tell.

    Parameters
    ----------
    func : callable
        The function of blocks.
    _dtype : dtype or None
        The dtype of the result, where it is known.
    *args : object
        Arrays, lazy or not, and other arguments.
    **kwargs
        Keywords of the function.

    Returns
    -------
    array or None

    Examples
    --------
    >>> import numpy as np
    >>> from raskt.array.utils import compute_meta
    >>> compute_meta(np.sum, None, np.ones((2, 2), "f4"), axis=0)
    array([], dtype=float32)
    """
    args = tuple(meta_from_array(x) if hasattr(x, "dtype") else x for x in args)
    kwargs = {name: meta_from_array(x) if hasattr(x, "dtype") else x for name, x in kwargs.items()}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = func(*args, **kwargs)
        except Exception:
            # What a function makes of no elements it need not know.
            return None
    if _dtype is not None and hasattr(found, "dtype") and found.dtype != _dtype:
        found = found.astype(_dtype)
    return np.asarray(found) if np.isscalar(found) else found


def normalize_to_array(x: Any) -> Any:
    """Return an array of a GPU as NumPy's; anything else as it is.

    Parameters
    ----------
    x : object
        An array.

    Returns
    -------
    object
    """
    return x.get() if is_cupy_type(x) else x


def _alike(like: Any) -> dict[str, Any]:
    """Return the keyword ``like=`` for an array of a type that NumPy asks; none for NumPy's own."""
    meta = meta_from_array(like)
    return {} if type(meta) is np.ndarray or not hasattr(type(meta), "__array_function__") else {"like": meta}


def array_safe(a: Any, like: Any, **kwargs: Any) -> Any:
    """Return ``a`` as an array of the type that the blocks of ``like`` have.

    Parameters
    ----------
    a : array_like
        The elements.
    like : array
        An array, lazy or not.
    **kwargs
        As of `numpy.array`.

    Returns
    -------
    array
    """
    return np.array(a, **_alike(like), **kwargs)


def asarray_safe(a: Any, like: Any, **kwargs: Any) -> Any:
    """Return ``a`` as an array of the type that the blocks of ``like`` have, itself where it is one.

    Parameters
    ----------
    a, like, **kwargs
        As of `array_safe` and `numpy.asarray`.

    Returns
    -------
    array
    """
    return np.asarray(a, **_alike(like), **kwargs)


def asanyarray_safe(a: Any, like: Any, **kwargs: Any) -> Any:
    """Return ``a`` as `asarray_safe` does; subclasses stay what they are.

    Parameters
    ----------
    a, like, **kwargs
        As of `array_safe` and `numpy.asanyarray`.

    Returns
    -------
    array
    """
    return np.asanyarray(a, **_alike(like), **kwargs)


def arange_safe(*args: Any, like: Any, **kwargs: Any) -> Any:
    """Return numbers in a row as an array of the type that the blocks of ``like`` have.

    Parameters
    ----------
    *args, **kwargs
        As of `numpy.arange`.
    like : array
        An array, lazy or not.

    Returns
    -------
    array
    """
    arange: Any = np.arange
    return arange(*args, **_alike(like), **kwargs)
