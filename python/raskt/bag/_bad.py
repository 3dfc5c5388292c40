"""Where a chain stands, and what becomes of elements that raise an error."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

__all__ = ["BadLine", "BadLinesWarning", "Context"]

#: No more than this many bad lines of a task are kept whole.
KEPT_MAX = 10_000


class BadLinesWarning(UserWarning):
    """Lines were left out, because reading them or working on them raised an error."""


class BadLine(NamedTuple):
    """A line that was left out, and why.

    Attributes
    ----------
    path : str
        The file.
    line : int
        The number of the line in the file, or in its block where files are read in blocks; the first is 1.
    offset : int
        Where the line begins, in bytes of the (decompressed) file.
    error : str
        What went wrong.
    """

    path: str
    line: int
    offset: int
    error: str


class Context:
    """What the steps of one running chain share."""

    __slots__ = ("_callbacks", "bad", "n_bad", "wants_bad", "where")

    def __init__(self) -> None:
        #: Returns path, line number and offset of what is being worked on; None away from files.
        self.where: Callable[[], tuple[str, int, int]] | None = None
        self.bad: list[BadLine] | None = None
        self.n_bad = 0
        self.wants_bad = False
        self._callbacks: list[Callable[[], None]] = []

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the chain has ended, however it ends."""
        self._callbacks.append(callback)

    def skip(self, error: Exception) -> None:
        """Note that the current line is left out."""
        path, line, offset = self.where() if self.where is not None else ("<memory>", 0, 0)
        self.n_bad += 1
        if self.bad is not None and len(self.bad) < KEPT_MAX:
            self.bad.append(BadLine(path, line, offset, f"{type(error).__name__}: {error}"))

    def map(self, function: Callable[[Any], Any], stream: Iterable[Any]) -> Iterator[Any]:
        """Map, leaving out what raises where that is asked for."""
        return map(function, stream) if self.bad is None else self._map(function, stream)

    def _map(self, function: Callable[[Any], Any], stream: Iterable[Any]) -> Iterator[Any]:
        for item in stream:
            try:
                found = function(item)
            except Exception as error:
                self.skip(error)
            else:
                yield found

    def filter(self, predicate: Any, stream: Iterable[Any], wanted: bool) -> Iterator[Any]:
        """Filter, leaving out what raises where that is asked for."""
        if self.bad is None:
            if wanted:
                return filter(predicate, stream)
            test = predicate or bool
            return (item for item in stream if not test(item))
        pairs = self._map(lambda item: (item, (predicate or bool)(item)), stream)
        return (item for item, truth in pairs if bool(truth) is wanted)

    def explain(self, error: BaseException) -> None:
        """Say in ``error`` which line it came from."""
        if self.where is None:
            return
        path, line, offset = self.where()
        error.add_note(f"in file {path}, line {line}, at byte {offset}" if line else f"in file {path}")

    def close(self) -> None:
        """Report what was left out, and close what is open."""
        for callback in reversed(self._callbacks):
            with contextlib.suppress(OSError):
                callback()
        self._callbacks.clear()
        # It leads back to here, and the engine's objects are no part of Python's search for such circles.
        self.where = None
        if self.n_bad and not self.wants_bad:
            first = self.bad[0] if self.bad else None
            where = (
                f"; the first: {first.path}, line {first.line}, byte {first.offset}: {first.error}"
                if first
                else ""
            )
            warnings.warn(f"{self.n_bad} bad lines were left out{where}", BadLinesWarning, stacklevel=2)
