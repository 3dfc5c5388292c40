"""A child process: what one of the engine's pool does, and one of somebody else's executor.

``__main__`` of the parent is not imported here: what is defined there comes by value.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import warnings

from raskt import _raskt, config
from raskt._pickle import dumps, pack_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["main", "run_batch"]


def main() -> None:
    """Serve the parent, at the other end of standard input, until it says stop or is gone."""
    # Ctrl-C reaches the whole process group; what to do about it is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _raskt.serve_parent(take_over)


def take_over(surroundings: bytes) -> None:
    """Take over what `raskt._processes.surroundings` told."""
    path, folder, settings, filters, key = pickle.loads(surroundings)
    sys.path[:] = path
    if folder is not None:
        # If the folder is gone, the parent could not use it either.
        with contextlib.suppress(OSError):
            os.chdir(folder)
    if key is not None:
        # Locks, queues and whatever else managers serve connect to the parent's as the parent does.
        from multiprocessing.process import current_process

        current_process().authkey = key
    config.install(settings)
    # A task that computes must not start a pool below the pool.
    if config.get("scheduler", None) in ("processes", "multiprocessing"):
        config.set(scheduler="sync")
    try:
        warnings.filters[:] = pickle.loads(filters)  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]
    except Exception:
        # A filter names a class that this process does not know: the usual filters stay.
        pass


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
    for task, *call in pickle.loads(data):
        try:
            outcome = (task, True, dumps(_raskt.run_shipped(*call)))
        except (Exception, SystemExit) as exc:
            # The frame of this file says nothing to the user.
            traceback = exc.__traceback__
            own = traceback.tb_next if traceback is not None else None
            outcome = (task, False, pack_exception(exc.with_traceback(own)))
        outcomes.append(outcome)
    return dumps(outcomes)
