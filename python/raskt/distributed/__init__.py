"""Clusters: a scheduler, workers on any number of machines, and clients.

The names are those of Dask's ``distributed``.
"""

from __future__ import annotations

from raskt._lazy import finder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raskt.distributed._equipment import NannyPlugin, SchedulerPlugin, WorkerPlugin
    from raskt.distributed.client import Client, default_client, get_client
    from raskt.distributed.exceptions import (
        CancelledError,
        DataLostError,
        KilledWorker,
        TimeoutError,  # noqa: A004 - Dask's name
    )
    from raskt.distributed.executor import ClientExecutor
    from raskt.distributed.future import Future, fire_and_forget, futures_of
    from raskt.distributed.local import Adaptive, LocalCluster
    from raskt.distributed.locks import Event, Lock, MultiLock, Semaphore
    from raskt.distributed.queues import Pub, Queue, Sub, Variable
    from raskt.distributed.waiting import as_completed, wait

__all__ = [
    "Adaptive",
    "CancelledError",
    "Client",
    "ClientExecutor",
    "DataLostError",
    "Event",
    "Future",
    "KilledWorker",
    "LocalCluster",
    "Lock",
    "MultiLock",
    "NannyPlugin",
    "Pub",
    "Queue",
    "SchedulerPlugin",
    "Semaphore",
    "Sub",
    "TimeoutError",
    "Variable",
    "WorkerPlugin",
    "as_completed",
    "default_client",
    "fire_and_forget",
    "futures_of",
    "get_client",
    "wait",
]

# A worker needs few of them, and is to be there soon.
__getattr__ = finder(
    __name__,
    {
        "Adaptive": "raskt.distributed.local",
        "CancelledError": "raskt.distributed.exceptions",
        "Client": "raskt.distributed.client",
        "ClientExecutor": "raskt.distributed.executor",
        "DataLostError": "raskt.distributed.exceptions",
        "Event": "raskt.distributed.locks",
        "Future": "raskt.distributed.future",
        "KilledWorker": "raskt.distributed.exceptions",
        "LocalCluster": "raskt.distributed.local",
        "Lock": "raskt.distributed.locks",
        "MultiLock": "raskt.distributed.locks",
        "NannyPlugin": "raskt.distributed._equipment",
        "Pub": "raskt.distributed.queues",
        "Queue": "raskt.distributed.queues",
        "SchedulerPlugin": "raskt.distributed._equipment",
        "Semaphore": "raskt.distributed.locks",
        "Sub": "raskt.distributed.queues",
        "TimeoutError": "raskt.distributed.exceptions",
        "Variable": "raskt.distributed.queues",
        "WorkerPlugin": "raskt.distributed._equipment",
        "as_completed": "raskt.distributed.waiting",
        "default_client": "raskt.distributed.client",
        "fire_and_forget": "raskt.distributed.future",
        "futures_of": "raskt.distributed.future",
        "get_client": "raskt.distributed.client",
        "wait": "raskt.distributed.waiting",
    },
)
