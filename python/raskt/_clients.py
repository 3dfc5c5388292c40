"""The clients of clusters that computations use where nobody says otherwise."""

from __future__ import annotations

import threading
from contextvars import ContextVar

from raskt import _raskt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["active", "add_worker", "forget", "here", "home", "make_default", "remove_worker"]

current: ContextVar[Any] = ContextVar("raskt_client", default=None)
"""The client of this context: see `raskt.distributed.Client.as_current`."""

_defaults: list[Any] = []
_workers: dict[str, Any] = {}
starting = threading.Lock()
"""Held while a worker starts: it may run tasks before it is known here."""


def make_default(client: Any) -> None:
    """Make ``client`` the one that is used where no other is current; the last that was made so counts."""
    forget(client)
    _defaults.append(client)


def forget(client: Any) -> None:
    """Use ``client`` no more."""
    _defaults[:] = [other for other in _defaults if other is not client]


def active() -> Any:
    """Return the client in force; None where there is none.

    That is the one of ``with client.as_current():``; else, in a task, its worker's; else the last one that
    was made; else, in a process that has a worker, that worker's: threads that a task starts use it.
    """
    client = current.get()
    if client is not None:
        return client
    worker = working_for()
    if worker is not None:
        return worker.client
    for client in reversed(_defaults):
        if client.status == "running":
            return client
    worker = here()
    return None if worker is None else worker.client


def home() -> Any:
    """Return the module of clients. Workers and futures stand below it, and have clients of their own."""
    import importlib

    return importlib.import_module("raskt.distributed.client")


def every() -> list[Any]:
    """Return all clients that are used by default."""
    return list(_defaults)


def add_worker(worker: Any) -> None:
    """Have tasks find their worker."""
    _workers[worker.address] = worker


def remove_worker(worker: Any) -> None:
    """A worker has ended."""
    _workers.pop(worker.address, None)


def working_for() -> Any:
    """Return the worker whose task the calling thread runs; None where it runs none."""
    work = _raskt.cluster_work()
    if work is None:
        return None
    worker = _workers.get(work[0])
    if worker is None:
        with starting:
            worker = _workers.get(work[0])
    return worker


def here() -> Any:
    """Return the worker whose task the calling thread runs, or else the one whose process this is."""
    worker = working_for()
    if worker is not None:
        return worker
    return next((worker for worker in _workers.values() if worker.has_process), None)
