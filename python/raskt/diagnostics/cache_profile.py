"""What the results held in memory add up to."""

# ruff: noqa: ARG002 - a callback is handed everything, whatever it needs
from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from raskt.callbacks import Callback
from raskt.diagnostics.charts import cache_chart
from raskt.diagnostics.page import visualize

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from types import TracebackType
    from typing import Self

    from raskt._run_state import GraphView, RunState
    from raskt.diagnostics.page import ProfilePage

__all__ = ["CacheData", "CacheProfiler"]


class CacheData(NamedTuple):
    """One result that was held; times are those of `time.perf_counter`, in seconds."""

    key: Hashable
    task: Any
    metric: float
    cache_time: float
    free_time: float


class CacheProfiler(Callback):
    """Record how long each result is held, from the end of its task until nothing needs it any more.

    Parameters
    ----------
    metric : callable, optional
        Measures a result; without it every result counts 1.
    metric_name : str, optional
        What the metric is called in the picture; by default the function's name, or "count".

    Attributes
    ----------
    results : list of CacheData
        `(key, task, metric, cache_time, free_time)` of each result, in the order in which they were let go.
    start_time, end_time : float or None
        When the `with` block began and ended.

    Examples
    --------
    >>> import sys, raskt.threaded
    >>> from raskt.diagnostics import CacheProfiler
    >>> with CacheProfiler(metric=sys.getsizeof, metric_name="bytes") as prof:
    ...     raskt.threaded.get({"x": (bytes, 1000), "y": (len, "x")}, "y")
    1000
    >>> [(result.key, result.metric > 1000) for result in prof.results]
    [('x', True), ('y', False)]
    """

    def __init__(self, metric: Callable[[Any], float] | None = None, metric_name: str | None = None) -> None:
        super().__init__()
        self._metric = metric
        self._metric_name: str = metric_name or (
            getattr(metric, "__name__", None) or ("count" if metric is None else "metric")
        )
        self.clear()

    def clear(self) -> None:
        """Forget everything recorded so far."""
        self._held: dict[int, dict[Hashable, tuple[float, float]]] = {}
        self._rows: list[tuple[GraphView, Hashable, float, float, float]] = []
        self._made: list[CacheData] = []
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

    def _start_state(self, dsk: GraphView, state: RunState) -> None:
        self._held[id(dsk)] = {}
        state["released"]  # from here on the state follows who needs whom

    def _posttask(self, key: Hashable, result: Any, dsk: GraphView, state: RunState, worker_id: int) -> None:
        held = self._held.get(id(dsk))
        if held is None:
            return
        held[key] = (1 if self._metric is None else self._metric(result), state.ended)
        for freed in state.freed:
            if freed in held:
                metric, since = held.pop(freed)
                self._rows.append((dsk, freed, metric, since, state.ended))

    def _finish(self, dsk: GraphView, state: RunState, errored: bool) -> None:
        now = perf_counter()
        for key, (metric, since) in self._held.pop(id(dsk), {}).items():
            self._rows.append((dsk, key, metric, since, now))

    @property
    def results(self) -> list[CacheData]:
        """What has been recorded."""
        for dsk, key, metric, since, until in self._rows[len(self._made) :]:
            self._made.append(CacheData(key, dsk.get(key), metric, since, until))
        return self._made

    def visualize(self, **options: Any) -> ProfilePage:
        """Draw what has been recorded: see `raskt.diagnostics.visualize`, which takes the same options."""
        return visualize(self, **options)

    def _plot(self) -> dict[str, Any]:
        return cache_chart(self._rows, self._metric_name, self.start_time, self.end_time)
