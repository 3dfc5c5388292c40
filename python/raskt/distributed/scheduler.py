"""The scheduler of a cluster in this process, as an object."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config
from raskt.diagnostics.dashboard import host_and_port, serve
from raskt.distributed._addresses import contact_of, hostname_of, is_own, listening
from raskt.distributed._preload import Preloads
from raskt.distributed._status import Status
from raskt.distributed._telling import Telling
from raskt.distributed._token import TOKEN_VARIABLE, dashboard_token, known_here, read_token
from raskt.distributed.process import ProcessInterface
from raskt.distributed.security import Security, certificates_of
from raskt.units import parse_timedelta

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from raskt.diagnostics.dashboard import Dashboard

__all__ = ["Scheduler", "written"]

#: Where Dask's users look for the dashboard.
_DASHBOARD = ":8787"
_END_SECONDS = 2.0


class Scheduler(ProcessInterface):
    """The scheduler of a cluster. It runs on threads of this process that need no interpreter.

    It starts when it is awaited, or entered with ``async with``.

    Parameters
    ----------
    host : str, optional
        Where it listens: by default, its own machine alone.
    port : int, optional
        The port; 0 for any that is free.
    interface : str, optional
        A network interface in place of a host: ``"eth0"``.
    protocol : str, optional
        ``"tcp"``, or ``"tls"``, which is the default where there are certificates.
    security : Security, optional
        Certificates. They are let in without a token.
    contact_address : str, optional
        Where others find it, if that is elsewhere.
    token : str, optional
        The secret of the cluster.
    token_file : str, optional
        The file with the secret, made if it is not there; the user's own if left out.
    allowed_failures : int, optional
        So many workers may end while they run a task; ``cluster.allowed-failures`` if left out.
    worker_ttl : float or str, optional
        Workers that say nothing for so long are gone; ``cluster.worker-timeout`` if left out.
    idle_timeout : float or str, optional
        It ends when nobody asked for anything for so long; ``cluster.idle-timeout`` if left out.
    scheduler_file : str, optional
        A file that is written with address and secret, for workers and clients.
    dashboard_address : str, optional
        Where to serve a page about it: ``":8787"``. It is read-only but for those who know the token in
        ``cluster.dashboard-token-file``, where that is set.
    dashboard : bool, optional
        True for a page at ``":8787"``, for this machine alone; False for none.
    preload, preload_argv : optional
        Modules that it loads, and what their ``raskt_setup(scheduler, ...)`` gets.

    Raises
    ------
    ValueError
        Where other machines would be let in without a word on who.

    Examples
    --------
    >>> from raskt.distributed import Client, Nanny, Scheduler
    >>> async with Scheduler() as scheduler, Nanny(scheduler.address):  # doctest: +SKIP
    ...     async with Client(scheduler.address, asynchronous=True) as client:
    ...         print(await client.submit(pow, 2, 5))
    32
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        port: int | str | None = 0,
        interface: str | None = None,
        protocol: str | None = None,
        security: Security | None = None,
        contact_address: str | None = None,
        token: str | None = None,
        token_file: str | None = None,
        allowed_failures: int | None = None,
        worker_ttl: float | str | None = None,
        idle_timeout: float | str | None = None,
        scheduler_file: str | None = None,
        dashboard_address: str | int | None = None,
        dashboard: bool | None = None,
        preload: str | Sequence[str] | None = None,
        preload_argv: Sequence[str] = (),
    ) -> None:
        super().__init__(name="scheduler")
        scheme = _scheme(protocol, security)
        if host is None and interface is None:
            host = "127.0.0.1"
        listen = listening(host, interface, int(port or 0), scheme)
        assert listen is not None
        is_said = (
            security
            or token
            or token_file
            or config.resolve("cluster.token-file")
            or os.environ.get(TOKEN_VARIABLE)
        )
        if not is_said and not is_own(hostname_of(listen)):
            raise ValueError(
                f"the scheduler at {listen} lets other machines in, and whoever is let in runs code here: "
                "give a token file (--token-file FILE), which is made if it is not there, "
                "or certificates (--tls-ca-file)"
            )
        # Certificates are proof enough, unless there is a secret, too.
        is_open = security is not None and token is None and token_file is None
        #: The secret of the cluster.
        self.token = "" if is_open else token if token is not None else read_token(token_file, make=True)
        self.security = security
        self.scheduler_file = scheduler_file
        self._listen = listen
        self._contact = contact_address
        self._allowed_failures = allowed_failures
        self._worker_ttl = worker_ttl
        self._idle_timeout = idle_timeout
        self._dashboard_address = dashboard_address or (_DASHBOARD if dashboard else None)
        #: Whether a page about it may be served.
        self.has_dashboard = dashboard is not False
        self._dashboard: Dashboard | None = None
        self._telling: Telling | None = None
        self._preloads = Preloads(preload, preload_argv)
        self._things = contextlib.ExitStack()
        self._status = Status.created
        #: What decides: `workers`, `load` and `retire` ask it.
        self.core: Any = None

    @property
    def status(self) -> Status:
        """``Status.created``, ``running``, ``closed`` or ``failed``, which are text, too."""
        is_over = self._status == Status.running and self.core.wait(0) is not None
        return Status.closed if is_over else self._status

    @status.setter
    def status(self, status: str) -> None:
        self._status = Status(status)

    def begin(self) -> None:
        """Listen from now on."""
        failures, ttl, idle = self._allowed_failures, self._worker_ttl, self._idle_timeout
        self.core = _raskt.ClusterScheduler(
            {
                "listen": [self._listen],
                "token": self.token,
                "tls": certificates_of(self.security, self._listen, "scheduler"),
                "allowed_failures": config.resolve("cluster.allowed-failures")
                if failures is None
                else failures,
                "worker_timeout": _seconds(ttl, "cluster.worker-timeout"),
                "idle_timeout": _seconds(idle, "cluster.idle-timeout"),
            }
        )
        self.status = Status.running
        self.address = contact_of(self.core.addresses[0], self._contact)
        self._things.enter_context(known_here(self.address, self.token))
        try:
            if self._dashboard_address is not None and self.has_dashboard:
                self._things.enter_context(self.show(self._dashboard_address))
            if self.scheduler_file is not None:
                said = {"address": self.address, "token": self.token, "pid": os.getpid()}
                self._things.enter_context(written(self.scheduler_file, json.dumps(said)))
            self._preloads.set_up(self)
        except BaseException:
            self.end("it could not start")
            raise

    def show(self, address: str | int | None = None) -> Dashboard:
        """Serve a page about it; at any free port, if no address is given."""
        if self._dashboard is None:
            place = ("127.0.0.1", None) if address is None else host_and_port(address, "127.0.0.1")
            telling, token = Telling(self), dashboard_token()
            actions = (token, telling.act) if token else None
            server = functools.partial(self.core.serve_dashboard, actions=actions)
            host, port = place
            self._dashboard, self._telling = serve(server, host, port, telling.tell), telling
        return self._dashboard

    def wait(self, timeout: float | None = None) -> str | None:
        """Wait until it has ended; return why, or None where it has not."""
        why: str | None = self.core.wait(timeout)
        return why

    def end(self, why: str, timeout: float = _END_SECONDS) -> None:
        """End it, and its workers. Clients are told why."""
        self.status = Status.closed
        if self.core is None:
            return
        if self._telling is not None:
            self._telling.close()
        self.core.stop(why)
        self.core.wait(timeout)
        self._things.close()
        if self._dashboard is not None:
            self._dashboard.close()
        self._preloads.tear_down(self)

    async def start(self) -> None:
        """Listen from now on."""
        import asyncio

        await asyncio.to_thread(self.begin)

    async def close(self) -> None:
        """End it, and its workers."""
        import asyncio

        if self._status != Status.closed:
            await asyncio.to_thread(self.end, "it was closed")

    @property
    def dashboard_link(self) -> str:
        """Where the page about it is; empty where there is none."""
        return "" if self._dashboard is None else self._dashboard.link

    def workers(self) -> list[dict[str, Any]]:
        """Return what is known of each worker."""
        found: list[dict[str, Any]] = self.core.workers()
        return found

    def load(self) -> dict[str, int]:
        """Return how many tasks are in which state, and how many clients there are."""
        found: dict[str, int] = self.core.load()
        return found

    def retire(self, names: list[str]) -> None:
        """Have workers give what they hold to others, and end."""
        self.core.retire([worker["id"] for worker in self.workers() if worker["name"] in names])

    def __repr__(self) -> str:
        return f"<Scheduler {self.address or self._listen!r}: {self.status}>"


@contextlib.contextmanager
def written(path: str | None, text: str) -> Iterator[None]:
    """Have a file there for a while, whole or not at all, that others cannot read; none for no path."""
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


def _scheme(protocol: str | None, security: Security | None) -> str:
    scheme = (protocol or ("tls" if security else "tcp")).removesuffix("://")
    if scheme not in ("tcp", "tls"):
        raise ValueError(f"protocol={protocol!r}: give 'tcp' or 'tls'")
    if security is not None and scheme == "tcp":
        raise ValueError("protocol='tcp' encrypts nothing: leave out the certificates, or give 'tls'")
    return scheme


def _seconds(span: float | str | None, key: str) -> Any:
    return config.resolve(key) if span is None else parse_timedelta(span)
