"""Folders for what a computation keeps in files: they go when it ends, however it ends."""

from __future__ import annotations

import os
from typing import Any

from raskt import _raskt

__all__ = ["SCRATCH", "Folder"]


class _Scratch:
    """What stands for the folder of a computation in tasks, until there is a computation."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "SCRATCH"

    def __raskt_tokenize__(self) -> str:
        return "scratch"


SCRATCH = _Scratch()


class Folder:
    """A folder that is made when it is first needed, and removed when it is closed or forgotten.

    Child processes get its path alone: the process that made the graph owns it.
    """

    __slots__ = ("_folder",)

    def __init__(self) -> None:
        self._folder = _raskt.ScratchFolder(_place())

    @property
    def path(self) -> str:
        """Where it is."""
        return os.fspath(self._folder.path)

    def close(self) -> None:
        """Remove it; tasks that still run cannot make files in it any more."""
        self._folder.close()

    def __raskt_tokenize__(self) -> str:
        return "scratch"

    def __reduce__(self) -> Any:
        return _Path, (self.path,)


class _Path:
    """The folder of another process."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return _Path, (self.path,)


def _place() -> str:
    """Return the folder in which results are spilled too."""
    import tempfile

    from raskt.schedulers import _get

    found = _get("local.spill-directory")
    return tempfile.gettempdir() if found is None else os.path.expanduser(os.path.expandvars(str(found)))
