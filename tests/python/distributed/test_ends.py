"""Copies that are there, workers that have gone, clients that are closed."""

from __future__ import annotations

import operator

import pytest
from raskt.distributed import Client, LocalCluster


def test_copies_are_there_when_replicate_returns(client: Client) -> None:
    futures = client.map(operator.neg, range(20), pure=False)
    client.replicate(futures)
    assert all(len(holders) == 2 for holders in client.who_has(futures).values())


def test_workers_have_gone_when_retire_returns_and_the_last_one_that_holds_something_stays() -> None:
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        futures = client.map(operator.neg, range(10))
        assert client.gather(futures) == [-at for at in range(10)]
        first, last = client.nthreads()
        assert list(client.retire_workers([first])) == [first]
        assert list(client.nthreads()) == [last]
        with pytest.raises(RuntimeError, match="no worker is left to take what"):
            client.retire_workers([last])
        # It goes on as before.
        assert client.submit(sum, futures).result(timeout=60) == -45


def test_a_closed_client_takes_no_calls_and_its_futures_no_other_client(cluster: LocalCluster) -> None:
    closed = Client(cluster, set_as_default=False)
    future = closed.submit(operator.neg, 5)
    assert future.result(timeout=60) == -5
    closed.close()
    for submit in (
        lambda: closed.submit(operator.neg, 6),
        lambda: closed.map(operator.neg, [6]),
    ):
        with pytest.raises(OSError, match="closed"):
            submit()
    with (
        Client(cluster, set_as_default=False) as client,
        pytest.raises(ValueError, match=r"of a client of .*, which is closed"),
    ):
        client.submit(operator.neg, [future])


def test_amounts_of_resources_are_explained_as_they_were_given(idle: Client) -> None:
    future = idle.submit(operator.neg, 1, resources={"GPU": 1.5})
    assert "a worker with GPU=1.5" in idle.explain(future)
