"""What viewers of a dashboard ask for and only Python knows: profile, errors, hardware, configuration."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config
from raskt.system import cpu_count

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["PROFILER", "tell"]

#: Seconds between two samples of a profile.
INTERVAL_S = 0.02
#: A profile that nobody asks for is not taken any longer.
LEFT_AFTER_S = 10.0
#: Frames of a profile that are sent, those that took longest.
N_FRAMES_MAX = 4000
#: Frames of one stack that are looked at.
DEPTH_MAX = 200
#: Packages whose versions are told where they are in use.
PACKAGES = ("numpy", "pandas", "pyarrow", "scipy", "xarray", "zarr", "dask")

#: What pages ask for that only clusters have.
OF_CLUSTERS = ("critical", "events", "held", "logs", "stacks")

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Node:
    """A frame of call stacks, in how many samples it was, and what it called."""

    __slots__ = ("inner", "n")

    def __init__(self) -> None:
        self.n = 0
        self.inner: dict[tuple[str, str, int], Node] = {}


class StackProfiler:
    """Looks at the call stacks of tasks while somebody asks for it.

    Examples
    --------
    >>> from raskt.diagnostics._telling import StackProfiler
    >>> sorted(StackProfiler().profile())
    ['frames', 'interval', 'samples']
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin again, as a child process does that was forked."""
        self._lock = threading.Lock()
        self._root = Node()
        self._asked = 0.0
        self._thread: threading.Thread | None = None

    def end(self) -> None:
        """Look no more, until somebody asks again."""
        with self._lock:
            thread, self._asked = self._thread, -LEFT_AFTER_S
        if thread is not None:
            thread.join()

    def profile(self) -> dict[str, Any]:
        """What was seen so far; from now on more is.

        Returns
        -------
        dict
            ``samples`` looks that found a task, ``interval`` seconds between two, and ``frames``: rows of
            (parent's row or -1, function, file, line, samples), parents first.
        """
        with self._lock:
            self._asked = time.monotonic()
            if self._thread is None:
                self._root = Node()
                self._thread = threading.Thread(target=self._watch, name="raskt-profile", daemon=True)
                self._thread.start()
            return {"samples": self._root.n, "interval": INTERVAL_S, "frames": self._frames()}

    def _frames(self) -> list[tuple[int, str, str, int, int]]:
        rows: list[tuple[int, str, str, int, int]] = []
        level = [(-1, self._root)]
        while level and len(rows) < N_FRAMES_MAX:
            found = [(at, frame, node) for at, parent in level for frame, node in parent.inner.items()]
            found.sort(key=lambda item: -item[2].n)
            level = []
            for at, (function, file, line), node in found[: N_FRAMES_MAX - len(rows)]:
                rows.append((at, function, file, line, node.n))
                level.append((len(rows) - 1, node))
        return rows

    def _watch(self) -> None:
        own = threading.get_ident()
        while True:
            time.sleep(INTERVAL_S)
            frames = sys._current_frames()
            stacks = [stack for ident, frame in frames.items() if ident != own and (stack := stack_of(frame))]
            # Frames keep what their functions hold alive.
            frames.clear()
            with self._lock:
                if time.monotonic() - self._asked > LEFT_AFTER_S:
                    self._thread = None
                    return
                for stack in stacks:
                    self._add(stack)

    def _add(self, stack: list[tuple[str, str, int]]) -> None:
        node = self._root
        node.n += 1
        for frame in stack:
            node = node.inner.setdefault(frame, Node())
            node.n += 1


def stack_of(frame: FrameType | None) -> list[tuple[str, str, int]]:
    """The frames of a task, outermost first; none where the thread runs no task."""
    frames: list[tuple[str, str, int]] = []
    while frame is not None and len(frames) < DEPTH_MAX:
        code = frame.f_code
        frames.append((code.co_qualname, code.co_filename, code.co_firstlineno))
        frame = frame.f_back
    frames.reverse()
    outermost = frames[0]
    if outermost[0] != "<module>" and not outermost[1].endswith("threading.py"):
        # A thread of the engine's.
        return frames
    # One of the program's: it runs a task where the engine has called something.
    ours = [at for at, (_, file, _) in enumerate(frames) if file.startswith(_HERE)]
    return frames[ours[-1] + 1 :] if ours else []


#: The profile of this process.
PROFILER = StackProfiler()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=PROFILER.forget)


def _hardware() -> list[tuple[str, str]]:
    import platform
    import shutil
    import tempfile

    facts = [("machine", platform.node()), ("system", platform.platform()), ("processor", _processor())]
    facts.append(("cores", f"{cpu_count()} for this process, of {os.cpu_count()}"))
    if memory := _field("/proc/meminfo", "MemTotal"):
        facts.append(("memory", f"{int(memory.split()[0]) / 2**20:.1f} GiB"))
    folder = tempfile.gettempdir()
    disk = shutil.disk_usage(folder)
    facts.append((f"disk ({folder})", f"{disk.free / 2**30:.1f} GiB free of {disk.total / 2**30:.1f} GiB"))
    facts.append(("Python", f"{platform.python_version()} ({platform.python_implementation()})"))
    facts.append(("process", f"{os.getpid()}, {sys.executable}"))
    used = [(name, sys.modules[name]) for name in ("raskt", *PACKAGES) if name in sys.modules]
    facts.extend((name, str(getattr(module, "__version__", ""))) for name, module in used)
    return facts


def _processor() -> str:
    import platform

    return _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()


def _field(path: str, name: str) -> str:
    """What a file of the system's says behind a name; nothing where there is no such file or name."""
    if not os.path.exists(path):
        return ""
    with open(path) as file:
        found = (line.split(":", 1)[1].strip() for line in file if line.startswith(name))
        return next(found, "")


def _configuration() -> list[tuple[str, str, bool, str]]:
    """Every key: its value as text, whether it is the default, and what it is for."""
    rows = []
    for key, entry in config.get_schema().items():
        value = config.get(key)
        rows.append((key, repr(value), value == entry["default"], entry["description"]))
    return rows


def tell(topic: str, argument: str) -> str | None:  # noqa: ARG001 - what asks gives both
    """What is known of a topic, as JSON; None where nothing is.

    Examples
    --------
    >>> from raskt.diagnostics._telling import tell
    >>> '"local.errors"' in tell("configuration", ""), tell("nothing", "")
    (True, None)
    """
    from json import dumps

    topics = {
        "configuration": _configuration,
        "errors": _raskt.failures,
        "hardware": _hardware,
        "profile": PROFILER.profile,
        # There is nothing of these but on clusters.
        **dict.fromkeys(OF_CLUSTERS, list),
    }
    found = topics.get(topic)
    return None if found is None else dumps(found())
