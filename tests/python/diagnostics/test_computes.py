"""Callbacks, profilers and the cache on real computations: that the engine speaks to them as it should."""

from __future__ import annotations

import io
import threading
import time
from itertools import pairwise
from operator import add, mul
from typing import Any

import pytest

pytest.importorskip("raskt._raskt")

import raskt
import raskt.multiprocessing
import raskt.threaded
from raskt.cache import Cache
from raskt.callbacks import Callback
from raskt.diagnostics import CacheProfiler, Profiler, ProgressBar, ResourceProfiler, visualize

GRAPH = {"a": (add, 1, 2), "b": (mul, "a", 10), "c": (add, "b", "a"), "d": (add, "c", 1)}


class Recorder(Callback):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[Any, ...]] = []

    def _start(self, dsk: Any) -> None:
        self.events.append(("start", set(dsk)))

    def _start_state(self, dsk: Any, state: Any) -> None:
        self.events.append(
            ("start_state", sum(len(state[k]) for k in ("ready", "waiting", "running", "finished")))
        )

    def _pretask(self, key: Any, dsk: Any, state: Any) -> None:
        self.events.append(("pretask", key))

    def _posttask(self, key: Any, result: Any, dsk: Any, state: Any, worker_id: int) -> None:
        assert key in state["finished"]
        assert state["dependencies"][key] <= set(state["finished"])
        self.events.append(("posttask", key, result))

    def _finish(self, dsk: Any, state: Any, errored: bool) -> None:
        self.events.append(("finish", errored))

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [event[1:] for event in self.events if event[0] == kind]


def inc(x: int) -> int:
    return x + 1


def fail(x: int) -> int:
    raise ZeroDivisionError(f"in a task with {x}")


@pytest.mark.parametrize("get", [raskt.threaded.get, raskt.multiprocessing.get], ids=["threads", "processes"])
def test_every_task_that_runs_is_told_once_between_start_and_finish(get: Any) -> None:
    with Recorder() as recorder:
        assert get(GRAPH, ["d", "b"]) == (34, 30)
    results = dict(recorder.of("posttask"))
    assert results.items() <= {"a": 3, "b": 30, "c": 33, "d": 34}.items()
    assert {"d", "b"} <= results.keys()
    assert sorted(recorder.of("pretask")) == sorted((key,) for key in results)
    assert recorder.of("start_state") == [(len(results),)]
    assert recorder.events[0][0] == "start"
    assert recorder.events[-1] == ("finish", False)
    for key in results:
        pre = recorder.events.index(("pretask", key))
        assert pre < recorder.events.index(("posttask", key, results[key]))


def test_delayed_and_compute_call_callbacks() -> None:
    total = raskt.delayed(sum)([raskt.delayed(inc)(n) for n in range(10)])
    with Recorder() as recorder:
        assert raskt.compute(total, total) == (55, 55)
    assert total.key in dict(recorder.of("posttask"))
    assert recorder.of("finish") == [(False,)]
    assert raskt.compute(total) == (55,)
    assert recorder.of("finish") == [(False,)]


def test_a_failing_task_is_an_errored_finish() -> None:
    with Recorder() as recorder, pytest.raises(ZeroDivisionError, match="with 3"):
        raskt.threaded.get({"a": (add, 1, 2), "b": (fail, "a")}, "b")
    assert recorder.events[-1] == ("finish", True)
    assert "b" not in dict(recorder.of("posttask"))


@pytest.mark.parametrize("hook", ["start", "start_state", "pretask", "posttask", "finish"])
def test_an_exception_in_a_callback_reaches_whoever_computes(hook: str) -> None:
    finished: list[bool] = []

    def raises(*_: Any) -> None:
        raise LookupError(hook)

    first = Callback(start=lambda dsk: None, finish=lambda dsk, state, errored: finished.append(errored))
    with first, Callback(**{hook: raises}), pytest.raises(LookupError, match=hook):
        raskt.threaded.get(GRAPH, "d")
    # Whether the other callback had started when `start` raised depends on the order of a set.
    assert finished in ([hook != "finish"], []) if hook == "start" else finished == [hook != "finish"]


