"""Futures of a cluster that has no workers: what is pending, cancelled, lost with the connection."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import pickle
import socket

import pytest
import raskt
from raskt.distributed import CancelledError, Client, Future, as_completed, futures_of, get_client, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def inc(x: int) -> int:
    return x + 1


def test_equal_calls_are_one_future_and_others_are_not(idle: Client) -> None:
    assert idle.submit(inc, 1) == idle.submit(inc, 1)
    assert idle.submit(inc, 1).key != idle.submit(inc, 2).key
    assert idle.submit(inc, 1, pure=False).key != idle.submit(inc, 1, pure=False).key
    assert idle.submit(inc, 1, key="mine").key == "mine"
    assert idle.submit(inc, 3).key.startswith("inc-")
    keys = [future.key for future in idle.map(inc, range(3), key="some")]
    assert len(set(keys)) == 3
    assert all(key.startswith("some-") for key in keys)


def test_a_future_without_workers_is_pending_and_waiting_for_it_ends(idle: Client) -> None:
    future = idle.submit(inc, 1)
    assert (future.status, future.done(), future.cancelled()) == ("pending", False, False)
    with pytest.raises(TimeoutError, match=r"no result of 'inc-.*' after 0\.05 s"):
        future.result(timeout=0.05)
    with pytest.raises(TimeoutError, match="2 of 2 futures"):
        wait([future, idle.submit(inc, 2)], timeout="50ms")
    with pytest.raises(TimeoutError):
        next(iter(as_completed([future], timeout=0.05)))


def test_a_cancelled_future_and_what_needs_it_are_cancelled(idle: Client) -> None:
    first = idle.submit(inc, 1)
    second = idle.submit(inc, first)
    first.cancel()
    assert first.status == "cancelled"
    for future in (first, second):
        with pytest.raises(CancelledError):
            future.result(timeout=20)
    assert futures_of([first]) == [first]
    with pytest.raises(CancelledError, match="cancelled: inc-"):
        futures_of([first], client=idle)
    with pytest.raises(CancelledError, match="cancelled: inc-"):
        wait([first])
    again = idle.submit(inc, 1)
    assert again.status == "pending"
    assert first.status == "cancelled"


def test_a_cancelled_future_says_why(idle: Client) -> None:
    first, second, third, fourth = idle.map(inc, range(4))
    first.cancel(reason="stale", msg="newer data came")
    idle.cancel([second, third], msg="nobody looks")
    fourth.cancel()
    wanted = [": stale, newer data came", ": nobody looks", ": nobody looks", ""]
    for future, why in zip((first, second, third, fourth), wanted, strict=True):
        with pytest.raises(CancelledError) as caught:
            future.result(timeout=20)
        assert str(caught.value) == f"the future {future.key!r} was cancelled{why}"


def test_callbacks_and_as_completed_hear_of_the_end(idle: Client) -> None:
    futures = idle.map(inc, range(5))
    heard: concurrent.futures.Future[Any] = concurrent.futures.Future()
    futures[0].add_done_callback(heard.set_result)
    waiting = as_completed(futures)
    idle.cancel(futures)
    assert heard.result(timeout=20) is futures[0]
    assert {future.key for future in waiting} == {future.key for future in futures}
    assert waiting.is_empty()


def test_what_cannot_be_pickled_fails_and_spares_the_rest(idle: Client) -> None:
    odd = idle.submit(inc, socket.socket())
    other = idle.submit(inc, 2)
    with pytest.raises(TypeError, match="pickle"):
        odd.result(timeout=20)
    assert odd.status == "error"
    assert other.status == "pending"


def test_futures_travel_to_another_client_and_count(scheduler: Any) -> None:
    with Client(scheduler) as client:
        future = client.submit(inc, 1, key="shared")
        with pytest.raises(TimeoutError):
            future.result(timeout=0.05)
        copy = pickle.loads(pickle.dumps(future))
        assert copy == future
        assert isinstance(copy, Future)
        with Client(scheduler) as other:
            there = Future("shared", other)
            with pytest.raises(TimeoutError):
                there.result(timeout=0.05)
            assert Future("nobody", other).exception is not None
            with pytest.raises(CancelledError):
                Future("nobody", other).result(timeout=20)


def test_futures_stand_in_delayed_values_and_their_pickles(idle: Client) -> None:
    future = idle.submit(inc, 1)
    value = raskt.delayed(inc)([future, {"a": future}])
    copy = pickle.loads(pickle.dumps(value))
    assert copy.key == value.key
    computed = idle.compute(copy)
    assert computed.key == value.key
    assert "future" in idle.explain(computed) or idle.explain(computed)


def test_the_end_of_the_scheduler_is_told(scheduler: Any) -> None:
    client = Client(scheduler)
    future = client.submit(inc, 1)
    with pytest.raises(TimeoutError):
        future.result(timeout=0.05)
    scheduler.close()
    with pytest.raises(OSError, match="the test is over"):
        future.result(timeout=20)
    with pytest.raises(OSError, match="the connection to the scheduler"):
        client.submit(inc, 2).result(timeout=20)
    assert "No scheduler connected" in repr(client)
    client.close()


def test_clients_in_force(scheduler: Any) -> None:
    with pytest.raises(ValueError, match="there is no client"):
        get_client()
    with Client(scheduler) as first, Client(scheduler, set_as_default=False) as second:
        assert get_client() is first
        with second.as_current():
            assert get_client() is second
        assert raskt.get_scheduler() == first.get
    assert raskt.get_scheduler() is None


def test_nobody_answers_and_a_wrong_token_are_errors(scheduler: Any, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(OSError, match=f"connecting to {address}, for 0.2 s"):
            Client(address, timeout=0.2)
    with pytest.raises(OSError, match="token"):
        Client(scheduler.scheduler_address, token="wrong")
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": scheduler.scheduler_address, "token": scheduler._token}))
    with Client(scheduler_file=file) as client:
        assert client.scheduler_info()["workers"] == {}
        with pytest.raises(TimeoutError, match="0 of 1 workers"):
            client.wait_for_workers(1, timeout=0.05)


def test_an_asynchronous_client(scheduler: Any) -> None:
    async def main() -> None:
        async with Client(scheduler, asynchronous=True) as client:
            future = client.submit(inc, 1)
            with pytest.raises(TimeoutError):
                await future.result(timeout=0.05)
            waiting = asyncio.ensure_future(future._awaited())
            await asyncio.sleep(0)
            await client.cancel([future])
            with pytest.raises(CancelledError):
                await waiting

    asyncio.run(main())


def test_what_is_no_function_is_not_submitted(idle: Client) -> None:
    with pytest.raises(TypeError, match="a function"):
        idle.submit(1)  # type: ignore[arg-type]
