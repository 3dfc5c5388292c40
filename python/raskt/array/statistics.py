"""Histograms, quantiles and correlations."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array import _chunk_order
from raskt.array._axes import axes_of
from raskt.array._base import dtype_parameter, is_known
from raskt.array._block_call import BlockCall, Rest, dtype_of_call
from raskt.array._chunk_order import along
from raskt.array._deferred import fits, is_like
from raskt.array._edges import edges_of, is_lazy, lazy_values, n_intervals
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.array._out import into
from raskt.array._weighted import weighted
from raskt.array.blockwise import blockwise
from raskt.array.concatenate import concatenate, stack
from raskt.array.conversion import asanyarray
from raskt.array.creation import ones_like
from raskt.array.diagonals import diagonal
from raskt.array.searching import where
from raskt.array.ufuncs import sqrt

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "bincount",
    "corrcoef",
    "cov",
    "histogram",
    "histogram2d",
    "histogram_bin_edges",
    "histogramdd",
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "percentile",
    "quantile",
]


def _summed(x: Any, weights: Any, function: str, edges: Any, shape: Any, dtype: Any) -> Array:
    """Return the sum of what a function makes of each block; ``edges`` are an array or a list of them."""
    n = x.numblocks[0]
    letters = list(builtins.range(x.ndim))
    new = list(builtins.range(x.ndim, x.ndim + len(shape)))
    operands, inputs = [x], [letters]
    if weights is not None:
        weights = asanyarray(weights)
        if weights.ndim != 1 or not is_same_length(x, weights):
            raise ValueError("weights should have the same shape as a.")
        operands.append(weights if weights.chunks[0] == x.chunks[0] else weights.rechunk((x.chunks[0],)))
        inputs.append([0])
    if is_lazy(edges):
        pairs = [item for pair in zip(operands, inputs, strict=True) for item in pair]
        found = blockwise(
            getattr(_chunk_order, function),
            [0, *new],
            *pairs,
            dtype=dtype,
            adjust_chunks={0: 1},
            new_axes=dict(zip(new, shape, strict=True)),
            concatenate=True,
            edges=edges,
        )
        late: Array = found.sum(axis=0, dtype=dtype)
        return late
    chunks = ((1,) * n, *((length,) for length in shape))
    parameters = {
        "function": f"raskt.array._chunk_order.{function}",
        "kwargs": {"edges": edges},
        "output": [0, *new],
        "inputs": inputs,
        "chunks": grid_of(chunks, (n, *shape)),
        "dtype": dtype_parameter(dtype),
    }
    array: Array = op("blockwise", tuple(operands), parameters).sum(axis=0, dtype=dtype)
    return array


def is_same_length(x: Array, weights: Array) -> bool:
    """Return whether weights are as many as the rows of an array, for sure."""
    return x.shape[0] == weights.shape[0] or is_like(x, 0, weights, 0)


def histogram(
    a: Any, bins: Any = 10, range: Any = None, normed: Any = None, weights: Any = None, density: Any = False
) -> Any:
    """Count elements by intervals.

    Parameters
    ----------
    a : array_like
        The array; taken flat.
    bins : int or array_like
        The ends of the intervals, which may be lazy, or how many equal ones there are between the ends of
        ``range``.
    range : pair of numbers, optional
        The ends of all intervals, with a number of them; they may be lazy. By default the least and the
        largest element: then blocks are kept until these are known.
    normed : None
        Gone from NumPy; an error that says so.
    weights : array_like, optional
        What each element counts.
    density : bool, optional
        Whether counts become a density.

    Returns
    -------
    counts : Array
        How many elements each interval has.
    edges : array_like
        The ends of the intervals; a lazy array where they depend on lazy values.

    Examples
    --------
    >>> import raskt.array as ra
    >>> counts, edges = ra.histogram(ra.arange(10, chunks=3), bins=2, range=(0, 10))
    >>> counts.compute()
    array([5, 5])
    """
    if normed is not None:
        raise ValueError("the argument normed is gone: use density")
    x = asanyarray(a)
    if x.dtype.kind in "SUV" and not _is_sequence(bins):
        raise TypeError(f"histogram of elements of dtype {x.dtype}, which lie in no interval of numbers")
    edges = edges_of(10 if bins is None else bins, range, x.dtype, x)
    weights = None if weights is None else asanyarray(weights)
    if weights is not None and not (is_known(x.shape) and is_known(weights.shape)):
        if x.ndim != weights.ndim:
            raise ValueError("weights should have the same shape as a.")
        if x.ndim != 1 or not fits(x, weights):
            # As one array of pairs, whose sizes are compared once they are known.
            own = _dtype_of_counts(edges, weights)
            record = np.dtype([("value", x.dtype), ("weight", weights.dtype)])
            parameters = {"function": "raskt.array._chunk_order.paired", "dtype": dtype_parameter(record)}
            x = op("apply", (x, weights), parameters).reshape(-1)
            found = _summed(x, None, "histogram_of_pairs", edges, (n_intervals(edges),), own)
            return _as_density(found, edges) if density else found, edges
    elif weights is not None:
        if weights.shape != x.shape:
            raise ValueError("weights should have the same shape as a.")
        weights = weights.rechunk(x.chunks)
    weights = None if weights is None else weights.reshape(-1)
    x = x.reshape(-1)
    dtype = _dtype_of_counts(edges, weights)
    counts: Any = _summed(x, weights, "histogram", edges, (n_intervals(edges),), dtype)
    return _as_density(counts, edges) if density else counts, edges


def _as_density(counts: Any, edges: Any) -> Any:
    return counts / np.diff(edges) / counts.sum()


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    """Return the ends of the intervals by which `histogram` counts, as an array.

    Parameters
    ----------
    a, bins, range
        As in `histogram`.
    weights : array_like, optional
        Accepted as NumPy does.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.histogram_bin_edges(ra.arange(9, chunks=3), bins=4).compute()
    array([0., 2., 4., 6., 8.])
    """
    del weights
    x = asanyarray(a)
    found: Array = asanyarray(edges_of(bins, range, x.dtype, x))
    return found


def _dtype_of_counts(edges: Any, weights: Any) -> Any:
    if weights is None:
        return np.int64
    two = np.zeros(2) if hasattr(edges, "_expr") or len(edges) < 2 else edges[:2]
    return np.histogram(np.ones(1), two, weights=np.ones(1, weights.dtype))[0].dtype


def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    normed: Any = None,
    weights: Any = None,
    density: Any = None,
) -> Any:
    """Count pairs of elements by rectangles.

    Parameters
    ----------
    x, y : array_like
        The elements of pairs.
    bins, range, normed, weights, density
        As in `histogramdd`.

    Returns
    -------
    counts : Array
        How many pairs each rectangle has.
    xedges, yedges : array_like
        The ends of the intervals.
    """
    if _is_sequence(bins) and len(bins) != 2:
        bins = (bins, bins)
    counts, edges = histogramdd(
        (x, y), bins=bins, range=range, normed=normed, weights=weights, density=density
    )
    return counts, edges[0], edges[1]


def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    normed: Any = None,
    weights: Any = None,
    density: Any = None,
) -> Any:
    """Count points by boxes.

    Parameters
    ----------
    sample : array_like, or sequence of array_like
        The points, one row each, or their coordinates along each axis.
    bins : int or sequence
        How many intervals there are along each axis, or their ends, which may be lazy.
    range : sequence of pairs, optional
        The ends of all intervals along each axis, with numbers of them; they may be lazy. By default the
        least and the largest coordinate.
    normed : None
        Gone from NumPy; an error that says so.
    weights : array_like, optional
        What each point counts.
    density : bool, optional
        Whether counts become a density.

    Returns
    -------
    counts : Array
        How many points each box has.
    edges : list of array_like
        The ends of the intervals along each axis.
    """
    if normed is not None:
        raise ValueError("the argument normed is gone: use density")
    if isinstance(sample, (tuple, list)):
        sample = stack([asanyarray(x) for x in sample], axis=1)
    sample = asanyarray(sample)
    if sample.ndim != 2:
        raise ValueError("sample must be points, one row each")
    sample = sample.rechunk({1: -1})
    n = sample.shape[1]
    each = list(bins) if _is_sequence(bins) else [bins] * n
    spans = [None] * n if range is None else list(range)
    if len(each) != n:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    if len(spans) != n:
        raise ValueError("range argument must have one entry per dimension")
    edges = [
        edges_of(own, span, np.dtype(float), sample[:, axis])
        for axis, (own, span) in enumerate(zip(each, spans, strict=True))
    ]
    counts: Any = _summed(sample, weights, "histogramdd", edges, tuple(map(n_intervals, edges)), np.float64)
    if density:
        total = counts.sum()
        for axis, own in enumerate(edges):
            widths = np.diff(own).reshape([-1 if at == axis else 1 for at in builtins.range(n)])
            counts = counts / widths
        counts = counts / total
    return counts, edges


def _is_sequence(bins: Any) -> bool:
    """Return whether ``bins`` says something for each axis, or the ends of intervals."""
    return isinstance(bins, (list, tuple)) or getattr(bins, "ndim", 0) > 0


def bincount(x: Any, weights: Any = None, minlength: int = 0, split_every: Any = None) -> Array:
    """Count how often each whole number is there.

    Parameters
    ----------
    x : array_like
        Whole numbers of 0 or more.
    weights : array_like, optional
        What each counts.
    minlength : int, optional
        How long the result is at least.
    split_every : optional
        Accepted as Dask does.

    Returns
    -------
    Array
        The counts; of unknown length unless there is a ``minlength``.
    """
    del split_every
    x = asanyarray(x)
    if x.ndim != 1:
        raise ValueError("Input array must be one dimensional. Try using x.ravel()")
    if x.dtype.kind not in "iub":
        raise TypeError(
            f"Cannot cast array data from {x.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    if weights is not None:
        weights = asanyarray(weights)
        if weights.shape != x.shape and is_known((*x.shape, *weights.shape)):
            raise ValueError("The weights and list don't have the same length.")
        # As one array of complex numbers, whose sizes are compared once they are known.
        function = "raskt.array._chunk_order.weighted"
        x = op("apply", (x, weights), {"function": function, "dtype": dtype_parameter(np.complex128)})
    dtype = np.int64 if weights is None else np.float64
    parameters = {
        "axis": 0,
        "keepdims": True,
        "dtype": dtype_parameter(dtype),
        "output_size": -1,
        "chunk": "raskt.array._chunk_order.bincount_chunk",
        "combine": "raskt.array._chunk_order.bincount_combine",
        "aggregate": "raskt.array._chunk_order.bincount_combine",
        "kwargs": {"minlength": int(minlength)},
    }
    return op("reduction", (x,), parameters)


def _along(name: str, a: Any, axis: Any, keepdims: bool, extra: dict[str, Any], lead: Any = None) -> Array:
    """Apply a function that needs all elements along axes at once."""
    a = asanyarray(a)
    axes = tuple(builtins.range(a.ndim)) if axis is None else axes_of(axis, a.ndim)
    if a.dtype.kind == "b" and not name.endswith("median"):
        raise TypeError(f"{name} of truth values: cast them to numbers first")
    a = a.rechunk(dict.fromkeys(axes, -1))
    letters = list(builtins.range(a.ndim))
    kept = [at for at in letters if keepdims or at not in axes]
    sizes: list[Any] = [(1,) if at in axes else a.chunks[at] for at in kept]
    output = [at if at not in axes else a.ndim + 1 + at for at in kept]
    if lead is not None:
        output = [a.ndim, *output]
        sizes = [(lead,), *sizes]
    told = {"name": name, "axis": axes, "keepdims": bool(keepdims), "extra": extra}
    parameters = {
        "output": output,
        "inputs": [letters],
        "chunks": grid_of(tuple(sizes), tuple(sum(own) for own in sizes)),
    }
    rest = Rest((None,), told)
    if rest.later is not None:
        dtype = dtype_of_call(along, (0,), rest, [a])
        call = BlockCall(along, (0,), rest)
        more = {"function": _raskt.Whole(call), "inputs": [letters, []], "dtype": dtype_parameter(dtype)}
        return op("blockwise", (a, *rest.operands), {**parameters, **more})
    # Of objects the dtype depends on whether axes are left.
    one = np.ones((1,) * a.ndim, a.dtype)
    dtype = getattr(np, name)(one, axis=axes, keepdims=keepdims, **extra).dtype
    more = {
        "function": "raskt.array._chunk_order.along",
        "kwargs": told,
        "dtype": dtype_parameter(dtype),
    }
    return op("blockwise", (a,), {**parameters, **more})


def median(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> Array:
    """Return medians.

    Parameters
    ----------
    a : array_like
        The array.
    axis : int or tuple of int, optional
        Along which axes; they are cut no more. All of them by default, which takes one chunk.
    keepdims : bool, optional
        Whether the axes stay, with length 1.
    out : Array, optional
        What gets the result.

    Returns
    -------
    Array
        The medians.
    """
    found: Array = into(out, _along("median", a, axis, keepdims, {}))
    return found


def nanmedian(a: Any, axis: Any = None, keepdims: bool = False, out: Any = None) -> Array:
    """Return medians, NaN left out; see `median`."""
    found: Array = into(out, _along("nanmedian", a, axis, keepdims, {}))
    return found


_ONE_AXIS = "quantiles by an array of several axes: pass a list, and reshape the result"


def _quantile(name: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, scale: float) -> Array:
    if is_lazy(q):
        late = lazy_values(q, "q")
        if late.ndim > 1:
            raise NotImplementedError(_ONE_AXIS)
        lead = late.shape[0] if late.ndim else None
        return _along(name, a, axis, keepdims, {"q": late, "method": method}, lead)
    asked = np.asarray(q, dtype=np.float64)
    if not ((asked >= 0) & (asked <= scale)).all():
        what = (
            "Percentiles must be in the range [0, 100]"
            if scale > 1
            else "Quantiles must be in the range [0, 1]"
        )
        raise ValueError(what)
    if asked.ndim > 1:
        raise NotImplementedError(_ONE_AXIS)
    # A number of Python's leaves the array's dtype as it is; all others have one of their own.
    lead = None if asked.ndim == 0 else len(asked)
    plain = float(asked) if asked.ndim == 0 else asked.tolist()
    extra = {"q": np.asarray(q) if hasattr(q, "dtype") else plain, "method": method}
    return _along(name, a, axis, keepdims, extra, lead)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Array:
    """Return quantiles.

    Parameters
    ----------
    a : array_like
        The array.
    q : float or array_like of float
        Which, between 0 and 1; they may be lazy.
    axis : int or tuple of int, optional
        Along which axes; see `median`.
    out, overwrite_input : optional
        Accepted as NumPy does.
    method : str, optional
        How values between elements are found, as in NumPy.
    keepdims : bool, optional
        Whether the axes stay, with length 1.
    weights : array_like, optional
        How often each element counts, with ``method="inverted_cdf"``; a task gets the axes whole then.

    Returns
    -------
    Array
        The quantiles, along a first axis where ``q`` is a list.
    """
    del overwrite_input
    if weights is not None:
        made: Array = into(out, weighted("quantile", a, q, axis, method, keepdims, weights))
        return made
    found: Array = into(out, _quantile("quantile", a, q, axis, method, keepdims, 1.0))
    return found


def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Array:
    """Return quantiles, NaN left out; see `quantile`."""
    del overwrite_input
    if weights is not None:
        made: Array = into(out, weighted("nanquantile", a, q, axis, method, keepdims, weights))
        return made
    found: Array = into(out, _quantile("nanquantile", a, q, axis, method, keepdims, 1.0))
    return found


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    method: str = "linear",
    internal_method: str = "default",
    keepdims: bool = False,
    **kwargs: Any,
) -> Array:
    """Return percentiles.

    Parameters
    ----------
    a : array_like
        The array.
    q : float or array_like of float
        Which, between 0 and 100; they may be lazy.
    axis : int or tuple of int, optional
        Along which axes; see `median`.
    method : str, optional
        How values between elements are found, as in NumPy.
    internal_method : optional
        Accepted as Dask does: percentiles are exact here.
    keepdims : bool, optional
        Whether the axes stay, with length 1.
    **kwargs
        ``interpolation``: the old name of ``method``; ``weights``, as in `quantile`.

    Returns
    -------
    Array
        The percentiles.
    """
    del internal_method
    method = kwargs.get("interpolation", method)
    if kwargs.get("weights") is not None:
        return weighted("percentile", a, q, axis, method, keepdims, kwargs["weights"])
    return _quantile("percentile", a, q, axis, method, keepdims, 100.0)


def nanpercentile(
    a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False, **kwargs: Any
) -> Array:
    """Return percentiles, NaN left out; see `percentile`."""
    method = kwargs.get("interpolation", method)
    if kwargs.get("weights") is not None:
        return weighted("nanpercentile", a, q, axis, method, keepdims, kwargs["weights"])
    return _quantile("nanpercentile", a, q, axis, method, keepdims, 100.0)


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Array:
    """Return covariances of variables.

    Parameters
    ----------
    m : array_like
        The variables, one row each.
    y : array_like, optional
        Further ones.
    rowvar : bool, optional
        Whether variables are rows; columns otherwise.
    bias : bool, optional
        Whether sums are divided by the number of observations, not by one less.
    ddof : int, optional
        What that number is lessened by.
    fweights : array_like of int, optional
        How often each observation counts.
    aweights : array_like, optional
        How much each observation counts.
    dtype : dtype, optional
        The dtype of the result; at least float64 by default.

    Returns
    -------
    Array
        The matrix of covariances.
    """
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")

    def rows(x: Any) -> Array:
        x = asanyarray(x)
        if x.ndim > 2:
            raise ValueError("m has more than 2 dimensions")
        x = x[None] if x.ndim == 1 else x if rowvar or x.shape[0] == 1 else x.T
        found: Array = x.astype(np.result_type(x.dtype, np.float64) if dtype is None else dtype)
        return found

    x = rows(m)
    if y is not None:
        x = concatenate([x, rows(y)], axis=0)
    if x.shape[0] == 0:
        return asanyarray(np.empty((0, 0)))
    ddof = (0 if bias else 1) if ddof is None else int(ddof)
    weights, n = _observations(x, ddof, fweights, aweights)
    if weights is None:
        apart = _plain(x - x.mean(axis=1, keepdims=True))
        product = apart.dot(apart.T.conj())
    else:
        total = weights.sum()
        apart = _plain(x - (x * weights).sum(axis=1, keepdims=True) / total)
        product = apart.dot((apart * weights).T.conj())
    if hasattr(n, "_expr"):
        found = product / where(n > 0, n, float("nan"))
    else:
        found = product / n if n > 0 else product * float("nan")
    made: Array = found[0, 0] if found.shape == (1, 1) else found
    return made if dtype is None else made.astype(dtype)


def _plain(x: Array) -> Array:
    """Return an array whose blocks are refused if they are masked."""
    return op("apply", (x,), {"function": "raskt.array._chunk.covariance", "dtype": x._expr.dtype})


def _observations(x: Array, ddof: int, fweights: Any, aweights: Any) -> tuple[Any, Any]:
    """Return the weight of each observation, if there are any, and what sums of products are divided by."""
    weights: Any = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        own = asanyarray(given)
        if name == "fweights" and own.dtype.kind not in "iub":
            raise TypeError("fweights must be integer")
        if own.ndim > 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if own.shape[0] != x.shape[1] and is_known((own.shape[0], x.shape[1])):
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        own = own.astype(np.float64)
        weights = own if weights is None else weights * own
    if weights is None:
        n: Any = x.shape[1] - ddof
        return None, n if n == n else ones_like(x[:1]).sum().real - ddof
    total = weights.sum()
    if ddof == 0:
        return weights, total
    if aweights is None:
        return weights, total - ddof
    return weights, total - ddof * (weights * asanyarray(aweights)).sum() / total


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    """Return correlations of variables; see `cov`."""
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviation = sqrt(diagonal(c).real)
    made: Array = c / deviation[:, None] / deviation[None, :]
    return made
