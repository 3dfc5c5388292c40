"""Locks that users name: told by `acquire` and `release`, given back on every path."""

from __future__ import annotations

import contextlib
import threading
import uuid
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["SerializableLock", "held", "lock_of"]

#: The locks of this process that came out of a pickle or may go into one, by token.
_locks: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
_locks_guard = threading.Lock()


class _Shared:
    """One lock, which every `SerializableLock` of its token holds a reference to."""

    __slots__ = ("__weakref__", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()


class SerializableLock:
    """A lock that can be pickled: all copies in one process are one lock; each process has its own.

    Parameters
    ----------
    token : str, optional
        What copies are known by; locks that are given the same are the same.

    Examples
    --------
    >>> import pickle
    >>> from raskt._lock import SerializableLock
    >>> lock = SerializableLock()
    >>> with lock:
    ...     pickle.loads(pickle.dumps(lock)).locked()
    True
    """

    __slots__ = ("__weakref__", "_shared", "token")

    def __init__(self, token: str | None = None) -> None:
        self.token = token or uuid.uuid4().hex
        with _locks_guard:
            shared = _locks.get(self.token)
            if shared is None:
                shared = _locks[self.token] = _Shared()
        self._shared: _Shared = shared

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

    def __reduce__(self) -> tuple[type[SerializableLock], tuple[str]]:
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
