"""What futures are asked for beside their value, on a cluster of two workers."""

from __future__ import annotations

import asyncio
import io
import threading
import time
import traceback

import pytest
from raskt.distributed import Client, Future, as_completed, get_client, progress, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def inc(x: int) -> int:
    return x + 1


def fail(x: Any) -> Any:
    raise KeyError(x)


def fail_again(x: Any) -> Any:
    try:
        fail(x)
    except KeyError as error:
        raise ValueError("worse") from error


def test_tracebacks_name_the_places_in_the_task(client: Client) -> None:
    for function, names in ((fail, ["fail"]), (fail_again, ["fail_again"])):
        future = client.submit(function, 1)
        wait(future)
        trace = future.traceback(timeout=60)
        frames = traceback.extract_tb(trace)
        assert [frame.name for frame in frames][-len(names) :] == names
        assert frames[-1].lineno == function.__code__.co_firstlineno + (1 if function is fail else 4)
        traceback.print_tb(trace, file=io.StringIO())
    assert client.submit(inc, 1).traceback(timeout=60) is None


def test_a_released_future_keeps_how_it_was(client: Client) -> None:
    done = client.submit(inc, 2)
    assert done.result(timeout=60) == 3
    done.release()
    assert (done.status, done.done()) == ("finished", True)
    with pytest.raises(Exception, match="was released"):
        done.result()
    pending = client.submit(time.sleep, 0.05)
    pending.release()
    assert (pending.status, pending.cancelled()) == ("cancelled", True)


def test_what_is_cleared_is_not_given(client: Client) -> None:
    gate = threading.Event()
    waiting = as_completed(client.map(inc, range(5)))
    slow = client.submit(time.sleep, 0.05, pure=False)
    waiting.add(slow)
    slow.add_done_callback(lambda _: gate.set())
    assert next(waiting).result() in range(1, 6)
    waiting.clear()
    assert (waiting.count(), waiting.is_empty(), list(waiting)) == (0, True, [])
    assert gate.wait(60)
    assert waiting.is_empty()
    waiting.update(client.map(inc, [7, 8]))
    assert sorted(future.result() for future in waiting) == [8, 9]


def test_as_completed_in_batches_with_results_and_awaited(client: Client) -> None:
    batches = as_completed(client.map(inc, range(9)), with_results=True).batches()
    assert sorted(result for batch in batches for _, result in batch) == list(range(1, 10))
    with pytest.raises(KeyError):
        list(as_completed([client.submit(fail, 1)], with_results=True))
    ((_, error),) = as_completed([client.submit(fail, 1)], with_results=True, raise_errors=False)
    assert isinstance(error, KeyError)

    async def collect() -> list[int]:
        return [future.result() async for future in as_completed(client.map(inc, range(4), pure=False))]

    assert sorted(asyncio.run(collect())) == [1, 2, 3, 4]


def test_as_completed_in_a_task_takes_no_thread(client: Client) -> None:
    def total(n: int) -> int:
        futures = get_client().map(inc, range(n), pure=False)
        return sum(future.result() for future in as_completed(futures))

    # As many such tasks as there are threads, and more.
    assert client.gather(client.map(total, [5] * 6, pure=False)) == [15] * 6


def test_scattered_data_of_all_kinds(client: Client) -> None:
    assert client.gather(client.scatter(range(3))) == [0, 1, 2]
    with pytest.raises(TypeError, match="make a list"):
        client.scatter(iter([1]))
    copies = client.scatter([b"a", b"b"], broadcast=2, hash=False)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        places = client.who_has(copies)
        if all(len(found) == 2 for found in places.values()):
            break
        time.sleep(0.005)
    assert [len(found) for found in places.values()] == [2, 2]
    with pytest.raises(TypeError, match="an iterable for each argument"):
        client.map(inc)


def test_a_future_of_a_key_that_is_submitted_later(client: Client) -> None:
    with Client(client._core.address, token=client.cluster._token, set_as_default=False) as other:
        early = Future("of-somebody-else", client)
        future = other.submit(inc, 1, key="of-somebody-else")
        assert (early.result(timeout=60), future.result(timeout=60)) == (2, 2)


def test_progress_in_a_terminal(client: Client) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    progress(client.map(inc, range(20)), [client.submit(time.sleep, 0.01)], out=screen)
    assert "[########################################] | 100% Completed | " in screen.getvalue()
    assert screen.getvalue().endswith("\n")
    screen = Screen()
    progress(client.submit(fail, 5), client.submit(inc, 1), out=screen)
    assert "1 failed" in screen.getvalue()
    assert progress(1, [2]) is None
    with pytest.raises(NotImplementedError, match="group_by"):
        progress(client.submit(inc, 1), group_by="spans")


def test_progress_in_a_notebook(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def show(_self: Any, fraction: float, text: str, _colour: str) -> None:
        shown.append(f"{fraction:.1f} {text}")

    monkeypatch.setattr("raskt.diagnostics.progress.Notebook._show", show)
    futures = [*client.map(inc, range(4)), *client.map(str, range(2))]
    progress(futures, notebook=True)
    until = time.monotonic() + 60
    while sum(text.startswith("1.0") for text in shown) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    ends = sorted(text for text in shown if text.startswith("1.0"))
    assert [end.split(" | ")[:2] for end in ends] == [["1.0 inc", "4 / 4"], ["1.0 str", "2 / 2"]]
