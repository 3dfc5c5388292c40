"""A page in the browser that shows what this process computes, live, and reports of it as single files."""

from __future__ import annotations

import atexit
from socket import gethostname
from typing import TYPE_CHECKING, Any

from raskt import _raskt
from raskt._html import card, link
from raskt.diagnostics._telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from types import TracebackType
    from typing import Self

__all__ = ["Dashboard", "dashboard", "get_task_stream", "performance_report"]

#: Where Dask's users look first.
PORT = 8787


class Dashboard:
    """A page that is served until it is closed, or the program ends.

    It shows the local schedulers of this process, or a cluster: tasks by thread or worker, progress by
    function, memory, processor use, and what runs at the moment. It changes nothing, loads nothing from
    elsewhere and shows no values.

    Attributes
    ----------
    link : str
        The page's address.
    is_open : bool
        Whether it has not been closed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        serve: Callable[[str, int, list[str], Callable[[str, str], str | None]], _raskt.DashboardServer],
        tell: Callable[[str, str], str | None] = tell,
    ) -> None:
        self._host = host
        address = "127.0.0.1" if host == "localhost" else host
        # Viewers on other machines may name this one; a stranger's name is no way in.
        is_any = address in ("0.0.0.0", "::")
        hosts = [gethostname()] if is_any else []
        self._server = serve(address, port, hosts, tell)
        name = hosts[0] if is_any else f"[{address}]" if ":" in address else address
        self.is_open = True
        self.link = f"http://{name}:{self._server.port}/status"

    def close(self) -> None:
        """End it."""
        self.is_open = False
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Dashboard {self.link}>"

    def _repr_html_(self) -> str:
        return card("Dashboard", "open" if self.is_open else "closed", [("link", link(self.link))])


_open: list[Dashboard] = []


@atexit.register
def _close_all() -> None:
    """Close what is open before the interpreter ends."""
    for page in _open:
        page.close()


def dashboard(*, host: str = "127.0.0.1", port: int | None = None, show: bool = False) -> Dashboard:
    """Serve a page that shows what this process computes, live.

    What ran shortly before is on it, too: the engine always records the last moments. Called again, it
    returns the same page as long as that is open and nothing else is asked for.

    Parameters
    ----------
    host : str, default "127.0.0.1"
        The address to listen at. The page is for everybody who can reach it: with ``"0.0.0.0"`` that is the
        network.
    port : int, optional
        The port; with 0 the system chooses one. Left out, it is 8787, or another where that one is taken.
    show : bool, default False
        Open the page in a web browser.

    Returns
    -------
    Dashboard
        Its ``link`` is where the page is.

    Raises
    ------
    OSError
        Where the port is taken.

    Examples
    --------
    >>> import raskt
    >>> with raskt.dashboard(port=0) as page:
    ...     page.link.startswith("http://127.0.0.1:")
    True
    """
    page = next((page for page in _open if port is None and page._host == host and page.is_open), None)
    if page is None:
        page = serve(_raskt.DashboardServer, host, port)
        _open[:] = [other for other in _open if other.is_open]
        _open.append(page)
    if show:
        import webbrowser

        webbrowser.open(page.link)
    return page


def serve(
    server: Callable[[str, int, list[str], Callable[[str, str], str | None]], _raskt.DashboardServer],
    host: str,
    port: int | None,
    tell: Callable[[str, str], str | None] = tell,
) -> Dashboard:
    """Serve a page at `port`, or at 8787 or another that is free."""
    try:
        return Dashboard(host, PORT if port is None else port, server, tell)
    except OSError:
        if port is not None:
            raise
        return Dashboard(host, 0, server, tell)


def host_and_port(address: str | int, host: str) -> tuple[str, int]:
    """Return where to listen for what users write: ``":8787"``, ``8787``, ``"0.0.0.0:8787"``.

    Examples
    --------
    >>> from raskt.diagnostics.dashboard import host_and_port
    >>> host_and_port(":8787", "127.0.0.1"), host_and_port("localhost:0", "127.0.0.1")
    (('127.0.0.1', 8787), ('localhost', 0))
    """
    own, _, port = str(address).rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"a dashboard's address is 'host:port', ':port' or a port, found {address!r}")
    return own.strip("[]") or host, int(port)


class performance_report:  # noqa: N801, RUF100 - the name that Dask's users know
    """Write a page about what is computed inside a ``with`` block: one file that loads nothing.

    Parameters
    ----------
    filename : path, default "raskt-report.html"
        Where to write it.
    title : str, optional
        The page's title.

    Examples
    --------
    >>> import raskt, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> with raskt.diagnostics.performance_report(path):
    ...     raskt.delayed(sum)([1, 2]).compute()
    3
    >>> path.read_text("utf-8").startswith("<!doctype html>")
    True
    """

    def __init__(
        self, filename: str | PathLike[str] = "raskt-report.html", *, title: str | None = None
    ) -> None:
        self.filename = filename
        self.title = "Performance report" if title is None else title
        self._recording: _raskt.Recording | None = None

    def __enter__(self) -> None:
        self._recording = _raskt.Recording()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from pathlib import Path

        recording, self._recording = self._recording, None
        if recording is not None:
            # Also after an error: that is when one wants to look.
            page = recording.report(self.title, "{}")
            # A fork leaves the report to the process that began it.
            if page is not None:
                Path(self.filename).write_text(page, "utf-8")
            recording.close()


class get_task_stream:  # noqa: N801, RUF100 - the name that Dask's users know
    """Collect what tasks ran inside a ``with`` block.

    Parameters
    ----------
    plot : {None, "save"}, optional
        ``"save"`` writes a page.
    filename : path, default "task-stream.html"
        Where.

    Attributes
    ----------
    data : list of dict
        One for each task, or each stretch of short tasks of one function on one thread: ``name``, ``thread``,
        ``n_tasks``, ``start`` and ``stop`` in seconds since the first, ``nbytes``, ``status``. There once
        the block has ended.

    Examples
    --------
    >>> import raskt
    >>> with raskt.diagnostics.get_task_stream() as stream:
    ...     raskt.delayed(sum)([1, 2]).compute()
    3
    >>> [(row["name"], row["n_tasks"]) for row in stream.data]
    [('sum', 1)]
    """

    def __init__(self, plot: str | None = None, filename: str | PathLike[str] = "task-stream.html") -> None:
        if plot not in (None, "save"):
            raise ValueError(f"plot must be None or 'save', found {plot!r}")
        self.plot = plot
        self.filename = filename
        self.data: list[dict[str, Any]] = []
        self._recording: _raskt.Recording | None = None

    def __enter__(self) -> Self:
        self._recording = _raskt.Recording()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        self.data = _rows(recording.history() or "")
        if self.plot == "save":
            from pathlib import Path

            Path(self.filename).write_text(recording.report("Task stream", "{}") or "", "utf-8")
        recording.close()


_STATUS = {
    1: "finished",
    2: "erred",
    3: "spilled",
    4: "read back",
    5: "waiting for memory",
    6: "waiting for memory",
}


def _rows(history: str) -> list[dict[str, Any]]:
    from json import loads

    if not history:
        return []
    found = loads(history)
    threads = dict(found["lanes"])
    first = min(found["start"], default=0.0)
    columns = (found[name] for name in ("lane", "name", "kind", "n", "bytes", "start", "took"))
    rows = [
        {
            "name": found["names"][name],
            "thread": threads.get(lane, str(lane)),
            "n_tasks": n,
            "start": (start - first) / 1000,
            "stop": (start + took - first) / 1000,
            "nbytes": nbytes,
            "status": _STATUS[kind],
        }
        for lane, name, kind, n, nbytes, start, took in zip(*columns, strict=True)
    ]
    rows.sort(key=lambda row: row["start"])
    return rows
