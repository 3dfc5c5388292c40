"""What arrays are written into: how it reaches other processes, its regions, what was written already."""

from __future__ import annotations

import mmap
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from raskt.locks import held

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Journal", "region_within", "travelling", "written"]


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


def region_within(region: Any, index: tuple[slice, ...]) -> tuple[slice, ...]:
    """Return where a part of a region lies in a target."""
    if region is None:
        return index
    return tuple(_within(own, part) for own, part in zip(region, index, strict=True))


def _within(region: Any, part: slice) -> slice:
    start, step = region.start or 0, region.step or 1
    return slice(start + part.start * step, start + part.stop * step, step)


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
        error.add_note(f"raskt: while the region {_text(index)} of {_called(target)} was written")
        raise
    if journal is not None:
        journal.add(entry)


def _text(index: tuple[slice, ...]) -> str:
    parts = (f"{i.start}:{i.stop}" + (f":{i.step}" if i.step not in (None, 1) else "") for i in index)
    return f"[{', '.join(parts)}]"


def _called(target: Any) -> str:
    """Return how a target is called in an error."""
    if isinstance(target, _MappedFile):
        return f"the file {(_file_of(target.array) or ('', 0))[0]}"
    if isinstance(target, _InMemory):
        target = target.target
    name = getattr(target, "name", None)
    place = getattr(target, "store_path", None) or getattr(getattr(target, "file", None), "filename", None)
    return " ".join(str(part) for part in (type(target).__name__, name, place and f"in {place}") if part)
