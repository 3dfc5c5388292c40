"""What schedulers have heard: streams of tasks, stories, logs, reports; what runs in their process."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from raskt.distributed import Client, SchedulerPlugin, get_task_stream, performance_report, wait

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60


def fail() -> None:
    raise ValueError("<script>")


def test_what_ran_in_a_block_is_collected(client: Client, tmp_path: Path) -> None:
    client.submit(abs, -1).result(timeout=PATIENCE)
    page = tmp_path / "stream.html"
    with get_task_stream(client, plot="save", filename=page) as stream:
        futures = client.map(pow, range(20), [2] * 20, pure=False)
        failed = client.submit(fail, pure=False)
        wait([*futures, failed])
    keys = {future.key: "OK" for future in futures} | {failed.key: "error"}
    assert {row["key"]: row["status"] for row in stream.data} == keys
    assert {row["worker"] for row in stream.data} <= set(client.nthreads())
    (moment,) = stream.data[0]["startstops"]
    assert time.time() - PATIENCE < moment["start"] <= moment["stop"] <= time.time()
    text = page.read_text("utf-8")
    assert text == stream.figure
    assert '<script>"' not in text
    assert [row["key"] for row in client.get_task_stream(count=21)] == [row["key"] for row in stream.data]
    assert client.get_task_stream(start=time.time() + 60) == []


def test_stories_and_sizes(client: Client) -> None:
    future = client.submit(bytes, 50_000, pure=False)
    future.result(timeout=PATIENCE)
    ((key, start, finish, worker, _),) = client.story(future)
    assert (key, start, finish) == (future.key, "processing", "memory")
    assert worker in client.nthreads()
    assert client.nbytes([future], summary=False)[future.key] >= 50_000
    assert client.nbytes()["bytes"] >= 50_000


def test_the_log_tells_of_workers_and_failures(client: Client) -> None:
    future = client.submit(fail, pure=False)
    wait([future])
    lines = client.get_scheduler_logs()
    assert sum("worker" in text and "has come" in text for _, text in lines) == 2
    assert any(level == "WARNING" and str(future.key) in text for level, text in lines)
    assert client.get_scheduler_logs(n=1) == lines[-1:]


def test_reports_are_one_file(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with performance_report(path):
        client.submit(abs, -7, pure=False).result(timeout=PATIENCE)
    text = path.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert '"abs"' in text
    assert client._core.address in text
    with pytest.raises(NotImplementedError, match="local files"):
        performance_report(path, storage_options={"key": "x"})


def test_functions_run_in_the_process_of_the_scheduler(client: Client) -> None:
    def addresses(dask_scheduler: Any) -> list[str]:
        return sorted(dask_scheduler.workers)

    assert client.run_on_scheduler(os.getpid) == os.getpid()
    assert client.run_on_scheduler(addresses) == sorted(client.nthreads())
    with pytest.raises(ZeroDivisionError):
        client.run_on_scheduler(divmod, 1, 0)


class Counts(SchedulerPlugin):
    name = "counts"

    def start(self, scheduler: Any) -> None:
        self.done: list[Any] = []
        self.clients: list[str] = []
        scheduler.counts = self

    def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        self.done.append((key, start, finish))

    def add_client(self, scheduler: Any, client: str) -> None:
        self.clients.append(client)


class Graphs(SchedulerPlugin):
    def update_graph(self) -> None:
        """Hear of a graph."""


def test_plugins_of_the_scheduler_hear_what_happens(client: Client) -> None:
    client.register_plugin(Counts())
    future = client.submit(abs, -9, pure=False)
    future.result(timeout=PATIENCE)
    Client(client._core.address, token=client.cluster._token, set_as_default=False).close()

    def heard(dask_scheduler: Any) -> tuple[list[Any], list[str]]:
        return dask_scheduler.counts.done, dask_scheduler.counts.clients

    until = time.monotonic() + PATIENCE
    while not all(client.run_on_scheduler(heard)) and time.monotonic() < until:
        time.sleep(0.01)
    done, clients = client.run_on_scheduler(heard)
    assert (future.key, "processing", "memory") in done
    assert clients
    client.unregister_scheduler_plugin("counts")
    with pytest.raises(ValueError, match="no plugin 'counts'"):
        client.unregister_scheduler_plugin("counts")
    with pytest.raises(NotImplementedError, match="update_graph"):
        client.register_plugin(Graphs())
