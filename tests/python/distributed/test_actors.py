"""Actors: objects that live on a worker."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import threading

import pytest
from raskt.distributed import Actor, ActorFuture, Client, LocalCluster, get_client, get_worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Counter:
    """Counts, and knows where."""

    kind = "counter"

    def __init__(self, n: int = 0) -> None:
        self.n = n
        self.seen: list[int] = []

    def add(self, k: int) -> int:
        self.n += k
        self.seen.append(k)
        return self.n

    def where(self) -> tuple[int, str]:
        return os.getpid(), get_worker().name

    def fail(self) -> None:
        raise KeyError("of the actor's")

    async def later(self, k: int) -> int:
        await asyncio.sleep(0.001)
        return self.n + k

    def busy(self) -> bool:
        # Two calls at a time would find it taken.
        lock: Any = self.__dict__.setdefault("lock", threading.Lock())
        taken: bool = lock.acquire(blocking=False)
        threading.Event().wait(0.002)
        lock.release()
        return taken

    def doubled(self, k: int) -> Any:
        return get_client().submit(lambda x: 2 * x, k).result()


@pytest.fixture(scope="module")
def threads() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster:
        yield cluster


@pytest.fixture(params=["processes", "threads"])
def any_client(request: pytest.FixtureRequest) -> Iterator[Client]:
    name = "cluster" if request.param == "processes" else "threads"
    with Client(request.getfixturevalue(name)) as client:
        yield client


def test_methods_run_in_order_and_attributes_are_read_there(any_client: Client) -> None:
    future = any_client.submit(Counter, 5, actor=True)
    assert future.key.startswith("Counter-")
    counter = future.result(timeout=60)
    assert isinstance(counter, Actor)
    answers = [counter.add(k) for k in range(20)]
    assert all(isinstance(answer, ActorFuture) for answer in answers)
    assert [answer.result(timeout=60) for answer in answers] == [5 + sum(range(k + 1)) for k in range(20)]
    assert answers[0].done()
    assert (counter.n, counter.kind, counter.seen) == (195, "counter", list(range(20)))
    assert counter.later(1).result(timeout=60) == 196
    assert counter.doubled(4).result(timeout=60) == 8
    assert {"add", "where"} <= set(dir(counter))
    assert repr(counter) == f"<Actor: Counter, key={future.key}>"
    with pytest.raises(KeyError, match="of the actor's"):
        counter.fail().result(timeout=60)
    with pytest.raises(AttributeError, match="nothing_such"):
        counter.nothing_such  # noqa: B018 - it is looked for


def test_one_actor_is_one_object_for_all_who_use_it(any_client: Client) -> None:
    future = any_client.submit(Counter, actor=True, pure=False)
    counter = future.result(timeout=60)
    there = counter.where().result(timeout=60)

    def use(actor: Any, k: int) -> tuple[Any, int]:
        return actor.where().result(), actor.add(k).result()

    workers = any_client.nthreads()
    used = [
        any_client.submit(use, target, 1, workers=[worker], pure=False)
        for target in (future, counter)
        for worker in workers
    ]
    found = any_client.gather(used)
    assert {where for where, _ in found} == {there}
    assert sorted(n for _, n in found) == [1, 2, 3, 4]
    again = pickle.loads(pickle.dumps(counter))
    assert (again.n, again.add(1).result(timeout=60)) == (4, 5)
    with any_client.as_current():
        taken = any_client.map(lambda _, a=counter: a.busy().result(), range(8), pure=False)
        assert all(any_client.gather(taken))


def test_an_actor_goes_with_the_last_that_refers_to_it(client: Client) -> None:
    future = client.submit(Counter, actor=True, pure=False)
    counter = future.result(timeout=60)
    key = future.key
    del future
    assert counter.add(3).result(timeout=60) == 3
    del counter

    def is_gone() -> bool:
        return all(key not in keys for keys in client.has_what().values())

    for _ in range(2000):
        if is_gone():
            break
        threading.Event().wait(0.005)
    assert is_gone()


def test_several_actors_and_awaiting(any_client: Client) -> None:
    counters = any_client.gather(any_client.map(Counter, range(3), actor=True, pure=False))
    assert [counter.n for counter in counters] == [0, 1, 2]

    async def ask() -> list[int]:
        return [await counter.add(10) for counter in counters]

    assert asyncio.run(ask()) == [10, 11, 12]


def test_the_end_of_its_worker_is_told() -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster, Client(cluster) as client:
        counter = client.submit(Counter, actor=True).result(timeout=60)
        pid, _ = counter.where().result(timeout=60)
        os.kill(pid, signal.SIGKILL)
        while (error := failure(counter.add(1))) is None:
            pass
        assert isinstance(error, ValueError)
        assert "that had the actor 'Counter-" in str(error)


def failure(answer: ActorFuture) -> Exception | None:
    try:
        answer.result(timeout=60)
    except Exception as error:
        return error
    return None
