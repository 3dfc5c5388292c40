"""What starts workers while tasks wait, and retires those that have nothing to do."""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from raskt.units import parse_timedelta

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from raskt.distributed.deploy.cluster import Cluster

__all__ = ["Adaptive"]


class Adaptive:
    """Starts workers while tasks wait, and retires those that have nothing to do.

    `Cluster.adapt` makes one. A class that derives from it may override `target` and `workers_to_close`.

    Parameters
    ----------
    cluster : Cluster
        Whose workers.
    interval : float or str, default "500 ms"
        How often it looks.
    minimum, maximum : int
        The least and the most workers.
    wait_count : int, default 3
        How often in a row there must be too many workers before some are retired.
    target_duration : float or str, optional
        Within what time what could run now is to be done: ``"5 s"``. Then there are as many workers as that
        takes, by how long tasks of the same functions took; where none has ended, 10 ms, or as long as one
        runs already. Left out, each task gets a thread.
    worker_key : callable, optional
        What tells of a worker to which group it belongs: groups are retired as a whole. It gets an object
        with the attributes ``address``, ``name``, ``host``, ``pid``, ``nthreads``, ``memory_limit``,
        ``resources``, ``nbytes``: ``lambda worker: worker.host``.

    Examples
    --------
    >>> from raskt.distributed import Adaptive, LocalCluster
    >>> class Twice(Adaptive):
    ...     async def target(self):
    ...         return 2 * await super().target()
    >>> with LocalCluster(n_workers=0, processes=False) as cluster:
    ...     adaptive = cluster.adapt(Twice, minimum=1, interval="10 ms")
    ...     cluster.wait_for_workers(1)
    ...     adaptive.maximum
    inf
    """

    def __init__(
        self,
        cluster: Cluster,
        interval: float | str | None = None,
        minimum: int | None = None,
        maximum: float | None = None,
        wait_count: int | None = None,
        target_duration: float | str | None = None,
        worker_key: Callable[[Any], Hashable] | None = None,
    ) -> None:
        if worker_key is not None and not callable(worker_key):
            raise TypeError(f"worker_key is a function of a worker, found {worker_key!r}")
        #: Within how many seconds what could run is to be done; None where each task gets a thread.
        self.target_duration = None if target_duration is None else parse_timedelta(target_duration)
        if self.target_duration is not None and self.target_duration <= 0:
            raise ValueError(f"target_duration={target_duration!r}: give more than 0 seconds")
        #: What tells to which group a worker belongs.
        self.worker_key = worker_key
        #: The least and the most workers.
        self.minimum = 0 if minimum is None else minimum
        self.maximum = math.inf if maximum is None else maximum
        if not 0 <= self.minimum <= self.maximum:
            raise ValueError(
                f"minimum={self.minimum} and maximum={self.maximum}: give 0 <= minimum <= maximum"
            )
        #: How often it looks, in seconds.
        self.interval = 0.5 if interval is None else float(parse_timedelta(interval) or 0)
        #: How often in a row there must be too many workers.
        self.wait_count = 3 if wait_count is None else wait_count
        self._n_too_many = 0
        self._cluster = weakref.ref(cluster)
        self._looking = cluster._looping().begin(_look(weakref.ref(self), self._cluster))

    @property
    def cluster(self) -> Cluster:
        """Whose workers."""
        found = self._cluster()
        if found is None:
            raise RuntimeError("the cluster is not there any more")
        return found

    @property
    def plan(self) -> set[str]:
        """The names of the workers that there are to be."""
        return self.cluster.plan

    @property
    def requested(self) -> set[str]:
        """The names of the workers that were started."""
        return self.cluster.requested

    @property
    def observed(self) -> set[str]:
        """The names of the workers that are there."""
        return self.cluster.observed

    async def target(self) -> int:
        """Return how many workers the work would keep busy, or be done by in `target_duration`."""
        cluster = self.cluster
        load = await asyncio.to_thread(cluster._asked.load)
        n_tasks = load["n_queued"] + load["n_processing"]
        n_threads = cluster._shape[0]
        if not n_threads:
            there = await asyncio.to_thread(cluster._there)
            n_threads = max((worker["n_threads"] for worker in there), default=1)
        n_busy = n_tasks
        if self.target_duration is not None:
            n_busy = min(n_tasks, math.ceil(load["busy_us"] / 1e6 / self.target_duration))
        # Values live somewhere.
        n_needed: int = math.ceil(n_busy / n_threads)
        return max(n_needed, 1 if load["n_in_memory"] or n_tasks else 0)

    async def safe_target(self) -> int:
        """Return `target` between `minimum` and `maximum`."""
        return int(min(max(await self.target(), self.minimum), self.maximum))

    async def workers_to_close(self, target: int) -> list[str]:
        """Return the names of the workers that are least missed when `target` stay.

        Parameters
        ----------
        target : int
            How many stay.
        """
        return await asyncio.to_thread(self._workers_to_close, target)

    def _workers_to_close(self, target: int) -> list[str]:
        cluster = self.cluster
        n_all = len(self.plan)
        if self.worker_key is None:
            return cluster._least(n_all - target)
        group_of = {worker["name"]: self.worker_key(_described(worker)) for worker in cluster._there()}
        order = cluster._least(n_all)
        groups: dict[Any, list[str]] = {}
        for name in order:
            # Of one that has not come nothing is known.
            groups.setdefault(("group", group_of[name]) if name in group_of else name, []).append(name)
        found: list[str] = []
        # A group is missed as much as the worker of it that is missed most.
        for names in sorted(groups.values(), key=lambda names: order.index(names[-1])):
            if len(found) + len(names) <= n_all - target:
                found += names
        return found

    async def recommendations(self, target: int) -> dict[str, Any]:
        """Return what is to be done for `target` workers.

        Parameters
        ----------
        target : int
            How many there are to be.

        Returns
        -------
        dict
            ``"status"`` is ``"up"``, with ``"n"``, ``"down"``, with ``"workers"``, or ``"same"``.
        """
        n_more = target - len(await asyncio.to_thread(lambda: self.plan))
        self._n_too_many = self._n_too_many + 1 if n_more < 0 else 0
        if n_more > 0:
            return {"status": "up", "n": target}
        if self._n_too_many and self._n_too_many >= self.wait_count:
            self._n_too_many = 0
            if workers := await self.workers_to_close(target=target):
                return {"status": "down", "workers": workers}
        return {"status": "same"}

    async def scale_up(self, n: int) -> None:
        """Have `n` workers.

        Parameters
        ----------
        n : int
            How many.
        """
        await _awaited(await asyncio.to_thread(self.cluster.scale_up, n))

    async def scale_down(self, workers: Iterable[str]) -> None:
        """Have workers end.

        Parameters
        ----------
        workers : list of str
            Their names.
        """
        await _awaited(await asyncio.to_thread(self.cluster.scale_down, workers))

    async def adapt(self) -> None:
        """Look once, and start or retire workers."""
        recommended = await self.recommendations(await self.safe_target())
        status = recommended.pop("status")
        if status != "same":
            await (self.scale_up if status == "up" else self.scale_down)(**recommended)

    def stop(self) -> None:
        """Leave the workers as they are from now on."""
        self._looking.cancel()


def _described(worker: dict[str, Any]) -> SimpleNamespace:
    """A worker as functions of users see it."""
    return SimpleNamespace(
        address=worker["address"],
        name=worker["name"],
        host=worker["host"],
        pid=worker["pid"],
        nthreads=worker["n_threads"],
        memory_limit=worker["memory_bytes"],
        resources=worker["resources"],
        nbytes=worker["held_bytes"],
    )


async def _look(adaptive: weakref.ref[Adaptive], cluster: weakref.ref[Cluster]) -> None:
    while True:
        looked, looked_after = adaptive(), cluster()
        if looked is None or looked_after is None:
            return
        try:
            await looked.adapt()
        except Exception:
            # Between two looks the scheduler may have ended.
            if looked_after._is_closed or looked_after._asked.wait(0) is not None:
                return
            print(f"error: {looked_after!r} is not adapted:", file=sys.stderr)
            sys.excepthook(*sys.exc_info())
        interval = looked.interval
        del looked, looked_after
        await asyncio.sleep(interval)


async def _awaited(found: Any) -> None:
    if inspect.isawaitable(found):
        await found
