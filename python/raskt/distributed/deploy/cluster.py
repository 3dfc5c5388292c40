"""What all clusters have: workers that are counted, and told to be more or fewer; clients, logs, a view."""

from __future__ import annotations

import atexit
import math
import os
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any, Self

from raskt import _clients, config
from raskt._html import card, link
from raskt._lazy import late
from raskt.distributed._answers import scheduler_info, workers_of
from raskt.distributed._status import Status
from raskt.distributed.scheduler import Scheduler
from raskt.distributed.security import Security
from raskt.units import format_bytes, parse_bytes, parse_timedelta

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

__all__ = ["Cluster", "close_all"]

_adaptive = late("raskt.distributed.deploy.adaptive", "Adaptive")
_loop_thread = late("raskt.distributed._loop", "LoopThread")
_LOOK_SECONDS = 0.002
#: Clusters that are open, to be closed when the program ends.
_open: weakref.WeakSet[Cluster] = weakref.WeakSet()


class Cluster:
    """A scheduler and workers that somebody has started.

    `LocalCluster`, `SpecCluster` and `SSHCluster` are some; other kinds derive from `SpecCluster`.

    Parameters
    ----------
    name : str, optional
        What it is called.
    asynchronous : bool
        Whether it is used with ``await`` and ``async with``.
    security : Security or bool, optional
        Certificates, for ``tls://``; True for `Security.temporary`.
    """

    def __init__(
        self,
        name: str | None = None,
        asynchronous: bool = False,
        security: Security | bool | None = None,
    ) -> None:
        self.name = name if name is not None else f"cluster-{uuid.uuid4().hex[:8]}"
        self.asynchronous = asynchronous
        #: The certificates of the cluster, if it has some.
        self.security = Security.temporary() if security is True else security or None
        #: The object of the scheduler.
        self.scheduler: Any = None
        self.status = Status.created
        self._adaptive: Any = None
        self._loop: Any = None
        self._pid = os.getpid()
        _open.add(self)

    # What kinds of clusters do each in their way.

    @property
    def _asked(self) -> Any:
        """What asks the scheduler: it has `workers`, `load`, `retire` and `wait`; None before the start."""
        return self.scheduler

    @property
    def plan(self) -> set[str]:
        """The names of the workers that there are to be."""
        raise NotImplementedError

    @property
    def requested(self) -> set[str]:
        """The names of the workers that were started, and are there or come."""
        raise NotImplementedError

    @property
    def _shape(self) -> tuple[int | None, int | None]:
        """How many threads a worker has, and how many bytes of memory, as far as that is known."""
        raise NotImplementedError

    def _grow(self, n: int) -> None:
        """Start `n` workers more."""
        raise NotImplementedError

    def scale_down(self, workers: Iterable[str]) -> Any:
        """Have workers give what they hold to others, and end.

        Parameters
        ----------
        workers : list of str
            Their names.
        """
        raise NotImplementedError

    def _deaths(self) -> tuple[bool, list[str]]:
        """Whether no worker will come since all fail, and how some ended."""
        return False, []

    def _end(self, timeout: float) -> None:
        """End workers and scheduler."""
        raise NotImplementedError

    @classmethod
    def from_name(cls, name: str) -> Self:
        """Return the cluster of a name, for kinds of clusters that are found by one.

        Raises
        ------
        NotImplementedError
            For clusters that belong to the process that started them.
        """
        raise NotImplementedError(
            f"{cls.__name__} {name!r} belongs to the process that has started it: "
            "connect with Client(address) or Client(scheduler_file=...)"
        )

    # How methods run.

    def _sync(self, func: Callable[..., Any], *args: Any) -> Any:
        """Call a function; on another thread, as an awaitable, where the cluster is asynchronous."""
        if not self.asynchronous:
            return func(*args)
        import asyncio

        return asyncio.to_thread(func, *args)

    def _looping(self) -> Any:
        """The loop of what is awaited for the cluster."""
        if self._loop is None:
            self._loop = _loop_thread(f"raskt-{self.name}")
        return self._loop

    # What it is.

    @property
    def _is_closed(self) -> bool:
        return self.status in (Status.closing, Status.closed)

    @property
    def scheduler_address(self) -> str:
        """Where the scheduler is; empty before the start."""
        return "" if self.scheduler is None else str(self.scheduler.address)

    def _there(self) -> list[dict[str, Any]]:
        """What is known of each worker that is there."""
        if self._is_closed or self._asked is None:
            return []
        try:
            found: list[dict[str, Any]] = self._asked.workers()
        except (OSError, RuntimeError):
            # A scheduler that a client has ended, or whose connection is lost, has none.
            if self._asked.wait(0) is None:
                raise
            return []
        return found

    @property
    def observed(self) -> set[str]:
        """The names of the workers that are there, but for those that are about to end."""
        return {worker["name"] for worker in self._there() if not worker["is_retiring"]}

    @property
    def scheduler_info(self) -> dict[str, Any]:
        """What is known of the scheduler and its workers, as `Client.scheduler_info` tells it."""
        return scheduler_info(self.scheduler_address, self.scheduler_address, self._there())

    @property
    def dashboard_link(self) -> str:
        """Where the dashboard is; it is served from now on. Empty where there is none."""
        scheduler = self.scheduler
        if self.status == Status.running and isinstance(scheduler, Scheduler) and scheduler.has_dashboard:
            return scheduler.show().link
        link: str = getattr(scheduler, "dashboard_link", "")
        return link

    def __repr__(self) -> str:
        head = f"{type(self).__name__}({self.name}"
        if self.status != Status.running:
            return f"{head}, {self.status})"
        workers = self._there()
        return (
            f"{head}, {self.scheduler_address!r}, workers={len(workers)}, "
            f"threads={sum(worker['n_threads'] for worker in workers)}, "
            f"memory={_memory_text([worker['memory_bytes'] for worker in workers])})"
        )

    def _repr_html_(self) -> str:
        workers, is_running = self._there(), self.status == Status.running
        facts = [
            ("scheduler", self.scheduler_address if is_running else str(self.status)),
            ("dashboard", link(self.dashboard_link if is_running else "")),
            ("workers", f"{len(workers):,} with {sum(worker['n_threads'] for worker in workers):,} threads"),
            ("memory", _memory_text([worker["memory_bytes"] for worker in workers])),
        ]
        return card(type(self).__name__, self.name, facts, workers_of(workers))

    # Clients and logs.

    def get_client(self) -> Any:
        """Return a new client of the cluster, which is asynchronous if the cluster is.

        Examples
        --------
        >>> from raskt.distributed import LocalCluster
        >>> with LocalCluster(n_workers=1, processes=False) as cluster, cluster.get_client() as client:
        ...     client.submit(pow, 2, 5).result()
        32
        """
        return _clients.home().Client(self, asynchronous=self.asynchronous)

    def get_logs(self, cluster: bool = True, scheduler: bool = True, workers: bool | list[str] = True) -> Any:
        """Return what was logged, as text.

        Parameters
        ----------
        cluster : bool, default True
            Whether what the cluster did is in it, under ``"Cluster"``.
        scheduler : bool, default True
            Whether what the scheduler has noted is in it, under ``"Scheduler"``.
        workers : bool or list of str, default True
            Whether what workers logged is in it, by their addresses; or of which of them.

        Returns
        -------
        dict of str
            Text by whose it is, or an awaitable of that where the cluster is asynchronous.
        """
        return self._sync(self._get_logs, cluster, scheduler, workers)

    def _get_logs(self, cluster: bool, scheduler: bool, workers: bool | list[str]) -> dict[str, str]:
        found = {}
        if cluster:
            found["Cluster"] = "\n".join(self._said())
        if scheduler or workers:
            with _clients.home().Client(self, set_as_default=False) as client:
                if scheduler:
                    found["Scheduler"] = "\n".join(text for _, text in client.get_scheduler_logs())
                if workers:
                    which = None if workers is True else workers
                    logs = client.get_worker_logs(workers=which)
                    found |= {worker: "\n".join(text for _, text in lines) for worker, lines in logs.items()}
        return found

    def _said(self) -> list[str]:
        """What the cluster did, line by line."""
        return self._deaths()[1]

    # Workers.

    def wait_for_workers(self, n_workers: int = 1, timeout: float | str | None = None) -> Any:
        """Wait until so many workers are there.

        Parameters
        ----------
        n_workers : int, default 1
            How many.
        timeout : float or str, optional
            How long; ``cluster.connect-timeout`` if left out.

        Raises
        ------
        TimeoutError
            Where they do not come in time. It says how processes ended, if some did.
        """
        return self._sync(self._wait_for_workers, n_workers, timeout)

    def _wait_for_workers(self, n_workers: int, timeout: float | str | None) -> None:
        given = parse_timedelta(timeout)
        seconds: float = config.resolve("cluster.connect-timeout") if given is None else given
        until = time.monotonic() + seconds
        while (n := len(self._there())) < n_workers:
            is_over, deaths = self._deaths()
            if is_over or time.monotonic() >= until:
                how = f"; processes ended: {'; '.join(deaths)}" if deaths else ""
                raise TimeoutError(f"{n} of {n_workers} workers came within {seconds:g} s{how}")
            time.sleep(_LOOK_SECONDS)

    def scale(self, n: int = 0, memory: str | int | None = None, cores: int | None = None) -> Any:
        """Have `n` workers, or as many as have `cores` threads or `memory` together.

        Workers that are too many give what they hold to others before they end.

        Parameters
        ----------
        n : int
            How many workers.
        memory : str or int, optional
            How much memory all are to have together.
        cores : int, optional
            How many threads all are to have together.

        Examples
        --------
        >>> from raskt.distributed import LocalCluster
        >>> with LocalCluster(n_workers=1, threads_per_worker=1) as cluster:
        ...     cluster.scale(2)
        ...     cluster.wait_for_workers(2)
        ...     len(cluster.workers)
        2
        """
        n = max([n, *self._counts(memory, cores)])
        n_more = n - len(self.plan)
        if n_more > 0:
            self._grow(n_more)
        elif n_more < 0:
            self.scale_down(self._least(-n_more))

    def scale_up(self, n: int = 0, memory: str | int | None = None, cores: int | None = None) -> Any:
        """Have `n` workers, as `scale`."""
        return self.scale(n, memory, cores)

    def _counts(self, memory: str | int | None, cores: int | None) -> list[int]:
        """How many workers have so much memory, and how many so many threads."""
        counts = []
        n_threads, n_bytes = self._shape if (memory, cores) != (None, None) else (None, None)
        if memory is not None:
            if not n_bytes:
                raise ValueError("memory= tells nothing where workers have no memory_limit: give n=")
            counts.append(math.ceil(parse_bytes(memory) / n_bytes))
        if cores is not None:
            if not n_threads:
                raise ValueError("cores= tells nothing where nthreads of workers is not known: give n=")
            counts.append(math.ceil(cores / n_threads))
        return counts

    def _least(self, n: int) -> list[str]:
        """The names of `n` workers that are least missed: those that have not come, then those with least."""
        there = [worker for worker in self._there() if not worker["is_retiring"]]
        there.sort(key=lambda worker: (worker["n_running"] + worker["n_waiting"], worker["held_bytes"]))
        names = [worker["name"] for worker in there]
        return [*sorted(self.plan - set(names)), *names][:n]

    def adapt(
        self,
        Adaptive: type | None = None,
        *,
        minimum: int = 0,
        maximum: float = math.inf,
        minimum_cores: int | None = None,
        maximum_cores: int | None = None,
        minimum_memory: str | int | None = None,
        maximum_memory: str | int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Have as many workers as there is work for.

        Parameters
        ----------
        Adaptive : type, optional
            What looks after it: `Adaptive`, or a class that derives from it.
        minimum, maximum : int
            The least and the most workers.
        minimum_cores, maximum_cores, minimum_memory, maximum_memory : optional
            Likewise as threads and memory of all workers together.
        **kwargs
            See `Adaptive`.

        Returns
        -------
        Adaptive
            What looks after it; ``stop()`` ends that.
        """
        least = max([minimum, *self._counts(minimum_memory, minimum_cores)])
        most = min([maximum, *self._counts(maximum_memory, maximum_cores)])
        if self._adaptive is not None:
            self._adaptive.stop()
        make = _adaptive if Adaptive is None else Adaptive
        self._adaptive = make(self, minimum=least, maximum=most, **kwargs)
        return self._adaptive

    # Its end.

    def close(self, timeout: float | str | None = None) -> Any:
        """End the workers and the scheduler; clients are told.

        Parameters
        ----------
        timeout : float or str, default 2
            How long tasks that run may go on before their processes are killed.

        Returns
        -------
        None or awaitable
            Something to await where the cluster is asynchronous.
        """
        return self._sync(self._close, 2.0 if timeout is None else parse_timedelta(timeout))

    def _close(self, timeout: float) -> None:
        # In a forked child it is the parent's.
        if self._is_closed or self._pid != os.getpid():
            return
        is_begun = self.status != Status.created
        self.status = Status.closing
        _open.discard(self)
        if self._adaptive is not None:
            self._adaptive.stop()
        try:
            if is_begun:
                self._end(timeout)
        finally:
            self.status = Status.closed
            if self._loop is not None:
                self._loop.end()

    def __enter__(self) -> Self:
        if self.asynchronous:
            raise TypeError("an asynchronous cluster is entered with 'async with'")
        return self

    def __exit__(self, *_: object) -> None:
        self._close(2.0)

    async def _itself(self) -> Self:
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._itself().__await__()

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(self, *_: object) -> None:
        import asyncio

        await asyncio.to_thread(self._close, 2.0)


def _memory_text(sizes: list[int | None]) -> str:
    known = [size for size in sizes if size is not None]
    return format_bytes(sum(known)) if len(known) == len(sizes) else "no limit"


def close_all() -> None:
    """Close what is open, when the program ends."""
    for cluster in list(_open):
        cluster._close(2.0)


atexit.register(close_all)
