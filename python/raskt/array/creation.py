"""Arrays of ones, of numbers in a row, and of other arrays' elements."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt._kept import kept
from raskt._lazy import finder
from raskt.array._base import dtype_parameter, is_known, known_shape, told
from raskt.array._block_call import IndexCall, Rest, dtype_tried
from raskt.array._grid import known_grid_of
from raskt.array._meta import dtype_name
from raskt.array._op import op
from raskt.array.conversion import asanyarray, asarray, from_array
from raskt.array.shape import broadcast_arrays

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "fromfunction",
    "full",
    "full_like",
    "geomspace",
    "identity",
    "indices",
    "linspace",
    "logspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tri",
    "zeros",
    "zeros_like",
]


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(operator.index(n) for n in (shape if np.iterable(shape) else (shape,)))


def _source(
    name: str, shape: Any, chunks: Any, dtype: np.dtype[Any], kwargs: dict[str, Any], label: str | None = None
) -> Array:
    grid = known_grid_of(chunks, shape, dtype)
    code = dtype_parameter(dtype)
    parameters: dict[str, Any] = {"chunks": grid, "dtype": code, "kwargs": {**kwargs, "dtype": code}}
    if label is not None:
        parameters["label"] = label
    return op(name, (), parameters)


def _full(label: str, shape: Any, fill_value: Any, dtype: Any, chunks: Any, said: dict[str, Any]) -> Array:
    """Return an array full of one value, called as the function that was asked for it."""
    _check_fill(fill_value)
    known = np.asarray(fill_value).dtype if dtype is None else np.dtype(dtype)
    if known.names and isinstance(fill_value, int) and not fill_value:
        # Nothing, in every field: texts of records are empty, not "0".
        fill_value = np.zeros((), known)[()]
    name, meta = _options(said)
    found = _source(
        "full",
        _shape(shape),
        chunks,
        known,
        {"fill_value": _plain(fill_value)},
        None if label == "full" else label,
    )
    return told(found, name, meta)


def full(shape: Any, fill_value: Any, dtype: Any = None, *, chunks: Any = "auto", **kwargs: Any) -> Array:
    """Return an array full of one value.

    Parameters
    ----------
    shape : int or tuple of int
        The shape.
    fill_value : scalar
        The value.
    dtype : dtype, optional
        The dtype; by default that of the value.
    chunks : optional
        How it is cut; see `rechunk`.
    **kwargs
        ``name``, what its keys begin with; ``meta``, an array of the type of its blocks; ``order="C"``;
        ``like`` and ``device="cpu"`` as NumPy has them.

    Returns
    -------
    Array
        The array.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.full((2, 2), 7, chunks=1).compute()
    array([[7, 7],
           [7, 7]])
    """
    return _full("full", shape, fill_value, dtype, chunks, kwargs)


def _check_fill(fill_value: Any) -> None:
    if np.ndim(fill_value) != 0:
        raise ValueError(
            f"fill_value must be scalar, found {type(fill_value).__name__} of {np.ndim(fill_value)} axes"
        )


def _plain(value: Any) -> Any:
    """Return a scalar as parameters take it."""
    value = value.compute() if hasattr(value, "compute") else value
    return np.asarray(value) if isinstance(value, (np.generic, complex)) else value


def _options(kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return the name and the type of blocks among further keywords; what cannot be followed is an error."""
    extra = set(kwargs) - {"order", "like", "meta", "name", "device", "subok"}
    if extra:
        raise TypeError(f"unexpected keyword arguments {sorted(extra)!r}")
    if kwargs.get("order") not in (None, "C", "K", "A"):
        raise NotImplementedError(f"blocks are made in C order, found order={kwargs['order']!r}")
    if kwargs.get("device") not in (None, "cpu"):
        raise ValueError(f'Device not understood. Only "cpu" is allowed, but received: {kwargs["device"]}')
    meta = kwargs.get("meta")
    return kwargs.get("name"), kwargs.get("like") if meta is None else meta


def ones(shape: Any, dtype: Any = None, *, chunks: Any = "auto", **kwargs: Any) -> Array:
    """Return an array of ones; see `full`."""
    return _full("ones", shape, 1, np.float64 if dtype is None else dtype, chunks, kwargs)


def zeros(shape: Any, dtype: Any = None, *, chunks: Any = "auto", **kwargs: Any) -> Array:
    """Return an array of zeros; see `full`."""
    return _zeros("zeros", shape, dtype, chunks, kwargs)


def _zeros(label: str, shape: Any, dtype: Any, chunks: Any, said: dict[str, Any]) -> Array:
    known = np.dtype(np.float64 if dtype is None else dtype)
    return _full(label, shape, 0 if known.kind not in "SU" else "", known, chunks, said)


