"""Call stacks of the tasks that this process runs for workers: those of the moment, and samples of them."""

from __future__ import annotations

import linecache
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from raskt import _raskt, config

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from types import CodeType, FrameType

__all__ = ["begin", "call_stacks", "end", "merged", "profile", "rows_of"]

#: Samples are kept apart by seconds, so many of them.
_N_SECONDS_MAX = 3600
#: So many frames are kept over all seconds; the oldest seconds go first.
_N_FRAMES_MAX = 50_000
#: Frames of one stack that are looked at, the innermost.
_DEPTH_MAX = 200
#: Functions of which samples are kept apart; others go together.
_N_LABELS_MAX = 1000


def call_stacks(address: str, keys: Collection[Any] | None) -> dict[Any, tuple[str, ...]]:
    """Return the call stacks of the tasks that a worker of this process runs now, outermost frame first.

    Parameters
    ----------
    address : str
        The worker.
    keys : collection, optional
        Of which tasks alone.
    """
    running = [task for task in _raskt.cluster_running() if task[1] == address]
    # What runs next on a thread is taken for the same task: it has just ended then.
    frames = sys._current_frames()
    found = {
        key: tuple(_lines(frames.get(thread), label))
        for thread, _, key, label in running
        if keys is None or key in keys
    }
    # Frames keep what their functions hold alive.
    frames.clear()
    return found


def _lines(frame: FrameType | None, label: str) -> Iterator[str]:
    """What tracebacks say of frames. A task that is in no function of Python's runs a native body."""
    if frame is None:
        yield f"  native code, in {label}"
        return
    lines: list[str] = []
    while frame is not None and len(lines) < _DEPTH_MAX:
        path, number = frame.f_code.co_filename, frame.f_lineno or frame.f_code.co_firstlineno
        line = linecache.getline(path, number).strip()
        lines.append(f'  File "{path}", line {number}, in {frame.f_code.co_name}\n\t{line}')
        frame = frame.f_back
    yield from reversed(lines)


class _Node:
    """A function in call stacks, in how many samples it was, and what it called."""

    __slots__ = ("code", "inner", "n")

    def __init__(self, code: CodeType | None) -> None:
        # It keeps the code, so that its `id` is no other code's.
        self.code = code
        self.n = 0
        self.inner: dict[int, _Node] = {}


class _Samples:
    """What was seen, by seconds, and by what tasks are called."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, dict[str, _Node], int]] = deque(maxlen=_N_SECONDS_MAX)
        self._n_frames = 0
        self._lock = threading.Lock()

    def add(self, now: float, tasks: Iterable[tuple[str, list[CodeType]]]) -> None:
        """Add the stacks of a moment, outermost frame first."""
        with self._lock:
            if not self._seconds or self._seconds[-1][0] != int(now):
                if len(self._seconds) == _N_SECONDS_MAX:
                    self._drop()
                self._seconds.append((int(now), {}, 0))
            second, trees, n_frames = self._seconds[-1]
            for label, stack in tasks:
                name = label if label in trees or len(trees) < _N_LABELS_MAX else "other"
                node = trees.setdefault(name, _Node(None))
                node.n += 1
                for code in stack:
                    inner = node.inner.get(id(code))
                    if inner is None:
                        if n_frames >= _N_FRAMES_MAX:
                            break
                        inner = node.inner[id(code)] = _Node(code)
                        n_frames += 1
                        self._n_frames += 1
                    node = inner
                    node.n += 1
            self._seconds[-1] = (second, trees, n_frames)
            while self._n_frames > _N_FRAMES_MAX and len(self._seconds) > 1:
                self._drop()

    def _drop(self) -> None:
        self._n_frames -= self._seconds.popleft()[2]

    def tree(self, key: str | None, start: float | None, stop: float | None) -> dict[str, Any]:
        """What was seen between two times, of all tasks or of those whose name begins with `key`."""
        whole = _described(None)
        with self._lock:
            for second, trees, _ in self._seconds:
                if (start is not None and second < int(start)) or (stop is not None and second > stop):
                    continue
                for label, node in trees.items():
                    if key is None or label.startswith(key):
                        _into(whole, node, label)
        return whole


def _described(code: CodeType | None, label: str = "root") -> dict[str, Any]:
    """A node as clients get it, under Dask's names."""
    if code is None:
        description = {"filename": "", "name": label, "line_number": 0, "line": ""}
        identifier = label
    else:
        name, path, number = code.co_qualname, code.co_filename, code.co_firstlineno
        line = linecache.getline(path, number).strip()
        description = {"filename": path, "name": name, "line_number": number, "line": line}
        identifier = f"{name};{path};{number}"
    return {"count": 0, "children": {}, "identifier": identifier, "description": description}


