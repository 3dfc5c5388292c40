"""Queues, variables and topics: objects and futures that go from one client or task to others."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque

from raskt.distributed._channel import Shared, asked, is_async, opened, pickled
from raskt.units import parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

__all__ = ["Pub", "Queue", "Sub", "Variable"]


#: How often who waits looks whether its client is closed.
_LOOK_AGAIN_SECONDS = 0.5


def _none(_request: Any, _answer: Any) -> None:
    """Take an answer that says nothing."""


class Queue(Shared):
    """A queue that clients and tasks of a cluster put objects and futures into, and take them out of.

    What is in it goes through the scheduler: scatter large objects, and put their futures. Futures, also
    inside of objects, keep their values on the cluster while they are in the queue.

    Parameters
    ----------
    name : str, optional
        Queues of one name are one. Default: a name that no other has.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.
    maxsize : int, optional
        How many items it takes; 0 for any number. The first one who uses the queue says.

    Examples
    --------
    >>> from raskt.distributed import Client, Queue
    >>> with Client(n_workers=1, processes=False) as client:
    ...     queue = Queue("results")
    ...     queue.put(client.submit(pow, 2, 5))
    ...     queue.put("text")
    ...     print(queue.qsize(), queue.get().result(), queue.get())
    2 32 text
    """

    _stem = "queue"

    def __init__(self, name: Any = None, client: Any = None, maxsize: int = 0) -> None:
        super().__init__(name, client)
        self.maxsize = maxsize
        #: The client by which it was opened.
        self._opened: Any = None

    def _open(self, then: Callable[[], Any]) -> Any:
        """Call ``then``, with the queue there; requests are heard in their order."""
        client = self.client
        if self._opened is not client:
            self._opened = client
            client._core.coordination().ask("open_queue", str(self.name), self.maxsize or None)
        return then()

    async def _itself(self) -> Self:
        await self.qsize()
        return self

    def put(self, value: Any, timeout: Any = None) -> Any:
        """Put an object or a future into the queue, once there is room.

        Parameters
        ----------
        value : object
            What can be pickled, and has at most 64 MiB then; futures in it too.
        timeout : float, str or timedelta, optional
            How long to wait at most.

        Raises
        ------
        TimeoutError
            When the time is over.
        """

        def then(_request: Any, answer: Any) -> None:
            if answer is None:
                raise TimeoutError(f"there was no room in the queue {self.name!r} in time")

        return self._open(
            lambda: self._ask(lambda to: to.give("put", str(self.name), pickled(value)), then, timeout)
        )

    def get(self, timeout: Any = None, batch: bool | int = False) -> Any:
        """Take the oldest item out of the queue, once there is one.

        Parameters
        ----------
        timeout : float, str or timedelta, optional
            How long to wait at most.
        batch : bool or int, optional
            True for a list of all that are there, which may be empty; a number for a list of so many, once
            there are.

        Returns
        -------
        object or list
            What was put.

        Raises
        ------
        TimeoutError
            When the time is over.
        """
        if batch is True:
            bounds: tuple[int, int | None] = (0, None)
        else:
            n = 1 if batch is False else batch
            if n < 0:
                raise ValueError(f"batch is True, False or a number, found {batch!r}")
            bounds = (n, n)

        def then(_request: Any, answer: Any) -> Any:
            if answer is None:
                raise TimeoutError(f"the queue {self.name!r} had no item in time")
            items = [opened(client, item) for item in answer]
            return items[0] if batch is False else items

        def undo(_request: Any, answer: Any) -> None:
            for item in answer:
                client._core.coordination().give("put", str(self.name), pickled(opened(client, item)))

        client = self.client
        return self._open(
            lambda: self._ask(lambda to: to.ask("get", str(self.name), *bounds), then, timeout, undo)
        )

    def qsize(self) -> Any:
        """Return how many items are in the queue."""
        return self._open(lambda: self._ask(lambda to: to.ask("count_items", str(self.name))))

    def close(self) -> Any:
        """Use the queue no more: it goes, with its items, when nobody uses it."""
        if self._opened is None:
            return None
        client, self._opened = self._opened, None
        return asked(client, lambda to: to.ask("close_queue", str(self.name)), _none)

    def __reduce__(self) -> Any:
        return type(self), (self.name, None, self.maxsize)


class Variable(Shared):
    """An object or a future under a name, for all clients and tasks of a cluster.

    What it is goes through the scheduler: scatter large objects, and set their futures. Futures, also inside
    of objects, keep their values on the cluster until the variable gets another value or is deleted.

    Parameters
    ----------
    name : str, optional
        Variables of one name are one. Default: a name that no other has.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.

    Examples
    --------
    >>> from raskt.distributed import Client, Variable
    >>> with Client(n_workers=1, processes=False) as client:
    ...     Variable("best").set(client.submit(max, [1, 3, 2]))
    ...     print(Variable("best").get().result())
    3
    """

    _stem = "variable"

    def set(self, value: Any, timeout: Any = "30 s") -> Any:
        """Give the variable a value.

        Parameters
        ----------
        value : object
            What can be pickled, and has at most 64 MiB then; futures in it too.
        timeout : float, str or timedelta, optional
            Taken for Dask's sake: it does not wait.
        """
        del timeout
        return self._ask(lambda to: to.give("set_variable", str(self.name), pickled(value)), _none)

    def get(self, timeout: Any = None) -> Any:
        """Return the value, once there is one.

        Parameters
        ----------
        timeout : float, str or timedelta, optional
            How long to wait at most.

        Raises
        ------
        TimeoutError
            When the time is over.
        """
        client = self.client

        def then(_request: Any, answer: Any) -> Any:
            if answer is None:
                raise TimeoutError(f"the variable {self.name!r} had no value in time")
            return opened(client, answer[0])

        return self._ask(lambda to: to.ask("get_variable", str(self.name)), then, timeout)

    def delete(self) -> Any:
        """Forget the value. Who waits for one goes on waiting."""
        return self._ask(lambda to: to.ask("delete_variable", str(self.name)), _none)


def _topic(name: Any) -> str:
    # Events that are logged have topics, too.
    return f"pubsub {name}"


class Pub(Shared):
    """What publishes objects and futures under a topic, to who has subscribed by then.

    Parameters
    ----------
    name : str
        The topic.
    worker : object, optional
        Taken for Dask's sake.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.

    Examples
    --------
    >>> from raskt.distributed import Client, Pub, Sub
    >>> with Client(n_workers=1, processes=False) as client:
    ...     sub = Sub("losses")
    ...     Pub("losses").put(0.5)
    ...     print(sub.get(timeout=10))
    0.5
    """

    def __init__(self, name: Any, worker: Any = None, client: Any = None) -> None:
        del worker
        super().__init__(name, client)

    def put(self, msg: Any) -> Any:
        """Publish an object.

        Parameters
        ----------
        msg : object
            What can be pickled, and has at most 64 MiB then; futures in it too.
        """
        return self._ask(lambda to: to.give("publish", _topic(self.name), pickled(msg)), _none)


class Sub(Shared):
    """What is published under a topic from here on, the oldest first.

    Parameters
    ----------
    name : str
        The topic.
    worker : object, optional
        Taken for Dask's sake.
    client : Client, optional
        By which client. Default: the one in force; in a task, its worker's.

    Examples
    --------
    >>> from raskt.distributed import Client, Pub, Sub
    >>> with Client(n_workers=1, processes=False) as client:
    ...     sub = Sub("losses")
    ...     for loss in (0.5, 0.25):
    ...         Pub("losses").put(loss)
    ...     print([next(sub), next(sub)])
    [0.5, 0.25]
    """

    def __init__(self, name: Any, worker: Any = None, client: Any = None) -> None:
        del worker
        super().__init__(name, client)
        self._items: deque[Any] = deque()
        self._changed = threading.Condition()
        #: What wakes coroutines that wait.
        self._wakes: deque[Callable[[], None]] = deque()
        #: The client that hears.
        self._listening = client = self.client
        weak = weakref.ref(self)

        def hear(data: bytes, futures: Any) -> None:
            sub = weak()
            if sub is not None:
                sub._take(opened(client, (data, futures)))

        coordination = client._core.coordination()
        number = coordination.subscribe(_topic(name), hear)
        self._stop = weakref.finalize(self, coordination.unsubscribe, _topic(name), number)
        self._stop.atexit = False

    def _take(self, item: Any) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify()
            if self._wakes:
                self._wakes.popleft()()

    def get(self, timeout: Any = None) -> Any:
        """Return the oldest object that was published and not got, once there is one.

        Parameters
        ----------
        timeout : float, str or timedelta, optional
            How long to wait at most.

        Raises
        ------
        TimeoutError
            When the time is over.
        """
        seconds = parse_timedelta(timeout)
        if is_async(self._listening):
            return self._awaited(seconds)
        until = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while not self._items:
                left = _LOOK_AGAIN_SECONDS if until is None else until - time.monotonic()
                if left <= 0:
                    raise self._late()
                if self._listening._core.closed is not None:
                    raise RuntimeError(f"nothing more comes of {self.name!r}: {self._listening._core.closed}")
                self._changed.wait(min(left, _LOOK_AGAIN_SECONDS))
            return self._items.popleft()

    next = get

    def __next__(self) -> Any:
        return self.get()

    async def _awaited(self, seconds: float | None) -> Any:
        import asyncio

        loop = asyncio.get_running_loop()
        until = None if seconds is None else loop.time() + seconds
        while True:
            there = asyncio.Event()

            def wake(there: asyncio.Event = there) -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(there.set)

            with self._changed:
                if self._items:
                    return self._items.popleft()
                self._wakes.append(wake)
            try:
                await asyncio.wait_for(there.wait(), None if until is None else until - loop.time())
            except TimeoutError:
                raise self._late() from None
            finally:
                with self._changed:
                    if wake in self._wakes:
                        self._wakes.remove(wake)
                    elif self._items and self._wakes:
                        # It was woken for an item that it may not take.
                        self._wakes.popleft()()

    def _late(self) -> TimeoutError:
        return TimeoutError(f"nothing was published under {self.name!r} in time")

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return await self._awaited(None)
