"""The part of `Client` that clients share beside tasks: datasets, metadata, events."""

from __future__ import annotations

import pickle
import time
from collections.abc import MutableMapping

from raskt._pickle import dumps
from raskt.distributed._channel import asked, is_async, opened, pickled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
    from typing import Any

    from raskt._raskt import ClusterClient, ClusterCoordination, ClusterRequest

__all__ = ["Datasets", "Sharing"]

_no_default: Any = object()


def _nothing(_request: Any, _answer: Any) -> None:
    """Take an answer that says nothing."""


def _topics(topic: str | Sequence[str]) -> list[str]:
    return [topic] if isinstance(topic, str) else [str(one) for one in topic]


class Sharing:
    """What clients of one scheduler share."""

    _core: ClusterClient
    asynchronous: bool
    #: By topic, the numbers of the subscriptions.
    _subscribed: dict[str, list[int]]

    def _asked(
        self, ask: Callable[[ClusterCoordination], ClusterRequest], then: Callable[[Any, Any], Any] = _nothing
    ) -> Any:
        return asked(self, ask, then)

    def _each(self, ask: Callable[[Any], Any], items: Iterable[Any]) -> Any:
        """Ask of each; where that is awaited, an awaitable of all."""
        found = [ask(item) for item in items]
        return _awaited_all(found) if is_async(self) else None

    # Datasets.

    def publish_dataset(self, *args: Any, name: Any = None, override: bool = False, **kwargs: Any) -> Any:
        """Keep collections, futures or other objects under names, also when this client is gone.

        Values of persisted collections and of futures stay on the cluster until the dataset is unpublished.

        Parameters
        ----------
        *args : object
            One object, where ``name`` says what it is called.
        name : str, optional
            What it is called.
        override : bool, optional
            Whether datasets of the names are replaced.
        **kwargs
            Objects by name.

        Raises
        ------
        KeyError
            If there is a dataset of a name.

        Examples
        --------
        >>> client.publish_dataset(table=client.persist(frame))  # doctest: +SKIP
        >>> Client("tcp://127.0.0.1:8786").get_dataset("table").head()  # doctest: +SKIP
        """
        if (name is None) != (not args) or len(args) > 1:
            raise ValueError("publish_dataset takes them by name: publish_dataset(table=x), or (x, name=...)")
        if args:
            kwargs = {name: args[0], **kwargs}

        def publish(item: tuple[Any, Any]) -> Any:
            name, data = item
            return self._asked(lambda to: to.give("publish_dataset", str(name), pickled(data), override))

        return self._each(publish, kwargs.items())

    def unpublish_dataset(self, name: Any, **kwargs: Any) -> Any:
        """Keep a dataset no more.

        Parameters
        ----------
        name : str
            What it is called. One that is not there is none.
        **kwargs
            Taken for Dask's sake.
        """
        del kwargs
        return self._asked(lambda to: to.ask("unpublish_dataset", str(name)))

    def list_datasets(self, **kwargs: Any) -> Any:
        """Return the names of the datasets.

        Parameters
        ----------
        **kwargs
            Taken for Dask's sake.

        Returns
        -------
        tuple of str
        """
        del kwargs
        return self._asked(lambda to: to.ask("list_datasets"), lambda _request, answer: tuple(answer))

    def get_dataset(self, name: Any, default: Any = _no_default, **kwargs: Any) -> Any:
        """Return a dataset.

        Parameters
        ----------
        name : str
            What it is called.
        default : object, optional
            What to return where there is none.
        **kwargs
            Taken for Dask's sake.

        Raises
        ------
        KeyError
            If there is none, and no default.
        """
        del kwargs

        def then(_request: Any, answer: Any) -> Any:
            if answer is None:
                if default is _no_default:
                    raise KeyError(f"Dataset {str(name)!r} not found")
                return default
            return opened(self, answer[0])

        return self._asked(lambda to: to.ask("get_dataset", str(name)), then)

    @property
    def datasets(self) -> Datasets:
        """The datasets as a dictionary."""
        return Datasets(self)

    # Metadata.

    def set_metadata(self, key: str | Sequence[Any], value: Any) -> Any:
        """Keep an object under a path of names, for all clients.

        Parameters
        ----------
        key : str or list of str
            The path. What is kept below it goes.
        value : object
            What can be pickled.

        Examples
        --------
        >>> client.set_metadata(["run", 7], {"state": "begun"})  # doctest: +SKIP
        >>> client.get_metadata(["run", 7, "state"])  # doctest: +SKIP
        'begun'
        """
        return self._asked(lambda to: to.ask("set_metadata", _path(key), dumps(value)))

    def get_metadata(self, keys: str | Sequence[Any], default: Any = _no_default) -> Any:
        """Return what is kept under a path, or what is kept below it as dictionaries.

        Parameters
        ----------
        keys : str or list of str
            The path, which may go on into dictionaries that are kept.
        default : object, optional
            What to return where there is nothing.

        Raises
        ------
        KeyError
            If there is nothing, and no default.
        """
        path = _path(keys)

        def then(_request: Any, answer: Any) -> Any:
            try:
                return _at(path, {where: pickle.loads(value) for where, value in answer})
            except KeyError:
                if default is _no_default:
                    raise
                return default

        return self._asked(lambda to: to.ask("get_metadata", path), then)

    # Events.

    def log_event(self, topic: str | Sequence[str], msg: Any) -> Any:
        """Keep a message in the log of a topic, and give it to who has subscribed.

        Parameters
        ----------
        topic : str or list of str
            The topic, or several.
        msg : object
            What can be pickled. The newest 100,000 messages of a topic are kept.
        """
        data = dumps((time.time(), msg))

        def log(topic: str) -> Any:
            return self._asked(lambda to: to.ask("log", topic, data))

        return self._each(log, _topics(topic))

    def get_events(self, topic: str | None = None) -> Any:
        """Return what was logged, the oldest first: pairs of a time and a message.

        Parameters
        ----------
        topic : str, optional
            Of which topic. Default: a dictionary of all.

        Returns
        -------
        tuple or dict of tuple
        """

        def events(_request: Any, answer: Any) -> tuple[tuple[float, Any], ...]:
            return tuple(pickle.loads(event) for event in answer)

        def of(topic: str) -> Any:
            return self._asked(lambda to: to.ask("get_log", topic), events)

        if topic is not None:
            return of(topic)
        topics = self._asked(lambda to: to.ask("list_logs"), lambda _request, answer: answer)
        return _awaited_each(topics, of) if is_async(self) else {topic: of(topic) for topic in topics}

    def subscribe_topic(self, topic: str, handler: Callable[[tuple[float, Any]], Any]) -> None:
        """Have a function called with each event that is logged from here on.

        Parameters
        ----------
        topic : str
            Of which topic.
        handler : callable
            Gets a pair of time and message, on a thread of the client's. It may be a coroutine function,
            which runs on the loop that runs here, or by itself. What it raises is reported,
            and changes nothing.
        """
        import asyncio

        loop = asyncio._get_running_loop()

        def hear(data: bytes, _futures: Any) -> None:
            coroutine = handler(pickle.loads(data))
            if not asyncio.iscoroutine(coroutine):
                return
            if loop is None or loop.is_closed():
                asyncio.run(coroutine)
            else:
                asyncio.run_coroutine_threadsafe(coroutine, loop)

        number = self._core.coordination().subscribe(topic, hear)
        self._subscribed.setdefault(topic, []).append(number)

    def unsubscribe_topic(self, topic: str) -> None:
        """Have the functions of `subscribe_topic` not called any more.

        Parameters
        ----------
        topic : str
            Of which topic.

        Raises
        ------
        ValueError
            If there is none.
        """
        numbers = self._subscribed.pop(topic, None)
        if numbers is None:
            raise ValueError(f"No event handler known for topic {topic}.")
        for number in numbers:
            self._core.coordination().unsubscribe(topic, number)


