"""The local schedulers: options from Python and the configuration, and the engine's entry for each."""

from __future__ import annotations

import contextvars
import functools
import math
import os
import sys

from raskt import _clients, _raskt, config
from raskt._dask.collections import is_ours, scheduler_of
from raskt._lazy import late
from raskt._raskt import Task
from raskt._whole import whole
from raskt.annotations import RETRIES_MAX
from raskt.system import cpu_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from raskt._raskt import Delayed, RunOptions

__all__: list[str] = []

observer_of = late("raskt.callbacks", "Observer")
local_callbacks = late("raskt.callbacks", "local_callbacks")
children = late("raskt._processes", "children")
surroundings = late("raskt._processes", "surroundings")
workers_of = late("raskt._executors", "workers_of")
compute_on = late("raskt._executors", "compute")
engine_named = late("raskt.engines", "named")

#: More threads or processes than this are a mistake.
WORKERS_MAX = 65_535

_KNOWN = {
    "num_workers",
    "n_workers",
    "memory_limit",
    "retries",
    "errors",
    "pool",
    "callbacks",
    "rerun_exceptions_locally",
}


def configured(key: str, default: Any = None) -> Any:
    """Return a value of the configuration."""
    return config.get(key, default)


def _n_workers(kwargs: dict[str, Any], key: str = "threads.budget") -> int:
    n = kwargs.get("num_workers", kwargs.get("n_workers"))
    if n is None:
        n = configured("num-workers")
    if n is None:
        n = configured(key)
    if n is None:
        return cpu_count()
    return whole("num_workers", n, 1, WORKERS_MAX)


def _memory_limit(kwargs: dict[str, Any]) -> int | None:
    if "memory_limit" in kwargs and kwargs["memory_limit"] is None:
        return None
    limit = kwargs.get("memory_limit")
    if limit is not None and not _is_limit(limit):
        raise ValueError(
            "memory_limit must be a size such as '1GiB', a number of bytes, or None for no limit, "
            f"found {limit!r}"
        )
    return _limit_bytes(config.get("local.memory-limit") if limit is None else limit)


def _is_limit(limit: Any) -> bool:
    """Whether `limit` can say how much memory."""
    if isinstance(limit, float):
        return math.isfinite(limit)
    return isinstance(limit, str) or (hasattr(limit, "__index__") and not isinstance(limit, bool))


@functools.lru_cache(16)
def _limit_bytes(limit: str | float | None) -> int | None:
    """Bytes of a limit as users write it: the machine's memory is asked for once."""
    found: int | None = config.resolve("local.memory-limit", "none" if limit is None else limit)
    return found


def spill_directory() -> str | None:
    """Return the folder under which values are spilled; None where none is."""
    if not configured("local.spill", True):
        return None
    directory = configured("local.spill-directory")
    if directory is not None:
        return str(directory)
    return _temporary_directory()


def scratch_parent() -> str:
    """Return the folder under which tasks may keep files: the one in which results are spilled."""
    found = configured("local.spill-directory")
    return _temporary_directory() if found is None else os.path.expanduser(os.path.expandvars(str(found)))


def _temporary_directory() -> str:
    """Return what `tempfile.gettempdir` would, without its lock where it need not look.

    It looks but once, under a lock: a process that is forked meanwhile would wait for that lock for ever.
    """
    found = getattr(sys.modules.get("tempfile"), "tempdir", None)
    return _plain_temporary_directory() if found is None else os.fsdecode(found)


@functools.cache
def _plain_temporary_directory() -> str:
    """Return the temporary folder where it is plain to see, without an import, or as `tempfile` has it."""
    if os.name == "posix":
        for directory in (os.environ.get("TMPDIR"), "/tmp"):
            if directory and os.path.isabs(directory) and os.access(directory, os.W_OK | os.X_OK):
                return directory
    import tempfile

    return tempfile.gettempdir()


