"""Locks that users name, told by `acquire` and `release`, and locks that travel through pickles."""

from __future__ import annotations

import contextlib
import threading
import uuid
import weakref

from raskt._forks import renew_in_child
from raskt.schedulers import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from typing import Any

__all__ = ["SerializableLock", "get_scheduler_lock", "held", "lock_of"]

#: The locks of this process that came out of a pickle or may go into one, by token.
_locks: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
_locks_guard = renew_in_child(threading.Lock())


class _Shared:
    """One lock, which every `SerializableLock` of its token holds a reference to."""

    __slots__ = ("__weakref__", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()


class SerializableLock:
    """A lock that can be pickled: all copies in one process are one lock; each process has its own.

    Parameters
    ----------
    token : hashable, optional
        What copies are known by; locks that are given the same are the same.

    Examples
    --------
    >>> import pickle
    >>> from raskt.utils import SerializableLock
    >>> lock = SerializableLock()
    >>> with lock:
    ...     pickle.loads(pickle.dumps(lock)).locked()
    True
    """

    __slots__ = ("__weakref__", "_shared", "token")

    def __init__(self, token: Hashable | None = None) -> None:
        self.token: Hashable = uuid.uuid4().hex if token is None else token
        with _locks_guard:
            shared = _locks.get(self.token)
            if shared is None:
                shared = _locks[self.token] = _Shared()
        self._shared: _Shared = shared

    @property
    def lock(self) -> threading.Lock:
        """The lock of this process."""
        found: threading.Lock = self._shared.lock
        return found

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock, as `threading.Lock.acquire` does."""
        return self._shared.lock.acquire(blocking, timeout)

    def release(self) -> None:
        """Give it back."""
        self._shared.lock.release()

    def locked(self) -> bool:
        """Return whether somebody of this process holds it."""
        return self._shared.lock.locked()

    def __enter__(self) -> SerializableLock:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def __reduce__(self) -> tuple[type[SerializableLock], tuple[Hashable]]:
        return SerializableLock, (self.token,)

    def __repr__(self) -> str:
        return f"<SerializableLock: {self.token}>"


def lock_of(lock: Any) -> Any:
    """Return the lock that an argument ``lock`` stands for: a new one, the one given, or ``None``.

    Raises
    ------
    TypeError
        Where it is neither a boolean nor has ``acquire`` and ``release``.
    """
    if lock is None or lock is False:
        return None
    if lock is True:
        return SerializableLock()
    if callable(getattr(lock, "acquire", None)) and callable(getattr(lock, "release", None)):
        return lock
    raise TypeError(
        f"lock is True, False or an object with the methods acquire and release, found {lock!r} "
        f"of type {type(lock).__name__}"
    )


@contextlib.contextmanager
def held(lock: Any) -> Iterator[None]:
    """Hold a lock that `lock_of` returned; it is given back however the block ends.

    Raises
    ------
    RuntimeError
        Where the lock says that it could not be taken: its ``acquire`` returns ``False``.
    """
    if lock is None:
        yield
        return
    if lock.acquire() is False:
        raise RuntimeError(f"the lock {lock!r} was not acquired: its method acquire returned False")
    try:
        yield
    finally:
        lock.release()


def get_scheduler_lock(collection: Any = None, scheduler: Any = None) -> Any:
    """Return a lock that tasks of the scheduler exclude one another by: for files that bear one writer.

    Parameters
    ----------
    collection : object or sequence, optional
        What is to be computed, whose preference for a scheduler counts last.
    scheduler : str, callable or Executor, optional
        As in `raskt.compute`.

    Returns
    -------
    lock
        A `SerializableLock`, or a lock between processes where tasks run in some.

    Examples
    --------
    >>> from raskt.utils import get_scheduler_lock
    >>> lock = get_scheduler_lock(scheduler="threads")
    >>> with lock:
    ...     lock.locked()
    True
    """
    collections: Sequence[Any] = collection if isinstance(collection, (list, tuple)) else [collection]
    if choose(scheduler, collections) == "processes":
        import multiprocessing

        return multiprocessing.Manager().Lock()
    return SerializableLock()
