"""annotate and get_annotations: what is said of tasks where they are made."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
import raskt
from raskt import Task, annotate, get_annotations


def notes(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = value.graph[value.key].annotations
    return found


def test_annotations_are_those_of_the_blocks_around() -> None:
    assert get_annotations() == {}
    with annotate(priority=1, note="outer"):
        assert get_annotations() == {"priority": 1, "note": "outer"}
        with annotate(priority=2.5, retries=3):
            assert get_annotations() == {"priority": 2.5, "note": "outer", "retries": 3}
        assert get_annotations() == {"priority": 1, "note": "outer"}
    assert get_annotations() == {}
    with pytest.raises(ZeroDivisionError), annotate(retries=1):
        1 / 0  # noqa: B018
    assert get_annotations() == {}


def test_what_get_annotations_returns_can_be_changed_without_effect() -> None:
    with annotate(note=1):
        get_annotations()["note"] = 2
        assert get_annotations() == {"note": 1}


def test_tasks_keep_the_annotations_of_the_place_where_they_were_made() -> None:
    inc = raskt.delayed(lambda x: x + 1)
    with annotate(note="a"):
        a = inc(1)
        with annotate(retries=2):
            b = inc(a) * 2
        task = Task("t", abs, -1)
    c = inc(b)
    assert (notes(a), notes(b), notes(c)) == ({"note": "a"}, {"note": "a", "retries": 2}, {})
    assert task.annotations == {"note": "a"}
    assert c.graph[b.key].annotations == {"note": "a", "retries": 2}
    assert c.compute() == 7
    assert raskt.get({"t": task}, "t") == 1


def test_annotate_may_be_a_decorator() -> None:
    @annotate(note="d")
    def make() -> Any:
        return raskt.delayed(abs)(-1)

    assert notes(make()) == notes(make()) == {"note": "d"}


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        (
            {"retries": "x"},
            TypeError,
            "the annotation 'retries' must be a whole number of 0 or more or a callable, found 'x'",
        ),
        ({"retries": True}, TypeError, "the annotation 'retries' must be"),
        ({"retries": 1.5}, TypeError, "the annotation 'retries' must be"),
        (
            {"retries": -1},
            ValueError,
            "the annotation 'retries' must be a whole number of 0 or more, found -1",
        ),
        ({"priority": "x"}, TypeError, "the annotation 'priority' must be a number or a callable, found 'x'"),
        ({"workers": 1}, TypeError, "the annotation 'workers' must be a string, a sequence of strings"),
        ({"allow_other_workers": 1}, TypeError, "the annotation 'allow_other_workers' must be True, False"),
        ({"resources": 1}, TypeError, "the annotation 'resources' must be a dictionary"),
    ],
)
def test_annotations_of_the_wrong_kind_are_errors(kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message), annotate(**kwargs):
        pass
    assert get_annotations() == {}


def test_annotations_of_the_right_kind_are_kept() -> None:
    def function(key: Any) -> int:
        return 1

    for given, kept in [
        ({"workers": "alice"}, {"workers": ["alice"]}),
        ({"workers": ("alice", "bob")}, {"workers": ("alice", "bob")}),
        ({"allow_other_workers": True}, {"allow_other_workers": True}),
        ({"resources": {"GPU": 1}}, {"resources": {"GPU": 1}}),
        ({"retries": 0}, {"retries": 0}),
        ({"retries": function, "priority": function}, {"retries": function, "priority": function}),
        ({"anything": object}, {"anything": object}),
    ]:
        with annotate(**given):
            assert get_annotations() == kept


class Flaky:
    """Raises so many times before it returns."""

    def __init__(self, n_failures: int) -> None:
        self.left = n_failures
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise OSError("flaky")
        return "done"


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_annotated_tasks_are_tried_again(scheduler: str) -> None:
    twice = Flaky(2)
    with annotate(retries=2):
        value = raskt.delayed(twice)()
    assert value.compute(scheduler=scheduler) == "done"
    assert twice.calls == 3
    with annotate(retries=1):
        value = raskt.delayed(Flaky(2))()
    with pytest.raises(OSError, match="flaky"):
        value.compute(scheduler=scheduler)
    with pytest.raises(OSError, match="flaky"):
        raskt.delayed(Flaky(1))().compute(scheduler=scheduler)


def test_an_annotation_goes_before_the_option() -> None:
    with annotate(retries=0):
        value = raskt.delayed(Flaky(1))()
    with pytest.raises(OSError, match="flaky"):
        value.compute(retries=5)
    assert raskt.delayed(Flaky(1))().compute(retries=5) == "done"


def test_a_callable_is_asked_with_the_key() -> None:
    keys = []

    def retries(key: Any) -> int:
        keys.append(key)
        return 1

    with annotate(retries=retries):
        value = raskt.delayed(Flaky(1))(dask_key_name="flaky")
    assert value.compute() == "done"
    assert keys == ["flaky"]
    with annotate(retries=lambda key: "many"):
        value = raskt.delayed(abs)(-1)
    with pytest.raises(
        ValueError, match="the annotation retries must be a whole number of 0 or more, found str 'many'"
    ):
        value.compute()


def test_raw_tasks_are_tried_again_too() -> None:
    with annotate(retries=1):
        task = Task("t", Flaky(1))
    assert raskt.get({"t": task, "u": (str, "t")}, "u") == "done"


def test_threads_and_coroutines_have_annotations_of_their_own() -> None:
    seen = []

    def other() -> None:
        seen.append((get_annotations(), notes(raskt.delayed(abs)(-1))))

    with annotate(note="main"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == [({}, {})]

    async def coroutine(n: int) -> dict[str, Any]:
        with annotate(note=n):
            await asyncio.sleep(0.001 * (3 - n))
            return notes(raskt.delayed(abs)(-1))

    async def both() -> Any:
        return await asyncio.gather(coroutine(1), coroutine(2))

    assert asyncio.run(both()) == [{"note": 1}, {"note": 2}]


def test_annotations_travel_with_pickled_values() -> None:
    import pickle

    with annotate(retries=2):
        value = raskt.delayed(abs)(-1)
    assert notes(pickle.loads(pickle.dumps(value))) == {"retries": 2}
