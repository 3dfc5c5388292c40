"""The pool of child processes: spawned once, kept warm, replaced when they die."""

from __future__ import annotations

import atexit
import mmap
import os
import socket
import subprocess
import sys
import threading
import time

from raskt import config
from raskt._child import CELL
from raskt._pickle import dumps, unpack_exception
from raskt._wire import anonymous_file, receive, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from raskt._raskt import RemoteWorker, RunHandle

__all__ = ["compute", "shut_down"]

#: The most calls that are sent to a child at once.
_BATCH_MAX = 64
#: Calls shorter than this travel in growing batches.
_SHORT_SECONDS = 200e-6
#: What the cell holds while no task of a batch has begun.
_NOTHING = -1
#: Children in a row that may end before they ran anything.
_STILLBORN_MAX = 3
#: How long a child may go on with a task of a computation that is over.
_GRACE_SECONDS = 0.3

_START = "import sys; from raskt._child import main; main(*map(int, sys.argv[1:]))"


class Child:
    """A spawned interpreter and the socket to it."""

    def __init__(self, n_threads: int) -> None:
        ours, theirs = socket.socketpair()
        cell = anonymous_file()
        os.ftruncate(cell, mmap.PAGESIZE)
        #: Which task the child is running, written by the child.
        self.cell = mmap.mmap(cell, mmap.PAGESIZE)
        # BLAS and OpenMP read these once, when they are loaded: the children together use the budget.
        threads = {name: str(n_threads) for name in _THREAD_VARIABLES}
        environment = {
            **threads,
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        # The child ends when the last writer of the pipe does: this process.
        watched, self.lifeline = os.pipe()
        given = [theirs.fileno(), cell, watched]
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START, *map(str, given)],
                pass_fds=given,
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        os.close(cell)
        os.close(watched)
        self.sock = ours
        self.n_tasks = 0
        self.setup: tuple[Any, ...] = ()
        self.shared_min = 1 << 16

    def set_up(self) -> None:
        """Send configuration, warning filters and import path, unless they are what was sent last."""
        import warnings

        shared_min = config.resolve("processes.shared-memory-min-bytes")
        path = [os.path.abspath(entry) for entry in sys.path]
        filters = dumps(list(warnings.filters))
        state = (shared_min, path, os.getcwd(), config.serialize(config.snapshot()), filters)
        if state == self.setup:
            return
        message = {
            "kind": "setup",
            "shared_min": shared_min,
            "path": path,
            "cwd": state[2],
            "config": config.snapshot(),
            "filters": filters,
        }
        send(self.sock, message, shared_min)
        self.setup, self.shared_min = state, shared_min

    def running(self) -> int:
        """The task that the child is running, or ran last."""
        task: int = CELL.unpack_from(self.cell, 0)[0]
        return task

    def end(self) -> int | None:
        """Close the connection, and see the process out."""
        self.sock.close()
        try:
            return self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            os.close(self.lifeline)


_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_idle: list[Child] = []
_lock = threading.Lock()
_timer: threading.Timer | None = None


def _lease(n_threads: int) -> Child:
    """A warm child, or a new one."""
    with _lock:
        while _idle:
            child = _idle.pop()
            if child.process.poll() is None:
                return child
            child.end()
    return Child(n_threads)


def _give_back(child: Child) -> None:
    recycle_after = config.get("processes.recycle-after-tasks", None)
    if recycle_after is not None and child.n_tasks >= recycle_after:
        child.end()
        return
    with _lock:
        _idle.append(child)
    _wind_up()


def _wind_up() -> None:
    """Start the clock after which idle children end."""
    global _timer
    seconds = config.resolve("processes.idle-timeout")
    with _lock:
        if _timer is not None:
            _timer.cancel()
        _timer = None
        if seconds is not None:
            _timer = threading.Timer(seconds, shut_down)
            _timer.name = "raskt-idle"
            _timer.daemon = True
            _timer.start()


def shut_down() -> None:
    """End every idle child."""
    with _lock:
        children = _idle[:]
        _idle.clear()
    for child in children:
        child.end()


def _at_exit() -> None:
    global _timer
    if _timer is not None:
        _timer.cancel()
        _timer = None
    shut_down()


def _after_fork() -> None:
    """In a forked child the pool is the parent's: its sockets are closed here, its processes left alone."""
    global _lock, _timer
    _lock = threading.Lock()
    _timer = None
    for child in _idle:
        child.sock.close()
        os.close(child.lifeline)
        child.process.returncode = 0
    _idle.clear()


