"""Collections whose parts are futures: where they are computed, what they hold, when that is let go."""

from __future__ import annotations

import gc
import time

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt import delayed
from raskt.distributed import CancelledError, Client, Future, futures_of, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOCAL = ["threads", "sync"]


def pair(n: int) -> list[int]:
    return [n, n]


def frame(n: int) -> pd.DataFrame:
    return pd.DataFrame({"a": [n, n + 1]})


def full(n: int) -> Any:
    return np.full(3, n)


def fail(n: int) -> Any:
    raise KeyError(n)


def inc(x: int) -> int:
    return x + 1


def test_bags_are_persisted(client: Client) -> None:
    bag = rb.from_sequence(range(6), npartitions=2).map(inc)
    kept = client.persist(bag)
    assert (kept.name, kept.npartitions) == (bag.name, 2)
    futures = futures_of(kept)
    assert [future.key for future in futures] == [(bag.name, 0), (bag.name, 1)]
    wait(futures)
    assert kept.compute() == [1, 2, 3, 4, 5, 6]
    assert kept.map(inc).filter(lambda x: x > 4).compute() == [5, 6, 7]
    total = client.persist(kept.sum())
    assert (total.compute(), len(futures_of(total))) == (21, 1)
    assert (bag.sum().compute(), kept.sum().compute()) == (21, 21)


@pytest.mark.parametrize("scheduler", [None, *LOCAL])
def test_collections_of_futures_are_computed_anywhere(client: Client, scheduler: str | None) -> None:
    bag = rb.from_delayed(client.map(pair, range(3)))
    assert bag.map(inc).compute(scheduler=scheduler) == [1, 1, 2, 2, 3, 3]
    assert len(futures_of(bag)) == 3
    table = rd.from_delayed(client.map(frame, range(3)), meta=frame(0))
    assert table.a.sum().compute(scheduler=scheduler) == 9
    array = ra.concatenate([ra.from_delayed(f, (3,), dtype="i8") for f in client.map(full, range(3))])
    assert (array + 1).sum().compute(scheduler=scheduler) == 18
    assert {future.key for future in futures_of([array.sum(), bag])} == {
        future.key for future in [*futures_of(array), *futures_of(bag)]
    }
    value = raskt.delayed(inc)(client.submit(inc, 1))
    assert value.compute(scheduler=scheduler) == 3


def test_child_processes_get_what_a_cluster_has(client: Client) -> None:
    bag = rb.from_delayed(client.map(pair, range(3)))
    assert bag.map(inc).compute(scheduler="processes", num_workers=1) == [1, 1, 2, 2, 3, 3]


def test_what_a_future_lacks_is_told_by_local_schedulers_too(client: Client) -> None:
    future = client.submit(fail, 3)
    value = raskt.delayed(inc)(future)
    with pytest.raises(KeyError, match="3"):
        value.compute(scheduler="threads")
    cancelled = client.submit(time.sleep, 0.2)
    value = raskt.delayed(inc)(cancelled)
    cancelled.cancel()
    with pytest.raises(CancelledError):
        value.compute(scheduler="sync")


def test_persist_of_the_package_uses_the_client(client: Client) -> None:
    array, bag, value, plain = raskt.persist(
        ra.ones((4, 4), chunks=2), rb.range(4, npartitions=2), raskt.delayed(inc)(2), 7
    )
    assert [len(futures_of(found)) for found in (array, bag, value)] == [4, 2, 1]
    assert (array.sum().compute(), bag.compute(), value.compute(), plain) == (16, [0, 1, 2, 3], 3, 7)
    table = rd.from_pandas(pd.DataFrame({"a": range(10)}), npartitions=3).persist()
    assert len(futures_of(table)) == 3
    assert table.a.sum().compute() == 45
    assert table.known_divisions
    with client.as_current():
        assert client.who_has(array).keys() == {future.key for future in futures_of(array)}


def test_what_nobody_refers_to_is_let_go(client: Client) -> None:
    array = client.persist(ra.ones(1000, chunks=100) + 1)
    bag = client.persist(rb.range(10, npartitions=5))
    table = client.persist(rd.from_pandas(pd.DataFrame({"a": range(10)}), npartitions=3))
    kept = [future.key for future in futures_of([array, bag, table])]
    wait([array, bag, table])
    assert len(kept) == 18

    def held() -> int:
        return sum(key in keys for keys in client.has_what().values() for key in kept)

    assert held() == 18
    again = array.sum()
    del array, bag, table
    gc.collect()
    until = time.monotonic() + 60
    while held() > 10 and time.monotonic() < until:
        time.sleep(0.005)
    # What is made of it refers to it.
    assert (held(), int(again.compute())) == (10, 2000)
    del again
    gc.collect()
    while held() and time.monotonic() < until:
        time.sleep(0.005)
    assert held() == 0


def test_a_future_is_let_go_with_what_was_pickled_of_it(client: Client) -> None:
    class Holder:
        def __init__(self, future: Future) -> None:
            self.future = future

    def slow(holder: Any) -> Any:
        time.sleep(0.05)
        return holder.future.result()

    # Nobody but the call on its way refers to the future.
    results = [client.submit(slow, Holder(client.submit(inc, n)), pure=False) for n in range(4)]
    assert client.gather(results) == [1, 2, 3, 4]


def test_a_task_changes_neither_a_future_nor_what_was_persisted(client: Any) -> None:
    def make() -> Any:
        return {"frame": pd.DataFrame({"a": [1, 2]}), "bytes": bytearray(2), "list": [np.zeros(2), [1]]}

    def change(value: Any) -> str:
        value["frame"].iloc[0, 0] = 99
        value["bytes"][0] = 99
        value["list"][1].append(99)
        value["more"] = 99
        try:
            value["list"][0][0] = 99
        except ValueError:
            return "read-only"
        return "changed"

    future, kept = client.submit(make), client.persist(delayed(make)())
    for told in (client.submit(change, future).result(), delayed(change)(kept).compute()):
        assert told in ("read-only", "changed")
    for found in (future.result(), client.submit(lambda value: value, future).result(), kept.compute()):
        assert repr(found) == repr(make())