def empty(shape: Any, dtype: Any = None, *, chunks: Any = "auto", **kwargs: Any) -> Array:
    """Return an array of any values: zeros; see `full`."""
    return _zeros("empty", shape, dtype, chunks, kwargs)


def full_like(
    a: Any,
    fill_value: Any,
    order: str = "C",
    dtype: Any = None,
    chunks: Any = None,
    name: Any = None,
    shape: Any = None,
) -> Array:
    """Return an array full of one value, shaped and cut as another one.

    Parameters
    ----------
    a : array_like
        The other array.
    fill_value : scalar
        The value.
    order : {"C"}, optional
        The order of elements in blocks.
    name : str, optional
        What its keys begin with.
    dtype, chunks, shape : optional
        What is to differ.

    Returns
    -------
    Array
        The array.
    """
    return _like("full_like", a, fill_value, order, dtype, chunks, name, shape)


def _like(
    label: str,
    a: Any,
    fill_value: Any,
    order: str = "C",
    dtype: Any = None,
    chunks: Any = None,
    name: Any = None,
    shape: Any = None,
) -> Array:
    said = {"name": name, "order": order}
    _options(said)
    a = asanyarray(a)
    if shape is None and chunks is None and not is_known(a.shape):
        _check_fill(fill_value)
        code = a._expr.dtype if dtype is None else dtype_parameter(dtype)
        parameters = {
            "function": "raskt.array._chunk.full_like",
            "dtype": code,
            "kwargs": {"fill_value": _plain(fill_value), "dtype": code},
        }
        return told(op("apply", (a,), {**parameters, "label": label}), name, None)
    if shape is None:
        shape = known_shape(a, f"{label} with chunks=")
        chunks = a._expr.grid if chunks is None else chunks
    known = a.dtype if dtype is None else dtype
    return _full(label, shape, fill_value, known, "auto" if chunks is None else chunks, said)


def ones_like(
    a: Any, dtype: Any = None, order: str = "C", chunks: Any = None, name: Any = None, shape: Any = None
) -> Array:
    """Return ones, shaped and cut as another array; see `full_like`."""
    return _like("ones_like", a, 1, order, dtype, chunks, name, shape)


def zeros_like(
    a: Any, dtype: Any = None, order: str = "C", chunks: Any = None, name: Any = None, shape: Any = None
) -> Array:
    """Return zeros, shaped and cut as another array; see `full_like`."""
    return _zeros_like("zeros_like", a, dtype, order, chunks, name, shape)


def _zeros_like(label: str, a: Any, dtype: Any, order: str, chunks: Any, name: Any, shape: Any) -> Array:
    a = asanyarray(a)
    known = a.dtype if dtype is None else np.dtype(dtype)
    return _like(label, a, "" if known.kind in "SU" else 0, order, dtype, chunks, name, shape)


def empty_like(
    a: Any, dtype: Any = None, order: str = "C", chunks: Any = None, name: Any = None, shape: Any = None
) -> Array:
    """Return any values, shaped and cut as another array; see `full_like`."""
    return _zeros_like("empty_like", a, dtype, order, chunks, name, shape)


def arange(
    start: Any = None,
    stop: Any = None,
    step: Any = 1,
    *,
    chunks: Any = "auto",
    dtype: Any = None,
    **kwargs: Any,
) -> Array:
    """Return numbers at equal distances.

    Parameters
    ----------
    start, stop, step : scalar
        As in `numpy.arange`.
    chunks : optional
        How it is cut; see `rechunk`.
    dtype : dtype, optional
        The dtype.
    **kwargs
        ``name``, ``meta``, ``like``: as in `full`.

    Returns
    -------
    Array
        ``start``, ``start + step``, ... below ``stop``.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.arange(5, chunks=2).compute()
    array([0, 1, 2, 3, 4])
    """
    name, meta = _options(kwargs)
    if stop is None:
        start, stop = None, start
    if stop is None:
        raise TypeError("arange() requires stop to be specified.")
    start = 0 if start is None else start
    if step == 0:
        raise ZeroDivisionError("division by zero")
    times = any(isinstance(x, (np.datetime64, np.timedelta64)) for x in (start, stop, step))
    if times or (dtype is not None and np.dtype(dtype).kind in "mM"):
        return told(_arange_of_times(start, stop, step, chunks, dtype), name, meta)
    n = max(math.ceil((stop - start) / step), 0)
    known = np.arange(start, stop, step * max(n, 1), dtype=dtype).dtype
    if n > 1 and known.kind in "iu":
        # NumPy takes the first two as they fit, and goes on by what lies between them.
        first, second = (int(x) for x in np.array([start, start + step], dtype=known))
        start, step = first, second - first
    if known == np.bool_ and n > 2:
        raise TypeError("arange() is only supported for booleans when the result has at most length 2.")
    return told(_source("arange", (n,), chunks, known, {"start": start, "step": step}), name, meta)


