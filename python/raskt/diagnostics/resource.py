"""How much memory and processor time this process and its children use, sampled by a thread."""

# ruff: noqa: ARG002 - a callback is handed everything, whatever it needs
from __future__ import annotations

import os
import sys
from threading import Event, Lock, Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from raskt.callbacks import Callback
from raskt.diagnostics.charts import resources_chart
from raskt.diagnostics.page import visualize

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, TypeAlias

    from raskt._run_state import GraphView, RunState
    from raskt.diagnostics.page import ProfilePage

    # Process id -> (seconds of processor time so far, bytes of resident memory)
    Usage: TypeAlias = dict[int, tuple[float, int]]

__all__ = ["ResourceData", "ResourceProfiler"]


class ResourceData(NamedTuple):
    """One sample: seconds of `time.perf_counter`, MB, percent of one processor since the sample before."""

    time: float
    mem: float
    cpu: float


class UsageReader(Protocol):
    """Reads what this process and its children use."""

    def read(self) -> Usage:
        """The usage now."""


class ProcReader:
    """Reads `/proc`, on Linux; nothing needs to be installed."""

    def __init__(self) -> None:
        self._tick = 1 / os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")

    def read(self) -> Usage:
        """The usage now."""
        usage: Usage = {}
        pending = [os.getpid()]
        while pending:
            pid = pending.pop()
            try:
                # The name of the program, in parentheses, may hold anything: fields are counted from its end.
                fields = self._text(f"/proc/{pid}/stat").rpartition(")")[2].split()
                if fields[0] != "Z" and pid not in usage:
                    usage[pid] = (
                        (int(fields[11]) + int(fields[12])) * self._tick,
                        int(fields[21]) * self._page,
                    )
                    for thread in os.listdir(f"/proc/{pid}/task"):
                        pending.extend(map(int, self._text(f"/proc/{pid}/task/{thread}/children").split()))
            except OSError:
                continue  # it has just ended, or this kernel does not list children
        return usage

    @staticmethod
    def _text(path: str) -> str:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()


class PsutilReader:
    """Asks psutil, which knows every system."""

    def __init__(self) -> None:
        try:
            import psutil
        except ImportError as error:
            raise ImportError(
                f"ResourceProfiler needs psutil on {sys.platform}: pip install 'raskt[diagnostics]'"
            ) from error
        self._gone: type[Exception] = psutil.Error
        self._process = psutil.Process()

    def read(self) -> Usage:
        """The usage now."""
        usage: Usage = {}
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    usage[process.pid] = (times.user + times.system, process.memory_info().rss)
            except self._gone:
                continue  # it has just ended
        return usage


def usage_reader() -> UsageReader:
    """The reader for this system."""
    return ProcReader() if sys.platform.startswith("linux") else PsutilReader()


class Sampler:
    """The thread. It knows the list that it fills, not the profiler, which can therefore be collected."""

    def __init__(self, dt: float, reader: UsageReader, samples: list[ResourceData]) -> None:
        self._dt = dt
        self._reader = reader
        self.samples = samples
        self._stopped = Event()
        self._last: Usage = {}
        self._last_time = perf_counter()
        self._sample()
        self._thread = Thread(target=self._run, name="raskt-resource-profiler", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._dt):
            self._sample()
        self._sample()

    def _sample(self) -> None:
        usage = self._reader.read()
        now = perf_counter()
        # A process that is new counts from its next sample on.
        seconds = sum(cpu - self._last[pid][0] for pid, (cpu, _) in usage.items() if pid in self._last)
        elapsed = now - self._last_time
        cpu = max(0.0, 100 * seconds / elapsed) if self._last and elapsed > 0 else 0.0
        self.samples.append(ResourceData(now, sum(rss for _, rss in usage.values()) / 1e6, cpu))
        self._last, self._last_time = usage, now

    def stop(self) -> None:
        """Take a last sample and end the thread."""
        self._stopped.set()
        self._thread.join()


class ResourceProfiler(Callback):
    """Record memory and processor use of this process and its children.

    In a `with` block it samples from beginning to end; registered, while a computation runs.

    Parameters
    ----------
    dt : float, default 1
        Seconds between samples. There is always one at the beginning and one at the end.

    Attributes
    ----------
    results : list of ResourceData
        `(time, mem, cpu)`: seconds of `time.perf_counter`, MB, and percent of one processor, on average since
        the sample before.
    start_time, end_time : float or None
        When the `with` block began and ended.

    Raises
    ------
    ImportError
        On other systems than Linux, if psutil is not installed.

    Examples
    --------
    >>> import raskt.threaded
    >>> from raskt.diagnostics import ResourceProfiler
    >>> with ResourceProfiler(dt=0.25) as prof:
    ...     raskt.threaded.get({"x": (sum, [1, 2])}, "x")
    3
    >>> len(prof.results) >= 2 and prof.results[0].mem > 1
    True
    """

    def __init__(self, dt: float = 1) -> None:
        super().__init__()
        if not dt > 0:
            raise ValueError(f"dt is the seconds between samples and must be positive, not {dt!r}")
        self._dt = dt
        self._reader = usage_reader()
        self._lock = Lock()
        self._users = 0
        self._sampler: Sampler | None = None
        self.clear()

    def clear(self) -> None:
        """Forget everything recorded so far."""
        self.results: list[ResourceData] = []
        if self._sampler is not None:
            self._sampler.samples = self.results
        self.start_time: float | None = None
        self.end_time: float | None = None

    def __enter__(self) -> Self:
        if self._users == 0:
            self.clear()
            self.start_time = perf_counter()
        self._acquire()
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._release()
        self.end_time = perf_counter()

    def _start(self, dsk: GraphView) -> None:
        self._acquire()

    def _finish(self, dsk: GraphView, state: RunState, errored: bool) -> None:
        self._release()

    def _acquire(self) -> None:
        with self._lock:
            if self._sampler is None:
                self._sampler = Sampler(self._dt, self._reader, self.results)
            self._users += 1

    def _release(self) -> None:
        with self._lock:
            self._users = max(0, self._users - 1)
            if self._users == 0:
                self.close()

    def close(self) -> None:
        """Stop sampling, whatever is still running."""
        sampler, self._sampler = self._sampler, None
        if sampler is not None:
            sampler.stop()

    def __del__(self) -> None:
        # The constructor may have failed before there was anything to close.
        if getattr(self, "_sampler", None) is not None:
            self.close()

    def visualize(self, **options: Any) -> ProfilePage:
        """Draw what has been recorded: see `raskt.diagnostics.visualize`, which takes the same options."""
        return visualize(self, **options)

    def _plot(self) -> dict[str, Any]:
        return resources_chart(self.results, self.start_time, self.end_time)
