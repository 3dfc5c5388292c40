"""What clients share beside tasks: locks, semaphores, events, queues, variables, topics."""

from __future__ import annotations

import asyncio
import gc
import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest
from raskt.distributed import Client, Event, Lock, MultiLock, Pub, Queue, Semaphore, Sub, Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PATIENCE = 60


@pytest.fixture
def other(scheduler: Any) -> Iterator[Client]:
    """A second client of the scheduler without workers."""
    with Client(scheduler, set_as_default=False) as client:
        yield client


def test_a_lock_is_held_by_one_at_a_time(idle: Client, other: Client) -> None:
    ours, theirs = Lock("door"), Lock("door", client=other)
    assert ours.acquire(timeout=PATIENCE)
    assert ours.locked()
    assert theirs.locked()
    assert theirs.acquire(timeout="20 ms") is False
    assert theirs.acquire(blocking=False) is False
    with pytest.raises(ValueError, match="non-blocking"):
        theirs.acquire(blocking=False, timeout=1)
    ours.release()
    with theirs:
        assert ours.locked()
    assert not ours.locked()
    with pytest.raises(RuntimeError, match="Released too often"):
        ours.release()


def test_two_clients_of_one_lock_take_turns_under_load(idle: Client, other: Client) -> None:
    n_inside, most, done = 0, 0, []

    def work(client: Client) -> None:
        nonlocal n_inside, most
        for _ in range(40):
            with Lock("door", client=client):
                n_inside += 1
                most = max(most, n_inside)
                time.sleep(0)
                n_inside -= 1
            done.append(client)

    threads = [threading.Thread(target=work, args=(client,)) for client in (idle, other) * 3]
    [thread.start() for thread in threads]
    [thread.join(PATIENCE) for thread in threads]
    assert (most, len(done)) == (1, 240)


def test_what_a_lost_object_holds_is_released(idle: Client) -> None:
    lock = Lock("door")
    lock.acquire()
    del lock
    gc.collect()
    assert Lock("door").acquire(timeout=PATIENCE)


_HOLDER = """
import sys, time
from raskt.distributed import Client, Event, Lock, Queue, Semaphore
client = Client(sys.argv[1], token=sys.argv[2])
lock, semaphore = Lock("door"), Semaphore(1, "desk")
lock.acquire()
semaphore.acquire()
Event("held").set()
time.sleep(600)
"""


def test_the_next_one_gets_what_a_killed_process_held(scheduler: Any, idle: Client) -> None:
    words = [sys.executable, "-c", _HOLDER, scheduler.scheduler_address, scheduler._token]
    with subprocess.Popen(words) as holder:
        try:
            assert Event("held").wait(timeout=PATIENCE)
            lock, semaphore = Lock("door"), Semaphore(1, "desk")
            assert lock.acquire(timeout="20 ms") is False
            assert semaphore.acquire(timeout="20 ms") is False
            holder.send_signal(signal.SIGKILL)
            assert lock.acquire(timeout=PATIENCE)
            assert semaphore.acquire(timeout=PATIENCE)
        finally:
            holder.kill()


def test_several_locks_are_got_together_or_not_at_all(idle: Client, other: Client) -> None:
    both, one = MultiLock(["a", "b"]), MultiLock(["b", "c"], client=other)
    assert both.acquire(timeout=PATIENCE)
    assert both.locked()
    assert one.acquire(timeout="20 ms") is False
    assert not one.locked()
    with pytest.raises(ValueError, match="not yet acquired"):
        one.release()
    assert one.acquire(timeout=PATIENCE, num_locks=1)
    assert Lock("c").locked()
    both.release()
    one.release()
    with MultiLock(["c", "a"]) as locks:
        assert locks.names == ["c", "a"]
        assert Lock("a").locked()


def test_semaphores_have_so_many_leases(idle: Client, other: Client) -> None:
    ours, theirs = Semaphore(2, "desk"), Semaphore(max_leases=2, name="desk", client=other)
    assert ours.acquire()
    assert theirs.acquire(timeout=PATIENCE)
    assert ours.get_value() == 2
    assert theirs.acquire(timeout=0.02) is False
    with pytest.raises(ValueError, match="with 2 leases"):
        Semaphore(3, "desk").acquire()
    assert ours.release() is True
    with theirs:
        assert ours.get_value() == 2
    with pytest.raises(RuntimeError, match="Released too often"):
        ours.release()
    assert theirs.release() is True
    with ours, theirs:
        waits = idle._core.coordination().ask("acquire_lease", "desk", 2)
        assert ours.get_value() == 2
        theirs.close()
        assert waits.wait(PATIENCE)
        with pytest.raises(RuntimeError, match="desk was closed"):
            waits.answer()
        assert ours.get_value() == 0
    ours.acquire()
    theirs.close()
    assert ours.release() is False
    with pytest.raises(ValueError, match="positive"):
        Semaphore(0)


