"""Waiting for futures: all, the first, one after the other."""

from __future__ import annotations

import collections
import functools
import threading
import time

from raskt import _raskt
from raskt.distributed.exceptions import CancelledError
from raskt.distributed.future import Future, futures_of
from raskt.units import parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Self

__all__ = ["DoneAndNotDoneFutures", "as_completed", "wait"]

DoneAndNotDoneFutures = collections.namedtuple("DoneAndNotDoneFutures", ["done", "not_done"])


def wait(fs: Any, timeout: float | str | None = None, return_when: str = "ALL_COMPLETED") -> Any:
    """Wait until futures are done.

    Parameters
    ----------
    fs : Future or list of Future
        The futures.
    timeout : float or str, optional
        Seconds, or a duration, to wait at most.
    return_when : {"ALL_COMPLETED", "FIRST_COMPLETED"}, optional
        Whether all are waited for, or one.

    Returns
    -------
    DoneAndNotDoneFutures
        Two sets, ``done`` and ``not_done``; an awaitable of them where the client is asynchronous.

    Raises
    ------
    TimeoutError
        When the time is over.
    CancelledError
        If some were cancelled.

    Examples
    --------
    >>> from raskt.distributed import wait
    >>> done, not_done = wait(client.map(abs, [1, -2]))  # doctest: +SKIP
    """
    if return_when not in ("ALL_COMPLETED", "FIRST_COMPLETED"):
        raise NotImplementedError("return_when is 'ALL_COMPLETED' or 'FIRST_COMPLETED': look at as_completed")
    futures = futures_of(fs)
    if not futures:
        return DoneAndNotDoneFutures(set(), set())
    client = futures[0].client
    return client._sync(_wait, client, futures, timeout, return_when == "FIRST_COMPLETED")


def _wait(client: Any, futures: list[Future], timeout: float | str | None, first: bool) -> Any:
    seconds = client._seconds(timeout)
    cores = [future._held() for future in futures]
    if not client._core.wait(cores, 1 if first else len(cores), seconds):
        n = sum(not future.done() for future in futures)
        raise TimeoutError(f"{n} of {len(futures)} futures are not done after {seconds:g} s")
    cancelled = [future for future in futures if future.cancelled()]
    if cancelled:
        raise CancelledError(f"cancelled: {', '.join(str(future.key) for future in cancelled)}")
    done = {future for future in futures if future.done()}
    return DoneAndNotDoneFutures(done, set(futures) - done)


class as_completed:
    """Iterate over futures in the order in which they are done.

    Parameters
    ----------
    futures : iterable of Future, optional
        The futures; more may be added.
    with_results : bool, optional
        Whether pairs of future and result are given.
    raise_errors : bool, optional
        Whether results that are errors are raised; otherwise they are given as they are.
    timeout : float or str, optional
        Seconds, or a duration, to wait for all together.
    loop : object, optional
        Taken for Dask's sake.

    Examples
    --------
    >>> from raskt.distributed import as_completed
    >>> for future in as_completed(client.map(abs, [1, -2])):  # doctest: +SKIP
    ...     print(future.result())
    1
    2
    """

    def __init__(
        self,
        futures: Iterable[Future] | None = None,
        loop: Any = None,
        with_results: bool = False,
        raise_errors: bool = True,
        *,
        timeout: float | str | None = None,
    ) -> None:
        del loop
        self.with_results = with_results
        self.raise_errors = raise_errors
        seconds = parse_timedelta(timeout)
        self._until = None if seconds is None else time.monotonic() + seconds
        self._done: collections.deque[Future] = collections.deque()
        self._changed = threading.Condition()
        self._n_open = 0
        #: What was added before it was cleared is not told of.
        self._n_clears = 0
        self._wake: Any = None
        self.update(futures or [])

    def add(self, future: Future) -> None:
        """Wait for one more."""
        self.update([future])

    def update(self, futures: Iterable[Future]) -> None:
        """Wait for some more."""
        for future in futures:
            if not isinstance(future, Future):
                raise TypeError(f"as_completed takes futures, found {type(future).__name__}")
            with self._changed:
                self._n_open += 1
                n_clears = self._n_clears
            future.add_done_callback(functools.partial(self._tell, n_clears))

    def _tell(self, n_clears: int, future: Future) -> None:
        with self._changed:
            if n_clears != self._n_clears:
                return
            self._done.append(future)
            self._changed.notify_all()
            wake = self._wake
        if wake is not None:
            wake()

    def count(self) -> int:
        """Return how many futures have not been given."""
        with self._changed:
            return self._n_open

    def is_empty(self) -> bool:
        """Return whether all have been given."""
        return self.count() == 0

    def has_ready(self) -> bool:
        """Return whether one can be given at once."""
        with self._changed:
            return bool(self._done)

    def clear(self) -> None:
        """Forget all that have been added."""
        with self._changed:
            self._done.clear()
            self._n_open = 0
            self._n_clears += 1
            self._changed.notify_all()

    def _take(self) -> Future:
        self._n_open -= 1
        return self._done.popleft()

    def _left(self) -> float | None:
        if self._until is None:
            return None
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("not all futures are done in time")
        return left

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        with self._changed:
            self._await_one()
            if not self._done:
                raise StopIteration
            future = self._take()
        return self._given(future)

    def _await_one(self) -> None:
        """Wait until one is done, or none is to come."""
        if self._done or not self._n_open:
            return
        has_seceded = _raskt.cluster_secede()
        try:
            while not self._done and self._n_open:
                self._changed.wait(self._left())
        finally:
            if has_seceded:
                # Whoever tells of a future must not wait for that.
                self._changed.release()
                _raskt.cluster_rejoin()
                self._changed.acquire()

    next = __next__

    def _given(self, future: Future) -> Any:
        if not self.with_results:
            return future
        ((is_value, outcome),) = future.client._core.gather([future._held()])
        if not is_value:
            outcome = future._cancelled() if outcome is None else outcome
            if self.raise_errors:
                raise outcome
        return future, outcome

    def next_batch(self, block: bool = True) -> list[Any]:
        """Return all that are done and have not been given.

        Parameters
        ----------
        block : bool, optional
            Whether to wait for one where there is none.
        """
        with self._changed:
            if block:
                self._await_one()
            futures = [self._take() for _ in range(len(self._done))]
        return [self._given(future) for future in futures]

    def batches(self) -> Iterator[list[Any]]:
        """Iterate over lists of those that are done by then."""
        while not self.is_empty():
            yield self.next_batch(block=True)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        import asyncio

        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        while True:
            with self._changed:
                if self._done:
                    future = self._take()
                    break
                if not self._n_open:
                    raise StopAsyncIteration
                event.clear()
                self._wake = lambda: loop.call_soon_threadsafe(event.set)
            await asyncio.wait_for(event.wait(), self._left())
        return await asyncio.to_thread(self._given, future) if self.with_results else future
