"""What arrays are written into: how it reaches other processes, its regions, what was written already."""

from __future__ import annotations

import mmap
import operator
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.array._sources import text_of
from raskt.locks import held

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Journal", "region_of", "region_within", "travelling", "written"]


def travelling(target: Any) -> Any:
    """Return a target that tasks of other processes write into, too, or that does not go there.

    A mapped file is opened there by its name. What lies in memory stays in this process: a task elsewhere
    would write into a copy, and nobody would see it.
    """
    if isinstance(target, np.ndarray):
        file = _file_of(target)
        return _InMemory(target) if file is None else _MappedFile(target, *file)
    store = getattr(target, "store", None)
    return _InMemory(target) if type(store).__name__ == "MemoryStore" else target


def _file_of(x: np.ndarray[Any, Any]) -> tuple[str, int] | None:
    """Return the file that an array lies in and where it begins there; None where it lies in memory."""
    base: Any = x
    name = None
    while isinstance(base, np.ndarray):
        name = getattr(base, "filename", None) or name
        base = base.base
    if not isinstance(base, mmap.mmap) or name is None:
        return None
    begins = np.frombuffer(base, np.uint8).__array_interface__["data"][0]
    # Maps begin at a multiple of the page size, which NumPy does not tell of views.
    outer: Any = x
    while isinstance(outer.base, np.memmap):
        outer = outer.base
    skipped = outer.offset - outer.offset % mmap.ALLOCATIONGRANULARITY
    return os.fspath(name), x.__array_interface__["data"][0] - begins + skipped


