"""The process of a worker."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from raskt import _clients, _raskt, config
from raskt.distributed import _logs
from raskt.distributed._equipment import Supply, tear_down
from raskt.distributed._nanny import NOT_STARTED
from raskt.distributed._token import TOKEN_VARIABLE
from raskt.distributed.security import from_environment
from raskt.distributed.worker import Worker
from raskt.schedulers import spill_directory

if TYPE_CHECKING:
    from types import FrameType

    from raskt.distributed.security import Certificates

__all__ = ["main", "start"]


def start(
    options: dict[str, Any], token: str, tls: Certificates | None = None, *, shares_process: bool
) -> Worker:
    """Start a worker in this process.

    Parameters
    ----------
    options : dict
        ``scheduler``, ``name``, ``n_threads``, ``memory_limit`` (bytes or None), ``resources``,
        ``listen`` (or None), ``local_directory`` (or None).
    token : str
        The secret of the cluster.
    tls : tuple, optional
        The certificates of the worker.
    shares_process : bool
        Whether others are in the process, so that only its values count against its memory.
    """
    folder = options["local_directory"]
    given: _raskt.WorkerOptions = {
        "scheduler": options["scheduler"],
        "token": token,
        "tls": tls,
        "name": options["name"],
        "n_threads": options["n_threads"],
        "memory_limit": options["memory_limit"],
        # Amounts are counted in millionths.
        "resources": [(name, round(amount * 1e6)) for name, amount in options["resources"].items()],
        "listen": options["listen"],
        "spill_directory": os.path.expanduser(folder) if folder is not None else spill_directory(),
        "shares_process": shares_process,
        "connect_timeout": config.resolve("cluster.connect-timeout"),
    }
    with Supply(options["scheduler"], token, tls) as supply:
        with _clients.starting:
            worker = Worker(options, token, tls, not shares_process, _raskt.ClusterWorker(given))
            _clients.add_worker(worker)
        supply.give(worker)
    return worker


def main() -> int:
    """Be a worker, as the first argument says, until its scheduler does not need it any more."""
    token, tls = os.environ.pop(TOKEN_VARIABLE, ""), from_environment()
    options = json.loads(sys.argv[1])
    _logs.keep()
    worker: Worker | None = None
    is_told = False

    def retire(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_told
        if worker is not None and is_told:
            # Told twice: what it holds is computed again elsewhere.
            worker.stop()
        elif worker is not None:
            worker.retire()
        is_told = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, retire)
    try:
        worker = start(options, token, tls, shares_process=False)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"error: worker {options['name']}: {error}", file=sys.stderr)
        return NOT_STARTED
    if is_told:
        worker.retire()
    departed = worker.wait(None)
    is_well, why = departed if departed is not None else (True, "")
    if not is_well:
        print(f"error: worker {options['name']}: {why}", file=sys.stderr)
    tear_down(worker.address)
    n_held = worker.stop()
    if n_held:
        # Tasks that cannot be stopped would keep the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0 if is_well else 1)
    return 0 if is_well else 1
