"""A progress bar, for terminals, notebooks and log files."""

# ruff: noqa: ARG002 - a callback is handed everything, whatever it needs
from __future__ import annotations

import sys
from contextlib import suppress
from threading import Event, Lock, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from raskt import config
from raskt.callbacks import Callback

if TYPE_CHECKING:
    from raskt._run_state import GraphView, RunHandle, RunState

__all__ = ["ProgressBar"]


def format_time(seconds: float) -> str:
    """Seconds, as people say them.

    Examples
    --------
    >>> from raskt.diagnostics.progress import format_time
    >>> format_time(0.0123), format_time(10.4), format_time(200), format_time(90000)
    ('12.30 ms', '10.40 s', '3m 20s', '25hr 0m')
    """
    if seconds >= 3600:
        return f"{int(seconds // 3600)}hr {int(seconds % 3600 // 60)}m"
    if seconds >= 100:
        return f"{int(seconds // 60)}m {int(seconds % 60)}s"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms"


class Surface(Protocol):
    """What a bar is drawn on."""

    def draw(self, fraction: float, text: str) -> None:
        """Show how it stands."""

    def close(self, fraction: float, text: str, errored: bool) -> None:
        """Show how it ended."""


class Terminal:
    """One line, written over and over."""

    def __init__(self, out: TextIO, width: int) -> None:
        self._out = out
        self._width = width
        self._columns = 0

    def _line(self, fraction: float, text: str) -> str:
        return f"[{'#' * int(self._width * fraction):<{self._width}}] | {text}"

    def _write(self, text: str) -> None:
        # A stream that is closed or broken must not end the computation that it tells of.
        with suppress(OSError, ValueError):
            self._out.write(text)
            self._out.flush()

    def draw(self, fraction: float, text: str) -> None:
        """Show how it stands."""
        line = self._line(fraction, text)
        self._write(f"\r{line:<{self._columns}}")
        self._columns = len(line)

    def close(self, fraction: float, text: str, errored: bool) -> None:
        """Show how it ended."""
        self.draw(fraction, text)
        self._write("\n")


class LogFile(Terminal):
    """A line for each tenth, and one at the end: a file cannot be written over."""

    _tenths = 0

    def draw(self, fraction: float, text: str) -> None:
        """Show how it stands."""
        if int(fraction * 10) > self._tenths:
            self._tenths = int(fraction * 10)
            self._write(self._line(fraction, text) + "\n")

    def close(self, fraction: float, text: str, errored: bool) -> None:
        """Show how it ended."""
        self._write(self._line(fraction, text) + "\n")


class Notebook:
    """One HTML display, updated in place."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._handle: Any = None

    def _show(self, fraction: float, text: str, colour: str) -> None:
        from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

        plain = f"[{'#' * int(self._width * fraction):<{self._width}}] | {text}"
        html = (
            '<div style="display:flex;align-items:center;gap:.8em;font:13px system-ui,sans-serif">'
            f'<div role="progressbar" aria-valuenow="{int(100 * fraction)}" '
            'aria-valuemin="0" aria-valuemax="100" '
            f'style="width:{self._width * 8}px;max-width:60%;height:.7em;border-radius:.35em;overflow:hidden;'
            'background:rgba(128,128,128,.25)">'
            f'<div style="width:{100 * fraction:.1f}%;height:100%;background:{colour}"></div></div>'
            f'<span style="font-variant-numeric:tabular-nums">{text}</span></div>'
        )
        bundle = {"text/plain": plain, "text/html": html}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def draw(self, fraction: float, text: str) -> None:
        """Show how it stands."""
        self._show(fraction, text, "#3b82c4")

    def close(self, fraction: float, text: str, errored: bool) -> None:
        """Show how it ended."""
        self._show(fraction, text, "#c2473d" if errored else "#3c9a5f")


def in_notebook() -> bool:
    """Whether a notebook kernel runs this process."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


class Silence:
    """Nowhere: a program without standard output."""

    def draw(self, fraction: float, text: str) -> None:
        """Show nothing."""

    def close(self, fraction: float, text: str, errored: bool) -> None:
        """Show nothing."""