def options(
    kwargs: dict[str, Any], n_workers: int, observer: Any = None, context: bool = True, fuse_width: int = 0
) -> RunOptions:
    """Return the engine's options; an unknown one is an error."""
    unknown = set(kwargs) - _KNOWN
    if unknown:
        names = ", ".join(sorted(unknown))
        raise TypeError(f"unknown option for compute: {names}; known are {', '.join(sorted(_KNOWN))}")
    retries = kwargs.get("retries")
    if retries is None:
        retries = configured("local.retries", 0)
    retries = whole("retries", retries, 0, RETRIES_MAX)
    errors = kwargs.get("errors") or configured("local.errors", "first")
    if errors not in ("first", "all"):
        raise ValueError(f"errors must be 'first' or 'all', found {errors!r}")
    return {
        "n_workers": n_workers,
        "memory_limit": _memory_limit(kwargs),
        "spill_directory": spill_directory(),
        "collect_errors": errors == "all",
        "retries": retries,
        "batch_max": configured("local.batch-max", 128),
        "fuse_width": fuse_width,
        "context": contextvars.copy_context() if context else None,
        "observer": observer,
    }


def _observed(kwargs: dict[str, Any], run: Callable[[Any], list[Any]]) -> list[Any]:
    """Run with the callbacks that are active, hidden from computes inside."""
    with local_callbacks(kwargs.get("callbacks")) as callbacks:
        return run(observer_of(callbacks) if callbacks else None)


def _has_callbacks(kwargs: dict[str, Any]) -> bool:
    if kwargs.get("callbacks"):
        return True
    # Without the class nobody has made a callback: another thread may be importing the module just now.
    callback = getattr(sys.modules.get("raskt.callbacks"), "Callback", None)
    return callback is not None and bool(callback.active)


def run_threads(roots: list[Delayed], kwargs: dict[str, Any]) -> list[Any]:
    """Compute on the engine's threads, or on those of ``pool=``."""
    pool = kwargs.get("pool") or configured("pool")
    if pool is not None:
        return run_executor(pool, roots, {k: v for k, v in kwargs.items() if k != "pool"})
    if _raskt.is_in_subinterpreter:
        # The engine's threads belong to the main interpreter, and so would what runs on them.
        return run_sync(roots, kwargs)
    n = _n_workers(kwargs)
    if not _has_callbacks(kwargs):
        return _raskt.compute_threads(roots, options(kwargs, n))
    return _observed(kwargs, lambda observer: _raskt.compute_threads(roots, options(kwargs, n, observer)))


def run_sync(roots: list[Delayed], kwargs: dict[str, Any]) -> list[Any]:
    """Compute on the calling thread."""
    if not _has_callbacks(kwargs):
        return _raskt.compute_sync(roots, options(kwargs, 1, context=False))
    return _observed(kwargs, lambda observer: _raskt.compute_sync(roots, options(kwargs, 1, observer, False)))


def run_function(get: Callable[..., Any], roots: list[Delayed], kwargs: dict[str, Any]) -> list[Any]:
    """Compute with a scheduler that is a function ``get(graph, keys, **kwargs)``."""
    graph, keys = _raskt.tasks_and_outputs(roots)
    values = get(graph, keys, **kwargs)
    try:
        n = len(values)
    except TypeError:
        n = None
    if n != len(roots):
        raise TypeError(
            f"the scheduler {get!r} must return a list of one value for each of {len(roots)} keys, "
            f"found {type(values).__name__}{'' if n is None else f' of {n}'}"
        )
    if any(value is graph.get(key) and type(value) is Task for key, value in zip(keys, values, strict=True)):
        raise TypeError(
            f"the scheduler {get!r} takes Raskt's tasks for values: Dask's schedulers run collections of "
            "Raskt's by dask.compute(x), and raskt.get runs graphs of such tasks"
        )
    return list(values)


def _elsewhere(
    roots: list[Delayed],
    kwargs: dict[str, Any],
    n: int,
    compute: Callable[[Any, int, Any], list[Any]],
) -> list[Any]:
    """Open a run without threads of the engine, and let ``compute(handle, n, observer)`` drive it."""

    def run(observer: Any) -> list[Any]:
        handle = _raskt.open_run(roots, options(kwargs, n))
        if observer is None:
            return compute(handle, n, None)
        errored = True
        try:
            observer.start(handle)
            values = compute(handle, n, observer)
            errored = False
        finally:
            observer.finish(errored)
        return values

    return _observed(kwargs, run) if _has_callbacks(kwargs) else run(None)


def _fuse_width() -> int:
    """How many inputs may come together in one fused task; 0 fuses nothing."""
    return (
        (configured("optimization.fuse.max-width") or 1)
        if configured("optimization.fuse.active", True)
        else 0
    )


