"""What a worker is told: from keywords, in Dask's words, to the options of its process."""

from __future__ import annotations

import inspect
import json
import math
import os

from raskt.diagnostics.dashboard import host_and_port
from raskt.distributed._addresses import listening, ports_of
from raskt.distributed._preload import listed
from raskt.distributed._token import read_token, token_of
from raskt.distributed.security import certificates_of
from raskt.system import cpu_count
from raskt.units import memory_granted_bytes, parse_bytes, parse_timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from raskt.distributed.security import Certificates, Security

__all__ = [
    "membership",
    "memory_bytes",
    "read_scheduler_file",
    "refuse_unknown",
    "scheme_of",
    "shape",
    "worker_options",
]


def worker_options(
    scheduler: str,
    *,
    name: Any,
    nthreads: int | None = None,
    memory_limit: str | int | float | None = "auto",
    resources: Mapping[str, float] | None = None,
    local_directory: str | os.PathLike[str] | None = None,
    host: str | None = None,
    port: int | str | tuple[int, int] | None = None,
    interface: str | None = None,
    listen_address: str | None = None,
    contact_address: str | None = None,
    death_timeout: str | float | None = None,
    lifetime: str | float | None = None,
    lifetime_stagger: str | float | None = None,
    lifetime_restart: bool = False,
    preload: str | Sequence[str] | None = None,
    preload_argv: Sequence[str] | str = (),
    env: Mapping[str, str] | None = None,
    dashboard_address: str | int | None = None,
    n_workers: int = 1,
) -> dict[str, Any]:
    """Return the options of a worker, as its process gets them.

    Parameters
    ----------
    scheduler : str
        Where the scheduler is.
    name : object
        What the worker is called.
    nthreads : int, optional
        How many tasks it runs at a time; its part of the cores if left out.
    memory_limit : str, int, float or None
        What its process may take of memory: see `LocalCluster`. "auto" is as much of the machine's as it has
        of its cores, or the part of one of `n_workers` where that is less.
    resources : dict, optional
        What it has of what tasks may ask for.
    local_directory : str or path, optional
        Where values lie that do not fit into memory.
    host, interface, port : optional
        Where it listens; the port may be a range, ``"3000:3026"``.
    listen_address : str, optional
        All of that in one: ``"tcp://0.0.0.0:9000"``.
    contact_address : str, optional
        Where others find it, if that is elsewhere.
    death_timeout : str or float, optional
        How long it waits for its scheduler, before it ends.
    lifetime, lifetime_stagger : str or float, optional
        It retires after so long, and so much sooner or later, drawn at random.
    lifetime_restart : bool
        Whether another process takes its place then.
    preload, preload_argv : optional
        Modules that it loads, and what their ``raskt_setup`` gets.
    env : dict, optional
        Variables for its process.
    dashboard_address : str or int, optional
        Where its own page and metrics are: ``":8789"``, or another port where that one is taken; none
        if left out.
    n_workers : int
        How many share the machine.
    """
    if nthreads is not None and nthreads < 1:
        raise ValueError(f"nthreads={nthreads}: give 1 or more")
    if listen_address is not None:
        if host is not None or interface is not None or port:
            raise ValueError(
                "listen_address says where the worker listens: leave out host, interface and port"
            )
        host = listen_address
    if dashboard_address is not None:
        # What makes no sense is told here, not by each process.
        host_and_port(dashboard_address, "127.0.0.1")
    scheme = scheme_of(scheduler)
    n_threads = nthreads or max(1, cpu_count() // n_workers)
    return {
        "scheduler": scheduler,
        "name": str(name),
        "n_threads": n_threads,
        "memory_limit": memory_bytes(memory_limit, max(n_workers, cpu_count() / n_threads)),
        "resources": dict(resources or {}),
        "local_directory": None if local_directory is None else os.fspath(local_directory),
        "listen": listening(host, interface, 0, scheme),
        "ports": ports_of(port),
        "contact": None if contact_address is None else listening(contact_address, None, 0, scheme),
        "death_timeout": _seconds(death_timeout),
        "lifetime": _seconds(lifetime),
        "lifetime_stagger": _seconds(lifetime_stagger) or 0.0,
        "lifetime_restart": lifetime_restart,
        "preload": listed(preload),
        "preload_argv": listed(preload_argv),
        "dashboard_address": dashboard_address,
        "env": {key: str(value) for key, value in (env or {}).items()},
    }


def scheme_of(address: str) -> str:
    """Return ``"tls"`` or ``"tcp"``."""
    return "tls" if address.startswith("tls://") else "tcp"


def shape(n_workers: int | None, threads_per_worker: int | None, processes: bool) -> tuple[int, int]:
    """Return how many workers there are, and how many threads each has."""
    for name, value, least in (("n_workers", n_workers, 0), ("threads_per_worker", threads_per_worker, 1)):
        if value is not None and value < least:
            raise ValueError(f"{name}={value}: give {least} or more")
    n_cores = cpu_count()
    if not processes:
        n_workers = 1 if n_workers is None else n_workers
        return n_workers, threads_per_worker or max(1, n_cores // max(1, n_workers))
    if n_workers is None and threads_per_worker is None:
        # Few cores: one each. Many: as many workers as each has threads, about.
        n_workers = (
            n_cores
            if n_cores <= 4
            else next(n for n in range(math.isqrt(n_cores), 0, -1) if n_cores % n == 0)
        )
        n_workers = max(n_workers, n_cores // 8)
    if n_workers is None:
        n_workers = max(1, n_cores // (threads_per_worker or 1))
    return n_workers, threads_per_worker or max(1, n_cores // max(1, n_workers))


def memory_bytes(limit: str | int | float | None, n_workers: float) -> int | None:
    """Return how many bytes each of so many workers may take.

    Raises
    ------
    ValueError
        If the limit is no size and no part of the machine's memory.
    """
    if limit is None or (limit in (0, "0") and limit is not False):
        return None
    if limit == "auto":
        return int(memory_granted_bytes() // n_workers)
    if isinstance(limit, float) and 0 < limit <= 1:
        return int(memory_granted_bytes() * limit)
    try:
        n_bytes = 0 if isinstance(limit, bool) else int(parse_bytes(limit))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"memory_limit={limit!r}: {error}") from None
    if n_bytes <= 0:
        raise ValueError(
            f"memory_limit={limit!r}: give a size such as '4 GiB', a part such as 0.5, or 'auto'"
        )
    return n_bytes


def refuse_unknown(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse keywords that no worker has, by the name of the class that was given them."""
    unknown = options.keys() - inspect.signature(worker_options).parameters.keys()
    if unknown:
        raise TypeError(f"unknown keywords of {kind}: {', '.join(sorted(unknown))}")


def read_scheduler_file(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return address and secret from what ``raskt scheduler --scheduler-file`` wrote."""
    path = os.fspath(path)
    with open(os.path.expanduser(path)) as file:
        said = json.load(file)
    if not isinstance(said, dict) or not isinstance(said.get("address"), str):
        raise ValueError(
            f"the scheduler file {path!r} names no address: "
            "it is written by `raskt scheduler --scheduler-file`"
        )
    token = said.get("token")
    return said["address"], read_token(None) if token is None else token


def membership(
    scheduler: str | None,
    port: int | None,
    scheduler_file: str | os.PathLike[str] | None,
    token: str | None,
    security: Security | None,
) -> tuple[str, str, Certificates | None]:
    """Return where a worker's scheduler is, the secret of the cluster, and the worker's certificates."""
    if scheduler_file is not None:
        scheduler, found = read_scheduler_file(scheduler_file)
        token = found if token is None else token
    if scheduler is None:
        raise ValueError("which scheduler? Give its address, or a scheduler file")
    if port is not None:
        scheduler = f"{scheduler}:{port}"
    tls = certificates_of(security, scheduler, "worker")
    if token is None:
        token = "" if tls is not None else token_of(scheduler)
    return scheduler, token, tls


def _seconds(span: str | float | None) -> float | None:
    return None if span is None else float(parse_timedelta(span) or 0)
