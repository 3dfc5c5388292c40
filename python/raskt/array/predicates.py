"""What elements are: near each other, infinite, missing, complex; and numbers in the place of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._op import op
from raskt.array.conversion import asanyarray
from raskt.array.creation import full_like
from raskt.array.searching import where
from raskt.array.ufuncs import _kind, _number_like, apply, of_values

if TYPE_CHECKING:
    from raskt.array.core import Array
if TYPE_CHECKING:
    from raskt.array.core import Array

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "allclose",
    "isclose",
    "iscomplex",
    "isneginf",
    "isnull",
    "isposinf",
    "isreal",
    "nan_to_num",
    "notnull",
]


@of_values("nan_to_num")
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Array:
    """Replace NaN and infinities by numbers.

    Parameters
    ----------
    x : array_like
        The array.
    copy : bool, optional
        Accepted as NumPy does: arrays do not change.
    nan, posinf, neginf : float, optional
        What takes their places; the largest and the smallest number for infinities.

    Returns
    -------
    Array
        Finite elements.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> ra.nan_to_num(ra.asarray([1.0, np.nan, -np.inf]), neginf=-9).compute()
    array([ 1.,  0., -9.])
    """
    del copy
    x = asanyarray(x)
    kind = _kind(x)
    if kind in tuple("biu"):
        same: Array = x
        return same
    if kind != "f" or any(np.ndim(value) for value in (nan, posinf, neginf)):
        return apply("raskt.array._chunk.nan_to_num", x, nan=nan, posinf=posinf, neginf=neginf)
    limits = np.finfo(x.dtype)
    found: Array = x
    for place, value in ((-np.inf, limits.min if neginf is None else neginf), (np.inf, limits.max)):
        chosen = value if place < 0 or posinf is None else posinf
        found = where(op("equal", (x, place)), _number_like(chosen, x), found)
    return op("where", (op("isnan", (x,)), _number_like(nan, x), found))


def _all_like(x: Any, value: bool) -> Array:
    """Return an array of one truth value, shaped as another one."""
    return full_like(x, value, dtype=bool)


@of_values("iscomplex")
def iscomplex(x: Any) -> Array:
    """Return where elements have an imaginary part."""
    if _kind(x) == "c":
        return op("not_equal", (op("imag", (x,)), 0))
    return _all_like(x, False) if _kind(x) in tuple("biuf") else apply("numpy.iscomplex", x)


@of_values("isreal")
def isreal(x: Any) -> Array:
    """Return where elements have no imaginary part."""
    if _kind(x) == "c":
        return op("equal", (op("imag", (x,)), 0))
    return _all_like(x, True) if _kind(x) in tuple("biuf") else apply("numpy.isreal", x)


def isneginf(x: Any) -> Array:
    """Return where elements are minus infinity."""
    if _kind(x) in tuple("biuf"):
        return op("equal", (x, -np.inf))
    return apply("numpy.isneginf", x)


def isposinf(x: Any) -> Array:
    """Return where elements are plus infinity."""
    if _kind(x) in tuple("biuf"):
        return op("equal", (x, np.inf))
    return apply("numpy.isposinf", x)


def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Array:
    """Return where elements are nearly equal.

    Parameters
    ----------
    a, b : array_like
        The arrays.
    rtol, atol : float, optional
        How far they may be apart: ``atol + rtol * abs(b)``.
    equal_nan : bool, optional
        Whether NaN equals NaN.

    Returns
    -------
    Array
        Of truth values.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.isclose(ra.asarray([1.0, 2.0]), [1.0 + 1e-9, 2.1]).compute()
    array([ True, False])
    """
    x, y = (float(side) if isinstance(side, (int, float)) else asanyarray(side) for side in (a, b))
    arrays = [side for side in (x, y) if not isinstance(side, float)]
    if (
        not arrays
        or any(_kind(side) not in tuple("biuf") for side in arrays)
        or np.ndim(rtol)
        or np.ndim(atol)
    ):
        return apply("numpy.isclose", a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)
    # As numpy.isclose has it, operation by operation: what is compared with is a float.
    if not isinstance(y, float) and (dtype := np.result_type(y.dtype, 1.0)) != y.dtype:
        y = y.astype(dtype)
    found = op("equal", (x, y))
    apart = op("absolute", (op("subtract", (x, y)),))
    if isinstance(y, float):
        if np.isfinite(y):
            found = op("bitwise_or", (op("less_equal", (apart, atol + rtol * abs(y))), found))
        return op("bitwise_or", (found, op("isnan", (x,)))) if equal_nan and np.isnan(y) else found
    reach = op("add", (op("multiply", (op("absolute", (y,)), rtol)), atol))
    near = op("bitwise_and", (op("less_equal", (apart, reach)), op("isfinite", (y,))))
    found = op("bitwise_or", (near, found))
    if equal_nan and not isinstance(x, float):
        found = op("bitwise_or", (found, op("bitwise_and", (op("isnan", (x,)), op("isnan", (y,))))))
    elif equal_nan and np.isnan(x):
        found = op("bitwise_or", (found, op("isnan", (y,))))
    return found


def isnull(values: Any) -> Array:
    """Return where values are missing, as `pandas.isnull` does."""
    kind = _kind(values)
    if kind in ("f", "c", "m", "M"):
        return op("isnat" if kind in "mM" else "isnan", (values,))
    return _all_like(values, False) if kind in tuple("biu") else apply("pandas.isnull", values, dtype=bool)


def notnull(values: Any) -> Array:
    """Return where values are not missing, as `pandas.notnull` does."""
    return op("logical_not", (isnull(values),))


def allclose(arr1: Any, arr2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Return whether all elements are nearly equal; see `isclose`."""
    made: Array = isclose(arr1, arr2, rtol=rtol, atol=atol, equal_nan=equal_nan).all()
    return made
