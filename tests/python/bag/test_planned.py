"""Bags whose layers have a pattern are planned by the engine, as layers."""

from __future__ import annotations

import itertools
import json
import operator
import pickle
import threading
from collections import Counter

import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
from hypothesis import given, settings
from hypothesis import strategies as st
from raskt.bag import _layers, _symbolic, reductions
from raskt.cache import Cache
from raskt.callbacks import Callback

NUMBERS = itertools.count()


class Calls:
    """A function that notes what it is called with; equal to no other."""

    def __init__(self):
        self.seen = []
        self.number = next(NUMBERS)
        self.lock = threading.Lock()

    def __raskt_tokenize__(self):
        return type(self).__name__, self.number

    def __call__(self, x):
        with self.lock:
            self.seen.append(x)
        return x + 1


def test_no_task_is_spelt_out(monkeypatch):
    def refuse(*_args):
        raise AssertionError("a task was spelt out")

    for module in (_layers, _symbolic, reductions):
        monkeypatch.setattr(module, "Task", refuse)
    b = rb.range(100, npartitions=20).map(operator.neg).filter(lambda x: x % 2).map(abs)
    assert sorted(b.compute(scheduler="threads")) == list(range(1, 100, 2))
    assert b.sum(split_every=3).compute(scheduler="threads") == 2500
    assert b.distinct().map(str).count().compute(scheduler="threads") == 50
    assert raskt.delayed(len)(b).compute() == 50


def test_choosing_a_scheduler_spells_out_no_task(tmp_path, monkeypatch):
    def refuse(*_args):
        raise AssertionError("a task was spelt out")

    path = tmp_path / "lines.json"
    path.write_text('{"n": 1}\n{"n": 2}\n' * 2000)
    for module in (_layers, _symbolic, reductions):
        monkeypatch.setattr(module, "Task", refuse)
    b = rb.read_text(path, blocksize=1000).map(json.loads)
    assert b.pluck("n").frequencies().__raskt_scheduler__ == "threads"
    assert b.map(len).__raskt_scheduler__ == "processes"
    assert dict(b.pluck("n").frequencies().compute()) == {1: 2000, 2: 2000}


STEPS = st.lists(
    st.sampled_from(
        [
            lambda b: b.map(lambda x: x * 2 + 1),
            lambda b: b.filter(lambda x: x % 3),
            lambda b: b.map_partitions(lambda part: list(part)[::-1]),
            lambda b: b.map(lambda x: [x, x]).flatten(),
            lambda b: b.distinct(),
            lambda b: b.remove(lambda x: x > 40),
        ]
    ),
    max_size=5,
)


@settings(max_examples=40)
@given(data=st.lists(st.integers(0, 50), max_size=20), n=st.integers(1, 5), steps=STEPS)
def test_plans_and_graphs_give_the_same(data, n, steps):
    b = rb.from_sequence(data, npartitions=n)
    for step in steps:
        b = step(b)
    total = b.sum(split_every=2)
    planned = raskt.compute(b, total, b.frequencies(), scheduler="sync")
    spelt = raskt.compute(b, total, b.frequencies(), scheduler="sync", optimize_graph=False)
    assert planned == spelt
    assert Counter(planned[0]) == Counter(dict(planned[2]))


def test_a_bag_and_a_call_of_it_share_what_they_need():
    inc = Calls()
    b = rb.range(4, npartitions=2).map(inc)
    total = raskt.delayed(sum)(b)
    x = ra.from_delayed(raskt.delayed(ra.asarray)(b.to_delayed()[0]), (2,), int)
    values = raskt.compute(b, total, b.max(), x.sum(), scheduler="threads")
    assert values == ([1, 2, 3, 4], 10, 4, 3)
    assert sorted(inc.seen) == [0, 1, 2, 3]


def test_partitions_travel_in_pickles():
    parts = rb.from_sequence([[1, 2], [3], []], npartitions=3).flatten().map(str).to_delayed()
    for copy, value in zip(pickle.loads(pickle.dumps(parts)), [["1", "2"], ["3"], []], strict=True):
        assert copy.compute() == value
    total = pickle.loads(pickle.dumps(rb.range(10, npartitions=4).sum().to_delayed()))
    assert total.compute() == 45


def test_partitions_in_a_dictionary_of_tasks_are_found_again():
    inc = Calls()
    parts = rb.range(4, npartitions=2).map(inc).to_delayed()
    both = raskt.delayed(operator.add)(*parts)
    assert raskt.get(both.graph, both.key) == [1, 2, 3, 4]
    assert sorted(inc.seen) == [0, 1, 2, 3]


def test_annotations_count_for_the_steps_that_have_them():
    failed = set()

    def flaky(x):
        if x not in failed:
            failed.add(x)
            raise OSError("not yet")
        return x

    b = rb.range(4, npartitions=2)
    with raskt.annotate(retries=3):
        noted = b.map(flaky)
    assert noted.map(lambda x: x * 2).compute(scheduler="sync") == [0, 2, 4, 6]
    failed.clear()
    with pytest.raises(OSError, match="not yet"):
        b.map(flaky).compute(scheduler="sync")


def test_tasks_with_annotations_are_not_fused_with_others(tmp_path):
    def fails_once(x):
        mark = tmp_path / str(x)
        if not mark.exists():
            mark.touch()
            raise OSError("not yet")
        return x

    with raskt.annotate(retries=3):
        noted = rb.range(4, npartitions=4).map(fails_once)
    found = noted.map(operator.neg).sum().compute(scheduler="processes", num_workers=2)
    assert found == -6


def test_callbacks_are_told_the_keys_of_partitions():
    keys = []
    b = rb.range(6, npartitions=3).map(operator.neg)
    with Callback(posttask=lambda key, *_: keys.append(key)):
        b.compute(scheduler="sync")
    assert sorted(keys) == [(b.name, 0), (b.name, 1), (b.name, 2)]


def test_the_cache_knows_partitions_and_blocks_again():
    inc = Calls()
    b = rb.range(6, npartitions=3).map(inc)
    blocks = []
    x = ra.arange(6, chunks=3).map_blocks(lambda block: (blocks.append(1), block)[1], dtype=int)
    with Cache(1e6):
        for _ in range(2):
            assert b.compute(scheduler="threads") == [1, 2, 3, 4, 5, 6]
            assert x.compute().tolist() == [0, 1, 2, 3, 4, 5]
    assert len(inc.seen) == 6
    assert len(blocks) == 2


def test_errors_name_the_partition():
    b = rb.from_sequence([1, 0], npartitions=2).map(lambda x: 1 // x)
    with pytest.raises(ZeroDivisionError) as error:
        b.compute(scheduler="sync")
    assert any(repr((b.name, 1)) in note for note in error.value.__notes__)


def test_processes_run_plans_of_bags():
    b = rb.range(40, npartitions=10).map(operator.neg)
    total = b.map(abs).sum(split_every=3)
    assert raskt.compute(b, total, scheduler="processes", num_workers=2) == ([-x for x in range(40)], 780)
