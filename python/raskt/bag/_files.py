"""Files of any file system, compressed or not: found, opened, replaced when what is written is complete."""

from __future__ import annotations

import contextlib
import functools
import glob
import io
import os
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from raskt import _raskt

__all__ = [
    "COMPRESSIONS",
    "anchored",
    "codec",
    "compression_of",
    "expand",
    "is_remote",
    "listed",
    "open_at",
    "open_read",
    "remote_files",
    "remove_unfinished",
    "size_of",
    "written",
]

COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd"}
_PATHS = (str, bytes, os.PathLike)
_NAMES = {"gz": "gzip", "lzma": "xz", "zst": "zstd"}


def is_remote(path: str) -> bool:
    """Whether ``path`` is a URL for fsspec."""
    return "://" in path and not path.startswith("file://")


def _local(path: str) -> str:
    return os.path.expanduser(path.removeprefix("file://"))


def anchored(path: str) -> str:
    """Return a path that means the same in every process: a child's working folder may be another one."""
    return path if is_remote(path) else os.path.abspath(_local(path))


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise ImportError("URLs need the package fsspec: pip install fsspec") from error
    return fsspec


def remote_files(path: str, storage_options: dict[str, Any] | None) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it."""
    found: tuple[Any, str] = _fsspec().core.url_to_fs(path, **(storage_options or {}))
    return found


def listed(urlpath: Any) -> list[str]:
    """Return the paths and patterns of one or a list of them.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If the list is empty.
    """
    if isinstance(urlpath, _PATHS):
        return [os.fsdecode(urlpath)]
    given = [*urlpath] if hasattr(urlpath, "__iter__") else [urlpath]
    if not all(isinstance(one, _PATHS) for one in given):
        raise TypeError(f"files are given as a path, a pattern or a list of these, found {urlpath!r}")
    if not given:
        raise ValueError("no files were given: the list of paths is empty")
    return [os.fsdecode(one) for one in given]


def expand(urlpath: Any, storage_options: dict[str, Any] | None = None) -> list[str]:
    """Return the paths that a path, a pattern, or a list of them stands for; nothing found is an error."""
    return [path for one in listed(urlpath) for path in _expand_one(one, storage_options)]


def _expand_one(path: str, storage_options: dict[str, Any] | None) -> list[str]:
    if is_remote(path):
        fs, stripped = remote_files(path, storage_options)
        if not glob.has_magic(stripped):
            return [path]
        # File systems remember what they have listed; other processes may have written since.
        fs.invalidate_cache()
        found = [fs.unstrip_protocol(one) for one in sorted(fs.glob(stripped))]
    else:
        path = _local(path)
        if not glob.has_magic(path) or os.path.exists(path):
            if not os.path.exists(path):
                raise FileNotFoundError(2, "no such file", path)
            if os.path.isdir(path):
                raise IsADirectoryError(
                    21, f"is a folder, not a file: ask for {os.path.join(path, '*')!r}", path
                )
            return [os.path.abspath(path)]
        matches = sorted(one for one in glob.glob(path, recursive=True) if os.path.isfile(one))
        found = [os.path.abspath(one) for one in matches]
    if not found:
        raise FileNotFoundError(2, "no file matches the pattern", path)
    return found


def compression_of(path: str, compression: Any) -> str | None:
    """Return the name of the compression, from the path where it is to be inferred."""
    if compression == "infer":
        return COMPRESSIONS.get(os.path.splitext(path)[1].lower())
    name = _NAMES.get(compression, compression)
    if name is not None and name not in COMPRESSIONS.values():
        known = ", ".join(sorted(COMPRESSIONS.values()))
        raise ValueError(f"unknown compression {compression!r}: expected one of {known}, 'infer' or None")
    found: str | None = name
    return found


def size_of(path: str, storage_options: dict[str, Any] | None) -> int:
    """Return the bytes of a file."""
    if not is_remote(path):
        return os.path.getsize(path)
    fs, stripped = remote_files(path, storage_options)
    return int(fs.size(stripped))


def open_at(path: str, at: int, storage_options: dict[str, Any] | None) -> Any:
    """Open a URL for reading from byte ``at`` on, as it is."""
    file = _fsspec().open(path, "rb", **(storage_options or {})).open()
    if isinstance(file, io.BytesIO):
        # A file in memory is one object, with one position, for all who open it.
        file = io.BytesIO(file.getvalue())
    if at:
        file.seek(at)
    return file


def open_read(path: str, compression: str | None, storage_options: dict[str, Any] | None) -> BinaryIO:
    """Open a file for reading what is decompressed."""
    raw: Any = open_at(path, 0, storage_options) if is_remote(path) else open(path, "rb", buffering=1 << 16)  # noqa: SIM115
    if compression is None:
        found: BinaryIO = raw
        return found
    if compression == "zstd" and not is_remote(path):
        raw.close()
        return io.BufferedReader(_Decompressed(path, compression), 1 << 18)
    made: BinaryIO = codec(compression)(raw, "rb")
    return made


class _Decompressed(io.RawIOBase):
    """What the engine decompresses, as a file of Python's."""

    def __init__(self, path: str, compression: str) -> None:
        self._file = _raskt.BagFile(path, compression)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def codec(compression: str) -> Callable[..., Any]:
    """Return what opens a compressed file, as Python's ``gzip.open`` does."""
    if compression == "gzip":
        import gzip

        # The level of the program gzip: the highest, which is Python's default, takes several times as long.
        return functools.partial(gzip.open, compresslevel=6)
    if compression == "bz2":
        import bz2

        return bz2.open
    if compression == "xz":
        import lzma

        return lzma.open
    with contextlib.suppress(ImportError):
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]

        return zstd.open  # type: ignore[no-any-return,unused-ignore]
    try:
        import zstandard
    except ImportError as error:
        raise ImportError(
            "zstd needs Python 3.14, or the package zstandard: pip install zstandard"
        ) from error
    return zstandard.open  # type: ignore[no-any-return,unused-ignore]


def _folder_of_unfinished(path: str) -> str:
    """Return where a file lies that is to become ``path``: where it can be renamed, or be sent from."""
    import tempfile

    return tempfile.gettempdir() if is_remote(path) else os.path.dirname(path)


def remove_unfinished(paths: list[str], mark: str) -> None:
    """Remove what `written` has begun with ``mark``: whoever wrote it was stopped, or goes on in vain."""
    for folder in {_folder_of_unfinished(path) for path in paths}:
        for one in glob.glob(os.path.join(glob.escape(folder), f".raskt-*-{mark}-*.part")):
            with contextlib.suppress(OSError):
                os.unlink(one)


@contextlib.contextmanager
def written(
    path: str, mark: str, compression: str | None, storage_options: dict[str, Any] | None
) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when all is written; what fails leaves nothing.

    What a killed process leaves is removed when somebody else writes into the folder.
    """
    is_far = is_remote(path)
    folder = _folder_of_unfinished(path)
    os.makedirs(folder, exist_ok=True)
    # What lies in the folder for temporary files is nobody else's business.
    part = _raskt.PartFile(folder, mark, is_private=is_far)
    try:
        with open(part.path, "r+b") as raw:
            if compression is None:
                yield raw
            else:
                with codec(compression)(raw, "wb") as file:
                    yield file
        if is_far:
            fs, stripped = remote_files(path, storage_options)
            fs.makedirs(fs._parent(stripped), exist_ok=True)
            fs.put_file(os.fspath(part.path), stripped)
        else:
            part.keep_as(path)
    finally:
        part.discard()
