"""Plugins of nannies, on a cluster of two processes and on workers that have no nanny."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from raskt.distributed import Client, LocalCluster, NannyPlugin
from raskt.distributed._nanny_link import Messages, framed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 60


class Notes(NannyPlugin):
    """Writes what it hears, and sets a variable."""

    def __init__(self, path: str, value: str, restart: bool = False) -> None:
        self.path, self.value, self.restart = path, value, restart

    def note(self, text: str) -> None:
        with open(self.path, "a") as file:
            file.write(f"{text}\n")

    def setup(self, nanny: Any) -> None:
        self.note(f"setup {self.value} {nanny.name} {nanny.nthreads} {nanny.memory_limit}")
        self.note(f"{os.getpid()} {nanny.pid != os.getpid()} {nanny.scheduler_address}")
        nanny.env["RASKT_OF_NANNY"] = self.value

    async def teardown(self, nanny: Any) -> None:
        self.note(f"teardown {self.value} {nanny.name}")
        nanny.env.pop("RASKT_OF_NANNY", None)


def variable() -> str | None:
    return os.environ.get("RASKT_OF_NANNY")


def test_plugins_of_nannies_are_set_up_once_and_change_the_processes_that_follow(
    tmp_path: Path, until: Callable[..., Any]
) -> None:
    path = tmp_path / "notes"

    def notes(word: str) -> list[str]:
        return sorted(line for line in path.read_text().splitlines() if line.startswith(word))

    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="1 GiB") as cluster:
        with Client(cluster) as client:
            told = client.register_plugin(Notes(str(path), "first"), name="notes")
            assert told == {address: {"status": "OK"} for address in client.nthreads()}
            assert notes("setup") == [f"setup first {name} 1 {2**30}" for name in "01"]
            assert notes(f"{os.getpid()} True {cluster.scheduler_address}")
            # The processes that are there go on as they are.
            assert set(client.run(variable).values()) == {None}
            before = client.run(os.getpid)
            client.register_plugin(Notes(str(path), "second", restart=True), name="notes")
            client.wait_for_workers(2, timeout=PATIENCE)
            assert set(client.run(variable).values()) == {"second"}
            assert not set(client.run(os.getpid).values()) & set(before.values())
            assert notes("teardown") == ["teardown first 0", "teardown first 1"]
            assert len(notes("setup second")) == 2
        # A worker that comes is started again, once, and has it before its first task.
        cluster.scale(3)
        with Client(cluster) as client:
            client.wait_for_workers(3, timeout=PATIENCE)
            assert client.submit(variable, workers="2").result(timeout=PATIENCE) == "second"
            # So has one that takes the place of another one, whose nanny has set it up already.
            os.kill(client.submit(os.getpid, workers="2", pure=False).result(), signal.SIGKILL)
            assert client.submit(variable, workers="2", pure=False).result(timeout=PATIENCE) == "second"
            assert len(notes("setup second")) == 3
            stays = Notes(str(path), "third")
            stays.idempotent = True
            assert len(client.register_plugin(stays, name="notes")) == 3
            assert notes("setup third") == []
            assert len(client.unregister_worker_plugin("notes", nanny=True)) == 3
            assert len(notes("teardown second")) == 3
            client.unregister_worker_plugin("notes", nanny=True)
            client.register_plugin(Notes(str(path), "last"))
        assert notes("teardown last") == []
    assert len(notes("teardown last")) == 3


class Fails(NannyPlugin):
    """Raises, also what cannot be pickled."""

    def __init__(self, can_be_pickled: bool) -> None:
        self.can_be_pickled = can_be_pickled

    def setup(self, nanny: Any) -> None:
        error = KeyError("of the nanny")
        if not self.can_be_pickled:
            error.held = open(os.devnull)  # type: ignore[attr-defined]  # noqa: SIM115
        raise error


def test_what_plugins_of_nannies_raise_is_raised(client: Client) -> None:
    with pytest.raises(KeyError, match="of the nanny"):
        client.register_plugin(Fails(True), name="fails")
    with pytest.raises(RuntimeError, match=r"KeyError: .of the nanny"):
        client.register_plugin(Fails(False), name="fails")
    # Workers go on.
    assert client.submit(pow, 2, 5).result(timeout=PATIENCE) == 32
    client.unregister_worker_plugin("fails", nanny=True)


def test_workers_without_a_nanny_have_no_plugins_of_nannies(tmp_path: Path) -> None:
    with LocalCluster(n_workers=1, processes=False) as cluster, Client(cluster) as client:
        assert client.register_plugin(Notes(str(tmp_path / "notes"), "x"), name="notes") == {}
        assert client.unregister_worker_plugin("notes", nanny=True) == {}
        cluster.scale(2)
        client.wait_for_workers(2, timeout=PATIENCE)
    assert not (tmp_path / "notes").exists()


def test_a_worker_whose_nanny_is_killed_ends(tmp_path: Path, until: Callable[..., Any]) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster, Client(cluster) as client:
        file = tmp_path / "scheduler.json"
        client.write_scheduler_file(file)
        words = ["worker", "--scheduler-file", str(file), "--name", "orphan", "--nthreads", "1"]
        nanny = subprocess.Popen([sys.executable, "-m", "raskt", *words])
        try:
            client.wait_for_workers(2, timeout=PATIENCE)
            kept = client.submit(bytes, 1000, workers="orphan")
            assert kept.result(timeout=PATIENCE) == bytes(1000)
        finally:
            nanny.kill()
            nanny.wait(PATIENCE)
        until(lambda: len(client.nthreads()) == 1)
        # It has given what it held to the other one.
        assert "orphan" not in str(client.story(kept)[1:])
        assert kept.result(timeout=PATIENCE) == bytes(1000)


def test_messages_arrive_in_pieces_and_together() -> None:
    data = framed(("add", b"x" * 1000)) + framed(None) + framed({"a": 1})
    messages = Messages()
    found = [message for at in range(0, len(data), 7) for message in messages.take(data[at : at + 7])]
    assert found == [("add", b"x" * 1000), None, {"a": 1}]
    assert Messages().take(data) == found