def _raised(call: Any) -> BaseException | None:
    try:
        call()
    except Exception as error:
        return error
    return None


def test_events_that_were_set_before_are_not_waited_for(idle: Client, other: Client) -> None:
    event = Event("begin")
    assert event.wait(timeout="20 ms") is False
    assert not event.is_set()
    Event("begin", client=other).set()
    assert event.wait()
    assert event.is_set()
    event.clear()
    assert event.wait(timeout=0) is False
    waits = threading.Thread(target=event.wait, args=(PATIENCE,))
    waits.start()
    Event("begin", client=other).set()
    waits.join(PATIENCE)
    assert not waits.is_alive()


def test_queues_give_what_was_put_in_its_order(idle: Client, other: Client) -> None:
    ours, theirs = Queue("q", maxsize=3), Queue("q", client=other)
    for item in ([1], {"a": 2}, "three"):
        ours.put(item)
    with pytest.raises(TimeoutError, match="no room in the queue 'q'"):
        ours.put(4, timeout="20 ms")
    assert theirs.qsize() == 3
    assert theirs.get() == [1]
    assert theirs.get(batch=2, timeout=PATIENCE) == [{"a": 2}, "three"]
    assert theirs.get(batch=True) == []
    with pytest.raises(TimeoutError, match="no item"):
        theirs.get(timeout="20 ms")
    ours.put(5)
    assert theirs.get(batch=True) == [5]
    ours.put(6)
    ours.close()
    assert theirs.qsize() == 1
    theirs.close()
    assert Queue("q").qsize() == 0


def test_variables_wait_for_a_value(idle: Client, other: Client) -> None:
    ours, theirs = Variable("v"), Variable("v", client=other)
    with pytest.raises(TimeoutError, match="no value"):
        theirs.get(timeout="20 ms")
    ours.set({"x": 1})
    assert theirs.get() == {"x": 1}
    ours.set(2)
    assert theirs.get(timeout=PATIENCE) == 2
    ours.delete()
    found: list[Any] = []
    waits = threading.Thread(target=lambda: found.append(theirs.get(timeout=PATIENCE)))
    waits.start()
    ours.delete()
    ours.set(3)
    waits.join(PATIENCE)
    assert found == [3]


def test_topics_reach_who_has_subscribed(idle: Client, other: Client) -> None:
    Pub("t").put("before")
    first, second = Sub("t"), Sub("t", client=other)
    pub = Pub("t", client=other)
    # Both are heard of by the time that their client's next request is answered.
    assert not Lock("x").locked()
    for number in range(3):
        pub.put(number)
    assert [first.get(timeout=PATIENCE) for _ in range(3)] == [0, 1, 2]
    assert next(second) == 0
    assert next(iter(second)) == 1
    del first
    gc.collect()
    pub.put("more")
    assert [second.get(timeout=PATIENCE), second.get(timeout=PATIENCE)] == [2, "more"]
    with pytest.raises(TimeoutError, match="published under 't'"):
        second.get(timeout="20 ms")


def test_a_publisher_that_goes_away_leaves_what_it_published(scheduler: Any, idle: Client) -> None:
    sub = Sub("t")
    assert not Lock("x").locked()
    with Client(scheduler, set_as_default=False) as gone:
        Pub("t", client=gone).put("last words")
        Queue("q", client=gone).put("left")
    assert sub.get(timeout=PATIENCE) == "last words"
    assert Queue("q").get(timeout=PATIENCE) == "left"


def test_they_pickle_by_name(idle: Client) -> None:
    for shared in (Lock("l"), Event("e"), Queue("q", maxsize=2), Variable("v"), Semaphore(3, "s")):
        again = pickle.loads(pickle.dumps(shared))
        assert (type(again), again.name) == (type(shared), shared.name)
    assert pickle.loads(pickle.dumps(Semaphore(3, "s"))).max_leases == 3
    assert pickle.loads(pickle.dumps(Queue("q", maxsize=2))).maxsize == 2
    assert pickle.loads(pickle.dumps(MultiLock(["a"]))).names == ["a"]
    assert Lock().name != Lock().name


