"""Groups: every element in the one of its key, whatever moves it, and nothing left behind."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import raskt
import raskt.bag as rb
from hypothesis import given, settings
from hypothesis import strategies as st
from raskt.bag import _scratch, _shuffle
from raskt.bag._hashing import stable_hash

settings.register_profile("bags", max_examples=40)
settings.load_profile("bags")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
)
keys = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)


@pytest.fixture
def folder(tmp_path):
    with raskt.config.set({"local.spill-directory": str(tmp_path)}):
        yield tmp_path


@pytest.fixture
def no_memory(monkeypatch):
    """All that tasks exchange goes through files."""
    monkeypatch.setattr(_scratch, "EXCHANGED_BYTES", 0)


@given(
    st.lists(st.tuples(scalars, st.integers(0, 9)), max_size=40), st.integers(1, 7),
    st.sampled_from(["disk", "tasks"]), st.integers(1, 9),
    st.sampled_from([None, 2, 3]), st.sampled_from([1, 100, 2**20]),
)  # fmt: skip
def test_groups_equal_plain_python(items, n_in, method, n_out, max_branch, blocksize):
    plain = {}
    for item in items:
        plain.setdefault(item[0], []).append(item)
    grouped = rb.from_sequence(items, npartitions=n_in).groupby(
        0, method=method, npartitions=n_out, max_branch=max_branch, blocksize=blocksize
    )
    assert grouped.npartitions == n_out
    found = grouped.compute(scheduler="sync")
    # Through files, what is no number becomes another object, and then is a group of its own.
    kept = [(key, group) for key, group in found if key == key]
    assert len(kept) == len({key for key in plain if key == key})
    assert dict(kept) == {key: group for key, group in plain.items() if key == key}
    assert sum(len(group) for _, group in found) == len(items)


def test_partitions_that_are_too_large_are_cut(folder, monkeypatch):
    monkeypatch.setattr(_shuffle, "GATHERED_BYTES", 2_000)
    b = rb.range(5_000, npartitions=4)
    grouped = b.groupby(lambda x: x % 100, npartitions=3)
    found = grouped.compute(scheduler="sync")
    assert dict(found) == {k: list(range(k, 5_000, 100)) for k in range(100)}
    assert sorted(grouped.map(lambda pair: (pair[0], sum(pair[1]))).compute(scheduler="threads"))[:1] == [
        (0, 122500)
    ]
    assert os.listdir(folder) == []


@given(st.lists(keys, min_size=2, max_size=8))
def test_equal_keys_have_equal_hashes(some):
    for left in some:
        for right in some:
            if left == right:
                assert stable_hash(left) == stable_hash(right)


def test_keys_of_different_types_that_are_equal_have_equal_hashes():
    class Text(str):
        __slots__ = ()

    class Number(enum.IntEnum):
        ONE = 1

    utc = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    elsewhere = utc.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    equal = [
        (1, 1.0, True, 1 + 0j, decimal.Decimal(1), fractions.Fraction(1), Number.ONE),
        (2**70, 2.0**70), (0.0, -0.0, 0), ("a", Text("a")), (b"a", memoryview(b"a")),
        ((1, "a"), (1.0, "a")), (range(0), range(5, 5)), (range(0, 3, 2), range(0, 4, 2)), (utc, elsewhere),
    ]  # fmt: skip
    for same in equal:
        assert len({stable_hash(key) for key in same}) == 1, same
        assert len(set(same)) == 1, same
    assert stable_hash(float("nan")) == stable_hash(float("nan"))
    assert len({stable_hash(key) for key in ("1", b"1", 1, ("1",), None, "", b"", (), frozenset())}) == 9


@dataclasses.dataclass(frozen=True)
class Point:
    x: float
    note: str = dataclasses.field(default="", compare=False)


def test_hashes_are_the_same_in_every_process():
    program = (
        "from raskt.bag._hashing import stable_hash\n"
        "print([stable_hash(k) for k in ('a', 1, 1.5, None, b'x', ('a', (1, None)), '\\ud800')])"
    )
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", program]
        found.add(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert len(found) == 1
    assert stable_hash(Point(1, "a")) == stable_hash(Point(1.0, "b"))


@pytest.mark.parametrize("scheduler", ["sync", "threads", "processes"])
def test_groups_through_files_are_those_through_memory(folder, scheduler, monkeypatch):
    grouped = rb.range(3_000, npartitions=5).groupby(lambda x: x % 11, npartitions=4)
    in_memory = grouped.compute(scheduler=scheduler)
    monkeypatch.setattr(_scratch, "EXCHANGED_BYTES", 1_000)
    assert grouped.compute(scheduler=scheduler) == in_memory
    assert dict(in_memory) == {k: list(range(k, 3_000, 11)) for k in range(11)}
    assert os.listdir(folder) == []


def test_the_tasks_of_groups_are_as_many_as_the_partitions():
    def n_edges(n):
        grouped = rb.range(1_000, npartitions=n).groupby(lambda x: x % 5, npartitions=n)
        graph = dict(grouped.__raskt_graph__())
        return len(graph), sum(len(task.dependencies) for task in graph.values())

    few, many = n_edges(10), n_edges(40)
    assert many[0] <= 4 * few[0]
    assert many[1] <= 4 * few[1]


def test_files_go_when_the_computation_ends(folder, no_memory):
    seen = []
    grouped = rb.range(2_000, npartitions=3).groupby(lambda x: x % 7)
    looked = grouped.map(lambda pair: seen.append(os.listdir(folder)) or len(pair[1]))
    assert sum(looked.compute(scheduler="threads")) == 2_000
    assert len(seen[0]) == 1
    assert os.listdir(folder) == []
    assert len(grouped.compute(scheduler="processes")) == 7
    (kept,) = raskt.persist(grouped, scheduler="sync")
    assert os.listdir(folder) == []
    assert len(kept.compute()) == 7
    assert len(grouped.compute(scheduler="sync", optimize_graph=False)) == 7
    assert os.listdir(folder) == []
    parts = grouped.to_delayed()
    assert sum(len(part.compute()) for part in parts) == 7
    del parts
    end = time.monotonic() + 10
    while os.listdir(folder) and time.monotonic() < end:
        time.sleep(0.01)  # the engine's threads may be the last to let go
    assert os.listdir(folder) == []


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_files_go_when_a_task_fails(folder, scheduler):
    b = rb.range(2_000, npartitions=3).groupby(lambda x: x % 7).map(lambda pair: 1 / (pair[0] - 3))
    with pytest.raises(ZeroDivisionError):
        b.compute(scheduler=scheduler)
    assert os.listdir(folder) == []


@pytest.mark.skipif(os.name != "posix", reason="sends itself a signal")
@pytest.mark.filterwarnings("ignore:.*running Python function")
def test_files_go_at_ctrl_c(folder, no_memory):
    started = threading.Event()

    def slow(pair):
        started.set()
        time.sleep(0.05)
        return pair

    def interrupt():
        started.wait(20)
        assert len(os.listdir(folder)) == 1
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        rb.range(2_000, npartitions=3).groupby(lambda x: x % 60).map(slow).compute(scheduler="threads")
    thread.join()
    assert os.listdir(folder) == []


def test_options_out_of_range_are_errors():
    b = rb.range(4, npartitions=2)
    for options in ({"npartitions": 0}, {"blocksize": 0}, {"max_branch": 1}, {"method": "p2p"}):
        with pytest.raises(ValueError):
            b.groupby(lambda x: x, **options)
    with pytest.raises(ValueError, match="either method or shuffle"):
        b.groupby(lambda x: x, method="disk", shuffle="tasks")
