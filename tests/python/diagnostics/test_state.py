"""What callbacks see of a running computation."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Hashable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raskt.callbacks import Callback, Observer
from raskt.diagnostics import CacheProfiler, Profiler

from .fake_run import CHAIN, FakeRun, get, graphs


def test_a_callback_that_ignores_the_graph_does_not_build_it() -> None:
    callback = Callback(
        pretask=lambda *_: None, posttask=lambda key, r, dsk, state, w: len(state["finished"])
    )
    run = get(CHAIN, callbacks=callback)[None]
    assert run.n_graphs == 0


def test_sizes_add_up_to_the_tasks_at_every_event() -> None:
    sums: list[int] = []

    def count(state: Any) -> None:
        sums.append(sum(len(state[name]) for name in ("ready", "waiting", "running", "finished")))

    for look in (False, True):
        callback = Callback(
            start_state=lambda dsk, state, look=look: (look and list(state["ready"]), count(state)),
            pretask=lambda key, dsk, state: count(state),
            posttask=lambda key, result, dsk, state, worker: count(state),
        )
        get(CHAIN, callbacks=callback)
    assert sums == [4] * 18


def test_without_task_events_the_state_counts_and_says_why_it_cannot_name() -> None:
    seen: dict[str, Any] = {}
    callback = Callback(start_state=lambda dsk, state: seen.update(state=state))
    assert not Observer([callback]).needs_tasks
    get(CHAIN, callbacks=callback)
    state = seen["state"]
    assert len(state["finished"]) == 4
    assert len(state["waiting"]) + len(state["running"]) + len(state["ready"]) == 0
    assert state["dependencies"]["c"] == {"a", "b"}
    assert state["dependents"]["b"] == {"c", "d"}
    for name in ("finished", "running", "ready"):
        with pytest.raises(RuntimeError, match="pretask or posttask"):
            list(state[name])


def test_state_has_the_names_of_dask() -> None:
    seen: list[Any] = []
    get(CHAIN, callbacks=Callback(start_state=lambda dsk, state: seen.append(state), pretask=lambda *_: None))
    names = {"ready", "waiting", "running", "finished", "cache", "dependencies", "dependents", "waiting_data"}
    assert set(seen[0]) == {*names, "released"}
    assert all(name in seen[0] and len(seen[0][name]) >= 0 for name in seen[0])
    with pytest.raises(KeyError):
        seen[0]["other"]


@given(dsk=graphs(), first_look=st.integers(0, 15), data=st.data())
def test_state_equals_what_follows_from_the_finished_tasks(
    dsk: dict[Hashable, Any], first_look: int, data: st.DataObject
) -> None:
    outputs = data.draw(st.sets(st.sampled_from(sorted(dsk, key=str)), min_size=1))
    needs = {key: {a for a in task[1:] if a in dsk} for key, task in dsk.items()}
    done: set[Hashable] = set()

    def check(key: Hashable, result: Any, graph: Any, state: Any, worker: int) -> None:
        done.add(key)
        if len(done) < first_look:
            return
        assert set(state["finished"]) == done
        assert set(state["running"]) == set()
        assert set(state["ready"]) == {k for k in dsk if k not in done and needs[k] <= done}
        assert dict(state["waiting"]) == {
            k: needs[k] - done for k in dsk if k not in done and needs[k] - done
        }
        users = {k: {u for u in dsk if k in needs[u]} for k in dsk}
        assert state["dependents"] == users
        released = {k for k in done if users[k] and users[k] <= done} - outputs
        assert state["released"] == released
        assert state["waiting_data"] == {k: users[k] - done for k in dsk if k not in released}

    get(dsk, list(outputs), callbacks=Callback(posttask=check))
    assert done == set(dsk)


def test_cache_of_the_state_holds_results_until_their_last_use() -> None:
    held: list[dict[Any, Any]] = []
    callback = Callback(
        start_state=lambda dsk, state: state["cache"],
        posttask=lambda key, result, dsk, state, worker: held.append(dict(state["cache"])),
    )
    get(CHAIN, ["d"], callbacks=callback)
    assert held[0] == {"a": 3}
    assert held[-1] == {"c": 33, "d": 31}


def test_results_are_not_held_by_watching() -> None:
    class Big:
        pass

    seen: list[weakref.ref[Big]] = []
    profiler = Profiler()
    observer = Observer([profiler, CacheProfiler(), Callback(posttask=lambda *a: len(a[3]["finished"]))])
    observer.start(FakeRun({"x": (Big,)}, ["x"]))
    big = Big()
    seen.append(weakref.ref(big))
    observer.end("x", big, 0, 0.0, 1.0)
    del big
    gc.collect()
    assert seen[0]() is None
    observer.finish(False)
