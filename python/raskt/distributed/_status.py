"""In which state parts of a cluster are, by Dask's names."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Status"]


class Status(StrEnum):
    """In which state a worker is. Members are text, and equal to it.

    Examples
    --------
    >>> from raskt.distributed import Status
    >>> Status.running == "running", Status["closed"]
    (True, <Status.closed: 'closed'>)
    """

    undefined = "undefined"
    created = "created"
    init = "init"
    starting = "starting"
    running = "running"
    paused = "paused"
    stopping = "stopping"
    stopped = "stopped"
    closing = "closing"
    closing_gracefully = "closing_gracefully"
    closed = "closed"
    failed = "failed"
    dont_reply = "dont_reply"
