"""Arrays written into other arrays, and read from files."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from raskt import _raskt
from raskt.array._base import known_shape
from raskt.array.blockwise import map_blocks
from raskt.base import persist
from raskt.delayed import delayed
from raskt.locks import held, lock_of

if TYPE_CHECKING:
    from raskt.array.core import Array

__all__ = [
    "from_npy_stack",
    "from_tiledb",
    "from_zarr",
    "store",
    "to_hdf5",
    "to_npy_stack",
    "to_tiledb",
    "to_zarr",
]


def store(
    sources: Any,
    targets: Any,
    lock: Any = True,
    regions: Any = None,
    compute: bool = True,
    return_stored: bool = False,
    load_stored: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Write arrays into anything that takes slices: NumPy's arrays, data sets of files.

    Parameters
    ----------
    sources : Array or list of Array
        What is written.
    targets : array_like or list of array_like
        Where to.
    lock : bool or lock, optional
        Whether one block is written at a time, or the lock to hold meanwhile: anything with ``acquire``
        and ``release``. ``True`` makes one of this process; child processes have one each.
    regions : tuple of slices, or list of these, optional
        Which part of each target.
    compute : bool, optional
        Whether it is done now; otherwise it is done where what is returned is computed.
    return_stored : bool, optional
        Whether arrays of what stands in the targets afterwards are returned.
    load_stored : bool, optional
        Whether these are read at once and kept in memory; otherwise they read the targets where they are
        computed. Without ``compute`` nothing is there to be read before that, and blocks are read as soon as
        they are written.
    **kwargs
        As in `raskt.compute`.

    Returns
    -------
    None, Delayed, Array, or tuple of Array
        With ``return_stored`` an array for each source, a lone one as it is; otherwise a delayed value that
        does it, where it is not done now.

    Examples
    --------
    >>> import numpy as np
    >>> import raskt.array as ra
    >>> target = np.zeros(4)
    >>> ra.store(ra.ones(4, chunks=2), target)
    >>> target
    array([1., 1., 1., 1.])
    """
    if hasattr(sources, "_expr"):
        sources, targets = [sources], [targets]
        regions = [regions]
    elif regions is None or isinstance(regions, tuple):
        regions = [regions] * len(sources)
    if any(not hasattr(source, "_expr") for source in sources):
        raise ValueError("All sources must be arrays of this package")
    if len(sources) != len(targets):
        raise ValueError(f"Different number of sources [{len(sources)}] and targets [{len(targets)}]")
    if len(regions) != len(targets):
        raise ValueError(f"Different number of targets [{len(targets)}] and regions [{len(regions)}]")
    for source in sources:
        known_shape(source, "store")
    guard = lock_of(lock)
    if return_stored:
        places = zip(sources, targets, regions, strict=True)
        stored = [_stored(*place, guard, compute) for place in places]
        if compute:
            store(list(sources), list(targets), lock, list(regions), **kwargs)
            stored = list(persist(*stored, **kwargs)) if load_stored else stored
        return stored[0] if len(stored) == 1 else tuple(stored)

    def write(block: Any, target: Any, index: Any) -> None:
        with held(guard):
            target[index] = block

    tasks = []
    for source, target, region in zip(sources, targets, regions, strict=True):
        blocks = source.to_delayed()
        _check_room(source, target, region)
        ends = [np.cumsum((0, *sizes)).tolist() for sizes in source.chunks]
        for at in itertools.product(*(range(n) for n in source.numblocks)):
            index = tuple(slice(own[i], own[i + 1]) for own, i in zip(ends, at, strict=True))
            index = _index(region, index)
            tasks.append(delayed(write, traverse=False)(blocks[at], target, index))
    done = delayed(_nothing)(tasks)
    if not compute:
        return done
    done.compute(**kwargs)
    return None


def _check_room(source: Array, target: Any, region: Any) -> None:
    """Raise an error where an array of NumPy's, which cannot grow, has no room for all elements."""
    if not isinstance(target, np.ndarray) or region is not None:
        return
    room = target.shape[: source.ndim]
    if len(room) < source.ndim or any(n > own for n, own in zip(source.shape, room, strict=True)):
        raise ValueError(
            f"an array of shape {source.shape} does not fit into the target of shape {target.shape}"
        )


