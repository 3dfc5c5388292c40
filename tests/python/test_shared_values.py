"""Values that several have: what one changes in place, the others do not see, however deep it lies."""

from __future__ import annotations

import array
import collections
import dataclasses
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.bag as rb
import raskt.dataframe as rd
import scipy.sparse
from raskt import delayed


@dataclasses.dataclass
class Record:
    values: Any


Point = collections.namedtuple("Point", "x y")


def frame() -> Any:
    return pd.DataFrame({"a": [1, 2], "b": [1.0, 2.0]})


def first(value: Any) -> None:
    value[0] = 99


def first_of_first(value: Any) -> None:
    value[0][0] = 99


def first_of_a(value: Any) -> None:
    value["a"][0] = 99


def cell(value: Any) -> None:
    value.iloc[0, 0] = 99


def column(value: Any) -> None:
    value["z"] = 1


def of_record(value: Any) -> None:
    value.values[0] = 99


def attribute(value: Any) -> None:
    value.values = None


def memory(value: Any) -> None:
    value["a"].to_numpy()[0] = 99


def sparse_data(value: Any) -> None:
    value.data[0] = 99


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "array": (lambda: np.zeros(3), first),
    "bytearray": (lambda: bytearray(3), first),
    "array.array": (lambda: array.array("d", [1, 2]), first),
    "memoryview": (lambda: memoryview(bytearray(3)), first),
    "list": (lambda: [1, 2], first),
    "array in a list": (lambda: [np.zeros(3)], first_of_first),
    "array in a tuple": (lambda: (np.zeros(3), 1), first_of_first),
    "array in a named tuple": (lambda: Point(np.zeros(3), 1), first_of_first),
    "list in a list": (lambda: [[1], 2], first_of_first),
    "dictionary": (lambda: {"a": 1}, column),
    "array in a dictionary": (lambda: {"a": np.zeros(3)}, first_of_a),
    "list in a dictionary": (lambda: {"a": [1]}, first_of_a),
    "array in a default dictionary": (
        lambda: collections.defaultdict(list, {"a": np.zeros(3)}),
        first_of_a,
    ),
    "array in a deque": (lambda: collections.deque([np.zeros(3)]), first_of_first),
    "array in a data class": (lambda: Record(np.zeros(3)), of_record),
    "data class": (lambda: Record(np.zeros(3)), attribute),
    "namespace": (lambda: types.SimpleNamespace(values=np.zeros(3)), of_record),
    "set": (lambda: {1}, lambda value: value.add(2)),
    "frame": (frame, cell),
    "columns of a frame": (frame, column),
    "memory of a frame": (frame, memory),
    "frame in a list": (lambda: [frame()], lambda value: cell(value[0])),
    "series": (lambda: pd.Series([1, 2]), first),
    "sparse matrix": (lambda: scipy.sparse.csr_matrix(np.eye(3)), sparse_data),
    "masked array": (lambda: np.ma.array([1, 2], mask=[0, 1]), first),
    "masked array in a list": (lambda: [np.ma.array([1, 2], mask=[0, 1])], first_of_first),
}


def looks(value: Any) -> str:
    """What a value looks like: of memory, what lies in it."""
    if isinstance(value, memoryview):
        return repr(value.tobytes())
    return repr(value.toarray() if scipy.sparse.issparse(value) else value)


def tried(change: Callable[[Any], None]) -> Callable[[Any], str]:
    def try_it(value: Any) -> str:
        try:
            change(value)
        except (ValueError, TypeError) as error:
            said = str(error)
            if not any(words in said for words in ("read-only", "cannot modify", "item assignment")):
                raise
            return "refused"
        return "changed"

    return try_it


@pytest.mark.parametrize("scheduler", ["threads", "sync", "processes"])
@pytest.mark.parametrize("what", CHANGES)
def test_a_task_does_not_change_what_was_persisted(what: str, scheduler: str) -> None:
    make, change = CHANGES[what]
    kept = delayed(make)().persist(scheduler=scheduler)
    before = looks(make())
    assert delayed(tried(change))(kept).compute(scheduler=scheduler) in ("changed", "refused")
    assert looks(kept.compute(scheduler=scheduler)) == before


