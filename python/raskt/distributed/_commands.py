"""The commands of a cluster: ``raskt scheduler`` and ``raskt worker``; and those that ask a dashboard."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config
from raskt.diagnostics._top import explain, top
from raskt.diagnostics.dashboard import host_and_port, serve
from raskt.distributed._nanny import Nanny, Workers
from raskt.distributed._token import TOKEN_VARIABLE, read_token
from raskt.distributed.local import memory_bytes
from raskt.distributed.security import Security, certificates_of
from raskt.system import cpu_count
from raskt.units import parse_timedelta

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from raskt.diagnostics.dashboard import Dashboard

__all__ = ["COMMANDS", "read_scheduler_file"]

#: Where schedulers listen if nobody says otherwise.
_PORT = 8786


def _scheduler(words: list[str]) -> int:
    parser = argparse.ArgumentParser("raskt scheduler", description="Run the scheduler of a cluster.")
    parser.add_argument("--host", default=None, help="where it listens (default: its own machine alone)")
    parser.add_argument(
        "--port", type=int, default=_PORT, help="0 for any that is free (default %(default)s)"
    )
    parser.add_argument(
        "--token-file",
        default=None,
        help="the secret of the cluster; made if it is not there (default: the user's own)",
    )
    parser.add_argument(
        "--scheduler-file", default=None, help="written with address and token, for workers and clients"
    )
    parser.add_argument(
        "--idle-timeout", default=None, help="it ends when nobody asked for anything for so long"
    )
    parser.add_argument("--pid-file", default=None, help="written with the number of the process")
    parser.add_argument(
        "--dashboard-address", default=None, help="where to serve a page about it: host:port, or :port"
    )
    _add_tls(parser)
    given = parser.parse_args(words)
    security = _security(given)
    # Certificates are proof enough, unless there is a secret, too.
    is_open = security is not None and given.token_file is None
    token = "" if is_open else read_token(given.token_file, make=True)
    host = given.host or "127.0.0.1"
    is_said = (
        security or given.token_file or config.resolve("cluster.token-file") or os.environ.get(TOKEN_VARIABLE)
    )
    if not is_said and host not in ("127.0.0.1", "::1", "localhost"):
        parser.error(
            f"--host {host} lets other machines in, and whoever is let in runs code here: "
            "give --token-file FILE, which is made if it is not there, or certificates (--tls-ca-file)"
        )
    idle = given.idle_timeout
    idle_timeout = config.resolve("cluster.idle-timeout") if idle is None else parse_timedelta(idle)
    bracketed = f"[{host}]" if ":" in host else host
    listen = f"{'tls' if security else 'tcp'}://{bracketed}:{given.port}"
    scheduler = _raskt.ClusterScheduler(
        {
            "listen": [listen],
            "token": token,
            "tls": certificates_of(security, listen, "scheduler") if security else None,
            "allowed_failures": config.resolve("cluster.allowed-failures"),
            "worker_timeout": config.resolve("cluster.worker-timeout"),
            "idle_timeout": idle_timeout,
        }
    )
    address = scheduler.addresses[0]
    said = json.dumps({"address": address, "token": token, "pid": os.getpid()})
    page: contextlib.AbstractContextManager[Dashboard | None] = contextlib.nullcontext()
    if given.dashboard_address is not None:
        page = serve(scheduler.serve_dashboard, *host_and_port(given.dashboard_address, "127.0.0.1"))
    with _written(given.scheduler_file, said), _written(given.pid_file, str(os.getpid())), page as dashboard:
        print(f"Scheduler at: {address}", flush=True)
        if dashboard is not None:
            print(f"Dashboard at: {dashboard.link}", flush=True)
        with _at_signals(lambda: scheduler.stop("its process was told to end")):
            why = scheduler.wait(None)
        print(f"Scheduler ended: {why}", flush=True)
    return 0


def _worker(words: list[str]) -> int:
    parser = argparse.ArgumentParser("raskt worker", description="Run workers of a cluster.")
    parser.add_argument(
        "scheduler", nargs="?", default=None, help="the address of the scheduler: tcp://host:port"
    )
    parser.add_argument(
        "--scheduler-file", default=None, help="what `raskt scheduler --scheduler-file` wrote"
    )
    parser.add_argument("--token-file", default=None, help="the secret of the cluster")
    parser.add_argument("--nworkers", default="1", help='how many processes, or "auto" (default %(default)s)')
    parser.add_argument(
        "--nthreads", type=int, default=None, help="tasks that each runs at a time; all cores together"
    )
    parser.add_argument(
        "--memory-limit", default="auto", help='of each: bytes, "4 GiB", a fraction, "auto", or 0 for none'
    )
    parser.add_argument("--name", default=None, help="what it is called; several get numbers behind it")
    parser.add_argument("--resources", default="", help='what each has: "GPU=1 MEMORY=4e9"')
    parser.add_argument(
        "--local-directory", default=None, help="where values lie that do not fit into memory"
    )
    parser.add_argument("--listen", default=None, help="where it serves values: tcp://host:port")
    parser.add_argument("--lifetime", default=None, help="it retires after so long")
    parser.add_argument("--lifetime-stagger", default="0 s", help="so much sooner or later, drawn at random")
    parser.add_argument("--lifetime-restart", action="store_true", help="another one takes its place then")
    _add_tls(parser)
    given = parser.parse_args(words)
    security = _security(given)
    is_open = security is not None and given.token_file is None
    address, token = given.scheduler, "" if is_open else read_token(given.token_file)
    if given.scheduler_file is not None:
        address, token = read_scheduler_file(given.scheduler_file)
    if address is None:
        parser.error("which scheduler? Give its address, or --scheduler-file FILE")
    tls = certificates_of(security, address, "worker") if security else None
    n_workers = cpu_count() if given.nworkers == "auto" else int(given.nworkers)
    if n_workers < 1:
        parser.error(f"--nworkers {given.nworkers}: give 1 or more")
    n_threads = given.nthreads or max(1, cpu_count() // n_workers)
    limit = memory_bytes(_number_or_text(given.memory_limit), n_workers)
    stem = given.name or f"{os.uname().nodename}-{os.getpid()}"
    nannies = [
        Nanny(
            {
                "scheduler": address,
                "name": stem if n_workers == 1 else f"{stem}-{at}",
                "n_threads": n_threads,
                "memory_limit": limit,
                "resources": _resources(given.resources, parser),
                "listen": given.listen,
                "local_directory": given.local_directory,
            },
            token,
            limit,
            tls,
        )
        for at in range(n_workers)
    ]
    lifetime = None if given.lifetime is None else _lifetime(given.lifetime, given.lifetime_stagger)
    failed = _supervise(nannies, lifetime, given.lifetime_restart)
    for nanny in failed:
        print(f"error: worker {nanny.name} does not start: {', '.join(nanny.deaths)}", file=sys.stderr)
    return 2 if failed else 0


def _add_tls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tls-ca-file", default=None, help="the certificates of the authority (PEM), for tls://"
    )
    parser.add_argument("--tls-cert", default=None, help="the certificate of this process")
    parser.add_argument("--tls-key", default=None, help="the key of that certificate")


def _security(given: argparse.Namespace) -> Security | None:
    """Return the certificates that were given, or that the configuration names."""
    found = Security(
        tls_ca_file=given.tls_ca_file, tls_client_cert=given.tls_cert, tls_client_key=given.tls_key
    )
    return found if found.require_encryption else None


def _supervise(nannies: list[Nanny], lifetime: float | None, is_restarted: bool) -> list[Nanny]:
    """Run workers until they end, are told to, or have lived for so long; those that do not start."""
    workers = Workers()
    is_told = threading.Event()
    with _at_signals(is_told.set):
        workers.start(nannies)
        begun = time.monotonic()
        while (there := workers.each()) and not is_told.wait(0.1):
            if all(nanny.status == "failed" for nanny in there.values()):
                break
            if lifetime is not None and time.monotonic() - begun >= lifetime:
                _ask_to_end(list(there.values()))
                if not is_restarted:
                    lifetime = None
                    continue
                while any(name in workers.each() for name in there) and not is_told.wait(0.1):
                    pass
                workers.start(nannies)
                begun = time.monotonic()
        failed = [nanny for nanny in workers.each().values() if nanny.status == "failed"]
        workers.end(lambda: _ask_to_end(nannies))
    return failed


#: What the command line does by itself: the words behind the name of the command make the exit code.
COMMANDS = {"scheduler": _scheduler, "worker": _worker, "top": top, "explain": explain}


def read_scheduler_file(path: str) -> tuple[str, str]:
    """Return address and secret from what ``raskt scheduler --scheduler-file`` wrote."""
    with open(os.path.expanduser(path)) as file:
        said = json.load(file)
    if not isinstance(said, dict) or not isinstance(said.get("address"), str):
        raise ValueError(
            f"the scheduler file {path!r} names no address: "
            "it is written by `raskt scheduler --scheduler-file`"
        )
    token = said.get("token")
    return said["address"], read_token(None) if token is None else token


@contextlib.contextmanager
def _written(path: str | None, text: str) -> Iterator[None]:
    """A file that is there for a while, whole or not at all, and that others cannot read."""
    if path is None:
        yield
        return
    path = os.path.expanduser(path)
    unfinished = f"{path}.{os.getpid()}"
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(unfinished, path)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


@contextlib.contextmanager
def _at_signals(act: Any) -> Iterator[None]:
    """While signals that ask the process to end are answered by `act`."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        act()

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _ask_to_end(nannies: list[Nanny]) -> None:
    for nanny in nannies:
        nanny.ask_to_end()


def _resources(text: str, parser: argparse.ArgumentParser) -> dict[str, float]:
    found = {}
    for item in text.replace(",", " ").split():
        name, _, amount = item.partition("=")
        try:
            found[name] = float(amount)
        except ValueError:
            parser.error(f"--resources {text!r}: {item!r} is not NAME=AMOUNT")
    return found


def _number_or_text(text: str) -> str | float:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if number <= 1 else str(int(number))


def _lifetime(lifetime: str, stagger: str) -> float:
    import random

    seconds, spread = (float(parse_timedelta(text) or 0) for text in (lifetime, stagger))
    return max(0.0, seconds + random.uniform(-spread, spread))
