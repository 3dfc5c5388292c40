"""Reductions along axes."""

# ruff: noqa: A001 - NumPy's names
from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._kept import kept
from raskt._lazy import finder
from raskt.array._base import array_of, dtype_of, dtype_parameter, is_known
from raskt.array._block_call import wants
from raskt.array._chunk import assemble
from raskt.array._op import expr_of, op
from raskt.array._out import into
from raskt.array._readers import reads_only
from raskt.array._reduce import reduced, together
from raskt.array._selected import narrowed, selected
from raskt.array.blockwise import map_blocks
from raskt.array.conversion import asanyarray
from raskt.array.creation import ones_like
from raskt.array.diagonals import diagonal
from raskt.array.shape import broadcast_to
from raskt.naming import funcname

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "average",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "moment",
    "nanargmax",
    "nanargmin",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "prod",
    "ptp",
    "reduction",
    "std",
    "sum",
    "trace",
    "var",
]


def _reduced(
    name: str,
    a: Any,
    axis: Any,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    dtype: Any = None,
    ddof: Any = None,
    initial: Any = None,
    where: Any = True,
) -> Array:
    """Return a reduction of all elements along axes, or of those that ``where`` and ``initial`` say."""
    options = {"keepdims": bool(keepdims), "split_every": split_every}
    if where is not True or initial is not None:
        return selected(name, a, axis, dtype, ddof, initial, where, out, options)
    if dtype is not None and _is_narrowed(name, a, np.dtype(dtype)):
        return narrowed(name, a, axis, dtype, ddof, out, options)
    return reduced(name, a, axis, keepdims, split_every, out, dtype, ddof)


def _is_narrowed(name: str, a: Any, asked: np.dtype[Any]) -> bool:
    """Whether NumPy adds elements up in a dtype that cannot hold all that they say."""
    own = dtype_of(expr_of(a))
    if own is None:
        return False
    if name in ("mean", "nanmean"):
        return asked.kind in "iu" and own.kind in ("biufc" if name == "mean" else "biu")
    return name.endswith(("var", "std")) and asked.kind == "f" and own.kind == "c"


def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Array:
    """Add elements up.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int or tuple of int, optional
        Along which axes; all of them by default.
    dtype : dtype, optional
        The dtype of the result.
    keepdims : bool, optional
        Whether the axes stay, with length 1.
    split_every : int or dict, optional
        How many partial results are combined at once.
    out : Array, optional
        What gets the result.
    initial : scalar, optional
        What the sum begins with.
    where : array_like, optional
        Which elements count.

    Returns
    -------
    Array
        The sums.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.ones((2, 3), chunks=1).sum(axis=0).compute()
    array([2., 2., 2.])
    """
    return _reduced("sum", a, axis, keepdims, split_every, out, dtype, initial=initial, where=where)


def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Array:
    """Multiply elements; see `sum`."""
    return _reduced("prod", a, axis, keepdims, split_every, out, dtype, initial=initial, where=where)


