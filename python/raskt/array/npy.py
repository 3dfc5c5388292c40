"""Stacks of ``.npy`` files: an array as a folder, with one file for each block along an axis."""

from __future__ import annotations

import contextlib
import math
import os
import pickle
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from raskt._raskt import PartFile
from raskt.array._axes import axis_of
from raskt.array._base import known_shape
from raskt.array.conversion import from_array
from raskt.delayed import delayed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raskt.array.core import Array

__all__ = ["from_npy_stack", "to_npy_stack"]


def to_npy_stack(dirname: Any, x: Any, axis: int = 0) -> None:
    """Write an array as a folder of ``.npy`` files, one for each block along an axis.

    Parameters
    ----------
    dirname : str or path
        The folder; it is made. Files appear in it when they are complete.
    x : Array
        What is written.
    axis : int, optional
        Along which axis; along all others, blocks are joined first.

    Examples
    --------
    >>> import tempfile
    >>> import raskt.array as ra
    >>> place = tempfile.mkdtemp()
    >>> ra.to_npy_stack(place, ra.arange(6, chunks=4))
    >>> ra.from_npy_stack(place).chunks
    ((4, 2),)
    """
    known_shape(x, "to_npy_stack")
    if not x.ndim:
        raise ValueError("a stack has a file for each block along an axis: an array without axes has none")
    axis = axis_of(axis, x.ndim)
    whole = x.rechunk({at: -1 for at in range(x.ndim) if at != axis})
    os.makedirs(dirname, exist_ok=True)
    folder = os.path.abspath(os.fspath(dirname))
    told = {"chunks": whole.chunks, "dtype": whole.dtype, "axis": axis}
    mark = os.urandom(8).hex()
    with _written(os.path.join(folder, "info"), mark) as file:
        pickle.dump(told, file)
    write = delayed(_write, traverse=False)
    blocks = whole.to_delayed().reshape(-1)
    delayed(len)(
        [write(block, os.path.join(folder, f"{at}.npy"), mark) for at, block in enumerate(blocks)]
    ).compute()


@contextlib.contextmanager
def _written(name: str, mark: str) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when it is complete; what fails leaves nothing."""
    part = PartFile(os.path.dirname(name), mark, is_private=False)
    try:
        with open(part.path, "r+b") as file:
            yield file
        part.keep_as(name)
    finally:
        part.discard()


def _write(block: Any, name: str, mark: str) -> None:
    """Write a block as a file: for tasks."""
    with _written(name, mark) as file:
        np.save(file, np.asarray(block), allow_pickle=block.dtype.hasobject)


def from_npy_stack(dirname: Any, mmap_mode: str | None = "r") -> Array:
    """Make an array of a folder of ``.npy`` files that `to_npy_stack`, or Dask's, wrote.

    Parameters
    ----------
    dirname : str or path
        The folder.
    mmap_mode : {"r", "c", None}, optional
        How files are read: mapped into memory, so that native operations read them where they lie, or
        (``None``) copied.

    Returns
    -------
    Array
        The array, with a block for each file.

    Raises
    ------
    ValueError
        Where a file is cut off, or is not what the folder says; with its name.
    """
    folder = os.path.abspath(os.fspath(dirname))
    name = os.path.join(folder, "info")
    with open(name, "rb") as file:
        try:
            told = _Info(file).load()
            chunks, dtype, axis = told["chunks"], np.dtype(told["dtype"]), int(told["axis"])
        except (KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(f"{name} is not what to_npy_stack writes, near byte {file.tell()}") from error
    stack = _Stack(folder, tuple(map(tuple, chunks)), dtype, axis, mmap_mode)
    return from_array(stack, chunks=stack.pieces)


class _Info(pickle.Unpickler):
    """What reads the description of a folder: plain values and dtypes, no other code."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "numpy" and name == "dtype":
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in it")


class _Stack:
    """A folder as an array that is asked for regions."""

    __slots__ = ("axis", "dtype", "folder", "mmap_mode", "pieces", "shape")

    def __init__(self, folder: str, pieces: Any, dtype: np.dtype[Any], axis: int, mmap_mode: Any) -> None:
        self.folder, self.pieces, self.dtype, self.axis = folder, pieces, dtype, axis
        self.mmap_mode = mmap_mode
        self.shape = tuple(sum(sizes) for sizes in pieces)

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return len(self.shape)

    def __getitem__(self, index: tuple[slice, ...]) -> Any:
        begin = 0
        parts = []
        wanted = index[self.axis]
        for at, size in enumerate(self.pieces[self.axis]):
            start, stop = max(wanted.start - begin, 0), min(wanted.stop - begin, size)
            if start < stop:
                own = (*index[: self.axis], slice(start, stop), *index[self.axis + 1 :])
                parts.append(self._piece(at)[own])
            begin += size
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts, axis=self.axis) if parts else self._nothing(index)

    def _nothing(self, index: tuple[slice, ...]) -> Any:
        return np.empty([len(range(n)[own]) for n, own in zip(self.shape, index, strict=True)], self.dtype)

    def _piece(self, at: int) -> Any:
        """Return what a file holds, or raise an error that names it."""
        name = os.path.join(self.folder, f"{at}.npy")
        expected = tuple(sizes[at if axis == self.axis else 0] for axis, sizes in enumerate(self.pieces))
        check_complete(name)
        mapped = None if self.dtype.hasobject else self.mmap_mode
        found = np.load(name, mmap_mode=mapped, allow_pickle=self.dtype.hasobject)
        if found.shape != expected or found.dtype != self.dtype:
            raise ValueError(
                f"{name} holds {found.dtype} of shape {found.shape}, where the folder says {self.dtype} of "
                f"shape {expected}"
            )
        return found

    def __raskt_tokenize__(self) -> Any:
        names = [os.path.join(self.folder, f"{at}.npy") for at in range(len(self.pieces[self.axis]))]
        stamps = [os.stat(name).st_mtime_ns if os.path.exists(name) else None for name in names]
        return "npy", self.folder, self.pieces, self.axis, self.mmap_mode, stamps


def check_complete(name: str) -> None:
    """Raise an error where a ``.npy`` file has no header of one, or ends before its elements do."""
    with open(name, "rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read(file)
        except ValueError as error:
            raise ValueError(f"{name} has no header of a .npy file, at byte {file.tell()}: {error}") from None
        begin, end = file.tell(), os.fstat(file.fileno()).st_size
    if not dtype.hasobject and end < begin + math.prod(shape) * dtype.itemsize:
        needed = begin + math.prod(shape) * dtype.itemsize
        raise ValueError(f"{name} ends at byte {end}, where {dtype} of shape {shape} needs {needed}")