def test_computations_inside_tasks_are_not_told() -> None:
    def nested(x: int) -> int:
        return int(raskt.delayed(inc)(x, dask_key_name="inner").compute())

    with Recorder() as recorder:
        assert raskt.delayed(nested)(1, dask_key_name="outer").compute() == 2
    assert recorder.of("posttask") == [("outer", 2)]
    assert recorder.of("finish") == [(False,)]


def test_progress_bar_shows_how_far_a_computation_is() -> None:
    out = io.StringIO()
    tasks = [raskt.delayed(time.sleep)(0.002) for _ in range(50)]
    with ProgressBar(out=out, width=10, dt=0.005) as bar:
        raskt.compute(*tasks)
    shares = [int(line.split("| ")[1].split("%")[0]) for line in out.getvalue().splitlines()]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    assert bar.last_duration >= 0.002


def test_profiler_times_lie_within_the_computation_and_lanes_do_not_overlap() -> None:
    tasks = [raskt.delayed(time.sleep)(0.002) for _ in range(40)]
    began = time.perf_counter()
    with Profiler() as prof:
        raskt.compute(*tasks)
    ended = time.perf_counter()
    assert {result.key for result in prof.results} == {task.key for task in tasks}
    assert all(began <= r.start_time < r.end_time <= ended for r in prof.results)
    assert all(r.end_time - r.start_time >= 0.0015 for r in prof.results)
    for worker in {r.worker_id for r in prof.results}:
        lane = sorted((r.start_time, r.end_time) for r in prof.results if r.worker_id == worker)
        assert all(before[1] <= after[0] for before, after in pairwise(lane))
    chart = prof._plot()
    assert chart["functions"] == ["sleep"]
    assert len(chart["keys"]) == 40


def test_profiles_can_be_drawn_after_the_computation_is_gone() -> None:
    with Profiler() as prof, CacheProfiler() as cached, ResourceProfiler(dt=0.01) as resources:
        raskt.threaded.get(GRAPH, "d")
    visualize([prof, resources, cached], save=False)
    assert {result.key for result in cached.results} == {result.key for result in prof.results}
    assert len(resources.results) >= 2


def test_cache_profiler_releases_what_was_needed_and_keeps_what_was_asked_for() -> None:
    with CacheProfiler() as prof:
        raskt.threaded.get({"a": (inc, 1), "b": (time.sleep, 0.01), "c": (add, "a", 5)}, ["c", "b"])
    held = {result.key: result for result in prof.results}
    if "a" in held:  # unless it was fused into c
        assert held["a"].free_time <= held["c"].free_time


def test_cache_answers_the_second_computation() -> None:
    runs: list[int] = []

    def slow(x: int) -> int:
        runs.append(x)
        return x + 1

    with Cache(1e6) as cache:
        for _ in range(2):
            assert raskt.threaded.get({"x": (slow, 1), "y": (slow, "x")}, ["x", "y"]) == (2, 3)
        assert raskt.threaded.get({"x": (slow, 1), "y": (slow, "x"), "z": (slow, "y")}, "z") == 4
    assert runs == [1, 2, 3]
    assert dict(cache.data) == {"x": 2, "y": 3, "z": 4}


def test_callbacks_of_two_threads_do_not_disturb_each_other() -> None:
    def compute(n: int) -> None:
        assert raskt.threaded.get({(n, i): (inc, i) for i in range(50)}, [(n, i) for i in range(50)])

    with Recorder() as recorder:
        threads = [threading.Thread(target=compute, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {key for key, _ in recorder.of("posttask")} == {(n, i) for n in range(4) for i in range(50)}
    assert recorder.of("finish") == [(False,)] * 4


def test_a_callback_can_cancel_the_computation() -> None:
    ran: list[int] = []

    def stop(key: Any, result: Any, dsk: Any, state: Any, worker_id: int) -> None:
        state.run.cancel()

    def work(n: int) -> None:
        ran.append(n)
        time.sleep(0.001)

    finished: list[bool] = []
    callback = Callback(posttask=stop, finish=lambda dsk, state, errored: finished.append(errored))
    with callback, pytest.raises(BaseException, match=r"(?i)cancel"):
        raskt.threaded.get({("t", n): (work, n) for n in range(5000)}, [("t", n) for n in range(5000)])
    assert len(ran) < 4900
    assert finished == [True]
