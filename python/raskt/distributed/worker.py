"""Workers as tasks see them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from raskt import _clients, _raskt
from raskt.distributed import _stacks
from raskt.distributed._status import Status
from raskt.distributed.security import Security

if TYPE_CHECKING:
    from collections.abc import Hashable

    from raskt.distributed.security import Certificates

__all__ = ["WORKER_CLIENT", "Worker", "get_worker"]

WORKER_CLIENT = "Client-worker-"
"""What the names of the clients of workers begin with."""


class Worker:
    """A worker in this process, as the tasks that it runs see it.

    They may keep attributes of their own in it.

    Parameters
    ----------
    options : dict
        What ``raskt.distributed._worker_main`` takes.
    token : str
        The secret of the cluster.
    tls : tuple or None
        Its certificates.
    has_process : bool
        Whether the process is there for the worker, so that all of its threads work for it.
    core : ClusterWorker
        The worker itself.

    Examples
    --------
    >>> from raskt.distributed import get_worker
    >>> client.submit(lambda: get_worker().address).result()  # doctest: +SKIP
    'tcp://127.0.0.1:40331'
    """

    def __init__(
        self,
        options: dict[str, Any],
        token: str,
        tls: Certificates | None,
        has_process: bool,
        core: _raskt.ClusterWorker,
    ) -> None:
        self._core = core
        self._token = token
        self._tls = tls
        self.has_process = has_process
        self._lock = threading.Lock()
        self._client: Any = None
        self._is_closed = False
        #: Where others find it.
        self.address = core.address
        #: What it is called.
        self.name: str = options["name"]
        #: How many tasks it runs at a time.
        self.nthreads: int = options["n_threads"]
        #: What it may take of memory, in bytes; None for no limit.
        self.memory_limit: int | None = options["memory_limit"]
        #: Where its scheduler is.
        self.scheduler_address: str = options["scheduler"]
        #: The folder for values that do not fit into memory; None for that of the configuration.
        self.local_directory: str | None = options["local_directory"]
        _stacks.begin()

    def log_event(self, topic: str | list[str], msg: Any) -> None:
        """Keep a message in the log of a topic: see `Client.log_event`."""
        self.client.log_event(topic, msg)

    @property
    def id(self) -> str:
        """What it is called."""
        return self.name

    @property
    def status(self) -> Status:
        """``Status.running`` or ``Status.closed``, which are text, too."""
        return Status.closed if self._is_closed else Status.running

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
        self._core.retire()

    def wait(self, timeout: float | None) -> tuple[bool, str] | None:
        """Wait until it has come to its end: whether that was as it should be, and how it came to it."""
        return self._core.wait(timeout)

    def stop(self) -> int:
        """End it at once; return how many of its threads are held by tasks."""
        _clients.remove_worker(self)
        n_held = self._core.stop()
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
