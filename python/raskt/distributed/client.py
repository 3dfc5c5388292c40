"""Clients of clusters."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
import time
import uuid
import weakref

from raskt import _clients, _raskt
from raskt._html import card, link
from raskt._lazy import late
from raskt.distributed._answers import by_number, chosen, described, key_of, scheduler_info, workers_of
from raskt.distributed._equipping import Equipping
from raskt.distributed._host import OnWorker
from raskt.distributed._looking import Looking
from raskt.distributed._profiling import Profiling
from raskt.distributed._sharing import Sharing
from raskt.distributed._submitting import Submitting
from raskt.distributed._token import token_of
from raskt.distributed._watching import Watching
from raskt.distributed.exceptions import CancelledError
from raskt.distributed.executor import ClientExecutor
from raskt.distributed.forwarding import HANDLERS
from raskt.distributed.future import Future, behind
from raskt.distributed.security import certificates_of
from raskt.distributed.worker import WORKER_CLIENT
from raskt.units import parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterator
    from types import TracebackType
    from typing import Any, Self

    from raskt._raskt import ClusterFuture

__all__ = ["Client", "default_client", "get_client"]

_local_cluster = late("raskt.distributed.deploy.local", "LocalCluster")
_open: weakref.WeakSet[Client] = weakref.WeakSet()
_TIMEOUT_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.05
#: How often it is looked whether copies are there, or workers gone.
_LOOK_SECONDS = 0.005
#: Copies that do not come are asked for again after so long.
_ASK_AGAIN_SECONDS = 1.0


#: Keywords of Dask's whose meaning holds anyhow: values come from workers directly, connections are few.
_HINTS = frozenset({"connection_limit", "direct_to_workers", "heartbeat_interval", "loop"})
_REFUSED = {
    "deserializers": "values are read as they were written",
    "extensions": "clients have none; derive from Client",
    "serializers": "values are pickled, and buffers go as they are; classes may say how by `__reduce_ex__`",
}


class Client(Submitting, Sharing, Looking, Watching, Equipping, Profiling):
    """A client of a cluster: it submits work, and gets values.

    Parameters
    ----------
    address : str, cluster or None, optional
        Where the scheduler is (``"tcp://host:8786"``), or a cluster object. Default: a `LocalCluster`
        of its own, which ends with the client.
    timeout : float or str, optional
        How long connecting is tried. Default: 30 seconds.
    set_as_default : bool, optional
        Whether computations use the client where nobody says otherwise.
    scheduler_file : str or path, optional
        A file of JSON with ``address`` and ``token`` in place of an address.
    security : Security, optional
        A `Security` with certificates, for ``tls://``. Default: that of the cluster, or of the configuration.
    asynchronous : bool, optional
        Whether methods return awaitables.
    name : str, optional
        What the client calls itself.
    token : str, optional
        The secret of the cluster. Default: that of the cluster or of the scheduler file, or else of the file
        ``cluster.token-file``, or else the user's own.
    **kwargs
        Keywords of `LocalCluster`, where one is made. ``loop``, ``heartbeat_interval``, ``direct_to_workers``
        and ``connection_limit`` are taken for Dask's sake.

    Examples
    --------
    >>> from raskt.distributed import Client
    >>> with Client() as client:  # doctest: +SKIP
    ...     print(client.submit(pow, 2, 5).result())
    32
    """

    def __init__(
        self,
        address: Any = None,
        timeout: float | str | None = None,
        set_as_default: bool = True,
        scheduler_file: str | os.PathLike[str] | None = None,
        security: Any = None,
        asynchronous: bool = False,
        name: str | None = None,
        token: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.status = "newly-created"
        self.asynchronous = asynchronous
        self.name = name or f"Client-{uuid.uuid4().hex[:12]}"
        self.cluster: Any = None
        self._owns_cluster = False
        if scheduler_file is not None:
            with open(scheduler_file, encoding="utf-8") as file:
                found = json.load(file)
            address, token = found["address"], token or found.get("token")
        elif address is None:
            kwargs = _without_hints(kwargs)
            if security:
                kwargs["security"] = security
            self.cluster, self._owns_cluster = _local_cluster(**kwargs), True
            kwargs = {}
        elif not isinstance(address, str):
            self.cluster = address
        if kwargs := _without_hints(kwargs):
            raise TypeError(f"unknown keywords of Client: {', '.join(sorted(kwargs))}")
        if self.cluster is not None:
            address, token = self.cluster.scheduler_address, token or getattr(self.cluster, "_token", None)
            # `security=True` is what the cluster made of it.
            security = getattr(self.cluster, "security", None) or security
        elif token is None:
            token = "" if security else token_of(address)
        seconds = self._seconds(timeout)
        seconds = _TIMEOUT_SECONDS if seconds is None else seconds
        try:
            tls = certificates_of(security or None, address, "client")
            self._core = _raskt.ClusterClient(address, token or "", self.name, seconds, tls)
        except BaseException:
            if self._owns_cluster:
                self.cluster.close()
            raise
        self._is_closed = False
        # A scheduler of this process knows the lines of code that this process noted.
        self._is_elsewhere = getattr(getattr(self.cluster, "scheduler", None), "core", None) is None
        self._told_lines: set[tuple[str, str]] = set()
        self._subscribed: dict[str, list[int]] = {}
        self._token = token or ""
        self.status = "running"
        _open.add(self)
        if set_as_default:
            _clients.make_default(self)
        if not name or not name.startswith(WORKER_CLIENT):
            coordination = self._core.coordination()
            for topic, hear in HANDLERS.items():
                self._subscribed[topic] = [coordination.subscribe(topic, hear)]

    # How methods run.

    def _sync(self, func: Callable[..., Any], *args: Any) -> Any:
        """Call ``func``; on another thread, as an awaitable, where the client is asynchronous."""
        return self._on_thread(func, *args) if self.asynchronous else func(*args)

    async def _on_thread(self, func: Callable[..., Any], *args: Any) -> Any:
        import asyncio

        is_value, outcome = await asyncio.to_thread(_outcome, func, args)
        if is_value:
            return outcome
        raise outcome

    def _seconds(self, timeout: float | str | None) -> float | None:
        return parse_timedelta(timeout)

    def __await__(self) -> Generator[Any, None, Self]:
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self

    def __enter__(self) -> Self:
        if self.asynchronous:
            raise TypeError("an asynchronous client is entered with 'async with'")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        await asyncio.to_thread(self._close)

    @contextlib.contextmanager
    def as_current(self) -> Iterator[Self]:
        """Use the client for all that is computed inside.

        Examples
        --------
        >>> with client.as_current():  # doctest: +SKIP
        ...     raskt.compute(x)
        """
        token = _clients.current.set(self)
        try:
            yield self
        finally:
            _clients.current.reset(token)

    @classmethod
    def current(cls, allow_global: bool = True) -> Client:
        """Return the client in force.

        Parameters
        ----------
        allow_global : bool, optional
            Whether one that is the default counts, or only one of `as_current`.
        """
        found = _clients.active() if allow_global else _clients.current.get()
        if found is None:
            raise ValueError("there is no client: make a raskt.distributed.Client first")
        client: Client = found
        return client

    def close(self, timeout: float | str | None = None) -> Any:
        """End the client, and its cluster if it made one. Futures that are not done are cancelled.

        Parameters
        ----------
        timeout : float or str, optional
            Taken for Dask's sake.
        """
        del timeout
        return self._sync(self._close)

    def _close(self) -> None:
        if self.status == "closed":
            return
        self.status = "closed"
        _clients.forget(self)
        self._core.close()
        if self._owns_cluster:
            self.cluster.close()

    def shutdown(self) -> Any:
        """End the scheduler, its workers, and the client."""
        return self._sync(self._shut_down)

    def _shut_down(self) -> None:
        if self.cluster is not None:
            self._close()
            self.cluster.close()
            return
        self._core.shutdown()
        self._close()

    def __repr__(self) -> str:
        if self.status != "running" or self._core.closed is not None:
            return f"<Client: No scheduler connected, was {self._core.address}>"
        workers = self._core.workers()
        threads = sum(worker["n_threads"] for worker in workers)
        return f"<Client: {self._core.address!r} processes={len(workers)} threads={threads}>"

    def _repr_html_(self) -> str:
        if self.status != "running" or self._core.closed is not None:
            return card("Client", self.id, [("scheduler", f"{self._core.address}: no longer connected")])
        workers = self._core.workers()
        facts = [
            ("scheduler", self._core.address),
            ("dashboard", link(getattr(self.cluster, "dashboard_link", ""))),
            ("workers", f"{len(workers):,} with {sum(worker['n_threads'] for worker in workers):,} threads"),
        ]
        return card("Client", self.id, facts, workers_of(workers))

    # What is known of the cluster.

    @property
    def id(self) -> str:
        """What the client is known by."""
        return f"{self.name}-{self._core.number}"

    @property
    def dashboard_link(self) -> str:
        """Where the dashboard is, for the client of a cluster that this process started."""
        link: str = getattr(self.cluster, "dashboard_link", "")
        if not link:
            raise NotImplementedError(
                "the dashboard of a scheduler elsewhere is where `raskt scheduler --dashboard-address` says"
            )
        return link

    @property
    def amm(self) -> Any:
        """Refused: the scheduler looks after the memory of workers by itself."""
        raise NotImplementedError(
            "amm: workers' memory is looked after without it; see replicate, rebalance and retire_workers"
        )

    def scheduler_info(self, n_workers: int = -1, **kwargs: Any) -> Any:
        """Return what is known of the scheduler and its workers.

        Parameters
        ----------
        n_workers : int, optional
            So many workers at most; all by default.
        **kwargs
            Taken for Dask's sake.
        """
        del kwargs
        return self._sync(self._scheduler_info, n_workers)

    def _scheduler_info(self, n_workers: int) -> dict[str, Any]:
        workers = self._core.workers()
        info = scheduler_info(self._core.scheduler, self._core.address, workers)
        if n_workers >= 0:
            info["workers"] = dict(list(info["workers"].items())[:n_workers])
        return info

    def nthreads(self, workers: Any = None) -> Any:
        """Return how many threads each worker has, by address."""
        return self._sync(
            lambda: {w["address"]: w["n_threads"] for w in chosen(self._core.workers(), workers)}
        )

    ncores = nthreads

    def who_has(self, futures: Any = None, **kwargs: Any) -> Any:
        """Return the addresses of the workers that hold values, by key.

        Parameters
        ----------
        futures : list of Future, optional
            The futures; by default all keys that workers hold.
        **kwargs
            Taken for Dask's sake.
        """
        del kwargs
        return self._sync(self._who_has, futures)

    def _who_has(self, futures: Any) -> dict[Any, tuple[str, ...]]:
        workers = self._core.workers()
        address_of = by_number(workers)
        if futures is None:
            found: dict[Any, tuple[str, ...]] = {}
            for worker in workers:
                for key in map(key_of, self._core.has_what(worker["id"])):
                    found[key] = (*found.get(key, ()), worker["address"])
            return found
        keys = [future.key for future in behind(futures)]
        holders = self._core.who_has(keys)
        return {
            key: tuple(address_of[number] for number in numbers if number in address_of)
            for key, numbers in zip(keys, holders, strict=True)
        }

    def has_what(self, workers: Any = None, **kwargs: Any) -> Any:
        """Return the keys that workers hold, by address."""
        del kwargs
        return self._sync(self._by_worker, self._core.has_what, workers)

    def processing(self, workers: Any = None) -> Any:
        """Return the keys that workers run or have been given, by address."""
        return self._sync(self._by_worker, self._core.processing, workers)

    def _by_worker(self, ask: Callable[[int], list[Any]], workers: Any) -> dict[str, tuple[Any, ...]]:
        some = chosen(self._core.workers(), workers)
        return {worker["address"]: tuple(map(key_of, ask(worker["id"]))) for worker in some}

    def explain(self, key: Future | Hashable) -> Any:
        """Return why a task does not run, or what became of it, as text.

        Parameters
        ----------
        key : Future or key
            Which.
        """
        return self._sync(self._core.explain, key.key if isinstance(key, Future) else key)

    def get_versions(self, check: bool = False, packages: Any = None) -> Any:
        """Return the versions of Python and packages here and on the workers.

        Parameters
        ----------
        check : bool, optional
            Whether differences are an error.
        packages : list of str, optional
            Further packages.
        """
        return self._sync(self._get_versions, check, list(packages or []))

    def _get_versions(self, check: bool, packages: list[str]) -> dict[str, Any]:
        here = _versions(packages)
        workers = self._run(_versions, (packages,), {}, None, "raise")
        if check:
            for address, there in workers.items():
                if there["packages"] != here["packages"]:
                    raise ValueError(
                        f"versions differ: {here['packages']} here, {there['packages']} on {address}"
                    )
        return {"client": here, "workers": workers}

    def wait_for_workers(self, n_workers: int, timeout: float | str | None = None) -> Any:
        """Wait until there are so many workers.

        Parameters
        ----------
        n_workers : int
            How many.
        timeout : float or str, optional
            How long to wait at most.

        Raises
        ------
        TimeoutError
            When the time is over.
        """
        if isinstance(n_workers, bool) or not isinstance(n_workers, int) or n_workers < 1:
            raise ValueError(f"n_workers is a positive number, found {n_workers!r}")
        return self._sync(self._wait_for_workers, n_workers, timeout)

    def _wait_for_workers(self, n_workers: int, timeout: float | str | None) -> None:
        seconds = self._seconds(timeout)
        until = None if seconds is None else time.monotonic() + seconds
        while (n := len(self._core.workers())) < n_workers:
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"there are {n} of {n_workers} workers after {seconds:g} s")
            time.sleep(_LOOK_AGAIN_SECONDS)

    # What is done to the cluster.

    def run(
        self,
        function: Callable[..., Any],
        *args: Any,
        workers: Any = None,
        wait: bool = True,
        nanny: bool = False,
        on_error: str = "raise",
        **kwargs: Any,
    ) -> Any:
        """Call a function on each worker, outside of all tasks.

        Parameters
        ----------
        function : callable
            The function, which may be asynchronous. An argument ``dask_worker`` of its is the worker.
        *args, **kwargs
            Its arguments.
        workers : str or list of str, optional
            On which; default: all.
        wait : bool, optional
            Whether what an asynchronous function does is waited for. If not, it returns None.
        nanny : bool, optional
            True is refused.
        on_error : {"raise", "return", "ignore"}, optional
            What becomes of what the function raises.

        Returns
        -------
        dict
            What it returned, by address.

        Examples
        --------
        >>> import os
        >>> client.run(os.getpid)  # doctest: +SKIP
        {'tcp://127.0.0.1:40331': 8341, 'tcp://127.0.0.1:41837': 8342}
        """
        if nanny:
            raise NotImplementedError(
                "nanny=True: run calls functions on workers; what nannies do, plugins of theirs do"
            )
        if on_error not in ("raise", "return", "ignore"):
            raise ValueError(f"on_error is 'raise', 'return' or 'ignore', found {on_error!r}")
        return self._sync(self._run, OnWorker(function, wait), args, kwargs, workers, on_error)

    def _run(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any, workers: Any, on_error: str
    ) -> dict[str, Any]:
        places = [(w["id"], w["address"]) for w in chosen(self._core.workers(), workers)]
        found = {}
        outcomes = self._core.run(function, args, kwargs or None, places)
        for (_, address), (is_value, outcome) in zip(places, outcomes, strict=True):
            if is_value or on_error == "return":
                found[address] = outcome
            elif on_error == "raise":
                raise outcome
        return found

    def replicate(
        self,
        futures: Any,
        n: int | None = None,
        workers: Any = None,
        branching_factor: int = 2,
        **kwargs: Any,
    ) -> Any:
        """Have values copied to more workers.

        Parameters
        ----------
        futures : list of Future
            The values. They are waited for, and so are the copies.
        n : int, optional
            How many workers should hold each; default: all.
        workers : str or list of str, optional
            Among which.
        branching_factor : int, optional
            Taken for Dask's sake.
        **kwargs
            Taken for Dask's sake.
        """
        del branching_factor, kwargs
        return self._sync(self._replicate, futures, n, workers)

    def _replicate(self, futures: Any, n: int | None, workers: Any) -> None:
        held = [future._held() for future in behind(futures)]
        self._core.wait(held, len(held), None)
        all_workers = self._core.workers()
        names = [] if workers is None else [w["name"] for w in chosen(all_workers, workers)]
        count = len(names or all_workers) if n is None else n
        if count < 1:
            raise ValueError(f"n is a positive number, found {n!r}")
        keys = [core.key for core in held]
        ask_again = 0.0
        while keys and self._is_short(keys, count, names):
            if time.monotonic() >= ask_again:
                # What was lost meanwhile is computed again, and then has no copies.
                self._core.wait(held, len(held), None)
                self._core.replicate(keys, count, names)
                ask_again = time.monotonic() + _ASK_AGAIN_SECONDS
            time.sleep(_LOOK_SECONDS)

    def _is_short(self, keys: list[Any], count: int, names: list[str]) -> bool:
        """Whether fewer workers of such names hold values than should, and others could."""
        workers = self._core.workers()
        among = {w["id"] for w in workers if (not names or w["name"] in names) and not w["is_retiring"]}
        holders = self._core.who_has(keys)
        return any(len(among.intersection(numbers)) < min(count, len(among)) for numbers in holders)

    def rebalance(self, futures: Any = None, workers: Any = None, **kwargs: Any) -> Any:
        """Have values moved from workers that hold more than others.

        Parameters
        ----------
        futures : list of Future, optional
            Which; default: all.
        workers : str or list of str, optional
            Among which workers; default: all.
        **kwargs
            Taken for Dask's sake.
        """
        del kwargs
        return self._sync(self._rebalance, futures, workers)

    def _rebalance(self, futures: Any, workers: Any) -> None:
        keys = [] if futures is None else [future.key for future in behind(futures)]
        names = [] if workers is None else [w["name"] for w in chosen(self._core.workers(), workers)]
        self._core.rebalance(keys, names)

    def restart(self, timeout: float | str | None = None, wait_for_workers: bool = True) -> Any:
        """Have all tasks and values forgotten, of all clients. Workers go on.

        Parameters
        ----------
        timeout : float or str, optional
            Taken for Dask's sake.
        wait_for_workers : bool, optional
            Taken for Dask's sake.
        """
        del timeout, wait_for_workers
        return self._sync(self._core.restart)

    def retire_workers(self, workers: Any = None, close_workers: bool = True, **kwargs: Any) -> Any:
        """Have workers give what they hold to others, and end.

        Parameters
        ----------
        workers : list of str
            Which: addresses, names or hosts.
        close_workers : bool, optional
            Only True.
        **kwargs
            Taken for Dask's sake.

        Returns
        -------
        dict
            What was known of the workers that have ended, by address.

        Raises
        ------
        RuntimeError
            Where nobody is left to take what they hold. They go on then.
        """
        if not close_workers or kwargs or workers is None:
            raise NotImplementedError("retire_workers takes the workers that are to end: workers=[...]")
        return self._sync(self._retire, workers)

    def _retire(self, workers: Any) -> dict[str, Any]:
        there = self._core.workers()
        going = chosen(there, workers)
        numbers = {worker["id"] for worker in going}
        is_asked = False
        while left := [worker for worker in there if worker["id"] in numbers]:
            stays = [w for w in there if w["id"] not in numbers and not w["is_retiring"]]
            held = [worker for worker in left if worker["n_values"]]
            if held and not stays:
                names = ", ".join(worker["name"] for worker in held)
                raise RuntimeError(
                    f"no worker is left to take what {names} holds: start others, let go of its futures, "
                    "or end the cluster with shutdown()"
                )
            if not is_asked:
                self._core.retire([worker["name"] for worker in going])
                is_asked = True
            time.sleep(_LOOK_SECONDS)
            there = self._core.workers()
        return {worker["address"]: described(worker) for worker in going}

    def get_executor(self, **kwargs: Any) -> ClientExecutor:
        """Return the cluster as an executor of `concurrent.futures`.

        Parameters
        ----------
        **kwargs
            Keywords of `submit` that all calls get.

        Returns
        -------
        ClientExecutor
        """
        return ClientExecutor(self, **kwargs)

    def __reduce__(self) -> Any:
        return client_of, (self._core.scheduler,)


def _without_hints(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Leave out keywords of Dask's that tune what is not there."""
    refused = [name for name in _REFUSED if kwargs.get(name) is not None]
    if refused:
        raise NotImplementedError(f"Client({refused[0]}=): {_REFUSED[refused[0]]}")
    return {name: value for name, value in kwargs.items() if name not in _HINTS and name not in _REFUSED}


