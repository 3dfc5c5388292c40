"""Names that the array API standard has beside NumPy's older ones, and those of NumPy's that go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array import cumulative, reductions, ufuncs
from raskt.array._axes import axis_of
from raskt.array._base import is_known, known_shape
from raskt.array._deferred import deferred, fits
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray, asarray, from_array
from raskt.array.creation import ones, zeros
from raskt.array.shape import swapaxes, transpose

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "acos",
    "acosh",
    "amax",
    "amin",
    "array_equal",
    "array_equiv",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "can_cast",
    "concat",
    "cumulative_prod",
    "cumulative_sum",
    "finfo",
    "from_dlpack",
    "iinfo",
    "iscomplexobj",
    "isdtype",
    "isrealobj",
    "matrix_transpose",
    "permute_dims",
    "pow",
    "size",
]

acos = ufuncs.arccos
amax = reductions.max
amin = reductions.min
acosh = ufuncs.arccosh
asin = ufuncs.arcsin
asinh = ufuncs.arcsinh
atan = ufuncs.arctan
atan2 = ufuncs.arctan2
atanh = ufuncs.arctanh
bitwise_invert = ufuncs.invert
bitwise_left_shift = ufuncs.left_shift
bitwise_right_shift = ufuncs.right_shift
pow = ufuncs.power  # noqa: A001 - the standard's name
concat = concatenate
permute_dims = transpose
isdtype = np.isdtype


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """Return the same elements as another dtype.

    Parameters
    ----------
    x : array_like
        The array.
    dtype : dtype
        The dtype.
    copy : bool, optional
        Accepted as NumPy does: arrays are never changed through one another.
    device : {"cpu", None}, optional
        Where the result is.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.astype(ra.arange(2, chunks=1), float).compute()
    array([0., 1.])
    """
    del copy
    check_device(device)
    found: Array = asanyarray(x).astype(dtype)
    return found


def iscomplexobj(x: Any) -> bool:
    """Return whether an array is of complex numbers, whatever their values."""
    return bool(np.iscomplexobj(getattr(x, "_meta", x)))


def isrealobj(x: Any) -> bool:
    """Return whether an array is not of complex numbers."""
    return not iscomplexobj(x)


def size(a: Any, axis: int | None = None) -> int:
    """Return how many elements an array has, all of them or along an axis; NaN where that is not known.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int, optional
        Along which axis.

    Returns
    -------
    int

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.size(ra.ones((2, 3))), ra.size(ra.ones((2, 3)), 1)
    (6, 3)
    """
    x = asanyarray(a)
    found: int = x.size if axis is None else x.shape[axis_of(axis, x.ndim)]
    return found


def check_device(device: Any) -> None:
    """Check that a device is one on which arrays are."""
    if device not in (None, "cpu"):
        raise ValueError(f"arrays are on the device 'cpu', found {device!r}")


def _dtype_of(x: Any) -> Any:
    """Return the dtype of an array, or what says one: classes of scalars have a ``dtype`` that is none."""
    return x if isinstance(x, type) else getattr(x, "dtype", x)


def finfo(type: Any, /) -> np.finfo[Any]:
    """Return the limits of a dtype of floats, or of that of an array: see `numpy.finfo`."""
    return np.finfo(_dtype_of(type))


def iinfo(type: Any, /) -> np.iinfo[Any]:
    """Return the limits of a dtype of whole numbers, or of that of an array: see `numpy.iinfo`."""
    return np.iinfo(_dtype_of(type))


def can_cast(from_: Any, to: Any, /, casting: str = "safe") -> bool:
    """Return whether elements of a dtype, or of an array, can become those of another dtype.

    Parameters
    ----------
    from_ : dtype or Array
        The dtype, or the array that has it.
    to : dtype
        The other dtype.
    casting : str, optional
        By which rule of NumPy's.

    Returns
    -------
    bool

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.can_cast(ra.arange(2, chunks=1), "f8")
    True
    """
    return np.can_cast(_dtype_of(from_), to, casting)  # type: ignore[arg-type]


def matrix_transpose(x: Any, /) -> Array:
    """Return matrices along the last two axes transposed.

    Parameters
    ----------
    x : array_like
        The array.

    Returns
    -------
    Array
    """
    x = asanyarray(x)
    if x.ndim < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {x.ndim}")
    return swapaxes(x, -1, -2)


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Array:
    """Return whether two arrays have one shape and equal elements.

    Parameters
    ----------
    a1, a2 : array_like
        The arrays.
    equal_nan : bool, optional
        Whether NaN equals NaN.

    Returns
    -------
    Array
        One truth value, lazily.

    Examples
    --------
    >>> import raskt.array as ra
    >>> bool(ra.array_equal(ra.arange(3, chunks=2), [0, 1, 2]))
    True
    """
    a, b = asanyarray(a1), asanyarray(a2)
    if a.ndim != b.ndim:
        return asarray(np.bool_(False))
    if not (is_known(a.shape) and is_known(b.shape)) and not fits(a, b):
        if any(m != n for m, n in zip(a.shape, b.shape, strict=True) if m == m and n == n):
            return asarray(np.bool_(False))
        return deferred(f"{__name__}:array_equal", (a, b, equal_nan), (), bool)
    if is_known(a.shape) and a.shape != b.shape:
        return asarray(np.bool_(False))
    alike = a == b
    if equal_nan:
        alike = alike | ((a != a) & (b != b))
    found: Array = alike.all()
    return found


def array_equiv(a1: Any, a2: Any) -> Array:
    """Return whether two arrays are equal once their axes have been broadcast.

    Parameters
    ----------
    a1, a2 : array_like
        The arrays.

    Returns
    -------
    Array
        One truth value, lazily.
    """
    a, b = asanyarray(a1), asanyarray(a2)
    shapes = known_shape(a, "array_equiv"), known_shape(b, "array_equiv")
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return asarray(np.bool_(False))
    found: Array = (a == b).all()
    return found


def _accumulated(name: str, x: Any, axis: int | None, dtype: Any, include_initial: bool) -> Array:
    x = asanyarray(x)
    if x.ndim == 0:
        raise ValueError("0-dimensional arrays have no axis to accumulate along")
    if axis is None:
        if x.ndim > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = 0
    at = axis_of(axis, x.ndim)
    function = cumulative.cumsum if name == "sum" else cumulative.cumprod
    found = function(x, axis=at, dtype=dtype)
    if not include_initial:
        return found
    shape = tuple(1 if own == at else n for own, n in enumerate(found.shape))
    chunks = tuple((1,) if own == at else sizes for own, sizes in enumerate(found.chunks))
    first = (zeros if name == "sum" else ones)(shape, dtype=found.dtype, chunks=chunks)
    return concatenate([first, found], axis=at)


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    """Return the sums up to each element along an axis.

    Parameters
    ----------
    x : array_like
        The array.
    axis : int, optional
        Along which axis; needed where there are several.
    dtype : dtype, optional
        The dtype of the sums.
    include_initial : bool, optional
        Whether zero comes first, as the sum of nothing.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.cumulative_sum(ra.arange(1, 4, chunks=2), include_initial=True).compute()
    array([0, 1, 3, 6])
    """
    return _accumulated("sum", x, axis, dtype, include_initial)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    """Return the products up to each element along an axis, one first if asked for: see `cumulative_sum`."""
    return _accumulated("prod", x, axis, dtype, include_initial)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Array:
    """Make an array of one in memory that another library shares by DLPack.

    Parameters
    ----------
    x : object with ``__dlpack__``
        The array.
    device : {"cpu", None}, optional
        Where the result is.
    copy : bool, optional
        Whether the memory is copied; False reads it where it lies when a computation runs.

    Returns
    -------
    Array

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> ra.from_dlpack(np.arange(3)).compute()
    array([0, 1, 2])
    """
    check_device(device)
    if hasattr(x, "_expr"):
        found: Array = x
        return found
    return from_array(np.from_dlpack(x), copy=copy is not False)
