"""A cluster as an executor: what the executors of the standard library do."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raskt.distributed import Client


def double(x: int) -> int:
    return 2 * x


def slow(x: int) -> int:
    time.sleep(0.05)
    return x


def raises(x: int) -> int:
    raise ArithmeticError(x)


@pytest.fixture
def executor(client: Client) -> Iterator[concurrent.futures.Executor]:
    with client.get_executor() as executor:
        yield executor


def test_calls_that_are_cancelled_are_so_once_and_nobody_complains(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="concurrent.futures"):
        executor = client.get_executor(workers=["nobody of that name"])
        futures = [executor.submit(double, at) for at in range(3)]
        calls: list[concurrent.futures.Future[Any]] = []
        for future in futures:
            future.add_done_callback(calls.append)
        assert futures[0].cancel()
        assert futures[0].cancel()
        threads = [threading.Thread(target=futures[1].cancel) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        executor.shutdown(cancel_futures=True)
        assert all(future.cancelled() and future.done() for future in futures)
        assert sorted(map(id, calls)) == sorted(map(id, futures))
        with pytest.raises(concurrent.futures.CancelledError):
            futures[2].result(timeout=60)
    assert caplog.records == []


def test_a_future_of_the_cluster_that_is_cancelled_cancels_the_other(client: Client) -> None:
    executor = client.get_executor(workers=["nobody of that name"])
    future = executor.submit(double, 1)
    future._on_cluster.cancel()  # type: ignore[attr-defined]
    assert concurrent.futures.wait([future], timeout=60).done == {future}
    assert future.cancelled()


def test_shutdown_waits_and_what_was_submitted_is_done(client: Client) -> None:
    executor = client.get_executor()
    futures = [executor.submit(slow, at) for at in range(4)]
    executor.shutdown(wait=False)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(double, 1)
    executor.shutdown()
    assert all(future.done() for future in futures)
    assert [future.result() for future in futures] == [0, 1, 2, 3]


def test_as_completed_and_wait_are_the_standard_librarys(executor: concurrent.futures.Executor) -> None:
    futures = [executor.submit(double, at) for at in range(5)]
    found = {future.result() for future in concurrent.futures.as_completed(futures, timeout=60)}
    assert found == {0, 2, 4, 6, 8}
    failed = executor.submit(raises, 7)
    done, _ = concurrent.futures.wait([failed], timeout=60)
    assert done == {failed}
    with pytest.raises(ArithmeticError, match="7"):
        failed.result()


def test_map_takes_chunks_timeouts_and_endless_iterators(executor: concurrent.futures.Executor) -> None:
    assert list(executor.map(double, range(5), chunksize=3, timeout=60)) == [0, 2, 4, 6, 8]
    with pytest.raises(ValueError, match="chunksize"):
        executor.map(double, [1], chunksize=0)
    with pytest.raises(ArithmeticError):
        list(executor.map(raises, [1]))
    with pytest.raises(TimeoutError):
        list(executor.map(time.sleep, [30], timeout=0.01))
    taken = []

    def endless() -> Iterator[int]:
        while True:
            taken.append(len(taken))
            yield len(taken)

    results = executor.map(double, endless(), buffersize=3)  # type: ignore[call-arg]
    assert [next(results) for _ in range(4)] == [2, 4, 6, 8]
    assert len(taken) == 3 + 4


def test_what_cannot_be_pickled_is_the_futures_error(executor: concurrent.futures.Executor) -> None:
    lock = threading.Lock()
    for future in (executor.submit(lambda: lock), executor.submit(threading.Lock)):
        with pytest.raises(Exception, match="pickle"):
            future.result(timeout=60)
    assert executor.submit(double, 2).result(timeout=60) == 4
