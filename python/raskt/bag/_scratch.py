"""Folders for what a computation keeps in files: they go when it ends, however it ends."""

from __future__ import annotations

import os
from typing import Any

from raskt import _raskt
from raskt.schedulers import scratch_parent

__all__ = ["SCRATCH", "Folder"]

#: So much of what tasks exchange stays in memory; the rest is in files.
EXCHANGED_BYTES = 128 << 20


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

    __slots__ = ("_exchange", "_folder")

    def __init__(self) -> None:
        self._folder = _raskt.ScratchFolder(scratch_parent())
        self._exchange = _raskt.Exchange(self._folder, EXCHANGED_BYTES)

    @property
    def path(self) -> str:
        """Where it is."""
        return os.fspath(self._folder.path)

    def sender(self, n_outputs: int) -> _raskt.ExchangeSender:
        """Return what a task sends its elements to ``n_outputs`` others with."""
        return self._exchange.sender(n_outputs)

    def close(self) -> None:
        """Remove it; tasks that still run cannot make files in it any more."""
        self._folder.close()

    def __raskt_tokenize__(self) -> str:
        return "scratch"

    def __reduce__(self) -> Any:
        return _Path, (self.path,)


class _Path:
    """The folder of another process."""

    __slots__ = ("_exchange", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._exchange: _raskt.Exchange | None = None

    def sender(self, n_outputs: int) -> _raskt.ExchangeSender:
        """Return what a task sends its elements to ``n_outputs`` others with."""
        if self._exchange is None:
            self._exchange = _raskt.Exchange.of_other_process(self.path, EXCHANGED_BYTES)
        return self._exchange.sender(n_outputs)

    def __reduce__(self) -> Any:
        return _Path, (self.path,)
