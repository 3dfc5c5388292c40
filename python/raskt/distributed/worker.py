"""Workers as tasks see them."""

from __future__ import annotations

import os
import random
import threading
import uuid
from typing import TYPE_CHECKING, Any

from raskt import _clients, _raskt, config
from raskt.diagnostics.dashboard import host_and_port, serve
from raskt.distributed import _stacks
from raskt.distributed._equipment import Supply, tear_down
from raskt.distributed._options import membership, refuse_unknown, worker_options
from raskt.distributed._preload import Preloads
from raskt.distributed._status import Status
from raskt.distributed._telling import tell_of
from raskt.distributed.process import ProcessInterface
from raskt.distributed.security import Security
from raskt.schedulers import spill_directory

if TYPE_CHECKING:
    from collections.abc import Hashable

    from raskt.diagnostics.dashboard import Dashboard
    from raskt.distributed.security import Certificates

__all__ = ["WORKER_CLIENT", "Worker", "get_worker"]

WORKER_CLIENT = "Client-worker-"
"""What the names of the clients of workers begin with."""


class Worker(ProcessInterface):
    """A worker in this process, and what the tasks that it runs see of it.

    It joins its cluster when it is awaited, or entered with ``async with``. Tasks may keep attributes of
    their own in it.

    Parameters
    ----------
    scheduler_ip : str, optional
        The address of the scheduler, or its host.
    scheduler_port : int, optional
        The port, where only the host was said.
    scheduler_file : str or path, optional
        What ``raskt scheduler --scheduler-file`` wrote, in place of an address.
    token : str, optional
        The secret of the cluster; that of the user if left out.
    security : Security, optional
        Certificates, for ``tls://``.
    **options
        ``name``, ``nthreads``, ``memory_limit``, ``resources``, ``local_directory``, ``host``, ``port``,
        ``interface``, ``listen_address``, ``contact_address``, ``death_timeout``, ``lifetime``,
        ``lifetime_stagger``, ``preload``, ``preload_argv``, ``dashboard_address``: as ``raskt worker`` takes
        them.

    Examples
    --------
    >>> from raskt.distributed import Worker, get_worker
    >>> client.submit(lambda: get_worker().address).result()  # doctest: +SKIP
    'tcp://127.0.0.1:40331'
    >>> async with Worker("tcp://127.0.0.1:8786", nthreads=2) as worker:  # doctest: +SKIP
    ...     await worker.finished()
    """

    def __init__(
        self,
        scheduler_ip: str | None = None,
        scheduler_port: int | None = None,
        *,
        scheduler_file: str | os.PathLike[str] | None = None,
        token: str | None = None,
        security: Security | None = None,
        **options: Any,
    ) -> None:
        refuse_unknown("Worker", options)
        address, token, tls = membership(scheduler_ip, scheduler_port, scheduler_file, token, security)
        options.setdefault("name", f"worker-{uuid.uuid4().hex[:8]}")
        self._prepare(worker_options(address, **options), token, tls, False)

    @classmethod
    def _of(
        cls, options: dict[str, Any], token: str, tls: Certificates | None, has_process: bool = False
    ) -> Worker:
        """Return one that has not joined yet, of options as `worker_options` makes them."""
        worker = cls.__new__(cls)
        worker._prepare(options, token, tls, has_process)
        return worker

    def _prepare(
        self, options: dict[str, Any], token: str, tls: Certificates | None, has_process: bool
    ) -> None:
        super().__init__(options["scheduler"], options["name"])
        self._core: Any = None
        self._options = options
        self._token = token
        self._tls = tls
        #: Whether the process is there for the worker, so that all of its threads work for it.
        self.has_process = has_process
        self._lock = threading.Lock()
        self._client: Any = None
        self._is_closed = False
        self._status = Status.created
        self._is_expired = False
        self._expiry: threading.Timer | None = None
        #: Where others find it; None until it has joined.
        self.address: Any = None
        #: How many tasks it runs at a time.
        self.nthreads: int = options["n_threads"]
        #: What it may take of memory, in bytes; None for no limit.
        self.memory_limit: int | None = options["memory_limit"]
        #: Where its scheduler is.
        self.scheduler_address: str = options["scheduler"]
        #: The folder for values that do not fit into memory; None for that of the configuration.
        self.local_directory: str | None = options["local_directory"]
        self._dashboard: Dashboard | None = None
        # What cannot be imported is told before it joins.
        self._preloads = Preloads(options["preload"], options["preload_argv"])

    def join(self) -> None:
        """Join the cluster; modules that are preloaded are set up before."""
        options, folder = self._options, self.local_directory
        timeout = options["death_timeout"]
        self._preloads.set_up(self)
        given: _raskt.WorkerOptions = {
            "scheduler": self.scheduler_address,
            "token": self._token,
            "tls": self._tls,
            "name": self.name,
            "n_threads": self.nthreads,
            "memory_limit": self.memory_limit,
            # Amounts are counted in millionths.
            "resources": [(name, round(amount * 1e6)) for name, amount in options["resources"].items()],
            "listen": options["listen"],
            "ports": options["ports"] and tuple(options["ports"]),
            "contact": options["contact"],
            "spill_directory": os.path.expanduser(folder) if folder is not None else spill_directory(),
            # Where others are in the process, only its values count against its memory.
            "shares_process": not self.has_process,
            "connect_timeout": config.resolve("cluster.connect-timeout") if timeout is None else timeout,
        }
        with Supply(self.scheduler_address, self._token, given["connect_timeout"], self._tls) as supply:
            with _clients.starting:
                self._core = _raskt.ClusterWorker(given)
                self.address = self._core.address
                self._status = Status.running
                _stacks.begin()
                _clients.add_worker(self)
            supply.give(self)
        if options["dashboard_address"] is not None:
            host, port = host_and_port(options["dashboard_address"], "127.0.0.1")
            try:
                self._dashboard = serve(self._core.serve_dashboard, host, port, tell_of(self))
            except OSError:
                # Another worker of this machine has the port.
                self._dashboard = serve(self._core.serve_dashboard, host, 0, tell_of(self))
        if options["lifetime"] is not None:
            spread = options["lifetime_stagger"]
            seconds = max(0.0, options["lifetime"] + random.uniform(-spread, spread))
            self._expiry = threading.Timer(seconds, self._expire)
            self._expiry.daemon = True
            self._expiry.start()

    async def start(self) -> None:
        """Join the cluster."""
        import asyncio

        await asyncio.to_thread(self.join)

    async def close(self) -> None:
        """Leave the cluster at once; `retire` has it give what it holds to others first."""
        import asyncio

        await asyncio.to_thread(self.leave)

    def _expire(self) -> None:
        self._is_expired = True
        self.retire()

    @property
    def is_expired(self) -> bool:
        """Whether its lifetime is over."""
        return self._is_expired

    def log_event(self, topic: str | list[str], msg: Any) -> None:
        """Keep a message in the log of a topic: see `Client.log_event`."""
        self.client.log_event(topic, msg)

    @property
    def dashboard_link(self) -> str:
        """Where its own page is, beside ``/metrics``; empty where there is none."""
        return "" if self._dashboard is None else self._dashboard.link

    @property
    def id(self) -> str:
        """What it is called."""
        return str(self.name)

    @property
    def worker_address(self) -> str | None:
        """Where others find it, as of a `Nanny`."""
        address: str | None = self.address
        return address

    @property
    def status(self) -> Status:
        """``Status.created``, ``running``, ``closed`` or ``failed``, which are text, too."""
        if self._is_closed or (self._core is not None and self._core.wait(0) is not None):
            return Status.closed
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self._status = Status(status)

    @property
    def client(self) -> Any:
        """A client of its cluster: the one of this process where there is one, or else its own."""
        with self._lock:
            if self._client is None or self._client.status != "running":
                if self._is_closed:
                    raise RuntimeError(f"worker {self.name} has ended")
                self._client = self._found() or _clients.home().Client(
                    self.scheduler_address,
                    token=self._token,
                    security=Security._of(self._tls),
                    name=f"{WORKER_CLIENT}{self.name}",
                    set_as_default=False,
                )
            return self._client

    def _found(self) -> Any:
        for client in reversed(_clients.every()):
            is_same = client.status == "running" and client._core.address == self.scheduler_address
            if is_same and not client.asynchronous:
                return client
        return None

    def get_current_task(self) -> Hashable:
        """Return the key of the task that the calling thread runs.

        Raises
        ------
        ValueError
            If it runs none.
        """
        work = _raskt.cluster_work()
        if work is None or work[1] is None:
            raise ValueError("this thread runs no task")
        key: Hashable = work[1]
        return key

    def retire(self) -> None:
        """Ask the scheduler to let it go."""
        if self._core is not None:
            self._core.retire()

    def wait(self, timeout: float | None) -> tuple[bool, str] | None:
        """Wait until it has come to its end: whether that was as it should be, and how it came to it."""
        departed: tuple[bool, str] | None = self._core.wait(timeout)
        return departed

    def leave(self) -> int:
        """End it when plugins and preloaded modules are torn down; return what `stop` does."""
        if self.address is not None and not self._is_closed:
            tear_down(self.address)
        n_held = self.stop()
        self._preloads.tear_down(self)
        return n_held

    def stop(self) -> int:
        """End it at once; return how many of its threads are held by tasks."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self._dashboard is not None:
            self._dashboard.close()
        if self._core is None:
            self._is_closed = True
            return 0
        _clients.remove_worker(self)
        n_held: int = self._core.stop()
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
            client, self._client = self._client, None
        if not was_closed:
            _stacks.end()
        if client is not None and client not in _clients.every():
            client.close()
        return n_held

    def __repr__(self) -> str:
        return f"<Worker {self.name!r} at {self.address}, {self.status}, threads: {self.nthreads}>"


def get_worker() -> Worker:
    """Return the worker that runs the task which calls this.

    Returns
    -------
    Worker
        In a thread that a task has started, the worker whose process it is.

    Raises
    ------
    ValueError
        If there is no worker in this process.

    Examples
    --------
    >>> from raskt.distributed import get_worker
    >>> client.submit(lambda: get_worker().name).result()  # doctest: +SKIP
    '0'
    """
    worker: Worker | None = _clients.here()
    if worker is None:
        raise ValueError("there is no worker here: get_worker() is for tasks that a cluster runs")
    return worker
