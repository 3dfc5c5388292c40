"""A small executor that speaks to callbacks as the engine does, and what the tests share."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from collections.abc import Callable, Hashable, Iterable
from graphlib import TopologicalSorter
from operator import add, mul
from typing import Any, NamedTuple

from hypothesis import strategies as st
from raskt.callbacks import Observer, local_callbacks
from raskt.diagnostics import visualize


class Task(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    dependencies: frozenset[Hashable]


class FakeRun:
    """The handle that the engine gives, over a dictionary of tuples."""

    def __init__(
        self, dsk: dict[Hashable, Any], outputs: list[Hashable], known: Iterable[Hashable] = ()
    ) -> None:
        self.dsk = {}
        for key, (function, *arguments) in dsk.items():
            if key not in set(known):
                needs = frozenset(a for a in arguments if isinstance(a, Hashable) and a in dsk)
                self.dsk[key] = Task(function, tuple(arguments), needs)
        self._outputs = outputs
        self.n_tasks = len(self.dsk)
        self.n_done = self.n_running = 0
        self.n_graphs = 0
        self.cancelled = False

    @property
    def n_ready(self) -> int:
        return sum(not task.dependencies for task in self.dsk.values()) if self.n_done == 0 else 0

    def graph(self) -> dict[Hashable, Task]:
        self.n_graphs += 1
        return self.dsk

    def keys(self) -> list[Hashable]:
        return list(self.dsk)

    def outputs(self) -> list[Hashable]:
        return self._outputs

    def function_of(self, key: Hashable) -> str:
        return self.dsk[key].function.__name__

    def cancel(self) -> None:
        self.cancelled = True


def get(
    dsk: dict[Hashable, Any],
    outputs: list[Hashable] | None = None,
    callbacks: Any = None,
    n_workers: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[Hashable, Any]:
    """Run a graph, one task after another; give the runs' values, with the run itself under None."""
    outputs = list(dsk) if outputs is None else outputs
    with local_callbacks(callbacks) as active:
        observer = Observer(active)
        values = observer.known(list(dsk))
        run = FakeRun(dsk, outputs, values)
        order = TopologicalSorter({key: task.dependencies for key, task in run.dsk.items()})
        errored = True
        try:
            observer.start(run)
            for number, key in enumerate(key for key in order.static_order() if key in run.dsk):
                task = run.dsk[key]
                run.n_running = 1
                started = clock()
                if observer.needs_tasks:
                    observer.begin(key, number % n_workers)
                arguments = [values[a] if isinstance(a, Hashable) and a in dsk else a for a in task.arguments]
                values[key] = task.function(*arguments)
                run.n_running = 0
                run.n_done += 1
                if observer.needs_tasks:
                    observer.end(key, values[key], number % n_workers, started, clock())
            errored = False
        finally:
            observer.finish(errored)
    values[None] = run
    return values


class Ticks:
    """A clock that moves by one at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def fail(*_: Any) -> None:
    raise ZeroDivisionError("in a task")


CHAIN: dict[Hashable, Any] = {"a": (add, 1, 2), "b": (mul, "a", 10), "c": (add, "b", "a"), "d": (add, "b", 1)}


def graphs() -> st.SearchStrategy[dict[Hashable, Any]]:
    """Random graphs: task n adds up some of the tasks before it."""

    def build(needs: list[set[int]]) -> dict[Hashable, Any]:
        return {
            f"t{n}": (lambda *a: sum(a) + 1, *(f"t{need % n}" for need in sorted(some) if n))
            for n, some in enumerate(needs)
        }

    return st.lists(st.sets(st.integers(0, 30), max_size=4), min_size=1, max_size=15).map(build)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def charts_of(html: str) -> list[dict[str, Any]]:
    """The data inside a page."""
    found = re.search(r'<script id="data" type="text/plain">([^<]*)</script>', html)
    assert found is not None
    charts: list[dict[str, Any]] = json.loads(gzip.decompress(base64.b64decode(found[1])))["charts"]
    return charts


def chart_of(profiler: Any) -> dict[str, Any]:
    return charts_of(visualize(profiler, save=False).html)[0]