@pytest.mark.parametrize("what", CHANGES)
def test_what_compute_returns_of_a_persisted_value_is_ones_own(what: str) -> None:
    make, change = CHANGES[what]
    kept = delayed(make)().persist()
    mine = kept.compute()
    tried(change)(mine)
    if what not in ("memoryview", "memory of a frame"):
        assert looks(mine) != looks(make())
    assert looks(kept.compute()) == looks(make())


@pytest.mark.parametrize("what", CHANGES)
def test_a_task_does_not_change_what_another_one_reads(what: str) -> None:
    make, change = CHANGES[what]

    def after(_: Any, value: Any) -> str:
        return looks(value)

    value = delayed(make)()
    changed = delayed(tried(change))(value)
    assert delayed(after)(changed, value).compute() == looks(make())
    told, seen = raskt.compute(changed, value)
    assert told in ("changed", "refused")
    assert looks(seen) == looks(make())


@pytest.mark.parametrize("what", CHANGES)
def test_a_task_does_not_change_what_was_passed_as_a_value(what: str) -> None:
    make, change = CHANGES[what]
    mine = make()
    value = delayed(mine)
    delayed(tried(change))(value).compute()
    assert looks(mine) == looks(value.compute()) == looks(make())


def test_partitions_of_persisted_frames_and_bags_are_kept() -> None:
    parts = rd.from_pandas(frame(), npartitions=1).map_partitions(lambda part: part).persist()
    for change in (cell, column, memory):
        delayed(tried(change))(parts.to_delayed()[0]).compute()
        assert parts.compute().equals(frame())
    bag = rb.from_sequence([np.zeros(3), [1]], npartitions=1).map(lambda item: item).persist()
    delayed(tried(first_of_first))(bag.to_delayed()[0]).compute()
    delayed(lambda items: items[1].append(2))(bag.to_delayed()[0]).compute()
    zeros, numbers = bag.compute()
    assert zeros.tolist() == [0, 0, 0]
    assert numbers == [1]


def test_the_only_reader_of_a_value_gets_the_value_itself() -> None:
    made: list[Any] = []

    def make() -> Any:
        made.append({"a": [np.zeros(3)]})
        return made[0]

    def change(value: Any) -> bool:
        value["a"][0][0] = 99
        return value is made[0]

    assert delayed(change)(delayed(make)()).compute(scheduler="threads")


def test_objects_that_hold_themselves_are_shared() -> None:
    ring: list[Any] = [np.zeros(2)]
    ring.append(ring)
    kept = delayed(lambda: ring)().persist()
    found = delayed(lambda value: (value[1] is value, value is ring))(kept).compute()
    assert found == (True, False)


def test_containers_that_nest_very_deep_are_shared() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(delayed(lambda value: value)(delayed(lambda: deep)().persist()).compute()) == 1
    while deep:
        deep = deep.pop()


def spoil(part: pd.DataFrame) -> pd.DataFrame:
    part["x"] = -1.0
    part.index.name = "spoilt"
    return part


SPOILERS: dict[str, Callable[[rd.DataFrame, Callable[[Any], Any]], Any]] = {
    "map_partitions": lambda df, function: df.map_partitions(function, meta=df._meta),
    "reduction": lambda df, function: df.reduction(function, lambda parts: parts.sum(), meta=df._meta.sum()),
    "map_overlap": lambda df, function: df.map_overlap(function, 0, 0, meta=df._meta),
}


@pytest.mark.parametrize("way", SPOILERS)
@pytest.mark.parametrize("dtype", ["float64", "object"])
def test_what_a_function_does_to_its_partition_no_other_reader_sees(way: str, dtype: str) -> None:
    spoilt = threading.Event()
    source = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}).astype(dtype)

    def first(part: pd.DataFrame) -> pd.DataFrame:
        found = spoil(part)
        spoilt.set()
        return found

    def second(part: pd.DataFrame) -> pd.DataFrame:
        assert spoilt.wait(60)
        return part * 1

    base = rd.from_pandas(source, npartitions=1).map_partitions(lambda part: part * 1, meta=source)
    readers = [SPOILERS[way](base, first), base.map_partitions(second, meta=source), base]
    spoilt_one, *others = raskt.compute(*readers, scheduler="threads", num_workers=3)
    assert -1 in np.ravel(spoilt_one) or -2 in np.ravel(spoilt_one)
    for other in others:
        pd.testing.assert_frame_equal(other, source)
