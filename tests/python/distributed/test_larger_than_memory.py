"""Values that are several times larger than the memory of the worker that holds them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import raskt.array as ra
from raskt.distributed import Client, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20
#: Of each value; the worker has room for eight of them, about.
N_BYTES = 16 * MIB
N_VALUES = 50


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=1, threads_per_worker=2, memory_limit="200 MiB") as cluster:
        yield cluster


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client of a worker whose process must not be replaced."""
    [pid] = [worker["pid"] for worker in cluster.workers.values()]
    with Client(cluster) as client:
        yield client
        [nanny] = cluster._workers.each().values()
        assert nanny.deaths == []
        assert nanny.pid == pid


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
