"""Operations that wait for sizes of chunks, on arrays that are larger than the memory of the workers."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import raskt.array as ra
from raskt.distributed import Client, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A block has 8 MiB. Beside what Python takes, each worker has room for 60 MiB, about.
N_ROWS, N_BLOCKS = 1 << 20, 32


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="200 MiB") as cluster:
        yield cluster


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    """A client of workers whose processes must not be replaced."""
    with Client(cluster) as client:
        yield client
        assert [nanny.deaths for nanny in cluster._workers.each().values()] == [[], []]


def numbers(n_blocks: int = N_BLOCKS) -> ra.Array:
    return ra.arange(n_blocks * N_ROWS, chunks=N_ROWS, dtype="float64")


def kept(n_blocks: int = N_BLOCKS) -> np.ndarray[Any, Any]:
    """What is left of the numbers without those that 3 divides."""
    every = np.arange(n_blocks * N_ROWS, dtype="float64")
    return every[every % 3 != 0]


def test_what_a_mask_leaves_is_cut_anew(client: Client) -> None:
    array = numbers()
    selected = array[array % 3 != 0].rechunk(2 * N_ROWS)
    assert float((selected + 1).sum().compute()) == float((kept() + 1).sum())


def test_what_a_mask_leaves_is_sliced_and_counted(client: Client) -> None:
    array = numbers()
    selected = array[array % 3 != 0]
    every = kept()
    found = client.compute([selected[5::2].sum(), selected[-3:]])
    total, last = client.gather(found)
    assert float(total) == float(every[5::2].sum())
    np.testing.assert_array_equal(last, every[-3:])


def test_no_block_goes_to_who_plans(client: Client) -> None:
    array = numbers(6)
    pieces = array[array % 3 != 0].rechunk(N_ROWS).persist()
    np.testing.assert_array_equal(pieces.compute(), kept(6))
    # The list of all blocks would be one value more.
    keys = {str(key) for worker in client.has_what().values() for key in worker}
    assert len(keys) == pieces.npartitions


def slow(block: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    time.sleep(0.05)
    return block


def test_what_a_lost_worker_held_is_made_again() -> None:
    n_blocks = 16
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        array = numbers(n_blocks).map_blocks(slow, dtype="float64")
        selected = array[array % 3 != 0].rechunk(N_ROWS).map_blocks(slow, dtype="float64")
        future: Any = client.compute(selected.sum())
        time.sleep(0.7)
        assert not future.done()
        os.kill(next(iter(cluster.workers.values()))["pid"], signal.SIGKILL)
        assert float(future.result(timeout=60)) == float(kept(n_blocks).sum())
