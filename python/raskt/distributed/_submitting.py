"""The half of `Client` that submits: calls, collections, graphs, data."""

from __future__ import annotations

import uuid

from raskt import _raskt, config
from raskt._convert import convert
from raskt._keys import flatten_keys
from raskt._pickle import dumps
from raskt._raskt import Delayed
from raskt.base import unpack_collections
from raskt.distributed._lines import note
from raskt.distributed._persisting import persisted
from raskt.distributed.actor import create
from raskt.distributed.exceptions import CancelledError
from raskt.distributed.future import Future, behind, found_in, futures_of
from raskt.tokenize import tokenize
from raskt.units import parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from typing import Any

    from raskt._raskt import Calls, ClusterTerms

__all__ = ["Submitting"]

#: Lines of code that a client remembers to have told its scheduler.
_N_TOLD_MAX = 10_000
#: The most that tasks may ask for of a resource.
_AMOUNT_MAX = 9e12
_TERMS = ("priority", "retries", "workers", "resources", "allow_other_workers")
#: What Dask's users say by default, and mean nothing by.
_FIFO_TIMEOUTS = ("100 ms", "60s")


def _fuse_width() -> int:
    """How many inputs may come together in one fused task; 0 fuses nothing."""
    if not config.get("optimization.fuse.active", True):
        return 0
    width: int = config.get("optimization.fuse.max-width") or 1
    return width


def _notes(terms: dict[str, Any]) -> dict[str, Any] | None:
    """What is said of tasks, as annotations; None for nothing."""
    workers = terms.get("workers")
    if isinstance(workers, str):
        terms = {**terms, "workers": [workers]}
    elif workers is not None:
        terms = {**terms, "workers": [str(worker) for worker in workers]}
    said = {name: value for name, value in terms.items() if value not in (None, False)}
    if said.get("priority") == 0:
        del said["priority"]
    return said or None


def _check_order(fifo_timeout: float | str | None) -> None:
    """Raise where calls that come one after the other are to be worked on as if they had come at once."""
    if fifo_timeout is not None and fifo_timeout not in _FIFO_TIMEOUTS and parse_timedelta(fifo_timeout) != 0:
        raise NotImplementedError(
            f"fifo_timeout={fifo_timeout!r}: what is submitted first goes first, however soon more comes; "
            "leave it out, submit what belongs together by one call of map or compute, or say priority="
        )


def _terms(
    priority: int | None,
    retries: int | None,
    workers: Any,
    resources: Mapping[str, float] | None,
    allow_other_workers: bool | None,
    actors: Any = None,
) -> ClusterTerms | None:
    """What is said of all tasks of a graph; None for nothing."""
    if actors:
        raise NotImplementedError("actors are made by submit(..., actor=True) and map(..., actor=True)")
    if isinstance(workers, str):
        workers = [workers]
    amounts = dict(resources or {})
    for name, amount in amounts.items():
        if not 0 <= amount <= _AMOUNT_MAX:
            raise ValueError(f"resources are amounts from 0 to {_AMOUNT_MAX:g}, found {name}={amount!r}")
    terms: ClusterTerms = {
        "priority": priority or 0,
        "retries": retries or 0,
        "workers": [str(worker) for worker in workers or ()],
        "allow_other_workers": bool(allow_other_workers),
        # Amounts are counted in millionths.
        "resources": [(name, round(amount * 1e6)) for name, amount in amounts.items()],
    }
    return terms if any(terms.values()) else None


