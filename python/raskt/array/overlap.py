"""Functions of blocks that see a margin of their neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from raskt._apart import spread
from raskt._lazy import finder
from raskt._whole import whole
from raskt.array._axes import axis_of
from raskt.array._block_call import Rest, dtype_of_call
from raskt.array._deferred import NAN, bounds_of, similar
from raskt.array._grid import grid_of
from raskt.array._op import op
from raskt.array.blockwise import map_blocks, paired_chunks
from raskt.array.chunking import ensure_minimum_chunksize
from raskt.array.conversion import argument, asanyarray
from raskt.array.rechunk import unify_chunks

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = ["map_overlap", "overlap", "sliding_window_view", "trim_internal", "trim_overlap"]


_DEPTH_MAX = 2**32 - 1


def depths_of(depth: Any, ndim: int) -> list[tuple[int, int]]:
    """Return how many elements before and behind, for each axis."""
    if isinstance(depth, dict):
        given = {int(axis) % ndim if ndim else 0: value for axis, value in depth.items()}
        values = [given.get(axis, 0) for axis in range(ndim)]
    elif isinstance(depth, (tuple, list)):
        values = list(depth)
    else:
        values = [depth] * ndim
    if len(values) != ndim:
        raise ValueError(f"depth for {len(values)} axes, where the array has {ndim}")
    found = []
    for value in values:
        ends = value if isinstance(value, (tuple, list)) else (value, value)
        if len(ends) != 2:
            raise ValueError(f"depth must be a number, or two for the two ends of an axis, found {value}")
        found.append((whole("depth", ends[0], 0, _DEPTH_MAX), whole("depth", ends[1], 0, _DEPTH_MAX)))
    return found


def boundaries_of(boundary: Any, ndim: int) -> list[Any]:
    """Return what lies outside, for each axis."""
    if isinstance(boundary, dict):
        given = {int(axis) % ndim: value for axis, value in boundary.items()}
        values = [given.get(axis, "none") for axis in range(ndim)]
    elif isinstance(boundary, (tuple, list)):
        values = list(boundary)
    else:
        values = [boundary] * ndim
    if len(values) != ndim:
        raise ValueError(f"boundary for {len(values)} axes, where the array has {ndim}")
    found = []
    for value in values:
        value = "none" if value is None else value
        if isinstance(value, str) and value not in ("none", "periodic", "reflect", "nearest"):
            raise ValueError(
                f"boundary must be 'none', 'periodic', 'reflect', 'nearest' or a number, found {value!r}"
            )
        found.append(value)
    return found


def overlap(x: Any, depth: Any, boundary: Any, *, allow_rechunk: bool = True) -> Array:
    """Give every block margins of its neighbours.

    Parameters
    ----------
    x : array_like
        The array.
    depth : int, tuple or dict
        How many elements, for all axes or by axis; a pair for before and behind.
    boundary : str, number or dict
        What lies outside: ``"none"``, ``"periodic"``, ``"reflect"``, ``"nearest"`` or a number.
    allow_rechunk : bool, optional
        Whether blocks that are shorter than a margin are joined; otherwise they are an error.

    Returns
    -------
    Array
        The array with margins.
    """
    x = asanyarray(x)
    depths, boundaries = depths_of(depth, x.ndim), boundaries_of(boundary, x.ndim)
    if not allow_rechunk:
        for axis, (pair, sizes) in enumerate(zip(depths, x.chunks, strict=True)):
            if max(pair) > min(sizes):
                raise ValueError(
                    f"The overlapping depth {max(pair)} is larger than the smallest chunk "
                    f"{min(sizes)} of axis {axis}: "
                    "rechunk, or pass allow_rechunk=True"
                )
    for pair, kind in zip(depths, boundaries, strict=True):
        if kind == "none" and pair[0] != pair[1]:
            continue
    margins = [(before, after, kind) for (before, after), kind in zip(depths, boundaries, strict=True)]
    if not any(before or after for before, after, _ in margins):
        made: Array = x
        return made
    return op("overlap", (x,), {"margins": margins})


def trim_internal(x: Any, axes: Any, boundary: Any = None) -> Array:
    """Cut the margins of blocks off again.

    Parameters
    ----------
    x : array_like
        An array whose blocks have margins.
    axes : dict
        How long they are, by axis.
    boundary : optional
        What lay outside, as `overlap` was told.

    Returns
    -------
    Array
        The array without margins.
    """
    x = asanyarray(x)
    depths, boundaries = depths_of(axes, x.ndim), boundaries_of(boundary, x.ndim)
    if not any(before or after for before, after in depths):
        same: Array = x
        return same
    sizes = []
    for (before, after), kind, own in zip(depths, boundaries, x.chunks, strict=True):
        last = len(own) - 1
        sizes.append(
            tuple(
                n
                - (0 if kind == "none" and at == 0 else before)
                - (0 if kind == "none" and at == last else after)
                for at, n in enumerate(own)
            )
        )
    letters = list(range(x.ndim))
    kinds = ["none" if kind == "none" else "other" for kind in boundaries]
    return op(
        "blockwise",
        (x,),
        {
            "function": "raskt.array._chunk.trim",
            "kwargs": {"depth": depths, "boundary": kinds, "counts": x.numblocks},
            "output": letters,
            "inputs": [letters],
            "chunks": grid_of(tuple(sizes), tuple(sum(own) for own in sizes)),
            "dtype": x._expr.dtype,
            "info": True,
        },
    )


def trim_overlap(x: Any, depth: Any, boundary: Any = None) -> Array:
    """Cut the margins of blocks off again; see `trim_internal`."""
    return trim_internal(x, depth, boundary)


def map_overlap(
    func: Any = None,
    /,
    *args: Any,
    depth: Any = None,
    boundary: Any = None,
    trim: bool = True,
    align_arrays: bool = True,
    allow_rechunk: bool = True,
    **kwargs: Any,
) -> Array:
    """Apply a function to every block with a margin of its neighbours.

    Parameters
    ----------
    func : callable
        The function of blocks.
    *args : array_like
        The arrays.
    depth : int, tuple, dict or list
        How long the margins are; see `overlap`. A list has one for each array.
    boundary : optional
        What lies outside; see `overlap`.
    trim : bool, optional
        Whether the margins are cut off the results; otherwise the function does that itself.
    align_arrays : bool, optional
        Whether arrays are brought into common chunks.
    allow_rechunk : bool, optional
        As in `overlap`.
    **kwargs
        As in `map_blocks`.

    Returns
    -------
    Array
        The result.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> x = ra.from_array(np.array([1, 1, 2, 3, 5, 8]), chunks=3)
    >>> x.map_overlap(lambda block: block - np.roll(block, 1), depth=1, boundary=0).compute()
    array([1, 0, 1, 1, 2, 3])
    """
    func = kwargs.pop("func", None) if func is None else func
    if not callable(func):
        # Dask's old order: the array first.
        if args and callable(args[0]):
            raise TypeError("the function comes first: map_overlap(func, x, ...)")
        raise TypeError(f"First argument must be callable function, not {type(func).__name__}")
    arrays = [argument(x) for x in args]
    if not arrays:
        raise ValueError("map_overlap needs at least one array")
    n = len(arrays)
    depths = list(depth) if isinstance(depth, list) else [0 if depth is None else depth] * n
    kinds = list(boundary) if isinstance(boundary, list) else [boundary] * n
    if len(depths) != n or len(kinds) != n:
        raise ValueError(f"depth and boundary for {len(depths)} and {len(kinds)} arrays, where there are {n}")
    if any(_needs_sizes(x, own) for x, own in zip(arrays, depths, strict=True)):
        options = {"trim": trim, "align_arrays": align_arrays, "allow_rechunk": allow_rechunk, **kwargs}
        return _later(func, arrays, depths, kinds, options)
    if align_arrays and n > 1:
        pairs: list[Any] = []
        most = max(x.ndim for x in arrays)
        for x in arrays:
            pairs += [x, tuple(range(most - x.ndim, most))]
        arrays = unify_chunks(*pairs)[1]
        if allow_rechunk:
            arrays = _all_long_enough(arrays, depths)
    elif allow_rechunk and not trim:
        # What the function leaves is cut as the blocks were that got the margins.
        arrays = _all_long_enough(arrays, depths)
    padded = [
        overlap(x, own, kind, allow_rechunk=allow_rechunk)
        for x, own, kind in zip(arrays, depths, kinds, strict=True)
    ]
    widest = max(range(n), key=lambda at: arrays[at].ndim)
    if not kwargs.keys() & {"chunks", "drop_axis", "new_axis"}:
        # Where the margins are not cut off here, the function does it.
        kwargs["chunks"] = _chunks_of_all(padded if trim else arrays, widest)
    found = map_blocks(func, *padded, **kwargs)
    if not trim:
        return found
    own = depths_of(depths[widest], arrays[widest].ndim)
    kind = boundaries_of(kinds[widest], arrays[widest].ndim)
    dropped = kwargs.get("drop_axis")
    if dropped is not None:
        gone = [at % len(own) for at in ([dropped] if isinstance(dropped, int) else dropped)]
        own = [pair for at, pair in enumerate(own) if at not in gone]
        kind = [side for at, side in enumerate(kind) if at not in gone]
    added = kwargs.get("new_axis")
    if added is not None:
        for at in sorted([added] if isinstance(added, int) else added):
            own.insert(at, (0, 0))
            kind.insert(at, "none")
    return trim_internal(found, dict(enumerate(own)), dict(enumerate(kind)))


def _all_long_enough(arrays: list[Array], depths: list[Any]) -> list[Array]:
    """Return arrays of common chunks in chunks that are no shorter than any margin, and still common."""
    most = max(x.ndim for x in arrays)
    longest = [0] * most
    for x, depth in zip(arrays, depths, strict=True):
        for axis, pair in enumerate(depths_of(depth, x.ndim), most - x.ndim):
            longest[axis] = max(longest[axis], *pair)
    made = []
    for x in arrays:
        wanted = {
            axis: _joined(sizes, longest[most - x.ndim + axis])
            for axis, sizes in enumerate(x.chunks)
            if len(sizes) > 1
        }
        made.append(x.rechunk(wanted) if any(x.chunks[axis] != own for axis, own in wanted.items()) else x)
    return made


def _joined(sizes: Any, least: int) -> tuple[int, ...]:
    """Return sizes of which none is smaller than ``least``, where the axis is that long."""
    return tuple(sizes) if not sizes or sum(sizes) < least else ensure_minimum_chunksize(least, sizes)


def _chunks_of_all(arrays: list[Array], first: int) -> tuple[Any, ...]:
    """Return how the result of a function of paired blocks is cut: as the array ``first`` where it can be."""
    most = max(x.ndim for x in arrays)
    order = [arrays[first], *arrays[:first], *arrays[first + 1 :]]
    common = paired_chunks([(x, range(most - x.ndim, most)) for x in order])
    return tuple(common[axis] for axis in range(most))


def _needs_sizes(x: Array, depth: Any) -> bool:
    return any(
        length != length and max(pair) for length, pair in zip(x.shape, depths_of(depth, x.ndim), strict=True)
    )


def _later(
    func: Any, arrays: list[Array], depths: list[Any], kinds: list[Any], options: dict[str, Any]
) -> Array:
    """Promise what `map_overlap` gives once the sizes of chunks are known: blocks of the shape they had."""
    said = sorted({"chunks", "drop_axis", "new_axis"} & options.keys())
    if said or not options["trim"]:
        what = " and ".join(f"{name}=" for name in said) or "trim=False"
        raise ValueError(
            f"map_overlap with {what} needs chunks of known size along axes with margins: call "
            "compute_chunk_sizes() first"
        )
    func, options = spread(func, options)
    widest = max(arrays, key=lambda x: x.ndim)
    dtype = options.get("dtype")
    if dtype is None:
        dtype = getattr(options.get("meta"), "dtype", None)
    if dtype is None:
        rest = Rest((None,) * len(arrays), {k: v for k, v in options.items() if k not in _OPTIONS})
        dtype = dtype_of_call(func, tuple(range(len(arrays))), rest, arrays)
    return similar(f"{__name__}:_now", (func, arrays, depths, kinds, options), widest, {}, dtype)


_OPTIONS = {"trim", "align_arrays", "allow_rechunk", "dtype", "meta", "name", "token", "enforce_ndim"}
"""What `map_overlap` and `map_blocks` keep to themselves."""


def _now(
    func: Any, arrays: list[Array], depths: list[Any], kinds: list[Any], options: dict[str, Any]
) -> Array:
    return map_overlap(func, *arrays, depth=list(depths), boundary=list(kinds), **options)


def sliding_window_view(x: Any, window_shape: Any, axis: Any = None, automatic_rechunk: bool = True) -> Array:
    """Return all windows of a shape, as further axes.

    Parameters
    ----------
    x : array_like
        The array.
    window_shape : int or tuple of int
        The shape of windows.
    axis : int or tuple of int, optional
        Along which axes; all of them by default.
    automatic_rechunk : bool, optional
        Accepted as Dask does.

    Returns
    -------
    Array
        Of the axes of ``x``, shorter by the window less one, and those of the windows.
    """
    del automatic_rechunk
    x = asanyarray(x)
    windows = (window_shape,) if isinstance(window_shape, (int, np.integer)) else tuple(window_shape)
    axes = (
        tuple(range(x.ndim))
        if axis is None
        else (axis,)
        if isinstance(axis, (int, np.integer))
        else tuple(axis)
    )
    if len(axes) != len(windows):
        raise ValueError(
            f"Must provide matching length window_shape and axis; got {len(windows)} and {len(axes)}"
        )
    axes = tuple(axis_of(at, x.ndim) for at in axes)
    if any(n < 0 for n in windows):
        raise ValueError("window_shape must contain positive values")
    depths = dict.fromkeys(range(x.ndim), 0)
    for at, n in zip(axes, windows, strict=True):
        depths[at] += n - 1
    shape = x.shape
    if any(shape[at] != shape[at] for at, depth in depths.items() if depth):
        return _windows_later(x, windows, axes, depths)
    if any(depth >= shape[at] for at, depth in depths.items() if depth):
        raise ValueError("window_shape is too large for the array")
    wanted = {}
    for at, depth in depths.items():
        # No block may be shorter than what its neighbour needs of it.
        sizes, left = [], 0
        for n in x.chunks[at]:
            left += n
            if left > depth:
                sizes.append(left)
                left = 0
        if left or not sizes:
            sizes = [*sizes[:-1], sizes[-1] + left] if sizes else [left]
        wanted[at] = tuple(sizes)
    x = x.rechunk(wanted)
    padded = overlap(x, {at: (0, depth) for at, depth in depths.items()}, "none")
    chunks = [(*sizes[:-1], sizes[-1] - depths[at]) for at, sizes in enumerate(x.chunks)]
    chunks += [(n,) for n in windows]
    return map_blocks(
        np.lib.stride_tricks.sliding_window_view,
        padded,
        dtype=x.dtype,
        chunks=tuple(tuple(sizes) for sizes in chunks),
        new_axis=list(range(x.ndim, x.ndim + len(windows))),
        window_shape=windows,
        axis=axes,
    )


def _windows_later(x: Array, windows: Any, axes: Any, depths: dict[int, int]) -> Array:
    """Promise windows along axes of unknown length."""
    bounds = bounds_of(x)
    changed: dict[int, Any] = {}
    for at, depth in depths.items():
        n, longest = x.shape[at], bounds[at]
        if n == n and depth:
            changed[at] = ((n - depth,), n - depth)
        elif depth:
            changed[at] = ((NAN,) * x.numblocks[at], None if longest is None else max(longest - depth, 0))
    for at, n in enumerate(windows, x.ndim):
        changed[at] = ((n,), n)
    return similar("raskt.array.overlap:sliding_window_view", (x, windows, axes), x, changed)


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "add_dummy_padding": "raskt.array.boundaries",
        "boundaries": "raskt.array.boundaries",
        "coerce_boundary": "raskt.array.boundaries",
        "coerce_depth": "raskt.array.boundaries",
        "constant": "raskt.array.boundaries",
        "ensure_minimum_chunksize": "raskt.array.chunking",
        "nearest": "raskt.array.boundaries",
        "periodic": "raskt.array.boundaries",
        "push": "raskt.array.cumulative",
        "reflect": "raskt.array.boundaries",
    },
)
