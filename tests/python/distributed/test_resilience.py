"""Workers are killed while they work, and the answers are the same."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt.distributed import Client, KilledWorker, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster):
        yield cluster


def slowly(x: Any) -> Any:
    time.sleep(0.01)
    return x


def kill_midway(cluster: LocalCluster) -> threading.Thread:
    """Kill the worker that holds most, once there is something to lose."""

    def watch() -> None:
        while cluster.scheduler.load()["n_in_memory"] < 3:
            time.sleep(0.001)
        worker = max(cluster.scheduler.workers(), key=lambda worker: worker["n_values"])
        os.kill(worker["pid"], signal.SIGKILL)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_arrays(cluster: LocalCluster) -> None:
    killing = kill_midway(cluster)
    x = ra.arange(400, chunks=10).map_blocks(slowly, dtype="int64")
    total = (x[:, None] * x[None, ::10]).sum(axis=0)
    np.testing.assert_array_equal(total.compute(), np.arange(400).sum() * np.arange(0, 400, 10))
    killing.join(30)


def test_bags(cluster: LocalCluster) -> None:
    killing = kill_midway(cluster)
    assert rb.from_sequence(range(60), npartitions=30).map(slowly).sum().compute() == sum(range(60))
    killing.join(30)


def test_delayed_values(cluster: LocalCluster) -> None:
    killing = kill_midway(cluster)
    leaves = [raskt.delayed(slowly)(at) for at in range(60)]
    assert raskt.delayed(sum)(leaves).compute() == sum(range(60))
    killing.join(30)


def test_dataframes(cluster: LocalCluster) -> None:
    frame = pd.DataFrame({"k": [at % 7 for at in range(300)], "v": range(300)})
    killing = kill_midway(cluster)
    lazy = rd.from_pandas(frame, npartitions=30).map_partitions(slowly)
    found = lazy.merge(frame.head(20), on="k").groupby("k").v_x.sum().compute()
    killing.join(30)
    expected = frame.merge(frame.head(20), on="k").groupby("k").v_x.sum()
    pd.testing.assert_series_equal(found.sort_index(), expected)


def suicide(x: int) -> None:
    # What ended before has been reported by then.
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_task_that_kills_workers_is_given_up_and_its_neighbours_are_not() -> None:
    with (
        raskt.config.set({"cluster.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1) as cluster,
        Client(cluster) as client,
    ):
        neighbours = client.map(slowly, range(20))
        with pytest.raises(KilledWorker, match="was running on 2 workers when they ended"):
            client.submit(suicide, 1).result(timeout=60)
        assert client.gather(neighbours) == list(range(20))


def test_a_cluster_goes_on_after_all_its_workers_were_killed(cluster: LocalCluster) -> None:
    with Client(cluster, set_as_default=False) as client:
        for _ in range(2):
            with pytest.raises(KilledWorker):
                client.submit(os._exit, 1, pure=False).result(timeout=60)
        assert client.submit(slowly, 5).result(timeout=60) == 5
