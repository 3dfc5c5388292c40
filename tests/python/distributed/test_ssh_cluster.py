"""Clusters that `ssh` starts: by a program of that name which runs things here, and by a real `sshd`."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import raskt
from raskt.distributed import Client, SpecCluster, SSHCluster
from raskt.distributed.deploy._ssh_command import ssh_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the programs of these tests are shell scripts"
)

HERE = ["localhost", "localhost", "localhost"]


# ---- a program that is called ssh ----

# What it is given, one word a line, goes to a file; then it does what `ssh` does on the other side.
FAKE = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word"; done >> "{folder}/words"
while [ "$1" != -- ]; do shift; done
host=$2
shift 2
case $host in
    mute) exec sleep 100 ;;
    closed) echo "ssh: connect to host closed port 22: Connection refused" >&2; exit 255 ;;
    # When it is killed, what it runs goes on until its input ends, as behind a connection.
    relay) cat | sh -c "exec $*"; exit ;;
    chatty) echo "Welcome to chatty. raskt-started: not yet"; echo "mind the gap" >&2 ;;
esac
exec sh -c "exec $*"
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where a program called ``ssh`` writes what it was given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ssh"
    program.write_text(FAKE.format(folder=tmp_path))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(os.path.dirname(raskt.__file__)))
    return tmp_path


def processes_of(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and text in (folder / "cmdline").read_bytes().decode():
                found.append(int(folder.name))
    return found


# ---- clusters ----


def test_a_cluster_on_other_hosts(fake: Path, until: Callable[..., Any]) -> None:
    options = {"nthreads": 1, "n_workers": 2, "resources": {"GPU": 1}}
    with SSHCluster(["localhost", "chatty"], worker_options=options) as cluster:
        assert isinstance(cluster, SpecCluster)
        cluster.wait_for_workers(2)
        assert cluster.plan == cluster.requested == cluster.observed == {"0-0", "0-1"}
        assert cluster.scheduler_address.startswith("tcp://")
        with Client(cluster) as client:
            assert client.submit(sum, [1, 2], resources={"GPU": 1}).result(timeout=60) == 3
            pids = {client.submit(os.getpid, workers=name, pure=False).result() for name in cluster.plan}
            assert len(pids) == 2
            assert client.nthreads() == dict.fromkeys(client.nthreads(), 1)
        logs = cluster.get_logs(scheduler=False, workers=False)["Cluster"]
        assert "chatty: Welcome to chatty. raskt-started: not yet" in logs
        assert "chatty: mind the gap" in logs
        secret = cluster._token
        assert secret
    for pid in pids:
        until(lambda pid=pid: not Path(f"/proc/{pid}").exists())
    # The secret is no argument.
    words = (fake / "words").read_text()
    assert secret not in words
    assert "raskt.distributed._remote_main" in words


def test_workers_of_hosts_are_scaled_and_adapted_as_far_as_there_are_hosts(
    fake: Path, until: Callable[..., Any]
) -> None:
    with SSHCluster(HERE, worker_options={"nthreads": 1, "memory_limit": "1 GiB"}) as cluster:
        cluster.wait_for_workers(2)
        with cluster.get_client() as client:
            kept = client.scatter([bytes(10), bytes(20)])
            cluster.scale(1)
            until(lambda: len(cluster.workers) == 1 and len(cluster.observed) == 1)
            # What the other one held was given to it.
            assert client.gather(kept) == [bytes(10), bytes(20)]
            cluster.scale(cores=2)
            cluster.wait_for_workers(2)
            assert cluster.plan == {"0", "1"}
            with pytest.raises(ValueError, match="all 2 hosts"):
                cluster.scale(3)
            adaptive = cluster.adapt(minimum=1, interval="20 ms")
            assert adaptive.maximum == 2
            del kept
            until(lambda: len(cluster.observed) == 1)
            assert sum(client.gather(client.map(lambda i: i, range(100)))) == 4950


def test_a_host_whose_connection_is_lost_is_dropped(fake: Path, until: Callable[..., Any]) -> None:
    with SSHCluster(["localhost", "relay", "localhost"], worker_options={"nthreads": 1}) as cluster:
        cluster.wait_for_workers(2)
        cluster.workers[0]._process.kill()
        until(lambda: cluster.observed == {"1"} and cluster.plan == {"1"})
        assert "job 0 has ended" in cluster.get_logs(scheduler=False, workers=False)["Cluster"]
        with cluster.get_client() as client:
            assert client.submit(pow, 2, 5).result(timeout=60) == 32


def test_a_scheduler_that_is_lost_is_said_and_the_cluster_closes(
    fake: Path, until: Callable[..., Any]
) -> None:
    cluster = SSHCluster(HERE[:2], worker_options={"nthreads": 1})
    try:
        cluster.wait_for_workers(1)
        client = cluster.get_client()
        future = client.submit(pow, 2, 5)
        assert future.result() == 32
        cluster.scheduler._process.kill()
        with pytest.raises(Exception, match="scheduler"):
            until(lambda: client.submit(pow, 2, 6, pure=False).result(timeout=60) is None)
        client.close()
        until(lambda: cluster.scheduler.status == "failed")
        assert cluster.observed == set()
        assert cluster.workers is not None
        assert "SSHCluster" in repr(cluster)
    finally:
        cluster.close()
    assert cluster.status == "closed"


def test_it_is_encrypted_and_awaited(fake: Path) -> None:
    async def main() -> tuple[str, int]:
        async with (
            SSHCluster(HERE[:2], worker_options={"nthreads": 1}, security=True, asynchronous=True) as cluster,
            Client(cluster, asynchronous=True) as client,
        ):
            return cluster.scheduler_address, await client.submit(pow, 2, 5)

    address, value = asyncio.run(main())
    assert address.startswith("tls://")
    assert value == 32
    assert "PRIVATE KEY" not in (fake / "words").read_text()


def test_other_classes_of_workers_and_files_for_what_is_written(
    fake: Path, tmp_path: Path, until: Callable[..., Any]
) -> None:
    logs = tmp_path / "logs"
    with (
        SSHCluster(
            HERE[:2],
            worker_class="dask.distributed.Worker",
            worker_options={"nthreads": 1},
            scheduler_options={"dashboard_address": "127.0.0.1:0", "token": "a secret"},
            log_directory=str(logs),
        ) as cluster,
        Client(cluster) as client,
    ):
        assert cluster._token == "a secret"
        assert cluster.dashboard_link.startswith("http://")
        (pid,) = client.run(os.getpid).values()
        # It is the program that ssh has run: there is no nanny.
        assert Path(f"/proc/{pid}/cmdline").read_bytes().decode().count("_remote_main")
        client.run(print, "written on the other host")
        until(lambda: any("written on" in file.read_text() for file in logs.glob("raskt-worker-*.log")))
        assert len(list(logs.iterdir())) == 2


def test_what_was_started_ends_with_whoever_started_it(fake: Path, until: Callable[..., Any]) -> None:
    program = (
        "import sys, time\n"
        "from raskt.distributed import SSHCluster\n"
        "options = {'nthreads': 1, 'resources': {'ORPHAN': 1}}\n"
        "cluster = SSHCluster(['localhost', 'localhost'], worker_options=options)\n"
        "print('there', flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    assert len(until(lambda: processes_of('"ORPHAN": 1'))) == 1
    process.kill()
    process.communicate()
    until(lambda: not processes_of('"ORPHAN": 1'))


# ---- what goes wrong ----


def test_failures_say_host_command_and_what_was_written(fake: Path) -> None:
    with pytest.raises(
        RuntimeError, match=r"(?s)the scheduler on closed .*exit code 255.*Connection refused"
    ) as failed:
        SSHCluster(["closed", "localhost"])
    assert "ssh -T -o BatchMode=yes -- closed" in str(failed.value)
    with pytest.raises(RuntimeError, match="worker 0 on closed"):
        SSHCluster(["localhost", "closed"])
    with pytest.raises(RuntimeError, match=r"exit code 127(?s:.*)/no/python"):
        SSHCluster(HERE, remote_python="/no/python")
    with pytest.raises(RuntimeError, match=r"the scheduler on localhost .*(?s:.*)'colour'"):
        SSHCluster(HERE, scheduler_options={"colour": "red"})
    with pytest.raises(RuntimeError, match=r"worker 0 on localhost .*(?s:.*)No module named 'nowhere'"):
        SSHCluster(HERE[:2], worker_class="nowhere.Worker")
    with (
        raskt.config.set({"cluster.connect-timeout": "500 ms"}),
        pytest.raises(TimeoutError, match=r"the scheduler on mute tells nothing for 1 s"),
    ):
        SSHCluster(["mute", "localhost"])


def test_without_the_program_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="install the client of OpenSSH"):
        SSHCluster(HERE)


def test_arguments_that_make_no_sense_are_refused() -> None:
    for hosts in (None, [], "localhost"):
        with pytest.raises(ValueError, match="give a list of hosts"):
            SSHCluster(hosts)
    with pytest.raises(ValueError, match="'-oProxyCommand=sh' is not the name of a host"):
        SSHCluster(["localhost", "-oProxyCommand=sh"])
    with pytest.raises(ValueError, match="connect_options has 1 entries for 3 hosts"):
        SSHCluster(HERE, connect_options=[{}])
    with pytest.raises(ValueError, match="remote_python has 2 entries"):
        SSHCluster(HERE, remote_python=["python", "python"])
    with pytest.raises(ValueError, match="n_workers=0"):
        SSHCluster(HERE, worker_options={"n_workers": 0})
    with pytest.raises(ValueError, match="name='ann'"):
        SSHCluster(HERE, worker_options={"name": "ann"})
    with pytest.raises(TypeError, match="worker_options env="):
        SSHCluster(HERE, worker_options={"env": {1, 2}})
    with pytest.raises(TypeError, match="scheduler_options preload="):
        SSHCluster(HERE, scheduler_options={"preload": object()})
    with pytest.raises(NotImplementedError, match="shutdown_on_close=False"):
        SSHCluster(HERE, shutdown_on_close=False)
    with pytest.raises(NotImplementedError, match="password: use keys"):
        SSHCluster(HERE, connect_options={"password": "guess"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": 2222, "username": "ann"}, ["-p", "2222", "-l", "ann"]),
        ({"port": 0, "known_hosts": (), "client_keys": ()}, []),
        ({"client_keys": ["/a", Path("/b")]}, ["-i", "/a", "-i", "/b", "-o", "IdentitiesOnly=yes"]),
        ({"client_keys": None}, ["-o", "PubkeyAuthentication=no"]),
        (
            {"known_hosts": "/my hosts"},
            [
                *("-o", 'UserKnownHostsFile="/my hosts"', "-o", "GlobalKnownHostsFile=/dev/null"),
                *("-o", "StrictHostKeyChecking=yes"),
            ],
        ),
        ({"config": None}, ["-F", "none"]),
        ({"config": "/c", "tunnel": "gate"}, ["-F", "/c", "-J", "gate"]),
        ({"proxy_command": ["nc", "a b"]}, ["-o", "ProxyCommand=nc 'a b'"]),
        (
            {"connect_timeout": "1.5 s", "keepalive_interval": 3},
            ["-o", "ConnectTimeout=2", "-o", "ServerAliveInterval=3"],
        ),
        ({"family": socket.AF_INET6, "local_addr": ("::1", 0)}, ["-6", "-b", "::1"]),
        ({"agent_path": None, "agent_forwarding": True}, ["-o", "IdentityAgent=none", "-A"]),
        (
            {"encryption_algs": ["a", "b"], "preferred_auth": "publickey"},
            ["-o", "Ciphers=a,b", "-o", "PreferredAuthentications=publickey"],
        ),
        (
            {"keepalive_count_max": 2, "host_key_alias": "node"},
            ["-o", "ServerAliveCountMax=2", "-o", "HostKeyAlias=node"],
        ),
    ],
)
def test_options_of_connections_are_arguments_of_the_program(
    options: dict[str, Any], words: list[str]
) -> None:
    command = ssh_command("node", options, ["/the python", "-m", "x"])
    assert command[4:-3] == words
    assert command[:4] == ["ssh", "-T", "-o", "BatchMode=yes"]
    assert command[-3:] == ["--", "node", "'/the python' -m x"]


def test_wrong_values_of_options_are_refused() -> None:
    for options, message in (
        ({"family": 77}, "AF_INET"),
        ({"config": ["/a", "/b"]}, "one file"),
        ({"port": "ssh"}, "ssh"),
    ):
        with pytest.raises(ValueError, match=message):
            ssh_command("node", options, [])
    with pytest.raises(TypeError, match="give paths or text"):
        ssh_command("node", {"client_keys": 5}, [])


# ---- the command ----


def test_the_command_runs_a_cluster_until_it_is_told_to_end(fake: Path, until: Callable[..., Any]) -> None:
    file, token, hosts = fake / "scheduler.json", fake / "token", fake / "hosts"
    hosts.write_text("chatty  # the one in the corner\n\n")
    words = ["--scheduler", "localhost", "--scheduler-port", "0", "--nthreads", "1", "--nworkers", "2"]
    words += [
        "--hostfile",
        str(hosts),
        "--ssh-port",
        "2222",
        "--ssh-username",
        "ann",
        "--ssh-private-key",
        "/a,/b",
    ]
    words += [
        "--scheduler-file",
        str(file),
        "--token-file",
        str(token),
        "--memory-limit",
        "1 GiB",
        "--nohost",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "raskt", "ssh", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        until(file.exists)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with Client(scheduler_file=file) as client:
            client.wait_for_workers(2, timeout=60)
            assert client.submit(pow, 2, 5).result() == 32
            limits = {worker["memory_limit"] for worker in client.scheduler_info()["workers"].values()}
            assert limits == {2**30}
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert not file.exists()
    assert "chatty: mind the gap" in said
    assert "Scheduler at: tcp://" in said
    arguments = (fake / "words").read_text().splitlines()
    assert arguments[arguments.index("-l") + 1] == "ann"
    assert arguments.count("-i") == 4
    assert token.read_text().strip() not in arguments


def test_the_command_says_what_is_wrong(fake: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "raskt", "ssh", *words], capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    code, said = run()
    assert (code, "which hosts?" in said) == (2, True)
    code, said = run("closed", "--token-file", str(fake / "token"))
    assert (code, "Connection refused" in said) == (2, True)
    code, said = run("--hostfile", str(fake / "none"))
    assert (code, "none" in said) == (2, True)


# ---- a real server ----


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, until: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """Connection options for a server of SSH on this machine."""
    program, keygen = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin"), shutil.which("ssh-keygen")
    if program is None or keygen is None or shutil.which("ssh") is None:
        pytest.skip("OpenSSH's server, client and ssh-keygen are not there")
    if os.getuid() == 0:
        # It separates its privileges in there.
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nPasswordAuthentication no\n"
    )
    hosts = folder / "known_hosts"
    hosts.write_text(f"[localhost]:{port} {(folder / 'host.pub').read_text()}")
    process = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(port))
        yield {
            "port": port,
            "username": getpass.getuser(),
            "client_keys": str(folder / "user"),
            "known_hosts": str(hosts),
            "config": None,
        }
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def python(tmp_path: Path) -> str:
    """Python as it is on the other host: nothing of the environment here is there."""
    path = tmp_path / "a python"
    home = os.path.dirname(os.path.dirname(raskt.__file__))
    path.write_text(f"#!/bin/sh\nPYTHONPATH='{home}' exec '{sys.executable}' \"$@\"\n")
    path.chmod(0o700)
    return str(path)


def test_a_real_server_runs_a_cluster(server: dict[str, Any], python: str, until: Callable[..., Any]) -> None:
    with SSHCluster(
        HERE, connect_options=server, remote_python=python, worker_options={"nthreads": 1}
    ) as cluster:
        cluster.wait_for_workers(2)
        with Client(cluster) as client:
            squares = client.map(pow, range(100), [2] * 100)
            assert sum(client.gather(squares)) == 328350
            pids = list(client.run(os.getpid).values())
            # The environment is that of a session of SSH.
            assert all(client.run(lambda: "SSH_CONNECTION" in os.environ).values())
        # A connection that is lost: its worker ends with it.
        cluster.workers[1]._process.kill()
        until(lambda: cluster.observed == {"0"})
    for pid in pids:
        until(lambda pid=pid: not Path(f"/proc/{pid}").exists())


def test_a_real_server_that_lets_nobody_in(server: dict[str, Any], python: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    with pytest.raises(
        RuntimeError, match=r"(?s)on localhost does not start.*exit code 255.*Permission denied"
    ):
        SSHCluster(HERE, connect_options={**server, "client_keys": str(other)}, remote_python=python)
    nobody = tmp_path / "nobody"
    nobody.write_text("")
    with pytest.raises(RuntimeError, match=r"(?s)Host key verification failed"):
        SSHCluster(HERE, connect_options={**server, "known_hosts": str(nobody)}, remote_python=python)
    # Whoever answers is believed.
    with SSHCluster(
        HERE[:1], connect_options={**server, "known_hosts": None}, remote_python=python
    ) as cluster:
        assert json.dumps(cluster.scheduler_info["workers"]) == "{}"