def _into(whole: dict[str, Any], node: _Node, label: str) -> None:
    """Add samples of one kind of task; what was in no function of Python's is said to be native."""
    whole["count"] += node.n
    n_native = node.n - sum(inner.n for inner in node.inner.values())
    if n_native:
        child = whole["children"].setdefault(f"native;{label}", _described(None, f"{label} (native)"))
        child["identifier"] = f"native;{label}"
        child["count"] += n_native
    pairs = [(whole, node)]
    while pairs:
        to, of = pairs.pop()
        for inner in of.inner.values():
            described = _described(inner.code)
            child = to["children"].setdefault(described["identifier"], described)
            child["count"] += inner.n
            pairs.append((child, inner))


def merged(trees: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return several profiles as one.

    Examples
    --------
    >>> from raskt.distributed._stacks import merged, profile
    >>> merged([profile(None, None, None), profile(None, None, None)])["identifier"]
    'root'
    """
    whole = _described(None)
    pairs = [(whole, tree) for tree in trees]
    while pairs:
        to, of = pairs.pop()
        to["count"] += of["count"]
        for identifier, child in of["children"].items():
            empty = {**child, "count": 0, "children": {}}
            pairs.append((to["children"].setdefault(identifier, empty), child))
    return whole


def rows_of(tree: dict[str, Any], n_max: int) -> list[tuple[int, str, str, int, int]]:
    """Return a profile as rows of (parent's row or -1, function, file, line, samples), parents first.

    Those in most samples come first; there are `n_max` at most.
    """
    rows: list[tuple[int, str, str, int, int]] = []
    level = [(-1, tree)]
    while level and len(rows) < n_max:
        found = [(at, child) for at, parent in level for child in parent["children"].values()]
        found.sort(key=lambda item: -item[1]["count"])
        level = []
        for at, child in found[: n_max - len(rows)]:
            said = child["description"]
            rows.append((at, said["name"], said["filename"], said["line_number"], child["count"]))
            level.append((len(rows) - 1, child))
    return rows


class _Sampling:
    """The thread that samples, while there are workers in this process."""

    def __init__(self) -> None:
        self.samples = _Samples()
        self._lock = threading.Lock()
        self._n_workers = 0
        self._sampler: _raskt.TaskSampler | None = None
        self._thread: threading.Thread | None = None

    def begin(self, interval: float) -> None:
        """A worker has come."""
        with self._lock:
            self._n_workers += 1
            if self._thread is None and interval > 0:
                self._sampler = _raskt.TaskSampler(interval)
                arguments = (self._sampler, self.samples)
                self._thread = threading.Thread(
                    target=_sample, args=arguments, name="raskt-samples", daemon=True
                )
                self._thread.start()

    def end(self) -> None:
        """A worker has gone."""
        with self._lock:
            self._n_workers -= 1
            if self._n_workers > 0 or self._sampler is None or self._thread is None:
                return
            self._sampler.end()
            thread, self._thread, self._sampler = self._thread, None, None
        thread.join()


def _sample(sampler: _raskt.TaskSampler, samples: _Samples) -> None:
    while (running := sampler.next()) is not None:
        frames = sys._current_frames()
        seen = []
        for thread, label in running:
            stack: list[CodeType] = []
            frame = frames.get(thread)
            while frame is not None and len(stack) < _DEPTH_MAX:
                stack.append(frame.f_code)
                frame = frame.f_back
            stack.reverse()
            seen.append((label, stack))
        frames.clear()
        samples.add(time.time(), seen)


_sampling = _Sampling()


def begin() -> None:
    """Sample the tasks of a worker that has come to this process, unless the configuration says otherwise."""
    _sampling.begin(config.resolve("cluster.profile-interval"))


def end() -> None:
    """Sample no more once the last worker of this process has ended."""
    _sampling.end()


def profile(key: str | None, start: float | None, stop: float | None) -> dict[str, Any]:
    """Return what was seen here between two times, of the tasks whose name begins with `key`."""
    return _sampling.samples.tree(key, start, stop)
