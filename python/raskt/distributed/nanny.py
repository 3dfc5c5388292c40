"""A worker in a process of its own, which is replaced when it ends by itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from raskt.distributed._nanny import WorkerProcess, Workers
from raskt.distributed._options import membership, refuse_unknown, worker_options
from raskt.distributed._status import Status
from raskt.distributed.process import ProcessInterface

if TYPE_CHECKING:
    import os

    from raskt.distributed.security import Security

__all__ = ["Nanny"]

_LOOK_SECONDS = 0.005


class Nanny(ProcessInterface):
    """A worker in a process of its own, which is replaced when it ends by itself or takes too much memory.

    It starts when it is awaited, or entered with ``async with``, which returns when the worker has joined.

    Parameters
    ----------
    scheduler_ip : str, optional
        The address of the scheduler, or its host.
    scheduler_port : int, optional
        The port, where only the host was said.
    scheduler_file : str or path, optional
        What ``raskt scheduler --scheduler-file`` wrote, in place of an address.
    token : str, optional
        The secret of the cluster; that of the user if left out.
    security : Security, optional
        Certificates, for ``tls://``.
    **options
        As `Worker` takes them, and ``lifetime_restart`` and ``env``, variables for the process.

    Examples
    --------
    >>> from raskt.distributed import Nanny
    >>> async with Nanny("tcp://127.0.0.1:8786", nthreads=2) as nanny:  # doctest: +SKIP
    ...     print(nanny.worker_address)
    tcp://127.0.0.1:40331
    """

    def __init__(
        self,
        scheduler_ip: str | None = None,
        scheduler_port: int | None = None,
        *,
        scheduler_file: str | os.PathLike[str] | None = None,
        token: str | None = None,
        security: Security | None = None,
        **options: Any,
    ) -> None:
        refuse_unknown("Nanny", options)
        address, token, tls = membership(scheduler_ip, scheduler_port, scheduler_file, token, security)
        options.setdefault("name", f"worker-{uuid.uuid4().hex[:8]}")
        name = options["name"]
        self._process = WorkerProcess(worker_options(address, **options), token, tls)
        self._workers = Workers()
        self._status = Status.created
        super().__init__(address, name)

    @property
    def pid(self) -> int | None:
        """The number of the process, while there is one."""
        return self._process.pid

    @property
    def worker_address(self) -> str | None:
        """Where the worker listens, while it is there."""
        return self._process.address

    @property
    def deaths(self) -> list[str]:
        """How processes ended by themselves, the last one at the end."""
        return list(self._process.deaths)

    @property
    def status(self) -> Status:
        """``Status.created``, ``starting``, ``running``, ``closed`` or ``failed``, which are text, too."""
        is_over = self._status == Status.running and self._process.status in ("closed", "failed")
        return Status(self._process.status) if is_over else self._status

    @status.setter
    def status(self, status: str) -> None:
        self._status = Status(status)

    async def start(self) -> None:
        """Start the process, and wait until its worker has joined.

        Raises
        ------
        RuntimeError
            Where it does not come. It says how its processes ended.
        """
        import asyncio

        await asyncio.to_thread(self._workers.start, [self._process])
        while self._process.address is None:
            if self._process.status in ("closed", "failed"):
                how = ", ".join(self._process.deaths)
                raise RuntimeError(f"worker {self.name} does not start: {how}")
            await asyncio.sleep(_LOOK_SECONDS)
            await asyncio.to_thread(self._workers.look)
        self._status = Status.running

    async def close(self, timeout: float = 2.0) -> None:
        """End the worker, which gives what it holds to others first.

        Parameters
        ----------
        timeout : float
            After so many seconds the process is killed.
        """
        import asyncio

        await asyncio.to_thread(self._workers.end, self._process.ask_to_end, timeout)
        self._status = Status.closed