def _outcome(func: Callable[..., Any], args: tuple[Any, ...]) -> tuple[bool, Any]:
    """What ``func`` returns, or that a future was cancelled: asyncio would take that for its own task."""
    try:
        return True, func(*args)
    except CancelledError as error:
        return False, error


def _versions(packages: list[str]) -> dict[str, Any]:
    """The versions of this process."""
    import platform
    from importlib import metadata

    names = ["raskt", "cloudpickle", "numpy", "pandas", "pyarrow", *packages]
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = getattr(sys.modules.get(name), "__version__", None)
    return {"host": {"python": platform.python_version(), "OS": platform.system()}, "packages": found}


def get_client(address: str | None = None, timeout: float | None = None) -> Client:
    """Return the client in force.

    Parameters
    ----------
    address : str, optional
        Of which scheduler.
    timeout : float, optional
        Taken for Dask's sake.

    Returns
    -------
    Client

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> from raskt.distributed import get_client
    >>> get_client()  # doctest: +SKIP
    <Client: 'tcp://127.0.0.1:8786' processes=2 threads=2>
    """
    del timeout
    client = Client.current()
    if address is not None and client._core.address != address:
        return _open_client("address", address)
    return client


def _open_client(what: str, value: str) -> Client:
    for client in [*_clients.every(), *_open]:
        if client.status == "running" and getattr(client._core, what) == value:
            return client  # type: ignore[no-any-return]
    raise ValueError(f"there is no client of {value}: make a raskt.distributed.Client first")


