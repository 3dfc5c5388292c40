"""Annotations of arrays: a part of what expressions are, and a border for rules and fusion."""

from __future__ import annotations

import pickle
import uuid
from typing import Any

import numpy as np
import pytest
import raskt
import raskt.array as ra


class Flaky:
    """A function of a block, like no other, that raises so many times before it returns the block."""

    def __init__(self, n_failures: int) -> None:
        self.left = n_failures
        self.name = uuid.uuid4().hex

    def __raskt_tokenize__(self) -> str:
        return self.name

    def __call__(self, block: Any) -> Any:
        if self.left:
            self.left -= 1
            raise OSError("flaky")
        return block


def notes(x: Any) -> Any:
    return x._expr.annotations


def test_expressions_carry_what_is_said_where_they_are_made() -> None:
    x = ra.arange(6, chunks=3)
    with raskt.annotate(priority=10, resources={"GPU": 1}):
        y = x + 1
        with raskt.annotate(retries=2):
            z = y[1:].sum()
    assert notes(x) == {}
    assert notes(y) == {"priority": 10, "resources": {"GPU": 1}}
    assert notes(z) == {"priority": 10, "resources": {"GPU": 1}, "retries": 2}
    assert notes(z * 2) == {}
    assert "{priority: 10, resources: {GPU: 1}}" in (y * 2).explain()
    assert z.compute() == 20


def test_what_is_said_is_part_of_what_an_expression_is() -> None:
    x = ra.arange(6, chunks=3)
    with raskt.annotate(priority=1):
        first, again = x + 1, x + 1
    with raskt.annotate(priority=2):
        other = x + 1
    assert first.name == again.name
    assert len({first.name, other.name, (x + 1).name}) == 3
    a, b, c = raskt.compute(first, other, x + 1)
    np.testing.assert_array_equal(a, np.arange(1, 7))
    np.testing.assert_array_equal(b, c)


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_annotated_blocks_are_tried_again(scheduler: str) -> None:
    x = ra.ones(4, chunks=4)
    with raskt.annotate(retries=2):
        y = x.map_blocks(Flaky(2), dtype=float)
    assert (y + 1).sum().compute(scheduler=scheduler) == 8
    with raskt.annotate(retries=1):
        y = x.map_blocks(Flaky(2), dtype=float)
    with pytest.raises(OSError, match="flaky"):
        y.compute(scheduler=scheduler, num_workers=1)
    with pytest.raises(OSError, match="flaky"):
        x.map_blocks(Flaky(1), dtype=float).compute(scheduler=scheduler)
    with raskt.annotate(retries=0):
        y = x.map_blocks(Flaky(1), dtype=float)
    with pytest.raises(OSError, match="flaky"):
        y.compute(scheduler=scheduler, retries=5)


def test_annotated_blocks_among_delayed_values_are_tried_again() -> None:
    with raskt.annotate(retries=2):
        y = ra.ones(4, chunks=2).map_blocks(Flaky(2), dtype=float)
    assert raskt.delayed(np.sum)(y).compute() == 4
    assert sum(part.compute().sum() for part in y.to_delayed()) == 4


def test_a_callable_is_asked_with_the_key_of_each_block() -> None:
    keys: list[Any] = []

    def retries(key: Any) -> int:
        keys.append(key)
        return 1

    x = ra.ones(4, chunks=2)
    with raskt.annotate(retries=retries):
        y = x.map_blocks(Flaky(1), dtype=float)
    assert y.sum().compute() == 4
    assert sorted(keys) == [(y.name, 0), (y.name, 1)]
    with raskt.annotate(retries=lambda key: "many"):
        y = ra.ones(4, chunks=2).map_blocks(Flaky(1), dtype=float)
    with pytest.raises(ValueError, match="must be a whole number of 0 or more, found str 'many'"):
        y.compute()


def fused(x: Any) -> list[str]:
    text = x.explain()
    return [
        line.strip()
        for line in text.partition("\nlayers")[0].splitlines()
        if "fused" in line or "folded" in line
    ]


def test_only_what_is_said_alike_is_fused() -> None:
    x = ra.from_array(np.arange(6.0), chunks=3)
    with raskt.annotate(priority=1):
        together = np.sqrt(x + 1) * 2
    assert sum("= fused" in line for line in fused(together)) == 1
    apart = (np.sqrt(together) - 1) / 3
    lines = [line for line in fused(apart) if "= fused" in line]
    assert len(lines) == 2
    assert sum("{priority: 1}" in line for line in lines) == 1
    np.testing.assert_allclose(apart.compute(), (np.sqrt(np.sqrt(np.arange(6) + 1) * 2) - 1) / 3)
    with raskt.annotate(priority=1):
        total = together.sum()
    assert sum("= folded" in line for line in fused(total)) == 1
    assert sum("= fused" in line for line in fused(total)) == 0


def test_rules_leave_what_is_annotated_as_it_was_written() -> None:
    x = ra.ones((6, 6), chunks=3)
    plain = (x.cumsum(axis=0) * 2)[:2]
    assert "slice-" in plain.explain()
    with raskt.annotate(retries=1):
        said = x.cumsum(axis=0) * 2
    assert "slice-elementwise" not in said[:2].explain()
    np.testing.assert_array_equal(said[:2].compute(), plain.compute())


def test_annotations_travel_with_pickled_arrays() -> None:
    with raskt.annotate(priority=3, tag=("a", 1)):
        y = ra.arange(4, chunks=2) + 1
    back = pickle.loads(pickle.dumps(y))
    assert notes(back) == notes(y) == {"priority": 3, "tag": ("a", 1)}
    assert back.name == y.name
    np.testing.assert_array_equal(back.compute(), [1, 2, 3, 4])


def test_deferred_work_keeps_what_was_said_where_it_was_asked_for() -> None:
    x = ra.arange(10, chunks=4)
    with raskt.annotate(retries=2):
        y = x[x > 3][1:].map_blocks(Flaky(2), dtype=int)
    with raskt.annotate(retries=0):
        np.testing.assert_array_equal(y.compute(), np.arange(5, 10))


def test_what_has_been_computed_carries_nothing() -> None:
    with raskt.annotate(retries=2):
        y = (ra.arange(4, chunks=2) + 1).persist()
    assert notes(y) == {}
    np.testing.assert_array_equal(y[1:].compute(), [2, 3, 4])


def test_tasks_for_other_libraries_are_annotated() -> None:
    with raskt.annotate(priority=5):
        y = ra.arange(4, chunks=2) + 1
    graph = y.__raskt_graph__()
    assert [task.annotations for task in graph.values()] == [{"priority": 5}] * 2
