"""Reductions of some of the elements, or that begin with a value: NumPy's ``where=`` and ``initial=``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axes_of
from raskt.array._base import dtype_parameter, is_known
from raskt.array._op import op
from raskt.array._out import into
from raskt.array._reduce import reduced
from raskt.array.conversion import asanyarray
from raskt.array.creation import full, ones_like
from raskt.array.padding import pad

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["narrowed", "selected"]

_NEUTRAL = {"sum": 0, "prod": 1, "any": False, "all": True}
"""What elements that do not count are taken for."""
_JOIN = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}
"""What puts a value and a result together."""


def selected(
    name: str,
    a: Any,
    axis: Any,
    dtype: Any,
    ddof: Any,
    initial: Any,
    where: Any,
    out: Any,
    options: dict[str, Any],
) -> Array:
    """Return a reduction of the elements of ``a`` where ``where`` is true, and of ``initial``."""
    x = asanyarray(a)
    if where is not True:
        known = where.dtype if hasattr(where, "dtype") else np.asarray(where).dtype
        if known.kind != "b":
            raise TypeError(f"where= takes truth values, found {known}")
    if name in ("mean", "var", "std"):
        made: Array = into(out, _moment(name, x, axis, dtype, ddof, where, options))
        return made
    if initial is None and name in ("max", "min"):
        raise ValueError(
            f"reduction operation '{_JOIN[name]}' does not have an identity, so to use a where mask one "
            "has to specify 'initial'"
        )
    if initial is not None and x.dtype.kind in "mM" and name in ("max", "min"):
        initial = np.asarray(initial).astype(x.dtype)[()]
    if where is not True:
        neutral = initial if name in ("max", "min") else _NEUTRAL[name]
        if x.dtype.kind in "SU":
            # Of texts the empty one alone is false.
            neutral = "1" if neutral else ""
        x = op("where", (where, x, np.asarray(neutral).astype(x.dtype)[()]))
    extra = {"dtype": dtype} if name in ("sum", "prod") else {}
    if name in ("max", "min") and 0 in x.shape:
        found: Array = _of_nothing(x, axis, initial, options["keepdims"])
    else:
        if name in ("max", "min") and not is_known(x.shape):
            # An axis of unknown length may turn out to have no elements: the value is one of them.
            gone = range(x.ndim) if axis is None else axes_of(axis, x.ndim)
            widths = [(0, 1 if at in gone else 0) for at in range(x.ndim)]
            x = pad(x, widths, constant_values=initial)
        found = reduced(name, x, axis, **options, **extra)
    if initial is not None:
        same = found.dtype
        found = op(_JOIN[name], (found, initial))
        found = found if found.dtype == same else found.astype(same)
    result: Array = into(out, found)
    return result


def narrowed(name: str, a: Any, axis: Any, dtype: Any, ddof: Any, out: Any, options: dict[str, Any]) -> Array:
    """Return a mean, variance or deviation in a dtype that holds less than the elements.

    NumPy takes the mean of elements that have been made of that dtype: of floats in whole numbers without
    their fractions, of complex numbers in real ones without imaginary parts. Distances from it are taken of
    the elements as they are.
    """
    x = asanyarray(a)
    where = ~op("isnan", (x,)) if name.startswith("nan") and x.dtype.kind in "fc" else True
    found: Array = into(out, _moment(name, x, axis, dtype, ddof, where, options))
    return found


def _of_nothing(x: Array, axis: Any, initial: Any, keepdims: bool) -> Array:
    """Return ``initial``, in the shape of a reduction of no elements."""
    gone = tuple(range(x.ndim)) if axis is None else axes_of(axis, x.ndim)
    shape = [1 if at in gone else n for at, n in enumerate(x.shape) if keepdims or at not in gone]
    return full(tuple(shape), initial, dtype=x.dtype)


def _moment(
    name: str, x: Array, axis: Any, dtype: Any, ddof: Any, where: Any, options: dict[str, Any]
) -> Array:
    """Return means and deviations of the elements that count."""
    known = getattr(np, name)(np.ones(1, x.dtype), dtype=dtype).dtype
    wide = np.result_type(x.dtype, np.float64) if x.dtype.kind in "biu" else x.dtype
    values = summed = x.astype(wide if dtype is None else np.dtype(dtype))
    if x.dtype.kind == "c" and not name.endswith("mean"):
        values = x
    everything = ones_like(x, dtype=bool)
    counted = everything if where is True else op("where", (where, everything, False))
    n = reduced("sum", counted, axis, **options)

    def total(of: Array, keepdims: bool) -> Array:
        kept = of if where is True else op("where", (where, of, np.zeros((), of.dtype)[()]))
        return reduced("sum", kept, axis, keepdims, options["split_every"], dtype=of.dtype)

    if name.endswith("mean"):
        found = op("divide", (total(summed, options["keepdims"]), n))
    else:
        count = n if options["keepdims"] else reduced("sum", counted, axis, True)
        apart = op("subtract", (values, op("divide", (total(summed, True), count))))
        square = (apart * apart.conj()).real if apart.dtype.kind == "c" else apart * apart
        left = op("maximum", (op("subtract", (n, ddof or 0)), 0))
        found = op("divide", (total(square, options["keepdims"]), left))
        if name.startswith("nan"):
            found = op("where", (left > 0, found, np.nan))
        found = op("sqrt", (found,)) if name.endswith("std") else found
    code = dtype_parameter(known)
    return found if found._expr.dtype == code else found.astype(known)