class _MappedFile:
    """A part of a file that is mapped into memory."""

    __slots__ = ("array",)

    def __init__(self, array: Any, *_: Any) -> None:
        self.array = array

    def __getitem__(self, index: Any) -> Any:
        return self.array[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.array[index] = value

    def __reduce__(self) -> Any:
        name, begins = _file_of(self.array) or ("", 0)
        told = self.array.dtype, self.array.shape, self.array.strides
        return _mapped_again, (os.path.abspath(name), begins, *told)


def _mapped_again(name: str, begins: int, dtype: Any, shape: Any, strides: Any) -> _MappedFile:
    """Return a part of a file, mapped into the memory of this process."""
    whole = np.memmap(name, np.uint8, "r+")
    return _MappedFile(np.ndarray(shape, dtype, whole, begins, strides))


class _InMemory:
    """A target that does not leave this process."""

    __slots__ = ("target",)

    def __init__(self, target: Any) -> None:
        self.target = target

    def __getitem__(self, index: Any) -> Any:
        return self.target[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.target[index] = value

    def __reduce__(self) -> Any:
        raise TypeError(
            f"a {type(self.target).__name__} in the memory of this process cannot be written by tasks of "
            "other processes: store into a file (zarr, numpy.lib.format.open_memmap), or compute with threads"
        )


def _room(target: Any) -> tuple[int | None, ...] | None:
    """Return how long the axes of a target are; None for what is not told, or for one that grows."""
    library = type(target).__module__.partition(".")[0]
    if library == "netCDF4":
        return tuple(None if axis.isunlimited() else axis.size for axis in target.get_dims())
    if isinstance(target, np.ndarray) or library in ("h5py", "zarr"):
        return tuple(int(n) for n in target.shape)
    return None


def region_of(shape: tuple[int, ...], target: Any, region: Any) -> tuple[Any, ...] | None:
    """Return a region with its ends counted from the start, once it is sure to be that of an array.

    Parameters
    ----------
    shape : tuple of int
        The shape of the array.
    target : object
        Where to; one without a shape takes anything.
    region : tuple of slice and int, or None
        Which part of it; numbers are axes that the array does not have.

    Returns
    -------
    tuple of slice and int, or None
        None for the part at the start of all axes.

    Raises
    ------
    ValueError
        Where there is no room, or where the region has another shape.
    """
    room = _room(target)
    told = f"an array of shape {shape} does not fit into"
    if region is None:
        if room is not None and not _has_room(room, shape):
            raise ValueError(f"{told} the target of shape {target.shape}")
        return None
    items = region if isinstance(region, tuple) else (region,)
    if room is not None and len(items) > len(room):
        raise ValueError(f"a region of {len(items)} axes of a target of shape {target.shape}")
    found: list[Any] = []
    lengths: list[int | None] = []
    for at, item in enumerate(items):
        if not isinstance(item, slice):
            found.append(operator.index(item))
            continue
        found.append(_from_start(item, None if room is None else room[at]))
        lengths.append(_length(found[-1]))
    pairs = zip(shape, lengths, strict=False)
    if len(lengths) != len(shape) or any(own is not None and n != own for n, own in pairs):
        raise ValueError(f"{told} the region {text_of(items)}")
    return tuple(found)


def _has_room(room: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    pairs = zip(shape, room, strict=False)
    return len(room) >= len(shape) and all(own is None or n <= own for n, own in pairs)


def _from_start(item: slice, length: int | None) -> slice:
    """Return a slice whose ends are counted from the start, as far as that can be told."""
    step = 1 if item.step is None else operator.index(item.step)
    if step < 1:
        raise ValueError(f"a region has steps of 1 or more, found {step}")
    if length is not None:
        return slice(*item.indices(length))
    start = 0 if item.start is None else operator.index(item.start)
    if start < 0 or (item.stop is not None and item.stop < 0):
        raise ValueError(f"a region from the end, {item}, of a target whose length is not known")
    return slice(start, item.stop, step)


def _length(item: slice) -> int | None:
    """Return how many elements a slice has that is counted from the start; None for one without an end."""
    return None if item.stop is None else len(range(item.start, item.stop, item.step))


def region_within(region: Any, index: tuple[slice, ...]) -> tuple[Any, ...]:
    """Return where a part of a region lies in a target."""
    if region is None:
        return index
    parts = iter(index)
    return tuple(_within(own, next(parts)) if isinstance(own, slice) else own for own in region)


def _within(region: slice, part: slice) -> slice:
    return slice(region.start + part.start * region.step, region.start + part.stop * region.step, region.step)


class Journal:
    """The regions that were written, as empty files in a folder, so that another run leaves them out.

    Parameters
    ----------
    folder : str
        Where; it is made.
    job : str
        What is written: another job in the same folder is an error.
    """

    def __init__(self, folder: str, job: str) -> None:
        self.folder = os.path.abspath(os.fspath(folder))
        os.makedirs(self.folder, exist_ok=True)
        name = os.path.join(self.folder, "job")
        if os.path.exists(name):
            with open(name) as file:
                found = file.read()
            if found != job:
                raise ValueError(
                    f"the journal {self.folder} is of another store: remove it, or give the same arrays"
                )
        else:
            with open(name, "w") as file:
                file.write(job)

    def _name(self, entry: str) -> str:
        return os.path.join(self.folder, entry)

    def has(self, entry: str) -> bool:
        """Return whether a region was written."""
        return os.path.exists(self._name(entry))

    def add(self, entry: str) -> None:
        """Say that a region was written."""
        with open(self._name(entry), "w"):
            pass

    def remove(self, entries: Sequence[str]) -> None:
        """Remove the folder, once all is written."""
        for entry in (*entries, "job"):
            if self.has(entry):
                os.unlink(self._name(entry))
        os.rmdir(self.folder)


def written(
    block: Any, target: Any, index: tuple[slice, ...], guard: Any, journal: Journal | None, entry: str
) -> None:
    """Write a block into a target: for tasks. An error says which region failed."""
    try:
        with held(guard):
            target[index] = block
    except Exception as error:
        error.add_note(f"raskt: while the region {text_of(index)} of {_called(target)} was written")
        raise
    if journal is not None:
        journal.add(entry)


def _called(target: Any) -> str:
    """Return how a target is called in an error."""
    if isinstance(target, _MappedFile):
        return f"the file {(_file_of(target.array) or ('', 0))[0]}"
    if isinstance(target, _InMemory):
        target = target.target
    name = getattr(target, "name", None)
    place = getattr(target, "store_path", None) or getattr(getattr(target, "file", None), "filename", None)
    return " ".join(str(part) for part in (type(target).__name__, name, place and f"in {place}") if part)
