"""What tasks print, and warn of, as clients see it."""

from __future__ import annotations

import builtins
import pickle
import sys
import warnings

from raskt import _clients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

__all__ = ["HANDLERS", "print", "warn"]


def print(  # noqa: A001 - Dask's name
    *args: Any, sep: str | None = " ", end: str | None = "\n", file: TextIO | None = None, flush: bool = False
) -> None:
    """Print here, and for all clients where a task calls this.

    Parameters
    ----------
    *args, sep, end, flush
        As of Python's own.
    file : file, optional
        In tasks only ``sys.stdout`` and ``sys.stderr``, which are those of the clients, too.

    Examples
    --------
    >>> from raskt.distributed import print
    >>> client.submit(print, "computed").result()  # doctest: +SKIP
    computed
    """
    worker = _clients.here()
    if worker is not None:
        streams = {None: 1, sys.stdout: 1, sys.stderr: 2}
        if file not in streams:
            raise TypeError(f"print in a task writes to sys.stdout or sys.stderr, found {file!r}")
        said = {
            "args": tuple(str(arg) for arg in args),
            "sep": sep,
            "end": end,
            "file": streams[file],
            "flush": flush,
        }
        client = worker.client
        client.log_event("print", said)
        if not worker.has_process and client in _clients.every():
            # That client prints it, in this very process.
            return
    builtins.print(*args, sep=sep, end=end, file=file, flush=flush)


def warn(
    message: str | Warning,
    category: type[Warning] | None = UserWarning,
    stacklevel: int = 1,
    source: Any = None,
) -> None:
    """Warn here, and on all clients where a task calls this.

    Parameters
    ----------
    message, category, stacklevel, source
        As of `warnings.warn`.

    Examples
    --------
    >>> from raskt.distributed import warn
    >>> client.submit(warn, "few rows").result()  # doctest: +SKIP
    """
    worker = _clients.here()
    if worker is not None:
        client = worker.client
        client.log_event("warn", {"message": message, "category": category})
        if not worker.has_process and client in _clients.every():
            return
    warnings.warn(message, category, stacklevel=stacklevel + 1, source=source)


def _hear_print(data: bytes, _futures: Any) -> None:
    _, said = pickle.loads(data)
    stream = sys.stderr if said["file"] == 2 else sys.stdout
    builtins.print(*said["args"], sep=said["sep"], end=said["end"], file=stream, flush=said["flush"])


def _hear_warning(data: bytes, _futures: Any) -> None:
    _, said = pickle.loads(data)
    warnings.warn(said["message"], said["category"], stacklevel=1)


HANDLERS = {"print": _hear_print, "warn": _hear_warning}
"""What clients do with what tasks print and warn of, by topic."""
