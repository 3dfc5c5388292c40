"""Actors: objects that live on a worker, and are called from elsewhere."""

from __future__ import annotations

import concurrent.futures
import functools
import inspect
import queue
import threading
import weakref

from raskt import _clients, _raskt
from raskt.distributed.future import Future
from raskt.distributed.worker import get_worker
from raskt.sizeof import sizeof
from raskt.units import parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from raskt.distributed.worker import Worker

__all__ = ["Actor", "ActorFuture", "create"]

#: Actors of this process, by the address of the worker and the key.
_homes: weakref.WeakValueDictionary[tuple[str, Any], _Home] = weakref.WeakValueDictionary()
#: What sends the calls of this process to an actor in the order in which they were made, by the same.
_lines: weakref.WeakValueDictionary[tuple[str, Any], _Line] = weakref.WeakValueDictionary()
_lines_lock = threading.Lock()


class Actor:
    """An object that lives on a worker: its attributes are read there, and its methods run there.

    ``client.submit(Class, actor=True)`` makes one; the result of that future is an `Actor`. Methods return an
    `ActorFuture` at once. Calls that one process makes run one after the other, in that order; no two calls
    of an actor run at a time. An actor ends with the last future or `Actor` that refers to it, and is lost
    with its worker.

    Examples
    --------
    >>> class Counter:
    ...     n = 0
    ...
    ...     def add(self, k):
    ...         self.n += k
    ...         return self.n
    >>> counter = client.submit(Counter, actor=True).result()  # doctest: +SKIP
    >>> counter.add(2).result(), counter.n  # doctest: +SKIP
    (2, 2)
    """

    def __init__(self, cls: type, address: str, key: Any, worker: int, scheduler: str) -> None:
        self._cls = cls
        self._address = address
        self._key = key
        self._worker = worker
        self._scheduler = scheduler
        #: The object, where it lives here: it goes when the worker lets go of this.
        self._home: _Home | None = None
        #: What has the worker keep it; none at home.
        self._future: Future | None = None

    @property
    def key(self) -> Any:
        """What the value is called."""
        return self._key

    def __repr__(self) -> str:
        return f"<Actor: {self._cls.__name__}, key={self._key}>"

    def __reduce__(self) -> Any:
        return _unpickled, (self._cls, self._address, self._key, self._worker, self._scheduler)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in dir(self._cls) if not name.startswith("_"))})

    def __getattr__(self, name: str) -> Any:
        # Names with an underscore are asked for by everything that looks at objects.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        static = inspect.getattr_static(self._cls, name, None)
        if isinstance(static, (staticmethod, classmethod)) or callable(static):

            @functools.wraps(getattr(self._cls, name))
            def call(*args: Any, **kwargs: Any) -> ActorFuture:
                return self._call(name, args, kwargs)

            return call
        return self._call(name, None, {}).result()

    def _call(self, name: str, args: tuple[Any, ...] | None, kwargs: dict[str, Any]) -> ActorFuture:
        place = (self._address, self._key)
        with _lines_lock:
            line = _lines.get(place)
            if line is None:
                line = _lines[place] = _Line(str(self._key))
        # A line goes with the last actor that uses it.
        self.__dict__.setdefault("_line", line)
        inner: concurrent.futures.Future[Any] = concurrent.futures.Future()
        line.add(functools.partial(_settle, inner, functools.partial(self._perform, name, args, kwargs)))
        return ActorFuture(inner)

    def _perform(self, name: str, args: tuple[Any, ...] | None, kwargs: dict[str, Any]) -> Any:
        # Also where it lives here: its methods run on threads of the worker's.
        home = self._home
        client = home.worker.client if home is not None else _clients.home().client_of(self._scheduler)
        core = client._core
        try:
            ((is_value, outcome),) = core.run(
                _perform_there,
                (self._address, self._key, name, args, kwargs),
                None,
                [(self._worker, self._address)],
            )
        except OSError as error:
            is_value, outcome = False, error
        if is_value:
            is_value, outcome = outcome
        elif isinstance(outcome, OSError):
            raise ValueError(
                f"the worker at {self._address} that had the actor {self._key!r} is lost, and the actor's "
                "state with it"
            ) from outcome
        if is_value:
            return outcome
        try:
            raise outcome
        finally:
            del self, outcome


