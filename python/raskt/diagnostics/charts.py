"""What profilers recorded, as the compact columns that the page draws.

Times are whole nanoseconds since the chart's `origin`; columns of times that only grow are written as
differences, which compress to a byte or two a task.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from raskt._run_state import GraphView
    from raskt.diagnostics.profile import TaskLog
    from raskt.diagnostics.resource import ResourceData

__all__ = ["cache_chart", "resources_chart", "tasks_chart"]


def nanoseconds(seconds: float) -> int:
    """Seconds as whole nanoseconds."""
    return round(seconds * 1e9)


def differences(numbers: Sequence[int]) -> list[int]:
    """Each number less the one before it.

    Examples
    --------
    >>> from raskt.diagnostics.charts import differences
    >>> differences([3, 5, 10])
    [3, 2, 5]
    """
    return [*numbers[:1], *(after - before for before, after in pairwise(numbers))]


def span(times: Iterable[float], start: float | None, end: float | None) -> tuple[float, float]:
    """First and last of what was recorded, or of the `with` block if there was one."""
    known = [*times, *(time for time in (start, end) if time is not None)]
    return (min(known), max(known)) if known else (0.0, 0.0)


class NameTable:
    """Names, each once, in the order in which they come."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        return self._ids.setdefault(name, len(self._ids))

    def names(self) -> list[str]:
        """The names by their number."""
        return list(self._ids)


def tasks_chart(logs: Sequence[TaskLog], start: float | None, end: float | None) -> dict[str, Any]:
    """Lanes of tasks, one lane a worker."""
    extremes = [extreme for log in logs if log.keys for extreme in (min(log.starts), max(log.ends))]
    origin, last = span(extremes, start, end)
    functions = NameTable()
    rows = [
        (nanoseconds(started - origin), nanoseconds(ended - started), worker, str(key), function)
        for log in logs
        for key, started, ended, worker in log.rows()
        for function in [functions[log.dsk.run.function_of(key)]]
    ]
    rows.sort(key=lambda row: row[0])
    workers = sorted({row[2] for row in rows})
    lane = {worker: number for number, worker in enumerate(workers)}
    return {
        "kind": "tasks",
        "origin": origin,
        "length": nanoseconds(last - origin),
        "workers": workers,
        "functions": functions.names(),
        "starts": differences([row[0] for row in rows]),
        "durations": [max(0, row[1]) for row in rows],
        "lanes": [lane[row[2]] for row in rows],
        "keys": [row[3] for row in rows],
        "calls": [row[4] for row in rows],
    }


def resources_chart(
    samples: Sequence[ResourceData], start: float | None, end: float | None
) -> dict[str, Any]:
    """Lines of processor and memory use."""
    origin, last = span((sample.time for sample in samples), start, end)
    return {
        "kind": "resources",
        "origin": origin,
        "length": nanoseconds(last - origin),
        "times": differences([nanoseconds(sample.time - origin) for sample in samples]),
        "memory": [round(sample.mem, 3) for sample in samples],
        "cpu": [round(sample.cpu, 1) for sample in samples],
    }


def cache_chart(
    rows: Sequence[tuple[GraphView, Hashable, float, float, float]],
    metric_name: str,
    start: float | None,
    end: float | None,
) -> dict[str, Any]:
    """The sum of what is held, by function."""
    origin, last = span((time for row in rows for time in row[3:]), start, end)
    functions = NameTable()
    held = sorted(
        (
            nanoseconds(since - origin),
            nanoseconds(until - origin),
            metric,
            functions[dsk.run.function_of(key)],
        )
        for dsk, key, metric, since, until in rows
    )
    return {
        "kind": "cache",
        "origin": origin,
        "length": nanoseconds(last - origin),
        "metric": metric_name,
        "functions": functions.names(),
        "starts": differences([row[0] for row in held]),
        "durations": [row[1] - row[0] for row in held],
        "sizes": [row[2] for row in held],
        "calls": [row[3] for row in held],
    }