def max(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Array:
    """Return the largest elements; see `sum`."""
    return _reduced("max", a, axis, keepdims, split_every, out, initial=initial, where=where)


def min(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    initial: Any = None,
    where: Any = True,
) -> Array:
    """Return the smallest elements; see `sum`."""
    return _reduced("min", a, axis, keepdims, split_every, out, initial=initial, where=where)


def any(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Array:
    """Return whether any element is true; see `sum`."""
    return _reduced("any", a, axis, keepdims, split_every, out, where=where)


def all(
    a: Any,
    axis: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Array:
    """Return whether all elements are true; see `sum`."""
    return _reduced("all", a, axis, keepdims, split_every, out, where=where)


def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Array:
    """Return the means of elements; see `sum`."""
    return _reduced("mean", a, axis, keepdims, split_every, out, dtype, where=where)


def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    ddof: int = 0,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Array:
    """Return the standard deviations of elements; see `sum`.

    Parameters
    ----------
    a, axis, dtype, keepdims, split_every, out
        As in `sum`.
    ddof : int, optional
        What the number of elements is lessened by before it divides.
    where : array_like, optional
        Which elements count.

    Returns
    -------
    Array
        The deviations.
    """
    return _reduced("std", a, axis, keepdims, split_every, out, dtype, ddof, where=where)


def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    ddof: int = 0,
    split_every: Any = None,
    out: Any = None,
    *,
    where: Any = True,
) -> Array:
    """Return the variances of elements; see `std`."""
    return _reduced("var", a, axis, keepdims, split_every, out, dtype, ddof, where=where)


def _arg_axis(axis: Any) -> Any:
    if axis is not None and not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis must be an integer or None, found {type(axis).__name__}")
    return axis


def _place(name: str, a: Any, axis: Any, keepdims: bool, split_every: Any, out: Any) -> Array:
    """Return where something is: once it is known where blocks begin, if that is not known yet."""
    axis = _arg_axis(axis)
    x = array_of(expr_of(a))
    if x._dtype is not None and x._dtype.kind == "V":
        raise TypeError("data type not ordered")
    if x.ndim == 0 and axis in (0, -1):
        axis = None
    return _reduced(name, x, axis, keepdims, split_every, out)


def argmax(
    a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None
) -> Array:
    """Return where the largest elements are.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int, optional
        Along which axis; in the flat array by default.
    keepdims, split_every, out
        As in `sum`.

    Returns
    -------
    Array
        Their indices; the first of equal ones.
    """
    return _place("argmax", a, axis, keepdims, split_every, out)


def argmin(
    a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None
) -> Array:
    """Return where the smallest elements are; see `argmax`."""
    return _place("argmin", a, axis, keepdims, split_every, out)


def nanargmax(
    a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None
) -> Array:
    """Return where the largest elements are, NaN left out; see `argmax`."""
    return _place("nanargmax", a, axis, keepdims, split_every, out)


def nanargmin(
    a: Any, axis: int | None = None, keepdims: bool = False, split_every: Any = None, out: Any = None
) -> Array:
    """Return where the smallest elements are, NaN left out; see `argmax`."""
    return _place("nanargmin", a, axis, keepdims, split_every, out)


def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
) -> Array:
    """Add elements up, NaN left out; see `sum`."""
    return _reduced("nansum", a, axis, keepdims, split_every, out, dtype)


def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
) -> Array:
    """Multiply elements, NaN left out; see `sum`."""
    return _reduced("nanprod", a, axis, keepdims, split_every, out, dtype)


def nanmax(
    a: Any, axis: Any = None, keepdims: bool = False, split_every: Any = None, out: Any = None
) -> Array:
    """Return the largest elements, NaN left out; see `sum`."""
    return _reduced("nanmax", a, axis, keepdims, split_every, out)


def nanmin(
    a: Any, axis: Any = None, keepdims: bool = False, split_every: Any = None, out: Any = None
) -> Array:
    """Return the smallest elements, NaN left out; see `sum`."""
    return _reduced("nanmin", a, axis, keepdims, split_every, out)


def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    split_every: Any = None,
    out: Any = None,
) -> Array:
    """Return the means of elements, NaN left out; see `sum`."""
    return _reduced("nanmean", a, axis, keepdims, split_every, out, dtype)


def nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    ddof: int = 0,
    split_every: Any = None,
    out: Any = None,
) -> Array:
    """Return the standard deviations of elements, NaN left out; see `std`."""
    return _reduced("nanstd", a, axis, keepdims, split_every, out, dtype, ddof)


def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    ddof: int = 0,
    split_every: Any = None,
    out: Any = None,
) -> Array:
    """Return the variances of elements, NaN left out; see `std`."""
    return _reduced("nanvar", a, axis, keepdims, split_every, out, dtype, ddof)


