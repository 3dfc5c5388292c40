"""Callbacks: which are called, when, and what happens when they fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from operator import add, mul
from typing import Any

import pytest
from raskt.callbacks import Callback, Observer, add_callbacks

from .fake_run import CHAIN, FakeRun, fail, get


class Recorder(Callback):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[Any, ...]] = []

    def _start(self, dsk: Any) -> None:
        self.events.append(("start", sorted(dsk)))

    def _start_state(self, dsk: Any, state: Any) -> None:
        self.events.append(
            ("start_state", set(state["ready"]), {k: set(v) for k, v in state["waiting"].items()})
        )

    def _pretask(self, key: Any, dsk: Any, state: Any) -> None:
        self.events.append(("pretask", key, dsk[key].function, set(state["running"]), set(state["finished"])))

    def _posttask(self, key: Any, result: Any, dsk: Any, state: Any, worker_id: int) -> None:
        self.events.append(("posttask", key, result, worker_id, set(state["finished"])))

    def _finish(self, dsk: Any, state: Any, errored: bool) -> None:
        self.events.append(("finish", errored))


def test_events_come_in_order_with_graph_and_state() -> None:
    recorder = Recorder()
    with recorder:
        get({"a": (add, 1, 2), "b": (mul, "a", 10)})
    assert recorder.events == [
        ("start", ["a", "b"]),
        ("start_state", {"a"}, {"b": {"a"}}),
        ("pretask", "a", add, {"a"}, set()),
        ("posttask", "a", 3, 0, {"a"}),
        ("pretask", "b", mul, {"b"}, {"a"}),
        ("posttask", "b", 30, 1, {"a", "b"}),
        ("finish", False),
    ]


def test_functions_given_to_the_constructor_are_called() -> None:
    seen: list[str] = []
    callback = Callback(
        start=lambda dsk: seen.append("start"),
        start_state=lambda dsk, state: seen.append("start_state"),
        pretask=lambda key, dsk, state: seen.append(f"pretask {key}"),
        posttask=lambda key, result, dsk, state, worker: seen.append(f"posttask {result}"),
        finish=lambda dsk, state, errored: seen.append("finish"),
    )
    get({"x": (add, 1, 2)}, callbacks=callback)
    assert seen == ["start", "start_state", "pretask x", "posttask 3", "finish"]


def test_tuples_are_callbacks_and_anything_else_is_refused() -> None:
    seen: list[Any] = []
    with add_callbacks((None, None, None, None, lambda dsk, state, errored: seen.append(errored))):
        get(CHAIN)
    assert seen == [False]
    with pytest.raises(TypeError, match=r"tuple \(start, start_state, pretask, posttask, finish\), not 3"):
        add_callbacks(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="callback is"):
        add_callbacks((None, None))


def test_a_callback_is_active_while_registered_or_inside_its_block() -> None:
    recorder = Recorder()
    recorder.register()
    assert len(Callback.active) == 1
    get(CHAIN)
    with recorder, recorder:
        assert len(Callback.active) == 1
    assert len(Callback.active) == 1
    recorder.unregister()
    assert Callback.active == set()
    get(CHAIN)
    assert [event[0] for event in recorder.events].count("start") == 1
    with pytest.raises(KeyError, match="is not registered"):
        recorder.unregister()


def test_an_inner_block_of_the_same_callback_does_not_end_the_outer() -> None:
    recorder = Recorder()
    with recorder:
        with recorder:
            pass
        get(CHAIN)
    assert recorder.events[-1] == ("finish", False)


def test_two_callbacks_that_only_know_are_two() -> None:
    class Knows(Callback):
        def __init__(self, values: dict[Hashable, Any]) -> None:
            super().__init__()
            self.values = values

        def known(self, keys: list[Hashable]) -> dict[Hashable, Any]:
            return {key: self.values[key] for key in keys if key in self.values}

    with Knows({"a": 100}), Knows({"b": 7}):
        values = get(CHAIN)
    assert values["c"] == 107
    assert values["d"] == 8


def test_nested_computations_do_not_see_the_callbacks_around_them() -> None:
    recorder = Recorder()
    inner = Recorder()

    def nested(x: int) -> int:
        with inner:
            return get({"n": (add, x, 1)})["n"]

    with recorder:
        assert get({"x": (nested, 1)})["x"] == 2
        get({"y": (add, 1, 1)})
    assert [event[1] for event in recorder.events if event[0] == "pretask"] == ["x", "y"]
    assert [event[1] for event in inner.events if event[0] == "pretask"] == ["n"]


def test_callbacks_given_to_one_computation_replace_the_active_ones() -> None:
    recorder, given_one = Recorder(), Recorder()
    with recorder:
        get(CHAIN, callbacks=[given_one])
        get(CHAIN, callbacks=[])
    assert recorder.events == []
    assert given_one.events[-1] == ("finish", False)


def test_a_computation_on_another_thread_keeps_its_callbacks() -> None:
    recorder = Recorder()
    entered, go = threading.Event(), threading.Event()

    def slow() -> None:
        entered.set()
        go.wait()

    with recorder:
        other = threading.Thread(target=get, args=({"slow": (slow,)},))
        other.start()
        entered.wait()
        get({"quick": (add, 1, 1)})
        go.set()
        other.join()
    assert {event[1] for event in recorder.events if event[0] == "posttask"} == {"slow", "quick"}
    assert [event for event in recorder.events if event[0] == "finish"] == [("finish", False)] * 2


def test_a_failing_task_ends_in_finish_with_errored() -> None:
    recorder = Recorder()
    with recorder, pytest.raises(ZeroDivisionError, match="in a task"):
        get({"x": (fail,)})
    assert [event[0] for event in recorder.events] == ["start", "start_state", "pretask", "finish"]
    assert recorder.events[-1] == ("finish", True)


@pytest.mark.parametrize("hook", ["start", "start_state", "pretask", "posttask"])
def test_an_exception_in_a_callback_reaches_the_caller_and_started_callbacks_finish(hook: str) -> None:
    finished: list[bool] = []
    first = Callback(finish=lambda dsk, state, errored: finished.append(errored))
    with pytest.raises(ZeroDivisionError):
        get(CHAIN, callbacks=[first, Callback(**{hook: fail})])
    assert finished == [True]


def test_a_callback_that_could_not_start_is_not_finished() -> None:
    finished: list[bool] = []
    broken = Callback(start=fail, finish=lambda dsk, state, errored: finished.append(errored))
    with pytest.raises(ZeroDivisionError):
        get(CHAIN, callbacks=[broken])
    assert finished == []


def test_every_finish_is_called_though_one_raises() -> None:
    finished: list[bool] = []
    last = Callback(finish=lambda dsk, state, errored: finished.append(errored))
    with pytest.raises(ZeroDivisionError) as caught:
        get(CHAIN, callbacks=[Callback(finish=fail), Callback(finish=lambda *_: [][1]), last])
    assert finished == [False]
    assert "IndexError" in "".join(caught.value.__notes__)


def test_events_after_the_finish_are_dropped() -> None:
    recorder = Recorder()
    observer = Observer([recorder])
    observer.start(FakeRun(CHAIN, ["d"]))
    observer.begin("a", 0)
    observer.finish(True)
    observer.end("a", 3, 0, 0.0, 1.0)
    observer.finish(False)
    assert recorder.events[-1] == ("finish", True)


def test_calls_never_overlap() -> None:
    inside: list[int] = []
    most: list[int] = []

    def posttask(*_: Any) -> None:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.001)
        inside.pop()

    observer = Observer([Callback(posttask=posttask)])
    observer.start(FakeRun({n: (add, n, 1) for n in range(1000, 1040)}, []))
    threads = [
        threading.Thread(target=lambda n=n: [observer.end(k, 0, n, 0.0, 0.0) for k in range(1000, 1010)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 40
    assert max(most) == 1
