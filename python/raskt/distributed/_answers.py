"""What the scheduler says of the cluster, in the form that Dask's users know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from raskt._html import card, table
from raskt.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SchedulerInfo", "by_number", "chosen", "described", "key_of", "scheduler_info", "workers_of"]


_BLOCK = re.compile(r"\('([^'\\]+)', (\d+(?:, \d+)*)\)")


def key_of(text: str) -> Any:
    """Return the key that the scheduler writes as ``text``: those of blocks are tuples.

    Examples
    --------
    >>> from raskt.distributed._answers import key_of
    >>> key_of("('x', 1, 0)"), key_of("inc-1")
    (('x', 1, 0), 'inc-1')
    """
    block = _BLOCK.fullmatch(text)
    return text if block is None else (block[1], *map(int, block[2].split(", ")))


def by_number(workers: Iterable[dict[str, Any]]) -> dict[int, str]:
    """Return the addresses of workers by their numbers."""
    return {worker["id"]: worker["address"] for worker in workers}


def chosen(workers: list[dict[str, Any]], names: Iterable[str] | str | None) -> list[dict[str, Any]]:
    """Return the workers of such addresses, names or hosts; all where none are asked for.

    Raises
    ------
    ValueError
        For one that is not there.
    """
    if names is None:
        return workers
    wanted = [names] if isinstance(names, str) else list(names)
    found: list[dict[str, Any]] = []
    for name in wanted:
        of_name = [w for w in workers if str(name) in (w["address"], w["name"], w["host"])]
        if not of_name:
            there = ", ".join(w["address"] for w in workers) or "none"
            raise ValueError(f"there is no worker {name!r}; there are: {there}")
        found.extend(w for w in of_name if w not in found)
    return found


def described(worker: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a worker under Dask's names."""
    return {
        "type": "Worker",
        "id": worker["name"],
        "name": worker["name"],
        "host": worker["host"],
        "pid": worker.get("pid"),
        "nthreads": worker["n_threads"],
        "memory_limit": worker.get("memory_bytes"),
        "resources": worker.get("resources", {}),
        "status": "closing_gracefully" if worker.get("is_retiring") else "running",
        "metrics": {
            "executing": worker.get("n_running", 0),
            "ready": worker.get("n_waiting", 0),
            "in_memory": worker.get("n_values", 0),
            "managed_bytes": worker.get("held_bytes", 0),
            "spilled_bytes": worker.get("spilled_bytes", 0),
            "memory": worker.get("process_bytes", 0),
            "cpu": worker.get("cpu_percent", 0),
        },
    }


def scheduler_info(scheduler: str, address: str, workers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what `Client.scheduler_info` returns."""
    told = {
        "type": "Scheduler",
        "id": scheduler,
        "address": address,
        "n_workers": len(workers),
        "total_threads": sum(worker["n_threads"] for worker in workers),
        "total_memory": sum(worker.get("memory_bytes", 0) for worker in workers),
        "workers": {worker["address"]: described(worker) for worker in workers},
    }
    return SchedulerInfo(told, rows=workers_of(workers))


class SchedulerInfo(dict[str, Any]):
    """What `Client.scheduler_info` returns: a dictionary that notebooks show as a table."""

    def __init__(self, told: dict[str, Any], rows: str = "") -> None:
        super().__init__(told)
        self._rows = rows

    def __reduce__(self) -> Any:
        return dict, (dict(self),)

    def _repr_html_(self) -> str:
        facts = [
            ("workers", f"{self['n_workers']:,} with {self['total_threads']:,} threads"),
            ("memory", format_bytes(self["total_memory"]) if self["total_memory"] else "no limit"),
        ]
        return card("Scheduler", self["address"], facts, self._rows)


def workers_of(workers: list[dict[str, Any]]) -> str:
    """Return what is known of workers, as a table of HTML."""
    head = ["worker", "address", "threads", "memory", "running", "results"]
    rows = (
        (
            worker["name"],
            worker["address"],
            worker["n_threads"],
            format_bytes(worker["memory_bytes"]) if worker.get("memory_bytes") else "no limit",
            worker.get("n_running", 0),
            format_bytes(worker.get("held_bytes", 0)),
        )
        for worker in workers
    )
    return table(head, rows)
