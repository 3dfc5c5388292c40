"""Files and folders that are there for a block, and go away after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

__all__ = ["changed_cwd", "filetext", "filetexts", "tmp_cwd", "tmpdir", "tmpfile"]


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        # On Windows what is still open cannot be removed; the system's own sweep does it then.
        try:
            os.remove(path)
        except PermissionError:
            return


@contextmanager
def tmpfile(extension: str = "", dir: str | os.PathLike[str] | None = None) -> Iterator[str]:
    """The path of a file that is not there yet; what is put there is removed after the block.

    Parameters
    ----------
    extension : str, optional
        The ending of its name, with or without the dot.
    dir : path, optional
        In which folder.

    Yields
    ------
    str
        The path.

    Examples
    --------
    >>> import os
    >>> with tmpfile("txt") as path:
    ...     _ = open(path, "w").close()
    >>> os.path.exists(path)
    False
    """
    suffix = extension if not extension or extension.startswith(".") else f".{extension}"
    handle, path = tempfile.mkstemp(suffix, dir=dir)
    os.close(handle)
    os.remove(path)
    try:
        yield path
    finally:
        _remove(path)


@contextmanager
def tmpdir(dir: str | os.PathLike[str] | None = None) -> Iterator[str]:
    """A new folder that is removed after the block, with all that is in it.

    Parameters
    ----------
    dir : path, optional
        In which folder.

    Yields
    ------
    str
        The path.

    Examples
    --------
    >>> import os
    >>> with tmpdir() as folder:
    ...     os.path.isdir(folder)
    True
    >>> os.path.exists(folder)
    False
    """
    path = tempfile.mkdtemp(dir=dir)
    try:
        yield path
    finally:
        _remove(path)


@contextmanager
def filetext(
    text: str | bytes, extension: str = "", open: Callable[..., Any] = open, mode: str = "w"
) -> Iterator[str]:
    """A file of a text, removed after the block.

    Parameters
    ----------
    text : str or bytes
        What is in it.
    extension : str, optional
        The ending of its name.
    open : callable, optional
        What opens it: `gzip.open`, for instance.
    mode : str, optional
        How it is opened.

    Yields
    ------
    str
        The path.

    Examples
    --------
    >>> with filetext("a,b", "csv") as path:
    ...     print(open(path).read())
    a,b
    """
    with tmpfile(extension) as path:
        with open(path, mode) as file:
            file.write(text)
        yield path


@contextmanager
def filetexts(
    d: Mapping[str, str | bytes],
    open: Callable[..., Any] = open,
    mode: str = "t",
    use_tmpdir: bool = True,
) -> Iterator[list[str]]:
    """Files of texts, removed after the block.

    Parameters
    ----------
    d : mapping
        Texts by path.
    open : callable, optional
        What opens them.
    mode : {"t", "b"}, optional
        For texts or bytes.
    use_tmpdir : bool, optional
        Whether they are put into a new folder, which is the working folder within the block.

    Yields
    ------
    list of str
        The paths.

    Examples
    --------
    >>> with filetexts({"a.txt": "1", "b.txt": "2"}) as paths:
    ...     [open(path).read() for path in paths]
    ['1', '2']
    """
    with tmp_cwd() if use_tmpdir else changed_cwd(os.getcwd()):
        try:
            for path, text in d.items():
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                with open(path, "w" + mode) as file:
                    file.write(text)
            yield list(d)
        finally:
            for path in d:
                _remove(path)


@contextmanager
def changed_cwd(new_cwd: str | os.PathLike[str]) -> Iterator[None]:
    """Another working folder within the block.

    Parameters
    ----------
    new_cwd : path
        The folder.
    """
    before = os.getcwd()
    os.chdir(new_cwd)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def tmp_cwd(dir: str | os.PathLike[str] | None = None) -> Iterator[str]:
    """A new folder that is the working folder within the block, and is removed after it.

    Parameters
    ----------
    dir : path, optional
        In which folder.

    Yields
    ------
    str
        The path.
    """
    with tmpdir(dir) as path, changed_cwd(path):
        yield path
