"""Locks, semaphores and events that clients and tasks of a cluster share."""

from __future__ import annotations

import weakref
from collections import deque

from raskt.distributed._channel import Shared, is_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self

    from raskt._raskt import ClusterCoordination, ClusterRequest

    #: Where something was got, and the number of the request that got it.
    Held = tuple[ClusterCoordination, int]

__all__ = ["Event", "Lock", "MultiLock", "Semaphore"]


def _seconds_of(blocking: bool, timeout: Any) -> Any:
    if blocking:
        return timeout
    if timeout is not None:
        raise ValueError("can't specify a timeout for a non-blocking call")
    return 0


class _Guard(Shared):
    """What is held and released; what an object holds that goes is released."""

    def __init__(self, name: Any = None, client: Any = None) -> None:
        super().__init__(name, client)
        self._held: deque[Held] = deque()
        weakref.finalize(self, _release_all, self._held, self._release_one).atexit = False

    @staticmethod
    def _release_one(held: Held) -> ClusterRequest:
        coordination, number = held
        return coordination.ask("release", number)

    def _hold(self, ask: Any, timeout: Any) -> Any:
        asker: list[ClusterCoordination] = []

        def asking(coordination: ClusterCoordination) -> ClusterRequest:
            asker.append(coordination)
            request: ClusterRequest = ask(coordination)
            return request

        def then(request: ClusterRequest, answer: Any) -> bool:
            if answer is None:
                return False
            self._held.append((asker[0], request.number))
            return True

        def undo(request: ClusterRequest, _answer: Any) -> None:
            self._release_one((asker[0], request.number))

        return self._ask(asking, then, timeout, undo)

    def _let_go(self) -> Any:
        held = self._held.popleft()
        return self._ask(lambda _: self._release_one(held), lambda _request, _answer: None)

    def __enter__(self) -> Self:
        if is_async(self.client):
            raise TypeError(f"a {type(self).__name__} of an asynchronous client is entered with 'async with'")
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.release()

    def acquire(self) -> Any:
        """Wait for it."""
        raise NotImplementedError

    def release(self) -> Any:
        """Hold it no more."""
        raise NotImplementedError


def _release_all(held: deque[Held], release: Any) -> None:
    while held:
        release(held.popleft())


class Lock(_Guard):
    """A lock that one client or task of a cluster holds at a time.

    It is released when its holder's connection ends, or its `Lock` object goes. Who came first gets it first.

    Parameters
    ----------
    name : str, optional
        Locks of one name are one lock. Default: a name that no other has.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.

    Examples
    --------
    >>> from raskt.distributed import Client, Lock
    >>> with Client(n_workers=1, processes=False) as client:
    ...     with Lock("door") as lock:
    ...         print(lock.locked(), Lock("door").acquire(timeout="10 ms"))
    True False
    """

    _stem = "lock"

    def acquire(self, blocking: bool = True, timeout: Any = None) -> Any:
        """Wait for the lock.

        Parameters
        ----------
        blocking : bool, optional
            If not, do not wait.
        timeout : float, str or timedelta, optional
            How long to wait at most.

        Returns
        -------
        bool
            Whether it is held now.
        """
        timeout = _seconds_of(blocking, timeout)
        return self._hold(lambda to: to.ask("acquire", [str(self.name)], 1), timeout)

    def release(self) -> Any:
        """Hold the lock no more.

        Raises
        ------
        RuntimeError
            If this object does not hold it.
        """
        if not self._held:
            raise RuntimeError("Released too often")
        return self._let_go()

    def locked(self) -> Any:
        """Return whether anybody holds the lock."""
        return self._ask(lambda to: to.ask("is_locked", str(self.name)))


class MultiLock(_Guard):
    """Several locks that are got together, or not at all: who waits for them does not wait in a circle.

    Parameters
    ----------
    names : list of str, optional
        The locks. They are those that `Lock` knows.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.

    Examples
    --------
    >>> from raskt.distributed import Client, MultiLock
    >>> with Client(n_workers=1, processes=False) as client:
    ...     with MultiLock(["disk", "network"]) as locks:
    ...         print(locks.locked())
    True
    """

    _stem = "multi-lock"

    def __init__(self, names: Iterable[str] | None = None, client: Any = None) -> None:
        super().__init__(None, client)
        self.names = list(names or [])

    def acquire(self, blocking: bool = True, timeout: Any = None, num_locks: int | None = None) -> Any:
        """Wait for the locks.

        Parameters
        ----------
        blocking : bool, optional
            If not, do not wait.
        timeout : float, str or timedelta, optional
            How long to wait at most.
        num_locks : int, optional
            How many of them are enough, whichever are free first. Default: all.

        Returns
        -------
        bool
            Whether they are held now.
        """
        if self._held:
            raise RuntimeError("the locks are held by this object already")
        names = [str(name) for name in self.names]
        return self._hold(
            lambda to: to.ask("acquire", names, num_locks or len(names)), _seconds_of(blocking, timeout)
        )

    def release(self) -> Any:
        """Hold the locks no more.

        Raises
        ------
        ValueError
            If this object does not hold them.
        """
        if not self._held:
            raise ValueError("Lock is not yet acquired")
        return self._let_go()

    def locked(self) -> bool:
        """Return whether this object holds the locks."""
        return bool(self._held)

    def __reduce__(self) -> Any:
        return type(self), (self.names,)


