"""What a cluster computed inside of a block: as rows, and as pages that load nothing."""

from __future__ import annotations

import inspect
import linecache
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raskt.distributed import _watching
from raskt.distributed.client import Client

if TYPE_CHECKING:
    from os import PathLike
    from types import FrameType, TracebackType
    from typing import Self

    from raskt._raskt import Recording

__all__ = ["get_task_stream", "performance_report"]

#: How often the scheduler is asked what happened.
_LOOK_SECONDS = 0.2
#: Lines of the user's code that a report shows.
_N_LINES_MAX = 40


class _Listening:
    """Collects what happens to tasks, from when it is made."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._rows: list[dict[str, Any]] = []
        self._next: int = client._core.events(2**64 - 1)["next"]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="raskt-stream", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            if self._client.status != "running":
                return
            self._look()

    def _look(self) -> None:
        self._next, rows = self._client._events(self._next)
        self._rows.extend(rows)

    def end(self) -> list[dict[str, Any]]:
        """Look once more; what was collected."""
        self._is_over.set()
        self._thread.join()
        if self._client.status == "running":
            self._look()
        return self._rows


class _Block:
    """A block that is entered with ``with``, or ``async with``."""

    _client: Any

    def _begin(self) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    async def __aenter__(self) -> Self:
        import asyncio

        await asyncio.to_thread(self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        await asyncio.to_thread(self._end)


class get_task_stream(_Block):  # noqa: N801, RUF100 - the name that Dask's users know
    """Collect which tasks a cluster ran inside of a block.

    Parameters
    ----------
    client : Client, optional
        Of which cluster. Default: the client in force.
    plot : bool or "save", optional
        Whether a page is made of them, as `figure`, and written to a file.
    filename : path, optional
        Which file.

    Attributes
    ----------
    data : list of dict
        As of `Client.get_task_stream`. There once the block has ended.
    figure : str or None
        The page.

    Examples
    --------
    >>> from raskt.distributed import Client, get_task_stream
    >>> with Client(n_workers=1, processes=False) as client, get_task_stream(client) as stream:
    ...     client.submit(pow, 2, 5).result()
    32
    >>> [row["name"] for row in stream.data]
    ['pow']
    """

    def __init__(
        self,
        client: Any = None,
        plot: bool | str = False,
        filename: str | PathLike[str] = "task-stream.html",
    ) -> None:
        if plot not in (False, True, "save"):
            raise ValueError(f"plot is a truth value or 'save', found {plot!r}")
        self._client = Client.current() if client is None else client
        self._plot = plot
        self._filename = filename
        self._recording: Recording | None = None
        self.data: list[dict[str, Any]] = []
        self.figure: str | None = None

    def _begin(self) -> None:
        if self._plot:
            self._recording = self._client._core.record(True)
        self._listening = _Listening(self._client)

    def _end(self) -> None:
        self.data = _watching.stream_of(self._listening.end(), None, None, None)
        if self._recording is None:
            return
        topics = _watching.topics_of(self._client, self.data, [], None)
        self.figure = self._recording.report("Task stream", topics)
        self._recording.close()
        if self._plot == "save" and self.figure is not None:
            Path(self._filename).write_text(self.figure, "utf-8")


class performance_report(_Block):  # noqa: N801, RUF100 - the name that Dask's users know
    """Write a page about what a cluster computes inside of a block: one file that loads nothing.

    It shows the stream of tasks, functions, workers, transfers, memory, and a profile of the workers.

    Parameters
    ----------
    filename : path, optional
        The file.
    stacklevel : int, optional
        Which caller's code is shown on the page: 1 for the one that writes ``with``. 0 for none.
    mode, storage_options : optional
        Taken for Dask's sake: the page is always whole, and files are local.
    client : Client, optional
        Of which cluster. Default: the client in force.

    Examples
    --------
    >>> from raskt.distributed import Client, performance_report
    >>> with Client() as client, performance_report("report.html"):  # doctest: +SKIP
    ...     frame.groupby("name").x.mean().compute()
    """

    def __init__(
        self,
        filename: str | PathLike[str] = "raskt-report.html",
        stacklevel: int = 1,
        mode: str | None = None,
        storage_options: dict[str, Any] | None = None,
        *,
        client: Any = None,
    ) -> None:
        if storage_options:
            raise NotImplementedError("reports are written to local files: without storage_options")
        del mode
        self.filename = filename
        self._client = client
        self._code = _code_of(sys._getframe(1), stacklevel)

    def _begin(self) -> None:
        if self._client is None:
            self._client = Client.current()
        self._recording = self._client._core.record(True)
        self._listening = _Listening(self._client)
        self._begun = time.time()

    def _end(self) -> None:
        client, ended = self._client, time.time()
        data = _watching.stream_of(self._listening.end(), None, None, None)
        took = [("took", f"{ended - self._begun:.3f} s"), ("began", time.ctime(self._begun))]
        code = [("code", self._code)] if self._code else []
        profile = client._profile(None, self._begun, ended, None, True)
        page = self._recording.report(
            "Performance report", _watching.topics_of(client, data, [*took, *code], profile)
        )
        self._recording.close()
        if page is not None:
            Path(self.filename).write_text(page, "utf-8")


def _code_of(frame: FrameType | None, stacklevel: int) -> str:
    """The code around a line of a caller; nothing where it cannot be read."""
    if stacklevel < 1:
        return ""
    for _ in range(stacklevel - 1):
        frame = frame.f_back if frame is not None else None
    if frame is None:
        return ""
    path, number = frame.f_code.co_filename, frame.f_lineno
    lines = linecache.getlines(path, frame.f_globals)
    block = inspect.getblock(lines[number - 1 :]) if number <= len(lines) else []
    return "".join(block[:_N_LINES_MAX]).rstrip()
