"""Graphs on other people's executors: `concurrent.futures.Executor`, and pools of `multiprocessing`."""

from __future__ import annotations

import os
import pickle
import threading
import time
import weakref

from raskt._child import run_batch
from raskt._pickle import dumps, unpack_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from raskt._raskt import RemoteWorker, RunHandle

__all__ = ["compute", "workers_of"]

_BATCH_MAX = 64
_SHORT_SECONDS = 2e-3
#: Which executors run what they are given in this process, as far as we know.
_is_local: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()


class _PoolExecutor:
    """A pool of `multiprocessing` under the interface of an executor."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._max_workers = getattr(pool, "_processes", None)

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        return _PoolFuture(self.pool.apply_async(function, args))


class _PoolFuture:
    def __init__(self, result: Any) -> None:
        self._result = result

    def result(self) -> Any:
        return self._result.get()

    def cancel(self) -> bool:
        return False


def _as_executor(executor: Any) -> Any:
    return executor if hasattr(executor, "submit") else _PoolExecutor(executor)


def workers_of(executor: Any, default: int) -> int:
    """How many workers an executor has, as far as it says."""
    n = getattr(_as_executor(executor), "_max_workers", None)
    return n if isinstance(n, int) and n > 0 else default


def is_local(executor: Any) -> bool:
    """Whether the executor's workers are threads of this process."""
    known = _is_local.get(executor)
    if known is None:
        known = bool(_as_executor(executor).submit(os.getpid).result() == os.getpid())
        _is_local[executor] = known
    return known


def compute(executor: Any, handle: RunHandle, n_workers: int, observer: Any) -> list[Any]:
    """Compute the graph of ``handle`` on ``executor``."""
    n = min(n_workers, max(handle.n_tasks, 1))
    target = _as_executor(executor)
    if is_local(executor):
        futures = [target.submit(handle.serve, number) for number in range(n)]
        threads: list[Carrier] = []
    else:
        futures = []
        threads = [Carrier(handle.remote_worker(number), number, target, observer) for number in range(n)]
        for thread in threads:
            thread.start()
    try:
        while not handle.wait(0.5):
            _check(threads)
    except BaseException:
        handle.cancel()
        raise
    finally:
        for future in futures:
            future.cancel()
        for thread in threads:
            thread.join(0.3)
    _check(threads)
    return handle.results()


def _check(threads: list[Carrier]) -> None:
    for thread in threads:
        if thread.error is not None:
            raise RuntimeError(f"the executor failed: {thread.error!r}") from thread.error


class Carrier(threading.Thread):
    """The thread that carries calls to one worker of an executor whose workers are other processes."""

    def __init__(self, worker: RemoteWorker, number: int, executor: Any, observer: Any) -> None:
        super().__init__(name=f"raskt-executor-{number}", daemon=True)
        self.worker = worker
        self.number = number
        self.executor = executor
        self.observer = observer if observer is not None and observer.needs_tasks else None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Take calls, submit them, report what comes back, until the run is over."""
        n_max = 1
        try:
            while calls := self.worker.take(n_max):
                # Which process a batch ends up in is not known: every batch brings its functions.
                self.worker.forget_functions()
                begun = time.perf_counter()
                self._batch(calls)
                each = (time.perf_counter() - begun) / len(calls)
                n_max = min(n_max * 2, _BATCH_MAX) if each < _SHORT_SECONDS else 1
        except BaseException as exc:
            self.error = exc

    def _batch(self, calls: list[Any]) -> None:
        keys = {task: key for task, key, *_ in calls}
        begun = time.perf_counter()
        if self.observer is not None:
            for key in keys.values():
                self.observer.begin(key, self.number)
        batch = dumps([(task, *rest) for task, _, *rest in calls])
        for task, succeeded, outcome in pickle.loads(self.executor.submit(run_batch, batch).result()):
            if not succeeded:
                self.worker.failed(task, unpack_exception(outcome))
                continue
            value = pickle.loads(outcome)
            if self.observer is not None:
                self.observer.end(keys[task], value, self.number, begun, time.perf_counter())
            self.worker.succeeded(task, value)