class Driver(threading.Thread):
    """The thread that feeds one child."""

    def __init__(
        self, worker: RemoteWorker, number: int, blamed: set[int], observer: Any, n_threads: int
    ) -> None:
        super().__init__(name=f"raskt-process-{number}", daemon=True)
        self.worker = worker
        self.number = number
        self.blamed = blamed
        self.observer = observer if observer is not None and observer.needs_tasks else None
        self.n_threads = n_threads
        self.child: Child | None = None
        self.is_busy = False
        self.stopped = False
        self.n_stillborn = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Take calls, send them, report what comes back, until the run is over."""
        try:
            self._serve()
        except BaseException as exc:
            self.error = exc
        finally:
            if self.child is not None and not self.stopped:
                _give_back(self.child)

    def _serve(self) -> None:
        n_max = 1
        while calls := self.worker.take(n_max):
            seconds = self._batch(calls)
            short = seconds is not None and seconds < _SHORT_SECONDS * len(calls)
            n_max = min(n_max * 2, _BATCH_MAX) if short else 1

    def _batch(self, calls: Sequence[Any]) -> float | None:
        """Have the child make ``calls``; the seconds that it computed, or None if it died."""
        waiting = {call[0]: call[1] for call in calls}
        seconds = 0.0
        self.is_busy = True
        try:
            if self.child is None:
                self.child = _lease(self.n_threads)
            self.child.set_up()
            CELL.pack_into(self.child.cell, 0, _NOTHING)
            self._begin(calls)
            message = {"kind": "calls", "calls": [(task, *rest) for task, _, *rest in calls]}
            send(self.child.sock, message, self.child.shared_min)
            while waiting:
                for outcome in receive(self.child.sock):
                    seconds += outcome[4] - outcome[3]
                    self._report(waiting.pop(outcome[0]), *outcome)
                self.child.n_tasks = self.child.n_tasks + len(calls) - len(waiting)
                self.worker.running(next(iter(waiting), None))
        except (EOFError, ConnectionError):
            self._lost(waiting)
            return None
        finally:
            self.is_busy = False
            self.worker.running(None)
        return seconds

    def _begin(self, calls: Sequence[Any]) -> None:
        self.worker.running(calls[0][0])
        if self.observer is not None:
            for call in calls:
                self.observer.begin(call[1], self.number)

    def _report(self, key: Any, task: int, succeeded: bool, outcome: Any, begun: float, ended: float) -> None:
        if not succeeded:
            self.worker.failed(task, unpack_exception(outcome))
            return
        if self.observer is not None:
            # The clock of `time.perf_counter` is the same in every process of a machine.
            self.observer.end(key, outcome, self.number, begun, ended)
        self.worker.succeeded(task, outcome)

    def _lost(self, waiting: dict[int, Any]) -> None:
        """The child is gone. What it was running is tried once more; what had not begun goes out again."""
        child, self.child = self.child, None
        status = child.end() if child is not None else None
        running = child.running() if child is not None else None
        self.worker.forget_functions()
        self.n_stillborn = self.n_stillborn + 1 if running in (None, _NOTHING) else 0
        if self.n_stillborn > _STILLBORN_MAX:
            raise RuntimeError(
                f"child processes end before they run anything, the last with {_describe(status)}"
            )
        for task in waiting:
            if task == running and task in self.blamed:
                self.worker.died(task, child.process.pid if child is not None else 0, _describe(status))
                continue
            if task == running:
                self.blamed.add(task)
            self.worker.again(task)

    def stop(self) -> None:
        """End the child in the middle of what it does."""
        self.stopped = True
        if self.child is not None:
            self.child.process.kill()


def _describe(status: int | None) -> str:
    if status is None:
        return "an unknown status"
    if status < 0:
        import signal

        try:
            return f"signal {signal.Signals(-status).name}"
        except ValueError:
            return f"signal {-status}"
    return f"exit code {status}"


def compute(handle: RunHandle, n_workers: int, observer: Any) -> list[Any]:
    """Compute the graph of ``handle`` on ``n_workers`` children."""
    from raskt.schedulers import cpu_count

    if os.name != "posix":
        raise NotImplementedError("scheduler='processes' needs Unix sockets: use scheduler='threads' here")
    blamed: set[int] = set()
    n_threads = max(1, cpu_count() // n_workers)
    drivers = [
        Driver(handle.remote_worker(number), number, blamed, observer, n_threads)
        for number in range(min(n_workers, handle.n_tasks))
    ]
    for driver in drivers:
        driver.start()
    try:
        while not handle.wait(1.0):
            _raise_first(drivers)
    except BaseException:
        handle.cancel()
        raise
    finally:
        _join(drivers)
    _raise_first(drivers)
    return handle.results()


def _raise_first(drivers: Sequence[Driver]) -> None:
    for driver in drivers:
        if driver.error is not None:
            raise driver.error


def _join(drivers: Sequence[Driver]) -> None:
    """See the drivers out; a child that is still busy with a task nobody waits for is ended."""
    deadline = time.monotonic() + _GRACE_SECONDS
    for driver in drivers:
        driver.join(_GRACE_SECONDS)
        while driver.is_alive():
            if driver.is_busy and time.monotonic() > deadline:
                driver.stop()
            driver.join(0.02)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
