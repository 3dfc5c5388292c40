"""The commands of a cluster: ``raskt scheduler`` and ``raskt worker``; and those that ask a dashboard."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt.diagnostics._top import explain, top
from raskt.distributed._nanny import EXPIRED, WorkerProcess, Workers
from raskt.distributed._options import read_scheduler_file, scheme_of, shape, worker_options
from raskt.distributed._token import read_token
from raskt.distributed._worker_main import work
from raskt.distributed.scheduler import Scheduler, written
from raskt.distributed.security import Security, certificates_of
from raskt.system import cpu_count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["COMMANDS", "at_signals", "number_or_text"]

#: How often a scheduler's process looks whether it was told to end, in seconds.
_LOOK_SECONDS = 0.1
#: Where schedulers listen if nobody says otherwise.
_PORT = 8786


def _scheduler(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        "raskt scheduler", description="Run the scheduler of a cluster.", allow_abbrev=False
    )
    parser.add_argument("--host", default=None, help="where it listens (default: its own machine alone)")
    parser.add_argument(
        "--port", type=int, default=_PORT, help="0 for any that is free (default %(default)s)"
    )
    parser.add_argument("--interface", default=None, help="a network interface in place of a host: eth0")
    parser.add_argument("--protocol", default=None, help="tcp or tls")
    parser.add_argument(
        "--contact-address", default=None, help="where others find it, if that is elsewhere: tcp://host:port"
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
    parser.add_argument(
        "--dashboard-address", default=None, help="where to serve a page about it: host:port, or :port"
    )
    parser.add_argument(
        "--dashboard",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="serve the page at :8787, or do not (default: as --dashboard-address says)",
    )
    _add_common(parser)
    given = _parsed(parser, words)
    try:
        scheduler = Scheduler(
            host=given.host,
            port=given.port,
            interface=given.interface,
            protocol=given.protocol,
            security=_security(given),
            contact_address=given.contact_address,
            token_file=given.token_file,
            idle_timeout=given.idle_timeout,
            scheduler_file=given.scheduler_file,
            dashboard_address=given.dashboard_address,
            dashboard=given.dashboard,
            preload=given.preload,
            preload_argv=given.preload_argv,
        )
    except ValueError as error:
        parser.error(str(error))
    why: list[str | None] = []
    with at_signals(lambda: why.append("its process was told to end")), written(given.pid_file, _pid()):
        scheduler.begin()
        print(f"Scheduler at: {scheduler.address}", flush=True)
        if scheduler.dashboard_link:
            print(f"Dashboard at: {scheduler.dashboard_link}", flush=True)
        while not why:
            if (ended := scheduler.wait(_LOOK_SECONDS)) is not None:
                why.append(ended)
        scheduler.end(str(why[0]))
        print(f"Scheduler ended: {why[0]}", flush=True)
    return 0


def _worker_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "raskt worker", description="Run workers of a cluster.", allow_abbrev=False
    )
    parser.add_argument(
        "scheduler", nargs="?", default=None, help="the address of the scheduler: tcp://host:port"
    )
    parser.add_argument(
        "--scheduler-file", default=None, help="what `raskt scheduler --scheduler-file` wrote"
    )
    parser.add_argument("--token-file", default=None, help="the secret of the cluster")
    parser.add_argument(
        "--nworkers",
        default="1",
        help='how many processes; "auto", or -1 for one a core, -2 for one less (default %(default)s)',
    )
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
    parser.add_argument("--host", default=None, help="where it serves values: a name or an address")
    parser.add_argument("--interface", default=None, help="a network interface in place of a host: eth0")
    parser.add_argument("--worker-port", default=None, help="its port, or several to try: FIRST:LAST")
    parser.add_argument("--listen-address", default=None, help="host and port in one: tcp://0.0.0.0:9000")
    parser.add_argument(
        "--contact-address", default=None, help="where others find it, if that is elsewhere: tcp://host:port"
    )
    parser.add_argument(
        "--protocol", choices=("tcp", "tls"), default=None, help="checked against the address"
    )
    parser.add_argument(
        "--nanny",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether a process that ends is replaced by another one",
    )
    parser.add_argument(
        "--death-timeout", default=None, help="it ends when its scheduler is not there for so long"
    )
    parser.add_argument("--lifetime", default=None, help="it retires after so long")
    parser.add_argument("--lifetime-stagger", default="0 s", help="so much sooner or later, drawn at random")
    parser.add_argument(
        "--lifetime-restart",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="another one takes its place then",
    )
    parser.add_argument("--nanny-port", default=None, help="accepted: nannies have no port")
    parser.add_argument(
        "--dashboard-address",
        default=None,
        help="where to serve a page and metrics of it: host:port; :0 for any port that is free",
    )
    parser.add_argument(
        "--dashboard",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="serve them at any port that is free, or do not (default: as --dashboard-address says)",
    )
    _add_common(parser)
    return parser


def _worker(words: list[str]) -> int:
    parser = _worker_parser()
    given = _parsed(parser, words)
    address = given.scheduler
    security, token = _security(given), "" if given.token_file is None else read_token(given.token_file)
    if given.scheduler_file is not None:
        if address is not None:
            parser.error(
                f"{address!r} and --scheduler-file: give one of both; "
                "a word for raskt_setup is --preload-argv WORD"
            )
        address, token = read_scheduler_file(given.scheduler_file)
    elif not token and security is None:
        token = read_token(None)
    if address is None:
        parser.error("which scheduler? Give its address, or --scheduler-file FILE")
    if given.protocol is not None and given.protocol != scheme_of(address):
        parser.error(f"--protocol {given.protocol}: the address of the scheduler is {address}")
    n_workers, n_threads = _counts(given, parser)
    if not given.nanny and (n_workers > 1 or given.lifetime_restart):
        parser.error(
            "--no-nanny is for one worker, which nobody restarts: leave out --nworkers, --lifetime-restart"
        )
    stem = given.name or f"{socket.gethostname()}-{os.getpid()}"
    every = [
        worker_options(
            address,
            name=stem if n_workers == 1 else f"{stem}-{at}",
            nthreads=n_threads,
            memory_limit=number_or_text(given.memory_limit),
            resources=_resources(given.resources, parser),
            local_directory=given.local_directory,
            host=given.host,
            port=given.worker_port,
            interface=given.interface,
            listen_address=given.listen_address,
            contact_address=given.contact_address,
            death_timeout=given.death_timeout,
            lifetime=given.lifetime,
            lifetime_stagger=given.lifetime_stagger,
            lifetime_restart=given.lifetime_restart,
            preload=given.preload,
            preload_argv=given.preload_argv,
            dashboard_address=_dashboard(given),
            n_workers=n_workers,
        )
        for at in range(n_workers)
    ]
    tls = certificates_of(security, address, "worker")
    with written(given.pid_file, _pid()):
        if not given.nanny:
            code = work(every[0], token, tls)
            return 0 if code == EXPIRED else code
        failed = _supervise([WorkerProcess(options, token, tls) for options in every])
    for process in failed:
        print(f"error: worker {process.name} does not start: {', '.join(process.deaths)}", file=sys.stderr)
    return 2 if failed else 0


def _dashboard(given: argparse.Namespace) -> str | None:
    """Where workers serve pages, if they do."""
    if given.dashboard is False:
        return None
    address: str | None = given.dashboard_address
    return address or (":0" if given.dashboard else None)


def _counts(given: argparse.Namespace, parser: argparse.ArgumentParser) -> tuple[int, int | None]:
    """Return how many workers there are to be, and how many threads each is to have, if that is said."""
    if given.nworkers == "auto":
        return shape(None, given.nthreads, processes=True)
    try:
        n_workers = int(given.nworkers)
    except ValueError:
        parser.error(f"--nworkers {given.nworkers}: give a number, or auto")
    n_workers = n_workers if n_workers >= 0 else cpu_count() + 1 + n_workers
    if n_workers < 1:
        parser.error(f"--nworkers {given.nworkers}: that is no worker on a machine of {cpu_count()} cores")
    return n_workers, given.nthreads


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pid-file", default=None, help="written with the number of the process")
    parser.add_argument(
        "--preload",
        action="append",
        default=None,
        help="a module, or a file that ends in .py, whose raskt_setup(this, ...) is called; may be repeated",
    )
    parser.add_argument(
        "--preload-argv",
        action="append",
        default=None,
        help="a word for raskt_setup, as all words are that are left",
    )
    parser.add_argument("--version", action="version", version=f"raskt {_raskt.__version__}")
    parser.add_argument(
        "--tls-ca-file", default=None, help="the certificates of the authority (PEM), for tls://"
    )
    parser.add_argument("--tls-cert", default=None, help="the certificate of this process")
    parser.add_argument("--tls-key", default=None, help="the key of that certificate")


def _parsed(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    """Return what was given; what is left over is for modules that are preloaded, if some are."""
    given, left = parser.parse_known_args(words)
    if left and not given.preload:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    given.preload_argv = [*(given.preload_argv or []), *left]
    return given


def _pid() -> str:
    return str(os.getpid())


def _security(given: argparse.Namespace) -> Security | None:
    """Return the certificates that were given, or that the configuration names."""
    found = Security(
        tls_ca_file=given.tls_ca_file, tls_client_cert=given.tls_cert, tls_client_key=given.tls_key
    )
    return found if found.require_encryption else None


def _supervise(processes: list[WorkerProcess]) -> list[WorkerProcess]:
    """Run workers until they end or are told to; return those that do not start."""
    workers = Workers()
    is_told = threading.Event()
    with at_signals(is_told.set):
        workers.start(processes)
        while (there := workers.each()) and not is_told.wait(0.1):
            if all(process.status == "failed" for process in there.values()):
                break
        failed = [process for process in workers.each().values() if process.status == "failed"]
        workers.end(lambda: _ask_to_end(processes))
    return failed


#: What the command line does by itself: the words behind the name of the command make the exit code.
COMMANDS = {"scheduler": _scheduler, "worker": _worker, "top": top, "explain": explain}


@contextlib.contextmanager
def at_signals(act: Any) -> Iterator[None]:
    """While signals that ask the process to end are answered by `act`."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        act()

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _ask_to_end(processes: list[WorkerProcess]) -> None:
    for process in processes:
        process.ask_to_end()


def _resources(text: str, parser: argparse.ArgumentParser) -> dict[str, float]:
    found = {}
    for item in text.replace(",", " ").split():
        name, _, amount = item.partition("=")
        try:
            found[name] = float(amount)
        except ValueError:
            parser.error(f"--resources {text!r}: {item!r} is not NAME=AMOUNT")
    return found


def number_or_text(text: str) -> str | float:
    """Return a limit of memory as it was meant: a fraction as a number, and bytes as text."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if number <= 1 else str(int(number))