def moment(
    a: Any,
    order: int,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    ddof: int = 0,
    split_every: Any = None,
    out: Any = None,
) -> Array:
    """Return central moments of elements.

    Parameters
    ----------
    a, axis, dtype, keepdims, ddof, split_every, out
        As in `std`.
    order : int
        Which moment: 2 for the variance.

    Returns
    -------
    Array
        The moments.
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError("order must be an integer of 0 or more")
    x = asanyarray(a)
    apart = x - mean(x, axis=axis, dtype=dtype, keepdims=True)
    total = sum(apart**order, axis=axis, dtype=dtype, keepdims=keepdims, split_every=split_every)
    n = sum(x * 0 + 1, axis=axis, keepdims=keepdims)
    found = total / (n - ddof)
    moments: Array = into(out, found)
    return moments


def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Array:
    """Return how far the largest and the smallest elements are apart; see `sum`."""
    made: Array = into(out, max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims))
    return made


def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Array:
    """Return how many elements are not zero.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int or tuple of int, optional
        Along which axes.
    keepdims : bool, optional
        Whether the axes stay, with length 1.

    Returns
    -------
    Array
        The numbers.
    """
    return sum(asanyarray(a).astype(bool), axis=axis, dtype=np.int64, keepdims=keepdims)


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """Return weighted means.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int or tuple of int, optional
        Along which axes.
    weights : array_like, optional
        The weight of each element, or of each along the axis.
    returned : bool, optional
        Whether the sums of the weights are returned too.
    keepdims : bool, optional
        Whether the axes stay, with length 1.

    Returns
    -------
    Array, or (Array, Array)
        The means.
    """
    a = asanyarray(a)
    if weights is None:
        found = mean(a, axis=axis, keepdims=keepdims)
        if not returned:
            return found
        return found, sum(ones_like(a, dtype=found.dtype), axis=axis, keepdims=keepdims)
    weights = asanyarray(weights)
    if a.shape != weights.shape and not (
        a.ndim == weights.ndim and not (is_known(a.shape) and is_known(weights.shape))
    ):
        if axis is None:
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        if weights.ndim != 1:
            raise TypeError("1D weights expected when shapes of a and weights differ.")
        if not isinstance(axis, (int, np.integer)):
            raise TypeError("1D weights need one axis when shapes of a and weights differ.")
        if weights.shape[0] != a.shape[axis] and is_known((weights.shape[0], a.shape[axis])):
            raise ValueError("Length of weights not compatible with specified axis.")
        place = axis % a.ndim
        weights = weights[tuple(slice(None) if at == place else None for at in range(a.ndim))]
    dtype = np.result_type(a.dtype, weights.dtype, np.float64 if a.dtype.kind in "bui" else a.dtype)
    product = a * weights
    total = sum(weights * ones_like(a, dtype=weights.dtype), axis=axis, dtype=dtype, keepdims=keepdims)
    found = sum(product, axis=axis, dtype=dtype, keepdims=keepdims) / total
    return (found, total) if returned else found


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Array:
    """Add up diagonals.

    Parameters
    ----------
    a : array_like
        The array.
    offset, axis1, axis2 : int, optional
        Which diagonals; see `diagonal`.
    dtype : dtype, optional
        The dtype of the result.

    Returns
    -------
    Array
        The sums.
    """
    return sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


def reduction(
    x: Any,
    chunk: Any,
    aggregate: Any,
    axis: Any = None,
    keepdims: bool = False,
    dtype: Any = None,
    split_every: Any = None,
    combine: Any = None,
    name: Any = None,
    out: Any = None,
    concatenate: bool = True,
    output_size: Any = 1,
    meta: Any = None,
    weights: Any = None,
) -> Array:
    """Reduce by functions of your own, in a tree.

    Parameters
    ----------
    x : array_like
        The array.
    chunk : callable
        ``chunk(block, axis=axes, keepdims=True)``: the partial result of a block.
    aggregate : callable
        ``aggregate(partial, axis=axes, keepdims=keepdims)``: the result of the last partial ones.
    axis : int or tuple of int, optional
        Along which axes.
    keepdims : bool, optional
        Whether the axes stay.
    dtype : dtype, optional
        The dtype of the result; functions with a parameter of this name get it.
    split_every : int or dict, optional
        How many partial results are combined at once.
    combine : callable, optional
        As ``aggregate``, for partial results in between; ``aggregate`` by default.
    name, meta : optional
        Accepted as Dask does.
    out : Array, optional
        What gets the result.
    concatenate : bool, optional
        Whether partial results are joined before they are combined; otherwise functions get nested lists.
    output_size : int, optional
        The length of reduced axes that stay.
    weights : array_like, optional
        What ``chunk`` gets as its second argument, block by block: it is stretched to the shape of ``x``.

    Returns
    -------
    Array
        The result.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> ra.reduction(ra.arange(6, chunks=2), np.max, np.max, dtype=int).compute()
    np.int64(5)
    """
    del name, meta
    x = asanyarray(x)
    if weights is not None:
        x = _with_weights(x, asanyarray(weights))
    if axis is None:
        axis = tuple(range(x.ndim))
    axes = tuple(
        int(at) % x.ndim if x.ndim else at
        for at in ((axis,) if isinstance(axis, (int, np.integer)) else axis)
    )
    shared = {"axis": axes, "concatenate": concatenate, "ndim": x.ndim}
    chunk, combine, aggregate = (_typed(function, dtype) for function in (chunk, combine, aggregate))

    def packed(function: Any, keep: bool) -> Any:
        if function is None:
            return None
        return _raskt.Whole(_Step(function, keepdims=keep, **shared))

    parameters = {
        "axis": axes,
        "keepdims": bool(keepdims),
        "split_every": together(split_every, axes, x.ndim),
        "dtype": dtype_parameter(dtype) or "unknown",
        "output_size": -1 if output_size != output_size else int(output_size),
        "chunk": _raskt.Whole(_Chunk(chunk, axes, weights is not None)) if chunk is not None else None,
        "combine": packed(combine or aggregate, True),
        "aggregate": packed(aggregate, bool(keepdims)),
    }
    found: Array = into(out, op("reduction", (x,), parameters))
    return found


def _typed(function: Any, dtype: Any) -> Any:
    """Return a function that is told the dtype of the result, where it has a parameter for it."""
    if function is None or dtype is None or not wants(function, "dtype"):
        return function
    return functools.partial(function, dtype=np.dtype(dtype))


def _with_weights(x: Array, weights: Array) -> Array:
    """Return records of the elements of an array and their weights."""
    if is_known(x.shape) and is_known(weights.shape):
        weights = broadcast_to(weights, x.shape).rechunk(x.chunks)
    elif weights.ndim > x.ndim or (weights.ndim and weights.numblocks != x.numblocks[-weights.ndim :]):
        raise ValueError(
            f"weights of shape {weights.shape} and an array of shape {x.shape} are not known to fit: call "
            "compute_chunk_sizes() first"
        )
    if x._dtype is None or weights._dtype is None:
        raise ValueError("reduction with weights needs known dtypes: use astype first")
    return map_blocks(_records, x, weights, dtype=[("element", x.dtype), ("weight", weights.dtype)])


def _records(elements: Any, weights: Any) -> Any:
    """Return records of elements and weights: for tasks."""
    made = np.empty(np.shape(elements), [("element", elements.dtype), ("weight", weights.dtype)])
    made["element"], made["weight"] = elements, weights
    return made


class _Chunk:
    """The first step of a reduction by functions of the user's."""

    def __init__(self, function: Any, axis: Any, has_weights: bool) -> None:
        self.function, self.axis, self.has_weights = kept(function), axis, has_weights
        self.reads_only = reads_only(function, (None,) * (1 + has_weights), {})

    def __call__(self, block: Any) -> Any:
        operands = (block["element"], block["weight"]) if self.has_weights else (block,)
        return self.function(*operands, axis=self.axis, keepdims=True)

    def __raskt_tokenize__(self) -> Any:
        return type(self).__name__, self.function, self.axis, self.has_weights