def run_processes(roots: list[Delayed], kwargs: dict[str, Any]) -> list[Any]:
    """Compute on child processes."""
    pool = kwargs.get("pool") or configured("pool")
    if pool is not None:
        return run_executor(pool, roots, {k: v for k, v in kwargs.items() if k != "pool"})
    if os.name != "posix":
        raise NotImplementedError("scheduler='processes' needs Unix sockets: use scheduler='threads' here")
    if _raskt.is_in_subinterpreter:
        raise NotImplementedError(
            "scheduler='processes' needs threads, which a sub-interpreter has not: use scheduler='sync'"
        )
    n = _n_workers(kwargs)

    def run(observer: Any) -> list[Any]:
        # Who follows tasks wants to see each.
        is_followed = observer is not None and (observer.needs_tasks or observer.asks_known)
        given = options(kwargs, n, observer, context=False, fuse_width=0 if is_followed else _fuse_width())
        return _raskt.compute_processes(roots, given, children(n), surroundings())

    return _observed(kwargs, run) if _has_callbacks(kwargs) else run(None)


def run_executor(executor: Any, roots: list[Delayed], kwargs: dict[str, Any]) -> list[Any]:
    """Compute on an executor of `concurrent.futures`, or on a pool of `multiprocessing`."""
    if not hasattr(executor, "submit") and not hasattr(executor, "apply_async"):
        raise TypeError(
            "pool must be an executor of concurrent.futures or a pool of multiprocessing, "
            f"found {executor!r}; use num_workers for a number of workers"
        )
    n = workers_of(executor, _n_workers(kwargs))
    return _elsewhere(roots, kwargs, n, functools.partial(compute_on, executor))


SCHEDULERS = {
    "threads": "threads",
    "threading": "threads",
    "sync": "sync",
    "synchronous": "sync",
    "single-threaded": "sync",
    "processes": "processes",
    "multiprocessing": "processes",
}

#: Engines of `raskt.engines`.
ENGINES = ("dask", "ray")


def choose(scheduler: Any, collections: Sequence[Any] | None = None, cls: Any = None) -> Any:
    """Return what decides: the argument, the configuration, or the collections' preference."""
    if scheduler is None:
        scheduler = configured("scheduler")
    if scheduler is None:
        scheduler = _clients.active()
    if scheduler is None:
        for source in [cls, *(collections or ())]:
            scheduler = getattr(source, "__raskt_scheduler__", None)
            if scheduler is None and source is not None and not is_ours(source):
                scheduler = scheduler_of(source)
            if scheduler is not None:
                break
    is_taken = scheduler is None or callable(scheduler)
    if is_taken or hasattr(scheduler, "submit") or hasattr(scheduler, "compute_fragments"):
        return scheduler
    if isinstance(scheduler, str):
        name = SCHEDULERS.get(scheduler.lower())
        if name is not None:
            return name
        if scheduler.lower() in ("distributed", "dask.distributed", "raskt.distributed"):
            client = _clients.active()
            if client is None:
                raise ValueError("there is no client: make a raskt.distributed.Client first")
            return client
        if scheduler.lower() in ENGINES:
            return engine_named(scheduler.lower())
    known = ", ".join(sorted([*SCHEDULERS, *ENGINES]))
    raise ValueError(
        f"unknown scheduler {scheduler!r}: expected one of {known}, a concurrent.futures.Executor, "
        "an engine of raskt.engines, or a function get(graph, keys, **kwargs)"
    )


def run(
    roots: list[Delayed], scheduler: Any, kwargs: dict[str, Any], collections: Sequence[Any] | None = None
) -> list[Any]:
    """Compute ``roots`` with the scheduler that was chosen."""
    chosen = choose(scheduler, collections)
    if chosen is None or chosen == "threads":
        return run_threads(roots, kwargs)
    if chosen == "sync":
        return run_sync(roots, kwargs)
    if chosen == "processes":
        return run_processes(roots, kwargs)
    if hasattr(chosen, "compute_delayed"):
        # A client of a cluster.
        values: list[Any] = chosen.compute_delayed(roots, kwargs)
        return values
    if hasattr(chosen, "compute_fragments"):
        made: list[Any] = chosen.compute_fragments(roots, kwargs)
        return made
    if hasattr(chosen, "submit"):
        return run_executor(chosen, roots, kwargs)
    return run_function(chosen, roots, kwargs)
