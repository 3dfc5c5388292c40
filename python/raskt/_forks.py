"""Forks beside threads: locks that a forked child finds unlocked, and calls that a fork waits for.

The thread that held a lock in the parent does not exist in the child. A lock of our own can be made anew
there; one inside a library, as OpenBLAS has for its products on several threads, cannot: there the fork
waits.
"""

from __future__ import annotations

import os
from threading import Condition, Lock, get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["before_forks", "renew_in_child"]


def renew_in_child(lock: Any) -> Any:
    """Return `lock`, a `threading.Lock` or `RLock` of the whole process, which a forked child finds unlocked.

    Parameters
    ----------
    lock : Lock or RLock
        The lock.

    Returns
    -------
    Lock or RLock
        The same.

    Examples
    --------
    >>> import threading
    >>> from raskt._forks import renew_in_child
    >>> renew_in_child(threading.Lock()).locked()
    False
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lock._at_fork_reinit)
    return lock


class _BeforeForks:
    """A context whose body a fork by another thread waits for.

    Parameters
    ----------
    patience : float
        Seconds after which the fork goes on all the same.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._wait, after_in_parent=self._go_on, after_in_child=self._renew)

    def _renew(self) -> None:
        self._changed = Condition(Lock())
        self._inside: list[int] = []
        self._n_forks = 0

    def __enter__(self) -> None:
        me = get_ident()
        with self._changed:
            while self._n_forks and me not in self._inside:
                self._changed.wait()
            self._inside.append(me)

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._inside.remove(get_ident())
            if self._n_forks:
                self._changed.notify_all()

    def _wait(self) -> None:
        me = get_ident()
        with self._changed:
            self._n_forks += 1
            self._changed.wait_for(lambda: all(thread == me for thread in self._inside), self._patience)

    def _go_on(self) -> None:
        with self._changed:
            self._n_forks -= 1
            self._changed.notify_all()


before_forks = _BeforeForks(patience=10.0)
"""Around calls of libraries that hold locks of their own, for the time of one block: see the module."""
