"""A cluster as an executor of `concurrent.futures`."""

from __future__ import annotations

import concurrent.futures
import itertools
import threading
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from raskt.distributed.future import Future

__all__ = ["ClientExecutor"]


class ClientExecutor(concurrent.futures.Executor):
    """What `Client.get_executor` returns.

    Parameters
    ----------
    client : Client
        Whose cluster runs the calls.
    **kwargs
        Keywords of `Client.submit` that all calls get: ``priority``, ``retries``, ``workers``, ``resources``,
        ``pure``, ``allow_other_workers``.

    Examples
    --------
    >>> with client.get_executor() as executor:  # doctest: +SKIP
    ...     print(executor.submit(pow, 2, 5).result())
    32
    """

    _ALLOWED = frozenset(
        {"allow_other_workers", "fifo_timeout", "priority", "pure", "resources", "retries", "workers"}
    )

    def __init__(self, client: Any, **kwargs: Any) -> None:
        unknown = sorted(set(kwargs) - self._ALLOWED)
        if unknown:
            raise TypeError(f"unsupported arguments of get_executor: {', '.join(unknown)}")
        self._client = client
        self._kwargs = {"pure": False, **kwargs}
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._running: set[concurrent.futures.Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """Submit ``fn(*args, **kwargs)``, and return a future of `concurrent.futures`."""
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot schedule new futures after shutdown")
            on_cluster = self._client._submit(fn, args, kwargs, **self._kwargs)
            future = _OnCluster(on_cluster)
            self._running.add(future)
        future.add_done_callback(self._forget)
        on_cluster.add_done_callback(future.follow)
        return future

    def _forget(self, future: concurrent.futures.Future[Any]) -> None:
        self._running.discard(future)

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[Any]:
        """Return an iterator over ``fn`` of the items of ``iterables``, in their order.

        Parameters
        ----------
        fn : callable
            The function.
        *iterables : iterable
            One for each argument of the function.
        timeout : float, optional
            Seconds to wait for each result at most, counted from now.
        chunksize : int, optional
            Taken for the sake of other executors: calls that are near in time travel together anyway.
        buffersize : int, optional
            How many calls may be under way whose results were not taken. Left out, all calls are sent now.
        """
        if chunksize < 1:
            raise ValueError(f"chunksize={chunksize}: give 1 or more")
        if buffersize is not None and buffersize < 1:
            raise ValueError(f"buffersize={buffersize}: give None, or 1 or more")
        until = None if timeout is None else time.monotonic() + timeout
        calls = (self.submit(fn, *args) for args in zip(*iterables, strict=False))
        return _results(deque(itertools.islice(calls, buffersize)), calls, until)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls.

        Parameters
        ----------
        wait : bool, optional
            Whether to wait for those that are under way.
        cancel_futures : bool, optional
            Whether to cancel those.
        """
        with self._lock:
            self._is_shut_down = True
            running = list(self._running)
        if cancel_futures:
            for future in running:
                future.cancel()
        if wait:
            concurrent.futures.wait(running)


def _results(
    futures: deque[concurrent.futures.Future[Any]],
    calls: Iterator[concurrent.futures.Future[Any]],
    until: float | None,
) -> Iterator[Any]:
    """Yield what `futures` become; with each result the next one of `calls` is made."""
    try:
        while futures:
            left = None if until is None else until - time.monotonic()
            result = futures.popleft().result(left)
            futures.extend(itertools.islice(calls, 1))
            yield result
    finally:
        for future in futures:
            future.cancel()


class _OnCluster(concurrent.futures.Future[object]):
    """A future of `concurrent.futures` that follows one of the cluster."""

    def __init__(self, on_cluster: Future) -> None:
        super().__init__()
        self._on_cluster = on_cluster
        self._is_told = threading.Lock()

    def cancel(self) -> bool:
        """Cancel the call; whether it was still under way, or is cancelled already."""
        is_cancelled = self._cancel()
        if is_cancelled:
            self._on_cluster.cancel()
        return is_cancelled

    def _cancel(self) -> bool:
        is_cancelled = super().cancel()
        # Who waits for it is told once: by this thread, or by another one that cancels it, too.
        if is_cancelled and self._is_told.acquire(blocking=False):
            self.set_running_or_notify_cancel()
        return is_cancelled

    def follow(self, on_cluster: Future) -> None:
        """Take what the future of the cluster has become."""
        if on_cluster.cancelled():
            self._cancel()
            return
        try:
            value = on_cluster._result(None)
        except BaseException as error:
            self._end(error, None)
        else:
            self._end(None, value)

    def _end(self, error: BaseException | None, value: Any) -> None:
        try:
            if error is None:
                self.set_result(value)
            else:
                self.set_exception(error)
        except concurrent.futures.InvalidStateError:
            # It was cancelled meanwhile.
            return
