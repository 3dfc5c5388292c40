"""Futures: values on a cluster."""

from __future__ import annotations

from raskt import _clients, _raskt
from raskt._dask.collections import is_ours
from raskt._html import card
from raskt._pickle import RemoteTraceback
from raskt._raskt import Delayed
from raskt.base import collection_to_delayed, is_raskt_collection
from raskt.distributed._tracebacks import rebuilt
from raskt.distributed.exceptions import CancelledError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable
    from types import TracebackType
    from typing import Any, Self

    from raskt._raskt import ClusterFuture

__all__ = ["Future", "fire_and_forget", "futures_of"]


class Future:
    """A value that a cluster computes, or has.

    The cluster keeps the value as long as some future of it is there, in whatever process.

    Parameters
    ----------
    key : str or tuple
        What the value is called.
    client : Client, optional
        Whose cluster knows it. Default: the client in force.

    Examples
    --------
    >>> from raskt.distributed import Client
    >>> client = Client()  # doctest: +SKIP
    >>> client.submit(sum, [1, 2, 3]).result()  # doctest: +SKIP
    6
    """

    __slots__ = ("__weakref__", "_client", "_core", "_key", "_last_status", "_reason")

    _client: Any
    _core: ClusterFuture | None
    _key: Any
    _last_status: str
    #: Why it was cancelled, where somebody said so.
    _reason: str | None

    def __init__(self, key: Hashable, client: Any = None) -> None:
        client = _clients.active() if client is None else client
        if client is None:
            raise ValueError(
                "there is no client that knows the future: make a raskt.distributed.Client first"
            )
        self._client = client
        self._core = client._core.want(key)
        self._key = key
        self._reason = None

    @classmethod
    def _of(cls, core: ClusterFuture, client: Any) -> Self:
        future: Self = object.__new__(cls)
        future._core = core
        future._client = client
        future._reason = None
        return future

    def _held(self) -> ClusterFuture:
        if self._core is None:
            raise CancelledError(f"the future {self._key!r} was released")
        return self._core

    @property
    def client(self) -> Any:
        """The client."""
        return self._client

    @property
    def key(self) -> Any:
        """What the value is called."""
        return self._key if self._core is None else self._core.key

    @property
    def status(self) -> str:
        """``"pending"``, ``"finished"``, ``"lost"`` (computed again), ``"error"`` or ``"cancelled"``."""
        return self._last_status if self._core is None else self._core.status

    @property
    def type(self) -> Any:
        """The type of the value, which a worker is asked for; None where there is no value yet."""
        if self.status != "finished":
            return None
        client = self._client
        return client._submit(type, (self,), {})._result(None)

    def done(self) -> bool:
        """Return whether nothing more is awaited: there is a value, an error, or nothing will come."""
        return self._core is None or self._core.is_settled

    def cancelled(self) -> bool:
        """Return whether the future was cancelled."""
        return self.status == "cancelled"

    def result(self, timeout: float | str | None = None) -> Any:
        """Wait for the value and return it.

        Parameters
        ----------
        timeout : float or str, optional
            Seconds, or a duration such as ``"5 s"``, to wait at most.

        Returns
        -------
        object
            The value; an awaitable of it where the client is asynchronous.

        Raises
        ------
        TimeoutError
            When the time is over.
        CancelledError
            If the future was cancelled.
        Exception
            What the task raised.
        """
        return self._client._sync(self._result, timeout)

    def _result(self, timeout: float | str | None) -> Any:
        self._wait(timeout)
        (found,) = self._client._core.gather([self._held()])
        is_value, outcome = found
        if is_value:
            return outcome
        raise self._cancelled() if outcome is None else outcome

    def _cancelled(self) -> CancelledError:
        why = "" if self._reason is None else f": {self._reason}"
        return CancelledError(f"the future {self.key!r} was cancelled{why}")

    def _wait(self, timeout: float | str | None) -> None:
        core = self._held()
        seconds = self._client._seconds(timeout)
        if not core.is_settled and not self._client._core.wait([core], 1, seconds):
            raise TimeoutError(f"there is no result of {self.key!r} after {seconds:g} s")

    def exception(self, timeout: float | str | None = None) -> Any:
        """Wait for the end, and return what the task raised; None where it has a value.

        Parameters
        ----------
        timeout : float or str, optional
            As in `result`.

        Returns
        -------
        Exception or None
        """
        return self._client._sync(self._exception, timeout)

    def _exception(self, timeout: float | str | None) -> BaseException | None:
        self._wait(timeout)
        if self.cancelled():
            raise self._cancelled()
        return self._held().error()

    def traceback(self, timeout: float | str | None = None) -> Any:
        """Wait for the end, and return the traceback of what the task raised; None where there is none.

        Parameters
        ----------
        timeout : float or str, optional
            As in `result`.

        Returns
        -------
        traceback or None
        """
        return self._client._sync(self._traceback, timeout)

    def _traceback(self, timeout: float | str | None) -> TracebackType | None:
        error = self._exception(timeout)
        if error is None or error.__traceback__ is not None:
            return None if error is None else error.__traceback__
        # One that has a cause of its own tells of its traceback in a note.
        told = [error.__cause__.text] if isinstance(error.__cause__, RemoteTraceback) else []
        told.extend(getattr(error, "__notes__", ()))
        found = (rebuilt(text) for text in told)
        return next((trace for trace in found if trace is not None), None)

    def cancel(self, reason: str | None = None, msg: str | None = None, force: bool = False) -> Any:
        """Have the value, and what needs it, not computed any more.

        Parameters
        ----------
        reason, msg : str, optional
            Why, which the error says that `result` raises: a word, and a sentence.
        force : bool, optional
            Whether also for other clients that want it.
        """
        return self._client.cancel([self], force=force, reason=reason, msg=msg)

    def retry(self) -> Any:
        """Have the task tried again if it failed."""
        return self._client.retry([self])

    def add_done_callback(self, fn: Callable[[Future], Any]) -> None:
        """Have ``fn(future)`` called when nothing more is awaited, on a thread of the client's.

        Parameters
        ----------
        fn : callable
            A function of one argument. What it raises is reported, and changes nothing.
        """
        self._client._core.flush()
        self._held().when_settled(lambda: fn(self))

    def release(self) -> None:
        """Let go of the value before the future goes."""
        if self._core is not None:
            self._key = self._core.key
            # What is awaited no more does not come.
            self._last_status = self._core.status if self._core.is_settled else "cancelled"
            self._core = None

    def __await__(self) -> Generator[Any, None, Any]:
        return self._awaited().__await__()

    async def _awaited(self) -> Any:
        import asyncio

        await self._settled()
        if self.cancelled():
            raise self._cancelled()
        return await asyncio.to_thread(self._result, None)

    async def _settled(self) -> None:
        """Wait until nothing more is awaited, without a thread."""
        import asyncio

        core = self._held()
        if core.is_settled:
            return
        loop = asyncio.get_running_loop()
        event = asyncio.Event()

        def tell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

        await asyncio.to_thread(self._client._core.flush)
        core.when_settled(tell)
        await event.wait()

    def __raskt_graph__(self) -> dict[Any, Any]:
        return {self.key: self.__raskt_delayed__()}

    def __raskt_keys__(self) -> list[Any]:
        return [self.key]

    def __raskt_delayed__(self, optimize_graph: bool = True) -> Delayed:
        del optimize_graph
        return self._held().delayed()

    def __raskt_persist__(self, optimize_graph: bool = True) -> tuple[Delayed, Any]:
        return self.__raskt_delayed__(optimize_graph), lambda _value: self

    def __raskt_tokenize__(self) -> Any:
        return ("future", self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Future) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self) -> Any:
        core = self._held()
        # Whoever unpickles it asks the scheduler for it.
        if self._client is not None:
            self._client._core.flush()
        return _unpickled, core.pickled()

    def __repr__(self) -> str:
        return f"<Future: {self.status}, key: {self.key}>"

    def _repr_html_(self) -> str:
        return card("Future", str(self.key), [("status", self.status)])


