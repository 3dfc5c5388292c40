"""Clusters on this machine: a scheduler in this process, and workers in processes or threads beside it."""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
import uuid
import weakref
from html import escape
from typing import Any, Self

from raskt import _raskt, config
from raskt.diagnostics.dashboard import Dashboard, host_and_port, serve
from raskt.distributed._nanny import WorkerProcess, Workers
from raskt.distributed._options import memory_bytes, shape, worker_options
from raskt.distributed.security import Security, certificates_of
from raskt.distributed.worker import Worker
from raskt.units import format_bytes, parse_bytes

__all__ = ["Adaptive", "LocalCluster"]

#: Where Dask's users look for the dashboard.
_DASHBOARD = ":8787"

#: Clusters that are open, to be closed when the program ends.
_OPEN: weakref.WeakSet[LocalCluster] = weakref.WeakSet()


class LocalCluster:
    """A cluster on this machine.

    The scheduler runs on threads of this process that need no interpreter. Workers are processes of their
    own, or threads of this one (``processes=False``).

    Parameters
    ----------
    n_workers : int, optional
        How many workers there are. Left out, it follows from the number of cores and `threads_per_worker`.
    threads_per_worker : int, optional
        How many tasks each runs at a time.
    processes : bool, default True
        Whether workers are processes. Threads of this process share its memory and its interpreter lock.
    memory_limit : str, int, float or None, default "auto"
        What each worker may take of memory: bytes, text like ``"2 GiB"``, or a fraction of the machine's.
        "auto" is an equal part of what the machine, or the control group around this process, grants; None is
        no limit.
    host : str, default "127.0.0.1"
        Where scheduler and workers listen.
    scheduler_port : int, default 0
        The port of the scheduler; 0 for any that is free.
    resources : dict, optional
        What each worker has of what tasks may ask for: ``{"GPU": 1}``.
    local_directory : str, optional
        Where values lie that do not fit into memory; left out, the folder of ``local.spill-directory``.
    name : str, optional
        What the cluster is called.
    asynchronous : bool, default False
        Whether the cluster is used with ``await`` and ``async with``.
    security : Security or bool, optional
        Certificates, for ``tls://``; True for `Security.temporary`. They are let in without a token.
    dashboard_address : str or None, default ":8787"
        Where the dashboard listens: ``"host:port"``. Left out, it is served from when `dashboard_link` is
        first asked for, at another port where that one is taken; None is none.
    silence_logs, worker_dashboard_address : optional
        Accepted for code that was written for Dask. Workers have no dashboard of their own.

    Raises
    ------
    ValueError
        For numbers below 1.
    TimeoutError
        Where workers do not come within ``cluster.connect-timeout``.
    OSError
        Where the port is in use.

    Examples
    --------
    >>> from raskt.distributed import LocalCluster
    >>> with LocalCluster(n_workers=2, threads_per_worker=1) as cluster:
    ...     len(cluster.workers)
    2
    """

    def __init__(
        self,
        n_workers: int | None = None,
        threads_per_worker: int | None = None,
        processes: bool = True,
        *,
        memory_limit: str | int | float | None = "auto",
        host: str = "127.0.0.1",
        scheduler_port: int = 0,
        resources: dict[str, float] | None = None,
        local_directory: str | None = None,
        name: str | None = None,
        asynchronous: bool = False,
        security: Security | bool | None = None,
        silence_logs: Any = None,  # noqa: ARG002 - programs for Dask give it
        dashboard_address: str | int | None = _DASHBOARD,
        worker_dashboard_address: Any = None,  # noqa: ARG002
    ) -> None:
        n_workers, threads_per_worker = shape(n_workers, threads_per_worker, processes)
        self.name = name if name is not None else f"cluster-{uuid.uuid4().hex[:8]}"
        self.asynchronous = asynchronous
        #: The certificates of the cluster, if it has some.
        self.security = Security.temporary() if security is True else security or None
        # Certificates are proof enough.
        self._token = "" if self.security else _raskt.random_token()
        self._n_threads = threads_per_worker
        self._processes = processes
        self._memory_limit = memory_bytes(memory_limit, max(n_workers, 1))
        self._worker_options: dict[str, Any] = {"resources": resources, "local_directory": local_directory}
        self._host = host
        self._n_started = 0
        self._workers = Workers()
        self._threads: dict[str, Worker] = {}
        self._adaptive: Adaptive | None = None
        self._is_closed = False
        self._pid = os.getpid()
        bracketed = f"[{host}]" if ":" in host else host
        listen = f"{'tls' if self.security else 'tcp'}://{bracketed}:{scheduler_port}"
        self.scheduler = _raskt.ClusterScheduler(
            {
                "listen": [listen],
                "token": self._token,
                "tls": certificates_of(self.security, listen, "scheduler") if self.security else None,
                "allowed_failures": config.resolve("cluster.allowed-failures"),
                "worker_timeout": config.resolve("cluster.worker-timeout"),
                "idle_timeout": config.resolve("cluster.idle-timeout"),
            }
        )
        self._dashboard: Dashboard | None = None
        self._has_dashboard = dashboard_address is not None
        _OPEN.add(self)
        try:
            if dashboard_address is not None and dashboard_address != _DASHBOARD:
                self._dashboard = serve(
                    self.scheduler.serve_dashboard, *host_and_port(dashboard_address, host)
                )
            self._start(n_workers)
            self.wait_for_workers(n_workers)
        except BaseException:
            self.close()
            raise

    # ---- what it is ----

    @property
    def scheduler_address(self) -> str:
        """Where the scheduler listens."""
        return self.scheduler.addresses[0]

    @property
    def workers(self) -> dict[str, dict[str, Any]]:
        """What is known of each worker that is there, by name."""
        return {} if self._is_closed else {worker["name"]: worker for worker in self.scheduler.workers()}

    @property
    def status(self) -> str:
        """``"running"`` or ``"closed"``."""
        return "closed" if self._is_closed else "running"

    @property
    def dashboard_link(self) -> str:
        """Where the dashboard is; it is served from now on. Empty where there is none."""
        if not self._has_dashboard or self._is_closed:
            return ""
        if self._dashboard is None:
            self._dashboard = serve(self.scheduler.serve_dashboard, self._host, None)
        return self._dashboard.link

    def __repr__(self) -> str:
        if self._is_closed:
            return f"LocalCluster({self.name}, closed)"
        workers = self.workers.values()
        n_threads = sum(worker["n_threads"] for worker in workers)
        return (
            f"LocalCluster({self.name}, {self.scheduler_address!r}, "
            f"workers={len(workers)}, threads={n_threads}, "
            f"memory={_memory_text([worker['memory_bytes'] for worker in workers])})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(worker['name'])}</td><td>{escape(worker['address'])}</td>"
            f"<td>{worker['n_threads']}</td>"
            f"<td>{_memory_text([worker['memory_bytes']])}</td><td>{worker['n_running']}</td></tr>"
            for worker in self.workers.values()
        )
        head = "".join(f"<th>{word}</th>" for word in ("worker", "address", "threads", "memory", "running"))
        where = "closed" if self._is_closed else escape(self.scheduler_address)
        return (
            f"<div><b>LocalCluster</b> {escape(self.name)}: {where}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    # ---- workers ----

    def _start(self, n: int) -> None:
        processes = []
        tls = certificates_of(self.security, self.scheduler_address, "worker") if self.security else None
        for _ in range(n):
            name = str(self._n_started)
            self._n_started += 1
            options = worker_options(
                self.scheduler_address,
                name=name,
                nthreads=self._n_threads,
                memory_limit=self._memory_limit,
                **self._worker_options,
            )
            if self._processes:
                processes.append(WorkerProcess(options, self._token, tls))
            else:
                self._threads[name] = Worker._of(options, self._token, tls)
                self._threads[name].join()
        if processes:
            self._workers.start(processes)

    def wait_for_workers(self, n_workers: int = 1, timeout: float | None = None) -> None:
        """Wait until so many workers are there.

        Parameters
        ----------
        n_workers : int, default 1
            How many.
        timeout : float, optional
            For how many seconds; ``cluster.connect-timeout`` if left out.

        Raises
        ------
        TimeoutError
            Where they do not come in time. It says how processes ended, if some did.
        """
        if timeout is None:
            timeout = config.resolve("cluster.connect-timeout")
        until = time.monotonic() + timeout
        while (n := len(self.scheduler.workers())) < n_workers:
            processes = self._workers.each()
            failed = [process for process in processes.values() if process.status == "failed"]
            if failed or time.monotonic() >= until:
                deaths = [
                    f"worker {process.name}: {', '.join(process.deaths)}"
                    for process in processes.values()
                    if process.deaths
                ]
                how = f"; processes ended: {'; '.join(deaths)}" if deaths else ""
                raise TimeoutError(f"{n} of {n_workers} workers came within {timeout:g} s{how}")
            time.sleep(0.002)

    def scale(self, n: int = 0, memory: Any = None, cores: int | None = None) -> None:
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
        if memory is not None:
            if self._memory_limit is None:
                raise ValueError("memory= tells nothing where workers have no memory_limit: give n=")
            n = max(n, math.ceil(parse_bytes(memory) / self._memory_limit))
        if cores is not None:
            n = max(n, math.ceil(cores / self._n_threads))
        there = [worker for worker in self.scheduler.workers() if not worker["is_retiring"]]
        names = {worker["name"] for worker in there}
        n_coming = sum(name not in names for name in self._workers.each())
        n_missing = n - len(there) - n_coming
        if n_missing > 0:
            self._start(n_missing)
        elif n_missing < 0:
            # Those that have least to give away go first.
            there.sort(key=lambda worker: (worker["n_running"] + worker["n_waiting"], worker["held_bytes"]))
            self.scheduler.retire([worker["id"] for worker in there[:-n_missing]])

    def adapt(self, minimum: int = 0, maximum: float = math.inf, **kwargs: Any) -> Adaptive:
        """Have as many workers as there is work for.

        Parameters
        ----------
        minimum, maximum : int
            The least and the most workers.
        **kwargs
            See `Adaptive`.

        Returns
        -------
        Adaptive
            What looks after it; ``close()`` ends that.
        """
        if self._adaptive is not None:
            self._adaptive.close()
        self._adaptive = Adaptive(self, minimum=minimum, maximum=maximum, **kwargs)
        return self._adaptive

    # ---- its end ----

    def close(self, timeout: float = 2.0) -> Any:
        """End the workers and the scheduler; clients are told.

        Parameters
        ----------
        timeout : float, default 2
            For how many seconds tasks that run may go on before their processes are killed.

        Returns
        -------
        None or awaitable
            Something to await where the cluster is asynchronous.
        """
        # In a forked child it is the parent's.
        if not self._is_closed and self._pid == os.getpid():
            self._is_closed = True
            _OPEN.discard(self)
            if self._adaptive is not None:
                self._adaptive.close()
            self._workers.end(lambda: self.scheduler.stop("its cluster was closed"), timeout)
            self.scheduler.wait(timeout)
            for worker in self._threads.values():
                worker.leave()
            self._threads.clear()
            if self._dashboard is not None:
                self._dashboard.close()
        return _nothing() if self.asynchronous else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __await__(self) -> Any:
        yield from _nothing().__await__()
        return self


class Adaptive:
    """Starts workers while tasks wait, and retires those that have nothing to do.

    Parameters
    ----------
    cluster : LocalCluster
        Whose workers.
    minimum, maximum : int
        The least and the most workers.
    interval : float, default 0.5
        How often it looks, in seconds.
    wait_count : int, default 3
        How often in a row there must be too many workers before some are retired.
    target_duration : float
        Accepted for code that was written for Dask.
    """

    def __init__(
        self,
        cluster: LocalCluster,
        *,
        minimum: int = 0,
        maximum: float = math.inf,
        interval: float = 0.5,
        wait_count: int = 3,
        target_duration: Any = None,  # noqa: ARG002 - programs for Dask give it
    ) -> None:
        if not 0 <= minimum <= maximum:
            raise ValueError(f"minimum={minimum} and maximum={maximum}: give 0 <= minimum <= maximum")
        self.minimum = minimum
        self.maximum = maximum
        self._cluster = weakref.ref(cluster)
        self._interval = interval
        self._wait_count = wait_count
        self._n_too_many = 0
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="raskt-adaptive", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_ending.wait(self._interval):
            cluster = self._cluster()
            if cluster is None or cluster._is_closed:
                return
            try:
                self.adapt()
            except RuntimeError:
                # The scheduler has ended between two looks.
                return

    def adapt(self) -> int:
        """Look once, and start or retire workers.

        Returns
        -------
        int
            How many workers there are to be.
        """
        cluster = self._cluster()
        if cluster is None:
            return 0
        load = cluster.scheduler.load()
        there = [worker for worker in cluster.scheduler.workers() if not worker["is_retiring"]]
        n_tasks = load["n_queued"] + load["n_processing"]
        wanted = math.ceil(n_tasks / cluster._n_threads)
        # Values live somewhere.
        wanted = max(wanted, 1 if load["n_in_memory"] or n_tasks else 0)
        wanted = int(min(max(wanted, self.minimum), self.maximum))
        self._n_too_many = self._n_too_many + 1 if wanted < len(there) else 0
        if wanted > len(there) or self._n_too_many >= self._wait_count:
            self._n_too_many = 0
            cluster.scale(wanted)
        return wanted

    def close(self) -> None:
        """Leave the workers as they are from now on."""
        self._is_ending.set()


async def _nothing() -> None:
    """Do nothing, for callers that await."""


def _memory_text(sizes: list[int | None]) -> str:
    known = [size for size in sizes if size is not None]
    return format_bytes(sum(known)) if len(known) == len(sizes) else "no limit"


def _close_all() -> None:
    """Close what is open, when the program ends."""
    for cluster in list(_OPEN):
        cluster.close()


atexit.register(_close_all)
