"""Locks that a forked child finds unlocked: the thread that held one in the parent does not exist there."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["renew_in_child"]


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