def _arange_of_times(start: Any, stop: Any, step: Any, chunks: Any, dtype: Any) -> Array:
    return from_array(np.arange(start, stop, step, dtype=dtype), chunks=chunks)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    chunks: Any = "auto",
    dtype: Any = None,
) -> Any:
    """Return so many numbers at equal distances.

    Parameters
    ----------
    start, stop : scalar
        The first number, and the last one, or the one behind it.
    num : int, optional
        How many.
    endpoint : bool, optional
        Whether ``stop`` is the last number.
    retstep : bool, optional
        Whether the distance is returned too.
    chunks, dtype : optional
        How it is cut, and its dtype.

    Returns
    -------
    Array, or (Array, float)
        The numbers.
    """
    num = int(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    div = max(num - 1 if endpoint else num, 1)
    step = (stop - start) / div
    known = np.linspace(0, 1, 1).dtype if dtype is None else np.dtype(dtype)
    if dtype is None and isinstance(step, complex):
        known = np.dtype(complex)
    found = _source(
        "linspace",
        (num,),
        chunks,
        known,
        {"start": start, "stop": stop, "step": step, "num": num, "endpoint": bool(endpoint)},
    )
    return (found, step) if retstep else found


def diagonal_of(k: Any) -> int:
    """Return which diagonal is meant: beyond all that a matrix can have, one is as good as another.

    Parameters
    ----------
    k : int
        How far right of the main diagonal, or if negative, left.

    Returns
    -------
    int
        A number of 64 bits.

    Examples
    --------
    >>> from raskt.array.creation import diagonal_of
    >>> diagonal_of(-3), diagonal_of(2**70) == 2**62
    (-3, True)
    """
    return max(-(2**62), min(int(k), 2**62))


def eye(N: int, chunks: Any = "auto", M: int | None = None, k: int = 0, dtype: Any = float) -> Array:
    """Return ones on a diagonal, and zeros elsewhere.

    Parameters
    ----------
    N, M : int
        The numbers of rows and columns; square by default.
    chunks : optional
        How it is cut.
    k : int, optional
        Which diagonal.
    dtype : dtype, optional
        The dtype.

    Returns
    -------
    Array
        The matrix.
    """
    return _source(
        "eye",
        (int(N), int(N if M is None else M)),
        chunks,
        np.dtype(dtype),
        {"k": diagonal_of(operator.index(k))},
    )


def _generate(function: str, shape: Any, chunks: Any, dtype: Any, kwargs: dict[str, Any]) -> Array:
    code = dtype_parameter(dtype)
    grid = known_grid_of(chunks, shape, dtype)
    path = f"raskt.array._chunk.{function}"
    return op(
        "generate", (), {"function": path, "chunks": grid, "dtype": code, "kwargs": {**kwargs, "dtype": code}}
    )


def tri(
    N: int, M: int | None = None, k: int = 0, dtype: Any = float, chunks: Any = "auto", *, like: Any = None
) -> Array:
    """Return ones on and below a diagonal, and zeros above.

    Parameters
    ----------
    N, M, k, dtype, chunks, like
        As in `eye`.

    Returns
    -------
    Array
        The matrix.
    """
    del like
    return _generate(
        "tri", (int(N), int(N if M is None else M)), chunks, np.dtype(dtype), {"k": diagonal_of(k)}
    )


def indices(dimensions: Any, dtype: Any = int, chunks: Any = "auto") -> Array:
    """Return the index of each element of a grid, along each axis.

    Parameters
    ----------
    dimensions : sequence of int
        The shape of the grid.
    dtype : dtype, optional
        The dtype.
    chunks : optional
        How the grid is cut.

    Returns
    -------
    Array
        Of shape ``(len(dimensions), *dimensions)``.
    """
    shape = tuple(dimensions)
    sizes = known_grid_of(chunks, shape, dtype).sizes
    return _generate(
        "indices", (len(shape), *shape), ((1,) * len(shape) or (0,), *sizes), np.dtype(dtype), {}
    )


def fromfunction(
    func: Any, chunks: Any = "auto", shape: Any = None, dtype: Any = None, **kwargs: Any
) -> Array:
    """Return what a function makes of the index of each element.

    Parameters
    ----------
    func : callable
        Called with one array of indices for each axis.
    chunks : optional
        How the result is cut.
    shape : tuple of int
        Its shape.
    dtype : dtype, optional
        The dtype of the indices.
    **kwargs
        Passed to ``func``; it gets the values of lazy ones, also of those in containers.

    Returns
    -------
    Array
        The values.
    """
    known = np.dtype(float if dtype is None else dtype)
    if shape is None:
        raise TypeError("fromfunction needs shape=")
    grid = known_grid_of(chunks, shape, known)
    ones = [np.ones((1,) * len(shape), known) for _ in shape]
    rest = Rest((), kwargs)
    if rest.later is not None:
        example = rest.example()
        result = None if example is None else dtype_tried(lambda: func(*ones, **example.kwargs))
        return op(
            "blockwise",
            rest.operands,
            {
                "function": _raskt.Whole(IndexCall(func, rest, dtype_name(known))),
                "output": list(range(len(shape))),
                "inputs": rest.letters,
                "chunks": grid,
                "dtype": dtype_parameter(result) or "unknown",
                "info": True,
            },
        )
    result = np.asarray(func(*ones, **kwargs)).dtype
    parameters = {
        "function": "raskt.array._chunk.fromfunction",
        "chunks": grid,
        "dtype": dtype_parameter(result),
        "kwargs": {
            "function": _raskt.Whole(func),
            "kwargs": _raskt.Whole(kept(kwargs)),
            "dtype": dtype_parameter(known),
        },
    }
    return op("generate", (), parameters)


def meshgrid(*xi: Any, sparse: bool = False, indexing: str = "xy", copy: bool = True) -> tuple[Array, ...]:
    """Return the coordinates of a grid of which the coordinates along each axis are given.

    Parameters
    ----------
    *xi : array_like
        The coordinates along each axis.
    sparse : bool, optional
        Whether axes along which nothing changes have length 1.
    indexing : {"xy", "ij"}, optional
        Whether the first two axes are swapped.
    copy : bool, optional
        Accepted as NumPy does.

    Returns
    -------
    tuple of Array
        One for each axis.
    """
    del copy
    if indexing not in ("ij", "xy"):
        raise ValueError("`indexing` must be `'ij'` or `'xy'`")
    arrays = [asarray(x).reshape(-1) for x in xi]
    n = len(arrays)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[0], places[1] = 1, 0
    grid = [
        x[tuple(slice(None) if axis == place else None for axis in range(n))]
        for x, place in zip(arrays, places, strict=True)
    ]
    return tuple(grid if sparse else broadcast_arrays(*grid))


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "diag": "raskt.array.diagonals",
        "diagonal": "raskt.array.diagonals",
        "pad": "raskt.array.padding",
        "repeat": "raskt.array.tiling",
        "tile": "raskt.array.tiling",
    },
)


