"""How clients and tasks ask the scheduler for what they share."""

from __future__ import annotations

import pickle

from raskt import _clients
from raskt._pickle import dumps
from raskt.units import parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Self, TypeVar

    from raskt._raskt import ClusterCoordination, ClusterFuture, ClusterRequest

    T = TypeVar("T")

__all__ = ["Shared", "asked", "channel", "is_async", "opened", "pickled"]


def channel(client: Any = None) -> Any:
    """Return the client by which this process asks: ``client``, the one in force, or that of the worker.

    Raises
    ------
    RuntimeError
        If there is none.
    """
    found = _clients.active() if client is None else client
    if found is None:
        raise RuntimeError("there is no client here: make a raskt.distributed.Client first")
    return found


def is_async(client: Any) -> bool:
    """Return whether what is asked by ``client`` here is awaited: tasks on threads beside its loop wait."""
    if not client.asynchronous:
        return False
    import asyncio

    return asyncio._get_running_loop() is not None


def asked(
    client: Any,
    ask: Callable[[ClusterCoordination], ClusterRequest],
    then: Callable[[ClusterRequest, Any], T],
    timeout: Any = None,
    undo: Callable[[ClusterRequest, Any], Any] | None = None,
) -> Any:
    """Ask, wait for the answer, and return what ``then`` makes of it; an awaitable of that where it is one.

    Parameters
    ----------
    client : Client
        Who asks.
    ask : callable
        What makes the request.
    then : callable
        Gets the request and its answer, which is None where the time was over.
    timeout : float, str or timedelta, optional
        How long it may take.
    undo : callable, optional
        Gives back what is got when nobody waits for it any more.
    """
    seconds = parse_timedelta(timeout)
    if is_async(client):
        return _awaited(client, ask, then, seconds, undo)
    request = ask(client._core.coordination())
    try:
        if not request.wait(seconds):
            request.give_up()
            request.wait(None)
    except BaseException:
        _leave(request, undo)
        raise
    return then(request, request.answer())


async def _awaited(
    client: Any,
    ask: Callable[[ClusterCoordination], ClusterRequest],
    then: Callable[[ClusterRequest, Any], T],
    seconds: float | None,
    undo: Callable[[ClusterRequest, Any], Any] | None,
) -> T:
    import asyncio

    loop, there = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(there.set)

    request = ask(client._core.coordination())
    request.when_answered(tell)
    try:
        try:
            await asyncio.wait_for(there.wait(), seconds)
        except TimeoutError:
            request.give_up()
            await there.wait()
    except BaseException:
        _leave(request, undo)
        raise
    return then(request, request.answer())


def _leave(request: ClusterRequest, undo: Callable[[ClusterRequest, Any], Any] | None) -> None:
    """Wait no longer; what is got all the same is given back."""
    request.give_up()
    if undo is None:
        return
    give_back = undo

    def ended() -> None:
        if request.failed is None and (answer := request.answer()) is not None:
            give_back(request, answer)

    request.when_answered(ended)


def pickled(obj: Any) -> Callable[[], bytes]:
    """Return what pickles ``obj`` when it is asked to: the futures in it are noted."""
    return lambda: dumps(obj)


def opened(client: Any, item: tuple[bytes, Sequence[ClusterFuture]]) -> Any:
    """Return an object that came from another client. Its values are held until there are futures of them."""
    data, _futures = item
    with client.as_current():
        return pickle.loads(data)


class Shared:
    """Something with a name that clients of one scheduler share."""

    #: What names begin with that are made here.
    _stem = "shared"

    def __init__(self, name: Any = None, client: Any = None) -> None:
        if name is None:
            import uuid

            name = f"{self._stem}-{uuid.uuid4().hex}"
        self.name = name
        self._given = client

    @property
    def client(self) -> Any:
        """The client by which it is used: the one that was given, or that of this process or task."""
        return channel(self._given)

    def _ask(
        self,
        ask: Callable[[ClusterCoordination], ClusterRequest],
        then: Callable[[ClusterRequest, Any], T] = lambda _request, answer: answer,
        timeout: Any = None,
        undo: Callable[[ClusterRequest, Any], Any] | None = None,
    ) -> Any:
        return asked(self.client, ask, then, timeout, undo)

    def __await__(self) -> Any:
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self

    def __reduce__(self) -> Any:
        return type(self), (self.name,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name}>"