class _Target:
    """A target as an argument of tasks: like no other, whatever stands in it."""

    __slots__ = ("target", "token")

    def __init__(self, target: Any) -> None:
        import uuid

        self.target, self.token = target, uuid.uuid4().hex

    def __raskt_tokenize__(self) -> str:
        return self.token


def _stored(source: Array, target: Any, region: Any, guard: Any, is_written: bool) -> Array:
    """Return an array of what stands in a target, whose blocks are written first where they are not yet."""
    told = {
        # A delayed target arrives computed.
        "target": target if isinstance(target, _raskt.Delayed) else _Target(target),
        "region": region,
        "guard": guard,
    }
    known = None if isinstance(target, _raskt.Delayed) else getattr(target, "dtype", None)
    dtype = source.dtype if known is None else known
    if is_written:
        return map_blocks(_read, chunks=source.chunks, dtype=dtype, of=dtype, **told)
    return map_blocks(_written, source, dtype=dtype, of=dtype, **told)


def _read(target: Any, region: Any, guard: Any, of: Any, block_info: Any) -> Any:
    """Return a block of what stands in a target: for tasks."""
    target = target.target if isinstance(target, _Target) else target
    index = tuple(slice(start, stop) for start, stop in block_info[None]["array-location"])
    with held(guard):
        found = np.array(target[_index(region, index)])
    return found if found.dtype == of else found.astype(of)


def _written(block: Any, target: Any, region: Any, guard: Any, of: Any, block_info: Any) -> Any:
    """Write a block into a target, and return what stands there: for tasks."""
    held_by = target.target if isinstance(target, _Target) else target
    index = tuple(slice(start, stop) for start, stop in block_info[None]["array-location"])
    with held(guard):
        held_by[_index(region, index)] = block
    return _read(target, region, guard, of, block_info)


def _index(region: Any, index: tuple[slice, ...]) -> tuple[slice, ...]:
    """Return where a part of a region lies in a target."""
    if region is None:
        return index
    return tuple(_within(own, part) for own, part in zip(region, index, strict=True))


def _within(region: Any, part: slice) -> slice:
    start, step = region.start or 0, region.step or 1
    return slice(start + part.start * step, start + part.stop * step, step)


def _nothing(_: Any) -> None:
    return None


def _absent(name: str, instead: str) -> NoReturn:
    raise NotImplementedError(f"{name} is not there yet: {instead}")


def from_npy_stack(dirname: str, mmap_mode: str = "r") -> Array:
    """Not there yet: map the files with `numpy.load`, and `concatenate` them."""
    del dirname, mmap_mode
    _absent(
        "from_npy_stack",
        "map the files with numpy.load(..., mmap_mode='r') and concatenate from_array of them",
    )


def to_npy_stack(dirname: str, x: Any, axis: int = 0) -> None:
    """Not there yet: `store` into arrays mapped by `numpy.lib.format.open_memmap`."""
    del dirname, x, axis
    _absent("to_npy_stack", "store into arrays of numpy.lib.format.open_memmap")


def from_zarr(url: Any, *args: Any, **kwargs: Any) -> Array:
    """Not there yet: open the array, and use `from_array`."""
    del url, args, kwargs
    _absent("from_zarr", "open the array with zarr, and use from_array")


def to_zarr(arr: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
    """Not there yet: open the array, and use `store`."""
    del arr, url, args, kwargs
    return _absent("to_zarr", "open the array with zarr, and use store")


def to_hdf5(filename: Any, *args: Any, **kwargs: Any) -> None:
    """Not there yet: open the data set, and use `store`."""
    del filename, args, kwargs
    _absent("to_hdf5", "open the data set with h5py, and use store")


def from_tiledb(uri: Any, *args: Any, **kwargs: Any) -> Array:
    """Not there yet: open the array, and use `from_array`."""
    del uri, args, kwargs
    _absent("from_tiledb", "open the array with tiledb, and use from_array")


def to_tiledb(darray: Any, uri: Any, *args: Any, **kwargs: Any) -> None:
    """Not there yet: open the array, and use `store`."""
    del darray, uri, args, kwargs
    _absent("to_tiledb", "open the array with tiledb, and use store")
