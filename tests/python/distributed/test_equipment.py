"""Plugins and files of workers."""

from __future__ import annotations

import os
import time
import zipfile

import pytest
from raskt.distributed import Client, LocalCluster, WorkerPlugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

PATIENCE = 60


class Tells(WorkerPlugin):
    """Leaves a mark in the process of its worker."""

    name = "tells"

    def __init__(self, word: str) -> None:
        self.word = word

    def setup(self, worker: Any) -> None:
        assert worker.address.startswith("tcp://")
        os.environ[f"PLUGIN_{self.word}"] = "1"

    def teardown(self, worker: Any) -> None:
        del os.environ[f"PLUGIN_{self.word}"]


def words() -> list[str]:
    return sorted(name for name in os.environ if name.startswith("PLUGIN_"))


def mark() -> None:
    os.environ["PLUGIN_CALLED"] = "1"


def until(client: Client, expected: list[str]) -> None:
    """Wait until the marks are there on all workers: one that comes is there before its plugins are."""
    deadline = time.monotonic() + PATIENCE
    while any(found != expected for found in client.run(words).values()):
        assert time.monotonic() < deadline, client.run(words)
        time.sleep(0.01)


@pytest.fixture
def small() -> Iterator[Any]:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster:
        yield cluster


def test_plugins_come_to_workers_that_are_there_and_to_those_that_come(small: Any) -> None:
    with Client(small) as client:
        found = client.register_plugin(Tells("FIRST"))
        assert list(found.values()) == [{"status": "OK"}]
        assert list(client.run(words).values()) == [["PLUGIN_FIRST"]]
        client.register_plugin(Tells("SECOND"))
        assert list(client.run(words).values()) == [["PLUGIN_SECOND"]]
        client.register_plugin(Tells("NOT"), idempotent=True)
        client.register_plugin(Tells("THIRD"), name="third")
        small.scale(2)
        client.wait_for_workers(2, timeout=PATIENCE)
        until(client, ["PLUGIN_SECOND", "PLUGIN_THIRD"])
        client.unregister_worker_plugin("tells")
        client.register_worker_callbacks(mark)
        assert list(client.run(words).values()) == [["PLUGIN_CALLED", "PLUGIN_THIRD"]] * 2
        small.scale(3)
        client.wait_for_workers(3, timeout=PATIENCE)
        until(client, ["PLUGIN_CALLED", "PLUGIN_THIRD"])


def test_what_is_no_plugin_of_workers_is_refused(idle: Client) -> None:
    class Transitions(WorkerPlugin):
        def transition(self, key: Any, start: str, finish: str) -> None:
            """Hear of it."""

    with pytest.raises(NotImplementedError, match="SchedulerPlugin"):
        idle.register_plugin(Transitions())
    with pytest.raises(TypeError, match="takes a WorkerPlugin, NannyPlugin or SchedulerPlugin, found str"):
        idle.register_plugin("plugin")


def call(module: str, name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(module), name)


def test_files_come_to_workers_that_are_there_and_to_those_that_come(small: Any, tmp_path: Path) -> None:
    module, archive = tmp_path / "raskt_helpers.py", tmp_path / "raskt_more.zip"
    module.write_text("answer = 41\n")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("raskt_packed/__init__.py", "from raskt_packed.inner import answer\n")
        file.writestr("raskt_packed/inner.py", "answer = 43\n")
    with Client(small) as client:
        client.upload_file(str(module))
        assert client.submit(call, "raskt_helpers", "answer", pure=False).result(timeout=PATIENCE) == 41
        # The new one has as many bytes, and may be of the same second.
        module.write_text("answer = 42\n")
        client.upload_file(module)
        client.upload_file(archive)
        small.scale(2)
        client.wait_for_workers(2, timeout=PATIENCE)
        for worker in client.nthreads():
            for name, answer in (("raskt_helpers", 42), ("raskt_packed", 43)):
                found = client.submit(call, name, "answer", workers=[worker], pure=False)
                assert found.result(timeout=PATIENCE) == answer
        broken = tmp_path / "raskt_broken.py"
        broken.write_text("raise KeyError('broken')\n")
        with pytest.raises(KeyError, match="broken"):
            client.upload_file(broken)
        client.upload_file(broken, load=False)
        with pytest.raises(FileNotFoundError):
            client.upload_file(tmp_path / "nothing.py")


def test_a_scheduler_file_is_for_its_owner(scheduler: Any, idle: Client, tmp_path: Path) -> None:
    path = tmp_path / "scheduler.json"
    idle.write_scheduler_file(path)
    assert path.stat().st_mode & 0o77 == 0
    with Client(scheduler_file=path, set_as_default=False) as other:
        other.set_metadata("a", 1)
    assert idle.get_metadata("a") == 1
