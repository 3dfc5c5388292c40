"""What tasks do with the cluster that runs them."""

from __future__ import annotations

import dataclasses
import io
import itertools
import os
import sys
import tempfile
import threading
import time
import warnings

import pytest
import raskt
import raskt.array as ra
from raskt.distributed import (
    Client,
    Future,
    LocalCluster,
    Reschedule,
    as_completed,
    forwarding,
    get_client,
    get_worker,
    rejoin,
    secede,
    worker_client,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def inc(x: int) -> int:
    return x + 1


@pytest.fixture(scope="module")
def threads() -> Iterator[LocalCluster]:
    """A cluster whose workers are threads of this process."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False) as cluster:
        yield cluster


@pytest.fixture(params=["processes", "threads"])
def any_client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a cluster of processes, and of one of threads."""
    name = "cluster" if request.param == "processes" else "threads"
    with Client(request.getfixturevalue(name)) as client:
        yield client


def in_thread(func: Callable[[], Any]) -> Any:
    found = []
    thread = threading.Thread(target=lambda: found.append(func()))
    thread.start()
    thread.join()
    return found[0]


def test_a_task_knows_its_worker_and_its_client(any_client: Client) -> None:
    def look() -> tuple[Any, ...]:
        worker, client = get_worker(), get_client()
        same = (in_thread(get_client) is client, get_worker() is worker)
        return worker.address, worker.name, worker.nthreads, worker.get_current_task(), client.id, same

    futures = [any_client.submit(look, key=("look", n)) for n in range(8)]
    addresses = any_client.nthreads()
    for future in futures:
        address, name, nthreads, key, _, same = future.result(timeout=60)
        assert address in addresses
        assert name in ("0", "1")
        assert (nthreads, key, same) == (1, future.key, (True, True))


def test_the_client_of_a_task_is_not_a_default_of_its_process(client: Client) -> None:
    ids = {client.submit(lambda: get_client().id, pure=False).result(timeout=60) for _ in range(20)}
    assert 1 <= len(ids) <= 2
    assert client.id not in ids
    assert all(name.startswith("Client-worker-") for name in ids)


def test_workers_keep_what_tasks_put_there(client: Client) -> None:
    def count() -> tuple[int, int]:
        worker: Any = get_worker()
        worker.n_seen = getattr(worker, "n_seen", 0) + 1
        return os.getpid(), worker.n_seen

    pairs = client.gather([client.submit(count, pure=False) for _ in range(10)])
    assert len(set(pairs)) == 10
    assert client.run(lambda: get_worker().name).keys() == client.nthreads().keys()


def test_there_is_no_worker_outside_of_tasks() -> None:
    def look() -> str:
        with pytest.raises(ValueError, match="no worker here"):
            get_worker()
        with pytest.raises(ValueError, match="there is no client"):
            get_client()
        return "nothing"

    assert look() == "nothing"


@dataclasses.dataclass
class Box:
    """Something of a user's that holds a future."""

    future: Future

    def get(self) -> Any:
        return self.future.result()


def test_futures_that_a_task_unpickles_are_of_the_workers_client(any_client: Client) -> None:
    first = any_client.submit(inc, 40)
    box = Box(first)
    assert any_client.submit(lambda b: b.get(), box).result(timeout=60) == 41
    assert any_client.submit(lambda: first.result() + 1).result(timeout=60) == 42
    assert any_client.submit(lambda d: d["a"].get(), {"a": box}, pure=False).result(timeout=60) == 41

    def is_own(b: Box) -> bool:
        return b.future.client is get_client()

    assert any_client.submit(is_own, box).result(timeout=60)


def test_tasks_submit_tasks(any_client: Client) -> None:
    def outer(n: int) -> Future:
        return get_client().submit(inc, n)

    future = any_client.submit(outer, 1).result(timeout=60)
    assert isinstance(future, Future)
    assert future.client is any_client
    assert future.result(timeout=60) == 2


def test_a_returned_future_may_be_asked_for_before_its_graph_is_planned(cluster: LocalCluster) -> None:
    def outer(n: int) -> Future:
        # The scheduler works on the first graph while it hears that somebody else wants the second one's.
        client = get_client()
        client.map(inc, range(n, n + 20_000))
        client._core.flush()
        return client.submit(inc, -n)

    with Client(cluster) as client:
        for n in range(10_000_000, 10_000_004):
            assert client.submit(outer, n).result(timeout=60).result(timeout=60) == 1 - n


@dataclasses.dataclass
class Holder:
    """What a scheduler does not look into."""

    future: Future


def test_a_future_is_wanted_by_who_gets_it_before_who_gave_it_lets_go(cluster: LocalCluster) -> None:
    def keep(holder: Holder) -> None:
        threading.kept_by_a_test = holder  # type: ignore[attr-defined]

    def kept() -> int:
        holder = vars(threading).pop("kept_by_a_test")
        assert isinstance(holder.future, Future)
        value: int = holder.future.result(timeout=60)
        return value

    with Client(cluster) as client:
        worker = next(iter(client.nthreads()))
        for n in range(20):
            future = client.submit(inc, n, key=("given", n))
            client.submit(keep, Holder(future), workers=[worker], pure=False).result(timeout=60)
            future.release()
            assert client.submit(kept, workers=[worker], pure=False).result(timeout=60) == n + 1


def fibonacci(n: int) -> int:
    if n < 2:
        return n
    client = get_client()
    return sum(client.gather(client.map(fibonacci, [n - 1, n - 2])))


def test_tasks_that_wait_for_tasks_take_no_thread(any_client: Client) -> None:
    # Far more calls wait at a time than there are threads.
    assert any_client.submit(fibonacci, 9).result(timeout=60) == 34


def test_the_workers_client_in_a_with_block(any_client: Client) -> None:
    def total(n: int) -> int:
        with worker_client() as client:
            futures = client.map(inc, range(n))
            return sum(future.result() for future in as_completed(futures))

    assert any_client.submit(total, 10).result(timeout=60) == 55
    with pytest.raises(ValueError, match="for tasks that a cluster runs"), worker_client():
        pass


def test_collections_in_tasks_are_computed_by_the_cluster(any_client: Client) -> None:
    def total(n: int) -> tuple[int, int, set[str]]:
        names = [raskt.delayed(lambda _: get_worker().name)(k) for k in range(8)]
        x = ra.arange(n, chunks=10)
        (values, found) = raskt.compute((x + 1).sum(), names)
        return int(values), int(x.sum().compute()), set(found)

    values, again, found = any_client.submit(total, 100).result(timeout=60)
    assert (values, again) == (5050, 4950)
    assert found <= {"0", "1"}


def test_a_task_that_secedes_leaves_its_thread_to_others(client: Client) -> None:
    worker = next(iter(client.nthreads()))

    def watch(name: str) -> str:
        secede()
        secede()
        future = Future(name)
        while not future.done():
            time.sleep(0.001)
        rejoin()
        rejoin()
        return get_worker().get_current_task()

    slow = client.submit(watch, "awaited-here", workers=[worker])
    quick = client.submit(inc, 1, key="awaited-here", workers=[worker])
    assert quick.result(timeout=60) == 2
    assert slow.result(timeout=60) == slow.key
    for call in (secede, rejoin):
        with pytest.raises(ValueError, match="for tasks that a cluster runs"):
            call()


def test_a_task_rejoins_when_a_thread_is_free(client: Client) -> None:
    worker = next(iter(client.nthreads()))

    def lasting(n: int) -> tuple[float, float]:
        secede()
        rejoin()
        begun = time.monotonic()
        time.sleep(0.02)
        return begun, time.monotonic()

    times = sorted(client.gather(client.map(lasting, range(5), workers=[worker], pure=False)))
    # The worker has one thread.
    assert all(end <= begun for (_, end), (begun, _) in itertools.pairwise(times))


def test_a_task_that_wants_to_be_tried_again_is(any_client: Client) -> None:
    def moody(path: str) -> int:
        with open(path, "a") as file:
            file.write("x")
        if os.path.getsize(path) < 4:
            raise Reschedule
        return os.path.getsize(path)

    with tempfile.TemporaryDirectory() as folder:
        assert any_client.submit(moody, os.path.join(folder, "calls")).result(timeout=60) == 4


def heard(stream: io.StringIO, *words: str) -> str:
    """What has been written once all of ``words`` are there."""
    until = time.monotonic() + 60
    while any(word not in stream.getvalue() for word in words) and time.monotonic() < until:
        time.sleep(0.002)
    return stream.getvalue()


def test_what_tasks_print_is_printed_by_the_client(
    any_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)

    def say(n: int) -> None:
        forwarding.print("task", n, sep="-", end="!\n")
        forwarding.print("beside", file=sys.stderr, flush=True)

    any_client.submit(say, 7).result(timeout=60)
    assert heard(out, "task-7!\n") == "task-7!\n"
    assert heard(err, "beside\n") == "beside\n"
    with pytest.raises(TypeError, match="writes to sys"):
        any_client.submit(lambda: forwarding.print(1, file=io.StringIO())).result(timeout=60)
    forwarding.print("here")
    assert out.getvalue() == "task-7!\nhere\n"
    any_client.unsubscribe_topic("print")


def test_what_tasks_warn_of_is_a_warning_of_the_client(any_client: Client) -> None:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        any_client.submit(forwarding.warn, "few rows", RuntimeWarning).result(timeout=60)
        until = time.monotonic() + 60
        while not found and time.monotonic() < until:
            time.sleep(0.002)
    assert [(str(one.message), one.category) for one in found] == [("few rows", RuntimeWarning)]
    with pytest.warns(UserWarning, match="here"):
        forwarding.warn("here")


def test_a_client_that_comes_to_a_task_is_the_workers(any_client: Client) -> None:
    def same(client: Client) -> bool:
        return client is get_client()

    assert any_client.submit(same, any_client).result(timeout=60)
