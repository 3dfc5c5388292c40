"""Clusters on other hosts, which are started by the ``ssh`` program."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import pickle
import shlex
import subprocess
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config
from raskt.distributed._addresses import is_own
from raskt.distributed._remote_main import STARTED
from raskt.distributed._status import Status
from raskt.distributed._token import read_token
from raskt.distributed.deploy._ssh_command import ssh_command
from raskt.distributed.deploy.spec import SpecCluster
from raskt.distributed.process import ProcessInterface
from raskt.distributed.security import certificates_of
from raskt.units import parse_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SSHCluster"]

#: What is run on the other host.
_PROGRAM = ["-m", "raskt.distributed._remote_main"]
#: Names of Dask's for classes of workers.
_CLASSES = {
    f"{package}.{name}": f"raskt.distributed.{name}"
    for package in ("distributed", "dask.distributed")
    for name in ("Nanny", "Worker")
}
#: A program that goes on for longer after its input has ended is left; `ssh` itself is killed.
_END_SECONDS = 10.0
_LOOK_SECONDS = 0.1
#: So long what a program has written is waited for when it has ended.
_DRAIN_SECONDS = 1.0
_BLOCK_BYTES, _LINE_BYTES_MAX = 65536, 4096
#: So many of the last lines are in errors.
_N_LINES = 10


class _Remote(ProcessInterface):
    """A program on another host, which `ssh` runs, and which ends when its input does.

    Parameters
    ----------
    host : str
        Where.
    connect_options : dict
        Options of the connection: see `SSHCluster`.
    remote_python : str
        Python there.
    log_directory : str or None
        The folder there for what it writes; None where that is to come back.
    """

    def __init__(
        self, host: str, connect_options: dict[str, Any], remote_python: str, log_directory: str | None
    ) -> None:
        super().__init__()
        self.host = host
        self.command = ssh_command(host, connect_options, [remote_python, *_PROGRAM])
        self._log_directory = log_directory
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=_N_LINES)

    def _said(self) -> dict[str, Any]:
        """What the program is told."""
        raise NotImplementedError

    def _heard(self, told: dict[str, Any]) -> None:
        """Take over what the program tells when it has started."""
        self.address = told["address"]

    def _certificates(self, role: str) -> Any:
        security = self.cluster.security
        return None if security is None else certificates_of(security, "tls://", role)

    async def start(self) -> None:
        """Start the program, and wait until it tells what it has started.

        Raises
        ------
        RuntimeError
            Where it does not start. It names the host, the command and what that wrote.
        TimeoutError
            Where it tells nothing in time.
        """
        said = {
            **self._said(),
            "config": base64.b64encode(pickle.dumps(config.snapshot(), protocol=5)).decode(),
            "log_directory": self._log_directory,
        }
        line = json.dumps(said).encode() + b"\n"
        told: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C is the business of whoever started the cluster.
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise RuntimeError("the program ssh is not there: install the client of OpenSSH") from error
        self._watching = asyncio.ensure_future(self._watch(self._process, told))
        # Twice as long as a worker there tries to connect, so that it is told why it does not.
        seconds = 2 * float(config.resolve("cluster.connect-timeout"))
        assert self._process.stdin is not None
        try:
            async with asyncio.timeout(seconds):
                # What ends before it has read everything is told by how it ended.
                with contextlib.suppress(ConnectionError):
                    self._process.stdin.write(line)
                    await self._process.stdin.drain()
                self._heard(await told)
        except TimeoutError as error:
            await self._kill()
            raise TimeoutError(self._failure(f"tells nothing for {seconds:g} s")) from error
        except BaseException:
            await self._kill()
            raise
        self.status = Status.running

    def _failure(self, how: str) -> str:
        lines = "\n  ".join(self._lines) or "(nothing)"
        return f"{self._what} on {self.host} {how}: {shlex.join(self.command)}\nwrote:\n  {lines}"

    #: What is started, for messages.
    _what = "the program"

    async def _watch(self, process: asyncio.subprocess.Process, told: asyncio.Future[dict[str, Any]]) -> None:
        """Take what the program writes, until it has ended."""
        drains = [
            asyncio.ensure_future(self._drain(stream, told)) for stream in (process.stdout, process.stderr)
        ]
        # In some versions of Python `wait` returns when all output is closed, too, and what `ssh` has
        # started, such as a master of connections, may keep it open.
        while (code := process.returncode) is None:
            await asyncio.sleep(_LOOK_SECONDS)
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait(drains, timeout=_DRAIN_SECONDS)
        if not told.done():
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            told.set_exception(RuntimeError(self._failure(f"does not start, but ends with {how}")))
        if self.status == Status.running:
            self.status = Status.closed if code == 0 else Status.failed

    async def _drain(self, stream: asyncio.StreamReader | None, told: asyncio.Future[dict[str, Any]]) -> None:
        assert stream is not None
        rest = b""
        while block := await stream.read(_BLOCK_BYTES):
            *lines, rest = (rest + block).split(b"\n")
            # A progress bar may write one line for hours.
            rest = rest[-_LINE_BYTES_MAX:]
            for line in lines:
                self._take(line, told)
        self._take(rest, told)

    def _take(self, line: bytes, told: asyncio.Future[dict[str, Any]]) -> None:
        text = line.decode(errors="replace").rstrip()
        if text.startswith(STARTED):
            if not told.done():
                told.set_result(json.loads(text.removeprefix(STARTED)))
        elif text:
            self._lines.append(text)
            self.cluster._say(f"{self.host}: {text}")

    async def _kill(self) -> None:
        """Leave the program, which ends as its input does."""
        assert self._process is not None
        assert self._watching is not None
        if self._process.returncode is None:
            self._process.kill()
        await asyncio.wait([self._watching])

    async def close(self) -> None:
        """End the program; what it has started ends with it."""
        if self._process is not None and self._watching is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await asyncio.wait([self._watching], timeout=_END_SECONDS)
            await self._kill()
        await super().close()


class _RemoteScheduler(_Remote):
    """A scheduler on another host.

    Parameters
    ----------
    token : str
        The secret of the cluster.
    options : dict
        What the `Scheduler` gets there.
    **kwargs
        Where it is: see `_Remote`.
    """

    _what = "the scheduler"

    def __init__(self, *, token: str, options: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = "scheduler"
        #: The secret of the cluster.
        self.token = token
        #: Where the page about it is; empty where there is none.
        self.dashboard_link = ""
        self._options = options

    def _said(self) -> dict[str, Any]:
        tls = self._certificates("scheduler")
        return {"role": "scheduler", "token": self.token, "tls": tls, "options": self._options}

    def _heard(self, told: dict[str, Any]) -> None:
        super()._heard(told)
        self.dashboard_link = told["dashboard_link"]


class _RemoteWorkers(_Remote):
    """The workers of one host.

    Parameters
    ----------
    scheduler : str
        Where the scheduler is.
    name : object
        The name of the job.
    worker_class : str
        The class of the workers, by its place.
    suffixes : list of str
        What the names of the workers have behind that of the job.
    n_sharing : int
        How many workers share the host.
    options : dict
        What each worker gets.
    **kwargs
        Where they are: see `_Remote`.
    """

    def __init__(
        self,
        scheduler: str,
        *,
        name: Any,
        worker_class: str,
        suffixes: list[str],
        n_sharing: int,
        options: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scheduler, self.name = scheduler, name
        self._what = f"worker {name}"
        self._worker_class, self._n_sharing = worker_class, n_sharing
        self._names = [f"{name}{suffix}" for suffix in suffixes]
        self._options = options

    @property
    def worker_address(self) -> Any:
        """Where the first of its workers listens."""
        return self.address

    def _said(self) -> dict[str, Any]:
        return {
            "role": "worker",
            "class": self._worker_class,
            "scheduler": self.scheduler,
            "token": self.cluster._token,
            "tls": self._certificates("worker"),
            "names": self._names,
            "n_sharing": self._n_sharing,
            "options": self._options,
        }


class SSHCluster(SpecCluster):
    """A cluster on other hosts, whose scheduler and workers are started by the ``ssh`` program.

    The first host gets the scheduler, each of the others workers. Raskt must be there, for the Python that
    is run. What is started ends when the cluster is closed, or its process ends, or a connection does. The
    secret of the cluster, and certificates, go through the connection.

    Parameters
    ----------
    hosts : list of str
        Names or addresses, as ``ssh`` takes them. A host may be there several times.
    connect_options : dict or list of dict, optional
        Options of connections, or of the connection to each host, by the names of ``asyncssh.connect``:
        ``port``, ``username``, ``client_keys``, ``known_hosts`` (None believes whoever answers), ``config``,
        ``tunnel``, ``proxy_command``, ``connect_timeout`` and others. There is nobody to answer questions:
        passwords are not taken.
    worker_options : dict, optional
        What each `Nanny` gets; and ``n_workers``, how many there are on a host.
    scheduler_options : dict, optional
        What the `Scheduler` gets. It listens at all addresses of its host, unless all hosts are this one.
    worker_class : str, default "raskt.distributed.Nanny"
        The class of workers, by its place; what it is on the other hosts.
    remote_python : str or list of str, optional
        Python on the other hosts, or on each. Default: where it is here.
    log_directory : str, optional
        A folder on the other hosts for what schedulers and workers write. Left out, it is in `get_logs`.
    **kwargs
        What else a `SpecCluster` takes: ``security``, ``asynchronous``, ``name``.

    Raises
    ------
    RuntimeError
        Where a program does not start: it names the host, the command and the last lines that it wrote.
    TimeoutError
        Where one tells nothing for twice ``cluster.connect-timeout``.

    Examples
    --------
    >>> from raskt.distributed import Client, SSHCluster
    >>> with SSHCluster(
    ...     ["login", "node1", "node2"],
    ...     connect_options={"username": "ann", "known_hosts": None},
    ...     worker_options={"nthreads": 4, "n_workers": 2},
    ...     scheduler_options={"dashboard_address": ":8797"},
    ... ) as cluster, Client(cluster) as client:  # doctest: +SKIP
    ...     client.submit(pow, 2, 5).result()
    32
    """

    def __init__(
        self,
        hosts: Sequence[str] | None = None,
        connect_options: dict[str, Any] | Sequence[dict[str, Any]] | None = None,
        worker_options: dict[str, Any] | None = None,
        scheduler_options: dict[str, Any] | None = None,
        worker_class: str = "raskt.distributed.Nanny",
        remote_python: str | Sequence[str] | None = None,
        *,
        log_directory: str | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(hosts, str) or not hosts:
            raise ValueError(f"hosts={hosts!r}: give a list of hosts, the first for the scheduler")
        for name in ("shutdown_on_close", "shutdown_scheduler"):
            if not kwargs.get(name, True):
                raise NotImplementedError(
                    f"{name}=False: what is started over SSH ends with its connection; "
                    "start schedulers and workers that are to stay by their commands"
                )
        places = [
            {"host": host, "connect_options": dict(options), "remote_python": python}
            for host, options, python in zip(
                hosts,
                _for_each(connect_options or {}, hosts, "connect_options"),
                _for_each(remote_python or sys.executable, hosts, "remote_python"),
                strict=True,
            )
        ]
        for place in places:
            place["log_directory"] = log_directory
            ssh_command(place["host"], place["connect_options"], [])
        self._worker_options = dict(worker_options or {})
        n_workers = int(self._worker_options.pop("n_workers", 1))
        if n_workers < 1:
            raise ValueError(f"worker_options n_workers={n_workers}: give 1 or more")
        if "name" in self._worker_options:
            raise ValueError(
                f"worker_options name={self._worker_options['name']!r}: workers are called by the places of "
                "their hosts, '0', '1', ..., or '0-0', '0-1', ... where a host has several"
            )
        _json("worker_options", self._worker_options)
        suffixes = [""] if n_workers == 1 else [f"-{at}" for at in range(n_workers)]
        self._hosts: dict[Any, dict[str, Any]] = {
            at: {
                "cls": _RemoteWorkers,
                "group": suffixes,
                "options": {
                    **place,
                    "worker_class": _CLASSES.get(worker_class, worker_class),
                    "suffixes": suffixes,
                    "n_sharing": n_workers * list(hosts[1:]).count(place["host"]),
                    "options": self._worker_options,
                },
            }
            for at, place in enumerate(places[1:])
        }
        super().__init__(
            workers=self._hosts,
            scheduler=_scheduler_spec(places[0], dict(scheduler_options or {}), hosts, kwargs),
            **kwargs,
        )

    @property
    def _shape(self) -> tuple[int | None, int | None]:
        limit = self._worker_options.get("memory_limit")
        is_known = limit not in (None, "auto", 0) and not (isinstance(limit, float) and limit <= 1)
        return self._worker_options.get("nthreads"), parse_bytes(str(limit)) if is_known else None

    def new_worker_spec(self) -> dict[Any, dict[str, Any]]:
        """Return name and kind of the job of the first host that has no workers, as a dict of one.

        Raises
        ------
        ValueError
            Where all hosts have theirs.
        """
        with self._lock:
            for name, spec in self._hosts.items():
                if name not in self.worker_spec:
                    return {name: spec}
        raise ValueError(f"all {len(self._hosts)} hosts for workers have theirs: make a cluster of more")

    def adapt(self, *args: Any, maximum: float | None = None, **kwargs: Any) -> Any:
        """Have as many workers as there is work for, on the hosts that there are: see `Cluster.adapt`."""
        n_all = sum(len(spec["group"]) for spec in self._hosts.values())
        return super().adapt(*args, maximum=n_all if maximum is None else min(maximum, n_all), **kwargs)


def _scheduler_spec(
    place: dict[str, Any], options: dict[str, Any], hosts: Sequence[str], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Return the kind of the scheduler; the secret is that of the options, or a new one."""
    token, file = options.pop("token", None), options.pop("token_file", None)
    if token is None:
        # Certificates are proof enough.
        is_open = bool(kwargs.get("security"))
        token = read_token(file, make=True) if file is not None else "" if is_open else _raskt.random_token()
    if not {"host", "interface"} & set(options):
        options["host"] = "127.0.0.1" if all(map(is_own, hosts)) else "0.0.0.0"
    _json("scheduler_options", options)
    return {"cls": _RemoteScheduler, "options": {**place, "token": token, "options": options}}


def _for_each(given: Any, hosts: Sequence[str], name: str) -> list[Any]:
    """Return what was given for all hosts, or for each."""
    if isinstance(given, str | dict):
        return [given] * len(hosts)
    if len(given) != len(hosts):
        raise ValueError(f"{name} has {len(given)} entries for {len(hosts)} hosts: give as many, or one")
    return list(given)


def _json(name: str, options: dict[str, Any]) -> None:
    """Raise where options cannot go through the connection."""
    for key, value in options.items():
        try:
            json.dumps(value)
        except TypeError as error:
            raise TypeError(f"{name} {key}={value!r} cannot be sent to another host: {error}") from error
