"""Running sums and products, and differences."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axes_of, axis_of
from raskt.array._base import dtype_parameter, is_known
from raskt.array._deferred import similar
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.array._out import into
from raskt.array.blockwise import blockwise, map_blocks
from raskt.array.concatenate import concatenate
from raskt.array.conversion import asanyarray
from raskt.array.creation import ones_like
from raskt.array.overlap import map_overlap
from raskt.array.searching import where
from raskt.array.shape import broadcast_arrays, broadcast_to

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "cumprod",
    "cumreduction",
    "cumsum",
    "diff",
    "ediff1d",
    "gradient",
    "nancumprod",
    "nancumsum",
    "push",
    "unwrap",
]


def _scan(kind: str, x: Any, axis: Any, dtype: Any, out: Any, method: str) -> Array:
    if method not in ("sequential", "blelloch"):
        raise ValueError(f"method must be 'sequential' or 'blelloch', found {method!r}")
    x = asanyarray(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    at = axis_of(axis, x.ndim)
    known = getattr(np, kind)(np.ones(1, x.dtype), dtype=dtype).dtype
    if dtype is not None and known.kind not in (np.dtype(dtype).kind, "m"):
        raise TypeError(f"{kind} of elements of dtype {x.dtype} cannot be {np.dtype(dtype)}")
    found: Array = into(out, _scanned(kind, x, at, known))
    return found


def _scanned(kind: str, x: Array, axis: int, dtype: np.dtype[Any]) -> Array:
    """Every block on its own, and then what came before each."""
    letters = list(range(x.ndim))
    code = dtype_parameter(dtype)

    def blocks(function: str, operands: tuple[Any, ...], chunks: Any, **kwargs: Any) -> Array:
        parameters: dict[str, Any] = {
            "function": function,
            "kwargs": kwargs,
            "output": letters,
            "inputs": [letters] * len(operands),
            "dtype": code,
            "label": kind,
        }
        if chunks is not None:
            parameters["chunks"] = grid_of(chunks, tuple(sum(sizes) for sizes in chunks))
        return op("blockwise", operands, parameters)

    scanned = blocks("raskt.array._chunk.scan_block", (x,), None, kind=kind, axis=axis, dtype=code)
    n = x.numblocks[axis]
    if n == 1:
        return scanned
    ones = tuple((1,) * n if at == axis else sizes for at, sizes in enumerate(x.chunks))
    # A NaN in a running sum is one: those of the elements have been left out.
    plain = kind.removeprefix("nan")
    lasts = blocks("raskt.array._chunk.last_of_block", (scanned,), ones, kind=plain, axis=axis)
    whole = lasts.rechunk({axis: -1})
    before = blocks("raskt.array._chunk.scan_before", (whole,), None, kind=plain, axis=axis).rechunk(
        {axis: 1}
    )
    if dtype.hasobject:
        return blocks("raskt.array._chunk.scan_objects", (before, scanned), x.chunks, kind=plain)
    join = "numpy.multiply" if kind.endswith("prod") else "numpy.add"
    if dtype.kind == "c" and kind.endswith("prod"):
        join = "raskt.array._chunk.join_products"
    return blocks(join, (scanned, before), x.chunks)


def cumsum(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, method: str = "sequential") -> Array:
    """Return running sums.

    Parameters
    ----------
    x : array_like
        The array.
    axis : int, optional
        Along which axis; through the flat array by default.
    dtype : dtype, optional
        The dtype of the result.
    out : Array, optional
        What gets the result.
    method : {"sequential", "blelloch"}, optional
        Accepted as Dask does: blocks are scanned at once, and what came before is added.

    Returns
    -------
    Array
        The sums.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.arange(5, chunks=2).cumsum().compute()
    array([ 0,  1,  3,  6, 10])
    """
    return _scan("cumsum", x, axis, dtype, out, method)


def cumprod(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, method: str = "sequential"
) -> Array:
    """Return running products; see `cumsum`."""
    return _scan("cumprod", x, axis, dtype, out, method)


def nancumsum(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, *, method: str = "sequential"
) -> Array:
    """Return running sums, NaN left out; see `cumsum`."""
    return _scan("nancumsum", x, axis, dtype, out, method)


def nancumprod(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, *, method: str = "sequential"
) -> Array:
    """Return running products, NaN left out; see `cumsum`."""
    return _scan("nancumprod", x, axis, dtype, out, method)


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """Return differences of neighbours.

    Parameters
    ----------
    a : array_like
        The array.
    n : int, optional
        How often.
    axis : int, optional
        Along which axis.
    prepend, append : array_like, optional
        What comes before and behind.

    Returns
    -------
    Array
        The differences.
    """
    a = asanyarray(a)
    n = operator.index(n)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    if n == 0:
        unchanged: Array = a
        return unchanged
    at = axis_of(axis, a.ndim)
    parts: list[Any] = []
    for side in (prepend, None, append):
        if side is None:
            parts.append(a if len(parts) == 1 else None)
            continue
        side = asanyarray(side)
        if side.ndim == 0:
            shape = (*a.shape[:at], 1, *a.shape[at + 1 :])
            if is_known(shape):
                side = broadcast_to(side, shape)
            else:
                side = broadcast_arrays(side, ones_like(a, dtype=bool).any(axis=at, keepdims=True))[0]
        parts.append(side)
    a = concatenate([part for part in parts if part is not None], axis=at)
    before = (slice(None),) * at
    if is_known(a.shape[at : at + 1]) and n >= a.shape[at]:
        # Nothing is left. Differences of dates are of another type than theirs are.
        a, n = a[(*before, slice(0, 0))], min(n, 2)
    for _ in range(n):
        first, last = a[(*before, slice(1, None))], a[(*before, slice(None, -1))]
        a = first != last if a.dtype == bool else first - last
    made: Array = a
    return made


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Array:
    """Return differences of neighbours in the flat array, with something before and behind."""
    ary = asanyarray(ary)
    _refuse_truth(ary, "ediff1d")
    found = diff(ary.reshape(-1))

    def side(name: str, values: Any) -> list[Array]:
        if values is None:
            return []
        made = asanyarray(values).reshape(-1) if hasattr(values, "dtype") else asanyarray(np.ravel(values))
        own = found.dtype if found.dtype.kind == "m" else ary.dtype
        if not np.can_cast(made.dtype, own, casting="same_kind"):
            raise TypeError(
                f"{name} of dtype {made.dtype} cannot become elements of dtype {own} without being wrapped "
                "or cut: cast them first"
            )
        if not hasattr(values, "dtype"):
            # Numbers of Python's that the dtype does not hold are an error of NumPy's.
            return [asanyarray(np.ravel(np.asarray(values, found.dtype)))]
        return [made.astype(found.dtype)]

    return concatenate([*side("to_begin", to_begin), found, *side("to_end", to_end)])


def _refuse_truth(x: Array, name: str) -> None:
    if x.dtype.kind == "b":
        raise TypeError(f"{name} of truth values, which have no differences: cast them to numbers first")


def gradient(f: Any, *varargs: Any, axis: Any = None, **kwargs: Any) -> Any:
    """Return the slopes along axes, by differences in the middle.

    Parameters
    ----------
    f : array_like
        The values.
    *varargs : scalar or array_like
        The distances, or the coordinates along each axis.
    axis : int or tuple of int, optional
        Along which axes; all of them by default.
    **kwargs
        ``edge_order``.

    Returns
    -------
    Array or list of Array
        One for each axis.
    """
    f = asanyarray(f)
    _refuse_truth(f, "gradient")
    edge = kwargs.pop("edge_order", 1)
    if kwargs:
        raise TypeError(f"gradient does not take {sorted(kwargs)}")
    axes = tuple(range(f.ndim)) if axis is None else axes_of(axis, f.ndim)
    spacings = list(varargs) or [1.0]
    if len(spacings) == 1:
        spacings *= len(axes)
    if len(spacings) != len(axes):
        raise TypeError("Spacing must either be a single scalar, or a scalar / 1d-array per axis")
    if f.dtype.kind in "ui":
        f = f.astype(np.float64)
    # Differences of dates are durations.
    dtype = np.dtype(f.dtype.str.replace("M", "m")) if f.dtype.kind == "M" else f.dtype
    dtype = None if dtype.kind == "O" else dtype
    found = []
    for at, spacing in zip(axes, spacings, strict=True):
        n = f.shape[at]
        if n != n:
            args = (f, spacing, at, edge)
            found.append(similar("raskt.array.cumulative:_gradient_along", args, f, {}, dtype))
            continue
        if n < edge + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, at least "
                "(edge_order + 1) elements are "
                "required."
            )
        if np.ndim(spacing) or edge != 1 or min(f.chunks[at]) < 2:
            whole = f.rechunk({at: -1})
            extra = {
                "spacing": np.asarray(spacing) if np.ndim(spacing) else spacing,
                "axis": at,
                "edge_order": edge,
            }
            found.append(map_blocks(_gradient, whole, dtype=dtype, **extra))
            continue
        found.append(
            map_overlap(
                _gradient,
                f,
                depth={at: 1},
                boundary="none",
                dtype=dtype,
                spacing=spacing,
                axis=at,
                edge_order=edge,
            )
        )
    return found[0] if len(found) == 1 else found


def _gradient_along(f: Array, spacing: Any, axis: int, edge: int) -> Array:
    """Return the slopes along one axis: `gradient` for recipes."""
    made: Array = gradient(f, spacing, axis=axis, edge_order=edge)
    return made


def _gradient(block: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    function: Any = np.gradient
    return function(block, spacing, axis=axis, edge_order=edge_order)


def push(array: Any, n: Any, axis: int) -> Array:
    """Fill NaN with the last number before it along an axis; at most ``n`` in a row if ``n`` is given."""
    array = asanyarray(array)
    at = axis_of(axis, array.ndim)
    return map_blocks(_push, array.rechunk({at: -1}), dtype=array.dtype, n=n, axis=at)


def _push(block: Any, n: Any, axis: int) -> Any:
    place = np.arange(block.shape[axis]).reshape([-1 if at == axis else 1 for at in range(block.ndim)])
    last = np.maximum.accumulate(np.where(np.isnan(block), -1, place), axis=axis)
    far = (place - last) > n if n is not None else np.zeros_like(last, dtype=bool)
    filled = np.take_along_axis(block, np.maximum(last, 0), axis=axis)
    # Where there is none before, or none near, it is NaN already.
    return np.where((last < 0) | far, block, filled)


def cumreduction(
    func: Any,
    binop: Any,
    ident: Any,
    x: Any,
    axis: int | None = None,
    dtype: Any = None,
    out: Any = None,
    method: str = "sequential",
    preop: Any = None,
) -> Array:
    """Return running results of functions of your own.

    Parameters
    ----------
    func : callable
        ``func(block, axis=axis)``: the running results within a block, such as `numpy.cumsum`.
    binop : callable
        ``binop(before, block)``: what joins the last result before a block with those within it.
    ident : scalar
        What changes nothing: 0 for sums.
    x : array_like
        The array.
    axis : int, optional
        Along which axis; through the flat array by default.
    dtype : dtype, optional
        The dtype of the result; by default that of ``func`` on one element.
    out : Array, optional
        What gets the result.
    method : {"sequential", "blelloch"}, optional
        How Dask goes about it; here blocks are scanned at once and what came before is joined, both times.
    preop : callable, optional
        What ``"blelloch"`` needs in Dask: the result of a whole block.

    Returns
    -------
    Array
        The results.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> from raskt.array.reductions import cumreduction
    >>> x = ra.from_array(np.array([1, 3, 2, 5]), chunks=2)
    >>> cumreduction(np.maximum.accumulate, np.maximum, 0, x, axis=0).compute()
    array([1, 3, 3, 5])
    """
    if method not in ("sequential", "blelloch"):
        raise ValueError(f"method must be 'sequential' or 'blelloch', found {method!r}")
    if method == "blelloch" and preop is None:
        raise TypeError("cumreduction with the method 'blelloch' needs preop=")
    x = asanyarray(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    at = axis_of(axis, x.ndim)
    known = np.dtype(dtype) if dtype is not None else func(np.ones((0,) * x.ndim, x.dtype), axis=at).dtype
    scanned = map_blocks(_scan_of, x, function=func, along=at, dtype=known)
    ones = tuple((1,) * len(sizes) if axis == at else sizes for axis, sizes in enumerate(x.chunks))
    lasts = map_blocks(_last_of, scanned, along=at, ident=ident, dtype=known, chunks=ones)
    whole = lasts.rechunk({at: -1})
    before = map_blocks(_before, whole, along=at, ident=ident, join=binop, dtype=known).rechunk({at: 1})
    letters = tuple(range(x.ndim))
    sizes = dict(enumerate(x.chunks))
    joined = blockwise(
        binop,
        letters,
        before,
        letters,
        scanned,
        letters,
        dtype=known,
        align_arrays=False,
        adjust_chunks=sizes,
    )
    found: Array = into(out, joined)
    return found


def _scan_of(block: Any, function: Any, along: int) -> Any:
    return function(block, axis=along)


def _last_of(block: Any, along: int, ident: Any) -> Any:
    if block.shape[along]:
        return block[(*(slice(None),) * along, slice(-1, None))]
    return np.full(tuple(1 if axis == along else n for axis, n in enumerate(block.shape)), ident, block.dtype)


def _before(block: Any, along: int, ident: Any, join: Any) -> Any:
    """Return for each place what the results at all places before it come to."""
    found = np.empty_like(block)
    so_far: Any = np.full(
        tuple(1 if axis == along else n for axis, n in enumerate(block.shape)), ident, block.dtype
    )
    for place in range(block.shape[along]):
        where = (*(slice(None),) * along, slice(place, place + 1))
        found[where] = so_far
        so_far = join(so_far, block[where])
    return found


def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Array:
    """Take whole periods out of the steps between elements that follow one another.

    Parameters
    ----------
    p : array_like
        Angles, or other numbers of a period.
    discont : float, optional
        From which step on; half a period by default, which is the least.
    axis : int, optional
        Along which axis.
    period : float, optional
        The period.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.unwrap(ra.asarray([0, 5, 1, 7]), period=6).compute()
    array([ 0, -1,  1,  1])
    """
    x = asanyarray(p)
    at = axis_of(axis, x.ndim)
    steps = diff(x, axis=at)
    dtype = np.result_type(steps.dtype, period)
    if dtype.kind in "iu":
        half, rest = divmod(period, 2)
        is_between = not rest
    else:
        half, is_between = period / 2, True
    least = -half
    short = (steps - least) % period + least
    if is_between:
        # A step of half a period either way keeps its sign.
        short = where((short == least) & (steps > 0), half, short)
    limit = half if discont is None else max(discont, period / 2)
    turns = where(abs(steps) < limit, 0, short - steps).astype(dtype).cumsum(axis=at)
    first = (slice(None),) * at
    whole = x.astype(dtype)
    return concatenate([whole[(*first, slice(1))], whole[(*first, slice(1, None))] + turns], axis=at)
