"""What profilers record."""

from __future__ import annotations

import builtins
import gc
import os
import subprocess
import sys
import threading
import time
from operator import add, mul
from typing import Any

import pytest
from raskt.callbacks import Observer
from raskt.diagnostics import CacheProfiler, Profiler, ResourceProfiler, visualize
from raskt.diagnostics import resource as resource_module
from raskt.diagnostics.resource import ProcReader, PsutilReader

from .fake_run import CHAIN, FakeRun, Ticks, chart_of, fail, get, wait_for


def test_profiler_records_key_task_times_and_worker() -> None:
    with Profiler() as prof:
        get(CHAIN, clock=Ticks())
    assert [(r.key, r.start_time, r.end_time, r.worker_id) for r in prof.results] == [
        ("a", 1.0, 2.0, 0),
        ("b", 3.0, 4.0, 1),
        ("c", 5.0, 6.0, 0),
        ("d", 7.0, 8.0, 1),
    ]
    assert prof.results[1].task.function is mul
    assert prof.start_time is not None
    assert prof.end_time is not None
    assert prof.start_time <= prof.end_time
    assert prof.results is prof.results


def test_profiler_adds_up_computations_until_cleared() -> None:
    prof = Profiler()
    prof.register()
    get(CHAIN)
    get({"other": (add, 1, 1)})
    prof.unregister()
    assert [r.key for r in prof.results] == ["a", "b", "c", "d", "other"]
    assert prof.results[-1].task.function is add
    prof.clear()
    assert prof.results == []
    with prof:
        get({"x": (add, 1, 1)})
    with prof:
        pass
    assert prof.results == []


def test_profiler_keeps_what_succeeded_before_a_failure() -> None:
    prof = Profiler()
    with prof, pytest.raises(ZeroDivisionError):
        get({"a": (add, 1, 1), "b": (fail, "a")})
    assert [r.key for r in prof.results] == ["a"]


def test_profiler_does_not_build_the_graph_until_asked() -> None:
    with Profiler() as prof:
        run = get(CHAIN)[None]
    assert run.n_graphs == 0
    visualize(prof, save=False)
    assert run.n_graphs == 0
    assert len(prof.results) == 4
    assert run.n_graphs == 1


def test_profiler_takes_less_than_forty_bytes_a_task_beside_its_key() -> None:
    import tracemalloc

    keys = list(range(1000, 101_000))
    prof = Profiler()
    observer = Observer([prof])
    observer.start(FakeRun({}, []))
    tracemalloc.start()
    for key in keys:
        observer.end(key, None, 3, 0.25, 0.5)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    observer.finish(False)
    # Eight of them are the list of ended tasks that the state keeps; lists grow by an eighth at a time.
    assert size < 50 * len(keys)


def test_cache_profiler_follows_results_until_their_last_use() -> None:
    with CacheProfiler(metric=lambda value: value, metric_name="value") as prof:
        get({"a": (add, 1, 2), "b": (mul, "a", 10), "c": (add, "b", 1)}, ["c"], clock=Ticks())
    rows = [(r.key, r.metric, r.cache_time, r.free_time) for r in prof.results]
    assert rows[:2] == [("a", 3, 2.0, 4.0), ("b", 30, 4.0, 6.0)]
    assert rows[2][:3] == ("c", 31, 6.0)
    assert prof.results[1].task.function is mul


def test_cache_profiler_counts_without_a_metric_and_names_the_metric() -> None:
    with CacheProfiler() as prof:
        get(CHAIN)
    assert {r.metric for r in prof.results} == {1}
    assert chart_of(prof)["metric"] == "count"
    assert chart_of(CacheProfiler(metric=sys.getsizeof))["metric"] == "getsizeof"
    assert chart_of(CacheProfiler(metric=sys.getsizeof, metric_name="bytes"))["metric"] == "bytes"
    prof.clear()
    assert prof.results == []


def test_resource_profiler_samples_its_block() -> None:
    with ResourceProfiler(dt=0.005) as prof:
        wait_for(lambda: len(prof.results) >= 4)
    n = len(prof.results)
    times = [sample.time for sample in prof.results]
    assert times == sorted(times)
    assert prof.start_time is not None
    assert prof.end_time is not None
    assert prof.start_time <= times[0]
    assert times[-1] <= prof.end_time
    assert all(sample.mem > 1 and sample.cpu >= 0 for sample in prof.results)
    assert prof.results[0].cpu == 0
    assert len(prof.results) == n


def test_resource_profiler_samples_the_beginning_and_the_end_of_the_shortest_computation() -> None:
    prof = ResourceProfiler(dt=3600)
    prof.register()
    get(CHAIN)
    assert len(prof.results) == 2
    get(CHAIN)
    prof.unregister()
    assert len(prof.results) == 4
    prof.clear()
    assert prof.results == []


def test_resource_profiler_counts_busy_processors_and_children() -> None:
    with ResourceProfiler(dt=3600) as prof:
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
    assert prof.results[-1].cpu > 0
    ready = "import sys; x = bytearray(50_000_000); print('ready', flush=True); sys.stdin.read()"
    alone = sum(rss for _, rss in ProcReader().read().values())
    child = subprocess.Popen([sys.executable, "-c", ready], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    for reader in (ProcReader(), PsutilReader()):
        usage = reader.read()
        assert {os.getpid(), child.pid} <= set(usage)
        assert sum(rss for _, rss in usage.values()) > alone + 40e6
    child.communicate()
    assert child.pid not in ProcReader().read()


def test_readers_agree() -> None:
    proc, psutil = ProcReader().read()[os.getpid()], PsutilReader().read()[os.getpid()]
    assert proc[0] == pytest.approx(psutil[0], abs=0.5)
    assert proc[1] == pytest.approx(psutil[1], rel=0.2)


def test_a_missing_psutil_is_named_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_psutil(name: str, *rest: Any) -> Any:
        if name == "psutil":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_psutil)
    monkeypatch.setattr(resource_module.sys, "platform", "darwin")
    with pytest.raises(ImportError, match=r"darwin: pip install 'raskt\[diagnostics\]'"):
        ResourceProfiler()
    monkeypatch.setattr(resource_module.sys, "platform", "linux")
    ResourceProfiler()


def test_a_dropped_resource_profiler_ends_its_thread() -> None:
    prof = ResourceProfiler(dt=3600)
    prof.register()
    observer = Observer([prof])
    observer.start(FakeRun({}, []))
    assert any(thread.name == "raskt-resource-profiler" for thread in threading.enumerate())
    prof.unregister()
    del prof, observer
    gc.collect()
    assert not any(thread.name == "raskt-resource-profiler" for thread in threading.enumerate())


def test_clearing_while_sampling_keeps_sampling() -> None:
    with ResourceProfiler(dt=0.005) as prof:
        wait_for(lambda: len(prof.results) >= 2)
        prof.clear()
        wait_for(lambda: len(prof.results) >= 2)