def default_client(c: Client | None = None) -> Client:
    """Return ``c``, or the client in force.

    Parameters
    ----------
    c : Client, optional
        What to return if it is there.

    Returns
    -------
    Client
    """
    return Client.current() if c is None else c


def core_future_of(key: Any, scheduler: str) -> ClusterFuture:
    """Return the future of a key that came in a pickle, of the scheduler that is known by ``scheduler``."""
    return client_of(scheduler)._core.want(key)


def client_of(scheduler: str) -> Client:
    """Return a client of the scheduler that is known by ``scheduler``: the one in force, if it is of that."""
    client = Client.current()
    return client if client._core.scheduler == scheduler else _open_client("scheduler", scheduler)


def client_behind(core: ClusterFuture) -> Client | None:
    """Return the client that ``core`` is a future of; None where nobody holds it any more."""
    number = core.client_number
    for client in _open:
        is_of = client.status == "running" and client._core.number == number
        if is_of and client._core.scheduler == core.scheduler:
            return client
    return None


class _Forked:
    """What a client of the parent is in a forked child: its threads and connections are not there."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("a client does not go along with a fork: make a Client in the new process")


def _after_fork_in_child() -> None:
    for client in list(_open):
        client._core = _Forked()  # type: ignore[assignment]
        client.status = "closed"
        client._is_closed = True
        _clients.forget(client)
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


@atexit.register
def _close_all() -> None:
    """End the clients that are left before the interpreter does."""
    for client in list(_open):
        client._close()
