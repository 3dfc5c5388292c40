"""Clusters on this machine: a scheduler in this process, and workers in processes or threads beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt.diagnostics.dashboard import host_and_port
from raskt.distributed._nanny import WorkerProcess, Workers
from raskt.distributed._options import memory_bytes, refuse_unknown, shape, worker_options
from raskt.distributed._status import Status
from raskt.distributed.deploy.cluster import Cluster
from raskt.distributed.scheduler import Scheduler
from raskt.distributed.security import Security, certificates_of
from raskt.distributed.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LocalCluster"]

#: Where Dask's users look for the dashboard.
_DASHBOARD = ":8787"


class LocalCluster(Cluster):
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
        Where the scheduler listens.
    interface : str, optional
        A network interface where scheduler and workers listen, in place of a host: ``"eth0"``.
    protocol : str, optional
        ``"tcp"``, or ``"tls"``, which is the default where there are certificates.
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
    scheduler_kwargs : dict, optional
        What else the `Scheduler` takes: ``{"idle_timeout": "1 hour"}``.
    worker_class : optional
        Refused: `SpecCluster` takes classes.
    worker_dashboard_address : str or int, optional
        Where workers serve pages and metrics of their own: ``":0"`` for any ports that are free.
    loop, silence_logs, scheduler_sync_interval : optional
        Accepted for code that was written for Dask.
    **worker_kwargs
        What else a `Worker` takes: ``lifetime``, ``preload``, ``death_timeout``; and ``env``, variables for
        its process.

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
        host: str | None = None,
        interface: str | None = None,
        protocol: str | None = None,
        scheduler_port: int = 0,
        resources: dict[str, float] | None = None,
        local_directory: str | None = None,
        name: str | None = None,
        asynchronous: bool = False,
        security: Security | bool | None = None,
        silence_logs: Any = None,  # noqa: ARG002 - programs for Dask give it
        dashboard_address: str | int | None = _DASHBOARD,
        worker_dashboard_address: str | int | None = None,
        loop: Any = None,  # noqa: ARG002
        scheduler_sync_interval: Any = None,  # noqa: ARG002
        scheduler_kwargs: dict[str, Any] | None = None,
        worker_class: Any = None,
        **worker_kwargs: Any,
    ) -> None:
        if worker_class is not None:
            raise NotImplementedError(
                "worker_class: classes of workers are for SpecCluster(worker={'cls': ..., 'options': {...}})"
            )
        refuse_unknown("LocalCluster", worker_kwargs)
        n_workers, threads_per_worker = shape(n_workers, threads_per_worker, processes)
        super().__init__(name, asynchronous, security)
        # Certificates are proof enough.
        self._token = "" if self.security else _raskt.random_token()
        self._n_threads = threads_per_worker
        self._processes = processes
        self._memory_limit = memory_bytes(memory_limit, max(n_workers, 1))
        self._worker_options: dict[str, Any] = {
            "resources": resources,
            "local_directory": local_directory,
            "interface": interface,
            "dashboard_address": worker_dashboard_address,
            **worker_kwargs,
        }
        self._n_started = 0
        self._workers = Workers()
        self._threads: dict[str, Worker] = {}
        self.scheduler = Scheduler(
            host=host,
            port=scheduler_port,
            interface=interface,
            protocol=protocol,
            security=self.security,
            token=self._token,
            dashboard_address=_address(dashboard_address, host or "127.0.0.1"),
            dashboard=None if dashboard_address is not None else False,
            **(scheduler_kwargs or {}),
        )
        self.scheduler.begin()
        self.status = Status.running
        try:
            self._grow(n_workers)
            self._wait_for_workers(n_workers, None)
        except BaseException:
            self._close(0.0)
            raise

    @property
    def workers(self) -> dict[str, dict[str, Any]]:
        """What is known of each worker that is there, by name."""
        return {worker["name"]: worker for worker in self._there()}

    @property
    def plan(self) -> set[str]:
        """The names of the workers that there are to be."""
        there = self._there()
        retiring = {worker["name"] for worker in there if worker["is_retiring"]}
        coming = {name for name, process in self._workers.each().items() if not process.has_departed}
        return ({worker["name"] for worker in there} | coming) - retiring

    @property
    def requested(self) -> set[str]:
        """The names of the workers that were started, and are there or come."""
        return self.plan

    @property
    def _shape(self) -> tuple[int | None, int | None]:
        return self._n_threads, self._memory_limit

    def _grow(self, n: int) -> None:
        processes = []
        address = self.scheduler_address
        tls = certificates_of(self.security, address, "worker") if self.security else None
        for _ in range(n):
            name = str(self._n_started)
            self._n_started += 1
            options = worker_options(
                address,
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

    def scale_down(self, workers: Iterable[str]) -> None:
        """Have workers give what they hold to others, and end.

        Parameters
        ----------
        workers : list of str
            Their names.
        """
        self.scheduler.retire([str(name) for name in workers])

    def _deaths(self) -> tuple[bool, list[str]]:
        processes = self._workers.each().values()
        is_over = any(process.status == "failed" for process in processes)
        return is_over, [
            f"worker {process.name}: {', '.join(process.deaths)}" for process in processes if process.deaths
        ]

    def _end(self, timeout: float) -> None:
        self._workers.end(lambda: self.scheduler.core.stop("its cluster was closed"), timeout)
        self.scheduler.end("its cluster was closed", timeout)
        for worker in self._threads.values():
            worker.leave()
        self._threads.clear()


def _address(dashboard: str | int | None, host: str) -> str | None:
    """Return where the dashboard is served from the start; None where it is when somebody asks."""
    if dashboard in (None, _DASHBOARD):
        return None
    host, port = host_and_port(str(dashboard), host)
    return f"{host}:{port}"
