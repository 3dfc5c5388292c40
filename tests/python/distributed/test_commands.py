"""The commands that clusters are started by, as processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from raskt.distributed import Client, Nanny, Scheduler, Security, Worker
from raskt.distributed._addresses import contact_of, hostname_of, interface_host, listening, ports_of
from raskt.distributed._options import read_scheduler_file, worker_options
from raskt.distributed._token import default_token_file, read_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# ---- commands ----


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "raskt", *words], capture_output=True, text=True, timeout=60)


def test_commands_start_a_cluster_of_processes(tmp_path: Path, until: Callable[..., Any]) -> None:
    file, token = tmp_path / "scheduler.json", tmp_path / "token"
    words = ["--port", "0", "--scheduler-file", str(file), "--token-file", str(token)]
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "raskt", "scheduler", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        until(file.exists)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        address, secret = read_scheduler_file(str(file))
        assert secret == read_token(str(token))
        assert json.loads(file.read_text())["pid"] == scheduler.pid
        # A worker with another token is refused, and says why.
        other = tmp_path / "other"
        other.write_text("guess")
        refused = run("worker", address, "--token-file", str(other), "--nthreads", "1")
        assert refused.returncode == 2
        assert "does not know the token" in refused.stderr
        worker = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "raskt",
                "worker",
                "--scheduler-file",
                str(file),
                "--nthreads",
                "1",
                "--lifetime",
                "0.5 s",
            ]
        )
        # Its lifetime is over soon: it retires.
        assert worker.wait(60) == 0
    finally:
        scheduler.terminate()
        said, _ = scheduler.communicate(timeout=60)
    assert said.splitlines()[0] == f"Scheduler at: {address}"
    assert "told to end" in said
    assert not file.exists()


def test_without_a_word_the_secret_of_a_cluster_is_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert read_token(None) == ""
    pid_file = tmp_path / "pid"
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "raskt", "scheduler", "--port", "0", "--pid-file", str(pid_file)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert scheduler.stdout is not None
        address = scheduler.stdout.readline().split()[-1]
        secret = Path(default_token_file())
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert read_token(None, make=True) == secret.read_text().strip()
        with Client(address, set_as_default=False) as client:
            assert client.scheduler_info()["workers"] == {}
        with pytest.raises(OSError, match="token"):
            Client(address, token="guess", set_as_default=False)
    finally:
        scheduler.terminate()
        scheduler.communicate(timeout=60)


def test_commands_refuse_what_is_not_safe_or_makes_no_sense(tmp_path: Path) -> None:
    open_to_all = run("scheduler", "--host", "0.0.0.0", "--port", "0")
    assert open_to_all.returncode == 2
    assert "--token-file" in open_to_all.stderr
    nowhere = run("worker")
    assert nowhere.returncode == 2
    assert "which scheduler?" in nowhere.stderr
    missing = run("worker", "--scheduler-file", str(tmp_path / "none.json"))
    assert missing.returncode == 2
    assert "none.json" in missing.stderr
    odd = run("worker", "tcp://127.0.0.1:1", "--resources", "GPU")
    assert odd.returncode == 2
    assert "NAME=AMOUNT" in odd.stderr


# ---- where daemons are, and what they load ----


@contextlib.contextmanager
def running(*words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "raskt", *words], stdout=subprocess.PIPE, text=True, env=os.environ | env
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_options_of_workers_say_where_they_are_and_what_they_load(
    tmp_path: Path, until: Callable[..., Any]
) -> None:
    file, token = tmp_path / "scheduler.json", str(tmp_path / "token")
    module = tmp_path / "mine.py"
    module.write_text(
        "import os\n"
        "def dask_setup(daemon, *words):\n"
        "    path = os.path.join(os.path.dirname(__file__), type(daemon).__name__)\n"
        "    open(path, 'w').write(' '.join(words))\n"
        "async def raskt_teardown(daemon):\n"
        "    open(os.path.join(os.path.dirname(__file__), 'ended'), 'w').close()\n"
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        first = taken.getsockname()[1]
        load = ["--preload", str(module), "--preload-argv=--some", "--preload-argv", "words"]
        words = ["--port", "0", "--scheduler-file", str(file), "--token-file", token, "--interface", "lo"]
        pid_file = tmp_path / "pid"
        with running("scheduler", *words, *load):
            until(file.exists)
            place = [
                "--worker-port",
                f"{first}:{min(first + 200, 65535)}",
                "--contact-address",
                "localhost:0",
            ]
            worker = ["--scheduler-file", str(file), "--no-nanny", "--pid-file", str(pid_file), "--name", "w"]
            with (
                running("worker", *worker, *place, "--nthreads", "1", *load) as process,
                Client(scheduler_file=file, set_as_default=False) as client,
            ):
                client.wait_for_workers(1)
                (address,) = client.nthreads()
                assert address.startswith("tcp://localhost:")
                assert int(address.rpartition(":")[2]) > first
                assert int(pid_file.read_text()) == process.pid
                assert client.submit(os.getpid).result(timeout=60) == process.pid
    assert (tmp_path / "Worker").read_text() == (tmp_path / "Scheduler").read_text() == "--some words"
    assert (tmp_path / "ended").exists()


def test_options_that_make_no_sense_say_so() -> None:
    for words, why in (
        (["scheduler", "--interface", "none0"], "no network interface 'none0'"),
        (["scheduler", "--some"], "unrecognized arguments: --some"),
        (["worker", "tcp://127.0.0.1:1", "--nworkers", "2", "--no-nanny"], "--no-nanny is for one worker"),
        (["worker", "word", "--scheduler-file", "f", "--preload", "os"], "--preload-argv WORD"),
        (["worker", "tcp://127.0.0.1:1", "--protocol", "tls"], "the address of the scheduler is tcp://"),
        (["worker", "tcp://127.0.0.1:1", "--preload", "not_there_at_all"], "not_there_at_all"),
    ):
        done = run(*words)
        assert (done.returncode, why in done.stderr) == (2, True), done.stderr
    assert run("worker", "--version").stdout.startswith("raskt ")


def test_a_worker_waits_for_its_scheduler_as_long_as_it_is_told() -> None:
    done = run("worker", "tcp://127.0.0.1:1", "--nthreads", "1", "--death-timeout", "0.2 s")
    assert done.returncode == 2
    assert done.stderr.count("for 0.2 s") == 1


def test_addresses() -> None:
    assert listening(None, None, 7, "tcp") is None
    assert listening("tcp://10.0.0.1:9", None, 7, "tcp") == "tcp://10.0.0.1:9"
    assert listening("::1", None, 7, "tls") == "tls://[::1]:7"
    assert listening(None, "lo", 7, "tcp") == "tcp://127.0.0.1:7"
    assert interface_host("lo") == "127.0.0.1"
    assert contact_of("tcp://10.0.0.1:9", None) == "tcp://10.0.0.1:9"
    assert contact_of("tcp://0.0.0.0:9", "gate") == "tcp://gate:9"
    assert hostname_of(contact_of("tcp://0.0.0.0:9", None)) != "0.0.0.0"
    assert (ports_of(None), ports_of("5"), ports_of("5:8"), ports_of(0)) == (None, (5, 5), (5, 8), None)
    for wrong in ("x", "8:5", "1:2:3", 70000):
        with pytest.raises(ValueError, match="FIRST:LAST"):
            ports_of(wrong)
    with pytest.raises(ValueError, match="give one of both"):
        listening("a", "lo", 0, "tcp")


# ---- daemons as objects ----


def test_daemons_are_objects_that_are_awaited() -> None:
    async def go() -> list[Any]:
        async with Scheduler(security=Security.temporary()) as scheduler:
            options = {"security": scheduler.security, "nthreads": 1}
            async with (
                Worker(scheduler.address, name="thread", **options) as worker,
                Nanny(scheduler.address, name="process", env={"MINE": "1"}, **options) as nanny,
                Client(scheduler.address, security=scheduler.security, asynchronous=True) as client,
            ):
                found = [
                    await client.submit(os.getpid, workers=name, pure=False) for name in ("thread", "process")
                ]
                found.append(await client.submit(os.getenv, "MINE", workers="process"))
                assert found == [os.getpid(), nanny.pid, "1"]
                assert set(await client.nthreads()) == {worker.address, nanny.worker_address}
                assert {w["name"] for w in scheduler.workers()} == {"thread", "process"}
                pid = nanny.pid
                os.kill(pid, signal.SIGKILL)
                while nanny.pid in (pid, None) or nanny.worker_address is None:
                    await asyncio.sleep(0.01)
                assert nanny.deaths == ["signal 9"]
            return [scheduler, worker, nanny]

    assert [daemon.status for daemon in asyncio.run(go())] == ["closed"] * 3


def test_a_worker_whose_lifetime_is_over_is_replaced() -> None:
    async def go() -> None:
        async with (
            Scheduler(token="secret") as scheduler,
            Nanny(
                scheduler.address, token="secret", nthreads=1, lifetime=0.3, lifetime_restart=True
            ) as nanny,
        ):
            pid = nanny.pid
            while nanny.pid in (pid, None) or nanny.worker_address is None:
                await asyncio.sleep(0.01)
            assert nanny.deaths == []

    asyncio.run(go())


def test_a_scheduler_that_lets_others_in_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="lets other machines in"):
        Scheduler(host="0.0.0.0")
    with pytest.raises(ValueError, match="leave out host, interface and port"):
        worker_options("tcp://127.0.0.1:1", name=1, listen_address="tcp://:9", port=5)