class Submitting:
    """What submits, and what comes back."""

    _core: _raskt.ClusterClient
    #: Whether the scheduler runs in another process, and which lines of code it was told of.
    _is_elsewhere: bool
    _told_lines: set[tuple[str, str]]

    def _sync(self, func: Callable[..., Any], *args: Any) -> Any:
        raise NotImplementedError

    def submit(
        self,
        func: Callable[..., Any],
        *args: Any,
        key: Hashable | None = None,
        workers: Any = None,
        resources: Mapping[str, float] | None = None,
        retries: int | None = None,
        priority: int = 0,
        fifo_timeout: Any = None,
        allow_other_workers: bool = False,
        actor: bool = False,
        actors: bool = False,
        pure: bool = True,
        **kwargs: Any,
    ) -> Future:
        """Have a function called on the cluster.

        Parameters
        ----------
        func : callable
            The function.
        *args, **kwargs
            Its arguments. Futures in them, also inside lists, tuples, dicts and sets, become their values.
        key : str or tuple, optional
            What the value is called. Default: the function's name with a hash of it and its arguments.
        workers : str or list of str, optional
            Names, addresses or hosts of the workers that may run it.
        resources : dict, optional
            What it takes of the workers' resources while it runs, such as ``{"GPU": 1}``.
        retries : int, optional
            How often it is tried again when it raises.
        priority : int, optional
            Higher goes first.
        fifo_timeout : float or str, optional
            Refused but for 0: what comes first goes first. See ``priority``.
        allow_other_workers : bool, optional
            Whether other workers will do where none of ``workers`` is there.
        actor, actors : bool, optional
            Whether what the function (a class, say) returns stays on its worker: the result is an `Actor`.
        pure : bool, optional
            Whether equal calls are one task. If not, the function is called each time.

        Returns
        -------
        Future

        Examples
        --------
        >>> client.submit(pow, 2, 5).result()  # doctest: +SKIP
        32
        """
        _check_order(fifo_timeout)
        return self._submit(
            func,
            args,
            kwargs,
            actor=actor or actors,
            key=key,
            pure=pure,
            workers=workers,
            resources=resources,
            retries=retries,
            priority=priority,
            allow_other_workers=allow_other_workers,
        )

    def _submit(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        key: Hashable | None = None,
        pure: bool = True,
        actor: bool = False,
        fifo_timeout: Any = None,
        **terms: Any,
    ) -> Future:
        _check_order(fifo_timeout)
        if not callable(func):
            raise TypeError(f"the first argument of submit is a function, found {type(func).__name__}")
        calls: Calls = {"name": None, "pure": pure, "notes": _notes(terms), "fuse_width": 0}
        if actor:
            calls["name"] = _raskt.function_name(func)
            key = key if pure or key is not None else f"{calls['name']}-{uuid.uuid4().hex}"
            func, args = create, (func, *args)
        made = Future._of(self._core.submit(func, args, kwargs or None, key, calls), self)
        self._note(made.key)
        return made

    def map(
        self,
        func: Callable[..., Any],
        *iterables: Iterable[Any],
        key: Any = None,
        workers: Any = None,
        retries: int | None = None,
        resources: Mapping[str, float] | None = None,
        priority: int = 0,
        allow_other_workers: bool = False,
        fifo_timeout: Any = None,
        actor: bool = False,
        actors: bool = False,
        pure: bool = True,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> list[Future]:
        """Have a function called on each of some items.

        Parameters
        ----------
        func : callable
            The function.
        *iterables : iterable
            One for each argument of the function; the shortest one counts.
        key : str or list of str, optional
            What the names of the values begin with, or the key of each.
        workers, retries, resources, priority, allow_other_workers, fifo_timeout, actor, actors, pure
            As in `submit`.
        batch_size : int, optional
            How many calls are sent together at most. Default: all that are submitted within a millisecond.
        **kwargs
            Arguments of all calls.

        Returns
        -------
        list of Future

        Examples
        --------
        >>> client.gather(client.map(abs, [1, -2]))  # doctest: +SKIP
        [1, 2]
        """
        _check_order(fifo_timeout)
        if not callable(func):
            raise TypeError(f"the first argument of map is a function, found {type(func).__name__}")
        if not iterables:
            raise TypeError("map takes an iterable for each argument of the function, and got none")
        rows = list(zip(*iterables, strict=False))
        is_list = key is not None and not isinstance(key, (str, tuple))
        keys = list(key) if is_list else None
        terms = dict(zip(_TERMS, (priority, retries, workers, resources, allow_other_workers), strict=True))
        calls: Calls = {
            "name": None if is_list or key is None else str(key),
            "pure": pure,
            "notes": _notes(terms),
            "fuse_width": 0,
        }
        if actor or actors:
            calls["name"] = calls["name"] or _raskt.function_name(func)
            func, rows = create, [(func, *row) for row in rows]
            if not pure and keys is None:
                keys = [f"{calls['name']}-{uuid.uuid4().hex}" for _ in rows]
        size = max(1, batch_size or len(rows) or 1)
        found: list[Future] = []
        for at in range(0, len(rows), size):
            some = None if keys is None else keys[at : at + size]
            cores = self._core.map(func, rows[at : at + size], kwargs or None, some, calls)
            found.extend(Future._of(core, self) for core in cores)
            if found:
                self._note(found[-1].key)
            if batch_size:
                self._core.flush()
        if keys is not None and len(keys) != len(rows):
            raise ValueError(f"there are {len(keys)} keys for {len(rows)} calls")
        return found

    def compute_delayed(self, roots: Sequence[Delayed], kwargs: Mapping[str, Any]) -> list[Any]:
        """Compute delayed values and return what they are: how `raskt.compute` uses a client."""
        cores = self._core.compute(list(roots), _fuse_width(), _terms(*map(kwargs.get, _TERMS)))
        return self._values(cores, "raise")

    def compute(
        self,
        collections: Any,
        sync: bool = False,
        optimize_graph: bool = True,
        workers: Any = None,
        allow_other_workers: bool = False,
        resources: Mapping[str, float] | None = None,
        retries: int = 0,
        priority: int = 0,
        fifo_timeout: Any = None,
        actors: bool = False,
        traverse: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Compute collections on the cluster.

        Parameters
        ----------
        collections : collection or list of collections
            Delayed values, arrays, bags, dataframes.
        sync : bool, optional
            Whether to wait, and return values in place of futures.
        optimize_graph : bool, optional
            As in `raskt.compute`.
        workers, allow_other_workers, resources, retries, priority, fifo_timeout, actors
            As in `submit`, for all tasks.
        traverse : bool, optional
            Whether lists and dicts are looked into.
        **kwargs
            Taken for Dask's sake.

        Returns
        -------
        Future or list of Future
            One for each collection; anything else as it is.

        Examples
        --------
        >>> import raskt
        >>> client.compute(raskt.delayed(sum)([1, 2, 3])).result()  # doctest: +SKIP
        6
        """
        _check_order(fifo_timeout)
        del kwargs
        terms = _terms(priority, retries, workers, resources, allow_other_workers, actors)
        is_many = isinstance(collections, (list, tuple, set, frozenset))
        items = list(collections) if is_many else [collections]
        futures = [self._computed(item, optimize_graph, traverse, terms) for item in items]
        if not is_many:
            return self._sync(self._value, futures[0]) if sync else futures[0]
        return self._sync(self._gather, futures, "raise") if sync else futures

    def _computed(self, item: Any, optimize_graph: bool, traverse: bool, terms: ClusterTerms | None) -> Any:
        """A future of what computing ``item`` gives; itself where there is nothing to compute."""
        if isinstance(item, Future):
            return item
        found, _ = unpack_collections(item, traverse=traverse)
        if not found:
            return item
        if len(found) == 1 and found[0] is item and hasattr(type(item), "__raskt_delayed__"):
            root = item.__raskt_delayed__(optimize_graph)
        elif type(item) is Delayed:
            root = item
        else:
            root = _raskt.make_value(item, traverse)
        (core,) = self._core.compute([root], _fuse_width(), terms)
        self._note(core.key)
        return Future._of(core, self)

    def persist(
        self,
        collections: Any,
        optimize_graph: bool = True,
        workers: Any = None,
        allow_other_workers: bool = False,
        resources: Mapping[str, float] | None = None,
        retries: int | None = None,
        priority: int = 0,
        fifo_timeout: Any = None,
        actors: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Compute collections and keep their values on the cluster.

        Parameters
        ----------
        collections : collection or list of collections
            Delayed values, arrays, bags, dataframes.
        optimize_graph : bool, optional
            As in `raskt.compute`.
        workers, allow_other_workers, resources, retries, priority, fifo_timeout, actors
            As in `submit`, for all tasks.
        **kwargs
            Taken for Dask's sake.

        Returns
        -------
        collection or list of collections
            The same collections, whose parts are futures. They are computed from here on.
        """
        _check_order(fifo_timeout)
        del kwargs
        terms = _terms(priority, retries, workers, resources, allow_other_workers, actors)
        if isinstance(collections, (list, tuple, set, frozenset)):
            return [self._persist(item, optimize_graph, terms) for item in collections]
        return self._persist(collections, optimize_graph, terms)

    def _persist(
        self, collection: Any, optimize_graph: bool = True, terms: ClusterTerms | None = None
    ) -> Any:
        def futures(roots: Sequence[Delayed]) -> list[Delayed]:
            cores = self._core.compute(list(roots), _fuse_width(), terms)
            if cores:
                self._note(cores[0].key)
            return [core.delayed() for core in cores]

        return persisted(collection, optimize_graph, futures)

    def get(
        self,
        dsk: Mapping[Any, Any],
        keys: Any,
        workers: Any = None,
        allow_other_workers: bool = False,
        resources: Mapping[str, float] | None = None,
        sync: bool = True,
        asynchronous: bool | None = None,
        direct: bool | None = None,
        retries: int | None = None,
        priority: int = 0,
        fifo_timeout: Any = None,
        actors: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Compute keys of a graph that is a dictionary of tasks.

        Parameters
        ----------
        dsk : mapping
            The graph.
        keys : key, or lists of keys
            What is wanted.
        sync : bool, optional
            Whether to wait; futures are returned otherwise.
        asynchronous, direct : bool, optional
            Taken for Dask's sake.
        workers, allow_other_workers, resources, retries, priority, fifo_timeout, actors
            As in `submit`, for all tasks.
        **kwargs
            Taken for Dask's sake.

        Returns
        -------
        object
            Values, or futures, nested as ``keys`` are.

        Examples
        --------
        >>> client.get({"x": 1, "y": (abs, "x")}, ["x", "y"])  # doctest: +SKIP
        [1, 1]
        """
        _check_order(fifo_timeout)
        del asynchronous, direct, kwargs
        terms = _terms(priority, retries, workers, resources, allow_other_workers, actors)
        is_one = not isinstance(keys, list)
        flat = list(flatten_keys([keys] if is_one else keys))
        cores = self._core.compute(convert(dsk, flat), _fuse_width(), terms)
        futures = [Future._of(core, self) for core in cores]

        def nested(values: list[Any]) -> Any:
            return values[0] if is_one else _lists(keys, iter(values))

        if not sync:
            return nested(futures)
        return self._sync(lambda: nested(self._gather(futures, "raise")))

    def _values(self, cores: Sequence[_raskt.ClusterFuture], errors: str) -> list[Any]:
        values = []
        for core, (is_value, outcome) in zip(cores, self._core.gather(list(cores)), strict=True):
            if is_value:
                values.append(outcome)
            elif errors == "raise":
                raise CancelledError(f"the future {core.key!r} was cancelled") if outcome is None else outcome
        return values

    def _value(self, future: Any) -> Any:
        return future._result(None) if isinstance(future, Future) else future

    def gather(
        self,
        futures: Any,
        errors: str = "raise",
        direct: bool | None = None,
        asynchronous: bool | None = None,
    ) -> Any:
        """Wait for futures, and return their values.

        Parameters
        ----------
        futures : Future, or lists, tuples, sets, dicts of futures, or an iterator
            The futures.
        errors : {"raise", "skip"}, optional
            Whether an error is raised, or those futures left out of lists.
        direct : bool, optional
            Taken for Dask's sake: values always come from the workers themselves.
        asynchronous : bool, optional
            Taken for Dask's sake.

        Returns
        -------
        object
            The values, nested as the futures were.

        Examples
        --------
        >>> client.gather({"a": client.submit(abs, -1)})  # doctest: +SKIP
        {'a': 1}
        """
        del direct, asynchronous
        if errors not in ("raise", "skip"):
            raise ValueError(f"errors is 'raise' or 'skip', found {errors!r}")
        if hasattr(futures, "__next__"):
            futures = list(futures)
        return self._sync(self._gather, futures, errors)

    def _gather(self, futures: Any, errors: str) -> Any:
        flat = found_in(futures)
        cores = {future.key: future._held() for future in flat}
        outcomes = dict(zip(cores, self._core.gather(list(cores.values())), strict=True))
        if errors == "raise":
            for future in flat:
                is_value, outcome = outcomes[future.key]
                if not is_value:
                    raise future._cancelled() if outcome is None else outcome
        return _filled(futures, outcomes)

    def scatter(
        self,
        data: Any,
        workers: Any = None,
        broadcast: bool | int = False,
        direct: bool | None = None,
        hash: bool = True,
        timeout: float | str | None = None,
        asynchronous: bool | None = None,
    ) -> Any:
        """Put data onto workers.

        Parameters
        ----------
        data : object, list, tuple, set, range or dict
            One value, or several: of a list each item is a value of its own.
        workers : str or list of str, optional
            Where to; default: all, in turns.
        broadcast : bool or int, optional
            Whether each of the workers gets all; or how many get each.
        direct : bool, optional
            Taken for Dask's sake: data goes to the workers directly.
        hash : bool, optional
            Whether equal data has one key. If not, it gets a key of its own.
        timeout : float or str, optional
            How long workers are waited for where there are none.
        asynchronous : bool, optional
            Taken for Dask's sake.

        Returns
        -------
        Future, list, tuple, set or dict of Future

        Examples
        --------
        >>> data = client.scatter([1, 2, 3])  # doctest: +SKIP
        >>> client.submit(sum, data).result()  # doctest: +SKIP
        6
        """
        del direct, asynchronous
        if isinstance(data, range):
            data = list(data)
        elif hasattr(data, "__next__"):
            raise TypeError("scatter takes values, and lists of some: make a list of the iterator")
        return self._sync(self._scatter, data, workers, broadcast, hash, timeout)

    def _scatter(self, data: Any, workers: Any, broadcast: bool | int, hash: bool, timeout: Any) -> Any:
        if type(data) is dict:
            keys, values = list(data), list(data.values())
        else:
            values = list(data) if isinstance(data, (list, tuple, set, frozenset)) else [data]
            keys = [f"{type(v).__name__}-{tokenize(v) if hash else uuid.uuid4().hex}" for v in values]
        names = [] if workers is None else [workers] if isinstance(workers, str) else list(workers)
        seconds = self._seconds(timeout)
        # One place for each, or all; a number of copies is made from there.
        is_everywhere = broadcast is True
        cores = self._core.scatter(keys, values, names, is_everywhere, 30.0 if seconds is None else seconds)
        if broadcast and not is_everywhere:
            self._core.replicate([core.key for core in cores], int(broadcast), names)
        futures = [Future._of(core, self) for core in cores]
        if futures:
            self._note(futures[0].key)
        if type(data) is dict:
            return dict(zip(keys, futures, strict=True))
        if isinstance(data, (list, tuple, set, frozenset)):
            return type(data)(futures)
        return futures[0]

    def _note(self, key: Hashable) -> None:
        """Remember which line of the user's made what has a key; the scheduler's process does, too."""
        found = note(key)
        if found is None or not self._is_elsewhere or found in self._told_lines:
            return
        if len(self._told_lines) >= _N_TOLD_MAX:
            self._told_lines.clear()
        self._told_lines.add(found)
        self._core.tell_host(dumps(("note_line", *found)))

    def _seconds(self, timeout: float | str | None) -> float | None:
        raise NotImplementedError

    def cancel(
        self,
        futures: Any,
        asynchronous: bool | None = None,
        force: bool = False,
        reason: str | None = None,
        msg: str | None = None,
    ) -> Any:
        """Have values, and what needs them, not computed any more.

        Parameters
        ----------
        futures : Future or list of Future
            What is not wanted.
        asynchronous : bool, optional
            Taken for Dask's sake.
        force : bool, optional
            Whether also for other clients that want it.
        reason, msg : str, optional
            Why, which the error says that `result` of these futures raises: a word, and a sentence.
        """
        del asynchronous
        found = [future for future in behind(futures) if not future.cancelled()]
        for future in found:
            future._reason = ", ".join(text for text in (reason, msg) if text) or None
        held = [future._held() for future in found]
        return self._sync(self._core.cancel, held, force)

    def normalize_collection(self, collection: Any) -> Any:
        """Return the collection as it is: what the cluster has under the same keys is never computed again.

        Parameters
        ----------
        collection : collection
            Any.
        """
        return collection

    def futures_of(self, futures: Any) -> list[Future]:
        """Return the futures that something is made of: see `raskt.distributed.futures_of`.

        Parameters
        ----------
        futures : collection, future, or lists of some
            Whatever holds futures.
        """
        return futures_of(futures)

    def retry(self, futures: Any, asynchronous: bool | None = None) -> Any:
        """Have tasks that failed tried again.

        Parameters
        ----------
        futures : Future or list of Future
            What failed.
        asynchronous : bool, optional
            Taken for Dask's sake.
        """
        del asynchronous
        return self._sync(self._core.retry, [future._held() for future in behind(futures)])


def _lists(keys: list[Any], values: Any) -> list[Any]:
    return [_lists(key, values) if isinstance(key, list) else next(values) for key in keys]


def _filled(obj: Any, outcomes: dict[Any, tuple[bool, Any]]) -> Any:
    """``obj`` with values in place of futures; what failed is left out of containers."""
    if isinstance(obj, Future):
        is_value, outcome = outcomes[obj.key]
        return outcome if is_value else None

    def stays(item: Any) -> bool:
        return not isinstance(item, Future) or outcomes[item.key][0]

    if isinstance(obj, dict):
        return {key: _filled(value, outcomes) for key, value in obj.items() if stays(value)}
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return type(obj)(*(_filled(item, outcomes) for item in obj))
    if isinstance(obj, (list, tuple, set, frozenset)):
        return type(obj)(_filled(item, outcomes) for item in obj if stays(item))
    return obj