def _unpickled(key: Any, scheduler: str) -> Future:
    return Future(key, _clients.home().client_of(scheduler))


_kept: set[Future] = set()
"""Futures that nobody holds but that are to be computed."""


def fire_and_forget(obj: Any) -> None:
    """Have futures computed though nobody keeps them.

    Parameters
    ----------
    obj : Future or list, dict, set, collection of futures
        What is to be computed for its effects.

    Examples
    --------
    >>> from raskt.distributed import fire_and_forget
    >>> fire_and_forget(client.submit(print, "on a worker"))  # doctest: +SKIP
    """
    for future in futures_of(obj):
        _kept.add(future)
        future.add_done_callback(_kept.discard)


def found_in(obj: Any) -> list[Future]:
    """Return the futures in ``obj``, cancelled ones too."""
    if isinstance(obj, Future):
        return [obj]
    if isinstance(obj, dict):
        obj = obj.values()
    elif not isinstance(obj, (list, tuple, set, frozenset)):
        return []
    return [future for item in obj for future in found_in(item)]


def behind(obj: Any) -> list[Future]:
    """Return the futures in ``obj`` and those that collections in it are made of; cancelled ones too."""
    found: dict[Future, None] = {}
    stack = [obj]
    while stack:
        item = stack.pop()
        if isinstance(item, Future):
            found.setdefault(item)
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
        elif isinstance(item, (list, tuple, set, frozenset)):
            stack.extend(reversed(list(item)))
        elif is_raskt_collection(item) and is_ours(item):
            root = item if isinstance(item, Delayed) else collection_to_delayed(item)
            for core in _raskt.cluster_futures([] if root is None else [root]):
                found.setdefault(Future._of(core, _clients.home().client_behind(core)))
    return list(found)


def futures_of(o: Any, client: Any = None) -> list[Future]:
    """Return the futures in an object.

    Parameters
    ----------
    o : object
        A future, a collection, or lists, tuples, sets and dicts of some. A collection has the futures of
        what was persisted of it, or that it was made of.
    client : Client, optional
        Whoever names one wants none that was cancelled.

    Returns
    -------
    list of Future

    Raises
    ------
    CancelledError
        If a client is named, and some were cancelled.

    Examples
    --------
    >>> from raskt.distributed import futures_of
    >>> futures_of([1, {"a": 2}])
    []
    """
    futures = behind(o)
    if client is not None and any(future.cancelled() for future in futures):
        names = ", ".join(str(future.key) for future in futures if future.cancelled())
        raise CancelledError(f"cancelled: {names}")
    return futures
