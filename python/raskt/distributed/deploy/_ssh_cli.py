"""The command ``raskt ssh``."""

from __future__ import annotations

import argparse
import json
import os
import threading
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt.distributed._commands import at_signals, number_or_text
from raskt.distributed._token import read_token
from raskt.distributed.deploy.ssh import SSHCluster
from raskt.distributed.scheduler import written
from raskt.distributed.security import Security

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ssh"]

_PORT = 8786
_LOOK_SECONDS = 0.2


class _Printed(SSHCluster):
    """A cluster that prints what is said by what it has started."""

    def _say(self, text: str) -> None:
        super()._say(text)
        print(text, flush=True)


def ssh(words: Sequence[str]) -> int:
    """Start a cluster on other hosts, and end it at a signal or when its scheduler ends.

    Parameters
    ----------
    words : list of str
        The arguments of the command.

    Returns
    -------
    int
        The exit code.
    """
    parser = _parser()
    given = parser.parse_args(words)
    hosts = [*given.hosts, *_listed(given.hostfile)]
    if not hosts:
        parser.error("which hosts? Give their names, or --hostfile FILE")
    security = Security(
        tls_ca_file=given.tls_ca_file, tls_client_cert=given.tls_cert, tls_client_key=given.tls_key
    )
    is_encrypted = bool(security.require_encryption)
    is_open = is_encrypted and given.token_file is None
    token = "" if is_open else read_token(given.token_file, make=True)
    is_told = threading.Event()
    with at_signals(is_told.set):
        try:
            cluster = _Printed(
                [given.scheduler or hosts[0], *hosts],
                connect_options=_connection(given),
                worker_options=_worker_options(given),
                scheduler_options={"port": given.scheduler_port, "token": token},
                worker_class=given.worker_class,
                remote_python=given.remote_python,
                log_directory=given.log_directory,
                security=security if is_encrypted else None,
            )
        except (NotImplementedError, RuntimeError) as error:
            print(f"error: {error}", flush=True)
            return 2
        said = {"address": cluster.scheduler_address, "token": token, "pid": os.getpid()}
        with cluster, written(given.scheduler_file, json.dumps(said)):
            print(f"Scheduler at: {cluster.scheduler_address}", flush=True)
            while not is_told.wait(_LOOK_SECONDS) and cluster._asked.wait(0) is None:
                pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "raskt ssh",
        description="Run a cluster on other hosts, until this program ends. The first one gets the "
        "scheduler, and all of them workers.",
        allow_abbrev=False,
    )
    parser.add_argument("hosts", nargs="*", metavar="HOST", help="as ssh takes it")
    parser.add_argument("--hostfile", default=None, help="a file with a host in each line")
    parser.add_argument("--scheduler", default=None, help="the host of the scheduler (default: the first)")
    parser.add_argument("--scheduler-port", type=int, default=_PORT, help="0 for any (default %(default)s)")
    parser.add_argument(
        "--nthreads",
        type=int,
        default=None,
        help="tasks that each worker runs at a time; its part of the cores",
    )
    parser.add_argument("--nworkers", type=int, default=1, help="workers on each host (default %(default)s)")
    parser.add_argument(
        "--memory-limit", default="auto", help='of each: bytes, "4 GiB", a fraction, "auto", or 0 for none'
    )
    parser.add_argument(
        "--local-directory", default=None, help="where values lie that do not fit into memory"
    )
    parser.add_argument("--worker-port", default=None, help="the port of workers, or several: FIRST:LAST")
    parser.add_argument("--ssh-username", default=None, help="the name of the user there")
    parser.add_argument("--ssh-port", type=int, default=None, help="the port of SSH")
    parser.add_argument("--ssh-private-key", default=None, help="files with keys, with commas between them")
    parser.add_argument("--remote-python", default=None, help="Python there (default: where it is here)")
    parser.add_argument("--log-directory", default=None, help="a folder there for what is written")
    parser.add_argument(
        "--remote-dask-worker",
        "--worker-class",
        dest="worker_class",
        default="raskt.distributed.Nanny",
        help="the class of workers, by its place (default %(default)s)",
    )
    parser.add_argument(
        "--nohost", action="store_true", help="accepted: workers find by themselves where they are"
    )
    parser.add_argument("--nanny-port", default=None, help="accepted: nannies have no port")
    parser.add_argument(
        "--token-file",
        default=None,
        help="the secret of the cluster here; made if it is not there (default: the user's own)",
    )
    parser.add_argument("--scheduler-file", default=None, help="written here, with address and token")
    parser.add_argument(
        "--tls-ca-file", default=None, help="the certificates of the authority (PEM), for tls://"
    )
    parser.add_argument("--tls-cert", default=None, help="the certificate of all that take part")
    parser.add_argument("--tls-key", default=None, help="the key of that certificate")
    parser.add_argument("--version", action="version", version=f"raskt {_raskt.__version__}")
    return parser


def _listed(path: str | None) -> list[str]:
    """Return the hosts of a file; what is behind ``#`` is not read."""
    if path is None:
        return []
    with open(os.path.expanduser(path)) as file:
        return [host for line in file if (host := line.partition("#")[0].strip())]


def _connection(given: argparse.Namespace) -> dict[str, Any]:
    found = {"username": given.ssh_username, "port": given.ssh_port}
    if given.ssh_private_key is not None:
        found["client_keys"] = given.ssh_private_key.split(",")
    return {name: value for name, value in found.items() if value is not None}


def _worker_options(given: argparse.Namespace) -> dict[str, Any]:
    found = {
        "nthreads": given.nthreads,
        "n_workers": given.nworkers,
        "memory_limit": number_or_text(given.memory_limit),
        "local_directory": given.local_directory,
        "port": given.worker_port,
    }
    return {name: value for name, value in found.items() if value is not None}