def test_without_a_client_they_say_so() -> None:
    with pytest.raises(RuntimeError, match="there is no client here"):
        Lock("door").acquire()
    assert Lock("door").name == "door"


def test_who_waits_hears_that_the_client_is_closed(scheduler: Any) -> None:
    with Client(scheduler) as client:
        lock = Lock("door", client=client)
        lock.acquire()
        caught: list[Any] = []
        waits = threading.Thread(target=lambda: caught.append(_raised(Lock("door", client=client).acquire)))
        waits.start()
        while not client._core.coordination().ask("is_locked", "door").wait(PATIENCE):
            pass
    waits.join(PATIENCE)
    assert "closed" in str(caught[0])


def test_too_much_is_refused(idle: Client) -> None:
    with pytest.raises(ValueError, match="scatter it, and share the future"):
        Variable("v").set(bytes(65 << 20))


def test_asynchronous_clients_await(scheduler: Any) -> None:
    async def main() -> None:
        async with Client(scheduler, asynchronous=True) as client:
            lock = await Lock("door")
            async with lock:
                assert await lock.locked()
                # More wait than there are threads.
                others = [Lock("door") for _ in range(50)]
                waiting = [asyncio.ensure_future(other.acquire(timeout=PATIENCE)) for other in others]
                assert await Lock("door").acquire(timeout="20 ms") is False
            for other, got in zip(others, waiting, strict=True):
                assert await got
                await other.release()
            queue = await Queue("q")
            taken = asyncio.ensure_future(queue.get())
            await asyncio.sleep(0)
            await queue.put(1)
            assert await taken == 1
            event = Event("e")
            waits = asyncio.ensure_future(event.wait())
            await event.set()
            assert await waits
            await Variable("v").set(2)
            assert await Variable("v").get() == 2
            semaphore = Semaphore(1, "s")
            async with semaphore:
                assert await semaphore.get_value() == 1
            sub = Sub("t")
            assert not await Lock("x").locked()
            await Pub("t").put(3)
            assert await sub.get(timeout=PATIENCE) == 3
            with pytest.raises(TimeoutError):
                await sub.get(timeout=0.02)
            await Pub("t").put(4)
            async for item in sub:
                assert item == 4
                break
            with pytest.raises(TypeError, match="async with"):
                lock.__enter__()
            held = Lock("late")
            await held.acquire()
            cancelled = asyncio.ensure_future(Lock("late").acquire())
            await asyncio.sleep(0)
            cancelled.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cancelled
            await held.release()
            assert await Lock("late").acquire(timeout=PATIENCE)
            assert client.status == "running"

    asyncio.run(main())


def test_futures_in_a_queue_go_to_another_client(cluster: Any) -> None:
    with Client(cluster) as ours, Client(cluster, set_as_default=False) as theirs:
        future = ours.submit(pow, 2, 5)
        Queue("q").put(future)
        Queue("q").put({"nested": [ours.submit(pow, 3, 2)]})
        Variable("v").set(ours.scatter(7))
        del future
        gc.collect()
        # Nobody but the queue and the variable wants them now.
        got = Queue("q", client=theirs).get(timeout=PATIENCE)
        nested = Queue("q", client=theirs).get(timeout=PATIENCE)["nested"][0]
        value = Variable("v", client=theirs).get(timeout=PATIENCE)
        assert got.client is theirs
        assert theirs.gather([got, nested, value]) == [32, 9, 7]
        failed = ours.submit(pow, 1, "x")
        Queue("q").put(failed)
        with pytest.raises(TypeError):
            Queue("q", client=theirs).get(timeout=PATIENCE).result(timeout=PATIENCE)


def test_values_of_a_client_that_is_gone_are_kept_until_they_are_not_shared(cluster: Any) -> None:
    with Client(cluster, set_as_default=False) as gone:
        data = gone.scatter([11])[0]
        key = data.key
        Variable("kept", client=gone).set(data)
    with Client(cluster) as client:
        assert Variable("kept").get().result(timeout=PATIENCE) == 11
        gc.collect()
        assert key in client.who_has()
        Variable("kept").delete()
        deadline = time.monotonic() + PATIENCE
        while key in client.who_has():
            assert time.monotonic() < deadline
            time.sleep(0.01)
