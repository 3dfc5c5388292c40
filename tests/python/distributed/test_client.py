"""Clients of a cluster with workers."""

from __future__ import annotations

import asyncio
import operator
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import raskt
import raskt.array as ra
import raskt.bag as rb
import raskt.dataframe as rd
from raskt.distributed import as_completed, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from raskt.distributed import Client


def inc(x: int) -> int:
    return x + 1


def fail(x: Any) -> Any:
    raise KeyError(x)


def test_calls_chains_and_containers(client: Client) -> None:
    first = client.submit(inc, 1)
    assert client.submit(operator.add, first, client.submit(inc, first)).result(timeout=60) == 5
    assert client.submit(sum, [first, first]).result(timeout=60) == 4
    assert client.gather({"a": first, "b": [first]}) == {"a": 2, "b": [2]}
    assert client.gather(client.map(pow, range(50), range(50))) == [x**x for x in range(50)]
    done, not_done = wait(client.map(inc, range(10)), timeout=60)
    assert (len(done), len(not_done)) == (10, 0)
    assert sorted(result for _, result in as_completed(client.map(inc, range(5)), with_results=True)) == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_errors_come_with_their_type(client: Client) -> None:
    future = client.submit(fail, "x")
    with pytest.raises(KeyError, match="x") as caught:
        future.result(timeout=60)
    assert any("fail" in note for note in caught.value.__notes__)
    with pytest.raises(KeyError):
        client.submit(inc, future).result(timeout=60)
    assert client.gather([client.submit(inc, 1), future], errors="skip") == [2]


def test_collections_use_the_client(client: Client) -> None:
    x = ra.arange(100, chunks=10)
    np.testing.assert_array_equal((x + 1).compute(), np.arange(1, 101))
    assert int((x + 1).sum().compute()) == 5050
    assert sorted(rb.range(10, npartitions=3).map(inc).compute()) == list(range(1, 11))
    frame = pd.DataFrame({"a": range(10), "b": [1, 2] * 5})
    expected = frame.groupby("b").a.sum()
    found = rd.from_pandas(frame, npartitions=3).groupby("b").a.sum().compute()
    pd.testing.assert_series_equal(found.sort_index(), expected)
    assert raskt.compute(raskt.delayed(inc)(1), [raskt.delayed(inc)(2)]) == (2, [3])


def test_persisted_collections_stay_on_the_cluster(client: Client) -> None:
    x = client.persist(ra.arange(20, chunks=5) * 2)
    np.testing.assert_array_equal(x.compute(), np.arange(20) * 2)
    value = raskt.delayed(inc)(1).persist()
    assert raskt.delayed(inc)(value).compute() == 3


def test_scattered_data(client: Client) -> None:
    data = client.scatter(np.arange(10))
    assert client.submit(np.sum, data).result(timeout=60) == 45
    everywhere = client.scatter({"a": 1, "b": 2}, broadcast=True)
    assert client.gather(everywhere) == {"a": 1, "b": 2}
    assert all(len(holders) == 2 for holders in client.who_has(list(everywhere.values())).values())


def test_executors(client: Client) -> None:
    with client.get_executor() as executor:
        assert executor.submit(inc, 1).result(timeout=60) == 2
        assert list(executor.map(inc, range(4))) == [1, 2, 3, 4]
        assert isinstance(executor.submit(fail, 1).exception(timeout=60), KeyError)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(inc, 1)


def test_graphs_and_questions(client: Client) -> None:
    assert client.get({"x": 1, "y": (inc, "x"), "z": (operator.add, "x", "y")}, ["z", ["y"]]) == [3, [2]]
    info = client.scheduler_info()
    assert len(info["workers"]) == 2
    assert client.nthreads() == dict.fromkeys(info["workers"], 1)
    assert set(client.run(inc, 1).values()) == {2}


def test_containers_of_collections_are_one_future(client: Client) -> None:
    one = raskt.delayed(inc)(1)
    assert client.compute({"a": one, "b": [one, 5]}).result() == {"a": 2, "b": [2, 5]}
    assert client.compute({"a": one}, sync=True) == {"a": 2}
    first, second, third = client.compute([{"a": one}, one, 3])
    assert (first.result(), second.result(), third) == ({"a": 2}, 2, 3)


def place(x: int, dask_worker: Any) -> tuple[int, str]:
    return x, dask_worker.address


async def later(path: str = "", dask_worker: Any = None) -> str:
    await asyncio.sleep(0)
    if path:
        Path(path, dask_worker.name).touch()
    address: str = dask_worker.address
    return address


def test_functions_on_workers_get_the_worker_and_may_be_asynchronous(
    client: Client, tmp_path: Path, until: Callable[..., Any]
) -> None:
    addresses = list(client.nthreads())
    assert client.run(place, 5) == {address: (5, address) for address in addresses}
    assert client.run(place, x=6, workers=addresses[:1]) == {addresses[0]: (6, addresses[0])}
    assert client.run(later) == {address: address for address in addresses}
    assert client.run(later, os.fspath(tmp_path), wait=False) == dict.fromkeys(addresses)
    until(lambda: len(list(tmp_path.iterdir())) == len(addresses))
    with pytest.raises(NotImplementedError, match="nanny=True"):
        client.run(inc, 1, nanny=True)


def test_awaiting(cluster: Any) -> None:
    from raskt.distributed import Client

    async def main() -> None:
        async with Client(cluster, asynchronous=True) as client:
            assert await client.submit(inc, 1) == 2
            assert await client.gather(client.map(inc, range(3))) == [1, 2, 3]
            assert [await future async for future in as_completed([client.submit(inc, 5)])] == [6]

    asyncio.run(main())


def test_shuffles(client: Client) -> None:
    del client
    frame = pd.DataFrame({"k": [at * 7 % 11 for at in range(200)], "v": range(200)})
    lazy = rd.from_pandas(frame, npartitions=4)
    by = ["k", "v"]
    expected = frame.sort_values(by).reset_index(drop=True)
    pd.testing.assert_frame_equal(lazy.sort_values(by).compute().reset_index(drop=True), expected)
    assert sorted(lazy.shuffle("k").compute().v) == list(range(200))
    found = lazy.merge(lazy, on="k", how="outer").compute()
    assert len(found) == len(frame.merge(frame, on="k", how="outer"))


def test_workers_are_chosen_by_name_or_address(client: Client) -> None:
    for address, known in client.scheduler_info()["workers"].items():
        for worker in (address, known["name"]):
            future = client.submit(os.getpid, workers=[worker], pure=False)
            assert future.result(timeout=60) == known["pid"]


def test_a_client_does_not_go_along_with_a_fork(client: Client) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            client.submit(inc, 1)
        except RuntimeError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert "make a Client in the new process" in told.read()
    os.waitpid(pid, 0)
    assert client.submit(inc, 1).result(timeout=60) == 2
