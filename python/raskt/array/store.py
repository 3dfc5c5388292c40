"""Arrays written into anything that takes slices."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt import _raskt
from raskt.array._base import array_of, known_shape
from raskt.array._targets import Journal, region_of, region_within, travelling, written
from raskt.array._zarr_place import zarr_place
from raskt.array.blockwise import map_blocks
from raskt.base import persist
from raskt.delayed import delayed
from raskt.locks import held, lock_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raskt.array.core import Array

__all__ = ["store"]


def store(
    sources: Any,
    targets: Any,
    lock: Any = True,
    regions: Any = None,
    compute: bool = True,
    return_stored: bool = False,
    load_stored: bool | None = None,
    journal: str | None = None,
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
    journal : str, optional
        A folder that keeps which regions were written, until all are. A call with the same arrays and the
        same folder goes on where one ended that failed, or was killed.
    **kwargs
        As in `raskt.compute`.

    Returns
    -------
    None, Delayed, Array, or tuple of Array
        With ``return_stored`` an array for each source, a lone one as it is; otherwise a delayed value that
        does it, where it is not done now.

    Notes
    -----
    What fails while a region is written is raised as it is, with a note that names region and target; regions
    that were written stay so. Tasks of other processes (``scheduler="processes"``, clusters) open memory maps
    by the name of the file; what lies in the memory of this process is an error there.

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
    regions = [
        region_of(source.shape, target, region)
        for source, target, region in zip(sources, targets, regions, strict=True)
    ]
    guard = lock_of(lock)
    if return_stored:
        places = zip(sources, targets, regions, strict=True)
        stored = [_stored(*place, guard, compute) for place in places]
        if compute:
            store(list(sources), list(targets), lock, list(regions), journal=journal, **kwargs)
            stored = list(persist(*stored, **kwargs)) if load_stored else stored
        return stored[0] if len(stored) == 1 else tuple(stored)
    # A lock of the user's may guard more than this store; files have locks of their own.
    by_engine = isinstance(lock, bool) or lock is None
    kept = None if journal is None else Journal(journal, _raskt.tokenize([x.name for x in sources], regions))
    tasks: list[Any] = []
    entries: list[str] = []
    for at, (source, target, region) in enumerate(zip(sources, targets, regions, strict=True)):
        written_there = _natively(source, target, region) if by_engine and kept is None else None
        if written_there is not None:
            tasks.append(written_there)
            continue
        for entry, task in _writes(source, target, region, guard, kept, at):
            entries.append(entry)
            tasks.append(task)
    done = delayed(_nothing)(tasks)
    if not compute:
        return done
    done.compute(**kwargs)
    if kept is not None:
        kept.remove(entries)
    return None


def _natively(source: Array, target: Any, region: Any) -> Array | None:
    """Return the writing of an array into one of zarr's by the engine, where that writes it."""
    place = zarr_place(target)
    if place is None or place.is_read_only or source.ndim != len(place.shape):
        return None
    starts: tuple[int, ...] = (0,) * source.ndim
    if region is not None:
        if len(region) != source.ndim or not all(_is_plain(own) for own in region):
            return None
        ranges = [range(*own.indices(n)) for own, n in zip(region, place.shape, strict=True)]
        if tuple(map(len, ranges)) != source.shape:
            return None
        starts = tuple(own.start for own in ranges)
    if any(start + n > room for start, n, room in zip(starts, source.shape, place.shape, strict=True)):
        return None
    array = source if source.dtype == target.dtype else source.astype(target.dtype)
    return array_of(place.write(array._expr, starts))


def _is_plain(region: Any) -> bool:
    """Return whether a part of an axis is all elements from one to another."""
    return isinstance(region, slice) and region.step in (None, 1)


def _writes(
    source: Array, target: Any, region: Any, guard: Any, journal: Journal | None, n: int
) -> Iterator[tuple[str, Any]]:
    """Yield what a region is called in a journal, and the call that writes it, unless that was done."""
    write = delayed(written, traverse=False)
    place = travelling(target)
    blocks = source.to_delayed()
    ends = [np.cumsum((0, *sizes)).tolist() for sizes in source.chunks]
    for at in itertools.product(*(range(n) for n in source.numblocks)):
        entry = ".".join(map(str, (n, *at)))
        if journal is not None and journal.has(entry):
            yield entry, None
            continue
        index = tuple(slice(own[i], own[i + 1]) for own, i in zip(ends, at, strict=True))
        yield entry, write(blocks[at], place, region_within(region, index), guard, journal, entry)


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
        "target": target if isinstance(target, _raskt.Delayed) else _Target(travelling(target)),
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
        found = np.array(target[region_within(region, index)])
    return found if found.dtype == of else found.astype(of)


def _written(block: Any, target: Any, region: Any, guard: Any, of: Any, block_info: Any) -> Any:
    """Write a block into a target, and return what stands there: for tasks."""
    held_by = target.target if isinstance(target, _Target) else target
    index = tuple(slice(start, stop) for start, stop in block_info[None]["array-location"])
    with held(guard):
        held_by[region_within(region, index)] = block
    return _read(target, region, guard, of, block_info)


def _nothing(_: Any) -> None:
    return None
