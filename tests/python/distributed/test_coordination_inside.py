"""Locks, queues and the like in tasks on workers."""

from __future__ import annotations

import os
import signal
import time

from raskt.distributed import Client, Event, LocalCluster, Lock, Pub, Queue, Semaphore, Sub, Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

PATIENCE = 60


def count(path: str, n: int) -> None:
    for _ in range(n):
        with Lock("count"):
            with open(path) as file:
                number = int(file.read())
            time.sleep(0)
            with open(path, "w") as file:
                file.write(str(number + 1))


def test_tasks_of_two_workers_take_turns(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_text("0")
    client.gather([client.submit(count, str(path), 20, pure=False) for _ in range(4)])
    assert path.read_text() == "80"
    assert not Lock("count").locked()


def work(number: int, queue: Queue, semaphore: Semaphore, begin: Event) -> int:
    assert begin.wait(timeout=PATIENCE)
    with semaphore:
        held = semaphore.get_value()
    queue.put((number, number * number))
    Pub("news").put(number)
    return int(held)


def test_tasks_get_them_as_arguments(client: Client) -> None:
    queue, semaphore, begin, news = Queue("done"), Semaphore(1, "desk"), Event("begin"), Sub("news")
    futures = client.map(work, range(4), queue=queue, semaphore=semaphore, begin=begin)
    begin.set()
    assert sorted(queue.get(timeout=PATIENCE) for _ in range(4)) == [(n, n * n) for n in range(4)]
    assert client.gather(futures) == [1] * 4
    assert sorted(news.get(timeout=PATIENCE) for _ in range(4)) == [0, 1, 2, 3]


def keep(variable: Variable) -> None:
    from raskt.distributed import get_client

    variable.set({"future": get_client().submit(pow, 2, 7)})


def test_futures_of_tasks_go_to_clients(client: Client) -> None:
    client.submit(keep, Variable("of-task"), pure=False).result(timeout=PATIENCE)
    future = Variable("of-task").get(timeout=PATIENCE)["future"]
    assert future.result(timeout=PATIENCE) == 128
    assert future.client is client


def hold() -> None:
    with Lock("door"):
        Event("held").set()
        time.sleep(600)


def test_the_next_one_gets_what_the_task_of_a_killed_worker_held() -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster, Client(cluster) as client:
        future = client.submit(hold)
        assert Event("held").wait(timeout=PATIENCE)
        lock = Lock("door")
        assert lock.acquire(timeout="20 ms") is False
        (worker,) = client.scheduler_info()["workers"].values()
        os.kill(worker["pid"], signal.SIGKILL)
        assert lock.acquire(timeout=PATIENCE)
        future.cancel()


def name(_: Any) -> str:
    return str(Lock("by-name").name)


def test_that_they_are_only_named_needs_no_client(client: Client) -> None:
    assert client.submit(name, 0).result(timeout=PATIENCE) == "by-name"
