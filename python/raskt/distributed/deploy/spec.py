"""Clusters of jobs of any kind: processes, threads, jobs of batch systems, programs on other hosts."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import contextlib
import importlib
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config
from raskt.distributed._status import Status
from raskt.distributed.deploy.cluster import Cluster, close_all
from raskt.distributed.nanny import Nanny
from raskt.distributed.process import ProcessInterface
from raskt.distributed.scheduler import Scheduler
from raskt.distributed.security import certificates_of
from raskt.distributed.worker import Worker
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
    from typing import Self

    from raskt.distributed.security import Certificates, Security

__all__ = ["ProcessInterface", "SpecCluster"]

#: How often it is looked whether jobs have lost their workers, and whether workers that end have gone.
_LOOK_SECONDS, _LOOK_AGAIN_SECONDS = 0.5, 0.05
#: A scheduler elsewhere that takes longer to end is left, and its jobs are closed.
_CLOSE_SECONDS = 10.0
_N_LINES_MAX = 10_000


class SpecCluster(Cluster):
    """A cluster of a scheduler and jobs that bring workers, each an object with ``start`` and ``close``.

    Classes for batch systems and clouds derive from it, and their jobs from `ProcessInterface`. Jobs are
    started and closed as coroutines on a thread of the cluster.

    Parameters
    ----------
    workers : dict, optional
        By names what workers there are from the start: ``{"cls": class, "options": {...}}``. A class is
        called with the address of the scheduler, ``name=`` and the options. A job that brings several
        workers has ``"group": ["-0", "-1"]``: what their names have behind that of the job.
    scheduler : dict, optional
        Likewise for the scheduler, which gets no address. Default: a `Scheduler` in this process.
    worker : dict, optional
        Likewise for workers that `scale` and `adapt` start.
    asynchronous : bool, default False
        Whether the cluster is used with ``await`` and ``async with``, which start it.
    loop : optional
        Taken for Dask's sake: a cluster has its own.
    security : Security or bool, optional
        Certificates, for ``tls://``; True for `Security.temporary`.
    silence_logs : optional
        Taken for Dask's sake.
    name : str, optional
        What it is called.
    shutdown_on_close : bool, default True
        Whether `close` ends the jobs; False leaves them, and their scheduler, as they are.
    scheduler_sync_interval : optional
        Taken for Dask's sake: nothing is copied from the scheduler.
    shutdown_scheduler : bool, default True
        Whether `close` ends the scheduler.

    Attributes
    ----------
    worker_spec : dict
        What jobs there are to be, by their names.
    new_spec : dict or None
        What a new job is.
    scheduler : object
        The object of the scheduler.

    Examples
    --------
    >>> from raskt.distributed import Nanny, SpecCluster, Worker
    >>> thread = {"cls": Worker, "options": {"nthreads": 1}}
    >>> process = {"cls": Nanny, "options": {"nthreads": 1, "resources": {"GPU": 1}}}
    >>> with SpecCluster({"small": thread, "large": process}, worker=thread) as cluster:
    ...     cluster.scale(3)
    ...     cluster.wait_for_workers(3)
    ...     sorted(cluster.workers, key=str)
    [0, 'large', 'small']
    """

    #: A job whose workers have not been there for so many seconds is closed, and another one takes its place.
    lost_after_seconds = 15.0

    def __init__(
        self,
        workers: Mapping[Any, dict[str, Any]] | None = None,
        scheduler: dict[str, Any] | None = None,
        worker: dict[str, Any] | None = None,
        asynchronous: bool = False,
        loop: Any = None,  # noqa: ARG002 - programs for Dask give it
        security: Security | bool | None = None,
        silence_logs: Any = None,  # noqa: ARG002
        name: str | None = None,
        shutdown_on_close: bool = True,
        scheduler_sync_interval: Any = None,  # noqa: ARG002
        shutdown_scheduler: bool = True,
    ) -> None:
        super().__init__(name, asynchronous, security)
        self.scheduler_spec = dict(scheduler or {"cls": Scheduler, "options": {}})
        self.worker_spec: dict[Any, dict[str, Any]] = dict(workers or {})
        self.new_spec = worker
        self.shutdown_on_close = shutdown_on_close
        self.shutdown_scheduler = shutdown_scheduler
        self._elsewhere: _Elsewhere | None = None
        self._n_new = 0
        # Guards what there is to be: `scale` is called on any thread.
        self._lock = threading.RLock()
        self._jobs: dict[Any, _Job] = {}
        self._endings: dict[asyncio.Task[None], _Job] = {}
        self._correcting = asyncio.Lock()
        self._watching: concurrent.futures.Future[None] | None = None
        self._lines: deque[str] = deque(maxlen=_N_LINES_MAX)
        self._failures: deque[str] = deque(maxlen=_N_LINES_MAX)
        if not asynchronous:
            self._begin()

    # Start.

    def _begin(self) -> None:
        """Start the scheduler and the jobs; once."""
        with self._lock:
            if self.status != Status.created:
                return
            self.status = Status.starting
        try:
            self._looping().run(self._start())
        except BaseException:
            self._close(0.0)
            raise

    async def _start(self) -> None:
        options = dict(self.scheduler_spec.get("options", {}))
        cls = _class_of(self.scheduler_spec["cls"])
        if _is_kind(cls, Scheduler):
            options.setdefault("security", self.security)
            if not any(options.get(key) for key in ("token", "token_file", "security")):
                options["token"] = _raskt.random_token()
        self.scheduler = cls(**options)
        self.scheduler.cluster = self
        await self.scheduler
        if not isinstance(self.scheduler, Scheduler):
            self._elsewhere = await asyncio.to_thread(self._find)
        self.status = Status.running
        await self._correct()
        self._watching = self._looping().begin(self._watch())

    def _find(self) -> _Elsewhere:
        address = self.scheduler_address
        return _Elsewhere(address, self._token, certificates_of(self.security, address, "client"), self.name)

    @property
    def _token(self) -> str:
        return getattr(self.scheduler, "token", None) or ""

    @property
    def _asked(self) -> Any:
        return self.scheduler if isinstance(self.scheduler, Scheduler) else self._elsewhere

    async def _itself(self) -> Self:
        await asyncio.to_thread(self._begin)
        # Who awaits it again waits until jobs are as many as there are to be.
        await asyncio.to_thread(lambda: self._looping().run(self._settled()))
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._itself().__await__()

    def sync(self, func: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> Any:
        """Run a coroutine function where jobs run, for classes that derive from this one.

        Parameters
        ----------
        func : callable
            What returns a coroutine.
        *args, **kwargs
            What it gets.

        Returns
        -------
        object
            What it returns, or an awaitable of that where the cluster is asynchronous.
        """
        return self._sync(lambda: self._looping().run(func(*args, **kwargs)))

    # What there is to be.

    @property
    def plan(self) -> set[str]:
        """The names of the workers that there are to be."""
        with self._lock:
            return {name for job, spec in self.worker_spec.items() for name in _names(job, spec)}

    @property
    def requested(self) -> set[str]:
        """The names of the workers whose jobs were started."""
        return {name for job in list(self._jobs.values()) for name in job.names}

    @property
    def _shape(self) -> tuple[int | None, int | None]:
        options = (self.new_spec or {}).get("options", {})
        limit = options.get("memory_limit")
        n_workers = len((self.new_spec or {}).get("group", [""]))
        is_known = limit not in (None, "auto", 0) and not (isinstance(limit, float) and limit <= 1)
        threads = options.get("nthreads")
        return threads, parse_bytes(limit) // n_workers if is_known else None

    def _new_worker_name(self, worker_number: int) -> Any:
        """Return what the next job is called; classes that derive from this one may say otherwise."""
        return worker_number

    def new_worker_spec(self) -> dict[Any, dict[str, Any]]:
        """Return name and kind of the next job, as a dict of one.

        Raises
        ------
        ValueError
            Where nobody has said what new workers are.
        """
        if self.new_spec is None:
            raise ValueError("what are new workers? Give worker={'cls': ..., 'options': {...}}")
        with self._lock:
            while (name := self._new_worker_name(self._n_new)) in self.worker_spec or name in self._jobs:
                self._n_new += 1
            self._n_new += 1
        return {name: self.new_spec}

    def _grow(self, n: int) -> None:
        with self._lock:
            n_all = len(self.plan) + n
            while len(self.plan) < n_all:
                self.worker_spec.update(self.new_worker_spec())
        self._correct_soon()

    def scale_down(self, workers: Iterable[str]) -> None:
        """Have jobs end all of whose workers are named; their workers give what they hold to others before.

        Parameters
        ----------
        workers : list of str
            Names of workers.
        """
        names = {str(name) for name in workers}
        with self._lock:
            for job, spec in list(self.worker_spec.items()):
                if names.issuperset(_names(job, spec)):
                    del self.worker_spec[job]
        self._correct_soon()

    def _least(self, n: int) -> list[str]:
        """The names of the workers of jobs that are least missed, at most `n` together."""
        order = {name: at for at, name in enumerate(super()._least(len(self.plan)))}
        with self._lock:
            groups = [_names(job, spec) for job, spec in self.worker_spec.items()]
        found: list[str] = []
        for group in sorted(groups, key=lambda group: max(order.get(name, 0) for name in group)):
            if len(found) + len(group) <= n:
                found += group
        return found

    # What there is.

    @property
    def workers(self) -> dict[Any, Any]:
        """The jobs that there are, by their names."""
        return {name: job.process for name, job in list(self._jobs.items())}

    def _correct_soon(self) -> None:
        if self.status == Status.running:
            self._looping().begin(self._correct_and_say())

    async def _correct_and_say(self) -> None:
        # What does not start is in the logs, and said by whoever waits for workers.
        with contextlib.suppress(Exception):
            await self._correct()

    async def _settled(self) -> None:
        await self._correct()
        await asyncio.gather(*self._endings)

    async def _correct(self) -> None:
        """Close the jobs that there are not to be, and start those that are missing."""
        async with self._correcting:
            with self._lock:
                wanted = dict(self.worker_spec)
            for name in set(self._jobs) - set(wanted):
                self._end_soon(name, self._jobs.pop(name))
            missing = [name for name in wanted if name not in self._jobs]
            starts = (self._start_job(name, wanted[name]) for name in missing)
            outcomes = await asyncio.gather(*starts, return_exceptions=True)
            errors = [error for error in outcomes if error is not None]
            for name, error in zip(missing, outcomes, strict=True):
                if error is not None:
                    self._failures.append(f"job {name}: {type(error).__name__}: {error}")
                    self._say(f"job {name} does not start: {type(error).__name__}: {error}")
                    self._forget(name)
            if errors:
                raise errors[0]

    async def _start_job(self, name: Any, spec: dict[str, Any]) -> None:
        cls, options = _class_of(spec["cls"]), {"name": name, **spec.get("options", {})}
        if _is_kind(cls, (Nanny, Worker)):
            options = {"token": self._token, "security": self.security, **options}
        process = cls(self.scheduler_address, **options)
        process.cluster = self
        self._jobs[name] = _Job(process, _names(name, spec))
        await process
        self._say(f"job {name} is started")

    def _forget(self, name: Any) -> None:
        with self._lock:
            self.worker_spec.pop(name, None)
        self._jobs.pop(name, None)

    def _end_soon(self, name: Any, job: _Job) -> None:
        task = asyncio.ensure_future(self._end_job(name, job))
        self._endings[task] = job
        task.add_done_callback(self._endings.pop)

    async def _end_job(self, name: Any, job: _Job) -> None:
        """Close a job when its workers have given what they hold to others."""
        is_asked = False
        while mine := [each for each in await asyncio.to_thread(self._there) if each["name"] in job.names]:
            staying = [worker["name"] for worker in mine if not worker["is_retiring"]]
            if is_asked and staying:
                # Nobody else is there who could take it.
                break
            if staying:
                is_asked = True
                with contextlib.suppress(OSError, ValueError):
                    # One that has gone by itself needs nothing, nor do all when their scheduler has gone.
                    await asyncio.to_thread(self._asked.retire, staying)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        await self._close_job(name, job)

    async def _close_job(self, name: Any, job: _Job, **kwargs: Any) -> None:
        try:
            await job.process.close(**kwargs)
        except Exception as error:
            self._say(f"job {name} is not closed: {type(error).__name__}: {error}")
            print(f"error: job {name} of {self.name} is not closed:", file=sys.stderr)
            sys.excepthook(*sys.exc_info())
        else:
            self._say(f"job {name} is closed")

    def _say(self, text: str) -> None:
        self._lines.append(f"{time.strftime('%Y-%m-%d %H:%M:%S')} - {text}")

    def _said(self) -> list[str]:
        return list(self._lines)

    def _deaths(self) -> tuple[bool, list[str]]:
        return bool(self._failures) and not self.plan, list(self._failures)

    # Jobs that end by themselves.

    async def _watch(self) -> None:
        """Drop jobs that have ended; have others take the place of those that have lost their workers."""
        while await asyncio.to_thread(self._asked.wait, 0) is None:
            there = {worker["name"] for worker in await asyncio.to_thread(self._there)}
            for name, job in list(self._jobs.items()):
                is_over = job.process.status in (Status.closed, Status.failed)
                if not is_over and not job.is_lost(there, self.lost_after_seconds):
                    continue
                self._say(f"job {name} has {'ended' if is_over else 'lost its workers'}")
                self._end_soon(name, self._jobs.pop(name))
                if is_over:
                    self._forget(name)
                else:
                    self._correct_soon()
            await asyncio.sleep(_LOOK_SECONDS)

    # End.

    def _end(self, timeout: float) -> None:
        self._looping().run(self._end_all(timeout))
        if self._elsewhere is not None:
            self._elsewhere.close()

    async def _end_all(self, timeout: float) -> None:
        if self._watching is not None:
            self._watching.cancel()
        jobs = [*self._jobs.items(), *((None, job) for job in self._endings.values())]
        for task in list(self._endings):
            task.cancel()
        self._jobs.clear()
        if not self.shutdown_on_close:
            return
        # Workers that their scheduler tells to end do so at once; what is left of jobs is closed then.
        if self.scheduler is not None and self.shutdown_scheduler:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.scheduler.close(), _CLOSE_SECONDS)
        nannies = {"timeout": timeout}
        await asyncio.gather(
            *(
                self._close_job(name, job, **nannies if isinstance(job.process, Nanny) else {})
                for name, job in jobs
            )
        )


class _Job:
    """A job that was started.

    Parameters
    ----------
    process : ProcessInterface
        Its object.
    names : list of str
        The names of its workers.
    """

    def __init__(self, process: Any, names: list[str]) -> None:
        self.process = process
        self.names = frozenset(names)
        #: Whether one of its workers has been there.
        self.has_joined = False
        self._absent_since: float | None = None

    def is_lost(self, there: set[str], patience: float) -> bool:
        """Return whether none of its workers has been there for so long, after one had been."""
        if self.names & there:
            self.has_joined, self._absent_since = True, None
        if not self.has_joined or self.names & there:
            return False
        now = time.monotonic()
        if self._absent_since is None:
            self._absent_since = now
        return now - self._absent_since >= patience


class _Elsewhere:
    """A scheduler in another process, as far as a cluster asks it.

    Parameters
    ----------
    address, token, tls
        Where it is, and how one is let in.
    name : str
        What the cluster calls itself there.
    """

    def __init__(self, address: str, token: str, tls: Certificates | None, name: str) -> None:
        self._core = _raskt.ClusterClient(
            address, token, name, config.resolve("cluster.connect-timeout"), tls
        )

    def workers(self) -> list[dict[str, Any]]:
        """Return what is known of each worker."""
        return self._core.workers()

    def load(self) -> dict[str, int]:
        """Return how many tasks are in which state, and how many clients there are."""
        return self._core.load()

    def retire(self, names: list[str]) -> None:
        """Have workers give what they hold to others, and end."""
        self._core.retire(names)

    def wait(self, timeout: float | None) -> str | None:
        """Return why the connection has ended, or None where it has not."""
        del timeout
        return self._core.closed

    def close(self) -> None:
        """End the connection."""
        self._core.close()


def _names(job: Any, spec: Mapping[str, Any]) -> list[str]:
    """Return the names of the workers that a job brings."""
    return [f"{job}{suffix}" for suffix in spec.get("group", [""])]


def _class_of(cls: Any) -> Any:
    """Return a class that may be said by its place: ``"raskt.distributed.Nanny"``."""
    if not isinstance(cls, str):
        return cls
    module, _, name = cls.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _is_kind(cls: Any, kinds: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, kinds)


# When functions of `atexit` run no threads can be started any more, and jobs need some to be closed.
threading._register_atexit(close_all)  # type: ignore[attr-defined]