class Semaphore(_Guard):
    """Leases, of which clients and tasks of a cluster hold so many together at most.

    A lease ends when its holder's connection does, its `Semaphore` object goes, or the scheduler has not
    heard of the holder for half a minute: then another one may get it though the holder goes on.

    Parameters
    ----------
    max_leases : int, optional
        How many leases there are. It is one number for all who use the semaphore at a time.
    name : str, optional
        Semaphores of one name are one. Default: a name that no other has.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.

    Examples
    --------
    >>> from raskt.distributed import Client, Semaphore
    >>> with Client(n_workers=1, processes=False) as client:
    ...     database = Semaphore(max_leases=2, name="database")
    ...     with database:
    ...         print(database.get_value())
    1
    """

    _stem = "semaphore"

    def __init__(self, max_leases: int = 1, name: Any = None, client: Any = None) -> None:
        if isinstance(max_leases, bool) or not isinstance(max_leases, int) or max_leases < 1:
            raise ValueError(f"max_leases is a positive number, found {max_leases!r}")
        super().__init__(name, client)
        self.max_leases = max_leases

    @staticmethod
    def _release_one(held: Held) -> ClusterRequest:
        coordination, number = held
        return coordination.ask("release_lease", number)

    def acquire(self, timeout: Any = None) -> Any:
        """Wait for a lease.

        Parameters
        ----------
        timeout : float, str or timedelta, optional
            How long to wait at most.

        Returns
        -------
        bool
            Whether there is one more now.

        Raises
        ------
        ValueError
            If the semaphore is used with another `max_leases`.
        RuntimeError
            If somebody closes it meanwhile.
        """
        return self._hold(lambda to: to.ask("acquire_lease", str(self.name), self.max_leases), timeout)

    def release(self) -> Any:
        """Hold the oldest lease of this object no more.

        Returns
        -------
        bool
            Whether it was held: not if it has ended before.

        Raises
        ------
        RuntimeError
            If this object has none.
        """
        if not self._held:
            raise RuntimeError("Released too often")
        held = self._held.popleft()
        return self._ask(lambda _: self._release_one(held))

    def get_value(self) -> Any:
        """Return how many leases are held, by whomever."""
        return self._ask(lambda to: to.ask("count_leases", str(self.name)))

    def close(self) -> Any:
        """End all leases; who waits for one gets a `RuntimeError`."""
        return self._ask(lambda to: to.ask("close_semaphore", str(self.name)), lambda _request, _answer: None)

    def __reduce__(self) -> Any:
        return type(self), (self.max_leases, self.name)


class Event(Shared):
    """A flag that clients and tasks of a cluster wait for.

    Parameters
    ----------
    name : str, optional
        Events of one name are one. Default: a name that no other has.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.

    Examples
    --------
    >>> from raskt.distributed import Client, Event
    >>> with Client(n_workers=1, processes=False) as client:
    ...     Event("begin").set()
    ...     print(Event("begin").wait(timeout=10))
    True
    """

    _stem = "event"

    def wait(self, timeout: Any = None) -> Any:
        """Wait until the event is set.

        Parameters
        ----------
        timeout : float, str or timedelta, optional
            How long to wait at most.

        Returns
        -------
        bool
            Whether it is set.
        """
        return self._ask(
            lambda to: to.ask("await_set", str(self.name)),
            lambda _request, answer: answer is not None,
            timeout,
        )

    def set(self) -> Any:
        """Set the event: who waits for it goes on."""
        return self._ask(lambda to: to.ask("set", str(self.name)), lambda _request, _answer: None)

    def clear(self) -> Any:
        """Have those wait that come from here on."""
        return self._ask(lambda to: to.ask("clear", str(self.name)), lambda _request, _answer: None)

    def is_set(self) -> Any:
        """Return whether the event is set."""
        return self._ask(lambda to: to.ask("is_set", str(self.name)))
