"""Discrete Fourier transforms, with the names of `numpy.fft`.

A transform needs each axis whole. Axes that are cut are put together for it while others are cut finer, so
that blocks stay as large as they were; transforms along several axes take one axis after the other.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._axes import axis_of
from raskt.array._base import known_shape
from raskt.array.blockwise import map_blocks
from raskt.array.conversion import asanyarray
from raskt.array.creation import arange, zeros
from raskt.array.rechunk import whole_along
from raskt.array.shape import roll

if TYPE_CHECKING:
    from collections.abc import Callable

    from raskt.array.core import Array

__all__ = [
    "fft",
    "fft2",
    "fft_wrap",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

_KINDS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")


def _length(kind: str, n: int) -> int:
    """Return how long an axis is after a transform of ``n`` points."""
    return n // 2 + 1 if kind in ("rfft", "ihfft") else n


def _points(kind: str, n: Any, length: int) -> int:
    """Return of how many points a transform is."""
    if n is None:
        n = 2 * (length - 1) if kind in ("irfft", "hfft") else length
    found = operator.index(n)
    if found < 1:
        raise ValueError(f"Invalid number of FFT data points ({found}) specified.")
    return found


def _dtype(function: Any, dtype: np.dtype[Any], n_axes: int) -> np.dtype[Any]:
    """Return the dtype that a transform has."""
    found = function(np.ones((2,) * n_axes, dtype))
    return np.asarray(found).dtype


def _transformed(kind: str, a: Any, n: Any, axis: Any, norm: Any) -> Array:
    """Return a transform along one axis."""
    x = asanyarray(a)
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    known_shape(x, kind)
    at = axis_of(axis, x.ndim)
    n = _points(kind, n, x.shape[at])
    function = getattr(np.fft, kind)
    return _of_blocks(
        function,
        x,
        (at,),
        (_length(kind, n),),
        _dtype(function, x.dtype, 1),
        {"n": n, "axis": at, "norm": norm},
    )


def _of_blocks(
    function: Any,
    x: Array,
    axes: tuple[int, ...],
    lengths: tuple[int, ...],
    dtype: Any,
    kwargs: dict[str, Any],
) -> Array:
    """Return what a function of whole axes makes of them."""
    if any(not x.shape[axis] for axis in axes):
        # NumPy's functions read behind the end of an axis without elements.
        x = zeros(tuple(n or 1 if axis in axes else n for axis, n in enumerate(x.shape)), x.dtype)
    x = whole_along(x, axes)
    chunks = list(x.chunks)
    for axis, length in zip(axes, lengths, strict=True):
        chunks[axis] = (length,)
    return map_blocks(function, x, dtype=dtype, chunks=tuple(chunks), **kwargs)


def _axes_of(x: Array, s: Any, axes: Any, is_inverse: bool = False) -> tuple[list[Any], list[int]]:
    """Return the points and the axes of a transform along several of them, as `numpy.fft.fftn` reads them.

    ``is_inverse`` says that the last axis is the half that a transform of real numbers left.
    """
    known_shape(x, "fft")
    if axes is None:
        axes = range(x.ndim) if s is None else range(-len(s), 0)
    places = [axis_of(axis, x.ndim) for axis in axes]
    lengths = [x.shape[at] for at in places]
    if s is None:
        if is_inverse and lengths:
            lengths[-1] = 2 * (lengths[-1] - 1)
        return lengths, places
    if len(s) != len(places):
        raise ValueError("Shape and axes have different lengths.")
    return [own if n == -1 else n for n, own in zip(s, lengths, strict=True)], places


def _several(kind: str, a: Any, s: Any, axes: Any, norm: Any) -> Array:
    """Return a transform along several axes: one after the other."""
    x = asanyarray(a)
    sizes, places = _axes_of(x, s, axes, kind.startswith("ir"))
    if not places:
        if kind.startswith(("r", "ir")):
            raise IndexError("at least 1 axis must be transformed")
        return x
    own = "ifft" if kind.startswith("i") else "fft"
    steps = [(own, n, at) for n, at in zip(sizes, places, strict=True)]
    if "r" in kind:
        steps[-1] = ("irfft" if kind.startswith("i") else "rfft", *steps[-1][1:])
    # NumPy's order: what is real comes first where it is read, last where it is made.
    for one, n, at in steps if kind.startswith("ir") else reversed(steps):
        x = _transformed(one, x, n, at, norm)
    return x


def fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """Return the discrete Fourier transform along an axis.

    Parameters
    ----------
    a : array_like
        The array; the axis may be cut.
    n : int, optional
        Of how many points: the axis is cut off, or filled with zeros.
    axis : int, optional
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        Which direction is scaled.

    Returns
    -------
    Array
        The transform, the axis in one chunk.

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.fft.fft(ra.ones(4, chunks=2)).real.compute()
    array([4., 0., 0., 0.])
    """
    return _transformed("fft", a, n, axis, norm)


def ifft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """Return the inverse discrete Fourier transform along an axis: see `fft`."""
    return _transformed("ifft", a, n, axis, norm)


def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """Return the transform of real numbers along an axis: the half that says all. See `fft`."""
    return _transformed("rfft", a, n, axis, norm)


def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """Return the real numbers that have a transform along an axis: the inverse of `rfft`."""
    return _transformed("irfft", a, n, axis, norm)


def hfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """Return the transform of numbers whose other half are their conjugates: it is real. See `fft`."""
    return _transformed("hfft", a, n, axis, norm)


def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """Return the inverse of `hfft` along an axis."""
    return _transformed("ihfft", a, n, axis, norm)


def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Array:
    """Return the discrete Fourier transform along several axes.

    Parameters
    ----------
    a : array_like
        The array; its axes may be cut.
    s : sequence of int, optional
        Of how many points along each axis.
    axes : sequence of int, optional
        Along which axes; all of them by default, or as many of the last as ``s`` has lengths.
    norm : {"backward", "ortho", "forward"}, optional
        Which direction is scaled.

    Returns
    -------
    Array
        The transform.

    Examples
    --------
    >>> import raskt.array as ra
    >>> float(ra.fft.fftn(ra.ones((4, 4), chunks=2))[0, 0].real)
    16.0
    """
    return _several("fftn", a, s, axes, norm)


def ifftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Array:
    """Return the inverse transform along several axes: see `fftn`."""
    return _several("ifftn", a, s, axes, norm)


def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Array:
    """Return the transform of real numbers along several axes, the last of them halved: see `fftn`."""
    return _several("rfftn", a, s, axes, norm)


def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Array:
    """Return the inverse of `rfftn`: see `fftn`."""
    return _several("irfftn", a, s, axes, norm)


def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Array:
    """Return the transform along two axes: see `fftn`."""
    return fftn(a, s, axes, norm)


def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Array:
    """Return the inverse transform along two axes: see `fftn`."""
    return ifftn(a, s, axes, norm)


def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Array:
    """Return the transform of real numbers along two axes: see `fftn`."""
    return rfftn(a, s, axes, norm)


def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Array:
    """Return the inverse of `rfft2`: see `fftn`."""
    return irfftn(a, s, axes, norm)


def fft_wrap(fft_func: Any, kind: str | None = None, dtype: Any = None) -> Callable[..., Array]:
    """Return a transform of lazy arrays that calls another library's function.

    Parameters
    ----------
    fft_func : callable
        Such as `scipy.fft.fft` or `scipy.fft.fftn`.
    kind : str, optional
        Which transform it is, if its name does not say it: ``"fft"``, ``"irfftn"``, ...
    dtype : dtype, optional
        The dtype of the result; found out by a call otherwise.

    Returns
    -------
    callable
        A function of ``a``, ``n`` and ``axis``; for transforms along several axes of ``a``, ``s`` and
        ``axes``.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> transform = ra.fft.fft_wrap(np.fft.rfft)
    >>> transform(ra.ones(8, chunks=4)).shape
    (5,)
    """
    name = str(kind or getattr(fft_func, "__name__", ""))
    own = name.removesuffix("2").removesuffix("n")
    if own not in _KINDS or (own != name and own in ("hfft", "ihfft")):
        raise ValueError(f"Given unknown `kind` {name}.")

    def found(x: Array, n_axes: int) -> Any:
        return _dtype(fft_func, x.dtype, n_axes) if dtype is None else np.dtype(dtype)

    def along_one(a: Any, n: int | None = None, axis: int | None = None) -> Array:
        x = asanyarray(a)
        known_shape(x, name)
        at = axis_of(-1 if axis is None else axis, x.ndim)
        n = _points(own, n, x.shape[at])
        return _of_blocks(fft_func, x, (at,), (_length(own, n),), found(x, 1), {"n": n, "axis": at})

    def along_several(a: Any, s: Any = None, axes: Any = None) -> Array:
        x = asanyarray(a)
        if axes is None and name.endswith("2"):
            axes = (-2, -1)
        sizes, places = _axes_of(x, s, axes, own == "irfft")
        kinds = ["fft"] * (len(places) - 1) + [own]
        points = [_points(one, n, x.shape[at]) for one, n, at in zip(kinds, sizes, places, strict=True)]
        lengths = tuple(_length(one, n) for one, n in zip(kinds, points, strict=True))
        by = {"s": tuple(points), "axes": tuple(places)}
        return _of_blocks(fft_func, x, tuple(places), lengths, found(x, len(places)), by)

    made = along_one if own == name else along_several
    made.__name__ = name
    made.__doc__ = f"Return what `{name}` of another library makes of an array, whose axes it gets whole."
    return made


def fftfreq(n: int, d: float = 1.0, chunks: Any = "auto") -> Array:
    """Return the frequencies of a transform of ``n`` points.

    Parameters
    ----------
    n : int
        The number of points.
    d : float, optional
        The distance between them.
    chunks : optional
        How the result is cut.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.fft.fftfreq(4, chunks=2).compute()
    array([ 0.  ,  0.25, -0.5 , -0.25])
    """
    n = _whole_number(n)
    places = arange(n, chunks=chunks, dtype=np.int64)
    found: Array = (places - (places >= (n - 1) // 2 + 1) * n) * (1.0 / (n * d))
    return found


def rfftfreq(n: int, d: float = 1.0, chunks: Any = "auto") -> Array:
    """Return the frequencies of a transform of ``n`` real points: see `fftfreq`."""
    n = _whole_number(n)
    found: Array = arange(n // 2 + 1, chunks=chunks, dtype=np.int64) * (1.0 / (n * d))
    return found


def _whole_number(n: Any) -> int:
    try:
        return operator.index(n)
    except TypeError as error:
        raise ValueError("n should be an integer") from error


def _shifted(x: Any, axes: Any, sign: int) -> Array:
    x = asanyarray(x)
    shape = known_shape(x, "fftshift")
    places = range(x.ndim) if axes is None else (axes,) if isinstance(axes, (int, np.integer)) else axes
    for axis in places:
        at = axis_of(axis, x.ndim)
        cut = x.chunks[at]
        x = roll(x, sign * (shape[at] // 2), axis=at)
        if len(cut) == 1:
            x = x.rechunk({at: -1})
    found: Array = x
    return found


def fftshift(x: Any, axes: Any = None) -> Array:
    """Return an array with the zero frequency in the middle of axes.

    Parameters
    ----------
    x : array_like
        The array.
    axes : int or sequence of int, optional
        Which axes; all of them by default.

    Returns
    -------
    Array

    Examples
    --------
    >>> import raskt.array as ra
    >>> ra.fft.fftshift(ra.arange(4, chunks=2)).compute()
    array([2, 3, 0, 1])
    """
    return _shifted(x, axes, 1)


def ifftshift(x: Any, axes: Any = None) -> Array:
    """Return an array with the zero frequency first again: the inverse of `fftshift`."""
    return _shifted(x, axes, -1)
