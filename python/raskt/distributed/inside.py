"""What tasks do with the threads of the worker that runs them."""

from __future__ import annotations

import contextlib

from raskt import _raskt
from raskt.distributed.client import Client, get_client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["local_client", "rejoin", "secede", "worker_client"]


def secede() -> None:
    """Have the worker run another task beside the one that calls this, whose thread does not count any more.

    For tasks that go on for long and do little. Tasks that wait for futures need not ask for it: while they
    wait, the worker runs others.

    Raises
    ------
    ValueError
        If the calling thread runs no task.

    Examples
    --------
    >>> from raskt.distributed import rejoin, secede
    >>> def watch(path):
    ...     secede()
    ...     size = wait_for_file(path)  # takes no thread of the worker
    ...     rejoin()
    ...     return size
    """
    _in_task("secede")
    _raskt.cluster_secede()


def rejoin() -> None:
    """Wait until the worker has a thread for the task that calls this, after `secede`.

    Raises
    ------
    ValueError
        If the calling thread runs no task.

    Examples
    --------
    >>> from raskt.distributed import rejoin, secede
    >>> def watch(path):
    ...     secede()
    ...     size = wait_for_file(path)
    ...     rejoin()
    ...     return size
    """
    _in_task("rejoin")
    _raskt.cluster_rejoin()


def _in_task(name: str) -> None:
    work = _raskt.cluster_work()
    if work is None or work[1] is None:
        raise ValueError(f"{name}() is for tasks that a cluster runs, and for the thread that runs them")


@contextlib.contextmanager
def worker_client(timeout: float | str | None = None, separate_thread: bool = True) -> Iterator[Client]:
    """Give a task the client of its worker; the task's thread does not count inside.

    Parameters
    ----------
    timeout : float or str, optional
        Taken for Dask's sake.
    separate_thread : bool, optional
        Whether the worker runs another task meanwhile: see `secede`.

    Yields
    ------
    Client

    Raises
    ------
    ValueError
        Outside of tasks.

    Examples
    --------
    >>> from raskt.distributed import worker_client
    >>> def fibonacci(n):
    ...     if n < 2:
    ...         return n
    ...     with worker_client() as client:
    ...         return sum(client.gather(client.map(fibonacci, [n - 1, n - 2])))
    """
    del timeout
    _in_task("worker_client")
    client = get_client()
    has_seceded = separate_thread and _raskt.cluster_secede()
    try:
        yield client
    finally:
        if has_seceded:
            _raskt.cluster_rejoin()


#: What `worker_client` was called first.
local_client = worker_client
