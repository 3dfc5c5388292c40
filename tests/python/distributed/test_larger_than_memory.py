"""Values that are several times larger than the memory of the worker that holds them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import raskt.array as ra
import raskt.dataframe as rd
from raskt.distributed import Client, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
#: Of each value; the worker has room for eight of them, about.
N_BYTES = 16 * MIB
N_VALUES = 50
#: Of tables: partitions, and rows of 32 bytes in each. Beside what Python takes there is room for 45 MiB.
N_PARTITIONS, N_ROWS = 24, 1 << 17


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=1, threads_per_worker=2, memory_limit="200 MiB") as cluster:
        yield cluster


def client_of(cluster: LocalCluster) -> Iterator[Client]:
    [pid] = [worker["pid"] for worker in cluster.workers.values()]
    with Client(cluster) as client:
        yield client
        [nanny] = cluster._workers.each().values()
        assert nanny.deaths == []
        assert nanny.pid == pid


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client of a worker whose process must not be replaced."""
    yield from client_of(cluster)


def make(number: int) -> np.ndarray[Any, Any]:
    return np.full(N_BYTES // 8, number, dtype="int64")


def test_futures_are_kept_and_gathered_one_by_one_and_together(client: Client) -> None:
    futures = client.map(make, range(N_VALUES))
    for number, future in enumerate(futures):
        value = future.result(timeout=120)
        assert (value[0], value.size) == (number, N_BYTES // 8)
    firsts = client.gather(client.map(lambda value: int(value[-1]), futures))
    assert firsts == list(range(N_VALUES))
    together = client.gather(futures[:20])
    assert [int(value[0]) for value in together] == list(range(20))


def test_arrays_are_persisted_and_summed(client: Client) -> None:
    array = ra.random.default_rng(3).random((N_VALUES, N_BYTES // 8), chunks=(1, N_BYTES // 8)).persist()
    first = array.sum().compute()
    assert math.isclose(first, N_VALUES * N_BYTES / 16, rel_tol=1e-2)
    assert array.sum().compute() == first


def test_scattered_values_go_to_disk(client: Client) -> None:
    block = np.arange(N_BYTES // 8)
    numbers = range(N_VALUES // 2)
    futures = client.scatter([(number, block) for number in numbers], hash=False)
    lasts = client.gather(client.map(lambda value: (value[0], int(value[1][-1])), futures))
    assert lasts == [(number, N_BYTES // 8 - 1) for number in numbers]


def rows(number: int) -> pd.DataFrame:
    """Make 4 MiB whose keys are all different."""
    keys = (np.arange(N_ROWS) * N_PARTITIONS + number) * 7919 % (N_ROWS * N_PARTITIONS)
    return pd.DataFrame({"key": keys, "a": keys + 1, "b": keys / 2, "c": -keys})


@pytest.fixture
def frame(client: Client) -> rd.DataFrame:
    """A frame of 96 MiB, which its tasks make anew each time."""
    return rd.from_map(rows, range(N_PARTITIONS))


def count(part: pd.DataFrame) -> pd.DataFrame:
    keys = part["key"] if "key" in part else part.index.to_series()
    fits = (part["a"].to_numpy() == keys + 1) & (part["c"].to_numpy() == -keys)
    return pd.DataFrame({"n": [len(part)], "key": [int(keys.sum())], "fits": [int(fits.sum())]})


#: What `count` of all rows comes to.
N_ALL = N_PARTITIONS * N_ROWS
ALL = [N_ALL, N_ALL * (N_ALL - 1) // 2, N_ALL]
META = {"n": "int64", "key": "int64", "fits": "int64"}


def test_frames_are_shuffled(frame: rd.DataFrame) -> None:
    counted = frame.shuffle("key").map_partitions(count, meta=META).compute()
    assert counted.sum().tolist() == ALL
    assert counted["n"].max() < 2 * N_ROWS


def test_frames_get_a_sorted_index(frame: rd.DataFrame) -> None:
    divisions = [N_ROWS * at for at in range(N_PARTITIONS)] + [N_ALL - 1]
    counted = frame.set_index("key", divisions=divisions).map_partitions(count, meta=META).compute()
    assert counted.sum().tolist() == ALL
    assert counted["n"].tolist() == [N_ROWS] * N_PARTITIONS


def test_frames_are_merged(frame: rd.DataFrame) -> None:
    right = frame[["key"]].assign(other=frame["b"] * 2)
    merged = frame.merge(right, on="key")
    assert merged.map_partitions(count, meta=META).compute().sum().tolist() == ALL
