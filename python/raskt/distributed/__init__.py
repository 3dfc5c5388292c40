"""Clusters: a scheduler, workers on any number of machines, and clients.

The names are those of Dask's ``distributed``.
"""

from __future__ import annotations

from raskt._lazy import finder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from raskt.distributed._equipment import NannyPlugin, SchedulerPlugin, WorkerPlugin
    from raskt.distributed._status import Status
    from raskt.distributed.actor import Actor, ActorFuture
    from raskt.distributed.client import Client, default_client, get_client
    from raskt.distributed.deploy.adaptive import Adaptive
    from raskt.distributed.deploy.cluster import Cluster
    from raskt.distributed.deploy.local import LocalCluster
    from raskt.distributed.deploy.spec import SpecCluster
    from raskt.distributed.deploy.ssh import SSHCluster
    from raskt.distributed.diagnostics.plugin import (
        CondaInstall,
        Environ,
        InstallPlugin,
        PipInstall,
        UploadDirectory,
        UploadFile,
    )
    from raskt.distributed.exceptions import (
        CancelledError,
        DataLostError,
        KilledWorker,
        Reschedule,
        TimeoutError,  # noqa: A004 - Dask's name
    )
    from raskt.distributed.executor import ClientExecutor
    from raskt.distributed.forwarding import print, warn  # noqa: A004 - Dask's name
    from raskt.distributed.future import Future, fire_and_forget, futures_of
    from raskt.distributed.inside import local_client, rejoin, secede, worker_client
    from raskt.distributed.locks import Event, Lock, MultiLock, Semaphore
    from raskt.distributed.nanny import Nanny
    from raskt.distributed.process import ProcessInterface
    from raskt.distributed.progress import progress
    from raskt.distributed.queues import Pub, Queue, Sub, Variable
    from raskt.distributed.reports import get_task_stream, performance_report
    from raskt.distributed.scheduler import Scheduler
    from raskt.distributed.security import Security
    from raskt.distributed.spans import span
    from raskt.distributed.waiting import as_completed, wait
    from raskt.distributed.worker import Worker, get_worker

__all__ = [
    "Actor",
    "ActorFuture",
    "Adaptive",
    "CancelledError",
    "Client",
    "ClientExecutor",
    "Cluster",
    "CondaInstall",
    "DataLostError",
    "Environ",
    "Event",
    "Future",
    "InstallPlugin",
    "KilledWorker",
    "LocalCluster",
    "Lock",
    "MultiLock",
    "Nanny",
    "NannyPlugin",
    "PipInstall",
    "ProcessInterface",
    "Pub",
    "Queue",
    "Reschedule",
    "SSHCluster",
    "Scheduler",
    "SchedulerPlugin",
    "Security",
    "Semaphore",
    "SpecCluster",
    "Status",
    "Sub",
    "TimeoutError",
    "UploadDirectory",
    "UploadFile",
    "Variable",
    "Worker",
    "WorkerPlugin",
    "as_completed",
    "default_client",
    "fire_and_forget",
    "futures_of",
    "get_client",
    "get_task_stream",
    "get_worker",
    "local_client",
    "performance_report",
    "print",
    "progress",
    "rejoin",
    "secede",
    "span",
    "wait",
    "warn",
    "worker_client",
]

# A worker needs few of them, and is to be there soon.
__getattr__ = finder(
    __name__,
    {
        "Actor": "raskt.distributed.actor",
        "ActorFuture": "raskt.distributed.actor",
        "Adaptive": "raskt.distributed.deploy.adaptive",
        "CancelledError": "raskt.distributed.exceptions",
        "Client": "raskt.distributed.client",
        "ClientExecutor": "raskt.distributed.executor",
        "Cluster": "raskt.distributed.deploy.cluster",
        "CondaInstall": "raskt.distributed.diagnostics.plugin",
        "DataLostError": "raskt.distributed.exceptions",
        "Environ": "raskt.distributed.diagnostics.plugin",
        "Event": "raskt.distributed.locks",
        "Future": "raskt.distributed.future",
        "InstallPlugin": "raskt.distributed.diagnostics.plugin",
        "KilledWorker": "raskt.distributed.exceptions",
        "Reschedule": "raskt.distributed.exceptions",
        "LocalCluster": "raskt.distributed.deploy.local",
        "Lock": "raskt.distributed.locks",
        "MultiLock": "raskt.distributed.locks",
        "Nanny": "raskt.distributed.nanny",
        "ProcessInterface": "raskt.distributed.process",
        "SSHCluster": "raskt.distributed.deploy.ssh",
        "Scheduler": "raskt.distributed.scheduler",
        "NannyPlugin": "raskt.distributed._equipment",
        "PipInstall": "raskt.distributed.diagnostics.plugin",
        "Pub": "raskt.distributed.queues",
        "Queue": "raskt.distributed.queues",
        "SchedulerPlugin": "raskt.distributed._equipment",
        "Security": "raskt.distributed.security",
        "Semaphore": "raskt.distributed.locks",
        "SpecCluster": "raskt.distributed.deploy.spec",
        "Status": "raskt.distributed._status",
        "Sub": "raskt.distributed.queues",
        "TimeoutError": "raskt.distributed.exceptions",
        "UploadDirectory": "raskt.distributed.diagnostics.plugin",
        "UploadFile": "raskt.distributed.diagnostics.plugin",
        "Variable": "raskt.distributed.queues",
        "WorkerPlugin": "raskt.distributed._equipment",
        "Worker": "raskt.distributed.worker",
        "as_completed": "raskt.distributed.waiting",
        "default_client": "raskt.distributed.client",
        "fire_and_forget": "raskt.distributed.future",
        "futures_of": "raskt.distributed.future",
        "get_client": "raskt.distributed.client",
        "get_task_stream": "raskt.distributed.reports",
        "get_worker": "raskt.distributed.worker",
        "performance_report": "raskt.distributed.reports",
        "local_client": "raskt.distributed.inside",
        "print": "raskt.distributed.forwarding",
        "progress": "raskt.distributed.progress",
        "rejoin": "raskt.distributed.inside",
        "secede": "raskt.distributed.inside",
        "span": "raskt.distributed.spans",
        "warn": "raskt.distributed.forwarding",
        "wait": "raskt.distributed.waiting",
        "worker_client": "raskt.distributed.inside",
    },
)
