"""Clusters of jobs of any kind, and a class for a batch system, as users write it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from raskt.distributed import (
    Adaptive,
    Client,
    Nanny,
    ProcessInterface,
    Scheduler,
    Security,
    SpecCluster,
    Status,
    Worker,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROCESS = {"cls": Nanny, "options": {"nthreads": 1, "memory_limit": "1 GiB"}}
THREAD = {"cls": Worker, "options": {"nthreads": 1, "memory_limit": "1 GiB"}}


# ---- a batch system, as users write it ----


class Queue:
    """What a batch system does: it runs programs, knows them by numbers, and ends them."""

    def __init__(self) -> None:
        self.programs: dict[int, subprocess.Popen[bytes]] = {}

    def submit(self, words: list[str]) -> int:
        program = subprocess.Popen(words)
        self.programs[program.pid] = program
        return program.pid

    def cancel(self, number: int) -> None:
        program = self.programs[number]
        program.terminate()
        program.wait(60)


class Job(ProcessInterface):
    """A job of that batch system, which runs a worker."""

    def __init__(self, scheduler: str, name: Any, queue: Queue, scheduler_file: str) -> None:
        super().__init__(scheduler, name)
        self.queue = queue
        self.words = ["worker", "--scheduler-file", scheduler_file, "--name", str(name), "--nthreads", "1"]

    async def start(self) -> None:
        words = [sys.executable, "-m", "raskt", *self.words]
        self.number = await asyncio.to_thread(self.queue.submit, words)
        await super().start()

    async def close(self) -> None:
        await asyncio.to_thread(self.queue.cancel, self.number)
        await super().close()


class QueueCluster(SpecCluster):
    """Jobs of that batch system."""

    def __init__(self, n_workers: int, queue: Queue, scheduler_file: str, **kwargs: Any) -> None:
        scheduler = {"cls": Scheduler, "options": {"scheduler_file": scheduler_file}}
        options = {"queue": queue, "scheduler_file": scheduler_file}
        super().__init__(scheduler=scheduler, worker={"cls": Job, "options": options}, **kwargs)
        self.scale(n_workers)

    def _new_worker_name(self, worker_number: int) -> str:
        return f"job-{worker_number}"


def test_a_class_for_a_batch_system(tmp_path: Path, until: Callable[..., Any]) -> None:
    queue = Queue()
    with QueueCluster(2, queue, str(tmp_path / "scheduler.json")) as cluster:
        cluster.wait_for_workers(2)
        assert cluster.plan == cluster.requested == cluster.observed == {"job-0", "job-1"}
        assert set(cluster.workers) == set(cluster.worker_spec) == {"job-0", "job-1"}
        with cluster.get_client() as client:
            pids = {client.submit(os.getpid, workers=name, pure=False).result() for name in cluster.plan}
            # Each job has a nanny, and that a worker.
            assert len(pids - set(queue.programs)) == 2
            kept = client.submit(bytes, 10, workers="job-0", allow_other_workers=True)
            assert kept.result(timeout=60) == bytes(10)
            cluster.scale(1)
            until(lambda: len(cluster.workers) == 1 and len(cluster.observed) == 1)
            # It was given to the other one, or stayed.
            assert client.who_has(kept)[kept.key]
            until(lambda: sum(program.poll() is None for program in queue.programs.values()) == 1)
    assert all(program.poll() is not None for program in queue.programs.values())
    assert "QueueCluster" in repr(cluster)


# ---- what is started ----


def test_jobs_of_several_kinds_are_started_and_scaled(until: Callable[..., Any]) -> None:
    process = {"cls": "raskt.distributed.Nanny", "options": {"nthreads": 2, "resources": {"GPU": 1}}}
    with SpecCluster({"gpu": process, 7: THREAD}, worker=THREAD, name="mine") as cluster:
        assert cluster.status == Status.running
        assert cluster.observed == {"gpu", "7"}
        assert isinstance(cluster.workers["gpu"], Nanny)
        assert cluster.scheduler_address == cluster.scheduler.address
        assert set(cluster.scheduler_info["workers"]) == {
            job.worker_address for job in cluster.workers.values()
        }
        assert "workers=2, threads=3" in repr(cluster)
        assert "gpu" in cluster._repr_html_()
        with Client(cluster) as client:
            assert client.submit(os.getpid, resources={"GPU": 1}).result() == cluster.workers["gpu"].pid
        cluster.scale(memory="3 GiB")
        cluster.wait_for_workers(3)
        cluster.scale_up(cores=4)
        cluster.wait_for_workers(4)
        cluster.scale_down(["gpu", 0])
        until(lambda: cluster.observed == {"7", "1"})
        until(lambda: "job gpu is closed" in cluster.get_logs(scheduler=False, workers=False)["Cluster"])
        logs = cluster.get_logs()
        assert "worker 7 at" in logs["Scheduler"]
        assert cluster.workers[7].worker_address in logs
        assert "http://" in cluster.dashboard_link
    assert (cluster.status, cluster.workers) == ("closed", {})
    cluster.close()


def test_clusters_are_awaited_with_certificates() -> None:
    async def go() -> SpecCluster:
        made = SpecCluster(worker=THREAD, security=True, asynchronous=True)
        assert made.status == Status.created
        async with made as cluster:
            assert cluster.scheduler_address.startswith("tls://")
            assert isinstance(cluster.security, Security)
            cluster.scale(2)
            await cluster
            assert len(cluster.observed) == 2
            async with cluster.get_client() as client:
                assert await client.submit(pow, 2, 5) == 32
            cluster.scale(0)
            await cluster
            assert cluster.observed == set()
            with pytest.raises(TimeoutError, match="0 of 1 workers"):
                await cluster.wait_for_workers(1, "10 ms")
            with pytest.raises(TypeError, match="async with"):
                cluster.__enter__()
        return cluster

    assert asyncio.run(go()).status == "closed"


class Pair(ProcessInterface):
    """A job of two workers."""

    async def start(self) -> None:
        token = self.cluster.scheduler.token
        made = [Worker(self.scheduler, name=f"{self.name}{at}", token=token, nthreads=1) for at in "ab"]
        self.workers = [await worker for worker in made]
        await super().start()

    async def close(self) -> None:
        for worker in self.workers:
            await worker.close()
        await super().close()


def test_a_job_may_bring_several_workers(until: Callable[..., Any]) -> None:
    with SpecCluster(worker={"cls": Pair, "group": ["a", "b"], "options": {}}) as cluster:
        cluster.scale(3)
        cluster.wait_for_workers(4)
        assert cluster.plan == cluster.observed == {"0a", "0b", "1a", "1b"}
        # One of two workers is no job.
        cluster.scale_down(["0a"])
        cluster.scale(3)
        assert len(cluster.plan) == 4
        cluster.scale(2)
        until(lambda: len(cluster.observed) == 2)
        assert len(cluster.workers) == 1


# ---- what goes wrong ----


class Failing(ProcessInterface):
    """A job that is not accepted."""

    async def start(self) -> None:
        raise OSError("the queue is full")


def test_jobs_that_do_not_start_are_told(until: Callable[..., Any]) -> None:
    with pytest.raises(OSError, match="the queue is full"):
        SpecCluster({0: THREAD, 1: {"cls": Failing}})
    with SpecCluster(worker={"cls": Failing}) as cluster:
        cluster.scale(2)
        with pytest.raises(TimeoutError, match=r"0 of 2 workers came.*job 0: OSError: the queue is full"):
            cluster.wait_for_workers(2, timeout=60)
        assert cluster.plan == set()
        assert "job 1 does not start: OSError" in cluster.get_logs(scheduler=False, workers=False)["Cluster"]
    with SpecCluster() as cluster:
        with pytest.raises(ValueError, match="what are new workers"):
            cluster.scale(1)
        with pytest.raises(ValueError, match="give n="):
            cluster.scale(cores=1)
        with pytest.raises(NotImplementedError, match="scheduler_file"):
            SpecCluster.from_name("mine")


class Brief(SpecCluster):
    lost_after_seconds = 0.0


def test_jobs_that_lose_their_workers_are_replaced_and_those_that_end_are_not(
    until: Callable[..., Any],
) -> None:
    with Brief({"a": {"cls": Pair, "group": ["a", "b"]}, "b": THREAD}) as cluster, Client(cluster) as client:
        lost = cluster.workers["a"]
        until(lambda: cluster._jobs["a"].has_joined)
        for worker in lost.workers:
            worker.stop()
        until(lambda: cluster.workers.get("a") not in (None, lost) and len(cluster.observed) == 3)
        assert client.submit(pow, 2, 5, workers="ab").result(timeout=60) == 32
        client.retire_workers([cluster.workers["b"].address])
        until(lambda: set(cluster.workers) == {"a"})
        assert cluster.plan == {"aa", "ab"}
        assert "job b has ended" in cluster.get_logs(scheduler=False, workers=False)["Cluster"]


def test_a_cluster_that_is_left_open_ends_with_its_program(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from raskt.distributed import Nanny, SpecCluster\n"
        "cluster = SpecCluster({0: {'cls': Nanny, 'options': {'nthreads': 1}}})\n"
        "print(cluster.workers[0].pid)\n"
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), signal.SIGKILL)


# ---- as many as there is work for ----


class Fixed(Adaptive):
    wanted = 2

    async def target(self) -> int:
        assert await super().target() == 0
        return self.wanted


def test_a_class_of_ones_own_says_how_many_workers_there_are(until: Callable[..., Any]) -> None:
    with SpecCluster(worker=THREAD) as cluster:
        adaptive = cluster.adapt(Fixed, minimum=1, maximum_cores=3, interval="10 ms", wait_count=2)
        until(lambda: len(cluster.observed) == 2)
        assert (adaptive.plan, adaptive.maximum) == ({"0", "1"}, 3)
        adaptive.wanted = 9
        until(lambda: len(adaptive.observed) == 3)
        adaptive.wanted = 0
        until(lambda: len(adaptive.requested) == 1)
        adaptive.stop()
        assert asyncio.run(adaptive.safe_target()) == 1
        assert asyncio.run(adaptive.recommendations(1)) == {"status": "same"}
        assert asyncio.run(adaptive.recommendations(2)) == {"status": "up", "n": 2}
        down = {"status": "down", "workers": list(adaptive.plan)}
        assert [asyncio.run(adaptive.recommendations(0)) for _ in range(2)] == [{"status": "same"}, down]
        with pytest.raises(TypeError, match="worker_key is a function"):
            cluster.adapt(worker_key="host")
        with pytest.raises(ValueError, match="target_duration=0"):
            cluster.adapt(target_duration=0)


def test_groups_of_workers_are_retired_as_a_whole(until: Callable[..., Any]) -> None:
    seen = []

    def group(worker: Any) -> str:
        seen.append(
            (worker.nthreads, worker.memory_limit, worker.address in cluster.scheduler_info["workers"])
        )
        return worker.name[0]

    with SpecCluster(dict.fromkeys(["a0", "a1", "b0"], THREAD)) as cluster, Client(cluster) as client:
        cluster.wait_for_workers(3)
        kept = client.submit(bytes, 1000, workers="b0")
        assert kept.result() == bytes(1000)
        adaptive = Adaptive(cluster, minimum=3, worker_key=group)
        assert asyncio.run(adaptive.workers_to_close(3)) == []
        # The group that is missed least has two workers.
        assert asyncio.run(adaptive.workers_to_close(2)) == ["b0"]
        assert set(asyncio.run(adaptive.workers_to_close(1))) == {"a0", "a1"}
        assert set(asyncio.run(adaptive.workers_to_close(0))) == {"a0", "a1", "b0"}
        assert set(seen) == {(1, 2**30, True)}
        adaptive.minimum = 1
        until(lambda: cluster.observed == {"b0"})
        adaptive.stop()


def test_there_are_as_many_workers_as_work_takes_in_the_time_that_is_given(
    until: Callable[..., Any],
) -> None:
    with SpecCluster(worker=THREAD) as cluster, Client(cluster) as client:
        adaptive = Adaptive(cluster, maximum=0, target_duration="100 ms")
        assert asyncio.run(adaptive.target()) == 0
        futures = client.map(time.sleep, [0.0] * 40, pure=False)
        until(lambda: client._core.load()["n_queued"] == 40)
        # Nobody knows yet how long they take: 10 ms each.
        assert asyncio.run(adaptive.target()) == 4
        adaptive.target_duration = None
        assert asyncio.run(adaptive.target()) >= 40
        cluster.scale(1)
        client.gather(futures)
        del futures
        cluster.scale(0)
        adaptive.target_duration = 1.0
        until(lambda: not cluster.observed)
        waiting = client.map(time.sleep, [0.001] * 40, pure=False)
        until(lambda: client._core.load()["n_queued"] == 40)
        # Now it is known.
        assert asyncio.run(adaptive.target()) == 1
        client.cancel(waiting)


def test_workers_that_were_told_to_end_are_not_said_to_be_lost(until: Callable[..., Any]) -> None:
    with SpecCluster(dict.fromkeys("abc", PROCESS)) as cluster, Client(cluster) as client:
        cluster.wait_for_workers(3)
        addresses = {name: job.worker_address for name, job in cluster.workers.items()}
        client.retire_workers([addresses["a"]])
        cluster.scale_down(["b"])
        until(lambda: cluster.observed == {"c"})
        os.kill(cluster.workers["c"].pid, signal.SIGKILL)

        def said(name: str) -> list[str]:
            logs = [text for _, text in client.get_scheduler_logs()]
            return [text for text in logs if addresses[name] in text and "has come" not in text]

        assert "is lost" in until(lambda: said("c"))[0]
        assert "has ended" in said("a")[0]
        assert "has ended" in said("b")[0]
