"""What clusters are made of: something that starts, has an address, and is closed."""

from __future__ import annotations

from raskt.distributed._status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, Self

__all__ = ["ProcessInterface"]

_LOOK_SECONDS = 0.02


class ProcessInterface:
    """What a class derives from whose objects are started and closed by a `SpecCluster`.

    A job of a batch system is one: ``start`` submits it, and ``close`` cancels it. It is awaited, or entered
    with ``async with``.

    Parameters
    ----------
    scheduler : str, optional
        The address of the scheduler.
    name : object, optional
        What a worker is called.

    Attributes
    ----------
    status : Status
        ``Status.created``, ``starting``, ``running``, ``closed`` or ``failed``, which are text, too.
    address : str or None
        Where it listens, if that is known.

    Examples
    --------
    >>> from raskt.distributed import ProcessInterface
    >>> class Job(ProcessInterface):
    ...     async def start(self):
    ...         self.job_id = await submit(self.scheduler, self.name)
    ...         await super().start()
    ...
    ...     async def close(self):
    ...         await cancel(self.job_id)
    ...         await super().close()
    """

    address: Any = None
    external_address: Any = None
    #: The cluster that has made it: a `SpecCluster` says so before the start.
    cluster: Any = None
    status: Any = Status.created
    scheduler: Any = None
    name: Any = None
    _starting: Any = None

    def __init__(self, scheduler: str | None = None, name: Any = None) -> None:
        if scheduler is not None:
            self.scheduler = scheduler
        if name is not None:
            self.name = name

    async def start(self) -> None:
        """Start it. Classes that override it call it at the end."""
        self.status = Status.running

    async def close(self) -> None:
        """End it. Classes that override it call it at the end."""
        self.status = Status.closed

    async def finished(self) -> None:
        """Wait until it has ended."""
        import asyncio

        while self.status not in (Status.closed, Status.failed):
            await asyncio.sleep(_LOOK_SECONDS)

    async def _started(self) -> Self:
        import asyncio

        if self.status == Status.created:
            self.status = Status.starting
            self._starting = asyncio.ensure_future(self.start())
            # Who waits for it hears of an error; nobody does who was cancelled.
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        if self._starting is not None:
            try:
                await asyncio.shield(self._starting)
            except BaseException:
                self.status = Status.failed
                raise
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._started().__await__()

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {self.status}>"
