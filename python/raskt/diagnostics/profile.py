"""When each task ran, and where."""

# ruff: noqa: ARG002 - a callback is handed everything, whatever it needs
from __future__ import annotations

from array import array
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from raskt._lazy import finder
from raskt.callbacks import Callback
from raskt.diagnostics.charts import tasks_chart
from raskt.diagnostics.page import visualize

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from types import TracebackType
    from typing import Self

    from raskt._run_state import GraphView, RunState
    from raskt.diagnostics.page import ProfilePage

__all__ = ["Profiler", "TaskData"]


class TaskData(NamedTuple):
    """One task that has run; times are those of `time.perf_counter`, in seconds."""

    key: Hashable
    task: Any
    start_time: float
    end_time: float
    worker_id: int


class TaskLog:
    """The tasks of one computation, in columns: 32 bytes a task beside its key."""

    __slots__ = ("dsk", "ends", "keys", "starts", "workers")

    def __init__(self, dsk: GraphView) -> None:
        self.dsk = dsk
        self.keys: list[Hashable] = []
        self.starts = array("d")
        self.ends = array("d")
        self.workers = array("q")

    def append(self, key: Hashable, started: float, ended: float, worker: int) -> None:
        """One more task has ended."""
        self.keys.append(key)
        self.starts.append(started)
        self.ends.append(ended)
        self.workers.append(worker)

    def rows(self) -> Iterator[tuple[Hashable, float, float, int]]:
        """Key, start, end and worker of each task, in the order in which they ended."""
        return zip(self.keys, self.starts, self.ends, self.workers, strict=True)


class Profiler(Callback):
    """Record when each task ran, and on which worker.

    Attributes
    ----------
    results : list of TaskData
        `(key, task, start_time, end_time, worker_id)` of each task that has ended, in the order of their
        starts. It is made when it is asked for; until then a task takes 32 bytes beside its key.
    start_time, end_time : float or None
        When the `with` block began and ended.

    Examples
    --------
    >>> import raskt.threaded
    >>> from raskt.diagnostics import Profiler
    >>> with Profiler() as prof:
    ...     raskt.threaded.get({"x": (abs, -1), "y": (max, "x", 10)}, "y")
    10
    >>> [result.key for result in prof.results]
    ['x', 'y']

    It can also be active for every computation; what it holds then grows until it is cleared.

    >>> prof.register()
    >>> prof.unregister()
    >>> prof.clear()
    >>> prof.results
    []
    """

    def __init__(self) -> None:
        super().__init__()
        self.clear()

    def clear(self) -> None:
        """Forget everything recorded so far."""
        self._logs: list[TaskLog] = []
        self._open: dict[int, TaskLog] = {}
        self._made: tuple[int, list[TaskData]] = (0, [])
        self.start_time: float | None = None
        self.end_time: float | None = None

    def __enter__(self) -> Self:
        self.clear()
        self.start_time = perf_counter()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_time = perf_counter()
        super().__exit__(kind, error, trace)

    def _start(self, dsk: GraphView) -> None:
        # Several computations may go on at once, on several threads: each has a log of its own.
        log = self._open[id(dsk)] = TaskLog(dsk)
        self._logs.append(log)

    def _posttask(self, key: Hashable, result: Any, dsk: GraphView, state: RunState, worker_id: int) -> None:
        log = self._open.get(id(dsk))
        if log is not None:
            log.append(key, state.started, state.ended, worker_id)

    def _finish(self, dsk: GraphView, state: RunState, errored: bool) -> None:
        self._open.pop(id(dsk), None)

    @property
    def results(self) -> list[TaskData]:
        """What has been recorded."""
        n = sum(len(log.keys) for log in self._logs)
        if self._made[0] != n:
            rows = [
                TaskData(key, log.dsk.get(key), started, ended, worker)
                for log in self._logs
                for key, started, ended, worker in log.rows()
            ]
            rows.sort(key=lambda row: row.start_time)
            self._made = (n, rows)
        return self._made[1]

    def visualize(self, **options: Any) -> ProfilePage:
        """Draw what has been recorded: see `raskt.diagnostics.visualize`, which takes the same options."""
        return visualize(self, **options)

    def _plot(self) -> dict[str, Any]:
        return tasks_chart(self._logs, self.start_time, self.end_time)


# Names that Dask's users look for here.
__getattr__ = finder(
    __name__,
    {
        "CacheProfiler": "raskt.diagnostics.cache_profile",
        "ResourceProfiler": "raskt.diagnostics.resource",
    },
)
