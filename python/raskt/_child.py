"""A child process of the pool: receives calls, makes them one after the other, sends what came of each.

``__main__`` of the parent is not imported here: what is defined there comes by value.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time

from raskt import _raskt
from raskt._pickle import dumps, pack_exception
from raskt._wire import receive, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["main", "run_batch"]

#: How the running task's number lies in the memory that parent and child share.
CELL = struct.Struct("<q")
#: Outcomes wait at most this long for more of them.
_FLUSH_SECONDS = 2e-3


def _end_with_parent(lifeline: int) -> None:
    """End this process when the other end of ``lifeline`` closes, even in the middle of a task."""

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="raskt-lifeline", daemon=True).start()


def main(fd: int, cell_fd: int, lifeline: int) -> None:
    """Serve the process at the other end of ``fd`` until it closes the connection.

    The memory behind ``cell_fd`` says at any time which task is running: should this process die, its parent
    knows whom to blame.
    """
    # Ctrl-C reaches the whole process group; what to do about it is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent(lifeline)
    sock = socket.socket(fileno=fd)
    cell = mmap.mmap(cell_fd, mmap.PAGESIZE)
    shared_min = 1 << 16
    while True:
        try:
            message = receive(sock)
        except (EOFError, ConnectionError):
            return
        if message["kind"] == "setup":
            shared_min = message["shared_min"]
            _set_up(message)
            continue
        try:
            _answer_all(sock, message["calls"], cell, shared_min)
        except (BrokenPipeError, ConnectionError):
            return


def _set_up(message: dict[str, Any]) -> None:
    import warnings

    from raskt import config

    for path in message["path"]:
        if path not in sys.path:
            sys.path.append(path)
    # If the folder is gone, the parent could not use it either.
    with contextlib.suppress(OSError):
        os.chdir(message["cwd"])
    config.install(message["config"])
    # A task that computes must not start a pool below the pool.
    if config.get("scheduler", None) in ("processes", "multiprocessing"):
        config.set(scheduler="sync")
    try:
        warnings.filters[:] = pickle.loads(message["filters"])  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]
    except Exception:
        # A filter names a class that this process does not know: the usual filters stay.
        pass


def _call(call: tuple[Any, ...]) -> Any:
    _, number, function, packed, inputs = call
    return _raskt.run_shipped(number, function, packed, inputs)


def _answer_all(sock: socket.socket, calls: list[Any], cell: mmap.mmap, shared_min: int) -> None:
    """Make the calls one after the other; outcomes go back when some milliseconds of them have gathered."""
    outcomes: list[tuple[Any, ...]] = []
    flushed = time.perf_counter()
    for call in calls:
        CELL.pack_into(cell, 0, call[0])
        begun = time.perf_counter()
        outcomes.append(_outcome(call, begun))
        now = time.perf_counter()
        if now - flushed > _FLUSH_SECONDS or call is calls[-1]:
            _send_outcomes(sock, outcomes, shared_min)
            outcomes, flushed = [], now


def _outcome(call: tuple[Any, ...], begun: float) -> tuple[Any, ...]:
    """Make one call: ``(task, succeeded, value or packed exception, when it began, when it ended)``."""
    try:
        value = _call(call)
    except (Exception, SystemExit, KeyboardInterrupt) as exc:
        # The frames of this file say nothing to the user.
        packed = pack_exception(exc.with_traceback(_user_part(exc)))
        return (call[0], False, packed, begun, time.perf_counter())
    return (call[0], True, value, begun, time.perf_counter())


def _send_outcomes(sock: socket.socket, outcomes: list[tuple[Any, ...]], shared_min: int) -> None:
    try:
        send(sock, outcomes, shared_min)
    except (BrokenPipeError, ConnectionError):
        raise
    except Exception:
        # One of the values cannot be pickled: which one shows when each goes alone.
        for outcome in outcomes:
            _send_one(sock, outcome, shared_min)


def _send_one(sock: socket.socket, outcome: tuple[Any, ...], shared_min: int) -> None:
    task, _, value, *times = outcome
    try:
        send(sock, [outcome], shared_min)
    except (BrokenPipeError, ConnectionError):
        raise
    except Exception as exc:
        error = TypeError(f"the task returned a {type(value).__name__}, which cannot be pickled: {exc}")
        send(sock, [(task, False, pack_exception(error), *times)], shared_min)


def _user_part(exc: BaseException) -> Any:
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def run_batch(data: bytes) -> bytes:
    """Make the calls of a pickled batch, for an executor whose workers are other processes.

    Parameters
    ----------
    data : bytes
        A pickle of a list of calls.

    Returns
    -------
    bytes
        A pickle of a list of outcomes ``(task, whether it succeeded, value or packed exception)``.
    """
    outcomes: list[tuple[Any, bool, Any]] = []
    outcome: tuple[Any, bool, Any]
    for call in pickle.loads(data):
        try:
            outcome = (call[0], True, dumps(_call(call)))
        except (Exception, SystemExit) as exc:
            outcome = (call[0], False, pack_exception(exc.with_traceback(_user_part(exc))))
        outcomes.append(outcome)
    return dumps(outcomes)