@sizeof.register(Actor)
def _size(_actor: Actor) -> int:
    # What is small stays in memory: the object could not come back from a disk.
    return 64


class ActorFuture:
    """What a method of an actor returns, when it does.

    Examples
    --------
    >>> counter.add(1).result()  # doctest: +SKIP
    3
    """

    def __init__(self, inner: concurrent.futures.Future[Any]) -> None:
        self._inner = inner

    def result(self, timeout: float | str | None = None) -> Any:
        """Wait for what the method returns.

        Parameters
        ----------
        timeout : float or str, optional
            Seconds, or a duration such as ``"5 s"``, to wait at most.

        Raises
        ------
        TimeoutError
            When the time is over.
        ValueError
            If the worker that had the actor is lost.
        Exception
            What the method raised.
        """
        seconds = parse_timedelta(timeout)
        has_seceded = not self._inner.done() and _raskt.cluster_secede()
        try:
            return self._inner.result(seconds)
        except concurrent.futures.TimeoutError:
            if self._inner.done():
                raise
            raise TimeoutError(f"the actor has not answered after {seconds:g} s") from None
        finally:
            if has_seceded:
                _raskt.cluster_rejoin()
            # An exception refers to this frame, and is not to refer to itself.
            del self

    def done(self) -> bool:
        """Return whether the method has returned or raised."""
        return self._inner.done()

    def __await__(self) -> Generator[Any, None, Any]:
        import asyncio

        return asyncio.wrap_future(self._inner).__await__()

    def __repr__(self) -> str:
        return f"<ActorFuture: {'finished' if self.done() else 'pending'}>"


class _Home:
    """An actor's object, where it lives."""

    def __init__(self, instance: Any, worker: Worker) -> None:
        self.worker = worker
        self._instance = instance
        self._lock = threading.Lock()

    def perform(self, name: str, args: tuple[Any, ...] | None, kwargs: dict[str, Any]) -> Any:
        with self._lock:
            found = getattr(self._instance, name)
            if args is None:
                return found
            returned = found(*args, **kwargs)
            if inspect.isawaitable(returned):
                return _awaited(returned)
            return returned


def _awaited(awaitable: Any) -> Any:
    import asyncio

    async def wait() -> Any:
        return await awaitable

    return asyncio.run(wait())


class _Line:
    """Calls on their way to an actor, one after the other."""

    def __init__(self, name: str) -> None:
        calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._calls = calls
        threading.Thread(target=_serve, args=(calls,), name=f"raskt-actor-{name}", daemon=True).start()
        weakref.finalize(self, calls.put, None)

    def add(self, call: Callable[[], None]) -> None:
        self._calls.put(call)


def _serve(calls: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (call := calls.get()) is not None:
        call()
        # It may be the last that refers to the actor.
        del call


def _settle(inner: concurrent.futures.Future[Any], perform: Callable[[], Any]) -> None:
    if not inner.set_running_or_notify_cancel():
        return
    try:
        inner.set_result(perform())
    except BaseException as error:
        inner.set_exception(error)
        # The exception refers to this frame, and is not to refer to itself.
        del inner, perform


def _perform_there(
    address: str, key: Any, name: str, args: tuple[Any, ...] | None, kwargs: dict[str, Any]
) -> tuple[bool, Any]:
    """Run a method in the process of an actor: whether it returned, and what it returned or raised."""
    home = _homes.get((address, key))
    if home is None:
        return False, ValueError(f"the actor {key!r} is not there any more: nobody wanted it")
    try:
        return True, home.perform(name, args, kwargs)
    except Exception as error:
        return False, error


def create(cls: Callable[..., Any], *args: Any, **kwargs: Any) -> Actor:
    """Make an actor on the worker that runs this: the task of ``client.submit(cls, ..., actor=True)``."""
    worker: Worker = get_worker()
    instance = cls(*args, **kwargs)
    key = worker.get_current_task()
    client = worker.client
    actor = Actor(type(instance), worker.address, key, worker._core.id, client._core.scheduler)
    actor._home = _homes[worker.address, key] = _Home(instance, worker)
    return actor


def _unpickled(cls: type, address: str, key: Any, worker: int, scheduler: str) -> Actor:
    actor = Actor(cls, address, key, worker, scheduler)
    actor._future = Future(key, _clients.home().client_of(scheduler))
    return actor