def identity(n: int, dtype: Any = float, *, chunks: Any = "auto") -> Array:
    """Return a square matrix with ones on its diagonal: see `eye`."""
    return eye(n, chunks=chunks, dtype=dtype)


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    *,
    chunks: Any = "auto",
) -> Array:
    """Return so many numbers at equal distances of their logarithms.

    Parameters
    ----------
    start, stop : scalar
        The logarithms of the first number, and of the last one, or the one behind it.
    num : int, optional
        How many.
    endpoint : bool, optional
        Whether ``stop`` is the last number's.
    base : scalar, optional
        The base of the logarithms.
    dtype, chunks : optional
        Its dtype, and how it is cut.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.logspace(0, 2, 3).compute()
    array([  1.,  10., 100.])
    """
    found: Array = base ** linspace(start, stop, num, endpoint, chunks=chunks)
    return found if dtype is None else found.astype(dtype)


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, *, chunks: Any = "auto"
) -> Array:
    """Return so many numbers, each a constant times the one before.

    Parameters
    ----------
    start, stop : scalar
        The first number, and the last one, or the one behind it: real, not zero, and of one sign.
    num : int, optional
        How many.
    endpoint : bool, optional
        Whether ``stop`` is the last number.
    dtype, chunks : optional
        Its dtype, and how it is cut.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.geomspace(1, 1000, 4).compute()
    array([   1.,   10.,  100., 1000.])
    """
    if isinstance(start, complex) or isinstance(stop, complex):
        raise NotImplementedError("geomspace between complex numbers: from_array(numpy.geomspace(...))")
    if not start or not stop:
        raise ValueError("Geometric sequence cannot include zero")
    if (start < 0) != (stop < 0):
        raise ValueError(f"a sequence of real numbers from {start} to {stop} goes through zero")
    sign = -1.0 if start < 0 else 1.0
    found = sign * logspace(math.log10(abs(start)), math.log10(abs(stop)), num, endpoint, chunks=chunks)
    # The ends are what was asked for.
    places = arange(found.shape[0], chunks=found.chunks)
    found = op("where", (places == 0, float(start), found))
    if endpoint and num > 1:
        found = op("where", (places == num - 1, float(stop), found))
    return found if dtype is None else found.astype(dtype)
