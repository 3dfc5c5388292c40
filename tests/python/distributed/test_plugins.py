"""Plugins that are ready to use, on a cluster of one worker to which another one comes."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
import threading
import time
import zipfile

import pytest
from raskt.distributed import (
    Client,
    Environ,
    InstallPlugin,
    LocalCluster,
    PipInstall,
    Status,
    UploadDirectory,
    UploadFile,
    WorkerPlugin,
    local_client,
)
from raskt.distributed.diagnostics import MemorySampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

PATIENCE = 60


@pytest.fixture(scope="module")
def small() -> Iterator[Any]:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster:
        yield cluster


@pytest.fixture
def client(small: Any) -> Iterator[Client]:
    with Client(small) as client:
        yield client


def found(module: str, name: str = "answer") -> Any:
    return getattr(importlib.import_module(module), name)


def test_variables_and_code_are_there_before_the_first_task_of_a_worker(tmp_path: Path) -> None:
    module, package = tmp_path / "raskt_uploaded.py", tmp_path / "raskt_directory"
    module.write_text("answer = 41\n")
    (package / "inner" / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text("from raskt_directory.inner.more import answer\n")
    (package / "inner" / "__init__.py").write_text("")
    (package / "inner" / "more.py").write_text("answer = 42\n")
    (package / "inner" / "tests" / "left_out.py").write_text("")
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster, Client(cluster) as client:
        client.register_plugin(Environ({"RASKT_TEST_VARIABLE": 7}))
        client.register_plugin(UploadFile(module))
        client.register_plugin(UploadDirectory(package, update_path=True))

        def see() -> tuple[Any, ...]:
            # The directory itself is in the path, too.
            try:
                importlib.import_module("inner.tests.left_out")
            except ModuleNotFoundError as error:
                missing = error.name
            found = [getattr(importlib.import_module(name), "answer") for name in names]  # noqa: B009
            return os.environ["RASKT_TEST_VARIABLE"], *found, missing

        names = ["raskt_uploaded", "raskt_directory", "inner.more"]
        told = ("7", 41, 42, 42, "inner.tests")
        assert client.submit(see, pure=False).result(timeout=PATIENCE) == told
        (old,) = client.nthreads()
        # A task waits for the second worker: it runs there as the first thing.
        future = client.submit(see, workers=["1"], pure=False)
        cluster.scale(2)
        assert future.result(timeout=PATIENCE) == told
        assert old in client.nthreads()
        (package / "inner" / "more.py").write_text("answer = 43\n")
        client.register_plugin(UploadDirectory(package))
        assert client.submit(found, "raskt_directory", pure=False).result(timeout=PATIENCE) == 43
    with pytest.raises(NotADirectoryError):
        UploadDirectory(module)
    with pytest.raises(NotImplementedError, match="mode='workers'"):
        UploadDirectory(package, mode="all")


def wheel(folder: Path) -> Path:
    path = folder / "raskt_installed-1.0-py3-none-any.whl"
    about = "raskt_installed-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("raskt_installed.py", "answer = 44\n")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: raskt-installed\nVersion: 1.0\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")
    return path


def test_packages_are_installed(client: Client, tmp_path: Path) -> None:
    pytest.importorskip("pip")
    place = str(tmp_path / "place")
    options = ["--no-index", "--no-deps", "--quiet", f"--target={place}"]
    client.register_plugin(PipInstall([str(wheel(tmp_path))], pip_options=options))

    def load() -> Any:
        sys.path.insert(0, place)
        try:
            return importlib.import_module("raskt_installed").answer
        finally:
            sys.path.remove(place)

    assert client.submit(load, pure=False).result(timeout=PATIENCE) == 44
    plugin = PipInstall(["raskt-is-not-there"], pip_options=options)
    with pytest.raises(RuntimeError, match=r"pip install failed with code 1: .*raskt-is-not-there"):
        client.register_plugin(plugin)
    client.unregister_worker_plugin(plugin.name)


def test_installing_may_start_workers_again(small: Any, tmp_path: Path) -> None:
    log = str(tmp_path / "log")

    def install() -> None:
        with open(log, "a") as file:
            file.write(f"{os.getpid()}\n")

    with Client(small) as client:
        (before,) = client.run(os.getpid).values()
        plugin = InstallPlugin(install, restart_workers=True)
        client.register_plugin(plugin)
        (after,) = client.run(os.getpid).values()
        assert before != after
        with open(log) as file:
            assert file.read().split() == [str(before), str(after)]
        client.unregister_worker_plugin(plugin.name)


class Collects(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.has_come = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        if record.getMessage() == "the last":
            self.has_come.set()


def log() -> None:
    logger = logging.getLogger("raskt_test_users")
    logger.warning("it is %s", "cold", extra={"degrees": 3, "lock": threading.Lock()})
    logger.info("is below the level")
    try:
        raise KeyError("lost")
    except KeyError:
        logger.exception("it was")
    logger.error("the last")


def test_what_workers_log_is_forwarded(client: Client) -> None:
    collects = Collects()
    logger = logging.getLogger("raskt_test_users")
    logger.addHandler(collects)
    try:
        client.forward_logging("raskt_test_users", logging.WARNING)
        client.submit(log, pure=False).result(timeout=PATIENCE)
        assert collects.has_come.wait(PATIENCE)
        cold, was, _ = collects.records
        assert (cold.getMessage(), cold.levelname, cold.degrees) == ("it is cold", "WARNING", 3)  # type: ignore[attr-defined]
        assert cold.process != os.getpid()
        assert "lock" in cold.lock  # type: ignore[attr-defined]
        assert was.exc_text is not None
        assert "KeyError: 'lost'" in was.exc_text
        client.unforward_logging("raskt_test_users")
        assert not client.run(lambda: logging.getLogger("raskt_test_users").handlers).popitem()[1]
        with pytest.raises(ValueError, match="No event handler"):
            client.unforward_logging("raskt_test_users")
    finally:
        logger.removeHandler(collects)


def test_workers_of_this_process_forward_nothing_to_it() -> None:
    collects = Collects()
    logger = logging.getLogger("raskt_test_users")
    logger.addHandler(collects)
    try:
        with Client(n_workers=1, threads_per_worker=1, processes=False) as client:
            client.forward_logging("raskt_test_users")
            heard: list[Any] = []
            topic = "forward-logging-raskt_test_users"
            client.subscribe_topic(topic, heard.append)
            client.submit(log, pure=False).result(timeout=PATIENCE)
            deadline = time.monotonic() + PATIENCE
            while len(heard) < 3 and time.monotonic() < deadline:
                time.sleep(0.005)
        assert [record.getMessage() for record in collects.records] == ["it is cold", "it was", "the last"]
    finally:
        logger.removeHandler(collects)


class Logs(WorkerPlugin):
    name = "logs"

    def setup(self, worker: Any) -> None:
        worker.log_event("seen", {"status": worker.status, "is_running": worker.status == Status.running})


def test_workers_log_events_and_say_their_status(client: Client) -> None:
    client.register_plugin(Logs())
    ((_, said),) = client.get_events("seen")
    assert said == {"status": "running", "is_running": True}
    client.unregister_worker_plugin("logs")


def test_memory_is_sampled(client: Client) -> None:
    pytest.importorskip("pandas")
    sampler = MemorySampler()
    with sampler.sample("values", measure="managed", interval=0.01):
        future = client.submit(bytes, 2**20)
        future.result(timeout=PATIENCE)
    with sampler.sample(client=client):
        pass
    frame = sampler.to_pandas(align=True)
    assert list(frame.columns) == ["values", "sample 1"]
    assert frame["values"].iloc[0] < 2**20 <= frame["values"].max() < 2**21
    # An interpreter takes more than that.
    assert frame["sample 1"].min() > 2**22
    with pytest.raises(ValueError, match="called 'values'"):
        sampler.sample("values")
    with pytest.raises(NotImplementedError, match="process, managed, unmanaged"):
        sampler.sample(measure="optimistic")


def test_memory_is_sampled_with_await(small: Any) -> None:
    async def run() -> MemorySampler:
        sampler = MemorySampler()
        async with (
            Client(small, asynchronous=True) as client,
            sampler.sample("it", client=client, measure="managed"),
        ):
            await client.submit(abs, -1)
        return sampler

    assert len(asyncio.run(run()).samples["it"]) == 2


def test_tasks_have_local_clients(client: Client) -> None:
    def ask() -> int:
        with local_client() as inner:
            return int(inner.submit(abs, -5).result())

    assert client.submit(ask, pure=False).result(timeout=PATIENCE) == 5