async def _awaited_all(awaitables: list[Any]) -> None:
    for awaitable in awaitables:
        await awaitable


async def _awaited_each(topics: Any, of: Callable[[str], Any]) -> dict[str, Any]:
    return {topic: await of(topic) for topic in await topics}


def _path(key: str | Sequence[Any]) -> list[str]:
    path = [key] if isinstance(key, str) else [str(part) for part in key]
    if not path:
        raise ValueError("the path of metadata has at least one name")
    return path


def _at(path: list[str], entries: dict[tuple[str, ...], Any]) -> Any:
    """What is at ``path``, of entries by their paths."""
    for n in range(len(path), 0, -1):
        if (where := tuple(path[:n])) in entries:
            found = entries[where]
            for part in path[n:]:
                found = _item(found, part)
            return found
    below = {
        where[len(path) :]: value for where, value in entries.items() if where[: len(path)] == tuple(path)
    }
    if not below:
        raise KeyError(path[-1])
    tree: dict[str, Any] = {}
    for where, value in below.items():
        place = tree
        for part in where[:-1]:
            place = place.setdefault(part, {})
        place[where[-1]] = value
    return tree


def _item(found: Any, part: str) -> Any:
    """An item of a dictionary that is kept; paths are made of text."""
    if not isinstance(found, dict):
        raise KeyError(part)
    for key, value in found.items():
        if str(key) == part:
            return value
    raise KeyError(part)


class Datasets(MutableMapping[str, "Any"]):
    """The datasets of a scheduler as a dictionary.

    Parameters
    ----------
    client : Client
        Which client asks.
    """

    __slots__ = ("_client",)

    def __init__(self, client: Any) -> None:
        self._client = client

    def _not_async(self, instead: str) -> None:
        if is_async(self._client):
            raise TypeError(f"this cannot be awaited: use {instead} of an asynchronous client")

    def __getitem__(self, key: str) -> Any:
        return self._client.get_dataset(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._not_async("publish_dataset")
        self._client.publish_dataset(value, name=key)

    def __delitem__(self, key: str) -> None:
        self._not_async("unpublish_dataset")
        self._client.unpublish_dataset(key)

    def __iter__(self) -> Iterator[str]:
        self._not_async("'async for'")
        return iter(self._client.list_datasets())

    async def __aiter__(self) -> AsyncIterator[str]:
        for name in await self._client.list_datasets():
            yield name

    def __len__(self) -> int:
        self._not_async("list_datasets")
        return len(self._client.list_datasets())
