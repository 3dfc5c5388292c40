"""Folders for what a computation keeps in files: they go when it ends, however it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from typing import Any

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

    __slots__ = ("__weakref__", "_finalizer", "_is_closed", "_lock", "_path")

    def __init__(self) -> None:
        self._path: str | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        self._finalizer: Any = None

    @property
    def path(self) -> str:
        """Where it is."""
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the computation that this folder was for has ended")
            if self._path is None:
                self._path = tempfile.mkdtemp(prefix="raskt-bag-", dir=_place())
                self._finalizer = weakref.finalize(self, _remove, self._path)
            return self._path

    def close(self) -> None:
        """Remove it; tasks that still run cannot make files in it any more."""
        with self._lock:
            self._is_closed = True
            if self._path is not None and _remove(self._path):
                self._finalizer.detach()

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


def _place() -> str | None:
    """Return the folder in which results are spilled too."""
    from raskt.schedulers import _get

    found = _get("local.spill-directory")
    return None if found is None else os.path.expanduser(os.path.expandvars(str(found)))


def _remove(path: str) -> bool:
    """Remove a folder; what a task puts into it meanwhile is removed too. Return whether it is gone."""
    for _ in range(5):
        shutil.rmtree(path, ignore_errors=True)
        if not os.path.exists(path):
            return True
    return False