def surface_for(out: TextIO | None, width: int) -> Surface:
    """Where a bar is drawn: on `out`, else in the notebook, else on standard output as it is now."""
    if out is None:
        if in_notebook():
            return Notebook(width)
        if sys.stdout is None:  # a windowed program on Windows
            return Silence()
        out = sys.stdout
    isatty = getattr(out, "isatty", None)
    terminal = False
    with suppress(ValueError):  # closed
        terminal = isatty is not None and isatty()
    return Terminal(out, width) if terminal else LogFile(out, width)


class ProgressBar(Callback):
    """Show how far computations have come.

    A thread looks at the engine's counters every `dt` seconds; tasks themselves cost nothing more. A terminal
    shows one line that is written over, a notebook one display that is updated, a file a line for each tenth.

    Parameters
    ----------
    minimum : float, default 0
        Show nothing for computations that take fewer seconds than this.
    width : int, default 40
        Width of the bar in characters.
    dt : float, optional
        Seconds between updates; by default what ``diagnostics.progress-interval`` says.
    out : file, optional
        Where to write. By default the notebook, if there is one, or `sys.stdout`.

    Attributes
    ----------
    last_duration : float
        Seconds that the last computation took.

    Examples
    --------
    >>> import raskt.threaded
    >>> from raskt.diagnostics import ProgressBar
    >>> with ProgressBar() as bar:
    ...     raskt.threaded.get({"x": (sum, [1, 2])}, "x")
    [########################################] | 100% Completed | ...s
    3
    >>> bar.last_duration > 0
    True
    """

    def __init__(
        self, minimum: float = 0, width: int = 40, dt: float | None = None, out: TextIO | None = None
    ) -> None:
        super().__init__()
        if dt is not None and not dt > 0:
            raise ValueError(f"dt is the seconds between updates and must be positive, not {dt!r}")
        self._minimum = minimum
        self._width = width
        self._dt = dt
        self._out = out
        # Computations on several threads at once share one bar.
        self._lock = Lock()
        self._runs: list[RunHandle] = []
        self._began = 0.0
        self._surface: Surface = Silence()
        self._stopped = Event()
        self._thread: Thread | None = None
        self.last_duration = 0.0

    def _start(self, dsk: GraphView) -> None:
        with self._lock:
            self._runs.append(dsk.run)
            if len(self._runs) == 1:
                self._began = perf_counter()
                self._surface = surface_for(self._out, self._width)
                self._stopped = Event()
                self._thread = Thread(target=self._follow, name="raskt-progress-bar", daemon=True)
                self._thread.start()

    def _finish(self, dsk: GraphView, state: RunState, errored: bool) -> None:
        with self._lock:
            if len(self._runs) > 1:
                self._runs.remove(dsk.run)
                return
            self._stopped.set()
            if self._thread is not None:
                self._thread.join()
                self._thread = None
            self.last_duration = perf_counter() - self._began
            fraction = self._fraction() if errored else 1.0
            self._runs.clear()
            if self.last_duration >= self._minimum:
                self._surface.close(fraction, self._text(fraction, self.last_duration, errored), errored)

    def _follow(self) -> None:
        dt = config.resolve("diagnostics.progress-interval") if self._dt is None else self._dt
        while not self._stopped.wait(dt):
            elapsed = perf_counter() - self._began
            if elapsed >= self._minimum:
                fraction = self._fraction()
                self._surface.draw(fraction, self._text(fraction, elapsed, errored=False))

    def _fraction(self) -> float:
        runs = list(self._runs)
        n_tasks = sum(run.n_tasks for run in runs)
        return min(1.0, sum(run.n_done for run in runs) / n_tasks) if n_tasks else 0.0

    @staticmethod
    def _text(fraction: float, elapsed: float, errored: bool) -> str:
        return f"{int(100 * fraction)}% {'Failed' if errored else 'Completed'} | {format_time(elapsed)}"
