"""Clusters on this machine: their processes, from start to end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from raskt.distributed import Client, Nanny, Worker
from raskt.distributed._nanny import NOT_STARTED, WorkerProcess
from raskt.distributed._options import memory_bytes, worker_options
from raskt.distributed.deploy.local import LocalCluster
from raskt.system import cpu_count

if TYPE_CHECKING:
    from collections.abc import Callable


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_are_processes_that_end_with_their_cluster() -> None:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit="1 GiB", resources={"GPU": 0.5}
    ) as cluster:
        workers = cluster.workers
        assert set(workers) == {"0", "1"}
        pids = [worker["pid"] for worker in workers.values()]
        assert len({*pids, os.getpid()}) == 3
        assert workers["0"]["memory_bytes"] == 1 << 30
        assert workers["0"]["resources"] == {"GPU": 0.5}
        assert "workers=2" in repr(cluster)
        assert "2.00 GiB" in repr(cluster)
        assert "<table>" in cluster._repr_html_()
    assert cluster.status == "closed"
    assert "closed" in repr(cluster)
    assert not any(is_alive(pid) for pid in pids)
    cluster.close()


def test_workers_may_be_threads() -> None:
    with LocalCluster(n_workers=2, threads_per_worker=3, processes=False, memory_limit=None) as cluster:
        assert {worker["pid"] for worker in cluster.workers.values()} == {os.getpid()}
        assert {worker["n_threads"] for worker in cluster.workers.values()} == {3}
        assert "no limit" in repr(cluster)


def test_a_process_that_is_killed_is_replaced_and_its_end_is_known(until: Callable[..., Any]) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster:
        pid = cluster.workers["0"]["pid"]
        os.kill(pid, signal.SIGKILL)
        until(lambda: (worker := cluster.workers.get("0")) and worker["pid"] != pid)
        [process] = cluster._workers.each().values()
        assert process.deaths == ["signal 9"]


class Ended:
    """A process that has ended."""

    pid = 0

    def __init__(self, code: int) -> None:
        self.code = code

    def poll(self) -> int:
        return self.code


def test_only_processes_that_cannot_join_are_given_up() -> None:
    process = WorkerProcess(worker_options("tcp://127.0.0.1:1", name="w", nthreads=1), "token")

    def after(code: int) -> str:
        process._process, process._start_at = Ended(code), None  # type: ignore[assignment]
        process.look()
        return process.status

    # Tasks may end their process with any number, as soon as it is there.
    assert [after(code) for code in (1, 2, 2, 2, 2, -9)] == ["starting"] * 6
    assert [after(code) for code in (NOT_STARTED, NOT_STARTED, 1)] == ["starting"] * 3
    assert [after(NOT_STARTED) for _ in range(3)] == ["starting", "starting", "failed"]


def test_a_worker_that_is_asked_to_end_does_and_stays_away(until: Callable[..., Any]) -> None:
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster:
        os.kill(cluster.workers["0"]["pid"], signal.SIGTERM)
        until(lambda: set(cluster._workers.each()) == {"1"})
        assert set(cluster.workers) == {"1"}


def test_a_cluster_grows_and_shrinks(until: Callable[..., Any]) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1, memory_limit="500 MiB") as cluster:
        cluster.scale(2)
        cluster.wait_for_workers(2)
        cluster.scale(2)
        cluster.scale(memory="1200 MiB")
        cluster.wait_for_workers(3)
        cluster.scale(cores=1)
        until(lambda: len(cluster.workers) == 1 and len(cluster._workers.each()) == 1)
        cluster.adapt(minimum=2, maximum=2, interval=0.05)
        cluster.wait_for_workers(2)
        with pytest.raises(ValueError, match="give 0 <= minimum <= maximum"):
            cluster.adapt(minimum=3, maximum=2)


async def join(address: str, cluster: LocalCluster) -> None:
    async with Worker(address, nthreads=1):
        await asyncio.to_thread(cluster.wait_for_workers, 2)


def test_the_address_of_a_cluster_of_this_process_is_enough() -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False) as cluster:
        address = cluster.scheduler_address
        for given in (address, address.removeprefix("tcp://")):
            with Client(given, set_as_default=False) as client:
                assert client.submit(pow, 2, 5).result() == 32
        with pytest.raises(OSError, match="does not know the token"):
            Client(address, token="another", set_as_default=False)
        asyncio.run(join(address, cluster))


@pytest.mark.parametrize("processes", [False, True])
def test_the_address_of_a_cluster_that_was_closed_is_free(processes: bool) -> None:
    kept, port = [], 0
    for _ in range(3):
        cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=processes, scheduler_port=port)
        kept.append(cluster)
        port = int(cluster.scheduler_address.rpartition(":")[2])
        with Client(cluster, set_as_default=False) as client:
            assert client.submit(pow, 2, 5).result() == 32
        cluster.close()
    assert len({cluster.scheduler_address for cluster in kept}) == 1
    with pytest.raises(OSError, match="connecting to"):
        Client(kept[0].scheduler_address, timeout=0.2, set_as_default=False)


def wait_for(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(0.01)


def test_a_worker_that_has_left_is_replaced_though_a_function_keeps_its_process(
    tmp_path: Path, until: Callable[..., Any]
) -> None:
    path = os.fspath(tmp_path / "over")
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        try:
            leaving, staying = client.nthreads()
            future = client.submit(wait_for, path, workers=[leaving])
            until(lambda: client.processing([leaving])[leaving])
            future.cancel()
            client.retire_workers([leaving])
            until(lambda: len(cluster.plan) == 1)
            cluster.scale(2)
            client.wait_for_workers(2, timeout=60)
            assert set(client.nthreads()) > {staying}
            assert leaving not in client.nthreads()
        finally:
            Path(path).touch()


def test_what_schedulers_and_workers_take_is_given_to_them(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    with LocalCluster(
        1,
        1,
        interface="lo",
        protocol="tcp",
        scheduler_kwargs={"scheduler_file": str(file)},
        env={"MINE": "1"},
    ) as cluster:
        assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")
        with Client(scheduler_file=file) as client:
            assert client.submit(os.getenv, "MINE").result(timeout=60) == "1"
    with pytest.raises(TypeError, match="services"):
        LocalCluster(1, processes=False, services={})
    with pytest.raises(NotImplementedError, match="SpecCluster"):
        LocalCluster(1, worker_class="Nanny")


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="threads_per_worker=0"):
        LocalCluster(threads_per_worker=0)
    with pytest.raises(ValueError, match="n_workers=-1"):
        LocalCluster(n_workers=-1)
    with pytest.raises(TypeError, match="unknown keywords of LocalCluster: n_worker, threads"):
        Client(n_worker=1, threads=2)
    for kind in (Worker, Nanny):
        with pytest.raises(TypeError, match=f"unknown keywords of {kind.__name__}: threads"):
            kind("tcp://127.0.0.1:1", threads=2)
    with LocalCluster(n_workers=0) as cluster:
        port = int(cluster.scheduler_address.rpartition(":")[2])
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port}.*choose another port"):
            LocalCluster(n_workers=0, scheduler_port=port)
        with pytest.raises(TimeoutError, match=r"0 of 1 workers came within 0\.05 s"):
            cluster.wait_for_workers(1, timeout=0.05)


def test_workers_that_do_not_start_are_named_with_how_they_ended(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(TimeoutError, match=r"0 of 1 workers.*worker 0: exit code 69, exit code 69"):
        LocalCluster(n_workers=1, threads_per_worker=1, local_directory=str(file))


def test_limits_of_memory() -> None:
    assert memory_bytes("1 GiB", 7) == 1 << 30
    assert memory_bytes(None, 1) is None
    assert memory_bytes(0, 1) is None
    whole = memory_bytes("auto", 1)
    assert whole is not None
    assert memory_bytes("auto", 4) == whole // 4
    one = worker_options("tcp://127.0.0.1:1", name="one", nthreads=1)
    assert one["memory_limit"] == whole // cpu_count()
    every = worker_options("tcp://127.0.0.1:1", name="every", n_workers=3, nthreads=cpu_count())
    assert every["memory_limit"] == whole // 3
    assert memory_bytes(0.5, 4) == whole // 2
    for limit in ("lots", "1 XB", "", -1, -0.5, True, False, float("nan"), float("inf"), [1]):
        with pytest.raises(ValueError, match=re.escape(f"memory_limit={limit!r}: ")):
            memory_bytes(limit, 1)  # type: ignore[arg-type]
