"""Clusters on this machine: their processes, from start to end."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from raskt.distributed import Client
from raskt.distributed._commands import read_scheduler_file
from raskt.distributed._nanny import NOT_STARTED, Nanny
from raskt.distributed._token import default_token_file, read_token
from raskt.distributed.local import LocalCluster, memory_bytes

if TYPE_CHECKING:
    from collections.abc import Callable


def until(is_so: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)
    return found


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


def test_a_process_that_is_killed_is_replaced_and_its_end_is_known() -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1) as cluster:
        pid = cluster.workers["0"]["pid"]
        os.kill(pid, signal.SIGKILL)
        until(lambda: (worker := cluster.workers.get("0")) and worker["pid"] != pid)
        [nanny] = cluster._workers.each().values()
        assert nanny.deaths == ["signal 9"]


class Ended:
    """A process that has ended."""

    pid = 0

    def __init__(self, code: int) -> None:
        self.code = code

    def poll(self) -> int:
        return self.code


def test_only_processes_that_cannot_join_are_given_up() -> None:
    nanny = Nanny({"name": "w", "n_threads": 1}, "token", None)

    def after(code: int) -> str:
        nanny._process, nanny._start_at = Ended(code), None
        nanny.look()
        return nanny.status

    # Tasks may end their process with any number, as soon as it is there.
    assert [after(code) for code in (1, 2, 2, 2, 2, -9)] == ["starting"] * 6
    assert [after(code) for code in (NOT_STARTED, NOT_STARTED, 1)] == ["starting"] * 3
    assert [after(NOT_STARTED) for _ in range(3)] == ["starting", "starting", "failed"]


def test_a_worker_that_is_asked_to_end_does_and_stays_away() -> None:
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster:
        os.kill(cluster.workers["0"]["pid"], signal.SIGTERM)
        until(lambda: set(cluster._workers.each()) == {"1"})
        assert set(cluster.workers) == {"1"}


def test_a_cluster_grows_and_shrinks() -> None:
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


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="threads_per_worker=0"):
        LocalCluster(threads_per_worker=0)
    with pytest.raises(ValueError, match="n_workers=-1"):
        LocalCluster(n_workers=-1)
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
    assert memory_bytes(0.5, 4) == whole // 2


# ---- commands ----


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "raskt", *words], capture_output=True, text=True, timeout=60)


def test_commands_start_a_cluster_of_processes(tmp_path: Path) -> None:
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