class _Step:
    """A further step: what neighbours gave, joined or in nested lists."""

    def __init__(self, function: Any, axis: Any, keepdims: bool, concatenate: bool, ndim: int) -> None:
        self.function, self.axis, self.keepdims = kept(function), axis, keepdims
        self.reads_only = reads_only(function, (None,), {})
        self.concatenate, self.ndim = concatenate, ndim
        self.__name__ = funcname(function)

    def __call__(self, *parts: Any, own: Any) -> Any:
        whole = assemble(list(parts), own) if self.concatenate else _nested(list(parts), own)
        return self.function(whole, axis=self.axis, keepdims=self.keepdims)

    def __raskt_tokenize__(self) -> Any:
        return type(self).__name__, self.function, self.axis, self.keepdims, self.concatenate, self.ndim


def _nested(parts: list[Any], counts: Any) -> Any:
    if not counts:
        return parts[0]
    step = len(parts) // counts[0]
    return [_nested(parts[at : at + step], counts[1:]) for at in range(0, len(parts), step)]


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "arg_reduction": "raskt.array._arg_reduction",
        "argtopk": "raskt.array.sorting",
        "cumprod": "raskt.array.cumulative",
        "cumreduction": "raskt.array.cumulative",
        "cumsum": "raskt.array.cumulative",
        "median": "raskt.array.statistics",
        "nancumprod": "raskt.array.cumulative",
        "nancumsum": "raskt.array.cumulative",
        "nanmedian": "raskt.array.statistics",
        "nanquantile": "raskt.array.statistics",
        "quantile": "raskt.array.statistics",
        "topk": "raskt.array.sorting",
    },
)
